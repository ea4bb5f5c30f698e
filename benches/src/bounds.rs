//! Every call that packets and timers lead to, on something small.

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::time::Duration;

use lvs_proto::sync::Message;
use lvs_proto::wire::arp::{Operation, Packet};
use lvs_proto::{AddressPair, Decide, Family, Flow, Instant, MacAddr, TcpFlags, Verdict};
use lvs_sched::health::{Action, CheckConfig, CheckKind, Checker, CheckerConfig, Outcome};
use lvs_sched::health::{RealServer, VirtualServer};
use lvs_sched::neighbors::{Neighbors, NeighborsConfig};
use lvs_sched::{ConnId, DestConfig, DestId, Director, DirectorConfig, LeasePool, Lookup};
use lvs_sched::{
    Persistence, Pool, PoolConfig, SchedulerKind, ServiceConfig, ServiceKey, SyncOutbox,
    SyncOutboxConfig, SyncPolicy, SyncReceived, SyncThreshold, Timeouts,
};

use crate::frames::rewritten;
use crate::measure::Candidate;
use crate::setting::{Setting, VIRTUAL_ADDRESS};
use crate::vrrp::{adverts, decoder, encoder, timeouts};

/// A call, or a few that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// What is called, and on what.
    pub name: &'static str,
    /// Gets ready to call it so many times.
    pub make: fn() -> Candidate<'static>,
}

/// All of them, in the order of the documentation.
pub const CALLS: [Call; 27] = [
    call("`Pool::pick`, `wlc` of 16", || pick(SchedulerKind::Wlc)),
    call("`Pool::pick`, `lblc` of 16, a known address", || pick(SchedulerKind::Lblc)),
    call("`Pool::pick_burst` of 32, `wlc` of 16", pick_burst),
    call("`Pool::conn_opened`, `conn_closed`", count),
    call("`Pool::open`, `activate`, `deactivate`, `close`", open),
    call("`LeasePool::lease`, and its end", lease),
    call("`Pool::next_deadline`, `handle_timeout`, nothing due", pool_time),
    call("`Director::decide`, of a connection", || decide(1)),
    call("`Director::decide_burst` of 32, of connections", || decide(32)),
    call("`Director::decide`, a new connection, and its end", || begin(None)),
    call("the same by a template", || begin(Some(Persistence::new(Family::V4, 300)))),
    call("`Director::find_conn`", || find(1)),
    call("`Director::find_conns` of 32", || find(32)),
    call("`Director::conn`", conn),
    call("`Director::next_deadline`, `handle_timeout`, nothing due", director_time),
    call("`Director::decide` of what is announced, `poll_sync_message`", announce),
    call("`sync::Message::parse`, `Director::receive_sync_record`", receive),
    call("`Checker`: a check begins and passes", check),
    call("`Neighbors::resolve`, a known address", resolve),
    call("`Neighbors::next_deadline`, `handle_timeout`, nothing due", neighbors_time),
    call("`Engine::handle_advert`, of 10 routers", || adverts(10)),
    call("`Engine::handle_timeout`, `poll_action`, `encode`", || timeouts(10)),
    call("`parse_with_layout`, `forward` by NAT", rewritten),
    call("`vrrp::decode`, an address", || decoder(1)),
    call("`vrrp::decode`, 20 addresses", || decoder(20)),
    call("`vrrp::encode`, an address", || encoder(1)),
    call("`vrrp::encode`, 20 addresses", || encoder(20)),
];

const fn call(name: &'static str, make: fn() -> Candidate<'static>) -> Call {
    Call { name, make }
}

const DESTS: u32 = 16;
const CONNS: u32 = 1000;
const NOW: Instant = Instant::EPOCH;

fn dests() -> impl Iterator<Item = DestConfig> {
    let dest = |place| DestConfig::new(Setting::address(place), 80);
    (0..DESTS).map(move |place| DestConfig { weight: place * 7 % 100 + 1, ..dest(place) })
}

/// Later packets of clients, one after the other.
fn client(number: u32, flags: TcpFlags) -> Flow {
    let source = Ipv4Addr::from_bits(number.wrapping_mul(0x9e37_79b9));
    Flow::tcp(AddressPair::V4 { source, destination: VIRTUAL_ADDRESS }, 40_000, 80, flags)
}

