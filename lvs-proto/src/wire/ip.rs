//! IP of either version: what both have in common.

use crate::wire::{ipv4, ipv6, tcp, udp};
use crate::{AddressPair, Flow, Protocol, Transport};

/// Why octets are no IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Error {
    /// There are no octets.
    #[error("the IP packet is empty")]
    Empty,
    /// The version field is neither 4 nor 6.
    #[error("IP version {0} is neither 4 nor 6")]
    UnknownVersion(u8),
    /// The IPv4 packet is malformed.
    #[error(transparent)]
    V4(#[from] ipv4::Error),
    /// The IPv6 packet is malformed.
    #[error(transparent)]
    V6(#[from] ipv6::Error),
}

/// A packet of either version.
///
/// ```
/// use lvs_proto::wire::ip::{Error, Packet};
///
/// // For an embedder without Ethernet: a packet from a tunnel or a raw socket.
/// let octets = [0x55; 20];
/// assert_eq!(Packet::parse(&octets).map(|packet| packet.flow()), Err(Error::UnknownVersion(5)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// IPv4.
    V4(ipv4::Packet<'a>),
    /// IPv6.
    V6(ipv6::Packet<'a>),
}

impl<'a> Packet<'a> {
    /// The packet at the front of `octets`, of the version that its first octet names.
    ///
    /// # Errors
    /// [`Error`] if it is malformed, or of neither version.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        match octets.first().ok_or(Error::Empty)? >> 4 {
            4 => Ok(Self::V4(ipv4::Packet::parse(octets)?)),
            6 => Ok(Self::V6(ipv6::Packet::parse(octets)?)),
            other => Err(Error::UnknownVersion(other)),
        }
    }

    /// Source and destination.
    #[must_use]
    pub const fn addresses(&self) -> AddressPair {
        match *self {
            Self::V4(ipv4::Packet { source, destination, .. }) => {
                AddressPair::V4 { source, destination }
            }
            Self::V6(ipv6::Packet { source, destination, .. }) => {
                AddressPair::V6 { source, destination }
            }
        }
    }

    /// What it carries.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        match self {
            Self::V4(packet) => packet.protocol,
            Self::V6(packet) => packet.protocol,
        }
    }

    /// The time to live or hop limit.
    #[must_use]
    pub const fn hop_limit(&self) -> u8 {
        match self {
            Self::V4(packet) => packet.hop_limit,
            Self::V6(packet) => packet.hop_limit,
        }
    }

    /// Whether it is a part of a longer one; any IPv6 fragment header counts.
    #[must_use]
    pub const fn is_fragment(&self) -> bool {
        match self {
            Self::V4(packet) => packet.is_fragment(),
            Self::V6(packet) => packet.fragment.is_some(),
        }
    }

    /// Whether it begins in the middle of a longer one, without its upper-layer header.
    #[must_use]
    pub const fn is_later_fragment(&self) -> bool {
        match self {
            Self::V4(packet) => packet.fragment_offset != 0,
            Self::V6(packet) => packet.is_later_fragment(),
        }
    }

    /// What follows the headers.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        match self {
            Self::V4(packet) => packet.payload,
            Self::V6(packet) => packet.payload,
        }
    }

    /// Octets of headers and payload.
    #[must_use]
    pub const fn total_len(&self) -> usize {
        match self {
            Self::V4(packet) => packet.header_len + packet.payload.len(),
            Self::V6(packet) => packet.header_len + packet.payload.len(),
        }
    }

    /// What a decision needs of it, without a mark.
    #[must_use]
    #[inline]
    pub fn flow(&self) -> Flow {
        // At most 40 + 65 535 octets.
        Flow::new(self.addresses(), self.transport()).with_length(self.total_len() as u32)
    }

    fn transport(&self) -> Transport {
        let protocol = self.protocol();
        if self.is_later_fragment() {
            return Transport::LaterFragment(protocol);
        }
        let payload = self.payload();
        let transport = match protocol {
            Protocol::TCP => tcp::Header::parse(payload).map(|header| Transport::Tcp {
                source_port: header.source_port,
                destination_port: header.destination_port,
                flags: header.flags,
            }),
            Protocol::UDP => udp::Header::parse(payload).map(|header| Transport::Udp {
                source_port: header.source_port,
                destination_port: header.destination_port,
            }),
            other => Some(Transport::Other(other)),
        };
        transport.unwrap_or(Transport::Unreadable(protocol))
    }
}
