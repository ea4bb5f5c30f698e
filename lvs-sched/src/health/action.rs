//! What comes out of a checker, and what goes in.

use core::net::{IpAddr, SocketAddr};

use lvs_proto::Instant;

use crate::arena::Key;
use crate::{Rule, ServiceKey};

/// Names a check of one [`Checker`](super::Checker), and never another one that came after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(pub(super) Key);

impl CheckId {
    /// The id as a number, to be kept where only numbers can be.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0.to_bits()
    }

    /// The id of a number from [`to_bits`](Self::to_bits); of any other number, an id that at worst
    /// names another check.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(Key::from_bits(bits))
    }
}

/// Names one attempt of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    pub(super) check: CheckId,
    pub(super) number: u32,
}

impl AttemptId {
    /// The attempt of a check that has this [`number`](Self::number).
    #[must_use]
    pub const fn new(check: CheckId, number: u32) -> Self {
        Self { check, number }
    }

    /// Of which check; [`Checker::check`](super::Checker::check) has what it asks.
    #[must_use]
    pub const fn check(self) -> CheckId {
        self.check
    }

    /// Which attempt it is, counted from 1.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }
}

/// One thing to do, handed out by [`Checker::poll_action`](super::Checker::poll_action).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Try it, and hand in the [`Outcome`].
    Start {
        /// What to hand in with it.
        attempt: AttemptId,
        /// Who is asked.
        target: SocketAddr,
        /// When [`Action::Abort`] follows if there is no outcome.
        deadline: Instant,
    },
    /// The time of this attempt is over, or its check is removed: stop it. An outcome that still
    /// comes is ignored.
    Abort(AttemptId),
    /// Change the director by [`Director::apply`](crate::Director::apply), in this order. It is
    /// taken as done: what the director refuses, because others have changed it or the destination
    /// does not fit the service, is the embedder's to mend.
    Apply(Rule),
    /// Tell who wants to know.
    Notify(Event),
}

/// What has changed; it is told once for all that happened since the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Event {
    /// A real server is up or down (`notify_up`, `notify_down`).
    RealServer {
        /// Of which service.
        service: ServiceKey,
        /// The destination's address.
        address: IpAddr,
        /// The destination's port in host order.
        port: u16,
        /// Which of both.
        up: bool,
    },
    /// Quorum is gained or lost (`quorum_up`, `quorum_down`).
    Quorum {
        /// Of which service.
        service: ServiceKey,
        /// Which of both.
        up: bool,
    },
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Outcome {
    /// The connection was accepted: all that a TCP check asks.
    Connected,
    /// The connection was refused, or there is no way to the server.
    Refused,
    /// It took too long, as the embedder found out before the checker did.
    TimedOut,
    /// The server answered an HTTP request.
    Response {
        /// The status code.
        status: u16,
        /// The MD5 digest of the body, if one is [expected](super::HttpGet::digest).
        digest: Option<[u8; 16]>,
        /// Whether the body holds what is [expected](super::HttpGet::receive).
        received: bool,
    },
    /// The embedder judged by itself: the server is well.
    Passed,
    /// The embedder judged by itself: it is not.
    Failed,
}
