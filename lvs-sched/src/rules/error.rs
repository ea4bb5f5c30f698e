//! What is wrong with a line, and where.

use core::ops::Range;

/// Where a line is not a rule, and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct RuleError {
    pub(super) range: Range<usize>,
    pub(super) kind: RuleErrorKind,
}

impl RuleError {
    /// The bytes of the line that are wrong; empty, at the end of the line, if something is missing
    /// there.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> RuleErrorKind {
        self.kind
    }
}

/// What is wrong with a line; its text says what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleErrorKind {
    /// The line does not begin with a command.
    #[error("expected a command: -A, -E, -D, -a, -e, -d, -C, -Z or --set")]
    Command,
    /// There is no such option.
    #[error("expected an option")]
    UnknownOption,
    /// The option is another command's, or `-6` does not follow `-f`.
    #[error("this option does not go with what comes before it")]
    Misplaced,
    /// The option, or one that excludes it, was there before.
    #[error("this was said before")]
    Repeated,
    /// The option has no value and gets one.
    #[error("this option takes no value")]
    UnexpectedValue,
    /// The option has a value and gets none.
    #[error("expected a value for this option")]
    MissingValue,
    /// No service was named.
    #[error("expected a service: -t, -u, --sctp-service or -f")]
    MissingService,
    /// No server was named.
    #[error("expected a real server: -r")]
    MissingServer,
    /// Not an address with or without port.
    #[error("expected a numeric address and port, as in 10.0.0.1:80 or [fd00::1]:80")]
    Address,
    /// A service for every port must be persistent \[SVC-5\].
    #[error("expected a port: only a persistent service is for every port")]
    ZeroPort,
    /// Not a firewall mark.
    #[error("expected a mark from 1 to 4294967295")]
    Mark,
    /// Not a scheduler's name.
    #[error("expected rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh or twos")]
    Scheduler,
    /// Not flags, or not this scheduler's \[ADM-5\].
    #[error(
        "expected flag-1 to flag-3, sh-fallback or sh-port with sh, mh-fallback or mh-port with mh"
    )]
    Flags,
    /// Not a timeout.
    #[error("expected a number of seconds from 0 to 4294967295")]
    Timeout,
    /// Not a netmask of the service's family.
    #[error("expected a mask as in 255.255.255.0, or for IPv6 a prefix length from 1 to 128")]
    Netmask,
    /// A netmask says what one client is, which only persistence asks.
    #[error("expected -p as well: a netmask is for persistent services")]
    NetmaskAlone,
    /// One-packet scheduling of TCP or SCTP \[ADM-4\].
    #[error("one-packet scheduling is for UDP and mark services")]
    OnePacketTcp,
    /// Not a weight \[ADM-4\].
    #[error("expected a weight from 0 to 2147483647")]
    Weight,
    /// Not a threshold.
    #[error("expected a number of connections from 0 to 4294967295")]
    Threshold,
    /// Not a kind of tunnel.
    #[error("expected ipip, gue or gre")]
    TunnelType,
    /// A tunnel of GUE without a UDP port, or no UDP port.
    #[error("expected a port from 1 to 65535: --tun-type gue needs --tun-port")]
    TunnelPort,
    /// An option of another kind of tunnel.
    #[error("expected --tun-type gue for this option; --tun-csum goes with gre as well")]
    TunnelOption,
    /// Not a persistence engine.
    #[error("expected sip")]
    Engine,
}
