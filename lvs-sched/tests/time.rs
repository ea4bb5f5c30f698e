//! What time does comes to the same in one call and in many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::num::NonZeroU32;

use arbitrary::{Result, Unstructured};
use common::{SYN, ip, secs, tcp};
use lvs_proto::{Decide, Family, Flow, Verdict};
use lvs_sched::{DestConfig, Director, DirectorConfig, LblcConfig, SchedulerKind};
use lvs_sched::{ServiceConfig, ServiceKey};

/// Services of those that remember addresses or destinations, and of one that does not.
const KINDS: [SchedulerKind; 4] =
    [SchedulerKind::Lblc, SchedulerKind::Lblcr, SchedulerKind::Mh, SchedulerKind::Rr];

fn service(number: u32) -> ServiceKey {
    let mark = NonZeroU32::MIN.saturating_add(number);
    ServiceKey::Mark { family: Family::V4, mark }
}

fn director() -> Director {
    let lblc = LblcConfig { capacity: 200, expiration_secs: 500 };
    let config = DirectorConfig { connections: 900, lblc, lblcr: lblc, ..Default::default() };
    let mut director = Director::new(config).unwrap();
    for (number, scheduler) in (0..).zip(KINDS) {
        let config = ServiceConfig { scheduler, ..ServiceConfig::new(service(number)) };
        director.add_service(secs(0), config).unwrap();
    }
    director
}

fn packet(u: &mut Unstructured<'_>, port: u16) -> Result<Flow> {
    let address = std::format!("10.0.{}.{}", u.int_in_range(0..=1)?, u.arbitrary::<u8>()?);
    let mark = u.int_in_range(1..=KINDS.len() as u32)?;
    Ok(Flow { mark, ..tcp("192.0.2.1", port, &address, 80, SYN) })
}

#[test]
fn dst_6_lblc_8_the_budget_does_not_matter() {
    arbtest::arbtest(|u| {
        let mut both = [director(), director()];
        let (mut now, mut port, mut calls) = (0, 0, 0);
        while !u.is_empty() {
            now += u.int_in_range(1..=90)?;
            for _ in 0..u.int_in_range(0..=60)? {
                port += 1;
                let packet = packet(u, port)?;
                let [one, other] = both.each_mut().map(|of| of.decide(secs(now), &packet));
                assert_eq!(one, other);
            }
            let service = service(u.int_in_range(0..=KINDS.len() as u32 - 1)?);
            let address = ip(&std::format!("10.2.0.{}", u.int_in_range(1..=5)?));
            let is_added = u.ratio(2, 3)?;
            let [one, other] = both.each_mut().map(|of| {
                if is_added {
                    of.add_dest(secs(now), &service, DestConfig::new(address, 80)).map(Some)
                } else {
                    of.delete_dest(secs(now), &service, address, 80).map(|()| None)
                }
            });
            assert_eq!(one, other, "a destination is in the trash of both or of none");
            let [at_once, in_pieces] = &mut both;
            at_once.handle_timeout(secs(now), usize::MAX);
            while in_pieces.next_deadline().is_some_and(|deadline| deadline <= secs(now)) {
                in_pieces.handle_timeout(secs(now), 1);
                calls += 1;
            }
            assert_eq!(at_once.next_deadline(), in_pieces.next_deadline());
            assert_eq!(at_once.listing().to_string(), in_pieces.listing().to_string());
        }
        assert!(calls >= now / 62, "{calls} in {now} s");
        Ok(())
    });
}

/// Full of addresses that are as old as the rule wants \[LBLC-8\].
#[test]
fn lblc_8_a_sweep_keeps_to_its_budget() {
    let config = DirectorConfig { connections: 0, ..Default::default() };
    let mut director = Director::new(config).unwrap();
    let scheduler = SchedulerKind::Lblc;
    let config = ServiceConfig { scheduler, one_packet: true, ..ServiceConfig::new(service(0)) };
    director.add_service(secs(0), config).unwrap();
    director.add_dest(secs(0), &service(0), DestConfig::new(ip("10.2.0.1"), 80)).unwrap();
    for number in 0..24_576_u32 {
        let [_, _, high, low] = number.to_be_bytes();
        let flow = common::udp("192.0.2.1", 1, &std::format!("10.0.{high}.{low}"), 80);
        let verdict = director.decide(secs(1), &Flow { mark: 1, ..flow });
        assert!(matches!(verdict, Verdict::Forward(_)));
    }
    let mut calls = 0;
    while director.next_deadline().is_some_and(|deadline| deadline <= secs(400)) {
        director.handle_timeout(secs(400), 10);
        calls += 1;
    }
    // After each of six sweeps every place is counted, 64 for one of the budget; in the last one every
    // place is looked at.
    let stretches = 24_576 / 64;
    assert!((6 * stretches / 10..=8 * stretches / 10).contains(&calls), "{calls}");
}
