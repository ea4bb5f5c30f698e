//! Tunnels: a packet in another one.

use super::direct_route::relink;
use super::header::{Edit, Facts, Header, V4, V6};
use super::{Path, RewriteError};
use crate::buffer::Writer;
use crate::checksum::{Change, Sum};
use crate::layout::Part;
use crate::tunnel::{GRE_CHECKSUM, carried};
use crate::wire::ethernet::EtherType;
use crate::wire::{ipv4, ipv6, udp};
use crate::{AddressPair, Family, Frame, GueChecksum, Hop, Layout, Protocol, Tunnel};

/// The least that a network carries (RFC 791 section 3.2, RFC 8200 section 5).
const MIN_MTU_V4: u32 = 68;
const MIN_MTU_V6: u32 = 1280;

/// The longest header between the two IP headers: those of UDP and GUE.
const MAX_SHIM: usize = 12;

/// Puts a packet, one hop less, into another one to the real server \[TUN-1\].
pub(super) fn encapsulate(
    frame: &mut Frame<'_>,
    layout: &Layout,
    hop: &Hop,
    path: &Path,
) -> Result<(), RewriteError> {
    let ends = AddressPair::new(path.source, hop.address)
        .filter(|ends| !ends.source().is_unspecified())
        .ok_or(RewriteError::NoTunnelSource { server: Family::of(hop.address) })?;
    let tunnel = hop.tunnel;
    let overhead = tunnel.overhead(ends.family());
    let mtu = inner_mtu(path, layout.family, ends.family(), overhead)?;
    let packet = frame.octets_mut().get_mut(layout.packet()).ok_or(RewriteError::Layout)?;
    let inner = match layout.family {
        Family::V4 => check::<V4<'_>>(packet, layout, mtu)?,
        Family::V6 => check::<V6<'_>>(packet, layout, mtu)?,
    };
    let length = overhead + layout.packet().len();
    let length = u16::try_from(length).map_err(|_| RewriteError::TooLong { length })?;
    let link_len = layout.packet().start;
    frame.open(link_len, overhead)?;

    // Nothing fails from here on: the octets are all there.
    let octets = frame.octets_mut();
    relink(octets, path.link);
    let (link, packet) = octets.split_at_mut_checked(link_len).unwrap_or_default();
    let (outer, packet) = packet.split_at_mut_checked(overhead).unwrap_or_default();
    let packet = packet.get_mut(..layout.packet().len()).unwrap_or_default();
    match layout.family {
        Family::V4 => V4::of(packet).map(|mut header| header.rewrite(&Edit::ONWARD)),
        Family::V6 => V6::of(packet).map(|mut header| header.rewrite(&Edit::ONWARD)),
    };
    if let Some((_, ethertype)) = link.split_last_chunk_mut() {
        *ethertype = ethertype_of(ends.family()).0.to_be_bytes();
    }
    let (shim, shim_len) = shim(tunnel, ends, packet, layout);
    let header = Outer { ends, tunnel, inner, length, path };
    if let Ok(mut writer) = Writer::new(outer, overhead) {
        header.put(&mut writer, layout.family);
        writer.put(shim.get(..shim_len).unwrap_or_default());
    }
    Ok(())
}

/// Octets of the longest packet that the tunnel carries in one piece; without bounds if the outer
/// packet may be sent in fragments \[RT-6\] \[RT-7\].
fn inner_mtu(
    path: &Path,
    inner: Family,
    outer: Family,
    overhead: usize,
) -> Result<u32, RewriteError> {
    let mtu = path.mtu.saturating_sub(overhead as u32);
    let least = match outer {
        Family::V4 => MIN_MTU_V4,
        Family::V6 => MIN_MTU_V6,
    };
    if mtu < least {
        return Err(RewriteError::TunnelMtu { mtu });
    }
    let divisible = !path.path_mtu_discovery && (inner, outer) == (Family::V4, Family::V4);
    Ok(if divisible { u32::MAX } else { mtu })
}

fn check<'a, H: Header<'a>>(
    packet: &'a mut [u8],
    layout: &Layout,
    mtu: u32,
) -> Result<Facts, RewriteError> {
    let header = H::of(packet).ok_or(RewriteError::Layout)?;
    header.check_onward(layout, mtu)?;
    Ok(header.facts())
}

/// The outer IP header.
struct Outer<'a> {
    ends: AddressPair,
    tunnel: Tunnel,
    /// The inner header's, before it lost a hop.
    inner: Facts,
    length: u16,
    path: &'a Path,
}

