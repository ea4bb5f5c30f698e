//! What a virtual router is told once.

use core::ffi::c_int;
use core::ptr;
use core::time::Duration;

use lvs_proto::vrrp::{AdvertInterval, Priority, Version, Vrid};
use lvs_vrrp::{Announcements, Config, DuplicateSource, LateActive, LateBackup};

use self::lvs_vrrp_profile::*;
use super::choices::{
    address_mismatch, checksum_accept, checksum_transmit, losing_advert, lvs_vrrp_address_mismatch,
    lvs_vrrp_checksum_accept, lvs_vrrp_checksum_transmit, lvs_vrrp_losing_advert,
    lvs_vrrp_owner_adverts, owner_adverts,
};
use crate::door::{status, write_sized};
use crate::lvs_status::{
    LVS_ERR_ADVERTISED, LVS_ERR_INTERVAL, LVS_ERR_PROFILE, LVS_ERR_VERSION, LVS_ERR_VRID,
};
use crate::{lvs_address, lvs_status};

/// Whose defaults a virtual router takes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_vrrp_profile {
    /// Version 3 by RFC 9568 and its errata.
    LVS_VRRP_RFC9568 = 0,
    /// Version 3 by RFC 5798.
    LVS_VRRP_RFC5798 = 1,
    /// Version 2 by RFC 3768.
    LVS_VRRP_RFC3768 = 2,
    /// Version 2 as keepalived 2.4 does it by default.
    LVS_VRRP_KEEPALIVED_V2 = 3,
    /// Version 3 as keepalived 2.4 does it by default.
    LVS_VRRP_KEEPALIVED_V3 = 4,
}

