//! Virtual routers from frame to frame: the engine of `lvs-vrrp` between the codecs of `lvs-proto`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use lvs_proto::vrrp::{self, AdvertPolicy, Peer, Priority, SequenceNumbers, Vrid};
use lvs_proto::wire::ethernet;
use lvs_proto::{Family, Instant, MacAddr, frames};
use lvs_vrrp::{
    Action, AddError, Block, Engine, Event, InterfaceDelays, InterfaceHold, InterfaceId, JoinError,
    RouterId, Slot, State, Tracked,
};

use crate::clock::now_in_utc;
use crate::sync_group::{GroupEvent, ShownState, SyncGroup};
use crate::virtual_router::{Machine, Outfit, VirtualRouter};

/// Room for any announcement.
const LONGEST_ANNOUNCEMENT: usize = 128;

/// What is left to the host once the frames of an action are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostAction {
    /// Send an IP packet to a peer, over the interface of that port.
    SendTo {
        /// The number of the port.
        port: usize,
        /// The peer.
        peer: IpAddr,
        /// The packet with its header.
        packet: Vec<u8>,
    },
    /// Accept frames for the addresses of a virtual router.
    Install(RouterId),
    /// Accept them no more.
    Remove(RouterId),
    /// The state of a virtual router changed.
    Notify(RouterId, Event),
    /// That of a sync group did.
    NotifyGroup(GroupEvent),
}

/// Any number of virtual routers, on any of the host's ports.
#[derive(Debug)]
pub struct VirtualRouters {
    /// Interfaces have the numbers of their ports.
    engine: Engine<'static, Vec<IpAddr>, Vec<Peer>>,
    places: HashMap<RouterId, Place>,
    groups: Vec<SyncGroup>,
    /// The interfaces that are not believed at once.
    holds: BTreeMap<String, InterfaceHold>,
    /// The ports at which adverts come to the own addresses, not to a group.
    peer_ports: HashSet<usize>,
    to_peers: VecDeque<HostAction>,
}

/// Where a virtual router is, and what it has there.
#[derive(Debug)]
struct Place {
    port: usize,
    interface: String,
    /// The interface's own.
    mac: MacAddr,
    outfit: Outfit,
    /// What was told of it last.
    shown: Option<ShownState>,
}

