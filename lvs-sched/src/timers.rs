//! When a timer that is armed now fires.

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

    /// When a timer fires that is armed at `now` for a span.
    pub(crate) fn deadline(self, now: Instant, span: Duration) -> Instant {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let alarm = self.arm(self.tick_of(now), micros / self.length());
        self.moment(self.fires(alarm))
    }

    /// A timer of so many ticks from a tick on.
    #[inline]
    pub(crate) const fn arm(self, tick: u64, ticks: u64) -> Alarm {
        let level = match self {
            Self::Exact => 0,
            Self::Ticks { .. } => level(ticks),
        };
        Alarm { due: tick.saturating_add(ticks), level }
    }

    /// The tick at which it fires, not before: the next multiple of its level's step \[CONV-9\].
    #[inline]
    pub(crate) const fn fires(self, alarm: Alarm) -> u64 {
        match self {
            Self::Exact => alarm.due,
            Self::Ticks { .. } => (alarm.due | (step(alarm.level) - 1)).saturating_add(1),
        }
    }

    /// The last tick that has come at `now`; exact time has a tick for each microsecond.
    #[inline]
    pub(crate) fn tick_of(self, now: Instant) -> u64 {
        now.as_micros() / self.length()
    }

    /// The whole ticks in so many seconds.
    #[inline]
    pub(crate) fn ticks_in(self, secs: u32) -> u64 {
        u64::from(secs) * 1_000_000 / self.length()
    }

    #[inline]
    pub(crate) fn moment(self, tick: u64) -> Instant {
        Instant::from_micros(tick.saturating_mul(self.length().get()))
    }

    /// Microseconds from one tick to the next.
    #[inline]
    fn length(self) -> NonZeroU64 {
        match self {
            Self::Exact => NonZeroU64::MIN,
            Self::Ticks { length_micros } => length_micros.into(),
        }
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
pub(crate) const SHIFT_PER_LEVEL: u32 = 3;
/// How many levels there are.
pub(crate) const LEVELS: u8 = 9;
/// Spans shorter than this many ticks are of level 0.
const FINEST: u64 = 63;

/// The level of a span; the longest ones are all of the coarsest.
#[inline]
const fn level(ticks: u64) -> u8 {
    match (ticks / FINEST).checked_ilog2() {
        None => 0,
        Some(doublings) if doublings / SHIFT_PER_LEVEL >= LEVELS as u32 - 1 => LEVELS - 1,
        Some(doublings) => (doublings / SHIFT_PER_LEVEL) as u8 + 1,
    }
}

/// From one tick at which timers of a level fire to the next.
const fn step(level: u8) -> u64 {
    1 << ((SHIFT_PER_LEVEL * level as u32) & 63)
}

/// A timer that is armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Alarm {
    /// The tick at which its span is over.
    pub(crate) due: u64,
    /// How coarse it is; of those that fire together, the coarser ones come first.
    pub(crate) level: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fires(armed_tick: u64, ticks: u64) -> u64 {
        let alarm = Timers::default().arm(armed_tick, ticks);
        assert_eq!(alarm.due, armed_tick + ticks);
        let (now, span) = (moment(armed_tick), Duration::from_micros(ticks * 4_000));
        let fires = Timers::default().fires(alarm);
        assert_eq!(Timers::default().deadline(now, span), moment(fires));
        fires
    }

    fn moment(tick: u64) -> Instant {
        Timers::default().moment(tick)
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
        let deadline = Timers::Exact.deadline(Instant::from_micros(5), Duration::from_secs(60));
        assert_eq!(deadline, Instant::from_micros(60_000_005));
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        let last = Instant::from_micros(u64::MAX);
        for timers in [Timers::Exact, Timers::hz(0), Timers::hz(250), Timers::hz(u32::MAX)] {
            assert!(timers.deadline(last, Duration::MAX) >= timers.deadline(last, Duration::ZERO));
            assert!(timers.deadline(Instant::EPOCH, Duration::ZERO) <= Instant::from_secs(1));
            assert!(timers.max_secs() > 0);
        }
    }
}
