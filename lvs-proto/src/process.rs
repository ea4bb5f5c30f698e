//! Parse, decide and rewrite: the way of a frame through the director.

use core::net::IpAddr;

use crate::ftp;
use crate::parse::{ParseError, parse_into, parse_with_layout};
use crate::rewrite::{RewriteError, Route, forward, reply};
use crate::toa::{self, ToaError};
use crate::{
    Decide, DropReason, Endpoint, Flow, Frame, Instant, Layout, Method, Origin, Reject, Transport,
    Verdict,
};

/// Frames that are parsed, decided and rewritten together.
pub const BURST: usize = 32;

/// What to do with a frame that [`process`] has seen. It is unchanged but for
/// [`Send`](Self::Send), [`SendWithoutToa`](Self::SendWithoutToa) and [`Deliver`](Self::Deliver), and
/// but for what control connections of FTP say \[FTP-3\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an outcome says what to do with the frame"]
pub enum Outcome {
    /// It was rewritten: send it out. One that was put into a tunnel begins earlier in its buffer.
    Send,
    /// It was rewritten, and is for this host: hand it to the local stack \[RT-4\].
    Deliver,
    /// It was rewritten: send it out. But there was no room to tell the real server who the client
    /// is \[FN-4\].
    SendWithoutToa(ToaError),
    /// The way to the next hop is not known: resolve it, then parse the frame again and [`follow`]
    /// this verdict. Do not process it again: it has been counted.
    Unresolved(Verdict),
    /// Not ours: hand it to the local stack.
    Pass,
    /// Drop it and answer with [`port_unreachable`](crate::frames::port_unreachable).
    Reject(Reject),
    /// Drop it and answer with [`time_exceeded`](crate::frames::time_exceeded) \[RT-5\].
    TimeExceeded,
    /// Drop it and answer with [`packet_too_big`](crate::frames::packet_too_big) \[RT-7\] \[RT-8\].
    TooBig {
        /// Octets of the longest packet that may come this way.
        mtu: u32,
    },
    /// Drop it in silence.
    Drop(DropReason),
    /// Drop it in silence: it cannot be rewritten.
    NotRewritten(RewriteError),
    /// No intact IP packet: [`ParseError::NotIp`] goes to the local stack, damage is dropped.
    NotParsed(ParseError),
}

/// Parses `frame`, asks `decider`, and rewrites the frame in place.
///
/// `route_to` knows the way to a real server or to a client; it is asked at most once. Tunnels need
/// headroom in front of the frame, and so does telling a real server who the client is \[FN-4\].
///
/// ```
/// use core::net::{IpAddr, Ipv4Addr};
/// use lvs_proto::wire::{ethernet, ipv4};
/// use lvs_proto::{
///     Decide, Flow, Frame, Hop, Instant, LinkPair, MacAddr, Method, Outcome, Path, Protocol,
///     Route, Verdict, process,
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
/// let mut octets = [&link_header[..], &header.octets()].concat();
///
/// let mut decider = OnlyOne(IpAddr::from([192, 0, 2, 11]));
/// let mut frame = Frame::from(&mut octets[..]);
/// let outcome = process(Instant::EPOCH, &mut frame, &mut decider, |_address| {
///     let link = LinkPair { source: director, destination: server };
///     Some(Route::Via(Path::new(link, 1500)))
/// });
/// assert_eq!(outcome, Outcome::Send);
/// assert_eq!(octets[..6], server.octets());
/// ```
pub fn process(
    now: Instant,
    frame: &mut Frame<'_>,
    decider: &mut impl Decide,
    route_to: impl FnOnce(IpAddr) -> Option<Route>,
) -> Outcome {
    // Where it was written it is read: to move it out would copy it whole.
    match &mut parse_with_layout(frame.octets()) {
        Ok((flow, layout)) => {
            let verdict = decider.decide(now, flow);
            match help_ftp(now, frame, flow, layout, &verdict, decider) {
                Ok(()) => follow(frame, flow, layout, &verdict, route_to),
                Err(error) => Outcome::NotRewritten(error),
            }
        }
        Err(error) => Outcome::NotParsed(*error),
    }
}

