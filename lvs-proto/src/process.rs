//! Parse, decide and rewrite: the way of a frame through the director.

use core::net::IpAddr;

use crate::parse::{ParseError, parse};
use crate::rewrite::{LinkPair, RewriteError, rewrite_direct_route};
use crate::{Decide, DropReason, Hop, Instant, Method, Origin, Reject, Verdict};

/// What to do with a frame that [`process`] has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an outcome says what to do with the frame"]
pub enum Outcome {
    /// It was rewritten: send it out.
    Send,
    /// It goes to a real server that is not reached by [`Method::DirectRoute`]: translate or
    /// encapsulate it. The frame is unchanged.
    Carry(Hop),
    /// A real server's answer: translate its source for [`Method::Nat`], then forward it. The frame
    /// is unchanged.
    Reply(Origin),
    /// The link address of the next hop is not known: resolve it, then
    /// [`rewrite_direct_route`]. The frame is unchanged.
    Unresolved(Hop),
    /// Not ours: hand it to the local stack. The frame is unchanged.
    Pass,
    /// Drop it and answer with [`port_unreachable`](crate::frames::port_unreachable). The frame
    /// is unchanged.
    Reject(Reject),
    /// Drop it and answer with [`time_exceeded`](crate::frames::time_exceeded) \[RT-5\]. The frame
    /// is unchanged.
    TimeExceeded,
    /// Drop it in silence.
    Drop(DropReason),
    /// It could not be rewritten: drop it.
    NotRewritten(RewriteError),
    /// No intact IP packet: [`ParseError::NotIp`] goes to the local stack, damage is dropped.
    NotParsed(ParseError),
}

/// Parses `frame`, asks `decider`, and rewrites the frame in place where that is all it takes.
///
/// `link_to` knows the Ethernet addresses of the way to a real server; it is asked at most once.
///
/// ```
/// use core::net::{IpAddr, Ipv4Addr};
/// use lvs_proto::wire::{ethernet, ipv4};
/// use lvs_proto::{
///     Decide, Flow, Hop, Instant, LinkPair, MacAddr, Method, Outcome, Protocol, Verdict, process,
/// };
///
/// /// One real server for everything.
/// struct OnlyOne(IpAddr);
///
/// impl Decide for OnlyOne {
///     fn decide(&mut self, _now: Instant, _flow: &Flow) -> Verdict {
///         Verdict::Forward(Hop::new(Method::DirectRoute, self.0, 80))
///     }
/// }
///
/// let [client, director, server] = [1, 2, 3].map(|last| MacAddr::new([2, 0, 0, 0, 0, last]));
/// let header = ipv4::Header {
///     source: Ipv4Addr::new(192, 0, 2, 7),
///     destination: Ipv4Addr::new(192, 0, 2, 100),
///     protocol: Protocol::UDP,
///     hop_limit: 64,
///     tos: 0,
///     total_len: 20,
/// };
/// let link_header = ethernet::header(director, client, ethernet::EtherType::IPV4);
/// let mut frame = [&link_header[..], &header.octets()].concat();
///
/// let mut decider = OnlyOne(IpAddr::from([192, 0, 2, 11]));
/// let outcome = process(Instant::EPOCH, &mut frame, &mut decider, |_address| {
///     Some(LinkPair { source: director, destination: server })
/// });
/// assert_eq!(outcome, Outcome::Send);
/// assert_eq!(frame[..6], server.octets());
/// ```
pub fn process(
    now: Instant,
    frame: &mut [u8],
    decider: &mut impl Decide,
    link_to: impl FnOnce(IpAddr) -> Option<LinkPair>,
) -> Outcome {
    let flow = match parse(frame) {
        Ok(flow) => flow,
        Err(error) => return Outcome::NotParsed(error),
    };
    match decider.decide(now, &flow) {
        Verdict::Forward(hop) if hop.method != Method::DirectRoute => Outcome::Carry(hop),
        Verdict::Forward(hop) => match link_to(hop.address) {
            Some(link) => send(frame, link),
            None => Outcome::Unresolved(hop),
        },
        Verdict::Reply(origin) => Outcome::Reply(origin),
        Verdict::Pass => Outcome::Pass,
        Verdict::Reject(reject) => Outcome::Reject(reject),
        Verdict::Drop(reason) => Outcome::Drop(reason),
    }
}

fn send(frame: &mut [u8], link: LinkPair) -> Outcome {
    match rewrite_direct_route(frame, link) {
        Ok(()) => Outcome::Send,
        Err(RewriteError::TimeExceeded) => Outcome::TimeExceeded,
        Err(error) => Outcome::NotRewritten(error),
    }
}
