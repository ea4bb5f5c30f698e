//! A packet of a connection that may be over: kept, begun anew, or dropped.

use lvs_proto::{Flow, SctpChunk, TcpFlags, Transport};

use crate::conns::{Course, Flags};
use crate::{Dest, Policy, SctpState, State, TcpState};

/// What becomes of a client's packet whose connection was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It goes on through the connection.
    Keep,
    /// The connection is over, and the packet is treated as one without.
    Reschedule,
    /// The connection is over, but the packet rides on its conntrack entry \[REUSE-4\].
    Tracked,
    /// Its destination was deleted \[NOD-1\].
    Drop,
}

/// \[REUSE-1\] to \[REUSE-5\], then \[NOD-1\] and \[NOD-2\].
pub(crate) fn judge(
    conn: &Course,
    dest: Option<Dest<'_>>,
    flow: &Flow,
    policy: &Policy,
) -> Judgement {
    let reschedule = if flow.tracked { Judgement::Tracked } else { Judgement::Reschedule };
    if opens(flow.transport) {
        let quiesced = dest.is_some_and(|dest| dest.weight() == 0);
        let anew = policy.expire_nodest_conn && quiesced;
        let is_over = conn.controller.is_none() && is_over(conn, policy.conn_reuse_mode);
        // What controls others is left only where nothing holds the packet to it [REUSE-3].
        if anew || (is_over && (conn.controlled == 0 || !flow.tracked)) {
            return reschedule;
        }
    }
    match dest {
        // Another director told of it, and its real server is none of this one's [BK-8].
        None => Judgement::Keep,
        Some(dest) if dest.is_available() => Judgement::Keep,
        Some(_) if policy.expire_nodest_conn => reschedule,
        Some(_) => Judgement::Drop,
    }
}

/// Whether a packet opens a connection \[REUSE-1\].
pub(crate) const fn opens(transport: Transport) -> bool {
    match transport {
        Transport::Tcp { flags, .. } => flags.contains(TcpFlags::SYN),
        Transport::Sctp { chunk, .. } => matches!(chunk, Some(SctpChunk::Init)),
        _ => false,
    }
}

/// \[REUSE-3\]
const fn is_over(conn: &Course, mode: u8) -> bool {
    match conn.state {
        _ if mode == 0 => false,
        State::Tcp(TcpState::TimeWait | TcpState::Close) => true,
        State::Tcp(TcpState::FinWait) => mode & 2 != 0 && conn.flags.has(Flags::INPUT_ONLY),
        State::Sctp(SctpState::Closed) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use lvs_proto::AddressPair;

    use super::*;

    #[test]
    fn reuse_4_what_is_over_is_dropped_once_if_tracked() {
        let addresses = AddressPair::V4 { source: [1; 4].into(), destination: [2; 4].into() };
        let syn = Flow::tcp(addresses, 1, 80, TcpFlags::SYN);
        let ack = Flow::tcp(addresses, 1, 80, TcpFlags::ACK);
        let judge = |state, flow: Flow| {
            let mut course = Course::BLANK;
            course.state = State::Tcp(state);
            judge(&course, None, &flow, &Policy::default())
        };
        assert_eq!(judge(TcpState::TimeWait, syn), Judgement::Reschedule);
        assert_eq!(judge(TcpState::TimeWait, syn.tracked()), Judgement::Tracked);
        assert_eq!(judge(TcpState::TimeWait, ack.tracked()), Judgement::Keep);
        assert_eq!(judge(TcpState::Established, syn.tracked()), Judgement::Keep);
    }
}
