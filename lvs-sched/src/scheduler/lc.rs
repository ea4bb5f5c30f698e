//! Least connection: the smallest overhead, the first in the list among equals.

use crate::dests::{Loads, loads_of};

/// Overheads are compared as unsigned numbers, weights not at all \[LC-1\] \[LC-2\] \[OVH-5\].
#[inline(never)]
pub(super) fn pick(order: &[u32], loads: &Loads, active_surplus: u32) -> Option<u32> {
    let (mut best, mut least) = (None, u64::MAX);
    for (place, load) in loads_of(order, loads) {
        let overhead = u64::from(load.overhead(active_surplus));
        let is_less = load.is_eligible() && overhead < least;
        best = if is_less { Some(place) } else { best };
        least = if is_less { overhead } else { least };
    }
    best
}
