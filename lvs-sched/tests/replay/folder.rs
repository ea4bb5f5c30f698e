//! The recordings of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::player::{Outcome, play, profile_of};

/// Plays the recordings whose names are `wanted`; none may differ. Returns how many were played.
pub(crate) fn follow(folder: &Path, wanted: impl Fn(&str) -> bool) -> usize {
    let files = recordings(folder, wanted);
    assert!(!files.is_empty(), "no recordings in {}", folder.display());
    let failures: Vec<_> = files
        .iter()
        .filter_map(|file| match play(file, profile_of(file)) {
            Outcome::Failed(divergence) => Some(format!("{}: {divergence}", file.display())),
            Outcome::Passed | Outcome::Skipped(_) => None,
        })
        .collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), files.len(), failures.join("\n"));
    files.len()
}

/// The recordings in the folders of kernels below `folder`.
fn recordings(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let kernels = entries(folder).filter(|path| path.is_dir());
    let files = kernels.flat_map(|kernel| entries(&kernel).collect::<Vec<_>>());
    let mut files: Vec<_> = files.filter(|file| is_recording(file, &wanted)).collect();
    files.sort();
    files
}

fn is_recording(file: &Path, wanted: impl Fn(&str) -> bool) -> bool {
    let kernel = file.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let name = file.file_name().and_then(|name| name.to_str()).unwrap();
    kernel.is_some_and(|kernel| kernel.starts_with("linux-"))
        && (name.ends_with(".jsonl") || name.ends_with(".jsonl.gz"))
        && wanted(name)
}
