//! What an administrator may choose: policies, defences, timeouts; and the rarer packets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::num::NonZeroU32;

use common::{ACK, FIN, RST, SYN, counts, director, hop, ip, secs, tcp, udp};
use lvs_proto::{
    AddressPair, CallId, Decide, DropReason, Embedded, Family, Flow, Hook, Hop, Method, Origin,
    Protocol,
};
use lvs_proto::{Reject, SctpChunk, TcpFlags, Transport, Verdict};
use lvs_sched::{Defence, Defences, DestConfig, Director, DirectorConfig, Persistence};
use lvs_sched::{PersistenceEngine, Policy, Profile, ServiceConfig, ServiceKey, State, TcpState};
use lvs_sched::{TimeoutError, Timeouts, Timers};

const VIP: &str = "10.0.0.1";
const RS: &str = "10.2.0.1";
const CLIENT: &str = "192.0.2.7";
const UNREACHABLE: Verdict = Verdict::Reject(Reject::PortUnreachable);

fn web(method: &str) -> Director {
    let dest = std::format!("-a -t 10.0.0.1:80 -r 10.2.0.1 {method}");
    director(Profile::Classic, &["-A -t 10.0.0.1:80 -s rr", &dest])
}

fn client(port: u16, flags: TcpFlags) -> Flow {
    tcp(CLIENT, port, VIP, 80, flags)
}

fn sctp(chunk: Option<SctpChunk>) -> Flow {
    let addresses = AddressPair::new(ip(CLIENT), ip(VIP)).unwrap();
    Flow::new(addresses, Transport::Sctp { source_port: 4000, destination_port: 7, chunk })
}

/// An ICMP error from `from` to `to` about a TCP packet from `source` to `destination`.
fn error(from: &str, to: &str, source: (&str, u16), destination: (&str, u16)) -> Flow {
    let pair = |one: &str, other: &str| AddressPair::new(ip(one), ip(other)).unwrap();
    Flow::new(pair(from, to), Transport::Other(Protocol::ICMP)).about(Embedded {
        addresses: pair(source.0, destination.0),
        protocol: Protocol::TCP,
        ports: Some((source.1, destination.1)),
    })
}

#[test]
fn svc_10_sloppy() {
    for sloppy in [false, true] {
        let mut director = web("-g");
        director.set_policy(Policy { sloppy_tcp: sloppy, ..Policy::default() });
        assert_eq!(hop(&mut director, secs(0), &client(1, ACK)).is_some(), sloppy);
        assert_eq!(director.decide(secs(0), &client(2, RST)), Verdict::Pass);
    }
    let mut director = Director::new(DirectorConfig::default()).unwrap();
    let (protocol, address, port) = (Protocol::SCTP, ip(VIP), 7);
    let key = ServiceKey::Address { protocol, address, port };
    director.add_service(secs(0), ServiceConfig::new(key)).unwrap();
    director.add_dest(secs(0), &key, DestConfig::new(ip(RS), 7)).unwrap();
    let unreadable = Verdict::Drop(DropReason::HeaderUnreadable);
    assert_eq!(director.decide(secs(0), &sctp(None)), unreadable);
    assert_eq!(director.decide(secs(0), &sctp(Some(SctpChunk::Data))), Verdict::Pass);
    assert!(hop(&mut director, secs(0), &sctp(Some(SctpChunk::Init))).is_some());
    assert!(hop(&mut director, secs(0), &sctp(None)).is_some(), "DIR-5");
}

/// A service's own policy, beside one that has none.
#[test]
fn policies_of_services() {
    let mut director = Director::new(DirectorConfig::default()).unwrap();
    for (port, policy) in [(80, None), (81, Some(Policy { sloppy_tcp: true, ..Policy::DEFAULT }))] {
        let key = ServiceKey::tcp(ip(VIP), port);
        director.add_service(secs(0), ServiceConfig { policy, ..ServiceConfig::new(key) }).unwrap();
        director.add_dest(secs(0), &key, DestConfig::new(ip(RS), port)).unwrap();
        let ack = tcp(CLIENT, 4000, VIP, port, ACK);
        assert_eq!(hop(&mut director, secs(0), &ack).is_some(), policy.is_some());
    }
}

