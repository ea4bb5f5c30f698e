//! What `lblc` and `lblcr` remember of each destination address, and how they forget.
//!
//! A sweep is of one moment, and takes its time afterwards: what it is to take out is not found from
//! that moment on, and leaves room at once if room is wanted. A hasty one stops after so many old
//! addresses; so these are counted before its time, of each bucket.

use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::net::IpAddr;
use core::time::Duration;

use lvs_proto::Instant;

use super::hash::{fold, spread};
use super::{LblcConfig, STRETCH, SchedulerSetup};
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
    last_sweep: Instant,
    next_sweep: Instant,
    /// Sweeps since the last full one, that one included.
    sweeps: u32,
    /// The bucket that the last hasty sweep ended with.
    rover: usize,
    /// The one that has begun last, as long as it has something left to look at.
    sweep: Option<Sweep>,
    census: Census,
    /// How many values found no room.
    forgotten: u64,
}

#[derive(Debug)]
struct Entry<T> {
    address: IpAddr,
    value: T,
    last_use: Instant,
}

/// What goes in a sweep, and how far it has come.
#[derive(Clone, Copy, Debug)]
struct Sweep {
    now: Instant,
    /// What was not used for so long goes.
    age: Duration,
    /// Of so many buckets from this one on.
    first: usize,
    buckets: usize,
    /// The next place that it looks at.
    place: usize,
}

impl Sweep {
    fn takes<T>(&self, entry: &Entry<T>) -> bool {
        let bucket = (bucket(entry.address) + BUCKETS - self.first) % BUCKETS;
        self.now >= entry.last_use + self.age && bucket < self.buckets
    }
}

/// How many old addresses each bucket has at the next hasty sweep.
#[derive(Debug)]
struct Census {
    /// When that is. What is used meanwhile will not be old by then.
    at: Instant,
    /// The next place that it looks at.
    place: usize,
    old_in_bucket: Vec<u32>,
}

impl Census {
    fn begin(&mut self, at: Instant) {
        (self.at, self.place) = (at, 0);
        self.old_in_bucket.fill(0);
    }

    /// The bucket of an entry, if it is old.
    fn of<T>(&mut self, entry: &Entry<T>) -> Option<&mut u32> {
        let is_old = self.at >= entry.last_use + SHORT_AGE;
        is_old.then(|| self.old_in_bucket.get_mut(bucket(entry.address))).flatten()
    }
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
        let next_sweep = timers.deadline(now, SWEEP_PERIOD);
        Ok(Self {
            entries,
            chains: Chains::new(hard_limit)?,
            seed,
            soft_limit: config.capacity as usize,
            expiration: Duration::from_secs(config.expiration_secs.into()),
            timers,
            last_sweep: now,
            next_sweep,
            sweeps: 1,
            rover: 0,
            sweep: None,
            // Nobody is old in time for the first.
            census: Census { at: next_sweep, place: hard_limit, old_in_bucket },
            forgotten: 0,
        })
    }

    pub(super) const fn expiration(&self) -> Duration {
        self.expiration
    }

    pub(super) const fn set_expiration(&mut self, expiration: Duration) {
        self.expiration = expiration;
    }

    /// How many values found no room.
    pub(super) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// How many places for values there are.
    pub(super) fn places(&self) -> usize {
        self.entries.capacity()
    }

    /// The value at a place, found by addresses or not.
    pub(super) fn value(&self, place: usize) -> Option<&T> {
        self.entries.at(place as u32).map(|entry| &entry.value)
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() == self.entries.capacity()
    }

    /// A hit counts as a use, whatever becomes of it \[LBLC-3\].
    pub(super) fn hit(&mut self, now: Instant, address: IpAddr) -> Option<&mut T> {
        let is_it = |index| {
            let entry = self.entries.at(index).filter(|entry| entry.address == address);
            entry.is_some_and(|entry| !self.is_gone(index, entry))
        };
        let index = self.chains.find(self.hash(address), is_it)?;
        let entry = self.entries.at_mut(index)?;
        if self.census.place > index as usize {
            if let Some(old) = self.census.of(entry) {
                *old = old.saturating_sub(1);
            }
        }
        entry.last_use = now;
        Some(&mut entry.value)
    }

    /// Whether the sweep that has begun will take it out.
    fn is_gone(&self, index: u32, entry: &Entry<T>) -> bool {
        self.sweep.is_some_and(|sweep| sweep.place <= index as usize && sweep.takes(entry))
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
}

