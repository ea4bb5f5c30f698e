//! Never queue: the first idle destination, or the shortest expected delay.

use super::sed;
use crate::DestId;
use crate::dests::DestList;

/// \[NQ-1\] \[NQ-2\]
pub(super) fn pick(list: DestList<'_>) -> Option<DestId> {
    let idle = list.members().find(|(_, load)| load.is_eligible() && load.active == 0);
    idle.map(|(id, _)| *id).or_else(|| sed::pick(list))
}
