//! The IP header of a packet that is rewritten.
//!
//! Generic over the version, so that the packet path asks once which it is; and always inlined, for
//! octets handed on through memory in pieces would be waited for.

use core::net::IpAddr;

use super::RewriteError;
use crate::checksum::{Change, Sum};
use crate::wire::{ipv4, ipv6};
use crate::{Family, Layout, Protocol};

/// What is to be written, in octets; `A` are those of an address.
#[derive(Clone, Copy)]
pub(super) struct Edit<A> {
    pub(super) source: Option<End<A>>,
    pub(super) destination: Option<End<A>>,
    /// Whether the packet goes another hop, which [`Header::check_onward`] has allowed.
    pub(super) onward: bool,
}

#[derive(Clone, Copy)]
pub(super) struct End<A> {
    pub(super) address: A,
    pub(super) port: [u8; 2],
}

impl<A: Copy> Edit<A> {
    /// One hop less, and no more.
    pub(super) const ONWARD: Self = Self { source: None, destination: None, onward: true };

    /// To write these addresses and ports, where there are any.
    #[inline(always)]
    pub(super) fn new<'a, H: Header<'a, Address = A>>(
        source: Option<(&IpAddr, u16)>,
        destination: Option<(&IpAddr, u16)>,
        onward: bool,
    ) -> Result<Self, RewriteError> {
        let end = |end| match end {
            Some((address, port)) => match H::address(address) {
                Some(address) => Ok(Some(End { address, port: u16::to_be_bytes(port) })),
                None => Err(RewriteError::Family { packet: H::FAMILY }),
            },
            None => Ok(None),
        };
        Ok(Self { source: end(source)?, destination: end(destination)?, onward })
    }

    /// For a packet in the other direction, which goes nowhere itself.
    pub(super) const fn inverted(&self) -> Self {
        Self { source: self.destination, destination: self.source, onward: false }
    }
}

/// What a header says of the packet's way.
#[derive(Clone, Copy)]
pub(super) struct Facts {
    pub(super) tos: u8,
    pub(super) hop_limit: u8,
    /// Whether a tunnel must not send it in fragments.
    pub(super) dont_fragment: bool,
}

/// The fixed part of an IP header.
pub(super) trait Header<'a>: Sized {
    /// The octets of an address.
    type Address: Copy;

    const FAMILY: Family;

    /// The header at the front of `octets`.
    fn of(octets: &'a mut [u8]) -> Option<Self>;

    /// The octets of an address of this family.
    fn address(address: &IpAddr) -> Option<Self::Address>;

    /// Whether the packet may go another hop, over a link of this MTU \[RT-5\] \[RT-7\] \[RT-8\].
    fn check_onward(&self, layout: &Layout, mtu: u32) -> Result<(), RewriteError>;

    /// What the outer header of a tunnel goes by.
    fn facts(&self) -> Facts;

    /// Writes what is to be. The change is that of the addresses, which the checksum of the
    /// transport covers too.
    fn rewrite(&mut self, edit: &Edit<Self::Address>) -> Change;

    /// The sum of the pseudo-header of a message behind this header (RFC 9293 section 3.1, RFC 8200
    /// section 8.1).
    fn pseudo_header(&self, protocol: Protocol, length: usize) -> Sum;
}

pub(super) struct V4<'a> {
    /// What is before the addresses.
    front: &'a mut [u8; 12],
    source: &'a mut [u8; 4],
    destination: &'a mut [u8; 4],
}

