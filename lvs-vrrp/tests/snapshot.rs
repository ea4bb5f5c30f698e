//! Routers that outlive their process.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use std::time::Duration;

use arbitrary::Unstructured;
use arbtest::arbtest;
use common::*;
use lvs_proto::Family;
use lvs_proto::vrrp::{Advert, Priority, Sequence, Version, decode};
use lvs_vrrp::{
    Action, Announcements, Block, Config, ConfigError, Engine, Event, InterfaceId, RestoreError,
    Router, Slot, Snapshot, SnapshotError, SourceError, State,
};

const OWN: &str = "10.0.0.5";
const OTHER: &str = "10.0.0.9";

/// When the first process runs, and when the second, by a clock of its own.
const FIRST: u64 = 1 << 40;
const SECOND_EPOCH: u64 = 1 << 30;

fn restored(snapshot: &Snapshot, micros: u64) -> Result<TestRouter, RestoreError> {
    Router::restore(at(micros), snapshot, addresses(Family::V4), [])
}

/// What a snapshot looks like after storage.
fn stored(snapshot: &Snapshot) -> Snapshot {
    let stored = Snapshot::from_octets(&snapshot.to_octets()).unwrap();
    #[cfg(feature = "serde")]
    assert_eq!(serde_json::from_str(&serde_json::to_string(snapshot).unwrap()).ok(), Some(stored));
    stored
}

fn input(choice: u8, router: &mut TestRouter, micros: u64) -> Vec<Action> {
    match choice % 10 {
        0 => router.startup(at(micros)),
        1 => router.handle_timeout(at(micros)),
        2 => router.set_priority(at(micros), Priority::new(choice)),
        3 if choice > 200 => router.interface_down(at(micros)),
        8 => return Heard::new(OWN, choice).by(router, micros),
        9 if choice > 200 => router.follow(at(micros), State::Active),
        4 => router.resumed(at(micros), Duration::from_millis(u64::from(choice) * 20)),
        _ => return Heard::new(OTHER, choice).by(router, micros),
    }
    drain(router)
}

/// Moments of the first process in the second.
fn moved(action: Action) -> Action {
    match action {
        Action::Notify(event) => {
            let at = at(event.at.as_micros() - FIRST + SECOND_EPOCH);
            Action::Notify(Event { at, ..event })
        }
        other => other,
    }
}

/// Whatever it has been through, a restored router does nothing by itself, and from then on what the
/// first one would have done.
#[test]
fn a_restored_router_goes_on_as_if_nothing_had_been() {
    arbtest(goes_on);
}

pub(crate) fn goes_on(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let announcements = Announcements {
        refresh: Duration::from_secs(u.int_in_range(0..=3)?),
        ..Announcements::RFC4861
    };
    let preempt_delay = Duration::from_secs(u.int_in_range(0..=2)?);
    let priority = *u.choose(&[1, 100, 254, 255])?;
    let config = Config { announcements, preempt_delay, ..v3(priority) };
    let mut first = router(config, OWN);
    let mut elapsed = 0;
    for _ in 0..u.int_in_range(0..=20)? {
        elapsed += u64::from(u.int_in_range(0..=3_000_u32)?) * 1_000;
        input(u.arbitrary()?, &mut first, FIRST + elapsed);
    }
    // The clock of a router stands still between inputs.
    first.handle_timeout(at(FIRST + elapsed));
    drain(&mut first);
    let mut second = restored(&stored(&first.snapshot()), SECOND_EPOCH + elapsed).unwrap();
    assert_eq!(drain(&mut second), []);
    while !u.is_empty() {
        let since = |router: &TestRouter, epoch| {
            router.next_deadline().map(|deadline| deadline.as_micros() - epoch)
        };
        assert_eq!(since(&first, FIRST), since(&second, SECOND_EPOCH));
        assert_eq!(first.counters(), second.counters());
        elapsed += u64::from(u.int_in_range(0..=3_000_u32)?) * 1_000;
        let choice = u.arbitrary()?;
        let expected = input(choice, &mut first, FIRST + elapsed);
        let expected: Vec<_> = expected.into_iter().map(moved).collect();
        assert_eq!(input(choice, &mut second, SECOND_EPOCH + elapsed), expected);
    }
    Ok(())
}

