//! The packet that an ICMP error quotes, translated the other way round.

use super::header::{Edit, Header};
use super::message::Ports;
use crate::Family;
use crate::checksum::Change;
use crate::wire::{ip, ipv4, ipv6};

/// A quoted packet, as far as translation changes it \[ICMP-4\] \[ICMP-6\].
pub(super) struct Quote<'a, H> {
    header: H,
    /// If the protocol has them, and the quote does not end before them.
    ports: Option<Ports<'a>>,
}

impl<'a, H: Header<'a>> Quote<'a, H> {
    /// The packet quoted in `octets`, `None` if its header is malformed or cut short.
    pub(super) fn of(octets: &'a mut [u8]) -> Option<Self> {
        let packet = match H::FAMILY {
            Family::V4 => ip::Packet::V4(ipv4::Packet::parse_quote(octets).ok()?),
            Family::V6 => ip::Packet::V6(ipv6::Packet::parse_quote(octets).ok()?),
        };
        let has_ports = packet.protocol().has_ports() && !packet.is_later_fragment();
        let (header, payload) = octets.split_at_mut_checked(packet.header_len())?;
        let ports = if has_ports { Ports::split(payload) } else { None };
        Some(Self { header: H::of(header)?, ports: ports.map(|(ports, _)| ports) })
    }

    /// Translates the packet, which went the other way than the error; `change` with all that the
    /// ICMP checksum sees of it. The transport checksum stays: what it covers is not all here.
    pub(super) fn rewrite(mut self, edit: &Edit<H::Address>, change: Change) -> Change {
        let edit = &edit.inverted();
        let addresses = self.header.rewrite(edit);
        let change = match H::FAMILY {
            // With its own checksum up to date, the header sums to what it did.
            Family::V4 => change,
            Family::V6 => change.and(addresses),
        };
        self.ports.map_or(change, |mut ports| ports.rewrite(edit, change))
    }
}
