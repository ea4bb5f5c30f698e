//! The instructions of every call that packets and timers lead to, on something small.

use anyhow::{Context, Result};
use clap::Parser;
use lvs_benches::{CALLS, check_valgrind, instructions};

/// Counts the instructions of every call that packets and timers lead to; takes minutes, and
/// valgrind.
///
/// Prints names and numbers of the table in `docs/bounds.md`.
#[derive(Parser)]
struct Arguments {
    /// Makes a call so many times, to be counted from outside.
    #[arg(hide = true, num_args = 2)]
    call: Option<Vec<u64>>,
}

fn main() -> Result<()> {
    if let Some([number, count]) = Arguments::parse().call.as_deref() {
        let call = CALLS.get(*number as usize).context("no such call")?;
        (call.make)()(*count);
        return Ok(());
    }
    check_valgrind()?;
    for (number, call) in CALLS.iter().enumerate() {
        let instructions = instructions(&[&number.to_string()])?;
        println!("| {} | {instructions:.0} |", call.name);
    }
    Ok(())
}
