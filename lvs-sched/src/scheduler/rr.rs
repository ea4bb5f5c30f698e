//! Round robin: each eligible destination in turn.

use super::bitmap::Bitmap;
use super::{Change, Scheduler, start};
use crate::OutOfMemory;
use crate::dests::{DestList, Load};

#[derive(Debug)]
pub(crate) struct Rr {
    /// Places after the head where the first walk begins; 0 is the kernel's.
    start_offset: u32,
    /// Whether one was picked: until then every change has the walk begin where the first one does.
    has_begun: bool,
    /// Where the walk goes on: behind the one picked last, at the head behind the last one
    /// \[RR-1\].
    next: usize,
    eligible: Bitmap,
}

impl Rr {
    pub(super) fn new(start_offset: u32, list: DestList<'_>) -> Result<Self, OutOfMemory> {
        let eligible = Bitmap::default();
        let mut rr = Self { start_offset, has_begun: false, next: 0, eligible };
        rr.eligible.reserve(list.len())?;
        rr.rebuild(list);
        Ok(rr)
    }

    fn rebuild(&mut self, list: DestList<'_>) {
        self.eligible.rebuild(list.len(), list.loads().map(Load::is_eligible));
        if !self.has_begun {
            self.next = start(self.start_offset, list.order);
        }
    }

    /// \[RR-2\] \[RR-3\]
    #[inline]
    pub(super) fn pick(&mut self, order: &[u32]) -> Option<u32> {
        match self.pick_at_once(order) {
            None => self.search(order),
            picked => picked,
        }
    }

    /// The same if it is the next one, as most often; else nothing has changed.
    #[inline]
    pub(super) fn pick_at_once(&mut self, order: &[u32]) -> Option<u32> {
        if self.eligible.get(self.next) { self.take(self.next, order) } else { None }
    }

    #[inline(never)]
    fn search(&mut self, order: &[u32]) -> Option<u32> {
        let place = self.eligible.next(self.next).or_else(|| self.eligible.next(0))?;
        self.take(place, order)
    }

    #[inline]
    fn take(&mut self, place: usize, order: &[u32]) -> Option<u32> {
        let after = place + 1;
        self.next = if after < order.len() { after } else { 0 };
        self.has_begun = true;
        order.get(place).copied()
    }

    #[inline(never)]
    pub(super) fn counted(&mut self, load: &Load) {
        self.eligible.set(load.position as usize, load.is_eligible());
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
        match change {
            // One more is before the one picked last; "before the first" stays so [RR-5].
            Change::Added if self.next > 0 => self.next += 1,
            // Also if it is itself the one: then its predecessor takes its part [RR-4].
            Change::Deleted { position } if position < self.next => self.next -= 1,
            _ => {}
        }
        self.rebuild(list);
    }
}
