//! Weighted failover: the heaviest destination takes all.

use super::least::heaviest;
use crate::DestId;
use crate::dests::DestList;

/// \[FO-1\]
pub(super) fn pick(list: DestList<'_>) -> Option<DestId> {
    heaviest(list, |_| true)
}
