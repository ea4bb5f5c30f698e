//! IP of either version: what both have in common.

use crate::wire::{icmpv4, icmpv6, ipv4, ipv6, sctp, tcp, udp};
use crate::{AddressPair, Embedded, Family, Flow, Protocol, Transport};

/// Octets of a header without options or extension headers.
///
/// ```
/// use lvs_proto::{Family, wire::ip};
///
/// assert_eq!([Family::V4, Family::V6].map(ip::header_len), [20, 40]);
/// ```
#[must_use]
pub const fn header_len(family: Family) -> usize {
    match family {
        Family::V4 => ipv4::HEADER_LEN,
        Family::V6 => ipv6::HEADER_LEN,
    }
}

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
            6 if cfg!(feature = "ipv6") => Ok(Self::V6(ipv6::Packet::parse(octets)?)),
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

    /// The version.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self {
            Self::V4(_) => Family::V4,
            Self::V6(_) => Family::V6,
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

    /// Octets before the payload: options and extension headers included.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        match self {
            Self::V4(packet) => packet.header_len,
            Self::V6(packet) => packet.header_len,
        }
    }

    /// Octets of headers and payload.
    #[must_use]
    pub const fn total_len(&self) -> usize {
        self.header_len() + self.payload().len()
    }

    /// What a decision needs of it, without a mark.
    #[must_use]
    #[inline(always)]
    pub fn flow(&self) -> Flow {
        let mut flow = self.outline();
        self.complete(&mut flow);
        flow
    }

    /// Writes its [`flow`](Self::flow) where it is read.
    #[inline(always)]
    pub(crate) fn write_flow(&self, flow: &mut Flow) {
        *flow = self.outline();
        self.complete(flow);
    }

    /// Its flow as far as the IP header tells.
    #[inline(always)]
    fn outline(&self) -> Flow {
        let flow = Flow::new(self.addresses(), Transport::Other(self.protocol()));
        // At most 40 + 65 535 octets.
        Flow { length: self.total_len() as u32, fragment: self.fragment(), ..flow }
    }

    /// The rest of it, in place: what is as small as a transport is returned as one number, put
    /// together here and taken apart there.
    #[inline(always)]
    fn complete(&self, flow: &mut Flow) {
        self.read_transport(&mut flow.transport);
        if self.may_quote() {
            flow.embedded = quoted(self.family(), self.payload());
        }
    }

    /// What a fragment has in common with the others of its packet. A fragment header in front of
    /// all of a packet makes it none (RFC 6946).
    #[inline(always)]
    const fn fragment(&self) -> Option<u32> {
        match self {
            Self::V4(packet) if packet.is_fragment() => Some(packet.identification as u32),
            Self::V6(ipv6::Packet {
                fragment:
                    Some(
                        ipv6::Fragment { offset: 1.., identification, .. }
                        | ipv6::Fragment { more: true, identification, .. },
                    ),
                ..
            }) => Some(*identification),
            _ => None,
        }
    }

    #[inline(always)]
    fn read_transport(&self, transport: &mut Transport) {
        let (protocol, payload) = (self.protocol(), self.payload());
        *transport = match protocol {
            _ if self.is_later_fragment() => Transport::LaterFragment(protocol),
            Protocol::TCP => match payload.first_chunk() {
                Some(header) => {
                    let tcp::Header { source_port, destination_port, flags } =
                        tcp::Header::of(header);
                    Transport::Tcp { source_port, destination_port, flags }
                }
                None => Transport::Unreadable(protocol),
            },
            Protocol::UDP => match payload.first_chunk() {
                Some(header) => {
                    let udp::Header { source_port, destination_port } = udp::Header::of(header);
                    Transport::Udp { source_port, destination_port }
                }
                None => Transport::Unreadable(protocol),
            },
            Protocol::SCTP if cfg!(feature = "sctp") => match sctp::Header::parse(payload) {
                Some(sctp::Header { source_port, destination_port, chunk }) => {
                    Transport::Sctp { source_port, destination_port, chunk }
                }
                None => Transport::Unreadable(protocol),
            },
            // An error in fragments is dropped, not read [ICMP-1].
            Protocol::ICMPV6 if self.is_fragment() => match payload.first() {
                Some(kind) if !icmpv6::is_error(*kind) => Transport::Other(protocol),
                _ => Transport::Unreadable(protocol),
            },
            _ => Transport::Other(protocol),
        };
    }

    /// Whether it may be an ICMP error that can be read: over IPv4 in a first fragment as well.
    #[inline(always)]
    fn may_quote(&self) -> bool {
        match self {
            Self::V4(packet) => packet.protocol == Protocol::ICMP && packet.fragment_offset == 0,
            Self::V6(packet) => packet.protocol == Protocol::ICMPV6 && packet.fragment.is_none(),
        }
    }

    /// What an error says of this packet; nothing of a later fragment, whose ports would be needed
    /// \[ICMP-2\].
    pub(crate) fn as_embedded(&self) -> Option<Embedded> {
        let (addresses, protocol) = (self.addresses(), self.protocol());
        let ports = match protocol.has_ports() {
            true if self.is_later_fragment() => return None,
            // No more than the ports may be quoted.
            true => self
                .payload()
                .first_chunk()
                .map(|&[a, b, c, d]| (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))),
            false => None,
        };
        Some(Embedded { addresses, protocol, ports })
    }
}

/// The packet that an ICMP error of a type of \[ICMP-1\] is about. The checksum of the error is for
/// whoever rewrites it \[ICMP-4\].
// Of the message alone: a packet that is lent out would be written to memory, whatever it carries.
#[cold]
fn quoted(family: Family, message: &[u8]) -> Option<Embedded> {
    let (kind, quote) = icmp_quote(message)?;
    if !quotes(family, kind) {
        return None;
    }
    let packet = match family {
        Family::V4 => Packet::V4(ipv4::Packet::parse_quote(quote).ok()?),
        Family::V6 if cfg!(feature = "ipv6") => Packet::V6(ipv6::Packet::parse_quote(quote).ok()?),
        Family::V6 => return None,
    };
    packet.as_embedded()
}

/// Whether an ICMP message of this type is an error that goes the way of the packet it quotes
/// \[ICMP-1\].
pub(crate) const fn quotes(family: Family, kind: u8) -> bool {
    match family {
        Family::V4 => matches!(
            kind,
            icmpv4::DESTINATION_UNREACHABLE | icmpv4::SOURCE_QUENCH | icmpv4::TIME_EXCEEDED
        ),
        Family::V6 => icmpv6::is_error(kind),
    }
}

/// The type of an ICMP message of either version, and what follows its header.
fn icmp_quote(message: &[u8]) -> Option<(u8, &[u8])> {
    let (&[kind, ..], quote) = message.split_first_chunk::<{ icmpv4::HEADER_LEN }>()?;
    Some((kind, quote))
}