#[test]
fn reuse_2_a_quiesced_server_is_left() {
    let rules = ["-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.2.0.1"];
    for expire_nodest_conn in [false, true] {
        let mut director = director(Profile::Classic, &rules);
        let policy = Policy { expire_nodest_conn, conn_reuse_mode: 0, ..Policy::default() };
        director.set_policy(policy);
        assert!(hop(&mut director, secs(0), &client(1, SYN)).is_some());
        common::apply(&mut director, secs(0), "-e -t 10.0.0.1:80 -r 10.2.0.1 -w 0");
        let expected = if expire_nodest_conn { UNREACHABLE } else { forward() };
        assert_eq!(director.decide(secs(1), &client(1, SYN)), expected);
    }
}

fn forward() -> Verdict {
    let address = ip(RS);
    Verdict::Forward(Hop::new(Method::DirectRoute, address, 80))
}

#[test]
fn reuse_3_mode_2_counts_fin_wait_where_replies_are_not_seen() {
    for (mode, method, anew) in
        [(1, "-g", false), (2, "-g", true), (3, "-i", true), (3, "-m", false)]
    {
        let mut director = web(method);
        director.set_policy(Policy { conn_reuse_mode: mode, ..Policy::default() });
        for flags in [SYN, ACK, FIN, SYN] {
            assert!(hop(&mut director, secs(0), &client(1, flags)).is_some());
        }
        let conns = common::dest(&director, &ServiceKey::tcp(ip(VIP), 80), RS).statistics().conns;
        assert_eq!(conns, if anew { 2 } else { 1 }, "mode {mode}, {method}");
    }
}

#[test]
fn nod_3_the_sweep() {
    let mut director = web("-g");
    director.set_policy(Policy { expire_nodest_conn: true, ..Policy::default() });
    for port in 1..=5 {
        assert!(hop(&mut director, secs(0), &client(port, SYN)).is_some());
    }
    common::apply(&mut director, secs(1), "-d -t 10.0.0.1:80 -r 10.2.0.1");
    assert_eq!(director.next_deadline(), Some(secs(1)));
    director.handle_timeout(secs(1), 3);
    assert_eq!(director.conns().count(), 2, "within the budget");
    director.handle_timeout(secs(1), 10_000);
    assert_eq!(director.conns().count(), 0);
    assert_eq!(director.next_deadline(), Some(secs(61)), "the trash is left");
}

/// [DST-7] Of a service that is deleted, the destinations are, too.
#[test]
fn dst_7_svc_7_the_sweep_after_a_service() {
    let delete: [fn(&mut Director); 2] = [
        |director| common::apply(director, secs(1), "-D -t 10.0.0.1:80"),
        |director| director.clear(secs(1)),
    ];
    for (delete, expire_nodest_conn) in
        delete.into_iter().flat_map(|delete| [(delete, false), (delete, true)])
    {
        let mut director = web("-g");
        director.set_policy(Policy { expire_nodest_conn, ..Policy::default() });
        assert!(hop(&mut director, secs(0), &client(1, SYN)).is_some());
        delete(&mut director);
        director.handle_timeout(secs(1), 10);
        assert_eq!(director.conns().count(), usize::from(!expire_nodest_conn));
    }
}

#[test]
fn nat_6_replies_and_nat_8_strays_and_dir_2() {
    let service = ServiceKey::tcp(ip(VIP), 80);
    let mut director = web("-m");
    assert!(hop(&mut director, secs(0), &client(1, SYN)).is_some());
    let reply = tcp(RS, 80, CLIENT, 1, TcpFlags::SYN.with(ACK)).at(Hook::Forward).with_length(60);
    let Verdict::Reply(origin) = director.decide(secs(1), &reply) else { panic!("no reply") };
    assert_eq!((origin.method, origin.address, origin.port), (Method::Nat, ip(VIP), 80));
    let statistics = director.service(&service).unwrap().statistics();
    assert_eq!((statistics.out_packets, statistics.out_octets), (1, 60));
    let stray = tcp(RS, 80, CLIENT, 2, ACK).at(Hook::Forward);
    assert_eq!(director.decide(secs(1), &stray), Verdict::Pass);
    // NAT-8
    director.set_policy(Policy { nat_icmp_send: true, ..Policy::default() });
    assert_eq!(director.decide(secs(1), &stray), UNREACHABLE);
    let reset = tcp(RS, 80, CLIENT, 2, RST).at(Hook::Forward);
    assert_eq!(director.decide(secs(1), &reset), Verdict::Pass);
    common::apply(&mut director, secs(1), "-e -t 10.0.0.1:80 -r 10.2.0.1 -g");
    assert_eq!(director.decide(secs(1), &stray), Verdict::Pass);
    // NOD-4: the server may be gone.
    common::apply(&mut director, secs(1), "-d -t 10.0.0.1:80 -r 10.2.0.1");
    assert!(matches!(director.decide(secs(2), &reply), Verdict::Reply(_)));
}

