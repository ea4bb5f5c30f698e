//! The director: services, their destinations and connections, and what becomes of each packet.

mod config;
mod counters;
mod decide;
mod defence;
mod fragments;
mod ftp;
mod full_nat;
mod icmp;
mod outbound;
mod packet;
mod schedule;
mod statistics;
#[cfg_attr(not(feature = "sync"), path = "no_sync.rs")]
mod sync;
mod time;

use alloc::vec::Vec;
use core::net::IpAddr;

use lvs_proto::{CallId, Flow, Instant};

pub use config::DirectorConfig;
pub use counters::VerdictCounters;

use crate::arena::Key;
use crate::conns::{Capacity, Clue, Conns};
use crate::dests::Dests;
use crate::hash::{Quick, Seed};
use crate::locals::Locals;
use crate::map::HashMap;
use crate::scheduler::SchedulerSetup;
use crate::{
    Conn, ConnId, Dest, DestConfig, DestError, DestId, Listing, OutOfMemory, Policy, Rule,
    SchedulerKind, ServiceConfig, ServiceError, ServiceKey, TimeoutError, Timeouts,
};

/// A virtual server: what [`decide`](lvs_proto::Decide::decide) answers is what IPVS would do.
///
/// ```
/// use lvs_proto::{AddressPair, Decide, Flow, Instant, TcpFlags, Verdict};
/// use lvs_sched::{Director, DirectorConfig, Rule};
///
/// let now = Instant::EPOCH;
/// let mut director = Director::new(DirectorConfig { connections: 1024, ..Default::default() })?;
/// for line in ["-A -t 192.0.2.100:80 -s rr", "-a -t 192.0.2.100:80 -r 10.2.0.1"] {
///     if let Some(rule) = Rule::parse(line)? {
///         director.apply(now, &rule)?;
///     }
/// }
///
/// let addresses = AddressPair::V4 {
///     source: [192, 0, 2, 7].into(),
///     destination: [192, 0, 2, 100].into(),
/// };
/// let syn = Flow::tcp(addresses, 40_000, 80, TcpFlags::SYN);
/// let Verdict::Forward(hop) = director.decide(now, &syn) else { panic!("not forwarded") };
/// assert_eq!(hop.address.to_string(), "10.2.0.1");
/// let left = director.conns().next().map(|conn| conn.time_left(now).as_secs());
/// assert_eq!(left, Some(60), "SYN_RECV");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Director {
    config: DirectorConfig,
    services: HashMap<ServiceKey, ServiceEntry, Quick>,
    /// The services that tell calls apart, the oldest first.
    of_calls: Vec<ServiceKey>,
    /// Services ever made, to tell their order.
    services_made: u64,
    dests: Dests,
    conns: Conns,
    fragments: fragments::Fragments,
    expected: ftp::Expected,
    locals: Locals,
    /// The walk that ends the connections of deleted destinations, when it is due.
    nodest: Option<time::Walk>,
    guard: defence::Guard,
    master: Option<sync::Master>,
    counters: VerdictCounters,
    /// The latest moment handed in.
    now: Instant,
}

#[derive(Clone, Copy, Debug)]
struct ServiceEntry {
    config: ServiceConfig,
    group: Key,
    made: u64,
}

/// Creation and configuration.
impl Director {
    /// A director without services.
    ///
    /// # Errors
    ///
    /// If there is no memory for the connections asked for.
    pub fn new(config: DirectorConfig) -> Result<Self, OutOfMemory> {
        let seed = Seed(config.seed);
        let DirectorConfig { connections: v4, connections_v6: v6, rare, calls, .. } = config;
        let capacity = Capacity { v4, v6, rare, calls };
        let conns = Conns::new(capacity, seed, config.timers)?;
        let mut guard = defence::Guard::new(config.seed);
        guard.look(&conns, config.timers, &config.defences, Instant::EPOCH);
        Ok(Self {
            config,
            services: HashMap::with_hasher(Quick(seed)),
            of_calls: Vec::new(),
            services_made: 0,
            dests: Dests::new(config.profile, config.timers),
            conns,
            fragments: fragments::Fragments::new(config.fragments, seed)?,
            expected: ftp::Expected::new(config.ftp, seed)?,
            locals: Locals::new(config.local_ports, config.seed),
            nodest: None,
            guard,
            master: None,
            counters: VerdictCounters::default(),
            now: Instant::EPOCH,
        })
    }

