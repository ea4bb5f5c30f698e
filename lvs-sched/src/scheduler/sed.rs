//! Shortest expected delay: the fewest active connections for its weight, the new one included.

use super::walk::smallest_share;
use crate::dests::{Loads, loads_of};

/// \[SED-1\]
#[inline(never)]
pub(super) fn pick(order: &[u32], loads: &Loads) -> Option<u32> {
    smallest_share(loads_of(order, loads), |load| (load.active as i32).wrapping_add(1))
}
