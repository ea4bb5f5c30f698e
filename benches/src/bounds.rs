//! Every call that packets and timers lead to, on something small and on something large.

use std::fmt;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use lvs_proto::wire::arp::{Operation, Packet};
use lvs_proto::{AddressPair, Decide, Family, Flow, Instant, MacAddr, TcpFlags, Verdict};
use lvs_sched::SchedulerKind::{
    self, Dh, Fo, Lblc, Lblcr, Lc, Mh, Nq, Ovf, Rr, Sed, Sh, Twos, Wlc, Wrr,
};
use lvs_sched::health::{Action, CheckConfig, CheckKind, Checker, CheckerConfig, Outcome};
use lvs_sched::health::{RealServer, VirtualServer};
use lvs_sched::neighbors::{Neighbors, NeighborsConfig};
use lvs_sched::{DestConfig, DestId, Director, DirectorConfig, LeasePool, Lookup};
use lvs_sched::{Persistence, Pool, PoolConfig, ServiceConfig, ServiceKey, Timeouts};

use crate::frames::rewritten;
use crate::measure::Candidate;
use crate::setting::{Setting, VIRTUAL_ADDRESS};
use crate::vrrp::{adverts, decoder, encoder, timeouts};

/// How much of everything there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    dests: u32,
    conns: u32,
    routers: u32,
    /// In an advert.
    addresses: u8,
}

impl Size {
    /// Something small.
    pub const SMALL: Self = Self { dests: 32, conns: 1000, routers: 10, addresses: 1 };
    /// 64 times as much, but 20 addresses.
    pub const LARGE: Self = Self { dests: 2048, conns: 64_000, routers: 640, addresses: 20 };
}

/// A call, or a few that belong together.
pub struct Call {
    /// What is called.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    make: Box<dyn Fn(Size) -> Candidate<'static>>,
}

impl Call {
    fn new(
        name: &'static str,
        takes: Takes,
        make: impl Fn(Size) -> Candidate<'static> + 'static,
    ) -> Self {
        Self { name, takes, make: Box::new(make) }
    }

