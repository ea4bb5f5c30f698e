//! The executable scenarios of the specification, to the microsecond: zero latency, an interval of
//! one second, routers started at 0 unless said.

#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use common::*;
use lvs_proto::checksum::Sum;
use lvs_proto::vrrp::{AdvertMeta, ChecksumForm, Priority, Version};
use lvs_proto::{AddressPair, Family, Instant};
use lvs_vrrp::{
    Action, ChecksumTransmit, Config, Counters, LosingAdvert, NewActiveReason, ProtoErrReason,
    Reason, Router, State,
};

/// Down(100), and what follows from it.
const DOWN_100: u64 = 3_609_375;

/// [V3-BK-7] to [V3-BK-10], [FSM-5], [FSM-5a], [RX-8], [X-51]
#[test]
fn sc_01_silence_promotes() {
    let rows = [
        (v3(100), "10.0.0.1", "10.0.0.9"),
        (v3(100), "fe80::1", "fe80::9"),
        (v2(100), "10.0.0.1", "10.0.0.9"),
    ];
    for (config, source, other) in rows {
        let mut router = router(config, source);
        router.startup(Instant::EPOCH);
        drain(&mut router);
        Heard::new(other, 200).by(&mut router, 0);

        router.handle_timeout(at(DOWN_100 - 1));
        assert_eq!(drain(&mut router), []);
        router.handle_timeout(at(DOWN_100));
        let actions = drain(&mut router);
        assert_eq!(actions[..2], [send(100), Action::InstallAddresses { accept: false }]);
        let announced: Vec<_> =
            addresses(router.family()).into_iter().map(Action::Announce).collect();
        match router.family() {
            Family::V4 => assert_eq!(actions[2..4], announced),
            Family::V6 => {
                let groups = ["ff02::1:ff00:100", "ff02::1:ff00:200"]
                    .map(|group| Action::JoinSolicitedNode(group.parse().unwrap()));
                assert_eq!(actions[2..4], groups);
                assert_eq!(actions[4..7], announced);
                assert_eq!(actions[7], Action::SetRouterAdvertisements(true));
            }
        }
        let Some(&Action::Notify(event)) = actions.last() else { panic!("the last is the event") };
        assert_eq!((event.to, event.reason), (State::Active, Reason::NoResponse));
        assert_eq!(event.at, at(DOWN_100));
        assert_eq!(router.next_deadline(), Some(at(4_609_375)));
        assert_eq!(router.counters().new_active_reason, NewActiveReason::NoResponse);
    }
}

/// [RX-8]
#[test]
fn sc_02_resignation_promotes_after_skew() {
    for config in [v3, v2] {
        let mut lab = Lab::new([
            started(config(200), "10.0.0.1"),
            started(config(100), "10.0.0.2"),
            started(config(50), "10.0.0.3"),
        ]);
        lab.run(3_218_750);
        assert_eq!(lab.actives(), [0]);
        let resigned = lab.now;
        lab.input(0, Router::shutdown);
        assert_eq!(lab.routers[1].next_deadline(), Some(at(resigned + 609_375)));
        assert_eq!(lab.routers[2].next_deadline(), Some(at(resigned + 804_687)));
        lab.run(resigned + 609_375);
        assert_eq!(lab.actives(), [1]);
        assert_eq!(lab.sent().last(), Some(&(lab.now, 1, 100)));
        assert_eq!(lab.routers[1].counters().new_active_reason, NewActiveReason::Priority);
        assert_eq!(lab.routers[2].next_deadline(), Some(at(resigned + 4_414_062)));
    }
}

