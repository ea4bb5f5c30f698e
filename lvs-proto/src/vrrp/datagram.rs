//! From an IP packet to the advertisement in it.

use core::net::IpAddr;

use super::AdvertMeta;
use crate::Protocol;
use crate::wire::{ip, ipv6};

/// Why an IP packet holds no advertisement that may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatagramError {
    /// The IP packet is malformed \[A2\].
    #[error(transparent)]
    Ip(#[from] ip::Error),
    /// It carries something else \[A3\].
    #[error("the packet carries {0}, not VRRP")]
    NotVrrp(Protocol),
    /// It is a fragment \[A2\].
    #[error("the packet is a fragment")]
    Fragment,
    /// A routing header sends it on to somewhere else \[A3\].
    #[error("{0} segments are left in the routing header")]
    SegmentsLeft(u8),
    /// An authentication header is in front; nobody has verified it \[W-13\].
    #[error("an authentication header over IPv6")]
    Authentication,
    /// The source is a multicast, loopback or broadcast address \[A2a\].
    #[error("source {0} is no address of a host on the link")]
    Source(IpAddr),
}

/// The VRRP message in an IP packet, and what [`decode`](super::decode) wants to know of the
/// packet. Extension headers are skipped; octets behind the packet are left out.
///
/// ```
/// use lvs_proto::vrrp::{DatagramError, from_ip_packet};
/// use lvs_proto::wire::ip;
///
/// assert_eq!(from_ip_packet(&[]), Err(DatagramError::Ip(ip::Error::Empty)));
/// ```
///
/// # Errors
/// [`DatagramError`] if the packet is malformed, carries no whole VRRP message, or comes from an
/// address that no host has.
pub fn from_ip_packet(packet: &[u8]) -> Result<(AdvertMeta, &[u8]), DatagramError> {
    let packet = ip::Packet::parse(packet)?;
    if packet.protocol() != Protocol::VRRP {
        return Err(DatagramError::NotVrrp(packet.protocol()));
    }
    if packet.is_fragment() {
        return Err(DatagramError::Fragment);
    }
    match packet {
        ip::Packet::V6(ipv6::Packet { segments_left: left @ 1.., .. }) => {
            return Err(DatagramError::SegmentsLeft(left));
        }
        ip::Packet::V6(ipv6::Packet { authentication: true, .. }) => {
            return Err(DatagramError::Authentication);
        }
        _ => {}
    }
    let addresses = packet.addresses();
    if !is_unicast(addresses.source()) {
        return Err(DatagramError::Source(addresses.source()));
    }
    Ok((AdvertMeta { addresses, hop_limit: packet.hop_limit() }, packet.payload()))
}

/// The unspecified address passes: both daemons in the field take it.
fn is_unicast(source: IpAddr) -> bool {
    let is_broadcast = match source {
        IpAddr::V4(source) => source.is_broadcast(),
        IpAddr::V6(_) => false,
    };
    !source.is_multicast() && !source.is_loopback() && !is_broadcast
}