impl VirtualRouters {
    /// None, with memory for `capacity` of them, which is never given back: they last as long as the
    /// process.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let slots: Vec<_> = (0..capacity).map(|_| Slot::default()).collect();
        let blocks = vec![Block::default(); capacity.div_ceil(64)];
        Self {
            engine: Engine::new(slots.leak(), blocks.leak()),
            places: HashMap::new(),
            groups: Vec::new(),
            holds: BTreeMap::new(),
            peer_ports: HashSet::new(),
            to_peers: VecDeque::new(),
        }
    }

    /// Takes a virtual router, not yet started, that is at the host's `port`, the interface of that
    /// name and link address.
    ///
    /// # Errors
    /// There is another of its identifier and family, or no room.
    pub fn add(
        &mut self,
        port: usize,
        (interface, mac): (&str, MacAddr),
        router: VirtualRouter,
    ) -> Result<RouterId, AddError> {
        let VirtualRouter { machine, outfit } = router;
        let has_peers = outfit.has_peers;
        let id = self.engine.add(interface_id(port), machine)?;
        if has_peers {
            self.peer_ports.insert(port);
        }
        let place = Place { port, interface: interface.to_owned(), mac, outfit, shown: None };
        self.places.insert(id, place);
        Ok(id)
    }

    /// Has `members` move together from now on.
    ///
    /// # Errors
    /// One of them is in a group already.
    pub fn form_group(&mut self, name: &str, members: Vec<RouterId>) -> Result<(), JoinError> {
        if let Some((&first, others)) = members.split_first() {
            others.iter().try_for_each(|&other| self.engine.join(other, first))?;
        }
        self.groups.push(SyncGroup::new(name, members));
        Ok(())
    }

    /// How long the link of an interface has to be as it is before that counts; all others count at
    /// once. At the start it is up. Frames prove nothing: `proof` is waited for in full.
    pub fn set_delays(&mut self, interface: &str, delays: InterfaceDelays) {
        let mut hold = InterfaceHold::new(delays);
        hold.report(Instant::EPOCH, true);
        hold.handle_timeout(Instant::EPOCH + delays.up + delays.proof);
        self.holds.insert(interface.to_owned(), hold);
    }

    /// Starts all of them.
    pub fn startup(&mut self, now: Instant) {
        self.engine.input_each(|_, machine| machine.startup(now));
    }

    /// Lets all of them resign.
    pub fn shutdown(&mut self, now: Instant) {
        self.engine.input_each(|_, machine| machine.shutdown(now));
    }

    /// Whether an interface that any of them is on or follows can carry frames from now on.
    pub fn handle_link(&mut self, now: Instant, interface: &str, well: bool) {
        log::info!("{interface} is {}", if well { "up" } else { "down" });
        if self.holds.contains_key(interface) {
            self.hold_link(now, interface, |hold| hold.report(now, well));
        } else {
            self.tell_link(now, interface, well);
        }
    }

    /// Takes in a frame if it is an advert for one of them.
    pub fn handle_frame(&mut self, now: Instant, port: usize, frame: &[u8]) {
        let Ok(ethernet) = ethernet::Frame::parse(frame) else { return };
        let Ok((meta, message)) = vrrp::from_ip_packet(ethernet.payload) else { return };
        let Some(vrid) = vrrp::vrid_of(message) else { return };
        let (interface, path) = (interface_id(port), meta.addresses);
        let id = self.engine.hearer(interface, vrid, path);
        let found = id.and_then(|id| Some((self.engine.get(id)?, self.places.get(&id)?)));
        let Some((machine, place)) = found else { return self.engine.handle_unknown() };
        let window = Some((now_in_utc(), trailer_window(machine)));
        let authentication = place.outfit.secret.authentication(window);
        let policy = AdvertPolicy { authentication, ..machine.policy() };
        match vrrp::decode(message, &meta, &policy) {
            Ok(advert) => {
                self.engine.handle_advert(now, interface, &advert, &meta);
                self.handle_holds(now);
            }
            Err(error) => {
                log::debug!("advert from {} refused: {error}", meta.addresses.source());
                self.engine.handle_rejected(interface, vrid, path, &error);
            }
        }
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.handle_holds(now);
        self.engine.handle_timeout(now, self.engine.len());
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let holds = self.holds.values().filter_map(InterfaceHold::next_deadline);
        holds.chain(self.engine.next_deadline()).min()
    }

    /// Sends what the machines want sent, by the ports that they are at, up to the next thing that
    /// the host must do.
    pub fn poll(&mut self, send: &mut impl FnMut(usize, &[u8])) -> Option<HostAction> {
        loop {
            if let Some(to_peer) = self.to_peers.pop_front() {
                return Some(to_peer);
            }
            let Some((id, action)) = self.engine.poll_action() else { return self.poll_groups() };
            let place = self.places.get_mut(&id)?;
            match action {
                Action::SendAdvert { priority } => self.send_advert(id, priority, send),
                Action::Announce(address) => {
                    announce(address, place.outfit.announced, &mut |it| send(place.port, it));
                }
                Action::AnnounceSource => {
                    let source = self.engine.get(id)?.source();
                    announce(source, place.mac, &mut |it| send(place.port, it));
                }
                Action::InstallAddresses { .. } => return Some(HostAction::Install(id)),
                Action::RemoveAddresses => return Some(HostAction::Remove(id)),
                Action::Notify(event) => {
                    place.shown = Some(ShownState::after(&event));
                    return Some(HostAction::Notify(id, event));
                }
                // The packet socket listens to every group; router advertisements are another's.
                Action::JoinSolicitedNode(_)
                | Action::LeaveSolicitedNode(_)
                | Action::SetRouterAdvertisements(_) => {}
            }
        }
    }

    /// After all members have moved \[X-51\].
    fn poll_groups(&mut self) -> Option<HostAction> {
        let shown = |id: &RouterId| self.places.get(id)?.shown;
        self.groups.iter_mut().find_map(|group| group.poll(shown)).map(HostAction::NotifyGroup)
    }

    /// Sends an advert to the group, or has the host send it to each peer.
    fn send_advert(
        &mut self,
        id: RouterId,
        priority: Priority,
        send: &mut impl FnMut(usize, &[u8]),
    ) {
        let Some(machine) = self.engine.get(id) else { return };
        let Some(Place { port, outfit, .. }) = self.places.get_mut(&id) else { return };
        let window = Some(trailer_window(machine));
        let trailer = now_in_utc().next_after(outfit.last_trailer, window);
        outfit.last_trailer = Some(trailer);
        let numbers = SequenceNumbers { header: machine.header_sequence(), trailer };
        let advert = machine.advert(priority);
        for path in machine.advert_paths() {
            let packet = match outfit.packet(&advert, path, numbers) {
                Ok(packet) => packet,
                Err(error) => return log::error!("an advert cannot be sent: {error}"),
            };
            let destination = path.destination();
            if outfit.has_peers {
                let port = *port;
                self.to_peers.push_back(HostAction::SendTo { port, peer: destination, packet });
            } else {
                let header = frames::advert_link_header(destination, outfit.advert_source);
                send(*port, &[&header, packet.as_slice()].concat());
            }
        }
    }
}

