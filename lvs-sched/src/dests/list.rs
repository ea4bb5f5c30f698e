//! What a scheduler sees.

use super::dest::{Dest, DestId};
use crate::arena::Arena;
use crate::{Profile, SchedulerFlags};

/// The destinations of a group in list order, to be looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DestList<'a> {
    pub(super) profile: Profile,
    pub(super) dests: &'a Arena<Dest>,
    pub(super) order: &'a [DestId],
    pub(crate) flags: SchedulerFlags,
}

impl<'a> DestList<'a> {
    pub(crate) fn iter(self) -> impl Iterator<Item = (DestId, &'a Dest)> + Clone {
        self.order.iter().filter_map(move |&id| Some((id, self.dest(id)?)))
    }

    /// The place in the list that is `offset` after the head, round and round.
    pub(crate) fn start(self, offset: u32) -> usize {
        (offset as usize).checked_rem(self.order.len()).unwrap_or(0)
    }

    /// Any destination of the director by its id, deleted ones too.
    pub(crate) fn dest(self, id: DestId) -> Option<&'a Dest> {
        self.dests.get(id.0)
    }

    /// The load that `lc` and `wlc` compare.
    pub(crate) fn overhead(self, dest: &Dest) -> i32 {
        self.profile.overhead(dest.active_conns(), dest.inactive_conns())
    }
}