/// [RX-8]
#[test]
fn sc_03_preempts_after_a_full_down_interval() {
    for config in [v3, v2_replying] {
        // B alone is Active, in such a phase that A hears it at 0.2, 1.2, 2.2 and 3.2 s.
        let b = router(config(100), "10.0.0.2");
        let mut lab = Lab::new([router(config(200), "10.0.0.1"), b]);
        let start = DOWN_100 + 800_000;
        lab.input(1, Router::startup);
        lab.run(start);
        lab.input(0, Router::startup);
        lab.run(start + 3_218_749);
        assert_eq!(lab.actives(), [1]);
        assert_eq!(lab.routers[0].counters().adv_rcvd, 4);
        assert_eq!(lab.routers[0].next_deadline(), Some(at(start + 3_218_750)));

        lab.run(start + 3_218_750);
        assert_eq!(lab.actives(), [0]);
        assert_eq!(lab.routers[0].counters().new_active_reason, NewActiveReason::Preempted);
        assert_eq!(lab.routers[1].active_address(), Some(ip("10.0.0.1")));
        assert_eq!(lab.routers[1].next_deadline(), Some(at(lab.now + DOWN_100)));
    }
}

#[test]
fn sc_04_without_preemption_backup_stays_backup() {
    for config in [v3, v2] {
        let mut router = started(Config { preempt: false, ..config(200) }, "10.0.0.1");
        for time in [200_000, 1_200_000, 2_200_000, 3_200_000] {
            Heard::new("10.0.0.2", 100).by(&mut router, time);
            assert_eq!(router.next_deadline(), Some(at(time + 3_218_750)));
        }
        assert_eq!(router.state(), State::Backup);
    }
}

#[test]
fn sc_05_learned_interval() {
    let mut router = started(v3(100), "10.0.0.1");
    Heard { interval: centiseconds(20), ..Heard::new("10.0.0.2", 200) }.by(&mut router, 0);
    assert_eq!(router.active_interval(), centiseconds(20));
    assert_eq!(router.skew().as_micros(), 121_875);
    assert_eq!(router.active_down_interval().as_micros(), 721_875);
    assert_eq!(router.next_deadline(), Some(at(721_875)));
    // [RX-9]
    assert_eq!(router.counters().adv_interval_errors, 1);
}

/// Whether an Active router of this address gives way to its equal, and what it answers.
fn tie(config: Config, own: &str, other: &str) -> (State, usize) {
    let (mut router, since) = active(config, own);
    let actions = Heard::new(other, 100).by(&mut router, since + 1);
    (router.state(), adverts(&actions))
}

/// [FSM-16]
#[test]
fn sc_06_equal_priorities_are_decided_by_address() {
    for config in [v3(100), v2(100)] {
        assert_eq!(tie(config, "10.0.0.1", "10.0.0.2"), (State::Backup, 0));
    }
    assert_eq!(tie(v3(100), "10.0.0.2", "10.0.0.1"), (State::Active, 1));
    assert_eq!(tie(Config::rfc5798(vrid()), "10.0.0.2", "10.0.0.1"), (State::Active, 0));
    assert_eq!(tie(v2(100), "10.0.0.2", "10.0.0.1"), (State::Active, 0));
}

/// [V3-AC-16], [FSM-16]
#[test]
fn sc_07_addresses_are_compared_as_numbers() {
    assert_eq!(tie(v3(100), "10.0.0.9", "10.0.0.10").0, State::Backup);
    assert_eq!(tie(v3(100), "10.0.0.10", "10.0.0.9").0, State::Active);
}

/// [V3-AC-16], [FSM-16]
#[test]
fn sc_08_ipv6_addresses_are_compared_as_numbers() {
    assert_eq!(tie(v3(100), "fe80::ff", "fe80::1:0").0, State::Backup);
    assert_eq!(tie(v3(100), "fe80::1:0", "fe80::ff").0, State::Active);
}

