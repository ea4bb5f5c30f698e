//! What a virtual router is told once.

use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use lvs_proto::Family;
use lvs_proto::vrrp::{
    AdvertInterval, ChecksumAccept, ChecksumForm, Peer, Priority, Version, Vrid,
};

use crate::{
    AddressMismatch, Announcements, ChecksumTransmit, DuplicateSource, LateActive, LateBackup,
    LosingAdvert, OwnerAdverts,
};

const PREEMPT_DELAY_MAX: Duration = Duration::from_secs(1000);

/// The virtual addresses of a router; each is compared with each.
const ADDRESSES_MAX: usize = 1024;

/// The parameters of a virtual router (RFC 9568 section 6.1).
///
/// Start from a profile, [`Config::rfc9568`], [`Config::rfc5798`], [`Config::rfc3768`],
/// [`Config::keepalived`] or [`Config::strict`], and change what differs. Wherever the profiles
/// disagree there is a field \[FSM-13\]. [`Router::new`](crate::Router::new) checks the result.
///
/// ```
/// use lvs_proto::vrrp::{Priority, Vrid};
/// use lvs_vrrp::Config;
///
/// let vrid = Vrid::new(51).ok_or("0 is no VRID")?;
/// let config = Config { priority: Priority::new(150), preempt: false, ..Config::rfc9568(vrid) };
/// assert_eq!(config.interval.centiseconds(), 100);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Config {
    /// The version that the virtual router speaks.
    pub version: Version,
    /// The virtual router.
    pub vrid: Vrid,
    /// 1 to 254, or [`Priority::OWNER`] on the router whose interface has the virtual addresses as
    /// its own \[V3-TX-3\], \[V3-TX-4\], \[V2-TX-2\]; an owner preempts and accepts whatever the fields
    /// say \[FSM-20\], \[V3-PR-3\].
    pub priority: Priority,
    /// The time between own adverts: whole seconds in version 2, at most 4095 centiseconds in
    /// version 3.
    pub interval: AdvertInterval,
    /// Whether a Backup router displaces an Active one of lower priority.
    pub preempt: bool,
    /// How long a Backup router puts up with an Active one of lower priority, counted from its first
    /// advert; at most 1000 seconds \[X-4\].
    pub preempt_delay: Duration,
    /// The longest interval that is learned from adverts, or the own one if that is longer: a forged
    /// one cannot delay a takeover beyond that \[SEC-9\].
    pub max_learned_interval: Option<AdvertInterval>,
    /// Whether only the router that was last taken for the Active one can resign; a blunt defence
    /// against forged resignations \[FSM-9\].
    pub resign_by_active_only: bool,
    /// Whether packets to the virtual addresses are accepted while Active, not only forwarded
    /// (RFC 9568 Accept_Mode).
    pub accept: bool,
    /// The advertisement intervals of silence after which the Active router counts as down, 1 to
    /// 100; 3 by the RFCs. To be the same on all routers of the virtual router.
    pub advert_count: u8,
    /// What an Active router does about an advert that loses against its own.
    pub losing_advert: LosingAdvert,
    /// Whether it says so as well, by [`Reason::LosingAdvert`](crate::Reason::LosingAdvert), at most
    /// once between two adverts of its own: for who moves addresses by other means than
    /// announcements \[X-13\].
    pub report_losing: bool,
    /// Whether an Active router that hears a winning advert sends a last one of its own, so that the
    /// winner knows that there were two and announces its addresses again \[X-12\].
    pub advert_before_demotion: bool,
    /// Whether an Active router sends its second advert early, by its VRID and by less than a quarter
    /// of an interval, so that routers that became Active together do not go on together \[S-6\].
    pub stagger_adverts: bool,
    /// How many of the virtual addresses, from the first on, adverts list; the others are installed
    /// and announced like them, and may be of the other family. `None` is all of them \[X-35\].
    pub advertised: Option<u8>,
    /// How often the virtual addresses are announced.
    pub announcements: Announcements,
    /// Whether a router with peers that was at fault, or without its interface, tells the link where
    /// it is once it runs again, so that the Active router reaches it at once \[X-26\].
    pub announce_source: bool,
    /// Whether an Active router whose priority changes sends an advert at once, and not only when the
    /// next one is due \[X-46\].
    pub advert_on_priority_change: bool,
    /// What becomes of a Backup router that wakes up late.
    pub late_backup: LateBackup,
    /// What becomes of an Active router that wakes up late.
    pub late_active: LateActive,
    /// What an owner does about adverts of others.
    pub owner_adverts: OwnerAdverts,
    /// What becomes of a router that hears its own address from somebody else.
    pub duplicate_source: DuplicateSource,
    /// What an address list other than the own does to an advert.
    pub address_mismatch: AddressMismatch,
    /// Whether an advert over IPv6 is dropped if its first address is not link-local; it is counted
    /// in any case \[W-17\].
    pub link_local_first: bool,
    /// Another group than the VRRP group of the family for adverts to go to and come from; over IPv6
    /// of link-local scope \[X-31\].
    pub group: Option<IpAddr>,
    /// Whether only peers may send adverts, where there are peers, and from the distance that each
    /// may have \[X-29\].
    pub check_peers: bool,
    /// The checksum form of own adverts.
    pub checksum_transmit: ChecksumTransmit,
    /// The checksum forms that received adverts may have.
    pub checksum_accept: ChecksumAccept,
}

