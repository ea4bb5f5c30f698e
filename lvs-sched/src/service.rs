//! Services: what is balanced, and how it is configured.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::num::NonZeroU32;

use lvs_proto::{Family, Protocol};

use crate::{OutOfMemory, Policy, SchedulerFlags, SchedulerKind};

/// The control port of FTP \[SVC-8\].
pub(crate) const FTP_PORT: u16 = 21;

/// What makes a packet belong to a service \[SVC-1\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum ServiceKey {
    /// The address that clients send to (`ipvsadm -t`, `-u`).
    Address {
        /// TCP, UDP or SCTP.
        protocol: Protocol,
        /// The virtual address.
        address: IpAddr,
        /// The virtual port in host order; 0 is every port.
        port: u16,
    },
    /// A firewall mark on packets of a family (`ipvsadm -f`, `-f ... -6`).
    Mark {
        /// The family of the packets.
        family: Family,
        /// The mark.
        mark: NonZeroU32,
    },
}

impl ServiceKey {
    /// A TCP service.
    #[must_use]
    pub const fn tcp(address: IpAddr, port: u16) -> Self {
        Self::Address { protocol: Protocol::TCP, address, port }
    }

    /// A UDP service.
    #[must_use]
    pub const fn udp(address: IpAddr, port: u16) -> Self {
        Self::Address { protocol: Protocol::UDP, address, port }
    }

    /// The family of the packets.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self {
            Self::Address { address, .. } => Family::of(*address),
            Self::Mark { family, .. } => *family,
        }
    }

    /// The virtual port in host order; 0 for marks \[SVC-2\].
    #[must_use]
    pub const fn port(&self) -> u16 {
        match self {
            Self::Address { port, .. } => *port,
            Self::Mark { .. } => 0,
        }
    }
}

/// Octets in the order of the wire, so that every machine hashes alike; as a word, for every new
/// connection looks for its service.
impl Hash for ServiceKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (number, port, kind) = match *self {
            Self::Address { protocol, address: IpAddr::V4(v4), port } => {
                (v4.octets(), port, protocol.0)
            }
            Self::Address { protocol, address: IpAddr::V6(v6), port } => {
                state.write(&v6.octets());
                ([0; 4], port, protocol.0)
            }
            Self::Mark { family, mark } => {
                (mark.get().to_be_bytes(), 0, u8::from(family == Family::V6))
            }
        };
        let ([a, b, c, d], [e, f]) = (number, port.to_be_bytes());
        state.write_u64(u64::from_ne_bytes([a, b, c, d, e, f, kind, 0]));
    }
}

/// How clients are told apart by persistence \[TPL-1\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Netmask {
    /// The bits of the client's address that count; any bits.
    V4(Ipv4Addr),
    /// The length in bits of the prefix that counts, 1 to 128.
    V6(u8),
}

impl Netmask {
    /// The whole address counts \[ADM-1\].
    #[must_use]
    pub const fn full(family: Family) -> Self {
        match family {
            Family::V4 => Self::V4(Ipv4Addr::BROADCAST),
            Family::V6 => Self::V6(128),
        }
    }

    /// The family of the addresses it is for.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::V4(_) => Family::V4,
            Self::V6(_) => Family::V6,
        }
    }

    /// What is left of `address`; an address of the other family stays whole.
    #[must_use]
    pub fn apply(self, address: IpAddr) -> IpAddr {
        match (self, address) {
            (Self::V4(mask), IpAddr::V4(v4)) => IpAddr::V4(v4 & mask),
            (Self::V6(prefix), IpAddr::V6(v6)) => {
                let host_bits = 128_u32.saturating_sub(prefix.into());
                let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
                IpAddr::V6(v6 & Ipv6Addr::from_bits(mask))
            }
            _ => address,
        }
    }
}

/// The mask, or the length of the prefix.
impl fmt::Display for Netmask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(mask) => mask.fmt(f),
            Self::V6(prefix) => prefix.fmt(f),
        }
    }
}

/// One client stays with one destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Persistence {
    /// Seconds from a client's last new connection to its being forgotten.
    pub timeout_secs: u32,
    /// What is one client.
    pub netmask: Netmask,
}

impl Persistence {
    /// The timeout of `ipvsadm -p` without a number \[ADM-1\].
    pub const DEFAULT_TIMEOUT_SECS: u32 = 360;

    /// Persistence of single addresses of `family`.
    #[must_use]
    pub const fn new(family: Family, timeout_secs: u32) -> Self {
        Self { timeout_secs, netmask: Netmask::full(family) }
    }
}

/// How clients of a persistent service are told apart beyond their addresses (`ipvsadm --pe`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum PersistenceEngine {
    /// By the Call-ID of SIP messages over UDP, which have to be handed in with
    /// [`Director::decide_call`](crate::Director::decide_call); packets without one are dropped
    /// \[PE-1\].
    Sip,
}

/// The name in `ipvsadm --pe`.
impl fmt::Display for PersistenceEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sip => "sip",
        })
    }
}

