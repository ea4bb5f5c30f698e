//! The kernel's walks over a plain list, which the picks of pools and groups equal after whatever
//! happened, with few destinations and with many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod walk {
    pub(crate) mod list;
    pub(crate) mod scheduler;
}

use std::collections::HashMap;

use arbitrary::{Result, Unstructured};
use common::{SYN, ip, secs, tcp};
use lvs_sched::{
    CountError, DestConfig, DestId, Group, GroupConfig, Pool, PoolConfig, Profile, SchedulerKind,
};
use walk::list::List;
use walk::scheduler::{KINDS, Scheduler};

/// Where a trial has its choices from.
trait Chance {
    fn below(&mut self, end: u32) -> u32;

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }
}

/// Numbers that only look random.
struct Dice(u64);

impl Chance for Dice {
    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (((self.0 >> 32) * u64::from(end)) >> 32) as u32
    }
}

/// Octets that someone chose; zeros when they are at their end.
impl Chance for &mut Unstructured<'_> {
    fn below(&mut self, end: u32) -> u32 {
        self.int_in_range(0..=end.saturating_sub(1)).unwrap_or(0)
    }
}

struct Trial<C> {
    dice: C,
    pool: Pool,
    /// With the ids of the destinations in its places; none if deleted ones may come back.
    group: Option<(Group, HashMap<u32, DestId>)>,
    /// The number of the next destination.
    next: u32,
    list: List,
    scheduler: Scheduler,
    /// The greatest weight.
    heaviest: u32,
    /// Of so many destinations about seven have another weight than 1.
    light: u32,
}

impl<C: Chance> Trial<C> {
    fn new(mut dice: C, kind: SchedulerKind, profile: Profile, dests: u32) -> Self {
        let config = PoolConfig { scheduler: kind, profile, connections: 1, ..Default::default() };
        // The walk of wrr takes a step for each unit of weight.
        let heaviest = match kind {
            SchedulerKind::Wrr if dests > 100 => 5,
            SchedulerKind::Wrr => dice.one_of(&[1, 5, 100]),
            _ => dice.one_of(&[1, 5, 100, 100, 65_535, DestConfig::MAX_WEIGHT]),
        };
        let pool = Pool::new(secs(0), config).unwrap();
        let (list, scheduler) = (List::new(profile), Scheduler::new(kind));
        let config = GroupConfig { scheduler: kind, profile, ..Default::default() };
        let group = (dice.below(2) == 0).then(|| Group::new(secs(0), config).unwrap());
        let group = group.map(|group| (group, HashMap::new()));
        let light = dice.one_of(&[8, 8, 8, 400]);
        let mut trial = Self { dice, pool, group, next: 0, list, scheduler, heaviest, light };
        (0..dests).for_each(|_| trial.add_new());
        trial
    }

    fn config(&mut self, number: u32) -> DestConfig {
        let dice = &mut self.dice;
        let upper_threshold = dice.one_of(&[0, 0, 1, 4, 9]);
        let lower_threshold = dice.below(upper_threshold + 1);
        let weight = match dice.below(self.light) {
            0 => 0,
            1 => self.heaviest,
            2..=6 => dice.below(self.heaviest) + 1,
            _ => 1,
        };
        let [_, _, high, low] = number.to_be_bytes();
        let dest = DestConfig::new([10, 2, high, low].into(), 80);
        DestConfig { weight, upper_threshold, lower_threshold, ..dest }
    }

    fn add_new(&mut self) {
        let config = self.config(self.next);
        self.next += 1;
        self.add(config);
    }

    fn add(&mut self, config: DestConfig) {
        let id = self.pool.add_dest(secs(0), config).unwrap();
        if let Some((group, ids)) = &mut self.group {
            ids.insert(group.add(config).unwrap(), id);
        }
        self.list.add(id, config);
        self.scheduler.added(&self.list);
    }

    fn step(&mut self) {
        match self.dice.below(1000) {
            0 if !self.list.live.is_empty() => self.configure(),
            1..=699 => self.pick(),
            _ if !self.list.live.is_empty() => self.count(),
            _ => {}
        }
    }