/// The parameters of a virtual router (RFC 9568 section 6.1).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_vrrp_config {
    /// The sizeof of this struct.
    pub size: usize,
    /// The virtual addresses, in the order in which they are advertised; they are copied. Over IPv6
    /// the first ought to be link-local \[V3-TX-7\].
    pub addresses: *const lvs_address,
    /// How many there are: 1 to 1024, version 2: or none.
    pub address_count: usize,
    /// Whom to speak to instead of the group, each by itself \[X-28\]; they are copied.
    pub peers: *const lvs_vrrp_peer,
    /// How many there are, at most 255; 0 is the group.
    pub peer_count: usize,
    /// The primary IPv4 address or the link-local IPv6 address of the interface; with peers, any of
    /// its addresses.
    pub source: lvs_address,
    /// Another group than that of VRRP for adverts to go to and come from; over IPv6 of link-local
    /// scope \[X-31\]. Zeros are that of VRRP.
    pub group: lvs_address,
    /// The version that the virtual router speaks: 2 or 3.
    pub version: u8,
    /// The virtual router: 1 to 255.
    pub vrid: u8,
    /// 1 to 254, or 255 on the router whose interface has the virtual addresses as its own; an
    /// owner preempts and accepts whatever the fields say \[FSM-20\].
    pub priority: u8,
    /// Not 0 if a Backup router displaces an Active one of lower priority.
    pub preempt: u8,
    /// Not 0 if packets to the virtual addresses are accepted while Active, not only forwarded
    /// (RFC 9568 Accept_Mode).
    pub accept: u8,
    /// The intervals of silence after which the Active router counts as down: 1 to 100, 3 by the
    /// RFCs. To be the same on all routers of the virtual router.
    pub advert_count: u8,
    /// The time between own adverts: 1 to 4095 centiseconds; in version 2, 100 to 25500, whole
    /// seconds \[T-9\].
    pub interval_centiseconds: u16,
    /// The longest interval that is learned from adverts, or the own one if that is longer: a forged
    /// one cannot delay a takeover beyond that \[SEC-9\]. 0 is any.
    pub max_learned_interval_centiseconds: u16,
    /// How long a Backup router puts up with an Active one of lower priority, counted from its first
    /// advert; at most 1000000 \[X-4\].
    pub preempt_delay_milliseconds: u32,
    /// One of `enum lvs_vrrp_losing_advert`.
    pub losing_advert: c_int,
    /// One of `enum lvs_vrrp_owner_adverts`.
    pub owner_adverts: c_int,
    /// One of `enum lvs_vrrp_address_mismatch`.
    pub address_mismatch: c_int,
    /// One of `enum lvs_vrrp_checksum_transmit`.
    pub checksum_transmit: c_int,
    /// One of `enum lvs_vrrp_checksum_accept`.
    pub checksum_accept: c_int,
    /// The time between two rounds of announcements \[X-19\].
    pub announce_gap_milliseconds: u32,
    /// The time between announcements after the first rounds for as long as the router is Active; 0
    /// is never \[X-20\].
    pub announce_refresh_milliseconds: u32,
    /// Rounds of announcements on becoming Active; 0 is none.
    pub announce_rounds: u8,
    /// Rounds after an advert that lost \[X-13\]; 0 is none.
    pub announce_rounds_on_losing: u8,
    /// How often a round announces each address \[X-18\].
    pub announce_repeat: u8,
    /// How often a refresh does.
    pub announce_refresh_repeat: u8,
    /// Not 0 if an Active router whose priority changes sends an advert at once \[X-46\].
    pub advert_on_priority_change: u8,
    /// Not 0 if a Backup router that wakes up late becomes Active at once instead of waiting for
    /// another interval and Skew_Time \[S-9\].
    pub late_backup_promotes: u8,
    /// Not 0 if an Active router that wakes up late becomes Backup instead of announcing its
    /// addresses again \[S-10\].
    pub late_active_steps_down: u8,
    /// Not 0 if only the router that was last taken for the Active one can resign \[FSM-9\].
    pub resign_by_active_only: u8,
    /// Not 0 if an Active router that hears a winning advert sends a last one of its own \[X-12\].
    pub advert_before_demotion: u8,
    /// Not 0 if an advert over IPv6 is dropped whose first address is not link-local; it is counted
    /// in any case \[W-17\].
    pub link_local_first: u8,
    /// Not 0 if only peers may send adverts, where there are peers, and from the distance that each
    /// may have \[X-29\].
    pub check_peers: u8,
    /// Not 0 if an Active router sends its second advert early, by its VRID and by less than a quarter
    /// of an interval, so that routers that became Active together do not go on together \[S-6\].
    pub stagger_adverts: u8,
    /// Not 0 if a router with peers that was at fault, or without its interface, tells the link where
    /// it is once it runs again: LVS_VRRP_ANNOUNCE_SOURCE \[X-26\].
    pub announce_source: u8,
    /// Not 0 if a router that hears its own address from somebody else gives way to him, and does not
    /// only say so \[S-16\].
    pub duplicate_steps_down: u8,
    /// How many of the addresses, from the first on, adverts list, at most 255; the others are
    /// installed and announced like them, and may be of the other family \[X-35\].
    /// LVS_VRRP_ADVERTISE_ALL is all of them.
    pub advertised_count: u16,
    /// Not 0 if an Active router says that an advert lost, at most once between two adverts of its own:
    /// LVS_VRRP_REASON_LOSING_ADVERT \[X-13\].
    pub report_losing: u8,
}

/// Adverts list all virtual addresses.
pub const LVS_VRRP_ADVERTISE_ALL: u16 = u16::MAX;

/// A router that speaks VRRP by unicast.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct lvs_vrrp_peer {
    /// Its address.
    pub address: lvs_address,
    /// The least TTL or hop limit that its adverts may arrive with: 255 on the link, less by one for
    /// each router between \[X-30\].
    pub min_hop_limit: u8,
    /// The greatest one.
    pub max_hop_limit: u8,
}

const _: () = assert!(size_of::<lvs_vrrp_peer>() == 19);

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_vrrp_config>() == 136);
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<lvs_vrrp_config>() == 116);

