//! The fourteen schedulers: one small file each, and the indexes that make them fast.

#[cfg(not(feature = "tables"))]
mod absent;
mod any;
#[cfg_attr(not(feature = "fast"), path = "linear/bitmap.rs")]
mod bitmap;
#[cfg(feature = "tables")]
mod cache;
#[cfg(feature = "tables")]
mod dh;
mod fo;
mod hash;
#[cfg(feature = "fast")]
mod heap;
#[cfg(feature = "tables")]
mod lblc;
#[cfg(feature = "tables")]
mod lblcr;
mod lc;
#[cfg_attr(not(feature = "fast"), path = "linear/least.rs")]
mod least;
#[cfg(feature = "tables")]
mod mh;
mod nq;
mod ovf;
mod rr;
mod sed;
#[cfg(feature = "tables")]
mod sh;
#[cfg(feature = "tables")]
mod spare;
#[cfg(feature = "tables")]
mod sums;
#[cfg(feature = "tables")]
mod twos;
#[cfg(feature = "fast")]
mod units;
mod walk;
#[cfg_attr(not(feature = "fast"), path = "linear/weights.rs")]
mod weights;
#[cfg(feature = "fast")]
mod winners;
mod wlc;
mod wrr;

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use lvs_proto::{Family, Instant};

#[cfg(not(feature = "tables"))]
use absent::{dh, lblc, lblcr, mh, sh, twos};
pub(crate) use any::{AnyScheduler, WantsList};
pub(crate) use least::FEW;

use crate::dests::{DestList, Growth, Load, inverse};
use crate::hash::Seed;
use crate::{DestConfig, OutOfMemory, Profile, Timers};

/// So many places of a table are looked through at a time, which counts as one of a budget.
pub(crate) const STRETCH: usize = 64;

/// What a scheduler does now and then; what it does for each connection, [`AnyScheduler`] asks of
/// each kind itself.
trait Scheduler {
    /// Makes room for a list of that many destinations, one of which may get that weight.
    fn reserve(
        &mut self,
        _list: DestList<'_>,
        _dests: usize,
        _weight: u32,
    ) -> Result<(), OutOfMemory> {
        Ok(())
    }

    /// The list is no longer what it was; there is room for what it is.
    fn changed(&mut self, _list: DestList<'_>, _change: Change) {}

    /// What the key of a destination at its position grows by.
    fn growth(&self, load: &Load) -> Growth {
        Growth::none(inverse(load.weight))
    }

    /// Whether [`AnyScheduler::counted`] is wanted for every count, and not for a change of the
    /// overload flag alone.
    fn watches_counts(&self) -> bool {
        false
    }

    /// How many places there are where it may refer to a destination that is not in the list.
    fn references(&self) -> usize {
        0
    }

    /// The destination that it refers to at one of them.
    fn reference(&self, _index: usize) -> Option<u32> {
        None
    }

    /// What it remembers is to be forgotten when unused for so long.
    fn set_expiration(&mut self, _expiration: Duration) {}

    /// When [`handle_timeout`](Self::handle_timeout) is wanted.
    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// Does what is due at `now`, or so much of it; returns how much it was.
    fn handle_timeout(&mut self, _now: Instant, _budget: usize) -> usize {
        0
    }

    /// How many picks could not be remembered for want of room.
    fn forgotten(&self) -> u64 {
        0
    }
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
    /// Weighted failover: all to the heaviest.
    Fo,
    /// Weighted overflow: to the heaviest, and beyond its weight to the next.
    Ovf,
    /// Maglev hashing: a fixed place for each client, and few move when places come and go.
    Mh,
    /// The power of two choices: the less loaded of two that are drawn by weight.
    Twos,
}

impl SchedulerKind {
    /// All of them.
    pub const ALL: [Self; 14] = [
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
        Self::Fo,
        Self::Ovf,
        Self::Mh,
        Self::Twos,
    ];

    /// Whether it looks at the packet that a connection begins with, and not only at the
    /// destinations.
    #[must_use]
    pub const fn reads_flows(self) -> bool {
        matches!(self, Self::Lblc | Self::Lblcr | Self::Dh | Self::Sh | Self::Mh)
    }

