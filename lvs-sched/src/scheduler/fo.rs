//! Weighted failover: the heaviest destination takes all.

use lvs_proto::{Flow, Instant};

use super::{Scheduler, heaviest};
use crate::DestId;
use crate::dests::DestList;

#[derive(Debug)]
pub(super) struct Fo;

impl Scheduler for Fo {
    /// \[FO-1\]
    fn pick(&mut self, list: DestList<'_>, _now: Instant, _flow: &Flow) -> Option<DestId> {
        heaviest(list, |_| true)
    }
}
