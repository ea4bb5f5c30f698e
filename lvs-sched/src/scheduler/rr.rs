//! Round robin: each eligible destination in turn.

use lvs_proto::{Flow, Instant};

use super::{Change, Scheduler};
use crate::DestId;
use crate::dests::DestList;

#[derive(Debug)]
pub(super) struct Rr {
    /// Destinations up to and including the one picked last; 0 is before the first \[RR-1\].
    walked: usize,
}

impl Rr {
    pub(super) const fn new() -> Self {
        Self { walked: 0 }
    }
}

impl Scheduler for Rr {
    /// \[RR-2\] \[RR-3\]
    fn pick(&mut self, list: DestList<'_>, _now: Instant, _flow: &Flow) -> Option<DestId> {
        let places = || list.iter().zip(1..);
        let mut ahead = places().skip(self.walked).chain(places().take(self.walked));
        let ((id, _), place) = ahead.find(|((_, dest), _)| dest.is_eligible())?;
        self.walked = place;
        Some(id)
    }

    fn changed(&mut self, _list: DestList<'_>, change: Change) {
        match change {
            // One more is before the one picked last; "before the first" stays so [RR-5].
            Change::Added if self.walked > 0 => self.walked += 1,
            // Also if it is itself the one: then its predecessor takes its part [RR-4].
            Change::Deleted { position } if position < self.walked => self.walked -= 1,
            _ => {}
        }
    }
}
