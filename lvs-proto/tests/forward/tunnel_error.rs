//! ICMP errors about the director's own tunnels [ICMP-7].

use std::net::{IpAddr, Ipv4Addr};

use arbitrary::Unstructured;
use lvs_proto::frames::{RelayRefusal, TunnelError};
use lvs_proto::wire::{ethernet, icmpv4, ipv4};
use lvs_proto::{BufferTooSmall, Family, GueChecksum, Hop, Path, Tunnel};

use crate::model::{LEAVING, Packet, Upper};
use crate::tunnel::{carried, ends};

const OWN: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// A client's packet, the way it took, and a router's error of this kind about it, of which it
/// quotes `len` octets.
fn error(
    u: &mut Unstructured<'_>,
    (kind, code, rest): (u8, u8, [u8; 4]),
    len: usize,
) -> arbitrary::Result<(Packet, Hop, Vec<u8>)> {
    let client = Packet { tags: 0, padding: 0, ..Packet::arbitrary(u, Family::V4)? };
    let (hop, path) = ends(u, Family::V4)?;
    let path = Path { path_mtu_discovery: true, ..path };
    let outer = carried(&client, 64, &hop, &path).unwrap();
    let payload = outer[14..outer.len().min(14 + len)].to_vec();
    let router = IpAddr::from([203, 0, 113, 1]);
    let upper = Upper::Icmp { kind, code, rest, payload };
    Ok((client, hop, Packet::new(router, path.source, upper).frame()))
}

fn relayed(error: &TunnelError<'_>) -> Result<Vec<u8>, RelayRefusal> {
    let mut out = [0; 600];
    let length = error.relay(OWN, LEAVING, &mut out)?;
    Ok(out[..length].to_vec())
}

#[test]
fn icmp_7_errors_are_told_on_to_the_client() {
    arbtest::arbtest(|u| {
        let kind = *u.choose(&[(3, 0), (3, 1), (3, 3), (11, 0)])?;
        let rest = u.arbitrary()?;
        let (client, hop, frame) = error(u, (kind.0, kind.1, rest), 576)?;
        let error = TunnelError::parse(&frame).unwrap();
        assert_eq!(IpAddr::from(error.server), hop.address);
        let expected = match hop.tunnel {
            Tunnel::Gue { port, checksum: GueChecksum::Remote } => {
                Tunnel::Gue { port, checksum: GueChecksum::Udp }
            }
            tunnel => tunnel,
        };
        assert_eq!((error.tunnel, error.path_mtu()), (expected, None));
        let mut ports = client.clone();
        let [source, destination] = *ports.ports_mut();
        assert_eq!(error.carried.ports, Some((source, destination)));
        assert_eq!(error.carried.addresses.source(), client.source);

        let octets = relayed(&error).unwrap();
        let frame = ethernet::Frame::parse(&octets).unwrap();
        let packet = ipv4::Packet::parse(frame.payload).unwrap();
        assert_eq!((packet.source, IpAddr::from(packet.destination)), (OWN, client.source));
        let message = icmpv4::Message::parse(packet.payload).unwrap();
        assert_eq!((message.kind, message.code, message.rest), (kind.0, kind.1, rest));
        let sent = Packet { hop_limit: client.hop_limit - 1, ..client }.packet();
        assert_eq!(message.payload, sent);
        Ok(())
    });
}

/// The client learns what is left for its packet, if it wants to know.
#[test]
fn icmp_7_path_mtus() {
    arbtest::arbtest(|u| {
        let mtu: u16 = u.arbitrary()?;
        let [high, low] = mtu.to_be_bytes();
        let (client, hop, frame) = error(u, (3, 4, [0, 0, high, low]), 576)?;
        let error = TunnelError::parse(&frame).unwrap();
        assert_eq!(error.path_mtu(), Some(mtu));
        let overhead = hop.tunnel.overhead(Family::V4) as u16;
        let left = if mtu > 68 + overhead { mtu - overhead } else { mtu };
        match relayed(&error) {
            Ok(octets) => {
                assert!(client.dont_fragment);
                assert_eq!(octets[40..42], left.to_be_bytes());
            }
            Err(refusal) => {
                assert_eq!((refusal, client.dont_fragment), (RelayRefusal::Divisible, false));
            }
        }
        Ok(())
    });
}

#[test]
fn what_is_not_told_on() {
    arbtest::arbtest(|u| {
        let (_, _, frame) = error(u, (3, 1, [0; 4]), 576)?;
        let told = TunnelError::parse(&frame).unwrap();
        let nowhere = told.relay(Ipv4Addr::UNSPECIFIED, LEAVING, &mut [0; 600]);
        assert_eq!(nowhere, Err(RelayRefusal::NoOwnAddress));
        let needed = relayed(&told).unwrap().len();
        let short = told.relay(OWN, LEAVING, &mut [0; 60]);
        assert_eq!(short, Err(BufferTooSmall { needed, available: 60 }.into()));

        // An error about a packet of no tunnel, one that quotes too little, and no error at all.
        let plain = Packet { link: LEAVING, ..Packet::arbitrary(u, Family::V4)? };
        let upper = Upper::Icmp { kind: 3, code: 1, rest: [0; 4], payload: plain.packet() };
        let about = Packet::new([203, 0, 113, 1].into(), plain.source, upper);
        if let Some(error) = TunnelError::parse(&about.frame()) {
            assert!(matches!(error.tunnel, Tunnel::Gue { .. }), "UDP may look like anything");
        }
        for len in 0..40 {
            let (_, _, frame) = error(u, (3, 1, [0; 4]), len)?;
            assert_eq!(TunnelError::parse(&frame), None);
        }
        let (_, _, echo) = error(u, (8, 0, [0; 4]), 576)?;
        assert_eq!(TunnelError::parse(&echo), None);
        for len in 0..frame.len() {
            assert_eq!(TunnelError::parse(&frame[..len]), None);
        }
        let mut damaged = frame;
        let place = u.int_in_range(34..=damaged.len() - 1)?;
        damaged[place] ^= 1;
        assert_eq!(TunnelError::parse(&damaged), None);
        Ok(())
    });
}

/// What is quoted was in a tunnel, but the packet in it is not to be seen, or not of IPv4.
#[test]
fn icmp_7_tunnels_of_other_packets() {
    arbtest::arbtest(|u| {
        let client = Packet { tags: 0, padding: 0, ..Packet::arbitrary(u, Family::V4)? };
        let (hop, path) = ends(u, Family::V4)?;
        let quote = carried(&client, 64, &hop, &path).unwrap()[14..].to_vec();
        let about = |payload: Vec<u8>| {
            let upper = Upper::Icmp { kind: 3, code: 1, rest: [0; 4], payload };
            Packet::new([203, 0, 113, 1].into(), path.source, upper).frame()
        };
        assert!(TunnelError::parse(&about(quote.clone())).is_some());

        let mut later_fragment = quote.clone();
        later_fragment[7] = 185;
        assert_eq!(TunnelError::parse(&about(later_fragment)), None);

        let mut of_ipv6 = quote;
        match hop.tunnel {
            Tunnel::IpIp => of_ipv6[9] = 41,
            Tunnel::Gue { .. } => of_ipv6[29] = 41,
            Tunnel::Gre { .. } => of_ipv6[22..24].copy_from_slice(&[0x86, 0xdd]),
        }
        assert_eq!(TunnelError::parse(&about(of_ipv6)), None);
        Ok(())
    });
}
