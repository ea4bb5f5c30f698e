//! Shortest expected delay: the fewest active connections for its weight, the new one included.

use super::walk::smallest_share;
use crate::DestId;
use crate::dests::{Load, Members};

/// \[SED-1\]
#[inline(never)]
pub(super) fn pick(order: &[DestId], loads: &[Load]) -> Option<DestId> {
    smallest_share(Members { order, loads }, |load| (load.active as i32).wrapping_add(1))
}
