//! What becomes of packets: counters, states, persistence, deletion, capacity.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{
    ACK, FIN, PROFILES, RST, SYN, apply, counts, dest, director, hop, ip, secs, tcp, udp,
};
use lvs_proto::{
    AddressPair, Decide, DropReason, Flow, GueChecksum, Hop, Method, Protocol, Reject, Transport,
    Tunnel, Verdict,
};
use lvs_sched::{DestConfig, DestError, Director, DirectorConfig, MhTableIndex, Profile};
use lvs_sched::{SchedulerKind, ServiceConfig, ServiceError, ServiceKey, State, TcpState, Timers};

const VIP: &str = "10.0.0.1";
const RS: &str = "10.2.0.1";

fn web() -> ServiceKey {
    ServiceKey::tcp(ip(VIP), 80)
}

fn one_server(profile: Profile, dest: &str) -> Director {
    director(profile, &["-A -t 10.0.0.1:80 -s rr", dest])
}

fn client(port: u16, flags: lvs_proto::TcpFlags) -> Flow {
    tcp("192.0.2.7", port, VIP, 80, flags)
}

const UNREACHABLE: Verdict = Verdict::Reject(Reject::PortUnreachable);
const DELETED: Verdict = Verdict::Drop(DropReason::DestinationDeleted);
const FULL: Verdict = Verdict::Drop(DropReason::TableFull);

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
fn ovl_3_set_at_the_upper_cleared_below_three_quarters() {
    for profile in PROFILES {
        let mut director = one_server(profile, "-a -t 10.0.0.1:80 -r 10.2.0.1 -x 4");
        let overloaded = |director: &Director| dest(director, &web(), RS).is_overloaded();
        for port in 1..=4 {
            assert!(!overloaded(&director));
            assert!(hop(&mut director, secs(port.into()), &client(port, SYN)).is_some());
        }
        assert!(overloaded(&director));
        assert_eq!(director.decide(secs(4), &client(5, SYN)), UNREACHABLE);
        director.handle_timeout(secs(61), 9);
        assert!(overloaded(&director), "three are left");
        director.handle_timeout(secs(62), 9);
        assert!(!overloaded(&director), "two are left");
    }
}

#[test]
fn ovl_2_c_ovl_4_editing_thresholds() {
    // Three connections; old upper and lower, new upper and lower, flag before, flag after.
    let cases = [
        (Profile::Classic, (3, 0), (2, 0), true, true),
        (Profile::Classic, (4, 0), (2, 0), false, false),
        (Profile::Classic, (2, 0), (3, 0), true, false),
        (Profile::Classic, (3, 0), (0, 0), true, false),
        (Profile::Linux6_1_183, (4, 0), (2, 0), false, true),
        (Profile::Linux6_1_183, (2, 0), (3, 0), true, true),
        (Profile::Linux6_1_183, (3, 0), (4, 0), true, true),
        (Profile::Linux6_1_183, (3, 0), (5, 0), true, false),
        (Profile::Linux6_1_183, (3, 0), (0, 0), true, false),
        (Profile::Linux6_1_183, (3, 0), (3, 0), true, true),
    ];
    for (profile, old, new, before, after) in cases {
        let add = format!("-a -t 10.0.0.1:80 -r 10.2.0.1 -x {} -y {}", old.0, old.1);
        let mut director = one_server(profile, &add);
        let other = "-a -t 10.0.0.1:80 -r 10.2.0.2 -w 0";
        apply(&mut director, secs(0), other);
        // Persistence goes on where thresholds say no [TPL-11].
        apply(&mut director, secs(0), "-E -t 10.0.0.1:80 -s rr -p");
        for port in 1..=3 {
            assert!(hop(&mut director, secs(0), &client(port, SYN)).is_some());
        }
        let flag = |director: &Director| dest(director, &web(), RS).is_overloaded();
        assert_eq!(flag(&director), before, "{profile:?} {old:?}");
        let edit = format!("-e -t 10.0.0.1:80 -r 10.2.0.1 -x {} -y {}", new.0, new.1);
        apply(&mut director, secs(0), &edit);
        assert_eq!(flag(&director), after, "{profile:?} {old:?} to {new:?}");
    }
}

