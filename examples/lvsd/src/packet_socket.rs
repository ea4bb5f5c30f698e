//! Raw frames of one interface: an `AF_PACKET` socket.
//!
//! The socket is told with each frame what a network card is still to do to it (`PACKET_VNET_HDR`),
//! and does it: what is rewritten and sent on are frames as they would be on the wire. Without, all
//! that a host behind a virtual link sends would be lost as corrupt.

#![allow(unsafe_code)]

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use lvs_proto::{Frame, MacAddr};
use socket2::{Domain, Protocol, SockAddr, SockAddrStorage, Socket, Type};

use crate::offload::{self, Cut, Offload, OffloadError};

/// Octets that are free in front of each received frame: enough for any tunnel.
pub const HEADROOM: usize = 64;

/// The longest frame: an IP packet that segmentation offload has not cut yet, behind an Ethernet
/// header and two VLAN tags.
const LONGEST_FRAME: usize = 65_535 + 22;

/// Every Ethernet protocol, in network order as the kernel wants it.
const EVERY_PROTOCOL: u16 = (libc::ETH_P_ALL as u16).to_be();

/// What was received: a frame, or several that were put together.
#[derive(Debug)]
pub struct FrameBuffer {
    /// With headroom in front, as the next.
    received: Box<[u8]>,
    length: usize,
    segment: Box<[u8]>,
    left: Left,
}

/// What has not been handed out yet.
#[derive(Debug)]
enum Left {
    Nothing,
    Frame,
    /// The segments whose payload begins there or later.
    Segments(Cut, usize),
}

impl FrameBuffer {
    /// A buffer that any frame fits in.
    #[must_use]
    pub fn new() -> Self {
        let buffer = || vec![0; HEADROOM + LONGEST_FRAME].into();
        Self { received: buffer(), length: 0, segment: buffer(), left: Left::Nothing }
    }

    /// The next frame as it would be on the wire; `None` when all that was received is handed out.
    pub fn next_frame(&mut self) -> Option<Frame<'_>> {
        match std::mem::replace(&mut self.left, Left::Nothing) {
            Left::Nothing => None,
            Left::Frame => Frame::new(&mut self.received, HEADROOM, self.length).ok(),
            Left::Segments(cut, from) => {
                let frame = self.received.get(HEADROOM..)?.get(..self.length)?;
                let length = cut.segment(frame, from, self.segment.get_mut(HEADROOM..)?)?;
                self.left = Left::Segments(cut, from + cut.size());
                Frame::new(&mut self.segment, HEADROOM, length).ok()
            }
        }
    }

    /// Does what is left to do to a frame of `length` octets.
    fn take_in(
        &mut self,
        header: [u8; offload::HEADER_LEN],
        length: usize,
    ) -> Result<(), OffloadError> {
        (self.length, self.left) = (length, Left::Nothing);
        let frame = self.received.get_mut(HEADROOM..).unwrap_or_default();
        let frame = frame.get_mut(..length).unwrap_or_default();
        self.left = match Offload::parse(header)? {
            Offload::Done => Left::Frame,
            Offload::Checksum { start, offset } => {
                offload::finish_checksum(frame, start, offset)?;
                Left::Frame
            }
            Offload::Segments { size } => Left::Segments(Cut::new(frame, size)?, 0),
        };
        Ok(())
    }
}

impl Default for FrameBuffer {
    fn default() -> Self {
        Self::new()
    }
}

/// A socket that receives every frame that comes in on an interface, and sends frames on it.
#[derive(Debug)]
pub struct PacketSocket {
    socket: Socket,
    interface_index: i32,
}

impl PacketSocket {
    /// A socket on the interface of that index.
    ///
    /// # Errors
    /// No right to open packet sockets (`CAP_NET_RAW`), or no such interface.
    pub fn open(interface_index: u32) -> io::Result<Self> {
        let interface_index = i32::try_from(interface_index)
            .map_err(|_| io::Error::new(ErrorKind::InvalidInput, "interface index"))?;
        let protocol = Protocol::from(i32::from(EVERY_PROTOCOL));
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(protocol))?;
        let this = Self { socket, interface_index };
        this.set_option(libc::PACKET_VNET_HDR, &1_i32)?;
        this.set_option(libc::PACKET_IGNORE_OUTGOING, &1_i32)?;
        this.socket.bind(&link_address(interface_index))?;
        this.socket.set_nonblocking(true)?;
        Ok(this)
    }

    /// Also receive frames to `address`, a group or a further address of this host.
    ///
    /// # Errors
    /// The interface is gone.
    pub fn join(&self, address: MacAddr) -> io::Result<()> {
        let mut octets = [0; 8];
        for (octet, value) in octets.iter_mut().zip(address.octets()) {
            *octet = value;
        }
        let kind = if address.is_multicast() {
            libc::PACKET_MR_MULTICAST
        } else {
            libc::PACKET_MR_UNICAST
        };
        self.add_membership(kind, 6, octets)
    }

    /// Also receive frames to any group.
    ///
    /// # Errors
    /// The interface is gone.
    pub fn join_all_groups(&self) -> io::Result<()> {
        self.add_membership(libc::PACKET_MR_ALLMULTI, 0, [0; 8])
    }

    fn add_membership(&self, kind: i32, length: u16, address: [u8; 8]) -> io::Result<()> {
        let request = libc::packet_mreq {
            mr_ifindex: self.interface_index,
            mr_type: kind as u16,
            mr_alen: length,
            mr_address: address,
        };
        self.set_option(libc::PACKET_ADD_MEMBERSHIP, &request)
    }

    /// Takes the next waiting frame into `buffer`; `false` if none is waiting.
    ///
    /// # Errors
    /// The interface is down or gone.
    pub fn receive(&self, buffer: &mut FrameBuffer) -> io::Result<bool> {
        let mut header = [0; offload::HEADER_LEN];
        let frame = buffer.received.get_mut(HEADROOM..).unwrap_or_default();
        let parts = &mut [IoSliceMut::new(&mut header), IoSliceMut::new(frame)];
        match io::Read::read_vectored(&mut &self.socket, parts) {
            Ok(length) => {
                if let Err(error) = buffer.take_in(header, length.saturating_sub(header.len())) {
                    log::debug!("a frame is lost: {error}");
                }
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// The interface is down or gone, or its queue is full.
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        let header = [0; offload::HEADER_LEN];
        self.socket.send_vectored(&[IoSlice::new(&header), IoSlice::new(frame)]).map(drop)
    }

    fn set_option<T>(&self, name: i32, value: &T) -> io::Result<()> {
        let length = libc::socklen_t::try_from(size_of::<T>()).unwrap_or(0);
        // SAFETY: the pointer and the length describe `value`, a plain C structure that the kernel
        // only reads, and the descriptor is open for as long as `self` lives.
        let outcome = unsafe {
            libc::setsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                name,
                std::ptr::from_ref(value).cast(),
                length,
            )
        };
        if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn link_address(interface_index: i32) -> SockAddr {
    let mut storage = SockAddrStorage::zeroed();
    // SAFETY: `sockaddr_ll` is one of the kernel's socket addresses: plain data that fits the
    // storage and for which all zeros is valid.
    let address = unsafe { storage.view_as::<libc::sockaddr_ll>() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = EVERY_PROTOCOL;
    address.sll_ifindex = interface_index;
    // SAFETY: the family is set and the length is that of the structure just filled.
    unsafe { SockAddr::new(storage, size_of::<libc::sockaddr_ll>() as libc::socklen_t) }
}
