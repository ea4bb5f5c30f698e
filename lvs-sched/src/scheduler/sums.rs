//! Which place a running sum of weights reaches a number at.

use alloc::vec::Vec;

use crate::OutOfMemory;

/// A Fenwick tree: the entry `i`, counted from 1, sums up the places from `i` down to the one
/// behind `i` without its lowest bit.
#[derive(Debug, Default)]
pub(super) struct Sums {
    sums: Vec<u64>,
}

impl Sums {
    /// Makes room for so many places.
    pub(super) fn reserve(&mut self, places: usize) -> Result<(), OutOfMemory> {
        let more = places.saturating_sub(self.sums.len());
        self.sums.try_reserve(more).map_err(|_| OutOfMemory)
    }

    /// Begins anew, in the room reserved.
    pub(super) fn rebuild(&mut self, weights: impl Iterator<Item = u32>) {
        let room = self.sums.capacity();
        self.sums.clear();
        self.sums.extend(weights.map(u64::from).take(room));
        for entry in 1..=self.sums.len() {
            let sum = self.sums.get(entry - 1).copied().unwrap_or(0);
            if let Some(above) = self.sums.get_mut(entry + lowest_bit(entry) - 1) {
                *above += sum;
            }
        }
    }

    pub(super) fn set(&mut self, place: usize, weight: u32) {
        let old = self.before(place + 1) - self.before(place);
        let mut entry = place + 1;
        while let Some(sum) = self.sums.get_mut(entry - 1) {
            *sum = *sum + u64::from(weight) - old;
            entry += lowest_bit(entry);
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.before(self.sums.len())
    }

    /// The first place with which the sum is at least `sum`, which is not 0.
    pub(super) fn reaching(&self, sum: u64) -> usize {
        let (mut left, mut place) = (sum, 0);
        let mut step = (self.sums.len() + 1).next_power_of_two();
        while step > 0 {
            if let Some(part) = self.sums.get(place + step - 1).filter(|part| **part < left) {
                left -= part;
                place += step;
            }
            step >>= 1;
        }
        place
    }

    /// The sum of the places before `place`.
    fn before(&self, place: usize) -> u64 {
        let (mut sum, mut entry) = (0, place);
        while entry > 0 {
            sum += self.sums.get(entry - 1).copied().unwrap_or(0);
            entry -= lowest_bit(entry);
        }
        sum
    }
}

const fn lowest_bit(entry: usize) -> usize {
    entry & entry.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_an_array() {
        arbtest::arbtest(|u| {
            let places = u.int_in_range(1..=70_usize)?;
            let mut array = std::vec![0; places];
            for weight in &mut array {
                *weight = u.int_in_range(0..=5_u32)?;
            }
            let mut sums = Sums::default();
            sums.reserve(places).unwrap();
            sums.rebuild(array.iter().copied());
            for _ in 0..20 {
                let place = u.choose_index(places)?;
                array[place] = u.int_in_range(0..=5)?;
                sums.set(place, array[place]);
                let total: u32 = array.iter().sum();
                assert_eq!(sums.total(), total.into());
                let wanted = u.int_in_range(1..=total.max(1))?;
                let mut running = 0;
                let expected = array.iter().position(|weight| {
                    running += weight;
                    running >= wanted
                });
                assert_eq!(sums.reaching(wanted.into()), expected.unwrap_or(places));
            }
            Ok(())
        });
    }
}
