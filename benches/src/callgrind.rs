//! Instructions, counted by callgrind.

use std::hint::black_box;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::measure::Candidate;

/// So many turns are counted.
const TURNS: u64 = 1000;

/// Fails if valgrind is not there.
///
/// # Errors
///
/// Says how to install it.
pub fn check_valgrind() -> Result<()> {
    let found = Command::new("valgrind").arg("--version").output();
    found.context("instructions are counted by valgrind: apt-get install valgrind")?;
    Ok(())
}

/// The instructions of one turn of what this program lets be [counted](turns_to_count) if it is given
/// these arguments.
///
/// # Errors
///
/// If valgrind does not start, or the program fails.
pub fn instructions(arguments: &[&str]) -> Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*callgrind*counted*")
        .arg(std::env::current_exe()?)
        .args(arguments)
        .output()
        .context("valgrind does not start")?;
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.lines().find_map(|line| line.split("Collected : ").nth(1));
    match collected.map(str::trim).map(str::parse::<u64>) {
        Some(Ok(instructions)) if output.status.success() => Ok(instructions as f64 / TURNS as f64),
        _ => bail!("callgrind says: {report}"),
    }
}

/// Takes turns for [`instructions`]: first a few that are not counted, so that what is done once is.
pub fn turns_to_count(mut work: Candidate<'_>) {
    work(TURNS / 5);
    counted(&mut work);
}

/// Its name tells callgrind when to count.
#[inline(never)]
fn counted(work: &mut Candidate<'_>) {
    work(TURNS);
    // There is something left to do, so that the work is not jumped to.
    black_box(work);
}