impl<'a> Header<'a> for V4<'a> {
    type Address = [u8; 4];

    const FAMILY: Family = Family::V4;

    #[inline(always)]
    fn of(octets: &'a mut [u8]) -> Option<Self> {
        let octets = octets.first_chunk_mut::<{ ipv4::HEADER_LEN }>()?;
        let (front, rest) = octets.split_first_chunk_mut()?;
        let (source, rest) = rest.split_first_chunk_mut()?;
        Some(Self { front, source, destination: rest.first_chunk_mut()? })
    }

    #[inline(always)]
    fn address(address: &IpAddr) -> Option<[u8; 4]> {
        match address {
            IpAddr::V4(address) => Some(address.octets()),
            IpAddr::V6(_) => None,
        }
    }

    #[inline(always)]
    fn check_onward(&self, layout: &Layout, mtu: u32) -> Result<(), RewriteError> {
        let Facts { hop_limit, dont_fragment, .. } = self.facts();
        if hop_limit <= 1 {
            return Err(RewriteError::TimeExceeded);
        }
        // An ICMP packet is sent in fragments, whatever it says.
        let indivisible = dont_fragment && layout.protocol != Protocol::ICMP;
        if indivisible && layout.packet().len() > mtu as usize {
            return Err(RewriteError::TooBig { mtu });
        }
        Ok(())
    }

    #[inline(always)]
    fn facts(&self) -> Facts {
        let [_, tos, _, _, _, _, flags, _, hop_limit, ..] = *self.front;
        Facts { tos, hop_limit, dont_fragment: flags & ipv4::DONT_FRAGMENT != 0 }
    }

    #[inline(always)]
    fn rewrite(&mut self, edit: &Edit<[u8; 4]>) -> Change {
        let [.., ttl, _, high, low] = self.front;
        let change = replace(self.source, edit.source.map(|end| end.address), Change::new());
        let change = replace(self.destination, edit.destination.map(|end| end.address), change);
        *ttl -= u8::from(edit.onward);
        let hop = Change::new().word(u16::from(edit.onward) << 8, 0);
        change.and(hop).update([high, low]);
        change
    }

    fn pseudo_header(&self, protocol: Protocol, length: usize) -> Sum {
        pseudo_header(self.source, self.destination, protocol, length)
    }
}

pub(super) struct V6<'a> {
    /// What is before the addresses.
    front: &'a mut [u8; 8],
    source: &'a mut [u8; 16],
    destination: &'a mut [u8; 16],
}

impl<'a> Header<'a> for V6<'a> {
    type Address = [u8; 16];

    const FAMILY: Family = Family::V6;

    #[inline(always)]
    fn of(octets: &'a mut [u8]) -> Option<Self> {
        if !cfg!(feature = "ipv6") {
            return None;
        }
        let octets = octets.first_chunk_mut::<{ ipv6::HEADER_LEN }>()?;
        let (front, rest) = octets.split_first_chunk_mut()?;
        let (source, rest) = rest.split_first_chunk_mut()?;
        Some(Self { front, source, destination: rest.first_chunk_mut()? })
    }

    #[inline(always)]
    fn address(address: &IpAddr) -> Option<[u8; 16]> {
        match address {
            IpAddr::V6(address) => Some(address.octets()),
            IpAddr::V4(_) => None,
        }
    }

    #[inline(always)]
    fn check_onward(&self, layout: &Layout, mtu: u32) -> Result<(), RewriteError> {
        if self.facts().hop_limit <= 1 {
            return Err(RewriteError::TimeExceeded);
        }
        if layout.packet().len() > mtu as usize {
            return Err(RewriteError::TooBig { mtu });
        }
        Ok(())
    }

    #[inline(always)]
    fn facts(&self) -> Facts {
        let [first, second, .., hop_limit] = *self.front;
        // A tunnel over IPv4 may send it in fragments [TUN-1].
        Facts { tos: first << 4 | second >> 4, hop_limit, dont_fragment: false }
    }

    #[inline(always)]
    fn rewrite(&mut self, edit: &Edit<[u8; 16]>) -> Change {
        let [.., hop_limit] = self.front;
        *hop_limit -= u8::from(edit.onward);
        let change = replace(self.source, edit.source.map(|end| end.address), Change::new());
        replace(self.destination, edit.destination.map(|end| end.address), change)
    }

    fn pseudo_header(&self, protocol: Protocol, length: usize) -> Sum {
        pseudo_header(self.source, self.destination, protocol, length)
    }
}

/// Writes `new` over `field`; `change` with what that changed.
#[inline(always)]
pub(super) fn replace<const N: usize>(
    field: &mut [u8; N],
    new: Option<[u8; N]>,
    change: Change,
) -> Change {
    match new {
        Some(new) => {
            let change = change.octets(*field, new);
            *field = new;
            change
        }
        None => change,
    }
}

fn pseudo_header(source: &[u8], destination: &[u8], protocol: Protocol, length: usize) -> Sum {
    // At most 65 535 octets.
    let length = (length as u32).to_be_bytes();
    let sum = Sum::new().add_octets(source).add_octets(destination);
    sum.add_octets(&length).add_word(u16::from(protocol.0))
}
