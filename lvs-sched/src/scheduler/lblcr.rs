//! Locality-based least connection with replication: a set of destinations for each destination
//! address, which grows when its best is busy and shrinks when nothing changes.

use core::iter::successors;
use core::time::Duration;

use lvs_proto::{Flow, Instant};

use super::cache::{Cache, hard_limit};
use super::hash::destination;
use super::spare::Spare;
use super::{Change, Scheduler, SchedulerSetup};
use crate::OutOfMemory;
use crate::arena::{Arena, Key};
use crate::dests::{DestList, Growth, Load, Watch};

/// The cache is that of `lblc` \[LBLCR-1\] \[LBLCR-8\].
#[derive(Debug)]
pub(crate) struct Lblcr {
    cache: Cache<Set>,
    members: Members,
    spare: Spare,
}

/// A chain of members, the newest first \[LBLCR-2\].
#[derive(Clone, Copy, Debug)]
struct Set {
    first: Option<Key>,
    modified: Instant,
}

/// The members of all sets: room for two per set on average.
#[derive(Debug)]
struct Members {
    members: Arena<Member>,
    /// How many found no room.
    forgotten: u64,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    place: u32,
    next: Option<Key>,
}

impl Lblcr {
    pub(super) fn new(
        setup: &SchedulerSetup,
        now: Instant,
        list: DestList<'_>,
    ) -> Result<Self, OutOfMemory> {
        let mut members = Arena::new();
        members.reserve(hard_limit(setup.lblc).saturating_mul(2))?;
        let members = Members { members, forgotten: 0 };
        Ok(Self { cache: Cache::new(setup, now)?, members, spare: Spare::new(list)? })
    }

    /// \[LBLCR-5\] \[LBLCR-6\] \[LBLCR-7\]
    pub(super) fn pick(&mut self, list: DestList<'_>, now: Instant, flow: &Flow) -> Option<u32> {
        let Self { cache, members, spare } = self;
        // What a sweep has yet to take out leaves room already.
        while cache.is_full() || members.is_full() {
            if cache.sweep_on(|set| members.clear(set)) == 0 {
                break;
            }
        }
        let expiration = cache.expiration();
        let address = destination(flow);
        let Some(set) = cache.hit(now, address) else {
            let place = spare.pick(list)?;
            if let Some(set) = cache.store(now, address, Set { first: None, modified: now }) {
                members.insert(set, place, now);
            }
            return Some(place);
        };
        let least = members.least_loaded(*set, list);
        if members.of(*set).nth(1).is_some() && now > set.modified + expiration {
            if let Some(most) = members.most_loaded(*set, list) {
                members.erase(set, most, now);
            }
        }
        let serves = |place: &u32| list.load(*place).is_some_and(|load| !spare.is_busy(load));
        if let Some(place) = least.filter(serves) {
            return Some(place);
        }
        let place = spare.pick(list)?;
        members.insert(set, place, now);
        Some(place)
    }

    #[inline(never)]
    pub(super) fn counted(&mut self, load: &Load) {
        self.spare.counted(load);
    }
}

impl Scheduler for Lblcr {
    fn reserve(
        &mut self,
        list: DestList<'_>,
        dests: usize,
        weight: u32,
    ) -> Result<(), OutOfMemory> {
        self.spare.reserve(list, dests, weight)
    }

    fn changed(&mut self, list: DestList<'_>, change: Change) {
        self.spare.changed(list, change);
    }

    fn growth(&self, load: &Load) -> Growth {
        self.spare.growth(load)
    }

    fn watch(&self) -> Watch {
        Watch::Counts
    }

    fn references(&self) -> usize {
        self.members.members.capacity()
    }

    fn reference(&self, index: usize) -> Option<u32> {
        Some(self.members.members.at(index as u32)?.place)
    }

    fn set_expiration(&mut self, expiration: Duration) {
        self.cache.set_expiration(expiration);
    }

    fn next_deadline(&self) -> Option<Instant> {
        Some(self.cache.next_deadline())
    }

    fn handle_timeout(&mut self, now: Instant, budget: usize) -> usize {
        let members = &mut self.members;
        self.cache.handle_timeout(now, budget, |set| members.clear(set))
    }

    fn forgotten(&self) -> u64 {
        self.cache.forgotten().wrapping_add(self.members.forgotten)
    }
}

impl Members {
    fn is_full(&self) -> bool {
        self.members.len() == self.members.capacity()
    }

    fn chain(&self, set: Set) -> impl Iterator<Item = (Key, Member)> {
        let member = |key: Key| Some((key, *self.members.get(key)?));
        successors(set.first.and_then(member), move |(_, last)| last.next.and_then(member))
    }

    fn of(&self, set: Set) -> impl Iterator<Item = u32> {
        self.chain(set).map(|(_, member)| member.place)
    }

    /// At the head, unless it is in the set or there is no room \[LBLCR-6\].
    fn insert(&mut self, set: &mut Set, place: u32, now: Instant) {
        if self.of(*set).any(|member| member == place) {
            return;
        }
        match self.members.insert(Member { place, next: set.first }) {
            Some(key) => *set = Set { first: Some(key), modified: now },
            None => self.forgotten = self.forgotten.wrapping_add(1),
        }
    }

    fn erase(&mut self, set: &mut Set, place: u32, now: Instant) {
        let mut chain = self.chain(*set);
        let mut before = None;
        let Some((key, member)) = chain.find(|&(key, member)| {
            let found = member.place == place;
            if !found {
                before = Some(key);
            }
            found
        }) else {
            return;
        };
        drop(chain);
        self.members.remove(key);
        match before.and_then(|before| self.members.get_mut(before)) {
            Some(before) => before.next = member.next,
            None => set.first = member.next,
        }
        set.modified = now;
    }

    /// Returns how many there were.
    fn clear(&mut self, set: Set) -> usize {
        let (mut next, mut count) = (set.first, 0);
        while let Some(member) = next.and_then(|key| self.members.remove(key)) {
            next = member.next;
            count += 1;
        }
        count
    }

    /// `min(set)` of \[LBLCR-3\].
    fn least_loaded(&self, set: Set, list: DestList<'_>) -> Option<u32> {
        let members = self.of(set).filter_map(|place| Some((place, list.load(place)?)));
        let mut free = members
            .filter(|(_, load)| !load.is_overloaded() && load.is_available())
            .skip_while(|(_, load)| load.weight == 0);
        let first = free.next()?;
        let lighter = |one: &Load, other: &Load| is_lighter(list, one, other);
        Some(free.fold(first, |best, next| if lighter(next.1, best.1) { next } else { best }).0)
    }

    /// `max(set)` of \[LBLCR-4\]: flags are not looked at.
    fn most_loaded(&self, set: Set, list: DestList<'_>) -> Option<u32> {
        let members = self.of(set).filter_map(|place| Some((place, list.load(place)?)));
        let mut weighted = members.filter(|(_, load)| load.weight > 0);
        let first = weighted.next()?;
        let lighter = |one: &Load, other: &Load| is_lighter(list, one, other);
        Some(weighted.fold(first, |most, next| if lighter(most.1, next.1) { next } else { most }).0)
    }
}

/// Whether the overhead of `one` is a strictly smaller share of its weight, in products of 64 bits.
fn is_lighter(list: DestList<'_>, one: &Load, other: &Load) -> bool {
    i64::from(list.overhead(other)) * i64::from(one.weight)
        > i64::from(list.overhead(one)) * i64::from(other.weight)
}
