//! The first serial port, a CMSDK UART, polled.

use crate::register::Register;

// SAFETY: UART 0 is here (ARM DAI 0385 and 0400, memory map).
const DATA: Register = unsafe { Register::at(0x4000_4000) };
const STATE: Register = unsafe { Register::at(0x4000_4004) };
const CONTROL: Register = unsafe { Register::at(0x4000_4008) };
const DIVISOR: Register = unsafe { Register::at(0x4000_4010) };

const STATE_TX_FULL: u32 = 1 << 0;
const STATE_RX_FULL: u32 = 1 << 1;
const CONTROL_TX: u32 = 1 << 0;
const CONTROL_RX: u32 = 1 << 1;

/// Cycles at 25 MHz for each bit at 115 200 baud.
const CYCLES_PER_BIT: u32 = 217;

pub(crate) fn start() {
    DIVISOR.write(CYCLES_PER_BIT);
    CONTROL.write(CONTROL_TX | CONTROL_RX);
}

pub(crate) fn print(text: &str) {
    for octet in text.bytes() {
        while STATE.read() & STATE_TX_FULL != 0 {}
        DATA.write(octet.into());
    }
}

pub(crate) fn typed() -> Option<u8> {
    (STATE.read() & STATE_RX_FULL != 0).then(|| DATA.read() as u8)
}
