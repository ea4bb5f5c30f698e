//! Weighted overflow: the heaviest destination takes as many as its weight, the next the rest.

use super::walk::heaviest;
use crate::DestId;
use crate::dests::{Load, Members};

/// \[OVF-1\]
#[inline(never)]
pub(super) fn pick(order: &[DestId], loads: &[Load]) -> Option<DestId> {
    heaviest(Members { order, loads }, has_room)
}

/// At its weight there is room for one more \[OVF-1\].
pub(super) const fn has_room(load: &Load) -> bool {
    load.active <= load.weight
}
