//! Weighted failover: the heaviest destination takes all.

use super::walk::heaviest;
use crate::dests::{Loads, loads_of};

/// \[FO-1\]
#[inline(never)]
pub(super) fn pick(order: &[u32], loads: &Loads) -> Option<u32> {
    heaviest(loads_of(order, loads), |_| true)
}
