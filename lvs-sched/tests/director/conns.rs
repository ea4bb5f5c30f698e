//! Connections: their states, their ends, and room for them.

use std::time::Duration;

use lvs_proto::{Decide, Verdict};
use lvs_sched::{Director, DirectorConfig, Profile, ServiceKey, State, TcpState, Timers};

use super::common::{
    ACK, FIN, PROFILES, RST, SYN, apply, counts, dest, director, hop, ip, secs, udp,
};
use super::{FULL, RS, VIP, client, one_server, web};

#[test]
fn cnt_10_walk_through_nat() {
    for profile in PROFILES {
        let mut director = one_server(profile, "-a -t 10.0.0.1:80 -r 10.2.0.1 -m");
        let steps = [
            (SYN, TcpState::SynRecv, (1, 0, 0)),
            (ACK, TcpState::Established, (1, 0, 0)),
            (FIN, TcpState::CloseWait, (0, 1, 0)),
            (RST, TcpState::Close, (0, 1, 0)),
        ];
        for (flags, state, expected) in steps {
            assert!(hop(&mut director, secs(1), &client(4000, flags)).is_some());
            assert_eq!(director.conns().next().unwrap().state(), State::Tcp(state));
            assert_eq!(counts(&director, &web(), RS), expected);
        }
        assert_eq!(director.next_deadline(), Some(secs(11)), "CLOSE lasts 10 s");
        // A new connection [REUSE-3]; the old one is counted until the next sweep [CON-12].
        assert!(hop(&mut director, secs(2), &client(4000, SYN)).is_some());
        assert_eq!(counts(&director, &web(), RS), (1, 1, 0));
        director.handle_timeout(secs(2), 1);
        assert_eq!(counts(&director, &web(), RS), (1, 0, 0));
        assert_eq!(dest(&director, &web(), RS).statistics().conns, 2);
    }
}

#[test]
fn tcp_1_walk_through_direct_routing() {
    let mut director = one_server(Profile::Classic, "-a -t 10.0.0.1:80 -r 10.2.0.1 -g");
    let steps = [
        (SYN, TcpState::SynRecv, (1, 0, 0), 60),
        (RST, TcpState::SynRecv, (1, 0, 0), 60),
        (ACK, TcpState::Established, (1, 0, 0), 900),
        (SYN, TcpState::Established, (1, 0, 0), 900),
        (FIN, TcpState::FinWait, (0, 1, 0), 120),
        (SYN, TcpState::SynRecv, (1, 0, 0), 60),
        (FIN, TcpState::TimeWait, (0, 1, 0), 120),
    ];
    for (flags, state, expected, timeout) in steps {
        assert!(hop(&mut director, secs(5), &client(4000, flags)).is_some());
        let conn = director.conns().next().unwrap();
        assert_eq!(
            (conn.state(), conn.timeout()),
            (State::Tcp(state), Duration::from_secs(timeout))
        );
        assert_eq!(counts(&director, &web(), RS), expected);
        assert_eq!(director.next_deadline(), Some(secs(5 + timeout)), "TMO-1");
    }
    assert_eq!(director.conns().count(), 1);
}

#[test]
fn cnt_6_udp_is_never_active() {
    let mut director = director(
        Profile::Classic,
        &["-A -u 10.0.0.1:53 -s rr", "-a -u 10.0.0.1:53 -r 10.2.0.1:5353 -m"],
    );
    let service = ServiceKey::udp(ip(VIP), 53);
    let query = udp("192.0.2.7", 4000, VIP, 53).with_length(60);
    assert_eq!(hop(&mut director, secs(0), &query).as_deref(), Some("10.2.0.1:5353"));
    assert_eq!(hop(&mut director, secs(9), &query).as_deref(), Some("10.2.0.1:5353"));
    assert_eq!(counts(&director, &service, RS), (0, 1, 0));
    assert_eq!(director.next_deadline(), Some(secs(309)), "UDP-1");
    for statistics in [
        dest(&director, &service, RS).statistics(),
        director.service(&service).unwrap().statistics(),
    ] {
        assert_eq!((statistics.conns, statistics.in_packets, statistics.in_octets), (1, 2, 120));
    }
}

#[test]
fn con_11_what_is_due_is_gone() {
    let mut director = one_server(Profile::Classic, "-a -t 10.0.0.1:80 -r 10.2.0.1");
    assert!(hop(&mut director, secs(0), &client(4000, SYN)).is_some());
    // Nobody swept; the connection is found until the last microsecond, and then no more.
    let last = lvs_proto::Instant::from_micros(59_999_999);
    let mut other = one_server(Profile::Classic, "-a -t 10.0.0.1:80 -r 10.2.0.1");
    assert!(hop(&mut other, secs(0), &client(4000, SYN)).is_some());
    assert!(hop(&mut other, last, &client(4000, ACK)).is_some());
    assert_eq!(director.decide(secs(60), &client(4000, ACK)), Verdict::Pass);
    assert_eq!(counts(&director, &web(), RS), (0, 0, 0));
}

#[test]
fn handle_timeout_keeps_to_its_budget() {
    let mut director = one_server(Profile::Classic, "-a -t 10.0.0.1:80 -r 10.2.0.1");
    for port in 1..=10 {
        assert!(hop(&mut director, secs(0), &client(port, SYN)).is_some());
    }
    director.handle_timeout(secs(60), 7);
    assert_eq!(director.conns().count(), 3);
    assert!(director.next_deadline() <= Some(secs(60)));
    director.handle_timeout(secs(60), 7);
    assert_eq!((director.conns().count(), director.next_deadline()), (0, None));
}

#[test]
fn a_full_table_refuses_and_loses_nothing() {
    let timers = Timers::Exact;
    let config = DirectorConfig { timers, connections: 3, ..DirectorConfig::default() };
    let mut director = Director::new(config).unwrap();
    apply(&mut director, secs(0), "-A -t 10.0.0.1:80 -s rr");
    apply(&mut director, secs(0), "-a -t 10.0.0.1:80 -r 10.2.0.1");
    for port in 1..=3 {
        assert!(hop(&mut director, secs(0), &client(port, SYN)).is_some());
    }
    assert_eq!(director.decide(secs(1), &client(4, SYN)), FULL);
    assert_eq!(director.counters().dropped_table_full, 1);
    assert_eq!(counts(&director, &web(), RS), (3, 0, 0));
    assert!(hop(&mut director, secs(1), &client(3, ACK)).is_some());
    // Two have run out by now: there is room again, without a call of handle_timeout.
    assert!(hop(&mut director, secs(60), &client(4, SYN)).is_some());
    assert_eq!(counts(&director, &web(), RS), (2, 0, 0));
}

#[test]
fn con_3_a_client_port_of_0_is_never_found_again() {
    let mut director = one_server(Profile::Classic, "-a -t 10.0.0.1:80 -r 10.2.0.1");
    for _ in 0..3 {
        assert!(hop(&mut director, secs(0), &client(0, SYN)).is_some());
    }
    assert_eq!(counts(&director, &web(), RS), (3, 0, 0));
    director.handle_timeout(secs(60), 10);
    assert_eq!(counts(&director, &web(), RS), (0, 0, 0));
}

#[test]
fn time_does_not_run_backwards() {
    let mut director = one_server(Profile::Classic, "-a -t 10.0.0.1:80 -r 10.2.0.1");
    assert!(hop(&mut director, secs(100), &client(1, SYN)).is_some());
    assert!(hop(&mut director, secs(0), &client(1, ACK)).is_some());
    assert_eq!(director.next_deadline(), Some(secs(1000)));
}
