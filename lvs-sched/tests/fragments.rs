//! Packets in fragments: the first one says where the others go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::HashMap;

use common::{SYN, apply, dest, pair, secs, tcp, udp};
use lvs_proto::checksum::Sum;
use lvs_proto::wire::{ethernet, ipv4};
use lvs_proto::{
    AddressPair, Decide, DropReason, Flow, Frame, Instant, LinkPair, MacAddr, Outcome, Path,
    Protocol, Route, Transport, Verdict, process,
};
use lvs_sched::{Director, DirectorConfig, ServiceKey};

const LATE: Verdict = Verdict::Drop(DropReason::LaterFragment);
const UNREADABLE: Verdict = Verdict::Drop(DropReason::HeaderUnreadable);

fn director(fragments: u32) -> Director {
    let config = DirectorConfig { fragments, connections: 64, ..DirectorConfig::default() };
    let mut director = Director::new(config).unwrap();
    for rule in [
        "-A -u 10.0.0.1:53 -s rr",
        "-a -u 10.0.0.1:53 -r 10.2.0.1 -m",
        "-a -u 10.0.0.1:53 -r 10.2.0.2 -m",
        "-A -t [2001:db8::1]:80 -s rr",
        "-a -t [2001:db8::1]:80 -r [2001:db8:2::1] -m",
        "-A -u 10.0.0.1:54 -s rr",
    ] {
        apply(&mut director, secs(0), rule);
    }
    director
}

/// A fragment that follows `first`.
fn after(first: &Flow) -> Flow {
    Flow { transport: Transport::LaterFragment(first.protocol()), ..*first }
}

#[test]
fn nat_9_later_fragments_follow_the_first() {
    let mut director = director(64);
    let first = udp("192.0.2.7", 4000, "10.0.0.1", 53).with_length(100).fragment_of(7);
    assert_eq!(director.decide(secs(0), &after(&first)), LATE, "none is kept");
    let forward = director.decide(secs(0), &first);
    let Verdict::Forward(hop) = forward else { panic!("{forward:?}") };
    assert_eq!(director.decide(secs(29), &after(&first)), forward);
    assert_eq!(director.decide(secs(1), &after(&first.fragment_of(8))), LATE);
    let key =
        ServiceKey::Address { protocol: Protocol::UDP, address: common::ip("10.0.0.1"), port: 53 };
    let traffic = dest(&director, &key, &hop.address.to_string()).statistics();
    assert_eq!((traffic.conns, traffic.in_packets, traffic.in_octets), (1, 2, 200));

    let server = hop.address.to_string();
    let answer = udp(&server, 53, "192.0.2.7", 4000).with_length(60).fragment_of(7);
    let reply = director.decide(secs(1), &answer);
    assert!(matches!(reply, Verdict::Reply(_)));
    assert_eq!(director.decide(secs(1), &after(&answer)), reply);
    assert_eq!(dest(&director, &key, &server).statistics().out_packets, 2);

    assert_eq!(director.decide(secs(30), &after(&first)), LATE, "its time is over");
    assert_eq!(director.counters().dropped_later_fragment, 3);
    assert_eq!(director.counters().forgotten_fragments, 0);
}

#[test]
fn svc_13_over_ipv6_whatever_header_comes_next() {
    let mut director = director(64);
    let first = tcp("2001:db8:9::7", 4000, "2001:db8::1", 80, SYN).fragment_of(u32::MAX);
    // Behind destination options, the others do not say what they carry.
    let behind = Flow { transport: Transport::LaterFragment(Protocol(60)), ..first };
    assert_eq!(director.decide(secs(0), &behind), Verdict::Pass);
    let forward = director.decide(secs(0), &first);
    assert!(matches!(forward, Verdict::Forward(_)));
    assert_eq!(director.decide(secs(0), &behind), forward);
    assert_eq!(director.decide(secs(0), &after(&first)), forward);
}

#[test]
fn nobody_is_told_of_later_fragments() {
    let mut director = director(64);
    let refused = udp("192.0.2.7", 4000, "10.0.0.1", 54).fragment_of(1);
    assert!(matches!(director.decide(secs(0), &refused), Verdict::Reject(_)));
    assert_eq!(director.decide(secs(0), &after(&refused)), LATE);
    let foreign = udp("192.0.2.7", 4000, "10.0.0.9", 53).fragment_of(1);
    assert_eq!(director.decide(secs(0), &foreign), Verdict::Pass);
    assert_eq!(director.decide(secs(0), &after(&foreign)), Verdict::Pass);
    let ping = Flow::new(pair("192.0.2.7", "10.0.0.1"), Transport::LaterFragment(Protocol::ICMP));
    assert_eq!(director.decide(secs(0), &ping.fragment_of(2)), Verdict::Pass);
}

