//! The ten schedulers: one small trait, one small file each.

mod cache;
mod dh;
mod hash;
mod lblc;
mod lblcr;
mod lc;
mod nq;
mod rr;
mod sed;
mod sh;
mod wlc;
mod wrr;

use alloc::boxed::Box;
use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use lvs_proto::{Flow, Instant};

use crate::dests::DestList;
use crate::hash::Seed;
use crate::{Dest, DestId, OutOfMemory, Timers};

/// Picks a destination for a new connection or template \[SCH-1\].
pub(crate) trait Scheduler: fmt::Debug + Send + Sync {
    /// The destination, or `None` if there is none to offer \[SCH-2\].
    fn pick(&mut self, list: DestList<'_>, now: Instant, flow: &Flow) -> Option<DestId>;

    /// The list is no longer what it was.
    fn changed(&mut self, _list: DestList<'_>, _change: Change) {}

    /// Whether `dest` may be picked without being in the list.
    fn refers_to(&self, _dest: DestId) -> bool {
        false
    }

    /// What it remembers is to be forgotten when unused for so long.
    fn set_expiration(&mut self, _expiration: Duration) {}

    /// When [`handle_timeout`](Self::handle_timeout) is wanted.
    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// Does what is due at `now`.
    fn handle_timeout(&mut self, _now: Instant) {}
}

/// What happened to a list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// A destination came, at the head.
    Added,
    /// The destination that was at this position left.
    Deleted { position: usize },
    /// A destination was configured anew in its place.
    Edited,
}

/// A scheduler by its name in `ipvsadm -s` \[SCH-3\].
///
/// ```
/// use lvs_sched::SchedulerKind;
///
/// assert_eq!("lblcr".parse(), Ok(SchedulerKind::Lblcr));
/// assert_eq!(SchedulerKind::default().to_string(), "wlc");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum SchedulerKind {
    /// Round robin: each in turn.
    Rr,
    /// Weighted round robin: each in turn, the heavier more often.
    Wrr,
    /// Least connection: where the fewest are.
    Lc,
    /// Weighted least connection: where the fewest are for its weight.
    #[default]
    Wlc,
    /// Locality-based least connection: the same place for one destination address, for caches.
    Lblc,
    /// The same with replication: a set of places for one destination address.
    Lblcr,
    /// Destination hashing: a fixed place for each destination address.
    Dh,
    /// Source hashing: a fixed place for each client.
    Sh,
    /// Shortest expected delay: as `wlc`, the connection to come included.
    Sed,
    /// Never queue: as `sed`, but an idle one first.
    Nq,
}

impl SchedulerKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Rr,
        Self::Wrr,
        Self::Lc,
        Self::Wlc,
        Self::Lblc,
        Self::Lblcr,
        Self::Dh,
        Self::Sh,
        Self::Sed,
        Self::Nq,
    ];

    /// The name in `ipvsadm -s`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rr => "rr",
            Self::Wrr => "wrr",
            Self::Lc => "lc",
            Self::Wlc => "wlc",
            Self::Lblc => "lblc",
            Self::Lblcr => "lblcr",
            Self::Dh => "dh",
            Self::Sh => "sh",
            Self::Sed => "sed",
            Self::Nq => "nq",
        }
    }
}

impl fmt::Display for SchedulerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// No scheduler has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scheduler is one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq")]
pub struct ParseSchedulerError;

impl FromStr for SchedulerKind {
    type Err = ParseSchedulerError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(ParseSchedulerError)
    }
}

/// The three flags of `ipvsadm -b`; each scheduler gives them its own meaning \[ADM-5\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct SchedulerFlags(u8);

impl SchedulerFlags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// `flag-1`; with `sh` it is `sh-fallback`: look further if the place is unavailable.
    pub const FLAG_1: Self = Self(1);
    /// `flag-2`; with `sh` it is `sh-port`: the client's port counts, too.
    pub const FLAG_2: Self = Self(2);
    /// `flag-3`; means nothing yet.
    pub const FLAG_3: Self = Self(4);
    /// [`FLAG_1`](Self::FLAG_1) of `sh`.
    pub const SH_FALLBACK: Self = Self::FLAG_1;
    /// [`FLAG_2`](Self::FLAG_2) of `sh`.
    pub const SH_PORT: Self = Self::FLAG_2;

    /// The flags of both.
    #[must_use]
    pub const fn with(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }

    /// Whether every flag of `flags` is set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether no flag is set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The cache of `lblc` or `lblcr`: from destination addresses to destinations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LblcConfig {
    /// Addresses above which old ones are cleared away; half as many again is the most that the
    /// cache of one service holds \[LBLC-1\]. Memory for them is taken with the service.
    pub capacity: u32,
    /// Seconds after which an unused address is forgotten, and, for `lblcr`, a set that did not
    /// change loses a member \[LBLC-8\] \[LBLCR-5\].
    pub expiration_secs: u32,
}

/// The kernel's: 16384 addresses, one day.
impl Default for LblcConfig {
    fn default() -> Self {
        Self { capacity: 16_384, expiration_secs: 86_400 }
    }
}

/// All that a scheduler needs to start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SchedulerSetup {
    pub(crate) kind: SchedulerKind,
    pub(crate) flags: SchedulerFlags,
    pub(crate) lblc: LblcConfig,
    pub(crate) seed: Seed,
    pub(crate) timers: Timers,
}

impl SchedulerSetup {
    pub(crate) fn start(
        &self,
        now: Instant,
        list: DestList<'_>,
    ) -> Result<Box<dyn Scheduler>, OutOfMemory> {
        Ok(match self.kind {
            SchedulerKind::Rr => Box::new(rr::Rr::new()),
            SchedulerKind::Wrr => Box::new(wrr::Wrr::new(list)),
            SchedulerKind::Lc => Box::new(lc::Lc),
            SchedulerKind::Wlc => Box::new(wlc::Wlc),
            SchedulerKind::Lblc => Box::new(lblc::Lblc::new(self, now)?),
            SchedulerKind::Lblcr => Box::new(lblcr::Lblcr::new(self, now)?),
            SchedulerKind::Dh => Box::new(dh::Dh::new(list)?),
            SchedulerKind::Sh => Box::new(sh::Sh::new(list)?),
            SchedulerKind::Sed => Box::new(sed::Sed),
            SchedulerKind::Nq => Box::new(nq::Nq),
        })
    }
}

/// The first in the list among those whose load is the smallest share of their weight \[WLC-1\].
fn least_loaded(list: DestList<'_>, load: impl Fn(&Dest) -> i32) -> Option<DestId> {
    let mut dests = list.iter().skip_while(|(_, dest)| !dest.is_eligible());
    let first = dests.next()?;
    let (best, _) = dests.filter(|(_, dest)| !dest.is_overloaded()).fold(
        first,
        // Once there is a best, a weight of 0 is not looked at: with a load below 0 it wins [WLC-2].
        |best, next| if is_lighter(next.1, best.1, &load) { next } else { best },
    );
    Some(best)
}

/// Whether `load / weight` of `one` is strictly less than that of `other`, in products of 64 bits.
fn is_lighter(one: &Dest, other: &Dest, load: impl Fn(&Dest) -> i32) -> bool {
    i64::from(load(other)) * i64::from(one.weight())
        > i64::from(load(one)) * i64::from(other.weight())
}
