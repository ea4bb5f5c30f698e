//! Packets through a director.

use core::mem::{self, MaybeUninit};
use core::net::IpAddr;
use core::slice;

use lvs_proto::{
    BURST, CallId, Decide, Flow, Instant, Layout, Outcome, ParseError, RewriteError, Verdict,
    follow, parse_into,
};
use lvs_sched::Director;

use self::lvs_outcome_kind::*;
use self::lvs_refusal::*;
use super::lvs_director;
use crate::door::{items, items_mut, required, status};
use crate::lvs_status::LVS_ERR_CALL_ID;
use crate::time::instant;
use crate::{
    lvs_address, lvs_flow, lvs_frame, lvs_route, lvs_status, lvs_time, lvs_verdict, route,
};

/// What to do with a frame. It is unchanged but for LVS_OUTCOME_SEND, LVS_OUTCOME_SEND_WITHOUT_TOA and
/// LVS_OUTCOME_DELIVER.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_outcome_kind {
    /// It was rewritten: send it out. One that was put into a tunnel begins earlier in its buffer.
    LVS_OUTCOME_SEND = 0,
    /// It was rewritten, and is for this host: hand it to the local stack \[RT-4\].
    LVS_OUTCOME_DELIVER = 1,
    /// There is no route to `next`: find one, then `lvs_director_follow`. Do not process the frame
    /// again: it has been counted.
    LVS_OUTCOME_UNRESOLVED = 2,
    /// Not ours: hand it to the local stack.
    LVS_OUTCOME_PASS = 3,
    /// Drop it and answer with `lvs_answer_port_unreachable`.
    LVS_OUTCOME_REJECT = 4,
    /// Drop it and answer with `lvs_answer_time_exceeded` \[RT-5\].
    LVS_OUTCOME_TIME_EXCEEDED = 5,
    /// Drop it and answer with `lvs_answer_packet_too_big` and `mtu` \[RT-7\] \[RT-8\].
    LVS_OUTCOME_TOO_BIG = 6,
    /// Drop it in silence, for the reason of the verdict.
    LVS_OUTCOME_DROP = 7,
    /// Drop it in silence: it cannot be rewritten, for `refusal`.
    LVS_OUTCOME_NOT_REWRITTEN = 8,
    /// It carries neither IPv4 nor IPv6, ARP for instance: hand it to the local stack.
    LVS_OUTCOME_NOT_IP = 9,
    /// It is cut short or damaged, or has no octets, or its hook is none: drop it.
    LVS_OUTCOME_MALFORMED = 10,
    /// As LVS_OUTCOME_SEND; but there was no room to tell the real server who the client is \[FN-4\].
    LVS_OUTCOME_SEND_WITHOUT_TOA = 11,
}

/// Why a frame was not rewritten.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_refusal {
    /// It was, or need not be.
    LVS_REFUSAL_NONE = 0,
    /// There is no room in front of the frame for the headers of the tunnel.
    LVS_REFUSAL_NO_HEADROOM = 1,
    /// The route takes packets that are too short for a tunnel \[RT-6\].
    LVS_REFUSAL_TUNNEL_MTU = 2,
    /// The route has no `tunnel_source` of the real server's family.
    LVS_REFUSAL_NO_TUNNEL_SOURCE = 3,
    /// The outer packet would be longer than its length field can say.
    LVS_REFUSAL_TOO_LONG = 4,
    /// A packet cannot be given an address of the other family.
    LVS_REFUSAL_FAMILY = 5,
    /// The transport header is cut short \[SVC-10\].
    LVS_REFUSAL_HEADER_UNREADABLE = 6,
    /// The checksum of an ICMP error does not verify \[ICMP-4\] \[ICMP-6\].
    LVS_REFUSAL_ICMP_CHECKSUM = 7,
    /// An ICMP error in fragments, or one that quotes its packet too briefly to be translated
    /// \[ICMP-1\] \[ICMP-2\].
    LVS_REFUSAL_ICMP_UNREADABLE = 8,
    /// Ports of SCTP cannot change in one fragment: its checksum covers all of them \[NAT-4\].
    LVS_REFUSAL_SCTP_FRAGMENT = 9,
    /// A reason that has no number yet.
    LVS_REFUSAL_OTHER = 10,
}

