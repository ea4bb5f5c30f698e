//! Frames that the director sends of its own: announcements, requests, replies, ICMP errors.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

mod common;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use common::{CLIENT_MAC, DIRECTOR_MAC, Recipe, V4, V6};
use lvs_proto::checksum::Sum;
use lvs_proto::frames::{
    self, IcmpRefusal, OwnAddresses, ReplyError, RequestError, packet_too_big, port_unreachable,
    time_exceeded,
};
use lvs_proto::wire::arp::{self, Operation};
use lvs_proto::wire::ethernet::Frame;
use lvs_proto::wire::ndp::{self, Solicitation};
use lvs_proto::wire::{icmpv4, icmpv6, ipv4, ipv6};
use lvs_proto::{AddressPair, BufferTooSmall, MacAddr, Protocol};

const VMAC: MacAddr = MacAddr::new([0, 0, 0x5e, 0, 1, 51]);
const VIP4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);
const VIP6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x100);
const CLIENT6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7);
const OWN: OwnAddresses = OwnAddresses {
    v4: Ipv4Addr::new(192, 0, 2, 1),
    v6: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1),
};

/// What `write` writes.
fn written<E>(write: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<Vec<u8>, E> {
    let mut out = [0xaa; 1500];
    let length = write(&mut out)?;
    assert!(out[length..].iter().all(|octet| *octet == 0xaa));
    Ok(out[..length].to_vec())
}

/// [W-32], [V3-INI-2], [V3-BK-8], [ARP-RFC-1]
#[test]
fn w_32_gratuitous_arp() {
    let octets = written(|out| frames::announce(VIP4.into(), VMAC, out)).unwrap();
    assert_eq!(octets.len(), 42);
    let frame = Frame::parse(&octets).unwrap();
    assert_eq!((frame.destination, frame.source), (MacAddr::BROADCAST, VMAC));
    let expected = arp::Packet {
        operation: Operation::Request,
        sender_mac: VMAC,
        sender_ip: VIP4,
        target_mac: VMAC,
        target_ip: VIP4,
    };
    assert_eq!(arp::Packet::parse(frame.payload), Ok(expected));
    let short = frames::announce(VIP4.into(), VMAC, &mut [0; 41]);
    assert_eq!(short, Err(BufferTooSmall { needed: 42, available: 41 }));
}

/// [W-33], [V3-AC-1] Probes, whose sender address is unspecified, are answered too.
#[test]
fn w_33_arp_reply() {
    for sender_ip in [Ipv4Addr::new(192, 0, 2, 7), Ipv4Addr::UNSPECIFIED] {
        let request = arp::Packet {
            operation: Operation::Request,
            sender_mac: CLIENT_MAC,
            sender_ip,
            target_mac: MacAddr::default(),
            target_ip: VIP4,
        };
        let reply = |request| written(|out| frames::arp_reply(&request, VMAC, out));
        let octets = reply(request).unwrap();
        let frame = Frame::parse(&octets).unwrap();
        assert_eq!((frame.destination, frame.source), (CLIENT_MAC, VMAC));
        let expected = arp::Packet {
            operation: Operation::Reply,
            sender_mac: VMAC,
            sender_ip: VIP4,
            target_mac: CLIENT_MAC,
            target_ip: sender_ip,
        };
        assert_eq!(arp::Packet::parse(frame.payload), Ok(expected));
        assert_eq!(reply(expected), Err(ReplyError::NotRequest));
        let own = arp::Packet { sender_mac: VMAC, ..request };
        assert_eq!(reply(own), Err(ReplyError::OwnRequest));
        let group = arp::Packet { sender_mac: MacAddr::BROADCAST, ..request };
        assert_eq!(reply(group), Err(ReplyError::GroupRequester(MacAddr::BROADCAST)));
    }
}

/// The advertisement in a frame, with its Ethernet and IP destinations.
fn advertisement(octets: &[u8]) -> (MacAddr, Ipv6Addr, ndp::Advertisement) {
    let frame = Frame::parse(octets).unwrap();
    assert_eq!(frame.source, VMAC);
    let packet = ipv6::Packet::parse(frame.payload).unwrap();
    assert_eq!(packet.source, VIP6);
    match ndp::Message::parse(&packet) {
        Ok(ndp::Message::Advertisement(message)) => {
            (frame.destination, packet.destination, message)
        }
        other => panic!("{other:?}"),
    }
}

/// [W-34], [V3-INI-3], [V3-BK-9], [ND-RFC-1], [ND-RFC-3] R and O set, S clear, to all nodes.
#[test]
fn w_34_unsolicited_advertisement() {
    let octets = written(|out| frames::announce(VIP6.into(), VMAC, out)).unwrap();
    let (mac, destination, message) = advertisement(&octets);
    assert_eq!(mac.to_string(), "33:33:00:00:00:01");
    assert_eq!(destination.to_string(), "ff02::1");
    let expected = ndp::Advertisement {
        target: VIP6,
        target_mac: Some(VMAC),
        router: true,
        solicited: false,
        overrides: true,
    };
    assert_eq!(message, expected);
}

/// [W-35], [V3-AC-4], [ND-RFC-4] The asker gets S set; duplicate address detection is answered to
/// all nodes without.
#[test]
fn w_35_neighbor_reply() {
    let asker = MacAddr::new([2, 0, 0, 0, 0, 9]);
    let reply = |solicitation: Solicitation, requester| {
        written(|out| frames::neighbor_reply(&solicitation, requester, VMAC, out))
    };
    let asked = Solicitation { source: CLIENT6, target: VIP6, source_mac: Some(asker) };
    let (mac, destination, message) = advertisement(&reply(asked, CLIENT_MAC).unwrap());
    assert_eq!((mac, destination, message.solicited), (asker, CLIENT6, true));

    let unnamed = Solicitation { source_mac: None, ..asked };
    let (mac, ..) = advertisement(&reply(unnamed, CLIENT_MAC).unwrap());
    assert_eq!(mac, CLIENT_MAC);

    let probe = Solicitation { source: Ipv6Addr::UNSPECIFIED, ..unnamed };
    let (mac, destination, message) = advertisement(&reply(probe, CLIENT_MAC).unwrap());
    assert_eq!(mac.to_string(), "33:33:00:00:00:01");
    assert_eq!((destination.to_string().as_str(), message.solicited), ("ff02::1", false));

    assert_eq!(reply(probe, VMAC), Err(ReplyError::OwnRequest));
    let group = MacAddr::BROADCAST;
    assert_eq!(reply(unnamed, group), Err(ReplyError::GroupRequester(group)));
}

/// By broadcast, or to the one that had the address last (RFC 1122 section 2.3.2.1).
#[test]
fn arp_requests() {
    let target = Ipv4Addr::new(192, 0, 2, 11);
    for to in [None, Some(CLIENT_MAC)] {
        let request =
            |out: &mut [u8]| frames::neighbor_request(target.into(), to, OWN, DIRECTOR_MAC, out);
        let octets = written(request).unwrap();
        let frame = Frame::parse(&octets).unwrap();
        let destination = to.unwrap_or(MacAddr::BROADCAST);
        assert_eq!((frame.destination, frame.source), (destination, DIRECTOR_MAC));
        let expected = arp::Packet {
            operation: Operation::Request,
            sender_mac: DIRECTOR_MAC,
            sender_ip: OWN.v4,
            target_mac: to.unwrap_or_default(),
            target_ip: target,
        };
        assert_eq!(arp::Packet::parse(frame.payload), Ok(expected));
        let short = BufferTooSmall { needed: 42, available: 41 };
        assert_eq!(request(&mut [0; 41]), Err(short.into()));
    }
}

/// RFC 4861 section 7.2.2: to the solicited-node group; section 7.3.3: to the neighbor itself.
#[test]
fn neighbor_solicitations() {
    let server = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0x12, 0x3456);
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff12, 0x3456);
    let group_mac = MacAddr::new([0x33, 0x33, 0xff, 0x12, 0x34, 0x56]);
    for (to, destination) in [(None, (group_mac, group)), (Some(CLIENT_MAC), (CLIENT_MAC, server))]
    {
        let request =
            |out: &mut [u8]| frames::neighbor_request(server.into(), to, OWN, DIRECTOR_MAC, out);
        let octets = written(request).unwrap();
        let frame = Frame::parse(&octets).unwrap();
        let packet = ipv6::Packet::parse(frame.payload).unwrap();
        assert_eq!((frame.destination, packet.destination), destination);
        assert_eq!((frame.source, packet.hop_limit), (DIRECTOR_MAC, 255));
        let expected =
            Solicitation { source: OWN.v6, target: server, source_mac: Some(DIRECTOR_MAC) };
        let message = ndp::Message::parse(&packet);
        assert_eq!(message, Ok(ndp::Message::Solicitation(expected)));
        let short = BufferTooSmall { needed: 86, available: 85 };
        assert_eq!(request(&mut [0; 85]), Err(short.into()));
    }
}

