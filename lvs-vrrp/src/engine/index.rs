//! What is found without a search: a router by its name, the next deadline, what has actions pending.

use lvs_proto::vrrp::Vrid;
use lvs_proto::{Family, Instant};

use super::InterfaceId;

/// No slot.
const NONE: u32 = u32::MAX;
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
    /// One of `buckets`. Neighbouring interfaces and VRIDs fall far apart.
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

/// Memory of an [`Engine`](super::Engine) for finding its way about: one for each
/// [`Slot`](super::Slot).
///
/// The fields of one node have little to do with each other: each is an element of another array.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// The virtual router of this slot.
    key: Option<Key>,
    /// The first slot of this bucket.
    first: u32,
    /// The next slot of the same bucket, or the next one that is free.
    next: u32,
    /// The deadline of this slot.
    deadline: Instant,
    /// The slot whose deadline is the earliest below this inner node of the tree.
    winner: u32,
    /// Which of 64 slots have adverts to be sent.
    adverts: Bits,
    /// Which of 64 slots have other actions pending.
    others: Bits,
}

/// A word of a set, and a word that tells which of 64 words of the set are not 0.
#[derive(Clone, Copy, Debug, Default)]
struct Bits {
    word: u64,
    summary: u64,
}

impl Default for Node {
    fn default() -> Self {
        let bits = Bits::default();
        Self {
            key: None,
            first: NONE,
            next: NONE,
            deadline: NEVER,
            winner: NONE,
            adverts: bits,
            others: bits,
        }
    }
}

/// The nodes as the arrays that they are.
#[derive(Debug)]
pub(super) struct Index<'a> {
    nodes: &'a mut [Node],
    /// The first free slot.
    free: u32,
}

impl<'a> Index<'a> {
    /// An index of as many slots as there are nodes.
    pub(super) fn new(nodes: &'a mut [Node]) -> Self {
        nodes.fill(Node::default());
        for (slot, node) in (1..).zip(nodes.iter_mut()) {
            node.next = slot;
        }
        if let Some(last) = nodes.last_mut() {
            last.next = NONE;
        }
        let free = if nodes.is_empty() { NONE } else { 0 };
        let mut this = Self { nodes, free };
        for inner in (1..this.nodes.len()).rev() {
            this.play(inner);
        }
        this
    }

    /// The slot of a virtual router.
    pub(super) fn find(&self, key: Key) -> Option<usize> {
        let mut slot = self.nodes.get(key.bucket(self.buckets()))?.first;
        loop {
            let node = self.nodes.get(slot as usize)?;
            if node.key == Some(key) {
                return Some(slot as usize);
            }
            slot = node.next;
        }
    }

    /// A slot for a virtual router that has none, or `None` if all are taken.
    pub(super) fn insert(&mut self, key: Key) -> Option<usize> {
        let bucket = key.bucket(self.buckets());
        let first = self.nodes.get(bucket)?.first;
        let slot = self.free;
        let node = self.nodes.get_mut(slot as usize)?;
        self.free = node.next;
        (node.key, node.next) = (Some(key), first);
        self.nodes.get_mut(bucket)?.first = slot;
        Some(slot as usize)
    }

    /// Frees a slot.
    pub(super) fn remove(&mut self, slot: usize) {
        self.set_deadline(slot, None);
        self.set_work(slot, Work::Nothing);
        let Some(node) = self.nodes.get_mut(slot) else { return };
        let Some(key) = node.key.take() else { return };
        let next = node.next;
        node.next = self.free;
        self.free = slot as u32;
        if let Some(link) = self.link_to(slot as u32, key) {
            *link = next;
        }
    }

    /// What points to a slot in its bucket.
    fn link_to(&mut self, slot: u32, key: Key) -> Option<&mut u32> {
        let bucket = key.bucket(self.buckets());
        let mut before = self.nodes.get(bucket)?.first;
        if before == slot {
            return self.nodes.get_mut(bucket).map(|node| &mut node.first);
        }
        while self.nodes.get(before as usize)?.next != slot {
            before = self.nodes.get(before as usize)?.next;
        }
        self.nodes.get_mut(before as usize).map(|node| &mut node.next)
    }

    fn buckets(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// The virtual router of a slot.
    pub(super) fn key(&self, slot: usize) -> Option<Key> {
        self.nodes.get(slot)?.key
    }
}

/// Deadlines are the leaves of a tree of matches: in each inner node stands the slot that wins among
/// those below. A change plays the matches anew from its leaf up to the first whose outcome it does
/// not touch: to the root at most, seldom farther than a few.
impl Index<'_> {
    /// The slot of the earliest deadline; among equals the least slot.
    pub(super) fn earliest(&self) -> Option<(usize, Instant)> {
        let slot = self.winner(1)?;
        let deadline = self.nodes.get(slot)?.deadline;
        (deadline < NEVER).then_some((slot, deadline))
    }

