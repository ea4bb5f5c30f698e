//! ICMP errors about packets that the director does not forward.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::buffer::Writer;
use crate::parse::{ParseError, ip_packet};
use crate::wire::ethernet::Frame;
use crate::wire::{icmpv4, icmpv6, ip, ipv4, ipv6};
use crate::{BufferTooSmall, MacAddr, Protocol};

/// Octets of a whole error over IPv4 (RFC 1812 section 4.3.2.3).
pub(super) const MAX_LEN_V4: usize = 576;
/// Octets of a whole error over IPv6 (RFC 4443 section 2.4 c).
const MAX_LEN_V6: usize = 1280;
/// IP precedence 6, internetwork control (RFC 1812 section 4.3.2.5).
pub(super) const TOS: u8 = 0xc0;
/// What hosts begin with.
pub(super) const HOP_LIMIT: u8 = 64;

/// The director's own addresses on the way to its clients: the sources of its ICMP errors. An
/// unspecified address means that there is none of its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OwnAddresses {
    /// The IPv4 address.
    pub v4: Ipv4Addr,
    /// The IPv6 address.
    pub v6: Ipv6Addr,
}

/// Why a frame is not answered with an ICMP error; nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IcmpRefusal {
    /// The frame holds no intact IP packet.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The packet is an ICMP error or redirect itself.
    #[error("no ICMP error about ICMP type {0}")]
    IcmpError(u8),
    /// The packet is ICMP, but too short to tell its type.
    #[error("no ICMP error about ICMP of an unreadable type")]
    IcmpUnreadable,
    /// The packet is a fragment, but not the first.
    #[error("no ICMP error about a later fragment")]
    LaterFragment,
    /// The packet was sent to many, by its link address.
    #[error("no ICMP error about a frame to {0}")]
    GroupFrame(MacAddr),
    /// The packet was sent to many.
    #[error("no ICMP error about a packet to {0}")]
    GroupDestination(IpAddr),
    /// The source is not the address of one host.
    #[error("no ICMP error to {0}")]
    Source(IpAddr),
    /// There is no own address of the packet's family.
    #[error("no own address to send the ICMP error from")]
    NoOwnAddress,
    /// The error does not fit.
    #[error(transparent)]
    BufferTooSmall(#[from] BufferTooSmall),
}

/// Writes the answer to a client whose service has no destination to offer \[SVC-12\].
///
/// `frame` is the client's, unchanged; the answer goes back the way it came, VLAN tags included.
/// Its source is the virtual address over IPv4 (type 3 code 3), the own address over IPv6 (type 1
/// code 4). Limiting the rate of answers is the caller's duty (RFC 1812 section 4.3.2.8, RFC 4443
/// section 2.4 f).
///
/// # Errors
/// [`IcmpRefusal`] if the packet must not be answered (RFC 1122 section 3.2.2, RFC 4443 section
/// 2.4 e); `out` is unchanged.
pub fn port_unreachable(
    frame: &[u8],
    own: OwnAddresses,
    out: &mut [u8],
) -> Result<usize, IcmpRefusal> {
    let offender = Offender::new(frame)?;
    match offender.packet {
        ip::Packet::V4(packet) => {
            let kind = (icmpv4::DESTINATION_UNREACHABLE, icmpv4::PORT_UNREACHABLE, [0; 4]);
            offender.answer_v4(packet.destination, packet.source, kind, out)
        }
        ip::Packet::V6(packet) => {
            let kind = (icmpv6::DESTINATION_UNREACHABLE, icmpv6::PORT_UNREACHABLE, [0; 4]);
            offender.answer_v6(own.v6, packet.source, kind, out)
        }
    }
}

/// Writes the answer to the sender of a packet whose TTL or hop limit allows no further hop
/// \[RT-5\]: type 11 code 0, ICMPv6 type 3 code 0, from an own address.
///
/// For the rest as [`port_unreachable`].
///
/// # Errors
/// [`IcmpRefusal`] if the packet must not be answered (RFC 1122 section 3.2.2, RFC 4443 section
/// 2.4 e); `out` is unchanged.
pub fn time_exceeded(
    frame: &[u8],
    own: OwnAddresses,
    out: &mut [u8],
) -> Result<usize, IcmpRefusal> {
    let offender = Offender::new(frame)?;
    match offender.packet {
        ip::Packet::V4(packet) => {
            offender.answer_v4(own.v4, packet.source, (icmpv4::TIME_EXCEEDED, 0, [0; 4]), out)
        }
        ip::Packet::V6(packet) => {
            offender.answer_v6(own.v6, packet.source, (icmpv6::TIME_EXCEEDED, 0, [0; 4]), out)
        }
    }
}

/// Writes the answer to the sender of a packet that is longer than the way on allows and must not
/// be sent in fragments \[RT-7\] \[RT-8\]: type 3 code 4, ICMPv6 type 2 code 0, with the octets of
/// the longest packet that would have gone (RFC 1191 section 4), from an own address.
///
/// For the rest as [`port_unreachable`].
///
/// # Errors
/// [`IcmpRefusal`] if the packet must not be answered (RFC 1122 section 3.2.2, RFC 4443 section
/// 2.4 e); `out` is unchanged.
pub fn packet_too_big(
    frame: &[u8],
    own: OwnAddresses,
    mtu: u32,
    out: &mut [u8],
) -> Result<usize, IcmpRefusal> {
    let offender = Offender::new(frame)?;
    match offender.packet {
        ip::Packet::V4(packet) => {
            let [high, low] = u16::try_from(mtu).unwrap_or(u16::MAX).to_be_bytes();
            let kind = icmpv4::DESTINATION_UNREACHABLE;
            let kind = (kind, icmpv4::FRAGMENTATION_NEEDED, [0, 0, high, low]);
            offender.answer_v4(own.v4, packet.source, kind, out)
        }
        ip::Packet::V6(packet) => {
            let kind = (icmpv6::PACKET_TOO_BIG, 0, mtu.to_be_bytes());
            offender.answer_v6(own.v6, packet.source, kind, out)
        }
    }
}

