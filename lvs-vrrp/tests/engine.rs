//! Many virtual routers \[S-1\], \[S-2\], against the same routers in a list that is walked.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use std::net::IpAddr;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use common::*;
use lvs_proto::vrrp::{
    AddressList, Advert, AdvertError, AdvertMeta, Priority, Version, Vrid, decode, encode, vrid_of,
};
use lvs_proto::{Family, Instant};
use lvs_vrrp::{
    Action, AddError, Block, Config, Engine, EngineCounters, InterfaceId, RouterId, Slot, State,
    UnknownRouter,
};

const OTHER: &str = "10.0.0.9";

type TestSlot = Slot<Vec<IpAddr>>;
type TestEngine<'a> = Engine<'a, Vec<IpAddr>>;

fn room(capacity: usize) -> (Vec<TestSlot>, Vec<Block>) {
    (
        (0..capacity).map(|_| Slot::default()).collect(),
        vec![Block::default(); capacity.div_ceil(64)],
    )
}

fn named(vrid: u8, priority: u8) -> TestRouter {
    let vrid = Vrid::new(vrid).unwrap();
    router(Config { vrid, ..v3(priority) }, "10.0.0.5")
}

fn drain_all(engine: &mut TestEngine<'_>) -> Vec<(RouterId, Action)> {
    core::iter::from_fn(|| engine.poll_action()).collect()
}

fn advert<'a>(vrid: Vrid, heard: Heard<'_>, addresses: &'a [IpAddr]) -> Advert<'a> {
    Advert {
        version: Version::V3,
        vrid,
        priority: Priority::new(heard.priority),
        interval: heard.interval,
        checksum: heard.form,
        addresses: AddressList::from(addresses),
        sequence: None,
    }
}

/// The receiving half of an embedder.
fn receive_by(
    engine: &mut TestEngine<'_>,
    now: Instant,
    on: InterfaceId,
    advert: &Advert<'_>,
    meta: &AdvertMeta,
) {
    let mut octets = [0; 512];
    let length = encode(advert, meta.addresses, &mut octets).unwrap();
    let message = &octets[..length];
    let vrid = vrid_of(message).unwrap();
    match engine.policy(on, vrid, meta.addresses) {
        None => engine.handle_unknown(),
        Some(policy) => match decode(message, meta, &policy) {
            Ok(advert) => engine.handle_advert(now, on, &advert, meta),
            Err(error) => engine.handle_rejected(on, vrid, meta.addresses, &error),
        },
    }
}

/// The routers in a list, each with its name, its id in the engine and what it did.
struct Model(Vec<(InterfaceId, RouterId, TestRouter)>);

impl Model {
    fn next_deadline(&self) -> Option<Instant> {
        self.0.iter().filter_map(|(_, _, router)| router.next_deadline()).min()
    }

    /// What is to be done: first the adverts, then the rest, each in the order of the list.
    fn drain(&mut self) -> Vec<(RouterId, Action)> {
        let mut done = Vec::new();
        for (_, id, router) in &mut self.0 {
            done.extend(drain(router).into_iter().map(|action| (*id, action)));
        }
        let is_advert = |(_, action): &_| matches!(action, Action::SendAdvert { .. });
        let (adverts, others): (Vec<_>, Vec<_>) = done.into_iter().partition(is_advert);
        [adverts, others].concat()
    }
}

