//! The walk, the compact model, the group and the pool pick the same, whatever happens.

use arbtest::arbitrary::{Result, Unstructured};
use lvs_benches::{Compact, Linear, Link, Ours, Pooled, Scheduler, Setting, Shape, Walk, flow};
use lvs_proto::Flow;
use lvs_sched::{DestId, SchedulerKind};

/// All four, told the same; destinations are named by where they are in the list.
struct Together {
    ours: Ours,
    places: Vec<u32>,
    pool: Pooled,
    ids: Vec<DestId>,
    walk: Linear<Walk>,
    links: Vec<Link>,
    compact: Linear<Compact>,
}

impl Together {
    fn new(setting: &Setting) -> Self {
        let (ours, pool, walk) = (Ours::new(setting), Pooled::new(setting), Linear::new(setting));
        let (places, ids, links) = (ours.dests(), pool.dests(), walk.dests());
        Self { ours, places, pool, ids, walk, links, compact: Linear::new(setting) }
    }
}

impl Scheduler for Together {
    type Dest = usize;

    fn pick(&mut self, flow: &Flow) -> Option<usize> {
        let picked = self.compact.pick(flow);
        assert_eq!(self.walk.pick(flow), picked.map(|place| self.links[place]), "the walk");
        assert_eq!(self.ours.pick(flow), picked.map(|place| self.places[place]), "the group");
        assert_eq!(self.pool.pick(flow), picked.map(|place| self.ids[place]), "the pool");
        picked
    }

    fn opened(&mut self, place: usize) {
        self.ours.opened(self.places[place]);
        self.pool.opened(self.ids[place]);
        self.walk.opened(self.links[place]);
        self.compact.opened(place);
    }

    fn deactivated(&mut self, place: usize) {
        self.ours.deactivated(self.places[place]);
        self.pool.deactivated(self.ids[place]);
        self.walk.deactivated(self.links[place]);
        self.compact.deactivated(place);
    }

    fn closed(&mut self, place: usize) {
        self.ours.closed(self.places[place]);
        self.pool.closed(self.ids[place]);
        self.walk.closed(self.links[place]);
        self.compact.closed(place);
    }

    fn dests(&self) -> Vec<usize> {
        self.compact.dests()
    }

    fn edit(&mut self, place: usize, weight: u32, upper: u32, lower: u32) {
        self.ours.edit(self.places[place], weight, upper, lower);
        self.pool.edit(self.ids[place], weight, upper, lower);
        self.walk.edit(self.links[place], weight, upper, lower);
        self.compact.edit(place, weight, upper, lower);
    }
}

#[test]
fn all_pick_the_same() {
    arbtest::arbtest(|u| {
        let kind = *u.choose(&SchedulerKind::ALL)?;
        let shape = *u.choose(&Shape::ALL)?;
        let dests = *u.choose(&[1, 2, 3, 7, 16, 40, 130])?;
        random_life(u, &mut Together::new(&Setting::new(kind, dests, shape)))
    });
}

fn random_life(u: &mut Unstructured<'_>, all: &mut Together) -> Result<()> {
    let (mut active, mut inactive) = (Vec::new(), Vec::new());
    for _ in 0..u.int_in_range(0..=300)? {
        match u.int_in_range(0..=9)? {
            0 => {
                let place = u.choose_index(all.ids.len())?;
                let upper = *u.choose(&[0, 0, 1, 4, 9])?;
                let lower = u.int_in_range(0..=upper.min(1))?;
                all.edit(place, *u.choose(&[0, 1, 2, 50, 70_000])?, upper, lower);
            }
            1..=5 => {
                if let Some(place) = all.pick(&flow(u.int_in_range(0..=40)?)) {
                    all.opened(place);
                    active.push(place);
                }
            }
            6 | 7 if !active.is_empty() => {
                let place = active.swap_remove(u.choose_index(active.len())?);
                all.deactivated(place);
                inactive.push(place);
            }
            _ if !inactive.is_empty() => {
                all.closed(inactive.swap_remove(u.choose_index(inactive.len())?));
            }
            _ => {}
        }
    }
    Ok(())
}

/// As the churn of the measurements does it.
#[test]
fn all_pick_the_same_in_a_churn() {
    for kind in SchedulerKind::ALL {
        for shape in Shape::ALL {
            for dests in [1, 2, 5, 16, 300] {
                let setting = Setting::new(kind, dests, shape);
                let mut all = Together::new(&setting);
                let mut churn = setting.churn(&mut all);
                for step in 0..300 {
                    churn.step(&mut all, &flow(step % 50));
                }
            }
        }
    }
}
