//! Full address translation: local addresses, and what both ends see (section 5.8).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::HashSet;
use std::num::NonZeroU16;

use common::{ACK, FIN, RST, SYN, apply, ip, secs, tcp, udp};
use lvs_proto::sync::{ConnFlags, Message, SyncRecord};
use lvs_proto::{
    AddressPair, Decide, DropReason, Embedded, Endpoint, Flow, Hop, Method, Origin, Protocol,
    Transport, Verdict,
};
use lvs_sched::{
    Director, DirectorConfig, LocalError, LocalPorts, Rule, SyncOutbox, SyncOutboxConfig,
    SyncPolicy, Timers,
};

const NO_PORT: Verdict = Verdict::Drop(DropReason::NoLocalPort);
const VIP: &str = "10.0.0.1";

/// Number `lcore` of `lcores` directors with few ports; the last but one service is of one packet.
fn director(lcore: u16, lcores: u16, last: u16) -> Director {
    let lcores = NonZeroU16::new(lcores).unwrap();
    let config = DirectorConfig {
        local_ports: LocalPorts { first: 1025, last, lcore, lcores },
        timers: Timers::Exact,
        connections: 256,
        connections_v6: 256,
        seed: [lcore.into(), 7],
        ..DirectorConfig::default()
    };
    let mut director = Director::new(config).unwrap();
    for rule in [
        "-A -t 10.0.0.1:80 -s rr",
        "-a -t 10.0.0.1:80 -r 10.2.0.1:8080 --fullnat",
        "-a -t 10.0.0.1:80 -r 10.2.0.2 --fullnat",
        "-A -u 10.0.0.1:53 -s rr -p 20",
        "-a -u 10.0.0.1:53 -r 10.2.0.1 --fullnat",
        "-A -u 10.0.0.1:54 -s rr -o",
        "-a -u 10.0.0.1:54 -r 10.2.0.1 --fullnat",
        "-A -t [2001:db8::1]:80 -s rr",
        "-a -t [2001:db8::1]:80 -r [2001:db8:2::1]:8080 --fullnat",
    ] {
        apply(&mut director, secs(0), rule);
    }
    for local in ["10.2.0.254", "10.2.0.253", "2001:db8:2::fe"] {
        director.add_local(ip(local)).unwrap();
    }
    director
}

fn forwarded(director: &mut Director, now: u64, flow: &Flow) -> (Hop, Endpoint) {
    let verdict = director.decide(secs(now), flow);
    let Verdict::Forward(hop) = verdict else { panic!("{verdict:?}") };
    assert_eq!(hop.method, Method::FullNat);
    (hop, hop.local.expect("a local address"))
}

/// What the real server answers to a forwarded packet.
fn answer(flow: &Flow, hop: &Hop, local: Endpoint) -> Flow {
    let (source_port, destination_port) = (hop.port, local.port);
    let transport = match flow.transport {
        Transport::Tcp { flags, .. } => {
            Transport::Tcp { source_port, destination_port, flags: flags.with(ACK) }
        }
        _ => Transport::Udp { source_port, destination_port },
    };
    Flow::new(AddressPair::new(hop.address, local.address).unwrap(), transport)
}

fn client_of(flow: &Flow) -> Endpoint {
    Endpoint { address: flow.source(), port: flow.transport.ports().unwrap().0 }
}

/// One that clients send, of few.
fn request(u: &mut arbitrary::Unstructured<'_>) -> arbitrary::Result<Flow> {
    let port = u.int_in_range(101..=140)?;
    Ok(match u.int_in_range(0..=3)? {
        0 => udp("192.0.2.7", port, VIP, 53),
        1 => udp("192.0.2.7", port, VIP, 54),
        2 => tcp("2001:db8:9::7", port, "2001:db8::1", 80, SYN),
        _ => tcp("192.0.2.7", port, VIP, 80, SYN),
    })
}

