//! ICMP errors about the director's own tunnels, told on to the client whose packet was in one.

use core::net::Ipv4Addr;

use super::icmp::{HOP_LIMIT, MAX_LEN_V4, TOS};
use crate::buffer::Writer;
use crate::wire::ethernet::{self, EtherType};
use crate::wire::{icmpv4, ip, ipv4, udp};
use crate::{
    AddressPair, BufferTooSmall, Embedded, Family, GueChecksum, LinkPair, Protocol, Tunnel, tunnel,
};

/// The least that a network carries (RFC 791 section 3.2).
const MIN_MTU: u16 = 68;

/// Octets of GRE's and of GUE's header without options.
const SHIM_LEN: usize = 4;

/// An error over IPv4 about a packet that the director sent through a tunnel, from a router on the
/// way or from the real server \[ICMP-7\].
///
/// Whether there is such a tunnel, and a connection that the carried packet is of, is for the
/// decider to say, which passed the error as such; if so, it is [told on](Self::relay) to the client.
///
/// ```
/// use core::net::Ipv4Addr;
/// use lvs_proto::frames::TunnelError;
/// use lvs_proto::wire::{ethernet, icmpv4, ipv4};
/// use lvs_proto::{MacAddr, Protocol, Tunnel};
///
/// let header = |source: [u8; 4], destination: [u8; 4], protocol, total_len| {
///     let (source, destination) = (source.into(), destination.into());
///     ipv4::Header { source, destination, protocol, hop_limit: 64, tos: 0, total_len }.octets()
/// };
/// let carried = header([192, 0, 2, 7], [192, 0, 2, 100], Protocol::UDP, 28);
/// let outer = header([10, 0, 0, 254], [10, 0, 0, 1], Protocol(4), 48);
/// let quote = [&outer[..], &carried, &[0x9c, 0x40, 0, 53, 0, 8, 0, 0]].concat();
/// let icmp = icmpv4::header(icmpv4::DESTINATION_UNREACHABLE, 1, [0; 4], &quote);
/// let error = header([10, 0, 0, 9], [10, 0, 0, 254], Protocol::ICMP, 76);
/// let link = ethernet::header(MacAddr::default(), MacAddr::default(), ethernet::EtherType::IPV4);
/// let frame = [&link[..], &error, &icmp, &quote].concat();
///
/// let error = TunnelError::parse(&frame).ok_or("no error about a tunnel")?;
/// assert_eq!((error.server, error.tunnel), (Ipv4Addr::new(10, 0, 0, 1), Tunnel::IpIp));
/// assert_eq!(error.carried.ports, Some((40_000, 53)));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TunnelError<'a> {
    /// Where the tunnel ends: the real server.
    pub server: Ipv4Addr,
    /// The tunnel; its checksum as far as the packet had one.
    pub tunnel: Tunnel,
    /// The addresses and ports of the carried packet, client first.
    pub carried: Embedded,
    /// Octets of the error's IP packet; statistics count them.
    pub length: u32,
    message: icmpv4::Message<'a>,
    /// The carried packet as far as it is quoted.
    quote: &'a [u8],
    /// Octets of the tunnel's own headers.
    overhead: u16,
}

/// Why an error about a tunnel is not told on; nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelayRefusal {
    /// The tunnel's packet was too long, but the client's may be sent in fragments: the next one
    /// will be.
    #[error("the client does not mind fragments")]
    Divisible,
    /// There is no own address.
    #[error("no own address to send the ICMP error from")]
    NoOwnAddress,
    /// The error does not fit.
    #[error(transparent)]
    BufferTooSmall(#[from] BufferTooSmall),
}

impl<'a> TunnelError<'a> {
    /// The error in a frame; `None` if it is no intact ICMP error, or about no packet of a tunnel
    /// that carries IPv4.
    #[must_use]
    pub fn parse(frame: &'a [u8]) -> Option<Self> {
        let frame = ethernet::Frame::parse(frame).ok()?;
        let error = ipv4::Packet::parse(frame.payload).ok()?;
        let is_whole = frame.ethertype == EtherType::IPV4 && !error.is_fragment();
        if error.protocol != Protocol::ICMP || !is_whole {
            return None;
        }
        let message = icmpv4::Message::parse(error.payload).ok()?;
        if !ip::quotes(Family::V4, message.kind) {
            return None;
        }
        let outer = ipv4::Packet::parse_quote(message.payload).ok()?;
        let (tunnel, quote) = tunnel_of(&outer)?;
        let packet = ipv4::Packet::parse_quote(quote).ok()?;
        let carried = ip::Packet::V4(packet).as_embedded()?;
        // An IPv4 header of at most 60 octets, and GUE's with options of at most 136.
        let overhead = (message.payload.len() - quote.len()) as u16;
        let (server, length) = (outer.destination, error.header_len + error.payload.len());
        Some(Self { server, tunnel, carried, length: length as u32, message, quote, overhead })
    }

