//! The way of a client's packet: parse, decide, rewrite.

mod common;

use std::net::IpAddr;

use common::{DIRECTOR_MAC, Recipe, V4, V6};
use lvs_proto::checksum::Sum;
use lvs_proto::wire::ethernet;
use lvs_proto::{
    BURST, Decide, DropReason, Family, Flow, Frame, Hop, Instant, LinkPair, MacAddr, Method,
    Origin, Outcome, ParseError, Path, Protocol, Reject, RewriteError, Route, TcpFlags, Transport,
    Verdict, parse, parse_call_id, process, process_burst, rewrite_direct_route,
};

const LINK: LinkPair =
    LinkPair { source: DIRECTOR_MAC, destination: MacAddr::new([2, 0, 0, 0, 0, 11]) };

#[test]
fn tags_and_padding_do_not_matter() {
    for addresses in [V4, V6] {
        for (tags, padding) in [(0, 0), (1, 6), (2, 2)] {
            let recipe = Recipe { tags, padding, ..Recipe::syn(addresses) };
            let length = if addresses.family() == Family::V4 { 40 } else { 60 };
            let flow = Flow::tcp(addresses, 40_000, 80, TcpFlags::SYN).with_length(length);
            assert_eq!(parse(&recipe.frame()), Ok(flow));
        }
    }
}

/// [SVC-10] needs all 20 octets of TCP, all 8 of UDP.
#[test]
fn svc_10_short_headers_are_unreadable() {
    for (protocol, enough) in [(Protocol::TCP, 20), (Protocol::UDP, 8)] {
        for addresses in [V4, V6] {
            let transport = |octets| {
                let payload = vec![1; octets];
                let recipe = Recipe { protocol, payload, ..Recipe::syn(addresses) };
                parse(&recipe.frame()).unwrap().transport
            };
            assert_eq!(transport(enough - 1), Transport::Unreadable(protocol));
            assert_eq!(transport(enough).ports(), Some((0x0101, 0x0101)));
        }
    }
}

#[test]
fn later_fragments_are_told_from_cut_headers() {
    let first = Recipe::syn(V4).frame();
    for (flags_and_offset, readable) in [([0x20, 0], true), ([0x20, 1], false), ([0, 1], false)] {
        let mut fragment = first.clone();
        fragment[20..22].copy_from_slice(&flags_and_offset);
        seal(&mut fragment[14..34]);
        let flow = parse(&fragment).unwrap();
        assert_eq!(flow.transport != Transport::LaterFragment(Protocol::TCP), readable);
    }
    let mut payload = vec![Protocol::UDP.0, 0, 0, 8, 0, 0, 0, 0];
    payload.extend([0xee; 8]);
    let fragment = Recipe { protocol: Protocol(44), payload, ..Recipe::syn(V6) };
    let transport = parse(&fragment.frame()).unwrap().transport;
    assert_eq!(transport, Transport::LaterFragment(Protocol::UDP));
}

/// [PE-1]: UDP only.
#[test]
fn pe_1_the_call_id_of_a_frame() {
    let message = b"\x9c\x40\x13\xc4\0\0\0\0INVITE sip:a@b SIP/2.0\r\nCall-ID: x@y\r\n\r\n";
    for addresses in [V4, V6] {
        for (protocol, expected) in [(Protocol::UDP, Some("x@y")), (Protocol::TCP, None)] {
            let recipe = Recipe { protocol, payload: message.to_vec(), ..Recipe::syn(addresses) };
            let found = parse_call_id(&recipe.frame()).map(|id| id.to_string());
            assert_eq!(found.as_deref(), expected);
            let cut = Recipe { payload: message[..7].to_vec(), ..recipe };
            assert_eq!(parse_call_id(&cut.frame()), None);
        }
    }
}

