//! Virtual routers that do as another one does \[X-67\].
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use std::net::IpAddr;

use arbtest::arbtest;
use common::*;
use lvs_proto::Family;
use lvs_proto::vrrp::{Priority, Version, Vrid, decode};
use lvs_vrrp::{
    Action, Announcements, Block, Config, Engine, FollowError, InterfaceId, JoinError, RouterId,
    Slot, State, Tracked,
};

const OWN: &str = "10.0.0.5";
const OTHER: &str = "10.0.0.9";

type TestEngine<'a> = Engine<'a, Vec<IpAddr>>;

/// So many routers, each on an interface of its own.
fn engine<'a>(
    count: u32,
    slots: &'a mut Vec<Slot<Vec<IpAddr>>>,
    blocks: &'a mut Vec<Block>,
) -> (TestEngine<'a>, Vec<RouterId>) {
    slots.resize_with(count as usize, Slot::default);
    blocks.resize(1, Block::default());
    let mut engine = Engine::new(slots, blocks);
    let add = |on| engine.add(InterfaceId(on), router(v3(100), OWN)).unwrap();
    let ids = (0..count).map(add).collect();
    (engine, ids)
}

fn state(engine: &TestEngine<'_>, id: RouterId) -> State {
    engine.get(id).unwrap().state()
}

fn drained(engine: &mut TestEngine<'_>) -> Vec<(RouterId, Action)> {
    core::iter::from_fn(|| engine.poll_action()).collect()
}

fn hear(engine: &mut TestEngine<'_>, id: RouterId, micros: u64, priority: u8) {
    let (_, on, router) = engine.routers().find(|(of, _, _)| *of == id).unwrap();
    let heard = Heard::new(OTHER, priority);
    let (message, meta) = (heard.message(Version::V3), heard.meta());
    let advert = decode(&message, &meta, &router.policy()).unwrap();
    engine.handle_advert(at(micros), on, &advert, &meta);
}

/// Whatever happens to the leader, or to a sync group that it is in: who can run is in its state, has
/// its addresses in place then, and sends nothing.
#[test]
fn x_67_followers_are_in_the_state_of_their_leader() {
    arbtest(|u| {
        let (mut slots, mut blocks) = (vec![], vec![]);
        let (mut engine, ids) = engine(5, &mut slots, &mut blocks);
        let (leader, member, followers) = (ids[0], ids[1], [ids[2], ids[3], ids[4]]);
        if u.arbitrary()? {
            engine.join(member, leader).unwrap();
        }
        for follower in followers {
            engine.follow(at(0), follower, leader).unwrap();
        }
        let mut installed = [false; 3];
        let mut can_run = [true; 3];
        let mut now = 0;
        engine.input_each(|_, router| router.startup(at(0)));
        while !u.is_empty() {
            now += u64::from(u.int_in_range(0..=4_000_u32)?) * 1_000;
            let id = ids[u.choose_index(2)?];
            match u.int_in_range(0..=6)? {
                0 => drop(engine.input(id, |router| router.interface_down(at(now)))),
                1 => drop(engine.input(id, |router| router.interface_up(at(now)))),
                2 => drop(engine.input(id, |router| router.shutdown(at(now)))),
                3 => drop(engine.input(id, |router| router.startup(at(now)))),
                4 => hear(&mut engine, id, now, u.arbitrary()?),
                5 => {
                    let which = u.choose_index(3)?;
                    can_run[which] = !can_run[which];
                    let tracked = Tracked { priority: Priority::DEFAULT, fault: !can_run[which] };
                    engine
                        .input(followers[which], |router| router.track(at(now), tracked))
                        .unwrap();
                }
                _ => drop(engine.handle_timeout(at(now), 10)),
            }
            for (id, action) in drained(&mut engine) {
                let Some(which) = followers.iter().position(|follower| *follower == id) else {
                    continue;
                };
                match action {
                    Action::SendAdvert { .. } => panic!("a follower says nothing"),
                    Action::InstallAddresses { .. } => installed[which] = true,
                    Action::RemoveAddresses => installed[which] = false,
                    _ => {}
                }
            }
            for (which, &follower) in followers.iter().enumerate() {
                let leads = if can_run[which] { state(&engine, leader) } else { State::Initialize };
                assert_eq!(state(&engine, follower), leads);
                assert_eq!(installed[which], leads == State::Active);
            }
        }
        Ok(())
    });
}