    /// Gets ready to make it so many times.
    #[must_use]
    pub fn make(&self, size: Size) -> Candidate<'static> {
        (self.make)(size)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What a call takes.
#[derive(Clone, Copy, Debug)]
pub struct Takes {
    /// In the words of the documentation.
    pub words: &'static str,
    /// How many times as many instructions it may take of something [large](Size::LARGE) as of
    /// something [small](Size::SMALL).
    pub growth: f64,
}

/// The same however much there is, but for chance.
const fn constant(words: &'static str) -> Takes {
    Takes { words, growth: 1.1 }
}

/// The logarithm of 2048 is 2.2 times that of 32; that of other numbers grows by more, or a little less.
const fn logarithm(words: &'static str) -> Takes {
    Takes { words, growth: 2.2 }
}

/// All but those of schedulers, in the order of the documentation.
#[must_use]
pub fn calls() -> Vec<Call> {
    let few = |size| Size { dests: 16, ..size };
    vec![
        Call::new("`Pool::pick`, `wlc` of 16", constant("below"), move |size| pick(Wlc, few(size))),
        Call::new("`Pool::pick`, `wlc`", constant("below"), |size| pick(Wlc, size)),
        Call::new("`Pool::pick_burst` of 32, `wlc`", constant("32 picks"), pick_burst),
        Call::new(
            "`Pool::conn_opened`, `conn_closed`, `wlc` of 16",
            constant("below, for each"),
            move |size| count(Wlc, few(size)),
        ),
        Call::new(
            "`Pool::conn_opened`, `conn_closed`, `wlc`",
            logarithm("below, for each"),
            |size| count(Wlc, size),
        ),
        Call::new(
            "`Pool::open`, `activate`, `deactivate`, `close`",
            logarithm("below, for each"),
            open,
        ),
        Call::new(
            "`LeasePool::lease`, and its end",
            logarithm("a pick and two counts, and one for each lease that has ended"),
            lease,
        ),
        Call::new(
            "`Pool::next_deadline`, `handle_timeout`, nothing due",
            constant("1; when due, the places of its cache and *m*"),
            pool_time,
        ),
        Call::new(
            "`Director::decide`, of a connection",
            constant(
                "1 expected; at most 256 groups of 14 places are looked at for a key, and 4 that \
                 are due end first",
            ),
            decide,
        ),
        Call::new(
            "`Director::decide_burst` of 32, of connections",
            constant("32 of them"),
            decide_burst,
        ),
        Call::new(
            "`Director::decide`, a new connection, and its end",
            logarithm("the same, a pick and a count; the end is one of a budget"),
            |size| begin(None, size),
        ),
        Call::new(
            "the same by a template",
            logarithm("the same, and what the template takes"),
            |size| begin(Some(Persistence::new(Family::V4, 300)), size),
        ),
        Call::new("`Director::find_conn`", constant("1 expected, 256 groups at most"), find),
        Call::new("`Director::find_conns` of 32", constant("32 of them"), find_burst),
        Call::new("`Director::conn`", constant("1"), conn),
        Call::new(
            "`Director::next_deadline`, `handle_timeout`, nothing due",
            constant("9 levels of timers; when due, the budget"),
            director_time,
        ),
        Call::new(
            "`Checker`: a check begins and passes",
            logarithm("log of the checks; where quorum changes, *n*"),
            check,
        ),
        Call::new("`Neighbors::resolve`, a known address", constant("1 expected"), resolve),
        Call::new(
            "`Neighbors::next_deadline`, `handle_timeout`, nothing due",
            constant("1; then log of the addresses for each that is due"),
            neighbors_time,
        ),
        Call::new("`Engine::handle_advert`", logarithm("1 expected, and log *r*"), |size| {
            adverts(size.routers)
        }),
        Call::new(
            "`Engine::handle_timeout`, `poll_action`, `encode`",
            logarithm("log *r*, and one for each of the budget"),
            |size| timeouts(size.routers),
        ),
        Call::new(
            "`parse_with_layout`, `forward` by NAT",
            constant("the octets of the headers"),
            |_| rewritten(),
        ),
        Call::new("`vrrp::decode`", Takes { words: "the octets", growth: 20.0 }, |size| {
            decoder(size.addresses)
        }),
        Call::new(
            "`vrrp::encode`",
            Takes {
                words: "each address is compared with each, once for as long as a sender keeps \
                        what it encoded",
                growth: 400.0,
            },
            |size| encoder(size.addresses),
        ),
    ]
}

/// A pick, and two counts: a connection is opened and closed.
#[must_use]
pub fn scheduler_calls(kind: SchedulerKind) -> [Call; 2] {
    let [picks, counts] = scheduler_takes(kind);
    [
        Call::new(kind.name(), picks, move |size| pick(kind, size)),
        Call::new(kind.name(), counts, move |size| count(kind, size)),
    ]
}

fn scheduler_takes(kind: SchedulerKind) -> [Takes; 2] {
    match kind {
        Rr | Wrr => [logarithm("log *n*"), constant("1; log *n* where the overload flag turns")],
        Lc | Wlc | Sed | Nq => [
            constant("1; *n* of at most 16; *n* while a load is beyond 2³¹"),
            logarithm("log *n*; 1 of at most 16"),
        ],
        Fo => [constant("1; *n* of at most 16"), constant("1")],
        Ovf => [constant("1; *n* of at most 12"), logarithm("log *n*; 1 of at most 12")],
        Lblc => {
            [constant("1 expected; of an address that is new, as `wlc`"), logarithm("as `wlc`")]
        }
        Lblcr => [
            constant("the destinations that the address has, twice; else as `lblc`"),
            logarithm("as `wlc`"),
        ],
        Dh => [constant("1"), constant("1")],
        Sh => [constant("1; `sh-fallback`: 256 slots"), constant("1")],
        Mh => [
            constant("1; `mh-fallback`: the slots of the table, while somebody is available"),
            constant("1"),
        ],
        Twos => [
            logarithm("log *n*; *n* while the weights are beyond 2³¹ together"),
            constant("1; log *n* where the overload flag turns"),
        ],
    }
}

const NOW: Instant = Instant::EPOCH;

fn dests(size: Size) -> impl Iterator<Item = DestConfig> {
    let dest = |place| DestConfig::new(Setting::address(place), 80);
    (0..size.dests).map(move |place| DestConfig { weight: place * 7 % 100 + 1, ..dest(place) })
}

/// Later packets of clients, one after the other.
fn client(number: u32, flags: TcpFlags) -> Flow {
    let source = Ipv4Addr::from_bits(number.wrapping_mul(0x9e37_79b9));
    Flow::tcp(AddressPair::V4 { source, destination: VIRTUAL_ADDRESS }, 40_000, 80, flags)
}

fn pool(scheduler: SchedulerKind, size: Size) -> (Pool, Vec<DestId>) {
    let config = PoolConfig { scheduler, connections: size.conns, ..PoolConfig::default() };
    let mut pool = Pool::new(NOW, config).expect("memory for a pool");
    let ids = dests(size).map(|dest| pool.add_dest(NOW, dest).expect("a new destination"));
    let ids = { ids }.collect();
    (pool, ids)
}

/// Does the same thing again and again.
fn again(mut turn: impl FnMut() + 'static) -> Candidate<'static> {
    Box::new(move |times| (0..times).for_each(|_| turn()))
}

/// The same with one after the other.
fn one_by_one<T: 'static>(all: Vec<T>, mut turn: impl FnMut(&T) + 'static) -> Candidate<'static> {
    let mut next = 0;
    again(move || {
        turn(&all[next]);
        next = if next + 1 < all.len() { next + 1 } else { 0 };
    })
}

