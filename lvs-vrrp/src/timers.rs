//! The spans between adverts, in whole microseconds.

use core::time::Duration;

use lvs_proto::Instant;
use lvs_proto::vrrp::{AdvertInterval, Priority, Version};

use crate::Config;

/// Skew_Time: how much longer than others a router of this priority waits \[T-1\], \[T-2\],
/// \[V3-PR-2\], \[V2-PR-1\].
///
/// It is what orders the Backup routers, so it is floored once, to the microsecond, and never to
/// centiseconds \[T-3\]. The greatest product, 256 * 25 500 * 625, fits 32 bits.
pub(crate) fn skew(version: Version, priority: Priority, interval: AdvertInterval) -> Duration {
    let steps = 256 - u32::from(priority.get());
    let micros = match version {
        Version::V2 => steps * 15_625 / 4,
        Version::V3 => steps * u32::from(interval.centiseconds()) * 625 / 16,
    };
    Duration::from_micros(micros.into())
}

/// Active_Down_Interval: the silence after which the Active router counts as down.
pub(crate) fn active_down_interval(
    version: Version,
    priority: Priority,
    interval: AdvertInterval,
    advert_count: u8,
) -> Duration {
    let silence = interval.duration().saturating_mul(advert_count.into());
    silence.saturating_add(skew(version, priority, interval))
}

/// When the second advert of a router that became Active `now` is due: early by as many parts of 1024 as
/// its VRID says, if that is wanted \[S-6\]. Were it late, Backup routers that wait for one interval
/// only would take over.
pub(crate) fn second_advert(now: Instant, config: &Config) -> Instant {
    let interval = config.interval.duration();
    let early = if config.stagger_adverts { u32::from(config.vrid.get()) } else { 0 };
    now + interval.saturating_sub(interval.saturating_mul(early) / 1024)
}

/// When the advert after one due at `due` and sent at `now` is due: exactly an interval later, so
/// that small delays do not add up, or an interval from now if that has gone by \[T-6\].
pub(crate) fn next_advert(due: Instant, now: Instant, interval: AdvertInterval) -> Instant {
    let on_time = due + interval.duration();
    if on_time < now { now + interval.duration() } else { on_time }
}

/// The least time between two answers to adverts of others \[FSM-15\].
pub(crate) fn reply_gap(interval: AdvertInterval) -> Duration {
    let eighth = u64::from(interval.centiseconds()) * 10_000 / 8;
    Duration::from_micros(eighth.max(10_000))
}

/// `deadline` as it would be had the running span been `new` instead of `old` \[T-7\].
pub(crate) fn shift(deadline: Instant, old: Duration, new: Duration) -> Instant {
    let sum = u128::from(deadline.as_micros()) + new.as_micros();
    let micros = sum.saturating_sub(old.as_micros());
    Instant::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: AdvertInterval = AdvertInterval::DEFAULT;

    fn centiseconds(number: u16) -> AdvertInterval {
        AdvertInterval::from_centiseconds(number).unwrap()
    }

    fn down(version: Version, priority: u8, interval: AdvertInterval) -> u128 {
        active_down_interval(version, Priority::new(priority), interval, 3).as_micros()
    }

    /// [V3-PR-2], [V2-PR-1] The table of T-4, in microseconds: priority, skew at 1 s, skew at 10 cs.
    #[test]
    fn t_1_t_2_t_3_t_4_table() {
        let rows = [
            (1, 996_093, 99_609),
            (50, 804_687, 80_468),
            (100, 609_375, 60_937),
            (101, 605_468, 60_546),
            (150, 414_062, 41_406),
            (200, 218_750, 21_875),
            (254, 7_812, 781),
            (255, 3_906, 390),
        ];
        for (priority, second, tenth) in rows {
            let skew =
                |version, interval| skew(version, Priority::new(priority), interval).as_micros();
            assert_eq!(skew(Version::V3, SECOND), second);
            assert_eq!(skew(Version::V2, SECOND), second);
            assert_eq!(skew(Version::V3, centiseconds(10)), tenth);
            assert_eq!(down(Version::V3, priority, SECOND), 3_000_000 + second);
            assert_eq!(down(Version::V3, priority, centiseconds(10)), 300_000 + tenth);
            assert_eq!(down(Version::V2, priority, SECOND), 3_000_000 + second);
        }
    }

    #[test]
    fn t_2_v2_skew_does_not_depend_on_the_interval() {
        let longest = AdvertInterval::from_seconds(255).unwrap();
        assert_eq!(down(Version::V2, 100, longest), 765_609_375);
    }

    #[test]
    fn t_3_greatest_span() {
        assert_eq!(down(Version::V3, 1, centiseconds(4_095)), 163_640_039);
    }

    #[test]
    fn t_6_small_delays_do_not_add_up() {
        let at = Instant::from_micros;
        assert_eq!(next_advert(at(5_000_000), at(5_000_700), SECOND), at(6_000_000));
        assert_eq!(next_advert(at(5_000_000), at(6_000_000), SECOND), at(6_000_000));
        assert_eq!(next_advert(at(5_000_000), at(6_000_001), SECOND), at(7_000_001));
    }

    #[test]
    fn fsm_15_gap_is_an_eighth_but_at_least_10_ms() {
        assert_eq!(reply_gap(SECOND), Duration::from_millis(125));
        assert_eq!(reply_gap(centiseconds(1)), Duration::from_millis(10));
    }

    #[test]
    fn t_7_shift_goes_both_ways_and_saturates() {
        let (short, long) = (Duration::from_secs(3), Duration::from_secs(4));
        assert_eq!(shift(Instant::from_secs(9), short, long), Instant::from_secs(10));
        assert_eq!(shift(Instant::from_secs(9), long, short), Instant::from_secs(8));
        assert_eq!(shift(Instant::EPOCH, long, short), Instant::EPOCH);
    }
}
