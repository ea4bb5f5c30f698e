//! Who is where on the link: an ARP request for IPv4, a neighbor solicitation for IPv6.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::OwnAddresses;
use super::announce::{write_arp, write_ndp};
use crate::wire::arp::{self, Operation};
use crate::wire::ndp;
use crate::{BufferTooSmall, MacAddr};

/// Why nobody is asked; nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// There is no own address of the family: without one the request would say that the address is
    /// about to be taken (RFC 5227 section 2.1.1, RFC 4861 section 4.3).
    #[error("no own address to ask from")]
    NoOwnAddress,
    /// The request does not fit.
    #[error(transparent)]
    BufferTooSmall(#[from] BufferTooSmall),
}

/// Writes the frame that asks where `target` is: an [`arp_request`] or a
/// [`neighbor_solicitation`] from the own address of its family, at `mac`. `to` is whom it is sent
/// to; `None` is everybody.
///
/// ```
/// use core::net::{Ipv4Addr, Ipv6Addr};
/// use lvs_proto::MacAddr;
/// use lvs_proto::frames::{OwnAddresses, RequestError, neighbor_request};
///
/// let own = OwnAddresses { v4: Ipv4Addr::new(192, 0, 2, 1), v6: Ipv6Addr::UNSPECIFIED };
/// let mac = MacAddr::new([2, 0, 0, 0, 0, 1]);
/// let mut frame = [0; 128];
/// assert_eq!(neighbor_request([192, 0, 2, 11].into(), None, own, mac, &mut frame), Ok(42));
/// assert_eq!(frame[..6], [0xff; 6]);
///
/// let server = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 11);
/// let refused = neighbor_request(server.into(), None, own, mac, &mut frame);
/// assert_eq!(refused, Err(RequestError::NoOwnAddress));
/// ```
///
/// # Errors
/// [`RequestError`]; `out` is unchanged.
pub fn neighbor_request(
    target: IpAddr,
    to: Option<MacAddr>,
    own: OwnAddresses,
    mac: MacAddr,
    out: &mut [u8],
) -> Result<usize, RequestError> {
    match target {
        IpAddr::V4(target) => arp_request(target, to, own.v4, mac, out),
        IpAddr::V6(target) => neighbor_solicitation(target, to, own.v6, mac, out),
    }
}

/// Writes an ARP request for `target` from `source`, which is at `mac`: by broadcast, or to the one
/// that had the address last (RFC 1122 section 2.3.2.1).
///
/// # Errors
/// [`RequestError`]; `out` is unchanged.
pub fn arp_request(
    target: Ipv4Addr,
    to: Option<MacAddr>,
    source: Ipv4Addr,
    mac: MacAddr,
    out: &mut [u8],
) -> Result<usize, RequestError> {
    if source.is_unspecified() {
        return Err(RequestError::NoOwnAddress);
    }
    let packet = arp::Packet {
        operation: Operation::Request,
        sender_mac: mac,
        sender_ip: source,
        target_mac: to.unwrap_or_default(),
        target_ip: target,
    };
    Ok(write_arp(to.unwrap_or(MacAddr::BROADCAST), &packet, out)?)
}

/// Writes a neighbor solicitation for `target` from `source`, which is at `mac` and says so: to the
/// solicited-node group (RFC 4861 section 7.2.2), or to the one that had the address last (section
/// 7.3.3).
///
/// # Errors
/// [`RequestError`]; `out` is unchanged.
pub fn neighbor_solicitation(
    target: Ipv6Addr,
    to: Option<MacAddr>,
    source: Ipv6Addr,
    mac: MacAddr,
    out: &mut [u8],
) -> Result<usize, RequestError> {
    if source.is_unspecified() {
        return Err(RequestError::NoOwnAddress);
    }
    let group = ndp::solicited_node_group(target);
    let (destination, destination_mac) = match to {
        Some(mac) => (target, mac),
        None => (group, MacAddr::of_ipv6_multicast(group)),
    };
    let message = ndp::solicitation(source, mac, target, destination);
    Ok(write_ndp((source, mac), (destination, destination_mac), &message, out)?)
}
