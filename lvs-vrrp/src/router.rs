//! The virtual router: what goes in, what comes out, what can be asked.

mod follow;
mod group;
mod queries;
mod receive;
mod reload;
mod role;
mod snapshot;
mod transitions;

use core::net::IpAddr;
use core::time::Duration;

use lvs_proto::vrrp::{AdvertInterval, ChecksumForm, Peer, Priority};
use lvs_proto::{Family, Instant};

use self::group::Membership;
pub use self::receive::Refusal;
pub use self::reload::{ApplyError, Plan};
use self::role::Role;
pub use self::snapshot::{RestoreError, Snapshot, SnapshotError};
use crate::actions::{Pending, Step};
use crate::announcements::Schedule;
use crate::config::check_new_source;
use crate::doubts::Doubts;
use crate::marks::Marks;
use crate::{Action, Config, ConfigError, Counters, Event, Reason, SourceError, Tracked, timers};

/// One virtual router on one interface: a VRID of one address family.
///
/// `A` holds the virtual addresses: an array, a slice or a `Vec`, as the embedder likes. `P` holds the
/// peers of a router that speaks to each by itself \[X-28\]; without peers adverts go to the VRRP
/// group. It remembers the sequence numbers of `SENDERS` senders, where adverts have such: by default
/// of the Active router and of the one that displaces it. Without its lists a router takes 512
/// octets at most.
///
/// Every input takes the moment at which it happened; a moment before the last one counts as the
/// last one \[S-12\]. After each input drain [`poll_action`](Self::poll_action) and ask for
/// [`next_deadline`](Self::next_deadline) again: only an input changes either.
///
/// ```
/// use core::net::IpAddr;
/// use lvs_proto::Instant;
/// use lvs_proto::vrrp::Vrid;
/// use lvs_vrrp::{Action, Config, Router, State};
///
/// let vrid = Vrid::new(51).ok_or("0 is no VRID")?;
/// let source = IpAddr::from([192, 0, 2, 1]);
/// let addresses = [IpAddr::from([192, 0, 2, 100])];
/// let mut router = Router::new(Config::rfc9568(vrid), source, addresses)?;
///
/// router.startup(Instant::EPOCH);
/// assert!(matches!(router.poll_action(), Some(Action::Notify(event)) if event.to == State::Backup));
/// assert_eq!(router.poll_action(), None);
///
/// let deadline = router.next_deadline().ok_or("a Backup router waits")?;
/// assert_eq!(deadline.as_micros(), 3_609_375);
/// router.handle_timeout(deadline);
/// assert_eq!(router.state(), State::Active);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
// What every advert and every timeout touches stands together, so that of thousands of routers few
// cache lines are fetched.
#[repr(C)]
pub struct Router<A, P = [Peer; 0], const SENDERS: usize = 2> {
    role: Role,
    /// The last moment handed in.
    now: Instant,
    /// Until when announcements wait.
    held_until: Instant,
    pending: Pending,
    /// Active_Adver_Interval: what the Active router advertises.
    active_interval: AdvertInterval,
    /// The sequence number of the last advert, sent or accepted, that had an authentication header.
    header_sequence: u32,
    doubts: Doubts,
    /// The effective priority.
    priority: Priority,
    source: IpAddr,
    /// The checksum form of the last accepted advert.
    heard_form: Option<ChecksumForm>,
    /// Whether it was started; it runs when its interface is up as well and nothing is at fault
    /// \[FSM-4\], \[X-53\].
    started: bool,
    interface_up: bool,
    fault: bool,
    membership: Membership,
    config: Config,
    counters: Counters,
    last_event: Option<Event>,
    marks: Marks<SENDERS>,
    addresses: A,
    peers: P,
}

