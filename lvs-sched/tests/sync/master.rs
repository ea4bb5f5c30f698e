//! What a master announces, and when (section 6.4).

use std::net::Ipv4Addr;
use std::path::Path;

use lvs_proto::sync::{Message, StateNumber, Version};
use lvs_proto::{
    AddressPair, CallId, Decide, Embedded, Family, Flow, Protocol, Transport, Verdict,
};
use lvs_sched::{
    Persistence, PersistenceEngine, Profile, SchedulerKind, ServiceConfig, ServiceKey, SyncOutbox,
    SyncOutboxConfig, SyncPolicy, SyncThreshold,
};
use serde_json::Value;

use super::common::{ACK, SYN, apply, director, ip, secs, tcp, udp};
use super::recording::Recording;
use super::{sent, start_master};

/// Messages that a kernel sent, of recordings over both families in both versions.
const MESSAGES: &str = include_str!("../../../vectors/ipvs-sync/messages.txt");

fn recorded(name: &str) -> Vec<Vec<u8>> {
    let fields = MESSAGES.lines().map(|line| line.split("  ").collect::<Vec<_>>());
    fields.filter(|fields| fields[0] == name).map(|fields| octets(fields[2])).collect()
}

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn syn_12_fewer_packets_than_the_period() {
    for (packets, period, fits) in [(2, 3, true), (3, 3, false), (9, 0, true)] {
        assert_eq!(SyncThreshold::new(packets, period).is_ok(), fits);
    }
}

/// [SYN-11] [SYD-6]: the messages of recordings of which the packets were not kept, octet for octet.
/// The packets were those of a recording that was kept, in another version or over IPv6.
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
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/ipvs/linux-6.1.192");
        let recording = Recording::read(&folder.join(format!("{like}.jsonl.gz"))).unwrap();
        let mut director = director(Profile::Linux6_1_183, &[]);
        let version = if name.starts_with("sync-v0") { Version::V0 } else { Version::V1 };
        start_master(&mut director, version);
        let mut messages = Vec::new();
        for mut line in recording.lines {
            if is_v6 {
                turn_into_v6(&mut line.value);
            }
            let now = line.now();
            match line.word("op") {
                "add_service" | "add_dest" => apply(&mut director, now, &rule(&line.value)),
                "packet" => {
                    let verdict = director.decide(now, &line.flow().unwrap());
                    assert!(matches!(verdict, Verdict::Forward(_)));
                }
                "sleep" => messages.extend(sent(&mut director, now)),
                _ => {}
            }
        }
        assert_eq!(messages, recorded(name), "{name}");
    }
}

