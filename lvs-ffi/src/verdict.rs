//! Verdicts: what becomes of a packet.

use core::net::IpAddr;

use lvs_proto::{DropReason, Endpoint, Hop, Method, Origin, Reject, Verdict};

use self::lvs_drop_reason::*;
use self::lvs_verdict_kind::*;
use crate::lvs_status::{LVS_ERR_METHOD, LVS_ERR_VERDICT};
use crate::{lvs_address, lvs_method, lvs_status, lvs_tunnel};

/// What to do with a packet.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_verdict_kind {
    /// Not ours: hand it to the local stack, untouched.
    LVS_VERDICT_PASS = 0,
    /// Send it on to a real server, `hop`.
    LVS_VERDICT_FORWARD = 1,
    /// A real server's answer: let it go on to the client \[NAT-6\]. `hop` is whom it is to come
    /// from in the client's eyes; for methods that do not translate it stays as it is.
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
    /// A later fragment of a packet whose first one was not seen, was seen too long ago, or was
    /// refused \[NAT-9\].
    LVS_DROP_LATER_FRAGMENT = 8,
    /// No local address and port is free for a new connection to its real server \[FN-1\].
    LVS_DROP_NO_LOCAL_PORT = 9,
}

/// The other end of a packet's way.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_hop {
    /// How it gets there, one of `enum lvs_method`.
    pub method: u8,
    /// Its address.
    pub address: lvs_address,
    /// Its port in host order; only a method that translates writes it into the packet.
    pub port: u16,
    /// How the packet is carried there; zeros of other methods than LVS_METHOD_TUNNEL.
    pub tunnel: lvs_tunnel,
    /// Of LVS_METHOD_FULL_NAT, the other end of the packet: of LVS_VERDICT_FORWARD the local address
    /// that the real server sees, of LVS_VERDICT_REPLY the client. Zeros of other methods.
    pub peer: lvs_address,
    /// Not 0 if the packet tells the real server who the client is \[FN-4\].
    pub toa: u8,
    /// The port of `peer`, in host order.
    pub peer_port: u16,
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

const _: () = assert!(size_of::<lvs_hop>() == 44 && size_of::<lvs_verdict>() == 46);

impl From<Verdict> for lvs_verdict {
    #[inline]
    fn from(verdict: Verdict) -> Self {
        let mut written = Self::default();
        written.set(&verdict);
        written
    }
}

impl lvs_verdict {
    /// Writes the verdict in its place, as far as it has something to say: a fraction of the work of a
    /// copy.
    #[inline]
    pub(crate) fn set(&mut self, verdict: &Verdict) {
        *self = Self::default();
        if let Verdict::Forward(hop) = verdict {
            self.kind = LVS_VERDICT_FORWARD as u8;
            self.hop.set(hop);
        } else {
            self.set_other(verdict);
        }
    }

    /// What is not to be forwarded, into zeros.
    #[inline(never)]
    fn set_other(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Pass | Verdict::Forward(_) => {}
            Verdict::Reply(origin) => {
                let Origin { method, address, port, client } = origin;
                self.kind = LVS_VERDICT_REPLY as u8;
                self.hop.set_ends(*method, address, *port, client.as_ref());
            }
            Verdict::Reject(_) => self.kind = LVS_VERDICT_REJECT as u8,
            Verdict::Drop(reason) => {
                self.kind = LVS_VERDICT_DROP as u8;
                self.reason = lvs_drop_reason::from(*reason) as u8;
            }
        }
    }
}

impl From<&Hop> for lvs_hop {
    fn from(hop: &Hop) -> Self {
        let mut written = Self::default();
        written.set(hop);
        written
    }
}

impl lvs_hop {
    /// Writes the hop in its place, which holds zeros.
    #[inline]
    fn set(&mut self, hop: &Hop) {
        self.set_ends(hop.method, &hop.address, hop.port, hop.local.as_ref());
        if hop.local.is_some() {
            self.toa = hop.toa.into();
        }
        if hop.method == Method::Tunnel {
            self.tunnel = hop.tunnel.into();
        }
    }

    #[inline]
    fn set_ends(&mut self, method: Method, address: &IpAddr, port: u16, peer: Option<&Endpoint>) {
        self.method = method_octet(method);
        self.address.set(address);
        self.port = port;
        if let Some(peer) = peer {
            self.peer.set(&peer.address);
            self.peer_port = peer.port;
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
            DropReason::LaterFragment => LVS_DROP_LATER_FRAGMENT,
            DropReason::NoLocalPort => LVS_DROP_NO_LOCAL_PORT,
        }
    }
}

