//! Time, and what is said about it.

use std::fmt;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// How long a run goes on, about; long against the clock's own cost, short against a time slice.
const RUN: Duration = Duration::from_millis(1);

/// How often each candidate runs.
const RUNS: u32 = 7;

/// One of those that are compared: does so many operations.
pub type Candidate<'a> = Box<dyn FnMut(u64) + 'a>;

/// The nanoseconds of one operation of each candidate: the least of several runs, in turn, in the
/// CPU time of this thread, so that it does not count what other programs do. Before each run there is
/// one that is not timed, for the candidate before has left nothing of this one's in the caches.
pub fn compare(candidates: &mut [Candidate<'_>]) -> Vec<f64> {
    let counts: Vec<_> = candidates.iter_mut().map(|run| calibrate(run)).collect();
    let mut best = vec![f64::INFINITY; candidates.len()];
    for _ in 0..RUNS {
        for ((run, &count), best) in candidates.iter_mut().zip(&counts).zip(&mut best) {
            run(count);
            *best = best.min(time(|| run(count)).as_nanos() as f64 / count as f64);
        }
    }
    best
}

/// The CPU time of this thread that `work` takes.
pub fn time(work: impl FnOnce()) -> Duration {
    let start = thread_time();
    work();
    thread_time() - start
}

/// So many operations that a run takes long enough.
fn calibrate(run: &mut Candidate<'_>) -> u64 {
    let mut count = 1;
    loop {
        let taken = time(|| run(count));
        if taken * 4 >= RUN {
            let nanos = taken.as_nanos().max(1);
            return ((u128::from(count) * RUN.as_nanos()).div_ceil(nanos)) as u64;
        }
        count *= 4;
    }
}

fn thread_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock of this thread").into()
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Nanoseconds.
    Ns,
    /// Instructions.
    Instr,
}

/// One line of the ratio report.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was measured, like `wlc.step`.
    pub what: String,
    /// How many destinations or connections there were.
    pub n: u32,
    /// How their weights were spread.
    pub shape: String,
    /// What the numbers count.
    pub unit: Unit,
    /// What it costs here.
    pub ours: f64,
    /// What it is compared with.
    pub base: &'static str,
    /// What it costs there.
    pub base_value: f64,
    /// How much dearer it is there.
    pub ratio: f64,
}

impl Row {
    /// The ratio follows from the two values.
    #[must_use]
    pub fn new(
        (what, n, shape): (&str, u32, impl fmt::Display),
        (unit, ours): (Unit, f64),
        (base, base_value): (&'static str, f64),
    ) -> Self {
        let ratio = round(base_value / ours);
        let (ours, base_value) = (round(ours), round(base_value));
        let (what, shape) = (what.to_owned(), shape.to_string());
        Self { what, n, shape, unit, ours, base, base_value, ratio }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// To a thousandth.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
