//! `lc`, `wlc`, `sed`, `nq`, `fo` and `ovf` in a build without the feature `fast`: each pick walks.

use super::{Scheduler, SchedulerKind, walk};
use crate::dests::{DestList, Load, Members};
use crate::{DestId, OutOfMemory};

#[derive(Debug)]
pub(crate) struct Least {
    kind: SchedulerKind,
    active_surplus: u32,
}

impl Least {
    pub(super) const fn new(kind: SchedulerKind, list: DestList<'_>) -> Result<Self, OutOfMemory> {
        Ok(Self { kind, active_surplus: list.profile().active_surplus() })
    }

    pub(super) fn pick(&self, order: &[DestId], loads: &[Load]) -> Option<DestId> {
        walk::pick(self.kind, Members { order, loads }, self.active_surplus)
    }

    pub(super) const fn counted(&self, _load: &Load) {}
}

impl Scheduler for Least {}