impl<A: AsRef<[IpAddr]>> Router<A> {
    /// A virtual router in Initialize, whose interface is believed to be up.
    ///
    /// `source` is the primary IPv4 address or the link-local IPv6 address of the interface;
    /// `addresses` are the virtual ones, in the order in which they are advertised. Over IPv6 the
    /// first ought to be link-local \[V3-TX-7\], though much of what is deployed advertises global
    /// ones only.
    ///
    /// # Errors
    /// [`ConfigError`] says which field does not fit and why.
    pub fn new(config: Config, source: IpAddr, addresses: A) -> Result<Self, ConfigError> {
        Self::with_peers(config, source, addresses, [])
    }
}

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>> Router<A, P> {
    /// The same, whose adverts go to each of `peers` and come from them, if there are any. With peers
    /// `source` may be any address of the interface.
    ///
    /// # Errors
    /// [`ConfigError`] says which field does not fit and why.
    pub fn with_peers(
        config: Config,
        source: IpAddr,
        addresses: A,
        peers: P,
    ) -> Result<Self, ConfigError> {
        Self::with_senders(config, source, addresses, peers)
    }
}

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>, const SENDERS: usize> Router<A, P, SENDERS> {
    /// The same with room for the sequence numbers of so many senders as the type says
    /// \[W-40\]: `Router::<_, _, 4>::with_senders(config, source, addresses, peers)`. If there are
    /// more, the one not heard for longest is forgotten. A router that authenticates nobody needs room
    /// for none.
    ///
    /// # Errors
    /// [`ConfigError`] says which field does not fit and why.
    pub fn with_senders(
        config: Config,
        source: IpAddr,
        addresses: A,
        peers: P,
    ) -> Result<Self, ConfigError> {
        config.check(source, addresses.as_ref(), peers.as_ref())?;
        Ok(Self {
            config,
            addresses,
            peers,
            source,
            priority: config.priority,
            started: false,
            interface_up: true,
            fault: false,
            membership: Membership::default(),
            role: Role::Initialize,
            active_interval: config.interval,
            heard_form: None,
            marks: Marks::NONE,
            header_sequence: 0,
            doubts: Doubts::NONE,
            now: Instant::EPOCH,
            held_until: Instant::EPOCH,
            pending: Pending::default(),
            last_event: None,
            counters: Counters::default(),
        })
    }

    /// Starts the router: an owner becomes Active at once, any other Backup. If its interface is
    /// down it starts when that comes up \[FSM-4\]. A start-up delay is a later call: until then
    /// adverts are ignored, and all waiting begins then \[X-40\].
    pub fn startup(&mut self, now: Instant) {
        let now = self.advance(now);
        self.started = true;
        self.start(now);
    }

    /// Stops the router. An Active one resigns first \[FSM-23\].
    pub fn shutdown(&mut self, now: Instant) {
        let now = self.advance(now);
        self.started = false;
        self.stop(now, Reason::Shutdown);
    }

    /// The interface is usable, with the source address in place: a router that was started begins
    /// afresh \[FSM-25\].
    pub fn interface_up(&mut self, now: Instant) {
        let now = self.advance(now);
        self.interface_up = true;
        self.recover(now);
    }

    /// The interface is not usable, or has no source address any more. The resignation of an
    /// Active router is worth a try only; that it cannot be sent is no error \[FSM-24\].
    pub fn interface_down(&mut self, now: Instant) {
        let now = self.advance(now);
        self.interface_up = false;
        self.stop(now, Reason::InterfaceDown);
    }

    /// The host slept for `gap`, or was paused, and this is the first that the router hears of it: the
    /// clock may not have counted it. A Backup router that may have missed adverts waits longer, an
    /// Active one that may have been replaced says so again \[S-8\], [`LateBackup`](crate::LateBackup),
    /// [`LateActive`](crate::LateActive).
    pub fn resumed(&mut self, now: Instant, gap: Duration) {
        let now = self.advance(now);
        self.woke_up(now, gap);
    }

    /// Something faster than adverts, such as BFD, says that `peer` is down. If that is whom this Backup
    /// router takes for the Active one, it waits for Skew_Time and no longer, like after a
    /// resignation, so that Backup routers keep their order \[X-66\].
    pub fn peer_down(&mut self, now: Instant, peer: IpAddr) {
        let now = self.advance(now);
        let skewed = now + self.skew();
        match &mut self.role {
            Role::Backup(backup) if backup.is_behind(peer) => {
                backup.active_down = backup.active_down.min(skewed);
            }
            _ => {}
        }
    }

    /// Lets time pass. Before [`next_deadline`](Self::next_deadline) nothing happens \[FSM-2\].
    ///
    /// Hand in all adverts received until `now` first; they may postpone the deadline \[S-7\].
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.advance(now);
        self.expire(now);
    }

    /// Takes what the trackers come to. In fault the router does not run: an Active one resigns first
    /// \[X-54\]; after the last fault it begins afresh \[X-55\].
    pub fn track(&mut self, now: Instant, tracked: Tracked) {
        let now = self.advance(now);
        self.fault = tracked.fault;
        if tracked.fault {
            self.stop(now, Reason::Fault);
        }
        self.set_priority(now, tracked.priority);
        self.recover(now);
    }

    /// Changes the effective priority: 0 counts as 1 and 255 as 254 \[X-43\], and an owner keeps its
    /// own \[FSM-19\]. The deadline of a Backup router moves by the difference of the down intervals,
    /// but not into the past \[T-7\]; an Active router may say so at once \[X-46\].
    pub fn set_priority(&mut self, now: Instant, priority: Priority) {
        let now = self.advance(now);
        let priority = Priority::new(priority.get().clamp(1, Priority::OWNER.get() - 1));
        if self.config.is_owner() || priority == self.priority {
            return;
        }
        let old = self.active_down_interval();
        self.priority = priority;
        let new = self.active_down_interval();
        match &mut self.role {
            Role::Initialize | Role::Following(_) => {}
            Role::Backup(backup) => {
                backup.active_down = timers::shift(backup.active_down, old, new).max(now);
            }
            Role::Active(_) if self.config.advert_on_priority_change => self.advertise(now),
            Role::Active(_) => {}
        }
    }

    /// Changes the address that adverts come from. An Active router advertises from it at once
    /// \[W-29\]. If no address is left, that is [`interface_down`](Self::interface_down).
    ///
    /// # Errors
    /// [`SourceError`] if adverts cannot come from `source`; nothing has changed.
    pub fn set_source(&mut self, now: Instant, source: IpAddr) -> Result<(), SourceError> {
        check_new_source(self.family(), source, self.peers.as_ref())?;
        let now = self.advance(now);
        if source != self.source {
            self.source = source;
            // What was sent comes back from the former address.
            self.doubts = Doubts::NONE;
            self.advertise(now);
        }
        Ok(())
    }

    /// Lets announcements wait until that moment, as [`Pacer`](crate::Pacer) says; whatever else there
    /// is to do goes on.
    pub fn hold_announcements(&mut self, until: Instant) {
        self.held_until = until;
        self.pending.hold(self.now < until);
    }

    /// The next thing to do; `None` when all is done, or waits.
    pub fn poll_action(&mut self) -> Option<Action> {
        loop {
            let step = self.pending.first()?;
            if let Some(action) = self.take(step) {
                return Some(action);
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due; `None` in Initialize.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let deadline = match &self.role {
            Role::Initialize => None,
            Role::Backup(backup) => Some(backup.active_down),
            Role::Active(active) => Some(active.deadline()),
            Role::Following(following) => {
                following.announcements.as_ref().and_then(Schedule::deadline)
            }
        };
        let held = self.pending.is_held().then_some(self.held_until);
        deadline.into_iter().chain(held).min()
    }

    /// The later of `now` and the last moment handed in \[S-12\].
    fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.pending.hold(self.now < self.held_until);
        self.now
    }

    /// The action of a pending step; `None` if there is nothing more to do about it.
    fn take(&mut self, step: Step) -> Option<Action> {
        let addresses = self.addresses.as_ref();
        let walked = match step {
            Step::Join => self.pending.next_group(addresses).map(Action::JoinSolicitedNode),
            Step::Leave => self.pending.next_group(addresses).map(Action::LeaveSolicitedNode),
            Step::Announce => self.pending.next_announcement(addresses).map(Action::Announce),
            _ => None,
        };
        if walked.is_some() {
            return walked;
        }
        self.pending.done(step);
        let ipv6 = self.family() == Family::V6;
        match step {
            Step::Advertise => Some(self.send(self.priority)),
            Step::Resign => Some(self.send(Priority::RESIGN)),
            Step::Install => Some(Action::InstallAddresses { accept: self.accepts() }),
            Step::Remove => Some(Action::RemoveAddresses),
            Step::StartRouterAdvertisements => {
                ipv6.then_some(Action::SetRouterAdvertisements(true))
            }
            Step::StopRouterAdvertisements => {
                ipv6.then_some(Action::SetRouterAdvertisements(false))
            }
            Step::AnnounceSource => Some(Action::AnnounceSource),
            Step::Notify => self.last_event.map(Action::Notify),
            Step::Join | Step::Leave | Step::Announce => None,
        }
    }

    fn send(&mut self, priority: Priority) -> Action {
        self.doubts.sent(priority);
        self.counters.adv_sent += 1;
        self.header_sequence = self.header_sequence.wrapping_add(1);
        self.counters.prio_zero_sent += u64::from(priority == Priority::RESIGN);
        Action::SendAdvert { priority }
    }
}