    /// The group, and the place of a destination that is in the list.
    fn group(&mut self, id: DestId) -> Option<(&mut Group, u32)> {
        let (group, ids) = self.group.as_mut()?;
        let place = group.places().find(|place| ids.get(place) == Some(&id))?;
        Some((group, place))
    }

    /// Deletes a destination, adds one or brings back a deleted one, or edits one.
    fn configure(&mut self) {
        let place = self.dice.below(self.list.live.len() as u32) as usize;
        let (id, old) = (self.list.live[place].id, self.list.live[place].config);
        match self.dice.below(4) {
            0 => {
                self.pool.delete_dest(secs(0), old.address, old.port).unwrap();
                if let Some((group, place)) = self.group(id) {
                    group.remove(place).unwrap();
                }
                self.list.delete(place);
                self.scheduler.deleted(&self.list, place);
            }
            1 if self.group.is_some() => self.add_new(),
            1 if !self.list.gone.is_empty() => {
                let config = self.list.gone[0].config;
                self.add(config);
            }
            _ => {
                let new = self.config(0);
                let config = DestConfig { address: old.address, ..new };
                self.pool.edit_dest(secs(0), config).unwrap();
                if let Some((group, place)) = self.group(id) {
                    group.edit(place, config).unwrap();
                }
                self.list.edit(place, config);
                self.scheduler.edited(&self.list);
            }
        }
    }

    fn pick(&mut self) {
        let client = self.dice.below(64);
        let address = std::format!("10.0.0.{}", self.dice.below(5));
        let flow = tcp("192.0.2.1", client as u16, &address, 80, SYN);
        let expected = self.scheduler.pick(&self.list, ip(&address));
        let kind = self.scheduler.kind;
        assert_eq!(self.pool.pick(secs(0), &flow), expected, "{kind}");
        if let Some((group, ids)) = &mut self.group {
            let picked = group.pick(secs(0), &flow).map(|place| ids[&place]);
            assert_eq!(picked, expected, "{kind} of a group");
        }
        if let Some(id) = expected.filter(|_| self.dice.below(3) > 0) {
            let active = self.dice.below(4) > 0;
            self.pool.conn_opened(id, active).unwrap();
            if let Some((group, place)) = self.group(id) {
                group.conn_opened(place, active).unwrap();
            }
            self.list.open(id, active);
        }
    }

    /// Something happens to a connection, or to none as there is none.
    fn count(&mut self) {
        let everyone = self.list.live.len() + self.list.gone.len();
        let place = self.dice.below(everyone as u32) as usize;
        let dest = self.list.live.iter().chain(&self.list.gone).nth(place).unwrap();
        let id = dest.id;
        let what = self.dice.below(5);
        let (counted, is_possible) = match what {
            0 => (self.pool.conn_activated(id), self.list.activate(id)),
            1 => (self.pool.conn_deactivated(id), self.list.deactivate(id)),
            2 => (self.pool.conn_closed(id, true), self.list.close(id, true)),
            3 => (self.pool.conn_closed(id, false), self.list.close(id, false)),
            _ => (self.pool.conn_opened(id, false), self.list.open(id, false)),
        };
        assert_eq!(counted.is_ok(), is_possible);
        if let Some((group, place)) = self.group(id) {
            let counted_there = match what {
                0 => group.conn_activated(place),
                1 => group.conn_deactivated(place),
                2 => group.conn_closed(place, true),
                3 => group.conn_closed(place, false),
                _ => group.conn_opened(place, false),
            };
            assert_eq!(counted_there, counted);
        }
        self.compare(id);
    }

    fn compare(&mut self, id: DestId) {
        let (dest, expected) = (self.pool.dest(id).unwrap(), self.list.get(id).unwrap());
        let of_pool = (dest.active_conns(), dest.inactive_conns(), dest.is_overloaded());
        let expected = (expected.active, expected.total - expected.active, expected.overloaded);
        assert_eq!(of_pool, expected);
        if let Some((group, place)) = self.group(id) {
            let [active, inactive] = [group.active_conns(place), group.inactive_conns(place)];
            let of_group =
                (active.unwrap(), inactive.unwrap(), group.is_overloaded(place).unwrap());
            assert_eq!(of_group, expected);
        }
    }
}

