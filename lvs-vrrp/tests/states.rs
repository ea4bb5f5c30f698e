//! The rows of the state tables, one by one; tests carry the ids of the obligations they prove.

#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use common::*;
use lvs_proto::vrrp::{AdvertInterval, ChecksumAccept, ChecksumForm, Priority, Version};
use lvs_vrrp::{Action, Config, LosingAdvert, Reason, SourceError, State};

const OWN: &str = "10.0.0.5";
const OTHER: &str = "10.0.0.9";

/// Both versions at priority 100.
fn both() -> [Config; 2] {
    [v3(100), v2(100)]
}

// Initialize

#[test]
fn v3_ini_1_to_4_v2_ini_1_owner_start() {
    for config in [v3(255), v2(255)] {
        let mut router = router(config, OWN);
        router.startup(at(3));
        let actions = drain(&mut router);
        let vips = addresses(router.family());
        let announced = [Action::Announce(vips[0]), Action::Announce(vips[1])];
        assert_eq!(actions[..2], [send(255), Action::InstallAddresses { accept: true }]);
        assert_eq!(actions[2..4], announced);
        assert_eq!(reason(&actions[4..]), Some(Reason::Startup));
        assert_eq!((actions.len(), router.state()), (5, State::Active));
        assert_eq!(router.next_deadline(), Some(at(3 + SECOND)));
    }
}

#[test]
fn v3_ini_5_v2_ini_2_others_start_as_backup() {
    for config in both() {
        let mut router = router(config, OWN);
        router.startup(at(3));
        assert_eq!(reason(&drain(&mut router)), Some(Reason::Startup));
        assert_eq!(router.active_interval(), AdvertInterval::DEFAULT);
        assert_eq!(router.next_deadline(), Some(at(3 + 3_609_375)));
        assert_eq!(router.active_address(), None);
    }
}

#[test]
fn fsm_3_x_56_initialize_ignores_everything_uncounted() {
    for config in both() {
        let mut router = router(config, OWN);
        let before = machine(&router);
        assert_eq!(Heard::new(OTHER, 200).by(&mut router, 1), []);
        receive(&mut router, at(2), &[], &Heard::new(OTHER, 200).meta());
        router.handle_timeout(at(100 * SECOND));
        router.shutdown(at(100 * SECOND));
        assert_eq!(drain(&mut router), []);
        assert_eq!(machine(&router), before);
        assert_eq!(*router.counters(), Default::default());
    }
}

#[test]
fn fsm_4_start_waits_for_the_interface() {
    let mut router = router(v3(100), OWN);
    router.interface_down(at(1));
    router.startup(at(2));
    assert_eq!((router.state(), drain(&mut router)), (State::Initialize, vec![]));
    router.interface_up(at(3));
    assert_eq!(router.next_deadline(), Some(at(3 + 3_609_375)));
    router.interface_up(at(4));
    router.startup(at(5));
    assert_eq!(router.next_deadline(), Some(at(3 + 3_609_375)), "it runs already");
}

// Backup

#[test]
fn v3_bk_6_v2_bk_4_shutdown_is_silent() {
    for config in both() {
        let mut router = started(config, OWN);
        router.shutdown(at(1));
        let actions = drain(&mut router);
        assert_eq!((actions.len(), reason(&actions)), (1, Some(Reason::Shutdown)));
        assert_eq!((router.state(), router.next_deadline()), (State::Initialize, None));
    }
}

#[test]
fn v3_bk_7_8_10_v2_bk_5_silence_promotes() {
    for (config, since) in [(v3(100), 7_218_750), (v2(100), 6_609_375)] {
        let mut router = started(Config { interval: centiseconds(200), ..config }, OWN);
        router.handle_timeout(at(since));
        let actions = drain(&mut router);
        assert_eq!(actions[..2], [send(100), Action::InstallAddresses { accept: false }]);
        assert_eq!(reason(&actions), Some(Reason::NoResponse));
        assert_eq!(router.next_deadline(), Some(at(since + 2 * SECOND)));
    }
}

#[test]
fn v3_bk_11_v2_bk_6_resignation_shortens_the_wait_to_skew() {
    for config in both() {
        let mut router = started(config, OWN);
        // [FSM-10] each resignation does, to the letter.
        for time in [0, 100_000, 2 * SECOND] {
            assert_eq!(Heard::new(OTHER, 0).by(&mut router, time), []);
            assert_eq!(router.next_deadline(), Some(at(time + 609_375)));
        }
        assert_eq!(router.counters().prio_zero_rcvd, 3);
        router.handle_timeout(at(2 * SECOND + 609_375));
        assert_eq!(reason(&drain(&mut router)), Some(Reason::Resigned));
    }
}