#[test]
fn in_1_a_backup_lets_requests_pass_and_sees_to_replies() {
    let mut director = web("-m");
    assert!(hop(&mut director, secs(0), &client(1, SYN)).is_some());
    director.set_policy(Policy { backup_only: true, ..Policy::default() });
    assert_eq!(director.decide(secs(1), &client(1, ACK)), Verdict::Pass);
    assert_eq!(director.decide(secs(1), &client(2, SYN)), Verdict::Pass);
    let reply = tcp(RS, 80, CLIENT, 1, TcpFlags::SYN.with(ACK)).at(Hook::Forward);
    assert!(matches!(director.decide(secs(1), &reply), Verdict::Reply(_)));
    director.set_policy(Policy::default());
    assert!(hop(&mut director, secs(2), &client(1, ACK)).is_some());
}

#[test]
fn con_5_ipsec_rides_along() {
    let mut director =
        director(Profile::Classic, &["-A -u 10.0.0.1:500", "-a -u 10.0.0.1:500 -r 10.2.0.1"]);
    let addresses = AddressPair::new(ip(CLIENT), ip(VIP)).unwrap();
    for protocol in [Protocol(50), Protocol(51)] {
        let packet = Flow::new(addresses, Transport::Other(protocol));
        assert_eq!(director.decide(secs(0), &packet), Verdict::Pass);
    }
    assert!(hop(&mut director, secs(0), &udp(CLIENT, 500, VIP, 500)).is_some());
    let packet = Flow::new(addresses, Transport::Other(Protocol(50)));
    assert!(hop(&mut director, secs(200), &packet).is_some());
    assert_eq!(director.next_deadline(), Some(secs(500)), "TMO-3");
}

#[test]
fn icmp_3_to_icmp_6_and_icmp_8() {
    for profile in common::PROFILES {
        let rules = ["-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.2.0.1:8080 -m"];
        let mut director = director(profile, &rules);
        let of_client = error("203.0.113.1", VIP, (VIP, 80), (CLIENT, 1));
        assert_eq!(director.decide(secs(0), &of_client), Verdict::Pass);
        assert!(hop(&mut director, secs(0), &client(1, SYN)).is_some());
        assert_eq!(hop(&mut director, secs(9), &of_client).as_deref(), Some("10.2.0.1:8080"));
        let of_server = error(RS, CLIENT, (CLIENT, 1), (RS, 8080)).at(Hook::Forward);
        assert!(matches!(director.decide(secs(9), &of_server), Verdict::Reply(_)));
        assert_eq!(director.next_deadline(), Some(secs(60)), "ICMP-8");
        let deeper = Embedded { protocol: Protocol::ICMP, ..of_client.embedded.unwrap() };
        assert_eq!(director.decide(secs(9), &of_client.about(deeper)), Verdict::Pass);
        // CON-7: what an error opens lives for 3 s.
        director.set_policy(Policy { schedule_icmp: true, ..Policy::default() });
        let other = error("203.0.113.1", VIP, (VIP, 80), (CLIENT, 2));
        assert!(hop(&mut director, secs(9), &other).is_some());
        assert_eq!(director.next_deadline(), Some(secs(12)));
        let mut states = director.conns().map(|conn| conn.state());
        assert!(states.any(|state| state == State::Tcp(TcpState::None)));
    }
}

#[test]
fn svc_11_local_servers() {
    let mut director = web("-m");
    let here = client(1, SYN);
    assert!(hop(&mut director, secs(0), &here).is_some());
    // This host's own packet to the client is a reply; to another service's client it is not.
    common::apply(&mut director, secs(0), "-A -t 192.0.2.7:1 -s rr");
    common::apply(&mut director, secs(0), "-a -t 192.0.2.7:1 -r 10.2.0.9");
    let back = tcp(VIP, 80, CLIENT, 1, SYN).at(Hook::LocalOut);
    assert_eq!(director.decide(secs(0), &back), Verdict::Pass);
    let anew = tcp(VIP, 81, CLIENT, 1, SYN).at(Hook::LocalOut);
    assert!(hop(&mut director, secs(0), &anew).is_some());
}

