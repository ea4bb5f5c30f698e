//! Least connection: the smallest overhead, the first in the list among equals.

use lvs_proto::{Flow, Instant};

use super::Scheduler;
use crate::DestId;
use crate::dests::DestList;

#[derive(Debug)]
pub(super) struct Lc;

impl Scheduler for Lc {
    /// Overheads are compared as unsigned numbers, weights not at all \[LC-1\] \[LC-2\] \[OVH-5\].
    fn pick(&mut self, list: DestList<'_>, _now: Instant, _flow: &Flow) -> Option<DestId> {
        let eligible = list.iter().filter(|(_, dest)| dest.is_eligible());
        eligible.min_by_key(|(_, dest)| list.overhead(dest) as u32).map(|(id, _)| id)
    }
}
