//! What follows the IP header of a packet that is translated.
//!
//! Each function finds all that it needs, or fails, before it writes anything.

use super::RewriteError;
use super::header::{Edit, Header, replace};
use super::quote::Quote;
use crate::checksum::{Change, Sum};
use crate::crc32c::crc32c;
use crate::layout::Part;
use crate::wire::{icmpv4, ip, tcp, udp};
use crate::{Family, Layout, Protocol};

/// Ports stand first in all three transports.
pub(super) struct Ports<'a> {
    source: &'a mut [u8; 2],
    destination: &'a mut [u8; 2],
}

impl<'a> Ports<'a> {
    /// The ports at the front of `octets`, and what follows them.
    #[inline(always)]
    pub(super) fn split(octets: &'a mut [u8]) -> Option<(Self, &'a mut [u8])> {
        let (source, rest) = octets.split_first_chunk_mut()?;
        let (destination, rest) = rest.split_first_chunk_mut()?;
        Some((Self { source, destination }, rest))
    }

    /// Whether the translated ports are others.
    fn would_change<A>(&self, edit: &Edit<A>) -> bool {
        edit.source.as_ref().is_some_and(|end| end.port != *self.source)
            || edit.destination.as_ref().is_some_and(|end| end.port != *self.destination)
    }

    /// Writes the translated ports; `change` with theirs.
    #[inline(always)]
    pub(super) fn rewrite<A: Copy>(&mut self, edit: &Edit<A>, change: Change) -> Change {
        let change = replace(self.source, edit.source.map(|end| end.port), change);
        replace(self.destination, edit.destination.map(|end| end.port), change)
    }
}

/// Rewrites the packet that consists of the header `ip` and `message`.
#[inline(always)]
pub(super) fn rewrite<'a, H: Header<'a>>(
    mut ip: H,
    message: &'a mut [u8],
    layout: &Layout,
    edit: &Edit<H::Address>,
) -> Result<(), RewriteError> {
    match layout.protocol {
        // The rest is in the first fragment [NAT-5].
        _ if layout.part == Part::Later => {}
        Protocol::TCP => return tcp(ip, message, edit),
        Protocol::UDP => return udp(ip, message, layout, edit),
        Protocol::SCTP if cfg!(feature = "sctp") => return sctp(ip, message, layout, edit),
        Protocol::ICMP | Protocol::ICMPV6 => return icmp(ip, message, layout, edit),
        _ => {}
    }
    ip.rewrite(edit);
    Ok(())
}

/// \[NAT-2\]
#[inline(always)]
fn tcp<'a, H: Header<'a>>(
    mut ip: H,
    segment: &mut [u8],
    edit: &Edit<H::Address>,
) -> Result<(), RewriteError> {
    let unreadable = RewriteError::HeaderUnreadable;
    let header = segment.first_chunk_mut::<{ tcp::HEADER_LEN }>().ok_or(unreadable)?;
    let (mut ports, rest) = Ports::split(header).ok_or(unreadable)?;
    let rest = rest.first_chunk_mut::<16>().ok_or(unreadable)?;
    let change = ip.rewrite(edit);
    let change = ports.rewrite(edit, change);
    let [.., high, low, _, _] = rest;
    change.update([high, low]);
    Ok(())
}

/// \[NAT-3\]
fn udp<'a, H: Header<'a>>(
    mut ip: H,
    datagram: &mut [u8],
    layout: &Layout,
    edit: &Edit<H::Address>,
) -> Result<(), RewriteError> {
    let (mut ports, rest) = Ports::split(datagram).ok_or(RewriteError::HeaderUnreadable)?;
    let (rest, data) = rest.split_first_chunk_mut().ok_or(RewriteError::HeaderUnreadable)?;
    let change = ip.rewrite(edit);
    let change = ports.rewrite(edit, change);
    let [a, b, high, low] = rest;
    let checksum = match u16::from_be_bytes([*high, *low]) {
        // What it would cover is in other fragments too.
        0 if layout.part != Part::Whole => return Ok(()),
        0 => match udp_checksum(&ip, &ports, [*a, *b], data) {
            Some(checksum) => checksum,
            None => return Ok(()),
        },
        checksum => change.applied_to(checksum),
    };
    [*high, *low] = udp::checksum_field(checksum);
    Ok(())
}

