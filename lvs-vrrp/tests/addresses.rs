//! Virtual addresses that adverts do not list, and the router's own.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use std::collections::BTreeSet;
use std::net::IpAddr;

use arbtest::arbtest;
use common::*;
use lvs_proto::Family;
use lvs_proto::vrrp::{Peer, Priority, Version};
use lvs_vrrp::{Action, Config, ConfigError, Plan, Router, State, Tracked};

type PeeringRouter = Router<Vec<IpAddr>, Vec<Peer>>;

const OWN: &str = "10.0.0.5";
const OTHER: &str = "10.0.0.9";

/// The lab's addresses, and others of both families that are not advertised.
fn mixed() -> Vec<IpAddr> {
    [addresses(Family::V4), vec![ip("2001:db8::7"), ip("10.9.9.9")]].concat()
}

fn excluding(priority: u8) -> Config {
    Config { advertised: Some(2), ..v3(priority) }
}

/// They are installed, joined and announced like the others; adverts do not list them, and those of
/// others need not either.
#[test]
fn x_35_excluded_addresses_move_but_are_not_advertised() {
    let mut router = Router::new(excluding(100), ip(OWN), mixed()).unwrap();
    router.startup(at(0));
    drain(&mut router);
    router.handle_timeout(at(3_609_375));
    let actions = drain(&mut router);
    let announced = actions.iter().filter_map(|action| match action {
        Action::Announce(address) => Some(*address),
        _ => None,
    });
    assert!(announced.eq(mixed()));
    assert!(actions.contains(&Action::JoinSolicitedNode("ff02::1:ff00:7".parse().unwrap())));
    let advert = router.advert(Priority::DEFAULT);
    assert!(advert.addresses.iter().eq(addresses(Family::V4)));
    assert_eq!((router.family(), router.addresses().len()), (Family::V4, 4));
    assert_eq!(router.advertised_addresses(), addresses(Family::V4));
    Heard::new(OTHER, 200).by(&mut router, 4_000_000);
    assert_eq!((router.state(), router.counters().address_list_errors), (State::Backup, 0));
}

/// A reload that advertises fewer installs nothing anew; another list does.
#[test]
fn x_35_fsm_26_reloads() {
    let mut router = Router::new(excluding(100), ip(OWN), mixed()).unwrap();
    router.startup(at(0));
    router.handle_timeout(at(3_609_375));
    drain(&mut router);
    let mut apply = |advertised, list| {
        let config = Config { advertised, ..v3(100) };
        let plan = router.apply(at(3_609_376), config, list, []);
        (plan, drain(&mut router), router.advert(Priority::DEFAULT).addresses.len())
    };
    let changed = Plan { addresses: true, ..Plan::default() };
    assert_eq!(apply(Some(2), mixed()), (Ok(Plan::default()), vec![], 2));
    let (plan, actions, advertised) = apply(Some(1), mixed());
    assert_eq!((plan, advertised), (Ok(changed), 1));
    assert!(!actions.iter().any(|action| matches!(action, Action::Announce(_))));
}

#[test]
fn x_35_what_does_not_fit_is_refused() {
    let check = |advertised, list: &[IpAddr]| {
        let config = Config { advertised, ..v3(100) };
        Router::new(config, ip(OWN), list).map(|_| ()).map_err(|error| error.to_string())
    };
    let error = |error: ConfigError| Err(error.to_string());
    assert_eq!(check(None, &mixed()), error(ConfigError::MixedFamilies(ip("2001:db8::7"))));
    assert_eq!(check(Some(3), &mixed()), error(ConfigError::MixedFamilies(ip("2001:db8::7"))));
    assert_eq!(check(Some(5), &mixed()), error(ConfigError::Advertised(5)));
    assert_eq!(check(Some(0), &mixed()), error(ConfigError::NoAddresses));
    let many: Vec<IpAddr> =
        (0..1025_u32).map(|low| IpAddr::V4((0x0a00_0001 + low).into())).collect();
    assert_eq!(check(Some(255), &many[..1024]), Ok(()));
    assert_eq!(check(Some(255), &many), error(ConfigError::TooManyAddresses(1025)));
    assert_eq!(check(None, &many[..256]), error(ConfigError::TooManyAddresses(256)));
    let twice = [mixed(), vec![ip("10.9.9.9")]].concat();
    assert_eq!(check(Some(2), &twice), error(ConfigError::Duplicate(ip("10.9.9.9"))));
}

