//! What goes beyond the RFCs: preemption delay, peers, sequence numbers, trackers, interfaces that are held.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use std::net::IpAddr;
use std::time::Duration;

use common::*;
use lvs_proto::vrrp::{
    Advert, AdvertInterval, AdvertMeta, AdvertPath, ChecksumForm, HOP_LIMIT, Peer, Priority,
    Sequence, Version, Vrid,
};
use lvs_proto::{AddressPair, Instant};
use lvs_vrrp::{
    Action, Config, ConfigError, InterfaceDelays, InterfaceHold, Reason, Refusal, Router,
    SourceError, State, Tracked,
};

const OWN: &str = "10.0.0.5";
const OTHER: &str = "10.0.0.9";

/// [SC-15] The delay begins with the first weaker advert; until it is over they count.
#[test]
fn sc_15_preemption_is_delayed() {
    let config = Config { preempt_delay: Duration::from_secs(10), ..v3(200) };
    let mut router = started(config, OWN);
    for second in 0..=12 {
        Heard::new(OTHER, 100).by(&mut router, second * SECOND);
        let heard = second.min(9) * SECOND;
        assert_eq!(router.next_deadline(), Some(at(heard + 3_218_750)), "{second} s");
    }
    router.handle_timeout(at(12_218_750));
    assert_eq!(router.state(), State::Active);
}

/// [SC-16] Silence has nothing to do with the delay.
#[test]
fn sc_16_a_silent_router_is_replaced_within_the_delay() {
    let config = Config { preempt_delay: Duration::from_secs(10), ..v3(200) };
    let mut router = started(config, OWN);
    for second in 0..=2 {
        Heard::new(OTHER, 100).by(&mut router, second * SECOND);
    }
    assert_eq!(wakings(&mut router, 5_218_750), [(5_218_750, 1, 2)]);
}

/// A better advert cancels the delay.
#[test]
fn x_4_a_better_advert_ends_the_delay() {
    let config = Config { preempt_delay: Duration::from_secs(10), ..v3(200) };
    let mut router = started(config, OWN);
    for (second, priority, deadline) in
        [(0, 100, 3_218_750), (9, 250, 12_218_750), (10, 100, 13_218_750), (19, 100, 22_218_750)]
    {
        Heard::new(OTHER, priority).by(&mut router, second * SECOND);
        assert_eq!(router.next_deadline(), Some(at(deadline)));
    }
    Heard::new(OTHER, 100).by(&mut router, 20 * SECOND);
    assert_eq!(router.next_deadline(), Some(at(22_218_750)), "ten seconds after the second");
    let config = Config { preempt_delay: Duration::from_secs(1001), ..config };
    let error = Router::new(config, ip(OWN), [ip("10.0.0.100")]).map(|_| ());
    assert_eq!(error, Err(ConfigError::PreemptDelay(config.preempt_delay)));
}

/// The loser's last advert comes first, and the winner announces because of it.
#[test]
fn x_12_a_router_that_gives_way_may_say_so() {
    for (advert_before_demotion, expected) in [(true, 1), (false, 0)] {
        let config = Config { advert_before_demotion, ..v3(100) };
        let (mut router, since) = active(config, OWN);
        let actions = Heard::new(OTHER, 200).by(&mut router, since + 1);
        assert_eq!(adverts(&actions), expected);
        assert_eq!(actions[expected], Action::RemoveAddresses);
        assert_eq!(router.state(), State::Backup);
    }
}

