//! What is measured of schedulers, by whom.

use std::hint::black_box;
use std::time::{Duration, Instant};

use lvs_proto::Flow;
use lvs_sched::SchedulerKind;

use crate::churn::{Null, Scheduler};
use crate::measure::Candidate;
use crate::pool::Rebuilt;
use crate::setting::{Setting, Shape, flow};
use crate::{Compact, Linear, List, Ours, Pooled, Walk};

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Who {
    /// The group of `lvs-sched`.
    Ours,
    /// The pool of `lvs-sched`.
    Pool,
    /// The walk.
    Walk,
    /// The compact model.
    Compact,
    /// Nobody: what the measurement itself costs.
    Null,
}

impl Who {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Pool => "pool",
            Self::Walk => "walk",
            Self::Compact => "compact",
            Self::Null => "null",
        }
    }
}

/// What one operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A pick, and what the [churn](crate::Churn) around it does to the counters.
    Step,
    /// A pick alone.
    Pick,
    /// A pick alone, where every destination but the last of the list is quiesced.
    LastOnly,
}

/// Somebody ready to work in a setting. A scheduler that remembers addresses remembers as many as it
/// ever will, and none of those that come.
#[must_use]
pub fn candidate(who: Who, setting: &Setting, work: Work) -> Candidate<'static> {
    match who {
        Who::Ours => ready(Ours::new(setting), setting, work),
        Who::Pool => ready(Pooled::new(setting), setting, work),
        Who::Walk => ready(Linear::<Walk>::new(setting), setting, work),
        Who::Compact => ready(Linear::<Compact>::new(setting), setting, work),
        Who::Null => ready(Null(setting.weights.len()), setting, work),
    }
}

fn ready<S: Scheduler + 'static>(
    mut scheduler: S,
    setting: &Setting,
    work: Work,
) -> Candidate<'static> {
    let mut flows = Flows::new(REMEMBERED);
    if work == Work::Step {
        if setting.remembers() {
            (0..REMEMBERED).for_each(|number| scheduler.remember(&flow(number)));
        }
        let mut churn = setting.churn(&mut scheduler);
        return Box::new(move |count| {
            for _ in 0..count {
                churn.step(&mut scheduler, flows.next());
            }
        });
    }
    if work == Work::LastOnly {
        for dest in scheduler.dests().into_iter().rev().skip(1) {
            scheduler.edit(dest, 0, 0, 0);
        }
    }
    let mut picked = None;
    Box::new(move |count| {
        for _ in 0..count {
            // Not each into a black box: that would have the answer go through memory.
            picked = scheduler.pick(flows.next()).or(picked);
        }
        black_box(picked);
    })
}

/// Addresses after which the cache of `lblc` or `lblcr` is full \[LBLC-1\].
const REMEMBERED: u32 = 24_576;

/// Packets, each of another client and to another address; after the last the first comes again.
#[derive(Debug)]
struct Flows {
    flows: [Flow; 64],
    next: usize,
}

impl Flows {
    /// The first is this one.
    fn new(first: u32) -> Self {
        Self { flows: std::array::from_fn(|number| flow(first + number as u32)), next: 0 }
    }

    #[inline]
    fn next(&mut self) -> &Flow {
        self.next = (self.next + 1) % self.flows.len();
        &self.flows[self.next]
    }
}

/// The longest single pick of `wrr` when its heaviest destination, of weight 65535, is overloaded
/// and the others have weight 1. Every round picks each of the others once; for each pick the least
/// of several rounds counts.
#[must_use]
pub fn worst_pick(who: Who, dests: u32, rounds: u32) -> Duration {
    let mut setting = Setting::new(SchedulerKind::Wrr, dests, Shape::Equal);
    if let Some(heaviest) = setting.weights.last_mut() {
        *heaviest = HEAVIEST;
    }
    match who {
        Who::Ours => worst_of(Ours::new(&setting), rounds),
        Who::Pool => worst_of(Pooled::new(&setting), rounds),
        Who::Compact => worst_of(Linear::<Compact>::new(&setting), rounds),
        Who::Walk | Who::Null => worst_of(Linear::<Walk>::new(&setting), rounds),
    }
}

const HEAVIEST: u32 = 65_535;

fn worst_of(mut scheduler: impl Scheduler, rounds: u32) -> Duration {
    let dests = scheduler.dests();
    let Some((&heaviest, others)) = dests.split_last() else { return Duration::ZERO };
    scheduler.edit(heaviest, HEAVIEST, 1, 0);
    scheduler.opened(heaviest);
    let mut least = vec![Duration::MAX; others.len()];
    let flow = flow(0);
    // The threshold begins low; after the first round it is the overloaded one's.
    for _ in others {
        scheduler.pick(&flow);
    }
    for _ in 0..rounds {
        for least in &mut least {
            // A thread's own clock is too slow for one pick.
            let start = Instant::now();
            black_box(scheduler.pick(&flow));
            *least = start.elapsed().min(*least);
        }
    }
    least.into_iter().max().unwrap_or_default()
}

/// To build the largest table of `mh`, as an edited weight asks for.
#[must_use]
pub fn mh_build(who: Who, dests: u32) -> Candidate<'static> {
    let mut setting = Setting::new(SchedulerKind::Mh, dests, Shape::Random);
    setting.mh_slots = 131_071;
    match who {
        Who::Ours | Who::Pool => {
            let mut ours = Rebuilt::new(&setting);
            rebuilding(move |weight| ours.set_weight(weight))
        }
        Who::Compact => rebuilding_list(Linear::<Compact>::new(&setting)),
        Who::Walk | Who::Null => rebuilding_list(Linear::<Walk>::new(&setting)),
    }
}

fn rebuilding_list<L: List + 'static>(mut list: Linear<L>) -> Candidate<'static> {
    let first = list.dests().first().copied().expect("a destination");
    rebuilding(move |weight| list.edit(first, weight, 0, 0))
}

fn rebuilding(mut set_weight: impl FnMut(u32) + 'static) -> Candidate<'static> {
    let mut weight = 0;
    Box::new(move |count| {
        for _ in 0..count {
            weight = weight % 100 + 1;
            set_weight(weight);
        }
    })
}
