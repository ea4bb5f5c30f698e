//! Services: what is balanced, and how it is configured.

use core::ffi::c_int;
use core::net::Ipv4Addr;
use core::num::NonZeroU32;

use lvs_proto::{Family, Protocol};
use lvs_sched::{Netmask, Persistence, PersistenceEngine, ServiceConfig, ServiceKey};

use self::lvs_persistence_engine::*;
use crate::address::family;
use crate::door::{required, status, write_sized};
use crate::lvs_status::LVS_ERR_ENGINE;
use crate::scheduler::{flag_bits, flags, scheduler};
use crate::{LVS_IPV4, LVS_IPV6, lvs_address, lvs_policy, lvs_scheduler, lvs_status};

/// What makes a packet belong to a service: the address that clients send to, or a firewall mark
/// \[SVC-1\].
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_service_key {
    /// The virtual address; of a mark, the family alone counts.
    pub address: lvs_address,
    /// 6 is TCP, 17 is UDP, 132 is SCTP; of a mark, nothing.
    pub protocol: u8,
    /// The virtual port in host order; 0 is every port; of a mark, nothing.
    pub port: u16,
    /// The firewall mark; 0 for a service of an address.
    pub mark: u32,
}

/// How clients of a persistent service are told apart beyond their addresses (ipvsadm --pe).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_persistence_engine {
    /// Not at all. The default.
    LVS_PERSISTENCE_ENGINE_NONE = 0,
    /// By the Call-ID of SIP messages over UDP; packets without one are dropped \[PE-1\].
    LVS_PERSISTENCE_ENGINE_SIP = 1,
}

/// What a service is told to be.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_service_config {
    /// The sizeof of this struct.
    pub size: usize,
    /// What makes a packet belong to it.
    pub key: lvs_service_key,
    /// Who picks destinations, one of `enum lvs_scheduler`.
    pub scheduler: c_int,
    /// The sum of some of `LVS_SCHEDULER_FLAG_*`.
    pub scheduler_flags: u32,
    /// Not 0 if clients stay with their destination.
    pub persistent: u8,
    /// Not 0 if each UDP packet is scheduled anew \[OPS-1\].
    pub one_packet: u8,
    /// Not 0 if `policy` counts instead of the director's.
    pub has_policy: u8,
    /// Over IPv6, the length in bits of the prefix that is one client: 1 to 128 \[SVC-3\].
    pub persistence_prefix: u8,
    /// Over IPv4, the bits of an address that are one client, in network order \[TPL-1\].
    pub persistence_mask: [u8; 4],
    /// Seconds from a client's last new connection to its being forgotten.
    pub persistence_timeout_secs: u32,
    /// How calls are told apart, one of `enum lvs_persistence_engine`.
    pub persistence_engine: c_int,
    /// How its packets are decided about.
    pub policy: lvs_policy,
}

const _: () = assert!(size_of::<lvs_service_key>() == 24);
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_service_config>() == 64);
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<lvs_service_config>() == 60);

/// Fills in the defaults of ipvsadm for a service of `key`: wlc without flags, not persistent; of
/// persistence, single addresses and 360 seconds \[ADM-1\]. `config->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`.
///
/// # Safety
/// `config` points to a `struct lvs_service_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_service_config_init(
    config: *mut lvs_service_config,
    key: Option<&lvs_service_key>,
) -> lvs_status {
    status(|| {
        let defaults = ServiceConfig::new((*required(key)?).try_into()?);
        // SAFETY: the caller's contract.
        unsafe { write_sized(config, defaults.into()) }
    })
}

impl From<ServiceKey> for lvs_service_key {
    fn from(key: ServiceKey) -> Self {
        match key {
            ServiceKey::Address { protocol, address, port } => {
                Self { address: address.into(), protocol: protocol.0, port, mark: 0 }
            }
            ServiceKey::Mark { family, mark } => {
                let family = match family {
                    Family::V4 => LVS_IPV4,
                    Family::V6 => LVS_IPV6,
                };
                let address = lvs_address { family, ..lvs_address::default() };
                Self { address, mark: mark.get(), ..Self::default() }
            }
        }
    }
}

impl TryFrom<lvs_service_key> for ServiceKey {
    type Error = lvs_status;

