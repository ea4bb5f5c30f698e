//! Sync groups \[X-57\] to \[X-65\].
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use std::net::IpAddr;

use arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use common::*;
use lvs_proto::vrrp::{Priority, Version, decode};
use lvs_vrrp::{
    Action, Announcements, Block, Config, Engine, Event, InterfaceId, JoinError, Reason, RouterId,
    Slot, State, Tracked,
};

const OWN: &str = "10.0.0.5";
const OTHER: &str = "10.0.0.9";

type TestEngine<'a> = Engine<'a, Vec<IpAddr>>;

/// Routers of these priorities, each on an interface of its own, in one group.
fn group<'a>(
    priorities: &[u8],
    slots: &'a mut Vec<Slot<Vec<IpAddr>>>,
    blocks: &'a mut Vec<Block>,
) -> (TestEngine<'a>, Vec<RouterId>) {
    slots.resize_with(priorities.len(), Slot::default);
    blocks.resize(1, Block::default());
    let mut engine = Engine::new(slots, blocks);
    let ids: Vec<_> = (1..)
        .zip(priorities)
        .map(|(interface, &priority)| {
            engine.add(InterfaceId(interface), router(v3(priority), OWN)).unwrap()
        })
        .collect();
    for &id in &ids[1..] {
        engine.join(id, ids[0]).unwrap();
    }
    (engine, ids)
}

fn startup(engine: &mut TestEngine<'_>) {
    engine.input_each(|_, router| router.startup(at(0)));
    while engine.poll_action().is_some() {}
}

fn drained(engine: &mut TestEngine<'_>) -> Vec<(RouterId, Action)> {
    core::iter::from_fn(|| engine.poll_action()).collect()
}

/// What `drained` says of changes.
fn events(actions: &[(RouterId, Action)]) -> Vec<(RouterId, State, Reason)> {
    let event = |&(id, action): &(RouterId, Action)| match action {
        Action::Notify(Event { to, reason, .. }) => Some((id, to, reason)),
        _ => None,
    };
    actions.iter().filter_map(event).collect()
}

fn hear(engine: &mut TestEngine<'_>, id: RouterId, micros: u64, priority: u8) {
    let (_, on, router) = engine.routers().find(|(of, _, _)| *of == id).unwrap();
    let heard = Heard::new(OTHER, priority);
    let (message, meta) = (heard.message(Version::V3), heard.meta());
    let advert = decode(&message, &meta, &router.policy()).unwrap();
    engine.handle_advert(at(micros), on, &advert, &meta);
}

fn states(engine: &TestEngine<'_>) -> Vec<State> {
    engine.routers().map(|(_, _, router)| router.state()).collect()
}

/// Lets time pass up to and including `until`; returns what was done when.
fn run(engine: &mut TestEngine<'_>, until: u64) -> Vec<(u64, RouterId, State)> {
    let mut log = Vec::new();
    while let Some(deadline) = engine.next_deadline().filter(|deadline| *deadline <= at(until)) {
        engine.handle_timeout(deadline, 1);
        let changes = events(&drained(engine));
        log.extend(changes.into_iter().map(|(id, to, _)| (deadline.as_micros(), id, to)));
    }
    log
}

/// [SC-17], [X-58] The last to fall silent pulls the others up at its own deadline.
#[test]
fn sc_17_x_58_all_are_silent_or_none_takes_over() {
    let (mut slots, mut blocks) = Default::default();
    let (mut engine, ids) = group(&[100, 200], &mut slots, &mut blocks);
    startup(&mut engine);
    let down = 3_609_375;
    for second in 1..=9 {
        assert_eq!(run(&mut engine, second * SECOND), []);
        hear(&mut engine, ids[1], second * SECOND, 250);
    }
    // The first waits on, a full interval at a time: its third one ends at 10.8 s.
    let router = engine.get(ids[0]).unwrap();
    assert_eq!(router.next_deadline(), Some(at(3 * down)));
    let takeover = 9 * SECOND + 3_218_750;
    let active = |id| (takeover, id, State::Active);
    assert_eq!(run(&mut engine, 13 * SECOND), [active(ids[0]), active(ids[1])]);
}

