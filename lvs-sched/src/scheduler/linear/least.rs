//! `lc`, `wlc`, `sed`, `nq`, `fo` and `ovf` in a build without the feature `fast`: each pick walks.

use super::{Scheduler, SchedulerKind, walk};
use crate::OutOfMemory;
use crate::dests::{DestList, Load, Loads};

/// Nothing is looked at in one go.
pub(crate) const FEW: usize = 1;

#[derive(Debug)]
pub(crate) struct Least {
    kind: SchedulerKind,
    active_surplus: u32,
}

impl Least {
    pub(super) const fn new(kind: SchedulerKind, list: DestList<'_>) -> Result<Self, OutOfMemory> {
        Ok(Self { kind, active_surplus: list.profile().active_surplus() })
    }

    pub(super) fn pick(&self, order: &[u32], loads: &Loads) -> Option<u32> {
        walk::pick(self.kind, order, loads, self.active_surplus)
    }

    pub(super) const fn pick_at_once(&self, _loads: &Loads) -> Option<u32> {
        None
    }

    pub(super) fn pick_soon(&self, order: &[u32], loads: &Loads) -> Option<u32> {
        self.pick(order, loads)
    }

    pub(super) const fn counted(&self, _load: &Load) {}
}

impl Scheduler for Least {}