const fn method_octet(method: Method) -> u8 {
    match method {
        Method::Nat => lvs_method::LVS_METHOD_NAT as u8,
        Method::DirectRoute => lvs_method::LVS_METHOD_DIRECT_ROUTE as u8,
        Method::Tunnel => lvs_method::LVS_METHOD_TUNNEL as u8,
        Method::FullNat => lvs_method::LVS_METHOD_FULL_NAT as u8,
    }
}

impl TryFrom<lvs_verdict> for Verdict {
    type Error = lvs_status;

    fn try_from(verdict: lvs_verdict) -> Result<Self, lvs_status> {
        const PASS: u8 = LVS_VERDICT_PASS as u8;
        const FORWARD: u8 = LVS_VERDICT_FORWARD as u8;
        const REPLY: u8 = LVS_VERDICT_REPLY as u8;
        const REJECT: u8 = LVS_VERDICT_REJECT as u8;
        match verdict.kind {
            PASS => Ok(Self::Pass),
            FORWARD => Ok(Self::Forward(verdict.hop.try_into()?)),
            REPLY => {
                let Hop { method, address, port, local: client, .. } = verdict.hop.try_into()?;
                Ok(Self::Reply(Origin { method, address, port, client }))
            }
            REJECT => Ok(Self::Reject(Reject::PortUnreachable)),
            _ => Err(LVS_ERR_VERDICT),
        }
    }
}

impl TryFrom<lvs_hop> for Hop {
    type Error = lvs_status;

    fn try_from(hop: lvs_hop) -> Result<Self, lvs_status> {
        let method = [Method::Nat, Method::DirectRoute, Method::Tunnel, Method::FullNat]
            .into_iter()
            .find(|&method| method_octet(method) == hop.method)
            .ok_or(LVS_ERR_METHOD)?;
        let local = match method {
            Method::FullNat => {
                Some(Endpoint { address: hop.peer.try_into()?, port: hop.peer_port })
            }
            _ => None,
        };
        Ok(Self {
            method,
            address: hop.address.try_into()?,
            port: hop.port,
            tunnel: hop.tunnel.try_into()?,
            local,
            toa: hop.toa != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use lvs_proto::{GueChecksum, Tunnel};

    use super::*;

    #[test]
    fn verdicts_round_trip() {
        let address = [192, 0, 2, 1].into();
        let tunnels = [
            Tunnel::IpIp,
            Tunnel::Gre { checksum: true },
            Tunnel::Gue { port: 6080, checksum: GueChecksum::Remote },
        ];
        let hops = tunnels.map(|tunnel| Hop { tunnel, ..Hop::new(Method::Tunnel, address, 80) });
        let end = Some(Endpoint { address: [10, 2, 0, 254].into(), port: 1025 });
        let full_nat = Hop::new(Method::FullNat, address, 80);
        let verdicts = [
            Verdict::Pass,
            Verdict::Forward(Hop::new(Method::Nat, address, 80)),
            Verdict::Forward(Hop { local: end, toa: true, ..full_nat }),
            Verdict::Reply(Origin::new(Method::Nat, address, 80)),
            Verdict::Reply(Origin { client: end, ..Origin::new(Method::FullNat, address, 80) }),
            Verdict::Reject(Reject::PortUnreachable),
        ];
        for verdict in verdicts.into_iter().chain(hops.map(Verdict::Forward)) {
            assert_eq!(Verdict::try_from(lvs_verdict::from(verdict)), Ok(verdict));
        }
    }

    #[test]
    fn unknown_numbers_do_not_pass() {
        let verdict = lvs_verdict { kind: LVS_VERDICT_FORWARD as u8, ..lvs_verdict::default() };
        let hop = lvs_hop { method: 4, ..verdict.hop };
        assert_eq!(Verdict::try_from(lvs_verdict { hop, ..verdict }), Err(LVS_ERR_METHOD));
        for kind in [LVS_VERDICT_DROP as u8, 5, 255] {
            assert_eq!(Verdict::try_from(lvs_verdict { kind, ..verdict }), Err(LVS_ERR_VERDICT));
        }
    }
}
