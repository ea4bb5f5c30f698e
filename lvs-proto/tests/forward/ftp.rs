//! What control connections of FTP say, and saying it otherwise (section 5.7).

use std::net::{IpAddr, Ipv4Addr};

use lvs_proto::ftp::{Announcement, Edit, Message, read, write};
use lvs_proto::{Endpoint, Frame, NoHeadroom, RewriteError, parse_with_layout};

use crate::model::{Packet, Upper, octets};
use crate::nat::family;

const V4: [&str; 2] = ["192.0.2.7", "192.0.2.100"];
const V6: [&str; 2] = ["2001:db8::7", "2001:db8::100"];

fn segment([source, destination]: [&str; 2], data: &[u8]) -> Packet {
    let upper = Upper::Tcp { ports: [1, 2], flags: 0x18, options: vec![], data: data.to_vec() };
    Packet::new(source.parse().unwrap(), destination.parse().unwrap(), upper)
}

fn said(packet: &Packet) -> Option<Message> {
    let frame = packet.frame();
    let (flow, layout) = parse_with_layout(&frame).unwrap();
    let segment = read(&frame, &flow, &layout).unwrap();
    assert_eq!((segment.sequence, segment.acknowledged), (0x1234_5678, 0x9abc_def0));
    segment.message
}

fn announced(text: &str) -> Option<(Ipv4Addr, u16)> {
    match said(&segment(V4, text.as_bytes()))? {
        Message::EnteringPassive(Announcement { address, port, .. }) => Some((address, port)),
        other => panic!("{other:?}"),
    }
}

/// [FTP-2]
#[test]
fn ftp_2_what_clients_say() {
    let active = |address: &str, port| {
        Some(Message::Active(Endpoint { address: address.parse().unwrap(), port }))
    };
    let (passive, extended) = (Some(Message::Passive), Some(Message::ExtendedPassive));
    for (text, v4, v6) in [
        ("PASV\r\n", passive, None),
        ("NOOP\r\npasv\r\n", passive, None),
        ("PASV\n", None, None),
        ("EPSV\r\n", extended, extended),
        ("EPSV 1\r\n", extended, None),
        ("EPSV 2\r\n", None, extended),
        ("EPSV ALL\r\n", None, None),
        ("PORT 192,0,2,7,156,64\r\n", active("192.0.2.7", 40_000), None),
        ("port 192,0,2,7,0,21\r\n", active("192.0.2.7", 21), None),
        ("PORT 192,0,2,7,156\r\n", None, None),
        ("PORT 192,0,2,256,156,64\r\n", None, None),
        ("PORT 192,0,2,7,0,0\r\n", None, None),
        ("PORT 192,0,2,7,156,64", None, None),
        (" PORT 192,0,2,7,156,64\r\n", None, None),
        ("EPRT |1|192.0.2.7|40000|\r\n", active("192.0.2.7", 40_000), None),
        ("EPRT |2|2001:db8::7|40000|\r\n", None, active("2001:db8::7", 40_000)),
        ("EPRT |2|192.0.2.7|40000|\r\n", None, None),
        ("EPRT |1|192.0.2.7|65536|\r\n", None, None),
        ("EPRT |1|192.0.2.7|40000\r\n", None, None),
        ("QUIT\r\n", None, None),
        ("", None, None),
    ] {
        assert_eq!(said(&segment(V4, text.as_bytes())), v4, "{text}");
        assert_eq!(said(&segment(V6, text.as_bytes())), v6, "{text}");
    }
}

