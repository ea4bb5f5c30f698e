//! Frames: parsers, answers, rewriting.

use std::net::{Ipv4Addr, Ipv6Addr};

use lvs_proto::frames::{self, OwnAddresses, TunnelError};
use lvs_proto::wire::{arp, ethernet, ipv6, ndp};
use lvs_proto::{
    Endpoint, Frame, GueChecksum, Hop, LinkPair, MacAddr, Method, Path, Route, Tunnel, forward,
    parse, parse_with_layout, rewrite_direct_route, toa,
};

const MAC: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 1]);
const LINK: LinkPair = LinkPair { source: MAC, destination: MAC };
const OWN: OwnAddresses = OwnAddresses { v4: Ipv4Addr::LOCALHOST, v6: Ipv6Addr::LOCALHOST };

/// Every parser and answer that a frame from the wire meets.
pub fn frame(octets: &[u8]) {
    let mut answer = [0; 2_048];
    if let Ok(ethernet) = ethernet::Frame::parse(octets) {
        if let Ok(request) = arp::Packet::parse(ethernet.payload) {
            let _ = frames::arp_reply(&request, MAC, &mut answer);
        }
        if let Ok(packet) = ipv6::Packet::parse(ethernet.payload)
            && let Ok(ndp::Message::Solicitation(solicitation)) = ndp::Message::parse(&packet)
        {
            let _ = frames::neighbor_reply(&solicitation, MAC, MAC, &mut answer);
        }
    }
    for written in [
        frames::port_unreachable(octets, OWN, &mut answer),
        frames::time_exceeded(octets, OWN, &mut answer),
    ] {
        assert!(written.map_or(0, |length| length) <= 1_280 + ethernet::HEADER_LEN + 8);
    }
    if let Ok(flow) = parse(octets) {
        let mut forwarded = octets.to_vec();
        if rewrite_direct_route(&mut forwarded, LINK).is_ok() {
            assert_eq!(parse(&forwarded), Ok(flow), "a rewritten frame is the same flow");
        }
    }
    if let Some(error) = TunnelError::parse(octets) {
        let _ = error.relay(OWN.v4, LINK, &mut answer);
    }
    forwarded(octets);
}

/// A frame by each method to a server of either family: it leaves well-formed, or stays as it was.
fn forwarded(octets: &[u8]) {
    let Ok((_, layout)) = parse_with_layout(octets) else { return };
    let gue = Tunnel::Gue { port: 6080, checksum: GueChecksum::Udp };
    for address in [OWN.v4.into(), OWN.v6.into()] {
        let route = Route::Via(Path { source: address, ..Path::new(LINK, 1_500) });
        for method in [Method::Nat, Method::DirectRoute, Method::Tunnel] {
            let hop = Hop { tunnel: gue, ..Hop::new(method, address, 80) };
            let mut buffer = [&[0; 64][..], octets].concat();
            let Ok(mut frame) = Frame::new(&mut buffer, 64, octets.len()) else { return };
            match forward(&mut frame, &layout, &hop, &route) {
                Ok(()) => assert!(parse(frame.octets()).is_ok(), "what leaves is well-formed"),
                Err(_) => assert_eq!(frame.octets(), octets, "an error changes nothing"),
            }
        }
        let (client, mut after) = (Endpoint { address, port: 80 }, layout);
        let mut buffer = [&[0; 64][..], octets].concat();
        let Ok(mut frame) = Frame::new(&mut buffer, 64, octets.len()) else { return };
        if toa::insert(&mut frame, &mut after, client, 1_500).is_ok() {
            let again = parse_with_layout(frame.octets()).map(|(_, layout)| layout);
            assert_eq!(again, Ok(after), "the layout is that of the longer frame");
        }
    }
}
