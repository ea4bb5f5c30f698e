//! One check: what its attempts say of a server, and when they are made.

use std::net::IpAddr;
use std::time::Duration;

use lvs_proto::Instant;
use lvs_sched::health::{
    Action, AttemptId, CheckConfig, CheckId, CheckKind, Checker, CheckerConfig, Event, Outcome,
    RealServer, RealServerError, VirtualServer, VirtualServerError,
};
use lvs_sched::{DestConfig, Rule, ServiceKey};

use super::common::{ip, secs};
use super::world::*;

#[test]
fn rise_fall_and_retry_by_table() {
    // retry, rise, fall; outcomes; up or down after each.
    let rows = [
        (0, 1, 1, "+-+-", "UDUD"),
        (1, 1, 1, "-+--", "UUUD"),
        (2, 1, 1, "--+---+", "UUUUUDU"),
        (0, 2, 1, "-+-++", "DDDDU"),
        (0, 1, 3, "--+---", "UUUUUD"),
        (1, 1, 2, "---+----", "UUUUUUUD"),
        (1, 3, 2, "----++-+++", "UUUDDDDDDU"),
        (3, 2, 1, "----+--++", "UUUDDDDDU"),
    ];
    for (retry, rise, fall, outcomes, expected) in rows {
        let check = CheckConfig { retry, rise: count(rise), fall: count(fall), ..tcp_check() };
        let outcome = |letter| if letter == '+' { Outcome::Connected } else { Outcome::Refused };
        let ups = ups(&check, &outcomes.chars().map(outcome).collect::<Vec<_>>());
        let shown: String = ups.iter().map(|up| if *up { 'U' } else { 'D' }).collect();
        assert_eq!(shown, expected, "{retry} {rise} {fall} {outcomes}");
    }
}

/// A check passes if one of its attempts does; a state lasts until enough checks in a row say
/// otherwise.
#[test]
fn rise_fall_and_retry_equal_a_model() {
    arbtest::arbtest(|u| {
        let (retry, rise, fall) =
            (u.int_in_range(0..=3)?, u.int_in_range(1..=3)?, u.int_in_range(1..=3)?);
        let check = CheckConfig { retry, rise: count(rise), fall: count(fall), ..tcp_check() };
        let outcomes: Vec<bool> =
            (0..u.int_in_range(1..=60)?).map(|_| u.arbitrary()).collect::<Result<_, _>>()?;

        let (mut model, mut up, mut history, mut attempts) = (Vec::new(), true, Vec::new(), 0);
        for passed in &outcomes {
            attempts += 1;
            if *passed || !up || attempts > retry {
                history.push(*passed);
                attempts = 0;
            }
            let enough = if up { fall } else { rise } as usize;
            if history.len() >= enough && history.iter().rev().take(enough).all(|it| *it != up) {
                up = !up;
                history.clear();
            }
            model.push(up);
        }
        let outcome = |passed: &bool| if *passed { Outcome::Connected } else { Outcome::Refused };
        let outcomes: Vec<_> = outcomes.iter().map(outcome).collect();
        assert_eq!(ups(&check, &outcomes), model);
        Ok(())
    });
}

