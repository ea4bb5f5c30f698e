//! keepalived's configurations, given to the daemons: to keepalived itself, which is to take them
//! as we do, and to `lvsd`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lvsd::lab::network::Network;
use lvsd::namespace::Namespace;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

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
    assert!(output.status.success(), "{said}");
    for expected in [
        "s3-master.conf:8 notification_email_from: ignored: no mail is sent\n",
        "s3-master.conf:21 authentication: used\n",
        "31 used, 7 ignored, 0 unsupported, 0 wrong\n",
    ] {
        assert!(said.contains(expected), "{said}");
    }

    let output = lvsd(&["check", "--config"], &path("s3-wlc")).output().unwrap();
    assert!(!output.status.success());

    let unclosed = written("unclosed", "vrrp_instance VI_1 {\n  state MASTER\n");
    let output = lvsd(&["check", "--config"], &unclosed).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("line 1: this block is never closed"), "{said}");
}

const RUNNING: &str = "! S3
vrrp_instance VI_1 {
    state MASTER
    interface eth0
    virtual_router_id 51
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress { 192.168.2.100 }
}
virtual_server 192.168.2.100 80 {
    lb_algo wrr
    lb_kind DR
    protocol TCP
    persistence_timeout 60
    real_server 192.168.2.79 80 { weight 3 }
    real_server 192.168.2.80 80 { weight 3 }
}
";

const LISTING: [&str; 6] = [
    "IP Virtual Server version 1.2.1 (size=4096)",
    "Prot LocalAddress:Port Scheduler Flags",
    "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn",
    "TCP  192.168.2.100:80 wrr persistent 60",
    "  -> 192.168.2.79:80              Route   3      0          0",
    "  -> 192.168.2.80:80              Route   3      0          0",
];

/// A process that does not outlive a test that fails.
struct Running(Child);

impl Running {
    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().try_into().unwrap()), signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_configuration_runs() {
    let Some((_network, host)) = host(false) else { return };
    let mut command = lvsd(&["keepalived", "--config"], &written("running", RUNNING));
    let mut lvsd = Running(host.run(|| Ok(command.stdout(Stdio::piped()).spawn()?)).unwrap());
    let mut lines = BufReader::new(lvsd.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("\"MASTER\""));
    lvsd.signal(Signal::SIGUSR1);
    for expected in LISTING {
        assert_eq!(lines.next().unwrap().trim_end(), expected);
    }
    lvsd.signal(Signal::SIGTERM);
    assert!(lines.any(|line| line.contains("\"INIT\"")));
    assert!(lvsd.0.wait().unwrap().success());
}

/// Packets are translated, and a server that refuses connections is not in the table.
#[test]
fn a_server_that_refuses_connections_is_taken_out() {
    let Some((mut network, host)) = host(false) else { return };
    let servers =
        [79, 80].map(|last| network.add_host(&[([192, 168, 2, last].into(), 24)]).unwrap());
    let listener = servers[1].run(|| Ok(std::net::TcpListener::bind("192.168.2.80:8080")?));
    let check = "{ weight 3\nTCP_CHECK {\nretry 0\n}\n}";
    let text = RUNNING
        .replace("lb_kind DR", "lb_kind NAT\ndelay_loop 0.2")
        .replace("80 { weight 3 }", &format!("8080 {check}"));
    let mut command = lvsd(&["keepalived", "--config"], &written("checked", &text));
    let mut lvsd = Running(host.run(|| Ok(command.stdout(Stdio::piped()).spawn()?)).unwrap());
    let mut lines = BufReader::new(lvsd.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let out = lines.find(|line| line.contains("real_server")).unwrap();
    assert!(out.contains("\"real_server\":\"192.168.2.79:8080\""), "{out}");
    assert!(out.contains("\"up\":false"), "{out}");
    lvsd.signal(Signal::SIGUSR1);
    let listing: Vec<String> = lines.by_ref().take(5).collect();
    assert!(listing[4].starts_with("  -> 192.168.2.80:8080            Masq    3"), "{listing:#?}");
    drop(listener);
    assert!(lines.any(|line| line.contains("\"192.168.2.80:8080\",\"service\"")));
    lvsd.signal(Signal::SIGTERM);
    assert!(lvsd.0.wait().unwrap().success());
}

/// What keepalived sends of a file is what `lvsd` expects of the same file: it listens as long as
/// keepalived is there, and takes over then.
#[test]
fn one_file_serves_keepalived_and_lvsd() {
    let Some((mut network, ours)) = host(true) else { return };
    let theirs = network.add_host(&[("192.168.2.109".parse().unwrap(), 24)]).unwrap();
    let ours_text = RUNNING.replace("state MASTER", "state BACKUP");
    let theirs_text = ours_text.replace("state BACKUP", "state BACKUP\npriority 150");
    let files = [written("ours", &ours_text), written("theirs", &theirs_text)];

    let mut command = Command::new("keepalived");
    command.args(["--dont-fork", "--vrrp", "--log-console", "--use-file"]).arg(&files[1]);
    for (option, extension) in [("--pid", "pid"), ("--vrrp_pid", "vrrp.pid")] {
        command.arg(option).arg(files[1].with_extension(extension));
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let keepalived = Running(theirs.run(|| Ok(command.spawn()?)).unwrap());
    let mut command = lvsd(&["keepalived", "--config"], &files[0]);
    let mut lvsd = Running(ours.run(|| Ok(command.stdout(Stdio::piped()).spawn()?)).unwrap());
    let mut lines = BufReader::new(lvsd.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut state = || serde_json::from_str::<serde_json::Value>(&lines.next().unwrap()).unwrap();
    assert_eq!(state()["state"], "BACKUP");
    // Longer than a router that hears nothing would wait.
    std::thread::sleep(Duration::from_secs(6));
    let gone = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    keepalived.signal(Signal::SIGTERM);
    let change = state();
    assert_eq!(change["state"], "MASTER");
    assert!(change["time"].as_f64().unwrap() >= gone, "it waited: {change}");
}

#[test]
fn what_is_not_followed_does_not_run_unless_told() {
    let output = lvsd(&["keepalived", "--config"], &path("s3-wlc")).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("s3-wlc.conf:28 sorry_server: unsupported"), "{said}");
    assert!(said.contains("--anyway"), "{said}");
}

/// S3: they run as they stand, but for what is not followed in two of them.
#[test]
fn s3_files_run() {
    let addresses = [
        ("s3-master", [61, 164, 122, 6]),
        ("s3-backup", [61, 164, 122, 7]),
        ("s3-wlc", [192, 168, 2, 109]),
        ("s3-sync-group", [192, 168, 2, 108]),
    ];
    let Some((mut network, _)) = host(false) else { return };
    for (name, address) in addresses {
        let host = network.add_host(&[(address.into(), 24)]).unwrap();
        let mut command = lvsd(&["keepalived", "--anyway", "--config"], &path(name));
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut lvsd = Running(host.run(|| Ok(command.spawn()?)).unwrap());
        let mut lines = BufReader::new(lvsd.0.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.next().unwrap().contains("\"BACKUP\""), "{name}");
        lvsd.signal(Signal::SIGTERM);
        assert!(lines.any(|line| line.contains("\"INIT\"")), "{name}");
        assert!(lvsd.0.wait().unwrap().success(), "{name}");
    }
}