fn pool(scheduler: SchedulerKind) -> (Pool, DestId) {
    let config = PoolConfig { scheduler, connections: CONNS, ..PoolConfig::default() };
    let mut pool = Pool::new(NOW, config).expect("memory for a pool");
    let ids = dests().map(|dest| pool.add_dest(NOW, dest).expect("a new destination"));
    let last = { ids }.last().expect("a destination");
    (pool, last)
}

/// Does the same thing again and again.
fn again(mut turn: impl FnMut() + 'static) -> Candidate<'static> {
    Box::new(move |times| (0..times).for_each(|_| turn()))
}

fn pick(scheduler: SchedulerKind) -> Candidate<'static> {
    let (mut pool, _) = pool(scheduler);
    let flow = client(1, TcpFlags::SYN);
    again(move || {
        black_box(pool.pick(NOW, black_box(&flow)));
    })
}

fn pick_burst() -> Candidate<'static> {
    let (mut pool, _) = pool(SchedulerKind::Wlc);
    let flows: [_; 32] = std::array::from_fn(|number| client(number as u32, TcpFlags::SYN));
    let mut picks = [None; 32];
    again(move || assert_eq!(pool.pick_burst(NOW, &flows, black_box(&mut picks)), 32))
}

fn count() -> Candidate<'static> {
    let (mut pool, dest) = pool(SchedulerKind::Wlc);
    again(move || {
        pool.conn_opened(dest, true).expect("a destination");
        pool.conn_closed(dest, true).expect("a connection");
    })
}

fn open() -> Candidate<'static> {
    let (mut pool, dest) = pool(SchedulerKind::Wlc);
    again(move || {
        let conn = pool.open(dest).expect("room");
        pool.activate(conn).expect("a connection");
        pool.deactivate(conn).expect("a connection");
        pool.close(conn).expect("a connection");
    })
}

fn lease() -> Candidate<'static> {
    let mut pool = LeasePool::new(pool(SchedulerKind::Wlc).0).expect("memory for leases");
    let flow = client(1, TcpFlags::SYN);
    again(move || drop(black_box(pool.lease(NOW, &flow).expect("room"))))
}

fn pool_time() -> Candidate<'static> {
    let (mut pool, _) = pool(SchedulerKind::Lblc);
    again(move || {
        black_box(pool.next_deadline());
        pool.handle_timeout(NOW);
    })
}

fn director(key: ServiceKey, persistence: Option<Persistence>) -> Director {
    let timeouts = Timeouts { udp_secs: 1, ..Timeouts::default() };
    let connections = 4 * CONNS;
    let config = DirectorConfig { connections, timeouts, ..DirectorConfig::default() };
    let mut director = Director::new(config).expect("memory for a director");
    let service = ServiceConfig { persistence, ..ServiceConfig::new(key) };
    director.add_service(NOW, service).expect("a new service");
    for dest in dests() {
        director.add_dest(NOW, &key, dest).expect("a new destination");
    }
    director
}

/// With connections that are established.
fn busy_director() -> Director {
    let mut director = director(ServiceKey::tcp(VIRTUAL_ADDRESS.into(), 80), None);
    for flags in [TcpFlags::SYN, TcpFlags::ACK] {
        for number in 0..CONNS {
            let verdict = director.decide(NOW, &client(number, flags));
            assert!(matches!(verdict, Verdict::Forward(_)));
        }
    }
    director
}

/// Packets of some of them.
fn packets(count: u32) -> Vec<Flow> {
    (0..count).map(|number| client(number * 31, TcpFlags::ACK)).collect()
}

fn decide(count: u32) -> Candidate<'static> {
    let (mut director, flows) = (busy_director(), packets(count));
    let mut verdicts = vec![director.decide(NOW, &flows[0]); flows.len()];
    again(move || {
        if let [flow] = &flows[..] {
            verdicts[0] = director.decide(NOW, black_box(flow));
        } else {
            director.decide_burst(NOW, &flows, black_box(&mut verdicts));
        }
    })
}

