//! Health checking: which real servers are well, and what the director is to make of it.
//!
//! A [`Checker`] does what keepalived's checkers and ldirectord do, save for the connections: it
//! says when to ask whom for what, hears what came of it, and answers with the [`Rule`]s that keep
//! a [`Director`](crate::Director) at those servers that are well.
//!
//! Its contract is that of everything timed: *drain [`poll_action`](Checker::poll_action) until it
//! is empty, wait for input or for [`next_deadline`](Checker::next_deadline), feed exactly one
//! input, drain again.* A drain may be broken off when there is other work to do, and go on later:
//! a call looks at no more than one check and the destinations of services that have changed.
//!
//! [`Rule`]: crate::Rule

mod action;
mod check;
mod checks;
mod config;
mod service;

use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash, Hasher};
use core::net::IpAddr;

use lvs_proto::Instant;

pub use action::{Action, AttemptId, CheckId, Event, Outcome};
pub use check::{Check, CheckCounters};
pub use config::{
    CheckConfig, CheckKind, HttpGet, RealServer, RealServerError, VirtualServer, VirtualServerError,
};

use crate::hash::{Address, Seed};
use crate::map::HashMap;
use crate::scatter::scatter;
use crate::{DestConfig, OutOfMemory, ServiceKey};
use checks::Checks;
use service::{Dest, Service};

/// What a checker is told to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CheckerConfig {
    /// The most checks of all real servers; memory for them is taken at once.
    pub checks: u32,
    /// Spreads the first checks; directors with another seed ask at other moments.
    pub seed: [u64; 2],
}

/// 1024 checks, a seed of zeros.
impl Default for CheckerConfig {
    fn default() -> Self {
        Self { checks: 1024, seed: [0; 2] }
    }
}

/// The health of real servers, and what follows from it.
///
/// Real servers come into the director by the rules of the checker, not before, and go the same
/// way. While quorum is lost a sorry server is in, if there is one, and no real server is beside it
/// but with weight 0. A weight that was taken comes back as it was.
///
/// ```
/// use core::time::Duration;
/// use lvs_proto::Instant;
/// use lvs_sched::health::{
///     Action, CheckConfig, CheckKind, Checker, CheckerConfig, Outcome, RealServer, VirtualServer,
/// };
/// use lvs_sched::{DestConfig, Director, DirectorConfig, Rule, ServiceConfig, ServiceKey};
///
/// let now = Instant::EPOCH;
/// let web = ServiceKey::tcp([192, 168, 8, 230].into(), 80);
/// let mut director = Director::new(DirectorConfig::default())?;
/// director.add_service(now, ServiceConfig::new(web))?;
///
/// let mut checker = Checker::new(CheckerConfig::default())?;
/// checker.add_service(now, VirtualServer::new(web))?;
/// let check = CheckConfig { retry: 0, ..CheckConfig::new(CheckKind::TcpCheck) };
/// checker.add_dest(now, &web, RealServer {
///     dest: DestConfig { weight: 5, ..DestConfig::new([192, 168, 8, 225].into(), 80) },
///     inhibit_on_failure: false,
///     checks: vec![check],
/// })?;
///
/// let mut now = now;
/// for _ in 0..4 {
///     let mut begun = None;
///     while let Some(action) = checker.poll_action() {
///         match action {
///             Action::Apply(rule) => director.apply(now, &rule)?,
///             Action::Start { attempt, .. } => begun = Some(attempt), // connect
///             Action::Abort(_) => { /* close */ }
///             Action::Notify(event) => println!("{now} {event:?}"),
///         }
///     }
///     if let Some(attempt) = begun {
///         checker.handle_outcome(now, attempt, Outcome::Refused);
///     } else {
///         now = checker.next_deadline().ok_or("checks go on")?;
///         checker.handle_timeout(now);
///     }
/// }
/// assert_eq!(director.service(&web).map(|service| service.dests().count()), Some(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Checker {
    services: HashMap<ServiceKey, Service, Seed>,
    /// The first of the chain of services that are unsettled.
    unsettled: Option<ServiceKey>,
    checks: Checks,
    seed: Seed,
    stale_outcomes: u64,
    /// The latest moment handed in.
    now: Instant,
}

