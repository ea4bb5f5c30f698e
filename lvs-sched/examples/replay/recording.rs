//! A recording of a kernel: what it was asked, and what it was seen to do, line by line.

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use flate2::read::GzDecoder;
use lvs_proto::wire::{ethernet, ip, udp};
use lvs_proto::{
    AddressPair, Embedded, Family, Flow, Hook, Instant, Protocol, SctpChunk, TcpFlags, Transport,
};
use serde_json::Value;

/// Microseconds of a tick of the recorded kernels.
pub(crate) const TICK_MICROS: u64 = 4_000;
/// Ticks fall this much before the multiples of their length.
const TICK_LEAD_MICROS: u64 = 270;

/// The lines of a recording, each with the tick at which it happened.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) lines: Vec<Line>,
}

/// An operation and what was seen of it.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) tick: u64,
    pub(crate) value: Value,
}

impl Recording {
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let mut text = String::new();
        let mut file = File::open(path).map_err(|error| error.to_string())?;
        let read = if path.extension().is_some_and(|extension| extension == "gz") {
            GzDecoder::new(file).read_to_string(&mut text)
        } else {
            file.read_to_string(&mut text)
        };
        read.map_err(|error| error.to_string())?;
        let lines = text.lines().zip(1..).map(|(line, number)| {
            let value: Value =
                serde_json::from_str(line).map_err(|error| format!("line {number}: {error}"))?;
            let micros = value["t"].as_u64().ok_or(format!("line {number}: no time"))?;
            Ok(Line { number, tick: (micros + TICK_LEAD_MICROS) / TICK_MICROS, value })
        });
        Ok(Self { lines: lines.collect::<Result<_, String>>()? })
    }

    /// When what the line shows was read: at once, but after a sleep one tick before the next line.
    pub(crate) fn seen_at(&self, index: usize) -> Instant {
        let line = &self.lines[index];
        let tick = match line.value["op"].as_str() {
            Some("sleep" | "sleep_until" | "sync_inject") => match self.lines.get(index + 1) {
                Some(next) => next.tick - 1,
                None => line.sleeps_until() + 1,
            },
            _ => line.tick,
        };
        at(tick)
    }
}

impl Line {
    pub(crate) fn now(&self) -> Instant {
        at(self.tick)
    }

    fn sleeps_until(&self) -> u64 {
        let ticks = self.number("ms").unwrap_or(0).div_ceil(TICK_MICROS / 1_000);
        if self.word("op") == "sleep" { self.tick + ticks } else { ticks }
    }

    pub(crate) fn word(&self, key: &str) -> &str {
        self.value[key].as_str().unwrap_or_default()
    }

    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        self.value[key].as_u64()
    }

    pub(crate) fn list(&self, key: &str) -> Option<&Vec<Value>> {
        self.value[key].as_array()
    }

    pub(crate) fn address(&self, key: &str) -> Result<IpAddr, String> {
        address(&self.value, key)
    }

    pub(crate) fn is_from_server(&self) -> bool {
        self.word("dir") == "rs"
    }

    /// The packet of a `packet` or `icmp` line.
    pub(crate) fn flow(&self) -> Result<Flow, String> {
        let addresses = addresses(&self.value)?;
        let transport = match (self.word("op"), addresses.family()) {
            ("icmp", Family::V4) => Transport::Other(Protocol::ICMP),
            ("icmp", Family::V6) => Transport::Other(Protocol::ICMPV6),
            _ => self.transport()?,
        };
        let mark = self.number("mark").unwrap_or(0) as u32;
        let hook = if self.is_from_server() && !is_local(addresses.destination()) {
            Hook::Forward
        } else {
            Hook::LocalIn
        };
        let flow = Flow::new(addresses, transport).with_mark(mark).at(hook);
        Ok(match self.embedded(addresses.family())? {
            Some(embedded) => flow.about(embedded),
            None => flow,
        })
    }

    fn transport(&self) -> Result<Transport, String> {
        let (source_port, destination_port) = ports(&self.value);
        Ok(match self.word("proto") {
            "" | "tcp" => {
                let flags = TcpFlags(self.word("flags").chars().map(flag).sum());
                Transport::Tcp { source_port, destination_port, flags }
            }
            "udp" => Transport::Udp { source_port, destination_port },
            "sctp" => {
                let chunk = Some(chunk(self.number("chunk").unwrap_or(0)));
                Transport::Sctp { source_port, destination_port, chunk }
            }
            other => return Err(format!("protocol {other}")),
        })
    }

    /// What an ICMP error is about, if the message is one \[ICMP-1\].
    fn embedded(&self, family: Family) -> Result<Option<Embedded>, String> {
        let inner = &self.value["inner"];
        let is_error = match (family, self.number("type")) {
            (Family::V4, Some(3 | 4 | 11)) => true,
            (Family::V6, Some(kind)) => kind < 128,
            _ => false,
        };
        if inner.is_null() || !is_error {
            return Ok(None);
        }
        let protocol = protocol(inner["proto"].as_str().unwrap_or("tcp"))?;
        let (addresses, ports) = (addresses(inner)?, Some(ports(inner)));
        Ok(Some(Embedded { addresses, protocol, ports }))
    }
}

