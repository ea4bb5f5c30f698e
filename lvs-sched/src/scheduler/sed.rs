//! Shortest expected delay: the fewest active connections for its weight, the new one included.

use super::least::walk;
use crate::DestId;
use crate::dests::DestList;

/// \[SED-1\]
pub(super) fn pick(list: DestList<'_>) -> Option<DestId> {
    walk(list, |load| (load.active as i32).wrapping_add(1))
}
