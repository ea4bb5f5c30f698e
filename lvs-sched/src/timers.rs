//! When a timer that is armed now fires.

use core::cmp::Reverse;
use core::num::{NonZeroU32, NonZeroU64};
use core::time::Duration;

use lvs_proto::Instant;

/// How exactly time passes \[CONV-9\].
///
/// The kernel counts in ticks and lets timers fire late, by up to an eighth of their span. Who wants
/// its decisions to the last one wants its timers; who wants a timeout to be what it says does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Timers {
    /// What is due after 60 seconds is due after 60 seconds.
    Exact,
    /// As in the kernel, whose tick has this length.
    Ticks {
        /// Microseconds from one tick to the next; ticks are counted from the epoch.
        length_micros: NonZeroU32,
    },
}

impl Timers {
    /// Those of a kernel of `HZ` ticks per second, at most a million.
    ///
    /// ```
    /// use lvs_sched::Timers;
    ///
    /// assert_eq!(Timers::hz(250), Timers::default());
    /// ```
    #[must_use]
    pub const fn hz(ticks_per_second: u32) -> Self {
        let per_second = if ticks_per_second == 0 { 1 } else { ticks_per_second };
        match NonZeroU32::new(1_000_000 / per_second) {
            Some(length_micros) => Self::Ticks { length_micros },
            None => Self::Ticks { length_micros: NonZeroU32::MIN },
        }
    }

    /// The alarm of a timer armed at `now` for a span.
    pub(crate) fn arm(self, now: Instant, span: Duration) -> Alarm {
        let Self::Ticks { length_micros } = self else {
            let due = now + span;
            return Alarm { due, fires: due, level: Reverse(0) };
        };
        let length = NonZeroU64::from(length_micros);
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let ticks = micros / length;
        let due = (now.as_micros() / length).saturating_add(ticks);
        let level = level(ticks);
        let below = (1 << (SHIFT_PER_LEVEL * u32::from(level))) - 1;
        // The next multiple of the level's step.
        let fires = (due | below).saturating_add(1);
        let moment = |tick: u64| Instant::from_micros(tick.saturating_mul(length.get()));
        Alarm { due: moment(due), fires: moment(fires), level: Reverse(level) }
    }

    /// The most seconds that a timeout may be set to: those whose ticks fit 31 bits \[TMO-2\].
    pub(crate) const fn max_secs(self) -> u32 {
        match self {
            Self::Exact => i32::MAX as u32,
            Self::Ticks { length_micros } => {
                let micros = i32::MAX as u64 * length_micros.get() as u64;
                let secs = micros / 1_000_000;
                if secs > i32::MAX as u64 { i32::MAX as u32 } else { secs as u32 }
            }
        }
    }
}

/// Those of most distributions: 250 ticks per second.
impl Default for Timers {
    fn default() -> Self {
        Self::hz(250)
    }
}

/// Each level of timers is coarser than the one below by this many bits of the tick.
const SHIFT_PER_LEVEL: u32 = 3;
/// Spans shorter than this many ticks are of level 0.
const FINEST: u64 = 63;
/// Longer spans are of this level all the same.
const COARSEST: u8 = 8;

fn level(ticks: u64) -> u8 {
    let is_within = |level: &u8| ticks < FINEST << (SHIFT_PER_LEVEL * u32::from(*level));
    (0..COARSEST).find(is_within).unwrap_or(COARSEST)
}

/// A timer that is armed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Alarm {
    /// When its span is over.
    pub(crate) due: Instant,
    /// When it fires, not before.
    pub(crate) fires: Instant,
    /// Of those that fire together, the coarser ones come first.
    pub(crate) level: Reverse<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fires(armed_tick: u64, ticks: u64) -> u64 {
        let now = Instant::from_micros(armed_tick * 4_000);
        let alarm = Timers::default().arm(now, Duration::from_micros(ticks * 4_000));
        assert_eq!(alarm.due.as_micros(), (armed_tick + ticks) * 4_000);
        alarm.fires.as_micros() / 4_000
    }

    /// ((e >> s) + 1) << s, s by the span.
    #[test]
    fn conv_9_steps() {
        let rows = [(63, 0), (504, 3), (4_032, 6), (32_256, 9), (258_048, 12), (2_064_384, 15)];
        for (bound, shift) in rows {
            for armed in [0, 7, 32_768, 1_000_003] {
                let due = armed + bound - 1;
                assert_eq!(fires(armed, bound - 1), ((due >> shift) + 1) << shift);
                let due = armed + bound;
                assert_eq!(fires(armed, bound), ((due >> (shift + 3)) + 1) << (shift + 3));
            }
        }
        assert_eq!(fires(5, 0), 6, "now is the next tick");
        assert_eq!(fires(5, 1), 7, "the sweep of DST-7");
    }

    #[test]
    fn exact_timers_are_exact() {
        let alarm = Timers::Exact.arm(Instant::from_micros(5), Duration::from_secs(60));
        assert_eq!((alarm.due, alarm.fires), (Instant::from_micros(60_000_005), alarm.due));
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        let last = Instant::from_micros(u64::MAX);
        for timers in [Timers::Exact, Timers::hz(0), Timers::hz(250), Timers::hz(u32::MAX)] {
            assert!(timers.arm(last, Duration::MAX).fires >= last);
            assert!(timers.arm(Instant::EPOCH, Duration::ZERO).fires <= Instant::from_secs(1));
            assert!(timers.max_secs() > 0);
        }
    }
}
