//! Raw frames of one interface: an `AF_PACKET` socket.
//!
//! The socket carries the kernel's offload header (`PACKET_VNET_HDR`) along with each frame. Hosts
//! behind a virtual link leave checksums and segmentation to their network card, which such a link
//! does not have; a frame forwarded with the header it came with stays one that the next kernel
//! understands. Without it every such segment would be lost as corrupt.

#![allow(unsafe_code)]

use std::io::{self, ErrorKind, IoSlice};
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use lvs_proto::MacAddr;
use socket2::{Domain, Protocol, SockAddr, SockAddrStorage, Socket, Type};

/// Octets of `struct virtio_net_hdr`, which precede each frame.
const OFFLOAD_HEADER: usize = 10;

/// The longest frame: an IP packet that segmentation offload has not cut yet, behind an Ethernet
/// header and two VLAN tags.
const LONGEST_FRAME: usize = 65_535 + 22;

/// Every Ethernet protocol, in network order as the kernel wants it.
const EVERY_PROTOCOL: u16 = (libc::ETH_P_ALL as u16).to_be();

/// A received frame with its offload header.
#[derive(Debug)]
pub struct FrameBuffer {
    octets: Box<[u8]>,
    length: usize,
}

impl FrameBuffer {
    /// A buffer that any frame fits in.
    #[must_use]
    pub fn new() -> Self {
        Self { octets: vec![0; OFFLOAD_HEADER + LONGEST_FRAME].into(), length: OFFLOAD_HEADER }
    }

    /// The frame, from its Ethernet header on.
    pub fn frame_mut(&mut self) -> &mut [u8] {
        self.octets.get_mut(OFFLOAD_HEADER..self.length).unwrap_or_default()
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
        match io::Read::read(&mut &self.socket, &mut buffer.octets) {
            Ok(length) => {
                buffer.length = length.max(OFFLOAD_HEADER);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sends a frame of our own making.
    ///
    /// # Errors
    /// The interface is down or gone, or its queue is full.
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        let header = [0; OFFLOAD_HEADER];
        self.socket.send_vectored(&[IoSlice::new(&header), IoSlice::new(frame)]).map(drop)
    }

    /// Sends a received frame on, with the offload header it came with.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn forward(&self, buffer: &FrameBuffer) -> io::Result<()> {
        self.socket.send(buffer.octets.get(..buffer.length).unwrap_or_default()).map(drop)
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
