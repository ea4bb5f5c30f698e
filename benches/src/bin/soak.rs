//! Ten million live connections, and 100 000 new ones in each of 60 simulated seconds.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use lvs_benches::Soak;

/// Keeps millions of connections alive while as many begin as end, in simulated time. Fails if
/// memory grows or a call takes longer than its bounded work can.
#[derive(Parser)]
struct Arguments {
    /// Connections that begin each simulated millisecond; a hundred thousand times as many live.
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// Simulated seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// No call may take longer: a hundred times what one takes on average, for noisy machines.
const LONGEST: Duration = Duration::from_millis(10);

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut soak = Soak::new(arguments.rate);
    soak.fill();
    let (live, memory) = (soak.live(), resident_pages()?);
    let longest = soak.run(arguments.seconds);
    let (live_after, memory_after) = (soak.live(), resident_pages()?);
    println!("live connections: {live}, after {} s {live_after}", arguments.seconds);
    println!("resident pages: {memory}, after {} s {memory_after}", arguments.seconds);
    println!("longest call: decide {:?}, timeout {:?}", longest.decide, longest.timeout);
    ensure!(memory_after <= memory + memory / 100, "memory grows");
    ensure!(longest.decide <= LONGEST && longest.timeout <= LONGEST, "a call took too long");
    Ok(())
}

/// Pages of memory that this process occupies.
fn resident_pages() -> Result<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    Ok(pages.split_whitespace().nth(1).context("no second figure in statm")?.parse()?)
}
