//! What is found without a search: a router by its name, the next deadline, what has actions pending.

use core::mem;

use lvs_proto::vrrp::Vrid;
use lvs_proto::{Family, Instant};

use super::InterfaceId;

/// No slot.
pub(super) const NONE: u32 = u32::MAX;
/// No deadline.
const NEVER: Instant = Instant::from_micros(u64::MAX);

/// What tells virtual routers apart \[S-2\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) interface: InterfaceId,
    pub(super) family: Family,
    pub(super) vrid: Vrid,
}

impl Key {
    /// One of `buckets`. Neighboring interfaces and VRIDs fall far apart.
    fn bucket(self, buckets: u32) -> usize {
        let family = u32::from(self.family == Family::V6) << 8;
        let name = self.interface.0.wrapping_mul(0x9e37_79b1) ^ family ^ u32::from(self.vrid.get());
        let hash = name.wrapping_mul(0x85eb_ca6b);
        // Fits, as it is less than `buckets`.
        ((u64::from(hash) * u64::from(buckets)) >> 32) as usize
    }
}

/// What a router wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Nothing,
    /// An advert is to be sent, whatever else there is.
    Advert,
    /// Something else is to be done.
    Other,
}

/// Slots of a [`Block`]: as many as a word has bits.
const SLOTS: usize = 64;

/// Memory in which an [`Engine`](super::Engine) finds its way among 64 [`Slot`](super::Slot)s.
///
/// Each field is a piece of an array of its own, because each is walked by itself.
#[derive(Clone, Debug)]
pub struct Block {
    /// The virtual router of a slot.
    keys: [Option<Key>; SLOTS],
    /// The first slot of a bucket.
    firsts: [u32; SLOTS],
    /// The next slot of the same bucket, or the next one that is free.
    nexts: [u32; SLOTS],
    /// The deadline of a slot.
    deadlines: [Instant; SLOTS],
    /// The slot whose deadline is the earliest below an inner node of the tree.
    winners: [u32; SLOTS],
    /// The slots that have adverts to be sent.
    adverts: Bits,
    /// The slots that have other actions pending.
    others: Bits,
}

/// A word of a set, and a word that tells which of 64 words of the set are not 0.
#[derive(Clone, Copy, Debug, Default)]
struct Bits {
    word: u64,
    summary: u64,
}

impl Default for Block {
    fn default() -> Self {
        Self {
            keys: [None; SLOTS],
            firsts: [NONE; SLOTS],
            nexts: [NONE; SLOTS],
            deadlines: [NEVER; SLOTS],
            winners: [NONE; SLOTS],
            adverts: Bits::default(),
            others: Bits::default(),
        }
    }
}

/// The blocks as the arrays that they are.
#[derive(Debug)]
pub(super) struct Index<'a> {
    blocks: &'a mut [Block],
    /// How many slots there are.
    len: usize,
    /// The first free slot.
    free: u32,
}

impl<'a> Index<'a> {
    /// An index of at most `slots`.
    pub(super) fn new(blocks: &'a mut [Block], slots: usize) -> Self {
        let len = slots.min(blocks.len().saturating_mul(SLOTS)).min(NONE as usize - 1);
        blocks.fill(Block::default());
        let free = if len == 0 { NONE } else { 0 };
        let mut this = Self { blocks, len, free };
        for slot in 1..len {
            this.set_next(slot - 1, slot as u32);
        }
        for inner in (1..len).rev() {
            let winner = this.winner(2 * inner).min(this.winner(2 * inner + 1));
            this.set_winner(inner, winner.unwrap_or(0) as u32);
        }
        this
    }

    /// How many slots there are.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The slots of the virtual routers of that name, of which there is seldom more than one.
    pub(super) fn find(&self, key: Key) -> impl Iterator<Item = usize> {
        let some = |slot: u32| (slot != NONE).then_some(slot as usize);
        let first = self.first(key).and_then(some);
        let bucket = core::iter::successors(first, move |&slot| self.next(slot).and_then(some));
        bucket.filter(move |&slot| self.key(slot) == Some(key))
    }

    /// The slot that is given next.
    pub(super) fn vacant(&self) -> Option<usize> {
        Some(self.free as usize).filter(|slot| *slot < self.len)
    }

    /// A slot for a virtual router, or `None` if all are taken.
    pub(super) fn insert(&mut self, key: Key) -> Option<usize> {
        let (first, slot) = (self.first(key)?, self.free as usize);
        self.free = self.next(slot)?;
        self.set_next(slot, first);
        self.set_first(key, slot as u32);
        self.set_key(slot, Some(key));
        Some(slot)
    }