/// Two directors, fed by two queues as a network card would: requests by their ends, answers by the
/// local port alone. No two connections that live have one tuple, and every answer gets back.
#[test]
fn fn_1_no_two_connections_share_a_tuple() {
    arbtest::arbtest(|u| {
        let last = u.int_in_range(1024..=1040)?;
        let mut lcores = [director(0, 2, last), director(1, 2, last)];
        let mut now = 0;
        for _ in 0..u.int_in_range(1..=120)? {
            now += u.int_in_range(0..=2)?;
            let flow = request(u)?;
            let queue = usize::from(client_of(&flow).port % 2);
            let before = lcores[queue].counters().dropped_no_local_port;
            let verdict = lcores[queue].decide(secs(now), &flow);
            let Verdict::Forward(hop) = verdict else {
                assert_eq!(verdict, NO_PORT);
                assert_eq!(lcores[queue].counters().dropped_no_local_port, before + 1);
                continue;
            };
            let local = hop.local.unwrap();
            let answer = answer(&flow, &hop, local);
            let verdict = lcores[usize::from(local.port % 2)].decide(secs(now), &answer);
            let Verdict::Reply(origin) = verdict else { panic!("{verdict:?}") };
            let to = Endpoint { address: origin.address, port: origin.port };
            assert_eq!(origin.client, Some(client_of(&flow)), "FN-2");
            assert_eq!((to.address, Some(to.port)), {
                (flow.destination(), flow.transport.ports().map(|(_, port)| port))
            });
            let conns = lcores.iter().flat_map(Director::conns).filter(|conn| {
                !conn.key().template && conn.time_left(secs(now)) > std::time::Duration::ZERO
            });
            let tuples: Vec<_> = conns
                .map(|conn| {
                    let Hop { address, port, local, .. } = *conn.hop();
                    (conn.key().protocol, local.unwrap(), address, port)
                })
                .collect();
            assert_eq!(tuples.iter().collect::<HashSet<_>>().len(), tuples.len());
        }
        Ok(())
    });
}

/// A port is free as soon as its connection is gone, and comes last then.
#[test]
fn fn_1_ports_come_back() {
    let mut director = director(0, 1, 1027);
    let ask = |port| udp("192.0.2.7", port, VIP, 54);
    let taken: Vec<_> = (1..=6).map(|port| forwarded(&mut director, 0, &ask(port)).1).collect();
    assert_eq!(taken.iter().collect::<HashSet<_>>().len(), 6, "two addresses of three ports");
    assert_eq!(director.decide(secs(1), &ask(7)), NO_PORT);
    assert_eq!(forwarded(&mut director, 1, &ask(3)).1, taken[2], "OPS-1: to be answered, it stays");
    // Another real server's are others.
    forwarded(&mut director, 1, &tcp("192.0.2.7", 1, VIP, 80, SYN));
    assert_eq!(director.decide(secs(299), &ask(8)), NO_PORT);
    let again: Vec<_> = (11..=15).map(|port| forwarded(&mut director, 300, &ask(port)).1).collect();
    let others: HashSet<_> = taken.iter().filter(|local| **local != taken[2]).collect();
    assert_eq!(again.iter().collect::<HashSet<_>>(), others);
    assert_eq!(director.decide(secs(300), &ask(9)), NO_PORT);
    assert_eq!(director.counters().dropped_no_local_port, 3);
}

#[test]
fn local_addresses_are_added_and_deleted() {
    let mut director = director(0, 1, 2000);
    let [one, other] = ["10.2.0.254", "10.2.0.253"].map(ip);
    assert_eq!(director.add_local(one), Err(LocalError::AlreadyExists { address: one }));
    let address = ip("224.0.0.1");
    assert_eq!(director.add_local(address), Err(LocalError::NotUnicast { address }));
    assert_eq!(director.delete_local(address), Err(LocalError::NoSuchLocal { address }));
    let flow = tcp("192.0.2.7", 1, VIP, 80, SYN);
    let (hop, local) = forwarded(&mut director, 0, &flow);
    director.delete_local(one).unwrap();
    director.delete_local(other).unwrap();
    assert_eq!(director.locals().collect::<Vec<_>>(), [ip("2001:db8:2::fe")]);
    assert_eq!(forwarded(&mut director, 0, &flow).1, local, "what has it keeps it");
    assert!(matches!(director.decide(secs(0), &answer(&flow, &hop, local)), Verdict::Reply(_)));
    assert_eq!(director.decide(secs(0), &tcp("192.0.2.7", 2, VIP, 80, SYN)), NO_PORT);
}