/// Fills in the defaults of a `profile`, one of `enum lvs_vrrp_profile`, for the virtual router
/// `vrid`, 1 to 255; source and addresses are then to be set. `config->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_PROFILE`, `LVS_ERR_VRID`.
///
/// # Safety
/// `config` points to a `struct lvs_vrrp_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_config_init(
    config: *mut lvs_vrrp_config,
    profile: c_int,
    vrid: u8,
) -> lvs_status {
    status(|| {
        let defaults = defaults(profile, Vrid::new(vrid).ok_or(LVS_ERR_VRID)?)?;
        // SAFETY: the caller's contract.
        unsafe { write_sized(config, defaults.into()) }
    })
}

fn defaults(profile: c_int, vrid: Vrid) -> Result<Config, lvs_status> {
    const RFC9568: c_int = LVS_VRRP_RFC9568 as c_int;
    const RFC5798: c_int = LVS_VRRP_RFC5798 as c_int;
    const RFC3768: c_int = LVS_VRRP_RFC3768 as c_int;
    const KEEPALIVED_V2: c_int = LVS_VRRP_KEEPALIVED_V2 as c_int;
    const KEEPALIVED_V3: c_int = LVS_VRRP_KEEPALIVED_V3 as c_int;
    match profile {
        RFC9568 => Ok(Config::rfc9568(vrid)),
        RFC5798 => Ok(Config::rfc5798(vrid)),
        RFC3768 => Ok(Config::rfc3768(vrid)),
        KEEPALIVED_V2 => Ok(Config::keepalived(Version::V2, vrid)),
        KEEPALIVED_V3 => Ok(Config::keepalived(Version::V3, vrid)),
        _ => Err(LVS_ERR_PROFILE),
    }
}

impl From<Config> for lvs_vrrp_config {
    fn from(config: Config) -> Self {
        let announcements = config.announcements;
        Self {
            size: size_of::<Self>(),
            addresses: ptr::null(),
            address_count: 0,
            peers: ptr::null(),
            peer_count: 0,
            source: lvs_address::default(),
            group: config.group.map(lvs_address::from).unwrap_or_default(),
            version: version_octet(config.version),
            vrid: config.vrid.get(),
            priority: config.priority.get(),
            preempt: config.preempt.into(),
            accept: config.accept.into(),
            advert_count: config.advert_count,
            interval_centiseconds: config.interval.centiseconds(),
            max_learned_interval_centiseconds: config
                .max_learned_interval
                .map_or(0, AdvertInterval::centiseconds),
            preempt_delay_milliseconds: milliseconds(config.preempt_delay),
            losing_advert: lvs_vrrp_losing_advert::from(config.losing_advert) as c_int,
            owner_adverts: lvs_vrrp_owner_adverts::from(config.owner_adverts) as c_int,
            address_mismatch: lvs_vrrp_address_mismatch::from(config.address_mismatch) as c_int,
            checksum_transmit: lvs_vrrp_checksum_transmit::from(config.checksum_transmit) as c_int,
            checksum_accept: lvs_vrrp_checksum_accept::from(config.checksum_accept) as c_int,
            announce_gap_milliseconds: milliseconds(announcements.gap),
            announce_refresh_milliseconds: milliseconds(announcements.refresh),
            announce_rounds: announcements.rounds,
            announce_rounds_on_losing: announcements.rounds_on_losing,
            announce_repeat: announcements.repeat,
            announce_refresh_repeat: announcements.refresh_repeat,
            advert_on_priority_change: config.advert_on_priority_change.into(),
            late_backup_promotes: (config.late_backup == LateBackup::Promote).into(),
            late_active_steps_down: (config.late_active == LateActive::StepDown).into(),
            resign_by_active_only: config.resign_by_active_only.into(),
            advert_before_demotion: config.advert_before_demotion.into(),
            link_local_first: config.link_local_first.into(),
            check_peers: config.check_peers.into(),
            stagger_adverts: config.stagger_adverts.into(),
            announce_source: config.announce_source.into(),
            duplicate_steps_down: (config.duplicate_source == DuplicateSource::StepDown).into(),
            advertised_count: config.advertised.map_or(LVS_VRRP_ADVERTISE_ALL, u16::from),
            report_losing: config.report_losing.into(),
        }
    }
}

impl TryFrom<lvs_vrrp_config> for Config {
    type Error = lvs_status;

