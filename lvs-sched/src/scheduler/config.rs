//! What a scheduler is told to be.

use core::fmt;
use core::str::FromStr;

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
///
/// ```
/// use lvs_sched::SchedulerFlags;
///
/// let flags = SchedulerFlags::SH_FALLBACK.with(SchedulerFlags::SH_PORT);
/// assert_eq!((u8::from(flags), SchedulerFlags::try_from(3)), (3, Ok(flags)));
/// assert!(SchedulerFlags::try_from(8).is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u8", into = "u8"))]
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

    const ALL: Self = Self::FLAG_1.with(Self::FLAG_2).with(Self::FLAG_3);
}

/// Of the bits that the kernel has for them: 1, 2 and 4.
impl TryFrom<u8> for SchedulerFlags {
    type Error = SchedulerFlagsError;

    fn try_from(bits: u8) -> Result<Self, SchedulerFlagsError> {
        let flags = Self(bits);
        if Self::ALL.contains(flags) { Ok(flags) } else { Err(SchedulerFlagsError { bits }) }
    }
}

impl From<SchedulerFlags> for u8 {
    fn from(flags: SchedulerFlags) -> Self {
        flags.0
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for SchedulerFlags {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        u.int_in_range(0..=Self::ALL.0).map(Self)
    }

    fn size_hint(depth: usize) -> (usize, Option<usize>) {
        u8::size_hint(depth)
    }
}

/// There are no such flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("scheduler flags {bits:#04x}: there are 1, 2 and 4")]
pub struct SchedulerFlagsError {
    /// What was asked for.
    pub bits: u8,
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
    pub(super) const fn bits(self) -> u32 {
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