/// What became of one frame.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_outcome {
    /// One of `enum lvs_outcome_kind`.
    pub kind: u8,
    /// One of `enum lvs_refusal`.
    pub refusal: u8,
    /// What the director said of it; zeros where it was not asked.
    pub verdict: lvs_verdict,
    /// Of LVS_OUTCOME_TOO_BIG, octets of the longest packet that may come this way.
    pub mtu: u32,
    /// Whom a route was looked for to: a real server, or the client of an answer; else zeros.
    pub next: lvs_address,
}

const _: () = assert!(size_of::<lvs_outcome>() == 72);

/// The verdict on a packet seen at `now`.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_HOOK`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_decide(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    flow: Option<&lvs_flow>,
    out: Option<&mut MaybeUninit<lvs_verdict>>,
) -> lvs_status {
    status(|| {
        let (director, out) = (required(director)?, required(out)?);
        let flow = required(flow)?.try_into()?;
        let verdict = director.0.write(|director| director.decide(instant(now), &flow))?;
        out.write(verdict.into());
        Ok(())
    })
}

/// The same for a packet that is a message of a call, for services that tell calls apart \[PE-1\]:
/// `call_id` are the `length` octets, 1 to 255, of its Call-ID.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_HOOK`, `LVS_ERR_CALL_ID`.
///
/// # Safety
/// `call_id` points to `length` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_decide_call(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    flow: Option<&lvs_flow>,
    call_id: *const u8,
    length: usize,
    out: Option<&mut MaybeUninit<lvs_verdict>>,
) -> lvs_status {
    status(|| {
        let (director, out) = (required(director)?, required(out)?);
        let flow = required(flow)?.try_into()?;
        // SAFETY: the caller's contract.
        let call = CallId::new(unsafe { items(call_id, length) }?).ok_or(LVS_ERR_CALL_ID)?;
        let decide =
            |director: &mut Director| director.decide_call(instant(now), &flow, Some(call));
        out.write(director.0.write(decide)?.into());
        Ok(())
    })
}

/// The verdicts on `count` packets seen at `now`, in order, each written to the same place of
/// `verdicts`. Of a flow whose family or hook is none it is LVS_VERDICT_PASS, and nothing counts.
/// Bursts of 32 are best.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`.
///
/// # Safety
/// `flows` points to `count` flows, `verdicts` to room for as many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_decide_burst(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    flows: *const lvs_flow,
    count: usize,
    verdicts: *mut lvs_verdict,
) -> lvs_status {
    status(|| {
        let director = required(director)?;
        // SAFETY: the caller's contract.
        let flows = unsafe { items(flows, count) }?;
        // SAFETY: the caller's contract; any octets are a verdict.
        let verdicts = unsafe { items_mut(verdicts, count) }?;
        let lvs_director(director, _, places, ..) = director;
        director.write(|director| {
            let decide = |flows: &[Flow], decided: &mut [Verdict]| {
                director.decide_burst(instant(now), flows, decided);
            };
            places.answer(flows, verdicts, decide, lvs_verdict::set);
        })
    })
}

/// Parses a frame seen at `now`, decides about it, and rewrites it in place. `routes` are the ways to
/// `route_count` neighbors, sorted by the `memcmp` of their addresses. `frame->offset` and
/// `frame->length` change with a frame that grows.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`. What is wrong with the frame is said by its outcome.
///
/// # Safety
/// `frame` points to a frame with its octets, `routes` to `route_count` routes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_process(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    frame: Option<&mut lvs_frame>,
    routes: *const lvs_route,
    route_count: usize,
    out: Option<&mut MaybeUninit<lvs_outcome>>,
) -> lvs_status {
    status(|| {
        let (director, frame, out) = (required(director)?, required(frame)?, required(out)?);
        // SAFETY: the caller's contract.
        let routes = unsafe { items(routes, route_count) }?;
        let lvs_director(director, identification, places, ..) = director;
        let mut outcome = lvs_outcome::default();
        let (frame, outcomes) = (slice::from_mut(frame), slice::from_mut(&mut outcome));
        // SAFETY: the caller's contract.
        director.write(|director| unsafe {
            process::<1>(
                director,
                instant(now),
                &mut places.flows,
                frame,
                routes,
                outcomes,
                identification,
            );
        })?;
        out.write(outcome);
        Ok(())
    })
}