/// A request from nowhere would be a probe for an address to take.
#[test]
fn no_requests_from_nowhere() {
    let nowhere = OwnAddresses { v4: Ipv4Addr::UNSPECIFIED, v6: Ipv6Addr::UNSPECIFIED };
    for target in [IpAddr::from(VIP4), VIP6.into()] {
        let request = frames::neighbor_request(target, None, nowhere, DIRECTOR_MAC, &mut [0; 128]);
        assert_eq!(request, Err(RequestError::NoOwnAddress));
    }
}

/// What is asked of one is answered by the other: the frames of a resolution fit together.
#[test]
fn requests_are_answered() {
    let request = |target: IpAddr| {
        written(|out| frames::neighbor_request(target, None, OWN, DIRECTOR_MAC, out)).unwrap()
    };
    let asked = request(VIP4.into());
    let asked = arp::Packet::parse(Frame::parse(&asked).unwrap().payload).unwrap();
    let answer = written(|out| frames::arp_reply(&asked, VMAC, out)).unwrap();
    let answer = arp::Packet::parse(Frame::parse(&answer).unwrap().payload).unwrap();
    assert_eq!((answer.sender_ip, answer.sender_mac), (VIP4, VMAC));

    let asked = request(VIP6.into());
    let packet = ipv6::Packet::parse(Frame::parse(&asked).unwrap().payload).unwrap();
    let Ok(ndp::Message::Solicitation(asked)) = ndp::Message::parse(&packet) else { panic!() };
    let answer = written(|out| frames::neighbor_reply(&asked, DIRECTOR_MAC, VMAC, out)).unwrap();
    let (mac, destination, message) = advertisement(&answer);
    assert_eq!((mac, destination), (DIRECTOR_MAC, OWN.v6));
    assert!(message.solicited);
}

