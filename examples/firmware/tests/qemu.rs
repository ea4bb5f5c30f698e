//! The image in QEMU, on one link with a real keepalived, real servers and a client: it takes over,
//! forwards, resigns, and comes back.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use lvs_firmware::SITE;
use lvsd::lab::network::{INTERFACE, Network, accept_silently};
use lvsd::namespace::Namespace;
use lvsd::netlink::Interface;

/// Three intervals of a second and the longest skew, and what a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(30);
const QUERIES: usize = 20;

/// A machine that the image is built for.
struct Machine {
    target: &'static str,
    qemu: &'static str,
    /// What QEMU is told of it.
    options: &'static [&'static str],
    /// Its column in `docs/footprint.md`.
    column: usize,
}

#[test]
fn cortex_m4() {
    play(&Machine {
        target: "thumbv7em-none-eabihf",
        qemu: "qemu-system-arm",
        options: &["-machine", "mps2-an386", "-net", "nic,netdev=link,model=lan9118"],
        column: 2,
    });
}

#[test]
fn riscv() {
    play(&Machine {
        target: "riscv32imc-unknown-none-elf",
        qemu: "qemu-system-riscv32",
        options: &[
            "-machine",
            "virt",
            "-bios",
            "none",
            "-global",
            "virtio-mmio.force-legacy=false",
            "-device",
            "virtio-net-device,netdev=link",
        ],
        column: 3,
    });
}

fn play(machine: &Machine) {
    if let Some(obstacle) = obstacle(machine) {
        assert!(std::env::var_os("LVS_REQUIRE_ALL").is_none(), "{obstacle}");
        // Past the capture of test output, so that it is seen.
        let _ = writeln!(std::io::stderr(), "skipped: {obstacle}");
        return;
    }
    let image = build(machine);
    let mut network = Network::new().unwrap();
    let mut host = |last: &[u8]| {
        let addresses = last.iter().map(|last| (IpAddr::from([10, 8, 0, *last]), 24));
        network.add_host(&addresses.collect::<Vec<_>>()).unwrap()
    };
    let (port, keepalived, client) = (host(&[]), host(&[3]), host(&[7, 8]));
    for (name, server) in [("a", host(&[11])), ("b", host(&[12]))] {
        serve(name, server);
    }
    // The client's second address is the one that services with address translation see: what the
    // servers send there goes back through the gateway.
    ip(&client, &format!("route add {} dev {INTERFACE} src 10.8.0.8", SITE.virtual_address));

    let keepalived = Keepalived::start(machine, &keepalived);
    keepalived.expect_active(true);
    let mut firmware = Firmware::start(machine, &port, &image);
    firmware.expect("state Backup");
    firmware.expect("state Active");
    keepalived.expect_active(false);

    assert_served(&client, "10.8.0.7", 53);
    assert_served(&client, "10.8.0.8", 5000);
    assert_connected(&client);
    let report = firmware.report();
    assert_told(machine, "| RAM: tables", report["heap used"]);
    assert_told(machine, "| RAM: the stack", report["stack used"]);

    let resigned = Instant::now();
    firmware.type_in("d");
    firmware.expect("state Initialize");
    keepalived.expect_active(true);
    assert!(resigned.elapsed() < Duration::from_secs(3), "a resignation was sent");

    firmware.type_in("u");
    firmware.expect("state Backup");
    firmware.expect("state Active");
    keepalived.expect_active(false);
    assert_served(&client, "10.8.0.7", 53);
}

/// Why there can be no such test here.
fn obstacle(machine: &Machine) -> Option<String> {
    for (program, package) in [
        ("/usr/bin/rustc", "rustc-web rust-web-src"),
        ("ld.lld", "lld"),
        (machine.qemu, "qemu-system-arm qemu-system-misc"),
        ("keepalived", "keepalived"),
    ] {
        if Command::new(program).arg("--version").output().is_err() {
            return Some(format!("{program} is not there: apt-get install {package}"));
        }
    }
    Namespace::new().err().map(|error| format!("needs root: {error:#}"))
}

/// `docs/footprint.md` says so, within a tenth.
fn assert_told(machine: &Machine, row: &str, octets: u32) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/footprint.md");
    let page = fs::read_to_string(page).unwrap();
    let row = page.lines().find(|line| line.starts_with(row)).unwrap();
    let told: u32 = row.split('|').nth(machine.column).unwrap().replace(' ', "").parse().unwrap();
    assert!(octets.abs_diff(told) <= told / 10, "{octets}: {row}");
}

/// Builds the image for a machine; where it is.
fn build(machine: &Machine) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("build");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image");
    let mut command = Command::new(script);
    command.arg(machine.target).env("CARGO_TARGET_DIR", &directory);
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    let sizes = String::from_utf8_lossy(&output.stdout);
    let _ = write!(std::io::stderr(), "{sizes}");
    let text = sizes.lines().nth(1).and_then(|line| line.split_whitespace().next());
    assert_told(machine, "| flash", text.unwrap().parse().unwrap());
    directory.join(machine.target).join("firmware/firmware")
}