#[test]
fn hostile_octets_do_not_panic() {
    arbtest::arbtest(|u| {
        let recipe = Recipe::arbitrary(u)?;
        let mut frame = recipe.frame();
        let flow = parse(&frame).unwrap();
        assert_eq!(flow.addresses, recipe.addresses);
        for len in 0..frame.len() - recipe.padding {
            assert!(parse(&frame[..len]).is_err());
        }
        for _ in 0..8 {
            let place = u.choose_index(frame.len())?;
            frame[place] = u.arbitrary()?;
            let _ = parse(&frame);
            let _ = parse_call_id(&frame);
            let _ = rewrite_direct_route(&mut frame.clone(), LINK);
        }
        let octets = u.bytes(u.len().min(100))?;
        let _ = parse(octets);
        let _ = rewrite_direct_route(&mut octets.to_vec(), LINK);
        Ok(())
    });
}

/// [DR-1], [RT-5], RFC 1624: all that changes is the link addresses, one hop, and the checksum.
#[test]
fn dr_1_rewriting_changes_nothing_else() {
    arbtest::arbtest(|u| {
        let recipe = Recipe::arbitrary(u)?;
        let before = recipe.frame();
        let mut after = before.clone();
        let result = rewrite_direct_route(&mut after, LINK);
        if recipe.hop_limit <= 1 {
            assert_eq!(result, Err(RewriteError::TimeExceeded));
            assert_eq!(after, before);
            return Ok(());
        }
        assert_eq!(result, Ok(()));
        let ip = recipe.link_len();
        let mut expected = before;
        expected[..6].copy_from_slice(&LINK.destination.octets());
        expected[6..12].copy_from_slice(&LINK.source.octets());
        match recipe.addresses.family() {
            Family::V4 => {
                expected[ip + 8] -= 1;
                seal(&mut expected[ip..ip + 20]);
            }
            Family::V6 => expected[ip + 7] -= 1,
        }
        assert_eq!(after, expected);
        assert!(parse(&after).is_ok());
        Ok(())
    });
}

#[test]
fn what_is_not_ip_is_not_rewritten() {
    let mut frame = Recipe::syn(V4).frame();
    frame[12..14].copy_from_slice(&[0x08, 0x06]);
    let before = frame.clone();
    let not_ip = ParseError::NotIp(ethernet::EtherType::ARP);
    assert_eq!(rewrite_direct_route(&mut frame, LINK), Err(RewriteError::Parse(not_ip)));
    assert_eq!(frame, before);
    for addresses in [V4, V6] {
        let mut frame = Recipe::syn(addresses).frame();
        let headers = if addresses.family() == Family::V4 { 34 } else { 54 };
        let cut = &mut frame[..headers - 1];
        assert!(matches!(rewrite_direct_route(cut, LINK), Err(RewriteError::Parse(_))));
    }
}

/// A decider that has made up its mind.
struct Decided(Verdict);

impl Decide for Decided {
    fn decide(&mut self, _now: Instant, _flow: &Flow) -> Verdict {
        self.0
    }
}