#[test]
fn tmo_2_timeouts_apply_from_the_next_packet_on() {
    let mut director = web("-g");
    for flags in [SYN, ACK] {
        assert!(hop(&mut director, secs(0), &client(1, flags)).is_some());
    }
    let timeouts = Timeouts { tcp_secs: 5, tcp_fin_secs: 0, udp_secs: 0 };
    director.set_timeouts(timeouts).unwrap();
    assert_eq!(director.config().timeouts, Timeouts { tcp_secs: 5, ..Timeouts::default() });
    assert_eq!(director.next_deadline(), Some(secs(900)));
    assert!(hop(&mut director, secs(1), &client(1, ACK)).is_some());
    assert_eq!(director.next_deadline(), Some(secs(6)));
    let (secs, max) = (u32::MAX, i32::MAX as u32);
    let refused = director.set_timeouts(Timeouts { udp_secs: secs, ..timeouts });
    assert_eq!(refused, Err(TimeoutError::Udp { secs, max }));
}

#[test]
fn def_3_def_4_one_packet_in_so_many() {
    for (am_droprate, dropped) in [(0, ""), (1, "xxxxxxx"), (3, "x..x..x")] {
        let mut director = web("-g");
        let drop_packet = Defence::On;
        director
            .set_defences(secs(0), Defences { drop_packet, am_droprate, ..Defences::default() });
        for (port, drops) in (1..).zip(dropped.chars()) {
            let verdict = director.decide(secs(0), &client(port, SYN));
            assert_eq!(verdict == Verdict::Drop(DropReason::Defended), drops == 'x');
        }
        assert_eq!(director.counters().dropped_defended as usize, dropped.matches('x').count());
    }
}

/// [DEF-1] With 8 places where 12 are wanted, one packet in 12 / (12 - 8).
#[test]
fn def_1_the_rate_follows_the_room() {
    let config = DirectorConfig { connections: 8, ..DirectorConfig::default() };
    let mut director = Director::new(config).unwrap();
    common::apply(&mut director, secs(0), "-A -t 10.0.0.1:80 -s rr");
    common::apply(&mut director, secs(0), "-a -t 10.0.0.1:80 -r 10.2.0.1 -g");
    let drop_packet = Defence::Automatic;
    let defences = Defences { drop_packet, amemthresh: 12, ..Defences::default() };
    director.set_defences(secs(0), defences);
    for port in 1..=6 {
        let verdict = director.decide(secs(0), &client(port, SYN));
        assert_eq!(verdict == Verdict::Drop(DropReason::Defended), port % 3 == 0, "{port}");
    }
}

/// [DEF-2] [TPL-13] A template makes room if no client of it was ever connected.
#[test]
fn def_2_templates_that_are_not_assured_make_room() {
    for (packets, makes_room) in [(&[SYN, RST][..], true), (&[SYN, ACK, RST], false)] {
        let config = DirectorConfig {
            timers: Timers::Exact,
            connections: 2,
            defences: Defences { drop_entry: Defence::On, ..Defences::default() },
            ..DirectorConfig::default()
        };
        let mut director = Director::new(config).unwrap();
        common::apply(&mut director, secs(0), "-A -t 10.0.0.1:80 -s rr -p 300");
        common::apply(&mut director, secs(0), "-a -t 10.0.0.1:80 -r 10.2.0.1 -g");
        for flags in packets {
            assert!(hop(&mut director, secs(0), &client(1, *flags)).is_some());
        }
        for second in 1..=200 {
            director.handle_timeout(secs(second), 64);
        }
        assert!(director.conns().all(|conn| conn.key().template));
        let other = tcp("192.0.2.8", 1, VIP, 80, SYN);
        assert_eq!(hop(&mut director, secs(200), &other).is_some(), makes_room);
    }
}

#[test]
fn reuse_4_nod_2_a_tracked_packet_is_dropped_once() {
    let tracked = Verdict::Drop(DropReason::Tracked);
    let mut director = web("-m");
    for flags in [SYN, ACK, RST] {
        assert!(hop(&mut director, secs(0), &client(1, flags)).is_some());
    }
    // The connection is told to end, and the packet sent again finds none.
    assert_eq!(director.decide(secs(1), &client(1, SYN).tracked()), tracked);
    assert!(director.conns().all(|conn| conn.time_left(secs(1)).is_zero()));
    assert!(hop(&mut director, secs(2), &client(1, SYN).tracked()).is_some());
    assert_eq!(director.conns().count(), 1);

    let delete = "-d -t 10.0.0.1:80 -r 10.2.0.1";
    common::apply(&mut director, secs(2), delete);
    director.set_policy(Policy { expire_nodest_conn: true, ..Policy::default() });
    assert_eq!(director.decide(secs(2), &client(1, ACK).tracked()), tracked);
    assert_eq!(director.decide(secs(3), &client(1, ACK).tracked()), Verdict::Pass);
    assert_eq!(director.counters().dropped_tracked, 2);
}

