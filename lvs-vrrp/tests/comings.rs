//! Engines whose routers come, go, join, leave and follow while anything is due, against a list.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use std::net::IpAddr;

use arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use common::*;
use lvs_proto::Instant;
use lvs_proto::vrrp::{Priority, Vrid};
use lvs_vrrp::{Block, Config, Engine, InterfaceId, LateBackup, RouterId, Slot, State, Tracked};

type TestEngine<'a> = Engine<'a, Vec<IpAddr>>;

/// What was done to a router.
#[derive(Clone, Copy)]
struct Known {
    id: RouterId,
    group: Option<usize>,
    leader: Option<RouterId>,
    /// Whether it has a leader, or had one.
    follows: bool,
    started: bool,
    up: bool,
    fault: bool,
}

impl Known {
    fn new(id: RouterId) -> Self {
        let (group, leader) = (None, None);
        Self { id, group, leader, follows: false, started: false, up: true, fault: false }
    }

    fn has_fault(&self) -> bool {
        self.started && (self.fault || !self.up)
    }

    fn is_with(&self, other: &Self) -> bool {
        self.id == other.id || (self.group.is_some() && self.group == other.group)
    }
}

fn add(u: &mut Unstructured<'_>, engine: &mut TestEngine<'_>) -> Result<Option<Known>> {
    let late_backup = *u.choose(&[LateBackup::Grace, LateBackup::Promote])?;
    let vrid = Vrid::new(*u.choose(&[1, 255])?).unwrap();
    let config = Config { vrid, late_backup, ..v3(*u.choose(&[1, 100, 254, 255])?) };
    let on = InterfaceId(u.int_in_range(0..=90)?);
    Ok(engine.add(on, router(config, "10.0.0.5")).map(Known::new).ok())
}

/// One input to `known[at]`, or a change of its place among the others.
fn input(
    u: &mut Unstructured<'_>,
    engine: &mut TestEngine<'_>,
    now: Instant,
    known: &mut Vec<Known>,
) -> Result<()> {
    let (at, of) = (u.choose_index(known.len())?, u.choose_index(known.len())?);
    let (id, other) = (known[at].id, known[of]);
    match u.int_in_range(0..=10)? {
        0 => {
            engine.remove(id).unwrap();
            known.remove(at);
            known.iter_mut().for_each(|it| it.leader = it.leader.filter(|leader| *leader != id));
        }
        1 | 2 => {
            let alone = known[at].group.is_none() && known[at].leader.or(other.leader).is_none();
            assert_eq!(engine.join(id, other.id).is_ok(), at != of && alone);
            if at != of && alone {
                let vacant = known.iter().filter_map(|it| it.group).max().map_or(0, |it| it + 1);
                known[of].group = other.group.or(Some(vacant));
                known[at].group = known[of].group;
            }
        }
        3 => {
            engine.leave(id).unwrap();
            known[at].group = None;
        }
        4 => {
            if u.ratio(1, 4)? && engine.follow(now, id, other.id).is_ok() {
                (known[at].leader, known[at].follows) = (Some(other.id), true);
            }
        }
        5 | 6 => {
            engine.input(id, |router| router.startup(now)).unwrap();
            known[at].started = true;
        }
        7 => {
            engine.input(id, |router| router.shutdown(now)).unwrap();
            known[at].started = false;
        }
        8 => {
            engine.input(id, |router| router.interface_down(now)).unwrap();
            known[at].up = false;
        }
        9 => {
            engine.input(id, |router| router.interface_up(now)).unwrap();
            known[at].up = true;
        }
        _ => {
            let tracked = Tracked { priority: Priority::DEFAULT, fault: u.arbitrary()? };
            engine.input(id, |router| router.track(now, tracked)).unwrap();
            known[at].fault = tracked.fault;
        }
    }
    // Nobody is a group alone.
    for at in 0..known.len() {
        let company = known.iter().filter(|it| it.is_with(&known[at])).count();
        known[at].group = known[at].group.filter(|_| company > 1);
    }
    Ok(())
}

/// A router runs if it was started and nobody of its group is at fault,
/// and a follower does as its leader; whoever begins has its whole active-down interval ahead.
#[test]
fn x_60_x_67_routers_come_and_go() {
    arbtest(|u| {
        let mut slots: Vec<Slot<_>> = Vec::new();
        slots.resize_with(*u.choose(&[3, 6, 65])?, Slot::default);
        let mut blocks = [Block::default(), Block::default()];
        let mut engine = Engine::new(&mut slots, &mut blocks);
        let (mut known, mut micros) = (Vec::new(), 0);
        while !u.is_empty() {
            let deadline = engine.next_deadline().map_or(micros, Instant::as_micros);
            let moments = [micros, deadline, deadline.saturating_sub(1), micros + 1_000 * SECOND];
            micros = micros.max(*u.choose(&moments)?);
            let now = at(micros);
            assert!(engine.handle_timeout(now, 1_000) < 1_000);
            while engine.poll_action().is_some() {}
            let stood_still = |id| engine.get(id).is_some_and(|it| it.state() == State::Initialize);
            let stood: Vec<_> =
                engine.routers().map(|it| it.0).filter(|id| stood_still(*id)).collect();
            if known.is_empty() || u.ratio(1, 10)? {
                known.extend(add(u, &mut engine)?);
            } else {
                input(u, &mut engine, now, &mut known)?;
            }
            let deadlines = engine.routers().filter_map(|(_, _, router)| router.next_deadline());
            assert_eq!(engine.next_deadline(), deadlines.min());
            assert_eq!(engine.len(), known.len());
            for it in &known {
                check(&engine, &known, it);
                let router = engine.get(it.id).unwrap();
                let began = stood.contains(&it.id) && router.state() == State::Backup;
                if began && !it.follows {
                    let deadline = now + router.active_down_interval();
                    assert_eq!(router.next_deadline(), Some(deadline));
                }
            }
        }
        Ok(())
    });
}

fn check(engine: &TestEngine<'_>, known: &[Known], it: &Known) {
    let group = || known.iter().filter(|other| other.is_with(it));
    assert_eq!(engine.members(it.id).count(), group().count());
    assert!(group().all(|other| engine.members(it.id).any(|member| member == other.id)));
    let runs = it.started && !group().any(Known::has_fault);
    let state = engine.get(it.id).unwrap().state();
    match it.leader.and_then(|leader| engine.get(leader)) {
        Some(leader) if runs => assert_eq!(state, leader.state()),
        None if !it.follows => assert_eq!(state != State::Initialize, runs),
        _ => assert_eq!(state, State::Initialize),
    }
}