/// Whoever hears an advert wishes nothing any more.
#[test]
fn x_58_an_accepted_advert_ends_the_wish() {
    let (mut slots, mut blocks) = Default::default();
    let (mut engine, ids) = group(&[100, 100], &mut slots, &mut blocks);
    startup(&mut engine);
    hear(&mut engine, ids[1], 2 * SECOND, 200);
    assert_eq!(run(&mut engine, 4 * SECOND), []);
    hear(&mut engine, ids[0], 4 * SECOND, 200);
    // The second is silent from 5.6 s on, the first again from 7.6 s on.
    let both = [(7_609_375, ids[0], State::Active), (7_609_375, ids[1], State::Active)];
    assert_eq!(run(&mut engine, 8 * SECOND), both);
}

/// One loses, all leave, and the others resign, so that nobody waits for them. All that is to
/// be done comes in its order: adverts, then router by router.
#[test]
fn x_59_one_that_loses_takes_all_along() {
    let (mut slots, mut blocks) = Default::default();
    let (mut engine, ids) = group(&[100, 100], &mut slots, &mut blocks);
    startup(&mut engine);
    run(&mut engine, 4 * SECOND);
    hear(&mut engine, ids[1], 4 * SECOND, 200);
    let actions = drained(&mut engine);
    let notified = |(id, action): &(RouterId, Action)| match action {
        Action::Notify(event) => (*id, Err((event.to, event.reason))),
        other => (*id, Ok(*other)),
    };
    assert_eq!(
        actions.iter().map(notified).collect::<Vec<_>>(),
        [
            (ids[0], Ok(send(0))),
            (ids[0], Ok(Action::RemoveAddresses)),
            (ids[0], Err((State::Backup, Reason::Group))),
            (ids[1], Ok(Action::RemoveAddresses)),
            (ids[1], Err((State::Backup, Reason::BetterAdvert))),
        ]
    );
}

/// Fault of one is fault of all; the last reason that goes lets all begin afresh.
#[test]
fn x_60_fault_of_one_is_fault_of_all() {
    let (mut slots, mut blocks) = Default::default();
    let (mut engine, ids) = group(&[100, 100, 100], &mut slots, &mut blocks);
    startup(&mut engine);
    run(&mut engine, 4 * SECOND);
    let (now, well) = (at(4 * SECOND), Tracked { priority: Priority::DEFAULT, fault: false });
    engine.input(ids[0], |router| router.interface_down(now)).unwrap();
    engine.input(ids[1], |router| router.track(now, Tracked { fault: true, ..well })).unwrap();
    assert_eq!(states(&engine), [State::Initialize; 3]);
    let actions = drained(&mut engine);
    let resigned = actions.iter().filter(|(_, action)| *action == send(0)).count();
    assert_eq!(resigned, 3);
    assert_eq!(
        events(&actions),
        [
            (ids[0], State::Initialize, Reason::InterfaceDown),
            (ids[1], State::Initialize, Reason::Group),
            (ids[2], State::Initialize, Reason::Group),
        ]
    );
    let now = at(5 * SECOND);
    engine.input(ids[0], |router| router.interface_up(now)).unwrap();
    assert_eq!((states(&engine), drained(&mut engine)), (vec![State::Initialize; 3], vec![]));
    engine.input(ids[1], |router| router.track(now, well)).unwrap();
    assert_eq!(states(&engine), [State::Backup; 3]);
    assert_eq!(engine.next_deadline(), Some(at(5 * SECOND + 3_609_375)));
}

