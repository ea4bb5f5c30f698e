//! Locality-based least connection: one destination for each destination address, as long as it
//! keeps up.

use core::time::Duration;

use lvs_proto::{Flow, Instant};

use super::cache::Cache;
use super::hash::destination;
use super::spare::Spare;
use super::{Change, Scheduler, SchedulerSetup};
use crate::OutOfMemory;
use crate::dests::{DestList, Growth, Load, Watch};

#[derive(Debug)]
pub(crate) struct Lblc {
    cache: Cache<u32>,
    spare: Spare,
}

impl Lblc {
    pub(super) fn new(
        setup: &SchedulerSetup,
        now: Instant,
        list: DestList<'_>,
    ) -> Result<Self, OutOfMemory> {
        Ok(Self { cache: Cache::new(setup, now)?, spare: Spare::new(list)? })
    }

    /// \[LBLC-3\] \[LBLC-4\] \[LBLC-6\] \[LBLC-7\]
    pub(super) fn pick(&mut self, list: DestList<'_>, now: Instant, flow: &Flow) -> Option<u32> {
        let Self { cache, spare } = self;
        // What a sweep has yet to take out leaves room already.
        while cache.is_full() && cache.sweep_on(|_| 0) > 0 {}
        let address = destination(flow);
        let serves = |load: &Load| load.is_available() && load.weight > 0 && !spare.is_busy(load);
        match cache.hit(now, address) {
            Some(cached) if list.load(*cached).is_some_and(serves) => Some(*cached),
            Some(cached) => {
                *cached = spare.pick(list)?;
                Some(*cached)
            }
            None => {
                let place = spare.pick(list)?;
                cache.store(now, address, place);
                Some(place)
            }
        }
    }

    #[inline(never)]
    pub(super) fn counted(&mut self, load: &Load) {
        self.spare.counted(load);
    }
}

impl Scheduler for Lblc {
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

    /// A deleted destination stays in the cache, and serves again when it comes back \[LBLC-9\].
    fn references(&self) -> usize {
        self.cache.places()
    }

    fn reference(&self, index: usize) -> Option<u32> {
        self.cache.value(index).copied()
    }

    fn set_expiration(&mut self, expiration: Duration) {
        self.cache.set_expiration(expiration);
    }

    fn next_deadline(&self) -> Option<Instant> {
        Some(self.cache.next_deadline())
    }

    fn handle_timeout(&mut self, now: Instant, budget: usize) -> usize {
        self.cache.handle_timeout(now, budget, |_| 0)
    }

    fn forgotten(&self) -> u64 {
        self.cache.forgotten()
    }
}
