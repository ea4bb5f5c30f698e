//! A virtual router from frame to frame: `lvs-vrrp` between the codecs of `lvs-proto`.

use std::collections::VecDeque;
use std::net::IpAddr;

use lvs_proto::vrrp::{self, Advert, AdvertPolicy, Peer, Priority, Sequence, TrailerTime};
use lvs_proto::wire::ethernet::{self, EtherType};
use lvs_proto::{Instant, MacAddr, frames};
use lvs_vrrp::{
    Action, Config, ConfigError, Event, Router, State, Tracked, Tracker, TrackerConfig,
    TrackerError,
};

use crate::secret::Secret;

/// Room for any announcement.
const LONGEST_ANNOUNCEMENT: usize = 128;

/// A virtual router as it is to be.
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

/// What is left to the host once the frames of an action are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostAction {
    /// Send an IP packet to a peer, over the interface of the virtual router.
    SendTo {
        /// The peer.
        peer: IpAddr,
        /// The packet with its header.
        packet: Vec<u8>,
    },
    /// Accept frames for the virtual addresses.
    Install,
    /// Accept them no more.
    Remove,
    /// The state changed.
    Notify(Event),
}

/// A virtual router and the link addresses that it uses.
#[derive(Debug)]
pub struct VirtualRouter {
    router: Router<Vec<IpAddr>, Vec<Peer>>,
    secret: Secret,
    /// The number of the last trailer.
    last_trailer: Option<TrailerTime>,
    trackers: Vec<(String, Tracker)>,
    to_peers: VecDeque<HostAction>,
    has_peers: bool,
    advert_source: MacAddr,
    announced: MacAddr,
}

