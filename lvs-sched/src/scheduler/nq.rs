//! Never queue: the first idle destination, or the shortest expected delay.

use super::sed;
use crate::DestId;
use crate::dests::{Load, Members};

/// \[NQ-1\] \[NQ-2\]
#[inline(never)]
pub(super) fn pick(order: &[DestId], loads: &[Load]) -> Option<DestId> {
    let idle =
        Members { order, loads }.iter().find(|(_, load)| load.is_eligible() && load.active == 0);
    idle.map(|(id, _)| *id).or_else(|| sed::pick(order, loads))
}
