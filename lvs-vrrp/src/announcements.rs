//! When an Active router tells the link where its addresses are.

use core::time::Duration;

use lvs_proto::Instant;

use crate::ConfigError;
use crate::octets::stored;

/// How often addresses are announced: gratuitous ARP, or unsolicited neighbor advertisements
/// \[X-18\] to \[X-21\].
///
/// A burst is a number of rounds, each of which announces every address a number of times. Bursts
/// that meet become one \[X-27\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Announcements {
    /// Rounds on becoming Active, the first at once; 0 is none.
    pub rounds: u8,
    /// Rounds after an advert that lost, as hosts may have followed its sender \[X-13\]; 0 is none.
    pub rounds_on_losing: u8,
    /// How often a round announces each address.
    pub repeat: u8,
    /// From one round to the next, 10 ms at least.
    pub gap: Duration,
    /// The time between announcements for as long as the router is Active, counted from the end of
    /// the first burst, 10 ms at least; zero is never \[X-20\].
    pub refresh: Duration,
    /// How often those announce each address.
    pub refresh_repeat: u8,
}

impl Announcements {
    /// Three rounds, one second apart: as many neighbor advertisements as RFC 4861 section 7.2.6
    /// allows \[ND-3\], \[ND-RFC-2\].
    pub const RFC4861: Self = Self {
        rounds: 3,
        rounds_on_losing: 3,
        repeat: 1,
        gap: Duration::from_secs(1),
        refresh: Duration::ZERO,
        refresh_repeat: 1,
    };

    /// Five at once and five after five seconds, as keepalived does.
    pub const KEEPALIVED: Self = Self {
        rounds: 2,
        rounds_on_losing: 2,
        repeat: 5,
        gap: Duration::from_secs(5),
        ..Self::RFC4861
    };

    /// Rounds that follow each other at once would be a storm.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let least = Duration::from_millis(10);
        if self.gap < least {
            return Err(ConfigError::AnnouncementGap(self.gap));
        }
        if !self.refresh.is_zero() && self.refresh < least {
            return Err(ConfigError::AnnouncementGap(self.refresh));
        }
        Ok(())
    }
}

impl Default for Announcements {
    fn default() -> Self {
        Self::RFC4861
    }
}

/// As far as clocks go.
const NEVER: Instant = Instant::from_micros(u64::MAX);

/// The rounds to come of an Active router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Schedule {
    /// How many rounds of the burst are left, and when the next one is due.
    rounds: u8,
    next: Instant,
    /// When the addresses are announced as a matter of routine; [`NEVER`] if they are not.
    refresh: Instant,
}

stored!(
    struct Schedule {
        rounds: u8,
        next: Instant,
        refresh: Instant,
    }
);

impl Schedule {
    /// A burst that begins now.
    pub(crate) fn begin(now: Instant, plan: &Announcements) -> Self {
        let last_round = (1..plan.rounds).fold(now, |round, _| round + plan.gap);
        Self { rounds: plan.rounds, next: now, refresh: next_refresh(last_round, plan) }
    }

    /// The same with all moments moved.
    pub(crate) fn moved(self, moved: impl Fn(Instant) -> Instant) -> Self {
        let refresh = if self.refresh < NEVER { moved(self.refresh) } else { NEVER };
        Self { next: moved(self.next), refresh, ..self }
    }

    /// Another plan; a burst under way goes on.
    pub(crate) fn change(&mut self, now: Instant, plan: &Announcements) {
        self.refresh = next_refresh(now, plan);
    }

    /// The round that waits until then is still to come.
    pub(crate) fn put_off(&mut self, until: Instant) {
        self.next = if self.rounds > 0 { self.next.min(until) } else { until };
        self.rounds = self.rounds.saturating_add(1);
    }

    /// A burst for an address that is new. One that is under way begins again \[X-27\].
    pub(crate) fn begin_again(&mut self, now: Instant, plan: &Announcements) {
        (self.rounds, self.next) = (plan.rounds, now);
    }

    /// A burst after a losing advert, whose sender hosts may have followed. What is left of one that
    /// is under way is enough; after its last round the next one waits for the gap: bursts are
    /// bounded as answers are \[FSM-15\].
    pub(crate) fn after_losing(&mut self, now: Instant, plan: &Announcements) {
        if self.rounds == 0 {
            (self.rounds, self.next) = (plan.rounds_on_losing, self.next.max(now));
        }
    }

    /// How often each address is to be announced now; 0 if nothing is due.
    pub(crate) fn due(&mut self, now: Instant, plan: &Announcements) -> u8 {
        let mut repeat = 0;
        if self.rounds > 0 && self.next <= now {
            self.rounds -= 1;
            self.next = now + plan.gap;
            repeat = plan.repeat;
        }
        if self.refresh <= now {
            self.refresh = next_refresh(now, plan);
            repeat = repeat.max(plan.refresh_repeat);
        }
        repeat
    }

    /// When the next round is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let round = if self.rounds > 0 { self.next } else { NEVER };
        Some(round.min(self.refresh)).filter(|deadline| *deadline < NEVER)
    }
}

fn next_refresh(since: Instant, plan: &Announcements) -> Instant {
    if plan.refresh.is_zero() { NEVER } else { since + plan.refresh }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// When what is announced, in seconds, until `end`.
    fn rounds(schedule: &mut Schedule, plan: &Announcements, end: u64) -> Vec<(u64, u8)> {
        let mut rounds = Vec::new();
        while let Some(due) = schedule.deadline().filter(|due| *due <= Instant::from_secs(end)) {
            rounds.push((due.as_micros() / 1_000_000, schedule.due(due, plan)));
        }
        rounds
    }

    /// [ND-RFC-2]
    #[test]
    fn nd_3_x_18_x_19_a_burst_and_its_rounds() {
        let burst = |plan| rounds(&mut Schedule::begin(Instant::EPOCH, &plan), &plan, 100);
        assert_eq!(burst(Announcements::RFC4861), [(0, 1), (1, 1), (2, 1)]);
        assert_eq!(burst(Announcements::KEEPALIVED), [(0, 5), (5, 5)]);
        assert_eq!(burst(Announcements { rounds: 0, ..Announcements::RFC4861 }), []);
    }

    #[test]
    fn x_20_refreshing_begins_after_the_burst() {
        let plan = Announcements {
            refresh: Duration::from_secs(60),
            refresh_repeat: 2,
            ..Announcements::KEEPALIVED
        };
        let mut schedule = Schedule::begin(Instant::EPOCH, &plan);
        assert_eq!(rounds(&mut schedule, &plan, 130), [(0, 5), (5, 5), (65, 2), (125, 2)]);
    }

    #[test]
    fn x_13_x_27_losing_adverts_start_no_second_burst_within_the_first() {
        let plan = Announcements::RFC4861;
        for heard in [2_000_001, 2_999_999, 3_000_000] {
            let mut schedule = Schedule::begin(Instant::EPOCH, &plan);
            schedule.after_losing(Instant::from_secs(1), &plan);
            assert_eq!(rounds(&mut schedule, &plan, 2), [(0, 1), (1, 1), (2, 1)]);
            assert_eq!(schedule.deadline(), None);
            for _ in 0..3 {
                schedule.after_losing(Instant::from_micros(heard), &plan);
            }
            assert_eq!(rounds(&mut schedule, &plan, 100), [(3, 1), (4, 1), (5, 1)]);
        }
    }
}