/// [FTP-3]
#[test]
fn ftp_3_what_servers_say() {
    let at = |port| Some((Ipv4Addr::new(10, 2, 0, 1), port));
    for (text, expected) in [
        ("227 Entering Passive Mode (10,2,0,1,4,1).\r\n", at(1025)),
        ("227 Entering Passive Mode 10,2,0,1,255,255\r\n", at(65_535)),
        ("227 1st (10,2,0,1,0,9)", at(9)),
        ("227 (10,2,0,1,0,0)\r\n", None),
        ("227 (10,2,0,1,4\r\n", None),
        ("227 (10,2,0,1,4,1", None),
        ("227 (10,2,0,300,4,1)\r\n", None),
        ("228 (10,2,0,1,4,1)\r\n", None),
    ] {
        assert_eq!(announced(text), expected, "{text}");
    }
    for (text, port) in [
        ("229 Entering Extended Passive Mode (|||6446|)\r\n", Some(6446)),
        ("229 (!!!1!)\r\n", Some(1)),
        ("229 (|||0|)\r\n", None),
        ("229 (||!6446|)\r\n", None),
        ("229 |||6446|\r\n", None),
    ] {
        let port = port.map(Message::EnteringExtendedPassive);
        assert_eq!(said(&segment(V4, text.as_bytes())), port, "{text}");
        assert_eq!(said(&segment(V6, text.as_bytes())), port, "{text}");
    }
    assert_eq!(said(&segment(V6, b"227 (10,2,0,1,4,1)\r\n")), None);
}

fn numbers(address: Ipv4Addr, port: u16) -> String {
    let [a, b, c, d] = address.octets();
    format!("{a},{b},{c},{d},{},{}", port >> 8, port & 0xff)
}

/// [FTP-3] [FTP-4]: as if the server had said it so, whatever stands around it.
#[test]
fn ftp_3_another_address_is_announced() {
    arbtest::arbtest(|u| {
        let (old, new): (Ipv4Addr, Ipv4Addr) = (u.arbitrary()?, u.arbitrary()?);
        let port = u.int_in_range(1..=u16::MAX)?;
        let length = u.int_in_range(0..=9)?;
        let before: String = (0..length).map(|_| 'x').collect();
        let after = u.int_in_range(0..=9)?;
        let text = |address| {
            format!("227 {before}({}){}", numbers(address, port), ".".repeat(after)).into_bytes()
        };
        let mut packet = segment(V4, &text(old));
        packet.tags = u.int_in_range(0..=2)?;
        packet.extras = u.int_in_range(0..=5)?;
        if let Upper::Tcp { options, .. } = &mut packet.upper {
            let words = u.int_in_range(0..=10)?;
            options.resize(words * 4, 1);
        }
        let frame = packet.frame();
        let (flow, mut layout) = parse_with_layout(&frame).unwrap();
        let said = read(&frame, &flow, &layout).unwrap();
        let Some(Message::EnteringPassive(announcement)) = said.message else { panic!("{said:?}") };
        let growth = numbers(new, port).len() as i8 - numbers(old, port).len() as i8;
        assert_eq!(announcement.growth(new), growth);

        let (sequence, acknowledged) = (u.arbitrary()?, u.arbitrary()?);
        let edit = Edit { sequence, acknowledged, announced: Some((announcement, new)) };
        let headroom = u.int_in_range(0..=15)?;
        let mut buffer = [vec![0; headroom], frame.clone()].concat();
        let mut rewritten = Frame::new(&mut buffer, headroom, frame.len()).unwrap();
        if growth > headroom as i8 {
            let error = NoHeadroom { needed: growth as usize, available: headroom }.into();
            assert_eq!(write(&mut rewritten, &mut layout, &edit), Err(error));
            assert_eq!(rewritten.octets(), frame);
            return Ok(());
        }
        write(&mut rewritten, &mut layout, &edit).unwrap();
        let after = rewritten.octets().to_vec();
        let (flow, found) = parse_with_layout(&after).unwrap();
        assert_eq!(found, layout);
        let now = read(&after, &flow, &layout).unwrap();
        assert_eq!(now.sequence, said.sequence.wrapping_add(sequence));
        assert_eq!(now.acknowledged, said.acknowledged.wrapping_add(acknowledged));
        assert!(now.message.is_some(), "the checksum verifies");

        // But for the numbers, a frame that is made anew.
        let Upper::Tcp { data, .. } = &mut packet.upper else { panic!("TCP") };
        *data = text(new);
        let back = Edit {
            sequence: sequence.wrapping_neg(),
            acknowledged: acknowledged.wrapping_neg(),
            announced: None,
        };
        write(&mut rewritten, &mut layout, &back).unwrap();
        assert_eq!(rewritten.octets(), packet.frame());
        Ok(())
    });
}

