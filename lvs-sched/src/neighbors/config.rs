//! What a neighbor cache is told, and what it counts.

use core::net::IpAddr;
use core::time::Duration;

use lvs_proto::MacAddr;

/// What a neighbor cache is told to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NeighborsConfig {
    /// The most addresses; memory for them is taken at once.
    pub capacity: u32,
    /// BaseReachableTime: a neighbor that has answered is believed for half to one and a half times
    /// this long, at random.
    pub reachable_time: Duration,
    /// A secret, for a table that strangers may fill, and for the times that are random.
    pub seed: [u64; 2],
}

/// 1024 addresses, REACHABLE_TIME of RFC 4861, which is 30 s, a seed of zeros.
impl Default for NeighborsConfig {
    fn default() -> Self {
        Self { capacity: 1024, reachable_time: Duration::from_secs(30), seed: [0; 2] }
    }
}

/// What a cache has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NeighborCounters {
    /// Requests handed out for sending.
    pub requests: u64,
    /// Addresses given up.
    pub unreachable: u64,
    /// Addresses that gave way to another.
    pub replaced: u64,
    /// Times that none could give way.
    pub full: u64,
    /// Messages about addresses that are not in the cache.
    pub unknown: u64,
    /// Messages that name a group, or nobody, as a link address (RFC 1812 section 3.3.2).
    pub bad_mac: u64,
}

/// Why a static entry was not made. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StaticError {
    /// No neighbor can have this address.
    #[error("{0} is not the address of a neighbor")]
    Address(IpAddr),
    /// No neighbor can have this link address.
    #[error("{0} is not the link address of a neighbor")]
    Mac(MacAddr),
    /// All that is in the cache is in use.
    #[error("the neighbor cache is full")]
    Full,
}