/// A packet that may be answered with an error.
struct Offender<'a> {
    frame: Frame<'a>,
    packet: ip::Packet<'a>,
    /// What follows the addresses in the link header: VLAN tags and EtherType.
    link_kind: &'a [u8],
}

impl<'a> Offender<'a> {
    fn new(octets: &'a [u8]) -> Result<Self, IcmpRefusal> {
        let frame = Frame::parse(octets).map_err(ParseError::from)?;
        let packet = ip_packet(&frame)?;
        for mac in [frame.destination, frame.source] {
            if mac.is_multicast() {
                return Err(IcmpRefusal::GroupFrame(mac));
            }
        }
        let (source, destination) = (packet.addresses().source(), packet.addresses().destination());
        if is_group(destination) {
            return Err(IcmpRefusal::GroupDestination(destination));
        }
        if is_group(source) || source.is_unspecified() || source.is_loopback() {
            return Err(IcmpRefusal::Source(source));
        }
        if packet.is_later_fragment() {
            return Err(IcmpRefusal::LaterFragment);
        }
        check_icmp(&packet)?;
        let link_kind = octets.get(12..frame.header_len).unwrap_or_default();
        Ok(Self { frame, packet, link_kind })
    }

    fn answer_v4(
        &self,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        (kind, code, rest): (u8, u8, [u8; 4]),
        out: &mut [u8],
    ) -> Result<usize, IcmpRefusal> {
        if source.is_unspecified() {
            return Err(IcmpRefusal::NoOwnAddress);
        }
        let quote = self.quote(MAX_LEN_V4 - ipv4::HEADER_LEN - icmpv4::HEADER_LEN);
        let header = ipv4::Header {
            source,
            destination,
            protocol: Protocol::ICMP,
            hop_limit: HOP_LIMIT,
            tos: TOS,
            total_len: (ipv4::HEADER_LEN + icmpv4::HEADER_LEN + quote.len()) as u16,
        };
        self.write(&header.octets(), &icmpv4::header(kind, code, rest, quote), quote, out)
    }

    fn answer_v6(
        &self,
        source: Ipv6Addr,
        destination: Ipv6Addr,
        (kind, code, rest): (u8, u8, [u8; 4]),
        out: &mut [u8],
    ) -> Result<usize, IcmpRefusal> {
        if !cfg!(feature = "ipv6") || source.is_unspecified() {
            return Err(IcmpRefusal::NoOwnAddress);
        }
        let quote = self.quote(MAX_LEN_V6 - ipv6::HEADER_LEN - icmpv6::HEADER_LEN);
        let header = ipv6::Header {
            source,
            destination,
            protocol: Protocol::ICMPV6,
            hop_limit: HOP_LIMIT,
            traffic_class: 0,
            payload_len: (icmpv6::HEADER_LEN + quote.len()) as u16,
        };
        let icmp_header = icmpv6::header(source, destination, kind, code, rest, quote);
        self.write(&header.octets(), &icmp_header, quote, out)
    }

    /// As much of the packet as fits into `room` octets.
    fn quote(&self, room: usize) -> &'a [u8] {
        self.frame.payload.get(..self.packet.total_len().min(room)).unwrap_or_default()
    }

    fn write(
        &self,
        ip_header: &[u8],
        icmp_header: &[u8],
        quote: &[u8],
        out: &mut [u8],
    ) -> Result<usize, IcmpRefusal> {
        let length = self.frame.header_len + ip_header.len() + icmp_header.len() + quote.len();
        let mut writer = Writer::new(out, length)?;
        writer.put(&self.frame.source.octets());
        writer.put(&self.frame.destination.octets());
        writer.put(self.link_kind);
        writer.put(ip_header);
        writer.put(icmp_header);
        writer.put(quote);
        Ok(length)
    }
}

/// Whether packets to `address` go to more than one host, or to none.
fn is_group(address: IpAddr) -> bool {
    match address {
        // Multicast, the reserved class E and limited broadcast.
        IpAddr::V4(address) => address.octets()[0] >= 224,
        IpAddr::V6(address) => address.is_multicast(),
    }
}

/// An error about an error could go back and forth for ever.
fn check_icmp(packet: &ip::Packet<'_>) -> Result<(), IcmpRefusal> {
    match (packet.protocol(), packet.payload().first()) {
        (Protocol::ICMP | Protocol::ICMPV6, None) => Err(IcmpRefusal::IcmpUnreadable),
        (Protocol::ICMP, Some(&kind)) if icmpv4::is_error(kind) => {
            Err(IcmpRefusal::IcmpError(kind))
        }
        (Protocol::ICMPV6, Some(&kind)) if icmpv6::is_error(kind) || kind == icmpv6::REDIRECT => {
            Err(IcmpRefusal::IcmpError(kind))
        }
        _ => Ok(()),
    }
}