#[test]
fn def_2_half_open_connections_make_room() {
    let config = |drop_entry| DirectorConfig {
        timers: Timers::Exact,
        connections: 4,
        defences: Defences { drop_entry, amemthresh: 2, ..Defences::default() },
        ..DirectorConfig::default()
    };
    let service = ServiceKey::tcp(ip(VIP), 80);
    for (drop_entry, kept) in [(Defence::Off, 4), (Defence::Automatic, 0), (Defence::On, 0)] {
        let mut director = Director::new(config(drop_entry)).unwrap();
        director.add_service(secs(0), ServiceConfig::new(service)).unwrap();
        director.add_dest(secs(0), &service, DestConfig::new(ip(RS), 80)).unwrap();
        let forwarded = (1..=40)
            .filter(|&port| hop(&mut director, secs(0), &client(port, SYN)).is_some())
            .count();
        assert_eq!(forwarded == 4, kept == 4, "{drop_entry:?}");
        let (active, inactive, _) = counts(&director, &service, RS);
        assert_eq!((active + inactive) as usize, director.conns().count());
    }
    // Established ones are not idle: they stay.
    let mut director = Director::new(config(Defence::On)).unwrap();
    director.add_service(secs(0), ServiceConfig::new(service)).unwrap();
    director.add_dest(secs(0), &service, DestConfig::new(ip(RS), 80)).unwrap();
    for port in 1..=4 {
        for flags in [SYN, ACK] {
            assert!(hop(&mut director, secs(0), &client(port, flags)).is_some());
        }
    }
    let full = Verdict::Drop(DropReason::TableFull);
    assert_eq!(director.decide(secs(1), &client(5, SYN)), full);
}

/// Into a full table nobody gets but in the place of a connection that is idle and had few packets,
/// one in as many as it had.
#[test]
fn def_2_idle_connections_make_room() {
    let dropped = |open: &[Flow], idle| {
        let config = DirectorConfig {
            timers: Timers::Exact,
            connections: 8,
            defences: Defences { drop_entry: Defence::On, ..Defences::default() },
            ..DirectorConfig::default()
        };
        let mut director = Director::new(config).unwrap();
        for (protocol, port) in [(Protocol::TCP, 80), (Protocol::UDP, 53), (Protocol::SCTP, 7)] {
            let key = ServiceKey::Address { protocol, address: ip(VIP), port };
            director.add_service(secs(0), ServiceConfig::new(key)).unwrap();
            director.add_dest(secs(0), &key, DestConfig::new(ip(RS), port)).unwrap();
        }
        for client in 1..=8 {
            for flow in open {
                let source = format!("192.0.2.{client}");
                let addresses = AddressPair::new(ip(&source), ip(VIP)).unwrap();
                let verdict = director.decide(secs(0), &Flow { addresses, ..*flow });
                assert!(matches!(verdict, Verdict::Forward(_)), "{verdict:?}");
            }
        }
        let came = hop(&mut director, secs(idle), &client(9, SYN)).is_some();
        let left = director.conns().count() - usize::from(came);
        assert_eq!(came, left < 8);
        8 - left
    };
    let datagrams = |number| vec![udp(CLIENT, 4000, VIP, 53); number];
    assert_eq!([59, 60].map(|idle| dropped(&datagrams(1), idle)), [0, 8]);
    assert_eq!(dropped(&datagrams(9), 60), 0, "one with many packets is worth keeping");
    let of_some: Vec<_> = (1..=8).map(|number| dropped(&datagrams(number), 60)).collect();
    assert!(of_some.is_sorted_by(|one, next| one >= next) && of_some[7] > 0, "{of_some:?}");

    let established = [client(1, SYN), client(1, ACK)];
    assert!(dropped(&established, 60) > 0);
    assert_eq!(dropped(&[&established[..], &[client(1, FIN)]].concat(), 60), 0);
    let associated = [SctpChunk::Init, SctpChunk::CookieEcho].map(|chunk| sctp(Some(chunk)));
    let of_associated = [59, 60].map(|idle| dropped(&associated, idle));
    assert!(of_associated[0] == 0 && of_associated[1] > 0, "{of_associated:?}");
    let aborted = [SctpChunk::Init, SctpChunk::Abort].map(|chunk| sctp(Some(chunk)));
    assert_eq!((dropped(&aborted[..1], 1), dropped(&aborted, 1)), (8, 0));
}

