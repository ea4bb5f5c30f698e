//! Plays recordings of VRRP daemons to virtual routers, and says where these do otherwise.
//!
//! `timeline FILE...`
//!
//! Each daemon in a recording is played by a router with its configuration. The router hears what
//! the daemon heard and is started, stopped and cut off when the daemon was. It has to send the same
//! adverts, octet by octet, and to change its state likewise, at the same times.

#[allow(dead_code, reason = "a router that follows no daemon is for `decode`")]
#[path = "../decode/daemon.rs"]
mod daemon;
mod machine;
#[path = "../decode/packet.rs"]
mod packet;
mod player;
mod script;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::player::{Outcome, play};

fn main() -> ExitCode {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if files.is_empty() {
        eprintln!("usage: timeline FILE...");
        return ExitCode::from(2);
    }
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for file in files {
        let outcome = play(&file);
        match &outcome {
            Outcome::Passed => passed += 1,
            Outcome::Failed(_) => failed += 1,
            Outcome::Skipped(_) => skipped += 1,
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        println!("{name}: {outcome}");
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
