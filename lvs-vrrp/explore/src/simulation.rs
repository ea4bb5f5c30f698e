//! Larger worlds at random: many hosts, each with many virtual routers, on a link that loses, repeats and
//! reorders adverts, with clocks that drift and hosts that pause, crash and come back.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{IpAddr, Ipv4Addr};

use lvs_proto::vrrp::{
    AddressList, Advert, AdvertInterval, AdvertMeta, ChecksumForm, GROUP_V4, HOP_LIMIT, Priority,
    Version, Vrid,
};
use lvs_proto::{AddressPair, Instant};
use lvs_vrrp::{Action, Config, Router, State};

use crate::random::Random;

const HOSTS: usize = 10;
const VIRTUAL_ROUTERS: usize = 100;

/// Microseconds of the world's time, which no host knows exactly.
type Micros = u64;

const SECOND: Micros = 1_000_000;

/// How long things go wrong, by when all has to be settled, and how long it has to stay so. What takes
/// longest is a Backup router that is put off once, at two seconds an interval.
const TROUBLE: Micros = 60 * SECOND;
const SETTLED: Micros = TROUBLE + 30 * SECOND;
const END: Micros = SETTLED + 20 * SECOND;

/// The longest that a host pauses.
const PAUSE: Micros = 8 * SECOND;

/// The virtual address of all.
static ADDRESSES: [IpAddr; 1] = [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100))];

/// What happens when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A host starts, or is to go on.
    Wake { host: usize },
    /// It pauses for some time.
    Pause { host: usize },
    /// It stops without a word, to start again later.
    Crash { host: usize },
    /// An advert arrives.
    Arrive { host: usize, packet: Packet },
    /// A timer is due, unless it was set anew.
    Timer { host: usize, router: usize, due: Micros },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Packet {
    router: usize,
    from: usize,
    priority: Priority,
    interval: AdvertInterval,
}

struct Host {
    members: Vec<Option<Member>>,
    runs: bool,
    /// Until when it does nothing.
    paused: Micros,
    /// What it has received meanwhile.
    queue: Vec<Packet>,
    /// What its clock says at 0, and its parts per million beyond those of a true second.
    offset: u64,
    drift: u64,
}

impl Host {
    /// Takes part in about half of the virtual routers; the first in all.
    fn new(random: &mut Random, index: usize, profiles: &[Config]) -> Self {
        let mut member = |profile: &Config| {
            let priority = Priority::new(1 + random.below(254) as u8);
            let config = Config { priority, preempt: !random.one_in(4), ..*profile };
            let takes_part = index == 0 || random.one_in(2);
            takes_part.then(|| Member::new(index, config)).flatten()
        };
        let members = profiles.iter().map(&mut member).collect();
        let (offset, drift) = (random.below(1 << 40), random.below(200));
        Self { members, runs: false, paused: 0, queue: Vec::new(), offset, drift }
    }

    /// What its clock says.
    fn local(&self, now: Micros) -> Instant {
        Instant::from_micros(self.offset + now + now * self.drift / 1_000_000)
    }

    /// When its clock will say so, or soon after.
    fn world(&self, local: Instant) -> Micros {
        let since = local.as_micros().saturating_sub(self.offset);
        since * 1_000_000 / (1_000_000 + self.drift) + 1
    }
}

/// A host's part in a virtual router.
struct Member {
    config: Config,
    router: Router<&'static [IpAddr]>,
    /// When it is to be woken.
    due: Option<Micros>,
    installed: bool,
    /// Since when it knows of another Active router and has not announced its address again.
    owes: Option<Micros>,
    /// The adverts of the present second.
    second: Micros,
    sent: u32,
}

impl Member {
    fn new(host: usize, config: Config) -> Option<Self> {
        let router = Router::new(config, address(host), &ADDRESSES[..]).ok()?;
        let (due, installed, owes) = (None, false, None);
        Some(Self { config, router, due, installed, owes, second: 0, sent: 0 })
    }
}

/// What a simulation went through.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    /// Events.
    pub events: u64,
    /// Adverts that were sent.
    pub adverts: u64,
    /// Changes to Active.
    pub takeovers: u64,
}

/// Ten hosts and a hundred virtual routers: a minute in which all sorts of things go wrong, and another
/// in which nothing does. The same seed does the same.
///
/// # Errors
/// What does not hold, and when: that an Active router, and no other, has the address; that nobody
/// storms \[FSM-15\]; that who knows of another Active router announces its address again
/// \[X-13\]; and that in the end each virtual router has one Active router, which stays.
pub fn simulate(seed: u64) -> Result<Summary, String> {
    let mut simulation = Simulation::new(seed);
    simulation.pass(SETTLED)?;
    let settled = simulation.actives();
    if let Some(router) = settled.iter().position(|actives| actives.len() != 1) {
        return Err(format!("router {router}: the hosts {:?} are Active", settled[router]));
    }
    simulation.pass(END)?;
    if settled != simulation.actives() {
        return Err("not all stay Active".to_owned());
    }
    Ok(simulation.summary)
}