#[test]
fn dst_4_dst_5_a_deleted_destination_comes_back_with_its_connections() {
    let mut director = one_server(Profile::Classic, "-a -t 10.0.0.1:80 -r 10.2.0.1");
    assert!(hop(&mut director, secs(0), &client(4000, SYN)).is_some());
    apply(&mut director, secs(1), "-d -t 10.0.0.1:80 -r 10.2.0.1");
    // Dropped in silence, and not kept alive by it [NOD-1].
    assert_eq!(director.decide(secs(30), &client(4000, ACK)), DELETED);
    assert_eq!(director.decide(secs(30), &client(4001, SYN)), UNREACHABLE);
    apply(&mut director, secs(31), "-a -t 10.0.0.1:80 -r 10.2.0.2");
    apply(&mut director, secs(31), "-a -t 10.0.0.1:80 -r 10.2.0.1 -w 7");
    assert_eq!(counts(&director, &web(), RS), (1, 0, 0));
    assert_eq!(dest(&director, &web(), RS).statistics().conns, 1);
    assert_eq!(hop(&mut director, secs(32), &client(4000, ACK)).as_deref(), Some("10.2.0.1:80"));
}

#[test]
fn dst_5_statistics_do_not_survive_their_service() {
    let mut director = one_server(Profile::Classic, "-a -t 10.0.0.1:80 -r 10.2.0.1");
    assert!(hop(&mut director, secs(0), &client(4000, SYN)).is_some());
    apply(&mut director, secs(1), "-D -t 10.0.0.1:80");
    assert_eq!(director.decide(secs(1), &client(4000, ACK)), Verdict::Pass, "IN-1");
    apply(&mut director, secs(1), "-A -t 10.0.0.1:80 -s rr");
    assert_eq!(director.decide(secs(1), &client(4000, ACK)), DELETED);
    apply(&mut director, secs(1), "-a -t 10.0.0.1:80 -r 10.2.0.1");
    assert_eq!(counts(&director, &web(), RS), (1, 0, 0));
    assert_eq!(dest(&director, &web(), RS).statistics().conns, 0);
    assert!(hop(&mut director, secs(1), &client(4000, ACK)).is_some());
}

#[test]
fn dst_6_the_trash_forgets() {
    let mut director = one_server(Profile::Classic, "-a -t 10.0.0.1:80 -r 10.2.0.1");
    let id = director.service(&web()).unwrap().dests().next().unwrap().0;
    apply(&mut director, secs(0), "-d -t 10.0.0.1:80 -r 10.2.0.1");
    for (now, remembered) in [(60, true), (120, true), (180, false)] {
        assert_eq!(director.next_deadline(), Some(secs(now)));
        director.handle_timeout(secs(now), 1);
        assert_eq!(director.dest(id).is_some(), remembered);
    }
    assert_eq!(director.next_deadline(), None);
}

#[test]
fn dst_8_dst_9_refusals() {
    let mut director = one_server(Profile::Linux6_1_183, "-a -t 10.0.0.1:80 -r 10.2.0.1");
    let good = DestConfig::new(ip("10.2.0.2"), 80);
    let listing = director.listing().to_string();
    let (upper, lower) = (1, 2);
    let cases = [
        (DestConfig { weight: 1 << 31, ..good }, DestError::WeightTooLarge { weight: 1 << 31 }),
        (
            DestConfig { upper_threshold: upper, lower_threshold: lower, ..good },
            DestError::ThresholdsCrossed { upper, lower },
        ),
        (
            DestConfig { upper_threshold: 1 << 31, ..good },
            DestError::UpperThresholdTooLarge { upper: 1 << 31 },
        ),
        (
            DestConfig { tunnel: Tunnel::Gue { port: 0, checksum: GueChecksum::None }, ..good },
            DestError::NoTunnelPort,
        ),
        (DestConfig::new(ip("fd00::1"), 80), DestError::FamilyMismatch { address: ip("fd00::1") }),
        (DestConfig::new(ip(RS), 80), DestError::AlreadyExists),
    ];
    for (config, error) in cases {
        assert_eq!(director.add_dest(secs(0), &web(), config), Err(error));
    }
    for address in ["0.0.0.0", "224.0.0.1", "255.255.255.255"] {
        let error = DestError::NotUnicast { address: ip(address) };
        let config = DestConfig::new(ip(address), 80);
        assert_eq!(director.add_dest(secs(0), &web(), config), Err(error));
    }
    for address in ["::", "ff02::1", "fe80::1"] {
        let error = DestError::NotUnicast { address: ip(address) };
        let config = DestConfig { method: Method::Tunnel, ..DestConfig::new(ip(address), 80) };
        assert_eq!(director.add_dest(secs(0), &web(), config), Err(error));
    }
    let nobody = ServiceKey::udp(ip(VIP), 80);
    assert_eq!(director.add_dest(secs(0), &nobody, good), Err(DestError::NoSuchService));
    let missing = DestError::NoSuchDestination;
    assert_eq!(director.edit_dest(secs(0), &web(), good), Err(missing));
    assert_eq!(director.delete_dest(secs(0), &web(), good.address, 80), Err(missing));
    assert_eq!(director.listing().to_string(), listing, "nothing has changed");

    let other_family = DestConfig { method: Method::Tunnel, ..DestConfig::new(ip("fd00::1"), 80) };
    assert!(director.add_dest(secs(0), &web(), other_family).is_ok());
}