impl Config {
    /// Version 3 by RFC 9568 and its errata; the defaults are those of its section 6.1 \[V3-PR-1\].
    #[must_use]
    pub const fn rfc9568(vrid: Vrid) -> Self {
        Self {
            version: Version::V3,
            vrid,
            priority: Priority::DEFAULT,
            interval: AdvertInterval::DEFAULT,
            preempt: true,
            preempt_delay: Duration::ZERO,
            max_learned_interval: None,
            resign_by_active_only: false,
            accept: false,
            advert_count: 3,
            losing_advert: LosingAdvert::Reply,
            report_losing: false,
            advert_before_demotion: false,
            stagger_adverts: false,
            advertised: None,
            announcements: Announcements::RFC4861,
            announce_source: false,
            advert_on_priority_change: true,
            late_backup: LateBackup::Grace,
            late_active: LateActive::Reassert,
            owner_adverts: OwnerAdverts::Process,
            duplicate_source: DuplicateSource::Report,
            address_mismatch: AddressMismatch::Count,
            link_local_first: false,
            group: None,
            check_peers: true,
            checksum_transmit: ChecksumTransmit::Follow(ChecksumForm::MessageOnly),
            checksum_accept: ChecksumAccept::ANY,
        }
    }

    /// Version 3 by RFC 5798.
    #[must_use]
    pub const fn rfc5798(vrid: Vrid) -> Self {
        Self {
            losing_advert: LosingAdvert::Ignore,
            announcements: Announcements { rounds_on_losing: 0, ..Announcements::RFC4861 },
            owner_adverts: OwnerAdverts::Discard,
            checksum_transmit: ChecksumTransmit::Always(ChecksumForm::PseudoHeader),
            ..Self::rfc9568(vrid)
        }
    }

    /// Version 2 by RFC 3768.
    #[must_use]
    pub const fn rfc3768(vrid: Vrid) -> Self {
        Self {
            version: Version::V2,
            losing_advert: LosingAdvert::Ignore,
            announcements: Announcements { rounds_on_losing: 0, ..Announcements::RFC4861 },
            owner_adverts: OwnerAdverts::Discard,
            address_mismatch: AddressMismatch::DropUnlessOwner,
            ..Self::rfc9568(vrid)
        }
    }

    /// Either version as keepalived 2.4 does it by default.
    ///
    /// keepalived 2.2 also refuses other address lists: set
    /// [`address_mismatch`](Self::address_mismatch) to [`AddressMismatch::Drop`] to match it.
    #[must_use]
    pub const fn keepalived(version: Version, vrid: Vrid) -> Self {
        Self {
            version,
            accept: true,
            losing_advert: LosingAdvert::ReplyAndRearm,
            announcements: Announcements::KEEPALIVED,
            announce_source: true,
            advert_on_priority_change: false,
            late_backup: LateBackup::Promote,
            check_peers: false,
            checksum_transmit: ChecksumTransmit::Always(ChecksumForm::PseudoHeader),
            checksum_accept: ChecksumAccept::PSEUDO_HEADER,
            ..Self::rfc9568(vrid)
        }
    }

