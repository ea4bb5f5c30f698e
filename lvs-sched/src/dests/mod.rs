//! All destinations of a director, in the lists of their services: the one door through which
//! counters, weights and flags change.

mod dest;
mod list;
mod servers;
mod traffic;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use lvs_proto::{Family, Flow, Instant, Method, Protocol};

pub use dest::{Dest, DestConfig, DestError, DestId};
pub(crate) use list::DestList;
use servers::Servers;

use crate::arena::{Arena, Key};
use crate::hash::Address;
use crate::scheduler::{Change, Scheduler, SchedulerSetup};
use crate::statistics::Traffic;
use crate::{
    OutOfMemory, Profile, SchedulerFlags, SchedulerKind, ServiceError, ServiceKey, Timers,
};

/// How often the trash is looked through \[DST-6\].
const TRASH_PERIOD: Duration = Duration::from_secs(60);
/// How long an unreferenced destination stays in the trash \[DST-6\].
const TRASH_AGE: Duration = Duration::from_secs(120);

/// Destinations in groups; a group is what one scheduler picks from.
#[derive(Debug)]
pub(crate) struct Dests {
    profile: Profile,
    timers: Timers,
    dests: Arena<Dest>,
    groups: Arena<Group>,
    servers: Servers,
    /// Deleted destinations that connections may still refer to \[DST-4\], oldest first.
    trash: Vec<Trashed>,
    trash_deadline: Option<Instant>,
    /// What went through all groups.
    traffic: Traffic,
}

#[derive(Debug)]
struct Group {
    /// `None` in a pool, which has no virtual address.
    service: Option<ServiceKey>,
    /// The head, which is the newest, comes first \[DST-1\].
    order: Vec<DestId>,
    scheduler: Box<dyn Scheduler>,
    setup: SchedulerSetup,
    traffic: Traffic,
}

#[derive(Clone, Copy, Debug)]
struct Trashed {
    dest: DestId,
    unreferenced_since: Option<Instant>,
}

/// Groups and what is in them.
impl Dests {
    pub(crate) fn new(profile: Profile, timers: Timers) -> Self {
        Self {
            profile,
            timers,
            dests: Arena::new(),
            groups: Arena::new(),
            servers: Servers::new(),
            trash: Vec::new(),
            trash_deadline: None,
            traffic: Traffic::default(),
        }
    }

    pub(crate) fn add_group(
        &mut self,
        now: Instant,
        service: Option<ServiceKey>,
        setup: SchedulerSetup,
    ) -> Result<Key, OutOfMemory> {
        self.groups.reserve(1)?;
        let order = Vec::new();
        let list = self.list_of(&order, setup.flags);
        let scheduler = setup.start(now, list)?;
        let group = Group { service, order, scheduler, setup, traffic: Traffic::default() };
        self.groups.insert(group).ok_or(OutOfMemory)
    }

    /// Another scheduler starts from scratch; the same one keeps its state \[SCH-5\].
    pub(crate) fn edit_group(
        &mut self,
        now: Instant,
        group: Key,
        setup: SchedulerSetup,
    ) -> Result<(), ServiceError> {
        let Some(old) = self.groups.get(group) else { return Ok(()) };
        let restarted = if old.setup.kind == setup.kind {
            None
        } else {
            if let Some(most) = setup.most_dests().filter(|most| old.order.len() > *most as usize) {
                return Err(ServiceError::TooManyDestinations { most });
            }
            Some(setup.start(now, self.list_of(&old.order, setup.flags))?)
        };
        if let Some(group) = self.groups.get_mut(group) {
            group.setup = setup;
            if let Some(scheduler) = restarted {
                group.scheduler = scheduler;
            }
        }
        Ok(())
    }

    /// How long the caches of the schedulers of a kind remember.
    pub(crate) fn set_expiration(&mut self, kind: SchedulerKind, secs: u32) {
        for group in self.groups.values_mut().filter(|group| group.setup.kind == kind) {
            group.setup.lblc.expiration_secs = secs;
            group.scheduler.set_expiration(Duration::from_secs(secs.into()));
        }
    }

    /// The scheduler ends and every destination goes to the trash \[SVC-7\].
    pub(crate) fn delete_group(&mut self, now: Instant, group: Key) {
        let Some(group) = self.groups.remove(group) else { return };
        for id in group.order {
            self.discard(now, id);
        }
    }