/// Makes a real server of a host: each of its answers is its name.
fn serve(name: &'static str, host: Arc<Namespace>) {
    accept_silently(&host, SITE.virtual_address.into()).unwrap();
    ip(&host, &format!("route add 10.8.0.8 via {}", SITE.address));
    let own = if name == "a" { "10.8.0.11" } else { "10.8.0.12" };
    let addresses = [(SITE.virtual_address.to_string(), 53), (own.to_owned(), 7000)];
    for (address, port) in addresses {
        let socket = host.run(|| Ok(UdpSocket::bind((address, port))?)).unwrap();
        thread::spawn(move || {
            let mut query = [0; 1500];
            while let Ok((_, client)) = socket.recv_from(&mut query) {
                socket.send_to(name.as_bytes(), client).unwrap();
            }
        });
    }
    let listener = host.run(|| Ok(TcpListener::bind((own, 8080))?)).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            stream.unwrap().write_all(name.as_bytes()).unwrap();
        }
    });
}

/// Each query is answered, and each server answers half of them. Each comes from a port of its own: a
/// second one from a port would go where the first one went.
fn assert_served(client: &Namespace, from: &str, port: u16) {
    static NEXT_PORT: AtomicU16 = AtomicU16::new(20_000);
    let ask = || {
        let socket = UdpSocket::bind((from, NEXT_PORT.fetch_add(1, Ordering::Relaxed)))?;
        socket.set_read_timeout(Some(Duration::from_secs(2)))?;
        socket.connect((SITE.virtual_address, port))?;
        socket.send(b"?")?;
        let mut answer = [0];
        socket.recv(&mut answer)?;
        Ok(answer)
    };
    let answers: Vec<_> = (0..QUERIES).map(|_| client.run(ask).unwrap()).collect();
    assert_eq!(answers.iter().filter(|answer| **answer == *b"a").count(), QUERIES / 2);
}

/// The same by TCP.
fn assert_connected(client: &Namespace) {
    let ask = || {
        let mut answer = String::new();
        let mut stream = TcpStream::connect((SITE.virtual_address, 80))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answers: String = (0..4).map(|_| client.run(ask).unwrap()).collect();
    assert!(answers == "abab" || answers == "baba", "{answers}");
}

fn ip(host: &Namespace, words: &str) {
    let mut command = Command::new("ip");
    command.args(words.split(' '));
    assert!(host.run(|| Ok(command.status()?)).unwrap().success(), "ip {words}");
}

/// The image in QEMU.
struct Firmware {
    child: Child,
    keyboard: ChildStdin,
    lines: Receiver<String>,
}

impl Firmware {
    /// Boots the image, its Ethernet on a bridge with the interface of `port`.
    fn start(machine: &Machine, port: &Namespace, image: &Path) -> Self {
        for words in [
            "link add fwbr0 type bridge mcast_snooping 0",
            "link set fwbr0 up",
            &format!("link set {INTERFACE} master fwbr0"),
            "tuntap add fwtap0 mode tap",
            "link set fwtap0 master fwbr0 up",
        ] {
            ip(port, words);
        }
        let mut command = Command::new(machine.qemu);
        command.args(machine.options);
        command.args(["-netdev", "tap,id=link,ifname=fwtap0,script=no,downscript=no"]);
        command.args(["-display", "none", "-monitor", "none", "-serial", "stdio"]);
        command.arg("-kernel").arg(image);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = port.run(|| Ok(command.spawn()?)).unwrap();
        let keyboard = child.stdin.take().unwrap();
        let screen = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(screen).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, keyboard, lines }
    }

    fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the next line, which must be `line`.
    fn expect(&self, line: &str) {
        assert_eq!(self.lines.recv_timeout(PATIENCE).as_deref(), Ok(line));
    }

    /// Shows what the device reports, and tells it by name.
    fn report(&mut self) -> HashMap<String, u32> {
        self.type_in("r");
        let mut report = HashMap::new();
        while !report.contains_key("replied") {
            let line = self.lines.recv_timeout(PATIENCE).unwrap();
            let _ = writeln!(std::io::stderr(), "{line}");
            let (name, number) = line.rsplit_once(' ').unwrap();
            report.insert(name.to_owned(), number.parse().unwrap());
        }
        report
    }
}

impl Drop for Firmware {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The real thing, of lower priority. Its state shows in its addresses.
struct Keepalived {
    child: Child,
    host: Arc<Namespace>,
}

impl Keepalived {
    fn start(machine: &Machine, host: &Arc<Namespace>) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(machine.target);
        fs::create_dir_all(&directory).unwrap();
        let configuration = directory.join("keepalived.conf");
        let text = format!(
            "vrrp_instance V {{\n  interface {INTERFACE}\n  version 3\n  virtual_router_id {}\n  \
             priority 100\n  advert_int 1\n  virtual_ipaddress {{\n    {}\n  }}\n}}\n",
            SITE.vrid, SITE.virtual_address
        );
        fs::write(&configuration, text).unwrap();
        let mut command = Command::new("keepalived");
        command.args(["--vrrp", "--dont-fork", "--log-console"]);
        command.arg("--use-file").arg(&configuration);
        command.arg("--pid").arg(directory.join("pid"));
        command.arg("--vrrp_pid").arg(directory.join("vrrp.pid"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = host.run(|| Ok(command.spawn()?)).unwrap();
        Self { child, host: Arc::clone(host) }
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
        interface.addresses.contains(&SITE.virtual_address.into())
    }
}

impl Drop for Keepalived {
    /// By SIGTERM, so that its children go as well.
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
