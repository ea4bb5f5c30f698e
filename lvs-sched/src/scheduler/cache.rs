//! What `lblc` and `lblcr` remember of each destination address, and how they forget.

use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::net::IpAddr;
use core::time::Duration;

use lvs_proto::Instant;

use super::hash::{fold, spread};
use super::{LblcConfig, SchedulerSetup};
use crate::arena::Arena;
use crate::chains::Chains;
use crate::hash::{Address, Seed};
use crate::{OutOfMemory, Timers};

const BUCKET_BITS: u32 = 10;
const BUCKETS: usize = 1 << BUCKET_BITS;
/// How often old addresses are cleared away \[LBLC-1\].
const SWEEP_PERIOD: Duration = Duration::from_secs(60);
/// Old enough to go when there are too many addresses \[LBLC-1\].
const SHORT_AGE: Duration = Duration::from_secs(360);
/// Each so many sweeps look at everything \[LBLC-1\].
const FULL_SWEEP: u32 = 30;

/// Values by destination address, with the time of their last use \[LBLC-2\].
#[derive(Debug)]
pub(super) struct Cache<T> {
    entries: Arena<Entry<T>>,
    chains: Chains,
    seed: Seed,
    /// As many as stay without haste: `M` of \[LBLC-1\].
    soft_limit: usize,
    expiration: Duration,
    timers: Timers,
    next_sweep: Instant,
    /// Sweeps since the last full one, that one included.
    sweeps: u32,
    /// The bucket that the last hasty sweep ended with.
    rover: usize,
    /// Room to count the old addresses of each bucket.
    old_in_bucket: Vec<u32>,
    /// How many values found no room.
    forgotten: u64,
}

#[derive(Debug)]
struct Entry<T> {
    address: IpAddr,
    value: T,
    last_use: Instant,
}

/// As many entries as the cache of `config` ever holds.
pub(super) const fn hard_limit(config: LblcConfig) -> usize {
    let soft = config.capacity as usize;
    soft.saturating_add(soft / 2)
}

impl<T> Cache<T> {
    pub(super) fn new(setup: &SchedulerSetup, now: Instant) -> Result<Self, OutOfMemory> {
        let SchedulerSetup { lblc: config, seed, timers, .. } = *setup;
        let hard_limit = hard_limit(config);
        let mut entries = Arena::new();
        entries.reserve(hard_limit)?;
        let mut old_in_bucket = Vec::new();
        old_in_bucket.try_reserve_exact(BUCKETS).map_err(|_| OutOfMemory)?;
        old_in_bucket.resize(BUCKETS, 0);
        Ok(Self {
            entries,
            chains: Chains::new(hard_limit)?,
            seed,
            soft_limit: config.capacity as usize,
            expiration: Duration::from_secs(config.expiration_secs.into()),
            timers,
            next_sweep: timers.deadline(now, SWEEP_PERIOD),
            sweeps: 1,
            rover: 0,
            old_in_bucket,
            forgotten: 0,
        })
    }

    pub(super) const fn expiration(&self) -> Duration {
        self.expiration
    }

    pub(super) const fn set_expiration(&mut self, expiration: Duration) {
        self.expiration = expiration;
    }

    pub(super) const fn next_sweep(&self) -> Instant {
        self.next_sweep
    }

    /// How many values found no room.
    pub(super) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.values().map(|entry| &entry.value)
    }

    /// A hit counts as a use, whatever becomes of it \[LBLC-3\].
    pub(super) fn hit(&mut self, now: Instant, address: IpAddr) -> Option<&mut T> {
        let entries = &self.entries;
        let is_it = |index| entries.at(index).is_some_and(|entry| entry.address == address);
        let index = self.chains.find(self.hash(address), is_it)?;
        let entry = self.entries.at_mut(index)?;
        entry.last_use = now;
        Some(&mut entry.value)
    }

    /// Remembers the value of an address of which there is none; `None` if the cache is full
    /// \[LBLC-7\].
    pub(super) fn store(&mut self, now: Instant, address: IpAddr, value: T) -> Option<&mut T> {
        let Some(key) = self.entries.insert(Entry { address, value, last_use: now }) else {
            self.forgotten = self.forgotten.wrapping_add(1);
            return None;
        };
        self.chains.insert(self.hash(address), key.index);
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    fn hash(&self, address: IpAddr) -> u64 {
        self.seed.hash_one(Address(address))
    }

    /// Does what is due at `now`, and tells `forget` of every value that goes \[LBLC-8\].
    pub(super) fn sweep(&mut self, now: Instant, mut forget: impl FnMut(T)) {
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = self.timers.deadline(now, SWEEP_PERIOD);
        if self.sweeps % FULL_SWEEP == 0 {
            self.sweeps = 1;
            let expiration = self.expiration;
            self.remove_if(|_, last_use| now >= last_use + expiration, &mut forget);
        } else if self.entries.len() <= self.soft_limit {
            self.sweeps += 1;
        } else {
            self.sweep_hastily(now, &mut forget);
        }
    }

    /// Visits buckets from the rover on until enough old addresses are gone \[LBLC-8\].
    fn sweep_hastily(&mut self, now: Instant, forget: impl FnMut(T)) {
        let is_old = |last_use: Instant| now >= last_use + SHORT_AGE;
        let excess = self.entries.len() - self.soft_limit;
        let goal = (excess.saturating_mul(4) / 3).min(self.soft_limit / 2);

        self.old_in_bucket.fill(0);
        for entry in self.entries.values().filter(|entry| is_old(entry.last_use)) {
            if let Some(old) = self.old_in_bucket.get_mut(bucket(entry.address)) {
                *old += 1;
            }
        }
        let first = self.rover + 1;
        let mut visited = 0;
        let mut found = 0;
        let round = self.old_in_bucket.iter().cycle().skip(first).take(BUCKETS);
        for old in round {
            visited += 1;
            found += *old as usize;
            if found >= goal {
                break;
            }
        }
        self.rover = (self.rover + visited) % BUCKETS;
        let is_visited = |bucket: usize| (bucket + BUCKETS - first % BUCKETS) % BUCKETS < visited;
        self.remove_if(|address, used| is_visited(bucket(address)) && is_old(used), forget);
    }

    fn remove_if(&mut self, goes: impl Fn(IpAddr, Instant) -> bool, mut forget: impl FnMut(T)) {
        let places = u32::try_from(self.entries.capacity()).unwrap_or(u32::MAX);
        for index in 0..places {
            let old = self.entries.at(index).filter(|entry| goes(entry.address, entry.last_use));
            let Some((hash, key)) =
                old.map(|entry| self.hash(entry.address)).zip(self.entries.key_at(index))
            else {
                continue;
            };
            self.chains.remove(hash, index);
            if let Some(entry) = self.entries.remove(key) {
                forget(entry.value);
            }
        }
    }
}

fn bucket(address: IpAddr) -> usize {
    spread(fold(address), BUCKET_BITS) as usize
}