/// Announcements have their time, which is all that a follower waits for; adverts are not its business.
#[test]
fn x_67_a_follower_announces_and_hears_nothing() {
    let mut router = router(Config { announcements: Announcements::RFC4861, ..v3(100) }, OWN);
    router.follow(at(0), State::Active);
    assert_eq!((router.state(), drain(&mut router)), (State::Initialize, vec![]));
    router.startup(at(SECOND));
    let actions = drain(&mut router);
    let announce: Vec<_> = addresses(Family::V4).into_iter().map(Action::Announce).collect();
    assert_eq!(actions[0], Action::InstallAddresses { accept: false });
    assert_eq!(actions[1..3], announce);
    for second in [2, 3] {
        assert_eq!(router.next_deadline(), Some(at(second * SECOND)));
        router.handle_timeout(at(second * SECOND));
        assert_eq!(drain(&mut router), announce);
    }
    assert_eq!(router.next_deadline(), None);
    let before = *router.counters();
    assert_eq!(Heard::new(OTHER, 255).by(&mut router, 4 * SECOND), []);
    assert_eq!((*router.counters(), router.active_address()), (before, None));
    // A reload announces what is new; an unchanged one does nothing.
    let mut list = addresses(Family::V4);
    let config = *router.config();
    assert!(router.apply(at(5 * SECOND), config, list.clone(), []).unwrap().is_empty());
    assert_eq!(drain(&mut router), []);
    list.push(ip("192.0.2.102"));
    router
        .apply(at(5 * SECOND), Config { interval: centiseconds(10), ..config }, list, [])
        .unwrap();
    assert_eq!(drain(&mut router).len(), 1 + 3);
    assert_eq!(router.next_deadline(), Some(at(6 * SECOND)));
    router.follow(at(6 * SECOND), State::Backup);
    assert_eq!(drain(&mut router)[0], Action::RemoveAddresses);
    assert_eq!((router.state(), router.next_deadline()), (State::Backup, None));
}

/// A router that was running gives way before it follows.
#[test]
fn x_67_a_router_that_spoke_resigns() {
    let (mut router, since) = active(v3(100), OWN);
    router.follow(at(since), State::Backup);
    let actions = drain(&mut router);
    assert_eq!((actions[0], router.state()), (send(0), State::Backup));
}

#[test]
fn x_67_leaders_come_and_go() {
    let (mut slots, mut blocks) = (vec![], vec![]);
    let (mut engine, ids) = engine(4, &mut slots, &mut blocks);
    let owner = Config { priority: Priority::OWNER, vrid: Vrid::new(9).unwrap(), ..v3(100) };
    engine.input_each(|_, router| router.startup(at(0)));
    for follower in [ids[1], ids[2]] {
        engine.follow(at(1), follower, ids[0]).unwrap();
        assert_eq!(state(&engine, follower), State::Backup);
    }
    assert_eq!(engine.follow(at(1), ids[0], ids[3]), Err(FollowError::Chain), "it leads");
    assert_eq!(engine.follow(at(1), ids[3], ids[1]), Err(FollowError::Chain), "it follows");
    assert_eq!(engine.follow(at(1), ids[3], ids[3]), Err(FollowError::Chain));
    assert_eq!(engine.join(ids[1], ids[3]), Err(JoinError::Follower));
    assert_eq!(engine.join(ids[3], ids[1]), Err(JoinError::Follower));
    engine.join(ids[3], ids[0]).unwrap();
    assert_eq!(engine.follow(at(1), ids[3], ids[0]), Err(FollowError::Member));
    engine.remove(ids[3]).unwrap();

    let fourth = engine.add(InterfaceId(9), router(owner, OWN)).unwrap();
    engine.input(fourth, |router| router.startup(at(2))).unwrap();
    engine.follow(at(2), ids[2], fourth).unwrap();
    let states = |engine: &TestEngine<'_>| [ids[1], ids[2]].map(|id| state(engine, id));
    assert_eq!(states(&engine), [State::Backup, State::Active]);
    engine.remove(fourth).unwrap();
    assert_eq!(states(&engine), [State::Backup, State::Initialize]);
    assert_eq!(engine.follow(at(3), ids[2], fourth), Err(FollowError::UnknownRouter));
    engine.follow(at(3), ids[2], ids[0]).unwrap();
    engine.remove(ids[2]).unwrap();
    engine.handle_timeout(at(4 * SECOND), 10);
    assert_eq!(state(&engine, ids[1]), State::Active);
    engine.remove(ids[0]).unwrap();
    assert_eq!(state(&engine, ids[1]), State::Initialize);
}

/// Whichever of them leaves, the others still follow.
#[test]
fn x_67_followers_leave_in_any_order() {
    for leaving in 1..=3 {
        let (mut slots, mut blocks) = (vec![], vec![]);
        let (mut engine, ids) = engine(4, &mut slots, &mut blocks);
        for follower in &ids[1..] {
            engine.follow(at(0), *follower, ids[0]).unwrap();
        }
        engine.remove(ids[leaving]).unwrap();
        engine.input_each(|_, router| router.startup(at(0)));
        engine.handle_timeout(at(4 * SECOND), 10);
        let left = ids.iter().filter(|id| **id != ids[leaving]);
        assert!(left.into_iter().all(|id| state(&engine, *id) == State::Active));
    }
}
