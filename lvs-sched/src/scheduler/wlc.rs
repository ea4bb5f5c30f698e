//! Weighted least connection: the smallest overhead for its weight.

use super::walk::smallest_share;
use crate::dests::{Loads, loads_of};

/// \[WLC-1\]
#[inline(never)]
pub(super) fn pick(order: &[u32], loads: &Loads, active_surplus: u32) -> Option<u32> {
    smallest_share(loads_of(order, loads), |load| load.overhead(active_surplus) as i32)
}
