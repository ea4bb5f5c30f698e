//! Compares what a director did with what the kernel was seen to do.

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use lvs_proto::sync::{Message, SyncRecord};
use lvs_proto::{Flow, Instant, Method, TcpFlags, Transport, Verdict};
use lvs_sched::{ServiceKey, Statistics};
use serde_json::Value;

use crate::director::{Conn, Dest, Director, Service};
use crate::player::protocol_name;
use crate::recording::{Line, address, datagram, is_local, protocol, socket};

fn differ(what: &str, expected: &dyn Debug, got: &dyn Debug) -> Result<(), String> {
    Err(format!("{what}: expected {expected:?}, got {got:?}"))
}

/// The answer to a configuration operation.
pub(crate) fn errno(line: &Line, got: i64, answer: &dyn Debug) -> Result<(), String> {
    match line.value["err"].as_i64() {
        Some(expected) if expected != got => differ("errno", &expected, answer),
        _ => Ok(()),
    }
}

/// A destination as recordings show it: where, weight, active, inactive, persistent.
type DestRow = (SocketAddr, u64, u64, u64, u64);

/// All services in order of creation, all destinations in list order.
pub(crate) fn services(director: &Director, line: &Line) -> Result<(), String> {
    let Some(expected) = line.list("svc") else { return Ok(()) };
    let got = director.services();
    if got.len() != expected.len() {
        return differ("services", &expected.len(), &got.len());
    }
    for (service, expected) in got.iter().zip(expected) {
        let (name, key) = (service_name(service), expected["k"].as_str().unwrap_or_default());
        if name != key {
            return differ("service", &key, &name);
        }
        let dests = || expected["d"].as_array().into_iter().flatten();
        let rows = dests().map(dest_row).collect::<Result<Vec<_>, _>>()?;
        let got: Vec<_> = service.dests().map(|(_, dest)| row_of(dest)).collect();
        if got != rows {
            return differ(key, &rows, &got);
        }
        if line.word("op") == "sleep" && line.number("ms") >= Some(STATISTICS_MILLIS) {
            for ((_, dest), row) in service.dests().zip(dests()) {
                statistics(&dest.statistics(), row)?;
            }
        }
    }
    Ok(())
}

/// After so long, the statistics of a recording are no longer behind \[EST-6\].
const STATISTICS_MILLIS: u64 = 2500;

/// The statistics at the end of a long row. Of packets to clients there may be more in a recording:
/// the ICMP errors that the kernel's own stack sent.
fn statistics(got: &Statistics, row: &Value) -> Result<(), String> {
    let [Some(conns), Some(in_packets), Some(out_packets)] = [8, 9, 10].map(|at| row[at].as_u64())
    else {
        return Ok(());
    };
    let same = (got.conns, got.in_packets) == (conns, in_packets);
    if same && got.out_packets <= out_packets {
        return Ok(());
    }
    differ("conns, packets in, packets out", &[conns, in_packets, out_packets], got)
}

fn service_name(service: &Service<'_>) -> String {
    match service.config().key {
        ServiceKey::Address { protocol, address, port } => {
            format!("{} {}", protocol_name(protocol), SocketAddr::new(address, port))
        }
        ServiceKey::Mark { family: lvs_proto::Family::V4, mark } => format!("fwm:{mark}"),
        ServiceKey::Mark { mark, .. } => format!("fwm6:{mark}"),
    }
}

fn dest_row(row: &Value) -> Result<DestRow, String> {
    let number = |index: usize| row[index].as_u64().unwrap_or(u64::MAX);
    let place = socket(row[0].as_str().unwrap_or_default())?;
    Ok((place, number(1), number(2), number(3), number(4)))
}

fn row_of(dest: Dest<'_>) -> DestRow {
    (
        SocketAddr::new(dest.address(), dest.port()),
        dest.weight().into(),
        dest.active_conns().into(),
        dest.inactive_conns().into(),
        dest.persistent_conns().into(),
    )
}

/// A connection as recordings show it: protocol, three addresses and ports, state, seconds left,
/// Call-ID.
type ConnRow = (String, [(IpAddr, u16); 3], String, u64, Option<String>);

/// The connections that the line shows.
pub(crate) fn conns(
    director: &Director,
    line: &Line,
    mode: &str,
    now: Instant,
) -> Result<(), String> {
    let Some(expected) = line.list("conn").or_else(|| line.list("conns")) else { return Ok(()) };
    let ends = match line.list("conn") {
        Some(_) if mode == "match" => Some([line.address("src")?, line.address("dst")?]),
        _ => None,
    };
    let shown = |conn: &Conn| {
        let near = |end: &IpAddr| is_near(*end, conn.key().client());
        ends.is_none_or(|ends| ends.iter().any(near))
    };
    let mut expected = expected.iter().map(conn_row).collect::<Result<Vec<_>, _>>()?;
    let mut got: Vec<_> =
        director.conns().filter(shown).map(|conn| row_of_conn(director, &conn, now)).collect();
    expected.sort();
    got.sort();
    if let Some((expected, got)) = expected.iter().zip(&got).find(|(one, other)| one != other) {
        return differ("connection", expected, got);
    }
    if expected.len() != got.len() {
        return differ("connections", &expected, &got);
    }
    Ok(())
}