/// Configuration.
impl Checker {
    /// A checker of nothing yet.
    ///
    /// # Errors
    ///
    /// If there is no memory for the checks asked for.
    pub fn new(config: CheckerConfig) -> Result<Self, OutOfMemory> {
        let seed = Seed(config.seed);
        Ok(Self {
            services: HashMap::with_hasher(seed),
            unsettled: None,
            checks: Checks::new(config.checks)?,
            seed,
            stale_outcomes: 0,
            now: Instant::EPOCH,
        })
    }

    /// Adds a virtual server, whose service the director has already.
    ///
    /// # Errors
    ///
    /// See [`VirtualServerError`]; nothing has changed.
    pub fn add_service(
        &mut self,
        now: Instant,
        config: VirtualServer,
    ) -> Result<(), VirtualServerError> {
        self.advance(now);
        config.check()?;
        if self.services.contains_key(&config.key) {
            return Err(VirtualServerError::AlreadyExists);
        }
        self.services.try_reserve(1).map_err(|_| OutOfMemory)?;
        self.services.insert(config.key, Service::new(config)?);
        self.unsettle(&config.key);
        Ok(())
    }

    /// Removes a virtual server and its real servers, from the director too; the service itself
    /// stays there.
    ///
    /// # Errors
    ///
    /// See [`VirtualServerError`]; nothing has changed.
    pub fn remove_service(
        &mut self,
        now: Instant,
        key: &ServiceKey,
    ) -> Result<(), VirtualServerError> {
        let now = self.advance(now);
        let service = self.services.get_mut(key).filter(|service| !service.leaving);
        let service = service.ok_or(VirtualServerError::NoSuchService)?;
        service.leave().for_each(|check| self.checks.end(check, now));
        self.unsettle(key);
        Ok(())
    }

    /// Removes all virtual servers.
    pub fn shutdown(&mut self, now: Instant) {
        let now = self.advance(now);
        for service in self.services.values_mut() {
            service.leave().for_each(|check| self.checks.end(check, now));
            service.unsettle(&mut self.unsettled);
        }
    }

    /// Adds a real server to a virtual server. It is up until its checks say otherwise, or with
    /// [`alpha`](VirtualServer::alpha) down until they do.
    ///
    /// # Errors
    ///
    /// See [`RealServerError`]; nothing has changed. Whether the destination fits the service is
    /// for the director to say.
    pub fn add_dest(
        &mut self,
        now: Instant,
        service: &ServiceKey,
        server: RealServer,
    ) -> Result<(), RealServerError> {
        let now = self.advance(now);
        let RealServer { dest, inhibit_on_failure, checks } = server;
        let virtual_server = find(&mut self.services, service)?;
        if virtual_server.has(dest.address, dest.port) {
            return Err(RealServerError::AlreadyExists);
        }
        checks.iter().try_for_each(|check| check.check(&dest))?;
        if checks.len() > self.checks.room() {
            return Err(RealServerError::TooManyChecks { capacity: self.checks.capacity() });
        }
        virtual_server.reserve_dest()?;
        let mut ids = Vec::new();
        ids.try_reserve_exact(checks.len()).map_err(|_| OutOfMemory)?;
        let up = !virtual_server.config.alpha;
        for (config, ordinal) in checks.into_iter().zip(0_u32..) {
            let warmup = config.warmup.unwrap_or(config.delay_loop);
            let begin = now + scatter(identity(self.seed, service, &dest, ordinal), warmup);
            ids.extend(self.checks.insert(Check::new(config, *service, &dest, up), begin));
        }
        virtual_server.push(Dest::new(dest, inhibit_on_failure, ids, up));
        self.unsettle(service);
        Ok(())
    }

    /// Replaces what the director gets of a real server while it is up, such as its weight. Its
    /// checks go on as they are.
    ///
    /// # Errors
    ///
    /// See [`RealServerError`]; nothing has changed.
    pub fn edit_dest(
        &mut self,
        now: Instant,
        service: &ServiceKey,
        dest: DestConfig,
    ) -> Result<(), RealServerError> {
        self.advance(now);
        let virtual_server = find(&mut self.services, service)?;
        virtual_server.real_server(dest.address, dest.port)?.config = dest;
        self.unsettle(service);
        Ok(())
    }

    /// Removes a real server, from the director too.
    ///
    /// # Errors
    ///
    /// See [`RealServerError`]; nothing has changed.
    pub fn remove_dest(
        &mut self,
        now: Instant,
        service: &ServiceKey,
        address: IpAddr,
        port: u16,
    ) -> Result<(), RealServerError> {
        let now = self.advance(now);
        let dest = find(&mut self.services, service)?.real_server(address, port)?;
        dest.leave().for_each(|check| self.checks.end(check, now));
        self.unsettle(service);
        Ok(())
    }
}

