//! The deployments that users run.

use std::time::Duration;

use lvs_sched::health::{
    CheckConfig, CheckKind, Event, HttpGet, Outcome, RealServer, VirtualServer,
};
use lvs_sched::{DestConfig, ServiceKey};

use super::common::{ip, secs};
use super::world::*;

/// S2: a monitor tries each server up to three times, 1 s each, every 5 s; two carriers' addresses
/// share the servers.
#[test]
fn s2_a_server_is_gone_and_back_with_its_weight() {
    let vips = ["192.168.8.230", "192.168.9.230"].map(|vip| ServiceKey::tcp(ip(vip), 80));
    let mut world = World::new(&[
        "-A -t 192.168.8.230:80 -s wlc -p 3600",
        "-A -t 192.168.9.230:80 -s wlc -p 3600",
    ]);
    let check = CheckConfig {
        delay_loop: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(1),
        retry: 2,
        delay_before_retry: Duration::ZERO,
        ..tcp_check()
    };
    for vip in &vips {
        world.checker.add_service(secs(0), VirtualServer::new(*vip)).unwrap();
        for dest in [weighted("192.168.8.224", 2), weighted("192.168.8.225", 5)] {
            world.checker.add_dest(secs(0), vip, real(dest, &check)).unwrap();
        }
    }
    world.serve("192.168.8.224:80", Outcome::Connected);
    world.serve("192.168.8.225:80", Outcome::Connected);
    world.run_until(secs(4));
    let both = named(&[("192.168.8.225", 5), ("192.168.8.224", 2)]);
    assert!(vips.iter().all(|vip| world.dests(vip) == both));
    assert_eq!(world.events, [], "they were believed to be up");

    world.kill("192.168.8.224:80");
    world.run_until(secs(30));
    // The second check begins at 5.001 s.
    let gone = (at(8, 1), false);
    assert_eq!(world.changes("192.168.8.224"), [gone, gone], "once of each service");
    let one = named(&[("192.168.8.225", 5)]);
    assert!(vips.iter().all(|vip| world.dests(vip) == one));

    world.serve("192.168.8.224:80", Outcome::Connected);
    world.run_until(secs(40));
    let both = named(&[("192.168.8.224", 2), ("192.168.8.225", 5)]);
    assert!(vips.iter().all(|vip| world.dests(vip) == both), "back, as the newest");
    assert_eq!(world.changes("192.168.8.224").len(), 4);
    assert_eq!(world.changes("192.168.8.225"), []);
}

/// `delay_loop 6`, `TCP_CHECK { connect_timeout 10  nb_get_retry 3  delay_before_retry 3 }`.
fn s3_check() -> CheckConfig {
    CheckConfig {
        delay_loop: Duration::from_secs(6),
        connect_timeout: Duration::from_secs(10),
        retry: 3,
        delay_before_retry: Duration::from_secs(3),
        ..tcp_check()
    }
}

#[test]
fn s3_keepalived_with_sorry_server() {
    let vip = ServiceKey::tcp(ip("192.168.2.100"), 80);
    let mut world = World::new(&["-A -t 192.168.2.100:80 -s wrr -p 60"]);
    let sorry_server = Some(DestConfig::new(ip("127.0.0.1"), 80));
    let server = VirtualServer { sorry_server, ..VirtualServer::new(vip) };
    world.checker.add_service(secs(0), server).unwrap();
    for dest in [weighted("192.168.2.79", 3), weighted("192.168.2.80", 3)] {
        world.checker.add_dest(secs(0), &vip, real(dest, &s3_check())).unwrap();
    }
    world.serve("192.168.2.79:80", Outcome::Refused);
    world.run_until(secs(60));
    // Refused at once four times, 3 s apart; the dead one times out four times.
    assert_eq!(world.changes("192.168.2.79"), [(at(9, 4), false)]);
    assert_eq!(world.changes("192.168.2.80"), [(secs(4 * 10 + 3 * 3), false)]);
    let lost = Event::Quorum { service: vip, up: false };
    assert_eq!(world.events.last(), Some(&(secs(49), lost)));
    assert_eq!(world.dests(&vip), named(&[("127.0.0.1", 1)]));
    assert_eq!(
        world.director.listing().to_string(),
        "IP Virtual Server version 1.2.1 (size=4096)\n\
         Prot LocalAddress:Port Scheduler Flags\n  \
         -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n\
         TCP  192.168.2.100:80 wrr persistent 60\n  \
         -> 127.0.0.1:80                 Route   1      0          0         \n"
    );

    // One that is down is asked once every 6 s, and one success is enough.
    world.serve("192.168.2.79:80", Outcome::Connected);
    world.run_until(secs(70));
    assert_eq!(world.dests(&vip), named(&[("192.168.2.79", 3)]));
    let gained = Event::Quorum { service: vip, up: true };
    assert_eq!(world.events.last().map(|(_, event)| *event), Some(gained));
}

