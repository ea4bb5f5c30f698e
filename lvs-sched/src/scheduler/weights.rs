//! Where the next destination of some weight is.

use alloc::vec::Vec;

use super::heap::Heap;
use crate::OutOfMemory;

/// So many places are a row.
pub(super) const ROW: usize = 16;

/// A tree of weights: each line holds the greatest of sixteen lines below.
#[derive(Debug, Default)]
pub(super) struct Weights {
    heap: Heap<4>,
    /// How many slots of a line there are: of a short list, whose only line is not full, the places.
    slots: usize,
    lines: Vec<Line>,
}

/// One cache line of weights.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line([u32; 16]);

impl Weights {
    /// Makes room for so many places.
    pub(super) fn reserve(&mut self, places: usize) -> Result<(), OutOfMemory> {
        let more = Heap::<4>::of(places).lines().saturating_sub(self.lines.len());
        self.lines.try_reserve(more).map_err(|_| OutOfMemory)
    }

    /// Begins anew, in the room reserved.
    pub(super) fn rebuild(&mut self, places: usize, weights: impl Iterator<Item = u32>) {
        self.heap = Heap::of(places);
        self.slots = places.min(16);
        self.lines.clear();
        self.lines.resize(self.heap.lines().min(self.lines.capacity()), Line([0; 16]));
        weights.enumerate().for_each(|(place, weight)| self.set(place, weight));
    }

    #[inline]
    pub(super) fn set(&mut self, place: usize, weight: u32) {
        let (mut line, mut slot) = self.heap.leaf(place);
        let mut new = weight;
        while let Some(Line(weights)) = self.lines.get_mut(line) {
            weights[slot & 15] = new;
            let greatest = greatest(weights);
            let Some(above) = Heap::<4>::above(line) else { return };
            if self.lines.get(above.0).is_some_and(|Line(sums)| sums[above.1 & 15] == greatest) {
                return;
            }
            new = greatest;
            (line, slot) = above;
        }
    }

    /// All weights, if they are few.
    #[inline]
    pub(super) fn few(&self) -> Option<&[u32]> {
        match self.lines.as_slice() {
            [Line(weights)] => weights.get(..self.slots),
            _ => None,
        }
    }

    /// The weights of the row that `place` is in, 0 behind the end of the list, and its first place.
    #[inline]
    pub(super) fn row(&self, place: usize) -> (usize, &[u32]) {
        let (line, slot) = self.heap.leaf(place);
        (place - slot, self.lines.get(line).map_or(&[], |Line(weights)| weights))
    }

    /// The greatest weight, or 0.
    pub(super) fn greatest(&self) -> u32 {
        self.lines.first().map_or(0, |Line(weights)| greatest(weights))
    }

    /// The first place at `from` or behind it with a weight of at least `least`, which is not 0.
    #[inline]
    pub(super) fn next(&self, from: usize, least: u32) -> Option<usize> {
        if let [Line(weights)] = self.lines.as_slice() {
            let later =
                weights.get(from..self.slots)?.iter().position(|weight| *weight >= least)?;
            return Some(from + later);
        }
        self.heap.next(from, |line, slot| {
            let Line(weights) = self.lines.get(line)?;
            let later =
                weights.get(slot..self.slots)?.iter().position(|weight| *weight >= least)?;
            Some(slot + later)
        })
    }
}

fn greatest(weights: &[u32; 16]) -> u32 {
    weights.iter().copied().fold(0, u32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_an_array() {
        arbtest::arbtest(|u| {
            let places = *u.choose(&[0, 1, 16, 17, 256, 257, 5000])?;
            let mut array = std::vec![0; places];
            let mut weights = Weights::default();
            weights.reserve(places).unwrap();
            weights.rebuild(places, array.iter().copied());
            for _ in 0..u.int_in_range(0..=60_u8)? {
                if places > 0 {
                    let place = u.choose_index(places)?;
                    array[place] = u.int_in_range(0..=5)?;
                    weights.set(place, array[place]);
                }
                let (from, least) = (u.int_in_range(0..=places + 1)?, u.int_in_range(1..=5)?);
                let expected = (from..places).find(|place| array[*place] >= least);
                assert_eq!(weights.next(from, least), expected);
                assert_eq!(weights.greatest(), array.iter().copied().max().unwrap_or(0));
            }
            Ok(())
        });
    }
}