    fn try_from(key: lvs_service_key) -> Result<Self, lvs_status> {
        let lvs_service_key { address, protocol, port, mark } = key;
        Ok(match NonZeroU32::new(mark) {
            Some(mark) => Self::Mark { family: family(address.family)?, mark },
            None => {
                Self::Address { protocol: Protocol(protocol), address: address.try_into()?, port }
            }
        })
    }
}

/// The service that must be named.
pub(crate) fn key(key: Option<&lvs_service_key>) -> Result<ServiceKey, lvs_status> {
    (*required(key)?).try_into()
}

impl From<ServiceConfig> for lvs_service_config {
    fn from(config: ServiceConfig) -> Self {
        let of_ipvsadm = Persistence::new(config.key.family(), Persistence::DEFAULT_TIMEOUT_SECS);
        let persistence = config.persistence.unwrap_or(of_ipvsadm);
        let (persistence_mask, persistence_prefix) = match persistence.netmask {
            Netmask::V4(mask) => (mask.octets(), 0),
            Netmask::V6(prefix) => ([0; 4], prefix),
        };
        Self {
            size: size_of::<Self>(),
            key: config.key.into(),
            scheduler: lvs_scheduler::from(config.scheduler) as c_int,
            scheduler_flags: flag_bits(config.flags),
            persistent: config.persistence.is_some().into(),
            one_packet: config.one_packet.into(),
            has_policy: config.policy.is_some().into(),
            persistence_prefix,
            persistence_mask,
            persistence_timeout_secs: persistence.timeout_secs,
            persistence_engine: engine_number(config.engine),
            policy: config.policy.unwrap_or_default().into(),
        }
    }
}

impl TryFrom<lvs_service_config> for ServiceConfig {
    type Error = lvs_status;

    fn try_from(config: lvs_service_config) -> Result<Self, lvs_status> {
        let key = ServiceKey::try_from(config.key)?;
        let persistence = Persistence {
            timeout_secs: config.persistence_timeout_secs,
            netmask: match key.family() {
                Family::V4 => Netmask::V4(Ipv4Addr::from(config.persistence_mask)),
                Family::V6 => Netmask::V6(config.persistence_prefix),
            },
        };
        let policy = match config.has_policy {
            0 => None,
            _ => Some(config.policy.try_into()?),
        };
        Ok(Self {
            key,
            scheduler: scheduler(config.scheduler)?,
            flags: flags(config.scheduler_flags)?,
            persistence: (config.persistent != 0).then_some(persistence),
            engine: engine(config.persistence_engine)?,
            one_packet: config.one_packet != 0,
            policy,
        })
    }
}

const fn engine_number(engine: Option<PersistenceEngine>) -> c_int {
    match engine {
        None => LVS_PERSISTENCE_ENGINE_NONE as c_int,
        Some(PersistenceEngine::Sip) => LVS_PERSISTENCE_ENGINE_SIP as c_int,
    }
}

fn engine(number: c_int) -> Result<Option<PersistenceEngine>, lvs_status> {
    [None, Some(PersistenceEngine::Sip)]
        .into_iter()
        .find(|&engine| engine_number(engine) == number)
        .ok_or(LVS_ERR_ENGINE)
}

#[cfg(test)]
mod tests {
    use lvs_sched::{Policy, SchedulerFlags, SchedulerKind};

    use super::*;

    #[test]
    fn configurations_round_trip() {
        let mark = NonZeroU32::MIN;
        for key in [
            ServiceKey::tcp([192, 0, 2, 1].into(), 80),
            ServiceKey::udp([1; 16].into(), 0),
            ServiceKey::Mark { family: Family::V4, mark },
            ServiceKey::Mark { family: Family::V6, mark },
        ] {
            let plain = ServiceConfig::new(key);
            let full = ServiceConfig {
                scheduler: SchedulerKind::Sh,
                flags: SchedulerFlags::SH_PORT,
                persistence: Some(Persistence::new(key.family(), 7)),
                engine: Some(PersistenceEngine::Sip),
                one_packet: true,
                policy: Some(Policy { sloppy_tcp: true, ..Policy::default() }),
                ..plain
            };
            for config in [plain, full] {
                let numbers = lvs_service_config::from(config);
                assert_eq!(ServiceConfig::try_from(numbers), Ok(config));
            }
        }
        assert_eq!(engine(2), Err(LVS_ERR_ENGINE));
    }
}