/// What we do beyond the kernel is off until asked for.
#[test]
fn nothing_is_remembered_unless_asked_for() {
    let mut director = director(0);
    let first = udp("192.0.2.7", 4000, "10.0.0.1", 53).fragment_of(7);
    assert!(matches!(director.decide(secs(0), &first), Verdict::Forward(_)));
    assert_eq!(director.decide(secs(0), &after(&first)), UNREADABLE);
    let later = after(&tcp("2001:db8:9::7", 4000, "2001:db8::1", 80, SYN).fragment_of(7));
    assert_eq!(director.decide(secs(0), &later), Verdict::Pass, "SVC-13");
}

/// A map without bounds is the model; with few places, what is forgotten is dropped and counted.
#[test]
fn equals_a_map() {
    arbtest::arbtest(|u| {
        let places = *u.choose(&[8, 1024])?;
        let mut director = director(places);
        let mut model: HashMap<(AddressPair, u32), (Verdict, Instant)> = HashMap::new();
        let mut now = 0;
        for _ in 0..u.int_in_range(0..=60)? {
            now += u.int_in_range(0..=4)?;
            let client = ["192.0.2.7", "192.0.2.8"][u.choose_index(2)?];
            let port = u.int_in_range(53..=55)?;
            let flow = udp(client, u.int_in_range(1..=3)?, "10.0.0.1", port);
            let flow = flow.fragment_of(u.int_in_range(0..=15)?);
            let key = (flow.addresses, flow.fragment.unwrap());
            if u.arbitrary()? {
                let told = match director.decide(secs(now), &flow) {
                    Verdict::Reject(_) => LATE,
                    verdict => verdict,
                };
                model.insert(key, (told, secs(now + 30)));
                continue;
            }
            let known = model.get(&key).filter(|(_, until)| *until > secs(now));
            let got = director.decide(secs(now), &after(&flow));
            let forgotten = director.counters().forgotten_fragments;
            match known {
                Some((verdict, _)) if got == *verdict => {}
                Some(_) => assert!(got == LATE && forgotten > 0),
                None => assert_eq!(got, LATE),
            }
            assert!(places == 8 || forgotten == 0);
        }
        Ok(())
    });
}

const LINK: LinkPair = LinkPair { source: MacAddr::new([2; 6]), destination: MacAddr::new([4; 6]) };

/// The checksum of the whole stands in the first fragment, and changes there by what changed.
#[test]
fn nat_5_a_datagram_in_fragments_arrives_whole() {
    arbtest::arbtest(|u| {
        let mut director = director(64);
        let data: Vec<u8> = (0..u.int_in_range(16..=200)?).map(|n: u8| n).collect();
        let addresses = pair("192.0.2.7", "10.0.0.1");
        let datagram = datagram(addresses, [4000, 53], &data);
        let cut = u.int_in_range(1..=2)? * 8;
        let mut joined = Vec::new();
        let mut arrived = None;
        for (offset, part, more) in [(0, &datagram[..cut], true), (cut, &datagram[cut..], false)] {
            let mut octets = fragment(addresses, offset, more, part);
            let mut frame = Frame::from(&mut octets[..]);
            let outcome = process(secs(0), &mut frame, &mut director, |_| {
                Some(Route::Via(Path::new(LINK, 1500)))
            });
            assert_eq!(outcome, Outcome::Send);
            let packet = ipv4::Packet::parse(&octets[14..]).unwrap();
            assert_eq!(usize::from(packet.fragment_offset), offset);
            let ends = (packet.source, packet.destination);
            assert_eq!(*arrived.get_or_insert(ends), ends);
            joined.extend_from_slice(packet.payload);
        }
        let (source, destination) = arrived.unwrap();
        let sum = Sum::new().add_octets(&joined).add_pseudo_header(
            AddressPair::V4 { source, destination },
            Protocol::UDP,
            joined.len() as u32,
        );
        assert!(sum.verifies() && joined[8..] == data);
        Ok(())
    });
}

fn datagram(addresses: AddressPair, ports: [u16; 2], data: &[u8]) -> Vec<u8> {
    let length = 8 + data.len() as u16;
    let header = [ports[0], ports[1], length, 0].map(u16::to_be_bytes).concat();
    let mut datagram = [&header[..], data].concat();
    let sum = Sum::new().add_octets(&datagram);
    let sum = sum.add_pseudo_header(addresses, Protocol::UDP, length.into());
    datagram[6..8].copy_from_slice(&sum.checksum().to_be_bytes());
    datagram
}

fn fragment(addresses: AddressPair, offset: usize, more: bool, part: &[u8]) -> Vec<u8> {
    let AddressPair::V4 { source, destination } = addresses else { panic!("IPv6") };
    let header = ipv4::Header {
        source,
        destination,
        protocol: Protocol::UDP,
        hop_limit: 64,
        tos: 0,
        total_len: 20 + part.len() as u16,
    };
    let mut header = header.octets();
    header[4..6].copy_from_slice(&[0x12, 0x34]);
    let flags = (u16::from(more) << 13) | (offset as u16 / 8);
    header[6..8].copy_from_slice(&flags.to_be_bytes());
    header[10..12].fill(0);
    let checksum = Sum::new().add_octets(&header).checksum();
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    let link = ethernet::header(LINK.source, LINK.destination, ethernet::EtherType::IPV4);
    [&link[..], &header, part].concat()
}