    /// Whether this router owns the virtual addresses.
    #[must_use]
    pub const fn is_owner(&self) -> bool {
        self.priority.get() == Priority::OWNER.get()
    }

    /// Checks the fields against each other and against what they are to govern.
    pub(crate) fn check(
        &self,
        source: IpAddr,
        addresses: &[IpAddr],
        peers: &[Peer],
    ) -> Result<(), ConfigError> {
        if self.priority == Priority::RESIGN {
            return Err(ConfigError::PriorityZero);
        }
        if !(1..=100).contains(&self.advert_count) {
            return Err(ConfigError::AdvertCount(self.advert_count));
        }
        if self.preempt_delay > PREEMPT_DELAY_MAX {
            return Err(ConfigError::PreemptDelay(self.preempt_delay));
        }
        self.announcements.check()?;
        let family = self.family(source, addresses);
        self.check_version(family, self.listed(addresses).is_empty())?;
        self.check_addresses(family, addresses)?;
        check_source(family, source, peers)?;
        check_peers(source, peers)?;
        match self.group {
            Some(group) if !is_group(family, group) => Err(ConfigError::Group(group)),
            _ => Ok(()),
        }
    }

    /// Those of `addresses` that adverts list.
    pub(crate) fn listed<'a>(&self, addresses: &'a [IpAddr]) -> &'a [IpAddr] {
        let count = self.advertised.map_or(addresses.len(), usize::from);
        addresses.get(..count).unwrap_or(addresses)
    }

    /// The family of a virtual router with these addresses, or else of one that advertises from
    /// `source`.
    pub(crate) fn family(&self, source: IpAddr, addresses: &[IpAddr]) -> Family {
        Family::of(self.listed(addresses).first().copied().unwrap_or(source))
    }

    fn check_version(&self, family: Family, no_addresses: bool) -> Result<(), ConfigError> {
        match self.version {
            Version::V2 if family == Family::V6 => Err(ConfigError::V2OverIpv6),
            Version::V2 if self.interval.whole_seconds().is_none() => {
                Err(ConfigError::FractionalSeconds(self.interval))
            }
            Version::V3 if self.interval.centiseconds() > AdvertInterval::MAX_V3_CENTISECONDS => {
                Err(ConfigError::IntervalTooLong(self.interval))
            }
            Version::V3 if no_addresses => Err(ConfigError::NoAddresses),
            Version::V2 | Version::V3 => Ok(()),
        }
    }

    fn check_addresses(&self, family: Family, addresses: &[IpAddr]) -> Result<(), ConfigError> {
        let listed = self.listed(addresses);
        if listed.len() > usize::from(u8::MAX) || addresses.len() > ADDRESSES_MAX {
            return Err(ConfigError::TooManyAddresses(addresses.len()));
        }
        match self.advertised {
            Some(count) if usize::from(count) > addresses.len() => {
                return Err(ConfigError::Advertised(count));
            }
            _ => {}
        }
        if let Some(&other) = listed.iter().find(|&&address| Family::of(address) != family) {
            return Err(ConfigError::MixedFamilies(other));
        }
        for (index, &address) in addresses.iter().enumerate() {
            if !is_unicast(address) {
                return Err(ConfigError::AddressNotUnicast(address));
            }
            if addresses.iter().position(|&first| first == address) != Some(index) {
                return Err(ConfigError::Duplicate(address));
            }
        }
        Ok(())
    }
}

fn check_peers(source: IpAddr, peers: &[Peer]) -> Result<(), ConfigError> {
    for (index, peer) in peers.iter().enumerate() {
        let address = peer.address;
        let fits = Family::of(address) == Family::of(source) && is_unicast(address);
        if !fits || address == source || peer.min_hop_limit > peer.max_hop_limit {
            return Err(ConfigError::Peer(address));
        }
        if peers.iter().position(|first| first.address == address) != Some(index) {
            return Err(ConfigError::Duplicate(address));
        }
    }
    Ok(())
}

