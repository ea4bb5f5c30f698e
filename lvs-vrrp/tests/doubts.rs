//! What is told of the link: that it goes one way only, and that somebody has the same address.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use common::*;
use lvs_proto::vrrp::{AdvertInterval, Version};
use lvs_vrrp::{Action, Config, DuplicateSource, LosingAdvert, Reason, State};

const OWN: &str = "10.0.0.5";
const OTHER: &str = "10.0.0.9";

/// The events among `actions`: the state after, and why.
fn told(actions: &[Action]) -> Vec<(State, Reason)> {
    let event = |action: &Action| match action {
        Action::Notify(event) => Some((event.to, event.reason)),
        _ => None,
    };
    actions.iter().filter_map(event).collect()
}

/// Whoever does not hear this router is told of once, whether it is answered or just hears no adverts.
#[test]
fn s_14_a_router_that_is_not_heard() {
    let silent = Config { losing_advert: LosingAdvert::Ignore, ..v3(200) };
    for config in [v3(200), silent, v2_replying(200)] {
        let (mut router, since) = active(config, OWN);
        let mut told_at = Vec::new();
        for second in 1..20 {
            let now = since + second * SECOND;
            router.handle_timeout(at(now));
            drain(&mut router);
            let events = told(&Heard::new(OTHER, 100).by(&mut router, now + 1));
            assert!(
                events.iter().all(|event| *event == (State::Active, Reason::OneWayReachability))
            );
            told_at.extend(events.iter().map(|_| second));
        }
        assert_eq!(told_at, [4], "after three adverts that it ought to have heard");
    }
}

/// A router that gives way and comes back is heard; so is one that has yet to hear.
#[test]
fn s_14_who_gives_way_is_not_suspected() {
    let (mut router, since) = active(v3(200), OWN);
    for minute in 1..20 {
        let now = since + minute * 60 * SECOND;
        while let Some(deadline) = router.next_deadline().filter(|deadline| *deadline <= at(now)) {
            router.handle_timeout(deadline);
            drain(&mut router);
        }
        let adverts = (0..100).map(|step| Heard::new(OTHER, 100).by(&mut router, now + step));
        assert_eq!(told(&adverts.flatten().collect::<Vec<_>>()), []);
    }
}

/// Loops give back what was sent: no doubt about that, whatever becomes of the router.
#[test]
fn s_16_what_comes_back_is_no_double() {
    for config in [v3(200), Config { duplicate_source: DuplicateSource::StepDown, ..v3(200) }] {
        let (mut router, since) = active(config, OWN);
        let echo = |router: &mut TestRouter, priority, now| {
            assert_eq!(told(&Heard::new(OWN, priority).by(router, now)), []);
        };
        echo(&mut router, 200, since + 1);
        for second in 1..10 {
            router.handle_timeout(at(since + second * SECOND));
            drain(&mut router);
            echo(&mut router, 200, since + second * SECOND + 1);
        }
        // The last advert comes back after a reload and another one.
        router.handle_timeout(at(since + 10 * SECOND));
        drain(&mut router);
        let slower = Config { interval: centiseconds(200), ..config };
        let list = addresses(router.family());
        router.apply(at(since + 10 * SECOND + 1), slower, list, []).unwrap();
        echo(&mut router, 200, since + 10 * SECOND + 2);
        assert_eq!(router.state(), State::Active);
        assert_eq!(router.counters().self_received, 11);
    }
}

/// Others: what was never sent, what was sent with other contents, what was sent less often.
#[test]
fn s_16_a_double_is_told_once_in_a_state_and_changes_nothing() {
    let twice = |router: &mut TestRouter, heard: Heard<'_>, now: u64| {
        let before = machine(router);
        let [first, second] = [1, 2].map(|later| told(&heard.by(router, now + later)));
        assert_eq!((machine(router), second), (before, vec![]));
        first
    };
    let mut backup = started(v3(100), OWN);
    let double = vec![(State::Backup, Reason::DuplicateSource)];
    assert_eq!(twice(&mut backup, Heard::new(OWN, 100), 1), double);

    let double = vec![(State::Active, Reason::DuplicateSource)];
    let slow = Heard { interval: centiseconds(200), ..Heard::new(OWN, 100) };
    for heard in [Heard::new(OWN, 150), slow] {
        let (mut router, since) = active(v3(100), OWN);
        assert_eq!(twice(&mut router, heard, since), double);
    }
    let (mut router, since) = active(v3(100), OWN);
    assert_eq!(told(&Heard::new(OWN, 100).by(&mut router, since + 1)), [], "what was sent");
    assert_eq!(twice(&mut router, Heard::new(OWN, 100), since + 2), double);
}

/// Of two routers with one address, and of other priorities, one stays Active.
#[test]
fn s_16_doubles_may_step_down() {
    let config = |priority| Config { duplicate_source: DuplicateSource::StepDown, ..v3(priority) };
    let routers = [200, 100].map(|priority| started(config(priority), OWN));
    let mut lab = Lab::new(routers);
    lab.run(20 * SECOND);
    assert_eq!(lab.actives(), [0]);
    let message = Heard::new(OWN, 150).message(Version::V3);
    let heard = Heard::new(OWN, 150);
    lab.input(0, |router, now| receive(router, now, &message, &heard.meta()));
    assert_eq!(lab.routers[0].state(), State::Backup);
    assert_eq!(lab.events(0).last().map(|event| event.reason), Some(Reason::DuplicateSource));
    lab.run(40 * SECOND);
    assert_eq!(lab.actives(), [1], "who heard it last waits longest");
    // A resignation is not followed.
    let resigned = Heard::new(OWN, 0);
    assert_eq!(resigned.by(&mut lab.routers[0], 40 * SECOND), []);
}

/// On request each advert that loses is told of, once between two own ones; the one that
/// leaves no doubt says more.
#[test]
fn x_13_losing_adverts_are_reported_on_request() {
    for report_losing in [false, true] {
        let (mut router, since) = active(Config { report_losing, ..v3(200) }, OWN);
        let mut reasons = Vec::new();
        for second in 1..=5 {
            let now = since + second * SECOND;
            router.handle_timeout(at(now));
            drain(&mut router);
            for step in 1..=9 {
                let actions = Heard::new(OTHER, 100).by(&mut router, now + 13_000 * step);
                reasons.extend(told(&actions).into_iter().map(|(_, reason)| reason));
            }
        }
        let losing = reasons.iter().filter(|reason| **reason == Reason::LosingAdvert).count();
        assert_eq!(reasons.len() - losing, 1, "that it goes one way");
        assert_eq!(losing > 0, report_losing);
        assert!(losing <= router.counters().adv_sent as usize);
    }
    // Nobody would say it of a resignation.
    let (mut router, since) = active(Config { report_losing: true, ..v3(200) }, OWN);
    assert_eq!(told(&Heard::new(OTHER, 0).by(&mut router, since + 1)), []);
}

/// [FSM-12] Version 2 knows one interval, whatever a double says of its own.
#[test]
fn fsm_12_no_interval_is_learned_from_a_double() {
    let config = Config { duplicate_source: DuplicateSource::StepDown, ..v2(100) };
    let (mut router, since) = active(config, OWN);
    let interval = AdvertInterval::from_seconds(255).unwrap();
    Heard { interval, ..Heard::new(OWN, 150) }.by(&mut router, since + 1);
    assert_eq!((router.state(), router.active_interval()), (State::Backup, config.interval));
    assert_eq!(router.next_deadline(), Some(at(since + 1 + 3_609_375)));
}