/// From the handshake's last segment on, until the real server sends more than its SYN.
#[test]
fn fn_4_the_client_is_told_until_the_server_answers() {
    let mut director = director(0, 1, 2000);
    let segment = |flags| tcp("192.0.2.7", 1, VIP, 80, flags);
    let (hop, local) = forwarded(&mut director, 0, &segment(SYN));
    assert!(!hop.toa);
    let syn_ack = answer(&segment(SYN), &hop, local);
    assert!(matches!(director.decide(secs(0), &syn_ack), Verdict::Reply(_)));
    for (flags, toa) in [(ACK, true), (SYN, false), (ACK, true), (FIN, true)] {
        assert_eq!(forwarded(&mut director, 0, &segment(flags)).0.toa, toa);
    }
    assert!(!forwarded(&mut director, 0, &segment(ACK).fragment_of(1)).0.toa);
    let data = answer(&segment(ACK), &hop, local);
    assert!(matches!(director.decide(secs(0), &data), Verdict::Reply(_)));
    assert!(!forwarded(&mut director, 0, &segment(ACK)).0.toa);
    for flags in [SYN, RST] {
        let other = tcp("192.0.2.7", 2, VIP, 80, flags);
        assert!(!forwarded(&mut director, 0, &other).0.toa);
    }
    assert!(!forwarded(&mut director, 0, &udp("192.0.2.7", 1, VIP, 53)).0.toa, "FN-8");
}

/// Errors from both sides, and from routers between: both ends of what they quote are translated.
#[test]
fn icmp_4_icmp_6_errors_go_both_ways() {
    for (client, vip) in [("192.0.2.7", VIP), ("2001:db8:9::7", "2001:db8::1")] {
        let mut director = director(0, 1, 2000);
        let flow = tcp(client, 1, vip, 80, SYN);
        let (hop, local) = forwarded(&mut director, 0, &flow);
        let about = |source: Endpoint, destination: Endpoint| Embedded {
            addresses: AddressPair::new(source.address, destination.address).unwrap(),
            protocol: Protocol::TCP,
            ports: Some((source.port, destination.port)),
        };
        let icmp = Transport::Other(Protocol::ICMP);
        let virtual_end = Endpoint { address: ip(vip), port: 80 };
        let server = Endpoint { address: hop.address, port: hop.port };
        let from_client = Flow::new(flow.addresses, icmp);
        let from_client = from_client.about(about(virtual_end, client_of(&flow)));
        assert_eq!(director.decide(secs(0), &from_client), Verdict::Forward(hop));
        let router = AddressPair::new(hop.address, local.address).unwrap();
        let from_server = Flow::new(router, icmp).about(about(local, server));
        let origin =
            Origin { client: Some(client_of(&flow)), ..Origin::new(Method::FullNat, ip(vip), 80) };
        assert_eq!(director.decide(secs(0), &from_server), Verdict::Reply(origin));
    }
}

#[test]
fn rules_and_listings_name_it() {
    let director = director(0, 1, 2000);
    let line = "-a -t 10.0.0.1:80 -r 10.2.0.1:8080 --fullnat -w 1";
    let rules: Vec<String> = director.rules().iter().map(Rule::to_string).collect();
    assert!(rules.iter().any(|rule| rule == line), "{rules:?}");
    assert_eq!(Rule::parse(line).unwrap().unwrap().to_string(), line);
    let listing = director.listing().to_string();
    let shown = "  -> 10.2.0.1:8080                FullNat 1      0          0         \n";
    assert!(listing.contains(shown), "{listing}");
    let mixed = Rule::parse("-a -t 10.0.0.1:80 -r [2001:db8:2::1]:80 --fullnat").unwrap().unwrap();
    let mut director = director;
    assert!(director.apply(secs(0), &mixed).is_err(), "DST-9");
}

/// A connection would be of no use without its local address, which no message tells; a template is.
#[test]
fn templates_alone_are_announced() {
    let (mut master, mut backup) = (director(0, 1, 2000), director(0, 1, 2000));
    let (policy, config) = (SyncPolicy::default(), SyncOutboxConfig::default());
    master.start_sync_master(policy, SyncOutbox::new(config).unwrap()).unwrap();
    for port in 1..=2 {
        for packet in [udp("192.0.2.7", port, VIP, 53), tcp("192.0.2.7", port, VIP, 80, SYN)] {
            for _ in 0..5 {
                forwarded(&mut master, 0, &packet);
            }
        }
    }
    master.handle_timeout(secs(3), 64);
    let mut received = Vec::new();
    while let Some(message) = master.poll_sync_message() {
        for record in Message::parse(message.octets()).unwrap().records().flatten() {
            received.push(record.is_template());
            let _ = backup.receive_sync_record(secs(3), &policy, &record);
            let told = SyncRecord {
                flags: ConnFlags::of_method(Method::FullNat),
                client_port: 9,
                ..record
            };
            let _ = backup.receive_sync_record(secs(3), &policy, &told);
        }
    }
    assert!(!received.is_empty() && received.iter().all(|is_template| *is_template));
    assert_eq!(backup.conns().count(), 2);
    for conn in backup.conns() {
        assert_eq!(backup.dest(conn.dest()).is_some(), conn.key().template);
    }
}