    /// Frees a slot.
    pub(super) fn remove(&mut self, slot: usize) {
        self.set_deadline(slot, None);
        self.set_work(slot, Work::Nothing);
        let (Some(key), Some(next)) = (self.key(slot), self.next(slot)) else { return };
        self.set_key(slot, None);
        match self.before(slot, key) {
            Some(before) => self.set_next(before, next),
            None => self.set_first(key, next),
        }
        self.set_next(slot, self.free);
        self.free = slot as u32;
    }

    /// The slot before another one in its bucket; `None` if it is the first.
    fn before(&self, slot: usize, key: Key) -> Option<usize> {
        let mut before = self.first(key)? as usize;
        if before == slot {
            return None;
        }
        loop {
            match self.next(before)? as usize {
                next if next == slot => return Some(before),
                next => before = next,
            }
        }
    }

    /// The virtual router of a slot.
    pub(super) fn key(&self, slot: usize) -> Option<Key> {
        self.blocks.get(slot / SLOTS)?.keys[slot % SLOTS]
    }

    fn set_key(&mut self, slot: usize, key: Option<Key>) {
        if let Some(block) = self.blocks.get_mut(slot / SLOTS) {
            block.keys[slot % SLOTS] = key;
        }
    }

    fn first(&self, key: Key) -> Option<u32> {
        let bucket = key.bucket(self.len as u32);
        Some(self.blocks.get(bucket / SLOTS)?.firsts[bucket % SLOTS])
    }

    fn set_first(&mut self, key: Key, slot: u32) {
        let bucket = key.bucket(self.len as u32);
        if let Some(block) = self.blocks.get_mut(bucket / SLOTS) {
            block.firsts[bucket % SLOTS] = slot;
        }
    }

    fn next(&self, slot: usize) -> Option<u32> {
        Some(self.blocks.get(slot / SLOTS)?.nexts[slot % SLOTS])
    }

    fn set_next(&mut self, slot: usize, next: u32) {
        if let Some(block) = self.blocks.get_mut(slot / SLOTS) {
            block.nexts[slot % SLOTS] = next;
        }
    }
}

/// Deadlines are the leaves of a tree of matches: in each inner node stands the slot that wins among
/// those below. A change plays the matches anew from its leaf up to the first whose outcome it does
/// not touch: to the root at most, seldom farther than a few.
impl Index<'_> {
    /// The slot of the earliest deadline; among equals the least slot.
    pub(super) fn earliest(&self) -> Option<(usize, Instant)> {
        let slot = self.winner(1)?;
        let deadline = self.deadline(slot);
        (deadline < NEVER).then_some((slot, deadline))
    }

    pub(super) fn set_deadline(&mut self, slot: usize, deadline: Option<Instant>) {
        let Some(block) = self.blocks.get_mut(slot / SLOTS) else { return };
        let deadline = deadline.unwrap_or(NEVER);
        block.deadlines[slot % SLOTS] = deadline;
        let mut best = rank(deadline, slot);
        let mut place = self.len + slot;
        while place > 1 {
            let Some(rival) = self.winner(place ^ 1) else { return };
            best = best.min(rank(self.deadline(rival), rival));
            place /= 2;
            let winner = best as u32;
            let before = self.set_winner(place, winner);
            if before == winner && winner as usize != slot {
                return;
            }
        }
    }

    /// Notes who wins below an inner node, and says who did before.
    fn set_winner(&mut self, inner: usize, slot: u32) -> u32 {
        match self.blocks.get_mut(inner / SLOTS) {
            Some(block) => mem::replace(&mut block.winners[inner % SLOTS], slot),
            None => slot,
        }
    }

    /// Who wins below a place in the tree: inner nodes come first, then the leaves.
    fn winner(&self, place: usize) -> Option<usize> {
        match place.checked_sub(self.len) {
            Some(leaf) => Some(leaf),
            None => Some(self.blocks.get(place / SLOTS)?.winners[place % SLOTS] as usize),
        }
    }

    fn deadline(&self, slot: usize) -> Instant {
        self.blocks.get(slot / SLOTS).map_or(NEVER, |block| block.deadlines[slot % SLOTS])
    }
}

/// Deadline and slot as one number, so that a match needs no branch: half of them would be guessed
/// wrong.
fn rank(deadline: Instant, slot: usize) -> u128 {
    u128::from(deadline.as_micros()) << 32 | slot as u128
}

