//! Source hashing: the client's address names a slot, the slot a destination.

use alloc::vec::Vec;
use core::iter::repeat_n;

use lvs_proto::Flow;

use super::hash::{client, spread};
use super::{Change, Scheduler, SchedulerFlags};
use crate::OutOfMemory;
use crate::dests::{DestList, Load, Loads};

const SLOT_BITS: u32 = 8;
/// \[SH-1\]
const SLOTS: u32 = 1 << SLOT_BITS;

#[derive(Debug)]
pub(crate) struct Sh {
    /// [`SLOTS`] of them, or none if the list is empty.
    slots: Vec<u32>,
}

impl Sh {
    pub(super) fn new(list: DestList<'_>) -> Result<Self, OutOfMemory> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(SLOTS as usize).map_err(|_| OutOfMemory)?;
        let mut sh = Self { slots };
        sh.rebuild(list);
        Ok(sh)
    }

    /// Runs as long as the weight, and of one slot for weight 0 \[SH-2\] \[SH-3\].
    fn rebuild(&mut self, list: DestList<'_>) {
        let runs =
            list.iter().flat_map(|(place, load)| repeat_n(place, load.weight.max(1) as usize));
        self.slots.clear();
        self.slots.extend(runs.cycle().take(SLOTS as usize));
    }

    /// \[SH-5\]
    #[inline]
    pub(super) fn pick_at_once(
        &self,
        loads: &Loads,
        flags: SchedulerFlags,
        flow: &Flow,
    ) -> Option<u32> {
        let place = self.slot(key(flow, flags))?;
        if loads.at(place)?.is_eligible() { Some(place) } else { None }
    }

    /// \[SH-5\] \[SH-6\]
    #[inline(never)]
    pub(super) fn pick(&self, loads: &Loads, flags: SchedulerFlags, flow: &Flow) -> Option<u32> {
        if let Some(place) = self.pick_at_once(loads, flags, flow) {
            return Some(place);
        }
        let key = key(flow, flags);
        let available = |place: &u32| loads.at(*place).is_some_and(Load::is_eligible);
        if !flags.contains(SchedulerFlags::SH_FALLBACK) {
            return None;
        }
        // Probing begins at twice the key: the kernel adds it a second time [WART-10].
        (0..SLOTS).find_map(|offset| self.slot((offset + key) % SLOTS + key).filter(available))
    }

    #[inline]
    fn slot(&self, slot: u32) -> Option<u32> {
        self.slots.get((slot % SLOTS) as usize).copied()
    }
}

impl Scheduler for Sh {
    fn changed(&mut self, list: DestList<'_>, _change: Change) {
        self.rebuild(list);
    }
}

/// \[SH-4\] for offset 0.
#[inline]
fn key(flow: &Flow, flags: SchedulerFlags) -> u32 {
    let (address, port) = client(flow, flags.contains(SchedulerFlags::SH_PORT));
    spread(address.wrapping_add(port.into()), SLOT_BITS)
}
