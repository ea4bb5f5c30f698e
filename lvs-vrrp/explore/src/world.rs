//! A few virtual routers on one link, what they say to each other, and what goes wrong.

mod promises;

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use lvs_proto::vrrp::{
    AddressList, Advert, AdvertInterval, AdvertMeta, ChecksumForm, GROUP_V4, HOP_LIMIT, Priority,
};
use lvs_proto::{AddressPair, Instant};
use lvs_vrrp::{Action, Config, Router, State};

use crate::view;

/// The virtual address.
static ADDRESSES: [IpAddr; 1] = [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100))];

/// How long an advert takes.
const LATENCY: Duration = Duration::from_micros(200);

/// What may go wrong in one run, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Faults {
    /// Adverts that do not arrive at one of the routers.
    pub losses: u8,
    /// Adverts that arrive at one of the routers twice.
    pub duplicates: u8,
    /// Routers that stop, with a resignation or without a word, and begin afresh later.
    pub crashes: u8,
    /// Times that one router is cut off from the others, until that heals.
    pub partitions: u8,
    /// Changes of a router's configuration while it runs.
    pub reloads: u8,
}

impl Faults {
    /// Nothing.
    pub const NONE: Self = Self { losses: 0, duplicates: 0, crashes: 0, partitions: 0, reloads: 0 };
}

/// Routers, and what may happen to them.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The routers' configurations; router n has the address 192.0.2.n.
    pub configs: Vec<Config>,
    /// What the configuration of each may change to.
    pub reloaded: Vec<Config>,
    /// When each router starts, in milliseconds; one run each.
    pub starts: Vec<Vec<u64>>,
    /// What may go wrong.
    pub faults: Faults,
}

impl Scenario {
    /// After so long without a fault nothing may be left to settle: the longest active-down interval
    /// and one advertisement interval, with the time that adverts take.
    #[must_use]
    pub fn bound(&self) -> Duration {
        let all = || self.configs.iter().chain(&self.reloaded);
        let slowest = all().map(|config| config.interval).max().unwrap_or_default();
        let down = all().enumerate().filter_map(|(index, config)| {
            let learned = Config { interval: slowest, ..*config };
            router(index, learned).map(|router| router.active_down_interval())
        });
        down.max().unwrap_or_default() + slowest.duration() + 4 * LATENCY
    }
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// A router starts for the first time.
    Start(usize),
    /// A router's timer fires.
    TimeOut(usize),
    /// An advert arrives.
    Deliver(Packet),
    /// An advert is lost.
    Lose(Packet),
    /// An advert arrives, and will once more.
    Duplicate(Packet),
    /// A router stops without a word.
    Crash(usize),
    /// A router is shut down.
    Stop(usize),
    /// It begins afresh.
    Restart(usize),
    /// A router is cut off.
    Cut(usize),
    /// It is cut off no more.
    Heal,
    /// A router gets its other configuration.
    Reload(usize),
}

impl Step {
    /// Whether it happens when something is due, rather than right after the last step.
    const fn is_due(self) -> bool {
        matches!(
            self,
            Self::Start(_)
                | Self::TimeOut(_)
                | Self::Deliver(_)
                | Self::Lose(_)
                | Self::Duplicate(_)
        )
    }
}

/// An advert on its way to one router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Packet {
    due: Instant,
    to: usize,
    from: usize,
    priority: Priority,
    centiseconds: u16,
}

/// One host and its virtual router.
#[derive(Clone)]
struct Node {
    /// `None` before the start and after a crash.
    router: Option<Router<&'static [IpAddr]>>,
    config: Config,
    starts: Option<Instant>,
    /// Whether the virtual address is on its interface.
    installed: bool,
    /// Since when it knows that another was Active too and has not announced its address again.
    owes: Option<Instant>,
    /// When it sent an advert, and how many followed each other hastily.
    sent: Instant,
    hasty: u8,
}

/// The state of all routers and of the link.
#[derive(Clone)]
pub struct World {
    now: Instant,
    nodes: Vec<Node>,
    packets: Vec<Packet>,
    /// Who is cut off.
    cut: Option<usize>,
    /// What may still go wrong.
    faults: Faults,
    /// When something went wrong last.
    disturbed: Instant,
    /// Of all that matters.
    digest: u64,
}

impl World {
    /// All routers of a scenario, to start at those milliseconds.
    #[must_use]
    pub fn new(scenario: &Scenario, starts: &[u64]) -> Self {
        let node = |(config, starts): (&Config, &u64)| Node {
            router: None,
            config: *config,
            starts: Some(Instant::from_millis(*starts)),
            installed: false,
            owes: None,
            sent: Instant::EPOCH,
            hasty: 0,
        };
        let mut world = Self {
            now: Instant::EPOCH,
            nodes: scenario.configs.iter().zip(starts).map(node).collect(),
            packets: Vec::new(),
            cut: None,
            faults: scenario.faults,
            disturbed: Instant::EPOCH,
            digest: 0,
        };
        world.settle(scenario);
        world
    }

