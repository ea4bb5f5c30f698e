//! Direct routing: another link address, one hop less.

use super::header::{Edit, Header, V4, V6};
use super::{LinkPair, RewriteError};
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
    let length = packet.len();
    match ethertype {
        EtherType::IPV4 => {
            let truncated = ParseError::Ipv4(ipv4::Error::Truncated(length));
            one_hop_less(V4::of(packet).ok_or(truncated)?)?;
        }
        EtherType::IPV6 => {
            let truncated = ParseError::Ipv6(ipv6::Error::Truncated(length));
            one_hop_less(V6::of(packet).ok_or(truncated)?)?;
        }
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

fn one_hop_less<'a>(mut header: impl Header<'a>) -> Result<(), RewriteError> {
    if header.facts().hop_limit <= 1 {
        return Err(RewriteError::TimeExceeded);
    }
    header.rewrite(&Edit::ONWARD);
    Ok(())
}
