//! The Ethernet interface: a virtio network device behind MMIO registers (Virtual I/O Device
//! version 1.2), polled. It has no filter unless asked for one, and hears all frames.

use core::ptr::{addr_of, addr_of_mut};
use core::sync::atomic::{Ordering, fence};

use lvs_firmware::LONGEST_FRAME;

use crate::register::Register;

/// Frames that may come in while nobody looks.
const RX_BUFFERS: usize = 4;
const RX: usize = 0;
const TX: usize = 1;

/// `struct virtio_net_hdr`, in front of each frame; all zeros say nothing special.
const HEADER_LEN: usize = 12;

const MAGIC: u32 = u32::from_le_bytes(*b"virt");
const MODERN: u32 = 2;
const NETWORK: u32 = 1;

const ACKNOWLEDGE: u32 = 1;
const DRIVER: u32 = 2;
const DRIVER_OK: u32 = 4;
const FEATURES_OK: u32 = 8;
/// Of the second 32 features: `VIRTIO_F_VERSION_1`.
const VERSION_1: u32 = 1;
/// The device writes to the buffer.
const WRITE: u16 = 2;

/// What the device and the driver share.
#[repr(C, align(16))]
struct Shared {
    queues: [Queue; 2],
    buffers: [Buffer; RX_BUFFERS + 1],
}

/// A split virtqueue (section 2.7).
#[repr(C, align(16))]
struct Queue {
    descriptors: [Descriptor; RX_BUFFERS],
    available: Ring<u16>,
    used: Ring<[u32; 2]>,
}

#[repr(C)]
struct Descriptor {
    address: u64,
    length: u32,
    flags: u16,
    next: u16,
}

#[repr(C, align(4))]
struct Ring<T> {
    flags: u16,
    index: u16,
    ring: [T; RX_BUFFERS],
    event: u16,
}

#[repr(C, align(4))]
struct Buffer([u8; HEADER_LEN + LONGEST_FRAME]);

// SAFETY: zeros are a value of each field. Only `VirtioNet` and the device touch it, as the queues say.
static mut SHARED: Shared = unsafe { core::mem::zeroed() };

/// A device that was found and started.
pub(crate) struct VirtioNet {
    device: Device,
    /// Entries of each used ring that were seen.
    seen: [u16; 2],
}

