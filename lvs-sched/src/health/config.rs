//! What is checked and how, in the words of keepalived.conf(5) and ldirectord(8).

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::num::NonZeroU32;
use core::ops::RangeInclusive;
use core::time::Duration;

use super::Outcome;
use crate::{DestConfig, OutOfMemory, ServiceKey};

/// When a service is up, and who serves when it is not (`virtual_server`).
///
/// ```
/// use lvs_sched::health::VirtualServer;
/// use lvs_sched::{DestConfig, ServiceKey};
///
/// let fallback = DestConfig::new([127, 0, 0, 1].into(), 80);
/// let server = VirtualServer {
///     sorry_server: Some(fallback),
///     ..VirtualServer::new(ServiceKey::tcp([192, 168, 6, 2].into(), 80))
/// };
/// assert_eq!((server.quorum.get(), server.hysteresis), (1, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct VirtualServer {
    /// The service; the director has it already.
    pub key: ServiceKey,
    /// The total weight of real servers that are up at which the service has quorum.
    pub quorum: NonZeroU32,
    /// Quorum is lost only below `quorum - hysteresis`, and gained only at `quorum + hysteresis`;
    /// less than `quorum`.
    pub hysteresis: u32,
    /// Whether real servers count as down until their checks have passed.
    pub alpha: bool,
    /// Whether there are notifications of what goes down by being removed.
    pub omega: bool,
    /// Who serves in the place of all real servers as long as quorum is lost (`fallback`).
    pub sorry_server: Option<DestConfig>,
    /// Whether the sorry server stays in the service, quiesced, while it is not wanted.
    pub sorry_server_inhibit: bool,
}

impl VirtualServer {
    /// A service that is up as long as a real server is, without sorry server.
    #[must_use]
    pub const fn new(key: ServiceKey) -> Self {
        Self {
            key,
            quorum: NonZeroU32::MIN,
            hysteresis: 0,
            alpha: false,
            omega: false,
            sorry_server: None,
            sorry_server_inhibit: false,
        }
    }

    pub(super) const fn check(&self) -> Result<(), VirtualServerError> {
        let Self { quorum, hysteresis, .. } = *self;
        if hysteresis >= quorum.get() {
            return Err(VirtualServerError::HysteresisTooLarge { hysteresis, quorum });
        }
        Ok(())
    }
}

/// Why a virtual server was not added or removed. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VirtualServerError {
    /// There is a virtual server of this key, or one is being removed.
    #[error("virtual server already exists")]
    AlreadyExists,
    /// There is no virtual server of this key.
    #[error("no such virtual server")]
    NoSuchService,
    /// Such a service would never lose its quorum.
    #[error("hysteresis {hysteresis} is not less than quorum {quorum}")]
    HysteresisTooLarge {
        /// What was asked for.
        hysteresis: u32,
        /// The quorum asked for.
        quorum: NonZeroU32,
    },
    /// There is no memory for one more.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
}

/// A destination that serves while it is up (`real_server`): while all of its checks are. One
/// without checks is always up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct RealServer {
    /// What the director gets while it is up.
    pub dest: DestConfig,
    /// While it is down, whether it stays in the service with weight 0 (`quiescent=yes`) or is
    /// taken out (`quiescent=no`).
    pub inhibit_on_failure: bool,
    /// How to find out.
    pub checks: Vec<CheckConfig>,
}

/// What is asked of a real server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum CheckKind {
    /// That it accepts a TCP connection (`TCP_CHECK`, `checktype=connect`).
    TcpCheck,
    /// That it answers an HTTP request (`HTTP_GET`, `checktype=negotiate`).
    HttpGet(HttpGet),
    /// The same over TLS (`SSL_GET`).
    SslGet(HttpGet),
    /// What the embedder makes of these words, such as a command line (`MISC_CHECK`,
    /// `checktype=external`).
    MiscCheck(String),
}

impl CheckKind {
    /// Whether this is the answer of a server that is well.
    pub(super) fn accepts(&self, outcome: Outcome) -> bool {
        match (self, outcome) {
            (_, Outcome::Passed) | (Self::TcpCheck, Outcome::Connected) => true,
            (Self::HttpGet(get) | Self::SslGet(get), _) => get.accepts(outcome),
            _ => false,
        }
    }
}

/// A page, and what is expected of it.
///
/// ```
/// use lvs_sched::health::HttpGet;
///
/// let get = HttpGet { receive: Some("RS".into()), ..HttpGet::new("/index.html".into()) };
/// assert_eq!(get.digest, None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct HttpGet {
    /// The path, as the request has it (`path`, `request`).
    pub path: String,
    /// The host that the request names, if not the address.
    pub virtualhost: Option<String>,
    /// The codes of which the answer must have one; empty is 200 to 299.
    pub status_codes: Vec<RangeInclusive<u16>>,
    /// The MD5 digest that the body must have.
    pub digest: Option<[u8; 16]>,
    /// What the embedder must find in the body.
    pub receive: Option<String>,
}

