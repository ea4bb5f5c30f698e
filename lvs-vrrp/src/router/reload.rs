//! Another configuration for a router that runs.

use core::mem;
use core::net::IpAddr;

use lvs_proto::Instant;
use lvs_proto::vrrp::{Peer, Priority, Version};

use super::Router;
use super::role::Role;
use crate::actions::Step;
use crate::{Config, ConfigError, State, timers};

/// What another configuration changes \[FSM-26\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Plan {
    /// It is another virtual router: version, VRID or family differ. This one is to be shut down and
    /// drained, and a new one to be made.
    pub restart: bool,
    /// The configured priority. The effective one keeps its distance.
    pub priority: bool,
    /// What timers are computed from: the interval, or the count of adverts. Those that run are moved
    /// by the difference; the advert that is due next may come sooner, but not later.
    pub timers: bool,
    /// The virtual addresses, their order, or how many of them adverts list.
    pub addresses: bool,
    /// The peers, or their order.
    pub peers: bool,
    /// Something that is only looked at when it matters.
    pub options: bool,
}

impl Plan {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a router cannot take another configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The configuration is wrong by itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It is that of another virtual router.
    #[error("another virtual router: shut this one down and make a new one")]
    Restart,
}

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>, const SENDERS: usize> Router<A, P, SENDERS> {
    /// What [`apply`](Self::apply) would change.
    ///
    /// # Errors
    /// [`ConfigError`] says which field does not fit and why.
    pub fn plan(
        &self,
        config: &Config,
        addresses: &[IpAddr],
        peers: &[Peer],
    ) -> Result<Plan, ConfigError> {
        let same_family = config.family(self.source, addresses) == self.family();
        if same_family {
            config.check(self.source, addresses, peers)?;
        }
        let old = &self.config;
        let timers = config.interval != old.interval || config.advert_count != old.advert_count;
        let all_but_options = Config {
            version: old.version,
            vrid: old.vrid,
            priority: old.priority,
            interval: old.interval,
            advert_count: old.advert_count,
            advertised: old.advertised,
            ..*config
        };
        Ok(Plan {
            restart: config.version != old.version || config.vrid != old.vrid || !same_family,
            priority: config.priority != old.priority,
            timers,
            addresses: addresses != self.addresses.as_ref() || config.advertised != old.advertised,
            peers: peers != self.peers.as_ref(),
            options: all_but_options != *old,
        })
    }

    /// Takes another configuration and keeps state and deadlines, and says what has changed. An
    /// unchanged router does nothing, and keeps the lists that it has. An Active router whose
    /// addresses changed, or that begins or ceases to accept packets to them, installs them; it
    /// announces them if one is new, and the advert that is due next lists them. Another priority is
    /// as with [`set_priority`](Self::set_priority).
    ///
    /// ```
    /// use core::net::IpAddr;
    /// use lvs_proto::Instant;
    /// use lvs_proto::vrrp::Vrid;
    /// use lvs_vrrp::{Config, Router};
    ///
    /// let config = Config::rfc9568(Vrid::new(51).ok_or("0 is no VRID")?);
    /// let addresses = [IpAddr::from([192, 0, 2, 100])];
    /// let mut router = Router::new(config, [192, 0, 2, 1].into(), addresses)?;
    /// let faster = Config { advert_count: 2, ..config };
    /// assert!(router.apply(Instant::EPOCH, faster, addresses, [])?.timers);
    /// assert!(router.apply(Instant::EPOCH, faster, addresses, [])?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ApplyError`]; nothing has changed.
    pub fn apply(
        &mut self,
        now: Instant,
        config: Config,
        addresses: A,
        peers: P,
    ) -> Result<Plan, ApplyError> {
        let plan = self.plan(&config, addresses.as_ref(), peers.as_ref())?;
        if plan.restart {
            return Err(ApplyError::Restart);
        }
        self.enact(now, plan, config, addresses, peers);
        Ok(plan)
    }

    /// Takes another configuration that is right, by the plan of it.
    pub(crate) fn enact(
        &mut self,
        now: Instant,
        plan: Plan,
        config: Config,
        addresses: A,
        peers: P,
    ) {
        if plan.is_empty() {
            return;
        }
        let now = self.advance(now);
        if plan.addresses || plan.timers {
            self.doubts.outdate();
        }
        let (old_priority, accepted) = (self.priority, self.accepts());
        self.change_timers(now, config);
        if self.priority != old_priority && config.advert_on_priority_change {
            self.advertise(now);
        }
        if self.state() == State::Active && self.accepts() != accepted {
            self.pending.add(Step::Install);
        }
        self.peers = peers;
        let old = mem::replace(&mut self.addresses, addresses);
        if let (Some(schedule), true) = (self.role.announcements(), plan.addresses) {
            self.pending.restart_walks();
            self.pending.add(Step::Install);
            self.pending.add(Step::Join);
            let is_new = |address| !old.as_ref().contains(address);
            if self.addresses.as_ref().iter().any(is_new) {
                schedule.begin_again(now, &self.config.announcements);
                self.announce(now);
            }
        }
    }

    /// Moves the running deadline by the difference that the new configuration makes \[T-7\].
    fn change_timers(&mut self, now: Instant, config: Config) {
        let old_down = self.active_down_interval();
        let old = mem::replace(&mut self.config, config);
        self.priority = rebased(self.priority, old.priority, config.priority);
        // What an Active router has said stays; version 2 hears its own interval only.
        let learned = matches!(self.role, Role::Backup(backup) if backup.last_active.is_some());
        if !learned || config.version == Version::V2 {
            self.active_interval = config.interval;
        }
        let new_down = self.active_down_interval();
        match &mut self.role {
            Role::Initialize | Role::Following(_) => {}
            Role::Backup(backup) => {
                backup.active_down = timers::shift(backup.active_down, old_down, new_down).max(now);
            }
            Role::Active(active) => {
                let (old_span, new_span) = (old.interval.duration(), config.interval.duration());
                let moved = timers::shift(active.adver, old_span, new_span);
                // Until it is sent, those who hear it wait by the former interval.
                active.adver = active.adver.min(moved).max(now);
            }
        }
        if let Some(schedule) = self.role.announcements() {
            if old.announcements != config.announcements {
                schedule.change(now, &config.announcements);
            }
        }
    }
}

/// The effective priority after the configured one has changed from `old` to `new`.
fn rebased(effective: Priority, old: Priority, new: Priority) -> Priority {
    let offset = i16::from(effective.get()) - i16::from(old.get());
    match new {
        Priority::OWNER => new,
        _ => Priority::new((i16::from(new.get()) + offset).clamp(1, 254) as u8),
    }
}