#[test]
fn v3_bk_11_skew_is_that_of_the_stored_interval() {
    let mut router = started(v3(100), OWN);
    Heard { interval: centiseconds(20), ..Heard::new(OTHER, 200) }.by(&mut router, 0);
    Heard { interval: centiseconds(400), ..Heard::new(OTHER, 0) }.by(&mut router, 1);
    assert_eq!(router.active_interval(), centiseconds(20));
    assert_eq!(router.next_deadline(), Some(at(1 + 121_875)));
}

/// [RX-4]
#[test]
fn v3_bk_12_13_v2_bk_7_adverts_not_below_the_own_priority_are_followed() {
    for config in both() {
        let mut router = started(config, OWN);
        // [FSM-6], [FSM-7] equal is enough, from any address.
        for (time, from, priority) in [(1, OTHER, 200), (2, OTHER, 100), (3, "10.0.0.1", 100)] {
            assert_eq!(Heard::new(from, priority).by(&mut router, time), []);
            assert_eq!(router.next_deadline(), Some(at(time + 3_609_375)));
            assert_eq!(router.active_address(), Some(ip(from)));
            assert_eq!(router.active_priority(), Some(Priority::new(priority)));
        }
    }
}

#[test]
fn v3_bk_12_without_preemption_lower_adverts_are_followed() {
    for config in both() {
        let mut router = started(Config { preempt: false, ..config }, OWN);
        Heard::new(OTHER, 1).by(&mut router, SECOND);
        assert_eq!(router.next_deadline(), Some(at(SECOND + 3_609_375)));
    }
}

#[test]
fn v3_bk_14_v2_bk_8_lower_adverts_are_discarded() {
    for config in both() {
        let mut router = started(config, OWN);
        let before = machine(&router);
        let heard = Heard::new(OTHER, 99);
        assert_eq!(heard.by(&mut router, SECOND), []);
        assert_eq!(machine(&router), before);
        router.handle_timeout(at(3_609_375));
        assert_eq!(reason(&drain(&mut router)), Some(Reason::Preempted));
    }
}

/// [FSM-20]
#[test]
fn v3_pr_3_v2_pr_1_owner_always_preempts() {
    let mut router = started(Config { preempt: false, ..v3(255) }, OWN);
    Heard::new(OTHER, 255).by(&mut router, 1);
    assert_eq!(router.state(), State::Backup);
    // [T-4] as 255.
    assert_eq!(router.next_deadline(), Some(at(1 + 3_003_906)));
    Heard::new(OTHER, 254).by(&mut router, SECOND);
    assert_eq!(router.next_deadline(), Some(at(1 + 3_003_906)));
}

// Active

/// [W-16]
#[test]
fn v3_ac_11_v2_ac_4_fsm_23_shutdown_resigns_once_and_first() {
    for config in both() {
        let (mut router, since) = active(config, OWN);
        router.shutdown(at(since));
        let actions = drain(&mut router);
        assert_eq!(actions[..2], [send(0), Action::RemoveAddresses]);
        assert_eq!(adverts(&actions), 1);
        assert_eq!(router.advert(Priority::RESIGN).interval, config.interval);
        router.shutdown(at(since + 1));
        assert_eq!(drain(&mut router), []);
    }
}

#[test]
fn v3_ac_12_v2_ac_5_adverts_follow_each_other_by_the_own_interval() {
    for config in both() {
        let (mut router, since) = active(config, OWN);
        // [FSM-2] early calls do nothing, [T-6] late ones do not push the following.
        for (due, woken) in [(1, 1_000_000), (2, 2_000_300), (3, 3_999_999), (4, 4_000_000)] {
            router.handle_timeout(at(since + due * SECOND - 1));
            assert_eq!(drain(&mut router), []);
            router.handle_timeout(at(since + woken));
            assert_eq!(drain(&mut router), [send(100)]);
            assert_eq!(router.next_deadline(), Some(at(since + (due + 1) * SECOND)));
        }
        router.handle_timeout(at(since + 7 * SECOND));
        assert_eq!(drain(&mut router), [send(100)]);
        assert_eq!(router.next_deadline(), Some(at(since + 8 * SECOND)));
    }
}

#[test]
fn v3_ac_13_v2_ac_6_resignation_of_another_is_answered_and_rearms() {
    for config in both() {
        let (mut router, since) = active(config, OWN);
        assert_eq!(Heard::new(OTHER, 0).by(&mut router, since + 300_000), [send(100)]);
        assert_eq!(router.next_deadline(), Some(at(since + 1_300_000)));
    }
}

