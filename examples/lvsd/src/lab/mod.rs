//! `lvsd lab`: a whole LVS/DR cluster with a failover, on one machine.

mod http;
pub mod network;
mod plan;
mod promise;
mod real;
mod simulated;
mod simulated_host;
mod story;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use self::real::RealCluster;
use self::simulated::SimulatedCluster;
use crate::namespace;

/// Options of `lvsd lab`.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct LabArgs {
    /// Write what each director saw into this directory, as director-1.pcap and director-2.pcap
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
    let report = match cluster {
        Some(mut cluster) => story::play(&mut cluster, &mut say),
        None => story::play(&mut SimulatedCluster::new(), &mut say),
    }?;
    progress.finish_and_clear();
    println!("\n{}", report.verdict());
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The cluster in namespaces, or `None`, said in a sentence, where the machine does not permit them.
fn real_cluster(args: &LabArgs) -> Option<RealCluster> {
    let cluster = namespace::become_root().and_then(|()| RealCluster::new(args.pcap.clone()));
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
