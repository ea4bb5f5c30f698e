//! The machine `virt` of QEMU for RISC-V, 32 bits, with a virtio network device.

#![allow(unsafe_code, reason = "registers are memory")]

mod uart;
mod virtio_net;

use core::arch::{asm, global_asm};

use lvs_firmware::{Board, LONGEST_FRAME, StackUse};
use lvs_proto::Instant;

use crate::register::Register;
use virtio_net::VirtioNet;

global_asm!(include_str!("start.s"));

// SAFETY: the timer of the first processor is here: when it interrupts, and the time, of which the
// upper half comes second.
const ALARM: [Register; 2] = unsafe { [Register::at(0x0200_4000), Register::at(0x0200_4004)] };
const TIME: [Register; 2] = unsafe { [Register::at(0x0200_bff8), Register::at(0x0200_bffc)] };

const TICKS_PER_MICROSECOND: u64 = 10;

struct Virt {
    ethernet: VirtioNet,
}

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    match VirtioNet::start() {
        Some(ethernet) => crate::serve(&mut Virt { ethernet }),
        None => {
            print("no network device\n");
            halt()
        }
    }
}

pub(crate) fn print(text: &str) {
    uart::print(text);
}

pub(crate) fn halt() -> ! {
    loop {
        wait_for_interrupt();
    }
}

/// No interrupt is taken, but one that is enabled and pending ends the wait.
fn wait_for_interrupt() {
    // SAFETY: it changes no memory and no register.
    unsafe { asm!("wfi", options(nomem, nostack, preserves_flags)) }
}

fn ticks() -> u64 {
    let [low, high] = &TIME;
    loop {
        let before = high.read();
        let ticks = u64::from(before) << 32 | u64::from(low.read());
        if high.read() == before {
            return ticks;
        }
    }
}

impl Board for Virt {
    fn now(&mut self) -> Instant {
        Instant::from_micros(ticks() / TICKS_PER_MICROSECOND)
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
        let alarm = ticks() + 1000 * TICKS_PER_MICROSECOND;
        let [low, high] = &ALARM;
        high.write(u32::MAX);
        low.write(alarm as u32);
        high.write((alarm >> 32) as u32);
        // SAFETY: MTIE alone is set; as MIE of mstatus is not, nothing is taken.
        unsafe { asm!("csrw mie, {}", in(reg) 1 << 7, options(nomem, nostack)) }
        wait_for_interrupt();
    }
}
