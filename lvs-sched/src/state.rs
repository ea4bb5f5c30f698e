//! The state of a connection, whatever its protocol, and how long it lives in it.

use core::fmt;

use lvs_proto::{Protocol, Transport};

use crate::timers::Timers;
use crate::{SctpState, TcpState};

/// Which of its protocol's tables a packet moves a connection by \[DIR-1\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the client, where replies are seen.
    In,
    /// From the real server.
    Out,
    /// From the client, where replies are not seen.
    InputOnly,
}

/// What a connection or template has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum State {
    /// A TCP connection.
    Tcp(TcpState),
    /// An SCTP association.
    Sctp(SctpState),
    /// A UDP connection; it has but one state \[UDP-1\].
    Udp,
    /// A persistence template.
    Template {
        /// Whether a connection through it was established \[TPL-13\].
        assured: bool,
    },
}

impl State {
    /// Before the first packet of this protocol.
    pub(crate) const fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::TCP => Self::Tcp(TcpState::None),
            Protocol::SCTP => Self::Sctp(SctpState::None),
            _ => Self::Udp,
        }
    }

    /// After a packet; `None` if the packet tells nothing, as one of IPsec \[TMO-3\] or one that is
    /// cut short \[DIR-5\].
    pub(crate) fn after(self, transport: Transport, way: Way, secure: bool) -> Option<Self> {
        match (self, transport) {
            (Self::Tcp(state), Transport::Tcp { flags, .. }) => {
                Some(Self::Tcp(state.after(flags, way, secure)))
            }
            (Self::Sctp(state), Transport::Sctp { chunk: Some(chunk), .. })
                if cfg!(feature = "sctp") =>
            {
                Some(Self::Sctp(state.after(chunk, way)))
            }
            (Self::Udp, Transport::Udp { .. }) => Some(Self::Udp),
            _ => None,
        }
    }

    /// Whether a connection in this state counts as active \[CNT-6\].
    #[must_use]
    pub const fn is_active(self) -> bool {
        match self {
            Self::Tcp(state) => state.is_active(),
            Self::Sctp(state) => state.is_active(),
            Self::Udp | Self::Template { .. } => false,
        }
    }

    /// Whether both ends have agreed, as far as the state says so \[TPL-13\].
    pub(crate) const fn is_established(self) -> bool {
        matches!(self, Self::Tcp(TcpState::Established) | Self::Sctp(SctpState::Established))
    }
}

/// The name in `ipvsadm -Lc`.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(state) => state.fmt(f),
            Self::Sctp(state) => state.fmt(f),
            Self::Udp => f.pad("UDP"),
            Self::Template { assured: false } => f.pad("NONE"),
            Self::Template { assured: true } => f.pad("ASSURED"),
        }
    }
}

/// The timeouts that can be set, in seconds: `ipvsadm --set` \[TMO-2\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Timeouts {
    /// Of TCP connections in [`TcpState::Established`].
    pub tcp_secs: u32,
    /// Of TCP connections in [`TcpState::FinWait`].
    pub tcp_fin_secs: u32,
    /// Of UDP connections.
    pub udp_secs: u32,
}

/// The kernel's: 900, 120 and 300 seconds.
impl Default for Timeouts {
    fn default() -> Self {
        Self {
            tcp_secs: TcpState::Established.timeout_secs(),
            tcp_fin_secs: TcpState::FinWait.timeout_secs(),
            udp_secs: 300,
        }
    }
}

/// Why timeouts were not set. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeoutError {
    /// [`Timeouts::tcp_secs`] is too large.
    #[error("TCP timeout of {secs} s is more than {max} s")]
    Tcp {
        /// What was asked for.
        secs: u32,
        /// The most there is.
        max: u32,
    },
    /// [`Timeouts::tcp_fin_secs`] is too large.
    #[error("TCP FIN timeout of {secs} s is more than {max} s")]
    TcpFin {
        /// What was asked for.
        secs: u32,
        /// The most there is.
        max: u32,
    },
    /// [`Timeouts::udp_secs`] is too large.
    #[error("UDP timeout of {secs} s is more than {max} s")]
    Udp {
        /// What was asked for.
        secs: u32,
        /// The most there is.
        max: u32,
    },
}

impl Timeouts {
    /// These with `new` in their places; zeros stay what they were \[TMO-2\].
    pub(crate) const fn with(self, new: Self, timers: Timers) -> Result<Self, TimeoutError> {
        let max = timers.max_secs();
        let Self { tcp_secs, tcp_fin_secs, udp_secs } = new;
        if tcp_secs > max {
            return Err(TimeoutError::Tcp { secs: tcp_secs, max });
        }
        if tcp_fin_secs > max {
            return Err(TimeoutError::TcpFin { secs: tcp_fin_secs, max });
        }
        if udp_secs > max {
            return Err(TimeoutError::Udp { secs: udp_secs, max });
        }
        Ok(Self {
            tcp_secs: if tcp_secs == 0 { self.tcp_secs } else { tcp_secs },
            tcp_fin_secs: if tcp_fin_secs == 0 { self.tcp_fin_secs } else { tcp_fin_secs },
            udp_secs: if udp_secs == 0 { self.udp_secs } else { udp_secs },
        })
    }

    /// After how many seconds without a packet a connection in this state ends; a template has its
    /// own timeout.
    pub(crate) const fn of(&self, state: State) -> Option<u32> {
        match state {
            State::Tcp(TcpState::Established) => Some(self.tcp_secs),
            State::Tcp(TcpState::FinWait) => Some(self.tcp_fin_secs),
            State::Tcp(state) => Some(state.timeout_secs()),
            State::Sctp(state) => Some(state.timeout_secs()),
            State::Udp => Some(self.udp_secs),
            State::Template { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tmo_2_zero_keeps_and_too_much_is_refused() {
        let set = |tcp_secs, tcp_fin_secs, udp_secs| {
            let new = Timeouts { tcp_secs, tcp_fin_secs, udp_secs };
            Timeouts::default().with(new, Timers::hz(250))
        };
        assert_eq!(set(0, 0, 0), Ok(Timeouts::default()));
        let some = Timeouts { tcp_secs: 8_589_934, tcp_fin_secs: 120, udp_secs: 1 };
        assert_eq!(set(8_589_934, 0, 1), Ok(some));
        let (secs, max) = (8_589_935, 8_589_934);
        assert_eq!(set(secs, secs, secs), Err(TimeoutError::Tcp { secs, max }));
        assert_eq!(set(0, secs, secs), Err(TimeoutError::TcpFin { secs, max }));
        assert_eq!(set(0, 0, secs), Err(TimeoutError::Udp { secs, max }));
    }
}