/// Processes frames as [`process`] does each of them, in their order, [`BURST`] at a time: all are
/// parsed, then all are [decided](Decide::decide_burst), then all are rewritten, and `finish` gets
/// each with its outcome.
pub fn process_burst<'a>(
    now: Instant,
    frames: &mut [Frame<'a>],
    decider: &mut impl Decide,
    mut route_to: impl FnMut(IpAddr) -> Option<Route>,
    mut finish: impl FnMut(&mut Frame<'a>, Outcome),
) {
    for burst in frames.chunks_mut(BURST) {
        // Nothing moves between the passes: what was just written in parts is not read at once.
        let mut flows = [Flow::NONE; BURST];
        let mut layouts = [Layout::NONE; BURST];
        let mut verdicts = [Verdict::Pass; BURST];
        let mut errors = [None; BURST];
        let mut parsed = 0;
        for (frame, error) in burst.iter().zip(&mut errors) {
            let (flow, layout) = (flows.get_mut(parsed), layouts.get_mut(parsed));
            let (Some(flow), Some(layout)) = (flow, layout) else { break };
            match parse_into(frame.octets(), flow, layout) {
                Ok(()) => parsed += 1,
                Err(cause) => *error = Some(cause),
            }
        }
        let (flows, verdicts) = (flows.get(..parsed), verdicts.get_mut(..parsed));
        let (flows, verdicts) = (flows.unwrap_or_default(), verdicts.unwrap_or_default());
        decider.decide_burst(now, flows, verdicts);

        let mut decided = flows.iter().zip(&mut layouts).zip(verdicts.iter());
        for (frame, error) in burst.iter_mut().zip(&errors) {
            let outcome = match error {
                Some(error) => Outcome::NotParsed(*error),
                None => match decided.next() {
                    Some(((flow, layout), verdict)) => {
                        match help_ftp(now, frame, flow, layout, verdict, decider) {
                            Ok(()) => follow(frame, flow, layout, verdict, &mut route_to),
                            Err(error) => Outcome::NotRewritten(error),
                        }
                    }
                    None => Outcome::Pass,
                },
            };
            finish(frame, outcome);
        }
    }
}

/// Lets the decider see what passes on a control connection of FTP, and change it \[FTP-1\], after
/// the verdict and before [`follow`], as [`process`] does. The layout is brought up to date.
///
/// # Errors
/// [`RewriteError`], of headroom or length; frame and layout are unchanged.
#[inline]
pub fn help_ftp(
    now: Instant,
    frame: &mut Frame<'_>,
    flow: &Flow,
    layout: &mut Layout,
    verdict: &Verdict,
    decider: &mut impl Decide,
) -> Result<(), RewriteError> {
    let (method, virtual_port) = match (verdict, flow.transport) {
        (Verdict::Forward(hop), Transport::Tcp { destination_port, .. }) => {
            (hop.method, destination_port)
        }
        (Verdict::Reply(origin), Transport::Tcp { .. }) => (origin.method, origin.port),
        _ => return Ok(()),
    };
    if !cfg!(feature = "helpers") || virtual_port != ftp::PORT || method != Method::Nat {
        return Ok(());
    }
    let Some(segment) = ftp::read(frame.octets(), flow, layout) else { return Ok(()) };
    let edit = decider.help_ftp(now, flow, &segment);
    ftp::write(frame, layout, &edit)
}

/// Does what `verdict` says with a frame that [`parse_with_layout`] made `flow` and `layout` of, as
/// [`process`] does after it has asked: for embedders that know more of a packet than its octets
/// say, such as a mark, or that resolve the way to the next hop later.
#[inline]
pub fn follow(
    frame: &mut Frame<'_>,
    flow: &Flow,
    layout: &Layout,
    verdict: &Verdict,
    route_to: impl FnOnce(IpAddr) -> Option<Route>,
) -> Outcome {
    match verdict {
        Verdict::Forward(hop) => match &route_to(hop.address) {
            Some(route) => match (forward(frame, layout, hop, route), route) {
                (Ok(()), Route::Via(path)) if cfg!(feature = "full-nat") && hop.toa => {
                    tell_client(frame, flow, layout, path.mtu)
                }
                (rewritten, route) => outcome(rewritten, route),
            },
            None => Outcome::Unresolved(*verdict),
        },
        Verdict::Reply(origin) => match &route_to(client_of(flow, origin)) {
            Some(route) => {
                let rewritten = reply(frame, layout, origin, route);
                let client = origin.client.filter(|_| cfg!(feature = "full-nat"));
                if let (Ok(()), Route::Via(_), Some(client)) = (rewritten, route, client) {
                    toa::reserve(frame, layout, client);
                }
                outcome(rewritten, route)
            }
            None => Outcome::Unresolved(*verdict),
        },
        Verdict::Pass => Outcome::Pass,
        Verdict::Reject(reject) => Outcome::Reject(*reject),
        Verdict::Drop(reason) => Outcome::Drop(*reason),
    }
}

/// What becomes of a frame that was rewritten for a route, or not.
const fn outcome(rewritten: Result<(), RewriteError>, route: &Route) -> Outcome {
    match (rewritten, route) {
        (Ok(()), Route::Via(_)) => Outcome::Send,
        (Ok(()), Route::Local) => Outcome::Deliver,
        (Err(RewriteError::TimeExceeded), _) => Outcome::TimeExceeded,
        (Err(RewriteError::TooBig { mtu }), _) => Outcome::TooBig { mtu },
        (Err(error), _) => Outcome::NotRewritten(error),
    }
}

/// To whom an answer goes.
fn client_of(flow: &Flow, origin: &Origin) -> IpAddr {
    origin.client.map_or(flow.destination(), |client| client.address)
}

/// Tells the real server who sent a segment that is on its way already \[FN-4\].
#[cold]
fn tell_client(frame: &mut Frame<'_>, flow: &Flow, layout: &Layout, mtu: u32) -> Outcome {
    let (port, _) = flow.transport.ports().unwrap_or_default();
    let client = Endpoint { address: flow.source(), port };
    let mut layout = *layout;
    match toa::insert(frame, &mut layout, client, mtu) {
        Ok(()) => Outcome::Send,
        Err(error) => Outcome::SendWithoutToa(error),
    }
}
