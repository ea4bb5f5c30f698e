//! One neighbor: what is known of it, and what changes that.

use core::net::IpAddr;
use core::time::Duration;

use lvs_proto::{Instant, MacAddr};

use super::{Action, Resolution};
use crate::arena::Key;

/// RETRANS_TIMER: from one request to the next (RFC 4861 section 10).
const RETRANS_TIMER: Duration = Duration::from_secs(1);
/// MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT: requests without an answer before giving up.
const MAX_SOLICIT: u8 = 3;
/// How long a neighbor that is used again may show by itself that it is still there.
const DELAY_FIRST_PROBE_TIME: Duration = Duration::from_secs(5);
/// How long an address that nobody answers for is not asked for again: as long as asking took.
const FAILED_TIME: Duration = Duration::from_secs(3);

/// How an entry stands, in the words of RFC 4861 section 7.3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum NeighborState {
    /// Everybody is being asked.
    Incomplete,
    /// It has answered not long ago.
    Reachable,
    /// It has not answered for long; it is believed until it is used.
    Stale,
    /// It is being used, and may show by itself that it is still there.
    Delay,
    /// It is being asked whether it is still there.
    Probe,
    /// Nobody has answered.
    Failed,
    /// It was told, not learned.
    Static,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) address: IpAddr,
    pub(super) state: State,
    /// Who follows in the chain of its bucket.
    pub(super) next: Option<Key>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// INCOMPLETE, after so many requests.
    Incomplete {
        requests: u8,
    },
    /// An answer has come that has not been handed out.
    Answered {
        mac: MacAddr,
        confirmed: bool,
    },
    /// REACHABLE until then, STALE from then on.
    Resolved {
        mac: MacAddr,
        until: Instant,
    },
    /// PROBE, after so many requests; DELAY as long as there was none.
    Probe {
        mac: MacAddr,
        requests: u8,
    },
    /// Nobody answered; not asked for again until then.
    Failed {
        until: Instant,
    },
    Static(MacAddr),
}

/// What a message says of a neighbor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) mac: Option<MacAddr>,
    /// It answers a request.
    pub(super) solicited: bool,
    /// It is to replace what there is.
    pub(super) overrides: bool,
}

impl State {
    pub(super) const fn resolution(&self) -> Resolution {
        match self {
            Self::Answered { mac, .. }
            | Self::Resolved { mac, .. }
            | Self::Probe { mac, .. }
            | Self::Static(mac) => Resolution::Known(*mac),
            Self::Incomplete { .. } => Resolution::Pending,
            Self::Failed { .. } => Resolution::Failed,
        }
    }

    /// From when on it may give way to another address, the earliest first.
    pub(super) const fn replaceable_from(self) -> Option<Instant> {
        match self {
            Self::Failed { .. } => Some(Instant::EPOCH),
            Self::Resolved { until, .. } => Some(until),
            _ => None,
        }
    }

    /// What it is when it is used, and when it has something to do then; `None` if it stays as it
    /// is.
    pub(super) fn use_at(&self, now: Instant) -> Option<(Self, Instant)> {
        match *self {
            Self::Resolved { mac, until } if now >= until => {
                Some((Self::Probe { mac, requests: 0 }, now + DELAY_FIRST_PROBE_TIME))
            }
            Self::Failed { until } if now >= until => Some((Self::Incomplete { requests: 0 }, now)),
            _ => None,
        }
    }

    /// What it is when its time has come, when that comes again, and what is done about `address`.
    /// `reachable` is until when a confirmed neighbor is reachable.
    pub(super) fn expire(
        self,
        address: IpAddr,
        now: Instant,
        reachable: Instant,
    ) -> (Self, Option<Instant>, Action) {
        let again = Some(now + RETRANS_TIMER);
        match self {
            Self::Incomplete { requests: MAX_SOLICIT } => {
                (Self::Failed { until: now + FAILED_TIME }, None, Action::Unreachable(address))
            }
            Self::Incomplete { requests } => {
                let next = Self::Incomplete { requests: requests + 1 };
                (next, again, Action::Request { address, to: None })
            }
            // It may be somewhere else by now: everybody is asked.
            Self::Probe { requests: MAX_SOLICIT, .. } => {
                (Self::Incomplete { requests: 1 }, again, Action::Request { address, to: None })
            }
            Self::Probe { mac, requests } => {
                let next = Self::Probe { mac, requests: requests + 1 };
                (next, again, Action::Request { address, to: Some(mac) })
            }
            Self::Answered { mac, confirmed } => {
                let until = if confirmed { reachable } else { now };
                (Self::Resolved { mac, until }, None, Action::Resolved { address, mac })
            }
            Self::Static(mac) | Self::Resolved { mac, .. } => {
                (self, None, Action::Resolved { address, mac })
            }
            Self::Failed { .. } => (self, None, Action::Unreachable(address)),
        }
    }

    /// What it is after a message; `None` if that changes nothing (RFC 4861 section 7.2.5 and
    /// appendix C). `reachable` is until when a confirmed neighbor is reachable.
    pub(super) fn hear(self, heard: Heard, now: Instant, reachable: Instant) -> Option<Self> {
        let known = match self {
            Self::Static(_) => return None,
            Self::Incomplete { .. } | Self::Failed { .. } | Self::Answered { .. } => {
                let confirmed = heard.solicited;
                return heard.mac.map(|mac| Self::Answered { mac, confirmed });
            }
            Self::Resolved { mac, .. } | Self::Probe { mac, .. } => mac,
        };
        let mac = heard.mac.unwrap_or(known);
        if mac != known && !heard.overrides {
            // Two answer for one address: the first is believed, but no longer trusted.
            let trusted = matches!(self, Self::Resolved { until, .. } if now < until);
            return trusted.then_some(Self::Resolved { mac: known, until: now });
        }
        if heard.solicited {
            return Some(Self::Resolved { mac, until: reachable });
        }
        (mac != known).then_some(Self::Resolved { mac, until: now })
    }

    pub(super) fn name(&self, now: Instant) -> NeighborState {
        match self {
            Self::Incomplete { .. } => NeighborState::Incomplete,
            Self::Answered { confirmed: true, .. } => NeighborState::Reachable,
            Self::Answered { confirmed: false, .. } => NeighborState::Stale,
            Self::Resolved { until, .. } if now < *until => NeighborState::Reachable,
            Self::Resolved { .. } => NeighborState::Stale,
            Self::Probe { requests: 0, .. } => NeighborState::Delay,
            Self::Probe { .. } => NeighborState::Probe,
            Self::Failed { .. } => NeighborState::Failed,
            Self::Static(_) => NeighborState::Static,
        }
    }
}