    fn try_from(config: lvs_vrrp_config) -> Result<Self, lvs_status> {
        let vrid = Vrid::new(config.vrid).ok_or(LVS_ERR_VRID)?;
        Ok(Self {
            version: version_of(config.version)?,
            vrid,
            priority: Priority::new(config.priority),
            interval: interval(config.interval_centiseconds)?,
            preempt: config.preempt != 0,
            accept: config.accept != 0,
            advert_count: config.advert_count,
            losing_advert: losing_advert(config.losing_advert)?,
            owner_adverts: owner_adverts(config.owner_adverts)?,
            address_mismatch: address_mismatch(config.address_mismatch)?,
            checksum_transmit: checksum_transmit(config.checksum_transmit)?,
            checksum_accept: checksum_accept(config.checksum_accept)?,
            announcements: Announcements {
                rounds: config.announce_rounds,
                rounds_on_losing: config.announce_rounds_on_losing,
                repeat: config.announce_repeat,
                gap: Duration::from_millis(config.announce_gap_milliseconds.into()),
                refresh: Duration::from_millis(config.announce_refresh_milliseconds.into()),
                refresh_repeat: config.announce_refresh_repeat,
            },
            advert_on_priority_change: config.advert_on_priority_change != 0,
            late_backup: match config.late_backup_promotes {
                0 => LateBackup::Grace,
                _ => LateBackup::Promote,
            },
            late_active: match config.late_active_steps_down {
                0 => LateActive::Reassert,
                _ => LateActive::StepDown,
            },
            preempt_delay: Duration::from_millis(config.preempt_delay_milliseconds.into()),
            max_learned_interval: match config.max_learned_interval_centiseconds {
                0 => None,
                centiseconds => Some(interval(centiseconds)?),
            },
            resign_by_active_only: config.resign_by_active_only != 0,
            advert_before_demotion: config.advert_before_demotion != 0,
            link_local_first: config.link_local_first != 0,
            group: match config.group {
                group if group == lvs_address::default() => None,
                group => Some(group.try_into()?),
            },
            check_peers: config.check_peers != 0,
            report_losing: config.report_losing != 0,
            stagger_adverts: config.stagger_adverts != 0,
            announce_source: config.announce_source != 0,
            duplicate_source: match config.duplicate_steps_down {
                0 => DuplicateSource::Report,
                _ => DuplicateSource::StepDown,
            },
            advertised: advertised(config.advertised_count)?,
        })
    }
}

fn advertised(count: u16) -> Result<Option<u8>, lvs_status> {
    match count {
        LVS_VRRP_ADVERTISE_ALL => Ok(None),
        count => count.try_into().map(Some).map_err(|_| LVS_ERR_ADVERTISED),
    }
}

fn milliseconds(span: Duration) -> u32 {
    u32::try_from(span.as_millis()).unwrap_or(u32::MAX)
}

/// Of either version; which may have it is checked with the rest.
pub(super) fn interval(centiseconds: u16) -> Result<AdvertInterval, lvs_status> {
    AdvertInterval::try_from(centiseconds).map_err(|_| LVS_ERR_INTERVAL)
}

pub(super) const fn version_of(number: u8) -> Result<Version, lvs_status> {
    match number {
        2 => Ok(Version::V2),
        3 => Ok(Version::V3),
        _ => Err(LVS_ERR_VERSION),
    }
}

pub(super) const fn version_octet(version: Version) -> u8 {
    match version {
        Version::V2 => 2,
        Version::V3 => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_round_trips() {
        let vrid = Vrid::new(51).unwrap();
        for profile in 0..5 {
            let config = Config {
                group: Some([224, 0, 0, 99].into()),
                max_learned_interval: interval(700).ok(),
                preempt_delay: Duration::from_secs(9),
                resign_by_active_only: true,
                ..defaults(profile, vrid).unwrap()
            };
            assert_eq!(Config::try_from(lvs_vrrp_config::from(config)), Ok(config));
        }
        assert_eq!(defaults(5, vrid), Err(LVS_ERR_PROFILE));
        assert_eq!(defaults(-1, vrid), Err(LVS_ERR_PROFILE));
    }
}
