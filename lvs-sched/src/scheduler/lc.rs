//! Least connection: the smallest overhead, the first in the list among equals.

use crate::DestId;
use crate::dests::DestList;

/// Overheads are compared as unsigned numbers, weights not at all \[LC-1\] \[LC-2\] \[OVH-5\].
pub(super) fn pick(list: DestList<'_>) -> Option<DestId> {
    let eligible = list.members().filter(|(_, load)| load.is_eligible());
    eligible.min_by_key(|(_, load)| list.overhead(load) as u32).map(|(id, _)| id)
}
