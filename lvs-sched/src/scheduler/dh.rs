//! Destination hashing: the packet's destination address names a slot, the slot a destination.

use alloc::vec::Vec;

use lvs_proto::Flow;

use super::hash::{destination, fold, spread};
use super::{Change, Scheduler};
use crate::OutOfMemory;
use crate::dests::{DestList, Loads};

const SLOT_BITS: u32 = 8;
const SLOTS: usize = 1 << SLOT_BITS;

#[derive(Debug)]
pub(crate) struct Dh {
    /// [`SLOTS`] of them, or none if the list is empty.
    slots: Vec<u32>,
}

impl Dh {
    pub(super) fn new(list: DestList<'_>) -> Result<Self, OutOfMemory> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(SLOTS).map_err(|_| OutOfMemory)?;
        let mut dh = Self { slots };
        dh.rebuild(list);
        Ok(dh)
    }

    /// In turn, whatever their weights \[DH-1\].
    fn rebuild(&mut self, list: DestList<'_>) {
        self.slots.clear();
        self.slots.extend(list.order.iter().copied().cycle().take(SLOTS));
    }

    /// \[DH-2\] \[DH-3\]
    #[inline]
    pub(super) fn pick(&self, loads: &Loads, flow: &Flow) -> Option<u32> {
        let slot = spread(fold(destination(flow)), SLOT_BITS);
        let place = *self.slots.get(slot as usize)?;
        if loads.at(place)?.is_eligible() { Some(place) } else { None }
    }
}

impl Scheduler for Dh {
    fn changed(&mut self, list: DestList<'_>, change: Change) {
        match change {
            Change::Added | Change::Deleted { .. } => self.rebuild(list),
            Change::Edited => {}
        }
    }
}