    /// Makes room for so many more services, and destinations of all services together. They are
    /// added without it as well; but each table grows by steps then, which leaves holes in memory
    /// that is never taken back.
    ///
    /// # Errors
    ///
    /// If there is no such memory; there may be more of it than before.
    pub fn reserve(&mut self, services: usize, dests: usize) -> Result<(), OutOfMemory> {
        self.services.try_reserve(services).map_err(|_| OutOfMemory)?;
        self.reserve_dests(services, dests)
    }

    /// Connections are listed by the places of their destinations, wherever the next of these are.
    fn reserve_dests(&mut self, services: usize, dests: usize) -> Result<(), OutOfMemory> {
        self.dests.reserve(services, dests)?;
        self.conns.reserve_dests(self.dests.places())
    }

    /// Adds a service.
    ///
    /// # Errors
    ///
    /// See [`ServiceError`]; nothing has changed.
    pub fn add_service(&mut self, now: Instant, config: ServiceConfig) -> Result<(), ServiceError> {
        let now = self.advance(now);
        config.check()?;
        if self.services.contains_key(&config.key) {
            return Err(ServiceError::AlreadyExists);
        }
        self.services.try_reserve(1).map_err(|_| OutOfMemory)?;
        self.of_calls.try_reserve(1).map_err(|_| OutOfMemory)?;
        let group = self.dests.add_group(now, Some(config.key), self.setup(&config))?;
        let entry = ServiceEntry { config, group, made: self.services_made };
        self.services_made += 1;
        self.services.insert(config.key, entry);
        self.note_engine(&config);
        Ok(())
    }

    /// Replaces the configuration of the service of that key. Its connections and templates stay
    /// as they are, and so does the state of a scheduler that stays the same \[SVC-6\] \[SCH-5\].
    ///
    /// # Errors
    ///
    /// See [`ServiceError`]; nothing has changed.
    pub fn edit_service(
        &mut self,
        now: Instant,
        config: ServiceConfig,
    ) -> Result<(), ServiceError> {
        let now = self.advance(now);
        config.check()?;
        let setup = self.setup(&config);
        self.of_calls.try_reserve(1).map_err(|_| OutOfMemory)?;
        let entry = self.services.get_mut(&config.key).ok_or(ServiceError::NoSuchService)?;
        self.dests.edit_group(now, entry.group, setup)?;
        entry.config = config;
        self.note_engine(&config);
        Ok(())
    }

    /// Deletes a service and its destinations. Its connections stay until they end, but their
    /// packets are dropped \[SVC-7\], or passed if no service is left \[IN-1\]; where
    /// [`Policy::expire_nodest_conn`] is set they end at once \[DST-7\].
    ///
    /// # Errors
    ///
    /// See [`ServiceError`]; nothing has changed.
    pub fn delete_service(&mut self, now: Instant, key: &ServiceKey) -> Result<(), ServiceError> {
        let now = self.advance(now);
        let entry = self.services.remove(key).ok_or(ServiceError::NoSuchService)?;
        self.delete_dests(now, &entry);
        self.of_calls.retain(|of_calls| of_calls != key);
        Ok(())
    }

    /// Deletes all services.
    pub fn clear(&mut self, now: Instant) {
        let now = self.advance(now);
        let mut entries: Vec<_> = self.services.drain().map(|(_, entry)| entry).collect();
        entries.sort_unstable_by_key(|entry| entry.made);
        self.of_calls.clear();
        for entry in entries {
            self.delete_dests(now, &entry);
        }
    }

    /// Deletes the destinations of a service that is no more.
    fn delete_dests(&mut self, now: Instant, service: &ServiceEntry) {
        if self.policy_of(service).expire_nodest_conn
            && self.dests.list(service.group).next().is_some()
        {
            self.expire_nodest_conns(now);
        }
        self.dests.delete_group(now, service.group);
    }