fn input(
    u: &mut Unstructured<'_>,
    engine: &mut TestEngine<'_>,
    model: &mut Model,
    now: Instant,
) -> Result<()> {
    let at = u.choose_index(model.0.len())?;
    let (on, id, router) = &mut model.0[at];
    let (on, id) = (*on, *id);
    match u.int_in_range(0..=6)? {
        0 => {
            router.startup(now);
            engine.input(id, |router| router.startup(now)).unwrap();
        }
        1 => {
            router.interface_down(now);
            engine.input(id, |router| router.interface_down(now)).unwrap();
        }
        2 => {
            let priority = Priority::new(u.arbitrary()?);
            router.set_priority(now, priority);
            engine.input(id, |router| router.set_priority(now, priority)).unwrap();
        }
        3 => {
            let gap = Duration::from_millis(u.arbitrary::<u16>()?.into());
            engine.input_each(|_, router| router.resumed(now, gap));
            model.0.iter_mut().for_each(|(_, _, router)| router.resumed(now, gap));
        }
        4 => {
            router.interface_up(now);
            engine.input(id, |router| router.interface_up(now)).unwrap();
        }
        _ => {
            let heard = Heard::new(OTHER, *u.choose(&[0, 50, 100, 200])?);
            let (list, meta) = (addresses(Family::V4), heard.meta());
            let advert = advert(router.config().vrid, heard, &list);
            router.handle_advert(now, &advert, &meta);
            receive_by(engine, now, on, &advert, &meta);
        }
    }
    Ok(())
}

/// [S-4] Whatever happens to whichever router, the engine's routers do what they do by themselves, in
/// the same order, and its deadline is the earliest of theirs.
#[test]
fn s_2_an_engine_is_its_routers() {
    arbtest(engine_is_its_routers);
}

pub(crate) fn engine_is_its_routers(u: &mut Unstructured<'_>) -> Result<()> {
    let capacity = u.int_in_range(1..=140)?;
    let (mut slots, mut blocks) = room(capacity);
    let mut engine = Engine::new(&mut slots, &mut blocks);
    let mut model = Model(Vec::new());
    for number in 0..u.int_in_range(1..=capacity)? as u32 {
        let router = named((number % 255 + 1) as u8, *u.choose(&[1, 100, 254, 255])?);
        let on = InterfaceId(number / 16);
        let id = engine.add(on, router.clone()).unwrap();
        model.0.push((on, id, router));
    }
    let mut now = Instant::EPOCH;
    while !u.is_empty() && !model.0.is_empty() {
        now = now + Duration::from_millis(*u.choose(&[0, 1, 500, 1_000, 4_000])?);
        if u.ratio(1, 32)? {
            let (_, id, router) = model.0.remove(u.choose_index(model.0.len())?);
            assert_eq!(engine.remove(id).unwrap().state(), router.state());
            assert_eq!(engine.input(id, |_| ()), Err(UnknownRouter));
            continue;
        }
        input(u, &mut engine, &mut model, now)?;
        assert_eq!(engine.next_deadline(), model.next_deadline());
        // Adverts before a timeout are another order than after it: drain in between.
        assert_eq!(drain_all(&mut engine), model.drain());
        while engine.handle_timeout(now, 3) == 3 {}
        for (_, _, router) in &mut model.0 {
            if router.next_deadline().is_some_and(|deadline| deadline <= now) {
                router.handle_timeout(now);
            }
            if router.next_deadline().is_some_and(|deadline| deadline <= now) {
                router.handle_timeout(now);
            }
        }
        assert_eq!(engine.next_deadline(), model.next_deadline());
        assert_eq!(drain_all(&mut engine), model.drain());
    }
    assert_eq!(engine.len(), model.0.len());
    for ((id, on, router), (model_on, model_id, model)) in engine.routers().zip(&model.0) {
        assert_eq!((id, on, router.state()), (*model_id, *model_on, model.state()));
        assert_eq!(router.counters(), model.counters());
    }
    Ok(())
}

