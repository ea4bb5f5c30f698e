//! What may be chosen about synchronisation: the `sync_*` sysctls.

use core::num::NonZeroU32;
use core::time::Duration;

use lvs_proto::Instant;
use lvs_proto::sync::Version;

/// How often connections are announced. The defaults are the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SyncPolicy {
    /// The format of messages (`sync_version`).
    pub version: Version,
    /// At which packets (`sync_threshold`).
    pub threshold: SyncThreshold,
    /// For how long what was announced is not announced again while it stays in its state; at most
    /// half its timeout counts, or 10 s if that is more. Zero puts nothing off
    /// (`sync_refresh_period`) \[SYN-6\].
    pub refresh_period: Duration,
    /// How often it is announced again all the same, an eighth of the refresh period apart: 0 to 3;
    /// more counts as 3 (`sync_retries`).
    pub retries: u8,
    /// Whether connections of a template are left out (`sync_persist_mode`).
    pub persist_mode: bool,
    /// Microseconds from one tick of the kernel's clock to the next; refreshing goes by ticks.
    pub tick_micros: NonZeroU32,
}

impl Default for SyncPolicy {
    fn default() -> Self {
        Self {
            version: Version::V1,
            threshold: SyncThreshold::default(),
            refresh_period: Duration::ZERO,
            retries: 0,
            persist_mode: false,
            // 250 ticks per second.
            tick_micros: NonZeroU32::MIN.saturating_add(3_999),
        }
    }
}

impl SyncPolicy {
    /// The last tick that has come at `now`.
    pub(super) fn tick_of(&self, now: Instant) -> u64 {
        now.as_micros() / u64::from(self.tick_micros.get())
    }

    /// The whole ticks in `span`.
    pub(super) fn ticks_in(&self, span: Duration) -> u64 {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        micros / u64::from(self.tick_micros.get())
    }
}

/// At which of its request packets a connection is announced: at those whose number leaves
/// `packets` when divided by `period`; with a `period` of 0 at number `packets` alone, or at any if
/// there is a [refresh period](SyncPolicy::refresh_period) \[SYN-7\] \[SYN-8\].
///
/// ```
/// use lvs_sched::{SyncThreshold, SyncThresholdError};
///
/// let threshold = SyncThreshold::new(3, 50)?;
/// assert_eq!(threshold, SyncThreshold::default());
/// let error = SyncThresholdError { packets: 50, period: 50 };
/// assert_eq!(SyncThreshold::new(50, 50), Err(error));
/// # Ok::<(), SyncThresholdError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "StoredThreshold"))]
pub struct SyncThreshold {
    packets: u32,
    period: u32,
}

/// A threshold that has not been checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct StoredThreshold {
    packets: u32,
    period: u32,
}

#[cfg(feature = "serde")]
impl TryFrom<StoredThreshold> for SyncThreshold {
    type Error = SyncThresholdError;

    fn try_from(stored: StoredThreshold) -> Result<Self, SyncThresholdError> {
        Self::new(stored.packets, stored.period)
    }
}

/// A connection would never be announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("packet {packets} is not below the period of {period}")]
pub struct SyncThresholdError {
    /// The packets asked for.
    pub packets: u32,
    /// The period asked for.
    pub period: u32,
}

impl SyncThreshold {
    /// The threshold of `packets` and `period`.
    ///
    /// # Errors
    /// If `packets` is not below `period`, unless that is 0 \[SYN-12\].
    pub const fn new(packets: u32, period: u32) -> Result<Self, SyncThresholdError> {
        if period != 0 && packets >= period {
            return Err(SyncThresholdError { packets, period });
        }
        Ok(Self { packets, period })
    }

    /// The first packet at which a connection is announced.
    #[must_use]
    pub const fn packets(self) -> u32 {
        self.packets
    }

    /// After how many packets it is again; 0 is never.
    #[must_use]
    pub const fn period(self) -> u32 {
        self.period
    }
}

/// The third packet, and every fiftieth after it.
impl Default for SyncThreshold {
    fn default() -> Self {
        Self { packets: 3, period: 50 }
    }
}
