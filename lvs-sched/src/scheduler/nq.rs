//! Never queue: the first idle destination, or the shortest expected delay.

use lvs_proto::{Flow, Instant};

use super::{Scheduler, sed};
use crate::DestId;
use crate::dests::DestList;

#[derive(Debug)]
pub(super) struct Nq;

impl Scheduler for Nq {
    /// \[NQ-1\] \[NQ-2\]
    fn pick(&mut self, list: DestList<'_>, _now: Instant, _flow: &Flow) -> Option<DestId> {
        let idle = list.iter().find(|(_, dest)| dest.is_eligible() && dest.active_conns() == 0);
        idle.map(|(id, _)| id).or_else(|| sed::pick(list))
    }
}
