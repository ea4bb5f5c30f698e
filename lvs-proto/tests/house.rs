//! The walls of the house: what no crate of the core may do, checked on their sources.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::fs;
use std::path::{Path, PathBuf};

const CORE: [&str; 4] = ["lvs-proto", "lvs-sched", "lvs-vrrp", "lvs-ffi"];
const DECIDERS: [&str; 2] = ["lvs-sched", "lvs-vrrp"];

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 60;

/// The library sources of `crates`, with the part that only tests see cut off.
fn sources(crates: &[&str]) -> Vec<(PathBuf, String)> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<PathBuf> = crates
        .iter()
        .map(|name| workspace.join(name).join("src"))
        .filter(|at| at.exists())
        .collect();
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let library = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(&text);
                sources.push((path, library.to_owned()));
            }
        }
    }
    assert!(sources.len() >= crates.len(), "the sources are where they should be");
    sources
}

/// Snapshots are written as octets, but those are not of packets.
const OF_SNAPSHOTS: &str = "octets.rs";

/// Code without comments: what a rule about code is about.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().zip(1..).map(|(line, number)| (number, line));
    // A hasher is fed octets, but not those of packets.
    let hasher = "fn write(&mut self, bytes: &[u8])";
    lines.filter(move |(_, line)| !line.trim_start().starts_with("//") && !line.contains(hasher))
}

fn assert_absent(crates: &[&str], words: &[&str]) {
    for (path, text) in sources(crates) {
        for (number, line) in code(&text) {
            for word in words {
                assert!(!line.contains(word), "{}:{number}: {word}", path.display());
            }
        }
    }
}

#[test]
fn deciders_see_no_octets() {
    for (path, text) in sources(&DECIDERS) {
        let lines = code(&text).filter(|_| !path.ends_with(OF_SNAPSHOTS));
        for (number, line) in lines {
            let octets = line.contains(": &[u8]") || line.contains("&mut [u8]");
            assert!(!octets, "{}:{number}", path.display());
        }
    }
}

/// The one exception is a word to the processor, in a file of its own.
#[test]
fn deciders_are_safe() {
    for (path, text) in sources(&DECIDERS) {
        let unsafe_lines = code(&text).filter(|(_, line)| line.contains("unsafe {")).count();
        let allowed = usize::from(path.ends_with("lvs-sched/src/prefetch.rs"));
        assert_eq!(unsafe_lines, allowed, "{}", path.display());
    }
}

#[test]
fn the_core_reads_no_clock_and_opens_nothing() {
    let words =
        ["std::time", "std::net", "std::thread", "std::fs", "std::io", "SystemTime", "println!"];
    assert_absent(&CORE, &words);
}

#[test]
fn the_core_has_no_floats() {
    assert_absent(&CORE, &["f32", "f64"]);
}

#[test]
fn every_crate_is_no_std() {
    for (path, text) in sources(&CORE) {
        if path.ends_with("src/lib.rs") {
            assert!(text.contains("#![no_std]"), "{}", path.display());
        }
    }
}

#[test]
fn files_and_functions_fit_a_reader() {
    for (path, text) in sources(&CORE) {
        let lines = text.lines().count();
        assert!(lines <= FILE_LINES, "{}: {lines} lines", path.display());
        for (start, length) in functions(&text) {
            assert!(length <= FUNCTION_LINES, "{}:{start}: {length} lines", path.display());
        }
    }
}

/// Where each function begins and how many lines it has; formatted code closes it at its own indent.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut functions = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let bare = line.trim_start();
        let begins = ["fn ", "pub fn ", "pub(crate) fn ", "const fn ", "pub const fn "];
        if begins.iter().any(|begin| bare.starts_with(begin)) {
            let indent = &line[..line.len() - bare.len()];
            let closes = format!("{indent}}}");
            let signature = lines[index..].iter().position(|line| line.ends_with(['{', ';', '}']));
            let signature = signature.map_or(1, |last| last + 1);
            let body = lines[index + signature - 1..].iter().take_while(|line| **line != closes);
            let has_body = lines[index + signature - 1].ends_with('{');
            functions.push((index + 1, signature + if has_body { body.count() } else { 0 }));
        }
    }
    functions
}
