//! Which of many things is due first, to the microsecond: the queue of exact timers, and the model of
//! the [wheel](super::wheel).

use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::OutOfMemory;

/// A binary heap that knows where each entry is, so that a deadline moves in both directions
/// without leaving a stale one behind. One deadline per index.
#[derive(Debug)]
pub(crate) struct Deadlines {
    /// The first [`len`](Self::len) of them are the heap.
    heap: Vec<Entry>,
    len: usize,
    /// Where in the heap the entry of an index is.
    positions: Vec<usize>,
    /// How many were queued so far.
    queued: u64,
}

/// What fires together goes by level, then the last queued first \[CONV-9\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    fires: u64,
    level: Reverse<u8>,
    queued: Reverse<u64>,
    index: u32,
}

/// The position of an index without a deadline.
const NOWHERE: usize = usize::MAX;

impl Deadlines {
    /// Room for the indexes below `capacity`.
    pub(crate) fn new(capacity: usize) -> Result<Self, OutOfMemory> {
        let (mut heap, mut positions) = (Vec::new(), Vec::new());
        heap.try_reserve_exact(capacity).map_err(|_| OutOfMemory)?;
        positions.try_reserve_exact(capacity).map_err(|_| OutOfMemory)?;
        heap.resize(capacity, Entry::default());
        positions.resize(capacity, NOWHERE);
        Ok(Self { heap, len: 0, positions, queued: 0 })
    }

    /// What is due first, and when.
    pub(crate) fn first(&self) -> Option<(u64, u32)> {
        let first = self.heap.first().filter(|_| self.len > 0)?;
        Some((first.fires, first.index))
    }

    /// Sets or moves the deadline of `index`; one that stays what it is keeps its place among its
    /// equals \[CONV-9\].
    pub(crate) fn set(&mut self, index: u32, fires: u64, level: u8) {
        let Some(&position) = self.positions.get(index as usize) else { return };
        let level = Reverse(level);
        let entry = Entry { fires, level, queued: Reverse(self.queued), index };
        self.queued += 1;
        match self.heap.get(position) {
            Some(old) if (old.fires, old.level) == (fires, level) => {}
            Some(_) => self.settle(position, entry),
            None => {
                self.len += 1;
                self.settle(self.len - 1, entry);
            }
        }
    }

    /// Takes the deadline of `index` away.
    pub(crate) fn remove(&mut self, index: u32) {
        let Some(position) = self.positions.get_mut(index as usize) else { return };
        let position = core::mem::replace(position, NOWHERE);
        if position == NOWHERE {
            return;
        }
        self.len -= 1;
        if position < self.len {
            if let Some(&last) = self.heap.get(self.len) {
                self.settle(position, last);
            }
        }
    }

    /// Puts `entry` where it belongs, from the free `position` up or down.
    fn settle(&mut self, position: usize, entry: Entry) {
        let mut position = position;
        while let Some(parent) = position.checked_sub(1).map(|before| before / 2) {
            match self.heap.get(parent) {
                Some(&above) if above > entry => self.put(position, above),
                _ => break,
            }
            position = parent;
        }
        while let Some((child, below)) = self.lesser_child(position) {
            if below >= entry {
                break;
            }
            self.put(position, below);
            position = child;
        }
        self.put(position, entry);
    }

    fn lesser_child(&self, position: usize) -> Option<(usize, Entry)> {
        let left = 2 * position + 1;
        let children = self.heap.get(left..self.len)?.iter().take(2);
        (left..).zip(children.copied()).min_by_key(|&(_, entry)| entry)
    }

    fn put(&mut self, position: usize, entry: Entry) {
        if let Some(place) = self.heap.get_mut(position) {
            *place = entry;
        }
        if let Some(place) = self.positions.get_mut(entry.index as usize) {
            *place = position;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn equals_a_sorted_map() {
        arbtest::arbtest(|u| {
            let mut deadlines = Deadlines::new(16).unwrap();
            let mut model: BTreeMap<u32, (u64, Reverse<u8>, Reverse<u32>)> = BTreeMap::new();
            for queued in 0..u.arbitrary_len::<u32>()? as u32 {
                let index = u.int_in_range(0..=15)?;
                if u.ratio(1, 3)? {
                    deadlines.remove(index);
                    model.remove(&index);
                } else {
                    let (fires, level) = (u.int_in_range(0..=20)?, u.int_in_range(0..=2)?);
                    deadlines.set(index, fires, level);
                    let same = |old: &&(u64, Reverse<u8>, _)| (old.0, old.1.0) == (fires, level);
                    let place = model.get(&index).filter(same).map_or(Reverse(queued), |old| old.2);
                    model.insert(index, (fires, Reverse(level), place));
                }
                let first = model.iter().min_by_key(|(_, order)| **order);
                let first = first.map(|(&index, &(deadline, ..))| (deadline, index));
                assert_eq!(deadlines.first(), first);
            }
            Ok(())
        });
    }
}
