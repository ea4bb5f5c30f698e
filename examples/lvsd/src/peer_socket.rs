//! IP packets to peers: the kernel knows which way.

use std::io;
use std::net::{IpAddr, SocketAddr};

use lvs_proto::Family;
use socket2::{Domain, Protocol, Socket, Type};

/// IP protocol 112.
const VRRP: i32 = 112;

/// A socket that sends packets, headers included, out by one interface. Adverts are received by the
/// packet socket; that somebody listens here keeps the kernel from refusing those of peers.
#[derive(Debug)]
pub struct PeerSocket {
    socket: Socket,
}

impl PeerSocket {
    /// A socket for packets of `family` on the interface of that name.
    ///
    /// # Errors
    /// No right to raw sockets (`CAP_NET_RAW`), or no such interface.
    pub fn open(interface: &str, family: Family) -> io::Result<Self> {
        let domain = match family {
            Family::V4 => Domain::IPV4,
            Family::V6 => Domain::IPV6,
        };
        let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(VRRP)))?;
        match family {
            Family::V4 => socket.set_header_included_v4(true)?,
            Family::V6 => socket.set_header_included_v6(true)?,
        }
        socket.bind_device(Some(interface.as_bytes()))?;
        socket.set_recv_buffer_size(0)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket })
    }

    /// Sends a packet.
    ///
    /// # Errors
    /// There is no way to the peer, or the interface is down or gone.
    pub fn send(&self, peer: IpAddr, packet: &[u8]) -> io::Result<()> {
        self.socket.send_to(packet, &SocketAddr::new(peer, 0).into()).map(drop)
    }
}