    /// Adds a destination to a service, at the head of its list \[DST-1\]. One that was deleted
    /// and still has connections comes back with them \[DST-5\].
    ///
    /// # Errors
    ///
    /// See [`DestError`]; nothing has changed.
    pub fn add_dest(
        &mut self,
        now: Instant,
        service: &ServiceKey,
        config: DestConfig,
    ) -> Result<DestId, DestError> {
        self.advance(now);
        self.reserve_dests(0, 1)?;
        let id = self.dests.add(self.group(service)?, config)?;
        self.conns.add_dest(id);
        Ok(id)
    }

    /// Replaces the configuration of the destination of that address and port, in its place
    /// \[DST-3\] \[DST-10\].
    ///
    /// # Errors
    ///
    /// See [`DestError`]; nothing has changed.
    pub fn edit_dest(
        &mut self,
        now: Instant,
        service: &ServiceKey,
        config: DestConfig,
    ) -> Result<(), DestError> {
        self.advance(now);
        self.dests.edit(self.group(service)?, config)
    }

    /// Takes a destination out of a service. Its connections stay until they end, but their
    /// packets are dropped \[NOD-1\].
    ///
    /// # Errors
    ///
    /// See [`DestError`]; nothing has changed.
    pub fn delete_dest(
        &mut self,
        now: Instant,
        service: &ServiceKey,
        address: IpAddr,
        port: u16,
    ) -> Result<(), DestError> {
        let now = self.advance(now);
        self.dests.delete(now, self.group(service)?, address, port)?;
        if self.policy_by_key(Some(service)).expire_nodest_conn {
            self.expire_nodest_conns(now);
        }
        Ok(())
    }

    /// Sets how packets are decided about from now on.
    pub const fn set_policy(&mut self, policy: Policy) {
        self.config.policy = policy;
    }

    /// Sets timeouts, of each connection from its next packet on; zeros stay what they were
    /// \[TMO-2\].
    ///
    /// # Errors
    ///
    /// See [`TimeoutError`]; nothing has changed.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) -> Result<(), TimeoutError> {
        self.config.timeouts = self.config.timeouts.with(timeouts, self.config.timers)?;
        Ok(())
    }

    /// Does what a line of `ipvsadm` says.
    ///
    /// # Errors
    ///
    /// See [`ApplyError`]; nothing has changed.
    pub fn apply(&mut self, now: Instant, rule: &Rule) -> Result<(), ApplyError> {
        match rule {
            Rule::AddService(config) => self.add_service(now, *config)?,
            Rule::EditService(config) => self.edit_service(now, *config)?,
            Rule::DeleteService(key) => self.delete_service(now, key)?,
            Rule::AddDest { service, dest } => {
                self.add_dest(now, service, *dest)?;
            }
            Rule::EditDest { service, dest } => self.edit_dest(now, service, *dest)?,
            Rule::DeleteDest { service, address, port } => {
                self.delete_dest(now, service, *address, *port)?;
            }
            Rule::Clear => self.clear(now),
            Rule::Zero(service) => self.zero(service.as_ref())?,
            Rule::SetTimeouts(timeouts) => self.set_timeouts(*timeouts)?,
        }
        Ok(())
    }

    fn setup(&self, config: &ServiceConfig) -> SchedulerSetup {
        let lblc = match config.scheduler {
            SchedulerKind::Lblcr => self.config.lblcr,
            _ => self.config.lblc,
        };
        let DirectorConfig { mh, start_offset, seed, timers, .. } = self.config;
        let (kind, flags, family) = (config.scheduler, config.flags, Some(config.key.family()));
        let (profile, seed) = (self.config.profile, Seed(seed));
        SchedulerSetup { kind, profile, family, flags, start_offset, lblc, mh, seed, timers }
    }

    /// Sets after how many seconds the caches of `lblc` services forget \[LBLC-8\].
    pub fn set_lblc_expiration(&mut self, secs: u32) {
        self.config.lblc.expiration_secs = secs;
        self.dests.set_expiration(SchedulerKind::Lblc, secs);
    }

    /// Sets after how many seconds the caches of `lblcr` services forget, and their sets shrink
    /// \[LBLCR-5\].
    pub fn set_lblcr_expiration(&mut self, secs: u32) {
        self.config.lblcr.expiration_secs = secs;
        self.dests.set_expiration(SchedulerKind::Lblcr, secs);
    }

    fn policy_by_key(&self, service: Option<&ServiceKey>) -> &Policy {
        let service = service.and_then(|key| self.services.get(key));
        service.map_or(&self.config.policy, |service| self.policy_of(service))
    }

    const fn policy_of<'a>(&'a self, service: &'a ServiceEntry) -> &'a Policy {
        match &service.config.policy {
            Some(own) => own,
            None => &self.config.policy,
        }
    }

    fn group(&self, service: &ServiceKey) -> Result<Key, DestError> {
        self.services.get(service).map(|entry| entry.group).ok_or(DestError::NoSuchService)
    }

    fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }
}

