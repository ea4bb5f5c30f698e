//! Which places of a list have a property, in a build without the feature `fast`.

use alloc::vec::Vec;

use crate::OutOfMemory;

/// One octet for each place.
#[derive(Debug, Default)]
pub(super) struct Bitmap(Vec<bool>);

impl Bitmap {
    pub(super) fn reserve(&mut self, places: usize) -> Result<(), OutOfMemory> {
        let more = places.saturating_sub(self.0.len());
        self.0.try_reserve(more).map_err(|_| OutOfMemory)
    }

    pub(super) fn rebuild(&mut self, _places: usize, bits: impl Iterator<Item = bool>) {
        let room = self.0.capacity();
        self.0.clear();
        self.0.extend(bits.take(room));
    }

    pub(super) fn set(&mut self, place: usize, on: bool) {
        if let Some(bit) = self.0.get_mut(place) {
            *bit = on;
        }
    }

    pub(super) fn get(&self, place: usize) -> bool {
        self.0.get(place).is_some_and(|bit| *bit)
    }

    pub(super) fn any(&self) -> bool {
        self.0.contains(&true)
    }

    pub(super) fn next(&self, from: usize) -> Option<usize> {
        self.0.get(from..)?.iter().position(|bit| *bit).map(|later| from + later)
    }
}
