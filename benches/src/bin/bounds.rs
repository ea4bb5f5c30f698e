//! The instructions of every call that packets and timers lead to, on something small and on something
//! large.
#![allow(
    clippy::float_arithmetic,
    clippy::expect_used,
    reason = "a measurement is a number with a fraction, and ends if it cannot be made"
)]

use std::{array, env, fs, thread};

use anyhow::{Context, Result, bail};
use clap::Parser;
use lvs_benches::{
    Call, Size, calls, check_valgrind, instructions, scheduler_calls, turns_to_count,
};
use lvs_sched::SchedulerKind;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/bounds.md");

/// Counts the instructions of every call that packets and timers lead to, on something small and on
/// something large; takes minutes, and valgrind.
///
/// Prints the rows of the tables of `docs/bounds.md`, and with UPDATE_DOCS=1 writes them there. Fails
/// if a call takes more of something large than it may.
#[derive(Parser)]
struct Arguments {
    /// Makes a call of a size, to be counted from outside.
    #[arg(hide = true, num_args = 2)]
    call: Option<Vec<usize>>,
}

fn main() -> Result<()> {
    let mut calls = calls();
    let others = calls.len();
    calls.extend(SchedulerKind::ALL.into_iter().flat_map(scheduler_calls));
    if let Some(&[number, size]) = Arguments::parse().call.as_deref() {
        let call = calls.get(number).context("no such call")?;
        let size = *[Size::SMALL, Size::LARGE].get(size).context("no such size")?;
        turns_to_count(call.make(size));
        return Ok(());
    }
    check_valgrind()?;
    let counted = counted(calls.len())?;
    let cells: Vec<_> = calls.iter().zip(&counted).map(cells).collect();
    let (others, schedulers) = cells.split_at(others);
    let others =
        rows(calls.iter().zip(others).map(|(call, cells)| format!("{} {cells}", call.name)));
    let schedulers = schedulers.chunks(2).map(<[_]>::concat);
    let kinds = SchedulerKind::ALL.into_iter();
    let schedulers = rows(kinds.zip(schedulers).map(|(kind, cells)| format!("`{kind}` {cells}")));
    print!("{others}\n{schedulers}");
    if env::var_os("UPDATE_DOCS").is_some() {
        let page = fs::read_to_string(PAGE)?;
        let page = with_rows(&page, "\n|---|---|---:|---:|\n", &others);
        let page = with_rows(&page?, "\n|---|---|---:|---:|---|---:|---:|\n", &schedulers);
        fs::write(PAGE, page?)?;
    }
    check(&calls, &counted)
}

/// The instructions of each call, of something small and of something large; as many are counted at a
/// time as there are processors.
fn counted(calls: usize) -> Result<Vec<[f64; 2]>> {
    let workers = thread::available_parallelism()?.get();
    let count = |number: usize| {
        let [small, large] =
            array::from_fn(|size| instructions(&[&number.to_string(), &size.to_string()]));
        Ok((number, [small?, large?]))
    };
    let mut counted = Vec::new();
    thread::scope(|scope| {
        let work = |first| move || (first..calls).step_by(workers).map(count).collect();
        let threads: Vec<_> = (0..workers).map(|first| scope.spawn(work(first))).collect();
        for thread in threads {
            let part: Result<Vec<_>> = thread.join().expect("no panic");
            counted.extend(part?);
        }
        anyhow::Ok(())
    })?;
    counted.sort_by_key(|(number, _)| *number);
    Ok(counted.into_iter().map(|(_, counted)| counted).collect())
}

fn cells((call, [small, large]): (&Call, &[f64; 2])) -> String {
    format!("| {} | {} | {} ", call.takes.words, spaced(*small), spaced(*large))
}

/// A number of at most six digits, the thousands apart.
fn spaced(number: f64) -> String {
    let number = number.round() as u32;
    match (number / 1000, number % 1000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{thousands} {rest:03}"),
    }
}

fn rows(rows: impl Iterator<Item = String>) -> String {
    rows.map(|row| format!("| {row}|\n")).collect()
}

/// The page with other rows in the table below that line.
fn with_rows(page: &str, line: &str, rows: &str) -> Result<String> {
    let (before, table) = page.split_once(line).context("the page lacks a table")?;
    let (_, after) = table.split_once("\n\n").context("the table has no end")?;
    Ok(format!("{before}{line}{rows}\n{after}"))
}

/// Whether no call takes more of something large than it may.
fn check(calls: &[Call], counted: &[[f64; 2]]) -> Result<()> {
    let grown = calls
        .iter()
        .zip(counted)
        .filter(|(call, [small, large])| *large > *small * call.takes.growth);
    let grown = grown.map(|(call, [small, large])| {
        let Call { name, takes, .. } = call;
        format!("{name} ({}): {small:.0}, of something large {large:.0}", takes.words)
    });
    let grown: Vec<_> = grown.collect();
    if !grown.is_empty() {
        bail!("these take more than their words allow:\n{}", grown.join("\n"));
    }
    Ok(())
}
