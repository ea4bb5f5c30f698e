//! Local addresses and ports: what real servers of [`FullNat`](lvs_proto::Method::FullNat) see
//! instead of their clients \[FN-1\].

use alloc::vec::Vec;
use core::net::IpAddr;
use core::num::NonZeroU16;

use lvs_proto::{Endpoint, Family};

use crate::OutOfMemory;

/// The ports of a director's local addresses.
///
/// Directors on several lcores share the addresses: each has every port that leaves its own number
/// when divided by how many there are, so that no two hand out the same, and a network card can tell
/// by the port whose an answer is. With a power of two of them, by its low bits alone.
///
/// ```
/// use core::num::NonZeroU16;
/// use lvs_sched::LocalPorts;
///
/// let lcores = NonZeroU16::new(4).ok_or("none")?;
/// let ports = LocalPorts { lcore: 3, lcores, ..LocalPorts::default() };
/// assert_eq!(ports.count(), 16_128);
/// assert!([1027, 1031, 65_535].into_iter().all(|port| ports.contains(port)));
/// assert!(!ports.contains(1028));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct LocalPorts {
    /// The lowest, whoever's it is; 0 is none's.
    pub first: u16,
    /// The highest, whoever's it is.
    pub last: u16,
    /// The number of this director among them, from 0 on; one that is not below `lcores` has no
    /// port.
    pub lcore: u16,
    /// How many directors share the addresses.
    pub lcores: NonZeroU16,
}

/// 1025 to 65535, all of one director.
impl Default for LocalPorts {
    fn default() -> Self {
        Self { first: 1025, last: u16::MAX, lcore: 0, lcores: NonZeroU16::MIN }
    }
}

impl LocalPorts {
    /// How many ports this director has at each address.
    #[must_use]
    pub fn count(&self) -> u32 {
        let lowest = self.lowest();
        if !self.contains(lowest) {
            return 0;
        }
        1 + u32::from((self.last - lowest) / self.lcores)
    }

    /// Whether a port is this director's.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        (self.first.max(1)..=self.last).contains(&port) && port % self.lcores == self.lcore
    }

    /// The lowest that is this director's, if any is.
    fn lowest(&self) -> u16 {
        let Self { lcore, lcores, .. } = *self;
        let first = self.first.max(1);
        let past = first % lcores;
        let up = if lcore >= past { lcore - past } else { lcores.get() - (past - lcore) };
        first.saturating_add(up)
    }

    /// The port of a place below the count.
    fn port(&self, place: u32) -> u16 {
        let port = u32::from(self.lowest()) + place * u32::from(self.lcores.get());
        port as u16
    }
}

/// Why a local address was not added or deleted. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// It is one already.
    #[error("{address} is a local address already")]
    AlreadyExists {
        /// The address.
        address: IpAddr,
    },
    /// It is none.
    #[error("{address} is no local address")]
    NoSuchLocal {
        /// The address.
        address: IpAddr,
    },
    /// No packet can come from there.
    #[error("{address} is no address of a host")]
    NotUnicast {
        /// The address.
        address: IpAddr,
    },
    /// There is no memory for it.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
}

/// The local addresses of a director, gone through in turn, one port of each after the other: what
/// was handed out longest ago comes first.
#[derive(Clone, Debug)]
pub(crate) struct Locals {
    ports: LocalPorts,
    v4: Turn,
    v6: Turn,
}

#[derive(Clone, Debug)]
struct Turn {
    addresses: Vec<IpAddr>,
    /// Counts what was handed out.
    next: u64,
}

impl Turn {
    const fn from(next: u64) -> Self {
        Self { addresses: Vec::new(), next }
    }
}

impl Locals {
    /// None yet; which port comes first is by `seed`.
    pub(crate) const fn new(ports: LocalPorts, [one, other]: [u64; 2]) -> Self {
        Self { ports, v4: Turn::from(one), v6: Turn::from(other) }
    }

    pub(crate) fn add(&mut self, address: IpAddr) -> Result<(), LocalError> {
        if self.iter().any(|local| local == address) {
            return Err(LocalError::AlreadyExists { address });
        }
        let addresses = &mut self.turn(Family::of(address)).addresses;
        addresses.try_reserve(1).map_err(|_| OutOfMemory)?;
        addresses.push(address);
        Ok(())
    }

    pub(crate) fn delete(&mut self, address: IpAddr) -> Result<(), LocalError> {
        let addresses = &mut self.turn(Family::of(address)).addresses;
        let place = addresses.iter().position(|local| *local == address);
        addresses.remove(place.ok_or(LocalError::NoSuchLocal { address })?);
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = IpAddr> {
        self.v4.addresses.iter().chain(&self.v6.addresses).copied()
    }

    /// The next address and port of a family, free or not.
    pub(crate) fn next(&mut self, family: Family) -> Option<Endpoint> {
        let ports = self.ports;
        let Turn { addresses, next } = self.turn(family);
        let (turn, count) = (*next, addresses.len() as u64);
        *next = turn.wrapping_add(1);
        let &address = addresses.get(turn.checked_rem(count)? as usize)?;
        let place = (turn / count).checked_rem(ports.count().into())?;
        Some(Endpoint { address, port: ports.port(place as u32) })
    }

    const fn turn(&mut self, family: Family) -> &mut Turn {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn places_are_the_ports_that_it_has() {
        arbtest::arbtest(|u| {
            let ports = LocalPorts {
                first: u.arbitrary()?,
                last: u.arbitrary()?,
                lcore: u.int_in_range(0..=9)?,
                lcores: NonZeroU16::new(u.int_in_range(1..=8)?).unwrap(),
            };
            let by_place: Vec<u16> = (0..ports.count()).map(|place| ports.port(place)).collect();
            let by_port: Vec<u16> = (0..=u16::MAX).filter(|port| ports.contains(*port)).collect();
            assert_eq!(by_place, by_port);
            Ok(())
        });
    }

    #[test]
    fn every_end_comes_once_in_a_turn() {
        let ports = LocalPorts { first: 9, last: 12, ..LocalPorts::default() };
        let mut locals = Locals::new(ports, [u64::MAX / 3, 0]);
        assert_eq!(locals.next(Family::V4), None);
        for last in 1..=3 {
            locals.add([10, 0, 0, last].into()).unwrap();
        }
        assert_eq!(locals.next(Family::V6), None);
        let mut turn = || (0..12).filter_map(|_| locals.next(Family::V4)).collect::<Vec<_>>();
        let first = turn();
        assert_eq!(first.iter().collect::<HashSet<_>>().len(), 12);
        assert_eq!(turn(), first, "what was handed out longest ago comes first");
    }
}
