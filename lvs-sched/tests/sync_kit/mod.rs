//! Reading the recordings of `vectors/ipvs-sync`.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use lvs_proto::sync::{ConnFlags, Message, StateNumber};
use lvs_proto::wire::{ethernet, ip, udp};
use lvs_proto::{Instant, Protocol, parse};
pub(crate) use serde_json::Value;

/// Name and lines of every recording that begins with `prefix`.
pub(crate) fn recordings(prefix: &str) -> Vec<(String, Vec<Value>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/ipvs-sync");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let named = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.retain(|path| named(path).starts_with(prefix) && named(path).ends_with(".jsonl"));
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let parsed =
        |text: String| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    paths.iter().map(|path| (named(path), parsed(read(path)))).collect()
}

pub(crate) fn text<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key].as_str().unwrap_or_default()
}

pub(crate) fn number(line: &Value, key: &str) -> u64 {
    line[key].as_u64().unwrap_or_default()
}

pub(crate) fn port(line: &Value, key: &str) -> u16 {
    number(line, key) as u16
}

pub(crate) fn address(line: &Value, key: &str) -> IpAddr {
    text(line, key).parse().unwrap()
}

/// TCP unless the line says otherwise.
pub(crate) fn protocol(line: &Value) -> Protocol {
    match text(line, "proto") {
        "udp" => Protocol::UDP,
        "tcp" | "" => Protocol::TCP,
        other => panic!("{other}"),
    }
}

/// The tick of 4 ms in which the line was done: some 170 us before the multiples of 4 ms.
pub(crate) fn tick(line: &Value) -> u64 {
    (number(line, "t") + 270) / 4_000
}

pub(crate) fn moment(tick: u64) -> Instant {
    Instant::from_millis(tick * 4)
}

/// The UDP payload of a recorded frame.
pub(crate) fn datagram(frame: &Value) -> Vec<u8> {
    let digits = frame.as_str().unwrap().chars().map(|digit| digit.to_digit(16).unwrap() as u8);
    let frame: Vec<u8> = digits.collect::<Vec<_>>().chunks(2).map(|p| p[0] << 4 | p[1]).collect();
    assert!(parse(&frame).is_ok_and(|flow| flow.protocol() == Protocol::UDP));
    let packet = ip::Packet::parse(ethernet::Frame::parse(&frame).unwrap().payload).unwrap();
    packet.payload()[udp::HEADER_LEN..].to_vec()
}

/// The records of a datagram, for reading.
pub(crate) fn records(datagram: &[u8]) -> Vec<String> {
    let records = Message::parse(datagram).unwrap().records();
    records.map(|record| format!("{:?}", record.unwrap())).collect()
}

const TCP: [&str; 11] = [
    "NONE",
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "SYNACK",
];
const TEMPLATE: [&str; 2] = ["NONE", "ASSURED"];

/// The name of a state in the connection table.
pub(crate) fn state_name(protocol: Protocol, flags: ConnFlags, state: StateNumber) -> &'static str {
    let number = usize::from(state.0);
    match protocol {
        _ if flags.contains(ConnFlags::TEMPLATE) => TEMPLATE[number],
        Protocol::TCP => TCP[number],
        _ => "UDP",
    }
}

/// The state of that name.
pub(crate) fn state_number(name: &str) -> StateNumber {
    let names: &[&str] = if TEMPLATE.contains(&name) { &TEMPLATE } else { &TCP };
    StateNumber(names.iter().position(|other| *other == name).unwrap_or_default() as u16)
}
