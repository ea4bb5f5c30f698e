//! Policies and timeouts: when connections begin, begin anew and end.

use lvs_proto::{Decide, DropReason, Hook, Hop, Method, Protocol, SctpChunk, TcpFlags, Verdict};
use lvs_sched::{
    DestConfig, Director, DirectorConfig, Policy, Profile, ServiceConfig, ServiceKey, TimeoutError,
    Timeouts,
};

use super::common::{ACK, FIN, RST, SYN, director, hop, ip, secs, tcp};
use super::{CLIENT, RS, UNREACHABLE, VIP, client, common, sctp, web};

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

/// [CON-12] What a burst looked for is left behind by one of its packets, and lives until the next tick:
/// those that follow go by what was begun anew.
#[test]
fn reuse_2_the_rest_of_a_burst_goes_by_the_new_connection() {
    let rules = [
        "-A -t 10.0.0.1:80 -s rr",
        "-a -t 10.0.0.1:80 -r 10.2.0.2 -w 0",
        "-a -t 10.0.0.1:80 -r 10.2.0.1",
    ];
    let policy = Policy { expire_nodest_conn: true, ..Policy::default() };
    let mut director = Director::new(DirectorConfig { policy, ..Default::default() }).unwrap();
    rules.iter().for_each(|rule| common::apply(&mut director, secs(0), rule));
    assert_eq!(director.decide(secs(0), &client(1, SYN)), forward());
    common::apply(&mut director, secs(0), "-e -t 10.0.0.1:80 -r 10.2.0.1 -w 0");
    common::apply(&mut director, secs(0), "-e -t 10.0.0.1:80 -r 10.2.0.2 -w 1");
    let mut verdicts = [Verdict::Pass; 2];
    director.decide_burst(secs(1), &[client(1, SYN), client(1, ACK)], &mut verdicts);
    let chosen = Hop::new(Method::DirectRoute, ip("10.2.0.2"), 80);
    assert_eq!(verdicts, [Verdict::Forward(chosen); 2]);
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
