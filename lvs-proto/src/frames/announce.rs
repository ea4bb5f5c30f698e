//! Who has a virtual address: ARP for IPv4, neighbor discovery for IPv6.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::buffer::Writer;
use crate::wire::arp::{self, Operation};
use crate::wire::ethernet::{self, EtherType};
use crate::wire::ipv6;
use crate::wire::ndp::{self, Solicitation};
use crate::{BufferTooSmall, MacAddr, Protocol};

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// Why a request is not answered; nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// The ARP packet is a reply itself.
    #[error("an ARP reply asks for nothing")]
    NotRequest,
    /// It comes from our own virtual MAC address \[W-33\].
    #[error("the request is our own")]
    OwnRequest,
    /// It names a group as the link address to answer to (RFC 1812 section 3.3.2).
    #[error("{0} is a group, not who asked")]
    GroupRequester(MacAddr),
    /// The reply does not fit.
    #[error(transparent)]
    BufferTooSmall(#[from] BufferTooSmall),
}

/// Writes the frame that tells everyone on the link that `vip` is at `mac`: a gratuitous ARP or an
/// unsolicited neighbor advertisement.
///
/// ```
/// use lvs_proto::frames::announce;
/// use lvs_proto::vrrp::Vrid;
/// use lvs_proto::Family;
///
/// let mac = Vrid::new(51).ok_or("0 is no VRID")?.virtual_mac(Family::V4);
/// let mut frame = [0; 128];
/// assert_eq!(announce([192, 0, 2, 100].into(), mac, &mut frame), Ok(42));
/// # Ok::<(), &str>(())
/// ```
///
/// # Errors
/// [`BufferTooSmall`]; `out` is unchanged.
pub fn announce(vip: IpAddr, mac: MacAddr, out: &mut [u8]) -> Result<usize, BufferTooSmall> {
    match vip {
        IpAddr::V4(vip) => gratuitous_arp(vip, mac, out),
        IpAddr::V6(vip) => unsolicited_advertisement(vip, mac, out),
    }
}

/// Writes a gratuitous ARP request for `vip` at `mac`; its target link address is `mac` too
/// \[W-32\], \[V3-INI-2\], \[V3-BK-8\], \[ARP-RFC-1\].
///
/// # Errors
/// [`BufferTooSmall`]; `out` is unchanged.
pub fn gratuitous_arp(
    vip: Ipv4Addr,
    mac: MacAddr,
    out: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    let packet = arp::Packet {
        operation: Operation::Request,
        sender_mac: mac,
        sender_ip: vip,
        target_mac: mac,
        target_ip: vip,
    };
    write_arp(MacAddr::BROADCAST, &packet, out)
}

/// Writes the answer to an ARP `request` for a virtual address at `mac`, probes included
/// \[W-33\], \[V3-AC-1\], \[V2-AC-1\]. That the requested address is one to answer for is the caller's
/// to know.
///
/// # Errors
/// [`ReplyError`] if there is nothing or nobody to answer; `out` is unchanged.
pub fn arp_reply(request: &arp::Packet, mac: MacAddr, out: &mut [u8]) -> Result<usize, ReplyError> {
    if request.operation != Operation::Request {
        return Err(ReplyError::NotRequest);
    }
    check_requester(request.sender_mac, mac)?;
    let reply = arp::Packet {
        operation: Operation::Reply,
        sender_mac: mac,
        sender_ip: request.target_ip,
        target_mac: request.sender_mac,
        target_ip: request.sender_ip,
    };
    Ok(write_arp(reply.target_mac, &reply, out)?)
}

/// Writes an unsolicited neighbor advertisement of `vip` at `mac` to all nodes \[W-34\],
/// \[V3-INI-3\], \[V3-BK-9\], \[ND-RFC-1\].
///
/// # Errors
/// [`BufferTooSmall`]; `out` is unchanged.
pub fn unsolicited_advertisement(
    vip: Ipv6Addr,
    mac: MacAddr,
    out: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    let message = ndp::advertisement(vip, mac, ALL_NODES, false);
    write_ndp((vip, mac), (ALL_NODES, MacAddr::of_ipv6_multicast(ALL_NODES)), &message, out)
}

/// Writes the answer to a neighbor `solicitation` for a virtual address at `mac` \[W-35\],
/// \[V3-AC-4\]. That the target is one to answer for is the caller's to know.
///
/// `requester` is the Ethernet source of the frame, answered to if the solicitation names no link
/// address. A solicitation from the unspecified address, duplicate address detection, is answered
/// to all nodes.
///
/// # Errors
/// [`ReplyError`] if there is nobody to answer; `out` is unchanged.
pub fn neighbor_reply(
    solicitation: &Solicitation,
    requester: MacAddr,
    mac: MacAddr,
    out: &mut [u8],
) -> Result<usize, ReplyError> {
    let requester = solicitation.source_mac.unwrap_or(requester);
    check_requester(requester, mac)?;
    let Solicitation { source, target, .. } = *solicitation;
    if source.is_unspecified() {
        return Ok(unsolicited_advertisement(target, mac, out)?);
    }
    let message = ndp::advertisement(target, mac, source, true);
    Ok(write_ndp((target, mac), (source, requester), &message, out)?)
}

fn check_requester(requester: MacAddr, mac: MacAddr) -> Result<(), ReplyError> {
    if requester == mac {
        return Err(ReplyError::OwnRequest);
    }
    if requester.is_multicast() {
        return Err(ReplyError::GroupRequester(requester));
    }
    Ok(())
}

pub(super) fn write_arp(
    destination: MacAddr,
    packet: &arp::Packet,
    out: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    let length = ethernet::HEADER_LEN + arp::LEN;
    let mut writer = Writer::new(out, length)?;
    writer.put(&ethernet::header(destination, packet.sender_mac, EtherType::ARP));
    writer.put(&packet.octets());
    Ok(length)
}

/// Writes a message of neighbor discovery from one address and link address to another.
pub(super) fn write_ndp(
    (source, source_mac): (Ipv6Addr, MacAddr),
    (destination, destination_mac): (Ipv6Addr, MacAddr),
    message: &[u8],
    out: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    let header = ipv6::Header {
        source,
        destination,
        protocol: Protocol::ICMPV6,
        hop_limit: 255,
        traffic_class: 0,
        payload_len: message.len() as u16,
    };
    let length = ethernet::HEADER_LEN + ipv6::HEADER_LEN + message.len();
    let mut writer = Writer::new(out, length)?;
    writer.put(&ethernet::header(destination_mac, source_mac, EtherType::IPV6));
    writer.put(&header.octets());
    writer.put(message);
    Ok(length)
}
