//! The Ethernet controller, a LAN9118 of Microchip, polled. It keeps frames in its own memory; here
//! they are moved in and out by words (data sheet DS00002266).

use lvs_firmware::LONGEST_FRAME;
use lvs_proto::MacAddr;

use crate::register::Register;

const fn register(offset: usize) -> Register {
    // SAFETY: the LAN9118 of the board is here, 4 KiB of registers.
    unsafe { Register::at(0x4020_0000 + (offset & 0xfff)) }
}

const RX_DATA: Register = register(0x00);
const TX_DATA: Register = register(0x20);
const RX_STATUS: Register = register(0x40);
const TX_STATUS: Register = register(0x48);
const ID_REV: Register = register(0x50);
const TX_CFG: Register = register(0x70);
const HW_CFG: Register = register(0x74);
const RX_DP_CTRL: Register = register(0x78);
const RX_FIFO_INF: Register = register(0x7c);
const TX_FIFO_INF: Register = register(0x80);
const MAC_CSR_CMD: Register = register(0xa4);
const MAC_CSR_DATA: Register = register(0xa8);

const ID: u32 = 0x0118;
const SOFT_RESET: u32 = 1 << 0;
const MUST_BE_ONE: u32 = 1 << 20;
/// 5 KiB of the memory for frames to send, the rest for those received.
const TX_MEMORY: u32 = 5 << 16;
const TX_ON: u32 = 1 << 1;
const FAST_FORWARD: u32 = 1 << 31;
const BUSY: u32 = 1 << 31;
const RX_ERROR: u32 = 1 << 15;
const TX_FIRST_AND_LAST: u32 = 1 << 13 | 1 << 12;

/// Registers of the MAC within the controller.
#[derive(Clone, Copy)]
enum Mac {
    Control = 1,
    AddressHigh = 2,
    AddressLow = 3,
    HashHigh = 4,
    HashLow = 5,
}

const MAC_RX_ON: u32 = 1 << 2;
const MAC_TX_ON: u32 = 1 << 3;
/// Both single addresses and groups are filtered by their hash.
const MAC_HASH_ONLY: u32 = 1 << 15;
const MAC_HASH_GROUPS: u32 = 1 << 13;

/// Octets of the checksum, which counts in the length of a frame received.
const CHECKSUM_LEN: usize = 4;

/// A controller that was found and started.
pub(crate) struct Lan9118(());

impl Lan9118 {
    /// Starts the controller at `mac`; `None` if there is none. Frames to all of `heard` are
    /// received, and others by chance: the filter is by hash.
    pub(crate) fn start(mac: MacAddr, heard: &[MacAddr]) -> Option<Self> {
        if ID_REV.read() >> 16 != ID {
            return None;
        }
        HW_CFG.write(SOFT_RESET);
        while HW_CFG.read() & SOFT_RESET != 0 {}
        HW_CFG.write(MUST_BE_ONE | TX_MEMORY);
        let [a, b, c, d, e, f] = mac.octets();
        write_mac(Mac::AddressLow, u32::from_le_bytes([a, b, c, d]));
        write_mac(Mac::AddressHigh, u32::from_le_bytes([e, f, 0, 0]));
        let filter = heard.iter().fold(0_u64, |filter, mac| filter | 1 << hash(*mac));
        write_mac(Mac::HashLow, filter as u32);
        write_mac(Mac::HashHigh, (filter >> 32) as u32);
        write_mac(Mac::Control, MAC_HASH_ONLY | MAC_HASH_GROUPS | MAC_TX_ON | MAC_RX_ON);
        TX_CFG.write(TX_ON);
        Some(Self(()))
    }

    /// The next frame received, if it is whole and not too long.
    pub(crate) fn receive(&mut self, frame: &mut [u8; LONGEST_FRAME]) -> Option<usize> {
        while RX_FIFO_INF.read() >> 16 & 0xff != 0 {
            let status = RX_STATUS.read();
            let received = (status >> 16 & 0x3fff) as usize;
            let length = received.saturating_sub(CHECKSUM_LEN);
            let Some(octets) = frame.get_mut(..length).filter(|_| status & RX_ERROR == 0) else {
                RX_DP_CTRL.write(FAST_FORWARD);
                while RX_DP_CTRL.read() & FAST_FORWARD != 0 {}
                continue;
            };
            for word in octets.chunks_mut(4) {
                let read = RX_DATA.read().to_le_bytes();
                word.iter_mut().zip(read).for_each(|(octet, read)| *octet = read);
            }
            for _ in length.div_ceil(4)..received.div_ceil(4) {
                RX_DATA.read();
            }
            return Some(length);
        }
        None
    }

    /// Sends a frame, or drops it if there is no room.
    pub(crate) fn send(&mut self, frame: &[u8]) {
        while TX_FIFO_INF.read() >> 16 & 0xff != 0 {
            TX_STATUS.read();
        }
        let length = frame.len() as u32;
        let room = TX_FIFO_INF.read() & 0xffff;
        if length > LONGEST_FRAME as u32 || room < 8 + length.next_multiple_of(4) {
            return;
        }
        TX_DATA.write(TX_FIRST_AND_LAST | length);
        TX_DATA.write(length);
        for octets in frame.chunks(4) {
            let mut word = [0; 4];
            word.iter_mut().zip(octets).for_each(|(place, octet)| *place = *octet);
            TX_DATA.write(u32::from_le_bytes(word));
        }
    }
}

fn write_mac(register: Mac, value: u32) {
    while MAC_CSR_CMD.read() & BUSY != 0 {}
    MAC_CSR_DATA.write(value);
    MAC_CSR_CMD.write(BUSY | register as u32);
    while MAC_CSR_CMD.read() & BUSY != 0 {}
}

/// The bit of the filter for an address: the upper six of its Ethernet checksum.
fn hash(mac: MacAddr) -> u32 {
    const POLYNOMIAL: u32 = 0x04c1_1db7;
    let mut crc = u32::MAX;
    for octet in mac.octets() {
        for bit in 0..8 {
            let carry = crc >> 31 ^ u32::from(octet >> bit & 1);
            crc = crc << 1 ^ carry * POLYNOMIAL;
        }
    }
    crc >> 26
}
