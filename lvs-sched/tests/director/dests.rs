//! Destinations: thresholds, the trash, what is refused.

use lvs_proto::{Decide, GueChecksum, Hop, Method, Tunnel, Verdict};
use lvs_sched::{DestConfig, DestError, Director, Profile, ServiceKey};

use super::common::{ACK, PROFILES, SYN, apply, counts, dest, director, hop, ip, secs, tcp};
use super::{DELETED, RS, UNREACHABLE, VIP, client, one_server, web};

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

/// Wherever the places are that more room was made for.
#[test]
fn connections_are_of_their_destinations() {
    let mut director = director(Profile::Classic, &["-A -t 10.0.0.1:80 -s rr"]);
    let numbers = [2, 5, 9];
    for number in numbers {
        director.reserve(0, number.into()).unwrap();
        let config = DestConfig::new([10, 2, 0, number].into(), 80);
        director.add_dest(secs(0), &web(), config).unwrap();
    }
    for port in 1..=3 {
        assert!(hop(&mut director, secs(0), &client(port, SYN)).is_some());
    }
    for number in numbers {
        assert_eq!(counts(&director, &web(), &format!("10.2.0.{number}")), (1, 0, 0));
    }
}