    /// Whether it is one of the feature `tables`.
    pub(crate) const fn keeps_tables(self) -> bool {
        matches!(self, Self::Lblc | Self::Lblcr | Self::Dh | Self::Sh | Self::Mh | Self::Twos)
    }

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
            Self::Fo => "fo",
            Self::Ovf => "ovf",
            Self::Mh => "mh",
            Self::Twos => "twos",
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
#[error("a scheduler is one of rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos")]
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
    /// `flag-1`; with `sh` it is `sh-fallback`, with `mh` `mh-fallback`: look further if the place
    /// is unavailable.
    pub const FLAG_1: Self = Self(1);
    /// `flag-2`; with `sh` it is `sh-port`, with `mh` `mh-port`: the client's port counts, too.
    pub const FLAG_2: Self = Self(2);
    /// `flag-3`; means nothing yet.
    pub const FLAG_3: Self = Self(4);
    /// [`FLAG_1`](Self::FLAG_1) of `sh`.
    pub const SH_FALLBACK: Self = Self::FLAG_1;
    /// [`FLAG_2`](Self::FLAG_2) of `sh`.
    pub const SH_PORT: Self = Self::FLAG_2;
    /// [`FLAG_1`](Self::FLAG_1) of `mh`.
    pub const MH_FALLBACK: Self = Self::FLAG_1;
    /// [`FLAG_2`](Self::FLAG_2) of `mh`.
    pub const MH_PORT: Self = Self::FLAG_2;

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

/// How large the table of `mh` is: a kernel is built with one of these for all services \[MH-1\].
///
/// ```
/// use lvs_sched::MhTableIndex;
///
/// assert_eq!(MhTableIndex::default().slots(), 4093);
/// assert_eq!(MhTableIndex::try_from(17).map(MhTableIndex::slots), Ok(131_071));
/// assert!(MhTableIndex::try_from(18).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u8", into = "u8"))]
pub struct MhTableIndex(u8);

impl MhTableIndex {
    /// The slots of the table, a prime.
    #[must_use]
    pub const fn slots(self) -> u32 {
        match self.0 {
            8 => 251,
            9 => 509,
            10 => 1021,
            11 => 2039,
            12 => 4093,
            13 => 8191,
            14 => 16_381,
            15 => 32_749,
            16 => 65_521,
            _ => 131_071,
        }
    }

    /// The bits of the greatest number of slots that are claimed in one turn \[MH-6\].
    const fn bits(self) -> u32 {
        self.0 as u32 / 2
    }
}

/// The kernel's: 12, which is 4093 slots.
impl Default for MhTableIndex {
    fn default() -> Self {
        Self(12)
    }
}

impl TryFrom<u8> for MhTableIndex {
    type Error = MhTableIndexError;

    fn try_from(index: u8) -> Result<Self, MhTableIndexError> {
        if (8..=17).contains(&index) { Ok(Self(index)) } else { Err(MhTableIndexError { index }) }
    }
}

impl From<MhTableIndex> for u8 {
    fn from(index: MhTableIndex) -> Self {
        index.0
    }
}

/// There is no table of this index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mh table index {index} is not in 8 to 17")]
pub struct MhTableIndexError {
    /// What was asked for.
    pub index: u8,
}

/// All that a scheduler needs to start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SchedulerSetup {
    pub(crate) kind: SchedulerKind,
    pub(crate) profile: Profile,
    /// Of the service; a pool has none.
    pub(crate) family: Option<Family>,
    pub(crate) flags: SchedulerFlags,
    pub(crate) start_offset: u32,
    pub(crate) lblc: LblcConfig,
    pub(crate) mh: MhTableIndex,
    pub(crate) seed: Seed,
    pub(crate) timers: Timers,
}

impl SchedulerSetup {
    /// What `mh` makes of an address and port.
    pub(crate) fn word(&self, config: &DestConfig) -> u32 {
        hash::word(self.family, config.address, config.port)
    }