/// However small the budget of each call: the same connections end, and no call looks at more than a
/// bucket.
#[test]
fn def_2_the_looks_of_a_second_go_on_with_the_next_call() {
    let [mut at_once, mut in_steps] = [(); 2].map(|()| {
        let defences =
            Defences { drop_entry: Defence::Automatic, amemthresh: 9000, ..Defences::default() };
        let config = DirectorConfig {
            connections: 8000,
            connections_v6: 0,
            defences,
            ..DirectorConfig::default()
        };
        let mut director = Director::new(config).unwrap();
        let service = ServiceKey::tcp(ip(VIP), 80);
        director.add_service(secs(0), ServiceConfig::new(service)).unwrap();
        director.add_dest(secs(0), &service, DestConfig::new(ip(RS), 80)).unwrap();
        for port in 1001..=8000 {
            assert!(hop(&mut director, secs(0), &client(port, SYN)).is_some());
        }
        director
    });
    at_once.handle_timeout(secs(3), usize::MAX);
    let mut calls = 0;
    while in_steps.next_deadline().is_some_and(|deadline| deadline <= secs(3)) {
        let before = in_steps.conns().count();
        in_steps.handle_timeout(secs(3), 1);
        assert!(before - in_steps.conns().count() <= 14);
        calls += 1;
    }
    assert!((40..100).contains(&calls), "{calls}");
    assert_eq!(in_steps.next_deadline(), at_once.next_deadline());
    let ports = |director: &Director| {
        director.conns().map(|conn| conn.key().client_port).collect::<Vec<_>>()
    };
    assert_eq!(ports(&in_steps), ports(&at_once));
    assert!(ports(&at_once).len() < 6800);
}

#[test]
fn pe_1_pe_2_calls() {
    let mut director =
        Director::new(DirectorConfig { calls: 2, ..DirectorConfig::default() }).unwrap();
    let key = ServiceKey::udp(ip(VIP), 5060);
    let service = ServiceConfig {
        scheduler: lvs_sched::SchedulerKind::Rr,
        persistence: Some(Persistence::new(key.family(), 300)),
        engine: Some(PersistenceEngine::Sip),
        one_packet: true,
        ..ServiceConfig::new(key)
    };
    director.add_service(secs(0), service).unwrap();
    for host in 1..=3 {
        let address = ip(&std::format!("10.2.0.{host}"));
        director.add_dest(secs(0), &key, DestConfig::new(address, 5060)).unwrap();
    }
    let call = |id: &'static str| Some(CallId::new(id.as_bytes()).unwrap());
    let mut to = |client: &str, call| match director.decide_call(
        secs(0),
        &udp(client, 4000, VIP, 5060),
        call,
    ) {
        Verdict::Forward(hop) => Ok(hop.address.to_string()),
        other => Err(other),
    };
    assert_eq!(to(CLIENT, call("a")).as_deref(), Ok("10.2.0.3"));
    assert_eq!(to(CLIENT, call("b")).as_deref(), Ok("10.2.0.2"));
    assert_eq!(to(CLIENT, call("a")).as_deref(), Ok("10.2.0.3"));
    assert_eq!(to(CLIENT, None), Err(Verdict::Drop(DropReason::NoCallId)));
    let full = Verdict::Drop(DropReason::TableFull);
    assert_eq!(to("192.0.2.8", call("a")), Err(full), "another client's, and no room");
    let mut ids: Vec<_> = director.conns().map(|conn| director.call_id(&conn)).collect();
    ids.sort();
    assert_eq!(ids, [call("a"), call("b")]);
    director.clear(secs(0));
    director.handle_timeout(secs(1000), 100);
    assert_eq!(director.conns().count(), 0);
}

