//! Routers that wake up late.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use std::time::Duration;

use common::*;
use lvs_proto::vrrp::{Priority, Version};
use lvs_vrrp::{Action, Config, LateActive, LateBackup, Reason, State, Tracked};

const OWN: &str = "10.0.0.5";
const OTHER: &str = "10.0.0.9";

/// [SC-18], [S-10], [S-11] The adverts that waited are answered once, with one burst.
#[test]
fn sc_18_an_active_router_that_slept_says_so_again() {
    let (mut router, since) = active(full(200), OWN);
    wakings(&mut router, since + 4 * SECOND);
    let slept = since + 4 * SECOND;
    for second in 1..=3 {
        let heard = Heard::new(OTHER, 100);
        let now = at(slept + 3_000_000 + second * SECOND);
        receive(&mut router, now, &heard.message(Version::V3), &heard.meta());
    }
    let actions = drain(&mut router);
    assert_eq!((adverts(&actions), announcements(&actions)), (1, 2));
    assert_eq!((router.state(), reason(&actions)), (State::Active, Some(Reason::Late)));
}

/// [SC-19], [S-7] Who lost while it slept says nothing.
#[test]
fn sc_19_a_winning_advert_that_waited_is_heard_first() {
    let (mut router, since) = active(full(100), OWN);
    let actions = Heard::new(OTHER, 200).by(&mut router, since + 6 * SECOND);
    router.handle_timeout(at(since + 6 * SECOND));
    assert_eq!((adverts(&actions), router.state()), (0, State::Backup));
}

/// [SC-20], [S-9], [V3-RX-19] Late, a Backup router waits an interval and its skew, once.
#[test]
fn sc_20_a_backup_router_that_slept_waits_once_more() {
    for (late, expected) in [(499_999, State::Active), (500_000, State::Backup)] {
        let mut router = started(v3(100), OWN);
        router.handle_timeout(at(3_609_375 + late));
        assert_eq!(router.state(), expected);
    }
    let mut router = started(v3(100), OWN);
    let woken = 3_609_375 + 6 * SECOND;
    router.handle_timeout(at(woken));
    let actions = drain(&mut router);
    assert_eq!((actions.len(), reason(&actions)), (1, Some(Reason::Late)));
    let grace = at(woken + SECOND + 609_375);
    assert_eq!(router.next_deadline(), Some(grace));
    // Once, however late it is again.
    let mut silent = router.clone();
    silent.handle_timeout(at(woken + 60 * SECOND));
    assert_eq!(silent.state(), State::Active);
    // An advert ends it.
    Heard::new(OTHER, 200).by(&mut router, woken + SECOND);
    assert_eq!(router.next_deadline(), Some(at(woken + SECOND + 3_609_375)));
    let config = Config { late_backup: LateBackup::Promote, ..v3(100) };
    let mut router = started(config, OWN);
    router.handle_timeout(at(woken));
    assert_eq!(router.state(), State::Active);
}

/// [S-8] A pause that the clock did not count.
#[test]
fn s_8_pauses_are_reported() {
    let mut backup = started(v3(100), OWN);
    backup.resumed(at(SECOND), Duration::from_millis(999));
    let mut unaware = backup.clone();
    unaware.handle_timeout(at(3_609_375));
    assert_eq!(unaware.state(), State::Active);
    backup.resumed(at(SECOND), Duration::from_secs(1));
    let mut told = backup.clone();
    backup.handle_timeout(at(3_609_375));
    assert_eq!(backup.state(), State::Backup);
    // [S-9] Who has heard a resignation since has missed nothing since.
    Heard::new(OTHER, 0).by(&mut told, 2 * SECOND);
    told.handle_timeout(at(2_609_375));
    assert_eq!(told.state(), State::Active);

    let (mut router, since) = active(full(100), OWN);
    wakings(&mut router, since + 3 * SECOND);
    router.resumed(at(since + 3 * SECOND + 1), Duration::from_secs(60));
    assert_eq!(router.next_deadline(), Some(at(since + 3 * SECOND + 1)));
    router.handle_timeout(at(since + 3 * SECOND + 1));
    let actions = drain(&mut router);
    assert_eq!((adverts(&actions), announcements(&actions)), (1, 2));
}

/// [S-10], [X-8] Who does not preempt gives way, without a resignation.
#[test]
fn x_8_a_late_active_router_may_step_down() {
    let step_down = Config { late_active: LateActive::StepDown, ..v3(100) };
    for config in [step_down, Config { preempt: false, ..v3(100) }] {
        let (mut router, since) = active(config, OWN);
        let woken = since + 4 * SECOND;
        router.handle_timeout(at(woken));
        let actions = drain(&mut router);
        assert_eq!((adverts(&actions), reason(&actions)), (0, Some(Reason::Late)));
        assert_eq!(actions[0], Action::RemoveAddresses);
        assert_eq!(router.next_deadline(), Some(at(woken + 3_609_375)));
    }
}

/// A fault has a late Active router resign, whatever its priority becomes.
#[test]
fn x_54_a_late_active_router_at_fault_resigns() {
    let config = Config { late_active: LateActive::StepDown, ..v3(100) };
    for priority in [100, 50].map(Priority::new) {
        let (mut router, since) = active(config, OWN);
        router.track(at(since + 4 * SECOND), Tracked { priority, fault: true });
        let actions = drain(&mut router);
        assert_eq!((actions[0], reason(&actions)), (send(0), Some(Reason::Fault)));
    }
}
