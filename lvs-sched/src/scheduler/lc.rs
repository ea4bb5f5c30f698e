//! Least connection: the smallest overhead, the first in the list among equals.

use crate::DestId;
use crate::dests::DestList;

/// Overheads are compared as unsigned numbers, weights not at all \[LC-1\] \[LC-2\] \[OVH-5\].
pub(super) fn pick(list: DestList<'_>) -> Option<DestId> {
    let (mut best, mut least) = (None, u64::MAX);
    for (id, load) in list.members().filter(|(_, load)| load.is_eligible()) {
        let overhead = u64::from(list.overhead(load) as u32);
        let is_less = overhead < least;
        best = if is_less { Some(id) } else { best };
        least = if is_less { overhead } else { least };
    }
    best.copied()
}
