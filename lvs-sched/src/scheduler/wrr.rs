//! Weighted round robin: passes over the list with a falling threshold.

use core::num::NonZeroU32;

use lvs_proto::{Flow, Instant};

use super::{Change, Scheduler, gcd};
use crate::DestId;
use crate::dests::DestList;

/// \[WRR-1\]
#[derive(Debug)]
pub(super) struct Wrr {
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
}

impl Wrr {
    /// \[WRR-3\]
    pub(super) fn new(start_offset: u32, list: DestList<'_>) -> Self {
        let (step, highest) = measure(list);
        let walked = list.start(start_offset);
        Self { start_offset, walked, threshold: highest, highest, step }
    }
}

impl Scheduler for Wrr {
    /// \[WRR-5\] \[WRR-6\]
    fn pick(&mut self, list: DestList<'_>, _now: Instant, _flow: &Flow) -> Option<DestId> {
        if self.highest == 0 {
            return None;
        }
        let start = self.walked;
        let mut stop = None;
        let mut last_pass = false;
        let mut restarted = false;
        loop {
            for ((id, dest), place) in list.iter().zip(1..).skip(self.walked) {
                let matches = !dest.is_overloaded() && dest.weight() >= self.threshold;
                if matches || stop == Some(place) {
                    self.walked = place;
                    return matches.then_some(id);
                }
            }
            self.walked = 0;
            self.skip_idle_passes(list);
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
            if last_pass && restarted && start != 0 {
                stop = Some(start);
            }
        }
    }

    /// Every change, even one that changes nothing, starts from the head \[WRR-4\] \[WRR-10\].
    fn changed(&mut self, list: DestList<'_>, _change: Change) {
        self.walked = list.start(self.start_offset);
        (self.step, self.highest) = measure(list);
        if self.threshold > self.highest || self.threshold == 0 {
            self.threshold = self.highest;
        } else if self.step.get() > 1 {
            self.threshold = self.threshold / self.step * self.step.get() + 1;
        }
    }
}

impl Wrr {
    /// Lowers the threshold over the passes that would find nobody, short of the next pass that
    /// finds somebody and of the last one, where the rules above matter. Without this the heaviest
    /// destination, overloaded, would cost as many passes as its weight.
    fn skip_idle_passes(&mut self, list: DestList<'_>) {
        let free = list.iter().filter(|(_, dest)| !dest.is_overloaded());
        let heaviest = free.map(|(_, dest)| dest.weight()).max().unwrap_or(0);
        let idle = self.threshold.saturating_sub(heaviest.max(self.step.get()));
        self.threshold -= idle.saturating_sub(1) / self.step * self.step.get();
    }
}

/// Step and highest threshold \[WRR-2\].
fn measure(list: DestList<'_>) -> (NonZeroU32, u32) {
    let weights = || list.iter().map(|(_, dest)| dest.weight());
    let step = NonZeroU32::new(weights().fold(0, gcd)).unwrap_or(NonZeroU32::MIN);
    (step, weights().max().unwrap_or(0).saturating_sub(step.get() - 1))
}
