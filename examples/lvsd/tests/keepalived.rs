//! `lvsd vrrp` and a real keepalived on one link: each takes over from the other and yields to it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use lvsd::lab::network::{INTERFACE, Network};
use lvsd::namespace::Namespace;
use lvsd::netlink::{self, Interface};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// One kind of virtual router.
struct Case {
    name: &'static str,
    version: u8,
    hosts: [(&'static str, u8); 2],
    virtual_addresses: &'static [&'static str],
    /// Of ours, and of keepalived, beyond the defaults.
    options: &'static [&'static str],
    keywords: &'static str,
}

const V2: Case = Case {
    name: "v2",
    version: 2,
    hosts: [("10.9.0.1", 24), ("10.9.0.2", 24)],
    virtual_addresses: &["10.9.0.100"],
    options: &[],
    keywords: "",
};

const V3: Case = Case { name: "v3", version: 3, ..V2 };

const V3_IPV6: Case = Case {
    name: "v3-ipv6",
    version: 3,
    hosts: [("fe80::1", 64), ("fe80::2", 64)],
    virtual_addresses: &["fe80::100", "2001:db8::100"],
    ..V2
};

const PASSWORD: Case = Case {
    name: "password",
    options: &["--auth-pass", "secret"],
    keywords: "authentication {\n auth_type PASS\n auth_pass secret\n }",
    ..V2
};

const HEADER: Case = Case {
    name: "header",
    options: &["--auth-header", "secret"],
    keywords: "authentication {\n auth_type AH\n auth_pass secret\n }",
    ..V2
};

const PEERS: Case = Case {
    name: "peers",
    options: &["--unicast-peer", "10.9.0.2"],
    keywords: "unicast_src_ip 10.9.0.2\n unicast_peer {\n 10.9.0.1\n }",
    ..V3
};

const PEERS_HEADER: Case = Case {
    name: "peers-header",
    options: &["--unicast-peer", "10.9.0.2", "--auth-header", "secret"],
    keywords: "unicast_src_ip 10.9.0.2\n unicast_peer {\n 10.9.0.1\n }
        authentication {\n auth_type AH\n auth_pass secret\n }",
    ..V2
};

const PEERS_IPV6: Case = Case {
    name: "peers-ipv6",
    options: &["--unicast-peer", "fe80::2", "--profile", "keepalived"],
    keywords: "unicast_src_ip fe80::2\n unicast_peer {\n fe80::1\n }",
    ..V3_IPV6
};

/// Three intervals of a second and the longest skew, and what a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(7);

#[test]
fn v2_ipv4() {
    play(&V2);
}

#[test]
fn v3_ipv4() {
    play(&V3);
}

#[test]
fn v3_ipv6() {
    play(&V3_IPV6);
}

#[test]
fn passwords() {
    play(&PASSWORD);
}

#[test]
fn authentication_headers() {
    play(&HEADER);
}

#[test]
fn peers() {
    play(&PEERS);
}

#[test]
fn peers_with_authentication_headers() {
    play(&PEERS_HEADER);
}

#[test]
fn peers_ipv6() {
    play(&PEERS_IPV6);
}

fn play(case: &Case) {
    if let Some(obstacle) = obstacle() {
        assert!(std::env::var_os("LVS_REQUIRE_ALL").is_none(), "{obstacle}");
        // Past the capture of test output, so that it is seen.
        let _ = writeln!(std::io::stderr(), "skipped: {obstacle}");
        return;
    }
    let mut network = Network::new().unwrap();
    let [ours, theirs] = case.hosts.map(|(address, prefix)| {
        network.add_host(&[(address.parse::<IpAddr>().unwrap(), prefix)]).unwrap()
    });

    // keepalived is Active; it falls silent, and we take over.
    let keepalived = Keepalived::start(case, &theirs, 150);
    keepalived.expect_active(true);
    let lvsd = Lvsd::start(case, &ours, 100);
    lvsd.expect("BACKUP");
    thread::sleep(Duration::from_secs(4));
    assert!(lvsd.states.try_recv().is_err(), "an Active router of higher priority is heard");
    keepalived.cut_off();
    lvsd.expect("MASTER");

    // It comes back, and we yield.
    let keepalived = Keepalived::start(case, &theirs, 150);
    lvsd.expect("BACKUP");
    keepalived.expect_active(true);

    // We come back with a higher priority, and it yields.
    drop(lvsd);
    let mut lvsd = Lvsd::start(case, &ours, 200);
    lvsd.expect("BACKUP");
    lvsd.expect("MASTER");
    keepalived.expect_active(false);

    // We resign, and it need not wait for more than its skew.
    let resigned = Instant::now();
    signal(&lvsd.child.id().to_string(), Signal::SIGTERM);
    lvsd.expect("INIT");
    keepalived.expect_active(true);
    assert!(resigned.elapsed() < Duration::from_millis(1_500), "a resignation was sent");
    assert!(lvsd.child.wait().unwrap().success());
}

