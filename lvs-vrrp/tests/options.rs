//! What goes beyond the RFCs: announcements, preemption delay, late wake-ups, peers, sequence numbers.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use std::net::IpAddr;
use std::time::Duration;

use common::*;
use lvs_proto::vrrp::{
    Advert, AdvertInterval, AdvertMeta, AdvertPath, ChecksumAccept, ChecksumForm, HOP_LIMIT, Peer,
    Priority, Sequence, Version, Vrid,
};
use lvs_proto::{AddressPair, Instant};
use lvs_vrrp::{
    Action, Announcements, Config, ConfigError, InterfaceDelays, InterfaceHold, LateActive,
    LateBackup, Pacer, Reason, Refusal, Router, State, Tracked,
};

const OWN: &str = "10.0.0.5";
const OTHER: &str = "10.0.0.9";

/// Of RFC 9568 with all its announcements.
fn full(priority: u8) -> Config {
    Config { priority: Priority::new(priority), ..Config::rfc9568(vrid()) }
}

fn announcements(actions: &[Action]) -> usize {
    actions.iter().filter(|action| matches!(action, Action::Announce(_))).count()
}

fn reason(actions: &[Action]) -> Option<Reason> {
    actions.iter().find_map(|action| match action {
        Action::Notify(event) => Some(event.reason),
        _ => None,
    })
}

/// What a router does at its deadlines until `end`, in microseconds: when, adverts, announcements.
fn wakings(router: &mut TestRouter, end: u64) -> Vec<(u64, usize, usize)> {
    let mut wakings = Vec::new();
    while let Some(deadline) = router.next_deadline().filter(|deadline| *deadline <= at(end)) {
        router.handle_timeout(deadline);
        let actions = drain(router);
        wakings.push((deadline.as_micros(), adverts(&actions), announcements(&actions)));
    }
    wakings
}

/// Of two addresses; adverts and announcements each keep their time.
#[test]
fn announcements_are_repeated_by_deadlines_of_their_own() {
    let plan = Announcements {
        rounds: 2,
        repeat: 3,
        gap: Duration::from_millis(1_500),
        refresh: Duration::from_secs(3),
        refresh_repeat: 2,
        ..Announcements::RFC4861
    };
    let mut router = router(Config { announcements: plan, ..full(255) }, OWN);
    router.startup(at(0));
    let actions = drain(&mut router);
    assert_eq!((adverts(&actions), announcements(&actions)), (1, 6));
    assert_eq!(
        wakings(&mut router, 5 * SECOND),
        [
            (SECOND, 1, 0),
            (1_500_000, 0, 6),
            (2 * SECOND, 1, 0),
            (3 * SECOND, 1, 0),
            (4 * SECOND, 1, 0),
            (4_500_000, 0, 4),
            (5 * SECOND, 1, 0),
        ]
    );
    //
    router.handle_timeout(at(7_500_000));
    Heard::new(OTHER, 255).by(&mut router, 7_500_001);
    assert_eq!(wakings(&mut router, 8 * SECOND), []);
}

