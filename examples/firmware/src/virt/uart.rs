//! The serial port, an NS16550, polled; QEMU has it ready.

use crate::register::Register;

// SAFETY: the NS16550 of the machine is here.
const DATA: Register<u8> = unsafe { Register::at(0x1000_0000) };
const LINE_STATUS: Register<u8> = unsafe { Register::at(0x1000_0005) };

const RX_READY: u8 = 1 << 0;
const TX_EMPTY: u8 = 1 << 5;

pub(crate) fn print(text: &str) {
    for octet in text.bytes() {
        while LINE_STATUS.read() & TX_EMPTY == 0 {}
        DATA.write(octet);
    }
}

pub(crate) fn typed() -> Option<u8> {
    (LINE_STATUS.read() & RX_READY != 0).then(|| DATA.read())
}