/// The checksum of a datagram that had none; `None` if it is not as long as it says.
fn udp_checksum<'a, H: Header<'a>>(
    ip: &H,
    ports: &Ports<'_>,
    length: [u8; 2],
    data: &[u8],
) -> Option<u16> {
    let total = usize::from(u16::from_be_bytes(length));
    let data = data.get(..total.checked_sub(udp::HEADER_LEN)?)?;
    let sum = ip.pseudo_header(Protocol::UDP, total);
    let sum = sum.add_octets(ports.source).add_octets(ports.destination).add_octets(&length);
    Some(sum.add_octets(data).checksum())
}

/// \[NAT-4\]: addresses are no part of the checksum.
fn sctp<'a, H: Header<'a>>(
    mut ip: H,
    packet: &mut [u8],
    layout: &Layout,
    edit: &Edit<H::Address>,
) -> Result<(), RewriteError> {
    let (mut ports, rest) = Ports::split(packet).ok_or(RewriteError::HeaderUnreadable)?;
    let (tag, rest) = rest.split_first_chunk_mut::<4>().ok_or(RewriteError::HeaderUnreadable)?;
    let (checksum, chunks) = rest.split_first_chunk_mut().ok_or(RewriteError::HeaderUnreadable)?;
    if ports.would_change(edit) {
        if layout.part != Part::Whole {
            return Err(RewriteError::SctpFragment);
        }
        ports.rewrite(edit, Change::new());
        let crc = crc32c(&[ports.source, ports.destination, tag, &[0; 4], chunks]);
        *checksum = crc.to_le_bytes();
    }
    ip.rewrite(edit);
    Ok(())
}

/// An error must be whole and intact: with the new checksum, damage would be covered up.
#[cold]
fn icmp<'a, H: Header<'a>>(
    mut ip: H,
    message: &'a mut [u8],
    layout: &Layout,
    edit: &Edit<H::Address>,
) -> Result<(), RewriteError> {
    let &kind = message.first().ok_or(RewriteError::HeaderUnreadable)?;
    let is_error = ip::quotes(H::FAMILY, kind);
    if is_error {
        check_icmp(&ip, message, layout)?;
    }
    let (header, payload) = message
        .split_first_chunk_mut::<{ icmpv4::HEADER_LEN }>()
        .ok_or(RewriteError::HeaderUnreadable)?;
    let quote = match is_error {
        true => Some(Quote::<H>::of(payload).ok_or(RewriteError::IcmpUnreadable)?),
        false => None,
    };
    let change = ip.rewrite(edit);
    // The addresses are no part of the checksum over IPv4 (RFC 792).
    let change = if H::FAMILY == Family::V4 { Change::new() } else { change };
    let change = quote.map_or(change, |quote| quote.rewrite(edit, change));
    let [_, _, high, low, ..] = header;
    change.update([high, low]);
    Ok(())
}

/// \[ICMP-4\] \[ICMP-6\]
fn check_icmp<'a, H: Header<'a>>(
    ip: &H,
    message: &[u8],
    layout: &Layout,
) -> Result<(), RewriteError> {
    if layout.part != Part::Whole {
        return Err(RewriteError::IcmpUnreadable);
    }
    let sum = match H::FAMILY {
        Family::V4 => Sum::new(),
        Family::V6 => ip.pseudo_header(Protocol::ICMPV6, message.len()),
    };
    if sum.add_octets(message).verifies() { Ok(()) } else { Err(RewriteError::IcmpChecksum) }
}
