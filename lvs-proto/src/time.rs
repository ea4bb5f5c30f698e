//! The moment that a caller hands in: no crate of this family reads a clock.

use core::fmt;
use core::ops::Add;
use core::time::Duration;

/// A moment, in microseconds since any epoch that the embedder likes.
///
/// The epoch must not move. A clock that goes on while the machine is suspended is best
/// (`CLOCK_BOOTTIME` on Linux). A moment earlier than the last one handed in counts as the last
/// one. 64 bits last for 584 000 years.
///
/// ```
/// use core::time::Duration;
/// use lvs_proto::Instant;
///
/// let start = Instant::from_micros(1_000);
/// let later = start + Duration::from_millis(5);
/// assert_eq!(later.as_micros(), 6_000);
/// assert_eq!(later.saturating_duration_since(start), Duration::from_millis(5));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Instant(u64);

impl Instant {
    /// The epoch itself.
    pub const EPOCH: Self = Self(0);

    /// The moment `micros` microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The moment `millis` milliseconds after the epoch, at most the last representable one.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// The moment `secs` seconds after the epoch, at most the last representable one.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to `self`, zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// Whole microseconds are added; the sum saturates at the last representable moment.
impl Add<Duration> for Instant {
    type Output = Self;

    // Deadlines are set everywhere, and none of them once a packet.
    #[inline(never)]
    fn add(self, span: Duration) -> Self {
        let secs = Self::from_secs(span.as_secs());
        Self(self.0.saturating_add(secs.0).saturating_add(span.subsec_micros().into()))
    }
}

/// Seconds with six decimals.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        let last = Instant::from_micros(u64::MAX);
        assert_eq!(last + Duration::from_secs(1), last);
        assert_eq!(Instant::from_secs(u64::MAX), last);
        assert_eq!(Instant::EPOCH + Duration::MAX, last);
        assert_eq!(Instant::EPOCH.saturating_duration_since(last), Duration::ZERO);
    }
}