/// The director's answer to `recipe`, which must go back the way it came; from its IP header on.
fn answer(
    recipe: &Recipe,
    write: impl FnOnce(&[u8], OwnAddresses, &mut [u8]) -> Result<usize, IcmpRefusal>,
) -> Vec<u8> {
    let octets = written(|out| write(&recipe.frame(), OWN, out)).unwrap();
    let frame = Frame::parse(&octets).unwrap();
    assert_eq!((frame.source, frame.destination), (DIRECTOR_MAC, CLIENT_MAC));
    assert_eq!(octets[12..frame.header_len], recipe.frame()[12..recipe.link_len()]);
    frame.payload.to_vec()
}

fn too_big(frame: &[u8], own: OwnAddresses, out: &mut [u8]) -> Result<usize, IcmpRefusal> {
    packet_too_big(frame, own, 0x0578, out)
}

/// [SVC-12] 5, [RT-5], [RT-7]: types, codes and sources; RFC 1812 section 4.3.2.3: at most 576 octets.
#[test]
fn errors_over_ipv4() {
    let AddressPair::V4 { source: client, destination: vip } = V4 else { unreachable!() };
    for (tags, payload_len, padding) in [(0, 20, 6), (1, 1400, 0)] {
        let recipe = Recipe { tags, padding, payload: vec![0x55; payload_len], ..Recipe::syn(V4) };
        let frame = recipe.frame();
        let offender = &frame[recipe.link_len()..frame.len() - padding];
        for (octets, source, kind, code, rest) in [
            (answer(&recipe, port_unreachable), vip, 3, 3, [0; 4]),
            (answer(&recipe, time_exceeded), OWN.v4, 11, 0, [0; 4]),
            (answer(&recipe, too_big), OWN.v4, 3, 4, [0, 0, 5, 0x78]),
        ] {
            assert_eq!(octets.len(), (28 + offender.len()).min(576));
            let packet = ipv4::Packet::parse(&octets).unwrap();
            assert_eq!((packet.source, packet.destination), (source, client));
            let message = icmpv4::Message::parse(packet.payload).unwrap();
            assert_eq!((message.kind, message.code, message.rest), (kind, code, rest));
            assert_eq!(message.payload, &offender[..message.payload.len()]);
        }
    }
}

