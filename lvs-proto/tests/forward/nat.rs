//! Address translation (section 5.3).

use std::net::IpAddr;

use arbitrary::Unstructured;
use lvs_proto::{
    Endpoint, Family, Frame, Hop, Method, Origin, Path, RewriteError, Route, Translation, forward,
    parse_with_layout, reply, translate,
};

use crate::model::{COMING, LEAVING, Packet, Upper, address};

pub(crate) const OUT: Route = Route::Via(Path::new(LEAVING, 1500));

pub(crate) fn family(u: &mut Unstructured<'_>) -> arbitrary::Result<Family> {
    Ok(*u.choose(&[Family::V4, Family::V6])?)
}

/// The frame that `rewrite` makes of `packet`.
pub(crate) fn rewritten(
    packet: &Packet,
    rewrite: impl FnOnce(&mut Frame<'_>, &lvs_proto::Layout) -> Result<(), RewriteError>,
) -> Result<Vec<u8>, RewriteError> {
    let before = packet.frame();
    let mut octets = before.clone();
    let (_, layout) = parse_with_layout(&octets).unwrap();
    let result = rewrite(&mut Frame::from(&mut octets[..]), &layout);
    if result.is_err() {
        assert_eq!(octets, before, "an error leaves the frame as it was");
    }
    result.map(|()| octets)
}

fn requested(packet: &Packet, address: IpAddr, port: u16) -> Result<Vec<u8>, RewriteError> {
    let hop = Hop::new(Method::Nat, address, port);
    rewritten(packet, |frame, layout| forward(frame, layout, &hop, &OUT))
}

fn replied(packet: &Packet, address: IpAddr, port: u16) -> Result<Vec<u8>, RewriteError> {
    let origin = Origin::new(Method::Nat, address, port);
    rewritten(packet, |frame, layout| reply(frame, layout, &origin, &OUT))
}

/// What a datagram without a checksum gets \[NAT-3\].
fn with_checksum(packet: &mut Packet) {
    if let Upper::Udp { checksum, .. } = &mut packet.upper {
        *checksum = true;
    }
}

/// [NAT-1] to [NAT-4]: as if the client had written it so.
#[test]
fn nat_1_requests_get_the_servers_address_and_port() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let packet = Packet::arbitrary(u, family)?;
        let (server, port) = (address(u, family)?, u.arbitrary()?);
        let mut expected = packet.clone();
        expected.link = LEAVING;
        expected.destination = server;
        expected.ports_mut()[1] = port;
        expected.hop_limit -= 1;
        with_checksum(&mut expected);
        assert_eq!(requested(&packet, server, port).unwrap(), expected.frame());
        Ok(())
    });
}

/// [NAT-2], [NAT-3] Checksums that become all zeros or all ones, or next to that, from or to the ends
/// of addresses and ports.
#[test]
fn nat_2_checksums_at_their_ends() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let ends = [0, 1, 0xff00, 0xfffe, 0xffff];
        let port = |u: &mut Unstructured<'_>| u.choose(&ends).copied();
        let address = |u: &mut Unstructured<'_>| {
            let octet: u8 = *u.choose(&[0x00, 0x01, 0x7f, 0xff])?;
            Ok(match family {
                Family::V4 => IpAddr::from([octet; 4]),
                Family::V6 => IpAddr::from([octet; 16]),
            })
        };
        let ports = [port(u)?, port(u)?];
        let (data, options) = (vec![0; *u.choose(&[2, 3, 65])?], vec![0; *u.choose(&[0, 4, 40])?]);
        let upper = match u.arbitrary()? {
            true => Upper::Tcp { ports, flags: 0, options, data },
            false => Upper::Udp { ports, checksum: u.arbitrary()?, data },
        };
        let mut packet = Packet::new(address(u)?, address(u)?, upper);
        let (server, server_port) = (address(u)?, port(u)?);
        let translated = |packet: &Packet| {
            let mut expected = packet.clone();
            (expected.link, expected.destination) = (LEAVING, server);
            expected.ports_mut()[1] = server_port;
            expected.hop_limit -= 1;
            with_checksum(&mut expected);
            expected
        };
        let wanted: u16 = *u.choose(&[0, 1, 0xfffe, 0xffff])?;
        let aimed_at = if u.arbitrary()? { translated(&packet) } else { packet.clone() };
        let is = checksum(&aimed_at);
        if let Upper::Tcp { data, .. } | Upper::Udp { data, .. } = &mut packet.upper {
            // What is added to the sum is taken from the checksum.
            let word = u32::from(!wanted) + u32::from(is);
            data[..2].copy_from_slice(&((word + (word >> 16)) as u16).to_be_bytes());
        }
        assert_eq!(requested(&packet, server, server_port).unwrap(), translated(&packet).frame());
        Ok(())
    });
}