/// The method is that of the time when a connection was made, the tunnel that of now [DST-10] [FWD-1]:
/// for its first packet, for later ones, and for the list.
#[test]
fn dst_10_an_edited_tunnel_is_for_connections_that_there_are() {
    let tunnels = [
        ("--tun-type ipip", Tunnel::IpIp),
        (
            "--tun-type gue --tun-port 6080 --tun-csum",
            Tunnel::Gue { port: 6080, checksum: GueChecksum::Udp },
        ),
        ("--tun-type gre", Tunnel::Gre { checksum: false }),
    ];
    for persistent in ["", " -p"] {
        let mut director =
            director(Profile::Linux6_1_183, &[&format!("-A -t 10.0.0.1:80{persistent}")]);
        apply(&mut director, secs(0), "-a -t 10.0.0.1:80 -r 10.2.0.1 -i");
        let old = tcp("10.1.0.1", 1, VIP, 80, SYN);
        for (client_port, (option, tunnel)) in (2..).zip(tunnels) {
            let edit = format!("-e -t 10.0.0.1:80 -r 10.2.0.1 -i {option}");
            apply(&mut director, secs(0), &edit);
            let hop = Hop { tunnel, ..Hop::new(Method::Tunnel, ip(RS), 80) };
            let new = tcp("10.1.0.1", client_port, VIP, 80, SYN);
            for syn in [&old, &new] {
                assert_eq!(director.decide(secs(0), syn), Verdict::Forward(hop), "{option}");
            }
            assert!(director.conns().all(|conn| conn.hop().tunnel == tunnel));
        }
        apply(&mut director, secs(0), "-e -t 10.0.0.1:80 -r 10.2.0.1 -m --tun-type gre");
        let gre =
            Hop { tunnel: Tunnel::Gre { checksum: false }, ..Hop::new(Method::Tunnel, ip(RS), 80) };
        assert_eq!(director.decide(secs(0), &old), Verdict::Forward(gre));
    }
}

#[test]
fn services_are_found_by_key() {
    let mut director = director(Profile::Classic, &["-A -t 10.0.0.1:80"]);
    let config = ServiceConfig::new(web());
    assert_eq!(director.add_service(secs(0), config), Err(ServiceError::AlreadyExists));
    let nobody = ServiceKey::udp(ip(VIP), 80);
    let missing = Err(ServiceError::NoSuchService);
    assert_eq!(director.edit_service(secs(0), ServiceConfig::new(nobody)), missing);
    assert_eq!(director.delete_service(secs(0), &nobody), missing);
}

/// [MH-9] A table has no more places than slots; what is refused is as it was.
#[test]
fn mh_9_more_destinations_than_slots() {
    let mh = MhTableIndex::try_from(8).unwrap();
    let config = DirectorConfig { mh, ..DirectorConfig::default() };
    let mut director = Director::new(config).unwrap();
    let scheduler = |scheduler| ServiceConfig { scheduler, ..ServiceConfig::new(web()) };
    director.add_service(secs(0), scheduler(SchedulerKind::Rr)).unwrap();
    for last in 1..=252 {
        let dest = DestConfig::new([10, 2, 0, last].into(), 80);
        director.add_dest(secs(0), &web(), dest).unwrap();
    }
    let before = director.rules();
    let refused = director.edit_service(secs(0), scheduler(SchedulerKind::Mh));
    assert_eq!(refused, Err(ServiceError::TooManyDestinations { most: 251 }));
    assert_eq!(director.rules(), before);
    director.delete_dest(secs(0), &web(), [10, 2, 0, 252].into(), 80).unwrap();
    director.edit_service(secs(0), scheduler(SchedulerKind::Mh)).unwrap();
}

