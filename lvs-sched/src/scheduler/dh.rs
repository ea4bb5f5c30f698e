//! Destination hashing: the packet's destination address names a slot, the slot a destination.

use lvs_proto::Flow;

use super::hash::destination_bits;
use super::slots::Slots;
use super::{Change, Scheduler};
use crate::OutOfMemory;
use crate::dests::{DestList, Loads};

#[derive(Debug)]
pub(crate) struct Dh(Slots);

impl Dh {
    pub(super) fn new(list: DestList<'_>) -> Result<Self, OutOfMemory> {
        let mut dh = Self(Slots::new()?);
        dh.rebuild(list);
        Ok(dh)
    }

    /// In turn, whatever their weights \[DH-1\].
    fn rebuild(&mut self, list: DestList<'_>) {
        self.0.fill(list.order.iter().copied());
    }

    /// \[DH-2\] \[DH-3\]
    #[inline]
    pub(super) fn pick(&self, loads: &Loads, flow: &Flow) -> Option<u32> {
        self.0.pick(loads, Slots::of(destination_bits(flow)))
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
