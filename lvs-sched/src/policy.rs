//! What the kernel lets its administrator choose: the sysctls of section 7.1 that decisions read.

/// How packets are decided about; the defaults are the kernel's. One of a director serves all
/// services that have none of their own.
///
/// ```
/// use lvs_sched::{Policy, ServiceConfig, ServiceKey};
///
/// let service = ServiceConfig {
///     policy: Some(Policy { expire_nodest_conn: true, ..Policy::default() }),
///     ..ServiceConfig::new(ServiceKey::tcp([10, 0, 0, 1].into(), 80))
/// };
/// assert_eq!(service.policy.map(|policy| policy.conn_reuse_mode), Some(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Policy {
    /// Whether a client that opens a connection anew in the place of one that is over gets it
    /// scheduled anew: 0 is no; bit 1 also counts FIN_WAIT as over where replies are not seen
    /// \[REUSE-3\].
    pub conn_reuse_mode: u8,
    /// Whether the connections of a deleted destination end \[NOD-2\] \[NOD-3\], and those of a
    /// quiesced one when they are opened anew \[REUSE-2\].
    pub expire_nodest_conn: bool,
    /// Whether templates of quiesced destinations are given up \[TPL-12\].
    pub expire_quiescent_template: bool,
    /// Whether a TCP connection may begin with any segment but a reset \[SVC-10\].
    pub sloppy_tcp: bool,
    /// Whether an SCTP association may begin with any chunk but an abort \[SVC-10\].
    pub sloppy_sctp: bool,
    /// Whether packets of a mark's service that has no destination to offer go where they are
    /// addressed, past all caches, if that is [another host](lvs_proto::Flow::unicast)
    /// \[SVC-12\].
    pub cache_bypass: bool,
    /// Whether an ICMP error about no connection is scheduled as its client's packet would be
    /// \[ICMP-3\]. Of the director's policy alone.
    pub schedule_icmp: bool,
    /// Whether a real server that is translated hears of it when it sends to a connection that is
    /// no more \[NAT-8\]. Of the director's policy alone.
    pub nat_icmp_send: bool,
    /// Whether clients' packets pass untouched, for the time that this director is only the backup
    /// of another; answers of real servers are seen to all the same \[IN-1\]. Of the director's
    /// policy alone.
    pub backup_only: bool,
}

impl Policy {
    /// The kernel's defaults.
    pub const DEFAULT: Self = Self {
        conn_reuse_mode: 1,
        expire_nodest_conn: false,
        expire_quiescent_template: false,
        sloppy_tcp: false,
        sloppy_sctp: false,
        cache_bypass: false,
        schedule_icmp: false,
        nat_icmp_send: false,
        backup_only: false,
    };
}

/// [`Policy::DEFAULT`].
impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// When a defence against too many connections is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Defence {
    /// Never: mode 0.
    #[default]
    Off,
    /// As long as room is scarce, looked at every second: modes 1 and 2.
    Automatic,
    /// Always: mode 3.
    On,
}

impl Defence {
    /// Whether it is on, room being scarce or not.
    pub(crate) const fn is_on(self, scarce: bool) -> bool {
        matches!((self, scarce), (Self::On, _) | (Self::Automatic, true))
    }
}

/// The defences of a director against too many connections (section 4.10); the defaults are the
/// kernel's, all off. What is memory there is room in the connection table here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Defences {
    /// Ends half-open and idle connections before their time, at random: some every second, and
    /// some when the table is full \[DEF-2\].
    pub drop_entry: Defence,
    /// Drops one in so many packets that would open a connection \[DEF-3\].
    pub drop_packet: Defence,
    /// Moves TCP connections by the tables that believe no client \[DEF-5\].
    pub secure_tcp: Defence,
    /// With [`Defence::On`], `drop_packet` drops one in so many; 0 is none, 1 is all \[DEF-4\].
    pub am_droprate: u32,
    /// Room is scarce when fewer connections than these fit the table.
    pub amemthresh: u32,
}

/// All off.
impl Default for Defences {
    fn default() -> Self {
        Self {
            drop_entry: Defence::Off,
            drop_packet: Defence::Off,
            secure_tcp: Defence::Off,
            am_droprate: 10,
            amemthresh: 1024,
        }
    }
}