#[test]
fn sc_09_priority_change_shifts_the_deadline() {
    for config in [v3(100), v2(100)] {
        let mut router = started(config, "10.0.0.1");
        Heard::new("10.0.0.2", 200).by(&mut router, 0);
        assert_eq!(router.next_deadline(), Some(at(3_609_375)));
        router.set_priority(at(SECOND), Priority::new(150));
        assert_eq!(router.next_deadline(), Some(at(3_414_062)));
        router.set_priority(at(SECOND), Priority::new(100));
        assert_eq!(router.next_deadline(), Some(at(3_609_375)));
    }
}

#[test]
fn sc_10_lowered_active_is_replaced() {
    for config in [v3, v2] {
        let mut lab =
            Lab::new([started(config(200), "10.0.0.1"), started(config(100), "10.0.0.2")]);
        lab.run(3_218_750);
        let zero = lab.now;
        lab.input(0, |router, now| router.set_priority(now, Priority::new(90)));
        lab.run(zero + 3_609_374);
        assert_eq!(lab.actives(), [0]);
        assert_eq!(lab.routers[1].next_deadline(), Some(at(zero + 3_609_375)));
        lab.run(zero + 3_609_375);
        assert_eq!(lab.actives(), [1]);
        assert_eq!(lab.events(0).last().map(|event| event.reason), Some(Reason::BetterAdvert));
        assert_eq!(lab.routers[1].counters().new_active_reason, NewActiveReason::Preempted);
    }
}

#[test]
fn sc_11_v2_discards_another_interval() {
    let mut router = started(v2(100), "10.0.0.1");
    let before = machine(&router);
    let heard = Heard { interval: centiseconds(200), ..Heard::new("10.0.0.2", 200) };
    assert_eq!(heard.by(&mut router, SECOND), []);
    assert_eq!(machine(&router), before);
    assert_eq!(router.counters().adv_interval_errors, 1);
    assert_eq!(router.counters().adv_rcvd, 0);
}

/// A way to spoil a message, and the counter that tells.
type Spoilt = (Version, fn(&mut Vec<u8>, &mut AdvertMeta), fn(&Counters) -> u64, ProtoErrReason);

const SPOILT: [Spoilt; 16] = {
    use ProtoErrReason::{Checksum, IpTtl, NoError, Version as Ver, VrId};
    use Version::{V2, V3};
    [
        (V3, |_, meta| meta.hop_limit = 254, |counters| counters.ip_ttl_errors, IpTtl),
        (V2, |_, meta| meta.hop_limit = 254, |counters| counters.ip_ttl_errors, IpTtl),
        (V3, |octets, _| octets[0] = 0x41, |counters| counters.version_errors, Ver),
        (V3, |octets, _| octets[0] = 0x21, |counters| counters.version_errors, Ver),
        (V3, |octets, _| octets[0] = 0x32, |counters| counters.invalid_type_packets, NoError),
        (V3, |octets, _| octets[3] += 1, |counters| counters.packet_length_errors, NoError),
        (
            V3,
            |octets, _| octets.truncate(octets.len() - 1),
            |counters| counters.packet_length_errors,
            NoError,
        ),
        (V3, |octets, _| octets.truncate(7), |counters| counters.packet_length_errors, NoError),
        (V3, |octets, _| octets[7] ^= 1, |counters| counters.checksum_errors, Checksum),
        (V3, |octets, _| octets[1] = 0, |counters| counters.vrid_errors, VrId),
        (V3, |octets, _| octets[1] = 52, |counters| counters.vrid_errors, VrId),
        (V3, to_one_host, |counters| counters.address_class_errors, NoError),
        (V3, no_addresses, |counters| counters.address_list_errors, NoError),
        (
            V3,
            |octets, _| sealed(octets, 4, &[0, 0]),
            |counters| counters.adv_interval_errors,
            NoError,
        ),
        (V2, |octets, _| sealed(octets, 4, &[1]), |counters| counters.auth_type_mismatch, NoError),
        (V2, |octets, _| sealed(octets, 4, &[3]), |counters| counters.invalid_auth_type, NoError),
    ]
};

