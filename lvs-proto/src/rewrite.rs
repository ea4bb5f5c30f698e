//! Changing a frame in place.

use crate::MacAddr;
use crate::checksum::updated;
use crate::parse::ParseError;
use crate::wire::ethernet::{self, EtherType, Frame};
use crate::wire::{ipv4, ipv6};

/// The Ethernet addresses of one hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct LinkPair {
    /// The interface that the frame leaves by.
    pub source: MacAddr,
    /// Who takes it next.
    pub destination: MacAddr,
}

/// Why a frame was not rewritten; it is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RewriteError {
    /// The frame holds no IP packet.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// Its TTL or hop limit does not allow another hop \[RT-5\].
    #[error("the packet may go no further")]
    TimeExceeded,
}

/// Sends a frame on to a real server that shares the virtual address: new Ethernet addresses, and
/// one hop less \[DR-1\], \[RT-5\].
///
/// VLAN tags stay, and so does every other octet. The frame is one that [`parse`](crate::parse)
/// accepted: what it checks is not checked again, so a header checksum that was wrong stays so.
///
/// # Errors
/// [`RewriteError::TimeExceeded`] when TTL or hop limit is 1 or 0: answer with
/// [`time_exceeded`](crate::frames::time_exceeded). [`RewriteError::Parse`] if the frame does not
/// hold an IP header. Either way the frame is unchanged.
pub fn rewrite_direct_route(frame: &mut [u8], link: LinkPair) -> Result<(), RewriteError> {
    let truncated = ParseError::Ethernet(ethernet::Error::Truncated(frame.len()));
    let Frame { ethertype, header_len, .. } = Frame::parse(frame).map_err(ParseError::from)?;
    let (link_header, packet) = frame.split_at_mut_checked(header_len).ok_or(truncated)?;
    let (destination, rest) = link_header.split_first_chunk_mut().ok_or(truncated)?;
    let (source, _) = rest.split_first_chunk_mut().ok_or(truncated)?;
    match ethertype {
        EtherType::IPV4 => decrement_ttl(packet)?,
        EtherType::IPV6 => decrement_hop_limit(packet)?,
        other => return Err(ParseError::NotIp(other).into()),
    }
    *destination = link.destination.octets();
    *source = link.source.octets();
    Ok(())
}

fn decrement_ttl(packet: &mut [u8]) -> Result<(), RewriteError> {
    let truncated = ParseError::Ipv4(ipv4::Error::Truncated(packet.len()));
    let header = packet.first_chunk_mut::<{ ipv4::HEADER_LEN }>().ok_or(truncated)?;
    let [_, _, _, _, _, _, _, _, ttl, protocol, high, low, ..] = header;
    let old = u16::from_be_bytes([*ttl, *protocol]);
    *ttl = one_less(*ttl)?;
    let checksum = u16::from_be_bytes([*high, *low]);
    let new = u16::from_be_bytes([*ttl, *protocol]);
    [*high, *low] = updated(checksum, old, new).to_be_bytes();
    Ok(())
}

fn decrement_hop_limit(packet: &mut [u8]) -> Result<(), RewriteError> {
    let truncated = ParseError::Ipv6(ipv6::Error::Truncated(packet.len()));
    let header = packet.first_chunk_mut::<{ ipv6::HEADER_LEN }>().ok_or(truncated)?;
    let [_, _, _, _, _, _, _, hop_limit, ..] = header;
    *hop_limit = one_less(*hop_limit)?;
    Ok(())
}

fn one_less(hop_limit: u8) -> Result<u8, RewriteError> {
    match hop_limit {
        0 | 1 => Err(RewriteError::TimeExceeded),
        _ => Ok(hop_limit - 1),
    }
}