    pub(super) fn set_deadline(&mut self, slot: usize, deadline: Option<Instant>) {
        let deadline = deadline.unwrap_or(NEVER);
        let Some(node) = self.nodes.get_mut(slot) else { return };
        if node.deadline == deadline {
            return;
        }
        node.deadline = deadline;
        let mut inner = (self.nodes.len() + slot) / 2;
        while inner > 0 {
            let before = self.winner(inner);
            self.play(inner);
            if self.winner(inner) == before && before != Some(slot) {
                return;
            }
            inner /= 2;
        }
    }

    /// Plays the match of an inner node.
    fn play(&mut self, inner: usize) {
        let of = |child: usize| {
            let slot = self.winner(child)?;
            Some((self.nodes.get(slot)?.deadline, slot))
        };
        let winner = of(2 * inner).into_iter().chain(of(2 * inner + 1)).min();
        if let (Some((_, slot)), Some(node)) = (winner, self.nodes.get_mut(inner)) {
            node.winner = slot as u32;
        }
    }

    /// Who wins below a place in the tree: inner nodes come first, then the leaves.
    fn winner(&self, place: usize) -> Option<usize> {
        match place.checked_sub(self.nodes.len()) {
            Some(leaf) => Some(leaf),
            None => Some(self.nodes.get(place)?.winner as usize),
        }
    }
}

/// A set of slots in two layers of words, so that few words are looked at.
impl Index<'_> {
    /// The least slot that has an advert to be sent, or else the least that has anything to be done.
    pub(super) fn next_work(&self) -> Option<usize> {
        self.least(|node| &node.adverts).or_else(|| self.least(|node| &node.others))
    }

    pub(super) fn set_work(&mut self, slot: usize, work: Work) {
        self.set(slot, work == Work::Advert, |node| &mut node.adverts);
        self.set(slot, work == Work::Other, |node| &mut node.others);
    }

    fn least(&self, bits: impl Fn(&Node) -> &Bits) -> Option<usize> {
        let summaries = self.nodes.len().div_ceil(64 * 64);
        let mut summaries = self.nodes.iter().take(summaries).map(|node| bits(node).summary);
        let layer = summaries.position(|summary| summary != 0)?;
        let word = layer * 64 + bits(self.nodes.get(layer)?).summary.trailing_zeros() as usize;
        Some(word * 64 + bits(self.nodes.get(word)?).word.trailing_zeros() as usize)
    }

    fn set(&mut self, slot: usize, on: bool, bits: impl Fn(&mut Node) -> &mut Bits) {
        let put = |word: &mut u64, at: usize, on: bool| {
            *word = *word & !(1 << (at % 64)) | u64::from(on) << (at % 64);
        };
        let (word, layer) = (slot / 64, slot / (64 * 64));
        let Some(node) = self.nodes.get_mut(word) else { return };
        let before = bits(node).word;
        put(&mut bits(node).word, slot, on);
        let any = bits(node).word != 0;
        if any != (before != 0) {
            if let Some(node) = self.nodes.get_mut(layer) {
                put(&mut bits(node).summary, word, any);
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
            let capacity = *u.choose(&[1, 2, 3, 63, 64, 65, 4_096, 4_097, 8_200])?;
            let mut nodes = vec![Node::default(); capacity];
            let mut index = Index::new(&mut nodes);
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
            let capacity = u.int_in_range(1..=20)?;
            let mut nodes = vec![Node::default(); capacity];
            let mut index = Index::new(&mut nodes);
            let mut names: Vec<(Key, usize)> = Vec::new();
            while !u.is_empty() {
                let interface = InterfaceId(u.int_in_range(0..=2)?);
                let family = *u.choose(&[Family::V4, Family::V6])?;
                let vrid = Vrid::new(u.int_in_range(1..=4)?).unwrap();
                let key = Key { interface, family, vrid };
                match names.iter().position(|(name, _)| *name == key) {
                    Some(at) => index.remove(names.swap_remove(at).1),
                    None => match index.insert(key) {
                        Some(slot) => names.push((key, slot)),
                        None => assert_eq!(names.len(), capacity),
                    },
                }
                for &(name, slot) in &names {
                    assert_eq!((index.find(name), index.key(slot)), (Some(slot), Some(name)));
                }
                let known = names.iter().any(|(name, _)| *name == key);
                assert_eq!(index.find(key).is_some(), known);
            }
            Ok(())
        });
    }
}