/// Links and what they count as.
impl VirtualRouters {
    /// After time has passed, or an interval was learned that bears less.
    fn handle_holds(&mut self, now: Instant) {
        let waiting = self.holds.iter().filter(|(_, hold)| hold.next_deadline().is_some());
        let interfaces: Vec<String> = waiting.map(|(name, _)| name.clone()).collect();
        for interface in interfaces {
            self.hold_link(now, &interface, |hold| hold.handle_timeout(now));
        }
    }

    /// Hands a hold an input; if its interface counts otherwise after that, all are told.
    fn hold_link(&mut self, now: Instant, interface: &str, input: impl FnOnce(&mut InterfaceHold)) {
        let tolerance = self.tolerance(interface);
        let Some(hold) = self.holds.get_mut(interface) else { return };
        let was_up = hold.is_up();
        hold.set_tolerance(now, tolerance);
        input(hold);
        let is_up = hold.is_up();
        if is_up != was_up {
            self.tell_link(now, interface, is_up);
        }
    }

    /// How long the routers that are on an interface or follow it bear it to be down \[X-42\].
    fn tolerance(&self, interface: &str) -> Duration {
        let uses = |it: &Place| it.interface == interface || it.outfit.follows(interface);
        let users = self.engine.routers().filter(|(id, ..)| self.places.get(id).is_some_and(uses));
        users.map(|(.., machine)| machine.interface_tolerance()).min().unwrap_or(Duration::MAX)
    }

    /// Tells all whom it concerns what an interface counts as.
    fn tell_link(&mut self, now: Instant, interface: &str, well: bool) {
        let ids: Vec<RouterId> = self.engine.routers().map(|(id, ..)| id).collect();
        for id in ids {
            let Some(place) = self.places.get_mut(&id) else { continue };
            let is_own = place.interface == interface;
            let is_tracked = place.outfit.report(interface, well);
            let contributions = place.outfit.contributions();
            let told = self.engine.input(id, |machine| {
                match (is_own, well) {
                    (true, true) => machine.interface_up(now),
                    (true, false) => machine.interface_down(now),
                    (false, _) => {}
                }
                if is_tracked {
                    machine.track(now, Tracked::of(machine.config().priority, contributions));
                }
            });
            debug_assert!(told.is_ok(), "its place is kept as long as it is");
        }
    }
}

/// What can be asked at any time.
impl VirtualRouters {
    /// A virtual router's machine.
    #[must_use]
    pub fn machine(&self, id: RouterId) -> Option<&Machine> {
        self.engine.get(id)
    }

    /// What a virtual router is called, if it was named.
    #[must_use]
    pub fn name(&self, id: RouterId) -> Option<&str> {
        self.places.get(&id)?.outfit.name.as_deref()
    }

    /// Those at a port.
    pub fn at(&self, port: usize) -> impl Iterator<Item = &Machine> {
        let here = self.engine.routers().filter(move |(_, at, _)| *at == interface_id(port));
        here.map(|(_, _, machine)| machine)
    }

    /// The names of all interfaces that they are on or follow.
    #[must_use]
    pub fn interfaces(&self) -> BTreeSet<&str> {
        let own = self.places.values().map(|place| place.interface.as_str());
        let tracked = self.places.values().flat_map(|place| &place.outfit.trackers);
        own.chain(tracked.map(|(name, _)| name.as_str())).collect()
    }

    /// Whether adverts come to the host's own address at that port.
    #[must_use]
    pub fn have_peers(&self, port: usize) -> bool {
        self.peer_ports.contains(&port)
    }

    /// The state of the one that has this virtual MAC address at that port; of several, that of an
    /// Active one.
    #[must_use]
    pub fn state_of(&self, port: usize, mac: MacAddr) -> Option<State> {
        let [.., last] = mac.octets();
        let vrid = Vrid::new(last)?;
        let family =
            [Family::V4, Family::V6].into_iter().find(|it| vrid.virtual_mac(*it) == mac)?;
        let ids = self.engine.find(interface_id(port), family, vrid);
        let mut states = ids.filter_map(|id| self.engine.get(id)).map(Machine::state).peekable();
        let first = states.peek().copied();
        states.find(|state| *state == State::Active).or(first)
    }