impl VirtioNet {
    /// Starts the first network device, if there is one; for once.
    pub(crate) fn start() -> Option<Self> {
        let device = (0..8).map(Device).find(Device::is_network)?;
        device.register(STATUS).write(0);
        device.register(STATUS).write(ACKNOWLEDGE | DRIVER);
        device.register(FEATURES_SELECT).write(1);
        device.register(FEATURES).write(VERSION_1);
        device.register(STATUS).write(ACKNOWLEDGE | DRIVER | FEATURES_OK);
        for queue in [RX, TX] {
            device.start_queue(queue);
        }
        device.register(STATUS).write(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
        let mut this = Self { device, seen: [0; 2] };
        (0..RX_BUFFERS)
            .for_each(|buffer| this.offer(RX, buffer, HEADER_LEN + LONGEST_FRAME, WRITE));
        Some(this)
    }

    /// The next frame received.
    pub(crate) fn receive(&mut self, frame: &mut [u8; LONGEST_FRAME]) -> Option<usize> {
        let [buffer, written] = self.take(RX)?;
        let buffer = buffer as usize % RX_BUFFERS;
        let length = (written as usize).saturating_sub(HEADER_LEN).min(LONGEST_FRAME);
        // SAFETY: the device has given the buffer back.
        let octets = unsafe { &(*addr_of!(SHARED.buffers[buffer])).0 };
        frame[..length].copy_from_slice(&octets[HEADER_LEN..HEADER_LEN + length]);
        self.offer(RX, buffer, HEADER_LEN + LONGEST_FRAME, WRITE);
        Some(length)
    }

    /// Sends a frame, and waits until the device has taken it.
    pub(crate) fn send(&mut self, frame: &[u8]) {
        let length = frame.len();
        if length > LONGEST_FRAME {
            return;
        }
        // SAFETY: the device has given the buffer back: each call waits for that.
        let octets = unsafe { &mut (*addr_of_mut!(SHARED.buffers[RX_BUFFERS])).0 };
        octets[HEADER_LEN..HEADER_LEN + length].copy_from_slice(frame);
        self.offer(TX, RX_BUFFERS, HEADER_LEN + length, 0);
        while self.take(TX).is_none() {}
    }

    /// Hands a buffer to the device.
    fn offer(&mut self, queue: usize, buffer: usize, length: usize, flags: u16) {
        let slot = buffer % RX_BUFFERS;
        // SAFETY: the places are within `SHARED`; of the ring the device only reads.
        unsafe {
            let shared = addr_of_mut!(SHARED);
            let address = addr_of!((*shared).buffers[buffer]) as u64;
            let descriptor = Descriptor { address, length: length as u32, flags, next: 0 };
            let queue = addr_of_mut!((*shared).queues[queue]);
            addr_of_mut!((*queue).descriptors[slot]).write_volatile(descriptor);
            let available = addr_of_mut!((*queue).available);
            let index = addr_of!((*available).index).read_volatile();
            let place = usize::from(index) % RX_BUFFERS;
            addr_of_mut!((*available).ring[place]).write_volatile(slot as u16);
            fence(Ordering::SeqCst);
            addr_of_mut!((*available).index).write_volatile(index.wrapping_add(1));
            fence(Ordering::SeqCst);
        }
        self.device.register(NOTIFY).write(queue as u32);
    }

    /// The next buffer that the device gives back, and how many octets it has written.
    fn take(&mut self, queue: usize) -> Option<[u32; 2]> {
        let seen = &mut self.seen[queue];
        // SAFETY: the places are within `SHARED`; the device has written what the index says.
        unsafe {
            let used = addr_of!(SHARED.queues[queue].used);
            if addr_of!((*used).index).read_volatile() == *seen {
                return None;
            }
            fence(Ordering::SeqCst);
            let place = usize::from(*seen) % RX_BUFFERS;
            *seen = seen.wrapping_add(1);
            Some(addr_of!((*used).ring[place]).read_volatile())
        }
    }
}

/// One of the places for virtio devices.
#[derive(Clone, Copy)]
struct Device(usize);

const MAGIC_VALUE: usize = 0x00;
const VERSION: usize = 0x04;
const KIND: usize = 0x08;
const FEATURES: usize = 0x20;
const FEATURES_SELECT: usize = 0x24;
const QUEUE_SELECT: usize = 0x30;
const QUEUE_LEN: usize = 0x38;
const QUEUE_READY: usize = 0x44;
const NOTIFY: usize = 0x50;
const STATUS: usize = 0x70;
const QUEUE_DESCRIPTORS: usize = 0x80;
const QUEUE_AVAILABLE: usize = 0x90;
const QUEUE_USED: usize = 0xa0;

impl Device {
    fn register(&self, offset: usize) -> Register {
        // SAFETY: the machine has eight places for virtio devices here, 4 KiB of registers each.
        unsafe { Register::at(0x1000_1000 + (self.0 & 7) * 0x1000 + offset) }
    }

    fn is_network(&self) -> bool {
        [MAGIC_VALUE, VERSION, KIND].map(|offset| self.register(offset).read())
            == [MAGIC, MODERN, NETWORK]
    }

    fn start_queue(&self, queue: usize) {
        self.register(QUEUE_SELECT).write(queue as u32);
        self.register(QUEUE_LEN).write(RX_BUFFERS as u32);
        // SAFETY: no more than the addresses is taken.
        let queue = unsafe { addr_of!(SHARED.queues[queue]) };
        // SAFETY: as above.
        let parts = unsafe {
            [
                (QUEUE_DESCRIPTORS, addr_of!((*queue).descriptors) as usize),
                (QUEUE_AVAILABLE, addr_of!((*queue).available) as usize),
                (QUEUE_USED, addr_of!((*queue).used) as usize),
            ]
        };
        for (register, address) in parts {
            self.register(register).write(address as u32);
            self.register(register + 4).write(0);
        }
        self.register(QUEUE_READY).write(1);
    }
}
