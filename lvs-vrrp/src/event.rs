//! States, and the events that tell of their changes.

use core::fmt;

use lvs_proto::Instant;

/// The state of a virtual router (RFC 9568 section 6.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum State {
    /// Not running: not started, shut down, without its interface, or in fault. Adverts are ignored.
    #[default]
    Initialize,
    /// Waiting for the Active router to fall silent.
    Backup,
    /// Forwarding for the virtual addresses.
    Active,
}

impl State {
    /// keepalived's word: `MASTER`, `BACKUP`, or `FAULT` for a router that does not run.
    #[must_use]
    pub const fn keepalived_name(self) -> &'static str {
        match self {
            Self::Initialize => "FAULT",
            Self::Backup => "BACKUP",
            Self::Active => "MASTER",
        }
    }
}

/// RFC 9568's word.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Initialize => "Initialize",
            Self::Backup => "Backup",
            Self::Active => "Active",
        })
    }
}

/// Why the state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Reason {
    /// The router was started, its interface came up, or the last fault is over.
    Startup,
    /// To Active: nothing was heard for the active-down interval.
    NoResponse,
    /// To Active: the Active router resigned.
    Resigned,
    /// To Active: only adverts of lower priority were heard.
    Preempted,
    /// To Backup: an advert won, by priority or, the priorities being equal, by source address.
    BetterAdvert,
    /// The router was shut down.
    Shutdown,
    /// The interface went down.
    InterfaceDown,
    /// A tracker says that the router cannot do its work.
    Fault,
    /// Another member of its sync group lost to an advert, or cannot run \[X-59\], \[X-60\]; or the
    /// router that it follows is in that state \[X-67\].
    Group,
    /// The router woke up late \[V3-RX-19\]. An Active one goes on and announces its addresses
    /// again, or becomes Backup; a Backup one waits once more \[S-9\], \[S-10\].
    Late,
    /// Another router was Active too, and is to give way: hosts may have followed it. Told on request,
    /// [`Config::report_losing`](crate::Config::report_losing) \[X-13\].
    LosingAdvert,
    /// The adverts of a router that ought to give way keep coming: it does not hear this one, which
    /// stays Active. Reachability is not symmetric \[S-14\].
    OneWayReachability,
    /// Another router advertises from this one's address \[S-16\],
    /// [`DuplicateSource`](crate::DuplicateSource).
    DuplicateSource,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Startup => "startup",
            Self::NoResponse => "no response",
            Self::Resigned => "resigned",
            Self::Preempted => "preempted",
            Self::BetterAdvert => "better advert",
            Self::Shutdown => "shutdown",
            Self::InterfaceDown => "interface down",
            Self::Fault => "fault",
            Self::Group => "sync group",
            Self::Late => "late",
            Self::LosingAdvert => "losing advert",
            Self::OneWayReachability => "one-way reachability",
            Self::DuplicateSource => "duplicate source",
        })
    }
}

/// A change of state, or one that did not come about: then both states are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// 1 for a router's first change, then one more each; a gap tells of changes that were
    /// overtaken before the actions were drained \[X-52\].
    pub sequence: u64,
    /// When the state changed.
    pub at: Instant,
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
    /// Why it changed.
    pub reason: Reason,
}

impl Event {
    /// The word that keepalived hands to its notify scripts: that of the new state, `STOP` on shutdown,
    /// or `MASTER_RX_LOWER_PRI` after an advert that lost \[X-50\].
    #[must_use]
    pub const fn keepalived_name(&self) -> &'static str {
        match self.reason {
            Reason::Shutdown => "STOP",
            Reason::LosingAdvert => "MASTER_RX_LOWER_PRI",
            _ => self.to.keepalived_name(),
        }
    }
}

/// `Backup -> Active (no response)`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} ({})", self.from, self.to, self.reason)
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    ///
    #[test]
    fn words_of_both_worlds() {
        let event = Event {
            sequence: 1,
            at: Instant::EPOCH,
            from: State::Active,
            to: State::Initialize,
            reason: Reason::Shutdown,
        };
        assert_eq!(event.to_string(), "Active -> Initialize (shutdown)");
        assert_eq!(event.keepalived_name(), "STOP");
        assert_eq!(Event { reason: Reason::InterfaceDown, ..event }.keepalived_name(), "FAULT");
        let lost = Event { to: State::Active, reason: Reason::LosingAdvert, ..event };
        assert_eq!(lost.keepalived_name(), "MASTER_RX_LOWER_PRI");
        assert_eq!(State::Active.keepalived_name(), "MASTER");
    }
}