/// A set of slots in two layers of words, so that few words are looked at.
impl Index<'_> {
    /// The least slot that has an advert to be sent, or else the least that has anything to be done.
    pub(super) fn next_work(&self) -> Option<usize> {
        self.least(|block| &block.adverts).or_else(|| self.least(|block| &block.others))
    }

    pub(super) fn set_work(&mut self, slot: usize, work: Work) {
        self.set(slot, work == Work::Advert, |block| &mut block.adverts);
        self.set(slot, work == Work::Other, |block| &mut block.others);
    }

    fn least(&self, bits: impl Fn(&Block) -> &Bits) -> Option<usize> {
        let summaries = self.blocks.len().div_ceil(SLOTS);
        let mut summaries = self.blocks.iter().take(summaries).map(|block| bits(block).summary);
        let layer = summaries.position(|summary| summary != 0)?;
        let word = layer * SLOTS + bits(self.blocks.get(layer)?).summary.trailing_zeros() as usize;
        Some(word * SLOTS + bits(self.blocks.get(word)?).word.trailing_zeros() as usize)
    }

    fn set(&mut self, slot: usize, on: bool, bits: impl Fn(&mut Block) -> &mut Bits) {
        let put = |word: &mut u64, at: usize| {
            let bit = 1 << (at % SLOTS);
            *word = if on { *word | bit } else { *word & !bit };
        };
        let Some(block) = self.blocks.get_mut(slot / SLOTS) else { return };
        let word = &mut bits(block).word;
        let before = *word;
        put(word, slot);
        let is_first_or_last = (before == 0) != (*word == 0);
        if is_first_or_last {
            if let Some(block) = self.blocks.get_mut(slot / SLOTS / SLOTS) {
                put(&mut bits(block).summary, slot / SLOTS);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use arbtest::arbtest;

    use super::*;

    /// The same as lists that are searched.
    #[test]
    fn s_2_an_index_is_its_lists() {
        arbtest(|u| {
            let capacity: usize = *u.choose(&[1, 2, 3, 63, 64, 65, 4_096, 4_097, 8_200])?;
            let mut blocks = vec![Block::default(); capacity.div_ceil(SLOTS)];
            let mut index = Index::new(&mut blocks, capacity);
            let mut deadlines = vec![None; capacity];
            let mut work = vec![Work::Nothing; capacity];
            while !u.is_empty() {
                let slot = u.choose_index(capacity)?;
                if u.arbitrary()? {
                    let deadline =
                        u.arbitrary::<Option<u8>>()?.map(|at| Instant::from_secs(at.into()));
                    index.set_deadline(slot, deadline);
                    deadlines[slot] = deadline;
                } else {
                    work[slot] = *u.choose(&[Work::Nothing, Work::Advert, Work::Other])?;
                    index.set_work(slot, work[slot]);
                }
                let earliest = (0..capacity).filter_map(|at| Some((deadlines[at]?, at))).min();
                assert_eq!(index.earliest(), earliest.map(|(deadline, at)| (at, deadline)));
                let first = |wanted| work.iter().position(|&work| work == wanted);
                assert_eq!(index.next_work(), first(Work::Advert).or(first(Work::Other)));
            }
            Ok(())
        });
    }

    #[test]
    fn s_2_names_are_found_whoever_comes_and_goes() {
        arbtest(|u| {
            let capacity: usize = u.int_in_range(1..=20)?;
            let mut blocks = vec![Block::default(); capacity.div_ceil(SLOTS)];
            let mut index = Index::new(&mut blocks, capacity);
            let mut names: Vec<(Key, usize)> = Vec::new();
            while !u.is_empty() {
                let interface = InterfaceId(u.int_in_range(0..=2)?);
                let family = *u.choose(&[Family::V4, Family::V6])?;
                let vrid = Vrid::new(u.int_in_range(1..=4)?).unwrap();
                let key = Key { interface, family, vrid };
                let vacant = index.vacant();
                match names.iter().position(|(name, _)| *name == key) {
                    Some(at) => index.remove(names.swap_remove(at).1),
                    None => match index.insert(key) {
                        Some(slot) => {
                            assert_eq!(vacant, Some(slot));
                            names.push((key, slot));
                        }
                        None => assert_eq!((vacant, names.len()), (None, capacity)),
                    },
                }
                for &(name, slot) in &names {
                    assert_eq!(index.key(slot), Some(name));
                    assert!(index.find(name).eq([slot]));
                }
                let known = names.iter().any(|(name, _)| *name == key);
                assert_eq!(index.find(key).next().is_some(), known);
            }
            Ok(())
        });
    }
}