/// Of datagrams, one connection each, a thousand a second, as many as end.
fn begin(persistence: Option<Persistence>) -> Candidate<'static> {
    let mut director = director(ServiceKey::udp(VIRTUAL_ADDRESS.into(), 53), persistence);
    let (mut now, mut port) = (NOW, 0_u16);
    let source = Ipv4Addr::new(198, 51, 100, 7);
    let addresses = AddressPair::V4 { source, destination: VIRTUAL_ADDRESS };
    let mut begin = again(move || {
        (now, port) = (now + Duration::from_millis(1), port.wrapping_add(1).max(1024));
        let verdict = director.decide(now, &Flow::udp(addresses, port, 53));
        assert!(matches!(verdict, Verdict::Forward(_)), "{verdict:?}");
        director.handle_timeout(now, usize::MAX);
    });
    begin(4 * u64::from(CONNS));
    begin
}

fn find(count: u32) -> Candidate<'static> {
    let (director, flows) = (busy_director(), packets(count));
    let mut found = [None; Lookup::MOST];
    again(move || {
        if let [flow] = &flows[..] {
            found[0] = director.find_conn(NOW, black_box(flow));
        } else {
            director.find_conns(NOW, &flows, black_box(&mut found));
        }
        assert!(found[0].is_some());
    })
}

fn conn() -> Candidate<'static> {
    let director = busy_director();
    let id: ConnId = director.find_conn(NOW, &packets(1)[0]).expect("a connection");
    again(move || {
        black_box(director.conn(black_box(id)));
    })
}

fn director_time() -> Candidate<'static> {
    let mut director = busy_director();
    again(move || {
        black_box(director.next_deadline());
        director.handle_timeout(NOW, usize::MAX);
    })
}

/// A director that announces a connection at each of its packets, in a message of its own.
fn master() -> Director {
    let mut director = busy_director();
    let threshold = SyncThreshold::new(0, 1).expect("0 is below 1");
    let config = SyncOutboxConfig { message_len: 44, ..SyncOutboxConfig::default() };
    let outbox = SyncOutbox::new(config).expect("memory for messages");
    let policy = SyncPolicy { threshold, ..SyncPolicy::default() };
    director.start_sync_master(policy, outbox).expect("memory for what was announced");
    director
}

fn announce() -> Candidate<'static> {
    let (mut director, flow) = (master(), packets(1)[0]);
    let _first = director.decide(NOW, &flow);
    again(move || {
        let _next = director.decide(NOW, black_box(&flow));
        assert!(director.poll_sync_message().is_some());
    })
}

fn receive() -> Candidate<'static> {
    let (mut master, mut backup) = (master(), busy_director());
    for flow in packets(2) {
        let _announced = master.decide(NOW, &flow);
    }
    let message = master.poll_sync_message().expect("what was announced").octets().to_vec();
    let policy = SyncPolicy::default();
    again(move || {
        let message = Message::parse(black_box(&message)).expect("a message");
        for record in message.records().flatten() {
            let received = backup.receive_sync_record(NOW, &policy, &record);
            assert_eq!(received, SyncReceived::Updated);
        }
    })
}

fn check() -> Candidate<'static> {
    let key = ServiceKey::tcp(VIRTUAL_ADDRESS.into(), 80);
    let mut checker = Checker::new(CheckerConfig::default()).expect("memory for checks");
    checker.add_service(NOW, VirtualServer::new(key)).expect("a new service");
    for dest in dests() {
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
    check(4 * u64::from(DESTS));
    check
}

fn neighbors() -> (Neighbors, Ipv4Addr) {
    let mut neighbors = Neighbors::new(NeighborsConfig::default()).expect("memory for addresses");
    let (sender_ip, target_ip) = (Ipv4Addr::new(192, 0, 2, 11), Ipv4Addr::new(192, 0, 2, 1));
    neighbors.resolve(NOW, sender_ip.into());
    let mac = |last| MacAddr::new([2, 0, 0, 0, 0, last]);
    let (sender_mac, target_mac) = (mac(11), mac(1));
    let operation = Operation::Reply;
    let reply = Packet { operation, sender_mac, sender_ip, target_mac, target_ip };
    neighbors.handle_arp(NOW, &reply);
    while neighbors.poll_action().is_some() {}
    (neighbors, sender_ip)
}

fn resolve() -> Candidate<'static> {
    let (mut neighbors, address) = neighbors();
    again(move || {
        black_box(neighbors.resolve(NOW, black_box(address.into())));
    })
}

fn neighbors_time() -> Candidate<'static> {
    let (mut neighbors, _) = neighbors();
    again(move || {
        black_box(neighbors.next_deadline());
        neighbors.handle_timeout(NOW);
    })
}
