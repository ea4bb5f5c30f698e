//! ICMP errors, and the packets that they quote.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use common::{Recipe, V4, V6};
use lvs_proto::wire::{icmpv4, icmpv6};
use lvs_proto::{AddressPair, Embedded, Family, Flow, Protocol, SctpChunk, Transport, parse};

/// Octets before the quote: Ethernet, IPv4 or IPv6, ICMP.
const QUOTE_V4: usize = 14 + 20 + 8;
const QUOTE_V6: usize = 14 + 40 + 8;

/// An ICMP error of `kind` about `quote` between these addresses.
fn error(addresses: AddressPair, kind: u8, quote: &[u8]) -> Recipe {
    let (protocol, header) = match addresses {
        AddressPair::V4 { .. } => (Protocol::ICMP, icmpv4::header(kind, 0, [0; 4], quote)),
        AddressPair::V6 { source, destination } => {
            let header = icmpv6::header(source, destination, kind, 0, [0; 4], quote);
            (Protocol::ICMPV6, header)
        }
    };
    Recipe { protocol, payload: [&header[..], quote].concat(), ..Recipe::syn(addresses) }
}

fn flow_of(addresses: AddressPair, kind: u8, quote: &[u8]) -> Flow {
    parse(&error(addresses, kind, quote).frame()).unwrap()
}

/// The IP packet of a recipe, without its link header.
fn packet(recipe: &Recipe) -> Vec<u8> {
    recipe.frame()[recipe.link_len()..].to_vec()
}

/// Worked by hand: 10.0.0.254 tells 192.0.2.100 that its packet to 198.51.100.7 came too far. The
/// quote ends 8 octets into TCP, as RFC 792 has it.
#[test]
fn icmp_1_a_golden_error() {
    let hex = "00005e0001010200000000070800\
               45000038000000004001ad630a0000fec0000264\
               0b00586e00000000\
               450000281234400001067afdc0000264c6336407\
               00509c4000000001";
    let digits: Vec<_> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let frame: Vec<u8> = digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect();
    let flow = parse(&frame).unwrap();
    let addresses =
        AddressPair::V4 { source: [192, 0, 2, 100].into(), destination: [198, 51, 100, 7].into() };
    let embedded = Embedded { addresses, protocol: Protocol::TCP, ports: Some((80, 40_000)) };
    assert_eq!(flow.embedded, Some(embedded));
    assert_eq!(flow.transport, Transport::Other(Protocol::ICMP));
}

/// [ICMP-1]: 3, 4 and 11 of IPv4, all below 128 of IPv6.
#[test]
fn icmp_1_types() {
    for addresses in [V4, V6] {
        let quote = packet(&Recipe::syn(addresses));
        let about = |kind: &u8| flow_of(addresses, *kind, &quote).embedded.is_some();
        let considered: Vec<u8> = (0..=u8::MAX).filter(about).collect();
        match addresses.family() {
            Family::V4 => assert_eq!(considered, [3, 4, 11]),
            Family::V6 => assert_eq!(considered, (0..128).collect::<Vec<u8>>()),
        }
    }
}

/// A quote may end anywhere: the addresses are needed, the ports are told if they are there.
#[test]
fn icmp_2_quotes_are_cut_short() {
    arbtest::arbtest(|u| {
        let recipe = Recipe { tags: 0, padding: 0, ..Recipe::arbitrary(u)? };
        let whole = packet(&recipe);
        let headers = whole.len() - recipe.payload.len();
        let ports = recipe
            .payload
            .first_chunk()
            .map(|&[a, b, c, d]| (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])));
        for len in 0..=whole.len() {
            let embedded = flow_of(recipe.addresses, 3, &whole[..len]).embedded;
            let Recipe { addresses, protocol, .. } = recipe;
            let ports = ports.filter(|_| len >= headers + 4);
            let expected = Embedded { addresses, protocol, ports };
            assert_eq!(embedded, (len >= headers).then_some(expected));
        }
        Ok(())
    });
}

