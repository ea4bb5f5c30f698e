//! `garp_*` and `vrrp_garp_*`: how often addresses are announced.

use std::time::Duration;

use lvs_vrrp::Announcements;

use super::keyword::{Input, Outcome};
use super::report::Verdict;
use super::tracking::LONGEST_SECS;

/// What is said about announcements; the rest is as keepalived does it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GarpPlan {
    /// From the first announcements to the second ones; zero is for no second ones.
    pub master_delay: Option<Duration>,
    /// How many follow each other at once.
    pub master_repeat: Option<u8>,
    /// The delay after an advert of lower priority.
    pub lower_prio_delay: Option<Duration>,
    /// The repetitions after an advert of lower priority; 0 is for no announcements.
    pub lower_prio_repeat: Option<u8>,
    /// The time between announcements as a matter of routine; zero is for none.
    pub master_refresh: Option<Duration>,
    /// How many of those follow each other at once.
    pub master_refresh_repeat: Option<u8>,
}

impl GarpPlan {
    /// `vrrp_min_garp`: one, unless more is said \[X-23\].
    pub(super) const MINIMAL: Self = Self {
        master_delay: Some(Duration::ZERO),
        master_repeat: Some(1),
        lower_prio_delay: None,
        lower_prio_repeat: None,
        master_refresh: None,
        master_refresh_repeat: None,
    };

    /// What is not said here is said by `other`.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            master_delay: self.master_delay.or(other.master_delay),
            master_repeat: self.master_repeat.or(other.master_repeat),
            lower_prio_delay: self.lower_prio_delay.or(other.lower_prio_delay),
            lower_prio_repeat: self.lower_prio_repeat.or(other.lower_prio_repeat),
            master_refresh: self.master_refresh.or(other.master_refresh),
            master_refresh_repeat: self.master_refresh_repeat.or(other.master_refresh_repeat),
        }
    }

    /// What a virtual router does \[X-18\] to \[X-21\].
    pub(super) fn announcements(&self) -> Outcome<Announcements> {
        let keepalived = Announcements::KEEPALIVED;
        let delay = self.master_delay.unwrap_or(keepalived.gap);
        let repeat = self.master_repeat.unwrap_or(keepalived.repeat);
        let lower_delay = self.lower_prio_delay.unwrap_or(delay);
        let lower_repeat = self.lower_prio_repeat.unwrap_or(repeat);
        let same_repeat = [0, repeat].contains(&lower_repeat);
        let same_delay = lower_delay.is_zero() || delay.is_zero() || lower_delay == delay;
        if !(same_repeat && same_delay) {
            let reason =
                "an advert of lower priority is answered with the same announcements or none";
            return Err(Verdict::unsupported(reason));
        }
        let rounds = |delay: Duration| if delay.is_zero() { 1 } else { 2 };
        let gaps = [delay, lower_delay, keepalived.gap];
        Ok(Announcements {
            rounds: rounds(delay),
            rounds_on_losing: if lower_repeat == 0 { 0 } else { rounds(lower_delay) },
            repeat,
            gap: gaps.into_iter().find(|gap| !gap.is_zero()).unwrap_or(keepalived.gap),
            refresh: self.master_refresh.unwrap_or(keepalived.refresh),
            refresh_repeat: self.master_refresh_repeat.unwrap_or(keepalived.refresh_repeat),
        })
    }
}

/// The next word as a delay in seconds.
pub(super) fn delay(input: &mut Input<'_>, delay: &mut Option<Duration>) -> Outcome {
    *delay = Some(Duration::from_secs(input.number(0..=LONGEST_SECS)?));
    Ok(())
}

/// The next word as a number of repetitions, `least` at least.
pub(super) fn repeat(input: &mut Input<'_>, repeat: &mut Option<u8>, least: u8) -> Outcome {
    *repeat = Some(input.number(least..=u8::MAX)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_18_to_x_23() {
        let keepalived = Announcements::KEEPALIVED;
        assert_eq!(GarpPlan::default().announcements(), Ok(keepalived));
        let ten = Some(Duration::from_secs(10));
        let gap = Duration::from_secs(10);
        let (rounds, rounds_on_losing, refresh) = (1, 0, gap);
        for (plan, expected) in [
            (
                GarpPlan { master_delay: ten, ..GarpPlan::default() },
                Announcements { gap, ..keepalived },
            ),
            (
                GarpPlan { lower_prio_repeat: Some(0), ..GarpPlan::default() },
                Announcements { rounds_on_losing, ..keepalived },
            ),
            (
                GarpPlan { lower_prio_delay: Some(Duration::ZERO), ..GarpPlan::default() },
                Announcements { rounds_on_losing: 1, ..keepalived },
            ),
            (
                GarpPlan { master_refresh: ten, ..GarpPlan::default() },
                Announcements { refresh, ..keepalived },
            ),
            (
                GarpPlan::MINIMAL,
                Announcements { rounds, rounds_on_losing: 1, repeat: 1, ..keepalived },
            ),
        ] {
            assert_eq!(plan.announcements(), Ok(expected), "{plan:?}");
        }
        let other = GarpPlan { lower_prio_repeat: Some(3), ..GarpPlan::default() };
        assert!(other.announcements().is_err());
        let said = GarpPlan { master_repeat: Some(3), ..GarpPlan::default() };
        assert_eq!(said.or(GarpPlan::MINIMAL).announcements().unwrap().repeat, 3);
    }
}