/// [SVC-12] 5, [RT-5], [RT-8]: types, codes and sources; RFC 4443 section 2.4 c: at most 1280 octets.
#[test]
fn errors_over_ipv6() {
    let AddressPair::V6 { source: client, .. } = V6 else { unreachable!() };
    for (tags, payload_len, padding) in [(0, 20, 6), (2, 1400, 0)] {
        let recipe = Recipe { tags, padding, payload: vec![0x55; payload_len], ..Recipe::syn(V6) };
        let frame = recipe.frame();
        let offender = &frame[recipe.link_len()..frame.len() - padding];
        for (octets, kind, code, rest) in [
            (answer(&recipe, port_unreachable), 1, 4, [0; 4]),
            (answer(&recipe, time_exceeded), 3, 0, [0; 4]),
            (answer(&recipe, too_big), 2, 0, [0, 0, 5, 0x78]),
        ] {
            assert_eq!(octets.len(), (48 + offender.len()).min(1280));
            let packet = ipv6::Packet::parse(&octets).unwrap();
            assert_eq!((packet.source, packet.destination), (OWN.v6, client));
            let message =
                icmpv6::Message::parse(packet.payload, packet.source, packet.destination).unwrap();
            assert_eq!((message.kind, message.code, message.rest), (kind, code, rest));
            assert_eq!(message.payload, &offender[..message.payload.len()]);
        }
    }
}

fn refusal(frame: &[u8]) -> Option<IcmpRefusal> {
    let unreachable = written(|out| port_unreachable(frame, OWN, out)).err();
    assert_eq!(written(|out| time_exceeded(frame, OWN, out)).err(), unreachable);
    assert_eq!(written(|out| too_big(frame, OWN, out)).err(), unreachable);
    unreachable
}

/// RFC 1122 section 3.2.2, RFC 4443 section 2.4 e.
#[test]
fn no_errors_about_errors() {
    for (addresses, protocol, kinds) in [
        (V4, Protocol::ICMP, &[3, 4, 5, 11, 12][..]),
        (V6, Protocol::ICMPV6, &[0, 1, 2, 3, 4, 127, 137]),
    ] {
        let icmp = |kind| {
            let payload = vec![kind, 0, 0, 0, 0, 0, 0, 0];
            Recipe { protocol, payload, ..Recipe::syn(addresses) }
        };
        for kind in kinds {
            assert_eq!(refusal(&icmp(*kind).frame()), Some(IcmpRefusal::IcmpError(*kind)));
        }
        // Echo requests of either family.
        assert_eq!(refusal(&icmp(if addresses == V4 { 8 } else { 128 }).frame()), None);
        let empty = Recipe { payload: vec![], ..icmp(0) };
        assert_eq!(refusal(&empty.frame()), Some(IcmpRefusal::IcmpUnreadable));
    }
}

/// RFC 1122 section 3.2.2, RFC 4443 section 2.4 e.
#[test]
fn no_errors_about_groups_or_to_nobody() {
    let v4 = |source: [u8; 4], destination: [u8; 4]| {
        let addresses = AddressPair::V4 { source: source.into(), destination: destination.into() };
        Recipe::syn(addresses).frame()
    };
    let v6 = |source: Ipv6Addr, destination: Ipv6Addr| {
        Recipe::syn(AddressPair::V6 { source, destination }).frame()
    };
    let group: Ipv6Addr = "ff02::1".parse().unwrap();
    let host = [192, 0, 2, 7];
    for destination in [[224, 0, 0, 1], [240, 0, 0, 1], [255, 255, 255, 255]] {
        let expected = IcmpRefusal::GroupDestination(IpAddr::from(destination));
        assert_eq!(refusal(&v4(host, destination)), Some(expected));
    }
    let expected = IcmpRefusal::GroupDestination(group.into());
    assert_eq!(refusal(&v6(CLIENT6, group)), Some(expected));
    for source in [[0, 0, 0, 0], [127, 0, 0, 1], [224, 0, 0, 1], [255, 255, 255, 255]] {
        let expected = IcmpRefusal::Source(IpAddr::from(source));
        assert_eq!(refusal(&v4(source, host)), Some(expected));
    }
    for source in [Ipv6Addr::UNSPECIFIED, Ipv6Addr::LOCALHOST, group] {
        assert_eq!(refusal(&v6(source, VIP6)), Some(IcmpRefusal::Source(source.into())));
    }
    for place in [0, 6] {
        let mut frame = Recipe::syn(V4).frame();
        frame[place..place + 6].fill(0xff);
        assert_eq!(refusal(&frame), Some(IcmpRefusal::GroupFrame(MacAddr::BROADCAST)));
    }
}