/// The checksum field of a packet of TCP or UDP.
fn checksum(packet: &Packet) -> u16 {
    let frame = packet.frame();
    let (_, layout) = parse_with_layout(&frame).unwrap();
    let behind = match &packet.upper {
        Upper::Tcp { options, data, .. } => data.len() + options.len() + 2,
        Upper::Udp { data, .. } => data.len(),
        other => panic!("{other:?}"),
    };
    let end = layout.packet().end - behind;
    u16::from_be_bytes([frame[end - 2], frame[end - 1]])
}

/// [NAT-6]
#[test]
fn nat_6_replies_get_the_virtual_address_and_port() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let packet = Packet::arbitrary(u, family)?;
        let (vip, port) = (address(u, family)?, u.arbitrary()?);
        let mut expected = packet.clone();
        expected.link = LEAVING;
        expected.source = vip;
        expected.ports_mut()[0] = port;
        expected.hop_limit -= 1;
        with_checksum(&mut expected);
        assert_eq!(replied(&packet, vip, port).unwrap(), expected.frame());
        Ok(())
    });
}

/// [FN-1]: there and back again, bit for bit; so for one end alone, and for none.
#[test]
fn fn_1_translating_back_restores_the_packet() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let mut packet = Packet::arbitrary(u, family)?;
        with_checksum(&mut packet);
        let end = |u: &mut Unstructured<'_>| -> arbitrary::Result<_> {
            let end = Endpoint { address: address(u, family)?, port: u.arbitrary()? };
            Ok(if u.arbitrary()? { Some(end) } else { None })
        };
        let there = Translation { source: end(u)?, destination: end(u)? };
        let [source_port, destination_port] = *packet.ports_mut();
        let source = Endpoint { address: packet.source, port: source_port };
        let destination = Endpoint { address: packet.destination, port: destination_port };
        let back = Translation { source: Some(source), destination: Some(destination) };

        let mut octets = packet.frame();
        let (_, layout) = parse_with_layout(&octets).unwrap();
        let mut frame = Frame::from(&mut octets[..]);
        translate(&mut frame, &layout, &there, &Route::Local).unwrap();
        let mut expected = packet.clone();
        for (end, address, place) in [
            (there.source, &mut expected.source, 0),
            (there.destination, &mut expected.destination, 1),
        ] {
            if let Some(end) = end {
                *address = end.address;
                match &mut expected.upper {
                    Upper::Tcp { ports, .. }
                    | Upper::Udp { ports, .. }
                    | Upper::Sctp { ports, .. } => {
                        ports[place] = end.port;
                    }
                    _ => {}
                }
            }
        }
        assert_eq!(frame.octets(), expected.frame());
        translate(&mut frame, &layout, &back, &Route::Local).unwrap();
        assert_eq!(octets, packet.frame());
        Ok(())
    });
}

/// [NAT-2]: a checksum that was wrong is wrong by as much: damage is not covered up.
#[test]
fn nat_2_damage_stays_visible() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let mut packet = Packet::arbitrary(u, family)?;
        packet.upper =
            Upper::Tcp { ports: u.arbitrary()?, flags: 0x10, options: vec![], data: vec![1; 9] };
        let server = address(u, family)?;
        let intact = requested(&packet, server, 80).unwrap();
        let mut damaged = packet.frame();
        let place = damaged.len() - packet.padding - 3;
        damaged[place] ^= 0x40;
        let (_, layout) = parse_with_layout(&damaged).unwrap();
        let hop = Hop::new(Method::Nat, server, 80);
        forward(&mut Frame::from(&mut damaged[..]), &layout, &hop, &OUT).unwrap();
        let differing = damaged.iter().zip(&intact).filter(|(one, other)| one != other);
        assert_eq!(differing.count(), 1);
        Ok(())
    });
}

/// [NAT-5]: of a later fragment, the addresses; of a first one, the ports too, and a checksum that
/// covers all fragments changes by what changed.
#[test]
fn nat_5_fragments() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let mut packet = Packet::arbitrary(u, family)?;
        let (server, port) = (address(u, family)?, u.arbitrary()?);
        let is_sctp = matches!(packet.upper, Upper::Sctp { .. });
        let unchanged = packet.ports_mut()[1] == port;
        let moved = |packet: &Packet| {
            let (link, hop_limit) = (LEAVING, packet.hop_limit - 1);
            Packet { link, hop_limit, destination: server, ..packet.clone() }
        };

        packet.fragment = Some((0, true));
        let mut expected = moved(&packet);
        expected.ports_mut()[1] = port;
        match requested(&packet, server, port) {
            Err(error) => assert_eq!((error, is_sctp), (RewriteError::SctpFragment, true)),
            Ok(octets) => {
                assert!(!is_sctp || unchanged);
                assert_eq!(octets, expected.frame());
            }
        }

        let protocol = *u.choose(&[1, 6, 17, 58, 132, 50])?;
        packet.upper = Upper::Raw(protocol, vec![0xee; 16]);
        packet.fragment = Some((1480, u.arbitrary()?));
        assert_eq!(requested(&packet, server, port).unwrap(), moved(&packet).frame());
        Ok(())
    });
}

