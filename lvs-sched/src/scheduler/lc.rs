//! Least connection: the smallest overhead, the first in the list among equals.

use crate::DestId;
use crate::dests::{Load, Members};

/// Overheads are compared as unsigned numbers, weights not at all \[LC-1\] \[LC-2\] \[OVH-5\].
#[inline(never)]
pub(super) fn pick(order: &[DestId], loads: &[Load], active_surplus: u32) -> Option<DestId> {
    let (mut best, mut least) = (None, u64::MAX);
    for (id, load) in (Members { order, loads }).iter() {
        let overhead = u64::from(load.overhead(active_surplus));
        let is_less = load.is_eligible() && overhead < least;
        best = if is_less { Some(id) } else { best };
        least = if is_less { overhead } else { least };
    }
    best.copied()
}
