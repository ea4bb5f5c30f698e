//! What the packets of real servers are found by where that is not the client's key turned round:
//! of connections that are translated.
//!
//! Buckets of one cache line each. What finds its bucket full goes to the next one that is not, and
//! every bucket on the way counts it. Of several of one key the newest alone has a place, and gives
//! it on when it goes.

use alloc::vec::Vec;

use super::entry::ConnId;
use crate::OutOfMemory;
use crate::prefetch::prefetch;

/// Places of a bucket.
const LANES: usize = 12;
/// Places of a bucket that are taken on average when the table is full.
const TAKEN: u32 = 8;
/// So many buckets may be taken wholly: a search through all of them is short enough.
const FEW_BUCKETS: u32 = 32;
/// How many buckets from its own an entry may lie: it bounds what many alike can cost.
const REACH: usize = 256;

#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Bucket {
    tags: [u8; LANES],
    /// How many passed this bucket on their way.
    passed: u16,
    ids: [Option<ConnId>; LANES],
}

impl Bucket {
    const EMPTY: Self = Self { tags: [0; LANES], passed: 0, ids: [None; LANES] };

    fn is_full(&self) -> bool {
        self.ids.iter().all(Option::is_some)
    }

    /// The entries that may be of a hash.
    #[inline]
    fn alike(&self, hash: u64) -> impl Iterator<Item = ConnId> {
        let lanes = self.tags.into_iter().zip(self.ids);
        lanes.filter(move |(tag, _)| *tag == tag_of(hash)).filter_map(|(_, id)| id)
    }

    fn place_mut(&mut self, id: Option<ConnId>) -> Option<(&mut u8, &mut Option<ConnId>)> {
        self.tags.iter_mut().zip(&mut self.ids).find(|(_, place)| **place == id)
    }
}

#[derive(Debug)]
pub(crate) struct Replies {
    buckets: Vec<Bucket>,
    len: u32,
}

impl Replies {
    /// Room for `capacity` entries.
    pub(crate) fn new(capacity: u32) -> Result<Self, OutOfMemory> {
        let mut count = capacity.div_ceil(LANES as u32);
        if count > FEW_BUCKETS {
            count = capacity.div_ceil(TAKEN);
        }
        let count = count as usize;
        let mut buckets = Vec::new();
        buckets.try_reserve_exact(count).map_err(|_| OutOfMemory)?;
        buckets.resize(count, Bucket::EMPTY);
        Ok(Self { buckets, len: 0 })
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first entry of a hash of which `is_it` is true.
    #[inline]
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(ConnId) -> bool) -> Option<ConnId> {
        if self.len == 0 {
            return None;
        }
        let mut at = self.home(hash);
        for _ in 0..REACH {
            let bucket = self.buckets.get(at)?;
            if let Some(id) = bucket.alike(hash).find(|id| is_it(*id)) {
                return Some(id);
            }
            if bucket.passed == 0 {
                return None;
            }
            at = self.after(at);
        }
        None
    }

    /// Asks for the bucket of a hash.
    #[inline]
    pub(crate) fn prefetch(&self, hash: u64) {
        prefetch(&self.buckets, self.home(hash));
    }

    /// The first entry that may be of a hash, in its own bucket.
    #[inline]
    pub(crate) fn likely(&self, hash: u64) -> Option<ConnId> {
        self.buckets.get(self.home(hash))?.alike(hash).next()
    }

    /// Whether one more of a hash finds a place.
    pub(crate) fn has_room(&self, hash: u64) -> bool {
        self.distance(hash, |bucket| !bucket.is_full()).is_some()
    }

    /// Gives `id` a place; there must be [room](Self::has_room).
    pub(crate) fn insert(&mut self, hash: u64, id: ConnId) {
        let Some(distance) = self.distance(hash, |bucket| !bucket.is_full()) else { return };
        let bucket = self.pass(hash, distance, |passed| *passed = passed.saturating_add(1));
        if let Some((tag, place)) = bucket.and_then(|bucket| bucket.place_mut(None)) {
            (*tag, *place) = (tag_of(hash), Some(id));
            self.len += 1;
        }
    }