/// A packet gets as long as IP has them and no longer.
#[test]
fn no_announcement_makes_a_packet_too_long() {
    let (old, new) = (Ipv4Addr::from([1; 4]), Ipv4Addr::from([111; 4]));
    let growth = 8;
    for (left, fits) in [(growth, true), (growth - 1, false), (0, false)] {
        let mut text = format!("227 ({})", numbers(old, 257)).into_bytes();
        text.resize(65_535 - 40 - left, b' ');
        let frame = segment(V4, &text).frame();
        let (flow, layout) = parse_with_layout(&frame).unwrap();
        let said = read(&frame, &flow, &layout).unwrap();
        let Some(Message::EnteringPassive(announcement)) = said.message else { panic!("{said:?}") };
        let edit = Edit { announced: Some((announcement, new)), ..Edit::default() };
        let mut buffer = [&[0; 8][..], &frame].concat();
        let mut rewritten = Frame::new(&mut buffer, 8, frame.len()).unwrap();
        let mut after = layout;
        let result = write(&mut rewritten, &mut after, &edit);
        if fits {
            assert_eq!(result, Ok(()));
            let (flow, found) = parse_with_layout(rewritten.octets()).unwrap();
            assert_eq!(found, after);
            assert!(read(rewritten.octets(), &flow, &found).is_some_and(|it| it.message.is_some()));
        } else {
            let length = 65_535 - left + growth;
            assert_eq!(result, Err(RewriteError::TooLong { length }));
            assert_eq!((rewritten.octets(), after), (&frame[..], layout));
        }
    }
}

/// Damage is neither read nor covered up.
#[test]
fn what_is_not_intact_says_nothing() {
    let frame = segment(V4, b"227 (10,2,0,1,4,1)\r\n").frame();
    for place in 34..frame.len() {
        let mut frame = frame.clone();
        frame[place] ^= 0x01;
        let Ok((flow, mut layout)) = parse_with_layout(&frame) else { continue };
        let Some(damaged) = read(&frame, &flow, &layout) else { continue };
        assert_eq!(damaged.message, None, "octet {place}");
        let edit = Edit { sequence: 7, ..Edit::default() };
        write(&mut Frame::from(&mut frame[..]), &mut layout, &edit).unwrap();
        let (flow, layout) = parse_with_layout(&frame).unwrap();
        assert_eq!(read(&frame, &flow, &layout).unwrap().message, None);
    }
}

/// No octets of any kind, at any length, do anything but that.
#[test]
fn any_octets_may_be_said() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let mut packet = Packet::arbitrary(u, family)?;
        let start = u.choose(&["227 ", "229 (", "PORT ", "EPRT ", "EPSV", ""])?.as_bytes();
        let length = u.int_in_range(0..=40)?;
        let mut data = octets(u, length)?;
        data.iter_mut()
            .for_each(|octet| *octet = b"0123456789,,,|||()\r\n :."[*octet as usize % 23]);
        let data = [start, &data].concat();
        packet.upper = Upper::Tcp { ports: [1, 2], flags: 0, options: vec![], data };
        let frame = packet.frame();
        for length in 0..=frame.len() {
            let Ok((flow, mut layout)) = parse_with_layout(&frame[..length]) else { continue };
            let Some(segment) = read(&frame, &flow, &layout) else { continue };
            if let Some(Message::EnteringPassive(announcement)) = segment.message {
                let announced = Some((announcement, Ipv4Addr::BROADCAST));
                let mut buffer = [&[0; 16], &frame[..]].concat();
                let mut rewritten = Frame::new(&mut buffer, 16, frame.len()).unwrap();
                let edit = Edit { announced, ..Edit::default() };
                write(&mut rewritten, &mut layout, &edit).unwrap();
                let (flow, layout) = parse_with_layout(rewritten.octets()).unwrap();
                assert!(matches!(flow.source(), IpAddr::V4(_)));
                assert!(read(rewritten.octets(), &flow, &layout).unwrap().message.is_some());
            }
        }
        Ok(())
    });
}
