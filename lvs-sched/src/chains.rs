//! Which of many things has a key, the newest first: the kernel's way to find connections.

use alloc::vec::Vec;

use crate::OutOfMemory;

/// Buckets of chained indexes. What comes in is at the head of its chain, in front of all others of
/// the same key \[CON-3\].
#[derive(Debug)]
pub(crate) struct Chains {
    /// The head of each chain; a power of two of them.
    heads: Vec<u32>,
    /// What follows each index in its chain.
    next: Vec<u32>,
}

/// The end of a chain.
const END: u32 = u32::MAX;

impl Chains {
    /// Room for the indexes below `capacity`.
    pub(crate) fn new(capacity: usize) -> Result<Self, OutOfMemory> {
        let buckets = capacity.max(1).checked_next_power_of_two().ok_or(OutOfMemory)?;
        Ok(Self { heads: filled(buckets)?, next: filled(capacity)? })
    }

    /// The first index of that hash of which `is_it` is true.
    pub(crate) fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        self.bucket(self.bucket_of(hash)).find(|&index| is_it(index))
    }

    /// The indexes of a bucket, the newest first; those of another round of `bucket` likewise.
    pub(crate) fn bucket(&self, bucket: usize) -> impl Iterator<Item = u32> {
        let mut at = self.heads.get(bucket % self.buckets()).copied().unwrap_or(END);
        core::iter::from_fn(move || {
            let index = (at != END).then_some(at)?;
            at = self.next.get(index as usize).copied().unwrap_or(END);
            Some(index)
        })
    }

    /// How many buckets there are; at least one.
    pub(crate) fn buckets(&self) -> usize {
        self.heads.len().max(1)
    }

    /// Puts `index` in front; it must not be in already.
    pub(crate) fn insert(&mut self, hash: u64, index: u32) {
        let bucket = self.bucket_of(hash);
        if let (Some(head), Some(next)) =
            (self.heads.get_mut(bucket), self.next.get_mut(index as usize))
        {
            *next = core::mem::replace(head, index);
        }
    }

    /// Takes `index` out, if it is in.
    pub(crate) fn remove(&mut self, hash: u64, index: u32) {
        let bucket = self.bucket_of(hash);
        let after = self.next.get(index as usize).copied().unwrap_or(END);
        let before = self.bucket(bucket).find(|&before| self.next_of(before) == index);
        let place = match before {
            Some(before) => self.next.get_mut(before as usize),
            None => self.heads.get_mut(bucket).filter(|head| **head == index),
        };
        if let Some(place) = place {
            *place = after;
        }
    }

    fn next_of(&self, index: u32) -> u32 {
        self.next.get(index as usize).copied().unwrap_or(END)
    }

    fn bucket_of(&self, hash: u64) -> usize {
        hash as usize & (self.buckets() - 1)
    }
}

fn filled(len: usize) -> Result<Vec<u32>, OutOfMemory> {
    let mut places = Vec::new();
    places.try_reserve_exact(len).map_err(|_| OutOfMemory)?;
    places.resize(len, END);
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_a_list_searched_from_its_head() {
        arbtest::arbtest(|u| {
            let mut chains = Chains::new(8).unwrap();
            let mut model: Vec<(u64, u32)> = Vec::new();
            for _ in 0..u.arbitrary_len::<u32>()? {
                let (hash, index) = (u.int_in_range(0..=20)?, u.int_in_range(0..=7)?);
                match model.iter().position(|&(_, other)| other == index) {
                    Some(at) => {
                        let (hash, _) = model.remove(at);
                        chains.remove(hash, index);
                    }
                    None => {
                        model.insert(0, (hash, index));
                        chains.insert(hash, index);
                    }
                }
                chains.remove(hash, 8);
                let bucket = |hash: u64| hash % 8;
                for wanted in 0..=20 {
                    let found: Vec<_> = chains.bucket(wanted as usize).collect();
                    let of_bucket =
                        model.iter().filter(|(hash, _)| bucket(*hash) == bucket(wanted));
                    let expected: Vec<_> = of_bucket.map(|&(_, index)| index).collect();
                    assert_eq!(found, expected);
                    let even = |index: u32| index % 2 == 0;
                    let first = expected.iter().copied().find(|&index| even(index));
                    assert_eq!(chains.find(wanted, even), first);
                }
            }
            Ok(())
        });
    }

    #[test]
    fn nothing_is_found_where_there_is_no_room() {
        let mut chains = Chains::new(0).unwrap();
        chains.insert(7, 0);
        chains.remove(7, 0);
        assert_eq!(chains.find(7, |_| true), None);
    }
}