#[test]
fn no_errors_about_later_fragments_or_from_nowhere() {
    let payload = vec![Protocol::UDP.0, 0, 0, 8, 0, 0, 0, 0];
    let later = Recipe { protocol: Protocol(44), payload, ..Recipe::syn(V6) };
    assert_eq!(refusal(&later.frame()), Some(IcmpRefusal::LaterFragment));

    let nowhere = OwnAddresses { v4: Ipv4Addr::UNSPECIFIED, v6: Ipv6Addr::UNSPECIFIED };
    let v6 = Recipe::syn(V6).frame();
    let answer = written(|out| port_unreachable(&v6, nowhere, out));
    assert_eq!(answer, Err(IcmpRefusal::NoOwnAddress));
    let v4 = Recipe::syn(V4).frame();
    let answer = written(|out| time_exceeded(&v4, nowhere, out));
    assert_eq!(answer, Err(IcmpRefusal::NoOwnAddress));
    let short = port_unreachable(&v4, OWN, &mut [0; 81]);
    assert_eq!(short, Err(BufferTooSmall { needed: 82, available: 81 }.into()));
}

/// [RT-7]: the field over IPv4 has 16 bits.
#[test]
fn rt_7_the_greatest_mtu() {
    let frame = Recipe::syn(V4).frame();
    let octets = written(|out| packet_too_big(&frame, OWN, 65_536, out)).unwrap();
    let packet = ipv4::Packet::parse(Frame::parse(&octets).unwrap().payload).unwrap();
    assert_eq!(icmpv4::Message::parse(packet.payload).unwrap().rest, [0, 0, 0xff, 0xff]);
}

#[test]
fn hostile_octets_do_not_panic() {
    arbtest::arbtest(|u| {
        let mut frame = Recipe::arbitrary(u)?.frame();
        for _ in 0..8 {
            let place = u.choose_index(frame.len())?;
            frame[place] = u.arbitrary()?;
        }
        let _ = written(|out| port_unreachable(&frame, OWN, out));
        let octets = u.bytes(u.len().min(100))?;
        let _ = written(|out| time_exceeded(octets, OWN, out));
        let _ = written(|out| too_big(octets, OWN, out));
        let _ = arp::Packet::parse(octets);
        if let Ok(packet) = ipv6::Packet::parse(octets) {
            let _ = ndp::Message::parse(&packet);
        }
        Ok(())
    });
}

/// [V3-TX-16], [V3-TX-17], [W-9] The header in front of an advert, whatever proves that.
#[test]
fn headers_of_adverts_say_what_they_are_told() {
    arbtest::arbtest(|u| {
        let (source, destination): ([u8; 4], [u8; 4]) = u.arbitrary()?;
        let (protocol, identification) = (Protocol(u.arbitrary()?), u.arbitrary()?);
        let addresses = AddressPair::V4 { source: source.into(), destination: destination.into() };
        let header =
            |out: &mut [u8]| frames::advert_ip_header(addresses, protocol, identification, 36, out);
        let packet = [written(header).unwrap(), vec![0; 36]].concat();
        let parsed = ipv4::Packet::parse(&packet).unwrap();
        assert_eq!((parsed.source.octets(), parsed.destination.octets()), (source, destination));
        assert_eq!((parsed.protocol, parsed.identification), (protocol, identification));
        assert_eq!((parsed.hop_limit, parsed.payload.len()), (255, 36));
        assert_eq!(Sum::new().add_octets(&packet[..20]).checksum(), 0);

        let (source, destination): ([u8; 16], [u8; 16]) = u.arbitrary()?;
        let addresses = AddressPair::V6 { source: source.into(), destination: destination.into() };
        let header =
            |out: &mut [u8]| frames::advert_ip_header(addresses, protocol, identification, 36, out);
        let packet = written(header).unwrap();
        assert_eq!(packet[..8], [0x6c, 0, 0, 0, 0, 36, protocol.0, 255]);
        assert_eq!(packet[8..], [source, destination].concat());
        let refused = header(&mut [0; 39]);
        assert_eq!(refused, Err(BufferTooSmall { needed: 40, available: 39 }));
        Ok(())
    });
}
