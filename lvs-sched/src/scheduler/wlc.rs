//! Weighted least connection: the smallest overhead for its weight.

use super::least::walk;
use crate::dests::{Loads, loads_of};

/// \[WLC-1\]
#[inline(never)]
pub(super) fn pick(order: &[u32], loads: &Loads, active_surplus: u32) -> Option<u32> {
    walk(loads_of(order, loads), |load| load.overhead(active_surplus) as i32)
}
