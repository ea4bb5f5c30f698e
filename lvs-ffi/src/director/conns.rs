//! The connections and templates of a director.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

use lvs_proto::Instant;
use lvs_sched::{Conn, Director, SctpState, State, TcpState};

use super::lvs_director;
use crate::door::{required, status};
use crate::time::instant;
use crate::{lvs_address, lvs_dest_id, lvs_hop, lvs_status, lvs_time};

/// A connection, or the template that holds a client's connections together; as it was at the
/// moment asked for.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_conn {
    /// The sizeof of this struct.
    pub size: usize,
    /// The client's address; of a template, what the netmask leaves of it \[TPL-1\].
    pub client: lvs_address,
    /// The IP protocol number; 0 for templates of marks \[TPL-2\].
    pub protocol: u8,
    /// The client's port in host order; 0 for templates.
    pub client_port: u16,
    /// The virtual address; of a template of a mark, the mark as an address.
    pub virtual_address: lvs_address,
    /// 1 if it is a template, else 0.
    pub is_template: u8,
    /// The virtual port in host order.
    pub virtual_port: u16,
    /// Where its packets go, by the method of the time it was made \[FWD-1\]; address and port are
    /// zeros if they go past all destinations to where they are addressed.
    pub hop: lvs_hop,
    /// The number of its state in the kernel's table of its protocol; of a template, 1 if it is
    /// assured \[TPL-13\].
    pub state: u16,
    /// 1 if it is in a state that counts as active \[CNT-6\], else 0.
    pub is_active: u8,
    /// The mark of the packet that it was made for; 0 is none.
    pub mark: u32,
    /// The name of its state in ipvsadm -Lc; static, never NULL.
    pub state_name: *const c_char,
    /// Its destination; an id that names nothing if it has none, because it goes past them all or
    /// another director told of it.
    pub dest: lvs_dest_id,
    /// How long it lives without a packet (a template: without a new connection).
    pub timeout_micros: u64,
    /// How long it has left if nothing comes; timers that tick may give it some more.
    pub left_micros: u64,
    /// Of a template, the Call-ID that it is for \[PE-4\], or NULL; good during the visit.
    pub call_id: *const u8,
    /// Octets of the Call-ID, at most 255.
    pub call_id_length: usize,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_conn>() == 152);

/// Is shown one connection after the other, with the `context` of the call. It returns 0 to be shown
/// more, and must not jump out of the call.
pub type lvs_conn_visit_fn =
    Option<unsafe extern "C" fn(context: *mut c_void, conn: *const lvs_conn) -> c_int>;

/// Shows the connections and templates to `visit`, as they are at `now`, in no order that means
/// anything; those that are due and not yet ended included.
///
/// # Errors
/// `LVS_ERR_NULL`.
///
/// # Safety
/// `visit` does with `context` what it should, and hands `director` to nothing that changes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_visit_conns(
    director: Option<&lvs_director>,
    now: lvs_time,
    visit: lvs_conn_visit_fn,
    context: *mut c_void,
) -> lvs_status {
    status(|| {
        let (director, visit) = (required(director)?.0.read()?, required(visit)?);
        for conn in director.conns() {
            let conn = lvs_conn::new(director, &conn, instant(now));
            // SAFETY: the caller's contract.
            if unsafe { visit(context, &raw const conn) } != 0 {
                break;
            }
        }
        Ok(())
    })
}