fn to_one_host(_: &mut Vec<u8>, meta: &mut AdvertMeta) {
    meta.addresses = AddressPair::new(meta.addresses.source(), ip("10.0.0.1")).unwrap();
}

fn no_addresses(octets: &mut Vec<u8>, _: &mut AdvertMeta) {
    octets.truncate(8);
    sealed(octets, 3, &[0]);
}

/// Overwrites octets of a message and makes its checksum right again.
fn sealed(octets: &mut [u8], offset: usize, new: &[u8]) {
    octets[offset..offset + new.len()].copy_from_slice(new);
    octets[6..8].fill(0);
    let checksum = Sum::new().add_octets(octets).checksum();
    octets[6..8].copy_from_slice(&checksum.to_be_bytes());
}

/// [MIB-1], [RX-7], [V3-RX-14] No reason but those of the MIB.
#[test]
fn sc_12_refused_messages_count_once_and_change_nothing() {
    for (version, spoil, counter, proto_err_reason) in SPOILT {
        let config = if version == Version::V2 { v2(100) } else { v3(100) };
        for (mut router, now) in [(started(config, "10.0.0.1"), 0), active(config, "10.0.0.1")] {
            let heard = Heard::new("10.0.0.2", 254);
            let (mut octets, mut meta) = (heard.message(version), heard.meta());
            spoil(&mut octets, &mut meta);
            let (before, counters) = (machine(&router), *router.counters());
            receive(&mut router, at(now + 500_000), &octets, &meta);
            assert_eq!(drain(&mut router), []);
            assert_eq!(machine(&router), before);
            assert_eq!(counter(router.counters()), counter(&counters) + 1);
            assert_eq!(errors(router.counters()), errors(&counters) + 1);
            assert_eq!(router.counters().proto_err_reason, proto_err_reason);
            assert_eq!(router.counters().adv_rcvd, 0);
        }
    }
}

/// The sum of all counters of discarded adverts.
fn errors(counters: &Counters) -> u64 {
    counters.checksum_errors
        + counters.version_errors
        + counters.vrid_errors
        + counters.ip_ttl_errors
        + counters.invalid_type_packets
        + counters.packet_length_errors
        + counters.address_class_errors
        + counters.invalid_auth_type
        + counters.auth_type_mismatch
        + counters.adv_interval_errors
        + counters.address_list_errors
        + counters.self_received
        + counters.owner_conflicts
}

/// [S-15]
#[test]
fn sc_13_own_advert_looped_back_is_ignored() {
    for config in [v3(100), v2(100), Config::keepalived(Version::V3, vrid())] {
        let (mut router, since) = active(config, "10.0.0.1");
        let before = machine(&router);
        let heard = Heard { form: ChecksumForm::PseudoHeader, ..Heard::new("10.0.0.1", 100) };
        assert_eq!(heard.by(&mut router, since + 1), []);
        assert_eq!(machine(&router), before);
        assert_eq!((router.counters().self_received, errors(router.counters())), (1, 1));
    }
}

#[test]
fn sc_14_losing_adverts_are_answered_within_bounds() {
    for losing_advert in [LosingAdvert::Reply, LosingAdvert::ReplyAndRearm] {
        let mut router = started(Config { losing_advert, ..v3(255) }, "10.0.0.1");
        let mut sent = Vec::new();
        for time in (0..100_000).step_by(100) {
            let actions = Heard::new("10.0.0.2", 100).by(&mut router, time);
            sent.extend(actions.iter().map(|_| time));
        }
        assert_eq!(sent, [0]);
        while router.next_deadline().unwrap() <= at(SECOND) {
            let deadline = router.next_deadline().unwrap();
            router.handle_timeout(deadline);
            sent.extend(drain(&mut router).iter().map(|_| deadline.as_micros()));
        }
        match losing_advert {
            LosingAdvert::Reply => assert_eq!(sent, [0, 125_000, SECOND]),
            _ => {
                assert_eq!(sent, [0, 125_000]);
                assert_eq!(router.next_deadline(), Some(at(1_125_000)));
            }
        }
    }
}

