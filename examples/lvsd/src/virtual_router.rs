//! A virtual router as it is to be: its machine, and what it needs of its host.

use std::net::IpAddr;

use lvs_proto::vrrp::{Advert, EncodeError, Peer, Secret, SequenceNumbers, TrailerTime};
use lvs_proto::{AddressPair, MacAddr};
use lvs_vrrp::{Config, ConfigError, Contribution, Router, Tracker, TrackerConfig, TrackerError};

/// The longest packet of an advert: 255 IPv6 addresses and a trailer.
const LONGEST_PACKET: usize = 40 + 8 + 255 * 16 + 28;

/// The machine of a virtual router.
pub type Machine = Router<Vec<IpAddr>, Vec<Peer>>;

/// What makes a virtual router.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How it behaves.
    pub config: Config,
    /// To whom its adverts go instead of the group.
    pub peers: Vec<Peer>,
    /// What proves its adverts.
    pub secret: Secret,
    /// The interfaces that it follows besides its own, and what they count.
    pub tracked: Vec<(String, TrackerConfig)>,
}

impl From<Config> for Setup {
    fn from(config: Config) -> Self {
        Self { config, peers: Vec::new(), secret: Secret::None, tracked: Vec::new() }
    }
}

/// Why there can be no such virtual router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// What it is told contradicts itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An interface cannot be followed so.
    #[error(transparent)]
    Tracker(#[from] TrackerError),
}

/// A virtual router that is not yet among [`VirtualRouters`](crate::virtual_routers::VirtualRouters).
#[derive(Debug)]
pub struct VirtualRouter {
    pub(crate) machine: Machine,
    pub(crate) outfit: Outfit,
}

/// What a virtual router has besides its machine.
#[derive(Debug)]
pub(crate) struct Outfit {
    /// What it is called, if anybody is to know.
    pub(crate) name: Option<String>,
    pub(crate) secret: Secret,
    /// The number of the last trailer.
    pub(crate) last_trailer: Option<TrailerTime>,
    pub(crate) has_peers: bool,
    pub(crate) advert_source: MacAddr,
    pub(crate) announced: MacAddr,
    /// The interfaces that it follows besides its own.
    pub(crate) trackers: Vec<(String, Tracker)>,
}

impl VirtualRouter {
    /// A virtual router that sends adverts from `source`, whose hosts learn the virtual MAC address.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn new(setup: Setup, source: IpAddr, addresses: Vec<IpAddr>) -> Result<Self, SetupError> {
        let Setup { config, peers, secret, tracked } = setup;
        let has_peers = !peers.is_empty();
        let trackers = tracked.into_iter().map(|(name, config)| {
            let mut tracker = Tracker::new(config)?;
            // Whoever follows an interface tells what changes.
            tracker.report(true);
            Ok((name, tracker))
        });
        let trackers = trackers.collect::<Result<_, TrackerError>>()?;
        let machine = Machine::with_peers(config, source, addresses, peers)?;
        let mac = machine.virtual_mac();
        let outfit = Outfit {
            name: None,
            secret,
            last_trailer: None,
            has_peers,
            advert_source: mac,
            announced: mac,
            trackers,
        };
        Ok(Self { machine, outfit })
    }

    /// Gives it a name, which is told with what it does.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.outfit.name = Some(name.to_owned());
        self
    }

    /// Announces the virtual addresses with `mac`, for a host whose kernel answers for them.
    #[must_use]
    pub fn announcing(mut self, mac: MacAddr) -> Self {
        self.outfit.announced = mac;
        self
    }

    /// Sends adverts from `mac`.
    #[must_use]
    pub fn sending_from(mut self, mac: MacAddr) -> Self {
        self.outfit.advert_source = mac;
        self
    }
}

impl Outfit {
    /// The IP packet that carries `advert` over that path.
    pub(crate) fn packet(
        &self,
        advert: &Advert<'_>,
        path: AddressPair,
        numbers: SequenceNumbers,
    ) -> Result<Vec<u8>, EncodeError> {
        let mut room = [0; LONGEST_PACKET];
        let length = self.secret.packet(advert, path, numbers, &mut room)?;
        Ok(room.get(..length).unwrap_or_default().to_vec())
    }

    /// Whether it follows an interface besides its own.
    pub(crate) fn follows(&self, interface: &str) -> bool {
        self.trackers.iter().any(|(name, _)| name == interface)
    }

    /// Whether an interface can carry frames; `false` if that is none that it follows.
    pub(crate) fn report(&mut self, interface: &str, well: bool) -> bool {
        let its = self.trackers.iter_mut().filter(|(name, _)| name == interface);
        its.map(|(_, tracker)| tracker.report(well)).count() > 0
    }

    /// What the interfaces do to its priority.
    pub(crate) fn contributions(&self) -> impl Iterator<Item = Contribution> {
        self.trackers.iter().map(|(_, tracker)| tracker.contribution())
    }
}
