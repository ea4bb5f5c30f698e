//! One neighbor: what is known of it, and what changes that.

use core::net::IpAddr;

use lvs_proto::{Instant, MacAddr};

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
    pub(super) const fn mac(self) -> Option<MacAddr> {
        match self {
            Self::Answered { mac, .. }
            | Self::Resolved { mac, .. }
            | Self::Probe { mac, .. }
            | Self::Static(mac) => Some(mac),
            Self::Incomplete { .. } | Self::Failed { .. } => None,
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

    pub(super) fn name(self, now: Instant) -> NeighborState {
        match self {
            Self::Incomplete { .. } => NeighborState::Incomplete,
            Self::Answered { confirmed: true, .. } => NeighborState::Reachable,
            Self::Answered { confirmed: false, .. } => NeighborState::Stale,
            Self::Resolved { until, .. } if now < until => NeighborState::Reachable,
            Self::Resolved { .. } => NeighborState::Stale,
            Self::Probe { requests: 0, .. } => NeighborState::Delay,
            Self::Probe { .. } => NeighborState::Probe,
            Self::Failed { .. } => NeighborState::Failed,
            Self::Static(_) => NeighborState::Static,
        }
    }
}
