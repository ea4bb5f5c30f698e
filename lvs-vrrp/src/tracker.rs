//! What the embedder watches (interfaces, scripts, files), and what it does to a priority.

use lvs_proto::vrrp::Priority;

/// How much a tracker counts, and how sure it is to be before it counts \[X-44\], \[X-47\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TrackerConfig {
    /// -254 to 254. Above 0 it is added to the priority while all is well, below 0 while it is not;
    /// 0 puts the router into fault while it is not.
    pub weight: i16,
    /// Whether the weight counts the other way round: what would be added is taken off, and with
    /// weight 0 it is a fault that all is well.
    pub reverse: bool,
    /// How many good reports in a row make a tracker well again, 1 at least.
    pub rise: u8,
    /// How many bad ones end that, 1 at least.
    pub fall: u8,
    /// Whether it counts as unwell until the first report, not as unknown.
    pub starts_unwell: bool,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self { weight: 0, reverse: false, rise: 1, fall: 1, starts_unwell: false }
    }
}

/// Why something cannot be tracked so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrackerError {
    /// The weight exceeds the range of priorities \[X-45\].
    #[error("weight {0} is not within -254 to 254")]
    Weight(i16),
    /// `rise` or `fall` is 0.
    #[error("rise and fall are 1 at least")]
    NoReports,
}

/// Something that is well or not.
///
/// ```
/// use lvs_proto::vrrp::Priority;
/// use lvs_vrrp::{Tracked, Tracker, TrackerConfig};
///
/// let mut uplink = Tracker::new(TrackerConfig { weight: -30, fall: 2, ..TrackerConfig::default() })?;
/// for (well, priority) in [(true, 100), (false, 100), (false, 70), (true, 100)] {
///     uplink.report(well);
///     let tracked = Tracked::of(Priority::DEFAULT, [uplink.contribution()]);
///     assert_eq!(tracked.priority.get(), priority);
/// }
/// # Ok::<(), lvs_vrrp::TrackerError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Tracker {
    config: TrackerConfig,
    /// `None` before the first report.
    well: Option<bool>,
    /// Reports in a row that say otherwise.
    against: u8,
}

impl Tracker {
    /// A tracker that knows nothing yet.
    ///
    /// # Errors
    /// [`TrackerError`].
    pub fn new(config: TrackerConfig) -> Result<Self, TrackerError> {
        if !(-254..=254).contains(&config.weight) {
            return Err(TrackerError::Weight(config.weight));
        }
        if config.rise == 0 || config.fall == 0 {
            return Err(TrackerError::NoReports);
        }
        Ok(Self { config, well: config.starts_unwell.then_some(false), against: 0 })
    }

    /// Takes a report. The first one decides alone, later ones `rise` or `fall` at a time, and one that
    /// agrees begins the count anew.
    pub fn report(&mut self, well: bool) {
        let needed = if well { self.config.rise } else { self.config.fall };
        self.against = match self.well {
            Some(current) if current != well => self.against.saturating_add(1),
            _ => 0,
        };
        if self.well.is_none() || self.against >= needed {
            (self.well, self.against) = (Some(well), 0);
        }
    }

    /// Whether all is well; `None` before the first report.
    #[must_use]
    pub const fn is_well(&self) -> Option<bool> {
        self.well
    }

    /// What it does to the priority now.
    #[must_use]
    pub fn contribution(&self) -> Contribution {
        let TrackerConfig { weight, reverse, .. } = self.config;
        let weight = i32::from(weight);
        let signed = if reverse { -weight } else { weight };
        match self.well {
            None if weight == 0 => Contribution::Unknown,
            Some(well) if weight == 0 && well == reverse => Contribution::Fault,
            Some(true) if weight > 0 => Contribution::Priority(signed),
            Some(false) if weight < 0 => Contribution::Priority(signed),
            _ => Contribution::Priority(0),
        }
    }
}

/// What a tracker does to a virtual router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contribution {
    /// It is added to the priority.
    Priority(i32),
    /// The router cannot do its work \[X-53\].
    Fault,
    /// Nobody knows yet whether it can, so that it does not begin \[X-47\].
    Unknown,
}

impl Contribution {
    /// Of a number, as a tracked file holds it: it counts `weight` times, up to 253, and puts the router
    /// into fault from -254 down; with weight 0 every number but 0 does \[X-45\].
    #[must_use]
    pub fn of_value(value: i32, weight: i16) -> Self {
        let product = value.saturating_mul(weight.into());
        if (weight == 0 && value != 0) || product <= -254 {
            Self::Fault
        } else {
            Self::Priority(product.min(253))
        }
    }
}

