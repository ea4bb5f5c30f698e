//! The state of a connection, whatever its protocol.

use core::fmt;
use core::time::Duration;

use lvs_proto::{Method, Transport};

use crate::TcpState;

/// What a connection or template has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// A TCP connection.
    Tcp(TcpState),
    /// A UDP connection; it has but one state \[UDP-1\].
    Udp,
    /// A persistence template.
    Template {
        /// Whether a connection through it was established \[TPL-13\].
        assured: bool,
    },
}

impl State {
    /// Seconds without a packet after which a UDP connection ends (section 4.2).
    pub const UDP_TIMEOUT_SECS: u32 = 300;

    /// Before the first packet of this transport.
    pub(crate) const fn new(transport: Transport) -> Self {
        match transport {
            Transport::Tcp { .. } => Self::Tcp(TcpState::None),
            _ => Self::Udp,
        }
    }

    /// After a packet of the client \[DIR-1\].
    pub(crate) const fn after_client(self, transport: Transport, method: Method) -> Self {
        match (self, transport) {
            (Self::Tcp(state), Transport::Tcp { flags, .. }) => {
                Self::Tcp(state.after_client(flags, method))
            }
            _ => self,
        }
    }

    /// Whether a connection in this state counts as active \[CNT-6\].
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Tcp(state) if state.is_active())
    }

    /// How long a connection in this state lives without a packet; a template has its own.
    pub(crate) const fn timeout(self) -> Option<Duration> {
        match self {
            Self::Tcp(state) => Some(Duration::from_secs(state.timeout_secs() as u64)),
            Self::Udp => Some(Duration::from_secs(Self::UDP_TIMEOUT_SECS as u64)),
            Self::Template { .. } => None,
        }
    }
}

/// The name in `ipvsadm -Lc`.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(state) => state.fmt(f),
            Self::Udp => f.pad("UDP"),
            Self::Template { assured: false } => f.pad("NONE"),
            Self::Template { assured: true } => f.pad("ASSURED"),
        }
    }
}
