//! `lvsd check`: what a keepalived.conf comes to here.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};
use lvs_proto::Instant;
use lvs_sched::{Director, DirectorConfig};

use crate::keepalived_conf::{Config, Report, Verdict};

/// More than any configuration has.
const MOST_OCTETS: u64 = 16 << 20;

/// Options of `lvsd check`.
#[derive(clap::Args, Clone, Debug)]
pub struct CheckArgs {
    /// The configuration, in the syntax of keepalived.conf(5)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Prints the report, and succeeds if the file can be followed.
///
/// # Errors
/// The file cannot be read, or has no structure.
pub fn run(args: &CheckArgs) -> Result<ExitCode> {
    let (config, mut report) = read(&args.config)?;
    let mut director = Director::new(DirectorConfig::default())?;
    report.extend(config.apply(Instant::EPOCH, &mut director));
    report.extend(config.checker(Instant::EPOCH, [0; 2])?.1);
    print(&args.config, &report)?;
    let obstacles = report.obstacles().count();
    Ok(if obstacles == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads a configuration. Comments may be in any encoding.
///
/// # Errors
/// The file cannot be read, or has no structure; with its name and line.
pub fn read(path: &Path) -> Result<(Config, Report)> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("reading {name}"))?;
    let mut octets = Vec::new();
    file.take(MOST_OCTETS + 1)
        .read_to_end(&mut octets)
        .with_context(|| format!("reading {name}"))?;
    ensure!(octets.len() as u64 <= MOST_OCTETS, "{name} is larger than {MOST_OCTETS} octets");
    Config::parse(&String::from_utf8_lossy(&octets)).map_err(|error| anyhow!("{name}, {error}"))
}

/// `FILE:LINE KEYWORD: VERDICT` for each statement, and how many there are of each verdict.
fn print(path: &Path, report: &Report) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let [mut used, mut ignored, mut unsupported, mut wrong] = [0; 4];
    for finding in report.findings() {
        writeln!(stdout, "{}:{finding}", path.display())?;
        *match finding.verdict {
            Verdict::Used => &mut used,
            Verdict::Ignored(_) => &mut ignored,
            Verdict::Unsupported(_) => &mut unsupported,
            Verdict::Wrong(_) => &mut wrong,
        } += 1;
    }
    writeln!(stdout, "{used} used, {ignored} ignored, {unsupported} unsupported, {wrong} wrong")
}