    /// All that may happen next.
    ///
    /// What happens to different routers at one moment does not depend on the order, so only one order is
    /// followed; what arrives at one router does, and comes before its timer \[S-7\].
    pub fn steps(&self, steps: &mut Vec<Step>) {
        self.events(steps);
        let faults = &self.faults;
        for (index, node) in self.nodes.iter().enumerate() {
            match &node.router {
                Some(_) if faults.crashes > 0 => {
                    steps.extend([Step::Crash(index), Step::Stop(index)]);
                }
                None if node.starts.is_none() => steps.push(Step::Restart(index)),
                _ => {}
            }
            if faults.reloads > 0 && node.router.is_some() {
                steps.push(Step::Reload(index));
            }
            // Of two routers either is cut off from the other.
            let distinct = self.nodes.len() > 2 || index == 0;
            if faults.partitions > 0 && self.cut.is_none() && distinct {
                steps.push(Step::Cut(index));
            }
        }
        if self.cut.is_some() {
            steps.push(Step::Heal);
        }
    }

    /// What is due next, with the ways in which that may go wrong.
    fn events(&self, steps: &mut Vec<Step>) {
        let Some((due, index)) = self.next_event() else { return };
        let arrivals = || self.packets.iter().filter(|p| p.due == due && p.to == index);
        for packet in arrivals() {
            steps.push(Step::Deliver(*packet));
            if self.faults.losses > 0 {
                steps.push(Step::Lose(*packet));
            }
            if self.faults.duplicates > 0 {
                steps.push(Step::Duplicate(*packet));
            }
        }
        if arrivals().next().is_none() {
            let starts = self.nodes[index].router.is_none();
            steps.push(if starts { Step::Start(index) } else { Step::TimeOut(index) });
        }
    }

    /// The next moment at which something is due, and the first router that it concerns.
    fn next_event(&self) -> Option<(Instant, usize)> {
        let packets = self.packets.iter().map(|packet| (packet.due, packet.to));
        let nodes = self.nodes.iter().enumerate().filter_map(|(index, node)| {
            let deadline = node.router.as_ref().map_or(node.starts, Router::next_deadline);
            deadline.map(|deadline| (deadline, index))
        });
        packets.chain(nodes).min()
    }

    /// The world after a step.
    #[must_use]
    pub fn after(&self, step: Step, scenario: &Scenario) -> Self {
        let mut world = self.clone();
        if step.is_due() {
            world.now = self.next_event().map_or(self.now, |(due, _)| due.max(self.now));
        }
        match step {
            Step::TimeOut(index) => {
                world.input(index, Router::handle_timeout);
                world.drain(index);
            }
            Step::Deliver(packet) => {
                world.take(packet);
                world.deliver(packet);
            }
            fault => world.disturb(fault, scenario),
        }
        world.settle(scenario);
        world
    }

    /// What goes wrong, or begins.
    fn disturb(&mut self, fault: Step, scenario: &Scenario) {
        self.disturbed = self.now;
        match fault {
            Step::Start(index) | Step::Restart(index) => {
                let node = &mut self.nodes[index];
                (node.starts, node.hasty) = (None, 0);
                node.router = router(index, node.config);
                self.input(index, Router::startup);
                self.drain(index);
            }
            Step::Lose(packet) => {
                self.faults.losses -= 1;
                self.take(packet);
            }
            Step::Duplicate(packet) => {
                self.faults.duplicates -= 1;
                self.take(packet);
                self.packets.push(Packet { due: packet.due + LATENCY, ..packet });
                self.deliver(packet);
            }
            Step::Crash(index) => {
                self.nodes[index].installed = false;
                self.remove(index);
            }
            Step::Stop(index) => {
                self.input(index, Router::shutdown);
                self.drain(index);
                self.remove(index);
            }
            Step::Cut(index) => {
                self.faults.partitions -= 1;
                self.cut = Some(index);
                self.packets.retain(|packet| (packet.to == index) == (packet.from == index));
            }
            Step::Heal => self.cut = None,
            Step::Reload(index) => {
                self.faults.reloads -= 1;
                let config = scenario.reloaded[index];
                self.nodes[index].config = config;
                self.input(index, |router, now| {
                    let _ = router.apply(now, config, &ADDRESSES[..], []);
                });
                self.drain(index);
            }
            Step::TimeOut(_) | Step::Deliver(_) => {}
        }
    }

    /// Takes a router off the link.
    fn remove(&mut self, index: usize) {
        self.faults.crashes -= 1;
        let node = &mut self.nodes[index];
        (node.router, node.owes) = (None, None);
        self.packets.retain(|packet| packet.to != index);
    }

    /// Takes a packet off the link.
    fn take(&mut self, packet: Packet) {
        if let Some(index) = self.packets.iter().position(|other| *other == packet) {
            self.packets.swap_remove(index);
        }
    }

