//! What a master announces, against what a kernel sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod common;
mod sync_kit;

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use common::apply;
use lvs_proto::sync::{ConnFlags, Message, MessageBuffer, StateNumber, SyncRecord, Version};
use lvs_proto::{AddressPair, Decide, Flow, Instant, Method, Protocol, TcpFlags, Verdict};
use lvs_sched::{
    Conn, ConnKey, Director, DirectorConfig, Profile, SyncFacts, SyncMaster, SyncOutbox,
    SyncOutboxConfig, SyncPolicy, SyncState,
};
use sync_kit::{
    Value, address, datagram, moment, number, port, protocol, recordings, records, state_number,
    text, tick,
};

/// A director, and a master that looks on: all it knows of connections is what anyone can see.
struct Master {
    policy: SyncPolicy,
    director: Director,
    known: HashMap<ConnKey, (SyncState, u32)>,
    mark: u32,
    outbox: SyncOutbox,
}

impl Master {
    fn new(version: Version) -> Self {
        let config = DirectorConfig { profile: Profile::Linux6_1_183, ..DirectorConfig::default() };
        let outbox = SyncOutboxConfig { version, sync_id: 77, ..SyncOutboxConfig::default() };
        Self {
            policy: SyncPolicy { version, ..SyncPolicy::default() },
            director: Director::new(config).unwrap(),
            known: HashMap::new(),
            mark: 0,
            outbox: SyncOutbox::new(outbox).unwrap(),
        }
    }

    fn conn(&self, key: ConnKey) -> &Conn {
        self.director.conns().find(|conn| *conn.key() == key).unwrap()
    }

    fn flags(&self, key: ConnKey) -> ConnFlags {
        let conn = self.conn(key);
        let mut flags = ConnFlags::of_method(conn.hop().method);
        for (is_set, flag) in [
            (conn.hop().method != Method::Nat, ConnFlags::NO_OUTPUT),
            (!conn.state().is_active(), ConnFlags::INACTIVE),
            (key.template, ConnFlags::TEMPLATE),
        ] {
            if is_set {
                flags = flags.with(flag);
            }
        }
        flags
    }

    fn state(&self, key: ConnKey) -> StateNumber {
        state_number(&self.conn(key).state().to_string())
    }

    fn packet(&mut self, now: Instant, flow: &Flow) {
        self.mark = flow.mark;
        let Verdict::Forward(_) = self.director.decide(now, flow) else { panic!("{flow:?}") };
        for conn in self.director.conns() {
            let fresh = (SyncState::new(now, &self.policy), 0);
            self.known.entry(*conn.key()).or_insert(fresh);
        }
        let (client_port, virtual_port) = flow.transport.ports().unwrap();
        let (protocol, addresses) = (flow.protocol(), flow.addresses);
        let key = ConnKey { protocol, addresses, client_port, virtual_port, template: false };
        let packets = self.count_packet(key);
        let policy = self.policy;
        policy.announce(now, self, key, packets);
    }

    /// The messages that are to be sent.
    fn sent(&mut self, now: Instant) -> Messages {
        self.outbox.handle_timeout(now);
        let mut sent = Vec::new();
        while let Some(message) = self.outbox.poll_message() {
            sent.push(message.octets().to_vec());
        }
        sent
    }
}

impl SyncMaster for Master {
    type Conn = ConnKey;

    fn facts(&self, key: ConnKey) -> SyncFacts {
        SyncFacts {
            protocol: key.protocol,
            flags: self.flags(key),
            state: self.state(key),
            timeout: self.conn(key).timeout(),
            has_template: self.controller(key).is_some(),
        }
    }

    fn sync_state(&self, key: ConnKey) -> SyncState {
        self.known[&key].0
    }

    /// Each client of the recordings has one template, if any.
    fn controller(&self, key: ConnKey) -> Option<ConnKey> {
        let mut keys = self.director.conns().map(|conn| *conn.key());
        keys.find(|other| !key.template && other.template && other.client() == key.client())
    }

    fn count_packet(&mut self, key: ConnKey) -> u32 {
        let (_, packets) = self.known.get_mut(&key).unwrap();
        *packets += 1;
        *packets
    }

    fn announce(&mut self, now: Instant, key: ConnKey, state: SyncState) {
        self.known.get_mut(&key).unwrap().0 = state;
        let conn = self.conn(key);
        let record = SyncRecord {
            protocol: key.protocol,
            addresses: key.addresses,
            dest: conn.hop().address,
            client_port: key.client_port,
            virtual_port: key.virtual_port,
            dest_port: conn.hop().port,
            flags: self.flags(key),
            state: self.state(key),
            mark: self.mark,
            timeout_secs: conn.timeout().as_secs() as u32,
            sequence: None,
            call_id: None,
        };
        self.outbox.push(now, &record);
    }
}

fn brackets(address: &str) -> String {
    if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
}

fn service(line: &Value) -> String {
    match number(line, "fwmark") {
        0 => {
            let vip = brackets(text(line, "vip"));
            let option = if protocol(line) == Protocol::UDP { "-u" } else { "-t" };
            format!("{option} {vip}:{}", port(line, "vport"))
        }
        mark if text(line, "af") == "inet6" => format!("-f {mark} -6"),
        mark => format!("-f {mark}"),
    }
}

fn rule(line: &Value) -> String {
    let service = service(line);
    if text(line, "op") == "add_service" {
        let persistence = line["persist"].as_u64();
        let persistence = persistence.map_or(String::new(), |secs| format!(" -p {secs}"));
        return format!("-A {service} -s {}{persistence}", text(line, "sched"));
    }
    let method = match text(line, "fwd") {
        "nat" => "-m",
        "tun" => "-i",
        _ => "-g",
    };
    let port = line["rport"].as_u64().unwrap_or(number(line, "vport"));
    let (rip, weight) = (brackets(text(line, "rip")), number(line, "weight"));
    format!("-a {service} -r {rip}:{port} {method} -w {weight}")
}