struct Simulation {
    random: Random,
    now: Micros,
    hosts: Vec<Host>,
    events: BinaryHeap<Reverse<(Micros, u64, Event)>>,
    summary: Summary,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let vrids = (1..=VIRTUAL_ROUTERS).filter_map(|vrid| Vrid::new(vrid as u8));
        let profiles: Vec<_> = vrids.map(|vrid| profile(&mut random, vrid)).collect();
        let hosts = (0..HOSTS).map(|index| Host::new(&mut random, index, &profiles)).collect();
        let mut simulation =
            Self { random, now: 0, hosts, events: BinaryHeap::new(), summary: Summary::default() };
        for host in 0..HOSTS {
            let start = simulation.random.below(10 * SECOND);
            simulation.at(start, Event::Wake { host });
            let pause = 10 * SECOND + simulation.random.below(40 * SECOND);
            simulation.at(pause, Event::Pause { host });
            if simulation.random.one_in(2) {
                let crash = 10 * SECOND + simulation.random.below(40 * SECOND);
                simulation.at(crash, Event::Crash { host });
            }
        }
        simulation
    }

    fn at(&mut self, at: Micros, event: Event) {
        self.summary.events += 1;
        self.events.push(Reverse((at, self.summary.events, event)));
    }

    /// Lets time pass.
    fn pass(&mut self, until: Micros) -> Result<(), String> {
        while let Some(Reverse((at, ..))) = self.events.peek() {
            if *at > until {
                break;
            }
            let Some(Reverse((at, _, event))) = self.events.pop() else { break };
            self.now = at;
            self.happen(event).map_err(|error| format!("{} us: {error}", self.now))?;
        }
        self.now = until;
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Wake { host } => self.wake(host),
            Event::Pause { host } => {
                let end = self.now + self.random.below(PAUSE);
                self.hosts[host].paused = end;
                self.at(end, Event::Wake { host });
                Ok(())
            }
            Event::Crash { host } => {
                self.hosts[host].runs = false;
                self.hosts[host].queue.clear();
                let back = self.now + self.random.below(TROUBLE - self.now);
                self.at(back, Event::Wake { host });
                Ok(())
            }
            Event::Arrive { host, packet } => {
                let hears = &mut self.hosts[host];
                if hears.runs && self.now < hears.paused {
                    hears.queue.push(packet);
                    return Ok(());
                }
                self.receive(host, packet)
            }
            Event::Timer { host, router, due } => {
                let member = &mut self.hosts[host].members[router];
                match member.as_mut().filter(|member| member.due == Some(due)) {
                    Some(member) => member.due = None,
                    None => return Ok(()),
                }
                self.time_out(host, router)
            }
        }
    }

    /// A host starts, or goes on: what it has received comes before its timers \[S-7\].
    fn wake(&mut self, host: usize) -> Result<(), String> {
        if self.now < self.hosts[host].paused {
            return Ok(());
        }
        if !self.hosts[host].runs {
            self.hosts[host].runs = true;
            return (0..VIRTUAL_ROUTERS).try_for_each(|router| self.restart(host, router));
        }
        for packet in std::mem::take(&mut self.hosts[host].queue) {
            self.receive(host, packet)?;
        }
        (0..VIRTUAL_ROUTERS).try_for_each(|router| self.time_out(host, router))
    }

    fn restart(&mut self, host: usize, router: usize) -> Result<(), String> {
        let now = self.hosts[host].local(self.now);
        let Some(member) = &mut self.hosts[host].members[router] else { return Ok(()) };
        *member = Member::new(host, member.config).ok_or("a wrong configuration")?;
        member.router.startup(now);
        self.drain(host, router)
    }

    fn receive(&mut self, host: usize, packet: Packet) -> Result<(), String> {
        let now = self.hosts[host].local(self.now);
        let runs = self.hosts[host].runs;
        let Some(member) = &mut self.hosts[host].members[packet.router] else { return Ok(()) };
        let path = AddressPair::new(address(packet.from), GROUP_V4.into());
        let (true, Some(path)) = (runs, path) else { return Ok(()) };
        let advert = Advert {
            version: member.config.version,
            vrid: member.config.vrid,
            priority: packet.priority,
            interval: packet.interval,
            checksum: ChecksumForm::PseudoHeader,
            addresses: AddressList::from(&ADDRESSES[..]),
            sequence: None,
        };
        let was_active = member.router.state() == State::Active;
        member.router.handle_advert(now, &advert, &AdvertMeta::new(path, HOP_LIMIT));
        let stays = was_active && member.router.state() == State::Active;
        if stays && packet.priority != Priority::RESIGN {
            member.owes.get_or_insert(self.now);
        }
        self.drain(host, packet.router)
    }

    fn time_out(&mut self, host: usize, router: usize) -> Result<(), String> {
        let place = &mut self.hosts[host];
        let now = place.local(self.now);
        let Some(member) = &mut place.members[router] else { return Ok(()) };
        if !place.runs || self.now < place.paused {
            return Ok(());
        }
        member.router.handle_timeout(now);
        self.drain(host, router)
    }

    /// Does what a router wants done, and sees to it that it is woken.
    fn drain(&mut self, host: usize, router: usize) -> Result<(), String> {
        let mut packets = Vec::new();
        let Some(member) = &mut self.hosts[host].members[router] else { return Ok(()) };
        while let Some(action) = member.router.poll_action() {
            match action {
                Action::SendAdvert { priority } => {
                    let interval = member.config.interval;
                    packets.push(Packet { router, from: host, priority, interval });
                }
                Action::InstallAddresses { .. } => member.installed = true,
                Action::RemoveAddresses => (member.installed, member.owes) = (false, None),
                Action::Announce(_) => member.owes = None,
                Action::Notify(event) if event.from != event.to && event.to == State::Active => {
                    self.summary.takeovers += 1;
                }
                _ => {}
            }
        }
        check(member, self.now, packets.len())
            .map_err(|error| format!("host {host}, router {router}: {error}"))?;
        let deadline = member.router.next_deadline();
        let due = deadline.map(|deadline| self.hosts[host].world(deadline).max(self.now + 1));
        let Some(member) = &mut self.hosts[host].members[router] else { return Ok(()) };
        if let Some(due) = due.filter(|due| member.due.replace(*due) != Some(*due)) {
            self.at(due, Event::Timer { host, router, due });
        }
        packets.into_iter().for_each(|packet| self.send(packet));
        Ok(())
    }

    /// To all others; while things go wrong some adverts are lost, and some come twice.
    fn send(&mut self, packet: Packet) {
        self.summary.adverts += 1;
        for host in (0..HOSTS).filter(|host| *host != packet.from) {
            let trouble = self.now < TROUBLE;
            let copies = match self.random.below(100) {
                0..5 if trouble => 0,
                5..7 if trouble => 2,
                _ => 1,
            };
            for _ in 0..copies {
                let latency = 100 + self.random.below(5_000);
                self.at(self.now + latency, Event::Arrive { host, packet });
            }
        }
    }

    /// Who is Active, by virtual router.
    fn actives(&self) -> Vec<Vec<usize>> {
        let is_active = |host: usize, router: usize| {
            let member = self.hosts[host].members[router].as_ref();
            member.is_some_and(|member| member.router.state() == State::Active)
        };
        let actives = |router| (0..HOSTS).filter(|host| is_active(*host, router)).collect();
        (0..VIRTUAL_ROUTERS).map(actives).collect()
    }
}

