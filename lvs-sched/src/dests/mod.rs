//! All destinations of a director, in the lists of their services: the one door through which
//! counters, weights and flags change.

mod count;
mod dest;
mod list;
mod load;
mod servers;
mod time;
mod traffic;

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use lvs_proto::{Family, Flow, Instant, Method, Protocol};

use dest::Facts;
pub use dest::{Dest, DestConfig, DestError, DestId};
pub(crate) use list::{DestList, Members};
pub use load::CountError;
use load::NO_GROUP;
#[cfg(feature = "fast")]
pub(crate) use load::{BARRED, Steps};
pub(crate) use load::{Load, Loads, inverse};
use servers::Servers;
use time::{Round, TrashRun};

use crate::arena::{Arena, Key};
use crate::hash::Address;
use crate::scheduler::{AnyScheduler, Change, SchedulerSetup, WantsList};
use crate::statistics::Traffic;
use crate::{
    OutOfMemory, Profile, SchedulerFlags, SchedulerKind, ServiceError, ServiceKey, Timers,
};

/// Destinations in groups; a group is what one scheduler picks from.
#[derive(Debug)]
pub(crate) struct Dests {
    profile: Profile,
    timers: Timers,
    facts: Arena<Facts>,
    loads: Loads,
    groups: Arena<Group>,
    /// When the first scheduler wants to be looked after.
    schedulers_deadline: Option<Instant>,
    /// How far it has come, if it has begun.
    round: Round,
    servers: Servers,
    /// Deleted destinations that connections may still refer to \[DST-4\], oldest first.
    trash: Vec<Trashed>,
    trash_deadline: Option<Instant>,
    trash_run: Option<TrashRun>,
    /// What went through all groups.
    traffic: Traffic,
}

#[derive(Debug)]
struct Group {
    /// `None` in a pool, which has no virtual address.
    service: Option<ServiceKey>,
    /// The head, which is the newest, comes first \[DST-1\].
    order: Vec<DestId>,
    scheduler: AnyScheduler,
    setup: SchedulerSetup,
    traffic: Traffic,
}

#[derive(Clone, Copy, Debug)]
struct Trashed {
    dest: DestId,
    unreferenced_since: Option<Instant>,
}

/// Picks that look at the packet, each step out of line, so that it has a frame of its own, or none.
impl Group {
    #[inline(never)]
    fn pick_by_flow(
        &mut self,
        profile: Profile,
        facts: &Arena<Facts>,
        loads: &Loads,
        now: Instant,
        flow: &Flow,
    ) -> Option<DestId> {
        match self.scheduler.pick_by_address(loads, self.setup.flags, flow) {
            Ok(pick) => pick,
            Err(WantsList) => self.pick_from_list(profile, facts, loads, now, flow),
        }
    }

    #[inline(never)]
    fn pick_from_list(
        &mut self,
        profile: Profile,
        facts: &Arena<Facts>,
        loads: &Loads,
        now: Instant,
        flow: &Flow,
    ) -> Option<DestId> {
        let Self { order, scheduler, setup, .. } = self;
        scheduler.pick(DestList { profile, facts, loads, order, flags: setup.flags }, now, flow)
    }
}

/// Groups and what is in them.
impl Dests {
    pub(crate) fn new(profile: Profile, timers: Timers) -> Self {
        Self {
            profile,
            timers,
            facts: Arena::new(),
            loads: Loads::new(),
            groups: Arena::new(),
            schedulers_deadline: None,
            round: Round::START,
            servers: Servers::new(),
            trash: Vec::new(),
            trash_deadline: None,
            trash_run: None,
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
        let group = self.groups.insert(group).ok_or(OutOfMemory)?;
        self.find_schedulers_deadline();
        Ok(group)
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
        self.enrol(group);
        self.find_schedulers_deadline();
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
        self.find_schedulers_deadline();
    }

    pub(crate) fn list(&self, group: Key) -> DestList<'_> {
        let (order, flags) = self
            .groups
            .get(group)
            .map_or_else(Default::default, |group| (group.order.as_slice(), group.setup.flags));
        self.list_of(order, flags)
    }

    fn list_of<'a>(&'a self, order: &'a [DestId], flags: SchedulerFlags) -> DestList<'a> {
        let Self { profile, facts, loads, .. } = self;
        DestList { profile: *profile, facts, loads, order, flags }
    }

