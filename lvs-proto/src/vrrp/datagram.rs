//! From an IP packet to the advertisement in it.

use core::net::IpAddr;

use super::{AdvertMeta, AuthenticationHeader};
use crate::wire::{ip, ipv4, ipv6};
use crate::{AddressPair, Protocol};

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
#[inline]
pub fn from_ip_packet(octets: &[u8]) -> Result<(AdvertMeta, &[u8]), DatagramError> {
    match octets.first().ok_or(ip::Error::Empty)? >> 4 {
        4 => from_ipv4(octets, &ipv4::Packet::parse(octets).map_err(ip::Error::from)?),
        6 if cfg!(feature = "ipv6") => {
            from_ipv6(&ipv6::Packet::parse(octets).map_err(ip::Error::from)?)
        }
        other => Err(ip::Error::UnknownVersion(other).into()),
    }
}

#[inline]
fn from_ipv4<'a>(
    octets: &[u8],
    packet: &ipv4::Packet<'a>,
) -> Result<(AdvertMeta, &'a [u8]), DatagramError> {
    // Without the feature nobody could verify the header.
    let authenticated = cfg!(feature = "auth-legacy") && packet.protocol == AUTHENTICATION;
    if packet.protocol != Protocol::VRRP && !authenticated {
        return Err(DatagramError::NotVrrp(packet.protocol));
    }
    if packet.is_fragment() {
        return Err(DatagramError::Fragment);
    }
    let ipv4::Packet { source, destination, .. } = *packet;
    // The unspecified address passes: both daemons in the field take it.
    if source.is_multicast() || source.is_loopback() || source.is_broadcast() {
        return Err(DatagramError::Source(source.into()));
    }
    let meta = AdvertMeta::new(AddressPair::V4 { source, destination }, packet.hop_limit);
    if !authenticated {
        return Ok((meta, packet.payload));
    }
    let (header, message) = authentication_header(octets, packet.payload)?;
    Ok((AdvertMeta { authentication: Some(header), ..meta }, message))
}

#[inline]
fn from_ipv6<'a>(packet: &ipv6::Packet<'a>) -> Result<(AdvertMeta, &'a [u8]), DatagramError> {
    if packet.protocol != Protocol::VRRP {
        return Err(DatagramError::NotVrrp(packet.protocol));
    }
    if packet.fragment.is_some() {
        return Err(DatagramError::Fragment);
    }
    if packet.segments_left > 0 {
        return Err(DatagramError::SegmentsLeft(packet.segments_left));
    }
    if packet.authentication {
        return Err(DatagramError::Authentication);
    }
    let ipv6::Packet { source, destination, .. } = *packet;
    if source.is_multicast() || source.is_loopback() {
        return Err(DatagramError::Source(source.into()));
    }
    let meta = AdvertMeta::new(AddressPair::V6 { source, destination }, packet.hop_limit);
    Ok((meta, packet.payload))
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