/// Forgetting: `forget` is told of every value that goes, and says how many more it was made of.
impl<T> Cache<T> {
    /// When the next sweep is; when the last one was, as long as something is left to do.
    pub(super) fn next_deadline(&self) -> Instant {
        let is_done = self.sweep.is_none() && self.census.place >= self.places();
        if is_done { self.next_sweep } else { self.last_sweep }
    }

    /// Does what is due at `now`, or so much of it; returns how much it was.
    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        budget: usize,
        mut forget: impl FnMut(T) -> usize,
    ) -> usize {
        let mut done = 0;
        while done < budget && self.next_deadline() <= now {
            done += match self.sweep_on(&mut forget) {
                0 => self.count_on_or_begin(now),
                swept => swept,
            };
        }
        done
    }

    /// Goes on with the sweep that has begun, if there is one; returns how much it was.
    pub(super) fn sweep_on(&mut self, mut forget: impl FnMut(T) -> usize) -> usize {
        let Some(mut sweep) = self.sweep.take() else { return 0 };
        let mut looked_at = 0;
        while sweep.place < self.places() && looked_at < STRETCH {
            let index = sweep.place as u32;
            let old = self.entries.at(index).filter(|entry| sweep.takes(entry));
            let hash = old.map(|entry| self.hash(entry.address));
            if let Some((hash, key)) = hash.zip(self.entries.key_at(index)) {
                self.chains.remove(hash, index);
                looked_at += self.entries.remove(key).map_or(0, |entry| forget(entry.value));
            }
            looked_at += 1;
            sweep.place += 1;
        }
        self.sweep = (sweep.place < self.places()).then_some(sweep);
        looked_at.div_ceil(STRETCH)
    }

    fn count_on_or_begin(&mut self, now: Instant) -> usize {
        let Self { entries, census, .. } = self;
        if census.place >= entries.capacity() {
            self.begin_sweep(now);
            return 1;
        }
        let end = entries.capacity().min(census.place + STRETCH);
        for index in census.place..end {
            if let Some(old) = entries.at(index as u32).and_then(|entry| census.of(entry)) {
                *old += 1;
            }
        }
        census.place = end;
        1
    }

    /// \[LBLC-8\]
    fn begin_sweep(&mut self, now: Instant) {
        if self.sweeps % FULL_SWEEP == 0 {
            self.sweeps = 1;
            let age = self.expiration;
            self.sweep = Some(Sweep { now, age, first: 0, buckets: BUCKETS, place: 0 });
        } else if self.entries.len() <= self.soft_limit {
            self.sweeps += 1;
        } else if self.census.at == now {
            self.sweep = self.hasty_sweep(now);
        } else {
            // It is late, and others are old by now.
            self.census.begin(now);
            return;
        }
        self.last_sweep = now;
        self.next_sweep = self.timers.deadline(now, SWEEP_PERIOD);
        self.census.begin(self.next_sweep);
    }

    /// Of the buckets from the rover on until enough old addresses are gone \[LBLC-8\].
    fn hasty_sweep(&mut self, now: Instant) -> Option<Sweep> {
        let excess = self.entries.len() - self.soft_limit;
        let goal = (excess.saturating_mul(4) / 3).min(self.soft_limit / 2);
        let first = (self.rover + 1) % BUCKETS;
        let (mut buckets, mut found) = (0, 0);
        for old in self.census.old_in_bucket.iter().cycle().skip(first).take(BUCKETS) {
            buckets += 1;
            found += *old as usize;
            if found >= goal {
                break;
            }
        }
        self.rover = (self.rover + buckets) % BUCKETS;
        (found > 0).then_some(Sweep { now, age: SHORT_AGE, first, buckets, place: 0 })
    }
}