impl lvs_conn {
    fn new(director: &Director, conn: &Conn, now: Instant) -> Self {
        let (key, state) = (conn.key(), conn.state());
        let micros = |span: core::time::Duration| u64::try_from(span.as_micros());
        let call_id = director.call_id(conn).map_or(&[][..], |call_id| call_id.octets());
        Self {
            size: size_of::<Self>(),
            client: key.client().into(),
            protocol: key.protocol.0,
            client_port: key.client_port,
            virtual_address: key.virtual_address().into(),
            is_template: key.template.into(),
            virtual_port: key.virtual_port,
            hop: conn.hop().into(),
            state: state_number(state),
            is_active: state.is_active().into(),
            mark: conn.mark(),
            state_name: state_name(state).as_ptr(),
            dest: conn.dest().to_bits(),
            timeout_micros: micros(conn.timeout()).unwrap_or(u64::MAX),
            left_micros: micros(conn.time_left(now)).unwrap_or(u64::MAX),
            call_id: if call_id.is_empty() { ptr::null() } else { call_id.as_ptr() },
            call_id_length: call_id.len(),
        }
    }
}

const fn state_number(state: State) -> u16 {
    match state {
        State::Tcp(state) => state as u16,
        State::Sctp(state) => state as u16,
        State::Udp => 0,
        State::Template { assured } => assured as u16,
    }
}

const fn state_name(state: State) -> &'static CStr {
    match state {
        State::Tcp(state) => tcp_state_name(state),
        State::Sctp(state) => sctp_state_name(state),
        State::Udp => c"UDP",
        State::Template { assured: false } => c"NONE",
        State::Template { assured: true } => c"ASSURED",
    }
}

const fn tcp_state_name(state: TcpState) -> &'static CStr {
    match state {
        TcpState::None => c"NONE",
        TcpState::Established => c"ESTABLISHED",
        TcpState::SynSent => c"SYN_SENT",
        TcpState::SynRecv => c"SYN_RECV",
        TcpState::FinWait => c"FIN_WAIT",
        TcpState::TimeWait => c"TIME_WAIT",
        TcpState::Close => c"CLOSE",
        TcpState::CloseWait => c"CLOSE_WAIT",
        TcpState::LastAck => c"LAST_ACK",
        TcpState::Listen => c"LISTEN",
        TcpState::SynAck => c"SYNACK",
    }
}

const fn sctp_state_name(state: SctpState) -> &'static CStr {
    match state {
        SctpState::None => c"NONE",
        SctpState::Init1 => c"INIT1",
        SctpState::Init => c"INIT",
        SctpState::CookieSent => c"C-SENT",
        SctpState::CookieReplied => c"C-REPLIED",
        SctpState::CookieWait => c"C-WAIT",
        SctpState::Cookie => c"COOKIE",
        SctpState::CookieEchoed => c"C-ECHOED",
        SctpState::Established => c"ESTABLISHED",
        SctpState::ShutdownSent => c"S-SENT",
        SctpState::ShutdownReceived => c"S-RECEIVED",
        SctpState::ShutdownAckSent => c"S-ACK-SENT",
        SctpState::Rejected => c"REJECTED",
        SctpState::Closed => c"CLOSED",
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn states_have_the_names_of_listings() {
        let tcp = [
            TcpState::None,
            TcpState::Established,
            TcpState::SynSent,
            TcpState::SynRecv,
            TcpState::FinWait,
            TcpState::TimeWait,
            TcpState::Close,
            TcpState::CloseWait,
            TcpState::LastAck,
            TcpState::Listen,
            TcpState::SynAck,
        ];
        let sctp = [
            SctpState::None,
            SctpState::Init1,
            SctpState::Init,
            SctpState::CookieSent,
            SctpState::CookieReplied,
            SctpState::CookieWait,
            SctpState::Cookie,
            SctpState::CookieEchoed,
            SctpState::Established,
            SctpState::ShutdownSent,
            SctpState::ShutdownReceived,
            SctpState::ShutdownAckSent,
            SctpState::Rejected,
            SctpState::Closed,
        ];
        let templates = [false, true].map(|assured| State::Template { assured });
        let tcp = tcp.into_iter().map(State::Tcp);
        for state in tcp.chain(sctp.map(State::Sctp)).chain(templates).chain([State::Udp]) {
            assert_eq!(state_name(state).to_str(), Ok(state.to_string().as_str()));
        }
    }
}