    pub(crate) fn get(&self, id: DestId) -> Option<Dest<'_>> {
        Dest::of(&self.facts, &self.loads, id)
    }

    /// How many picks of a group could not be remembered for want of room.
    pub(crate) fn forgotten(&self, group: Key) -> u64 {
        self.groups.get(group).map_or(0, |group| group.scheduler.forgotten())
    }

    /// Whether packets of that source come from a destination by [`Method::Nat`] \[NAT-8\].
    pub(crate) fn is_server(&self, protocol: Protocol, address: IpAddr, port: u16) -> bool {
        self.servers.contains(protocol, Address(address), port)
    }

    #[inline]
    pub(crate) fn pick(&mut self, now: Instant, group: Key, flow: &Flow) -> Option<DestId> {
        let Self { profile, facts, loads, groups, .. } = self;
        let group = groups.get_mut(group)?;
        match group.scheduler.pick_by_order(&group.order, loads) {
            Ok(pick) => pick,
            Err(WantsList) => group.pick_by_flow(*profile, facts, loads, now, flow),
        }
    }

    /// The scheduler hears of a change after it is complete \[DST-13\].
    fn notify(&mut self, group: Key, change: Change) {
        if let Some((scheduler, list)) = self.scheduler(group) {
            scheduler.changed(list, change);
        }
        self.enrol(group);
    }

    /// Tells the members of a group where they are, and who wants to hear of them.
    fn enrol(&mut self, group: Key) {
        let Self { loads, groups, .. } = self;
        let Some(Group { order, scheduler, .. }) = groups.get(group) else { return };
        let watched = scheduler.watches_counts();
        for (id, place) in order.iter().zip(0..) {
            if let Some(load) = loads.get_mut(*id) {
                (load.group, load.place) = (group.index, place);
                (load.factor, load.key) = scheduler.factor_and_key(load);
                load.attended(watched);
            }
        }
    }

    #[inline]
    fn scheduler(&mut self, group: Key) -> Option<(&mut AnyScheduler, DestList<'_>)> {
        let Self { profile, facts, loads, groups, .. } = self;
        let Group { order, scheduler, setup, .. } = groups.get_mut(group)?;
        let list = DestList { profile: *profile, facts, loads, order, flags: setup.flags };
        Some((scheduler, list))
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
        self.finish_trash_run();
        let trashed = self.find_trashed(service, config.address, config.port);
        if trashed.is_none() && !is_unicast(config.address) {
            return Err(DestError::NotUnicast { address: config.address });
        }
        self.reserve_one(group, config.weight)?;
        let id = match trashed {
            Some(position) => self.trash.remove(position).dest,
            None => DestId(self.facts.insert(Facts::new(group, config)).ok_or(OutOfMemory)?),
        };
        if trashed.is_none() {
            self.loads.begin(id);
        }
        if let (Some(facts), Some(load)) = (self.facts.get_mut(id.0), self.loads.get_mut(id)) {
            if facts.group != group {
                // The service was deleted and made again in between [DST-5].
                facts.traffic = Traffic::default();
                load.conns = 0;
            }
            facts.group = group;
            facts.service = service;
            facts.last_weight = 0;
            load.available = true;
        }
        self.configure(id, config);
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
        self.servers.reserve(1)?;
        if let Some((scheduler, list)) = self.scheduler(group) {
            scheduler.reserve(list, list.len(), config.weight)?;
        }
        if let Some(dest) = Dest::of(&self.facts, &self.loads, id) {
            self.servers.remove(dest);
        }
        self.configure(id, config);
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

    /// Makes room for so many more groups and destinations.
    pub(crate) fn reserve(&mut self, groups: usize, dests: usize) -> Result<(), OutOfMemory> {
        self.groups.reserve(groups)?;
        self.facts.reserve(dests)?;
        self.loads.reserve(self.facts.capacity())?;
        self.servers.reserve(dests)?;
        let everyone = self.facts.len().saturating_add(dests);
        let spare = everyone.saturating_sub(self.trash.len());
        self.trash.try_reserve(spare).map_err(|_| OutOfMemory)
    }

    /// All that adding one may allocate, so that nothing is half done if there is no memory.
    fn reserve_one(&mut self, group: Key, weight: u32) -> Result<(), OutOfMemory> {
        self.reserve(0, 1)?;
        if let Some(Group { order, .. }) = self.groups.get_mut(group) {
            order.try_reserve(1).map_err(|_| OutOfMemory)?;
        }
        let Some((scheduler, list)) = self.scheduler(group) else { return Ok(()) };
        scheduler.reserve(list, list.len() + 1, weight)
    }

    fn configure(&mut self, id: DestId, config: DestConfig) {
        let Self { facts, loads, servers, .. } = self;
        if let (Some(facts), Some(load)) = (facts.get_mut(id.0), loads.get_mut(id)) {
            load.configure(&config, &facts.config, self.profile);
            facts.config = config;
            if config.weight != 0 {
                facts.last_weight = config.weight;
            }
        }
        if let Some(dest) = Dest::of(facts, loads, id) {
            servers.add(dest);
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
            self.get(trashed.dest).is_some_and(|dest| {
                is_at(dest, address, port) && same(dest.service().copied(), service)
            })
        })
    }

    fn discard(&mut self, now: Instant, id: DestId) {
        self.finish_trash_run();
        if let Some(dest) = Dest::of(&self.facts, &self.loads, id) {
            self.servers.remove(dest);
        }
        if let Some(load) = self.loads.get_mut(id) {
            (load.available, load.group) = (false, NO_GROUP);
            load.attended(false);
        }
        self.trash.push(Trashed { dest: id, unreferenced_since: None });
        let deadline = self.timers.deadline(now, time::TRASH_PERIOD);
        self.trash_deadline.get_or_insert(deadline);
    }
}

fn is_at(dest: Dest<'_>, address: IpAddr, port: u16) -> bool {
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
pub(crate) const fn is_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.octets()[0] != 0 && !v4.is_multicast() && !v4.is_broadcast(),
        IpAddr::V6(v6) => !v6.is_unspecified() && !v6.is_multicast() && !v6.is_unicast_link_local(),
    }
}