#[test]
fn icmp_2_extension_headers_are_skipped() {
    let quote = |protocol, payload: &[u8]| {
        let recipe = Recipe { protocol, payload: payload.to_vec(), ..Recipe::syn(V6) };
        flow_of(V6, 1, &packet(&recipe))
            .embedded
            .map(|embedded| (embedded.protocol, embedded.ports))
    };
    let options = [Protocol::UDP.0, 0, 0, 0, 0, 0, 0, 0, 0x9c, 0x40, 0, 53];
    assert_eq!(quote(Protocol(60), &options), Some((Protocol::UDP, Some((40_000, 53)))));
    assert_eq!(quote(Protocol(60), &options[..7]), None, "cut within the extension");
    let fragment = [Protocol::UDP.0, 0, 0, 1, 0, 0, 0, 0, 0x9c, 0x40, 0, 53];
    assert_eq!(quote(Protocol(44), &fragment), Some((Protocol::UDP, Some((40_000, 53)))));
}

/// [ICMP-2]: only what needs ports is lost with the first fragment.
#[test]
fn icmp_2_later_fragments_have_no_ports() {
    for (protocol, lost) in [(Protocol::TCP, true), (Protocol(50), false)] {
        let mut quote = packet(&Recipe { protocol, ..Recipe::syn(V4) });
        quote[6..8].copy_from_slice(&[0, 1]);
        assert_eq!(flow_of(V4, 3, &quote).embedded.is_none(), lost);
        let payload = vec![protocol.0, 0, 0, 8, 0, 0, 0, 0, 1, 2, 3, 4];
        let quote = packet(&Recipe { protocol: Protocol(44), payload, ..Recipe::syn(V6) });
        assert_eq!(flow_of(V6, 3, &quote).embedded.is_none(), lost);
    }
}

#[test]
fn icmp_2_malformed_quotes_are_none() {
    let v4 = packet(&Recipe::syn(V4));
    let v6 = packet(&Recipe::syn(V6));
    assert_eq!(flow_of(V4, 3, &v6).embedded, None);
    assert_eq!(flow_of(V6, 3, &v4).embedded, None);
    let mut short_header = v4;
    short_header[0] = 0x44;
    assert_eq!(flow_of(V4, 3, &short_header).embedded, None);
}

/// [ICMP-1]: an ICMPv6 error in fragments is dropped, an echo in fragments is not.
#[test]
fn icmp_1_errors_in_fragments() {
    for (kind, transport) in
        [(1, Transport::Unreadable(Protocol::ICMPV6)), (128, Transport::Other(Protocol::ICMPV6))]
    {
        let inner = error(V6, kind, &packet(&Recipe::syn(V6)));
        let mut payload = vec![Protocol::ICMPV6.0, 0, 0, 1, 0, 0, 0, 0];
        payload.extend(&inner.payload);
        let recipe = Recipe { protocol: Protocol(44), payload, ..inner };
        let flow = parse(&recipe.frame()).unwrap();
        assert_eq!((flow.transport, flow.embedded), (transport, None));
    }
}

/// [SVC-10] [SCTP-3]: the ports of SCTP are readable before its first chunk is.
#[test]
fn svc_10_sctp_needs_its_header() {
    let mut payload = vec![0; 12];
    payload[..4].copy_from_slice(&[0x9c, 0x40, 0x0f, 0x1c]);
    payload.extend([1, 0, 0, 20]);
    for addresses in [V4, V6] {
        let transport = |len: usize| {
            let (protocol, payload) = (Protocol::SCTP, payload[..len].to_vec());
            parse(&Recipe { protocol, payload, ..Recipe::syn(addresses) }.frame())
                .unwrap()
                .transport
        };
        let sctp = |chunk| Transport::Sctp { source_port: 40_000, destination_port: 3868, chunk };
        assert_eq!(transport(11), Transport::Unreadable(Protocol::SCTP));
        assert_eq!(transport(15), sctp(None));
        assert_eq!(transport(16), sctp(Some(SctpChunk::Init)));
    }
}

#[test]
fn hostile_quotes_do_not_panic() {
    arbtest::arbtest(|u| {
        let addresses = *u.choose(&[V4, V6])?;
        let begin = if addresses.family() == Family::V4 { QUOTE_V4 } else { QUOTE_V6 };
        let mut frame = error(addresses, 3, &packet(&Recipe::arbitrary(u)?)).frame();
        for _ in 0..8 {
            let place = begin + u.choose_index(frame.len() - begin)?;
            frame[place] = u.arbitrary()?;
            let _ = parse(&frame);
        }
        Ok(())
    });
}
