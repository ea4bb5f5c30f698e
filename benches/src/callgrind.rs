//! Instructions, counted by callgrind.

use std::process::Command;

use anyhow::{Context, Result, bail};

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

/// The instructions of one turn of what this program does so many times if these arguments and a
/// number are given to it: the difference between a long and a short run, in which all that comes
/// before is the same.
///
/// # Errors
///
/// If valgrind does not start, or the program fails.
pub fn instructions(arguments: &[&str]) -> Result<f64> {
    const SHORT: u64 = 200;
    const LONG: u64 = 1200;
    let [short, long] = [SHORT, LONG].map(|count| counted(arguments, count));
    Ok((long? - short?) as f64 / (LONG - SHORT) as f64)
}

/// The instructions of a run of so many turns, all that goes before included.
fn counted(arguments: &[&str], count: u64) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(arguments)
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
