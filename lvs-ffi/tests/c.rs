//! The C programs: the examples say what they should, and misuse harms nobody.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

mod common;
use common::{is_installed, root, run};

#[test]
fn example_scheduler() {
    assert_prints(
        "examples/c/scheduler.c",
        "192.0.2.1 -> 10.2.0.3 (weight 3, 1 active)\n\
         192.0.2.2 -> 10.2.0.2 (weight 2, 1 active)\n\
         192.0.2.3 -> 10.2.0.1 (weight 1, 1 active)\n\
         192.0.2.4 -> 10.2.0.3 (weight 3, 2 active)\n\
         192.0.2.5 -> 10.2.0.2 (weight 2, 2 active)\n\
         192.0.2.6 -> 10.2.0.3 (weight 3, 3 active)\n",
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

#[test]
fn misuse_is_answered() {
    assert_prints("lvs-ffi/tests/c/misuse.c", "every misuse was answered\n");
}

/// Compiles the program against the static library, runs it and compares what it prints.
fn assert_prints(source: &str, expected: &str) {
    if !is_installed("cc") {
        return;
    }
    let source = root().join(source);
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(source.file_stem().unwrap());
    run(Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-g", "-I"])
        .arg(root().join("include"))
        .arg(&source)
        .arg(library())
        .args(NATIVE_LIBRARIES)
        .arg("-o")
        .arg(&program));
    assert_eq!(run(&mut Command::new(program)), expected);
}

/// What the standard library needs, for C libraries that do not have it all in one.
const NATIVE_LIBRARIES: [&str; 3] = ["-lpthread", "-lm", "-ldl"];

/// The static library that cargo built along with this test.
fn library() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.with_file_name("liblvs.a")
}