    pub(crate) fn list(&self, group: Key) -> DestList<'_> {
        let (order, flags) = self
            .groups
            .get(group)
            .map_or_else(Default::default, |group| (group.order.as_slice(), group.setup.flags));
        self.list_of(order, flags)
    }

    fn list_of<'a>(&'a self, order: &'a [DestId], flags: SchedulerFlags) -> DestList<'a> {
        DestList { profile: self.profile, dests: &self.dests, order, flags }
    }

    pub(crate) fn get(&self, id: DestId) -> Option<&Dest> {
        self.dests.get(id.0)
    }

    /// Whether packets of that source come from a destination by [`Method::Nat`] \[NAT-8\].
    pub(crate) fn is_server(&self, protocol: Protocol, address: IpAddr, port: u16) -> bool {
        self.servers.contains(protocol, Address(address), port)
    }

    pub(crate) fn pick(&mut self, now: Instant, group: Key, flow: &Flow) -> Option<DestId> {
        let (scheduler, list) = self.scheduler(group)?;
        scheduler.pick(list, now, flow)
    }

    /// The scheduler hears of a change after it is complete \[DST-13\].
    fn notify(&mut self, group: Key, change: Change) {
        if let Some((scheduler, list)) = self.scheduler(group) {
            scheduler.changed(list, change);
        }
    }

    fn scheduler(&mut self, group: Key) -> Option<(&mut dyn Scheduler, DestList<'_>)> {
        let Self { profile, dests, groups, .. } = self;
        let Group { order, scheduler, setup, .. } = groups.get_mut(group)?;
        let list = DestList { profile: *profile, dests, order, flags: setup.flags };
        Some((scheduler.as_mut(), list))
    }
}

/// Adding, editing, deleting.
impl Dests {
    /// Puts a destination at the head of the list \[DST-1\], from the trash if it is there
    /// \[DST-5\].
    pub(crate) fn add(&mut self, group: Key, config: DestConfig) -> Result<DestId, DestError> {
        config.check(self.profile)?;
        let members = self.groups.get(group).ok_or(DestError::NoSuchService)?;
        let service = members.service;
        check_family(service, &config)?;
        if self.find(group, config.address, config.port).is_some() {
            return Err(DestError::AlreadyExists);
        }
        let trashed = self.find_trashed(service, config.address, config.port);
        if trashed.is_none() && !is_unicast(config.address) {
            return Err(DestError::NotUnicast { address: config.address });
        }
        self.reserve_one(group)?;
        let id = match trashed {
            Some(position) => self.trash.remove(position).dest,
            None => DestId(self.dests.insert(blank(group, config)).ok_or(OutOfMemory)?),
        };
        if let Some(dest) = self.dests.get_mut(id.0) {
            if dest.group != group {
                // The service was deleted and made again in between [DST-5].
                dest.traffic = Traffic::default();
            }
            dest.last_weight = 0;
            dest.group = group;
            dest.service = service;
            dest.available = true;
        }
        self.configure(id, config);
        if let Some(dest) = self.dests.get(id.0) {
            self.servers.add(dest);
        }
        if let Some(group) = self.groups.get_mut(group) {
            group.order.insert(0, id);
        }
        self.notify(group, Change::Added);
        Ok(id)
    }

    /// Replaces the configuration of the destination of that address and port, in its place
    /// \[DST-3\] \[DST-10\].
    pub(crate) fn edit(&mut self, group: Key, config: DestConfig) -> Result<(), DestError> {
        config.check(self.profile)?;
        let members = self.groups.get(group).ok_or(DestError::NoSuchService)?;
        check_family(members.service, &config)?;
        let (_, id) =
            self.find(group, config.address, config.port).ok_or(DestError::NoSuchDestination)?;
        self.servers.reserve_one()?;
        if let Some(dest) = self.dests.get(id.0) {
            self.servers.remove(dest);
        }
        self.configure(id, config);
        if let Some(dest) = self.dests.get(id.0) {
            self.servers.add(dest);
        }
        self.notify(group, Change::Edited);
        Ok(())
    }

