//! What the deciders answer.

use core::fmt;
use core::net::IpAddr;

use crate::ftp::{Edit, Segment};
use crate::{Endpoint, Flow, Instant, Tunnel};

/// How a packet travels from the director to the real server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Method {
    /// Addresses and ports are translated, both ways (`ipvsadm -m`).
    Nat,
    /// The packet stays as it is and goes to the real server's link address (`ipvsadm -g`).
    #[default]
    DirectRoute,
    /// The packet is carried in another IP packet (`ipvsadm -i`).
    Tunnel,
    /// Addresses and ports of both ends are translated, both ways, so that the answer comes back
    /// from wherever the real server is (`--fullnat` of DPVS) \[FN-1\] \[FN-9\].
    ///
    /// Many clients share a local address then: of two that send fragments with one identification
    /// at a time, the real server may mix the packets up (RFC 4963).
    FullNat,
}

impl Method {
    /// Whether the real server sees other addresses than the client does.
    #[must_use]
    pub const fn is_translated(self) -> bool {
        matches!(self, Self::Nat | Self::FullNat)
    }
}

/// The word in `ipvsadm -L`: `Masq`, `Route`, `Tunnel`; `FullNat` is that of DPVS.
impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Nat => "Masq",
            Self::DirectRoute => "Route",
            Self::Tunnel => "Tunnel",
            Self::FullNat => "FullNat",
        })
    }
}

/// Where a forwarded packet goes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Hop {
    /// How it gets there.
    pub method: Method,
    /// The real server's address: the next hop of the link for [`Method::DirectRoute`]. Of a packet
    /// past all caches, the address that it is for anyway \[BYP-1\].
    pub address: IpAddr,
    /// The real server's port in host order; only a method that
    /// [translates](Method::is_translated) writes it into the packet.
    pub port: u16,
    /// How the packet is carried there; [`Method::Tunnel`] alone asks.
    pub tunnel: Tunnel,
    /// Where the packet comes from in the real server's eyes, for [`Method::FullNat`]; `None` is the
    /// client itself.
    pub local: Option<Endpoint>,
    /// Whether the packet tells the real server who the client is \[FN-4\]: [`toa`](crate::toa).
    pub toa: bool,
}

impl Hop {
    /// A hop with a tunnel of [`Tunnel::IpIp`], if it has one, and no local address.
    #[must_use]
    pub const fn new(method: Method, address: IpAddr, port: u16) -> Self {
        Self { method, address, port, tunnel: Tunnel::IpIp, local: None, toa: false }
    }
}

/// Whom a real server's answer is to come from in the client's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Origin {
    /// How the request got to the real server; only if it was [translated](Method::is_translated)
    /// does the answer change.
    pub method: Method,
    /// The virtual address.
    pub address: IpAddr,
    /// The virtual port in host order.
    pub port: u16,
    /// The client, for [`Method::FullNat`]; `None` if the answer is addressed to it already.
    pub client: Option<Endpoint>,
}

impl Origin {
    /// The origin of an answer that is addressed to its client.
    #[must_use]
    pub const fn new(method: Method, address: IpAddr, port: u16) -> Self {
        Self { method, address, port, client: None }
    }
}

/// The answer to a client whose service has no destination to offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Reject {
    /// ICMP type 3 code 3, ICMPv6 type 1 code 4; for TCP as well \[SVC-12\].
    PortUnreachable,
}

/// Why a packet is dropped without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum DropReason {
    /// The transport header is cut short or in an earlier fragment \[SVC-10\].
    HeaderUnreadable,
    /// Its connection belongs to a destination that was deleted \[NOD-1\], or goes through a tunnel
    /// to one that never was \[BK-8\].
    DestinationDeleted,
    /// Its connection is over, but it rides on that one's conntrack entry: the client sends it
    /// again, and gets through \[REUSE-4\].
    Tracked,
    /// The connection table has no room for a new connection or template.
    TableFull,
    /// It would have opened one connection more than the defences let through \[DEF-3\].
    Defended,
    /// Its service tells calls apart, and it is no message of a call \[PE-1\].
    NoCallId,
    /// An ICMP error that may not go on \[SVC-12\] \[ICMP-6\].
    IcmpError,
    /// No local address and port is free for a new connection to its real server \[FN-1\].
    NoLocalPort,
    /// A later fragment of a packet whose first one was not seen, was seen too long ago, or was
    /// refused \[NAT-9\].
    LaterFragment,
}

/// What to do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[must_use = "a verdict says what to do with the packet"]
pub enum Verdict {
    /// Send it on to a real server.
    Forward(Hop),
    /// A real server's answer: let it go on to the client \[NAT-6\].
    Reply(Origin),
    /// Not ours: hand it to the local stack, untouched.
    Pass,
    /// Drop it and answer the client.
    Reject(Reject),
    /// Drop it in silence.
    Drop(DropReason),
}

/// Whoever decides about packets; a director is one.
///
/// [`process`](crate::process) takes one, so that bytes and decisions meet without either knowing
/// the other's crate.
pub trait Decide {
    /// The verdict on a packet seen at `now`.
    fn decide(&mut self, now: Instant, flow: &Flow) -> Verdict;

    /// What is to be changed in a segment of an FTP control connection that was decided about as
    /// `flow`, and is on its way \[FTP-1\]: nothing, unless the decider helps with FTP.
    fn help_ftp(&mut self, _now: Instant, _flow: &Flow, _segment: &Segment) -> Edit {
        Edit::default()
    }

    /// The verdicts on packets seen together at `now`, in their order, as one by one. Returns how
    /// many were decided about, which is as many as there are packets and places for verdicts.
    fn decide_burst(&mut self, now: Instant, flows: &[Flow], verdicts: &mut [Verdict]) -> usize {
        for (flow, verdict) in flows.iter().zip(verdicts.iter_mut()) {
            *verdict = self.decide(now, flow);
        }
        flows.len().min(verdicts.len())
    }
}
