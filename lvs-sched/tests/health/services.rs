//! What a director is made to have of a service.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use lvs_sched::health::{CheckConfig, Outcome, RealServer, VirtualServer};
use lvs_sched::{DestConfig, ServiceKey};

use super::common::{ip, secs};
use super::world::*;

#[test]
fn quorum_has_hysteresis_and_counts_weights() {
    let vip = ServiceKey::tcp(ip("10.0.0.1"), 80);
    let mut world = World::new(&["-A -t 10.0.0.1:80 -s rr"]);
    let server =
        VirtualServer { quorum: count(6), hysteresis: 2, alpha: true, ..VirtualServer::new(vip) };
    world.checker.add_service(secs(0), server).unwrap();
    let check = CheckConfig { retry: 0, delay_loop: Duration::from_secs(1), ..tcp_check() };
    for last in 1..=4_u32 {
        let address = format!("10.2.0.{last}");
        world.checker.add_dest(secs(0), &vip, real(weighted(&address, last), &check)).unwrap();
    }
    // Which servers are alive, how much they weigh, whether the service has quorum.
    let rows: [(&[u32], u32, bool); 7] = [
        (&[], 0, false),
        (&[3, 4], 7, false),
        (&[1, 3, 4], 8, true),
        (&[1, 3], 4, true),
        (&[3], 3, false),
        (&[1, 2, 4], 7, false),
        (&[1, 2, 3, 4], 10, true),
    ];
    for ((alive, weight, quorum), second) in rows.into_iter().zip(1..) {
        for last in 1..=4 {
            let outcome = if alive.contains(&last) { Outcome::Connected } else { Outcome::Refused };
            world.serve(&format!("10.2.0.{last}:80"), outcome);
        }
        world.run_until(secs(second * 10));
        let served: u32 = world.dests(&vip).iter().map(|(_, weight)| weight).sum();
        assert_eq!(served, weight, "without a sorry server, who is up serves");
        assert_eq!(world.checker.has_quorum(&vip), Some(quorum), "{alive:?}");
    }
    assert_eq!(world.quorums(), [true, false, true]);
}

#[test]
fn alpha_believes_nobody_and_omega_tells_of_the_end() {
    for (alpha, omega) in [(false, false), (true, false), (false, true), (true, true)] {
        let vip = ServiceKey::tcp(ip("10.0.0.1"), 80);
        let mut world = World::new(&["-A -t 10.0.0.1:80 -s rr"]);
        let sorry_server = Some(DestConfig::new(ip("127.0.0.1"), 80));
        let server = VirtualServer { alpha, omega, sorry_server, ..VirtualServer::new(vip) };
        world.checker.add_service(secs(0), server).unwrap();
        let check = CheckConfig { warmup: Some(Duration::from_secs(5)), ..tcp_check() };
        world.checker.add_dest(secs(0), &vip, real(weighted("10.2.0.1", 7), &check)).unwrap();
        world.serve("10.2.0.1:80", Outcome::Connected);
        world.drain();
        let first = if alpha { ("127.0.0.1", 1) } else { ("10.2.0.1", 7) };
        assert_eq!(world.dests(&vip), named(&[first]));
        world.run_until(secs(10));
        assert_eq!(world.dests(&vip), named(&[("10.2.0.1", 7)]));
        world.checker.shutdown(secs(10));
        world.drain();
        assert_eq!(world.dests(&vip), []);
        assert_eq!((world.checker.next_deadline(), world.checker.checks().count()), (None, 0));
        let told: Vec<bool> = [(alpha, true), (omega, false)]
            .iter()
            .filter_map(|(told, up)| told.then_some(*up))
            .collect();
        assert_eq!(world.quorums(), told);
        let changes = world.changes("10.2.0.1");
        assert_eq!(changes.iter().map(|(_, up)| *up).collect::<Vec<_>>(), told);
    }
}