/// [FSM-5a], [RX-8]
#[test]
fn sc_21_owner_is_active_at_once() {
    for config in [v3(255), v2(255)] {
        let mut router = router(config, "10.0.0.1");
        router.startup(at(7));
        let actions = drain(&mut router);
        assert_eq!(actions[..2], [send(255), Action::InstallAddresses { accept: true }]);
        assert_eq!(router.state(), State::Active);
        assert_eq!(router.next_deadline(), Some(at(7 + SECOND)));
        assert_eq!(router.counters().new_active_reason, NewActiveReason::Preempted);
    }
}

/// [V3-PR-4]
#[test]
fn sc_22_of_two_owners_the_higher_address_stays() {
    let mut lab = Lab::new([router(v3(255), "10.0.0.1"), router(v3(255), "10.0.0.2")]);
    lab.input(0, Router::startup);
    lab.run(1_000);
    lab.input(1, Router::startup);
    assert_eq!(lab.actives(), [1]);
    lab.run(10 * SECOND);
    assert_eq!(lab.actives(), [1]);

    let mut other = started(v3(255), "10.0.0.3");
    assert_eq!(adverts(&Heard::new("10.0.0.2", 255).by(&mut other, 1)), 1);
    assert_eq!(other.counters().owner_conflicts, 1);
    assert!(lab.routers[0].counters().owner_conflicts > 0);
}

#[test]
fn sc_23_shutdown_of_active_undoes_in_order() {
    let (mut router, since) = active(v3(100), "fe80::1");
    router.shutdown(at(since + 5));
    let actions = drain(&mut router);
    let groups = ["ff02::1:ff00:100", "ff02::1:ff00:200"]
        .map(|group| Action::LeaveSolicitedNode(group.parse().unwrap()));
    assert_eq!(actions[..2], [send(0), Action::RemoveAddresses]);
    assert_eq!(actions[2..4], groups);
    assert_eq!(actions[4], Action::SetRouterAdvertisements(false));
    let [Action::Notify(event)] = actions[5..] else { panic!("the last is the event") };
    assert_eq!(event.keepalived_name(), "STOP");
    assert_eq!((event.sequence, event.at), (3, at(since + 5)));
    assert_eq!((router.state(), router.next_deadline()), (State::Initialize, None));
    assert_eq!(router.counters().prio_zero_sent, 1);

    let (mut router, since) = active(v2(100), "10.0.0.1");
    router.shutdown(at(since + 5));
    let actions = drain(&mut router);
    assert_eq!(actions[..2], [send(0), Action::RemoveAddresses]);
    assert!(matches!(actions[2..], [Action::Notify(_)]));
}

/// [W-24]
#[test]
fn sc_24_checksum_form_follows_the_peer() {
    let mut router = started(v3(100), "10.0.0.1");
    let form = |router: &TestRouter| router.advert(router.priority()).checksum;
    assert_eq!(form(&router), ChecksumForm::MessageOnly);
    for (time, heard) in
        [ChecksumForm::MessageOnly, ChecksumForm::PseudoHeader].into_iter().enumerate()
    {
        Heard { form: heard, ..Heard::new("10.0.0.2", 200) }.by(&mut router, time as u64);
        assert_eq!(form(&router), heard);
    }
    assert_eq!((router.counters().adv_rcvd, router.counters().pseudo_header_rcvd), (2, 1));

    let always = ChecksumTransmit::Always(ChecksumForm::MessageOnly);
    let mut router = started(Config { checksum_transmit: always, ..v3(100) }, "10.0.0.1");
    Heard { form: ChecksumForm::PseudoHeader, ..Heard::new("10.0.0.2", 200) }.by(&mut router, 0);
    assert_eq!(form(&router), ChecksumForm::MessageOnly);
}
