//! What everything costs, and how much dearer it is done another way: a JSON object a line.
#![allow(clippy::float_arithmetic, reason = "a cost per step has a fraction")]

use anyhow::Result;
use clap::{Parser, Subcommand};
use lvs_benches::{Row, SIZES, Setting, Shape, Unit, Who, Work};
use lvs_benches::{candidate, check_valgrind, instructions, turns_to_count};
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
    /// Takes steps, to be counted from outside.
    #[command(hide = true)]
    Steps { kind: SchedulerKind, dests: u32, shape: Shape, who: Who },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(Part::Steps { kind, dests, shape, who }) = arguments.part {
        turns_to_count(candidate(who, &Setting::new(kind, dests, shape), Work::Step));
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
        steps()?;
    }
    Ok(())
}

/// Instructions of one step, ours and the walk's.
fn steps() -> Result<()> {
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

fn per_step(kind: SchedulerKind, dests: u32, shape: Shape, who: Who) -> Result<f64> {
    instructions(&["steps", kind.name(), &dests.to_string(), shape.name(), who.name()])
}