    pub(crate) fn delete(
        &mut self,
        now: Instant,
        group: Key,
        address: IpAddr,
        port: u16,
    ) -> Result<(), DestError> {
        let (position, id) = self.find(group, address, port).ok_or(DestError::NoSuchDestination)?;
        if let Some(group) = self.groups.get_mut(group) {
            group.order.remove(position);
        }
        self.discard(now, id);
        self.notify(group, Change::Deleted { position });
        Ok(())
    }

    /// All that adding one may allocate, so that nothing is half done if there is no memory.
    fn reserve_one(&mut self, group: Key) -> Result<(), OutOfMemory> {
        self.dests.reserve(1)?;
        self.servers.reserve_one()?;
        let everyone = self.dests.len() + 1;
        let spare = everyone.saturating_sub(self.trash.len());
        self.trash.try_reserve(spare).map_err(|_| OutOfMemory)?;
        let Some(Group { order, scheduler, .. }) = self.groups.get_mut(group) else {
            return Ok(());
        };
        order.try_reserve(1).map_err(|_| OutOfMemory)?;
        scheduler.reserve(order.len() + 1)
    }

    /// The thresholds' part is \[OVL-2\] c, \[OVL-4\].
    fn configure(&mut self, id: DestId, config: DestConfig) {
        let Some(dest) = self.dests.get_mut(id.0) else { return };
        let old = core::mem::replace(&mut dest.config, config);
        if config.weight != 0 {
            dest.last_weight = config.weight;
        }
        let (upper, lower) = (config.upper_threshold, config.lower_threshold);
        match self.profile {
            Profile::Classic => {
                if upper == 0 || upper > old.upper_threshold {
                    dest.overloaded = false;
                }
            }
            Profile::Linux6_1_183 => {
                if (upper, lower) == (old.upper_threshold, old.lower_threshold) {
                    return;
                }
                if upper == 0 || dest.total < lower_bound(&config) {
                    dest.overloaded = false;
                } else if dest.total >= upper {
                    dest.overloaded = true;
                }
            }
        }
    }

    fn find(&self, group: Key, address: IpAddr, port: u16) -> Option<(usize, DestId)> {
        let list = self.list(group);
        let position = list.iter().position(|(_, dest)| is_at(dest, address, port))?;
        Some((position, *list.order.get(position)?))
    }

    fn find_trashed(
        &self,
        service: Option<ServiceKey>,
        address: IpAddr,
        port: u16,
    ) -> Option<usize> {
        self.trash.iter().rposition(|trashed| {
            self.get(trashed.dest)
                .is_some_and(|dest| is_at(dest, address, port) && same(dest.service, service))
        })
    }

    fn discard(&mut self, now: Instant, id: DestId) {
        if let Some(dest) = self.dests.get_mut(id.0) {
            self.servers.remove(dest);
            dest.available = false;
        }
        self.trash.push(Trashed { dest: id, unreferenced_since: None });
        let deadline = self.timers.deadline(now, TRASH_PERIOD);
        self.trash_deadline.get_or_insert(deadline);
    }
}

/// The counters: what a connection does to its destination.
impl Dests {
    /// A connection is born, inactive \[CNT-2\].
    pub(crate) fn bind(&mut self, id: DestId) {
        let Some(dest) = self.dests.get_mut(id.0) else { return };
        dest.total = dest.total.saturating_add(1);
        let upper = dest.config.upper_threshold;
        let reached = match self.profile {
            Profile::Classic => dest.total >= upper,
            // No destination can be at its upper and below its lower bound [DST-8], so a) of
            // OVL-2 always sets.
            Profile::Linux6_1_183 => dest.total == upper,
        };
        if upper != 0 && reached {
            dest.overloaded = true;
        }
    }

    /// An inactive connection ends \[CNT-4\].
    pub(crate) fn unbind(&mut self, id: DestId) {
        let Some(dest) = self.dests.get_mut(id.0) else { return };
        let before = dest.total;
        dest.total = before.saturating_sub(1);
        let DestConfig { upper_threshold: upper, lower_threshold: lower, .. } = dest.config;
        let dropped = match self.profile {
            Profile::Classic if lower != 0 => dest.total < lower,
            Profile::Classic if upper != 0 => 4 * u64::from(dest.total) < 3 * u64::from(upper),
            Profile::Classic => true,
            Profile::Linux6_1_183 => before == lower_bound(&dest.config),
        };
        if dropped {
            dest.overloaded = false;
        }
    }

