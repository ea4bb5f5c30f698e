//! Another configuration for a router that runs \[FSM-26\], \[T-7\].
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use std::net::IpAddr;

use arbtest::arbtest;
use common::*;
use lvs_proto::Family;
use lvs_proto::vrrp::{Priority, Version, Vrid};
use lvs_vrrp::{Action, ApplyError, Config, ConfigError, DuplicateSource, Plan, Router, State};

const OWN: &str = "10.0.0.5";
const OTHER: &str = "10.0.0.9";

/// Applies `config` to a router of the lab, its addresses unchanged.
fn apply(router: &mut TestRouter, micros: u64, config: Config) -> Result<Plan, ApplyError> {
    router.apply(at(micros), config, addresses(router.family()), [])
}

/// The law: whatever it is doing, an unchanged virtual router does nothing about it.
#[test]
fn fsm_26_an_unchanged_router_emits_no_action() {
    arbtest(|u| {
        let priority = *u.choose(&[1, 100, 254, 255])?;
        let config = if u.arbitrary()? { v3(priority) } else { v2(priority) };
        let config = Config {
            advertised: *u.choose(&[None, Some(1)])?,
            stagger_adverts: u.arbitrary()?,
            duplicate_source: *u.choose(&[DuplicateSource::Report, DuplicateSource::StepDown])?,
            ..config
        };
        let mut router = router(config, OWN);
        if u.ratio(1, 8)? {
            router.follow(at(0), State::Active);
        }
        let mut now = 0;
        while !u.is_empty() {
            now += u64::from(u.int_in_range(0..=4_000_u32)?) * 1_000;
            match u.int_in_range(0..=6)? {
                0 => router.startup(at(now)),
                1 => router.handle_timeout(at(now)),
                2 => router.set_priority(at(now), Priority::new(u.arbitrary()?)),
                3 => router.interface_down(at(now)),
                4 => router.peer_down(at(now), ip(OTHER)),
                5 => drop(Heard::new(OWN, u.arbitrary()?).by(&mut router, now)),
                _ => drop(Heard::new(OTHER, u.arbitrary()?).by(&mut router, now)),
            }
            drain(&mut router);
            let before = machine(&router);
            let plan = apply(&mut router, now, config).unwrap();
            assert!(plan.is_empty());
            assert_eq!(machine(&router), before);
            assert_eq!(drain(&mut router), []);
        }
        Ok(())
    });
}

/// [FSM-26] A plan names what is another, and nothing else.
#[test]
fn fsm_26_a_plan_names_what_changes() {
    let nothing = Plan {
        restart: false,
        priority: false,
        timers: false,
        addresses: false,
        peers: false,
        options: false,
    };
    let router = started(v3(100), OWN);
    for (config, expected) in [
        (v3(100), nothing),
        (v3(150), Plan { priority: true, ..nothing }),
        (Config { interval: centiseconds(200), ..v3(100) }, Plan { timers: true, ..nothing }),
        (Config { advert_count: 5, ..v3(100) }, Plan { timers: true, ..nothing }),
        (Config { preempt: false, ..v3(100) }, Plan { options: true, ..nothing }),
        (Config { vrid: Vrid::new(52).unwrap(), ..v3(100) }, Plan { restart: true, ..nothing }),
    ] {
        assert_eq!(router.plan(&config, &addresses(Family::V4), &[]), Ok(expected));
    }
    let plan = router.plan(&v3(100), &[ip("192.0.2.100")], &[]);
    assert_eq!(plan, Ok(Plan { addresses: true, ..nothing }));
}

/// [SC-9], [T-7] Whatever the down interval is made of.
#[test]
fn t_7_deadlines_move_by_the_difference() {
    let slow = Config { interval: centiseconds(200), ..v3(100) };
    for (config, deadline) in [
        (v3(150), 3_414_062),
        (Config { advert_count: 5, ..v3(100) }, 5_609_375),
        (slow, 7_218_750),
        (Config { preempt: false, ..v3(100) }, 3_609_375),
    ] {
        let mut router = started(v3(100), OWN);
        assert!(!apply(&mut router, SECOND, config).unwrap().is_empty());
        assert_eq!(router.next_deadline(), Some(at(deadline)));
        assert_eq!((router.state(), drain(&mut router)), (State::Backup, vec![]));
    }
    // A learned interval stays, even if it was the own one.
    for learned in [20, 100] {
        let mut router = started(v3(100), OWN);
        Heard { interval: centiseconds(learned), ..Heard::new(OTHER, 200) }.by(&mut router, 1);
        apply(&mut router, 2, slow).unwrap();
        assert_eq!(router.active_interval(), centiseconds(learned));
    }
}

/// [T-7], [S-10] Those who hear an Active router go by the interval that it said last: the advert that
/// says another one is not later for it, and nobody is late who was to be early.
#[test]
fn t_7_an_active_router_is_heard_whatever_its_interval_becomes() {
    let every = |number, preempt| Config { interval: centiseconds(number), preempt, ..v3(100) };
    for (new, due) in [(10, 500_000), (60, 600_000), (200, SECOND), (4_095, SECOND)] {
        for preempt in [true, false] {
            let (mut router, since) = active(every(100, preempt), OWN);
            apply(&mut router, since + 500_000, every(new, preempt)).unwrap();
            assert_eq!(drain(&mut router), []);
            assert_eq!(router.next_deadline(), Some(at(since + due)));
            router.handle_timeout(at(since + due));
            assert_eq!(drain(&mut router), [send(100)], "{new} cs, as if nothing had happened");
            assert_eq!(router.next_deadline(), Some(at(since + due + u64::from(new) * 10_000)));
        }
        // Whoever waited for three of the former has taken over all the same.
        let (mut router, since) = active(every(100, false), OWN);
        apply(&mut router, since + 500_000, every(new, false)).unwrap();
        router.handle_timeout(at(since + 3_007_812));
        assert_eq!(router.state(), State::Backup, "{new} cs");
    }
}

