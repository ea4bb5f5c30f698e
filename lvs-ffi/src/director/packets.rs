//! Packets through a director.

use core::mem::MaybeUninit;
use core::net::IpAddr;

use lvs_proto::{Decide, Flow, Instant, Outcome, ParseError, Verdict, process};
use lvs_sched::Director;

use self::lvs_outcome_kind::*;
use super::lvs_director;
use crate::door::{items, items_mut, required, status};
use crate::time::instant;
use crate::{
    lvs_drop_reason, lvs_flow, lvs_frame, lvs_hop, lvs_link, lvs_status, lvs_time, lvs_verdict,
};

/// What to do with a frame.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_outcome_kind {
    /// It was rewritten: send it out, to `hop`.
    LVS_OUTCOME_SEND = 0,
    /// Not ours: hand it to the local stack. The frame is unchanged.
    LVS_OUTCOME_PASS = 1,
    /// It carries neither IPv4 nor IPv6, ARP for instance: hand it to the local stack. The frame is
    /// unchanged.
    LVS_OUTCOME_NOT_IP = 2,
    /// `hop` is not among the links: resolve it, then `lvs_frame_direct_route`. The frame is
    /// unchanged.
    LVS_OUTCOME_UNRESOLVED = 3,
    /// It goes to a real server, `hop`, by LVS_METHOD_NAT or LVS_METHOD_TUNNEL: translate or
    /// encapsulate it. The frame is unchanged.
    LVS_OUTCOME_CARRY = 4,
    /// A real server's answer: translate its source to `hop` for LVS_METHOD_NAT, then forward it.
    /// The frame is unchanged.
    LVS_OUTCOME_REPLY = 5,
    /// Drop it and answer with `lvs_answer_port_unreachable`. The frame is unchanged.
    LVS_OUTCOME_REJECT = 6,
    /// Drop it and answer with `lvs_answer_time_exceeded` \[RT-5\]. The frame is unchanged.
    LVS_OUTCOME_TIME_EXCEEDED = 7,
    /// Drop it in silence, for `reason`.
    LVS_OUTCOME_DROP = 8,
    /// It is cut short or damaged, or has no octets: drop it.
    LVS_OUTCOME_MALFORMED = 9,
}

/// What became of one frame.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_outcome {
    /// One of `enum lvs_outcome_kind`.
    pub kind: u8,
    /// One of `enum lvs_drop_reason`.
    pub reason: u8,
    /// To or from where; zeros where `kind` does not speak of it.
    pub hop: lvs_hop,
}

const _: () = assert!(size_of::<lvs_outcome>() == 22);

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

/// The verdicts on `count` packets seen at `now`, in order, each written to the same place of
/// `verdicts`. Of a flow whose family or hook is none it is LVS_VERDICT_PASS, and nothing counts.
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
        director.0.write(|director| {
            for (flow, verdict) in flows.iter().zip(verdicts) {
                *verdict = match Flow::try_from(flow) {
                    Ok(flow) => director.decide(instant(now), &flow).into(),
                    Err(_) => Verdict::Pass.into(),
                };
            }
        })
    })
}

