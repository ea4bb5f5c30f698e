//! keepalived's configurations, given to the daemons: to keepalived itself, which is to take them
//! as we do, and to `lvsd`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use lvsd::lab::network::Network;
use lvsd::namespace::Namespace;

/// The files, and what keepalived 2.2 complains of.
const FILES: [(&str, &[&str]); 6] = [
    ("s3-master", &["lvs_sync_daemon", "'nb_get_retry'"]),
    ("s3-backup", &["lvs_sync_daemon", "'nb_get_retry'"]),
    ("s3-wlc", &["'nat_mask'", "nb_get_retry is deprecated"]),
    ("s3-sync-group", &["since own interface", "due to SYNC group"]),
    ("ipv6", &[]),
    ("groups", &[]),
];

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/keepalived_conf", &format!("{name}.conf")].iter().collect()
}

/// A host with an `eth0`, unless that or the programs it is for cannot be had; then says so past the
/// capture of test output.
fn host(with_keepalived: bool) -> Option<(Network, Arc<Namespace>)> {
    let keepalived = Command::new("keepalived").arg("--version").output();
    let obstacle = match (keepalived, Namespace::new()) {
        (Err(_), _) if with_keepalived => {
            "keepalived is not installed: apt-get install keepalived".into()
        }
        (_, Err(error)) => format!("network namespaces need root: {error:#}"),
        _ => {
            let mut network = Network::new().unwrap();
            let host = network.add_host(&[("192.168.2.108".parse().unwrap(), 24)]).unwrap();
            return Some((network, host));
        }
    };
    assert!(std::env::var_os("LVS_REQUIRE_ALL").is_none(), "{obstacle}");
    let _ = writeln!(std::io::stderr(), "skipped: {obstacle}");
    None
}

/// What keepalived says of a file, without its time stamps.
fn keepalived_on(host: &Namespace, file: &Path) -> Vec<String> {
    let mut command = Command::new("keepalived");
    command.args(["--dont-fork", "--log-console", "--config-test", "--use-file"]).arg(file);
    let output = host.run(|| Ok(command.output()?)).unwrap();
    assert!(output.status.code().is_some(), "{}: {}", file.display(), output.status);
    let said =
        String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap();
    said.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

#[test]
fn keepalived_takes_the_files() {
    let Some((_network, host)) = host(true) else { return };
    for (name, complaints) in FILES {
        for said in keepalived_on(&host, &path(name)) {
            let expected = complaints.iter().any(|complaint| said.contains(complaint));
            assert!(expected, "{name}: {said}");
        }
    }
}

/// Each line of the file that says so is one that keepalived complains of.
#[test]
fn keepalived_finds_the_marked_lines_wrong() {
    let Some((_network, host)) = host(true) else { return };
    let text = fs::read_to_string(path("wrong")).unwrap();
    let marked = (1..).zip(text.lines()).filter(|(_, line)| line.ends_with("# wrong"));
    let marked: BTreeSet<usize> = marked.map(|(number, _)| number).collect();
    let said = keepalived_on(&host, &path("wrong"));
    let line = |said: &String| said.split_once("Line ")?.1.split_once(')')?.0.parse().ok();
    let theirs: BTreeSet<usize> = said.iter().filter_map(line).collect();
    assert_eq!(theirs, marked, "{said:#?}");
}

fn lvsd(arguments: &[&str], file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lvsd"));
    command.args(arguments).arg(file);
    command
}

fn written(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.conf"));
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn check_prints_a_line_for_each_statement_and_fails_if_one_is_not_followed() {
    let output = lvsd(&["check", "--config"], &path("ipv6")).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("ipv6.conf:5 priority: used\n"), "{said}");
    assert!(said.ends_with("31 used, 0 ignored, 0 unsupported, 0 wrong\n"), "{said}");

    let output = lvsd(&["check", "--config"], &path("s3-master")).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success());
    for expected in [
        "s3-master.conf:8 notification_email_from: ignored: no mail is sent\n",
        "s3-master.conf:21 authentication: unsupported: adverts carry no authentication\n",
        "19 used, 6 ignored, 3 unsupported, 0 wrong\n",
    ] {
        assert!(said.contains(expected), "{said}");
    }

    let unclosed = written("unclosed", "vrrp_instance VI_1 {\n  state MASTER\n");
    let output = lvsd(&["check", "--config"], &unclosed).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("line 1: this block is never closed"), "{said}");
}
