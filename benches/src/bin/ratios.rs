//! What everything costs, and how much dearer it is done another way: a JSON object a line.
#![allow(clippy::float_arithmetic, reason = "a cost per step has a fraction")]

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use lvs_benches::{Row, SIZES, Setting, Shape, Unit, Who, Work, candidate};
use lvs_sched::SchedulerKind;

/// Measures what everything costs, and how much dearer it is done another way.
///
/// Prints a JSON object a line; `ratio` is `base_value` over `ours`.
#[derive(Parser)]
struct Arguments {
    /// Count instructions of scheduler steps, too; takes minutes, and valgrind.
    #[arg(long)]
    instructions: bool,
    /// How many connections the table holds, which take about 90 octets each.
    #[arg(long, default_value_t = 10_000_000)]
    connections: u32,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// Does so many steps, to be counted from outside.
    #[command(hide = true)]
    Steps { kind: SchedulerKind, dests: u32, shape: Shape, who: Who, count: u64 },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(Part::Steps { kind, dests, shape, who, count }) = arguments.part {
        candidate(who, &Setting::new(kind, dests, shape), Work::Step)(count);
        return Ok(());
    }
    if arguments.instructions {
        check_valgrind()?;
    }
    let mut print = |row| println!("{row}");
    lvs_benches::connections(arguments.connections, &mut print);
    lvs_benches::ends_and_floods(arguments.connections, &mut print);
    lvs_benches::schedulers(&mut print);
    lvs_benches::frames(arguments.connections, &mut print);
    lvs_benches::vrrp(&mut print);
    if arguments.instructions {
        instructions()?;
    }
    Ok(())
}

fn check_valgrind() -> Result<()> {
    let found = Command::new("valgrind").arg("--version").output();
    found.context("--instructions needs valgrind: apt-get install valgrind")?;
    Ok(())
}

/// Instructions of one step, ours and the walk's.
fn instructions() -> Result<()> {
    let cases = [
        (SchedulerKind::Lc, Shape::Random),
        (SchedulerKind::Wlc, Shape::Random),
        (SchedulerKind::Sed, Shape::Random),
        (SchedulerKind::Nq, Shape::Busy),
    ];
    for (kind, shape) in cases {
        for dests in SIZES {
            let [ours, walk] = [Who::Ours, Who::Walk].map(|who| per_step(kind, dests, shape, who));
            let what = format!("{kind}.step");
            println!("{}", Row::new((&what, dests, shape), (Unit::Instr, ours?), ("walk", walk?)));
        }
    }
    Ok(())
}

/// The difference between a long and a short run: what comes before the steps is the same in both.
fn per_step(kind: SchedulerKind, dests: u32, shape: Shape, who: Who) -> Result<f64> {
    const SHORT: u64 = 200;
    const LONG: u64 = 1200;
    let [short, long] = [SHORT, LONG].map(|count| counted(kind, dests, shape, who, count));
    Ok((long? - short?) as f64 / (LONG - SHORT) as f64)
}

/// The instructions of a run of so many steps, all that goes before included.
fn counted(kind: SchedulerKind, dests: u32, shape: Shape, who: Who, count: u64) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["steps", kind.name(), &dests.to_string(), shape.name(), who.name()])
        .arg(count.to_string())
        .output()
        .context("valgrind does not start")?;
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.lines().find_map(|line| line.split("Collected : ").nth(1));
    match collected.map(str::trim).map(str::parse) {
        Some(Ok(instructions)) if output.status.success() => Ok(instructions),
        _ => bail!("callgrind says: {report}"),
    }
}
