//! What is remembered for a while: a fixed number of places, by the hash of a key.

use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};

use lvs_proto::Instant;

use crate::OutOfMemory;
use crate::hash::Seed;

/// Places that a key may be in.
const WAYS: usize = 8;

/// Sets of places: of one that is full, what was remembered for the shortest time from now gives
/// way. What is out of time is not found, so that no timer is needed.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    sets: Vec<[Option<Memory<K, V>>; WAYS]>,
    seed: Seed,
}

#[derive(Clone, Copy, Debug)]
struct Memory<K, V> {
    key: K,
    value: V,
    until: Instant,
}

impl<K: Copy + Eq + Hash, V: Copy> Recent<K, V> {
    /// Room for `capacity`, or a few more.
    pub(crate) fn new(capacity: u32, seed: Seed) -> Result<Self, OutOfMemory> {
        let count = (capacity as usize).div_ceil(WAYS);
        let mut sets = Vec::new();
        sets.try_reserve_exact(count).map_err(|_| OutOfMemory)?;
        sets.resize(count, [None; WAYS]);
        Ok(Self { sets, seed })
    }

    /// Whether there is no room at all.
    pub(crate) fn is_off(&self) -> bool {
        self.sets.is_empty()
    }

    pub(crate) fn get(&self, now: Instant, key: &K) -> Option<&V> {
        let mut set = self.sets.get(self.set(key))?.iter().flatten();
        set.find(|memory| memory.key == *key && memory.until > now).map(|memory| &memory.value)
    }

    /// Remembers it, instead of what was remembered of the same key. Whether something else was
    /// forgotten for it before its time.
    pub(crate) fn put(&mut self, now: Instant, until: Instant, key: K, value: V) -> bool {
        let set = self.set(&key);
        let Some(set) = self.sets.get_mut(set) else { return false };
        let place = match set.iter().position(|place| place.is_some_and(|old| old.key == key)) {
            Some(same) => set.get_mut(same),
            // Nothing ends before what is not there.
            None => set.iter_mut().min_by_key(|place| place.map(|old| old.until)),
        };
        let old = place.and_then(|place| place.replace(Memory { key, value, until }));
        old.is_some_and(|old| old.key != key && old.until > now)
    }

    /// Forgets it.
    pub(crate) fn remove(&mut self, key: &K) {
        let set = self.set(key);
        let places = self.sets.get_mut(set).into_iter().flatten();
        for place in places.filter(|place| place.is_some_and(|old| old.key == *key)) {
            *place = None;
        }
    }

    /// The set of a key: its hash as a fraction of all sets.
    fn set(&self, key: &K) -> usize {
        ((u128::from(self.seed.hash_one(key)) * self.sets.len() as u128) >> 64) as usize
    }

    #[cfg(test)]
    pub(crate) fn octets_per_place() -> usize {
        size_of::<Option<Memory<K, V>>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Beside a map without bounds: nothing else is ever found, and what is not found was forgotten.
    #[test]
    fn equals_a_map_that_forgets() {
        arbtest::arbtest(|u| {
            let mut recent = Recent::new(u.int_in_range(0..=32)?, Seed([1, 2])).unwrap();
            let mut model: HashMap<u8, (u8, Instant)> = HashMap::new();
            let (mut now, mut forgotten) = (0, 0);
            for _ in 0..u.int_in_range(0..=90)? {
                now += u.int_in_range(0..=1)?;
                let (moment, key) = (Instant::from_secs(now), u.int_in_range(0..=40)?);
                match u.int_in_range(0..=4)? {
                    0 => {
                        recent.remove(&key);
                        model.remove(&key);
                    }
                    1 | 2 => {
                        let value = u.arbitrary()?;
                        let until = Instant::from_secs(now + u.int_in_range(0..=9)?);
                        forgotten += u32::from(recent.put(moment, until, key, value));
                        model.insert(key, (value, until));
                    }
                    _ => {
                        let known = model.get(&key).filter(|(_, until)| *until > moment);
                        match (recent.get(moment, &key), known) {
                            (Some(got), known) => {
                                assert_eq!(Some(got), known.map(|known| &known.0));
                            }
                            (None, Some(_)) => assert!(recent.is_off() || forgotten > 0),
                            (None, None) => {}
                        }
                    }
                }
            }
            Ok(())
        });
    }
}
