//! Where the next destination of some weight is, in a build without the feature `fast`.

use alloc::vec::Vec;

use crate::OutOfMemory;

/// So many places are a row.
pub(super) const ROW: usize = 64;

/// The weights in list order.
#[derive(Debug, Default)]
pub(super) struct Weights(Vec<u32>);

impl Weights {
    pub(super) fn reserve(&mut self, places: usize) -> Result<(), OutOfMemory> {
        let more = places.saturating_sub(self.0.len());
        self.0.try_reserve(more).map_err(|_| OutOfMemory)
    }

    pub(super) fn rebuild(&mut self, _places: usize, weights: impl Iterator<Item = u32>) {
        let room = self.0.capacity();
        self.0.clear();
        self.0.extend(weights.take(room));
    }

    pub(super) fn set(&mut self, place: usize, weight: u32) {
        if let Some(old) = self.0.get_mut(place) {
            *old = weight;
        }
    }

    pub(super) fn row(&self, first: usize, least: u32) -> u64 {
        let weights = self.0.get(first..).unwrap_or_default().iter().take(ROW);
        weights.zip(0..).fold(0, |row, (weight, place)| row | u64::from(*weight >= least) << place)
    }

    /// Not looked for: every pass is walked.
    pub(super) const fn next_lower(&self, _first: usize, _least: u32) -> Option<u32> {
        None
    }

    pub(super) fn greatest(&self) -> u32 {
        self.0.iter().copied().max().unwrap_or(0)
    }

    pub(super) fn next(&self, from: usize, least: u32) -> Option<usize> {
        self.0.get(from..)?.iter().position(|weight| *weight >= least).map(|later| from + later)
    }
}
