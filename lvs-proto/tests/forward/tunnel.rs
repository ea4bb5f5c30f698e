//! Tunnels (section 5.5).

use arbitrary::Unstructured;
use lvs_proto::{
    Family, Frame, GueChecksum, Hop, Method, NoHeadroom, Path, RewriteError, Route, Tunnel,
    forward, parse_with_layout,
};

use crate::model::{COMING, LEAVING, Packet, Upper, address, internet_checksum};
use crate::nat::family;

/// Octets in front of each frame.
const HEADROOM: usize = 64;

pub(crate) fn carried(
    packet: &Packet,
    headroom: usize,
    hop: &Hop,
    path: &Path,
) -> Result<Vec<u8>, RewriteError> {
    let before = packet.frame();
    let (_, layout) = parse_with_layout(&before).unwrap();
    let mut buffer = [vec![0xaa; headroom], before.clone(), vec![0xbb; 8]].concat();
    let mut frame = Frame::new(&mut buffer, headroom, before.len()).unwrap();
    let result = forward(&mut frame, &layout, hop, &Route::Via(*path));
    if result.is_err() {
        assert_eq!((frame.headroom(), frame.octets()), (headroom, &before[..]));
    }
    let octets = frame.octets().to_vec();
    let unused = frame.headroom();
    assert!(buffer[..unused].iter().all(|octet| *octet == 0xaa), "headroom not asked for");
    assert!(buffer.ends_with(&[0xbb; 8]));
    result.map(|()| octets)
}

/// A real server, and the way to it.
pub(crate) fn ends(u: &mut Unstructured<'_>, family: Family) -> arbitrary::Result<(Hop, Path)> {
    let checksum = *u.choose(&[GueChecksum::None, GueChecksum::Udp, GueChecksum::Remote])?;
    let gue = Tunnel::Gue { port: u.arbitrary()?, checksum };
    let gre = Tunnel::Gre { checksum: u.arbitrary()? };
    let tunnel = *u.choose(&[Tunnel::IpIp, gue, gre])?;
    let hop = Hop { tunnel, ..Hop::new(Method::Tunnel, address(u, family)?, 80) };
    let mut source = address(u, family)?;
    if source.is_unspecified() {
        source = if family == Family::V4 { [192, 0, 2, 1].into() } else { [1; 16].into() };
    }
    let identification = u.arbitrary()?;
    let path_mtu_discovery = u.arbitrary()?;
    let path = Path { source, identification, path_mtu_discovery, ..Path::new(LEAVING, 1500) };
    Ok((hop, path))
}

/// The packet as it is carried.
fn inner(packet: &Packet) -> Packet {
    Packet { hop_limit: packet.hop_limit - 1, ..packet.clone() }
}

/// [TUN-1] [TUN-2] [TUN-3] [TUN-4] [TUN-5] [TUN-6]: as if the director's own stack had sent the
/// packet as data.
#[test]
fn tun_1_every_tunnel_over_either_family() {
    arbtest::arbtest(|u| {
        let (from, over) = (family(u)?, family(u)?);
        let packet = Packet::arbitrary(u, from)?;
        let (hop, path) = ends(u, over)?;
        let octets = carried(&packet, HEADROOM, &hop, &path).unwrap();

        let data = inner(&packet).packet();
        let (number, [high, low]) =
            if from == Family::V4 { (4, [0x08, 0x00]) } else { (41, [0x86, 0xdd]) };
        let upper = match hop.tunnel {
            Tunnel::IpIp => Upper::Raw(number, data),
            Tunnel::Gre { checksum: false } => {
                Upper::Raw(47, [&[0, 0, high, low][..], &data].concat())
            }
            Tunnel::Gre { checksum: true } => {
                let mut gre = [&[0x80, 0, high, low, 0, 0, 0, 0][..], &data].concat();
                let checksum = internet_checksum(&[&gre]);
                gre[4..6].copy_from_slice(&checksum.to_be_bytes());
                Upper::Raw(47, gre)
            }
            Tunnel::Gue { port, checksum } => {
                let outer = if over == Family::V4 { 20 } else { 40 };
                let place = packet.link_len() + outer;
                let source_port = u16::from_be_bytes([octets[place], octets[place + 1]]);
                assert!(source_port >= 49_152, "of the dynamic range");
                let data = [&[0, number, 0, 0][..], &data].concat();
                let checksum = checksum != GueChecksum::None;
                Upper::Udp { ports: [source_port, port], checksum, data }
            }
        };
        let dont_fragment = packet.dont_fragment && from == Family::V4 && path.path_mtu_discovery;
        let expected = Packet {
            link: LEAVING,
            tags: packet.tags,
            hop_limit: packet.hop_limit - 1,
            tos: if packet.tos & 3 == 3 { packet.tos - 1 } else { packet.tos },
            dont_fragment,
            identification: path.identification,
            padding: packet.padding,
            ..Packet::new(path.source, hop.address, upper)
        };
        assert_eq!(octets, expected.frame());
        assert_eq!(octets.len() - packet.frame().len(), hop.tunnel.overhead(over));
        Ok(())
    });
}

