//! What a scheduler sees.

use super::dest::{Dest, DestId, Facts};
use super::load::{Load, Loads};
use crate::arena::Arena;
use crate::{Profile, SchedulerFlags};

/// The destinations of a group in list order, to be looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DestList<'a> {
    pub(super) profile: Profile,
    pub(super) facts: &'a Arena<Facts>,
    pub(crate) loads: &'a Loads,
    pub(crate) order: &'a [DestId],
    pub(crate) flags: SchedulerFlags,
}

impl<'a> DestList<'a> {
    pub(crate) fn iter(self) -> impl Iterator<Item = (DestId, Dest<'a>)> + Clone {
        self.order.iter().filter_map(move |&id| Some((id, self.dest(id)?)))
    }

    /// What picking looks at of each.
    #[inline]
    pub(crate) fn loads(self) -> impl Iterator<Item = &'a Load> + Clone {
        self.members().iter().map(|(_, load)| load)
    }

    #[inline]
    pub(crate) fn members(self) -> Members<'a> {
        Members { order: self.order, loads: self.loads.as_slice() }
    }

    pub(crate) const fn len(self) -> usize {
        self.order.len()
    }

    /// Any destination of the director by its id, deleted ones too.
    pub(crate) fn dest(self, id: DestId) -> Option<Dest<'a>> {
        Some(Dest { facts: self.facts.get(id.0)?, load: self.load(id)? })
    }

    /// What picking looks at of any destination of the director, deleted ones too.
    #[inline]
    pub(crate) fn load(self, id: DestId) -> Option<&'a Load> {
        self.loads.get(id)
    }

    pub(crate) const fn profile(self) -> Profile {
        self.profile
    }

    /// What `lc` and `wlc` compare \[OVH-1\] \[OVH-2\].
    #[inline]
    pub(crate) const fn overhead(self, load: &Load) -> i32 {
        load.overhead(self.profile.active_surplus()) as i32
    }
}

/// The destinations in list order, with what picking looks at of each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Members<'a> {
    /// A list.
    pub(crate) order: &'a [DestId],
    /// Of all destinations of the director.
    pub(crate) loads: &'a [Load],
}

impl<'a> Members<'a> {
    #[inline]
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a DestId, &'a Load)> + Clone {
        let Self { order, loads } = self;
        order.iter().filter_map(move |id| Some((id, loads.get(id.index())?)))
    }
}