/// [V3-RX-7], [X-38] A name is an interface, a family and a VRID.
#[test]
fn v3_rx_7_x_38_names() {
    let (mut slots, mut blocks) = room(3);
    let mut engine = Engine::new(&mut slots, &mut blocks);
    let (first, second) = (InterfaceId(1), InterfaceId(2));
    let id = engine.add(first, named(51, 100)).unwrap();
    assert_eq!(engine.add(first, named(51, 200)).unwrap_err(), AddError::Taken);
    let other = engine.add(second, named(51, 100)).unwrap();
    engine.add(first, router(v3(100), "fe80::5")).unwrap();
    assert_eq!(engine.add(second, named(52, 100)).unwrap_err(), AddError::Full);
    let vrid = Vrid::new(51).unwrap();
    assert!(engine.find(first, Family::V4, vrid).eq([id]));
    assert!(engine.find(second, Family::V4, vrid).eq([other]));
    assert!(engine.find(second, Family::V6, vrid).eq([]));

    engine.input_each(|_, router| router.startup(at(0)));
    let (heard, list) = (Heard::new(OTHER, 200), addresses(Family::V4));
    for vrid in [Vrid::new(52).unwrap(), vrid] {
        receive_by(&mut engine, at(1), second, &advert(vrid, heard, &list), &heard.meta());
    }
    let received = |id| engine.get(id).map(|router| router.counters().adv_rcvd);
    assert_eq!((received(id), received(other)), (Some(0), Some(1)));
    let vrid_errors = EngineCounters { vrid_errors: 1, ..EngineCounters::default() };
    assert_eq!(*engine.counters(), vrid_errors);
    let path = heard.meta().addresses;
    for errors in 1..=3 {
        engine.handle_rejected(first, vrid, path, &AdvertError::Checksum(0));
        assert_eq!(engine.counters().checksum_errors, errors);
    }
    let nobody = advert(Vrid::new(52).unwrap(), heard, &list);
    engine.handle_advert(at(1), first, &nobody, &heard.meta());
    assert_eq!(engine.counters().vrid_errors, 2);

    // Whoever takes the place of a router is somebody else.
    assert!(engine.remove(id).is_some() && engine.remove(id).is_none());
    let new = engine.add(second, named(52, 100)).unwrap();
    assert_ne!(id, new);
    assert!(engine.get(id).is_none() && engine.get(new).is_some());
    assert_eq!((engine.len(), engine.capacity()), (3, 3));
}

#[test]
fn an_engine_without_room() {
    let mut engine: TestEngine<'_> = Engine::new(&mut [], &mut []);
    assert_eq!(engine.add(InterfaceId(0), named(1, 1)).unwrap_err(), AddError::Full);
    assert_eq!((engine.poll_action(), engine.next_deadline()), (None, None));
    assert_eq!(engine.handle_timeout(at(1), 1), 0);
    assert!(engine.is_empty());
}

/// The work of a call is bounded; what is left is due at once.
#[test]
fn timeouts_have_a_budget() {
    let (mut slots, mut blocks) = room(100);
    let mut engine = Engine::new(&mut slots, &mut blocks);
    for vrid in 1..=100 {
        engine.add(InterfaceId(1), named(vrid, vrid)).unwrap();
    }
    engine.input_each(|_, router| router.startup(at(0)));
    let late = at(3_900_000);
    for _ in 0..7 {
        assert_eq!(engine.handle_timeout(late, 10), 10);
        assert!(engine.next_deadline().is_some_and(|deadline| deadline <= late));
    }
    // Down intervals end by priority; 25 steps of a 256th of a second are after 3.9 s.
    assert_eq!(engine.handle_timeout(late, 100), 5);
    assert!(engine.next_deadline().is_some_and(|deadline| deadline > late));
    let actives = engine.routers().filter(|(_, _, router)| router.state() == State::Active);
    assert!(actives.map(|(_, _, router)| router.priority().get()).eq(26..=100));
}

/// [FSM-26] The law, for all of them.
#[test]
fn fsm_26_an_unchanged_engine_emits_no_action() {
    let (mut slots, mut blocks) = room(4);
    let mut engine = Engine::new(&mut slots, &mut blocks);
    for (vrid, priority) in [(1, 255), (2, 100), (3, 1)] {
        engine.add(InterfaceId(1), named(vrid, priority)).unwrap();
    }
    engine.input_each(|_, router| router.startup(at(0)));
    engine.handle_timeout(at(3_700_000), 9);
    drain_all(&mut engine);
    let deadline = engine.next_deadline();
    let routers = engine.routers().map(|(id, _, router)| (id, *router.config()));
    for (id, config) in routers.collect::<Vec<_>>() {
        let plan = engine.apply(at(3_800_000), id, config, addresses(Family::V4), []).unwrap();
        assert!(plan.is_empty());
    }
    assert_eq!((engine.poll_action(), engine.next_deadline()), (None, deadline));
}
