//! Frames that real kernels emitted: ours say the same wherever a recording says something.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::IpAddr;
use std::path::{Path as FilePath, PathBuf};

use flate2::read::GzDecoder;
use lvs_proto::wire::{ethernet, icmpv4, ip};
use lvs_proto::{
    Frame, Hop, Method, Origin, Path, Protocol, Route, TcpFlags, Transport, forward,
    parse_with_layout, reply,
};
use serde_json::Value;

use crate::model::{LEAVING, Packet, Upper};

const HEADROOM: usize = 64;

/// The scenarios of this repository, and of `LVS_RECORDINGS` if it is set. Their `README.md` tells
/// the format.
#[test]
fn frames_agree_with_those_of_kernels() {
    let vectors = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/ipvs");
    let more = std::env::var_os("LVS_RECORDINGS").map(PathBuf::from);
    let mut counts = [0; 3];
    for folder in [vectors.join("linux-6.1.180"), vectors.join("linux-6.1.192")].iter().chain(&more)
    {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            for line in lines(&path).filter(|line| line.contains("\"out\":[{")) {
                let line: Value = serde_json::from_str(&line).unwrap();
                if let Some(method) = check(&line) {
                    counts[method as usize] += 1;
                }
            }
        }
    }
    let [nat, direct, tunnel] = counts;
    assert!(nat > 1_000 && direct > 10_000 && tunnel > 100, "{counts:?} frames");
}

fn lines(path: &FilePath) -> impl Iterator<Item = String> {
    let file = File::open(path).unwrap();
    let reader: Box<dyn Read> = match path.extension() {
        Some(extension) if extension == "gz" => Box::new(GzDecoder::new(file)),
        _ => Box::new(file),
    };
    BufReader::new(reader).lines().map(Result::unwrap)
}

/// Does to the packet of a line what the kernel did, and compares; which method that was.
fn check(line: &Value) -> Option<Method> {
    let is_packet = matches!(line["op"].as_str(), Some("packet" | "icmp"));
    let [out] = line["out"].as_array()?.as_slice() else { return None };
    let of_server = line["dir"] == "rs";
    // The rest is answers of the director itself.
    if !is_packet || (out["on"] == "r") == of_server {
        return None;
    }
    let before = packet(line);
    let octets = before.frame();
    let (_, layout) = parse_with_layout(&octets).unwrap();
    let mut buffer = [vec![0; HEADROOM], octets.clone()].concat();
    let mut frame = Frame::new(&mut buffer, HEADROOM, octets.len()).unwrap();
    let (source, destination) = (address(out, "src"), address(out, "dst"));
    let path = Path { source, ..Path::new(LEAVING, 1500) };
    let method = match out.get("tun") {
        Some(_) => Method::Tunnel,
        None if (source, destination) != (before.source, before.destination) => Method::Nat,
        None => Method::DirectRoute,
    };
    // Of an error, the port is that of the packet that it is about; of a tunnel there is none.
    let port = |this: &str, other: &str| {
        let port = out.get("inner").map_or(&out[this], |inner| &inner[other]);
        port.as_u64().unwrap_or(0) as u16
    };
    if of_server {
        let origin = Origin::new(method, source, port("sport", "dport"));
        reply(&mut frame, &layout, &origin, &Route::Via(path)).unwrap();
    } else {
        let hop = Hop::new(method, destination, port("dport", "sport"));
        forward(&mut frame, &layout, &hop, &Route::Via(path)).unwrap();
    }
    let ethernet = ethernet::Frame::parse(frame.octets()).unwrap();
    compare(out, &ip::Packet::parse(ethernet.payload).unwrap(), line);
    Some(method)
}

/// What a recording says of a frame.
fn compare(recorded: &Value, packet: &ip::Packet<'_>, line: &Value) {
    let flow = packet.flow();
    let ends = (address(recorded, "src"), address(recorded, "dst"));
    assert_eq!((flow.source(), flow.destination()), ends, "{line}");
    if let Some(inner) = recorded.get("tun") {
        assert!(matches!(packet.protocol(), Protocol(4 | 41)), "{line}");
        return compare(inner, &ip::Packet::parse(packet.payload()).unwrap(), line);
    }
    if let Some(ports) = flow.transport.ports() {
        let expected = (number(recorded, "sport") as u16, number(recorded, "dport") as u16);
        assert_eq!(ports, expected, "{line}");
    }
    match flow.transport {
        Transport::Tcp { flags, .. } => {
            // Recordings do not show URG and beyond.
            let expected = (Some("tcp"), tcp_flags(recorded, "fl"));
            assert_eq!((recorded["proto"].as_str(), flags.0 & 0x1f), expected, "{line}");
        }
        Transport::Udp { .. } => assert_eq!(recorded["proto"], "udp", "{line}"),
        Transport::Sctp { .. } => {
            let chunk = packet.payload()[12];
            let expected = (Some("sctp"), number(recorded, "chunk"));
            assert_eq!((recorded["proto"].as_str(), u64::from(chunk)), expected, "{line}");
        }
        _ => {
            let [kind, code, ..] = *packet.payload() else { panic!("{line}") };
            let expected = (number(recorded, "type"), number(recorded, "code"));
            assert_eq!((u64::from(kind), u64::from(code)), expected, "{line}");
            if let Some(inner) = recorded.get("inner") {
                let quote = &packet.payload()[icmpv4::HEADER_LEN..];
                compare(inner, &ip::Packet::parse(quote).unwrap(), line);
            }
        }
    }
}

/// The packet that a line of the scenario describes.
fn packet(line: &Value) -> Packet {
    let (source, destination) = (address(line, "src"), address(line, "dst"));
    let ports = ["sport", "dport"].map(|key| line[key].as_u64().unwrap_or(0) as u16);
    let data = vec![0x61; line["len"].as_u64().unwrap_or(0) as usize];
    let upper = match line["proto"].as_str() {
        Some("udp") => Upper::Udp { ports, checksum: true, data },
        Some("sctp") => Upper::Sctp { ports, chunks: vec![number(line, "chunk") as u8, 0, 0, 4] },
        _ if line.get("type").is_some() => {
            let payload = line.get("inner").map(|inner| packet(inner).packet()).unwrap_or_default();
            let [kind, code] = ["type", "code"].map(|key| number(line, key) as u8);
            Upper::Icmp { kind, code, rest: [0; 4], payload }
        }
        _ => Upper::Tcp { ports, flags: tcp_flags(line, "flags"), options: vec![], data },
    };
    Packet::new(source, destination, upper)
}

fn address(value: &Value, key: &str) -> IpAddr {
    value[key].as_str().and_then(|text| text.parse().ok()).unwrap()
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("no {key} in {value}"))
}

fn tcp_flags(value: &Value, key: &str) -> u8 {
    value[key].as_str().unwrap_or_default().chars().fold(0, |flags, letter| {
        flags
            | match letter {
                'F' => TcpFlags::FIN.0,
                'S' => TcpFlags::SYN.0,
                'R' => TcpFlags::RST.0,
                'P' => 0x08,
                'A' => TcpFlags::ACK.0,
                'U' => 0x20,
                other => panic!("no flag {other}"),
            }
    })
}