/// What all trackers of a virtual router come to, for [`Router::track`](crate::Router::track).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// The effective priority, 1 to 254; an owner keeps its own \[FSM-19\].
    pub priority: Priority,
    /// Whether the router cannot do its work, or may not yet begin.
    pub fault: bool,
}

impl Tracked {
    /// The sum of `contributions` and the configured priority; only the sum is confined to the range
    /// \[X-43\].
    #[must_use]
    pub fn of(base: Priority, contributions: impl IntoIterator<Item = Contribution>) -> Self {
        let (mut total, mut fault) = (i32::from(base.get()), false);
        for contribution in contributions {
            match contribution {
                Contribution::Priority(weight) => total = total.saturating_add(weight),
                Contribution::Fault | Contribution::Unknown => fault = true,
            }
        }
        let priority = match base {
            Priority::OWNER => base,
            _ => Priority::new(total.clamp(1, 254) as u8),
        };
        Self { priority, fault }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracker(weight: i16, reverse: bool) -> Tracker {
        Tracker::new(TrackerConfig { weight, reverse, ..TrackerConfig::default() }).unwrap()
    }

    /// The rows of X-44: weight, reverse, what it does while well, and while not.
    #[test]
    fn x_44_weights() {
        use Contribution::{Fault, Priority};

        for (weight, reverse, well, unwell) in [
            (20, false, Priority(20), Priority(0)),
            (-20, false, Priority(0), Priority(-20)),
            (20, true, Priority(-20), Priority(0)),
            (-20, true, Priority(0), Priority(20)),
            (0, false, Priority(0), Fault),
            (0, true, Fault, Priority(0)),
        ] {
            let mut tracker = tracker(weight, reverse);
            tracker.report(true);
            assert_eq!(tracker.contribution(), well, "{weight} {reverse}");
            tracker.report(false);
            assert_eq!(tracker.contribution(), unwell, "{weight} {reverse}");
        }
    }

    #[test]
    fn x_45_values() {
        for (value, weight, expected) in [
            (5, 2, Contribution::Priority(10)),
            (200, 2, Contribution::Priority(253)),
            (-126, 2, Contribution::Priority(-252)),
            (-127, 2, Contribution::Fault),
            (0, 0, Contribution::Priority(0)),
            (1, 0, Contribution::Fault),
            (i32::MIN, 254, Contribution::Fault),
        ] {
            assert_eq!(Contribution::of_value(value, weight), expected);
        }
        assert_eq!(
            Tracker::new(TrackerConfig { weight: 255, ..TrackerConfig::default() }),
            Err(TrackerError::Weight(255))
        );
        let never = TrackerConfig { rise: 0, ..TrackerConfig::default() };
        assert_eq!(Tracker::new(never), Err(TrackerError::NoReports));
    }

    #[test]
    fn x_47_rise_and_fall() {
        let config = TrackerConfig { rise: 2, fall: 3, ..TrackerConfig::default() };
        let mut tracker = Tracker::new(config).unwrap();
        assert_eq!(tracker.contribution(), Contribution::Unknown);
        for (report, well) in [
            (true, true),
            (false, true),
            (false, true),
            (true, true),
            (false, true),
            (false, true),
            (false, false),
            (true, false),
            (false, false),
            (true, false),
            (true, true),
        ] {
            tracker.report(report);
            assert_eq!(tracker.is_well(), Some(well));
        }
        let unwell = Tracker::new(TrackerConfig { starts_unwell: true, ..config }).unwrap();
        assert_eq!(unwell.contribution(), Contribution::Fault);
    }

    #[test]
    fn x_43_only_the_sum_is_confined() {
        let sum = |base, contributions: &[i32]| {
            let contributions = contributions.iter().copied().map(Contribution::Priority);
            Tracked::of(Priority::new(base), contributions).priority.get()
        };
        assert_eq!(sum(100, &[250, -200]), 150);
        assert_eq!((sum(100, &[-250]), sum(100, &[250])), (1, 254));
        assert_eq!(sum(255, &[-250]), 255, "an owner stays one");
        assert_eq!(sum(1, &[i32::MAX, i32::MAX]), 254);
        assert!(Tracked::of(Priority::DEFAULT, [Contribution::Unknown]).fault);
    }
}