/// An advert that loses against one has all announce their addresses.
#[test]
fn x_63_all_announce_after_a_losing_advert() {
    let announcements = Announcements { rounds: 0, rounds_on_losing: 1, ..Default::default() };
    let (mut slots, mut blocks) = Default::default();
    let (mut engine, ids) = group(&[100, 100], &mut slots, &mut blocks);
    for &id in &ids {
        let list = addresses(lvs_proto::Family::V4);
        let config = Config { announcements, ..v3(100) };
        engine.input(id, |router| router.apply(at(0), config, list, [])).unwrap().unwrap();
    }
    startup(&mut engine);
    run(&mut engine, 4 * SECOND);
    hear(&mut engine, ids[0], 4 * SECOND, 50);
    let actions = drained(&mut engine);
    assert_eq!(actions[0], (ids[0], send(100)));
    let announced = |id: &RouterId| {
        let announces = |(of, action): &&(_, _)| of == id && matches!(action, Action::Announce(_));
        actions.iter().filter(announces).count()
    };
    assert_eq!(ids.iter().map(announced).collect::<Vec<_>>(), [2, 2]);
}

/// A newcomer drags nobody down, and follows by itself.
#[test]
fn x_64_a_new_member_of_an_active_group() {
    let (mut slots, mut blocks) = Default::default();
    let (mut engine, ids) = group(&[100, 100, 100], &mut slots, &mut blocks);
    engine.leave(ids[2]).unwrap();
    assert!(engine.members(ids[0]).eq([ids[0], ids[1]]) && engine.members(ids[2]).eq([ids[2]]));
    for &id in &ids[..2] {
        engine.input(id, |router| router.startup(at(0))).unwrap();
    }
    run(&mut engine, 4 * SECOND);
    engine.join(ids[2], ids[1]).unwrap();
    engine.input(ids[2], |router| router.startup(at(4 * SECOND))).unwrap();
    drained(&mut engine);
    assert_eq!(states(&engine), [State::Active, State::Active, State::Backup]);
    assert_eq!(run(&mut engine, 8 * SECOND), [(7_609_375, ids[2], State::Active)]);
}

#[test]
fn a_router_is_in_one_group() {
    let (mut slots, mut blocks) = Default::default();
    let (mut engine, ids) = group(&[1, 2, 3], &mut slots, &mut blocks);
    assert_eq!(engine.join(ids[1], ids[0]), Err(JoinError::Member));
    assert_eq!(engine.join(ids[2], ids[2]), Err(JoinError::Member));
    engine.remove(ids[0]).unwrap();
    assert_eq!(engine.join(ids[1], ids[0]), Err(JoinError::UnknownRouter));
    engine.remove(ids[1]).unwrap();
    startup(&mut engine);
    assert_eq!(run(&mut engine, 4 * SECOND).len(), 1, "alone it asks nobody");
}

/// Whatever happens: members in fault have company, and whoever leaves Active by an advert leaves
/// nobody behind.
#[test]
fn x_57_whatever_happens() {
    arbtest(whatever_happens);
}

pub(crate) fn whatever_happens(u: &mut Unstructured<'_>) -> Result<()> {
    let (mut slots, mut blocks) = Default::default();
    let priorities: Vec<u8> = (0..u.int_in_range(2..=5)?)
        .map(|_| u.choose(&[50, 100, 255]).copied())
        .collect::<Result<_, _>>()?;
    let (mut engine, ids) = group(&priorities, &mut slots, &mut blocks);
    startup(&mut engine);
    let mut micros = 0;
    while !u.is_empty() {
        micros += u64::from(u.int_in_range(0..=4_000_u32)?) * 1_000;
        let (now, id) = (at(micros), *u.choose(&ids)?);
        engine.handle_timeout(now, 100);
        let before = states(&engine);
        let mut demoted = false;
        match u.int_in_range(0..=3)? {
            0 => engine.input(id, |router| router.interface_down(now)).unwrap(),
            1 => engine.input(id, |router| router.interface_up(now)).unwrap(),
            _ => {
                let was = engine.get(id).unwrap().state();
                hear(&mut engine, id, micros, *u.choose(&[0, 75, 254])?);
                let is = engine.get(id).unwrap().state();
                demoted = (was, is) == (State::Active, State::Backup);
            }
        }
        let after = states(&engine);
        let faults = after.iter().filter(|&&state| state == State::Initialize).count();
        assert!(faults == 0 || faults == ids.len());
        assert!(!demoted || after.iter().all(|&state| state == State::Backup));
        // Nobody becomes Active alone, unless others were.
        let rises =
            |(before, after): (&State, &State)| *before != State::Active && *after == State::Active;
        if before.iter().zip(&after).any(rises) {
            assert!(after.iter().all(|&state| state == State::Active));
        }
        drained(&mut engine);
    }
    Ok(())
}