/// Every verdict on every kind of frame.
#[test]
fn each_verdict_has_its_outcome() {
    let hop = |method| Hop::new(method, IpAddr::from([192, 0, 2, 11]), 80);
    let (direct, nat) = (hop(Method::DirectRoute), hop(Method::Nat));
    let origin = Origin::new(Method::Nat, IpAddr::from([192, 0, 2, 9]), 80);
    let via = |mtu| Some(Route::Via(Path::new(LINK, mtu)));
    let run = |recipe: &Recipe, verdict, route| {
        let before = recipe.frame();
        let mut octets = before.clone();
        let mut frame = Frame::from(&mut octets[..]);
        let outcome = process(Instant::EPOCH, &mut frame, &mut Decided(verdict), |address| {
            let client_bound = matches!(verdict, Verdict::Reply(_));
            let expected = if client_bound { V4.destination() } else { direct.address };
            assert_eq!(address, expected);
            route
        });
        assert_eq!(octets != before, matches!(outcome, Outcome::Send | Outcome::Deliver));
        outcome
    };
    let syn = Recipe::syn(V4);
    let dying = Recipe { hop_limit: 1, ..Recipe::syn(V4) };
    let drop = DropReason::TableFull;
    let reject = Reject::PortUnreachable;
    let nowhere = RewriteError::NoTunnelSource { server: Family::V4 };
    for (recipe, verdict, route, expected) in [
        (&syn, Verdict::Forward(direct), via(40), Outcome::Send),
        (&dying, Verdict::Forward(direct), via(40), Outcome::TimeExceeded),
        (&syn, Verdict::Forward(direct), None, Outcome::Unresolved(Verdict::Forward(direct))),
        (&syn, Verdict::Forward(nat), via(40), Outcome::Send),
        (&dying, Verdict::Forward(nat), Some(Route::Local), Outcome::Deliver),
        (&syn, Verdict::Forward(hop(Method::Tunnel)), via(1500), Outcome::NotRewritten(nowhere)),
        (&syn, Verdict::Reply(origin), via(40), Outcome::Send),
        (&syn, Verdict::Reply(origin), None, Outcome::Unresolved(Verdict::Reply(origin))),
        (&dying, Verdict::Pass, None, Outcome::Pass),
        (&syn, Verdict::Reject(reject), None, Outcome::Reject(reject)),
        (&syn, Verdict::Drop(drop), None, Outcome::Drop(drop)),
    ] {
        assert_eq!(run(recipe, verdict, route), expected);
    }
    let mut runt = [0; 10];
    let error = ParseError::Ethernet(ethernet::Error::Truncated(10));
    let mut frame = Frame::from(&mut runt[..]);
    let outcome = process(Instant::EPOCH, &mut frame, &mut Decided(Verdict::Pass), |_| None);
    assert_eq!(outcome, Outcome::NotParsed(error));
    let mut long = Recipe::syn(V6).frame();
    let mut frame = Frame::from(&mut long[..]);
    let forward = Verdict::Forward(Hop::new(Method::DirectRoute, V6.destination(), 80));
    let outcome = process(Instant::EPOCH, &mut frame, &mut Decided(forward), |_| via(59));
    assert_eq!(outcome, Outcome::TooBig { mtu: 59 });
}

/// A decider whose verdict is the packet's own destination, with the number of packets so far.
#[derive(Default)]
struct Counting(u16);

impl Decide for Counting {
    fn decide(&mut self, _now: Instant, flow: &Flow) -> Verdict {
        self.0 += 1;
        match flow.transport {
            Transport::Unreadable(_) => Verdict::Pass,
            _ => Verdict::Forward(Hop::new(Method::Nat, flow.destination(), self.0)),
        }
    }
}

/// A burst is its frames one after another, damaged ones among them.
#[test]
fn bursts_equal_single_frames() {
    arbtest::arbtest(|u| {
        let count = u.int_in_range(0..=2 * BURST + 1)?;
        let mut frames = Vec::new();
        for _ in 0..count {
            let mut octets = Recipe::arbitrary(u)?.frame();
            if u.ratio(1, 4)? {
                octets.truncate(u.choose_index(octets.len())?);
            }
            frames.push(octets);
        }
        let mut singles = frames.clone();
        let route_to = |_| Some(Route::Via(Path::new(LINK, 100)));
        let mut decider = Counting::default();
        let expected: Vec<_> = singles
            .iter_mut()
            .map(|octets| {
                process(Instant::EPOCH, &mut Frame::from(&mut octets[..]), &mut decider, route_to)
            })
            .collect();
        let mut outcomes = Vec::new();
        let mut burst: Vec<_> =
            frames.iter_mut().map(|octets| Frame::from(&mut octets[..])).collect();
        let mut decider = Counting::default();
        process_burst(Instant::EPOCH, &mut burst, &mut decider, route_to, |_frame, outcome| {
            outcomes.push(outcome);
        });
        assert_eq!(outcomes, expected);
        assert_eq!(frames, singles);
        Ok(())
    });
}

/// Writes the checksum of an IPv4 header.
fn seal(header: &mut [u8]) {
    header[10..12].fill(0);
    let checksum = Sum::new().add_octets(header).checksum();
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
}
