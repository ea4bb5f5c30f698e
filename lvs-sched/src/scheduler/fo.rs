//! Weighted failover: the heaviest destination takes all.

use super::walk::heaviest;
use crate::DestId;
use crate::dests::{Load, Members};

/// \[FO-1\]
#[inline(never)]
pub(super) fn pick(order: &[DestId], loads: &[Load]) -> Option<DestId> {
    heaviest(Members { order, loads }, |_| true)
}