impl VirtualRouter {
    /// A virtual router that sends adverts from `source`, not yet started, whose hosts learn the
    /// virtual MAC address.
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
        let router = Router::with_peers(config, source, addresses, peers)?;
        let mac = router.virtual_mac();
        Ok(Self {
            router,
            secret,
            last_trailer: None,
            trackers,
            to_peers: VecDeque::new(),
            has_peers,
            advert_source: mac,
            announced: mac,
        })
    }

    /// The same of a configuration alone.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn from_config(
        config: Config,
        source: IpAddr,
        addresses: Vec<IpAddr>,
    ) -> Result<Self, SetupError> {
        Self::new(config.into(), source, addresses)
    }

    /// Announces the virtual addresses with `mac`, for a host whose kernel answers for them.
    #[must_use]
    pub fn announcing(self, mac: MacAddr) -> Self {
        Self { announced: mac, ..self }
    }

    /// Sends adverts from `mac`.
    #[must_use]
    pub fn sending_from(self, mac: MacAddr) -> Self {
        Self { advert_source: mac, ..self }
    }

    /// The machine itself.
    #[must_use]
    pub fn machine(&self) -> &Router<Vec<IpAddr>, Vec<Peer>> {
        &self.router
    }

    /// The machine itself, to be started, stopped, told of its interface or of the time.
    pub fn machine_mut(&mut self) -> &mut Router<Vec<IpAddr>, Vec<Peer>> {
        &mut self.router
    }

    /// Whether this router is to answer for `address` now.
    #[must_use]
    pub fn answers_for(&self, address: IpAddr) -> bool {
        self.router.state() == State::Active && self.router.addresses().contains(&address)
    }

    /// Whether adverts come to the own addresses, not to a group.
    #[must_use]
    pub const fn has_peers(&self) -> bool {
        self.has_peers
    }

    /// The group that adverts go to, unless they go to peers.
    #[must_use]
    pub fn group(&self) -> IpAddr {
        self.router.config().group.unwrap_or(vrrp::group(self.router.family()))
    }

    /// The interfaces that it follows besides its own.
    pub fn tracked(&self) -> impl Iterator<Item = &str> {
        self.trackers.iter().map(|(name, _)| name.as_str())
    }

    /// Whether the tracked interface of that number can carry frames from now on.
    pub fn track(&mut self, now: Instant, number: usize, well: bool) {
        if let Some((name, tracker)) = self.trackers.get_mut(number) {
            log::info!("{name} is {}", if well { "up" } else { "down" });
            tracker.report(well);
        }
        let contributions = self.trackers.iter().map(|(_, tracker)| tracker.contribution());
        let tracked = Tracked::of(self.router.config().priority, contributions);
        self.router.track(now, tracked);
    }

    /// Takes in a frame if it is an advert for this virtual router.
    pub fn handle_frame(&mut self, now: Instant, frame: &[u8]) {
        let Ok(ethernet) = ethernet::Frame::parse(frame) else { return };
        let Ok((meta, message)) = vrrp::from_ip_packet(ethernet.payload) else { return };
        if vrrp::vrid_of(message) != Some(self.router.config().vrid) {
            return;
        }
        let authentication = self.secret.authentication(self.trailer_window());
        let policy = AdvertPolicy { authentication, ..self.router.policy() };
        match vrrp::decode(message, &meta, &policy) {
            Ok(advert) => self.router.handle_advert(now, &advert, &meta),
            Err(error) => {
                log::debug!("advert from {} refused: {error}", meta.addresses.source());
                self.router.handle_rejected(&error);
            }
        }
    }

    /// Sends what the machine wants sent, up to the next thing that the host must do.
    pub fn poll(&mut self, send: &mut impl FnMut(&[u8])) -> Option<HostAction> {
        loop {
            if let Some(to_peer) = self.to_peers.pop_front() {
                return Some(to_peer);
            }
            match self.router.poll_action()? {
                Action::SendAdvert { priority } => self.send_advert(priority, send),
                Action::Announce(address) => self.announce(address, send),
                Action::AnnounceSource => self.announce(self.router.source(), send),
                Action::InstallAddresses { .. } => return Some(HostAction::Install),
                Action::RemoveAddresses => return Some(HostAction::Remove),
                Action::Notify(event) => return Some(HostAction::Notify(event)),
                // The packet socket listens to every group; router advertisements are another's.
                Action::JoinSolicitedNode(_)
                | Action::LeaveSolicitedNode(_)
                | Action::SetRouterAdvertisements(_) => {}
            }
        }
    }

    fn announce(&self, address: IpAddr, send: &mut impl FnMut(&[u8])) {
        let mut frame = [0; LONGEST_ANNOUNCEMENT];
        if let Ok(length) = frames::announce(address, self.announced, &mut frame) {
            send(frame.get(..length).unwrap_or_default());
        }
    }

    /// Sends an advert to the group, or has the host send it to each peer.
    fn send_advert(&mut self, priority: Priority, send: &mut impl FnMut(&[u8])) {
        let header_sequence = self.router.header_sequence();
        let window = self.trailer_window();
        let sequence = self.secret.sequence(header_sequence, self.last_trailer, window);
        if let Some(Sequence::Trailer(time)) = sequence {
            self.last_trailer = Some(time);
        }
        let advert = Advert { sequence, ..self.router.advert(priority) };
        for path in self.router.advert_paths() {
            let peer = path.destination();
            let packet = match self.secret.packet(&advert, path) {
                Ok(packet) => packet,
                Err(error) => return log::error!("an advert cannot be sent: {error}"),
            };
            let (group_mac, ethertype) = match peer {
                _ if self.has_peers => {
                    self.to_peers.push_back(HostAction::SendTo { peer, packet });
                    continue;
                }
                IpAddr::V4(group) => (MacAddr::of_ipv4_multicast(group), EtherType::IPV4),
                IpAddr::V6(group) => (MacAddr::of_ipv6_multicast(group), EtherType::IPV6),
            };
            let header = ethernet::header(group_mac, self.advert_source, ethertype);
            send(&[&header, packet.as_slice()].concat());
        }
    }

    /// How many seconds a trailer may be off: what keepalived takes \[W-40\].
    fn trailer_window(&self) -> u16 {
        let three = 3 * u64::from(self.router.active_interval().centiseconds()) / 100;
        three.clamp(5, 300) as u16
    }
}
