//! Every recording of a kernel in `vectors/ipvs` is followed step by step: decisions, counters,
//! order, states and seconds. `LVS_RECORDINGS` names a folder of more of them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "../examples/replay/check.rs"]
mod check;
#[path = "../examples/replay/player.rs"]
mod player;
#[path = "../examples/replay/recording.rs"]
mod recording;
#[path = "../examples/replay/routes.rs"]
mod routes;
#[path = "../examples/replay/sync.rs"]
mod sync;

use player::{Outcome, play, profile_of};

/// The recordings in the folders of kernels below `folder`.
fn recordings(folder: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let kernels = entries(folder).filter(|path| path.is_dir());
    let files = kernels.flat_map(|kernel| entries(&kernel).collect::<Vec<_>>());
    let mut files: Vec<_> = files.filter(|file| is_recording(file)).collect();
    files.sort();
    files
}

fn is_recording(file: &Path) -> bool {
    let kernel = file.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let name = file.file_name().and_then(|name| name.to_str()).unwrap();
    kernel.is_some_and(|kernel| kernel.starts_with("linux-"))
        && (name.ends_with(".jsonl") || name.ends_with(".jsonl.gz"))
}

fn follow(folder: &Path) {
    let files = recordings(folder);
    assert!(!files.is_empty(), "no recordings in {}", folder.display());
    let failures: Vec<_> = files
        .iter()
        .filter_map(|file| match play(file, profile_of(file)) {
            Outcome::Failed(divergence) => Some(format!("{}: {divergence}", file.display())),
            Outcome::Passed | Outcome::Skipped(_) => None,
        })
        .collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), files.len(), failures.join("\n"));
}

#[test]
fn the_director_decides_as_the_kernels_did() {
    follow(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/ipvs"));
}

#[test]
fn and_so_in_all_other_recordings_at_hand() {
    if let Some(folder) = env::var_os("LVS_RECORDINGS") {
        follow(Path::new(&folder));
    }
}