fn flow(line: &Value) -> Flow {
    let addresses = AddressPair::new(address(line, "src"), address(line, "dst")).unwrap();
    let (from, to) = (port(line, "sport"), port(line, "dport"));
    let flow = match protocol(line) {
        Protocol::UDP => Flow::udp(addresses, from, to),
        _ => {
            let flags = text(line, "flags").chars().map(|flag| match flag {
                'S' => TcpFlags::SYN,
                'A' => TcpFlags::ACK,
                'F' => TcpFlags::FIN,
                'R' => TcpFlags::RST,
                _ => TcpFlags::default(),
            });
            Flow::tcp(addresses, from, to, flags.fold(TcpFlags::default(), TcpFlags::with))
        }
    };
    flow.with_mark(number(line, "mark") as u32)
}

type Messages = Vec<Vec<u8>>;

/// What a master sends and what it should have sent, at each `sync_collect`.
fn replay(version: Version, lines: &[Value]) -> Vec<(Messages, Messages)> {
    let mut master = Master::new(version);
    let mut collected = Vec::new();
    for line in lines {
        let now = moment(tick(line));
        match text(line, "op") {
            "add_service" | "add_dest" => apply(&mut master.director, now, &rule(line)),
            "packet" => master.packet(now, &flow(line)),
            "sync_collect" => {
                let expected = line["sync"].as_array().unwrap().iter().map(datagram).collect();
                collected.push((master.sent(now), expected));
            }
            _ => {}
        }
    }
    collected
}

fn version_of(name: &str) -> Version {
    if name.starts_with("sync-v0") { Version::V0 } else { Version::V1 }
}

/// [SYN-11]: the same records in the same order. Which of them share a message is up to a kernel
/// thread's clock, but here the messages are the same too.
#[test]
fn syn_11_recorded_masters() {
    let mut records_sent = 0;
    let recordings = recordings("sync-");
    assert_eq!(recordings.len(), 9);
    for (name, lines) in recordings {
        for (sent, expected) in replay(version_of(&name), &lines) {
            let spelt = |messages: &[Vec<u8>]| -> Vec<_> {
                messages.iter().flat_map(|message| records(message)).collect()
            };
            assert_eq!(spelt(&sent), spelt(&expected), "{name}");
            assert_eq!(sent, expected, "{name}");
            records_sent += spelt(&sent).len();
        }
    }
    assert_eq!(records_sent, 138);
}

/// The messages of the other recordings, of which the packets were not kept: they were those of a
/// recording that was, in another version of the protocol or over IPv6.
#[test]
fn syn_11_the_same_packets_otherwise() {
    for (name, like, is_v6) in [
        ("sync-v0-fwmark", "sync-v1-fwmark", false),
        ("sync-v1-v4", "sync-v0-v4", false),
        ("sync-v1-v6", "sync-v0-v4", true),
        ("sync-v1-persist", "sync-v0-persist", false),
        ("sync-v1-persist6", "sync-v0-persist", true),
        ("sync-v1-fwmark6", "sync-v1-fwmark", true),
    ] {
        let (_, mut lines) = recordings(like).remove(0);
        if is_v6 {
            lines.iter_mut().for_each(turn_into_v6);
        }
        let collected = replay(version_of(name), &lines);
        let sent: Vec<_> = collected.into_iter().flat_map(|(sent, _)| sent).collect();
        assert_eq!(sent, messages(name), "{name}");
    }
}

/// The addresses of the recordings over IPv6.
fn turn_into_v6(line: &mut Value) {
    let turned = |address: &str| {
        let octets = address.parse::<Ipv4Addr>().unwrap().octets();
        match octets {
            [198, 18, client, host] => format!("2001:db8:c:{client}::{host}"),
            [10, 1, _, server] => format!("2001:db8:b::{server}"),
            [.., host] => format!("2001:db8:a::{host}"),
        }
    };
    for key in ["src", "dst", "vip", "rip"] {
        if let Some(address) = line.get_mut(key) {
            *address = turned(address.as_str().unwrap()).into();
        }
    }
    if let Some(family) = line.get_mut("af") {
        *family = "inet6".into();
    }
}

/// The recorded messages of that name.
fn messages(name: &str) -> Messages {
    let recorded = include_str!("../../vectors/ipvs-sync/messages.txt").lines();
    let fields = recorded.map(|line| line.split("  ").collect::<Vec<_>>());
    fields.filter(|fields| fields[0] == name).map(|fields| octets(fields[2])).collect()
}

/// [SYD-6]: as full as messages get before the next one begins.
#[test]
fn syd_6_recorded_messages_are_filled_alike() {
    for name in ["sync-v1-pe-sip", "sync-v1-persist6"] {
        let messages = messages(name).into_iter().take(2).collect::<Vec<_>>();
        let config = SyncOutboxConfig { sync_id: 77, ..SyncOutboxConfig::default() };
        let mut outbox = SyncOutbox::new(config).unwrap();
        for message in &messages {
            for record in Message::parse(message).unwrap().records() {
                outbox.push(Instant::EPOCH, &record.unwrap());
            }
        }
        outbox.handle_timeout(Instant::EPOCH + Duration::from_secs(2));
        for message in messages {
            assert_eq!(outbox.poll_message().map(MessageBuffer::octets), Some(&message[..]));
        }
        assert!(outbox.poll_message().is_none());
    }
}

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
