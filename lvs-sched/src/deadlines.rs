//! Which of many things is due first, when each is moved often.

use alloc::vec::Vec;

use lvs_proto::Instant;

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
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    deadline: Instant,
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
        Ok(Self { heap, len: 0, positions })
    }

    /// What is due first, and when.
    pub(crate) fn first(&self) -> Option<(Instant, u32)> {
        let first = self.heap.first().filter(|_| self.len > 0)?;
        Some((first.deadline, first.index))
    }

    /// The deadline of `index`.
    pub(crate) fn get(&self, index: u32) -> Option<Instant> {
        let position = *self.positions.get(index as usize)?;
        self.heap.get(position).map(|entry| entry.deadline)
    }

    /// Sets or moves the deadline of `index`.
    pub(crate) fn set(&mut self, index: u32, deadline: Instant) {
        let Some(&position) = self.positions.get(index as usize) else { return };
        let entry = Entry { deadline, index };
        if position == NOWHERE {
            self.len += 1;
            self.settle(self.len - 1, entry);
        } else {
            self.settle(position, entry);
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
            let mut model = BTreeMap::new();
            for _ in 0..u.arbitrary_len::<u32>()? {
                let index = u.int_in_range(0..=15)?;
                if u.ratio(1, 3)? {
                    deadlines.remove(index);
                    model.remove(&index);
                } else {
                    let deadline = Instant::from_micros(u.int_in_range(0..=20)?);
                    deadlines.set(index, deadline);
                    model.insert(index, deadline);
                }
                let first = model.iter().map(|(&index, &deadline)| (deadline, index)).min();
                assert_eq!(deadlines.first(), first);
                assert_eq!(deadlines.get(index), model.get(&index).copied());
            }
            Ok(())
        });
    }
}
