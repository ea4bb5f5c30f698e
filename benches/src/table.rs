//! A director full of connections, and the map it is compared with.

use std::hash::{BuildHasher, Hasher};
use std::net::Ipv4Addr;
use std::num::NonZeroU32;
use std::time::Duration;

use hashbrown::HashMap;
use lvs_proto::{AddressPair, Decide, DropReason, Family, Flow, Instant, TcpFlags, Verdict};
use lvs_sched::{ConnId, DestConfig, Director, DirectorConfig, Lookup, SchedulerKind};
use lvs_sched::{ServiceConfig, ServiceKey};
use siphasher::sip::SipHasher13;

use crate::churn::Random;
use crate::measure::time;
use crate::setting::VIRTUAL_ADDRESS;

/// Packets are made so many at a time, ahead of what is measured with them: they fit the second
/// level of any cache.
pub const WINDOW: usize = 64 * Lookup::MOST;

/// The seed of the director, which no client knows.
const SEED: [u64; 2] = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];

/// A service that takes every port.
const MARKED: ServiceKey = ServiceKey::Mark { family: Family::V4, mark: NonZeroU32::MIN };

/// A director with one destination and its connections, one of each client from the first on.
#[derive(Debug)]
pub struct Table {
    director: Director,
    now: Instant,
    clients: u32,
    window: Window,
}

/// Packets, and what is answered to them.
#[derive(Debug)]
struct Window {
    flows: Vec<Flow>,
    verdicts: Vec<Verdict>,
    found: Vec<Option<ConnId>>,
    random: Random,
}

impl Window {
    fn new() -> Self {
        Self {
            flows: vec![client(0, TcpFlags::ACK); WINDOW],
            verdicts: vec![Verdict::Drop(DropReason::TableFull); WINDOW],
            found: vec![None; WINDOW],
            random: Random::default(),
        }
    }

    /// Later packets of random clients.
    fn fill(&mut self, clients: u32) {
        for flow in &mut self.flows {
            let number = self.random.below(clients as usize) as u32;
            flow.addresses = addresses(number.wrapping_mul(SPREAD));
        }
    }
}

impl Table {
    /// Without connections yet, and with room for so many.
    ///
    /// # Panics
    ///
    /// If there is no memory for it.
    #[must_use]
    pub fn new(connections: u32) -> Self {
        let config = DirectorConfig {
            connections,
            connections_v6: 0,
            seed: SEED,
            ..DirectorConfig::default()
        };
        let mut director = Director::new(config).expect("memory for a director");
        let address = ServiceKey::tcp(VIRTUAL_ADDRESS.into(), 80);
        for service in [address, MARKED] {
            let scheduler = SchedulerKind::Rr;
            let service = ServiceConfig { scheduler, ..ServiceConfig::new(service) };
            director.add_service(Instant::EPOCH, service).expect("a new service");
            let dest = DestConfig::new([10, 2, 0, 1].into(), 80);
            director.add_dest(Instant::EPOCH, &service.key, dest).expect("a new destination");
        }
        Self { director, now: Instant::EPOCH, clients: 0, window: Window::new() }
    }

    /// The next so many clients connect.
    pub fn open(&mut self, clients: u32) {
        let numbers = self.clients..self.clients + clients;
        self.clients += clients;
        self.decide(numbers.map(|number| client(number, TcpFlags::SYN)));
    }

    /// Every client sends the packet that establishes its connection.
    pub fn establish(&mut self) {
        self.decide((0..self.clients).map(|number| client(number, TcpFlags::ACK)));
    }

    /// Decides about packets in bursts.
    pub fn decide(&mut self, flows: impl Iterator<Item = Flow>) {
        let mut flows = flows.fuse();
        loop {
            let burst: Vec<_> = flows.by_ref().take(WINDOW).collect();
            if burst.is_empty() {
                return;
            }
            self.director.decide_burst(self.now, &burst, &mut self.window.verdicts);
        }
    }

    /// The address of a client, by its number.
    pub(crate) const fn client_address(number: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(number.wrapping_mul(SPREAD))
    }

    /// Who knows the connections.
    pub(crate) const fn director(&self) -> &Director {
        &self.director
    }

    /// Makes windows of packets, and does nothing with them.
    pub(crate) fn fill(&mut self, windows: u64) {
        (0..windows).for_each(|_| self.window.fill(self.clients));
    }

    /// Looks windows of connections of random clients up, one after the other.
    ///
    /// # Panics
    ///
    /// As all three, if one is missing.
    pub fn find_each(&mut self, windows: u64) {
        self.find(windows, |director, now, flows, found| {
            for (flow, found) in flows.iter().zip(found) {
                *found = director.find_conn(now, flow);
            }
        });
    }

    /// The same in bursts.
    pub fn find_bursts(&mut self, windows: u64) {
        self.find(windows, |director, now, flows, found| {
            director.find_conns(now, flows, found);
        });
    }

    /// The same in bursts of which one is prepared and one probed before one is finished.
    pub fn find_pipelined(&mut self, windows: u64) {
        self.find(windows, |director, now, flows, found| {
            let mut ring = [director.prepare(&[]); 3];
            let mut found = found.chunks_mut(Lookup::MOST);
            let last = [&flows[..0]; 2];
            for (turn, burst) in flows.chunks(Lookup::MOST).chain(last).enumerate() {
                ring[turn % 3] = director.prepare(burst);
                ring[(turn + 2) % 3].probe();
                if turn >= 2 {
                    let found = found.next().unwrap_or_default();
                    ring[(turn + 1) % 3].finish(now, found);
                }
            }
        });
    }

