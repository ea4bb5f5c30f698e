//! Weighted overflow: the heaviest destination takes as many as its weight, the next the rest.

use lvs_proto::{Flow, Instant};

use super::{Scheduler, heaviest};
use crate::DestId;
use crate::dests::DestList;

#[derive(Debug)]
pub(super) struct Ovf;

impl Scheduler for Ovf {
    /// At its weight there is room for one more \[OVF-1\].
    fn pick(&mut self, list: DestList<'_>, _now: Instant, _flow: &Flow) -> Option<DestId> {
        heaviest(list, |dest| dest.active_conns() <= dest.weight())
    }
}
