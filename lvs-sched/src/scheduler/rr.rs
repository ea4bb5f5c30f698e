//! Round robin: each eligible destination in turn.

use super::bitmap::Bitmap;
use super::{Change, Scheduler, start};
use crate::dests::{DestList, Load};
use crate::{DestId, OutOfMemory};

#[derive(Debug)]
pub(crate) struct Rr {
    /// Places after the head where the first walk begins; 0 is the kernel's.
    start_offset: u32,
    /// Destinations up to and including the one picked last, once there was one; 0 is before the
    /// first \[RR-1\].
    walked: Option<usize>,
    eligible: Bitmap,
}

impl Rr {
    pub(super) fn new(start_offset: u32, list: DestList<'_>) -> Result<Self, OutOfMemory> {
        let mut rr = Self { start_offset, walked: None, eligible: Bitmap::default() };
        rr.eligible.reserve(list.len())?;
        rr.rebuild(list);
        Ok(rr)
    }

    fn rebuild(&mut self, list: DestList<'_>) {
        self.eligible.rebuild(list.len(), list.loads().map(Load::is_eligible));
    }

    /// \[RR-2\] \[RR-3\]
    #[inline]
    pub(super) fn pick(&mut self, order: &[DestId]) -> Option<DestId> {
        // Most often it is the next one, and after the last one the first.
        let next = self.walked.map(|walked| if walked < order.len() { walked } else { 0 });
        match next.filter(|next| self.eligible.get(*next)) {
            Some(next) => self.take(next, order),
            None => self.search(order),
        }
    }

    #[inline(never)]
    fn search(&mut self, order: &[DestId]) -> Option<DestId> {
        let walked = self.walked.unwrap_or_else(|| start(self.start_offset, order));
        let place = self.eligible.next(walked).or_else(|| self.eligible.next(0))?;
        self.take(place, order)
    }

    #[inline]
    fn take(&mut self, place: usize, order: &[DestId]) -> Option<DestId> {
        self.walked = Some(place + 1);
        order.get(place).copied()
    }

    #[inline(never)]
    pub(super) fn counted(&mut self, load: &Load) {
        self.eligible.set(load.place as usize, load.is_eligible());
    }
}

impl Scheduler for Rr {
    fn reserve(
        &mut self,
        _list: DestList<'_>,
        dests: usize,
        _weight: u32,
    ) -> Result<(), OutOfMemory> {
        self.eligible.reserve(dests)
    }

    fn changed(&mut self, list: DestList<'_>, change: Change) {
        self.rebuild(list);
        let Some(walked) = &mut self.walked else { return };
        match change {
            // One more is before the one picked last; "before the first" stays so [RR-5].
            Change::Added if *walked > 0 => *walked += 1,
            // Also if it is itself the one: then its predecessor takes its part [RR-4].
            Change::Deleted { position } if position < *walked => *walked -= 1,
            _ => {}
        }
    }
}
