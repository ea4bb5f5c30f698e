//! A packet of a connection that may be over: kept, begun anew, or dropped.

use lvs_proto::{SctpChunk, TcpFlags, Transport};

use crate::{Conn, Dest, Policy, SctpState, State, TcpState};

/// What becomes of a client's packet whose connection was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It goes on through the connection.
    Keep,
    /// The connection is over, and the packet is treated as one without.
    Reschedule,
    /// Its destination was deleted \[NOD-1\].
    Drop,
}

/// \[REUSE-1\] to \[REUSE-5\], then \[NOD-1\] and \[NOD-2\]. There is no conntrack here, so no
/// packet rides on an entry of it \[REUSE-4\].
pub(crate) fn judge(
    conn: &Conn,
    dest: Option<&Dest>,
    transport: Transport,
    policy: &Policy,
) -> Judgement {
    if opens(transport) {
        let quiesced = dest.is_some_and(|dest| dest.weight() == 0);
        let anew = policy.expire_nodest_conn && quiesced;
        if anew || (conn.controller.is_none() && is_over(conn, policy.conn_reuse_mode)) {
            return Judgement::Reschedule;
        }
    }
    match dest {
        // Another director told of it, and its real server is none of this one's [BK-8].
        None => Judgement::Keep,
        Some(dest) if dest.is_available() => Judgement::Keep,
        Some(_) if policy.expire_nodest_conn => Judgement::Reschedule,
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
const fn is_over(conn: &Conn, mode: u8) -> bool {
    match conn.state {
        _ if mode == 0 => false,
        State::Tcp(TcpState::TimeWait | TcpState::Close) => true,
        State::Tcp(TcpState::FinWait) => mode & 2 != 0 && conn.input_only,
        State::Sctp(SctpState::Closed) => true,
        _ => false,
    }
}
