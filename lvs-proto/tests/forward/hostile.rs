//! Frames cut short anywhere, and octets of any kind.

use lvs_proto::{
    Endpoint, Frame, GueChecksum, Hop, Layout, Method, Origin, Path, Route, Translation, Tunnel,
    forward, parse_with_layout, reply, toa, translate,
};

use crate::model::{LEAVING, Packet, Upper, address};
use crate::nat::{OUT, family};

const HEADROOM: usize = 64;

/// All that can be done to a frame, each to a copy of its own. An error leaves it as it was, and
/// nothing reaches beyond it.
fn rewrite_in_every_way(octets: &[u8], layout: &Layout) {
    let ends = [[10, 0, 0, 1].into(), [0xfd; 16].into()];
    let tunnels = [
        Tunnel::IpIp,
        Tunnel::Gue { port: 6080, checksum: GueChecksum::Udp },
        Tunnel::Gre { checksum: true },
    ];
    for address in ends {
        let path = Path { source: address, ..Path::new(LEAVING, 1500) };
        for tunnel in tunnels {
            let hop = Hop { tunnel, ..Hop::new(Method::Tunnel, address, 80) };
            attempt(octets, layout, |frame, layout| {
                forward(frame, layout, &hop, &Route::Via(path)).is_ok()
            });
        }
        let (hop, end) = (Hop::new(Method::Nat, address, 80), Endpoint { address, port: 80 });
        let origin = Origin::new(Method::Nat, address, 80);
        let both = Translation { source: Some(end), destination: Some(end) };
        attempt(octets, layout, |frame, layout| forward(frame, layout, &hop, &OUT).is_ok());
        attempt(octets, layout, |frame, layout| reply(frame, layout, &origin, &OUT).is_ok());
        attempt(octets, layout, |frame, layout| {
            translate(frame, layout, &both, &Route::Local).is_ok()
        });
        attempt(octets, layout, |frame, layout| toa::insert(frame, layout, end, 1500).is_ok());
    }
    let hop = Hop::new(Method::DirectRoute, ends[0], 80);
    attempt(octets, layout, |frame, layout| forward(frame, layout, &hop, &OUT).is_ok());
}

fn attempt(
    octets: &[u8],
    layout: &Layout,
    rewrite: impl FnOnce(&mut Frame<'_>, &mut Layout) -> bool,
) {
    let mut buffer = [&[0xaa; HEADROOM][..], octets, &[0xbb; 8]].concat();
    let mut frame = Frame::new(&mut buffer, HEADROOM, octets.len()).unwrap();
    let mut after = *layout;
    let done = rewrite(&mut frame, &mut after);
    if !done {
        assert_eq!((frame.octets(), after), (octets, *layout));
    }
    let unused = frame.headroom();
    assert!(buffer[..unused].iter().all(|octet| *octet == 0xaa));
    assert!(buffer.ends_with(&[0xbb; 8]));
}

/// A frame with options, tags and a quote, so that it has many places to end at.
fn samples(u: &mut arbitrary::Unstructured<'_>) -> arbitrary::Result<Vec<Packet>> {
    let family = family(u)?;
    let packet = Packet::arbitrary(u, family)?;
    let about = Packet::new(address(u, family)?, packet.source, packet.upper.clone());
    let kind = if family == lvs_proto::Family::V4 { 3 } else { 1 };
    let icmp = Upper::Icmp { kind, code: 1, rest: [0; 4], payload: about.packet() };
    let error = Packet { upper: icmp, ..packet.clone() };
    let fragment = Packet { fragment: Some((0, true)), ..packet.clone() };
    Ok(vec![packet, error, fragment])
}

/// A frame cut anywhere, by its own layout if there still is one, and by that of the whole.
#[test]
fn every_truncation() {
    arbtest::arbtest(|u| {
        for packet in samples(u)? {
            let whole = packet.frame();
            let (_, layout) = parse_with_layout(&whole).unwrap();
            for len in 0..=whole.len() {
                let cut = &whole[..len];
                rewrite_in_every_way(cut, &layout);
                if let Ok((_, layout)) = parse_with_layout(cut) {
                    rewrite_in_every_way(cut, &layout);
                }
            }
        }
        Ok(())
    })
    .budget_ms(1_000);
}

/// Octets changed at random, with the header checksum put right as an attacker would.
#[test]
fn hostile_octets() {
    arbtest::arbtest(|u| {
        for packet in samples(u)? {
            let mut octets = packet.frame();
            let (_, foreign) = parse_with_layout(&octets).unwrap();
            for _ in 0..8 {
                let place = u.choose_index(octets.len())?;
                octets[place] = u.arbitrary()?;
                if let Ok((_, layout)) = parse_with_layout(&octets) {
                    rewrite_in_every_way(&octets, &layout);
                }
                rewrite_in_every_way(&octets, &foreign);
            }
        }
        Ok(())
    })
    .budget_ms(1_000);
}

/// The payload of a packet is never changed, by whatever method, but for the quote of an error.
#[test]
fn data_arrives_as_it_was_sent() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let packet = Packet::arbitrary(u, family)?;
        let data = match &packet.upper {
            Upper::Tcp { data, .. } | Upper::Udp { data, .. } => data.clone(),
            Upper::Sctp { chunks, .. } => chunks.clone(),
            other => panic!("{other:?}"),
        };
        let octets = packet.frame();
        let (_, layout) = parse_with_layout(&octets).unwrap();
        let hop = Hop::new(Method::Nat, address(u, family)?, 80);
        let mut after = octets.clone();
        forward(&mut Frame::from(&mut after[..]), &layout, &hop, &OUT).unwrap();
        let end = layout.packet().end;
        assert_eq!(after[end - data.len()..end], data);
        assert_eq!(after[end..], octets[end..]);
        Ok(())
    });
}