/// The outer source port is one for a flow, and not one for all [TUN-3].
#[test]
fn tun_3_source_ports_follow_flows() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let (hop, path) = ends(u, Family::V4)?;
        let hop = Hop { tunnel: Tunnel::Gue { port: 6080, checksum: GueChecksum::None }, ..hop };
        let packet = Packet { tags: 0, ..Packet::arbitrary(u, family)? };
        let port = |packet: &Packet| {
            let octets = carried(packet, HEADROOM, &hop, &path).unwrap();
            u16::from_be_bytes([octets[34], octets[35]])
        };
        let other = Packet { tos: u.arbitrary()?, hop_limit: 9, extras: 0, ..packet.clone() };
        assert_eq!(port(&packet), port(&other));
        let fragment = |offset| Packet { fragment: Some((offset, true)), ..packet.clone() };
        assert_eq!(port(&fragment(0)), port(&fragment(1480)));
        let mut packet = packet;
        let ports: std::collections::HashSet<_> = (0..64)
            .map(|client_port| {
                packet.ports_mut()[0] = client_port;
                port(&packet)
            })
            .collect();
        assert!(ports.len() > 32, "{} ports for 64 flows", ports.len());
        Ok(())
    });
}

/// [RT-6] [RT-7] [RT-8]: what fits into the outer packet, and what may be sent in fragments.
#[test]
fn rt_6_packets_that_are_too_big() {
    arbtest::arbtest(|u| {
        let (from, over) = (family(u)?, family(u)?);
        let mut packet = Packet::arbitrary(u, from)?;
        let (hop, path) = ends(u, over)?;
        let overhead = hop.tunnel.overhead(over);
        let least = if over == Family::V4 { 68 } else { 1280 };
        packet.upper = Upper::Raw(6, vec![0; u.int_in_range(least..=1400)?]);
        let length = packet.packet().len();
        let inner_mtu = u.int_in_range(length - 2..=length + 2)?.max(least) as u32;
        let path = Path { mtu: inner_mtu + overhead as u32, ..path };

        let indivisible = match (from, over) {
            (Family::V6, _) => true,
            (Family::V4, Family::V6) => packet.dont_fragment,
            (Family::V4, Family::V4) => packet.dont_fragment && path.path_mtu_discovery,
        };
        let too_big = length > inner_mtu as usize && indivisible;
        let expected = if too_big { Err(RewriteError::TooBig { mtu: inner_mtu }) } else { Ok(()) };
        assert_eq!(carried(&packet, HEADROOM, &hop, &path).map(|_| ()), expected);

        let mtu = u.int_in_range(0..=least as u32 - 1)?;
        let path = Path { mtu: mtu + overhead as u32, ..path };
        let result = carried(&packet, HEADROOM, &hop, &path);
        assert_eq!(result, Err(RewriteError::TunnelMtu { mtu }));
        Ok(())
    });
}

/// Each reason not to encapsulate, and that the frame is as it was.
#[test]
fn what_is_not_carried() {
    arbtest::arbtest(|u| {
        let (from, over) = (family(u)?, family(u)?);
        let packet = Packet::arbitrary(u, from)?;
        let (hop, path) = ends(u, over)?;
        let needed = hop.tunnel.overhead(over);
        let available = u.int_in_range(0..=needed - 1)?;
        let result = carried(&packet, available, &hop, &path);
        assert_eq!(result, Err(RewriteError::NoHeadroom(NoHeadroom { needed, available })));
        assert!(carried(&packet, needed, &hop, &path).is_ok());

        let dying = Packet { hop_limit: u.int_in_range(0..=1)?, ..packet.clone() };
        assert_eq!(carried(&dying, HEADROOM, &hop, &path), Err(RewriteError::TimeExceeded));

        let nowhere = Path { source: Path::new(LEAVING, 1500).source, ..path };
        let none = Err(RewriteError::NoTunnelSource { server: over });
        assert_eq!(carried(&packet, HEADROOM, &hop, &nowhere), none);
        let other = if over == Family::V4 { Family::V6 } else { Family::V4 };
        let foreign = Path { source: address(u, other)?, ..path };
        assert_eq!(carried(&packet, HEADROOM, &hop, &foreign), none);

        // [RT-4]: a real server on this host gets the packet as it is.
        let mut octets = packet.frame();
        let (_, layout) = parse_with_layout(&octets).unwrap();
        forward(&mut Frame::from(&mut octets[..]), &layout, &hop, &Route::Local).unwrap();
        assert_eq!(octets, Packet { link: COMING, ..packet }.frame());
        Ok(())
    });
}

/// An outer packet of more than 65 535 octets cannot be.
#[test]
fn lengths_end_with_the_length_field() {
    let upper = Upper::Raw(6, vec![0; 65_535 - 20 - 19]);
    let packet = Packet::new([192, 0, 2, 7].into(), [192, 0, 2, 100].into(), upper);
    let hop = Hop::new(Method::Tunnel, [10, 0, 0, 1].into(), 80);
    let path = Path { source: [10, 0, 0, 254].into(), ..Path::new(LEAVING, 65_535) };
    let result = carried(&packet, HEADROOM, &hop, &path);
    assert_eq!(result, Err(RewriteError::TooLong { length: 65_536 }));
}
