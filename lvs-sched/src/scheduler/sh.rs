//! Source hashing: the client's address names a slot, the slot a destination.

use alloc::vec::Vec;
use core::iter::repeat_n;

use lvs_proto::Flow;

use super::hash::{client, spread};
use super::{Change, Scheduler, SchedulerFlags};
use crate::dests::{DestList, Load, Loads};
use crate::{DestId, OutOfMemory};

const SLOT_BITS: u32 = 8;
/// \[SH-1\]
const SLOTS: u32 = 1 << SLOT_BITS;

#[derive(Debug)]
pub(crate) struct Sh {
    /// [`SLOTS`] of them, or none if the list is empty.
    slots: Vec<DestId>,
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
            list.members().iter().flat_map(|(id, load)| repeat_n(*id, load.weight.max(1) as usize));
        self.slots.clear();
        self.slots.extend(runs.cycle().take(SLOTS as usize));
    }

    /// \[SH-5\] \[SH-6\]
    #[inline(never)]
    pub(super) fn pick(&self, loads: &Loads, flags: SchedulerFlags, flow: &Flow) -> Option<DestId> {
        let key = key(flow, flags);
        let available = |id: &DestId| loads.get(*id).is_some_and(Load::is_eligible);
        if let Some(id) = self.slot(key).filter(available) {
            return Some(id);
        }
        if !flags.contains(SchedulerFlags::SH_FALLBACK) {
            return None;
        }
        // Probing begins at twice the key: the kernel adds it a second time [WART-10].
        (0..SLOTS).find_map(|offset| self.slot((offset + key) % SLOTS + key).filter(available))
    }

    fn slot(&self, slot: u32) -> Option<DestId> {
        self.slots.get((slot % SLOTS) as usize).copied()
    }
}

impl Scheduler for Sh {
    fn changed(&mut self, list: DestList<'_>, _change: Change) {
        self.rebuild(list);
    }
}

/// \[SH-4\] for offset 0.
fn key(flow: &Flow, flags: SchedulerFlags) -> u32 {
    let (address, port) = client(flow, flags.contains(SchedulerFlags::SH_PORT));
    spread(address.wrapping_add(port.into()), SLOT_BITS)
}
