//! What comes out of a checker, and what goes in.

use alloc::string::String;
use core::ffi::{c_char, c_int};
use core::ptr;

use lvs_sched::health::{Action, AttemptId, Check, CheckId, CheckKind, Event, Outcome};
use lvs_sched::{DestConfig, Rule, ServiceKey};

use self::lvs_check_outcome_kind::*;
use self::lvs_checker_action_kind::*;
use super::config::lvs_check_kind::*;
use crate::lvs_status::LVS_ERR_OUTCOME;
use crate::{lvs_address, lvs_dest_config, lvs_service_key, lvs_status, lvs_time};

/// One attempt of a check, and never another one that came after it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_check_attempt {
    /// The check.
    pub check: u64,
    /// Which attempt it is, counted from 1.
    pub number: u32,
}

/// Things to do. Later versions may ask for more: ignore what you do not know.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_checker_action_kind {
    /// Try `attempt`: ask `target` at `target_port` for what `lvs_checker_get_check` says, and hand
    /// in the outcome; LVS_CHECKER_ABORT follows if there is none at `deadline`.
    LVS_CHECKER_START = 1,
    /// The time of `attempt` is over, or its check is removed: stop it. An outcome that still comes
    /// is ignored.
    LVS_CHECKER_ABORT = 2,
    /// Add `dest` to `service`: `lvs_director_add_dest`. Changes are taken as done, in this order.
    LVS_CHECKER_ADD_DEST = 3,
    /// Change it to `dest`: `lvs_director_edit_dest`.
    LVS_CHECKER_EDIT_DEST = 4,
    /// Delete the destination at the address and port of `dest`: `lvs_director_delete_dest`.
    LVS_CHECKER_DELETE_DEST = 5,
    /// The real server at the address and port of `dest` is `up` (notify_up, notify_down).
    LVS_CHECKER_NOTIFY_DEST = 6,
    /// `service` has quorum if `up` (quorum_up, quorum_down).
    LVS_CHECKER_NOTIFY_QUORUM = 7,
}

/// One thing to do. What its kind does not mention does not count.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct lvs_checker_action {
    /// What is to be done, one of `enum lvs_checker_action_kind`.
    pub kind: c_int,
    /// 1 or 0.
    pub up: u8,
    /// Who is asked.
    pub target: lvs_address,
    /// At which port in host order.
    pub target_port: u16,
    /// A service.
    pub service: lvs_service_key,
    /// A destination of it.
    pub dest: lvs_dest_config,
    /// An attempt.
    pub attempt: lvs_check_attempt,
    /// When it is over.
    pub deadline: lvs_time,
}

/// What may come of an attempt.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_check_outcome_kind {
    /// The connection was accepted: all that LVS_CHECK_TCP asks.
    LVS_CHECK_OUTCOME_CONNECTED = 0,
    /// The connection was refused, or there is no way to the server.
    LVS_CHECK_OUTCOME_REFUSED = 1,
    /// It took too long, as the caller found out before the checker did.
    LVS_CHECK_OUTCOME_TIMED_OUT = 2,
    /// The server answered an HTTP request.
    LVS_CHECK_OUTCOME_RESPONSE = 3,
    /// The caller judged by himself: the server is well.
    LVS_CHECK_OUTCOME_PASSED = 4,
    /// The caller judged by himself: it is not.
    LVS_CHECK_OUTCOME_FAILED = 5,
}

/// What came of an attempt. Zero what you do not know.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_check_outcome {
    /// One of `enum lvs_check_outcome_kind`.
    pub kind: c_int,
    /// The status code of a response.
    pub status: u16,
    /// Not 0 if its body holds what is to be received.
    pub received: u8,
    /// Not 0 if `digest` is that of its body.
    pub has_digest: u8,
    /// An MD5 digest.
    pub digest: [u8; 16],
}

/// A check and how it stands. What it points to is there until the checker is changed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_check {
    /// The sizeof of this struct.
    pub size: usize,
    /// What the request names, or what a LVS_CHECK_MISC is about; else NULL.
    pub path: *const c_char,
    /// The host that the request names, or NULL.
    pub virtualhost: *const c_char,
    /// What the body is to hold, or NULL.
    pub receive: *const c_char,
    /// The digest that it is to have, 16 octets, or NULL.
    pub digest: *const u8,
    /// What is asked, one of `enum lvs_check_kind`.
    pub kind: c_int,
    /// The service of the real server.
    pub service: lvs_service_key,
    /// The real server's address.
    pub address: lvs_address,
    /// The real server's port in host order.
    pub port: u16,
    /// 1 if it says that the real server is up, else 0.
    pub up: u8,
    /// 1 if an attempt is running, else 0.
    pub running: u8,
    /// Attempts begun.
    pub attempts: u64,
    /// Of these, the ones that passed.
    pub passed: u64,
    /// Of these, the ones that failed.
    pub failed: u64,
    /// Of those that failed, the ones that took too long.
    pub timed_out: u64,
    /// Changes from up to down.
    pub downs: u64,
}