fn bucket(address: IpAddr) -> usize {
    spread(fold(address), BUCKET_BITS) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{SchedulerFlags, SchedulerKind};

    /// Each sweep at once, as the rule has it \[LBLC-8\].
    struct Model {
        entries: HashMap<IpAddr, (u32, Instant)>,
        soft_limit: usize,
        expiration: Duration,
        counter: u32,
        rover: usize,
        /// Full sweeps, and hasty ones that stopped before they had seen every bucket.
        kinds: [u32; 2],
    }

    impl Model {
        fn sweep(&mut self, now: Instant) {
            let soft_limit = self.soft_limit;
            if self.counter % 30 == 0 {
                let expiration = self.expiration;
                self.entries.retain(|_, (_, last_use)| now < *last_use + expiration);
                self.counter = 1;
                self.kinds[0] += 1;
            } else if self.entries.len() <= soft_limit {
                self.counter += 1;
            } else {
                let excess = (self.entries.len() - soft_limit) * 4 / 3;
                let mut goal = excess.min(soft_limit / 2) as isize;
                let mut old = std::vec![Vec::new(); BUCKETS];
                for (address, (_, last_use)) in &self.entries {
                    if now >= *last_use + SHORT_AGE {
                        old[bucket(*address)].push(*address);
                    }
                }
                for visited in 1..=BUCKETS {
                    self.rover = (self.rover + 1) % BUCKETS;
                    for address in &old[self.rover] {
                        self.entries.remove(address);
                        goal -= 1;
                    }
                    if goal <= 0 {
                        self.kinds[1] += u32::from(visited < BUCKETS);
                        break;
                    }
                }
            }
        }
    }

    fn setup(capacity: u32, expiration_secs: u32) -> SchedulerSetup {
        SchedulerSetup {
            profile: crate::Profile::default(),
            kind: SchedulerKind::Lblc,
            family: None,
            flags: SchedulerFlags::NONE,
            start_offset: 0,
            lblc: LblcConfig { capacity, expiration_secs },
            mh: crate::MhTableIndex::default(),
            seed: Seed([0; 2]),
            timers: Timers::default(),
        }
    }

    /// Whatever is looked up while a sweep takes its time.
    #[test]
    fn lblc_8_a_sweep_in_pieces_equals_one_at_once() {
        let mut kinds = [0; 2];
        for trial in 0..48 {
            let capacity = [0, 1, 20, 100, 300, 300][trial % 6];
            let (pace, expiration) = ([1, 8, 40][trial % 3], 300 + 100 * (trial as u32 % 17));
            let mut cache = Cache::new(&setup(capacity, expiration), Instant::EPOCH).unwrap();
            let mut model = Model {
                entries: HashMap::new(),
                soft_limit: capacity as usize,
                expiration: Duration::from_secs(expiration.into()),
                counter: 1,
                rover: 0,
                kinds,
            };
            let hard_limit = hard_limit(setup(capacity, 0).lblc);
            let (mut now, mut next_value) = (Instant::EPOCH, 0);
            let mut bits = trial as u64 + 1;
            let mut below = |end: u64| {
                bits ^= bits << 13;
                bits ^= bits >> 7;
                bits ^= bits << 17;
                (bits >> 32) % end
            };
            for _ in 0..200 {
                now = now + Duration::from_secs(below(40));
                if now >= cache.next_sweep {
                    now = cache.next_sweep;
                    model.sweep(now);
                }
                cache.handle_timeout(now, 1, |_| 0);
                for _ in 0..=below(u64::from(capacity) / pace + 1) {
                    cache.handle_timeout(now, usize::from(below(4) == 0), |_| 0);
                    // What was in use grows old, but is asked for now and then.
                    let era = if below(4) == 0 { below(8) } else { now.as_micros() / 300_000_000 };
                    let address = era % 8 * 200 + below(200);
                    let address = IpAddr::from((address as u32).to_be_bytes());
                    next_value += 1;
                    let found = cache.hit(now, address).copied();
                    let known = model.entries.get_mut(&address);
                    assert_eq!(found, known.as_ref().map(|(value, _)| *value));
                    if let Some((_, last_use)) = known {
                        *last_use = now;
                        continue;
                    }
                    while cache.is_full() && cache.sweep_on(|_| 0) > 0 {}
                    let is_stored = cache.store(now, address, next_value).is_some();
                    assert_eq!(is_stored, model.entries.len() < hard_limit);
                    if is_stored {
                        model.entries.insert(address, (next_value, now));
                    }
                }
                cache.handle_timeout(now, usize::MAX, |_| 0);
                assert_eq!(cache.entries.len(), model.entries.len());
            }
            kinds = model.kinds;
        }
        assert!(kinds.iter().all(|count| *count > 9), "{kinds:?}");
    }
}