/// [SEC-7] Forged resignations draw no more answers than other losing adverts.
#[test]
fn fsm_15_a_storm_of_resignations_neither_multiplies_nor_silences() {
    let (mut router, since) = active(v3(100), OWN);
    let mut sent = Vec::new();
    for time in (since..since + SECOND).step_by(1_000) {
        router.handle_timeout(at(time));
        sent.extend(drain(&mut router).iter().map(|_| time - since));
        let answers = Heard::new(OTHER, 0).by(&mut router, time);
        sent.extend(answers.iter().map(|_| time - since));
    }
    assert_eq!(sent, [0, 125_000, 250_000, 375_000, 500_000, 625_000, 750_000, 875_000]);
}

#[test]
fn fsm_15_the_answer_owed_to_a_resignation_rearms_whatever_else_it_answers() {
    let (mut router, since) = active(v3(100), OWN);
    for priority in [99, 0, 99] {
        Heard::new("10.0.0.1", priority).by(&mut router, since);
    }
    assert_eq!(router.next_deadline(), Some(at(since + 125_000)));
    router.handle_timeout(at(since + 125_000));
    assert_eq!(drain(&mut router), [send(100)]);
    assert_eq!(router.next_deadline(), Some(at(since + 1_125_000)));
}

#[test]
fn v3_ac_14_15_v2_ac_7_better_adverts_demote() {
    for config in both() {
        for heard in [Heard::new("10.0.0.1", 101), Heard::new(OTHER, 100)] {
            let (mut router, since) = active(Config { preempt: false, ..config }, OWN);
            let actions = heard.by(&mut router, since + 7);
            // [FSM-11] preemption has no part in it.
            assert_eq!(router.state(), State::Backup);
            assert_eq!(router.next_deadline(), Some(at(since + 7 + 3_609_375)));
            assert_eq!(actions[0], Action::RemoveAddresses);
            assert_eq!(reason(&actions[1..]), Some(Reason::BetterAdvert));
            assert_eq!((actions.len(), adverts(&actions)), (2, 0));
            assert_eq!(router.active_address(), Some(ip(heard.from)));
            let counters = router.counters();
            assert_eq!((counters.become_active, counters.release_active), (1, 1));
        }
    }
}

#[test]
fn v3_ac_14_demotion_learns_the_interval_and_promotion_forgets_it() {
    let (mut router, since) = active(v3(100), OWN);
    Heard { interval: centiseconds(20), ..Heard::new(OTHER, 200) }.by(&mut router, since);
    assert_eq!(router.next_deadline(), Some(at(since + 721_875)));
    router.handle_timeout(at(since + 721_875));
    //
    assert_eq!(router.active_interval(), AdvertInterval::DEFAULT);
    assert_eq!(router.next_deadline(), Some(at(since + 721_875 + SECOND)));
}

/// What a losing advert is answered with, and when the next advert is due after the promotion.
fn losing(config: Config) -> (Vec<Action>, u64) {
    let (mut router, since) = active(config, OWN);
    let actions = Heard { form: config_form(&config), ..Heard::new(OTHER, 99) }
        .by(&mut router, since + 400_000);
    assert_eq!(router.counters().adv_rcvd, 1);
    (actions, router.next_deadline().unwrap().as_micros() - since)
}

/// The checksum form that `config` is sure to accept.
fn config_form(config: &Config) -> ChecksumForm {
    match config.checksum_accept {
        ChecksumAccept { message_only: true, .. } => ChecksumForm::MessageOnly,
        _ => ChecksumForm::PseudoHeader,
    }
}

#[test]
fn v3_ac_17_18_v2_ac_8_fsm_13_fsm_14_losing_adverts_by_profile() {
    assert_eq!(losing(Config::rfc9568(vrid())), (vec![send(100)], SECOND));
    assert_eq!(losing(Config::rfc5798(vrid())), (vec![], SECOND));
    assert_eq!(losing(Config::rfc3768(vrid())), (vec![], SECOND));
    for version in [Version::V2, Version::V3] {
        assert_eq!(losing(Config::keepalived(version, vrid())), (vec![send(100)], 1_400_000));
    }
}

// Interface, source, priority, time

