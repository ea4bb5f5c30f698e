//! The client's address in a TCP option, and full address translation (section 5.8).

use lvs_proto::toa::{self, ToaError};
use lvs_proto::{Endpoint, Frame, Layout, NoHeadroom, Translation, parse_with_layout, translate};

use crate::model::{LEAVING, Packet, Upper, address, octets, raw};
use crate::nat::{OUT, family};

const HEADROOM: usize = 32;

/// Inserts the option, and tells the frame and its layout then; on error, that both stayed.
fn inserted(
    packet: &Packet,
    headroom: usize,
    client: Endpoint,
    mtu: u32,
) -> Result<(Vec<u8>, Layout), ToaError> {
    let before = packet.frame();
    let (_, layout) = parse_with_layout(&before).unwrap();
    let mut buffer = [vec![0xaa; headroom], before.clone()].concat();
    let mut frame = Frame::new(&mut buffer, headroom, before.len()).unwrap();
    let mut after = layout;
    let result = toa::insert(&mut frame, &mut after, client, mtu);
    if result.is_err() {
        assert_eq!((frame.octets(), after), (&before[..], layout));
    }
    result.map(|()| (frame.octets().to_vec(), after))
}

fn option(client: Endpoint) -> Vec<u8> {
    let address = raw(client.address);
    let mut option = vec![254, 4 + address.len() as u8];
    option.extend(client.port.to_be_bytes());
    option.extend(address);
    option
}

/// [FN-3]: right behind the fixed header, in a segment that is otherwise as before.
#[test]
fn fn_3_the_option_of_either_family() {
    arbtest::arbtest(|u| {
        let (carrier, of) = (family(u)?, family(u)?);
        let client = Endpoint { address: address(u, of)?, port: u.arbitrary()? };
        let words = u.int_in_range(0..=5)?;
        let mut packet = Packet::arbitrary(u, carrier)?;
        let (ports, data) = (u.arbitrary()?, vec![7; u.int_in_range(0..=9)?]);
        let options = octets(u, words * 4)?;
        packet.upper =
            Upper::Tcp { ports, flags: 0x10, options: options.clone(), data: data.clone() };
        let (after, layout) = inserted(&packet, HEADROOM, client, 1500).unwrap();

        let options = [option(client), options].concat();
        let expected = Packet { upper: Upper::Tcp { ports, flags: 0x10, options, data }, ..packet };
        assert_eq!(after, expected.frame());
        assert_eq!(parse_with_layout(&after).unwrap().1, layout);
        Ok(())
    });
}

/// [FN-1] [FN-3]: what a real server behind full address translation gets.
#[test]
fn fn_1_with_both_ends_translated() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let mut packet = Packet::arbitrary(u, family)?;
        let ports: [u16; 2] = u.arbitrary()?;
        packet.upper = Upper::Tcp { ports, flags: 0x10, options: vec![], data: vec![7; 5] };
        let client = Endpoint { address: packet.source, port: ports[0] };
        let local = Endpoint { address: address(u, family)?, port: u.arbitrary()? };
        let server = Endpoint { address: address(u, family)?, port: u.arbitrary()? };
        let both = Translation { source: Some(local), destination: Some(server) };

        let before = packet.frame();
        let mut buffer = [vec![0; HEADROOM], before.clone()].concat();
        let mut frame = Frame::new(&mut buffer, HEADROOM, before.len()).unwrap();
        let (_, mut layout) = parse_with_layout(frame.octets()).unwrap();
        toa::insert(&mut frame, &mut layout, client, 1500).unwrap();
        translate(&mut frame, &layout, &both, &OUT).unwrap();

        let ports = [local.port, server.port];
        let expected = Packet {
            link: LEAVING,
            source: local.address,
            destination: server.address,
            hop_limit: packet.hop_limit - 1,
            upper: Upper::Tcp { ports, flags: 0x10, options: option(client), data: vec![7; 5] },
            ..packet
        };
        assert_eq!(frame.octets(), expected.frame());
        Ok(())
    });
}

/// [FN-4]: each reason to send a segment without it.
#[test]
fn fn_4_where_there_is_no_room() {
    arbtest::arbtest(|u| {
        let (carrier, of) = (family(u)?, family(u)?);
        let client = Endpoint { address: address(u, of)?, port: u.arbitrary()? };
        let needed = option(client).len();
        let mut packet = Packet::arbitrary(u, carrier)?;
        let tcp =
            |used| Upper::Tcp { ports: [1, 2], flags: 0x10, options: vec![1; used], data: vec![] };

        let used = u.int_in_range((40 - needed) / 4 + 1..=10)? * 4;
        packet.upper = tcp(used);
        let full = Err(ToaError::OptionsFull { used, needed });
        assert_eq!(inserted(&packet, HEADROOM, client, 1500), full);

        packet.upper = tcp(40 - needed);
        let length = packet.packet().len() + needed;
        let mtu = length as u32 - 1;
        let too_big = Err(ToaError::TooBig { length, mtu });
        assert_eq!(inserted(&packet, HEADROOM, client, mtu), too_big);
        assert!(inserted(&packet, HEADROOM, client, mtu + 1).is_ok());

        let available = u.int_in_range(0..=needed - 1)?;
        let no_headroom = Err(ToaError::NoHeadroom(NoHeadroom { needed, available }));
        assert_eq!(inserted(&packet, available, client, 1500), no_headroom);

        let fragment = Packet { fragment: Some((0, true)), ..packet.clone() };
        let udp = Upper::Udp { ports: [1, 2], checksum: true, data: vec![0; 40] };
        let udp = Packet { upper: udp, ..packet.clone() };
        let mut malformed = vec![0; 24];
        malformed[12] = *u.choose(&[0x40, 0x70])?;
        let malformed = Packet { upper: Upper::Raw(6, malformed), ..packet };
        for other in [fragment, udp, malformed] {
            assert_eq!(inserted(&other, HEADROOM, client, 1500), Err(ToaError::NotTcp));
        }
        Ok(())
    });
}

/// [FN-6]: whatever the options are, nothing but an MSS and the checksum changes, and the checksum
/// stays that of the segment.
#[test]
fn fn_6_only_the_mss_changes() {
    arbtest::arbtest(|u| {
        let (carrier, of) = (family(u)?, family(u)?);
        let client = Endpoint { address: address(u, of)?, port: 1 };
        let mut packet = Packet::arbitrary(u, carrier)?;
        let words = u.int_in_range(0..=10)?;
        let mut options = octets(u, words * 4)?;
        // Likely kinds and lengths.
        options.iter_mut().filter(|octet| **octet < 200).for_each(|octet| *octet %= 5);
        let flags = u.arbitrary()?;
        packet.upper = Upper::Tcp { ports: [1, 2], flags, options, data: vec![] };
        let before = packet.frame();
        let (_, layout) = parse_with_layout(&before).unwrap();
        let mut after = before.clone();
        toa::reserve(&mut Frame::from(&mut after[..]), &layout, client);

        let options = layout.message().start + 20..layout.message().end;
        if let Upper::Tcp { options: of_packet, .. } = &mut packet.upper {
            of_packet.copy_from_slice(&after[options]);
        }
        assert_eq!(after, packet.frame());
        let changed = before.iter().zip(&after).filter(|(old, new)| old != new).count();
        assert!(changed == 0 || flags & 0x02 != 0 && changed <= 4);
        Ok(())
    });
}