    /// Whether any of them is Active.
    #[must_use]
    pub fn are_active(&self) -> bool {
        self.engine.routers().any(|(.., machine)| machine.state() == State::Active)
    }

    /// The virtual MAC address to be given to whoever asks for `address` at that port.
    #[must_use]
    pub fn answer_for(&self, port: usize, address: IpAddr) -> Option<MacAddr> {
        let is_its = |machine: &&Machine| {
            machine.state() == State::Active && machine.addresses().contains(&address)
        };
        self.at(port).find(is_its).map(Machine::virtual_mac)
    }
}

fn announce(address: IpAddr, mac: MacAddr, send: &mut impl FnMut(&[u8])) {
    let mut frame = [0; LONGEST_ANNOUNCEMENT];
    if let Ok(length) = frames::announce(address, mac, &mut frame) {
        send(frame.get(..length).unwrap_or_default());
    }
}

/// Ports are few.
const fn interface_id(port: usize) -> InterfaceId {
    InterfaceId(port as u32)
}

/// How many seconds a trailer may be off: what keepalived takes \[W-40\].
fn trailer_window(machine: &Machine) -> u16 {
    let three = 3 * u64::from(machine.active_interval().centiseconds()) / 100;
    three.clamp(5, 300) as u16
}

/// The group that adverts go to, unless they go to peers.
#[must_use]
pub fn group(machine: &Machine) -> IpAddr {
    machine.config().group.unwrap_or(vrrp::group(machine.family()))
}

#[cfg(test)]
mod tests {
    use lvs_vrrp::{Config, TrackerConfig};

    use super::*;
    use crate::virtual_router::Setup;

    const ETH0: &str = "eth0";
    const ETH1: &str = "eth1";

    fn at(milliseconds: u64) -> Instant {
        Instant::from_micros(milliseconds * 1_000)
    }

    /// The owner of an address, on one interface and following another, with an interval of 1 s.
    fn owner(delays: [(&str, u64, u64); 2]) -> (VirtualRouters, RouterId) {
        let config =
            Config { priority: Priority::OWNER, ..Config::rfc9568(Vrid::new(51).unwrap()) };
        let tracked = vec![(ETH1.to_owned(), TrackerConfig::default())];
        let address = IpAddr::from([192, 0, 2, 1]);
        let router = VirtualRouter::new(Setup { tracked, ..config.into() }, address, vec![address]);
        let mut routers = VirtualRouters::with_capacity(1);
        let id = routers.add(0, (ETH0, MacAddr::default()), router.unwrap()).unwrap();
        for (interface, down, up) in delays {
            let [down, up] = [down, up].map(Duration::from_millis);
            routers.set_delays(interface, InterfaceDelays { up, down, proof: Duration::ZERO });
        }
        routers.startup(Instant::EPOCH);
        (routers, id)
    }

    /// a link that comes back soon makes no difference; one that does not, does when its delay
    /// has passed, and not later than its routers bear.
    #[test]
    fn x_42_a_link_counts_when_its_delay_has_passed() {
        let delays = [(ETH0, 1_000, 3_000), (ETH1, 5_000, 500)];
        for (interface, down, up) in [(ETH0, 1_000, 3_000), (ETH1, 2_000, 500)] {
            let (mut routers, id) = owner(delays);
            let runs = |routers: &VirtualRouters| {
                routers.machine(id).map(Machine::state) == Some(State::Active)
            };
            routers.handle_link(at(100), interface, false);
            routers.handle_link(at(100 + down - 1), interface, true);
            routers.handle_timeout(at(9_000));
            assert!(runs(&routers), "{interface} was back in time");
            for (change, delay, well) in [(10_000, down, false), (20_000, up, true)] {
                routers.handle_link(at(change), interface, well);
                routers.handle_timeout(at(change + delay - 1));
                assert_eq!(runs(&routers), !well, "{interface}");
                assert!(routers.next_deadline() <= Some(at(change + delay)), "{interface}");
                routers.handle_timeout(at(change + delay));
                assert_eq!(runs(&routers), well, "{interface}");
            }
        }
    }

    #[test]
    fn x_42_without_delays_a_link_counts_at_once() {
        let (mut routers, id) = owner([(ETH0, 0, 0), ("eth2", 9_000, 9_000)]);
        for interface in [ETH0, ETH1] {
            for (well, state) in [(false, State::Initialize), (true, State::Active)] {
                routers.handle_link(at(100), interface, well);
                assert_eq!(routers.machine(id).map(Machine::state), Some(state), "{interface}");
            }
        }
    }
}