/// [W-11], [W-12] Replays stay replays, and expire when they would have.
#[test]
fn w_12_sequence_numbers_outlive_the_process() {
    let mut first = started(v3(100), OWN);
    let heard = Heard::new(OTHER, 200);
    let (message, meta) = (heard.message(Version::V3), heard.meta());
    let decoded = decode(&message, &meta, &first.policy()).unwrap();
    let advert = Advert { sequence: Some(Sequence::Header(7)), ..decoded };
    first.handle_advert(at(SECOND), &advert, &meta);
    let second = restored(&first.snapshot(), 100 * SECOND).unwrap();
    assert!(second.check_advert(at(101 * SECOND), &advert, &meta).is_err());
    assert!(second.check_advert(at(104 * SECOND), &advert, &meta).is_ok());
    assert_eq!(second.header_sequence(), 7);
}

/// [FSM-26] Another configuration comes after the restoration, and does what it does to any router.
#[test]
fn fsm_26_a_restored_router_takes_another_configuration() {
    let (first, since) = active(v3(100), OWN);
    let mut second = restored(&first.snapshot(), since).unwrap();
    let mut list = addresses(Family::V4);
    list.push(ip("192.0.2.102"));
    let plan = second.apply(at(since), v3(150), list.clone(), []).unwrap();
    assert!(plan.addresses && plan.priority && !plan.restart);
    let announce = list.iter().copied().map(Action::Announce);
    let expected: Vec<_> = [send(150), Action::InstallAddresses { accept: false }]
        .into_iter()
        .chain(announce)
        .collect();
    assert_eq!(drain(&mut second), expected);
    assert_eq!(second.state(), State::Active);
}

/// Whether it was started, and its interface is there, outlives the process as well.
#[test]
fn a_restored_router_comes_back_with_its_interface() {
    let mut first = started(v3(100), OWN);
    let mut second = restored(&stored(&first.snapshot()), 0).unwrap();
    second.interface_down(at(1));
    second.interface_up(at(2));
    assert_eq!(second.state(), State::Backup);

    first.interface_down(at(1));
    let mut third = restored(&stored(&first.snapshot()), 1).unwrap();
    assert_eq!(third.state(), State::Initialize);
    third.interface_up(at(2));
    assert_eq!(third.state(), State::Backup);

    let mut never = restored(&router(v3(100), OWN).snapshot(), 0).unwrap();
    never.interface_up(at(1));
    assert_eq!(never.state(), State::Initialize);
}

#[test]
fn what_does_not_fit_is_refused() {
    let snapshot = started(v3(100), OWN).snapshot();
    let other: Result<TestRouter, _> = Router::restore(at(0), &snapshot, addresses(Family::V6), []);
    let source = SourceError::OtherFamily(ip(OWN));
    assert_eq!(other.unwrap_err(), RestoreError::Config(ConfigError::Source(source)));
    assert_eq!((snapshot.config().vrid, snapshot.source()), (vrid(), ip(OWN)));
}

/// Octets that are taken are those of the snapshot that they give, and its router does no harm.
#[test]
fn octets_of_strangers_are_refused_or_restored() {
    let (active, since) = active(v3(100), OWN);
    let snapshots = [started(v3(255), OWN).snapshot(), active.snapshot()];
    let mut taken = 0;
    arbtest(|u| {
        let mut octets = u.choose(&snapshots)?.to_octets();
        for _ in 0..u.int_in_range(1..=4)? {
            octets[u.choose_index(Snapshot::LEN)?] = u.arbitrary()?;
        }
        let Ok(snapshot) = Snapshot::from_octets(&octets) else { return Ok(()) };
        assert_eq!(snapshot.to_octets(), octets);
        let Ok(mut router) = restored(&snapshot, since) else { return Ok(()) };
        taken += 1;
        for choice in 0..20 {
            input(choice * 13, &mut router, since + u64::from(choice) * SECOND);
        }
        Ok(())
    });
    assert!(taken > 0, "a busy machine comes to few of them, but not to none");
}

#[test]
fn octets_of_another_length_or_form_are_refused() {
    let octets = started(v3(100), OWN).snapshot().to_octets();
    let longer = [&octets[..], &[0]].concat();
    for length in (0..octets.len()).chain([longer.len()]) {
        let refused = Snapshot::from_octets(&longer[..length]);
        assert_eq!(refused, Err(SnapshotError::Length(length)));
    }
    let other = [&[0, 2], &octets[2..]].concat();
    assert_eq!(Snapshot::from_octets(&other), Err(SnapshotError::Format(2)));
    let malformed = [&octets[..2], &[0xff; Snapshot::LEN - 2]].concat();
    assert_eq!(Snapshot::from_octets(&malformed), Err(SnapshotError::Malformed));
}