    fn deliver(&mut self, packet: Packet) {
        let config = &self.nodes[packet.from].config;
        let interval = AdvertInterval::from_centiseconds(packet.centiseconds);
        let path = AddressPair::new(address(packet.from), GROUP_V4.into());
        let (Some(interval), Some(path)) = (interval, path) else { return };
        let advert = Advert {
            version: config.version,
            vrid: config.vrid,
            priority: packet.priority,
            interval,
            checksum: ChecksumForm::MessageOnly,
            addresses: AddressList::from(&ADDRESSES[..]),
            sequence: None,
        };
        let was_active = self.is_active(packet.to);
        self.input(packet.to, |router, now| {
            router.handle_advert(now, &advert, &AdvertMeta::new(path, HOP_LIMIT));
        });
        let node = &mut self.nodes[packet.to];
        let conflict = was_active && packet.priority != Priority::RESIGN;
        if conflict && node.router.as_ref().is_some_and(|router| router.state() == State::Active) {
            node.owes.get_or_insert(self.now);
        }
        self.drain(packet.to);
    }

    fn input(&mut self, index: usize, input: impl FnOnce(&mut Router<&'static [IpAddr]>, Instant)) {
        if let Some(router) = &mut self.nodes[index].router {
            input(router, self.now);
        }
    }

    /// Does what a router wants done.
    fn drain(&mut self, index: usize) {
        let (now, count, cut) = (self.now, self.nodes.len(), self.cut);
        let linked = |to: usize| cut.is_none_or(|cut| (to == cut) == (index == cut));
        let node = &mut self.nodes[index];
        while let Some(action) = node.router.as_mut().and_then(Router::poll_action) {
            match action {
                Action::SendAdvert { priority } => {
                    let gap = node.config.interval.duration() / 8;
                    let hasty = now.saturating_duration_since(node.sent) < gap;
                    if priority != Priority::RESIGN {
                        node.hasty = if hasty { node.hasty + 1 } else { 1 };
                        node.sent = now;
                    }
                    let centiseconds = node.config.interval.centiseconds();
                    let due = now + LATENCY;
                    let packet = |to| Packet { due, to, from: index, priority, centiseconds };
                    let hearers = (0..count).filter(|to| *to != index && linked(*to));
                    self.packets.extend(hearers.map(packet));
                }
                Action::InstallAddresses { .. } => node.installed = true,
                Action::RemoveAddresses => (node.installed, node.owes) = (false, None),
                Action::Announce(_) => node.owes = None,
                _ => {}
            }
        }
    }

    fn is_active(&self, index: usize) -> bool {
        let router = self.nodes[index].router.as_ref();
        router.is_some_and(|router| router.state() == State::Active)
    }

    /// Whether two routers hear each other.
    fn is_linked(&self, one: usize, other: usize) -> bool {
        self.cut.is_none_or(|cut| (one == cut) == (other == cut))
    }

    /// Takes the digest of what is now.
    fn settle(&mut self, scenario: &Scenario) {
        let (now, text) = (self.now, &mut String::with_capacity(2048));
        let ahead = |at: Instant| at.saturating_duration_since(now);
        let past = |at: Instant| now.saturating_duration_since(at);
        self.packets.sort_unstable();
        let mut hasher = DefaultHasher::new();
        for node in &self.nodes {
            let router = node.router.as_ref().map(|router| view::digest(router, now, text));
            let owes = node.owes.map(|at| past(at).min(2 * node.config.announcements.gap));
            (router, node.starts.map(ahead), node.installed, owes).hash(&mut hasher);
            let gap = node.config.interval.duration() / 8;
            (past(node.sent).min(gap), node.hasty).hash(&mut hasher);
            (node.config.priority.get(), gap).hash(&mut hasher);
        }
        for packet in &self.packets {
            let Packet { due, to, from, priority, centiseconds } = *packet;
            (ahead(due), to, from, priority.get(), centiseconds).hash(&mut hasher);
        }
        (self.cut, self.faults, self.undisturbed(scenario)).hash(&mut hasher);
        self.digest = hasher.finish();
    }

    /// How long nothing went wrong, up to when all has to be settled.
    fn undisturbed(&self, scenario: &Scenario) -> Duration {
        self.now.saturating_duration_since(self.disturbed).min(scenario.bound())
    }
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.digest.hash(hasher);
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9} us:", self.now.as_micros())?;
        for node in &self.nodes {
            match &node.router {
                None => write!(f, " -")?,
                Some(router) => {
                    let deadline = router.next_deadline().map(Instant::as_micros);
                    write!(f, " {} until {deadline:?}", router.state())?;
                }
            }
        }
        write!(f, ", on the link {:?}", self.packets)
    }
}

fn address(index: usize) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, 1 + index as u8).into()
}

fn router(index: usize, config: Config) -> Option<Router<&'static [IpAddr]>> {
    Router::new(config, address(index), &ADDRESSES[..]).ok()
}