/// Why a rule was not applied. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The service's part.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The destination's part.
    #[error(transparent)]
    Dest(#[from] DestError),
    /// The timeouts.
    #[error(transparent)]
    Timeout(#[from] TimeoutError),
}

/// Looking.
impl Director {
    /// What it was told to be.
    #[must_use]
    pub const fn config(&self) -> &DirectorConfig {
        &self.config
    }

    /// The services, the oldest first.
    #[must_use]
    pub fn services(&self) -> Vec<Service<'_>> {
        let mut entries: Vec<_> = self.services.values().collect();
        entries.sort_unstable_by_key(|entry| entry.made);
        entries.into_iter().map(|entry| Service { director: self, entry }).collect()
    }

    /// The service of this key.
    #[must_use]
    pub fn service(&self, key: &ServiceKey) -> Option<Service<'_>> {
        self.services.get(key).map(|entry| Service { director: self, entry })
    }

    /// The destination of this id; a deleted one as long as it is remembered.
    #[must_use]
    pub fn dest(&self, id: DestId) -> Option<Dest<'_>> {
        self.dests.get(id)
    }

    /// The connections and templates, in no order that means anything, those that are due and not
    /// yet ended included.
    pub fn conns(&self) -> impl Iterator<Item = Conn> {
        self.conns.iter().map(|conn| self.shown(conn))
    }

    /// The connection or template at that place.
    #[must_use]
    pub fn conn(&self, id: ConnId) -> Option<Conn> {
        self.conns.get(id).map(|conn| self.shown(conn))
    }

    /// With the tunnel that its packets take now \[DST-10\].
    fn shown(&self, conn: Conn) -> Conn {
        Conn { hop: self.with_tunnel(conn.hop, conn.dest).unwrap_or(conn.hop), ..conn }
    }

    /// The Call-ID that a template of this director is for \[PE-4\].
    #[must_use]
    pub fn call_id(&self, conn: &Conn) -> Option<CallId<'_>> {
        self.conns.call_id(conn)
    }

    /// How many packets met with which verdict.
    #[must_use]
    pub const fn counters(&self) -> &VerdictCounters {
        &self.counters
    }

    /// The rules that make these services and destinations, as `ipvsadm -S -n` has them: in sorted
    /// order \[OUT-6\], but thresholds are not lost \[WART-18\].
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        crate::rules::save(self)
    }

    /// The services and destinations as `ipvsadm -L -n` shows them \[OUT-1\].
    #[must_use]
    pub const fn listing(&self) -> Listing<'_> {
        Listing::new(self)
    }
}

/// A service of a director, to be looked at.
#[derive(Clone, Copy, Debug)]
pub struct Service<'a> {
    director: &'a Director,
    entry: &'a ServiceEntry,
}

impl<'a> Service<'a> {
    /// What was configured.
    #[must_use]
    pub const fn config(&self) -> &'a ServiceConfig {
        &self.entry.config
    }

    /// The destinations in list order, the newest first \[DST-1\].
    pub fn dests(&self) -> impl Iterator<Item = (DestId, Dest<'a>)> + use<'a> {
        self.director.dests.list(self.entry.group)
    }
}

/// A packet to be decided about.
#[derive(Clone, Copy, Debug)]
struct Packet<'a> {
    flow: &'a Flow,
    call: Option<CallId<'a>>,
    clue: Clue,
}
