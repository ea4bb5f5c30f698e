//! `lvsd run` from the outside: its rules, and its table.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use lvsd::lab::network::{INTERFACE, Network};
use lvsd::namespace::Namespace;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Two real servers, direct routing, round robin.
const RULES: &str = "\
-A -t 192.168.214.140:80 -s rr
-a -t 192.168.214.140:80 -r 192.168.214.143:80 -g -w 1
-a -t 192.168.214.140:80 -r 192.168.214.145:80 -g -w 1
";

/// Their listing; the columns are padded to the end of the line \[OUT-1\].
const LISTING: [&str; 6] = [
    "IP Virtual Server version 1.2.1 (size=4096)",
    "Prot LocalAddress:Port Scheduler Flags",
    "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn",
    "TCP  192.168.214.140:80 rr",
    "  -> 192.168.214.143:80           Route   1      0          0         ",
    "  -> 192.168.214.145:80           Route   1      0          0         ",
];

fn rules_file(name: &str, rules: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, rules).unwrap();
    path
}

fn lvsd_run(rules: &PathBuf) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lvsd"));
    command.args(["run", "--iface", INTERFACE, "--priority", "255", "--rules"]).arg(rules);
    command
}

#[test]
fn a_rule_that_is_not_understood_is_named_by_line_and_word() {
    let cases = [
        ("-A -t 192.0.2.100:80 -s rr\n-A -t 192.0.2.100:81 -s best\n", "line 2", "`best`"),
        ("# fine\n\n-A -t 192.0.2.300:80\n", "line 3", "`192.0.2.300:80`"),
        ("-A -t 192.0.2.100:80 --loud\n", "line 1", "`--loud`"),
        ("-A -t 192.0.2.1:80\n-a -t 192.0.2.1:80 -r 10.0.0.1 -w -1\n", "line 2", "`-1`"),
        ("-A -t 192.0.2.1:80\n-A -t 192.0.2.1:80\n", "line 2", "exists"),
    ];
    for (number, (rules, line, word)) in cases.into_iter().enumerate() {
        let rules = rules_file(&format!("bad-{number}"), rules);
        let mut command = lvsd_run(&rules);
        // Rules are applied before the interface is looked for, so none is needed.
        let output = command.output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(message.contains(line) && message.contains(word), "{message}");
    }
}

/// Whether namespaces may be made; if not, says so past the capture of test output.
fn permitted() -> bool {
    let Err(error) = Namespace::new() else { return true };
    let obstacle = format!("network namespaces need root: {error:#}");
    assert!(std::env::var_os("LVS_REQUIRE_ALL").is_none(), "{obstacle}");
    let _ = writeln!(std::io::stderr(), "skipped: {obstacle}");
    false
}

/// A host that may be a director, and the namespaces that it needs.
fn director_host() -> (Network, Arc<Namespace>) {
    let mut network = Network::new().unwrap();
    let host = network.add_host(&[("192.168.214.141".parse().unwrap(), 24)]).unwrap();
    (network, host)
}

#[test]
fn a_director_goes_on_when_nobody_listens_any_more() {
    if !permitted() {
        return;
    }
    let (_network, host) = director_host();
    let mut command = lvsd_run(&rules_file("unheard", RULES));
    let mut child = host.run(|| Ok(command.stdout(Stdio::piped()).spawn()?)).unwrap();
    let process = Pid::from_raw(child.id().try_into().unwrap());
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    drop(output);
    kill(process, Signal::SIGUSR1).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert_eq!(child.try_wait().unwrap(), None, "it still runs");
    kill(process, Signal::SIGTERM).unwrap();
    assert!(child.wait().unwrap().success(), "and resigns");
}

#[test]
fn the_table_is_printed_as_ipvsadm_would() {
    if !permitted() {
        return;
    }
    let (_network, host) = director_host();
    let rules = rules_file("s1", RULES);
    let mut command = lvsd_run(&rules);
    let mut child = host.run(|| Ok(command.stdout(Stdio::piped()).spawn()?)).unwrap();
    let process = Pid::from_raw(child.id().try_into().unwrap());
    let mut output = BufReader::new(child.stdout.take().unwrap());

    let mut state = String::new();
    output.read_line(&mut state).unwrap();
    assert!(state.contains("\"MASTER\""), "{state}");
    kill(process, Signal::SIGUSR1).unwrap();
    for expected in LISTING {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end_matches('\n'), expected);
    }
    kill(process, Signal::SIGTERM).unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("\"INIT\"") && child.wait().unwrap().success(), "{rest}");
}