    /// An inactive connection becomes active \[CNT-5\].
    pub(crate) fn activate(&mut self, id: DestId) {
        let Some(dest) = self.dests.get_mut(id.0) else { return };
        dest.active = dest.active.saturating_add(1);
    }

    /// An active connection becomes inactive \[CNT-5\].
    pub(crate) fn deactivate(&mut self, id: DestId) {
        let Some(dest) = self.dests.get_mut(id.0) else { return };
        dest.active = dest.active.saturating_sub(1);
    }

    /// A template is born \[CNT-3\].
    pub(crate) fn bind_template(&mut self, id: DestId) {
        let Some(dest) = self.dests.get_mut(id.0) else { return };
        dest.persistent = dest.persistent.saturating_add(1);
    }

    /// A template ends \[CNT-4\].
    pub(crate) fn unbind_template(&mut self, id: DestId) {
        let Some(dest) = self.dests.get_mut(id.0) else { return };
        dest.persistent = dest.persistent.saturating_sub(1);
    }
}

/// Time.
impl Dests {
    /// When the trash or a scheduler wants to be looked after.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let schedulers = self.groups.values().filter_map(|group| group.scheduler.next_deadline());
        schedulers.chain(self.trash_deadline).min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        for group in self.groups.values_mut() {
            group.scheduler.handle_timeout(now);
        }
        if self.trash_deadline.is_some_and(|deadline| deadline <= now) {
            self.empty_trash(now);
        }
    }

    /// Forgets what nothing has referred to for long enough \[DST-6\].
    fn empty_trash(&mut self, now: Instant) {
        let Self { dests, groups, trash, .. } = self;
        trash.retain_mut(|trashed| {
            let Some(dest) = dests.get(trashed.dest.0) else { return false };
            let referenced = dest.total > 0
                || dest.persistent > 0
                || groups.get(dest.group).is_some_and(|g| g.scheduler.refers_to(trashed.dest));
            if referenced {
                return true;
            }
            let since = *trashed.unreferenced_since.get_or_insert(now);
            let aged = now.saturating_duration_since(since) >= TRASH_AGE;
            if aged {
                dests.remove(trashed.dest.0);
            }
            !aged
        });
        let deadline = self.timers.deadline(now, TRASH_PERIOD);
        self.trash_deadline = (!self.trash.is_empty()).then_some(deadline);
    }
}

fn blank(group: Key, config: DestConfig) -> Dest {
    Dest {
        config: DestConfig { upper_threshold: 0, lower_threshold: 0, ..config },
        last_weight: 0,
        active: 0,
        total: 0,
        persistent: 0,
        overloaded: false,
        available: false,
        group,
        service: None,
        traffic: Traffic::default(),
    }
}

fn is_at(dest: &Dest, address: IpAddr, port: u16) -> bool {
    dest.address() == address && dest.port() == port
}

/// What counts as the same service for a destination in the trash: of mark services the mark alone,
/// whatever the family \[DST-5\].
fn same(one: Option<ServiceKey>, other: Option<ServiceKey>) -> bool {
    match (one, other) {
        (Some(ServiceKey::Mark { mark: one, .. }), Some(ServiceKey::Mark { mark: other, .. })) => {
            one == other
        }
        _ => one == other,
    }
}

/// `E` of \[OVL-1\].
const fn lower_bound(config: &DestConfig) -> u32 {
    match (config.lower_threshold, config.upper_threshold) {
        (0, upper) => upper - upper / 4,
        (lower, _) => lower,
    }
}

/// \[DST-9\]
fn check_family(service: Option<ServiceKey>, config: &DestConfig) -> Result<(), DestError> {
    let of_service = service.is_none_or(|key| key.family() == Family::of(config.address));
    if of_service || config.method == Method::Tunnel {
        Ok(())
    } else {
        Err(DestError::FamilyMismatch { address: config.address })
    }
}

/// What a routing table would call local or unicast \[DST-8\].
const fn is_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.octets()[0] != 0 && !v4.is_multicast() && !v4.is_broadcast(),
        IpAddr::V6(v6) => !v6.is_unspecified() && !v6.is_multicast() && !v6.is_unicast_link_local(),
    }
}
