//! Direct routing: another link address, one hop less.

use super::{LinkPair, RewriteError};
use crate::checksum::updated;
use crate::parse::ParseError;
use crate::wire::ethernet::{self, EtherType};
use crate::wire::{ipv4, ipv6};

/// Sends a frame on to a real server that shares the virtual address: new Ethernet addresses, and
/// one hop less \[DR-1\], \[RT-5\].
///
/// VLAN tags stay, and so does every other octet. The frame is one that [`parse`](crate::parse)
/// accepted: what it checks is not checked again, so a header checksum that was wrong stays so.
/// [`forward`](super::forward) looks at the MTU as well.
///
/// # Errors
/// [`RewriteError::TimeExceeded`] when TTL or hop limit is 1 or 0: answer with
/// [`time_exceeded`](crate::frames::time_exceeded). [`RewriteError::Parse`] if the frame does not
/// hold an IP header. Either way the frame is unchanged.
pub fn rewrite_direct_route(frame: &mut [u8], link: LinkPair) -> Result<(), RewriteError> {
    let header = ethernet::Frame::parse(frame).map_err(ParseError::from)?;
    let (ethertype, header_len) = (header.ethertype, header.header_len);
    let packet = frame.get_mut(header_len..).unwrap_or_default();
    match ethertype {
        EtherType::IPV4 => decrement_ttl(packet)?,
        EtherType::IPV6 => decrement_hop_limit(packet)?,
        other => return Err(ParseError::NotIp(other).into()),
    }
    relink(frame, link);
    Ok(())
}

/// Writes the link addresses of a frame that has them.
pub(super) fn relink(frame: &mut [u8], link: LinkPair) {
    if let Some((addresses, _)) = frame.split_first_chunk_mut::<12>() {
        let (destination, source) = addresses.split_at_mut(6);
        destination.copy_from_slice(&link.destination.octets());
        source.copy_from_slice(&link.source.octets());
    }
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
