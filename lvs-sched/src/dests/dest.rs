//! One destination: what was configured, what is counted.

use core::net::IpAddr;

use lvs_proto::{Method, Tunnel};

use super::load::{Load, Loads};
use crate::arena::{Arena, Key};
use crate::statistics::Traffic;
use crate::{OutOfMemory, Profile, Rates, ServiceKey, Statistics};

/// What a destination is told to be; the defaults are those of `ipvsadm` \[ADM-1\].
///
/// ```
/// use lvs_proto::Method;
/// use lvs_sched::DestConfig;
///
/// let dest = DestConfig {
///     weight: 3,
///     method: Method::Nat,
///     ..DestConfig::new([10, 2, 0, 1].into(), 8080)
/// };
/// assert_eq!(dest.upper_threshold, 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct DestConfig {
    /// The real server's address.
    pub address: IpAddr,
    /// The real server's port in host order; 0 keeps the packet's own.
    pub port: u16,
    /// The share of new connections, at most [`DestConfig::MAX_WEIGHT`]; 0 is quiesced: no new
    /// ones \[DST-14\].
    pub weight: u32,
    /// How packets get there.
    pub method: Method,
    /// How they are carried there; [`Method::Tunnel`] alone asks.
    pub tunnel: Tunnel,
    /// At this many connections, active and inactive, the destination is overloaded; 0 is never
    /// \[OVL-1\].
    pub upper_threshold: u32,
    /// Below this many connections it is no longer overloaded; 0 stands for three quarters of
    /// the upper threshold \[OVL-1\].
    pub lower_threshold: u32,
}

impl DestConfig {
    /// The greatest weight.
    pub const MAX_WEIGHT: u32 = i32::MAX as u32;

    /// A destination of weight 1 by direct routing, without thresholds.
    #[must_use]
    pub const fn new(address: IpAddr, port: u16) -> Self {
        Self {
            address,
            port,
            weight: 1,
            method: Method::DirectRoute,
            tunnel: Tunnel::IpIp,
            upper_threshold: 0,
            lower_threshold: 0,
        }
    }

    /// The checks in the kernel's order \[DST-8\].
    pub(crate) const fn check(&self, profile: Profile) -> Result<(), DestError> {
        let Self { weight, upper_threshold: upper, lower_threshold: lower, .. } = *self;
        if weight > Self::MAX_WEIGHT {
            return Err(DestError::WeightTooLarge { weight });
        }
        if lower > upper {
            return Err(DestError::ThresholdsCrossed { upper, lower });
        }
        if matches!(profile, Profile::Linux6_1_183) && upper > i32::MAX as u32 {
            return Err(DestError::UpperThresholdTooLarge { upper });
        }
        if matches!(self.tunnel, Tunnel::Gue { port: 0, .. }) {
            return Err(DestError::NoTunnelPort);
        }
        match self.method {
            Method::FullNat if !cfg!(feature = "full-nat") => {
                Err(DestError::NotBuilt { feature: "full-nat" })
            }
            Method::Tunnel if !cfg!(feature = "tunnels") => {
                Err(DestError::NotBuilt { feature: "tunnels" })
            }
            _ => Ok(()),
        }
    }
}

/// Why a destination was not added, edited or deleted. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DestError {
    /// The director has no service of this key.
    #[error("no such service")]
    NoSuchService,
    /// The weight does not fit the kernel's \[DST-8\].
    #[error("weight {weight} is greater than {}", DestConfig::MAX_WEIGHT)]
    WeightTooLarge {
        /// What was asked for.
        weight: u32,
    },
    /// The lower threshold is above the upper one \[DST-8\].
    #[error("lower threshold {lower} is above upper threshold {upper}")]
    ThresholdsCrossed {
        /// The upper threshold asked for.
        upper: u32,
        /// The lower threshold asked for.
        lower: u32,
    },
    /// The upper threshold does not fit [`Profile::Linux6_1_183`]'s \[DST-8\].
    #[error("upper threshold {upper} is greater than {}", i32::MAX)]
    UpperThresholdTooLarge {
        /// What was asked for.
        upper: u32,
    },
    /// A tunnel of GUE leads to a UDP port \[DST-8\].
    #[error("the port of a GUE tunnel is 0")]
    NoTunnelPort,
    /// Only a tunnel leads to a destination of another family than its service's \[DST-9\].
    #[error("{address} is of another family than the service, and its method is not tunnel")]
    FamilyMismatch {
        /// The destination's address.
        address: IpAddr,
    },
    /// The address cannot be one machine's \[DST-8\].
    #[error("{address} is not a unicast address")]
    NotUnicast {
        /// The destination's address.
        address: IpAddr,
    },
    /// The service has a destination of this address and port \[DST-5\].
    #[error("destination already exists")]
    AlreadyExists,
    /// The service has no destination of this address and port.
    #[error("no such destination")]
    NoSuchDestination,
    /// This build leaves the method out.
    #[error("this build lacks the feature {feature:?} of lvs-sched")]
    NotBuilt {
        /// The feature of this crate.
        feature: &'static str,
    },
    /// There is no memory for one more.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
}