#[test]
fn pe_1_a_call_is_of_udp() {
    let mut director = Director::new(DirectorConfig::default()).unwrap();
    let key = ServiceKey::tcp(ip(VIP), 80);
    let persistence = Some(Persistence::new(key.family(), 300));
    let engine = Some(PersistenceEngine::Sip);
    let service = ServiceConfig { persistence, engine, ..ServiceConfig::new(key) };
    director.add_service(secs(0), service).unwrap();
    director.add_dest(secs(0), &key, DestConfig::new(ip(RS), 80)).unwrap();
    let verdict = director.decide_call(secs(0), &client(1, SYN), CallId::new(b"a"));
    assert_eq!(verdict, Verdict::Drop(DropReason::NoCallId));
}

#[test]
fn pe_3_a_real_server_begins_a_call() {
    for one_packet in [false, true] {
        let mut director = Director::new(DirectorConfig::default()).unwrap();
        let key = ServiceKey::udp(ip(VIP), 5060);
        let service = ServiceConfig {
            persistence: Some(Persistence::new(key.family(), 300)),
            engine: Some(PersistenceEngine::Sip),
            one_packet,
            ..ServiceConfig::new(key)
        };
        director.add_service(secs(0), service).unwrap();
        for (address, method) in [(RS, Method::Nat), ("10.2.0.2", Method::DirectRoute)] {
            let dest = DestConfig { method, ..DestConfig::new(ip(address), 5060) };
            director.add_dest(secs(0), &key, dest).unwrap();
        }
        let call = Some(CallId::new(b"a").unwrap());
        let out = |from, port, hook| udp(from, port, CLIENT, 4000).at(hook).with_length(100);
        for (stray, call) in [
            (out("10.2.0.2", 5060, Hook::Forward), call),
            (out(RS, 5061, Hook::Forward), call),
            (out(RS, 5060, Hook::Forward), None),
        ] {
            assert_eq!(director.decide_call(secs(0), &stray, call), Verdict::Pass);
        }
        let origin = Origin::new(Method::Nat, ip(VIP), 5060);
        for hook in [Hook::Forward, Hook::LocalOut] {
            let verdict = director.decide_call(secs(0), &out(RS, 5060, hook), call);
            assert_eq!(verdict, Verdict::Reply(origin));
        }
        let conns = u32::from(!one_packet);
        assert_eq!(counts(&director, &key, RS), (0, conns, 1));
        let statistics = director.service(&key).unwrap().statistics();
        assert_eq!(statistics.conns, if one_packet { 2 } else { 1 });
        assert_eq!((statistics.out_packets, statistics.in_packets), (2, 0));
        // The client's answer from wherever finds the call's template.
        let answer = udp(CLIENT, 4001, VIP, 5060);
        let Verdict::Forward(hop) = director.decide_call(secs(1), &answer, call) else { panic!() };
        assert_eq!(hop.address, ip(RS));
        let template = director.conns().find(|conn| conn.key().template).unwrap();
        assert_eq!(template.state(), State::Template { assured: true });
    }
}

#[test]
fn pe_3_a_call_moves_to_the_server_that_sends() {
    let mut director = Director::new(DirectorConfig::default()).unwrap();
    let key = ServiceKey::udp(ip(VIP), 5060);
    let service = ServiceConfig {
        persistence: Some(Persistence::new(key.family(), 300)),
        engine: Some(PersistenceEngine::Sip),
        ..ServiceConfig::new(key)
    };
    director.add_service(secs(0), service).unwrap();
    for address in [RS, "10.2.0.2"] {
        let dest = DestConfig { method: Method::Nat, ..DestConfig::new(ip(address), 5060) };
        director.add_dest(secs(0), &key, dest).unwrap();
    }
    let call = Some(CallId::new(b"a").unwrap());
    for (address, port) in [(RS, 1), ("10.2.0.2", 2)] {
        let out = udp(address, 5060, CLIENT, port).at(Hook::Forward);
        assert!(matches!(director.decide_call(secs(0), &out, call), Verdict::Reply(_)));
        let answer = udp(CLIENT, port + 10, VIP, 5060);
        let Verdict::Forward(hop) = director.decide_call(secs(1), &answer, call) else { panic!() };
        assert_eq!(hop.address, ip(address));
    }
    // Without the engine nobody begins.
    director.edit_service(secs(1), ServiceConfig { engine: None, ..service }).unwrap();
    let out = udp(RS, 5060, CLIENT, 4).at(Hook::Forward);
    assert_eq!(director.decide_call(secs(1), &out, call), Verdict::Pass);
}