/// What a service is told to be; the defaults are those of `ipvsadm` \[ADM-1\].
///
/// ```
/// use lvs_sched::{Persistence, SchedulerKind, ServiceConfig, ServiceKey};
///
/// let key = ServiceKey::tcp([192, 168, 8, 230].into(), 80);
/// let service = ServiceConfig {
///     persistence: Some(Persistence::new(key.family(), 3600)),
///     ..ServiceConfig::new(key)
/// };
/// assert_eq!(service.scheduler, SchedulerKind::Wlc);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct ServiceConfig {
    /// What makes a packet belong to it.
    pub key: ServiceKey,
    /// Who picks destinations.
    pub scheduler: SchedulerKind,
    /// How the scheduler does it.
    pub flags: SchedulerFlags,
    /// Whether and how long clients stay with their destination.
    pub persistence: Option<Persistence>,
    /// How persistence tells calls apart, if it does.
    #[cfg_attr(feature = "arbitrary", arbitrary(default))]
    pub engine: Option<PersistenceEngine>,
    /// Whether each UDP packet is scheduled anew \[OPS-1\].
    pub one_packet: bool,
    /// How its packets are decided about, if otherwise than the director's [policy](Policy).
    #[cfg_attr(feature = "arbitrary", arbitrary(default))]
    pub policy: Option<Policy>,
}

impl ServiceConfig {
    /// A service scheduled by `wlc`, without flags or persistence.
    #[must_use]
    pub const fn new(key: ServiceKey) -> Self {
        Self {
            key,
            scheduler: SchedulerKind::Wlc,
            flags: SchedulerFlags::NONE,
            persistence: None,
            engine: None,
            one_packet: false,
            policy: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), ServiceError> {
        if let ServiceKey::Address { protocol, .. } = self.key {
            let is_sctp = cfg!(feature = "sctp") && protocol == Protocol::SCTP;
            if !is_sctp && ![Protocol::TCP, Protocol::UDP].contains(&protocol) {
                return Err(ServiceError::UnsupportedProtocol { protocol });
            }
        }
        if let Some(feature) = self.missing_feature() {
            return Err(ServiceError::NotBuilt { feature });
        }
        let family = self.key.family();
        match self.persistence.map(|persistence| persistence.netmask) {
            Some(mask) if mask.family() != family => Err(ServiceError::NetmaskFamily { family }),
            // A mask of no bits is the kernel's error for IPv6 alone [SVC-3].
            Some(Netmask::V6(prefix)) if !(1..=128).contains(&prefix) => {
                Err(ServiceError::NetmaskPrefix { prefix })
            }
            _ => Ok(()),
        }
    }

    /// The feature of this crate that it takes and this build lacks.
    fn missing_feature(&self) -> Option<&'static str> {
        if !cfg!(feature = "tables") && self.scheduler.keeps_tables() {
            return Some("tables");
        }
        if !cfg!(feature = "helpers") && self.engine.is_some() {
            return Some("helpers");
        }
        if !cfg!(feature = "persistence") && self.persistence.is_some() {
            return Some("persistence");
        }
        (!cfg!(feature = "ipv6") && self.key.family() == Family::V6).then_some("ipv6")
    }
}

/// Why a service was not added, edited or deleted. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// There is a service of this key.
    #[error("service already exists")]
    AlreadyExists,
    /// There is no service of this key.
    #[error("no such service")]
    NoSuchService,
    /// Only TCP, UDP and SCTP have services \[SVC-2\].
    #[error("no service over {protocol}: it is for TCP, UDP and SCTP")]
    UnsupportedProtocol {
        /// What was asked for.
        protocol: Protocol,
    },
    /// The netmask is not one for the service's family.
    #[error("the netmask of an {family} service must be {family}'s")]
    NetmaskFamily {
        /// The service's family.
        family: Family,
    },
    /// The prefix length is not one of IPv6 \[SVC-3\].
    #[error("prefix length {prefix} is not in 1 to 128")]
    NetmaskPrefix {
        /// What was asked for.
        prefix: u8,
    },
    /// The service has more destinations than the scheduler asked for can start with \[MH-9\].
    #[error("the scheduler cannot start with more than {most} destinations")]
    TooManyDestinations {
        /// The slots of its table.
        most: u32,
    },
    /// This build leaves out what the service takes.
    #[error("this build lacks the feature {feature:?} of lvs-sched")]
    NotBuilt {
        /// The feature of this crate.
        feature: &'static str,
    },
    /// There is no memory for one more.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tpl_1_masks() {
        let mask = |mask: Netmask, address: &str| mask.apply(address.parse().unwrap());
        let v4 = Netmask::V4(Ipv4Addr::new(255, 0, 255, 0));
        assert_eq!(mask(v4, "10.1.2.3"), IpAddr::from([10, 0, 2, 0]));
        let v6 = Netmask::V6(33);
        assert_eq!(mask(v6, "2001:db8:ffff::1"), "2001:db8:8000::".parse::<IpAddr>().unwrap());
        for full in [Netmask::full(Family::V4), Netmask::full(Family::V6)] {
            assert_eq!(mask(full, "10.1.2.3"), IpAddr::from([10, 1, 2, 3]));
            assert_eq!(mask(full, "fd00::1"), "fd00::1".parse::<IpAddr>().unwrap());
        }
    }

    #[test]
    fn svc_2_svc_3_refusals() {
        let address = "fd00::1".parse().unwrap();
        let with = |netmask| ServiceConfig {
            persistence: Some(Persistence { timeout_secs: 1, netmask }),
            ..ServiceConfig::new(ServiceKey::tcp(address, 80))
        };
        for prefix in [0, 129] {
            let error = ServiceError::NetmaskPrefix { prefix };
            assert_eq!(with(Netmask::V6(prefix)).check(), Err(error));
        }
        let error = ServiceError::NetmaskFamily { family: Family::V6 };
        assert_eq!(with(Netmask::full(Family::V4)).check(), Err(error));
        assert_eq!(with(Netmask::V6(1)).check(), Ok(()));
        let protocol = Protocol::ICMP;
        let key = ServiceKey::Address { protocol, address, port: 0 };
        let error = ServiceError::UnsupportedProtocol { protocol };
        assert_eq!(ServiceConfig::new(key).check(), Err(error));
    }
}
