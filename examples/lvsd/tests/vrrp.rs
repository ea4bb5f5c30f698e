//! `lvsd vrrp` among its like: what the options do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use lvsd::lab::network::{INTERFACE, Network};
use lvsd::namespace::Namespace;
use lvsd::netlink;
use rtnetlink::LinkUnspec;

/// Three intervals of a fifth of a second and the skew, and what a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(5);

const KEYS: [&str; 2] = ["0123456789abcdef0123456789abcdef", "another key of 32 octets: abcdef"];

/// A network with so many hosts, unless that cannot be had; then says so past the capture of test
/// output.
fn hosts(count: u8) -> Option<(Network, Vec<Arc<Namespace>>)> {
    if let Err(error) = Namespace::new() {
        assert!(std::env::var_os("LVS_REQUIRE_ALL").is_none(), "{error:#}");
        let _ = writeln!(std::io::stderr(), "skipped: network namespaces need root: {error:#}");
        return None;
    }
    let mut network = Network::new().unwrap();
    let hosts = (1..=count).map(|last| network.add_host(&[([10, 9, 0, last].into(), 24)]).unwrap());
    let hosts = hosts.collect();
    Some((network, hosts))
}

/// The daemon, and the states that it has told of.
struct Lvsd {
    child: Child,
    states: Receiver<String>,
}

impl Lvsd {
    fn start(host: &Namespace, options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lvsd"));
        command.args(["vrrp", "--iface", INTERFACE, "--vip", "10.9.0.100", "--advert-cs", "20"]);
        command.args(options).stdout(Stdio::piped());
        let mut child = host.run(|| Ok(command.spawn()?)).unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, states) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let line: serde_json::Value = serde_json::from_str(&line).unwrap();
                if sender.send(line["state"].as_str().unwrap().to_owned()).is_err() {
                    break;
                }
            }
        });
        Self { child, states }
    }

    /// Waits for the next changes of state, which must be to `states`.
    fn expect(&self, states: &[&str]) {
        for state in states {
            assert_eq!(self.states.recv_timeout(PATIENCE).as_deref(), Ok(*state));
        }
    }

    /// Waits for as long as it takes to miss an Active router, in which nothing may change.
    fn expect_nothing(&self) {
        let change = self.states.recv_timeout(Duration::from_secs(2));
        assert_eq!(change, Err(RecvTimeoutError::Timeout));
    }
}

impl Drop for Lvsd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn set_loopback(host: &Namespace, up: bool) {
    let link = LinkUnspec::new_with_name("lo");
    let link = if up { link.up() } else { link.down() }.build();
    host.run(|| netlink::run(async |handle| Ok(handle.link().set(link).execute().await?))).unwrap();
}

/// a router does not run without an interface that it depends on, and counts for less without
/// one that weighs.
#[test]
fn tracked_interfaces() {
    let Some((_network, hosts)) = hosts(2) else { return };
    let first = Lvsd::start(&hosts[0], &["--priority", "100", "--track-interface", "lo:-50"]);
    first.expect(&["BACKUP", "MASTER"]);
    let second = Lvsd::start(&hosts[1], &["--priority", "90", "--track-interface", "lo"]);
    second.expect(&["BACKUP"]);
    second.expect_nothing();

    set_loopback(&hosts[0], false);
    second.expect(&["MASTER"]);
    first.expect(&["BACKUP"]);
    set_loopback(&hosts[1], false);
    second.expect(&["FAULT"]);
    first.expect(&["MASTER"]);
    set_loopback(&hosts[1], true);
    second.expect(&["BACKUP", "MASTER"]);
    first.expect(&["BACKUP"]);
    set_loopback(&hosts[0], true);
    first.expect(&["MASTER"]);
    second.expect(&["BACKUP"]);
}

/// W-37: who has another key is not heard.
#[test]
fn trailers() {
    let Some((_network, hosts)) = hosts(3) else { return };
    let of = |key, priority| ["--auth-hmac", key, "--priority", priority];
    let first = Lvsd::start(&hosts[0], &of(KEYS[0], "150"));
    first.expect(&["BACKUP", "MASTER"]);
    let second = Lvsd::start(&hosts[1], &of(KEYS[0], "100"));
    second.expect(&["BACKUP"]);
    second.expect_nothing();
    let stranger = Lvsd::start(&hosts[2], &of(KEYS[1], "200"));
    stranger.expect(&["BACKUP", "MASTER"]);
    first.expect_nothing();
    drop(first);
    second.expect(&["MASTER"]);
}

/// an Active router of lower priority is left alone, for good or for a while.
#[test]
fn preemption() {
    let Some((_network, hosts)) = hosts(3) else { return };
    let lower = Lvsd::start(&hosts[0], &["--priority", "50", "--group", "224.0.0.19"]);
    lower.expect(&["BACKUP", "MASTER"]);
    let options = ["--priority", "150", "--group", "224.0.0.19"];
    let patient = Lvsd::start(&hosts[1], &[&options[..], &["--no-preempt"]].concat());
    patient.expect(&["BACKUP"]);
    patient.expect_nothing();
    let later = Lvsd::start(&hosts[2], &[&options[..], &["--preempt-delay", "3"]].concat());
    later.expect(&["BACKUP"]);
    later.expect_nothing();
    later.expect(&["MASTER"]);
    lower.expect(&["BACKUP"]);
    patient.expect_nothing();
}