    /// With how many destinations it can start, if that is limited \[MH-9\].
    pub(crate) fn most_dests(&self) -> Option<u32> {
        (self.kind == SchedulerKind::Mh).then_some(self.mh.slots())
    }

    pub(crate) fn start(
        &self,
        now: Instant,
        list: DestList<'_>,
    ) -> Result<AnyScheduler, OutOfMemory> {
        use SchedulerKind::{Fo, Lc, Nq, Ovf, Rr, Sed, Wlc, Wrr};
        Ok(match self.kind {
            Rr => AnyScheduler::Rr(rr::Rr::new(self.start_offset, list)?),
            Wrr => AnyScheduler::Wrr(wrr::Wrr::new(self.start_offset, list)?),
            Lc | Wlc | Sed | Nq | Fo | Ovf => {
                AnyScheduler::Least(least::Least::new(self.kind, list)?)
            }
            _ => self.start_with_tables(now, list)?,
        })
    }

    #[cfg(feature = "tables")]
    fn start_with_tables(
        &self,
        now: Instant,
        list: DestList<'_>,
    ) -> Result<AnyScheduler, OutOfMemory> {
        use SchedulerKind::{Dh, Lblc, Lblcr, Mh, Sh};
        Ok(match self.kind {
            Lblc => AnyScheduler::Lblc(lblc::Lblc::new(self, now, list)?),
            Lblcr => AnyScheduler::Lblcr(lblcr::Lblcr::new(self, now, list)?),
            Dh => AnyScheduler::Dh(dh::Dh::new(list)?),
            Sh => AnyScheduler::Sh(sh::Sh::new(list)?),
            Mh => AnyScheduler::Mh(mh::Mh::new(self, list)?),
            _ => AnyScheduler::Twos(twos::Twos::new(self.seed, list)?),
        })
    }

    /// A service that wants one is refused before it gets here.
    #[cfg(not(feature = "tables"))]
    fn start_with_tables(&self, _: Instant, _: DestList<'_>) -> Result<AnyScheduler, OutOfMemory> {
        Err(OutOfMemory)
    }
}

/// The place in a list that is `offset` after the head, round and round.
fn start(offset: u32, order: &[u32]) -> usize {
    (offset as usize).checked_rem(order.len()).unwrap_or(0)
}

const fn gcd(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Key;
    use crate::dests::Dests;

    /// A list, the newest first, of these weights, upper thresholds, connections and how many of
    /// them are active.
    pub(super) fn dests(
        kind: SchedulerKind,
        profile: Profile,
        facts: &[(u32, u32, u32, u32)],
    ) -> (Dests, Key) {
        let mut dests = Dests::new(profile, Timers::default());
        let setup = SchedulerSetup {
            kind,
            profile,
            family: None,
            flags: SchedulerFlags::NONE,
            start_offset: 0,
            lblc: LblcConfig::default(),
            mh: MhTableIndex::default(),
            seed: Seed([0; 2]),
            timers: Timers::default(),
        };
        let group = dests.add_group(Instant::EPOCH, None, setup).unwrap();
        for (number, &(weight, upper_threshold, conns, active)) in (1..).zip(facts) {
            let config = DestConfig::new([10, 2, 0, number].into(), 80);
            let id = dests.add(group, DestConfig { weight, upper_threshold, ..config }).unwrap();
            (0..conns).for_each(|_| dests.bind(id));
            (0..active.min(conns)).for_each(|_| dests.activate(id));
        }
        (dests, group)
    }

    #[test]
    fn wlc_2_ovh_4_a_load_below_zero_wins_without_weight() {
        let many = 1 << 23;
        let facts = [(0, 0, many, many), (1, 0, 0, 0)];
        let (dests, group) = dests(SchedulerKind::Wlc, Profile::Classic, &facts);
        let list = dests.members(group);
        let negative = list.iter().find(|(_, load)| load.weight == 0).map(|(place, _)| place);
        let surplus = Profile::Classic.active_surplus();
        assert_eq!(wlc::pick(list.order, list.loads, surplus), negative);
    }
}
