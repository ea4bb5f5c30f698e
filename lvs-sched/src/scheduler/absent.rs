//! What stands in for the schedulers of the feature `tables` in a build without it: nothing that can
//! be made.

use lvs_proto::{Flow, Instant};

use super::{Scheduler, SchedulerFlags};
use crate::dests::{DestList, Load, Loads};

pub(super) mod dh {
    #[derive(Debug)]
    pub(crate) enum Dh {}
}
pub(super) mod sh {
    #[derive(Debug)]
    pub(crate) enum Sh {}
}
pub(super) mod mh {
    pub(crate) use super::sh::Sh as Mh;
}
pub(super) mod lblc {
    #[derive(Debug)]
    pub(crate) enum Lblc {}
}
pub(super) mod lblcr {
    pub(crate) use super::lblc::Lblc as Lblcr;
}
pub(super) mod twos {
    #[derive(Debug)]
    pub(crate) enum Twos {}
}

impl dh::Dh {
    pub(super) fn pick(&self, _: &Loads, _: &Flow) -> Option<u32> {
        match *self {}
    }
}

impl sh::Sh {
    pub(super) fn pick(&self, _: &Loads, _: SchedulerFlags, _: &Flow) -> Option<u32> {
        match *self {}
    }

    pub(super) fn pick_at_once(&self, _: &Loads, _: SchedulerFlags, _: &Flow) -> Option<u32> {
        match *self {}
    }
}

impl lblc::Lblc {
    pub(super) fn pick(&self, _: DestList<'_>, _: Instant, _: &Flow) -> Option<u32> {
        match *self {}
    }

    pub(super) fn counted(&self, _: &Load) {
        match *self {}
    }
}

impl twos::Twos {
    pub(super) fn pick(&self, _: DestList<'_>) -> Option<u32> {
        match *self {}
    }

    pub(super) fn counted(&self, _: &Load) {
        match *self {}
    }
}

impl Scheduler for dh::Dh {}
impl Scheduler for sh::Sh {}
impl Scheduler for lblc::Lblc {}
impl Scheduler for twos::Twos {}
