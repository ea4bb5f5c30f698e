//! Packets in fragments: the first one says where the others go.
//!
//! The kernel puts IPv4 packets together before IPVS sees them \[NAT-9\]. Who has no kernel sees
//! fragments, of which the first alone names its ports; what became of it is remembered for the
//! rest. Nothing is kept until it is whole: a later fragment that comes first is dropped, and all
//! is sent again.

use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::time::Duration;

use lvs_proto::{AddressPair, DropReason, Family, Flow, Instant, Protocol, Verdict};

use super::Director;
use crate::conns::NOWHERE;
use crate::hash::{Address, Seed};
use crate::{ConnKey, DestId, OutOfMemory};

/// How long the first fragment is remembered: as long as Linux waits for the others. A sender that
/// uses its identifications up sooner teaches anew.
const LIFETIME: Duration = Duration::from_secs(30);
/// Places that a packet may be in.
const WAYS: usize = 8;

impl Director {
    /// Remembers what became of a first fragment.
    #[cold]
    pub(super) fn learn(&mut self, now: Instant, flow: &Flow, hash: u64, verdict: &Verdict) {
        let (Some(packet), Some(key)) = (FragmentsOf::of(flow), ConnKey::of(flow)) else { return };
        // AH and ESP have a key without ports, and in every fragment.
        if !self.fragments.are_remembered() || flow.transport.ports().is_none() {
            return;
        }
        let conn = match verdict {
            Verdict::Forward(_) => self.conns.find_hashed(now, &key, hash),
            Verdict::Reply(_) => self.conns.find_reply(now, &key, hash),
            _ => None,
        };
        let course = conn.and_then(|id| self.conns.course(id));
        let dest = course.map_or(NOWHERE, |course| self.conns.dest(course.dest));
        let verdict = match *verdict {
            // Nobody is told of a later fragment (RFC 1122 section 3.2.2).
            Verdict::Reject(_) => Verdict::Drop(DropReason::LaterFragment),
            verdict => verdict,
        };
        let first = First { packet, verdict, dest, until: now + LIFETIME };
        self.counters.forgotten_fragments += u64::from(self.fragments.remember(now, first));
    }

    /// A fragment goes the way of the first one, and counts for the same destination. Connections
    /// follow first ones alone.
    #[cold]
    pub(super) fn later_fragment(&mut self, now: Instant, flow: &Flow, has_ports: bool) -> Verdict {
        match FragmentsOf::of(flow).and_then(|packet| self.fragments.first(now, &packet)) {
            Some(&First { verdict, dest, .. }) => {
                match verdict {
                    Verdict::Forward(_) => self.dests.count_packet(dest, flow.length),
                    Verdict::Reply(_) => self.dests.count_reply(dest, flow.length),
                    _ => {}
                }
                verdict
            }
            None if has_ports => Verdict::Drop(DropReason::LaterFragment),
            None => Verdict::Pass,
        }
    }
}

/// What the fragments of one packet have in common (RFC 791 section 3.2, RFC 8200 section 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FragmentsOf {
    addresses: AddressPair,
    identification: u32,
    /// Of IPv4. Over IPv6 only the first fragment shows it behind all extension headers.
    protocol: Option<Protocol>,
}

impl FragmentsOf {
    fn of(flow: &Flow) -> Option<Self> {
        let protocol = match flow.family() {
            Family::V4 => Some(flow.protocol()),
            Family::V6 => None,
        };
        Some(Self { addresses: flow.addresses, identification: flow.fragment?, protocol })
    }
}

/// What became of the first fragment of a packet.
#[derive(Clone, Copy, Debug)]
struct First {
    packet: FragmentsOf,
    verdict: Verdict,
    dest: DestId,
    until: Instant,
}

/// A fixed number of places, in sets by the hash of what is there: of a set that is full, the
/// oldest gives way. What is out of time is not found, so that no timer is needed.
#[derive(Debug)]
pub(super) struct Fragments {
    sets: Vec<[Option<First>; WAYS]>,
    seed: Seed,
}

impl Fragments {
    pub(super) fn new(capacity: u32, seed: Seed) -> Result<Self, OutOfMemory> {
        let count = (capacity as usize).div_ceil(WAYS);
        let mut sets = Vec::new();
        sets.try_reserve_exact(count).map_err(|_| OutOfMemory)?;
        sets.resize(count, [None; WAYS]);
        Ok(Self { sets, seed })
    }

    pub(super) fn are_remembered(&self) -> bool {
        !self.sets.is_empty()
    }

    fn first(&self, now: Instant, packet: &FragmentsOf) -> Option<&First> {
        let set = self.sets.get(self.set(packet))?;
        set.iter().flatten().find(|first| first.packet == *packet && first.until > now)
    }

    /// Whether another one was forgotten for it before its time.
    fn remember(&mut self, now: Instant, first: First) -> bool {
        let set = self.set(&first.packet);
        let Some(set) = self.sets.get_mut(set) else { return false };
        let is_same = |place: &Option<First>| place.is_some_and(|old| old.packet == first.packet);
        let place = match set.iter().position(is_same) {
            Some(same) => set.get_mut(same),
            // Nothing is older than what is not there.
            None => set.iter_mut().min_by_key(|place| place.map(|old| old.until)),
        };
        let Some(old) = place.and_then(|place| place.replace(first)) else { return false };
        old.packet != first.packet && old.until > now
    }

    /// The set of a packet: its hash as a fraction of all sets.
    fn set(&self, packet: &FragmentsOf) -> usize {
        let FragmentsOf { addresses, identification, protocol } = *packet;
        let ends = (Address(addresses.source()), Address(addresses.destination()));
        let protocol = protocol.map_or(0, |protocol| protocol.0);
        let hash = self.seed.hash_one((ends, identification.to_be(), protocol));
        ((u128::from(hash) * self.sets.len() as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the configuration says it takes.
    #[test]
    fn octets_of_a_place() {
        assert_eq!(size_of::<Option<First>>(), 104);
    }
}
