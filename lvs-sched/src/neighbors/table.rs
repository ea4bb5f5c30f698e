//! The entries, by address.

use alloc::vec::Vec;
use core::hash::BuildHasher;
use core::net::IpAddr;

use super::entry::{Entry, State};
use crate::OutOfMemory;
use crate::arena::{Arena, Key};
use crate::hash::{Address, Seed};

/// Entries in chains, one for each bucket of addresses.
#[derive(Debug)]
pub(super) struct Table {
    entries: Arena<Entry>,
    /// The first of each chain; a power of two of them, twice as many as entries or more.
    buckets: Vec<Option<Key>>,
    seed: Seed,
}

impl Table {
    pub(super) fn new(capacity: usize, seed: Seed) -> Result<Self, OutOfMemory> {
        let twice = capacity.max(1).checked_mul(2).ok_or(OutOfMemory)?;
        let length = twice.checked_next_power_of_two().ok_or(OutOfMemory)?;
        let (mut entries, mut buckets) = (Arena::new(), Vec::new());
        entries.reserve(capacity)?;
        buckets.try_reserve_exact(length).map_err(|_| OutOfMemory)?;
        buckets.resize(length, None);
        Ok(Self { entries, buckets, seed })
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() == self.entries.capacity()
    }

    pub(super) fn get(&self, key: Key) -> Option<&Entry> {
        self.entries.get(key)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Entry> {
        self.entries.get_mut(key)
    }

    pub(super) fn find(&self, address: IpAddr) -> Option<(Key, &State)> {
        let mut at = *self.buckets.get(self.bucket(address))?;
        loop {
            let key = at?;
            let entry = self.entries.get(key)?;
            if entry.address == address {
                return Some((key, &entry.state));
            }
            at = entry.next;
        }
    }

    /// Puts an address in that is not in; `None` if there is no room.
    pub(super) fn insert(&mut self, address: IpAddr, state: State) -> Option<Key> {
        let bucket = self.bucket(address);
        let first = self.buckets.get_mut(bucket)?;
        let key = self.entries.insert(Entry { address, state, next: *first })?;
        *first = Some(key);
        Some(key)
    }

    pub(super) fn remove(&mut self, key: Key) {
        let Some(Entry { address, next, .. }) = self.entries.remove(key) else { return };
        let bucket = self.bucket(address);
        let Some(first) = self.buckets.get_mut(bucket) else { return };
        if *first == Some(key) {
            *first = next;
            return;
        }
        let mut at = *first;
        while let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) {
            if entry.next == Some(key) {
                entry.next = next;
                return;
            }
            at = entry.next;
        }
    }

    fn bucket(&self, address: IpAddr) -> usize {
        self.seed.hash_one(Address(address)) as usize & (self.buckets.len() - 1)
    }
}