/// What must hold of a router at any time, `adverts` of which were just sent.
fn check(member: &mut Member, now: Micros, adverts: usize) -> Result<(), String> {
    if member.installed != (member.router.state() == State::Active) {
        return Err("its address is not where it ought to be".to_owned());
    }
    if now / SECOND != member.second {
        (member.second, member.sent) = (now / SECOND, 0);
    }
    member.sent += adverts as u32;
    // An answer each eighth of an interval, the regular adverts, and those of changes.
    let intervals = 100_u32.div_ceil(member.config.interval.centiseconds().into());
    if member.sent > 9 * intervals + 2 {
        return Err(format!("{} adverts in a second", member.sent));
    }
    let plan = &member.config.announcements;
    let patience = plan.gap.as_micros() as Micros + PAUSE + SECOND;
    if plan.rounds_on_losing > 0 && member.owes.is_some_and(|since| now > since + patience) {
        return Err("it has not announced its address again".to_owned());
    }
    Ok(())
}

/// The rules and the interval of a virtual router.
fn profile(random: &mut Random, vrid: Vrid) -> Config {
    let interval = [50, 100, 200][random.below(3) as usize];
    let interval = AdvertInterval::from_centiseconds(interval).unwrap_or_default();
    let profile = match random.below(4) {
        0 => Config::rfc5798(vrid),
        1 => Config { advert_before_demotion: true, ..Config::rfc9568(vrid) },
        2 => Config::keepalived(Version::V3, vrid),
        _ => Config::rfc9568(vrid),
    };
    Config { interval, ..profile }
}

fn address(host: usize) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, 1 + host as u8).into()
}
