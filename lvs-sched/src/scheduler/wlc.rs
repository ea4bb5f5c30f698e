//! Weighted least connection: the smallest overhead for its weight.

use lvs_proto::{Flow, Instant};

use super::{Scheduler, least_loaded};
use crate::DestId;
use crate::dests::DestList;

#[derive(Debug)]
pub(super) struct Wlc;

impl Scheduler for Wlc {
    fn pick(&mut self, list: DestList<'_>, _now: Instant, _flow: &Flow) -> Option<DestId> {
        pick(list)
    }
}

/// \[WLC-1\]
pub(super) fn pick(list: DestList<'_>) -> Option<DestId> {
    least_loaded(list, |dest| list.overhead(dest))
}
