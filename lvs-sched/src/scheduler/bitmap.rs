//! Which places of a list have a property.

use alloc::vec::Vec;

use super::heap::Heap;
use crate::OutOfMemory;

/// A bit for each place, and for each 64 bits one that says whether any of them is set, and so on.
#[derive(Debug, Default)]
pub(super) struct Bitmap {
    heap: Heap<6>,
    words: Vec<u64>,
}

impl Bitmap {
    /// Makes room for so many places.
    pub(super) fn reserve(&mut self, places: usize) -> Result<(), OutOfMemory> {
        let more = Heap::<6>::of(places).lines().saturating_sub(self.words.len());
        self.words.try_reserve(more).map_err(|_| OutOfMemory)
    }

    /// Begins anew, in the room reserved.
    pub(super) fn rebuild(&mut self, places: usize, bits: impl Iterator<Item = bool>) {
        self.heap = Heap::of(places);
        self.words.clear();
        self.words.resize(self.heap.lines().min(self.words.capacity()), 0);
        bits.enumerate().for_each(|(place, bit)| self.set(place, bit));
    }

    #[inline]
    pub(super) fn set(&mut self, place: usize, on: bool) {
        let (mut line, mut slot) = self.heap.leaf(place);
        while let Some(word) = self.words.get_mut(line) {
            let old = *word;
            *word = if on { old | 1 << slot } else { old & !(1 << slot) };
            if (old == 0) == (*word == 0) {
                return;
            }
            let Some(above) = Heap::<6>::above(line) else { return };
            (line, slot) = above;
        }
    }

    /// The bit of a place; that of one behind the last is not set.
    #[inline]
    pub(super) fn get(&self, place: usize) -> bool {
        let (line, slot) = self.heap.leaf(place);
        self.words.get(line).is_some_and(|word| word >> slot & 1 == 1)
    }

    pub(super) fn any(&self) -> bool {
        self.words.first().is_some_and(|root| *root != 0)
    }

    /// The first place at `from` or behind it whose bit is set.
    #[inline]
    pub(super) fn next(&self, from: usize) -> Option<usize> {
        self.heap.next(from, |line, slot| {
            let later = self.words.get(line)?.checked_shr(slot as u32)?;
            (later != 0).then(|| slot + later.trailing_zeros() as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_an_array() {
        arbtest::arbtest(|u| {
            let places = *u.choose(&[0, 1, 63, 64, 65, 130, 4096, 4097, 5000])?;
            let mut bits = std::vec![false; places];
            let mut map = Bitmap::default();
            map.reserve(places).unwrap();
            map.rebuild(places, bits.iter().copied());
            for _ in 0..u.int_in_range(0..=60_u8)? {
                if places > 0 {
                    let place = u.choose_index(places)?;
                    bits[place] = u.ratio(2, 3)?;
                    map.set(place, bits[place]);
                }
                assert!(
                    (0..=places).all(|place| map.get(place) == *bits.get(place).unwrap_or(&false))
                );
                let from = u.int_in_range(0..=places + 1)?;
                let expected = (from..places).find(|place| bits[*place]);
                assert_eq!(map.next(from), expected);
                assert_eq!(map.any(), bits.contains(&true));
            }
            Ok(())
        });
    }
}
