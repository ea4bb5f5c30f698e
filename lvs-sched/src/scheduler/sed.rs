//! Shortest expected delay: the fewest active connections for its weight, the new one included.

use lvs_proto::{Flow, Instant};

use super::{Scheduler, least_loaded};
use crate::DestId;
use crate::dests::DestList;

#[derive(Debug)]
pub(super) struct Sed;

impl Scheduler for Sed {
    fn pick(&mut self, list: DestList<'_>, _now: Instant, _flow: &Flow) -> Option<DestId> {
        pick(list)
    }
}

/// \[SED-1\]
pub(super) fn pick(list: DestList<'_>) -> Option<DestId> {
    least_loaded(list, |dest| (dest.active_conns() as i32).wrapping_add(1))
}
