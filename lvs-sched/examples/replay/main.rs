//! Plays recordings of real kernels to a director, and says where it decides otherwise.
//!
//! `replay [--profile classic|linux-6.1.183] FILE...`

mod check;
/// What recordings are played to.
mod director {
    pub(crate) use lvs_sched::{Conn, Dest, Director, Service};
}
mod player;
mod recording;
mod routes;
mod sync;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lvs_sched::Profile;

use crate::player::{Outcome, play};

fn main() -> ExitCode {
    match arguments() {
        Ok((profile, files)) => run(profile, &files),
        Err(usage) => {
            eprintln!("{usage}");
            ExitCode::from(2)
        }
    }
}

fn arguments() -> Result<(Option<Profile>, Vec<PathBuf>), String> {
    let (mut profile, mut files) = (None, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--profile" {
            profile = Some(match arguments.next().as_deref() {
                Some("classic") => Profile::Classic,
                Some("linux-6.1.183") => Profile::Linux6_1_183,
                other => {
                    return Err(format!("a profile is classic or linux-6.1.183, not {other:?}"));
                }
            });
        } else {
            files.push(argument.into());
        }
    }
    if files.is_empty() {
        return Err("usage: replay [--profile classic|linux-6.1.183] FILE...".to_owned());
    }
    Ok((profile, files))
}

fn run(profile: Option<Profile>, files: &[PathBuf]) -> ExitCode {
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for file in files {
        let outcome = play(file, profile.unwrap_or_else(|| player::profile_of(file)));
        match &outcome {
            Outcome::Passed => passed += 1,
            Outcome::Failed(_) => failed += 1,
            Outcome::Skipped(_) => skipped += 1,
        }
        println!("{}: {outcome}", name(file));
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn name(file: &Path) -> String {
    let kernel = file.parent().and_then(Path::file_name).unwrap_or_default();
    let name = file.file_name().unwrap_or_default();
    Path::new(kernel).join(name).display().to_string()
}
