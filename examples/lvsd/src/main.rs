//! `lvsd`: a Linux director built from the lvs crates, and a laboratory that shows a whole cluster.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use env_logger::Env;
use lvsd::check::{self, CheckArgs};
use lvsd::keepalived::{self, KeepalivedArgs};
use lvsd::lab::{self, LabArgs};
use lvsd::run::{self, RunArgs};
use lvsd::vrrp::{self, VrrpArgs};

/// A Linux director built from the lvs crates. Without a command: the laboratory
#[derive(Parser)]
#[command(version, after_help = DAEMONS)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

const DAEMONS: &str = "\
`keepalived`, `run` and `vrrp` print each change of state as a line of JSON. SIGUSR1 has them print
their table or counters. At SIGTERM they resign, so that the backup takes over at once.";

#[derive(Subcommand)]
enum Command {
    /// Report what lvsd makes of a keepalived.conf, keyword by keyword
    Check(CheckArgs),
    /// Run the director that a keepalived.conf describes
    Keepalived(KeepalivedArgs),
    /// Build whole clusters on this machine, send them requests, and kill directors and servers
    Lab(LabArgs),
    /// Run a director: virtual services by direct routing, NAT and tunnels, with a virtual router
    Run(RunArgs),
    /// Run a virtual router on an interface, and nothing else
    Vrrp(VrrpArgs),
}

fn main() -> ExitCode {
    let args = Args::parse();
    env_logger::Builder::from_env(Env::default().default_filter_or("warn")).init();
    match play(args.command.unwrap_or(Command::Lab(LabArgs::default()))) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("lvsd: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn play(command: Command) -> Result<ExitCode> {
    match command {
        Command::Check(args) => check::run(&args),
        Command::Keepalived(args) => keepalived::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Lab(args) => lab::run(&args),
        Command::Run(args) => run::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Vrrp(args) => vrrp::run(&args).map(|()| ExitCode::SUCCESS),
    }
}
