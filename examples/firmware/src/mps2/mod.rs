//! The board `mps2-an386`: a Cortex-M4 at 25 MHz with a LAN9118.

#![allow(unsafe_code, reason = "registers are memory")]

mod lan9118;
mod uart;

use core::arch::asm;

use cortex_m_rt::{entry, exception};
use lvs_firmware::{Board, LONGEST_FRAME, SITE, StackUse};
use lvs_proto::Instant;

use crate::register::Register;
use lan9118::Lan9118;

const CYCLES_PER_MICROSECOND: u32 = 25;

// SAFETY: CMSDK timer 0 is here; it counts down from 2^32.
const TIMER_CONTROL: Register = unsafe { Register::at(0x4000_0000) };
const TIMER_VALUE: Register = unsafe { Register::at(0x4000_0004) };
const TIMER_RELOAD: Register = unsafe { Register::at(0x4000_0008) };

// SAFETY: the system timer of every Cortex-M is here.
const SYSTICK_CONTROL: Register = unsafe { Register::at(0xe000_e010) };
const SYSTICK_RELOAD: Register = unsafe { Register::at(0xe000_e014) };
const SYSTICK_VALUE: Register = unsafe { Register::at(0xe000_e018) };

/// On, with an interrupt, by the processor's clock.
const SYSTICK_ON: u32 = 0b111;

struct Mps2 {
    ethernet: Lan9118,
    /// Cycles since the board began, and the timer's value then.
    cycles: u64,
    timer: u32,
}

#[entry]
fn main() -> ! {
    uart::start();
    TIMER_RELOAD.write(u32::MAX);
    TIMER_CONTROL.write(1);
    SYSTICK_RELOAD.write(1000 * CYCLES_PER_MICROSECOND - 1);
    SYSTICK_VALUE.write(0);
    SYSTICK_CONTROL.write(SYSTICK_ON);
    match Lan9118::start(SITE.mac, &SITE.heard()) {
        Some(ethernet) => {
            crate::serve(&mut Mps2 { ethernet, cycles: 0, timer: TIMER_VALUE.read() })
        }
        None => {
            print("no LAN9118\n");
            halt()
        }
    }
}

/// No device interrupts; the table that `cortex-m-rt` would make otherwise has 240 places.
// SAFETY: the linker script wants one place here, and this is it.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [Option<unsafe extern "C" fn()>; 1] = [None];

/// Only wakes from [`Mps2::rest`]: time is read from a timer that no interrupt can hold up.
#[exception]
fn SysTick() {}

pub(crate) fn print(text: &str) {
    uart::print(text);
}

pub(crate) fn halt() -> ! {
    loop {
        wait_for_interrupt();
    }
}

fn wait_for_interrupt() {
    // SAFETY: it changes no memory and no register.
    unsafe { asm!("wfi", options(nomem, nostack, preserves_flags)) }
}

impl Board for Mps2 {
    /// The timer goes round in 171 seconds; nobody rests for so long.
    fn now(&mut self) -> Instant {
        let timer = TIMER_VALUE.read();
        self.cycles += u64::from(self.timer.wrapping_sub(timer));
        self.timer = timer;
        Instant::from_micros(self.cycles / u64::from(CYCLES_PER_MICROSECOND))
    }

    fn receive(&mut self, frame: &mut [u8; LONGEST_FRAME]) -> Option<usize> {
        self.ethernet.receive(frame)
    }

    fn send(&mut self, frame: &[u8]) {
        self.ethernet.send(frame);
    }

    fn typed(&mut self) -> Option<u8> {
        uart::typed()
    }

    fn print(&mut self, text: &str) {
        uart::print(text);
    }

    fn stack(&self) -> StackUse {
        crate::stack::used()
    }

    fn rest(&mut self) {
        wait_for_interrupt();
    }
}