/// Whether two addresses share a /24, or a /64.
fn is_near(one: IpAddr, other: IpAddr) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let mask = Ipv4Addr::new(255, 255, 255, 0);
            one & mask == other & mask
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let mask = Ipv6Addr::from_bits(u128::MAX << 64);
            one & mask == other & mask
        }
        _ => false,
    }
}

fn conn_row(row: &Value) -> Result<ConnRow, String> {
    let text = |index: usize| row[index].as_str().unwrap_or_default();
    let end = |index: usize| {
        let address = text(index).parse().map_err(|_| format!("{row} shows no address"))?;
        Ok::<_, String>((address, row[index + 1].as_u64().unwrap_or(0) as u16))
    };
    let name = text(0);
    protocol(name)?;
    let left = row[8].as_u64().unwrap_or(u64::MAX);
    Ok((
        name.to_owned(),
        [end(1)?, end(3)?, end(5)?],
        text(7).to_owned(),
        left,
        row[10].as_str().map(str::to_owned),
    ))
}

fn row_of_conn(director: &Director, conn: &Conn, now: Instant) -> ConnRow {
    let call = director.call_id(conn).map(|id| id.to_string());
    let (key, hop) = (conn.key(), conn.hop());
    let ends = [
        (key.client(), key.client_port),
        (key.virtual_address(), key.virtual_port),
        (hop.address, hop.port),
    ];
    let name = protocol_name(key.protocol).to_owned();
    (name, ends, conn.state().to_string(), conn.time_left(now).as_secs(), call)
}

/// The verdict, as far as the frames that came out tell it.
pub(crate) fn verdict(line: &Line, flow: &Flow, got: &Verdict, lost: bool) -> Result<(), String> {
    let frames = line.list("out").map_or(&[][..], Vec::as_slice);
    let server = &line.value["rs"];
    let agrees = match got {
        Verdict::Forward(_) if lost => server.is_null(),
        Verdict::Forward(hop) => address(&line.value, "rs") == Ok(hop.address),
        Verdict::Reject(_) if line.is_from_server() => {
            frames.first().is_none_or(|frame| unreachable_code(frame) == Some(3))
        }
        _ if !server.is_null() => false,
        _ if !is_local(flow.destination()) => goes_on(frames, flow, got)?,
        Verdict::Pass => frames.first().map_or_else(
            || is_reset(flow) || is_answered_by_icmp(flow) || line.word("op") == "icmp",
            |frame| !tells_rejection(frame, flow),
        ),
        Verdict::Reject(_) => frames.first().is_none_or(|frame| unreachable_code(frame) == Some(3)),
        Verdict::Drop(_) => frames.is_empty(),
        Verdict::Reply(_) => true,
    };
    if agrees { Ok(()) } else { differ("verdict", &(server, frames), got) }
}

/// A packet from a real server to a client is seen again on the client's side.
fn goes_on(frames: &[Value], flow: &Flow, got: &Verdict) -> Result<bool, String> {
    let Some(frame) = frames.first() else { return Ok(matches!(got, Verdict::Drop(_))) };
    let mut from = (flow.source(), flow.transport.ports().map(|(source, _)| source));
    if let Verdict::Reply(origin) = got {
        if origin.method == Method::Nat {
            from = (origin.address, from.1.map(|_| origin.port));
        }
    }
    let port = frame["sport"].as_u64().map(|port| port as u16);
    let passes = matches!(got, Verdict::Pass | Verdict::Reply(_));
    Ok(passes && from == (address(frame, "src")?, port))
}

/// Port unreachable from the director for a packet that the stack would have reset: a service
/// without a destination to offer. The stack answers UDP in the same way, SCTP with another code.
fn tells_rejection(frame: &Value, flow: &Flow) -> bool {
    unreachable_code(frame) == Some(3) && !matches!(flow.transport, Transport::Udp { .. })
}

/// The code of a destination unreachable message in ICMP's numbers.
fn unreachable_code(frame: &Value) -> Option<u64> {
    match (frame["type"].as_u64(), frame["code"].as_u64()) {
        (Some(3), code) => code,
        (Some(1), Some(4)) => Some(3),
        _ => None,
    }
}

fn is_reset(flow: &Flow) -> bool {
    matches!(flow.transport, Transport::Tcp { flags, .. } if flags.contains(TcpFlags::RST))
}

/// ICMP errors may be held back by the stack's rate limit.
fn is_answered_by_icmp(flow: &Flow) -> bool {
    matches!(flow.transport, Transport::Udp { .. } | Transport::Sctp { .. })
}

/// The records in the messages that a master sent, in their order; which of them share a message is
/// up to a kernel thread.
pub(crate) fn records(line: &Line, got: &[Vec<u8>]) -> Result<(), String> {
    let frames = line.list("sync").into_iter().flatten();
    let expected = frames.map(datagram).collect::<Result<Vec<_>, _>>()?;
    let (expected, got) = (records_of(&expected)?, records_of(got)?);
    match expected.iter().zip(&got).find(|(expected, got)| expected != got) {
        Some((expected, got)) => differ("record", expected, got),
        None if expected.len() != got.len() => differ("records", &expected.len(), &got.len()),
        None => Ok(()),
    }
}

fn records_of(messages: &[Vec<u8>]) -> Result<Vec<SyncRecord<'_>>, String> {
    let mut records = Vec::new();
    for message in messages {
        let message = Message::parse(message).map_err(|error| error.to_string())?;
        for record in message.records() {
            records.push(record.map_err(|error| error.to_string())?);
        }
    }
    Ok(records)
}