    fn find(
        &mut self,
        windows: u64,
        find: impl Fn(&Director, Instant, &[Flow], &mut [Option<ConnId>]),
    ) {
        let Self { director, now, clients, window } = self;
        for _ in 0..windows {
            window.fill(*clients);
            find(director, *now, &window.flows, &mut window.found);
            assert!(window.found.iter().all(Option::is_some), "every client has a connection");
        }
    }

    /// Windows of random clients send a packet each; time goes on a little, so that timers move.
    pub fn refresh(&mut self, windows: u64) {
        let Self { director, now, clients, window } = self;
        for _ in 0..windows {
            *now = Instant::from_micros(now.as_micros() + 20);
            window.fill(*clients);
            director.decide_burst(*now, &window.flows, &mut window.verdicts);
        }
    }

    /// Waits until every connection has ended.
    ///
    /// # Panics
    ///
    /// If one has not.
    pub fn expire(&mut self) {
        self.now = Instant::from_micros(self.now.as_micros() + 1_000_000_000);
        self.director.handle_timeout(self.now, usize::MAX);
        assert!(self.director.conns().next().is_none(), "all have ended");
        self.clients = 0;
    }
}

/// The packet of a client: no two have the same address.
fn client(number: u32, flags: TcpFlags) -> Flow {
    packet(number.wrapping_mul(SPREAD), 40_000, 80, flags)
}

/// From the number of a client to its address: odd, so that no two share one.
const SPREAD: u32 = 0x9e37_79b9;

fn packet(source: u32, client_port: u16, virtual_port: u16, flags: TcpFlags) -> Flow {
    Flow::tcp(addresses(source), client_port, virtual_port, flags)
}

const fn addresses(source: u32) -> AddressPair {
    AddressPair::V4 { source: Ipv4Addr::from_bits(source), destination: VIRTUAL_ADDRESS }
}

/// `hashbrown` with keyed SipHash-1-3, from what names a connection to as many octets as an entry of
/// the table has beside.
#[derive(Debug)]
pub struct Map {
    map: HashMap<Tuple, [u32; 12], Seed>,
    clients: u32,
    random: Random,
}

/// Addresses, ports and protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tuple([u64; 2]);

impl std::hash::Hash for Tuple {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.iter().for_each(|&word| state.write_u64(word));
    }
}

/// A keyed hash.
#[derive(Clone, Copy, Debug)]
struct Seed([u64; 2]);

impl BuildHasher for Seed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0[0], self.0[1])
    }
}

/// SipHash-1-3 of 16 octets.
#[inline]
pub(crate) fn siphash(key: &[u64; 2]) -> u64 {
    Seed(SEED).hash_one(Tuple(*key))
}

impl Tuple {
    /// In the order of the wire.
    const fn new(source: u32, client_port: u16, virtual_port: u16) -> Self {
        let addresses = (source as u64) << 32 | VIRTUAL_ADDRESS.to_bits() as u64;
        let ports = (client_port as u64) << 48 | (virtual_port as u64) << 32 | 6 << 24;
        Self([addresses.to_be(), ports.to_be()])
    }

    const fn of_client(number: u32) -> Self {
        Self::new(number.wrapping_mul(SPREAD), 40_000, 80)
    }
}

impl Map {
    /// Empty, its memory reserved.
    #[must_use]
    pub fn new(connections: u32) -> Self {
        let map = HashMap::with_capacity_and_hasher(connections as usize, Seed(SEED));
        Self { map, clients: 0, random: Random::default() }
    }

    /// The next so many clients connect.
    pub fn open(&mut self, clients: u32) {
        for number in self.clients..self.clients + clients {
            self.map.insert(Tuple::of_client(number), [number; 12]);
        }
        self.clients += clients;
    }

    /// Looks random clients up, one after the other.
    ///
    /// # Panics
    ///
    /// If one is missing.
    pub fn find_each(&mut self, count: u64) {
        for _ in 0..count {
            let number = self.random.below(self.clients as usize) as u32;
            let found = self.map.get(&Tuple::of_client(number));
            assert_eq!(found.map(|value| value[0]), Some(number));
        }
    }
}

/// Connections that all come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flood {
    /// Of random clients and ports.
    Random,
    /// From one port of one client, to every virtual port of one service.
    Ports,
    /// Chosen to meet in a few buckets of a table with another seed.
    Seed,
}

/// How many connections a flood has.
pub(crate) const FLOOD: u32 = 65_535;

/// The time that every connection of a flood takes, with one more packet of each.
#[must_use]
pub fn flood(kind: Flood) -> Duration {
    let tuples: Vec<_> = match kind {
        Flood::Random => spread_tuples().take(FLOOD as usize).collect(),
        Flood::Ports => (1..=u16::MAX).map(|port| (0xc633_6407, 40_000, port)).collect(),
        Flood::Seed => {
            let other_seed = Seed([1, 2]);
            let meets = |&(source, from, to): &(u32, u16, u16)| {
                other_seed.hash_one(Tuple::new(source, from, to)) as u32 >> 24 == 0
            };
            spread_tuples().filter(meets).take(FLOOD as usize).collect()
        }
    };
    let packets = |flags| {
        tuples
            .iter()
            .map(move |&(source, from, to)| Flow { mark: 1, ..packet(source, from, to, flags) })
    };
    let mut table = Table::new(FLOOD);
    time(|| {
        table.decide(packets(TcpFlags::SYN));
        table.decide(packets(TcpFlags::ACK));
    })
}

/// Clients' addresses and ports, and virtual ports.
fn spread_tuples() -> impl Iterator<Item = (u32, u16, u16)> {
    let mut random = Random::default();
    std::iter::repeat_with(move || {
        let bits = random.bits();
        let virtual_port = (bits >> 48).max(1) as u16;
        (bits as u32, (bits >> 32) as u16 | 1, virtual_port)
    })
}
