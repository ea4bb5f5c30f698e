//! Round robin: each eligible destination in turn.

use lvs_proto::{Flow, Instant};

use super::{Change, Scheduler};
use crate::DestId;
use crate::dests::DestList;

#[derive(Debug)]
pub(super) struct Rr {
    /// Places after the head where the first walk begins; 0 is the kernel's.
    start_offset: u32,
    /// Destinations up to and including the one picked last, once there was one; 0 is before the
    /// first \[RR-1\].
    walked: Option<usize>,
}

impl Rr {
    pub(super) const fn new(start_offset: u32) -> Self {
        Self { start_offset, walked: None }
    }
}

impl Scheduler for Rr {
    /// \[RR-2\] \[RR-3\]
    fn pick(&mut self, list: DestList<'_>, _now: Instant, _flow: &Flow) -> Option<DestId> {
        let walked = self.walked.unwrap_or_else(|| list.start(self.start_offset));
        let places = || list.iter().zip(1..);
        let mut ahead = places().skip(walked).chain(places().take(walked));
        let ((id, _), place) = ahead.find(|((_, dest), _)| dest.is_eligible())?;
        self.walked = Some(place);
        Some(id)
    }

    fn changed(&mut self, _list: DestList<'_>, change: Change) {
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
