//! The C programs: the examples say what they should, and misuse harms nobody.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

mod common;
use common::{is_installed, root, run};

#[test]
fn example_pick() {
    assert_prints(
        "examples/c/pick.c",
        "192.0.2.1 -> 10.2.0.3 (weight 3, 1 active)\n\
         192.0.2.2 -> 10.2.0.2 (weight 2, 1 active)\n\
         192.0.2.3 -> 10.2.0.1 (weight 1, 1 active)\n\
         192.0.2.4 -> 10.2.0.3 (weight 3, 2 active)\n\
         192.0.2.5 -> 10.2.0.2 (weight 2, 2 active)\n\
         192.0.2.6 -> 10.2.0.3 (weight 3, 3 active)\n",
    );
}

#[test]
fn example_burst() {
    assert_prints(
        "examples/c/burst.c",
        "frame 0: send to 10.2.0.2 at 02:..:02\n\
         frame 1: send to 10.2.0.1 at 02:..:01\n\
         frame 2: outcome 3\n\
         IP Virtual Server version 1.2.1 (size=4096)\n\
         Prot LocalAddress:Port Scheduler Flags\n  \
         -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n\
         UDP  192.0.2.100:53 rr\n  \
         -> 10.2.0.1:53                  Route   1      0          1         \n  \
         -> 10.2.0.2:53                  Route   1      0          1         \n",
    );
}

#[test]
fn example_sync() {
    assert_prints(
        "examples/c/sync.c",
        "master: to 10.2.0.2\n\
         master: to 10.2.0.2\n\
         master: to 10.2.0.2\n\
         backup: of no connection\n\
         44 octets: 1 created, 0 updated\n\
         backup: to 10.2.0.2\n",
    );
}

#[test]
fn example_vrrp() {
    assert_prints(
        "examples/c/vrrp.c",
        "  Initialize -> Backup\n\
         3.609375 s\n  send an advert of priority 100, 46 octets\n  announce the address, 42 octets\n  \
         Backup -> Active\n\
         4.609375 s\n  send an advert of priority 100, 46 octets\n  announce the address, 42 octets\n\
         5.609375 s\n  send an advert of priority 100, 46 octets\n  announce the address, 42 octets\n  \
         send an advert of priority 0, 46 octets\n  Active -> Initialize\n",
    );
}

#[test]
fn two_routers_fail_over() {
    assert_prints(
        "lvs-ffi/tests/c/failover.c",
        " 0.000000 s  router 1: Initialize -> Backup\n \
         0.000000 s  router 2: Initialize -> Backup\n \
         3.218750 s  router 1: Backup -> Active\n\
         10.000000 s  router 1 is killed\n\
         12.828125 s  router 2: Backup -> Active\n",
    );
}

/// The programs of misuse, each of some functions.
const NOUNS: [&str; 19] = [
    "words",
    "frame",
    "pool",
    "service",
    "rules",
    "locals",
    "packets",
    "listing",
    "sync",
    "checker",
    "neighbors",
    "advert",
    "vrrp",
    "peers",
    "reload",
    "interface",
    "tracker",
    "snapshot",
    "engine",
];

#[test]
fn misuse_is_answered() {
    for noun in NOUNS {
        let source = format!("lvs-ffi/tests/c/{noun}.c");
        assert_prints(&source, "");
        assert_sound(&source);
    }
}

/// A function that none of them calls is in the header, but nobody knows whether it works.
#[test]
fn every_function_is_misused() {
    let read = |file: &str| fs::read_to_string(root().join(file)).unwrap();
    let programs = NOUNS.map(|noun| read(&format!("lvs-ffi/tests/c/{noun}.c"))).concat();
    let header = read("include/lvs.h");
    let functions: Vec<&str> = header.lines().filter_map(declared_function).collect();
    assert!(functions.contains(&"lvs_director_process_burst") && functions.len() > 90);
    for function in functions {
        assert!(programs.contains(&format!("{function}(")), "{function} is called nowhere");
    }
}

/// The function whose declaration begins in this line; what the program has to define is none.
fn declared_function(line: &str) -> Option<&str> {
    let (head, _) = line.split_once('(')?;
    let (kind, name) = head.rsplit_once([' ', '*'])?;
    let is_kind = kind.starts_with(|c: char| c.is_ascii_lowercase())
        && !kind.starts_with("typedef")
        && !kind.starts_with("extern");
    (is_kind && name.starts_with("lvs_")).then_some(name)
}

/// Compiles the program against the static library, runs it and compares what it prints.
fn assert_prints(source: &str, expected: &str) {
    if is_installed("cc") {
        assert_eq!(run(&mut Command::new(compile(source, "", &[]))), expected);
    }
}

/// Runs the program where an octet too many is an error: under valgrind, and with a sanitizer.
fn assert_sound(source: &str) {
    if is_installed("valgrind") && is_installed("cc") {
        let options = ["--quiet", "--error-exitcode=1", "--leak-check=full"];
        run(Command::new("valgrind").args(options).arg(compile(source, "", &[])));
    }
    if is_installed("gcc") {
        let sanitizer = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
        run(&mut Command::new(compile(source, "-sanitized", &sanitizer)));
    }
}

/// The program of a source and the static library.
fn compile(source: &str, suffix: &str, options: &[&str]) -> PathBuf {
    let source = root().join(source);
    let name = source.file_stem().unwrap().to_str().unwrap();
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}{suffix}"));
    run(Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-g"])
        .args(options)
        .arg("-I")
        .arg(root().join("include"))
        .arg(&source)
        .arg(library())
        .args(NATIVE_LIBRARIES)
        .arg("-o")
        .arg(&program));
    program
}

/// What the standard library needs, for C libraries that do not have it all in one.
const NATIVE_LIBRARIES: [&str; 3] = ["-lpthread", "-lm", "-ldl"];

/// The static library that cargo built along with this test.
fn library() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.with_file_name("liblvs.a")
}
