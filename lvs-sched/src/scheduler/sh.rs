//! Source hashing: the client's address names a slot, the slot a destination.

use core::iter::repeat_n;

use lvs_proto::Flow;

use super::hash::client;
use super::slots::Slots;
use super::{Change, Scheduler, SchedulerFlags};
use crate::OutOfMemory;
use crate::dests::{DestList, Load, Loads};

#[derive(Debug)]
pub(crate) struct Sh(Slots);

impl Sh {
    pub(super) fn new(list: DestList<'_>) -> Result<Self, OutOfMemory> {
        let mut sh = Self(Slots::new()?);
        sh.rebuild(list);
        Ok(sh)
    }

    /// Runs as long as the weight, and of one slot for weight 0 \[SH-1\] \[SH-2\] \[SH-3\].
    fn rebuild(&mut self, list: DestList<'_>) {
        let run = |(place, load): (u32, &Load)| repeat_n(place, load.weight.max(1) as usize);
        self.0.fill(list.iter().flat_map(run));
    }

    /// \[SH-5\]
    #[inline]
    pub(super) fn pick_at_once(
        &self,
        loads: &Loads,
        flags: SchedulerFlags,
        flow: &Flow,
    ) -> Option<u32> {
        self.0.pick(loads, slot(flow, flags))
    }

    /// \[SH-5\]
    #[inline(never)]
    pub(super) fn pick(&self, loads: &Loads, flags: SchedulerFlags, flow: &Flow) -> Option<u32> {
        let first = slot(flow, flags);
        match self.0.pick(loads, first) {
            None if flags.contains(SchedulerFlags::SH_FALLBACK) => self.probe(loads, first),
            picked => picked,
        }
    }

    /// Begins at twice the first slot: the kernel adds it a second time \[SH-6\] \[WART-10\].
    fn probe(&self, loads: &Loads, first: u8) -> Option<u32> {
        let begin = first.wrapping_add(first);
        (0..=u8::MAX).find_map(|offset| self.0.pick(loads, begin.wrapping_add(offset)))
    }
}

impl Scheduler for Sh {
    fn changed(&mut self, list: DestList<'_>, _change: Change) {
        self.rebuild(list);
    }
}

/// \[SH-4\] for offset 0.
#[inline]
fn slot(flow: &Flow, flags: SchedulerFlags) -> u8 {
    let (address, port) = client(flow, flags.contains(SchedulerFlags::SH_PORT));
    Slots::of(address.wrapping_add(port.into()))
}