/// Whether adverts may go to `group`: one that no router forwards, over IPv6.
fn is_group(family: Family, group: IpAddr) -> bool {
    match group {
        IpAddr::V4(group) => family == Family::V4 && group.is_multicast(),
        IpAddr::V6(group) => family == Family::V6 && group.octets().starts_with(&[0xff, 0x02]),
    }
}

/// Checks that adverts of a virtual router of `family` may come from `source`; to peers they may come
/// from any address of the interface \[1.7\].
pub(crate) fn check_source(
    family: Family,
    source: IpAddr,
    peers: &[Peer],
) -> Result<(), SourceError> {
    if Family::of(source) != family {
        return Err(SourceError::OtherFamily(source));
    }
    if !is_unicast(source) {
        return Err(SourceError::NotUnicast(source));
    }
    match source {
        IpAddr::V6(address) if !address.is_unicast_link_local() && peers.is_empty() => {
            Err(SourceError::NotLinkLocal(address))
        }
        IpAddr::V4(_) | IpAddr::V6(_) => Ok(()),
    }
}

/// Whether a router with these peers may take that address.
pub(crate) fn check_new_source(
    family: Family,
    source: IpAddr,
    peers: &[Peer],
) -> Result<(), SourceError> {
    check_source(family, source, peers)?;
    let is_peer = peers.iter().any(|peer| peer.address == source);
    if is_peer { Err(SourceError::Peer(source)) } else { Ok(()) }
}

fn is_unicast(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !(broadcast || address.is_multicast() || address.is_unspecified())
}

