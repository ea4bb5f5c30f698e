//! Verdicts: what becomes of a packet.

use core::ffi::c_int;

use lvs_proto::{DropReason, Hop, Method, Origin, Verdict};

use self::lvs_drop_reason::*;
use self::lvs_verdict_kind::*;
use crate::{lvs_address, lvs_method};

/// What to do with a packet.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_verdict_kind {
    /// Not ours: hand it to the local stack, untouched.
    LVS_VERDICT_PASS = 0,
    /// Send it on to a real server, `hop`.
    LVS_VERDICT_FORWARD = 1,
    /// A real server's answer: let it go on to the client \[NAT-6\]. `hop` is whom it is to come
    /// from in the client's eyes; for all but LVS_METHOD_NAT it stays as it is.
    LVS_VERDICT_REPLY = 2,
    /// Drop it and tell the client that the port is unreachable \[SVC-12\].
    LVS_VERDICT_REJECT = 3,
    /// Drop it in silence, for `reason`.
    LVS_VERDICT_DROP = 4,
}

/// Why a packet is dropped without an answer.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_drop_reason {
    /// It is not dropped.
    LVS_DROP_NONE = 0,
    /// The transport header is cut short or in an earlier fragment \[SVC-10\].
    LVS_DROP_HEADER_UNREADABLE = 1,
    /// Its connection belongs to a destination that was deleted \[NOD-1\], or goes through a tunnel
    /// to one that never was \[BK-8\].
    LVS_DROP_DESTINATION_DELETED = 2,
    /// Its connection is over, but it rides on that one's conntrack entry: the client sends it
    /// again, and gets through \[REUSE-4\].
    LVS_DROP_TRACKED = 3,
    /// The connection table has no room for a new connection or template.
    LVS_DROP_TABLE_FULL = 4,
    /// It would have opened one connection more than the defences let through \[DEF-3\].
    LVS_DROP_DEFENDED = 5,
    /// Its service tells calls apart, and it is no message of a call \[PE-1\].
    LVS_DROP_NO_CALL_ID = 6,
    /// An ICMP error that may not go on \[SVC-12\] \[ICMP-6\].
    LVS_DROP_ICMP_ERROR = 7,
}

/// The other end of a packet's way.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_hop {
    /// How it gets there, one of `enum lvs_method`.
    pub method: u8,
    /// Its address.
    pub address: lvs_address,
    /// Its port in host order; only LVS_METHOD_NAT writes it into the packet.
    pub port: u16,
}

/// What to do with one packet.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_verdict {
    /// One of `enum lvs_verdict_kind`.
    pub kind: u8,
    /// One of `enum lvs_drop_reason`.
    pub reason: u8,
    /// To or from where; zeros unless LVS_VERDICT_FORWARD or LVS_VERDICT_REPLY.
    pub hop: lvs_hop,
}

const _: () = assert!(size_of::<lvs_hop>() == 20 && size_of::<lvs_verdict>() == 22);

impl From<Verdict> for lvs_verdict {
    #[inline]
    fn from(verdict: Verdict) -> Self {
        let of = |kind: lvs_verdict_kind| Self { kind: kind as u8, ..Self::default() };
        match verdict {
            Verdict::Pass => of(LVS_VERDICT_PASS),
            Verdict::Forward(hop) => Self { hop: hop.into(), ..of(LVS_VERDICT_FORWARD) },
            Verdict::Reply(origin) => Self { hop: origin.into(), ..of(LVS_VERDICT_REPLY) },
            Verdict::Reject(_) => of(LVS_VERDICT_REJECT),
            Verdict::Drop(reason) => {
                Self { reason: lvs_drop_reason::from(reason) as u8, ..of(LVS_VERDICT_DROP) }
            }
        }
    }
}

impl From<DropReason> for lvs_drop_reason {
    fn from(reason: DropReason) -> Self {
        match reason {
            DropReason::HeaderUnreadable => LVS_DROP_HEADER_UNREADABLE,
            DropReason::DestinationDeleted => LVS_DROP_DESTINATION_DELETED,
            DropReason::Tracked => LVS_DROP_TRACKED,
            DropReason::TableFull => LVS_DROP_TABLE_FULL,
            DropReason::Defended => LVS_DROP_DEFENDED,
            DropReason::NoCallId => LVS_DROP_NO_CALL_ID,
            DropReason::IcmpError => LVS_DROP_ICMP_ERROR,
        }
    }
}

impl From<Hop> for lvs_hop {
    fn from(hop: Hop) -> Self {
        Self { method: method_octet(hop.method), address: hop.address.into(), port: hop.port }
    }
}

impl From<Origin> for lvs_hop {
    fn from(origin: Origin) -> Self {
        let Origin { method, address, port } = origin;
        Self { method: method_octet(method), address: address.into(), port }
    }
}

fn method_octet(method: Method) -> u8 {
    lvs_method::from(method) as c_int as u8
}
