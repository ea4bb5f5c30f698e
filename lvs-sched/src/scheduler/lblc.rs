//! Locality-based least connection: one destination for each destination address, as long as it
//! keeps up.

use core::time::Duration;

use lvs_proto::{Flow, Instant};

use super::cache::Cache;
use super::hash::destination;
use super::{Scheduler, SchedulerSetup, wlc};
use crate::dests::DestList;
use crate::{Dest, DestId, OutOfMemory};

#[derive(Debug)]
pub(super) struct Lblc {
    cache: Cache<DestId>,
}

impl Lblc {
    pub(super) fn new(setup: &SchedulerSetup, now: Instant) -> Result<Self, OutOfMemory> {
        Ok(Self { cache: Cache::new(setup, now)? })
    }
}

impl Scheduler for Lblc {
    /// \[LBLC-3\] \[LBLC-4\] \[LBLC-6\] \[LBLC-7\]
    fn pick(&mut self, list: DestList<'_>, now: Instant, flow: &Flow) -> Option<DestId> {
        let address = destination(flow);
        let serves = |dest: &Dest| dest.is_available() && dest.weight() > 0 && !is_busy(dest, list);
        if let Some(&mut id) = self.cache.hit(now, address) {
            if list.dest(id).is_some_and(serves) {
                return Some(id);
            }
        }
        let id = wlc::pick(list)?;
        self.cache.store(now, address, id);
        Some(id)
    }

    /// A deleted destination stays in the cache, and serves again when it comes back \[LBLC-9\].
    fn refers_to(&self, dest: DestId) -> bool {
        self.cache.values().any(|&id| id == dest)
    }

    fn set_expiration(&mut self, expiration: Duration) {
        self.cache.set_expiration(expiration);
    }

    fn next_deadline(&self) -> Option<Instant> {
        Some(self.cache.next_sweep())
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.cache.sweep(now, drop);
    }
}

/// More active connections than weight, while another destination has less than half of its
/// weight \[LBLC-5\].
pub(super) fn is_busy(dest: &Dest, list: DestList<'_>) -> bool {
    let has_room = |other: &Dest| 2 * u64::from(other.active_conns()) < u64::from(other.weight());
    dest.active_conns() > dest.weight() && list.iter().any(|(_, other)| has_room(other))
}
