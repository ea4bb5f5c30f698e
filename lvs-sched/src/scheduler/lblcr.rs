//! Locality-based least connection with replication: a set of destinations for each destination
//! address, which grows when its best is busy and shrinks when nothing changes.

use core::iter::successors;
use core::time::Duration;

use lvs_proto::{Flow, Instant};

use super::cache::{Cache, hard_limit};
use super::hash::destination;
use super::lblc::is_busy;
use super::{Scheduler, SchedulerSetup, is_lighter, wlc};
use crate::arena::{Arena, Key};
use crate::dests::DestList;
use crate::{DestId, OutOfMemory};

/// The cache is that of `lblc` \[LBLCR-1\] \[LBLCR-8\].
#[derive(Debug)]
pub(super) struct Lblcr {
    cache: Cache<Set>,
    members: Members,
}

/// A chain of members, the newest first \[LBLCR-2\].
#[derive(Clone, Copy, Debug)]
struct Set {
    first: Option<Key>,
    modified: Instant,
}

/// The members of all sets: room for two per set on average.
#[derive(Debug)]
struct Members(Arena<Member>);

#[derive(Clone, Copy, Debug)]
struct Member {
    dest: DestId,
    next: Option<Key>,
}

impl Lblcr {
    pub(super) fn new(setup: &SchedulerSetup, now: Instant) -> Result<Self, OutOfMemory> {
        let mut members = Arena::new();
        members.reserve(hard_limit(setup.lblc).saturating_mul(2))?;
        Ok(Self { cache: Cache::new(setup, now)?, members: Members(members) })
    }
}

impl Scheduler for Lblcr {
    /// \[LBLCR-5\] \[LBLCR-6\] \[LBLCR-7\]
    fn pick(&mut self, list: DestList<'_>, now: Instant, flow: &Flow) -> Option<DestId> {
        let Self { cache, members } = self;
        let expiration = cache.expiration();
        let address = destination(flow);
        let Some(set) = cache.hit(now, address) else {
            let id = wlc::pick(list)?;
            if !cache.is_full() {
                let mut set = Set { first: None, modified: now };
                members.insert(&mut set, id, now);
                cache.store(now, address, set);
            }
            return Some(id);
        };
        let least = members.least_loaded(*set, list);
        if members.of(*set).nth(1).is_some() && now > set.modified + expiration {
            if let Some(most) = members.most_loaded(*set, list) {
                members.erase(set, most, now);
            }
        }
        let serves = |id: &DestId| list.dest(*id).is_some_and(|dest| !is_busy(dest, list));
        if let Some(id) = least.filter(serves) {
            return Some(id);
        }
        let id = wlc::pick(list)?;
        members.insert(set, id, now);
        Some(id)
    }

    fn refers_to(&self, dest: DestId) -> bool {
        self.members.0.values().any(|member| member.dest == dest)
    }

    fn set_expiration(&mut self, expiration: Duration) {
        self.cache.set_expiration(expiration);
    }

    fn next_deadline(&self) -> Option<Instant> {
        Some(self.cache.next_sweep())
    }

    fn handle_timeout(&mut self, now: Instant) {
        let members = &mut self.members;
        self.cache.sweep(now, |set| members.clear(set));
    }
}

impl Members {
    fn chain(&self, set: Set) -> impl Iterator<Item = (Key, Member)> {
        let member = |key: Key| Some((key, *self.0.get(key)?));
        successors(set.first.and_then(member), move |(_, last)| last.next.and_then(member))
    }

    fn of(&self, set: Set) -> impl Iterator<Item = DestId> {
        self.chain(set).map(|(_, member)| member.dest)
    }

    /// At the head, unless it is in the set or there is no room \[LBLCR-6\].
    fn insert(&mut self, set: &mut Set, dest: DestId, now: Instant) {
        if self.of(*set).any(|id| id == dest) {
            return;
        }
        if let Some(key) = self.0.insert(Member { dest, next: set.first }) {
            *set = Set { first: Some(key), modified: now };
        }
    }

    fn erase(&mut self, set: &mut Set, dest: DestId, now: Instant) {
        let mut chain = self.chain(*set);
        let mut before = None;
        let Some((key, member)) = chain.find(|&(key, member)| {
            let found = member.dest == dest;
            if !found {
                before = Some(key);
            }
            found
        }) else {
            return;
        };
        drop(chain);
        self.0.remove(key);
        match before.and_then(|before| self.0.get_mut(before)) {
            Some(before) => before.next = member.next,
            None => set.first = member.next,
        }
        set.modified = now;
    }

    fn clear(&mut self, set: Set) {
        let mut next = set.first;
        while let Some(member) = next.and_then(|key| self.0.remove(key)) {
            next = member.next;
        }
    }

    /// `min(set)` of \[LBLCR-3\].
    fn least_loaded(&self, set: Set, list: DestList<'_>) -> Option<DestId> {
        let members = self.of(set).filter_map(|id| Some((id, list.dest(id)?)));
        let mut free = members
            .filter(|(_, dest)| !dest.is_overloaded() && dest.is_available())
            .skip_while(|(_, dest)| dest.weight() == 0);
        let first = free.next()?;
        let lighter = |one: &_, other: &_| is_lighter(one, other, |dest| list.overhead(dest));
        Some(free.fold(first, |best, next| if lighter(next.1, best.1) { next } else { best }).0)
    }

    /// `max(set)` of \[LBLCR-4\]: flags are not looked at.
    fn most_loaded(&self, set: Set, list: DestList<'_>) -> Option<DestId> {
        let members = self.of(set).filter_map(|id| Some((id, list.dest(id)?)));
        let mut weighted = members.filter(|(_, dest)| dest.weight() > 0);
        let first = weighted.next()?;
        let lighter = |one: &_, other: &_| is_lighter(one, other, |dest| list.overhead(dest));
        Some(weighted.fold(first, |most, next| if lighter(most.1, next.1) { next } else { most }).0)
    }
}