/// Names a destination of one director or pool, and never another one that came after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DestId(pub(super) Key);

impl DestId {
    #[inline]
    pub(super) const fn place(self) -> u32 {
        self.0.index
    }

    /// The id as a number, to be kept where only numbers can be.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0.to_bits()
    }

    /// The id of a number from [`to_bits`](Self::to_bits); of any other number, an id that at
    /// worst names another destination.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(Key::from_bits(bits))
    }
}

/// A destination and what is counted of it; to be read: all changes go through its owner.
#[derive(Clone, Copy, Debug)]
pub struct Dest<'a> {
    pub(super) facts: &'a Facts,
    pub(super) load: &'a Load,
}

/// What of a destination neither a pick nor a counter looks at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) config: DestConfig,
    pub(super) group: Key,
    /// The service that it served last: what it needs to come back from the trash \[DST-5\].
    pub(super) service: Option<ServiceKey>,
    /// Templates.
    pub(super) persistent: u32,
    /// Without the connections, which are in its [`Load`].
    pub(super) traffic: Traffic,
}

impl Facts {
    pub(super) fn new(group: Key, config: DestConfig) -> Self {
        Self { config, group, service: None, persistent: 0, traffic: Traffic::default() }
    }
}

impl<'a> Dest<'a> {
    pub(super) fn of(facts: &'a Arena<Facts>, loads: &'a Loads, id: DestId) -> Option<Self> {
        Some(Self { facts: facts.get(id.0)?, load: loads.get(id)? })
    }

    /// What was configured.
    #[must_use]
    pub const fn config(self) -> &'a DestConfig {
        &self.facts.config
    }

    /// The real server's address.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.facts.config.address
    }

    /// The real server's port in host order.
    #[must_use]
    pub const fn port(self) -> u16 {
        self.facts.config.port
    }

    /// The share of new connections; 0 is quiesced.
    #[must_use]
    pub const fn weight(self) -> u32 {
        self.load.weight
    }

    /// How packets get there.
    #[must_use]
    pub const fn method(self) -> Method {
        self.facts.config.method
    }

    /// Connections in a state that counts as active \[CNT-6\].
    #[must_use]
    pub const fn active_conns(self) -> u32 {
        self.load.active
    }

    /// All other connections \[CNT-1\].
    #[must_use]
    pub const fn inactive_conns(self) -> u32 {
        self.load.total.saturating_sub(self.load.active)
    }

    /// Persistence templates \[CNT-3\].
    #[must_use]
    pub const fn persistent_conns(self) -> u32 {
        self.facts.persistent
    }

    /// Whether the thresholds keep new connections away \[OVL-5\].
    #[must_use]
    pub const fn is_overloaded(self) -> bool {
        self.load.is_overloaded()
    }

    /// Whether it is in its service's list; a deleted one waits, unavailable, for its last
    /// connections \[DST-4\].
    #[must_use]
    pub const fn is_available(self) -> bool {
        self.load.is_available()
    }

    /// What went through it.
    #[must_use]
    pub const fn statistics(self) -> Statistics {
        Statistics { conns: self.load.conns, ..self.facts.traffic.statistics }
    }

    /// How fast it went, as of the last [`Director::estimate`](crate::Director::estimate).
    #[must_use]
    pub const fn rates(self) -> &'a Rates {
        &self.facts.traffic.rates
    }

    /// The service that it serves, or served last.
    pub(crate) const fn service(self) -> Option<&'a ServiceKey> {
        self.facts.service.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dests::load::Terms;

    /// The line that is counted in, what was configured and went through it, its place in the list:
    /// the index of its scheduler and its place in the trash come on top in `docs/footprint.md`.
    #[test]
    fn octets_for_each_destination() {
        let octets = size_of::<Load>() + size_of::<Terms>() + size_of::<Facts>() + size_of::<u32>();
        assert!(octets <= 288);
    }
}
