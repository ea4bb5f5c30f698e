//! Defences against too many connections (section 4.10).

use lvs_proto::{AddressPair, Decide, DropReason, Flow, Protocol, SctpChunk, Verdict};
use lvs_sched::{
    Defence, Defences, DestConfig, Director, DirectorConfig, ServiceConfig, ServiceKey, Timers,
};

use super::common::{ACK, FIN, RST, SYN, counts, hop, ip, secs, tcp, udp};
use super::{CLIENT, RS, VIP, client, common, sctp, web};

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

/// A template that goes with its last connection is gone for the rest of their bucket, and leaves
/// room for one \[DEF-2\] \[TPL-14\].
#[test]
fn def_2_what_makes_room_goes_once() {
    let config = DirectorConfig {
        timers: Timers::Exact,
        connections: 3,
        defences: Defences { drop_entry: Defence::On, ..Defences::default() },
        ..DirectorConfig::default()
    };
    let mut director = Director::new(config).unwrap();
    for rule in ["-A -t 10.0.0.1:80 -p 300", "-A -u 10.0.0.1:53", "--set 0 0 5"] {
        common::apply(&mut director, secs(0), rule);
    }
    for rule in ["-a -t 10.0.0.1:80 -r 10.2.0.1", "-a -u 10.0.0.1:53 -r 10.2.0.1"] {
        common::apply(&mut director, secs(0), rule);
    }
    let datagram = |port| udp(CLIENT, port, VIP, 53);
    // The connection that ends first leaves a place in front of the template, for its next one.
    for (second, packet) in [(0, datagram(1)), (1, client(1, SYN)), (100, client(2, SYN))] {
        director.handle_timeout(secs(second), 64);
        assert!(hop(&mut director, secs(second), &packet).is_some());
    }
    assert!(hop(&mut director, secs(100), &datagram(2)).is_some());
    // The table is full: the half-open connection and its template make room for two more.
    let forwarded =
        [3, 4, 5, 6].map(|port| hop(&mut director, secs(100), &datagram(port)).is_some());
    assert_eq!((forwarded, director.conns().count()), ([true, true, false, false], 3));
    director.handle_timeout(secs(106), usize::MAX);
    assert_eq!(director.conns().count(), 0);
}
