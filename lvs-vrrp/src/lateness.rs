//! Who wakes up late may have missed adverts, or been missed itself.

use core::time::Duration;

use lvs_proto::vrrp::{AdvertInterval, Priority, Version};

use crate::timers;

/// What a Backup router does that wakes up late for its deadline \[S-9\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LateBackup {
    /// It waits for another interval and Skew_Time, once, since adverts may have been lost while it
    /// slept.
    #[default]
    Grace,
    /// It becomes Active.
    Promote,
}

/// What an Active router does that has sent nothing for so long that another one may have taken over
/// \[S-10\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LateActive {
    /// It goes on, and announces its addresses again, for hosts may have followed the other.
    #[default]
    Reassert,
    /// It becomes Backup without a word, as it does in any case if it is not to preempt \[X-8\].
    StepDown,
}

/// How late a Backup router of that interval may be for a deadline without having missed anything.
pub(crate) fn backup_tolerance(interval: AdvertInterval) -> Duration {
    (interval.duration() / 2).max(Duration::from_millis(10))
}

/// After how long a silence of an Active router of that interval another one may have taken over: the
/// least active-down interval.
pub(crate) fn active_tolerance(version: Version, interval: AdvertInterval) -> Duration {
    timers::active_down_interval(version, Priority::new(254), interval, 3)
}