/// The addresses that are the director's own.
pub(crate) fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4 & Ipv4Addr::new(255, 255, 0, 0) == Ipv4Addr::new(10, 0, 0, 0),
        IpAddr::V6(v6) => v6.segments()[..3] == [0x2001, 0xdb8, 0xa],
    }
}

pub(crate) fn protocol(name: &str) -> Result<Protocol, String> {
    match name {
        "ip" => Ok(Protocol(0)),
        "tcp" => Ok(Protocol::TCP),
        "udp" => Ok(Protocol::UDP),
        "sctp" => Ok(Protocol::SCTP),
        other => Err(format!("protocol {other}")),
    }
}

pub(crate) fn address(value: &Value, key: &str) -> Result<IpAddr, String> {
    let text = value[key].as_str().ok_or_else(|| format!("no {key}"))?;
    text.parse().map_err(|_| format!("{key} {text} is no address"))
}

pub(crate) fn socket(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text} is no address and port"))
}

fn addresses(value: &Value) -> Result<AddressPair, String> {
    let pair = AddressPair::new(address(value, "src")?, address(value, "dst")?);
    pair.ok_or_else(|| "addresses of two families".to_owned())
}

fn ports(value: &Value) -> (u16, u16) {
    let port = |key: &str| value[key].as_u64().unwrap_or(0) as u16;
    (port("sport"), port("dport"))
}

fn flag(letter: char) -> u8 {
    "FSRPAU".find(letter).map_or(0, |bit| 1 << bit)
}

/// \[SCTP-1\]
fn chunk(kind: u64) -> SctpChunk {
    match kind {
        1 => SctpChunk::Init,
        2 => SctpChunk::InitAck,
        6 => SctpChunk::Abort,
        7 => SctpChunk::Shutdown,
        8 => SctpChunk::ShutdownAck,
        9 => SctpChunk::Error,
        10 => SctpChunk::CookieEcho,
        11 => SctpChunk::CookieAck,
        14 => SctpChunk::ShutdownComplete,
        _ => SctpChunk::Data,
    }
}

fn at(tick: u64) -> Instant {
    Instant::EPOCH + Duration::from_micros(tick * TICK_MICROS)
}

/// What the frame, in hexadecimal, carries over UDP.
pub(crate) fn datagram(frame: &Value) -> Result<Vec<u8>, String> {
    let digits = frame.as_str().unwrap_or_default().chars().map(|digit| digit.to_digit(16));
    let digits: Vec<_> = digits.collect::<Option<_>>().ok_or("no hexadecimal frame")?;
    let octets: Vec<u8> = digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect();
    let frame = ethernet::Frame::parse(&octets).map_err(|error| error.to_string())?;
    let packet = ip::Packet::parse(frame.payload).map_err(|error| error.to_string())?;
    Ok(packet.payload().get(udp::HEADER_LEN..).unwrap_or_default().to_vec())
}
