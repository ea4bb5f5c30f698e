//! The table of `dh` and `sh`.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::hash::spread;
use crate::OutOfMemory;
use crate::dests::Loads;

/// As many as an octet tells apart \[DH-1\] \[SH-1\].
const SLOTS: usize = 1 << u8::BITS;

/// Where a slot leads if the list is empty: there is no such place.
const NOWHERE: u32 = u32::MAX;

/// Slots that lead to places.
#[derive(Debug)]
pub(super) struct Slots(Box<[u32; SLOTS]>);

impl Slots {
    pub(super) fn new() -> Result<Self, OutOfMemory> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(SLOTS).map_err(|_| OutOfMemory)?;
        slots.resize(SLOTS, NOWHERE);
        slots.into_boxed_slice().try_into().map(Self).map_err(|_| OutOfMemory)
    }

    /// Has them lead to these places in turn, round and round.
    pub(super) fn fill(&mut self, places: impl Iterator<Item = u32> + Clone) {
        self.0.fill(NOWHERE);
        self.0.iter_mut().zip(places.cycle()).for_each(|(slot, place)| *slot = place);
    }

    /// The slot that an address in 32 bits names \[CONV-6\].
    #[inline]
    pub(super) const fn of(address: u32) -> u8 {
        spread(address, u8::BITS) as u8
    }

    /// The place that a slot leads to, if it may be picked.
    #[inline]
    pub(super) fn pick(&self, loads: &Loads, slot: u8) -> Option<u32> {
        let place = self.0[usize::from(slot)];
        if loads.at(place)?.is_eligible() { Some(place) } else { None }
    }
}