impl HttpGet {
    /// A page of which nothing is expected but to be there.
    #[must_use]
    pub const fn new(path: String) -> Self {
        Self { path, virtualhost: None, status_codes: Vec::new(), digest: None, receive: None }
    }

    fn accepts(&self, outcome: Outcome) -> bool {
        let Outcome::Response { status, digest, received } = outcome else { return false };
        let is_code = match self.status_codes.as_slice() {
            [] => (200..=299).contains(&status),
            codes => codes.iter().any(|codes| codes.contains(&status)),
        };
        is_code
            && (self.digest.is_none() || self.digest == digest)
            && (self.receive.is_none() || received)
    }
}

/// One check of a real server.
///
/// A check is made of attempts: it passes with the first that does, and fails when the first and
/// `retry` more have failed. A server that is down gets no retry. `fall` checks that fail in a row
/// bring a server down, `rise` that pass bring it up.
///
/// ```
/// use core::time::Duration;
/// use lvs_sched::health::{CheckConfig, CheckKind};
///
/// // delay_loop 6  TCP_CHECK { connect_timeout 10  nb_get_retry 3  delay_before_retry 3 }
/// let check = CheckConfig {
///     delay_loop: Duration::from_secs(6),
///     connect_timeout: Duration::from_secs(10),
///     retry: 3,
///     delay_before_retry: Duration::from_secs(3),
///     ..CheckConfig::new(CheckKind::TcpCheck)
/// };
/// assert_eq!(check.fall.get(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct CheckConfig {
    /// What is asked.
    pub kind: CheckKind,
    /// Who is asked, if not the destination's address.
    pub connect_ip: Option<IpAddr>,
    /// At which port in host order, if not the destination's (`checkport`).
    pub connect_port: Option<u16>,
    /// From the end of one check to the beginning of the next (`checkinterval`); more than 0.
    pub delay_loop: Duration,
    /// The first check begins within this span, at a moment that follows from the seed, so that
    /// many checks do not begin together. `None` is `delay_loop`.
    pub warmup: Option<Duration>,
    /// How long an attempt may take, up to the end of the answer (`checktimeout`); more than 0.
    pub connect_timeout: Duration,
    /// Further attempts after one that failed (`checkcount` less one).
    pub retry: u32,
    /// From the end of an attempt that failed to the next.
    pub delay_before_retry: Duration,
    /// How many checks in a row must pass before a server that is down is up.
    pub rise: NonZeroU32,
    /// How many checks in a row must fail before a server that is up is down (`failurecount`).
    pub fall: NonZeroU32,
}

impl CheckConfig {
    /// A check with the figures of keepalived's TCP check: every minute, up to 5 s, with 1 retry
    /// after 1 s.
    #[must_use]
    pub const fn new(kind: CheckKind) -> Self {
        Self {
            kind,
            connect_ip: None,
            connect_port: None,
            delay_loop: Duration::from_secs(60),
            warmup: None,
            connect_timeout: Duration::from_secs(5),
            retry: 1,
            delay_before_retry: Duration::from_secs(1),
            rise: NonZeroU32::MIN,
            fall: NonZeroU32::MIN,
        }
    }

    pub(super) fn check(&self, dest: &DestConfig) -> Result<(), RealServerError> {
        if self.delay_loop.as_micros() == 0 {
            return Err(RealServerError::ZeroDelayLoop);
        }
        if self.connect_timeout.as_micros() == 0 {
            return Err(RealServerError::ZeroConnectTimeout);
        }
        let misc = matches!(self.kind, CheckKind::MiscCheck(_));
        if !misc && self.connect_port.unwrap_or(dest.port) == 0 {
            return Err(RealServerError::NoConnectPort);
        }
        Ok(())
    }
}

/// Why a real server was not added, edited or removed. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RealServerError {
    /// There is no virtual server of this key.
    #[error("no such virtual server")]
    NoSuchService,
    /// The virtual server has one of this address and port, or one is being removed.
    #[error("real server already exists")]
    AlreadyExists,
    /// The virtual server has none of this address and port.
    #[error("no such real server")]
    NoSuchDestination,
    /// A check would follow the last at once, for ever.
    #[error("delay_loop is less than a microsecond")]
    ZeroDelayLoop,
    /// A check would be over before it began.
    #[error("connect_timeout is less than a microsecond")]
    ZeroConnectTimeout,
    /// The destination is for every port, and the check names none.
    #[error("expected a connect_port: the real server is for every port")]
    NoConnectPort,
    /// There is room for fewer checks.
    #[error("no room for more than {capacity} checks")]
    TooManyChecks {
        /// [`CheckerConfig::checks`](super::CheckerConfig::checks).
        capacity: usize,
    },
    /// There is no memory for one more.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
}
