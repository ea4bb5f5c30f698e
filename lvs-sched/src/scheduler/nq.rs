//! Never queue: the first idle destination, or the shortest expected delay.

use super::sed;
use crate::dests::{Load, Loads, loads_of};

/// \[NQ-1\] \[NQ-2\]
#[inline(never)]
pub(super) fn pick(order: &[u32], loads: &Loads) -> Option<u32> {
    first_idle(order, loads).or_else(|| sed::pick(order, loads))
}

/// \[NQ-1\]
#[inline]
pub(super) fn first_idle(order: &[u32], loads: &Loads) -> Option<u32> {
    loads_of(order, loads).find(|(_, load)| is_idle(load)).map(|(place, _)| place)
}

/// \[NQ-1\] of the first two places.
#[inline]
pub(super) const fn idle_of_two(a: &Load, b: &Load) -> Option<u32> {
    match (is_idle(a), is_idle(b)) {
        (false, false) => None,
        (true, false) => Some(0),
        (false, true) => Some(1),
        (true, true) => Some((b.position < a.position) as u32),
    }
}

#[inline]
const fn is_idle(load: &Load) -> bool {
    load.active == 0 && load.is_eligible()
}