/// S3: `HTTP_GET` with digest or status code.
#[test]
fn s3_pages_have_a_digest_and_a_status_code() {
    let digest = Some([7; 16]);
    let get =
        HttpGet { digest, status_codes: vec![200..=200, 301..=302], ..HttpGet::new("/".into()) };
    let response = |status, digest| Outcome::Response { status, digest, received: false };
    let rows = [
        (response(200, digest), true),
        (response(302, digest), true),
        (response(201, digest), false),
        (response(200, Some([8; 16])), false),
        (response(200, None), false),
        (Outcome::Passed, true),
        (Outcome::Failed, false),
        (Outcome::Connected, false),
        (Outcome::Refused, false),
        (Outcome::TimedOut, false),
    ];
    for kind in [CheckKind::HttpGet(get.clone()), CheckKind::SslGet(get)] {
        for (outcome, passes) in rows {
            let check = CheckConfig { kind: kind.clone(), retry: 0, ..tcp_check() };
            assert_eq!(ups(&check, &[outcome]), [passes], "{outcome:?}");
        }
    }
    let any = CheckKind::HttpGet(HttpGet::new("/".into()));
    let any = CheckConfig { kind: any, retry: 0, ..tcp_check() };
    for (status, passes) in [(199, false), (200, true), (299, true), (300, false)] {
        assert_eq!(ups(&any, &[response(status, None)]), [passes], "{status}");
    }
    let misc = CheckConfig { kind: CheckKind::MiscCheck("check.sh".into()), ..tcp_check() };
    assert_eq!(
        ups(&misc, &[Outcome::Passed, Outcome::Connected, Outcome::Failed]),
        [true, true, false]
    );
}

/// S5: ldirectord's `negotiate`, with `quiescent` and `fallback`.
#[test]
fn s5_ldirectord_takes_out_or_quiesces_and_falls_back() {
    let page = |received| Outcome::Response { status: 200, digest: None, received };
    for quiescent in [false, true] {
        let vip = ServiceKey::tcp(ip("192.168.6.2"), 80);
        let mut world = World::new(&["-A -t 192.168.6.2:80 -s rr"]);
        let fallback = Some(DestConfig::new(ip("127.0.0.1"), 80));
        let server = VirtualServer { sorry_server: fallback, ..VirtualServer::new(vip) };
        world.checker.add_service(secs(0), server).unwrap();
        let get = HttpGet { receive: Some("RS".into()), ..HttpGet::new("index.html".into()) };
        let check = CheckConfig {
            kind: CheckKind::HttpGet(get),
            delay_loop: Duration::from_secs(1),
            connect_timeout: Duration::from_secs(3),
            retry: 0,
            ..tcp_check()
        };
        for address in ["192.168.6.4", "192.168.6.6"] {
            let real = real(DestConfig::new(ip(address), 80), &check);
            let real = RealServer { inhibit_on_failure: quiescent, ..real };
            world.checker.add_dest(secs(0), &vip, real).unwrap();
            world.serve(&format!("{address}:80"), page(true));
        }
        world.run_until(secs(10));
        assert_eq!(world.dests(&vip), named(&[("192.168.6.6", 1), ("192.168.6.4", 1)]));

        let gone = |dests: &[(&str, u32)]| {
            let stay = dests.iter().filter(|(_, weight)| quiescent || *weight > 0);
            named(&stay.copied().collect::<Vec<_>>())
        };
        world.serve("192.168.6.4:80", page(false));
        world.run_until(secs(12));
        assert_eq!(world.dests(&vip), gone(&[("192.168.6.6", 1), ("192.168.6.4", 0)]));
        world.kill("192.168.6.6:80");
        world.run_until(secs(17));
        let fallback = [("127.0.0.1", 1), ("192.168.6.6", 0), ("192.168.6.4", 0)];
        assert_eq!(world.dests(&vip), gone(&fallback));
        world.serve("192.168.6.6:80", page(true));
        world.run_until(secs(22));
        assert_eq!(world.dests(&vip), gone(&[("192.168.6.6", 1), ("192.168.6.4", 0)]));
    }
}