/// What has no ports is translated all the same: ESP rides on connections of its own [CON-5].
#[test]
fn con_5_protocols_without_ports() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let mut packet = Packet::arbitrary(u, family)?;
        let server = address(u, family)?;
        packet.upper = Upper::Raw(50, vec![1, 2, 3]);
        let mut expected = Packet { link: LEAVING, destination: server, ..packet.clone() };
        expected.hop_limit -= 1;
        assert_eq!(requested(&packet, server, 500).unwrap(), expected.frame());
        Ok(())
    });
}

/// Each reason not to translate, and that the frame is as it was.
#[test]
fn what_is_not_translated() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let other = if family == Family::V4 { Family::V6 } else { Family::V4 };
        let packet = Packet::arbitrary(u, family)?;
        let (server, foreign) = (address(u, family)?, address(u, other)?);
        let error = requested(&packet, foreign, 80).unwrap_err();
        assert_eq!(error, RewriteError::Family { packet: family });
        for hop_limit in [0, 1] {
            let dying = Packet { hop_limit, ..packet.clone() };
            assert_eq!(requested(&dying, server, 80), Err(RewriteError::TimeExceeded));
            // [RT-4]: to this host it is no hop.
            let hop = Hop::new(Method::Nat, server, 80);
            let here =
                rewritten(&dying, |frame, layout| forward(frame, layout, &hop, &Route::Local));
            let mut expected = Packet { destination: server, ..dying };
            expected.ports_mut()[1] = 80;
            with_checksum(&mut expected);
            assert_eq!(here.unwrap(), Packet { link: COMING, ..expected }.frame());
        }
        for (protocol, enough) in [(6, 20), (17, 8), (132, 12)] {
            let len = u.int_in_range(0..=enough - 1)?;
            let cut = Packet { upper: Upper::Raw(protocol, vec![0; len]), ..packet.clone() };
            assert_eq!(requested(&cut, server, 80), Err(RewriteError::HeaderUnreadable));
        }
        Ok(())
    });
}

/// [RT-7] [RT-8]: what must not be sent in fragments is refused if it is too long.
#[test]
fn rt_7_rt_8_packets_that_are_too_big() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let packet = Packet::arbitrary(u, family)?;
        let length = packet.packet().len() as u32;
        let mtu = u.int_in_range(length.saturating_sub(2)..=length + 2)?;
        let method = *u.choose(&[Method::Nat, Method::DirectRoute])?;
        let hop = Hop::new(method, address(u, family)?, 80);
        let path = Path::new(LEAVING, mtu);
        let result =
            rewritten(&packet, |frame, layout| forward(frame, layout, &hop, &Route::Via(path)));
        let indivisible = family == Family::V6 || packet.dont_fragment;
        let expected =
            if length > mtu && indivisible { Err(RewriteError::TooBig { mtu }) } else { Ok(()) };
        assert_eq!(result.map(|_| ()), expected);
        Ok(())
    });
}

/// [DR-1] [NAT-7] [BYP-1]: a packet of another method passes with one hop less, and nothing else;
/// one to this host as it is [RT-4].
#[test]
fn dr_1_nat_7_other_methods_change_no_address() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let packet = Packet::arbitrary(u, family)?;
        let hop = Hop::new(Method::DirectRoute, address(u, family)?, 80);
        let mut expected = Packet { link: LEAVING, ..packet.clone() };
        expected.hop_limit -= 1;
        let there = rewritten(&packet, |frame, layout| forward(frame, layout, &hop, &OUT));
        assert_eq!(there.unwrap(), expected.frame());
        let here = rewritten(&packet, |frame, layout| forward(frame, layout, &hop, &Route::Local));
        assert_eq!(here.unwrap(), packet.frame());
        let method = *u.choose(&[Method::DirectRoute, Method::Tunnel])?;
        let origin = Origin::new(method, hop.address, 80);
        let back = rewritten(&packet, |frame, layout| reply(frame, layout, &origin, &OUT));
        assert_eq!(back.unwrap(), expected.frame());
        Ok(())
    });
}
