//! What a director is told to be.

use crate::{Defences, LblcConfig, LocalPorts, MhTableIndex, Policy, Profile, Timeouts, Timers};

/// What a director is told to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DirectorConfig {
    /// Whose decisions are made.
    pub profile: Profile,
    /// How exactly time passes.
    pub timers: Timers,
    /// How packets are decided about, but for services with a policy of their own.
    pub policy: Policy,
    /// The defences against too many connections.
    pub defences: Defences,
    /// The timeouts that can be set.
    pub timeouts: Timeouts,
    /// The most connections and templates of IPv4; memory for them is taken at once, 95 octets
    /// each, timers and both indexes included, or 123 with exact timers. A director that announces
    /// connections takes 19 more. In a build without the feature `large` there are 65 000 at most of
    /// both families, which take 4 octets less.
    pub connections: u32,
    /// The most of IPv6, of 170 or 198 octets each.
    pub connections_v6: u32,
    /// The most of them, at a time, of the kinds that need memory of their own: templates for
    /// calls, connections through a tunnel to a real server of the other family, all connections by
    /// [`FullNat`](lvs_proto::Method::FullNat), control connections of FTP, and those that another one
    /// of the same client and port replaces before they have ended \[CON-12\].
    pub rare: u32,
    /// The most templates for calls \[PE-2\]; memory for their Call-IDs is taken at once.
    pub calls: u32,
    /// The most packets in fragments of which is remembered, for half a minute, what became of the
    /// first one, so that the others go the same way; 104 octets each \[NAT-9\]. 0 is the kernel's
    /// way, and that of a build without the feature `helpers`: it sees packets only when they have
    /// been put together. See
    /// [`Transport::LaterFragment`](lvs_proto::Transport::LaterFragment).
    pub fragments: u32,
    /// The most passive data connections of FTP that are expected at a time, of 104 octets each: what
    /// control connections by NAT say is read, and followed \[FTP-1\], in a build with the feature
    /// `helpers`. 0 is no help, as where the kernel's module is not loaded.
    pub ftp: u32,
    /// The ports of the [local addresses](crate::Director::add_local) \[FN-1\]: of several
    /// directors that share the addresses, each needs its own.
    pub local_ports: LocalPorts,
    /// A secret, for tables that strangers fill: their speed depends on it, and which local port
    /// comes first.
    pub seed: [u64; 2],
    /// The cache of each `lblc` service.
    pub lblc: LblcConfig,
    /// The cache of each `lblcr` service.
    pub lblcr: LblcConfig,
    /// The table of each `mh` service.
    pub mh: MhTableIndex,
    /// Places after the head of the list where each walk of `rr` and `wrr` begins, so that several
    /// directors do not all begin at one server. 0 is the kernel's way.
    pub start_offset: u32,
    /// The size of the connection table to show in the first line of listings; nothing else
    /// depends on it.
    pub table_size: u32,
}

/// The most connections that are given memory unless it is said how many.
const CONNECTIONS: u32 = if cfg!(feature = "large") { 65_536 } else { 1024 };

/// 65536 connections of each family (1024 in a build without the feature `large`), 4096 rare ones,
/// 1024 calls, no packets in fragments, no FTP, a seed of zeros, and the kernel's figures.
impl Default for DirectorConfig {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            timers: Timers::default(),
            policy: Policy::default(),
            defences: Defences::default(),
            timeouts: Timeouts::default(),
            connections: CONNECTIONS,
            connections_v6: CONNECTIONS,
            rare: 4096,
            calls: 1024,
            fragments: 0,
            ftp: 0,
            local_ports: LocalPorts::default(),
            seed: [0; 2],
            lblc: LblcConfig::default(),
            lblcr: LblcConfig::default(),
            mh: MhTableIndex::default(),
            start_offset: 0,
            table_size: 4096,
        }
    }
}
