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
    /// The greatest of them.
    heaviest_free: u32,
    /// Of a row of places, a bit for each that is still to be picked in this pass.
    left: u16,
    /// The first of that row.
    first: usize,
    /// Of a short list, a bit for each place that this pass picks.
    pass: u16,
    /// As long as the threshold is above this one, the next pass picks the same.
    alike_above: u32,
    /// What the threshold falls by then: nothing if each round has but one pass.
    fall: u32,
}

impl Wrr {
    /// \[WRR-3\]
    pub(super) fn new(start_offset: u32, list: DestList<'_>) -> Result<Self, OutOfMemory> {
        let (step, highest) = measure(list);
        let walked = start(start_offset, list.order);
        let free = Weights::default();
        let threshold = highest;
        let mut wrr = Self {
            start_offset,
            walked,
            threshold,
            highest,
            step,
            free,
            heaviest_free: 0,
            left: 0,
            first: 0,
            pass: 0,
            alike_above: 0,
            fall: 0,
        };
        wrr.free.reserve(list.len())?;
        wrr.rebuild(list);
        wrr.look_ahead();
        Ok(wrr)
    }

    fn rebuild(&mut self, list: DestList<'_>) {
        self.free.rebuild(list.len(), list.loads().map(Load::free_weight));
        self.heaviest_free = self.free.greatest();
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
        self.take(self.first + left.trailing_zeros() as usize, order)
    }

    #[inline]
    fn take(&mut self, place: usize, order: &[u32]) -> Option<u32> {
        self.walked = place + 1;
        order.get(place).copied()
    }

    /// The same behind that.
    #[inline(never)]
    pub(super) fn search(&mut self, order: &[u32]) -> Option<u32> {
        if self.highest == 0 {
            return None;
        }
        if let Some(dest) = self.pick_of_next_row(order) {
            return Some(dest);
        }
        let picked = self.search_passes(order);
        self.look_ahead();
        picked
    }

    /// Most often a pass over a long list goes on there.
    fn pick_of_next_row(&mut self, order: &[u32]) -> Option<u32> {
        let (first, weights) = self.free.row(self.first + ROW);
        let picked = places_of(weights, self.threshold);
        if picked == 0 {
            return None;
        }
        (self.left, self.first) = (picked & (picked - 1), first);
        self.take(first + picked.trailing_zeros() as usize, order)
    }

    fn search_passes(&mut self, order: &[u32]) -> Option<u32> {
        if let Some(place) = self.free.next(self.walked, self.threshold) {
            return self.take(place, order);
        }
        // The pass has ended without a pick. Most often the next one, if it is not the first of
        // another round, finds somebody.
        if self.threshold > self.step.get() {
            let lower = self.threshold - self.step.get();
            if let Some(place) = self.free.next(0, lower) {
                self.threshold = lower;
                return self.take(place, order);
            }
        }
        self.search_later_passes(order)
    }

    /// Finds out who of a row is picked next, and of a short list, which passes pick the same.
    fn look_ahead(&mut self) {
        (self.left, self.pass, self.alike_above) = (0, 0, u32::MAX);
        if self.highest == 0 {
            return;
        }
        let few = self.free.few();
        let (first, weights) = few.map_or_else(|| self.free.row(self.walked), |few| (0, few));
        let picked = places_of(weights, self.threshold);
        let passed = u16::MAX.checked_shl((self.walked - first) as u32).unwrap_or(0);
        (self.left, self.first) = (picked & passed, first);
        if few.is_some() && picked != 0 {
            let lighter = weights.iter().copied().filter(|weight| *weight < self.threshold);
            self.pass = picked;
            self.fall = if self.highest > self.step.get() { self.step.get() } else { 0 };
            self.alike_above = lighter.fold(0, u32::max).saturating_add(self.fall);
        }
    }

    /// \[WRR-5\] from the end of a pass on.
    #[inline(never)]
    fn search_later_passes(&mut self, order: &[u32]) -> Option<u32> {
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
                    return None;
                }
                restarted = true;
            }
            last_pass = self.threshold <= self.step.get();
            let stops = last_pass && restarted && start != 0;
            match self.free.next(0, self.threshold) {
                Some(place) if !stops || place < start => return self.take(place, order),
                _ if stops => {
                    self.walked = start;
                    return None;
                }
                _ => {}
            }
        }
    }

    #[inline(never)]
    pub(super) fn counted(&mut self, load: &Load) {
        self.free.set(load.position as usize, load.free_weight());
        self.heaviest_free = self.free.greatest();
        self.look_ahead();
    }

    /// Lowers the threshold over the passes that would find nobody, short of the next pass that
    /// finds somebody and of the last one, where the rules above matter. Without this the heaviest
    /// destination, overloaded, would cost as many passes as its weight.
    fn skip_idle_passes(&mut self) {
        if self.threshold > self.heaviest_free {
            let idle = self.threshold.saturating_sub(self.heaviest_free.max(self.step.get()));
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
        self.rebuild(list);
        self.walked = start(self.start_offset, list.order);
        (self.step, self.highest) = measure(list);
        if self.threshold > self.highest || self.threshold == 0 {
            self.threshold = self.highest;
        } else if self.step.get() > 1 {
            self.threshold = self.threshold / self.step * self.step.get() + 1;
        }
        self.look_ahead();
    }
}

/// A bit for each that has at least that weight.
#[inline]
fn places_of(weights: &[u32], least: u32) -> u16 {
    let bits = weights.iter().zip(0..).map(|(weight, place)| u16::from(*weight >= least) << place);
    bits.fold(0, |places, bit| places | bit)
}

/// Step and highest threshold \[WRR-2\].
fn measure(list: DestList<'_>) -> (NonZeroU32, u32) {
    let weights = || list.loads().map(|load| load.weight);
    let step = NonZeroU32::new(weights().fold(0, gcd)).unwrap_or(NonZeroU32::MIN);
    (step, weights().max().unwrap_or(0).saturating_sub(step.get() - 1))
}