#[test]
fn what_comes_too_late_is_stale() {
    let mut checker = Checker::new(CheckerConfig { checks: 1, seed: [0; 2] }).unwrap();
    checker.add_service(secs(0), VirtualServer::new(WEB)).unwrap();
    let check = CheckConfig { delay_before_retry: Duration::ZERO, ..tcp_check() };
    checker.add_dest(secs(0), &WEB, real(weighted("10.2.0.1", 1), &check)).unwrap();
    let first = next_attempt(&mut checker);
    checker.handle_timeout(secs(5));
    assert_eq!(checker.poll_action(), Some(Action::Abort(first)));
    let timed_out =
        |checker: &Checker| checker.check(first.check()).map(|it| it.counters().timed_out);
    assert_eq!(timed_out(&checker), Some(1));
    let second = next_attempt(&mut checker);
    assert_eq!(first.check(), second.check());
    for attempt in [first, second, second] {
        checker.handle_outcome(secs(5), attempt, Outcome::Connected);
    }
    assert_eq!(checker.stale_outcomes(), 2);
    let check = checker.check(first.check()).unwrap();
    let counters = check.counters();
    assert_eq!((counters.attempts, counters.passed, counters.failed), (2, 1, 1));
    assert_eq!((timed_out(&checker), counters.downs), (Some(1), 0));
    assert!(check.is_up() && !check.is_running());
    assert_eq!(checker.next_deadline(), Some(secs(65)), "delay_loop after its end");

    // Removed while it runs: it is aborted, and its place is free again.
    let third = next_attempt(&mut checker);
    assert_eq!(checker.remove_dest(secs(65), &WEB, ip("10.2.0.1"), 80), Ok(()));
    let again = real(weighted("10.2.0.1", 1), &CheckConfig::new(CheckKind::TcpCheck));
    let error = checker.add_dest(secs(65), &WEB, again.clone());
    assert_eq!(error, Err(RealServerError::AlreadyExists), "it has not left yet");
    let (address, port) = (ip("10.2.0.1"), 80);
    let leaves = Action::Apply(Rule::DeleteDest { service: WEB, address, port });
    assert_eq!(checker.poll_action(), Some(leaves));
    let lost = Action::Notify(Event::Quorum { service: WEB, up: false });
    assert_eq!(checker.poll_action(), Some(lost));
    assert_eq!(checker.poll_action(), Some(Action::Abort(third)));
    assert_eq!(checker.poll_action(), None);
    checker.handle_outcome(secs(66), third, Outcome::Connected);
    assert_eq!(checker.stale_outcomes(), 3);
    assert_eq!(checker.add_dest(secs(66), &WEB, again), Ok(()));
    assert!(checker.check(third.check()).is_none(), "an id is never another's");
    let fourth = next_attempt(&mut checker);
    let kept = CheckId::from_bits(fourth.check().to_bits());
    assert_eq!(AttemptId::new(kept, fourth.number()), fourth);
}

/// It takes its real servers along, and what runs is aborted; then its key is free again.
#[test]
fn a_virtual_server_leaves_with_its_real_servers() {
    let mut checker = Checker::new(CheckerConfig { checks: 1, seed: [0; 2] }).unwrap();
    let server = || real(weighted("10.2.0.1", 1), &tcp_check());
    checker.add_service(secs(0), VirtualServer::new(WEB)).unwrap();
    checker.add_dest(secs(0), &WEB, server()).unwrap();
    let attempt = next_attempt(&mut checker);
    assert_eq!(checker.remove_service(secs(1), &WEB), Ok(()));
    assert_eq!(checker.remove_service(secs(1), &WEB), Err(VirtualServerError::NoSuchService));
    let done: Vec<_> = core::iter::from_fn(|| checker.poll_action()).collect();
    let (address, port) = (ip("10.2.0.1"), 80);
    let leaves = Action::Apply(Rule::DeleteDest { service: WEB, address, port });
    assert!(done.contains(&leaves) && done.contains(&Action::Abort(attempt)), "{done:?}");
    assert_eq!(checker.next_deadline(), None);
    checker.add_service(secs(1), VirtualServer::new(WEB)).unwrap();
    assert_eq!(checker.add_dest(secs(1), &WEB, server()), Ok(()));
}

