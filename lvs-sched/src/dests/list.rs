//! What a scheduler sees.

use super::dest::{Dest, DestId, Facts};
use super::load::Load;
use crate::arena::Arena;
use crate::{Profile, SchedulerFlags};

/// The destinations of a group in list order, to be looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DestList<'a> {
    pub(super) profile: Profile,
    pub(super) facts: &'a Arena<Facts>,
    pub(super) loads: &'a [Load],
    pub(super) order: &'a [DestId],
    pub(crate) flags: SchedulerFlags,
}

impl<'a> DestList<'a> {
    pub(crate) fn iter(self) -> impl Iterator<Item = (DestId, Dest<'a>)> + Clone {
        self.order.iter().filter_map(move |&id| Some((id, self.dest(id)?)))
    }

    /// What picking looks at of each.
    #[inline]
    pub(crate) fn loads(self) -> impl Iterator<Item = &'a Load> + Clone {
        let Self { order, loads, .. } = self;
        order.iter().filter_map(move |id| loads.get(id.index()))
    }

    /// The same with the ids.
    #[inline]
    pub(crate) fn members(self) -> impl Iterator<Item = (&'a DestId, &'a Load)> + Clone {
        let Self { order, loads, .. } = self;
        order.iter().filter_map(move |id| Some((id, loads.get(id.index())?)))
    }

    pub(crate) const fn len(self) -> usize {
        self.order.len()
    }

    /// The destination at a place, the head's is 0.
    #[inline]
    pub(crate) fn at(self, place: usize) -> Option<DestId> {
        self.order.get(place).copied()
    }

    /// The place in the list that is `offset` after the head, round and round.
    pub(crate) fn start(self, offset: u32) -> usize {
        (offset as usize).checked_rem(self.order.len()).unwrap_or(0)
    }

    /// Any destination of the director by its id, deleted ones too.
    pub(crate) fn dest(self, id: DestId) -> Option<Dest<'a>> {
        Some(Dest { facts: self.facts.get(id.0)?, load: self.load(id)? })
    }

    /// What picking looks at of any destination of the director, deleted ones too.
    #[inline]
    pub(crate) fn load(self, id: DestId) -> Option<&'a Load> {
        self.loads.get(id.index()).filter(|load| load.is_of(id))
    }

    pub(crate) const fn profile(self) -> Profile {
        self.profile
    }

    /// What `lc` and `wlc` compare \[OVH-1\] \[OVH-2\].
    #[inline]
    pub(crate) const fn overhead(self, load: &Load) -> i32 {
        let surplus = load.active.wrapping_mul(self.profile.active_surplus());
        surplus.wrapping_add(load.total) as i32
    }
}