/// The same for `count` frames, in order, the outcome of each written to the same place of
/// `outcomes`. Bursts of 32 are best.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`. What is wrong with a frame is said by its outcome.
///
/// # Safety
/// `frames` points to `count` frames with their octets, no two of which share any; `routes` to
/// `route_count` routes, `outcomes` to room for `count` outcomes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_process_burst(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    frames: *mut lvs_frame,
    count: usize,
    routes: *const lvs_route,
    route_count: usize,
    outcomes: *mut lvs_outcome,
) -> lvs_status {
    status(|| {
        let director = required(director)?;
        // SAFETY: the caller's contract.
        let frames = unsafe { items_mut(frames, count) }?;
        // SAFETY: the caller's contract; any octets are an outcome.
        let outcomes = unsafe { items_mut(outcomes, count) }?;
        // SAFETY: the caller's contract.
        let routes = unsafe { items(routes, route_count) }?;
        let (now, lvs_director(director, identification, places, ..)) = (instant(now), director);
        // SAFETY: the caller's contract.
        director.write(|director| unsafe {
            process::<BURST>(
                director,
                now,
                &mut places.flows,
                frames,
                routes,
                outcomes,
                identification,
            );
        })
    })
}

/// Does with a frame what `verdict`, that of an earlier outcome, says, now that there is a `route` to
/// its `next`. Nothing is decided or counted.
///
/// # Errors
/// `LVS_ERR_NULL`; `LVS_ERR_VERDICT`, `LVS_ERR_METHOD`, `LVS_ERR_FAMILY` and `LVS_ERR_TUNNEL` if the
/// verdict is not one that a director gave. What is wrong with the frame is said by its outcome.
///
/// # Safety
/// `frame` points to a frame with its octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_follow(
    director: Option<&mut lvs_director>,
    frame: Option<&mut lvs_frame>,
    verdict: Option<&lvs_verdict>,
    route: Option<&lvs_route>,
    out: Option<&mut MaybeUninit<lvs_outcome>>,
) -> lvs_status {
    status(|| {
        let (director, frame, out) = (required(director)?, required(frame)?, required(out)?);
        let (verdict, route) = ((*required(verdict)?).try_into()?, required(route)?);
        let (mut flow, mut layout) = (Flow::NONE, Layout::NONE);
        let out = out.write(lvs_outcome::default());
        // SAFETY: the caller's contract.
        match unsafe { parse(frame, &mut flow, &mut layout) } {
            // SAFETY: the caller's contract.
            Ok(()) => unsafe {
                let (packet, route_to) = ((&flow, &layout), |_| Some(route));
                followed(frame, packet, &verdict, &mut director.1, route_to, out);
            },
            Err(kind) => *out = lvs_outcome::of(kind),
        }
        Ok(())
    })
}

/// Processes frames in bursts of `N` at most. A frame that is no flow ends a burst.
///
/// # Safety
/// The frames have their octets.
unsafe fn process<const N: usize>(
    director: &mut Director,
    now: Instant,
    flows: &mut [Flow; BURST],
    mut frames: &mut [lvs_frame],
    routes: &[lvs_route],
    mut outcomes: &mut [lvs_outcome],
    identification: &mut u16,
) {
    let mut layouts = [Layout::NONE; N];
    let mut verdicts = [Verdict::Pass; N];
    while !frames.is_empty() {
        let mut refused = None;
        let places = flows.iter_mut().zip(&mut layouts);
        let parsed = frames.iter().zip(places).map_while(|(frame, (flow, layout))| {
            // SAFETY: the caller vouches for it.
            let parsed = unsafe { parse(frame, flow, layout) };
            parsed.map_err(|kind| refused = Some(kind)).ok()
        });
        let count = parsed.count();
        director.decide_burst(now, flows.get(..count).unwrap_or_default(), &mut verdicts);
        let done = count + usize::from(refused.is_some());
        let (these, rest) = mem::take(&mut frames).split_at_mut_checked(done).unwrap_or_default();
        let (told, others) =
            mem::take(&mut outcomes).split_at_mut_checked(done).unwrap_or_default();
        if let (Some(kind), Some(last)) = (refused, told.last_mut()) {
            *last = lvs_outcome::of(kind);
        }
        let decided = flows.iter().zip(&layouts).zip(&verdicts).take(count);
        for ((frame, outcome), (packet, verdict)) in these.iter_mut().zip(told).zip(decided) {
            let route_to = |address| route::find(routes, address);
            // SAFETY: the caller vouches for it.
            unsafe { followed(frame, packet, verdict, identification, route_to, outcome) };
        }
        (frames, outcomes) = (rest, others);
    }
}

