//! Weighted least connection: the smallest overhead for its weight.

use super::walk::smallest_share;
use crate::DestId;
use crate::dests::{Load, Members};

/// \[WLC-1\]
#[inline(never)]
pub(super) fn pick(order: &[DestId], loads: &[Load], active_surplus: u32) -> Option<DestId> {
    smallest_share(Members { order, loads }, |load| load.overhead(active_surplus) as i32)
}