/// [PE-3] There is room for the template and the connection, for the template alone, for neither.
#[test]
fn pe_3_no_room_for_a_call_that_a_real_server_begins() {
    for (connections, begins) in [(2, true), (1, false), (0, false)] {
        let config = DirectorConfig { connections, ..DirectorConfig::default() };
        let mut director = Director::new(config).unwrap();
        let key = ServiceKey::udp(ip(VIP), 5060);
        let persistence = Some(Persistence::new(key.family(), 300));
        let engine = Some(PersistenceEngine::Sip);
        let service = ServiceConfig { persistence, engine, ..ServiceConfig::new(key) };
        director.add_service(secs(0), service).unwrap();
        let dest = DestConfig { method: Method::Nat, ..DestConfig::new(ip(RS), 5060) };
        director.add_dest(secs(0), &key, dest).unwrap();
        let out = udp(RS, 5060, CLIENT, 4000).at(Hook::Forward);
        let verdict = director.decide_call(secs(0), &out, CallId::new(b"a"));
        let origin = Origin::new(Method::Nat, ip(VIP), 5060);
        let full = Verdict::Drop(DropReason::TableFull);
        assert_eq!(verdict, if begins { Verdict::Reply(origin) } else { full });
    }
}

#[test]
fn svc_12_an_error_without_anybody_to_offer_is_dropped() {
    let mut director = director(Profile::Classic, &["-A -t 10.0.0.1:80 -s rr"]);
    director.set_policy(Policy { schedule_icmp: true, ..Policy::default() });
    let of_client = error("203.0.113.1", VIP, (VIP, 80), (CLIENT, 1));
    assert_eq!(director.decide(secs(0), &of_client), Verdict::Drop(DropReason::IcmpError));
}

#[test]
fn svc_12_byp_1_cache_bypass() {
    let rules = ["-A -f 7 -s rr", "-A -t 10.0.0.1:80 -s rr"];
    let mut director = director(Profile::Classic, &rules);
    let marked = client(1, SYN).with_mark(7).unicast();
    assert_eq!(director.decide(secs(0), &marked), UNREACHABLE);
    director.set_policy(Policy { cache_bypass: true, ..Policy::default() });
    for refused in [Flow { unicast: false, ..marked }, Flow { mark: 0, ..marked }] {
        assert_eq!(director.decide(secs(0), &refused), UNREACHABLE);
    }
    // On to the address that it is for; the connection is followed like others [CNT-8].
    for (flags, state) in [(SYN, TcpState::SynRecv), (ACK, TcpState::Established)] {
        let packet = client(1, flags).with_mark(7).unicast();
        assert_eq!(hop(&mut director, secs(0), &packet).as_deref(), Some("10.0.0.1:80"));
        let conn = director.conns().next().unwrap();
        assert_eq!((conn.state(), conn.hop().address), (State::Tcp(state), ip("0.0.0.0")));
        assert!(director.dest(conn.dest()).is_none());
    }
    let reply = tcp(VIP, 80, CLIENT, 1, ACK).at(Hook::Forward);
    assert!(matches!(director.decide(secs(0), &reply), Verdict::Reply(_)));
    assert_eq!(director.conns().count(), 1);
    director.handle_timeout(secs(1000), 10);
    assert_eq!(director.conns().count(), 0);
}

#[test]
fn svc_12_byp_1_cache_bypass_of_datagrams_over_ipv6() {
    for one_packet in [false, true] {
        let config = DirectorConfig { connections_v6: 1, ..DirectorConfig::default() };
        let mut director = Director::new(config).unwrap();
        director.set_policy(Policy { cache_bypass: true, ..Policy::default() });
        let (family, mark) = (Family::V6, NonZeroU32::MIN);
        let service = ServiceConfig::new(ServiceKey::Mark { family, mark });
        director.add_service(secs(0), ServiceConfig { one_packet, ..service }).unwrap();
        let full = Verdict::Drop(DropReason::TableFull);
        let verdicts = [1, 2].map(|port| {
            let packet = udp("2001:db8:9::7", port, "2001:db8::1", 53).with_mark(1).unicast();
            director.decide(secs(0), &packet)
        });
        let on = Verdict::Forward(Hop::new(Method::DirectRoute, ip("2001:db8::1"), 53));
        assert_eq!((verdicts[0], verdicts[1] == full), (on, !one_packet));
        assert_eq!(director.conns().count(), usize::from(!one_packet));
    }
}