    /// Octets of the longest packet that the way to the real server takes, the tunnel's headers
    /// included: the [MTU of the path](crate::Path::mtu) from now on. `None` if the error is about
    /// something else.
    #[must_use]
    pub fn path_mtu(&self) -> Option<u16> {
        let icmpv4::Message { kind, code, rest: [_, _, high, low], .. } = self.message;
        let is_too_big =
            (kind, code) == (icmpv4::DESTINATION_UNREACHABLE, icmpv4::FRAGMENTATION_NEEDED);
        is_too_big.then_some(u16::from_be_bytes([high, low]))
    }

    /// Writes what the client is to know: the same error about its own packet, from `own`, with the
    /// MTU that the tunnel leaves it.
    ///
    /// # Errors
    /// [`RelayRefusal`]; `out` is unchanged.
    pub fn relay(
        &self,
        own: Ipv4Addr,
        link: LinkPair,
        out: &mut [u8],
    ) -> Result<usize, RelayRefusal> {
        let AddressPair::V4 { source: client, .. } = self.carried.addresses else {
            return Err(RelayRefusal::NoOwnAddress);
        };
        if own.is_unspecified() {
            return Err(RelayRefusal::NoOwnAddress);
        }
        let icmpv4::Message { kind, code, .. } = self.message;
        let rest = match self.path_mtu() {
            Some(_) if !self.is_indivisible() => return Err(RelayRefusal::Divisible),
            Some(mtu) => {
                let [high, low] = self.carried_mtu(mtu).to_be_bytes();
                [0, 0, high, low]
            }
            None => self.message.rest,
        };
        let room = MAX_LEN_V4 - ipv4::HEADER_LEN - icmpv4::HEADER_LEN;
        let quote = self.quote.get(..room).unwrap_or(self.quote);
        let total_len = ipv4::HEADER_LEN + icmpv4::HEADER_LEN + quote.len();
        let header = ipv4::Header {
            source: own,
            destination: client,
            protocol: Protocol::ICMP,
            hop_limit: HOP_LIMIT,
            tos: TOS,
            total_len: total_len as u16,
        };
        let length = ethernet::HEADER_LEN + total_len;
        let mut writer = Writer::new(out, length)?;
        writer.put(&ethernet::header(link.destination, link.source, EtherType::IPV4));
        writer.put(&header.octets());
        writer.put(&icmpv4::header(kind, code, rest, quote));
        writer.put(quote);
        Ok(length)
    }

    /// Whether the client forbade to send its packet in fragments.
    fn is_indivisible(&self) -> bool {
        self.quote.get(6).is_some_and(|flags| flags & ipv4::DONT_FRAGMENT != 0)
    }

    /// What a path of this MTU leaves to the carried packet; one that would leave next to nothing
    /// is told as it is \[ICMP-7\].
    const fn carried_mtu(&self, path: u16) -> u16 {
        if path > MIN_MTU + self.overhead { path - self.overhead } else { path }
    }
}

/// The tunnel that an outer packet is of, and what it quotes of the packet in it.
fn tunnel_of<'a>(outer: &ipv4::Packet<'a>) -> Option<(Tunnel, &'a [u8])> {
    let carried = tunnel::carried(Family::V4);
    if outer.fragment_offset != 0 {
        return None;
    }
    match outer.protocol {
        protocol if protocol == carried => Some((Tunnel::IpIp, outer.payload)),
        Protocol::UDP => {
            let (udp, gue) = outer.payload.split_first_chunk::<{ udp::HEADER_LEN }>()?;
            let &[_, _, a, b, _, _, high, low] = udp;
            let (gue, packet) = gue.split_first_chunk::<SHIM_LEN>()?;
            let &[version_and_length, protocol, _, _] = gue;
            // Version 0, no control message; options are as long as it says, in words.
            let options = usize::from(version_and_length & 0x1f) * 4;
            if version_and_length & 0xe0 != 0 || protocol != carried.0 {
                return None;
            }
            let checksum = if [high, low] == [0, 0] { GueChecksum::None } else { GueChecksum::Udp };
            let tunnel = Tunnel::Gue { port: u16::from_be_bytes([a, b]), checksum };
            Some((tunnel, packet.get(options..)?))
        }
        tunnel::GRE => {
            let (&[flags, version, high, low], packet) =
                outer.payload.split_first_chunk::<SHIM_LEN>()?;
            let checksum = flags == tunnel::GRE_CHECKSUM;
            if (flags != 0 && !checksum) || version != 0 || [high, low] != [0x08, 0x00] {
                return None;
            }
            let packet = if checksum { packet.get(SHIM_LEN..)? } else { packet };
            Some((Tunnel::Gre { checksum }, packet))
        }
        _ => None,
    }
}
