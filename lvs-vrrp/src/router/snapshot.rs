//! A virtual router that outlives its process.

mod octets;

use core::net::IpAddr;
use core::time::Duration;

use lvs_proto::Instant;
use lvs_proto::vrrp::{AdvertInterval, ChecksumForm, Peer, Priority};

pub use self::octets::SnapshotError;
use super::Router;
use super::role::Role;
use crate::doubts::Doubts;
use crate::marks::{Mark, Marks};
use crate::{Config, ConfigError, Counters, Event, timers};

/// The form of what is stored.
const FORMAT: u16 = 1;

/// Senders whose sequence numbers are stored, those heard last.
const STORED_SENDERS: usize = 8;

/// What a virtual router is and knows, its lists aside, from [`Router::snapshot`] to
/// [`Router::restore`]. It is stored [as octets](Self::to_octets), or with feature `serde`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Snapshot {
    format: u16,
    /// The moment that all others are relative to.
    taken: Instant,
    role: Role,
    held_until: Instant,
    active_interval: AdvertInterval,
    header_sequence: u32,
    doubts: Doubts,
    priority: Priority,
    source: IpAddr,
    heard_form: Option<ChecksumForm>,
    started: bool,
    interface_up: bool,
    fault: bool,
    config: Config,
    counters: Counters,
    last_event: Option<Event>,
    marks: [Option<Mark>; STORED_SENDERS],
}

impl Snapshot {
    /// The configuration of the router.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The address that its adverts came from.
    #[must_use]
    pub const fn source(&self) -> IpAddr {
        self.source
    }
}

/// Why a virtual router cannot be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The snapshot is of another release, whose form this one does not know.
    #[error("a snapshot of form {0}, not {FORMAT}")]
    Format(u16),
    /// A field has a value that it cannot have.
    #[error("a snapshot that no router gave")]
    Malformed,
    /// The effective priority is that of an owner without being one, or of nobody.
    #[error("a snapshot with priority {0}")]
    Priority(Priority),
    /// Configuration, source address and lists do not fit each other.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>, const SENDERS: usize> Router<A, P, SENDERS> {
    /// What the router is and knows. Drain the actions first: what is left to do is not part of it,
    /// save announcements that [wait](Self::hold_announcements), which begin again.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut role = self.role;
        match role.announcements() {
            Some(schedule) if self.pending.is_held() => schedule.put_off(self.held_until),
            _ => {}
        }
        Snapshot {
            format: FORMAT,
            taken: self.now,
            role,
            held_until: self.held_until,
            active_interval: self.active_interval,
            header_sequence: self.header_sequence,
            doubts: self.doubts,
            priority: self.priority,
            source: self.source,
            heard_form: self.heard_form,
            started: self.started,
            interface_up: self.interface_up,
            fault: self.fault,
            config: self.config,
            counters: self.counters,
            last_event: self.last_event,
            marks: self.marks.resized(),
        }
    }

    /// The router of a snapshot, in the same state, with as much time left to its deadlines as there
    /// was: nothing is elected and nothing is to be done. The epoch may be another one.
    ///
    /// `addresses` and `peers` are those that the router had. What has changed meanwhile comes
    /// afterwards: another configuration or list by [`apply`](Self::apply), another source
    /// address by [`set_source`](Self::set_source), the time that nobody listened by
    /// [`resumed`](Self::resumed). A member of a sync group has to
    /// [join](crate::Engine::join) it again.
    ///
    /// ```
    /// use core::net::IpAddr;
    /// use lvs_proto::Instant;
    /// use lvs_proto::vrrp::Vrid;
    /// use lvs_vrrp::{Config, Router, State};
    ///
    /// let config = Config::rfc9568(Vrid::new(51).ok_or("0 is no VRID")?);
    /// let addresses = [IpAddr::from([192, 0, 2, 100])];
    /// let mut router = Router::new(config, [192, 0, 2, 1].into(), addresses)?;
    /// router.startup(Instant::EPOCH);
    /// router.handle_timeout(Instant::from_secs(4));
    /// while router.poll_action().is_some() {}
    ///
    /// let snapshot = router.snapshot();
    /// let mut restored: Router<_> =
    ///     Router::restore(Instant::from_secs(1_000), &snapshot, addresses, [])?;
    /// assert_eq!((restored.state(), restored.poll_action()), (State::Active, None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`RestoreError`] if the snapshot is none of a router with these lists.
    pub fn restore(
        now: Instant,
        snapshot: &Snapshot,
        addresses: A,
        peers: P,
    ) -> Result<Self, RestoreError> {
        match Snapshot::from_octets(&snapshot.to_octets()) {
            Ok(_) => {}
            Err(SnapshotError::Format(format)) => return Err(RestoreError::Format(format)),
            // What was deserialised may say what octets cannot.
            Err(_) => return Err(RestoreError::Malformed),
        }
        let is_owner = snapshot.priority == Priority::OWNER;
        if is_owner != snapshot.config.is_owner() || snapshot.priority == Priority::RESIGN {
            return Err(RestoreError::Priority(snapshot.priority));
        }
        let router = Self::with_senders(snapshot.config, snapshot.source, addresses, peers)?;
        let epoch = |moment: Instant| Duration::from_micros(moment.as_micros());
        let moved = |moment| timers::shift(moment, epoch(snapshot.taken), epoch(now));
        Ok(Self {
            role: snapshot.role.moved(moved),
            now,
            held_until: moved(snapshot.held_until),
            active_interval: snapshot.active_interval,
            header_sequence: snapshot.header_sequence,
            doubts: snapshot.doubts,
            priority: snapshot.priority,
            heard_form: snapshot.heard_form,
            started: snapshot.started,
            interface_up: snapshot.interface_up,
            fault: snapshot.fault,
            counters: snapshot.counters,
            last_event: snapshot.last_event.map(|event| Event { at: moved(event.at), ..event }),
            marks: Marks::restored(&snapshot.marks, moved),
            ..router
        })
    }
}
