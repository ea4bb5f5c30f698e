//! The bodies of the fuzz targets, so that plain tests can replay what a fuzzer found.
//!
//! Each takes any octets. It returns, or it has found a bug.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use lvs_proto::frames::{self, OwnAddresses, TunnelError};
use lvs_proto::sync::{ConnFlags, Message, MessageBuffer, SyncRecord};
use lvs_proto::vrrp::{self, AdvertPolicy, Version};
use lvs_proto::wire::{arp, ethernet, ipv6, ndp};
use lvs_proto::{
    Decide, Endpoint, Flow, Frame, GueChecksum, Hop, Instant, LinkPair, MacAddr, Method, Path,
    Route, Tunnel, forward, parse, parse_with_layout, rewrite_direct_route, toa,
};
use lvs_sched::{Director, DirectorConfig, Rule, SchedulerKind, SyncPolicy};

const MAC: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 1]);
const LINK: LinkPair = LinkPair { source: MAC, destination: MAC };
const OWN: OwnAddresses = OwnAddresses { v4: Ipv4Addr::LOCALHOST, v6: Ipv6Addr::LOCALHOST };

/// Every parser and answer that a frame from the wire meets.
pub fn frame(octets: &[u8]) {
    let mut answer = [0; 2_048];
    if let Ok(ethernet) = ethernet::Frame::parse(octets) {
        if let Ok(request) = arp::Packet::parse(ethernet.payload) {
            let _ = frames::arp_reply(&request, MAC, &mut answer);
        }
        if let Ok(packet) = ipv6::Packet::parse(ethernet.payload)
            && let Ok(ndp::Message::Solicitation(solicitation)) = ndp::Message::parse(&packet)
        {
            let _ = frames::neighbor_reply(&solicitation, MAC, MAC, &mut answer);
        }
    }
    for written in [
        frames::port_unreachable(octets, OWN, &mut answer),
        frames::time_exceeded(octets, OWN, &mut answer),
    ] {
        assert!(written.map_or(0, |length| length) <= 1_280 + ethernet::HEADER_LEN + 8);
    }
    if let Ok(flow) = parse(octets) {
        let mut forwarded = octets.to_vec();
        if rewrite_direct_route(&mut forwarded, LINK).is_ok() {
            assert_eq!(parse(&forwarded), Ok(flow), "a rewritten frame is the same flow");
        }
    }
    if let Some(error) = TunnelError::parse(octets) {
        let _ = error.relay(OWN.v4, LINK, &mut answer);
    }
    forwarded(octets);
}

/// A frame by each method to a server of either family: it leaves well-formed, or stays as it was.
fn forwarded(octets: &[u8]) {
    let Ok((_, layout)) = parse_with_layout(octets) else { return };
    let gue = Tunnel::Gue { port: 6080, checksum: GueChecksum::Udp };
    for address in [OWN.v4.into(), OWN.v6.into()] {
        let route = Route::Via(Path { source: address, ..Path::new(LINK, 1_500) });
        for method in [Method::Nat, Method::DirectRoute, Method::Tunnel] {
            let hop = Hop { tunnel: gue, ..Hop::new(method, address, 80) };
            let mut buffer = [&[0; 64][..], octets].concat();
            let Ok(mut frame) = Frame::new(&mut buffer, 64, octets.len()) else { return };
            match forward(&mut frame, &layout, &hop, &route) {
                Ok(()) => assert!(parse(frame.octets()).is_ok(), "what leaves is well-formed"),
                Err(_) => assert_eq!(frame.octets(), octets, "an error changes nothing"),
            }
        }
        let (client, mut after) = (Endpoint { address, port: 80 }, layout);
        let mut buffer = [&[0; 64][..], octets].concat();
        let Ok(mut frame) = Frame::new(&mut buffer, 64, octets.len()) else { return };
        if toa::insert(&mut frame, &mut after, client, 1_500).is_ok() {
            let again = parse_with_layout(frame.octets()).map(|(_, layout)| layout);
            assert_eq!(again, Ok(after), "the layout is that of the longer frame");
        }
    }
}

/// A received advert: what is accepted is what encoding it again gives.
pub fn advert(packet: &[u8]) {
    let Ok((meta, message)) = vrrp::from_ip_packet(packet) else { return };
    let Some(vrid) = vrrp::vrid_of(message) else { return };
    for version in [Version::V2, Version::V3] {
        let policy = AdvertPolicy::new(version, vrid, meta.addresses.family());
        let Ok(advert) = vrrp::decode(message, &meta, &policy) else { continue };
        let mut again = [0; 8 + 255 * 16];
        let Ok(length) = vrrp::encode(&advert, meta.addresses, &mut again) else { continue };
        let read = vrrp::decode(&again[..length], &meta, &policy);
        assert_eq!(read, Ok(advert), "an encoded advert reads as what it was made of");
    }
}

/// A rule file: what is understood is what its text says.
pub fn rules(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    for line in text.lines() {
        match Rule::parse(line) {
            Ok(Some(rule)) => assert_eq!(Rule::parse(&rule.to_string()), Ok(Some(rule))),
            Ok(None) => {}
            Err(error) => assert!(line.get(error.range()).is_some(), "a word of the line"),
        }
    }
}

/// A synchronisation message: a backup takes what is sound, and what is read is what is written.
pub fn sync(datagram: &[u8]) {
    let Ok(message) = Message::parse(datagram) else { return };
    let Ok(mut director) = Director::new(DirectorConfig::default()) else { return };
    let mut storage = [0; 65_507];
    let Ok(mut again) = MessageBuffer::new(&mut storage[..], message.version(), message.sync_id())
    else {
        return;
    };
    for record in message.records().flatten() {
        let _ = director.receive_sync_record(Instant::EPOCH, &SyncPolicy::default(), &record);
        if again.push(&record).is_ok() {
            let written = Message::parse(again.octets()).ok();
            let read = written.and_then(|message| message.records().flatten().last());
            // One flag is the sender's own affair and is never written.
            let flags = record.flags.without(ConnFlags::HASHED);
            assert_eq!(read, Some(SyncRecord { flags, ..record }), "reads as what it was made of");
        }
    }
}

/// A director under any rules, packets and times.
pub fn director(octets: &[u8]) {
    let _ = drive_director(&mut Unstructured::new(octets));
}

fn drive_director(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let config = DirectorConfig { connections: 64, ..DirectorConfig::default() };
    let Ok(mut director) = Director::new(config) else { return Ok(()) };
    let mut now = Instant::EPOCH;
    while !input.is_empty() {
        now = now + Duration::from_millis(u64::from(u16::arbitrary(input)?));
        match input.int_in_range(0..=3_u8)? {
            0 => {
                let rule = any_rule(input)?;
                if let Ok(Some(rule)) = Rule::parse(&rule) {
                    let _ = director.apply(now, &rule);
                }
            }
            1 => director.handle_timeout(now, usize::from(u8::arbitrary(input)?)),
            2 => drop(director.decide(now, &Flow::arbitrary(input)?)),
            _ => drop(director.decide(now, &any_client(input)?)),
        }
    }
    let _ = director.listing().to_string();
    Ok(())
}

/// A rule about one of a few services and destinations, so that rules meet each other.
fn any_rule(input: &mut Unstructured<'_>) -> arbitrary::Result<String> {
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
    let flags = lvs_proto::TcpFlags(u8::arbitrary(input)?);
    Ok(Flow::tcp(addresses, 40_000, port, flags))
}