#[test]
fn refusals_say_why_and_change_nothing() {
    let mut checker = Checker::new(CheckerConfig { checks: 1, seed: [0; 2] }).unwrap();
    let none = Err(VirtualServerError::NoSuchService);
    assert_eq!(checker.remove_service(secs(0), &WEB), none);
    let (hysteresis, quorum) = (1, count(1));
    let flat = VirtualServer { hysteresis, ..VirtualServer::new(WEB) };
    let error = VirtualServerError::HysteresisTooLarge { hysteresis, quorum };
    assert_eq!(checker.add_service(secs(0), flat), Err(error));
    let sorry = weighted("127.0.0.1", 1);
    let server = VirtualServer { sorry_server: Some(sorry), ..VirtualServer::new(WEB) };
    assert_eq!(checker.add_service(secs(0), server), Ok(()));
    let again = checker.add_service(secs(0), server);
    assert_eq!(again, Err(VirtualServerError::AlreadyExists));

    let mut add = |dest: DestConfig, checks: &[CheckConfig]| {
        let checks = checks.to_vec();
        let server = RealServer { dest, inhibit_on_failure: false, checks };
        checker.add_dest(secs(0), &WEB, server)
    };
    let fast = CheckConfig { delay_loop: Duration::from_nanos(999), ..tcp_check() };
    let hasty = CheckConfig { connect_timeout: Duration::ZERO, ..tcp_check() };
    let one = weighted("10.2.0.1", 1);
    assert_eq!(add(sorry, &[]), Err(RealServerError::AlreadyExists));
    assert_eq!(add(one, &[fast]), Err(RealServerError::ZeroDelayLoop));
    assert_eq!(add(one, &[hasty]), Err(RealServerError::ZeroConnectTimeout));
    assert_eq!(
        add(DestConfig::new(ip("10.2.0.1"), 0), &[tcp_check()]),
        Err(RealServerError::NoConnectPort)
    );
    let two = [tcp_check(), tcp_check()];
    assert_eq!(add(one, &two), Err(RealServerError::TooManyChecks { capacity: 1 }));
    assert_eq!(add(one, &two[..1]), Ok(()));
    assert_eq!(add(one, &[]), Err(RealServerError::AlreadyExists));
    let two = weighted("10.2.0.2", 1);
    assert_eq!(add(two, &[tcp_check()]), Err(RealServerError::TooManyChecks { capacity: 1 }));
    let unknown = Err(RealServerError::NoSuchDestination);
    assert_eq!(checker.edit_dest(secs(0), &WEB, two), unknown);
    assert_eq!(
        checker.remove_dest(secs(0), &WEB, ip("127.0.0.1"), 80),
        unknown,
        "the sorry server"
    );
    let elsewhere = ServiceKey::udp(ip("10.0.0.1"), 53);
    let unknown = Err(RealServerError::NoSuchService);
    assert_eq!(checker.edit_dest(secs(0), &elsewhere, two), unknown);
    assert_eq!(checker.has_quorum(&elsewhere), None);
}

#[test]
fn first_checks_are_spread_over_the_loop() {
    let begins = |seed| {
        let mut checker = Checker::new(CheckerConfig { checks: 1000, seed }).unwrap();
        checker.add_service(secs(0), VirtualServer::new(WEB)).unwrap();
        let check = CheckConfig::new(CheckKind::TcpCheck);
        for last in 0..1000_u32 {
            let dest = DestConfig::new(IpAddr::V4((0x0a02_0000 + last).into()), 80);
            checker.add_dest(secs(0), &WEB, real(dest, &check)).unwrap();
        }
        let mut tenths = [0; 10];
        while let Some(now) = checker.next_deadline().filter(|now| *now < secs(60)) {
            checker.handle_timeout(now);
            while let Some(action) = checker.poll_action() {
                let begins = matches!(action, Action::Start { .. });
                tenths[now.as_micros() as usize / 6_000_000] += u32::from(begins && now < secs(60));
                if let Action::Start { attempt, .. } = action {
                    checker.handle_outcome(now, attempt, Outcome::Connected);
                }
            }
        }
        tenths
    };
    let tenths = begins([1, 2]);
    assert_eq!(tenths.iter().sum::<u32>(), 1000);
    assert!(tenths.iter().all(|number| (60..=140).contains(number)), "{tenths:?}");
    assert_eq!(begins([1, 2]), tenths);
    assert_ne!(begins([1, 3]), tenths);
}

#[test]
fn the_end_of_time_comes_to_an_end() {
    let mut checker = Checker::new(CheckerConfig::default()).unwrap();
    checker.add_service(secs(0), VirtualServer::new(WEB)).unwrap();
    let check = CheckConfig { delay_before_retry: Duration::ZERO, ..tcp_check() };
    checker.add_dest(secs(0), &WEB, real(weighted("10.2.0.1", 1), &check)).unwrap();
    checker.handle_timeout(Instant::from_micros(u64::MAX));
    assert!((0..100).any(|_| checker.poll_action().is_none()));
    assert_eq!(checker.next_deadline(), None);
}