/// All checks of a server must pass, and one without any is up.
#[test]
fn a_server_is_up_while_all_of_its_checks_are() {
    let vip = ServiceKey::tcp(ip("10.0.0.1"), 0);
    let mut world = World::new(&["-A -t 10.0.0.1:0 -s rr -p 60"]);
    world.checker.add_service(secs(0), VirtualServer::new(vip)).unwrap();
    let at_port = |port| CheckConfig {
        connect_port: Some(port),
        retry: 0,
        delay_loop: Duration::from_secs(1),
        ..tcp_check()
    };
    let checked = RealServer {
        dest: DestConfig::new(ip("10.2.0.1"), 0),
        inhibit_on_failure: false,
        checks: vec![at_port(80), at_port(443)],
    };
    let unchecked = RealServer {
        dest: DestConfig::new(ip("10.2.0.2"), 0),
        inhibit_on_failure: false,
        checks: Vec::new(),
    };
    world.checker.add_dest(secs(0), &vip, unchecked).unwrap();
    world.checker.add_dest(secs(0), &vip, checked).unwrap();
    let rows = [("++", 2), ("+-", 1), ("--", 1), ("-+", 1), ("++", 2)];
    for ((row, dests), second) in rows.into_iter().zip(1..) {
        for (letter, port) in row.chars().zip([80, 443]) {
            let outcome = if letter == '+' { Outcome::Connected } else { Outcome::Refused };
            world.serve(&format!("10.2.0.1:{port}"), outcome);
        }
        world.run_until(secs(second * 5));
        assert_eq!(world.dests(&vip).len(), dests, "{row}");
    }
    assert_eq!(world.events.len(), 2, "one change each way");
}

/// Whatever happens, and however often the drain is broken off: the director never has a real
/// server beside the sorry server, and once all is drained it has what the state of the checks
/// says, each weight as configured.
#[test]
fn the_director_has_what_the_checks_say() {
    arbtest::arbtest(director_and_checks).budget_ms(1_000);
}

pub(crate) fn director_and_checks(u: &mut Unstructured<'_>) -> Result<()> {
    let vip = ServiceKey::tcp(ip("10.0.0.1"), 80);
    let mut world = World::new(&["-A -t 10.0.0.1:80 -s rr"]);
    let quorum: u32 = u.int_in_range(1..=5)?;
    let server = VirtualServer {
        quorum: count(quorum),
        hysteresis: u.int_in_range(0..=quorum - 1)?,
        alpha: u.arbitrary()?,
        omega: u.arbitrary()?,
        sorry_server: u.ratio(2, 3)?.then_some(weighted("127.0.0.1", 1)),
        sorry_server_inhibit: u.arbitrary()?,
        ..VirtualServer::new(vip)
    };
    world.checker.add_service(secs(0), server).unwrap();
    let mut model = BTreeMap::new();
    for _ in 0..u.int_in_range(0..=40)? {
        let address = ip(&format!("10.2.0.{}", u.int_in_range(1..=4)?));
        let dest = DestConfig { weight: u.int_in_range(0..=4)?, ..DestConfig::new(address, 80) };
        match u.int_in_range(0..=5_u8)? {
            0 => {
                let check = CheckConfig { retry: 0, ..tcp_check() };
                let inhibit_on_failure = u.arbitrary()?;
                let server = RealServer { inhibit_on_failure, ..real(dest, &check) };
                if world.checker.add_dest(world.now, &vip, server).is_ok() {
                    model.insert(address, (dest.weight, inhibit_on_failure));
                }
            }
            1 => {
                if world.checker.edit_dest(world.now, &vip, dest).is_ok() {
                    model.get_mut(&address).unwrap().0 = dest.weight;
                }
            }
            2 => {
                if world.checker.remove_dest(world.now, &vip, address, 80).is_ok() {
                    model.remove(&address);
                }
            }
            _ => {
                if u.arbitrary()? {
                    world.serve(&format!("{address}:80"), Outcome::Connected);
                } else {
                    world.kill(&format!("{address}:80"));
                }
            }
        }
        for _ in 0..u.int_in_range(0..=3)? {
            world.step();
            world.assert_one_kind_serves(&vip);
        }
        if u.arbitrary()? {
            continue;
        }
        world.drain();
        let ups: Vec<IpAddr> = world
            .checker
            .checks()
            .filter(|it| it.is_up())
            .map(lvs_sched::health::Check::address)
            .collect();
        let has_quorum = world.checker.has_quorum(&vip).unwrap();
        let weight: u32 = ups.iter().map(|address| model[address].0).sum();
        assert!(has_quorum || weight < quorum + server.hysteresis);
        assert!(!has_quorum || weight >= quorum - server.hysteresis);

        let mut expected = BTreeMap::new();
        for (address, (weight, inhibit)) in &model {
            let serves = ups.contains(address) && (has_quorum || server.sorry_server.is_none());
            if serves || *inhibit {
                expected.insert(address.to_string(), if serves { *weight } else { 0 });
            }
        }
        if server.sorry_server.is_some() && (!has_quorum || server.sorry_server_inhibit) {
            expected.insert("127.0.0.1".to_owned(), u32::from(!has_quorum));
        }
        assert_eq!(world.dests(&vip).into_iter().collect::<BTreeMap<_, _>>(), expected);
    }
    Ok(())
}