#[cfg(feature = "serde")]
#[test]
fn snapshots_of_strangers_are_refused() {
    let snapshot = started(v3(100), OWN).snapshot();
    let changed = |field: &str, value: u64| {
        let mut json = serde_json::to_value(snapshot).unwrap();
        *json.pointer_mut(field).unwrap() = value.into();
        restored(&serde_json::from_value(json).unwrap(), 0).unwrap_err()
    };
    assert_eq!(changed("/format", 2), RestoreError::Format(2));
    for priority in [0, 255] {
        assert_eq!(
            changed("/priority", priority),
            RestoreError::Priority(Priority::new(priority as u8))
        );
    }
    // One more would be too many.
    for counter in ["/counters/adv_rcvd", "/counters/adv_sent", "/last_event/sequence"] {
        assert_eq!(changed(counter, u64::MAX), RestoreError::Malformed);
    }
}

/// A whole engine, router by router.
#[test]
fn an_engine_is_restored_without_an_election() {
    let room = || (vec![Slot::<Vec<_>>::default(), Slot::default()], [Block::default()]);
    let (mut slots, mut blocks) = room();
    let mut first = Engine::new(&mut slots, &mut blocks);
    for (interface, priority) in [(1, 255), (2, 100)] {
        let id = first.add(InterfaceId(interface), router(v3(priority), OWN)).unwrap();
        first.input(id, |router| router.startup(at(0))).unwrap();
    }
    while first.poll_action().is_some() {}
    let (mut slots, mut blocks) = room();
    let mut second = Engine::new(&mut slots, &mut blocks);
    for (_, interface, router) in first.routers() {
        second.add(interface, restored(&router.snapshot(), 7 * SECOND).unwrap()).unwrap();
    }
    assert_eq!(second.poll_action(), None);
    assert_eq!(second.next_deadline(), Some(at(8 * SECOND)));
    let states: Vec<_> = second.routers().map(|(_, _, router)| router.state()).collect();
    assert_eq!(states, [State::Active, State::Backup]);
}

/// A follower is one after a restart as well, with its announcements to come.
#[test]
fn x_67_a_restored_follower_follows() {
    let mut first = router(Config { announcements: Announcements::RFC4861, ..v3(100) }, OWN);
    first.follow(at(0), State::Active);
    first.startup(at(SECOND));
    drain(&mut first);
    let mut second = restored(&stored(&first.snapshot()), 7 * SECOND).unwrap();
    assert_eq!((second.state(), drain(&mut second)), (State::Active, vec![]));
    assert_eq!(second.next_deadline(), Some(at(8 * SECOND)));
    second.follow(at(8 * SECOND), State::Backup);
    assert_eq!(drain(&mut second)[0], Action::RemoveAddresses);
}

/// [S-16] What was sent before comes back as it would have.
#[test]
fn s_16_echoes_outlive_the_process() {
    let (first, since) = active(v3(100), OWN);
    let mut second = restored(&stored(&first.snapshot()), since).unwrap();
    assert_eq!(Heard::new(OWN, 100).by(&mut second, since), []);
    assert_eq!(Heard::new(OWN, 100).by(&mut second, since).len(), 1, "but once");
}

/// Announcements that wait for a pacer are still to come.
#[test]
fn x_22_held_announcements_outlive_the_process() {
    let (mut first, since) = active(v3(100), OWN);
    let mut list = addresses(Family::V4);
    list.push(ip("192.0.2.102"));
    first.apply(at(since), v3(100), list.clone(), []).unwrap();
    let held = at(since + 5_000);
    first.hold_announcements(held);
    assert_eq!(drain(&mut first), [Action::InstallAddresses { accept: false }]);
    let snapshot = stored(&first.snapshot());
    let mut second: TestRouter = Router::restore(at(since), &snapshot, list.clone(), []).unwrap();
    for router in [&mut first, &mut second] {
        assert_eq!((drain(router), router.next_deadline()), (vec![], Some(held)));
        router.handle_timeout(held);
        assert_eq!(announcements(&drain(router)), list.len());
        assert_eq!(router.next_deadline(), Some(at(since + SECOND)));
    }
}
