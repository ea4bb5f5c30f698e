//! `lvsd lab`: whole LVS clusters, with a failover, on one machine.

mod director;
mod health;
mod http;
mod nat;
pub mod network;
mod plan;
mod promise;
mod real;
mod simulated;
mod simulated_host;
mod stage;
mod story;
mod tunnel;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use lvs_proto::Family;

use self::plan::Site;
use self::real::RealCluster;
use self::simulated::SimulatedCluster;
use self::story::Report;
use crate::namespace;

/// Options of `lvsd lab`.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct LabArgs {
    /// Write what each director of the first run saw into this directory, as director-1.pcap and
    /// director-2.pcap
    #[arg(long, value_name = "DIR", conflicts_with = "simulate")]
    pcap: Option<PathBuf>,
    /// Run in simulated time even where namespaces are permitted
    #[arg(long)]
    simulate: bool,
}

/// Plays the story, on real sockets where the machine permits it.
///
/// # Errors
/// The cluster could not be worked with at all.
pub fn run(args: &LabArgs) -> Result<ExitCode> {
    let cluster = if args.simulate { None } else { real_cluster(args) };
    let progress = ProgressBar::new_spinner();
    progress.set_style(ProgressStyle::with_template("{spinner} {elapsed} {msg}")?);
    progress.set_message("working");
    progress.enable_steady_tick(Duration::from_millis(100));
    let mut say = |line: &str| progress.suspend(|| println!("{line}"));
    let mut report = Report::default();
    match cluster {
        Some(cluster) => play_all(cluster, &mut report, &mut say)?,
        None => story::play(&mut SimulatedCluster::new(), &mut report, &mut say)?,
    }
    progress.finish_and_clear();
    println!("\n{}", report.verdict());
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Plays the story, and then what else there is to show.
fn play_all(
    mut cluster: RealCluster,
    report: &mut Report,
    say: &mut dyn FnMut(&str),
) -> Result<()> {
    say("direct routing over IPv4");
    story::play(&mut cluster, report, say)?;
    drop(cluster);
    say("\ndirect routing over IPv6");
    story::play(&mut RealCluster::new(Site::v6(), None)?, report, say)?;
    nat::play(Family::V4, report, say)?;
    nat::play(Family::V6, report, say)?;
    tunnel::play(report, say)?;
    health::play(report, say)
}

/// The cluster in namespaces, or `None`, said in a sentence, where the machine does not permit them.
fn real_cluster(args: &LabArgs) -> Option<RealCluster> {
    let cluster =
        namespace::become_root().and_then(|()| RealCluster::new(Site::v4(), args.pcap.clone()));
    match cluster {
        Ok(cluster) => Some(cluster),
        Err(obstacle) => {
            println!(
                "Network namespaces cannot be used here ({obstacle:#}), so this is the same cluster \
                 in simulated time."
            );
            None
        }
    }
}
