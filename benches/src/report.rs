//! The lines of the ratio report about schedulers.

use std::fmt;

use lvs_sched::SchedulerKind::{
    self, Dh, Fo, Lblc, Lblcr, Lc, Mh, Nq, Ovf, Rr, Sed, Sh, Twos, Wlc, Wrr,
};

use crate::cases::{Who, Work, candidate, mh_build, worst_pick};
use crate::measure::{Candidate, Row, Unit, compare};
use crate::setting::{Setting, Shape};

/// How many destinations.
pub const SIZES: [u32; 9] = [2, 4, 8, 16, 32, 256, 1024, 4096, 10_000];

/// Those that are compared, the first of them ours.
const WHO: [Who; 3] = [Who::Ours, Who::Walk, Who::Compact];

const SHAPES: [Shape; 4] = [Shape::Equal, Shape::Random, Shape::Skewed, Shape::Wide];

/// Measures all schedulers, and tells `emit` line by line.
pub fn schedulers(emit: &mut impl FnMut(Row)) {
    for n in [16, 10_000] {
        let null = [candidate(Who::Null, &Setting::new(Wlc, n, Shape::Random), Work::Step)];
        let cost = compare(&mut { null })[0];
        emit(Row::new(("harness", n, Shape::Random), (Unit::Ns, cost), ("harness", cost)));
    }
    for kind in [Lc, Wlc, Sed, Nq] {
        for shape in SHAPES {
            steps(kind, shape, emit);
        }
    }
    steps(Nq, Shape::Busy, emit);
    for n in SIZES {
        price_of_ids(n, emit);
    }
    for (kind, shape) in [Rr, Wrr].into_iter().flat_map(|kind| SHAPES.map(|shape| (kind, shape))) {
        for n in SIZES {
            work(&format!("{kind}.pick"), &Setting::new(kind, n, shape), Work::Pick, emit);
        }
    }
    for n in [16, 256, 10_000] {
        work("rr.one", &Setting::new(Rr, n, Shape::Equal), Work::LastOnly, emit);
        for (kind, what) in
            [(Fo, "step"), (Ovf, "step"), (Twos, "step"), (Lblc, "miss"), (Lblcr, "miss")]
        {
            let setting = Setting::new(kind, n, Shape::Random);
            work(&format!("{kind}.{what}"), &setting, Work::Step, emit);
        }
    }
    for (kind, n) in [Sh, Dh, Mh].into_iter().flat_map(|kind| [(kind, 16), (kind, 1024)]) {
        work(&format!("{kind}.pick"), &Setting::new(kind, n, Shape::Random), Work::Pick, emit);
    }
    for n in [16, 1024, 10_000] {
        rows(("mh.build", n, Shape::Random), 1, &mut WHO.map(|who| mh_build(who, n)), emit);
    }
    for n in [4, 64, 1024, 10_000] {
        worst(n, emit);
    }
}

/// A step over lists of every length, and how much dearer it is in the longest.
fn steps(kind: SchedulerKind, shape: Shape, emit: &mut impl FnMut(Row)) {
    let mut at_16 = 0.0;
    for n in SIZES {
        let what = format!("{kind}.step");
        let ours = work(&what, &Setting::new(kind, n, shape), Work::Step, emit);
        if n == 16 {
            at_16 = ours;
        }
        if n == 10_000 {
            let what = format!("{kind}.growth");
            emit(Row::new((&what, n, shape), (Unit::Ns, ours), ("n=16", at_16)));
        }
    }
}

/// A step of a pool, whose ids are checked.
fn price_of_ids(n: u32, emit: &mut impl FnMut(Row)) {
    let setting = Setting::new(Wlc, n, Shape::Random);
    let who = [Who::Pool, Who::Walk, Who::Ours];
    let costs = compare(&mut who.map(|who| candidate(who, &setting, Work::Step)));
    for (who, cost) in [("walk", costs[1]), ("group", costs[2])] {
        emit(Row::new(("wlc.pool.step", n, Shape::Random), (Unit::Ns, costs[0]), (who, cost)));
    }
}

fn work(what: &str, setting: &Setting, work: Work, emit: &mut impl FnMut(Row)) -> f64 {
    let n = setting.weights.len() as u32;
    let round = if work == Work::Pick { round(setting) } else { 1 };
    let mut candidates = WHO.map(|who| {
        let mut run = candidate(who, setting, work);
        Box::new(move |rounds| run(rounds * round)) as Candidate<'_>
    });
    rows((what, n, setting.shape), round, &mut candidates, emit)
}

/// Picks until `wrr` begins again, since some of them cost it far more than others; short of that, if
/// they are too many to wait for.
fn round(setting: &Setting) -> u64 {
    let picks = setting.weights.iter().copied().map(u64::from).sum();
    if setting.kind == Wrr && picks <= 1_000_000 { picks } else { 1 }
}

/// Candidates that do so many operations at a time. Answers what one costs the first of them.
fn rows(
    (what, n, shape): (&str, u32, impl fmt::Display),
    operations: u64,
    candidates: &mut [Candidate<'_>],
    emit: &mut impl FnMut(Row),
) -> f64 {
    let costs = compare(candidates).into_iter().map(|cost| cost / operations as f64);
    let costs: Vec<_> = costs.collect();
    for (who, &cost) in WHO.iter().zip(&costs).skip(1) {
        emit(Row::new((what, n, &shape), (Unit::Ns, costs[0]), (who.name(), cost)));
    }
    costs[0]
}

fn worst(n: u32, emit: &mut impl FnMut(Row)) {
    let nanos = |who, rounds| worst_pick(who, n, rounds).as_nanos() as f64;
    let ours = nanos(Who::Ours, 20);
    for who in [Who::Walk, Who::Compact] {
        let row = ("wrr.worst", n, Shape::Skewed);
        emit(Row::new(row, (Unit::Ns, ours), (who.name(), nanos(who, 1))));
    }
}
