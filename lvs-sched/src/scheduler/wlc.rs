//! Weighted least connection: the smallest overhead for its weight.

use super::least::walk;
use crate::DestId;
use crate::dests::DestList;

/// \[WLC-1\]
pub(super) fn pick(list: DestList<'_>) -> Option<DestId> {
    walk(list, |load| list.overhead(load))
}