/// [SEC-9], [FSM-9] What forged adverts can delay or hasten is bounded on request.
#[test]
fn sec_9_fsm_9_forged_adverts_move_little() {
    let config = Config {
        max_learned_interval: Some(centiseconds(200)),
        resign_by_active_only: true,
        ..v3(100)
    };
    let mut router = started(config, OWN);
    for (learned, deadline) in [(50, 1_804_687), (4_095, 7_218_750)] {
        let interval = centiseconds(learned);
        Heard { interval, ..Heard::new(OTHER, 200) }.by(&mut router, 0);
        assert_eq!(router.next_deadline(), Some(at(deadline)));
    }
    Heard::new("10.0.0.8", 0).by(&mut router, 1);
    assert_eq!(router.next_deadline(), Some(at(7_218_750)), "of another router");
    Heard::new(OTHER, 0).by(&mut router, 1);
    assert_eq!(router.next_deadline(), Some(at(1 + 1_218_750)));
    // [FSM-12] The own interval is none too long, whatever the bound.
    for config in [v2(100), v3(100)] {
        let (interval, second) = (centiseconds(500), Some(AdvertInterval::DEFAULT));
        let config = Config { interval, max_learned_interval: second, ..config };
        let mut router = started(config, OWN);
        Heard { interval, ..Heard::new(OTHER, 200) }.by(&mut router, 0);
        assert_eq!(router.active_interval(), interval);
    }
}

/// to
#[test]
fn trackers_lower_the_priority_or_put_the_router_into_fault() {
    let tracked = |priority, fault| Tracked { priority: Priority::new(priority), fault };
    for at_once in [true, false] {
        let config = Config { advert_on_priority_change: at_once, ..v3(200) };
        let (mut router, since) = active(config, OWN);
        router.track(at(since + 1), tracked(90, false));
        let said = if at_once { vec![send(90)] } else { vec![] };
        assert_eq!(drain(&mut router), said);
        router.track(at(since + 2), tracked(90, false));
        assert_eq!(drain(&mut router), [], "no change");
        assert_eq!(router.next_deadline(), Some(at(since + SECOND)), "the timer is left alone");

        router.track(at(since + 3), tracked(90, true));
        let actions = drain(&mut router);
        assert_eq!((actions[0], reason(&actions)), (send(0), Some(Reason::Fault)));
        assert_eq!((router.state(), router.next_deadline()), (State::Initialize, None));
        router.interface_up(at(since + 4));
        assert_eq!(router.state(), State::Initialize, "still in fault");
        router.track(at(since + 5), tracked(200, false));
        assert_eq!(router.next_deadline(), Some(at(since + 5 + 3_218_750)));
    }
    let mut owner = started(v3(255), OWN);
    owner.track(at(1), tracked(1, false));
    assert_eq!((owner.priority(), owner.state()), (Priority::OWNER, State::Active));
    owner.track(at(2), tracked(255, true));
    owner.track(at(3), tracked(255, false));
    assert_eq!(owner.state(), State::Active, "at once");
}

/// Adverts go to each peer and come from them.
#[test]
fn peers_are_spoken_to_one_by_one() {
    let peers = [Peer::new(ip("10.0.0.9")), Peer::new(ip("10.0.0.8"))];
    let addresses = [ip("10.0.0.100")];
    let mut router = Router::with_peers(v3(100), ip(OWN), addresses, peers).unwrap();
    let paths: Vec<_> = router.advert_paths().map(AddressPair::destination).collect();
    assert_eq!(paths, [ip("10.0.0.9"), ip("10.0.0.8")]);
    assert!(matches!(router.policy().path, AdvertPath::Unicast { peers: Some(_), .. }));
    let config = Config::keepalived(Version::V3, vrid());
    let trusting = Router::with_peers(config, ip(OWN), addresses, peers).unwrap();
    assert!(matches!(trusting.policy().path, AdvertPath::Unicast { peers: None, .. }));
    router.startup(Instant::EPOCH);
    router.handle_timeout(at(3_609_375));
    let sent = core::iter::from_fn(|| router.poll_action())
        .filter(|action| matches!(action, Action::SendAdvert { .. }));
    assert_eq!((sent.count(), router.counters().adv_sent), (1, 1), "one advert in two copies");

    let refused = |peers: &[Peer]| {
        Router::with_peers(v3(100), ip(OWN), addresses, peers.to_vec()).map(|_| ()).unwrap_err()
    };
    let own = Peer::new(ip(OWN));
    assert_eq!(refused(&[own]), ConfigError::Peer(ip(OWN)));
    let peer = ip("10.0.0.9");
    assert_eq!(router.set_source(at(4_000_000), peer), Err(SourceError::Peer(peer)));
    assert_eq!(refused(&[Peer::new(ip("fe80::1"))]), ConfigError::Peer(ip("fe80::1")));
    assert_eq!(refused(&[peers[0], peers[0]]), ConfigError::Duplicate(ip("10.0.0.9")));
    let nowhere = Peer { min_hop_limit: 9, max_hop_limit: 8, ..peers[0] };
    assert_eq!(refused(&[nowhere]), ConfigError::Peer(ip("10.0.0.9")));
}