/// Running.
impl Checker {
    /// Lets time pass. Before [`next_deadline`](Self::next_deadline) nothing happens.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
    }

    /// An attempt has come to its end. What comes of an attempt that was aborted, or that there
    /// has been an outcome of, is counted as stale, and nothing else.
    pub fn handle_outcome(&mut self, now: Instant, attempt: AttemptId, outcome: Outcome) {
        self.advance(now);
        let check = self.checks.get(attempt.check);
        if check.and_then(|check| check.running(attempt.check)) == Some(attempt) {
            self.conclude(attempt.check, outcome);
        } else {
            self.stale_outcomes += 1;
        }
    }

    /// The next thing to do; `None` when all is done.
    pub fn poll_action(&mut self) -> Option<Action> {
        while let Some(key) = self.unsettled {
            let service = self.services.get_mut(&key)?;
            let action = service.next_action();
            if action.is_some() {
                return action;
            }
            self.unsettled = service.settle();
            if service.leaving {
                self.services.remove(&key);
            }
        }
        self.poll_check()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due, `None` if there are no checks; not
    /// later than now as long as there is something left to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.unsettled.map(|_| self.now).or_else(|| self.checks.next_deadline())
    }

    /// What the check that is due has to do.
    fn poll_check(&mut self) -> Option<Action> {
        let id = self.checks.due(self.now)?;
        let check = self.checks.get_mut(id)?;
        if let Some(attempt) = check.running(id) {
            self.conclude(id, Outcome::TimedOut);
            return Some(Action::Abort(attempt));
        }
        let (attempt, target) = (check.start(id), check.target());
        let deadline = self.now + check.config().connect_timeout;
        self.checks.arm(id, deadline);
        Some(Action::Start { attempt, target, deadline })
    }

    /// Ends the attempt of a check that is running, and draws the conclusion.
    fn conclude(&mut self, id: CheckId, outcome: Outcome) {
        let Some(check) = self.checks.get_mut(id) else { return };
        let was_up = check.is_up();
        let delay = check.conclude(outcome);
        let (service, up) = (check.service, check.is_up());
        if check.ending {
            self.checks.remove(id);
            return;
        }
        if up != was_up {
            let (address, port) = (check.address, check.port);
            let found = find(&mut self.services, &service);
            if let Ok(dest) = found.and_then(|found| found.real_server(address, port)) {
                dest.count(up);
            }
            self.unsettle(&service);
        }
        self.checks.arm(id, self.now + delay);
    }

    fn unsettle(&mut self, key: &ServiceKey) {
        if let Some(service) = self.services.get_mut(key) {
            service.unsettle(&mut self.unsettled);
        }
    }

    fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }
}

/// Looking.
impl Checker {
    /// The check of this id.
    #[must_use]
    pub fn check(&self, id: CheckId) -> Option<&Check> {
        self.checks.get(id)
    }

    /// All checks, in no order that means anything.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter()
    }

    /// Whether a service has quorum, as of the last drain; `None` if there is no such service.
    #[must_use]
    pub fn has_quorum(&self, service: &ServiceKey) -> Option<bool> {
        self.services.get(service).map(|service| service.has_quorum)
    }

    /// Outcomes of attempts that were over.
    #[must_use]
    pub const fn stale_outcomes(&self) -> u64 {
        self.stale_outcomes
    }
}

/// The virtual server of that key, unless it is being removed.
fn find<'a>(
    services: &'a mut HashMap<ServiceKey, Service, Seed>,
    key: &ServiceKey,
) -> Result<&'a mut Service, RealServerError> {
    let service = services.get_mut(key).filter(|service| !service.leaving);
    service.ok_or(RealServerError::NoSuchService)
}

/// A hash of which check of which real server it is.
fn identity(seed: Seed, service: &ServiceKey, dest: &DestConfig, ordinal: u32) -> u64 {
    let mut hasher = seed.build_hasher();
    service.hash(&mut hasher);
    Address(dest.address).hash(&mut hasher);
    hasher.write(&dest.port.to_be_bytes());
    hasher.write(&ordinal.to_be_bytes());
    hasher.finish()
}