/// Always for the same client.
fn pick(scheduler: SchedulerKind, size: Size) -> Candidate<'static> {
    let (mut pool, _) = pool(scheduler, size);
    let flow = client(1, TcpFlags::SYN);
    again(move || {
        black_box(pool.pick(NOW, black_box(&flow)));
    })
}

fn pick_burst(size: Size) -> Candidate<'static> {
    let (mut pool, _) = pool(Wlc, size);
    let flows: [_; 32] = std::array::from_fn(|number| client(number as u32, TcpFlags::SYN));
    let mut picks = [None; 32];
    again(move || assert_eq!(pool.pick_burst(NOW, &flows, black_box(&mut picks)), 32))
}

/// A connection to one destination after the other.
fn count(scheduler: SchedulerKind, size: Size) -> Candidate<'static> {
    let (mut pool, dests) = pool(scheduler, size);
    one_by_one(dests, move |&dest| {
        pool.conn_opened(dest, true).expect("a destination");
        pool.conn_closed(dest, true).expect("a connection");
    })
}

fn open(size: Size) -> Candidate<'static> {
    let (mut pool, dests) = pool(Wlc, size);
    one_by_one(dests, move |&dest| {
        let conn = pool.open(dest).expect("room");
        pool.activate(conn).expect("a connection");
        pool.deactivate(conn).expect("a connection");
        pool.close(conn).expect("a connection");
    })
}

fn lease(size: Size) -> Candidate<'static> {
    let mut pool = LeasePool::new(pool(Wlc, size).0).expect("memory for leases");
    let flow = client(1, TcpFlags::SYN);
    again(move || drop(black_box(pool.lease(NOW, &flow).expect("room"))))
}

fn pool_time(size: Size) -> Candidate<'static> {
    let (mut pool, _) = pool(Lblc, size);
    again(move || {
        black_box(pool.next_deadline());
        pool.handle_timeout(NOW);
    })
}

fn director(key: ServiceKey, persistence: Option<Persistence>, size: Size) -> Director {
    let timeouts = Timeouts { udp_secs: 1, ..Timeouts::default() };
    let connections = 4 * size.conns;
    let config = DirectorConfig { connections, timeouts, ..DirectorConfig::default() };
    let mut director = Director::new(config).expect("memory for a director");
    let service = ServiceConfig { persistence, ..ServiceConfig::new(key) };
    director.add_service(NOW, service).expect("a new service");
    for dest in dests(size) {
        director.add_dest(NOW, &key, dest).expect("a new destination");
    }
    director
}

/// With connections that are established.
fn busy_director(size: Size) -> Director {
    let mut director = director(ServiceKey::tcp(VIRTUAL_ADDRESS.into(), 80), None, size);
    for flags in [TcpFlags::SYN, TcpFlags::ACK] {
        for number in 0..size.conns {
            let verdict = director.decide(NOW, &client(number, flags));
            assert!(matches!(verdict, Verdict::Forward(_)));
        }
    }
    director
}

/// Packets of all of them, so many at a time.
fn bursts<const LENGTH: usize>(size: Size) -> Vec<[Flow; LENGTH]> {
    let burst = |first| std::array::from_fn(|at| client(first + at as u32, TcpFlags::ACK));
    (0..size.conns - LENGTH as u32).map(burst).collect()
}

fn decide(size: Size) -> Candidate<'static> {
    let mut director = busy_director(size);
    one_by_one(bursts(size), move |[flow]| {
        let _ = black_box(director.decide(NOW, flow));
    })
}

fn decide_burst(size: Size) -> Candidate<'static> {
    let mut director = busy_director(size);
    let mut verdicts = [Verdict::Pass; 32];
    one_by_one(bursts::<32>(size), move |flows| {
        director.decide_burst(NOW, flows, black_box(&mut verdicts));
    })
}

