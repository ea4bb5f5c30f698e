//! Weighted round robin: passes over the list with a falling threshold.

use core::num::NonZeroU32;

use super::weights::{ROW, Weights};
use super::{Change, Scheduler, gcd, start};
use crate::OutOfMemory;
use crate::dests::{DestList, Load};

/// \[WRR-1\]
#[derive(Debug)]
pub(crate) struct Wrr {
    /// Places after the head where a walk begins; 0 is the kernel's.
    start_offset: u32,
    /// Destinations up to and including the current one; 0 is before the first.
    walked: usize,
    /// The weight that a destination must have in this pass.
    threshold: u32,
    /// The threshold of the first pass.
    highest: u32,
    /// What the threshold falls by from pass to pass.
    step: NonZeroU32,
    /// The weights of those that are not overloaded.
    free: Weights,
    /// Of a row of places, a bit for each that is still to be picked in this pass.
    left: u64,
    /// The first of that row.
    first: usize,
    /// A bit for each that this pass picks, if all of them are in that row; else 0.
    pass: u64,
    /// As long as the threshold is above this one, the next pass picks the same.
    alike_above: u32,
    /// What the threshold falls by then: nothing if each round has but one pass.
    fall: u32,
}

impl Wrr {
    /// \[WRR-3\]
    pub(super) fn new(start_offset: u32, list: DestList<'_>) -> Result<Self, OutOfMemory> {
        let mut wrr = Self {
            start_offset,
            walked: 0,
            threshold: 0,
            highest: 0,
            step: NonZeroU32::MIN,
            free: Weights::default(),
            left: 0,
            first: 0,
            pass: 0,
            alike_above: 0,
            fall: 0,
        };
        wrr.free.reserve(list.len())?;
        wrr.start_over(list);
        Ok(wrr)
    }

    /// \[WRR-4\]
    fn start_over(&mut self, list: DestList<'_>) {
        self.free.rebuild(list.len(), list.loads().map(Load::free_weight));
        self.walked = start(self.start_offset, list.order);
        (self.step, self.highest) = measure(list);
        if self.threshold > self.highest || self.threshold == 0 {
            self.threshold = self.highest;
        } else if self.step.get() > 1 {
            self.threshold = self.threshold / self.step * self.step.get() + 1;
        }
        self.look_ahead();
    }

    /// \[WRR-5\] \[WRR-6\]
    #[inline]
    pub(super) fn pick(&mut self, order: &[u32]) -> Option<u32> {
        match self.pick_at_once(order) {
            None => self.search(order),
            picked => picked,
        }
    }

    /// The same if it takes no search; else nothing has changed.
    #[inline]
    pub(super) fn pick_at_once(&mut self, order: &[u32]) -> Option<u32> {
        let mut left = self.left;
        if left == 0 && self.threshold > self.alike_above {
            self.threshold = self.threshold.wrapping_sub(self.fall);
            left = self.pass;
        }
        if left == 0 {
            return None;
        }
        self.left = left & (left - 1);
        let place = self.first + left.trailing_zeros() as usize;
        self.walked = place + 1;
        order.get(place).copied()
    }

    /// The same behind that.
    #[inline(never)]
    pub(super) fn search(&mut self, order: &[u32]) -> Option<u32> {
        if self.highest == 0 {
            return None;
        }
        // Most often a pass over a long list goes on in the next row.
        let next_row = self.first + ROW;
        let left = self.free.row(next_row, self.threshold);
        if left != 0 {
            (self.left, self.first) = (left, next_row);
        } else {
            self.walk();
            self.look_ahead();
        }
        self.pick_at_once(order)
    }

    /// Walks on to where the next one is picked, if anybody is \[WRR-6\].
    fn walk(&mut self) {
        match self.free.next(self.walked, self.threshold) {
            Some(place) => self.walked = place,
            None => self.walk_later_passes(),
        }
    }

    /// \[WRR-6\] from the end of a pass on.
    fn walk_later_passes(&mut self) {
        let start = self.walked;
        let mut last_pass = false;
        let mut restarted = false;
        loop {
            self.walked = 0;
            self.skip_idle_passes();
            if self.threshold > self.step.get() {
                self.threshold -= self.step.get();
            } else {
                self.threshold = self.highest;
                if last_pass || start == 0 {
                    // The walk has moved on all the same [WRR-11].
                    return;
                }
                restarted = true;
            }
            last_pass = self.threshold <= self.step.get();
            if let Some(place) = self.free.next(0, self.threshold) {
                self.walked = place;
                return;
            }
            if last_pass && restarted {
                // From here on the walk has found nobody as it began.
                self.walked = start;
                return;
            }
        }
    }

    /// Finds out who of the row that the walk has come to is still to be picked, and if this is all
    /// of a pass, which of the next ones are alike.
    fn look_ahead(&mut self) {
        (self.left, self.pass, self.alike_above) = (0, 0, u32::MAX);
        if self.highest == 0 {
            return;
        }
        let in_row = self.walked % ROW;
        self.first = self.walked - in_row;
        let picked = self.free.row(self.first, self.threshold);
        self.left = picked >> in_row << in_row;
        if picked == 0 {
            return;
        }
        if let Some(lower) = self.free.next_lower(self.first, self.threshold) {
            self.pass = picked;
            self.fall = if self.highest > self.step.get() { self.step.get() } else { 0 };
            self.alike_above = lower.saturating_add(self.fall);
        }
    }

    #[inline(never)]
    pub(super) fn counted(&mut self, load: &Load) {
        self.free.set(load.position as usize, load.free_weight());
        self.look_ahead();
    }

    /// Lowers the threshold over the passes that would find nobody, short of the next pass that
    /// finds somebody and of the last one, where the rules above matter. Without this the heaviest
    /// destination, overloaded, would cost as many passes as its weight.
    fn skip_idle_passes(&mut self) {
        let heaviest = self.free.greatest();
        if self.threshold > heaviest {
            let idle = self.threshold.saturating_sub(heaviest.max(self.step.get()));
            self.threshold -= idle.saturating_sub(1) / self.step * self.step.get();
        }
    }
}

impl Scheduler for Wrr {
    fn reserve(
        &mut self,
        _list: DestList<'_>,
        dests: usize,
        _weight: u32,
    ) -> Result<(), OutOfMemory> {
        self.free.reserve(dests)
    }

    /// Every change, even one that changes nothing, starts from the head \[WRR-4\] \[WRR-10\].
    fn changed(&mut self, list: DestList<'_>, _change: Change) {
        self.start_over(list);
    }
}

/// Step and highest threshold \[WRR-2\].
fn measure(list: DestList<'_>) -> (NonZeroU32, u32) {
    let weights = || list.loads().map(|load| load.weight);
    let step = NonZeroU32::new(weights().fold(0, gcd)).unwrap_or(NonZeroU32::MIN);
    (step, weights().max().unwrap_or(0).saturating_sub(step.get() - 1))
}
