//! Where the next destination of some weight is.

use alloc::vec::Vec;

use super::heap::Heap;
use crate::OutOfMemory;

/// So many places are a row.
pub(super) const ROW: usize = 16 * LINES;
/// In so many lines, which one line above sums up.
const LINES: usize = 4;

/// A tree of weights: each line holds the greatest of sixteen lines below.
#[derive(Debug, Default)]
pub(super) struct Weights {
    heap: Heap<4>,
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

    /// The greatest weight, or 0.
    pub(super) fn greatest(&self) -> u32 {
        self.lines.first().map_or(0, |Line(weights)| greatest(weights))
    }

    /// The first place at `from` or behind it with a weight of at least `least`, which is not 0.
    pub(super) fn next(&self, from: usize, least: u32) -> Option<usize> {
        self.heap.next(from, |line, slot| {
            let Line(weights) = self.lines.get(line)?;
            let later = at_least(weights, least).checked_shr(slot as u32)?;
            (later != 0).then(|| slot + later.trailing_zeros() as usize)
        })
    }

    /// A bit for each place of a row, given by its first, with a weight of at least `least`, which is
    /// not 0.
    #[inline]
    pub(super) fn row(&self, first: usize, least: u32) -> u64 {
        let lines = self.lines_of(first).map(|weights| u64::from(at_least(weights, least)));
        lines.zip(0..).fold(0, |row, (bits, line)| row | bits << (16 * line))
    }

    /// The greatest weight below `least`, or 0; `None` if another row has one that is not below.
    pub(super) fn next_lower(&self, first: usize, least: u32) -> Option<u32> {
        let others = self.greatest_but(first);
        if others >= least {
            return None;
        }
        let lower = self.lines_of(first).flatten().filter(|weight| **weight < least);
        Some(lower.copied().fold(others, u32::max))
    }

    /// The greatest weight of the other rows, or 0.
    fn greatest_but(&self, first: usize) -> u32 {
        let (mut line, _) = self.heap.leaf(first);
        // A row is several lines, and what sums it up is in one.
        let (mut lines, mut greatest) = (LINES, 0);
        while let Some((above, slot)) = Heap::<4>::above(line) {
            let weights = self.lines.get(above).into_iter().flat_map(|Line(weights)| weights);
            let others = weights.zip(0..).filter(|(_, other)| other / lines != slot / lines);
            greatest = others.fold(greatest, |greatest, (weight, _)| greatest.max(*weight));
            (line, lines) = (above, 1);
        }
        greatest
    }

    #[inline]
    fn lines_of(&self, first: usize) -> impl Iterator<Item = &[u32; 16]> {
        let (line, _) = self.heap.leaf(first);
        self.lines.iter().skip(line).take(LINES).map(|Line(weights)| weights)
    }
}

/// A bit for each that is at least that much.
#[inline]
fn at_least(weights: &[u32; 16], least: u32) -> u16 {
    let bits = weights.iter().zip(0..).map(|(weight, slot)| u16::from(*weight >= least) << slot);
    bits.fold(0, |line, bit| line | bit)
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
            let places = *u.choose(&[0, 1, 16, 17, 64, 65, 256, 257, 5000])?;
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
                let is_heavy = |place: &usize| array[*place] >= least;
                assert_eq!(weights.next(from, least), (from..places).find(is_heavy));
                assert_eq!(weights.greatest(), array.iter().copied().max().unwrap_or(0));
                let first = from / ROW * ROW;
                let row = weights.row(first, least);
                let places_of_row = (0..ROW).filter(|slot| row >> slot & 1 == 1);
                let expected = (first..places.min(first + ROW)).filter(is_heavy);
                assert!(places_of_row.map(|slot| first + slot).eq(expected));
                let heavy = (0..places).filter(is_heavy).count();
                let lower = array.iter().copied().filter(|weight| *weight < least).max();
                let expected = (heavy == row.count_ones() as usize).then(|| lower.unwrap_or(0));
                assert_eq!(weights.next_lower(first, least), expected);
            }
            Ok(())
        });
    }
}