/// Whoever wants to be Active waits for those that are left, and no longer.
#[test]
fn x_58_nobody_waits_for_a_member_that_went() {
    let goes: [fn(&mut TestEngine<'_>, RouterId); 3] = [
        |engine, id| engine.input(id, |router| router.shutdown(at(4 * SECOND))).unwrap(),
        |engine, id| engine.leave(id).unwrap(),
        |engine, id| drop(engine.remove(id).unwrap()),
    ];
    for priorities in [&[100, 100][..], &[100, 100, 100]] {
        for go in goes {
            let (mut slots, mut blocks) = Default::default();
            let (mut engine, ids) = group(priorities, &mut slots, &mut blocks);
            startup(&mut engine);
            hear(&mut engine, ids[1], 3 * SECOND, 200);
            assert_eq!(run(&mut engine, 4 * SECOND), []);
            engine.handle_timeout(at(4 * SECOND), 1);
            go(&mut engine, ids[1]);
            let state = |id: &RouterId| engine.get(*id).unwrap().state();
            let others = ids.iter().filter(|id| **id != ids[1]);
            assert!(others.map(state).all(|state| state == State::Active));
        }
    }
}

/// Who is set free begins at that moment, and its followers with it.
#[test]
fn x_60_those_left_by_a_fault_begin_afresh() {
    let goes: [fn(&mut TestEngine<'_>, RouterId); 2] =
        [|engine, id| engine.leave(id).unwrap(), |engine, id| drop(engine.remove(id).unwrap())];
    let late = 1_000 * SECOND;
    for priorities in [&[100, 100][..], &[100, 100, 100]] {
        for go in goes {
            let (mut slots, mut blocks) = Default::default();
            let (mut engine, ids) = group(priorities, &mut slots, &mut blocks);
            startup(&mut engine);
            engine.input(ids[0], |router| router.interface_down(at(SECOND))).unwrap();
            assert_eq!(run(&mut engine, 2 * SECOND), []);
            engine.handle_timeout(at(late), 1);
            go(&mut engine, ids[0]);
            assert_eq!(engine.next_deadline(), Some(at(late + 3_609_375)));
        }
    }
}

/// Whoever leaves while it wants to be Active asks nobody any more.
#[test]
fn x_58_who_leaves_waits_for_nobody() {
    for priorities in [&[100, 100][..], &[100, 100, 100]] {
        let (mut slots, mut blocks) = Default::default();
        let (mut engine, ids) = group(priorities, &mut slots, &mut blocks);
        startup(&mut engine);
        hear(&mut engine, ids[1], 3 * SECOND, 200);
        assert_eq!(run(&mut engine, 4 * SECOND), []);
        engine.leave(ids[0]).unwrap();
        let state = |id| engine.get(id).unwrap().state();
        assert_eq!([ids[0], ids[1]].map(state), [State::Active, State::Backup]);
    }
}

/// A copy of a member is in no group, and free of its fault.
#[test]
fn x_60_a_copy_is_no_member() {
    let (mut slots, mut blocks) = Default::default();
    let (mut engine, ids) = group(&[100, 100], &mut slots, &mut blocks);
    startup(&mut engine);
    engine.input(ids[0], |router| router.interface_down(at(SECOND))).unwrap();
    let copy = engine.get(ids[1]).unwrap().clone();
    assert_eq!(copy.state(), State::Initialize);
    let (mut slots, mut blocks) = (vec![Slot::default()], vec![Block::default()]);
    let mut engine = Engine::new(&mut slots, &mut blocks);
    let id = engine.add(InterfaceId(1), copy).unwrap();
    assert_eq!(engine.get(id).unwrap().state(), State::Backup);
}