    /// Gives the place of `old` to `new`, which is of the same hash, or takes it away.
    pub(crate) fn replace(&mut self, hash: u64, old: ConnId, new: Option<ConnId>) {
        let Some(distance) = self.distance(hash, |bucket| bucket.ids.contains(&Some(old))) else {
            return;
        };
        let gone = u16::from(new.is_none());
        let bucket = self.pass(hash, distance, |passed| *passed = passed.saturating_sub(gone));
        if let Some((_, place)) = bucket.and_then(|bucket| bucket.place_mut(Some(old))) {
            *place = new;
            self.len = self.len.saturating_sub(gone.into());
        }
    }

    /// How far from its own the first bucket is of which `is_it` is true.
    fn distance(&self, hash: u64, is_it: impl Fn(&Bucket) -> bool) -> Option<usize> {
        let mut at = self.home(hash);
        for distance in 0..REACH.min(self.buckets.len()) {
            if self.buckets.get(at).is_some_and(&is_it) {
                return Some(distance);
            }
            at = self.after(at);
        }
        None
    }

    /// The bucket at a distance; those on the way are counted.
    fn pass(
        &mut self,
        hash: u64,
        distance: usize,
        count: impl Fn(&mut u16),
    ) -> Option<&mut Bucket> {
        let mut at = self.home(hash);
        for _ in 0..distance {
            count(&mut self.buckets.get_mut(at)?.passed);
            at = self.after(at);
        }
        self.buckets.get_mut(at)
    }

    /// The bucket of a hash: its lower half as a fraction of all buckets.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        (((hash & u64::from(u32::MAX)) * self.buckets.len() as u64) >> 32) as usize
    }

    fn after(&self, bucket: usize) -> usize {
        if bucket + 1 < self.buckets.len() { bucket + 1 } else { 0 }
    }
}

const fn tag_of(hash: u64) -> u8 {
    (hash >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    impl Replies {
        pub(crate) fn octets(&self) -> usize {
            size_of_val(&self.buckets[..])
        }
    }

    #[test]
    fn a_bucket_is_a_cache_line() {
        assert_eq!((size_of::<Bucket>(), align_of::<Bucket>()), (64, 64));
    }

    /// Few hashes, so that buckets overflow.
    #[test]
    fn equals_a_list() {
        arbtest::arbtest(|u| {
            let capacity = *u.choose(&[1, 12, 30, 60, 400])?;
            let mut replies = Replies::new(capacity).unwrap();
            let mut model: Vec<(u64, ConnId)> = Vec::new();
            let hashes: [u64; 5] = u.arbitrary()?;
            for place in 0..u.arbitrary_len::<[u8; 3]>()? as u32 {
                let (hash, id) = (*u.choose(&hashes)?, ConnId::new(place));
                match u.int_in_range(0..=3_u8)? {
                    0 if !model.is_empty() => {
                        let (hash, old) = model.swap_remove(u.choose_index(model.len())?);
                        replies.replace(hash, old, None);
                    }
                    1 if !model.is_empty() => {
                        let at = u.choose_index(model.len())?;
                        replies.replace(model[at].0, model[at].1, Some(id));
                        model[at].1 = id;
                    }
                    _ if replies.has_room(hash) => {
                        replies.insert(hash, id);
                        model.push((hash, id));
                    }
                    _ => assert!(model.len() >= capacity as usize),
                }
                for &(hash, id) in &model {
                    assert_eq!(replies.find(hash, |found| found == id), Some(id));
                }
                assert_eq!(replies.is_empty(), model.is_empty());
            }
            for (hash, id) in model {
                replies.replace(hash, id, None);
            }
            assert!(replies.buckets.iter().all(|b| b.passed == 0 && b.ids == [None; LANES]));
            Ok(())
        });
    }
}
