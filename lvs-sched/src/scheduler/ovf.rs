//! Weighted overflow: the heaviest destination takes as many as its weight, the next the rest.

use super::walk::heaviest;
use crate::dests::{Load, Loads, loads_of};

/// \[OVF-1\]
#[inline(never)]
pub(super) fn pick(order: &[u32], loads: &Loads) -> Option<u32> {
    heaviest(loads_of(order, loads), Load::has_room)
}