///
#[test]
fn x_31_adverts_go_to_another_group() {
    let group = Some(ip("224.0.0.81"));
    let router = router(Config { group, ..v3(100) }, OWN);
    assert_eq!(router.advert_paths().next().map(AddressPair::destination), group);
    for wrong in ["10.0.0.1", "ff02::12"] {
        let config = Config { group: Some(ip(wrong)), ..v3(100) };
        let error = Router::new(config, ip(OWN), [ip("10.0.0.100")]).map(|_| ());
        assert_eq!(error, Err(ConfigError::Group(ip(wrong))));
    }
}

/// [W-11], [W-12] What was authenticated is taken once; sent numbers go on from whatever was heard.
#[test]
fn w_12_sequence_numbers_grow_by_sender_and_go_on_from_the_peers() {
    let mut router = started(v2(100), OWN);
    let vips: Vec<IpAddr> = addresses(lvs_proto::Family::V4);
    let hear = |router: &mut TestRouter, micros, from: &str, number| {
        let pair = AddressPair::new(ip(from), ip("224.0.0.18")).unwrap();
        let meta = AdvertMeta::new(pair, HOP_LIMIT);
        let advert = Advert {
            version: Version::V2,
            vrid: vrid(),
            priority: Priority::new(200),
            interval: AdvertInterval::DEFAULT,
            checksum: ChecksumForm::MessageOnly,
            addresses: vips[..].into(),
            sequence: Some(Sequence::Header(number)),
        };
        let verdict = router.check_advert(at(micros), &advert, &meta);
        router.handle_advert(at(micros), &advert, &meta);
        verdict
    };
    assert_eq!(hear(&mut router, 1, OTHER, 7), Ok(()));
    let (received, last) = (Sequence::Header(7), Sequence::Header(7));
    let replayed = Err(Refusal::Replayed { received, last });
    assert_eq!(hear(&mut router, 2, OTHER, 7), replayed);
    assert_eq!((router.counters().adv_rcvd, router.counters().auth_failures), (1, 1));
    assert_eq!(hear(&mut router, 3, "10.0.0.8", 7), Ok(()), "another sender");
    assert_eq!(hear(&mut router, 3_609_376, OTHER, 1), Ok(()), "after a restart");
    // [RX-1] A proven number is remembered even if the advert is refused for something else.
    let pair = AddressPair::new(ip(OTHER), ip("224.0.0.18")).unwrap();
    let meta = AdvertMeta::new(pair, HOP_LIMIT);
    let sequence = Some(Sequence::Header(9));
    let slow = Advert { interval: centiseconds(200), sequence, ..router.advert(Priority::DEFAULT) };
    let mut refusing = router.clone();
    refusing.handle_advert(at(3_609_377), &slow, &meta);
    assert_eq!(refusing.counters().adv_interval_errors, 1);
    assert!(hear(&mut refusing, 3_609_378, OTHER, 9).is_err());

    wakings(&mut router, 20 * SECOND);
    assert!(router.header_sequence() > 7, "above all that were heard");
}