/// Writes the flow of a frame, and where its parts are, to their places.
///
/// # Safety
/// The frame has its octets.
#[inline]
unsafe fn parse(
    frame: &lvs_frame,
    flow: &mut Flow,
    layout: &mut Layout,
) -> Result<(), lvs_outcome_kind> {
    // SAFETY: the caller vouches for it.
    let octets = unsafe { frame.octets() }.map_err(|_| LVS_OUTCOME_MALFORMED)?;
    parse_into(octets, flow, layout).map_err(|error| match error {
        ParseError::NotIp(_) => LVS_OUTCOME_NOT_IP,
        _ => LVS_OUTCOME_MALFORMED,
    })?;
    frame.inform(flow).map_err(|_| LVS_OUTCOME_MALFORMED)
}

/// Does with a frame what the verdict says; `identification` has counted the outer packets so far.
///
/// # Safety
/// The frame has its octets.
#[inline]
unsafe fn followed<'a>(
    frame: &mut lvs_frame,
    (flow, layout): (&Flow, &Layout),
    verdict: &Verdict,
    identification: &mut u16,
    route_to: impl FnOnce(IpAddr) -> Option<&'a lvs_route>,
    out: &mut lvs_outcome,
) {
    // SAFETY: the caller vouches for it.
    let Ok(mut opened) = (unsafe { frame.open() }) else {
        *out = lvs_outcome::of(LVS_OUTCOME_MALFORMED);
        return;
    };
    out.next = lvs_address::default();
    let outcome = follow(&mut opened, flow, layout, verdict, |address| {
        out.next.set(&address);
        *identification = identification.wrapping_add(1);
        Some(route_to(address)?.read(*identification))
    });
    (frame.offset, frame.length) = (opened.headroom(), opened.octets().len());
    let (kind, refusal, mtu) = told(outcome);
    (out.kind, out.refusal, out.mtu) = (kind as u8, refusal as u8, mtu);
    out.verdict.set(verdict);
}

/// What an outcome says besides what is known anyway.
#[inline]
fn told(outcome: Outcome) -> (lvs_outcome_kind, lvs_refusal, u32) {
    let kind = match outcome {
        Outcome::Send => LVS_OUTCOME_SEND,
        Outcome::Deliver => LVS_OUTCOME_DELIVER,
        Outcome::SendWithoutToa(_) => LVS_OUTCOME_SEND_WITHOUT_TOA,
        Outcome::Unresolved(_) => LVS_OUTCOME_UNRESOLVED,
        Outcome::Pass => LVS_OUTCOME_PASS,
        Outcome::Reject(_) => LVS_OUTCOME_REJECT,
        Outcome::TimeExceeded => LVS_OUTCOME_TIME_EXCEEDED,
        Outcome::TooBig { mtu } => return (LVS_OUTCOME_TOO_BIG, LVS_REFUSAL_NONE, mtu),
        Outcome::Drop(_) => LVS_OUTCOME_DROP,
        Outcome::NotRewritten(error) => return (LVS_OUTCOME_NOT_REWRITTEN, error.into(), 0),
        Outcome::NotParsed(ParseError::NotIp(_)) => LVS_OUTCOME_NOT_IP,
        Outcome::NotParsed(_) => LVS_OUTCOME_MALFORMED,
    };
    (kind, LVS_REFUSAL_NONE, 0)
}

impl lvs_outcome {
    fn of(kind: lvs_outcome_kind) -> Self {
        Self { kind: kind as u8, ..Self::default() }
    }
}

impl From<RewriteError> for lvs_refusal {
    fn from(error: RewriteError) -> Self {
        match error {
            RewriteError::NoHeadroom(_) => LVS_REFUSAL_NO_HEADROOM,
            RewriteError::TunnelMtu { .. } => LVS_REFUSAL_TUNNEL_MTU,
            RewriteError::NoTunnelSource { .. } => LVS_REFUSAL_NO_TUNNEL_SOURCE,
            RewriteError::TooLong { .. } => LVS_REFUSAL_TOO_LONG,
            RewriteError::Family { .. } => LVS_REFUSAL_FAMILY,
            RewriteError::HeaderUnreadable => LVS_REFUSAL_HEADER_UNREADABLE,
            RewriteError::IcmpChecksum => LVS_REFUSAL_ICMP_CHECKSUM,
            RewriteError::IcmpUnreadable => LVS_REFUSAL_ICMP_UNREADABLE,
            RewriteError::SctpFragment => LVS_REFUSAL_SCTP_FRAGMENT,
            _ => LVS_REFUSAL_OTHER,
        }
    }
}