/// The addresses of the recordings over IPv6.
fn turn_into_v6(line: &mut Value) {
    let turned = |address: &str| match address.parse::<Ipv4Addr>().unwrap().octets() {
        [198, 18, client, host] => format!("2001:db8:c:{client}::{host}"),
        [10, 1, _, server] => format!("2001:db8:b::{server}"),
        [.., host] => format!("2001:db8:a::{host}"),
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

/// The line of ipvsadm that does the same.
fn rule(line: &Value) -> String {
    let brackets = |key: &str| match line[key].as_str().unwrap() {
        address if address.contains(':') => format!("[{address}]"),
        address => address.to_owned(),
    };
    let service = match line["fwmark"].as_u64() {
        Some(mark) if line["af"] == "inet6" => format!("-f {mark} -6"),
        Some(mark) => format!("-f {mark}"),
        None => format!("-t {}:{}", brackets("vip"), line["vport"]),
    };
    if line["op"] == "add_service" {
        let persistence = line["persist"].as_u64().map(|secs| format!(" -p {secs}"));
        return format!("-A {service} -s rr{}", persistence.unwrap_or_default());
    }
    let port = line["rport"].as_u64().or(line["vport"].as_u64()).unwrap();
    format!("-a {service} -r {}:{port} -g -w {}", brackets("rip"), line["weight"])
}

/// [SYN-1] [SYN-10]: of connections of one packet, the templates; those of calls with their Call-ID.
#[test]
fn syn_10_recorded_calls() {
    let mut director = director(Profile::Linux6_1_183, &[]);
    let calls = ServiceConfig {
        scheduler: SchedulerKind::Rr,
        persistence: Some(Persistence::new(Family::V4, 300)),
        engine: Some(PersistenceEngine::Sip),
        one_packet: true,
        ..ServiceConfig::new(ServiceKey::udp(ip("10.0.0.1"), 5060))
    };
    director.add_service(secs(0), calls).unwrap();
    for server in 1..=3 {
        let dest = format!("-a -u 10.0.0.1:5060 -r 10.1.0.{server}");
        apply(&mut director, secs(0), &dest);
    }
    start_master(&mut director, Version::V1);
    for client in 0..5 {
        let invite = udp(&format!("198.18.{client}.9"), 5000, "10.0.0.1", 5060);
        let call = format!("call{client}-abcdef@example.net");
        for _ in 0..5 {
            let verdict = director.decide_call(secs(1), &invite, CallId::new(call.as_bytes()));
            assert!(matches!(verdict, Verdict::Forward(_)));
        }
    }
    assert_eq!(sent(&mut director, secs(1)), recorded("sync-v1-pe-sip"));
}

/// A connection or template that controls others is announced whenever it is put off [CON-11].
#[test]
fn syn_11_what_is_put_off_is_announced() {
    let rules = ["-A -t 10.0.0.1:80 -s rr -p 10", "-a -t 10.0.0.1:80 -r 10.1.0.1"];
    let mut director = director(Profile::Linux6_1_183, &rules);
    for flags in [SYN, ACK] {
        let _forwarded = director.decide(secs(1), &tcp("198.18.0.9", 5000, "10.0.0.1", 80, flags));
    }
    start_master(&mut director, Version::V1);
    let messages = sent(&mut director, secs(11));
    let message = Message::parse(&messages[0]).unwrap();
    let record = message.records().next().unwrap().unwrap();
    assert!(record.is_template());
    assert_eq!((record.state, record.timeout_secs), (StateNumber::ASSURED, 60));
    let counters = director.sync_outbox().map(|outbox| *outbox.counters());
    assert_eq!(counters.map(|counters| (counters.records, counters.messages)), Some((1, 1)));
    assert!(director.stop_sync_master().is_some());
    assert!(director.sync_outbox().is_none());
    assert!(director.poll_sync_message().is_none());
}

/// An error from a client's side is one of its packets, unless it is translated.
#[test]
fn icmp_5_syn_7_errors_that_count() {
    for (method, expected) in [("-m", 1), ("-g", 0)] {
        let dest = format!("-a -u 10.0.0.1:53 -r 10.1.0.1 {method}");
        let mut director = director(Profile::Linux6_1_183, &["-A -u 10.0.0.1:53 -s rr", &dest]);
        let threshold = SyncThreshold::new(0, 2).unwrap();
        let policy = SyncPolicy { threshold, ..SyncPolicy::default() };
        let outbox = SyncOutbox::new(SyncOutboxConfig::default()).unwrap();
        director.start_sync_master(policy, outbox).unwrap();
        let query = udp("198.18.0.9", 5000, "10.0.0.1", 53);
        let embedded = Embedded {
            addresses: AddressPair::new(ip("10.0.0.1"), ip("198.18.0.9")).unwrap(),
            protocol: Protocol::UDP,
            ports: Some((53, 5000)),
        };
        let from_router = AddressPair::new(ip("203.0.113.1"), ip("10.0.0.1")).unwrap();
        let error = Flow::new(from_router, Transport::Other(Protocol::ICMP)).about(embedded);
        for packet in [query, error, query] {
            assert!(matches!(director.decide(secs(1), &packet), Verdict::Forward(_)));
        }
        // The second packet is announced: the second query, or the error, which announces nothing.
        let messages = sent(&mut director, secs(4));
        let counts =
            messages.iter().map(|octets| Message::parse(octets).unwrap().records().count());
        assert_eq!(counts.sum::<usize>(), expected, "{method}");
    }
}
