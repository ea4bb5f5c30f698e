//! One turn of each call, again and again.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use lvs_proto::sync::Message;
use lvs_proto::wire::arp::{Operation, Packet};
use lvs_proto::{AddressPair, Decide, Flow, Instant, MacAddr, TcpFlags, Verdict};
use lvs_sched::SchedulerKind::{self, Lblc, Wlc};
use lvs_sched::health::{Action, CheckConfig, CheckKind, Checker, CheckerConfig, Outcome};
use lvs_sched::health::{RealServer, VirtualServer};
use lvs_sched::neighbors::{Neighbors, NeighborsConfig};
use lvs_sched::{DestConfig, DestId, Director, DirectorConfig, LeasePool, Lookup};
use lvs_sched::{Persistence, Pool, PoolConfig, ServiceConfig, ServiceKey, Timeouts};
use lvs_sched::{SyncOutbox, SyncOutboxConfig, SyncPolicy, SyncReceived, SyncThreshold};

use super::Size;
use crate::measure::Candidate;
use crate::setting::{Setting, VIRTUAL_ADDRESS};

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
    let add = |dest| pool.add_dest(NOW, dest).expect("a new destination");
    let ids = dests(size).map(add).collect();
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
pub(super) fn pick(scheduler: SchedulerKind, size: Size) -> Candidate<'static> {
    let (mut pool, _) = pool(scheduler, size);
    let flow = client(1, TcpFlags::SYN);
    again(move || {
        black_box(pool.pick(NOW, black_box(&flow)));
    })
}

pub(super) fn pick_burst(size: Size) -> Candidate<'static> {
    let (mut pool, _) = pool(Wlc, size);
    let flows: [_; 32] = std::array::from_fn(|number| client(number as u32, TcpFlags::SYN));
    let mut picks = [None; 32];
    again(move || assert_eq!(pool.pick_burst(NOW, &flows, black_box(&mut picks)), 32))
}

/// A connection to one destination after the other.
pub(super) fn count(scheduler: SchedulerKind, size: Size) -> Candidate<'static> {
    let (mut pool, dests) = pool(scheduler, size);
    one_by_one(dests, move |&dest| {
        pool.conn_opened(dest, true).expect("a destination");
        pool.conn_closed(dest, true).expect("a connection");
    })
}

pub(super) fn open(size: Size) -> Candidate<'static> {
    let (mut pool, dests) = pool(Wlc, size);
    one_by_one(dests, move |&dest| {
        let conn = pool.open(dest).expect("room");
        pool.activate(conn).expect("a connection");
        pool.deactivate(conn).expect("a connection");
        pool.close(conn).expect("a connection");
    })
}

pub(super) fn lease(size: Size) -> Candidate<'static> {
    let mut pool = LeasePool::new(pool(Wlc, size).0).expect("memory for leases");
    let flow = client(1, TcpFlags::SYN);
    again(move || drop(black_box(pool.lease(NOW, &flow).expect("room"))))
}

pub(super) fn pool_time(size: Size) -> Candidate<'static> {
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

pub(super) fn decide(size: Size) -> Candidate<'static> {
    let mut director = busy_director(size);
    one_by_one(bursts(size), move |[flow]| {
        let _ = black_box(director.decide(NOW, flow));
    })
}

pub(super) fn decide_burst(size: Size) -> Candidate<'static> {
    let mut director = busy_director(size);
    let mut verdicts = [Verdict::Pass; 32];
    one_by_one(bursts::<32>(size), move |flows| {
        director.decide_burst(NOW, flows, black_box(&mut verdicts));
    })
}

/// Of datagrams, one connection each, as many as end: they live for a second.
pub(super) fn begin(persistence: Option<Persistence>, size: Size) -> Candidate<'static> {
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

pub(super) fn find(size: Size) -> Candidate<'static> {
    let director = busy_director(size);
    one_by_one(bursts(size), move |[flow]| {
        assert!(black_box(director.find_conn(NOW, flow)).is_some());
    })
}

pub(super) fn find_burst(size: Size) -> Candidate<'static> {
    let director = busy_director(size);
    let mut found = [None; Lookup::MOST];
    one_by_one(bursts::<32>(size), move |flows| {
        director.find_conns(NOW, flows, black_box(&mut found));
        assert!(found[0].is_some());
    })
}

pub(super) fn conn(size: Size) -> Candidate<'static> {
    let director = busy_director(size);
    let find = |[flow]: [Flow; 1]| director.find_conn(NOW, &flow).expect("a connection");
    let ids: Vec<_> = bursts(size).into_iter().map(find).collect();
    one_by_one(ids, move |id| {
        black_box(director.conn(black_box(*id)));
    })
}

pub(super) fn director_time(size: Size) -> Candidate<'static> {
    let mut director = busy_director(size);
    again(move || {
        black_box(director.next_deadline());
        director.handle_timeout(NOW, usize::MAX);
    })
}

/// A director that announces a connection at each of its packets, in a message of its own.
fn master(size: Size) -> Director {
    let mut director = busy_director(size);
    let threshold = SyncThreshold::new(0, 1).expect("0 is below 1");
    let config = SyncOutboxConfig { message_len: 44, ..SyncOutboxConfig::default() };
    let outbox = SyncOutbox::new(config).expect("memory for messages");
    let policy = SyncPolicy { threshold, ..SyncPolicy::default() };
    director.start_sync_master(policy, outbox).expect("memory for what was announced");
    director
}

pub(super) fn announce(size: Size) -> Candidate<'static> {
    let (mut director, flow) = (master(size), client(0, TcpFlags::ACK));
    let _first = director.decide(NOW, &flow);
    again(move || {
        let _next = director.decide(NOW, black_box(&flow));
        assert!(director.poll_sync_message().is_some());
    })
}

pub(super) fn receive(size: Size) -> Candidate<'static> {
    let (mut master, mut backup) = (master(size), busy_director(size));
    for number in 0..2 {
        let _announced = master.decide(NOW, &client(number, TcpFlags::ACK));
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

pub(super) fn check(size: Size) -> Candidate<'static> {
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

pub(super) fn resolve(size: Size) -> Candidate<'static> {
    let (mut neighbors, addresses) = neighbors(size);
    one_by_one(addresses, move |address| {
        black_box(neighbors.resolve(NOW, black_box(*address)));
    })
}

pub(super) fn neighbors_time(size: Size) -> Candidate<'static> {
    let (mut neighbors, _) = neighbors(size);
    again(move || {
        black_box(neighbors.next_deadline());
        neighbors.handle_timeout(NOW);
    })
}