/// Why there can be no play here.
fn obstacle() -> Option<String> {
    let keepalived = Command::new("keepalived").arg("--version").output();
    if keepalived.is_err() {
        return Some("keepalived is not installed: apt-get install keepalived".into());
    }
    Namespace::new().err().map(|error| format!("needs root: {error:#}"))
}

/// Our daemon, and the states that it has told of.
struct Lvsd {
    child: Child,
    states: Receiver<String>,
}

impl Lvsd {
    fn start(case: &Case, host: &Namespace, priority: u8) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lvsd"));
        command.args(["vrrp", "--iface", INTERFACE, "--vrid", "51", "--advert-cs", "100"]);
        command.args(["--priority", &priority.to_string(), "--version", &case.version.to_string()]);
        command.args(["--src", case.hosts[0].0, "--vip", &case.virtual_addresses.join(",")]);
        command.args(case.options);
        let mut child = host.run(|| Ok(command.stdout(Stdio::piped()).spawn()?)).unwrap();
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

    /// Waits for the next change of state, which must be to `state`.
    fn expect(&self, state: &str) {
        assert_eq!(self.states.recv_timeout(PATIENCE).as_deref(), Ok(state));
    }
}

impl Drop for Lvsd {
    fn drop(&mut self) {
        signal(&self.child.id().to_string(), Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

/// The real thing. Its state shows in its addresses.
struct Keepalived {
    child: Child,
    host: Arc<Namespace>,
    virtual_address: IpAddr,
    directory: PathBuf,
}

impl Keepalived {
    fn start(case: &Case, host: &Arc<Namespace>, priority: u8) -> Self {
        // Other packages have their own files there.
        let name = format!("keepalived-{}", case.name);
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&directory).unwrap();
        let configuration = directory.join("keepalived.conf");
        fs::write(&configuration, keepalived_configuration(case, priority)).unwrap();
        let mut command = Command::new("keepalived");
        command.args(["--vrrp", "--dont-fork", "--log-console"]);
        command.arg("--use-file").arg(&configuration);
        command.arg("--pid").arg(directory.join("pid"));
        command.arg("--vrrp_pid").arg(directory.join("vrrp.pid"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = host.run(|| Ok(command.spawn()?)).unwrap();
        let virtual_address = case.virtual_addresses[0].parse().unwrap();
        Self { child, host: Arc::clone(host), virtual_address, directory }
    }

    /// Waits until it is Active, or is not.
    fn expect_active(&self, active: bool) {
        let deadline = Instant::now() + PATIENCE;
        while self.is_active() != active {
            assert!(Instant::now() < deadline, "keepalived did not become active={active}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn is_active(&self) -> bool {
        let interface = self.host.run(|| Interface::named(INTERFACE)).unwrap();
        interface.addresses.contains(&self.virtual_address)
    }

    /// Ends it as a power cut would: its VRRP process first, which would say goodbye, and with
    /// the addresses that it leaves behind.
    fn cut_off(mut self) {
        for file in ["vrrp.pid", "pid"] {
            let process = fs::read_to_string(self.directory.join(file)).unwrap();
            signal(process.trim(), Signal::SIGKILL);
        }
        self.child.wait().unwrap();
        let address = (self.virtual_address, if self.virtual_address.is_ipv4() { 32 } else { 128 });
        self.host.run(|| netlink::remove(Interface::named(INTERFACE)?.index, &[address])).unwrap();
    }
}

impl Drop for Keepalived {
    fn drop(&mut self) {
        signal(&self.child.id().to_string(), Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

fn signal(process: &str, signal: Signal) {
    let _ = kill(Pid::from_raw(process.parse().unwrap()), signal);
}

fn keepalived_configuration(case: &Case, priority: u8) -> String {
    let mut addresses = String::new();
    for address in case.virtual_addresses {
        let _ = writeln!(addresses, "    {address}");
    }
    format!(
        "vrrp_instance V {{\n  interface {INTERFACE}\n  version {version}\n  virtual_router_id 51\n  \
         priority {priority}\n  advert_int 1\n  virtual_ipaddress {{\n{addresses}  }}\n{keywords}\n}}\n",
        version = case.version,
        keywords = case.keywords,
    )
}
