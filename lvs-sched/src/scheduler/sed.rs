//! Shortest expected delay: the fewest active connections for its weight, the new one included.

use super::least::walk;
use crate::DestId;
use crate::dests::{Load, Members};

/// \[SED-1\]
#[inline(never)]
pub(super) fn pick(order: &[DestId], loads: &[Load]) -> Option<DestId> {
    walk(Members { order, loads }, |load| (load.active as i32).wrapping_add(1))
}