/// Announcements a gap apart; adverts and all else do not wait for them.
#[test]
fn x_22_announcements_are_paced() {
    let mut pacer = Pacer::new(Duration::from_millis(600), 1);
    let mut router = started(v3(100), OWN);
    let since = 3_609_375;
    let mut announced = Vec::new();
    let mut sent = Vec::new();
    while let Some(deadline) = router.next_deadline().filter(|next| *next < at(6 * SECOND)) {
        router.handle_timeout(deadline);
        while let Some(action) = router.poll_action() {
            match action {
                Action::Announce(_) => {
                    announced.push(deadline.as_micros() - since);
                    let held = pacer.sent(deadline);
                    held.into_iter().for_each(|until| router.hold_announcements(until));
                }
                Action::SendAdvert { .. } => sent.push(deadline.as_micros() - since),
                _ => {}
            }
        }
    }
    assert_eq!((announced, sent), (vec![0, 600_000], vec![0, SECOND, 2 * SECOND]));
    // What waits when the router leaves is dropped.
    let (mut router, since) = active(full(100), OWN);
    router.hold_announcements(at(since + 5 * SECOND));
    wakings(&mut router, since + SECOND);
    assert_eq!(router.next_deadline(), Some(at(since + 2 * SECOND)));
    Heard::new(OTHER, 200).by(&mut router, since + SECOND + 1);
    assert_eq!(wakings(&mut router, since + 4 * SECOND), []);

    // What is held before it becomes Active is held then.
    let mut router = started(full(100), OWN);
    router.hold_announcements(at(since + SECOND));
    router.handle_timeout(at(since));
    assert_eq!(announcements(&drain(&mut router)), 0);
    router.handle_timeout(at(since + SECOND));
    assert!(announcements(&drain(&mut router)) > 0);

    let short = Duration::from_millis(9);
    for announcements in [
        Announcements { gap: short, ..Announcements::RFC4861 },
        Announcements { refresh: short, ..Announcements::RFC4861 },
    ] {
        let config = Config { announcements, ..v3(100) };
        let error = Router::new(config, ip(OWN), [ip("10.0.0.100")]).map(|_| ());
        assert_eq!(error, Err(ConfigError::AnnouncementGap(short)));
    }
}

/// [SC-14], [X-13], [FSM-15] However many adverts lose, one burst.
#[test]
fn losing_adverts_set_off_one_burst() {
    let (mut router, since) = active(full(200), OWN);
    wakings(&mut router, since + 4 * SECOND);
    let mut announced = 0;
    for step in 0..1000 {
        let now = since + 4 * SECOND + step * 100;
        announced += announcements(&Heard::new(OTHER, 100).by(&mut router, now));
    }
    assert_eq!(announced, 2, "each address once");
    let later = wakings(&mut router, since + 10 * SECOND);
    assert_eq!(later.iter().map(|waking| waking.2).sum::<usize>(), 4, "two more rounds");
}

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

/// [SC-19] Who lost while it slept says nothing.
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

/// [W-17] A global address in the first place is counted, and refused where that is wanted.
#[test]
fn w_17_the_first_address_is_link_local() {
    let (source, list) = (ip("fe80::9"), [ip("2001:db8::100")]);
    let meta = Heard::new("fe80::9", 200).meta();
    let advert = Advert {
        version: Version::V3,
        vrid: vrid(),
        priority: Priority::new(200),
        interval: AdvertInterval::DEFAULT,
        checksum: ChecksumForm::PseudoHeader,
        addresses: (&list[..]).into(),
        sequence: None,
    };
    for (link_local_first, active) in [(false, Some(source)), (true, None)] {
        let mut router = started(Config { link_local_first, ..v3(100) }, "fe80::5");
        router.handle_advert(at(SECOND), &advert, &meta);
        assert_eq!(router.active_address(), active);
        assert_eq!(router.counters().address_list_errors, 1);
    }
}

/// [W-23] Whatever a version's own profile takes, a strict one takes one form.
#[test]
fn w_23_strict_profiles_take_the_one_checksum() {
    for version in [Version::V2, Version::V3] {
        let config = Config::strict(version, vrid());
        assert_eq!(config.checksum_accept, ChecksumAccept::MESSAGE_ONLY);
    }
}

/// [W-21], [W-22] Which form of checksum adverts come with.
#[test]
fn w_22_forms_of_checksum_are_counted() {
    let mut router = started(v3(100), OWN);
    let other = started(v3(200), OTHER);
    for (checksum, counts) in [
        (ChecksumForm::MessageOnly, (0, 0)),
        (ChecksumForm::PseudoHeader, (1, 0)),
        (ChecksumForm::GroupPseudoHeader, (2, 1)),
    ] {
        let advert = Advert { checksum, ..other.advert(Priority::new(200)) };
        router.handle_advert(at(SECOND), &advert, &Heard::new(OTHER, 200).meta());
        let counters = router.counters();
        assert_eq!((counters.pseudo_header_rcvd, counters.group_pseudo_header_rcvd), counts);
    }
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
