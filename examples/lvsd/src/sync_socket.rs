//! The multicast channel on which directors tell each other of their connections \[SYD-1\].

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, BorrowedFd};

use anyhow::{Context, Result};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};

use crate::netlink::Interface;

/// The group and port of the kernel's daemons.
const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 81), 8848);

/// The longest datagram.
const LONGEST: usize = 65_507;

/// A socket that hears the group and speaks to it, but does not hear itself.
#[derive(Debug)]
pub struct SyncSocket {
    socket: Socket,
    buffer: Box<[u8]>,
}

impl SyncSocket {
    /// A socket on `interface`.
    ///
    /// # Errors
    /// The port is taken by somebody who does not share it.
    pub fn open(interface: &Interface) -> Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&GROUP.into()).context("binding the synchronisation socket")?;
        let index = InterfaceIndexOrAddress::Index(interface.index);
        socket.join_multicast_v4_n(GROUP.ip(), &index).context("joining the group")?;
        let own = interface.addresses.iter().find_map(|address| match address {
            std::net::IpAddr::V4(address) => Some(address),
            std::net::IpAddr::V6(_) => None,
        });
        socket.set_multicast_if_v4(own.context("the interface has no IPv4 address")?)?;
        socket.set_multicast_loop_v4(false)?;
        socket.set_multicast_ttl_v4(1)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, buffer: vec![0; LONGEST].into() })
    }

    /// The next waiting message, if there is one.
    ///
    /// # Errors
    /// The interface is gone.
    pub fn receive(&mut self) -> io::Result<Option<&[u8]>> {
        match io::Read::read(&mut &self.socket, &mut self.buffer) {
            Ok(length) => Ok(self.buffer.get(..length)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Tells the group.
    ///
    /// # Errors
    /// The interface is down or gone.
    pub fn send(&self, message: &[u8]) -> io::Result<()> {
        self.socket.send_to(message, &GROUP.into()).map(drop)
    }
}

impl AsFd for SyncSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
