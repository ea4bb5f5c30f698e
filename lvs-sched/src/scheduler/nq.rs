//! Never queue: the first idle destination, or the shortest expected delay.

use super::sed;
use crate::dests::{Loads, loads_of};

/// \[NQ-1\] \[NQ-2\]
#[inline(never)]
pub(super) fn pick(order: &[u32], loads: &Loads) -> Option<u32> {
    let idle = loads_of(order, loads).find(|(_, load)| load.is_eligible() && load.active == 0);
    idle.map(|(place, _)| place).or_else(|| sed::pick(order, loads))
}
