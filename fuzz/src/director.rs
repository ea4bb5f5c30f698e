//! A director under any rules, packets and times.

use std::net::Ipv4Addr;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use lvs_proto::{Decide, Flow, Instant, TcpFlags, Transport};
use lvs_sched::{Director, DirectorConfig, Rule, SchedulerKind};

/// A director under any rules, packets and times.
pub fn director(octets: &[u8]) {
    let _ = drive_director(&mut Unstructured::new(octets));
}

fn drive_director(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let Ok(mut director) = Director::new(small()) else { return Ok(()) };
    let mut now = Instant::EPOCH;
    while !input.is_empty() {
        now = now + Duration::from_millis(u64::from(u16::arbitrary(input)?));
        match input.int_in_range(0..=4_u8)? {
            0 => {
                let rule = any_rule(input)?;
                if let Ok(Some(rule)) = Rule::parse(&rule) {
                    let _ = director.apply(now, &rule);
                }
            }
            1 => director.handle_timeout(now, usize::from(u8::arbitrary(input)?)),
            2 => drop(director.decide(now, &Flow::arbitrary(input)?)),
            3 => drop(director.decide(now, &any_fragment(input)?)),
            _ => drop(director.decide(now, &any_client(input)?)),
        }
    }
    let _ = director.listing().to_string();
    Ok(())
}

/// A rule about one of a few services and destinations, so that rules meet each other.
pub(crate) fn any_rule(input: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    let service = format!("-t 192.0.2.100:{}", input.int_in_range(80..=82_u8)?);
    let server = format!("-r 10.0.0.{}:80", input.int_in_range(1..=4_u8)?);
    let weight = u8::arbitrary(input)?;
    Ok(match input.int_in_range(0..=5_u8)? {
        0 => format!("-A {service} -s {}", input.choose(&SchedulerKind::ALL)?),
        1 => format!("-E {service} -s {} -p {weight}", input.choose(&SchedulerKind::ALL)?),
        2 => format!("-D {service}"),
        3 => format!("-a {service} {server} -w {weight} -x {}", u8::arbitrary(input)?),
        4 => format!("-e {service} {server} -w {weight}"),
        _ => format!("-d {service} {server}"),
    })
}

/// A segment of one of a few clients to one of those services.
fn any_client(input: &mut Unstructured<'_>) -> arbitrary::Result<Flow> {
    let addresses = lvs_proto::AddressPair::V4 {
        source: Ipv4Addr::new(198, 51, 100, input.int_in_range(1..=8)?),
        destination: Ipv4Addr::new(192, 0, 2, 100),
    };
    let port = u16::from(input.int_in_range(80..=82_u8)?);
    let flags = TcpFlags(u8::arbitrary(input)?);
    Ok(Flow::tcp(addresses, 40_000, port, flags))
}

/// The first fragment of such a segment, or one that follows it.
fn any_fragment(input: &mut Unstructured<'_>) -> arbitrary::Result<Flow> {
    let first = any_client(input)?.fragment_of(input.int_in_range(0..=15)?);
    let later = Transport::LaterFragment(first.protocol());
    Ok(if input.arbitrary()? { Flow { transport: later, ..first } } else { first })
}

/// Room that is soon full, and soon made.
pub(crate) fn small() -> DirectorConfig {
    DirectorConfig {
        connections: 64,
        connections_v6: 64,
        rare: 64,
        calls: 64,
        fragments: 8,
        ftp: 8,
        ..Default::default()
    }
}