const _: () = assert!(align_of::<u64>() < 8 || size_of::<lvs_check_attempt>() == 16);
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_checker_action>() == 120);
const _: () = assert!(size_of::<lvs_check_outcome>() == 24);
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_check>() == 136);

impl From<AttemptId> for lvs_check_attempt {
    fn from(attempt: AttemptId) -> Self {
        Self { check: attempt.check().to_bits(), number: attempt.number() }
    }
}

impl From<lvs_check_attempt> for AttemptId {
    fn from(lvs_check_attempt { check, number }: lvs_check_attempt) -> Self {
        Self::new(CheckId::from_bits(check), number)
    }
}

impl From<Action> for lvs_checker_action {
    fn from(action: Action) -> Self {
        let of = |kind| Self { kind: kind as c_int, ..Self::default() };
        match action {
            Action::Start { attempt, target, deadline } => Self {
                target: target.ip().into(),
                target_port: target.port(),
                attempt: attempt.into(),
                deadline: deadline.as_micros(),
                ..of(LVS_CHECKER_START)
            },
            Action::Abort(attempt) => Self { attempt: attempt.into(), ..of(LVS_CHECKER_ABORT) },
            Action::Apply(Rule::AddDest { service, dest }) => {
                of(LVS_CHECKER_ADD_DEST).about(service, dest)
            }
            Action::Apply(Rule::EditDest { service, dest }) => {
                of(LVS_CHECKER_EDIT_DEST).about(service, dest)
            }
            Action::Apply(Rule::DeleteDest { service, address, port }) => {
                of(LVS_CHECKER_DELETE_DEST).about(service, DestConfig::new(address, port))
            }
            // A checker changes destinations only.
            Action::Apply(_) => Self::default(),
            Action::Notify(Event::RealServer { service, address, port, up }) => {
                let dest = DestConfig::new(address, port);
                Self { up: up.into(), ..of(LVS_CHECKER_NOTIFY_DEST).about(service, dest) }
            }
            Action::Notify(Event::Quorum { service, up }) => {
                let service = service.into();
                Self { up: up.into(), service, ..of(LVS_CHECKER_NOTIFY_QUORUM) }
            }
        }
    }
}

impl lvs_checker_action {
    fn about(self, service: ServiceKey, dest: DestConfig) -> Self {
        Self { service: service.into(), dest: dest.into(), ..self }
    }
}

impl TryFrom<lvs_check_outcome> for Outcome {
    type Error = lvs_status;

    fn try_from(outcome: lvs_check_outcome) -> Result<Self, lvs_status> {
        let lvs_check_outcome { kind, status, received, has_digest, digest } = outcome;
        let digest = (has_digest != 0).then_some(digest);
        [
            (LVS_CHECK_OUTCOME_CONNECTED, Self::Connected),
            (LVS_CHECK_OUTCOME_REFUSED, Self::Refused),
            (LVS_CHECK_OUTCOME_TIMED_OUT, Self::TimedOut),
            (
                LVS_CHECK_OUTCOME_RESPONSE,
                Self::Response { status, digest, received: received != 0 },
            ),
            (LVS_CHECK_OUTCOME_PASSED, Self::Passed),
            (LVS_CHECK_OUTCOME_FAILED, Self::Failed),
        ]
        .into_iter()
        .find(|(known, _)| *known as c_int == kind)
        .map(|(_, outcome)| outcome)
        .ok_or(LVS_ERR_OUTCOME)
    }
}

impl From<&Check> for lvs_check {
    fn from(check: &Check) -> Self {
        let (kind, path, get) = match &check.config().kind {
            CheckKind::TcpCheck => (LVS_CHECK_TCP, None, None),
            CheckKind::HttpGet(get) => (LVS_CHECK_HTTP_GET, Some(&get.path), Some(get)),
            CheckKind::SslGet(get) => (LVS_CHECK_SSL_GET, Some(&get.path), Some(get)),
            CheckKind::MiscCheck(words) => (LVS_CHECK_MISC, Some(words), None),
        };
        let counters = check.counters();
        Self {
            size: size_of::<Self>(),
            path: text(path),
            virtualhost: text(get.and_then(|get| get.virtualhost.as_ref())),
            receive: text(get.and_then(|get| get.receive.as_ref())),
            digest: get.and_then(|get| get.digest.as_ref()).map_or(ptr::null(), |md5| md5.as_ptr()),
            kind: kind as c_int,
            service: (*check.service()).into(),
            address: check.address().into(),
            port: check.port(),
            up: check.is_up().into(),
            running: check.is_running().into(),
            attempts: counters.attempts,
            passed: counters.passed,
            failed: counters.failed,
            timed_out: counters.timed_out,
            downs: counters.downs,
        }
    }
}

/// A text that was kept with its NUL.
fn text(text: Option<&String>) -> *const c_char {
    text.map_or(ptr::null(), |text| text.as_ptr().cast())
}