/// [V3-AC-3], [CORE-1] Who joins what it is told, and at every installation leaves what is not wanted any
/// more, is in the right groups whatever addresses come and go.
#[test]
fn core_1_fsm_26_solicited_node_groups_of_a_reload() {
    const CHOICES: [&str; 5] =
        ["fe80::100", "2001:db8::100", "2001:db8::7", "2001:db8::9900:7", "2001:db8::8"];
    arbtest(|u| {
        let mut router = router(v3(255), "fe80::5");
        let (mut groups, mut now) = (BTreeSet::new(), 0);
        while !u.is_empty() {
            now += 1;
            let mut list: Vec<_> = CHOICES.map(ip).into();
            list.retain(|_| u.arbitrary().unwrap_or(false));
            match u.int_in_range(0..=4)? {
                0 => router.shutdown(at(now)),
                1 => router.startup(at(now)),
                _ => drop(router.apply(at(now), v3(255), list, [])),
            }
            for action in drain(&mut router) {
                match action {
                    Action::InstallAddresses { .. } => {
                        let wanted: BTreeSet<_> = router.solicited_node_groups().collect();
                        groups.retain(|group| wanted.contains(group));
                    }
                    Action::JoinSolicitedNode(group) => drop(groups.insert(group)),
                    Action::LeaveSolicitedNode(group) => assert!(groups.remove(&group)),
                    _ => {}
                }
            }
            let wanted = router.solicited_node_groups().filter(|_| router.state() == State::Active);
            assert_eq!(groups, wanted.collect());
        }
        Ok(())
    });
}

/// All of the longest list, in its order.
#[test]
fn x_35_a_thousand_addresses_are_announced() {
    let many: Vec<IpAddr> =
        (0..1024_u32).map(|low| IpAddr::V4((0x0a00_0001 + low).into())).collect();
    let config = Config { advertised: Some(1), ..v3(255) };
    let mut router = Router::new(config, ip("192.0.2.1"), many.clone()).unwrap();
    router.startup(at(0));
    let actions = drain(&mut router);
    let announced = actions.iter().filter_map(|action| match action {
        Action::Announce(address) => Some(*address),
        _ => None,
    });
    assert!(announced.eq(many));
}

/// Who was away says where it is, once, if it speaks to peers and is told to.
#[test]
fn x_26_a_router_that_is_back_announces_its_source() {
    let keepalived = Config::keepalived(Version::V3, vrid());
    assert!(keepalived.announce_source && !v3(100).announce_source);
    let peers = vec![Peer::new(ip(OTHER))];
    for (config, peers, announces) in [
        (announcing_once(keepalived), peers.clone(), true),
        (announcing_once(keepalived), vec![], false),
        (v3(100), peers, false),
    ] {
        let list = addresses(Family::V4);
        let mut router = Router::with_peers(config, ip(OWN), list, peers).unwrap();
        let mut drain = |act: &dyn Fn(&mut PeeringRouter)| {
            act(&mut router);
            let actions: Vec<_> = core::iter::from_fn(|| router.poll_action()).collect();
            actions.contains(&Action::AnnounceSource)
        };
        let tracked = |fault| Tracked { priority: Priority::DEFAULT, fault };
        assert!(!drain(&|router| router.startup(at(1))));
        assert!(!drain(&|router| router.interface_down(at(2))));
        assert_eq!(drain(&|router| router.interface_up(at(3))), announces);
        assert!(!drain(&|router| router.interface_up(at(4))));
        assert!(!drain(&|router| router.track(at(5), tracked(true))));
        assert!(!drain(&|router| router.interface_down(at(6))));
        assert!(!drain(&|router| router.track(at(7), tracked(false))), "not yet");
        assert_eq!(drain(&|router| router.interface_up(at(8))), announces);
    }
}