/// [LBLCR-5] The time that a set stays as it is can be changed while it runs.
#[test]
fn lblcr_5_another_expiration() {
    for expiration in [None, Some(100)] {
        let rules = [
            "-A -t 10.0.0.1:80 -s lblcr",
            "-a -t 10.0.0.1:80 -r 10.2.0.1 -g -w 3",
            "-a -t 10.0.0.1:80 -r 10.2.0.2 -g -w 3",
        ];
        let mut director = director(Profile::Classic, &rules);
        if let Some(secs) = expiration {
            director.set_lblcr_expiration(secs);
        }
        let mut connect = |now, port| {
            let [first, _] = [SYN, ACK].map(|flags| {
                hop(&mut director, secs(now), &tcp("192.0.2.7", port, VIP, 80, flags)).unwrap()
            });
            first
        };
        let six: Vec<_> = (1..=6).map(|port| connect(0, port)).collect();
        assert_eq!(six[3..], ["10.2.0.2:80", "10.2.0.1:80", "10.2.0.1:80"]);
        // The most loaded has left the set, or has not, and is picked again.
        let has_left = (7..=11).all(|port| connect(101, port) == "10.2.0.1:80");
        assert_eq!(has_left, expiration.is_some());
    }
}

#[test]
fn svc_8_mark_then_address_then_every_port() {
    let mut director = director(
        Profile::Classic,
        &[
            "-A -f 7 -s rr",
            "-a -f 7 -r 10.2.0.7:8080 -m",
            "-A -t 10.0.0.1:80 -s rr",
            "-a -t 10.0.0.1:80 -r 10.2.0.1",
            "-A -t 10.0.0.1:0 -s rr -p",
            "-a -t 10.0.0.1:0 -r 10.2.0.2",
        ],
    );
    let mut to = |port, client_port, mark| {
        hop(&mut director, secs(0), &tcp("192.0.2.7", client_port, VIP, port, SYN).with_mark(mark))
    };
    assert_eq!(to(80, 1, 7).as_deref(), Some("10.2.0.7:8080"));
    assert_eq!(to(80, 2, 8).as_deref(), Some("10.2.0.1:80"));
    assert_eq!(to(81, 3, 0).as_deref(), Some("10.2.0.2:81"));
    assert_eq!(hop(&mut director, secs(0), &udp("192.0.2.7", 4, VIP, 81)), None);
}

#[test]
fn svc_5_every_port_without_persistence_serves_nobody() {
    let mut director = director(Profile::Classic, &[]);
    let key = ServiceKey::tcp(ip(VIP), 0);
    director.add_service(secs(0), ServiceConfig::new(key)).unwrap();
    director.add_dest(secs(0), &key, DestConfig::new(ip(RS), 0)).unwrap();
    assert_eq!(director.decide(secs(0), &client(4000, SYN)), UNREACHABLE);
}

#[test]
fn svc_10_svc_11_what_is_not_scheduled() {
    let mut director = one_server(Profile::Classic, "-a -t 10.0.0.1:80 -r 10.2.0.1");
    for flags in [ACK, FIN, RST, SYN.with(RST)] {
        assert_eq!(director.decide(secs(0), &client(4000, flags)), Verdict::Pass);
    }
    assert_eq!(director.decide(secs(0), &client(20, SYN)), Verdict::Pass);
    assert_eq!(director.decide(secs(0), &tcp("192.0.2.7", 1, VIP, 81, SYN)), Verdict::Pass);
    let addresses = AddressPair::new(ip("192.0.2.7"), ip(VIP)).unwrap();
    let of = |transport| Flow::new(addresses, transport);
    for (transport, verdict) in [
        (Transport::Other(Protocol::ICMP), Verdict::Pass),
        (Transport::Unreadable(Protocol::ICMP), Verdict::Pass),
        (Transport::Unreadable(Protocol::TCP), Verdict::Drop(DropReason::HeaderUnreadable)),
        (Transport::Unreadable(Protocol::UDP), Verdict::Drop(DropReason::HeaderUnreadable)),
    ] {
        assert_eq!(director.decide(secs(0), &of(transport)), verdict);
    }
    assert!(hop(&mut director, secs(0), &client(4000, SYN.with(ACK))).is_some());
    let counters = director.counters();
    assert_eq!((counters.forwarded, counters.passed), (1, 8));
    assert_eq!(counters.dropped_header_unreadable, 2);
}