/// Of datagrams, one connection each, as many as end: they live for a second.
fn begin(persistence: Option<Persistence>, size: Size) -> Candidate<'static> {
    let mut director = director(ServiceKey::udp(VIRTUAL_ADDRESS.into(), 53), persistence, size);
    let pause = Duration::from_secs(1) / size.conns;
    let (mut now, mut number) = (NOW, 0_u32);
    let mut begin = again(move || {
        (now, number) = (now + pause, number.wrapping_add(1));
        // Each client has a thousand ports; there are four times as many as live.
        let source = Ipv4Addr::from_bits(0xc633_6400 + number / 1000 % (size.conns / 250));
        let port = 1024 + (number % 1000) as u16;
        let addresses = AddressPair::V4 { source, destination: VIRTUAL_ADDRESS };
        let verdict = director.decide(now, &Flow::udp(addresses, port, 53));
        assert!(matches!(verdict, Verdict::Forward(_)), "{verdict:?}");
        director.handle_timeout(now, usize::MAX);
    });
    begin(4 * u64::from(size.conns));
    begin
}

fn find(size: Size) -> Candidate<'static> {
    let director = busy_director(size);
    one_by_one(bursts(size), move |[flow]| {
        assert!(black_box(director.find_conn(NOW, flow)).is_some());
    })
}

fn find_burst(size: Size) -> Candidate<'static> {
    let director = busy_director(size);
    let mut found = [None; Lookup::MOST];
    one_by_one(bursts::<32>(size), move |flows| {
        director.find_conns(NOW, flows, black_box(&mut found));
        assert!(found[0].is_some());
    })
}

fn conn(size: Size) -> Candidate<'static> {
    let director = busy_director(size);
    let flows = bursts(size).into_iter();
    let ids = flows.map(|[flow]| director.find_conn(NOW, &flow).expect("a connection"));
    one_by_one({ ids }.collect(), move |id| {
        black_box(director.conn(black_box(*id)));
    })
}

fn director_time(size: Size) -> Candidate<'static> {
    let mut director = busy_director(size);
    again(move || {
        black_box(director.next_deadline());
        director.handle_timeout(NOW, usize::MAX);
    })
}

fn check(size: Size) -> Candidate<'static> {
    let key = ServiceKey::tcp(VIRTUAL_ADDRESS.into(), 80);
    let config = CheckerConfig { checks: size.dests, ..CheckerConfig::default() };
    let mut checker = Checker::new(config).expect("memory for checks");
    checker.add_service(NOW, VirtualServer::new(key)).expect("a new service");
    for dest in dests(size) {
        let checks = vec![CheckConfig::new(CheckKind::TcpCheck)];
        let server = RealServer { dest, inhibit_on_failure: false, checks };
        checker.add_dest(NOW, &key, server).expect("a new server");
    }
    let mut check = again(move || {
        let now = checker.next_deadline().expect("checks go on");
        checker.handle_timeout(now);
        while let Some(action) = checker.poll_action() {
            if let Action::Start { attempt, .. } = action {
                checker.handle_outcome(now, attempt, Outcome::Connected);
            }
        }
    });
    check(4 * u64::from(size.dests));
    check
}

/// As many neighbors as destinations, all of them known.
fn neighbors(size: Size) -> (Neighbors, Vec<IpAddr>) {
    let config = NeighborsConfig { capacity: size.dests, ..NeighborsConfig::default() };
    let mut neighbors = Neighbors::new(config).expect("memory for addresses");
    let [sender_mac, target_mac] = [11, 1].map(|last| MacAddr::new([2, 0, 0, 0, 0, last]));
    let target_ip = Ipv4Addr::new(192, 0, 2, 1);
    for dest in dests(size) {
        neighbors.resolve(NOW, dest.address);
        while neighbors.poll_action().is_some() {}
        let IpAddr::V4(sender_ip) = dest.address else { continue };
        let operation = Operation::Reply;
        let reply = Packet { operation, sender_mac, sender_ip, target_mac, target_ip };
        neighbors.handle_arp(NOW, &reply);
        while neighbors.poll_action().is_some() {}
    }
    (neighbors, dests(size).map(|dest| dest.address).collect())
}

fn resolve(size: Size) -> Candidate<'static> {
    let (mut neighbors, addresses) = neighbors(size);
    one_by_one(addresses, move |address| {
        black_box(neighbors.resolve(NOW, black_box(*address)));
    })
}

fn neighbors_time(size: Size) -> Candidate<'static> {
    let (mut neighbors, _) = neighbors(size);
    again(move || {
        black_box(neighbors.next_deadline());
        neighbors.handle_timeout(NOW);
    })
}