/// Why a virtual router cannot be configured so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// `priority` 0 only says that a router resigns \[V3-TX-5\].
    #[error("priority 0 is not configurable")]
    PriorityZero,
    /// `advert_count` is outside 1 to 100.
    #[error("advert count {0} is not within 1 to 100")]
    AdvertCount(u8),
    /// `preempt_delay` is longer than 1000 seconds.
    #[error("preempt delay of {0:?}, 1000 s at most")]
    PreemptDelay(Duration),
    /// Rounds of announcements are less than 10 ms apart, or refreshed more often.
    #[error("announcements every {0:?}, 10 ms at least")]
    AnnouncementGap(Duration),
    /// Version 2 knows IPv4 only.
    #[error("VRRP version 2 over IPv6")]
    V2OverIpv6,
    /// Version 2 counts in whole seconds \[T-9\].
    #[error("{} centiseconds are not a whole number of seconds", .0.centiseconds())]
    FractionalSeconds(AdvertInterval),
    /// Version 3 advertises at most 4095 centiseconds \[V3-TX-20\].
    #[error("{} centiseconds are above 4095", .0.centiseconds())]
    IntervalTooLong(AdvertInterval),
    /// Version 3 needs a virtual address \[V3-TX-9\].
    #[error("no virtual address")]
    NoAddresses,
    /// An advert lists at most 255 virtual addresses; with those that it does not list there are at
    /// most 1024.
    #[error("{0} virtual addresses, 255 at most in an advert and 1024 in all")]
    TooManyAddresses(usize),
    /// `advertised` exceeds the virtual addresses.
    #[error("{0} virtual addresses advertised, but there are not so many")]
    Advertised(u8),
    /// A virtual address that is advertised is of another family than the first \[V3-TX-8\].
    #[error("virtual address {0} is of another family than the first")]
    MixedFamilies(IpAddr),
    /// A virtual address is unspecified, multicast or broadcast.
    #[error("virtual address {0} is not unicast")]
    AddressNotUnicast(IpAddr),
    /// A virtual address or a peer stands in its list twice \[W-18\].
    #[error("address {0} is listed twice")]
    Duplicate(IpAddr),
    /// A peer is of another family than the source address, is not unicast, is this router itself, or
    /// has no possible TTL.
    #[error("{0} is no possible peer")]
    Peer(IpAddr),
    /// `group` is not a group of the family, or over IPv6 not of link-local scope.
    #[error("{0} is not a group for adverts")]
    Group(IpAddr),
    /// The source address does not fit.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// Why a virtual router cannot send from an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It is of another family than the virtual addresses.
    #[error("source address {0} is of another family than the virtual addresses")]
    OtherFamily(IpAddr),
    /// It is unspecified, multicast or broadcast.
    #[error("source address {0} is not unicast")]
    NotUnicast(IpAddr),
    /// IPv6 adverts come from a link-local address \[V3-TX-15\].
    #[error("source address {0} is not link-local")]
    NotLinkLocal(Ipv6Addr),
    /// It is that of a peer.
    #[error("source address {0} is that of a peer")]
    Peer(IpAddr),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn check(config: Config, source: &str, addresses: &[&str]) -> Result<(), ConfigError> {
        let addresses: std::vec::Vec<_> = addresses.iter().map(|text| ip(text)).collect();
        config.check(ip(source), &addresses, &[])
    }

    const VRID: Vrid = match Vrid::new(51) {
        Some(vrid) => vrid,
        None => panic!("51 is a VRID"),
    };
    const V2: Config = Config::rfc3768(VRID);
    const V3: Config = Config::rfc9568(VRID);

    #[test]
    fn v3_pr_1_defaults() {
        assert_eq!((V3.priority.get(), V3.interval.centiseconds()), (100, 100));
        assert!(V3.preempt && !V3.accept && !V3.is_owner());
        assert_eq!(V2.interval.whole_seconds(), Some(1));
        assert!(Config::keepalived(Version::V2, VRID).accept);
    }

    /// [T-9]
    #[test]
    fn every_field_is_refused_by_its_own_error() {
        let v4 = &["192.0.2.100"][..];
        let v6 = &["fe80::100"][..];
        let long = AdvertInterval::from_seconds(41).unwrap();
        let fraction = AdvertInterval::from_centiseconds(150).unwrap();
        let rows = [
            (Config { priority: Priority::RESIGN, ..V3 }, v4, ConfigError::PriorityZero),
            (Config { advert_count: 0, ..V3 }, v4, ConfigError::AdvertCount(0)),
            (Config { advert_count: 101, ..V3 }, v4, ConfigError::AdvertCount(101)),
            (Config { interval: long, ..V3 }, v4, ConfigError::IntervalTooLong(long)),
            (Config { interval: fraction, ..V2 }, v4, ConfigError::FractionalSeconds(fraction)),
            (V2, v6, ConfigError::V2OverIpv6),
            (V3, &[], ConfigError::NoAddresses),
            (V3, &["192.0.2.1", "fe80::1"], ConfigError::MixedFamilies(ip("fe80::1"))),
            (V3, &["224.0.0.18"], ConfigError::AddressNotUnicast(ip("224.0.0.18"))),
            (V3, &["192.0.2.1", "192.0.2.1"], ConfigError::Duplicate(ip("192.0.2.1"))),
            (V3, v6, SourceError::OtherFamily(ip("192.0.2.1")).into()),
        ];
        for (config, addresses, error) in rows {
            assert_eq!(check(config, "192.0.2.1", addresses), Err(error));
        }
        assert_eq!(check(V2, "192.0.2.1", &[]), Ok(()));
        assert_eq!(check(V3, "192.0.2.1", v4), Ok(()));
    }

    #[test]
    fn v3_tx_15_source_is_one_unicast_address_of_the_link() {
        let v6 = &["fe80::100"][..];
        let global = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
        assert_eq!(check(V3, "fe80::1", v6), Ok(()));
        assert_eq!(
            check(V3, "2001:db8::1", v6),
            Err(ConfigError::Source(SourceError::NotLinkLocal(global)))
        );
        for source in ["0.0.0.0", "255.255.255.255", "224.0.0.18"] {
            assert_eq!(
                check(V3, source, &["192.0.2.100"]),
                Err(SourceError::NotUnicast(ip(source)).into())
            );
        }
    }

    #[test]
    fn at_most_255_addresses() {
        let addresses: std::vec::Vec<IpAddr> =
            (0..256_u32).map(|low| IpAddr::V4((0x0a00_0001 + low).into())).collect();
        assert_eq!(
            V3.check(ip("192.0.2.1"), &addresses, &[]),
            Err(ConfigError::TooManyAddresses(256))
        );
        assert_eq!(V3.check(ip("192.0.2.1"), &addresses[..255], &[]), Ok(()));
    }
}