#[test]
fn s2_a_client_stays_for_an_hour() {
    let vip = "192.168.8.230";
    let mut director = director(
        Profile::Classic,
        &[
            "-A -t 192.168.8.230:80 -p 3600",
            "-a -t 192.168.8.230:80 -r 192.168.8.224 -w 2",
            "-a -t 192.168.8.230:80 -r 192.168.8.225 -w 5",
            "-A -t 192.168.9.230:80 -p 3600",
            "-a -t 192.168.9.230:80 -r 192.168.8.224 -w 2",
            "-a -t 192.168.9.230:80 -r 192.168.8.225 -w 5",
        ],
    );
    let service = ServiceKey::tcp(ip(vip), 80);
    let from = |client: &str, port| tcp(client, port, vip, 80, SYN);
    let first = hop(&mut director, secs(0), &from("10.9.0.1", 1001)).unwrap();
    for port in 2..50 {
        let now = secs(u64::from(port) * 60);
        director.handle_timeout(now, 100);
        let next = hop(&mut director, now, &from("10.9.0.1", 1000 + port));
        assert_eq!(next.as_ref(), Some(&first));
    }
    let other = hop(&mut director, secs(2940), &from("10.9.0.2", 1)).unwrap();
    assert_ne!(first, other, "another client goes where fewer are");
    let (_, _, persistent) = counts(&director, &service, "192.168.8.225");
    assert_eq!(persistent, 1);
    // It is gone in the monitor's eyes: the client moves, and its new template is elsewhere.
    apply(&mut director, secs(2950), "-d -t 192.168.8.230:80 -r 192.168.8.225");
    let moved = hop(&mut director, secs(2951), &from("10.9.0.1", 60));
    assert_eq!(moved.as_deref(), Some("192.168.8.224:80"));
    let invalid = director.conns().filter(|conn| conn.key().virtual_port == u16::MAX);
    assert_eq!(invalid.count(), 1, "TPL-12");
    apply(&mut director, secs(2960), "-a -t 192.168.8.230:80 -r 192.168.8.225 -w 5");
    let stays = hop(&mut director, secs(2961), &from("10.9.0.1", 61));
    assert_eq!(stays.as_deref(), Some("192.168.8.224:80"));
    assert_eq!(counts(&director, &service, "192.168.8.225").2, 1, "the invalid one");
}

#[test]
fn tpl_1_tpl_2_tpl_7_keys_and_ports() {
    // Service, server, packet port and mark; template's virtual address and port, its own port,
    // the connection's port.
    let cases = [
        ("-t 10.0.0.1:80", "10.2.0.1:8080 -m", 80, 0, ("10.0.0.1", 80, 8080), 8080),
        ("-t 10.0.0.1:0", "10.2.0.1:8080 -m", 443, 0, ("10.0.0.1", 0, 0), 443),
        ("-f 77", "10.2.0.1:8080 -m", 443, 77, ("0.0.0.77", 0, 0), 443),
    ];
    for (service, server, port, mark, (virtual_address, virtual_port, own), conn_port) in cases {
        let rules = [
            format!("-A {service} -s rr -p 100 -M 255.255.255.0"),
            format!("-a {service} -r {server}"),
        ];
        let mut director = director(Profile::Classic, &rules.each_ref().map(String::as_str));
        let flow = tcp("192.0.2.7", 4000, VIP, port, SYN).with_mark(mark);
        let expected = format!("10.2.0.1:{conn_port}");
        assert_eq!(hop(&mut director, secs(0), &flow), Some(expected));
        let template = director.conns().find(|conn| conn.key().template).unwrap();
        let key = template.key();
        assert_eq!((key.client(), key.client_port), (ip("192.0.2.0"), 0));
        assert_eq!((key.virtual_address(), key.virtual_port), (ip(virtual_address), virtual_port));
        assert_eq!(key.protocol, if mark == 0 { Protocol::TCP } else { Protocol(0) });
        assert_eq!(template.hop().port, own);
    }
}

