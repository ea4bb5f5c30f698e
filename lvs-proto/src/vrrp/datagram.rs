//! From an IP packet to the advertisement in it.

use core::net::IpAddr;

use super::{AdvertMeta, AuthenticationHeader};
use crate::Protocol;
use crate::wire::{ip, ipv6};

/// The authentication header (RFC 4302).
pub(super) const AUTHENTICATION: Protocol = Protocol(51);

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
    /// The packet ends within the authentication header of 24 octets \[A3\].
    #[error("{0} octets do not hold the authentication header of 24")]
    HeaderTruncated(usize),
    /// The source is a multicast, loopback or broadcast address \[A2a\].
    #[error("source {0} is no address of a host on the link")]
    Source(IpAddr),
}

/// The VRRP message in an IP packet, and what [`decode`](super::decode) wants to know of the
/// packet. Extension headers are skipped; octets behind the packet are left out. With feature
/// `auth-legacy` an authentication header in front of the message becomes part of what there is to
/// know.
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
pub fn from_ip_packet(octets: &[u8]) -> Result<(AdvertMeta, &[u8]), DatagramError> {
    let packet = ip::Packet::parse(octets)?;
    let is_authenticated = is_authenticated(&packet);
    if packet.protocol() != Protocol::VRRP && !is_authenticated {
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
    let meta = AdvertMeta::new(addresses, packet.hop_limit());
    if !is_authenticated {
        return Ok((meta, packet.payload()));
    }
    let (header, message) = authentication_header(octets, packet.payload())?;
    Ok((AdvertMeta { authentication: Some(header), ..meta }, message))
}

/// Whether an authentication header comes first. Over IPv6 there is none \[W-13\], and without the
/// feature nobody could verify it.
fn is_authenticated(packet: &ip::Packet<'_>) -> bool {
    let is_v4 = matches!(packet, ip::Packet::V4(_));
    cfg!(feature = "auth-legacy") && is_v4 && packet.protocol() == AUTHENTICATION
}

/// The authentication header at the front of the payload of an IPv4 `packet`, and what follows it.
/// Its length and reserved fields are not looked at \[W-11\]: the sender's is the one length that
/// there is.
fn authentication_header<'a>(
    packet: &[u8],
    payload: &'a [u8],
) -> Result<(AuthenticationHeader, &'a [u8]), DatagramError> {
    let truncated = DatagramError::HeaderTruncated(payload.len());
    let &[_, _, _, _, id_high, id_low] = packet.first_chunk().ok_or(truncated)?;
    let (octets, message) = payload.split_first_chunk().ok_or(truncated)?;
    let next_header = Protocol(octets[0]);
    if next_header != Protocol::VRRP {
        return Err(DatagramError::NotVrrp(next_header));
    }
    let identification = u16::from_be_bytes([id_high, id_low]);
    Ok((AuthenticationHeader { identification, octets: *octets }, message))
}

/// The unspecified address passes: both daemons in the field take it.
fn is_unicast(source: IpAddr) -> bool {
    let is_broadcast = match source {
        IpAddr::V4(source) => source.is_broadcast(),
        IpAddr::V6(_) => false,
    };
    !source.is_multicast() && !source.is_loopback() && !is_broadcast
}