/// Parses a frame seen at `now`, decides about it, and rewrites it in place where that is all it
/// takes. `links` are the ways to `link_count` neighbours, sorted by `memcmp` of their addresses. A
/// frame whose hook is none passes.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`. What is wrong with the frame is said by its outcome.
///
/// # Safety
/// `frame` points to a frame with its octets, `links` to `link_count` links.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_process(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    frame: Option<&mut lvs_frame>,
    links: *const lvs_link,
    link_count: usize,
    out: Option<&mut MaybeUninit<lvs_outcome>>,
) -> lvs_status {
    status(|| {
        let (director, frame, out) = (required(director)?, required(frame)?, required(out)?);
        // SAFETY: the caller's contract.
        let links = unsafe { items(links, link_count) }?;
        // SAFETY: the caller's contract.
        let outcome = director
            .0
            .write(|director| unsafe { process_one(director, instant(now), frame, links) })?;
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
/// `frames` points to `count` frames with their octets, no two of which share any; `links` to
/// `link_count` links, `outcomes` to room for `count` outcomes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_process_burst(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    frames: *mut lvs_frame,
    count: usize,
    links: *const lvs_link,
    link_count: usize,
    outcomes: *mut lvs_outcome,
) -> lvs_status {
    status(|| {
        let director = required(director)?;
        // SAFETY: the caller's contract.
        let (frames, links) = unsafe { (items_mut(frames, count)?, items(links, link_count)?) };
        // SAFETY: the caller's contract; any octets are an outcome.
        let outcomes = unsafe { items_mut(outcomes, count) }?;
        director.0.write(|director| {
            for (frame, outcome) in frames.iter_mut().zip(outcomes) {
                // SAFETY: the caller's contract.
                *outcome = unsafe { process_one(director, instant(now), frame, links) };
            }
        })
    })
}

/// # Safety
/// The frame has its octets.
unsafe fn process_one(
    director: &mut Director,
    now: Instant,
    frame: &lvs_frame,
    links: &[lvs_link],
) -> lvs_outcome {
    // SAFETY: the caller vouches for it.
    let Ok(octets) = (unsafe { frame.octets_mut() }) else {
        return lvs_outcome::of(LVS_OUTCOME_MALFORMED);
    };
    let link_to = |address: IpAddr| {
        let address = address.into();
        let place = links.binary_search_by(|link| link.address.cmp(&address)).ok()?;
        links.get(place).map(lvs_link::pair)
    };
    let mut decider = Informed { director, frame, hop: lvs_hop::default() };
    match process(now, octets, &mut decider, link_to) {
        Outcome::Send => lvs_outcome { hop: decider.hop, ..lvs_outcome::of(LVS_OUTCOME_SEND) },
        outcome => outcome.into(),
    }
}

/// A director that is told what the caller knows of a frame, and where it sent it.
struct Informed<'a> {
    director: &'a mut Director,
    frame: &'a lvs_frame,
    hop: lvs_hop,
}

impl Decide for Informed<'_> {
    fn decide(&mut self, now: Instant, flow: &Flow) -> Verdict {
        let Ok(flow) = self.frame.inform(flow) else { return Verdict::Pass };
        let verdict = self.director.decide(now, &flow);
        if let Verdict::Forward(hop) = verdict {
            self.hop = hop.into();
        }
        verdict
    }
}

impl lvs_outcome {
    fn of(kind: lvs_outcome_kind) -> Self {
        Self { kind: kind as u8, ..Self::default() }
    }
}

impl From<Outcome> for lvs_outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Send => Self::of(LVS_OUTCOME_SEND),
            Outcome::Carry(hop) => Self { hop: hop.into(), ..Self::of(LVS_OUTCOME_CARRY) },
            Outcome::Reply(origin) => Self { hop: origin.into(), ..Self::of(LVS_OUTCOME_REPLY) },
            Outcome::Unresolved(hop) => {
                Self { hop: hop.into(), ..Self::of(LVS_OUTCOME_UNRESOLVED) }
            }
            Outcome::Pass => Self::of(LVS_OUTCOME_PASS),
            Outcome::Reject(_) => Self::of(LVS_OUTCOME_REJECT),
            Outcome::TimeExceeded => Self::of(LVS_OUTCOME_TIME_EXCEEDED),
            Outcome::Drop(reason) => {
                let reason = lvs_drop_reason::from(reason) as u8;
                Self { reason, ..Self::of(LVS_OUTCOME_DROP) }
            }
            Outcome::NotParsed(ParseError::NotIp(_)) => Self::of(LVS_OUTCOME_NOT_IP),
            Outcome::NotParsed(_) => Self::of(LVS_OUTCOME_MALFORMED),
        }
    }
}