/// Routers that become Active together go on a little apart; nothing else is early, and none is late.
#[test]
fn s_6_second_adverts_are_staggered() {
    let second = |vrid: u8, stagger_adverts| {
        let vrid = Vrid::new(vrid).unwrap();
        let config = Config { vrid, stagger_adverts, ..v3(100) };
        let (mut router, since) = active(config, OWN);
        let wakings = wakings(&mut router, since + 3 * SECOND);
        let [second, third] = [0, 1].map(|at| wakings[at].0 - since);
        assert_eq!(third - second, SECOND);
        second
    };
    assert_eq!([second(1, false), second(255, false)], [SECOND; 2]);
    assert_eq!(
        [second(1, true), second(128, true), second(255, true)],
        [999_023, 875_000, 750_976]
    );
}

/// What a faster detector says of the Active router shortens the wait to what orders Backup routers;
/// of others it says nothing.
#[test]
fn x_66_a_peer_that_is_down() {
    let mut router = started(v3(100), OWN);
    router.peer_down(at(1), ip(OTHER));
    assert_eq!(router.next_deadline(), Some(at(3_609_375)), "nobody was heard");
    Heard::new(OTHER, 200).by(&mut router, SECOND);
    router.peer_down(at(SECOND + 1), ip("10.0.0.8"));
    assert_eq!(router.next_deadline(), Some(at(4_609_375)));
    router.peer_down(at(2 * SECOND), ip(OTHER));
    assert_eq!(router.next_deadline(), Some(at(2_609_375)));
    router.peer_down(at(2_500_000), ip(OTHER));
    assert_eq!(router.next_deadline(), Some(at(2_609_375)), "never later");
    let mut alive = router.clone();
    Heard::new(OTHER, 200).by(&mut alive, 2_600_000);
    assert_eq!(alive.next_deadline(), Some(at(6_209_375)));
    router.handle_timeout(at(2_609_375));
    assert_eq!(reason(&drain(&mut router)), Some(Reason::NoResponse));
    router.peer_down(at(2_609_376), ip(OTHER));
    assert_eq!((router.state(), drain(&mut router)), (State::Active, vec![]));
}

/// A router that hears nothing of the link does not take over from one that it would hear.
/// An interface that is away for a moment is not away.
#[test]
fn x_41_x_42_interfaces_are_held() {
    let delays = InterfaceDelays {
        down: Duration::from_secs(5),
        proof: Duration::from_secs(30),
        ..InterfaceDelays::default()
    };
    let (mut hold, mut router) = (InterfaceHold::new(delays), started(v3(100), OWN));
    let mut tell = |now: u64, act: &dyn Fn(&mut InterfaceHold)| {
        act(&mut hold);
        hold.set_tolerance(at(now), router.interface_tolerance());
        match hold.is_up() {
            true => router.interface_up(at(now)),
            false => router.interface_down(at(now)),
        }
        drain(&mut router);
        (router.state(), router.next_deadline(), hold.next_deadline())
    };
    let waits = |now: u64| (State::Initialize, None, Some(at(now)));
    assert_eq!(tell(1, &|hold| hold.report(at(1), true)), waits(1 + 30 * SECOND));
    let heard = 20 * SECOND;
    let backup = (State::Backup, Some(at(heard + 3_609_375)), None);
    assert_eq!(tell(heard, &|hold| hold.frame_received(at(heard))), backup);
    let (down, up) = (heard + SECOND, heard + 2 * SECOND);
    let (state, waiting, hold_until) = tell(down, &|hold| hold.report(at(down), false));
    assert_eq!((state, waiting), (backup.0, backup.1), "it may come back");
    assert_eq!(hold_until, Some(at(down + 2 * SECOND)), "two of three intervals, not 5 s");
    assert_eq!(tell(up, &|hold| hold.report(at(up), true)), backup);
}
