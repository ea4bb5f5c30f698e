//! `virtual_server_group`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use lvs_proto::Family;

use super::keyword::{Input, Outcome, unexpected};

/// Addresses and marks that have the same real servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualServerGroup {
    /// Its line.
    pub line: usize,
    /// What it is called.
    pub name: String,
    /// What is in it.
    pub members: Vec<Member>,
}

/// A member of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// Addresses that follow each other, at most 65 536, and their port.
    Range {
        /// The first.
        first: IpAddr,
        /// How many follow it.
        more: u16,
        /// The port, if there is one.
        port: Option<u16>,
    },
    /// A firewall mark, and the family of its packets if it is said.
    Mark(NonZeroU32, Option<Family>),
}

impl Member {
    /// How many services it makes.
    #[must_use]
    pub fn services(&self) -> usize {
        match self {
            Self::Range { more, .. } => usize::from(*more) + 1,
            Self::Mark(..) => 1,
        }
    }
}

/// `ADDRESS [PORT]`, `RANGE [PORT]` or `fwmark N [inet|inet6]`, line by line.
pub(super) fn members(input: &mut Input<'_>, members: &mut Vec<Member>) -> Outcome {
    input.list(|entry| {
        let word = entry.word()?;
        if word == "fwmark" {
            let mark = mark(entry)?;
            let family = entry.next_word().map(family).transpose()?;
            members.push(Member::Mark(mark, family));
        } else {
            let range = range(word);
            let (first, more) = range.ok_or_else(|| unexpected(word, "an address or a range"))?;
            let port = entry.port()?;
            members.push(Member::Range { first, more, port });
        }
        Ok(())
    })
}

pub(super) fn mark(input: &mut Input<'_>) -> Outcome<NonZeroU32> {
    input.number(NonZeroU32::MIN..=NonZeroU32::MAX)
}

pub(super) fn family(word: &str) -> Outcome<Family> {
    match word {
        "inet" => Ok(Family::V4),
        "inet6" => Ok(Family::V6),
        _ => Err(unexpected(word, "inet or inet6")),
    }
}

/// `A`, `A/LENGTH`, `A-B` or `A-LAST`: the first address and how many more there are.
fn range(word: &str) -> Option<(IpAddr, u16)> {
    if let Some((address, length)) = word.split_once('/') {
        let first: IpAddr = address.parse().ok()?;
        let width: u32 = if first.is_ipv4() { 32 } else { 128 };
        let host_bits =
            width.checked_sub(length.parse().ok()?).filter(|bits| *bits <= u16::BITS)?;
        let more = u16::try_from((1_u32 << host_bits) - 1).ok()?;
        return (last_bits(first) & more == 0).then_some((first, more));
    }
    let Some((address, last)) = word.split_once('-') else { return Some((word.parse().ok()?, 0)) };
    let first: IpAddr = address.parse().ok()?;
    let last = last.parse().ok().or_else(|| with_last_part(first, last))?;
    let more = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            last.to_bits().checked_sub(first.to_bits())?.into()
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => last.to_bits().checked_sub(first.to_bits())?,
        _ => return None,
    };
    Some((first, more.try_into().ok()?))
}

fn last_bits(address: IpAddr) -> u16 {
    match address {
        IpAddr::V4(address) => address.to_bits() as u16,
        IpAddr::V6(address) => address.to_bits() as u16,
    }
}

/// `address` with its last octet, or in IPv6 its last hexadecimal group, replaced.
fn with_last_part(address: IpAddr, last: &str) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let last: u8 = last.parse().ok()?;
            Some(Ipv4Addr::from_bits(address.to_bits() & !0xff | u32::from(last)).into())
        }
        IpAddr::V6(address) => {
            let last = u16::from_str_radix(last, 16).ok()?;
            Some(Ipv6Addr::from_bits(address.to_bits() & !0xffff | u128::from(last)).into())
        }
    }
}