/// `LVS_WALK_STEPS` sets how many steps are taken with each kind; millions in a release build.
fn steps() -> u64 {
    let asked = std::env::var("LVS_WALK_STEPS").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(30_000)
}

#[test]
fn picks_equal_the_walk() {
    let mut dice = Dice(1);
    for kind in KINDS {
        let mut left = steps();
        while left > 0 {
            let dests = match dice.below(20) {
                0 => dice.one_of(&[63, 64, 65, 256, 257, 600]),
                // The model looks for every member of a set of lblcr in the whole list.
                1 if steps() > 100_000 && kind != SchedulerKind::Lblcr => {
                    dice.one_of(&[513, 1024, 4095, 4096])
                }
                2..=9 => dice.below(64) + 1,
                _ => dice.below(12) + 1,
            };
            let profile = dice.one_of(&common::PROFILES);
            let seed = u64::from(dice.below(u32::MAX));
            let mut trial = Trial::new(Dice(seed | 1), kind, profile, dests);
            // Longer with more of them, so that they fill up.
            let steps = left.min(400 + 10 * u64::from(dests));
            (0..steps).for_each(|_| trial.step());
            left -= steps;
        }
    }
}

/// The same under any choices.
pub(crate) fn any_trial(u: &mut Unstructured<'_>) -> Result<()> {
    let (kind, profile) = (*u.choose(&KINDS)?, *u.choose(&common::PROFILES)?);
    let dests = *u.choose(&[1, 2, 5, 12, 13, 30, 64, 65])?;
    let steps = u.len();
    let mut trial = Trial::new(u, kind, profile, dests);
    (0..steps).for_each(|_| trial.step());
    Ok(())
}

#[test]
fn picks_equal_the_walk_under_any_choices() {
    arbtest::arbtest(any_trial);
}

#[test]
fn ovh_4_wlc_2_amounts_wrap_and_come_back() {
    for (kind, dests) in
        [(SchedulerKind::Wlc, 3), (SchedulerKind::Wlc, 20), (SchedulerKind::Lc, 20)]
    {
        let mut trial = Trial::new(Dice(7), kind, Profile::Classic, dests);
        trial.heaviest = 9;
        let quiesced = DestConfig { weight: 0, ..DestConfig::new([10, 2, 255, 1].into(), 80) };
        trial.add(quiesced);
        let id = trial.list.live[0].id;
        let many = 1 << 23;
        for _ in 0..many {
            trial.pool.conn_opened(id, true).unwrap();
        }
        if let Some((group, place)) = trial.group(id) {
            (0..many).for_each(|_| group.conn_opened(place, true).unwrap());
        }
        let dest = trial.list.get_mut(id).unwrap();
        (dest.active, dest.total) = (many, many);
        (0..200).for_each(|_| trial.pick());
        assert_eq!(trial.pool.conn_closed(id, false), Err(CountError::NoneInactive));
        // What is kept of the list is made anew, and its amounts are too great from the beginning.
        trial.add_new();
        (0..200).for_each(|_| trial.pick());
        for _ in 0..9 {
            trial.pool.conn_closed(id, true).unwrap();
            trial.list.close(id, true);
            if let Some((group, place)) = trial.group(id) {
                group.conn_closed(place, true).unwrap();
            }
        }
        (0..200).for_each(|_| trial.pick());
        (0..200).for_each(|_| trial.step());
    }
}

#[test]
fn a_burst_equals_picks_in_order() {
    for kind in SchedulerKind::ALL {
        let mut trials = [(); 2].map(|()| Trial::new(Dice(3), kind, Profile::Classic, 20).pool);
        let flows: Vec<_> =
            (0..40).map(|port| tcp("192.0.2.1", port, "10.0.0.1", 80, SYN)).collect();
        let [one, burst] = &mut trials;
        let mut picks = [None; 40];
        assert_eq!(burst.pick_burst(secs(0), &flows, &mut picks[..7]), 7);
        assert_eq!(burst.pick_burst(secs(0), &flows[7..], &mut picks[7..]), 32);
        let expected: Vec<_> = flows[..39].iter().map(|flow| one.pick(secs(0), flow)).collect();
        assert_eq!(picks[..39], expected);
        assert_eq!((picks[39], burst.pick_burst(secs(0), &[], &mut picks)), (None, 0));
    }
}