impl Outer<'_> {
    /// \[TUN-1\] \[TUN-5\]
    fn put(&self, writer: &mut Writer<'_>, inner: Family) {
        let protocol = self.tunnel.protocol(inner);
        let hop_limit = self.inner.hop_limit.saturating_sub(1);
        let tos = outer_tos(self.inner.tos);
        match self.ends {
            AddressPair::V4 { source, destination } => {
                let total_len = self.length;
                let header =
                    ipv4::Header { source, destination, protocol, hop_limit, tos, total_len };
                let mut octets = header.octets();
                let [_, _, _, _, a, b, flags, _, _, _, high, low, ..] = &mut octets;
                [*a, *b] = self.path.identification.to_be_bytes();
                let indivisible = self.inner.dont_fragment && self.path.path_mtu_discovery;
                *flags = if indivisible { ipv4::DONT_FRAGMENT } else { 0 };
                Change::new()
                    .word(0, self.path.identification)
                    .word(0, u16::from_be_bytes([*flags, 0]))
                    .update([high, low]);
                writer.put(&octets);
            }
            AddressPair::V6 { source, destination } => {
                let payload_len = self.length.saturating_sub(ipv6::HEADER_LEN as u16);
                let traffic_class = tos;
                let header = ipv6::Header {
                    source,
                    destination,
                    protocol,
                    hop_limit,
                    traffic_class,
                    payload_len,
                };
                writer.put(&header.octets());
            }
        }
    }
}

/// What the outer header says of congestion: that the inner packet has met some is for the inner
/// header to say (RFC 3168 section 9.1.1).
const fn outer_tos(inner: u8) -> u8 {
    const CONGESTED: u8 = 0b11;
    const CAPABLE: u8 = 0b10;
    if inner & CONGESTED == CONGESTED { inner & !CONGESTED | CAPABLE } else { inner }
}

/// What stands between outer header and packet, and how many octets of it count.
fn shim(
    tunnel: Tunnel,
    ends: AddressPair,
    packet: &[u8],
    layout: &Layout,
) -> ([u8; MAX_SHIM], usize) {
    let [a, b] = ethertype_of(layout.family).0.to_be_bytes();
    match tunnel {
        Tunnel::IpIp => ([0; MAX_SHIM], 0),
        Tunnel::Gre { checksum: false } => ([0, 0, a, b, 0, 0, 0, 0, 0, 0, 0, 0], 4),
        Tunnel::Gre { checksum: true } => {
            let header = [GRE_CHECKSUM, 0, a, b, 0, 0, 0, 0];
            let sum = Sum::new().add_octets(&header).add_octets(packet);
            let [high, low] = sum.checksum().to_be_bytes();
            ([GRE_CHECKSUM, 0, a, b, high, low, 0, 0, 0, 0, 0, 0], 8)
        }
        Tunnel::Gue { port, checksum } => (gue(port, checksum, ends, packet, layout), MAX_SHIM),
    }
}

/// UDP, and GUE of version 0 without flags and options \[TUN-3\].
fn gue(
    port: u16,
    checksum: GueChecksum,
    ends: AddressPair,
    packet: &[u8],
    layout: &Layout,
) -> [u8; MAX_SHIM] {
    // The packet and both headers are at most 65 535 octets.
    let length = (MAX_SHIM + packet.len()) as u16;
    let [a, b] = source_port(packet, layout).to_be_bytes();
    let [c, d] = port.to_be_bytes();
    let [e, f] = length.to_be_bytes();
    let header = [a, b, c, d, e, f, 0, 0, 0, carried(layout.family).0, 0, 0];
    let [high, low] = match checksum {
        GueChecksum::None => [0, 0],
        GueChecksum::Udp | GueChecksum::Remote => {
            let sum = Sum::new()
                .add_pseudo_header(ends, Protocol::UDP, u32::from(length))
                .add_octets(&header)
                .add_octets(packet);
            udp::checksum_field(sum.checksum())
        }
    };
    [a, b, c, d, e, f, high, low, 0, carried(layout.family).0, 0, 0]
}

/// A port of the dynamic range that is the same for all packets of a flow, so that routers which
/// spread load by ports keep them in order (RFC 8085 section 5.1.1). All fragments count as one
/// flow, with ports or not.
fn source_port(packet: &[u8], layout: &Layout) -> u16 {
    const GOLDEN_RATIO: u32 = 0x61c8_8647;
    let addresses = match layout.family {
        Family::V4 => packet.get(12..20),
        Family::V6 => packet.get(8..40),
    };
    let has_ports = layout.part == Part::Whole && layout.protocol.has_ports();
    let ports = if has_ports { packet.get(layout.header_len()..) } else { None };
    let ports = ports.and_then(<[u8]>::first_chunk).copied().unwrap_or([0; 4]);
    let words = addresses.unwrap_or_default().chunks_exact(4).filter_map(<[u8]>::first_chunk);
    let folded = words.fold(u32::from_be_bytes(ports), |folded, word| {
        // Turned, so that equal words do not cancel out.
        folded.rotate_left(5) ^ u32::from_be_bytes(*word)
    });
    0xc000 | (folded.wrapping_mul(GOLDEN_RATIO) >> 18) as u16
}

const fn ethertype_of(family: Family) -> EtherType {
    match family {
        Family::V4 => EtherType::IPV4,
        Family::V6 => EtherType::IPV6,
    }
}