#[test]
fn fsm_24_25_interface_down_and_up() {
    for config in both() {
        let (mut router, since) = active(config, OWN);
        router.interface_down(at(since));
        let actions = drain(&mut router);
        assert_eq!(actions[..2], [send(0), Action::RemoveAddresses]);
        let Some(&Action::Notify(event)) = actions.last() else { panic!("the last is the event") };
        assert_eq!(event.keepalived_name(), "FAULT");
        router.interface_up(at(since + 5));
        assert_eq!(router.state(), State::Backup);
        assert_eq!(router.next_deadline(), Some(at(since + 5 + 3_609_375)));
    }
    // What was learned of the Active router is forgotten.
    let mut router = started(v3(100), OWN);
    Heard { interval: centiseconds(20), ..Heard::new(OTHER, 200) }.by(&mut router, 1);
    router.interface_down(at(2));
    router.interface_up(at(3));
    assert_eq!(router.active_interval(), AdvertInterval::DEFAULT);
    assert_eq!(router.active_address(), None);

    let mut owner = started(v3(255), OWN);
    owner.interface_down(at(1));
    owner.interface_up(at(2));
    assert_eq!(owner.state(), State::Active);
}

#[test]
fn shutdown_outlasts_the_interface() {
    let mut router = started(v3(100), OWN);
    router.interface_down(at(1));
    router.shutdown(at(2));
    router.interface_up(at(3));
    assert_eq!(router.state(), State::Initialize);
}

#[test]
fn w_29_active_advertises_from_its_new_source_at_once() {
    let (mut router, since) = active(v3(100), OWN);
    assert_eq!(
        router.set_source(at(since), ip("fe80::1")),
        Err(SourceError::OtherFamily(ip("fe80::1")))
    );
    assert_eq!(router.set_source(at(since), ip(OWN)), Ok(()));
    assert_eq!(drain(&mut router), []);
    assert_eq!(router.set_source(at(since), ip("10.0.0.10")), Ok(()));
    assert_eq!(drain(&mut router), [send(100)]);
    assert_eq!(router.advert_paths().next().unwrap().source(), ip("10.0.0.10"));
    assert_eq!(router.next_deadline(), Some(at(since + SECOND)));
    Heard::new(OTHER, 100).by(&mut router, since);
    assert_eq!(router.state(), State::Active, "the tie is broken by the new address");
}

#[test]
fn t_7_fsm_19_x_43_priority_is_clamped_and_owners_keep_theirs() {
    let mut router = started(v3(100), OWN);
    for (asked, effective) in [(0, 1), (255, 254), (7, 7)] {
        router.set_priority(at(1), Priority::new(asked));
        assert_eq!(router.priority().get(), effective);
    }
    let mut owner = started(v3(255), OWN);
    owner.set_priority(at(1), Priority::new(7));
    assert_eq!(owner.priority(), Priority::OWNER);
}

#[test]
fn t_7_shifted_deadline_in_the_past_fires_at_the_next_call() {
    let mut router = started(v3(1), OWN);
    router.set_priority(at(3_900_000), Priority::new(254));
    assert_eq!(router.next_deadline(), Some(at(3_900_000)), "not late for what was put forward");
    router.handle_timeout(at(3_900_000));
    assert_eq!(router.state(), State::Active);
}

#[test]
fn s_12_time_does_not_go_backwards() {
    let mut router = started(v3(100), OWN);
    Heard::new(OTHER, 200).by(&mut router, 5 * SECOND);
    Heard::new(OTHER, 200).by(&mut router, 2 * SECOND);
    assert_eq!(router.next_deadline(), Some(at(5 * SECOND + 3_609_375)));
}

// Actions

#[test]
fn leaving_active_drops_what_is_left_of_becoming_so() {
    let mut router = started(v3(100), "fe80::5");
    router.handle_timeout(at(3_609_375));
    for _ in 0..3 {
        router.poll_action();
    }
    router.shutdown(at(3_609_375));
    let actions = drain(&mut router);
    assert_eq!(actions[..2], [send(0), Action::RemoveAddresses]);
    assert!(!actions.iter().any(|action| matches!(
        action,
        Action::InstallAddresses { .. } | Action::JoinSolicitedNode(_) | Action::Announce(_)
    )));
    // the event of becoming Active, number 2, was overtaken.
    let Some(&Action::Notify(event)) = actions.last() else { panic!("the last is the event") };
    assert_eq!(event.sequence, 3);
}

#[test]
fn an_advert_in_between_does_not_repeat_announcements() {
    let mut router = started(v3(100), OWN);
    router.handle_timeout(at(3_609_375));
    let mut actions: Vec<_> = (0..3).filter_map(|_| router.poll_action()).collect();
    router.handle_timeout(at(4_609_375));
    actions.extend(drain(&mut router));
    let announced = actions.iter().filter(|action| matches!(action, Action::Announce(_)));
    assert_eq!((announced.count(), adverts(&actions)), (2, 2));
}

#[test]
fn losing_adverts_may_be_ignored_in_every_version() {
    let config = Config { losing_advert: LosingAdvert::Ignore, ..v3(100) };
    assert_eq!(losing(config), (vec![], SECOND));
}
