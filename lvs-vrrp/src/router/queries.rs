//! What can be asked at any time.

use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use lvs_proto::vrrp::{
    AddressList, Advert, AdvertInterval, AdvertPath, AdvertPolicy, Peer, Priority,
};
use lvs_proto::{AddressPair, Family, MacAddr};

use super::Router;
use super::role::Role;
use crate::actions::Pending;
use crate::hearing::Hearing;
use crate::{ChecksumTransmit, Config, Counters, State, timers};

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>, const SENDERS: usize> Router<A, P, SENDERS> {
    /// The state. It also says what ought to be in place: addresses, groups and router
    /// advertisements in Active, nothing elsewhere \[CORE-1\].
    #[must_use]
    pub const fn state(&self) -> State {
        match self.role {
            Role::Initialize => State::Initialize,
            Role::Backup(_) => State::Backup,
            Role::Active(_) => State::Active,
            Role::Following(following) => following.state,
        }
    }

    /// The configuration as given to [`Router::new`].
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// What has been counted.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The virtual addresses, those that adverts list first, in that order.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        self.addresses.as_ref()
    }

    /// The virtual addresses that adverts list \[X-35\].
    #[must_use]
    pub fn advertised_addresses(&self) -> &[IpAddr] {
        self.config.listed(self.addresses.as_ref())
    }

    /// The solicited-node groups of the virtual addresses, each once: what an Active router is to have
    /// joined, and nothing else \[CORE-1\], \[W-36\].
    pub fn solicited_node_groups(&self) -> impl Iterator<Item = Ipv6Addr> {
        let mut walk = Pending::default();
        core::iter::from_fn(move || walk.next_group(self.addresses.as_ref()))
    }

    /// Whom it speaks to instead of the group \[X-28\]; nobody, if it speaks to the group.
    #[must_use]
    pub fn peers(&self) -> &[Peer] {
        self.peers.as_ref()
    }

    /// The address that adverts come from.
    #[must_use]
    pub const fn source(&self) -> IpAddr {
        self.source
    }

    /// The address family of the virtual router.
    #[must_use]
    pub const fn family(&self) -> Family {
        Family::of(self.source)
    }

    /// The MAC address of the virtual router \[V3-TX-19\].
    #[must_use]
    pub const fn virtual_mac(&self) -> MacAddr {
        self.config.vrid.virtual_mac(self.family())
    }

    /// The effective priority.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// Whether packets to the virtual addresses are accepted while Active \[V3-AC-8\], \[V3-AC-9\],
    /// \[V2-AC-3\].
    #[must_use]
    pub const fn accepts(&self) -> bool {
        self.config.accept || self.config.is_owner()
    }

    /// What to hand to [`decode`](lvs_proto::vrrp::decode), authentication aside: keys are the
    /// embedder's.
    #[must_use]
    pub fn policy(&self) -> AdvertPolicy<'_> {
        AdvertPolicy {
            checksum: self.config.checksum_accept,
            path: match self.peers() {
                [] => AdvertPath::Multicast(self.hearing().group()),
                peers => AdvertPath::Unicast {
                    own: self.source,
                    peers: self.config.check_peers.then_some(peers),
                },
            },
            ..AdvertPolicy::new(self.config.version, self.config.vrid, self.family())
        }
    }

    /// The advert that [`Action::SendAdvert`](crate::Action::SendAdvert) asks for \[V3-TX-10\]; the
    /// addresses stand in the configured order \[V3-TX-21\].
    #[must_use]
    pub fn advert(&self, priority: Priority) -> Advert<'_> {
        Advert {
            version: self.config.version,
            vrid: self.config.vrid,
            priority,
            interval: self.config.interval,
            checksum: match self.config.checksum_transmit {
                ChecksumTransmit::Always(form) => form,
                ChecksumTransmit::Follow(initial) => self.heard_form.unwrap_or(initial),
            },
            addresses: AddressList::from(self.advertised_addresses()),
            sequence: None,
        }
    }

    /// Where that advert comes from and goes to: the source address and the group, or each peer. All
    /// copies are one advert \[X-17\].
    pub fn advert_paths(&self) -> impl Iterator<Item = AddressPair> {
        let group = self.peers().is_empty().then_some(self.hearing().group());
        let destinations = group.into_iter().chain(self.peers().iter().map(|peer| peer.address));
        destinations.filter_map(|destination| AddressPair::new(self.source, destination))
    }

    /// The sequence number of the authentication header of the advert handed out last: above all that
    /// were sent or accepted, whoever counted \[W-12\].
    #[must_use]
    pub const fn header_sequence(&self) -> u32 {
        self.header_sequence
    }

    /// Which adverts can be for it.
    pub(crate) fn hearing(&self) -> Hearing<'_> {
        Hearing::new(&self.config, self.source, self.peers.as_ref())
    }

    /// The address of the Active router: the own one, or that of the last accepted advert.
    #[must_use]
    pub fn active_address(&self) -> Option<IpAddr> {
        self.active_router().map(|(address, _)| address)
    }

    /// The priority of the Active router: the own one, or that of the last accepted advert.
    #[must_use]
    pub fn active_priority(&self) -> Option<Priority> {
        self.active_router().map(|(_, priority)| priority)
    }

    fn active_router(&self) -> Option<(IpAddr, Priority)> {
        match self.role {
            Role::Initialize | Role::Following(_) => None,
            Role::Backup(backup) => backup.last_active,
            Role::Active(_) => Some((self.source, self.priority)),
        }
    }

    /// The interval of the Active router as learned from its adverts, or the own one.
    #[must_use]
    pub const fn active_interval(&self) -> AdvertInterval {
        self.active_interval
    }

    /// Skew_Time: what this router waits after a resignation \[T-1\], \[T-2\].
    #[must_use]
    pub fn skew(&self) -> Duration {
        timers::skew(self.config.version, self.priority, self.active_interval)
    }

    /// Active_Down_Interval: the silence after which this router takes over \[T-1\], \[T-2\].
    #[must_use]
    pub fn active_down_interval(&self) -> Duration {
        timers::active_down_interval(
            self.config.version,
            self.priority,
            self.active_interval,
            self.config.advert_count,
        )
    }

    /// How long its interface may be down before others take over: an interval less than they wait
    /// for, for [`InterfaceHold`](crate::InterfaceHold) \[X-42\].
    #[must_use]
    pub fn interface_tolerance(&self) -> Duration {
        let intervals = self.config.advert_count.saturating_sub(1);
        self.active_interval.duration().saturating_mul(intervals.into())
    }
}