#[test]
fn tpl_9_tpl_10_a_template_in_use_collapses_to_60_seconds() {
    let mut director = director(
        Profile::Classic,
        &["-A -t 10.0.0.1:80 -s rr -p 100", "-a -t 10.0.0.1:80 -r 10.2.0.1"],
    );
    let timeout = |director: &Director| {
        let template = director.conns().find(|conn| conn.key().template);
        template.map(|template| template.timeout().as_secs())
    };
    assert!(hop(&mut director, secs(0), &client(1, SYN)).is_some());
    assert!(hop(&mut director, secs(0), &client(1, ACK)).is_some());
    let state = director.conns().find(|conn| conn.key().template).map(|conn| conn.state());
    assert_eq!(state, Some(State::Template { assured: true }), "TPL-13");
    // A new connection counts, a packet of an old one does not.
    assert!(hop(&mut director, secs(50), &client(2, SYN)).is_some());
    assert!(hop(&mut director, secs(90), &client(1, ACK)).is_some());
    director.handle_timeout(secs(149), 10);
    assert_eq!(timeout(&director), Some(100));
    director.handle_timeout(secs(150), 10);
    assert_eq!(timeout(&director), Some(60));
    assert_eq!(counts(&director, &web(), RS), (1, 0, 1));
    // The established one ends at 990; the template outlives it by less than its 60 s.
    for now in 151..=1049 {
        director.handle_timeout(secs(now), 10);
    }
    assert_eq!((timeout(&director), counts(&director, &web(), RS)), (Some(60), (0, 0, 1)));
    director.handle_timeout(secs(1050), 10);
    assert_eq!((timeout(&director), counts(&director, &web(), RS)), (None, (0, 0, 0)));
}

#[test]
fn tpl_10_swept_late_is_swept_in_time() {
    let rules = ["-A -t 10.0.0.1:80 -s rr -p 100", "-a -t 10.0.0.1:80 -r 10.2.0.1"];
    let mut late = director(Profile::Classic, &rules);
    for port in 1..=9 {
        assert!(hop(&mut late, secs(0), &client(port, SYN)).is_some());
        assert!(hop(&mut late, secs(0), &client(port, ACK)).is_some());
    }
    // More is due than one packet sweeps, and the template is due as well.
    assert!(hop(&mut late, secs(960), &client(10, SYN)).is_some());
    let template = late.conns().find(|conn| conn.key().template).unwrap();
    assert_eq!(template.timeout(), Duration::from_secs(60));
}

#[test]
fn dst_14_weight_0_keeps_what_it_has() {
    let mut director = director(
        Profile::Classic,
        &["-A -t 10.0.0.1:80 -s rr -p", "-a -t 10.0.0.1:80 -r 10.2.0.1"],
    );
    assert!(hop(&mut director, secs(0), &client(1, SYN)).is_some());
    apply(&mut director, secs(0), "-e -t 10.0.0.1:80 -r 10.2.0.1 -w 0");
    assert!(hop(&mut director, secs(0), &client(2, SYN)).is_some());
    let stranger = tcp("192.0.2.8", 1, VIP, 80, SYN);
    assert_eq!(director.decide(secs(0), &stranger), UNREACHABLE);
}

#[test]
fn ops_1_each_packet_is_scheduled_anew() {
    let mut director = director(
        Profile::Classic,
        &[
            "-A -u 10.0.0.1:53 -s rr -o",
            "-a -u 10.0.0.1:53 -r 10.2.0.1",
            "-a -u 10.0.0.1:53 -r 10.2.0.2",
        ],
    );
    let query = udp("192.0.2.7", 4000, VIP, 53);
    let hops = [(); 4].map(|()| hop(&mut director, secs(0), &query).unwrap());
    assert_eq!(hops, ["10.2.0.2:53", "10.2.0.1:53", "10.2.0.2:53", "10.2.0.1:53"]);
    assert_eq!(director.conns().count(), 0);
    let service = ServiceKey::udp(ip(VIP), 53);
    assert_eq!(counts(&director, &service, RS), (0, 0, 0));
    assert_eq!(dest(&director, &service, RS).statistics().conns, 2);
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
