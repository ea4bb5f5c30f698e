//! What a scheduler has counts do, and which it wants to hear of.

use super::load::COUNTED_AT_MOST;

/// How the key of a destination follows its counters, of a scheduler that need not hear of counts
/// for that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    /// What amounts are multiplied with.
    pub(crate) unit: u64,
    /// Of the counters as they are, were it eligible; it wraps where there is no room.
    pub(crate) key: u64,
    /// Units for each active connection, besides those of each connection.
    pub(crate) per_active: u16,
    /// Units for each connection, active and inactive.
    pub(crate) per_conn: u8,
    /// Whether none active counts for nothing, and each for a unit more than otherwise: then those
    /// above are 0.
    pub(crate) rests: bool,
    /// The scheduler hears of connections beyond so many: keys have no room for more.
    pub(crate) conns: u32,
}

impl Growth {
    /// No key, but a factor that the scheduler makes keys with.
    pub(crate) const fn none(factor: u64) -> Self {
        Self {
            unit: factor,
            key: 0,
            per_active: 0,
            per_conn: 0,
            rests: false,
            conns: COUNTED_AT_MOST,
        }
    }
}

/// Which counts a scheduler wants to hear of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Watch {
    /// Those that change the overload flag.
    Overload,
    /// Besides, those after which a destination has no more [room](super::Load::has_room), or some again.
    Room,
    /// All.
    Counts,
}