/// However the priority changes, an Active router says so if it is to.
#[test]
fn x_46_another_priority_is_advertised_at_once() {
    for (advert_on_priority_change, said) in [(true, vec![send(150)]), (false, vec![])] {
        let config = Config { advert_on_priority_change, ..v3(100) };
        let (mut router, since) = active(config, OWN);
        apply(&mut router, since + 1, Config { priority: Priority::new(150), ..config }).unwrap();
        assert_eq!(drain(&mut router), said);
        assert_eq!(router.next_deadline(), Some(at(since + SECOND)));
    }
}

/// What trackers took off stays off.
#[test]
fn x_43_the_effective_priority_keeps_its_distance() {
    let mut router = started(v3(100), OWN);
    router.set_priority(at(1), Priority::new(70));
    apply(&mut router, 2, v3(150)).unwrap();
    assert_eq!(router.priority().get(), 120);
    apply(&mut router, 3, v3(20)).unwrap();
    assert_eq!(router.priority().get(), 1);
    apply(&mut router, 4, v3(255)).unwrap();
    assert_eq!(router.priority(), Priority::OWNER);
}

/// New addresses are installed and announced, and listed in the advert that is due next.
#[test]
fn fsm_26_addresses_change_while_active() {
    let (mut router, since) = active(v3(100), OWN);
    let mut list = addresses(Family::V4);
    let removed = list.pop();
    let plan = router.apply(at(since + 1), v3(100), list.clone(), []).unwrap();
    assert_eq!(plan, Plan { addresses: true, ..Plan::default() });
    let install = Action::InstallAddresses { accept: false };
    assert_eq!(drain(&mut router), [install], "fewer are not announced");
    list.extend(removed);
    list.push(ip("192.0.2.102"));
    router.apply(at(since + 2), v3(100), list.clone(), []).unwrap();
    let announce: Vec<_> = list.iter().copied().map(Action::Announce).collect();
    assert_eq!(drain(&mut router), [&[install], &announce[..]].concat());
    assert_eq!(router.next_deadline(), Some(at(since + SECOND)));
    assert_eq!(router.advert(Priority::DEFAULT).addresses.len(), 3);

    let mut backup = started(v3(100), OWN);
    backup.apply(at(1), v3(100), list, []).unwrap();
    assert_eq!(drain(&mut backup), []);
}

/// [V3-AC-8], [V3-AC-9] Whether packets to the addresses are accepted is for the stack to know at once.
#[test]
fn fsm_26_acceptance_changes_while_active() {
    let accepting = Config { accept: true, ..v3(100) };
    let (mut router, since) = active(v3(100), OWN);
    for (config, accept) in [(accepting, true), (v3(255), true), (v3(100), false)] {
        let accepted = router.accepts();
        apply(&mut router, since + 1, config).unwrap();
        let mut actions = drain(&mut router);
        actions.retain(|action| !matches!(action, Action::SendAdvert { .. }));
        let install = Action::InstallAddresses { accept };
        assert_eq!(actions, if accept == accepted { vec![] } else { vec![install] });
        assert_eq!(router.accepts(), accept);
    }
    let mut backup = started(v3(100), OWN);
    apply(&mut backup, 1, accepting).unwrap();
    assert_eq!(drain(&mut backup), []);
}

/// What is only looked at when it matters changes nothing now.
#[test]
fn fsm_26_options_change_without_an_action() {
    let (mut router, since) = active(v3(100), OWN);
    for config in [
        Config { stagger_adverts: true, ..v3(100) },
        Config { announce_source: true, ..v3(100) },
        Config { report_losing: true, ..v3(100) },
        Config { duplicate_source: DuplicateSource::StepDown, ..v3(100) },
    ] {
        let plan = apply(&mut router, since + 1, config).unwrap();
        assert_eq!(plan, Plan { options: true, ..Plan::default() });
        assert_eq!(drain(&mut router), []);
    }
    assert_eq!(router.next_deadline(), Some(at(since + SECOND)));
}

/// What is wrong changes nothing, and another virtual router is another router.
#[test]
fn refused_configurations_change_nothing() {
    let mut router = started(v3(100), OWN);
    let before = machine(&router);
    let vrid = Vrid::new(52).unwrap();
    let zero = Config { priority: Priority::RESIGN, ..v3(100) };
    for (config, error) in [
        (Config { vrid, ..v3(100) }, ApplyError::Restart),
        (Config { version: Version::V2, ..v3(100) }, ApplyError::Restart),
        (zero, ApplyError::Config(ConfigError::PriorityZero)),
    ] {
        assert_eq!(apply(&mut router, 1, config), Err(error));
        assert_eq!(machine(&router), before);
    }
    let other_family: Vec<IpAddr> = addresses(Family::V6);
    let refused = router.apply(at(1), v3(100), other_family, []);
    assert_eq!(refused, Err(ApplyError::Restart));
    let family = Router::plan(&router, &v3(100), &addresses(Family::V6), &[]);
    assert_eq!(family.map(|plan| plan.restart), Ok(true));
    assert_eq!(drain(&mut router), []);
}
