//! What the tests that need a C compiler share.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs `command` to its end, which must be a good one, and returns what it printed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{stdout}{stderr}", output.status);
    stdout.into_owned()
}

/// Whether `program` can be run. Where it cannot, says so past the test harness, which keeps what
/// good tests print to itself, and fails if nothing may be skipped.
pub(crate) fn is_installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        let hint = "to run it: apt-get install gcc g++ clang valgrind";
        let mut stderr = std::io::stderr();
        writeln!(stderr, "SKIPPED for want of {program}; {hint}").unwrap();
        assert!(env::var_os("LVS_REQUIRE_ALL").is_none(), "{program} is required; {hint}");
    }
    found
}
