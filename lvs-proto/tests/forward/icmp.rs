//! ICMP errors about connections (section 4.9).

use std::net::IpAddr;

use arbitrary::Unstructured;
use lvs_proto::{
    Family, Frame, Hop, Method, Origin, RewriteError, forward, parse_with_layout, reply,
};

use crate::model::{LEAVING, Packet, Upper, address};
use crate::nat::{OUT, family, rewritten};

/// A router's error about `about`, of which it quotes `len` octets.
fn error(u: &mut Unstructured<'_>, about: &Packet, len: usize) -> arbitrary::Result<Packet> {
    let family = Family::of(about.source);
    let kinds: &[u8] = if family == Family::V4 { &[3, 4, 11] } else { &[1, 2, 3, 4, 127] };
    let payload = about.packet()[..len].to_vec();
    let upper = Upper::Icmp {
        kind: *u.choose(kinds)?,
        code: u.arbitrary()?,
        rest: u.arbitrary()?,
        payload,
    };
    let base = Packet::arbitrary(u, family)?;
    Ok(Packet { destination: about.source, upper, ..base })
}

/// What the error is to say instead: the quoted octets of `about`, but behind the ports, and behind
/// the header if the ports are not quoted, those of `original`.
fn requote(error: &mut Packet, about: &Packet, original: &Packet) {
    let Upper::Icmp { payload, .. } = &mut error.upper else { panic!() };
    let (mut quote, original) = (about.packet(), original.packet());
    let ports = quote.len() - upper_len(about);
    let same_from = if payload.len() < ports + 4 { ports } else { ports + 4 };
    quote[same_from..].copy_from_slice(&original[same_from..]);
    quote.truncate(payload.len());
    *payload = quote;
}

/// Octets behind the IP header.
fn upper_len(packet: &Packet) -> usize {
    match &packet.upper {
        Upper::Tcp { options, data, .. } => 20 + options.len() + data.len(),
        Upper::Udp { data, .. } => 8 + data.len(),
        Upper::Sctp { chunks, .. } => 12 + chunks.len(),
        Upper::Icmp { payload, .. } => 8 + payload.len(),
        Upper::Raw(_, octets) => octets.len(),
    }
}

/// A packet between these ends, and a quote of it that holds its header at least.
fn quoted(u: &mut Unstructured<'_>, family: Family) -> arbitrary::Result<(Packet, usize)> {
    let about = Packet { link: LEAVING, ..Packet::arbitrary(u, family)? };
    let whole = about.packet().len();
    let len = u.int_in_range(whole - upper_len(&about)..=whole)?;
    Ok((about, len))
}

/// [ICMP-4]: from the client's side, about what the real server sent.
#[test]
fn icmp_4_errors_to_the_real_server() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let (about, len) = quoted(u, family)?;
        let before = error(u, &about, len)?;
        let hop = Hop::new(Method::Nat, address(u, family)?, u.arbitrary()?);

        let mut server_sent = Packet { source: hop.address, ..about.clone() };
        server_sent.ports_mut()[0] = hop.port;
        let mut expected = Packet { link: LEAVING, destination: hop.address, ..before.clone() };
        expected.hop_limit -= 1;
        requote(&mut expected, &server_sent, &about);

        let octets =
            rewritten(&before, |frame, layout| forward(frame, layout, &hop, &OUT)).unwrap();
        assert_eq!(octets, expected.frame());
        Ok(())
    });
}

/// [ICMP-6]: from the server's side, about what was sent to it.
#[test]
fn icmp_6_errors_to_the_client() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let (about, len) = quoted(u, family)?;
        let before = error(u, &about, len)?;
        let origin = Origin::new(Method::Nat, address(u, family)?, u.arbitrary()?);

        let mut client_sent = Packet { destination: origin.address, ..about.clone() };
        client_sent.ports_mut()[1] = origin.port;
        let mut expected = Packet { link: LEAVING, source: origin.address, ..before.clone() };
        expected.hop_limit -= 1;
        requote(&mut expected, &client_sent, &about);

        let octets =
            rewritten(&before, |frame, layout| reply(frame, layout, &origin, &OUT)).unwrap();
        assert_eq!(octets, expected.frame());
        Ok(())
    });
}

/// [ICMP-5] [NAT-7]: about connections of other methods they pass unchanged.
#[test]
fn icmp_5_other_methods_change_nothing() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let (about, len) = quoted(u, family)?;
        let before = error(u, &about, len)?;
        let hop = Hop::new(Method::DirectRoute, address(u, family)?, 80);
        let mut expected = Packet { link: LEAVING, ..before.clone() };
        expected.hop_limit -= 1;
        let octets =
            rewritten(&before, |frame, layout| forward(frame, layout, &hop, &OUT)).unwrap();
        assert_eq!(octets, expected.frame());
        Ok(())
    });
}

/// [ICMP-4]: an error with damage is dropped, for its new checksum would hide it.
#[test]
fn icmp_4_damaged_errors_are_refused() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let (about, len) = quoted(u, family)?;
        let error = error(u, &about, len)?;
        let mut octets = error.frame();
        let (_, layout) = parse_with_layout(&octets).unwrap();
        let message = layout.message();
        // Any octet but the type, which could make it none of these errors.
        let place = u.int_in_range(message.start + 1..=message.end - 1)?;
        octets[place] ^= 1 << u.int_in_range(0..=7)?;
        let before = octets.clone();
        let hop = Hop::new(Method::Nat, address(u, family)?, 80);
        let result = forward(&mut Frame::from(&mut octets[..]), &layout, &hop, &OUT);
        assert_eq!(result, Err(RewriteError::IcmpChecksum));
        assert_eq!(octets, before);
        Ok(())
    });
}

/// [ICMP-1] [ICMP-2]: an error in fragments, and one that quotes no whole header.
#[test]
fn icmp_2_unreadable_errors_are_refused() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let (about, _) = quoted(u, family)?;
        let header_len = about.packet().len() - upper_len(&about);
        let len = u.int_in_range(0..=header_len - 1)?;
        let short = error(u, &about, len)?;
        let whole = error(u, &about, about.packet().len())?;
        let fragment = Packet { fragment: Some((0, true)), ..whole };
        let hop = Hop::new(Method::Nat, address(u, family)?, 80);
        for packet in [short, fragment] {
            let result = rewritten(&packet, |frame, layout| forward(frame, layout, &hop, &OUT));
            assert_eq!(result, Err(RewriteError::IcmpUnreadable));
        }
        Ok(())
    });
}

/// What is no error quotes nothing, whatever it looks like.
#[test]
fn icmp_1_echoes_keep_their_data() {
    arbtest::arbtest(|u| {
        let family = family(u)?;
        let (about, len) = quoted(u, family)?;
        let mut echo = error(u, &about, len)?;
        if let Upper::Icmp { kind, .. } = &mut echo.upper {
            *kind = if family == Family::V4 { 8 } else { 128 };
        }
        let server: IpAddr = address(u, family)?;
        let hop = Hop::new(Method::Nat, server, 80);
        let mut expected = Packet { link: LEAVING, destination: server, ..echo.clone() };
        expected.hop_limit -= 1;
        let octets = rewritten(&echo, |frame, layout| forward(frame, layout, &hop, &OUT)).unwrap();
        assert_eq!(octets, expected.frame());
        Ok(())
    });
}
