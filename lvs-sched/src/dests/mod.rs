//! All destinations of a director, in the lists of their services: the one door through which
//! counters, weights and flags change.

mod count;
mod dest;
mod growth;
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
pub(crate) use growth::{Growth, Watch};
pub(crate) use list::{DestList, List, loads_of};
#[cfg(feature = "fast")]
pub(crate) use load::BARRED;
pub use load::CountError;
use load::NO_GROUP;
pub(crate) use load::{Load, Loads, inverse};
use servers::Servers;
use time::{Round, TrashRun};

use crate::arena::{Arena, Key};
use crate::hash::Address;
use crate::scheduler::{Change, SchedulerSetup};
use crate::statistics::Traffic;
use crate::{OutOfMemory, Profile, SchedulerKind, ServiceError, ServiceKey, Timers};

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

/// A list and what it is for.
#[derive(Debug)]
struct Group {
    /// `None` in a pool, which has no virtual address.
    service: Option<ServiceKey>,
    list: List,
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
        let list = List::new(now, setup)?;
        let group = Group { service, list, traffic: Traffic::default() };
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
        let Some(Group { list, .. }) = self.groups.get_mut(group) else { return Ok(()) };
        if list.setup().kind != setup.kind {
            if let Some(most) = setup.most_dests().filter(|most| list.len() > *most as usize) {
                return Err(ServiceError::TooManyDestinations { most });
            }
        }
        list.set_up(now, setup, &mut self.loads)?;
        self.find_schedulers_deadline();
        Ok(())
    }

    /// How long the caches of the schedulers of a kind remember.
    pub(crate) fn set_expiration(&mut self, kind: SchedulerKind, secs: u32) {
        let lists = self.groups.values_mut().map(|group| &mut group.list);
        for list in lists.filter(|list| list.setup().kind == kind) {
            list.setup_mut().lblc.expiration_secs = secs;
            list.scheduler_mut().set_expiration(Duration::from_secs(secs.into()));
        }
    }

    /// The scheduler ends and every destination goes to the trash \[SVC-7\].
    pub(crate) fn delete_group(&mut self, now: Instant, group: Key) {
        let Some(group) = self.groups.remove(group) else { return };
        for &place in group.list.order() {
            if let Some(id) = self.loads.id(place) {
                self.discard(now, id);
            }
        }
        self.find_schedulers_deadline();
    }

    /// The destinations of a group in list order.
    pub(crate) fn list(&self, group: Key) -> impl Iterator<Item = (DestId, Dest<'_>)> {
        let order = self.groups.get(group).map_or(&[][..], |group| group.list.order());
        let ids = order.iter().filter_map(|&place| self.loads.id(place));
        ids.filter_map(|id| Some((id, self.get(id)?)))
    }

    /// What the scheduler of a group sees.
    #[cfg(test)]
    pub(crate) fn members(&self, group: Key) -> DestList<'_> {
        self.groups.get(group).unwrap().list.members(&self.loads)
    }

    pub(crate) fn get(&self, id: DestId) -> Option<Dest<'_>> {
        Dest::of(&self.facts, &self.loads, id)
    }

    /// How many picks of a group could not be remembered for want of room.
    pub(crate) fn forgotten(&self, group: Key) -> u64 {
        self.groups.get(group).map_or(0, |group| group.list.scheduler().forgotten())
    }

    /// Whether packets of that source come from a destination by [`Method::Nat`] \[NAT-8\].
    pub(crate) fn is_server(&self, protocol: Protocol, address: IpAddr, port: u16) -> bool {
        self.servers.contains(protocol, Address(address), port)
    }

    #[inline]
    pub(crate) fn pick(&mut self, now: Instant, group: Key, flow: &Flow) -> Option<DestId> {
        let Self { loads, groups, .. } = self;
        let place = groups.get_mut(group)?.list.pick(loads, now, flow)?;
        loads.id(place)
    }

    /// One for each flow; the group is looked for once.
    #[inline]
    pub(crate) fn picks<'a>(
        &mut self,
        now: Instant,
        group: Key,
        flows: impl Iterator<Item = &'a Flow>,
    ) -> impl Iterator<Item = Option<DestId>> {
        let Self { loads, groups, .. } = self;
        let mut group = groups.get_mut(group);
        flows.map(move |flow| {
            let place = group.as_mut()?.list.pick(loads, now, flow)?;
            loads.id(place)
        })
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
            self.loads.begin(id.place(), id.0.generation);
        }
        if let (Some(facts), Some(load)) = (self.facts.get_mut(id.0), self.loads.get_mut(id)) {
            load.group = group.index;
            if facts.group != group {
                // The service was deleted and made again in between [DST-5].
                facts.traffic = Traffic::default();
                load.conns = 0;
            }
            facts.group = group;
            facts.service = service;
        }
        if let Some(group) = self.groups.get_mut(group) {
            self.loads.admit(id.place(), group.list.setup().word(&config));
        }
        self.configure(id, config);
        if let Some(group) = self.groups.get_mut(group) {
            group.list.add(&mut self.loads, id.place());
        }
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
        if let Some(group) = self.groups.get_mut(group) {
            group.list.reserve_weight(&self.loads, config.weight)?;
        }
        if let Some(dest) = Dest::of(&self.facts, &self.loads, id) {
            self.servers.remove(dest);
        }
        self.configure(id, config);
        if let Some(group) = self.groups.get_mut(group) {
            group.list.changed(&mut self.loads, Change::Edited);
        }
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
        self.discard(now, id);
        if let Some(group) = self.groups.get_mut(group) {
            group.list.remove(&mut self.loads, position);
        }
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

    /// How many places for destinations there are.
    pub(crate) fn places(&self) -> usize {
        self.facts.capacity()
    }

    /// All that adding one may allocate, so that nothing is half done if there is no memory.
    fn reserve_one(&mut self, group: Key, weight: u32) -> Result<(), OutOfMemory> {
        self.reserve(0, 1)?;
        match self.groups.get_mut(group) {
            Some(group) => group.list.reserve_one(&self.loads, weight),
            None => Ok(()),
        }
    }

    fn configure(&mut self, id: DestId, config: DestConfig) {
        let Self { facts, loads, servers, .. } = self;
        if let Some(facts) = facts.get_mut(id.0) {
            loads.configure(id.place(), &config, self.profile);
            facts.config = config;
        }
        if let Some(dest) = Dest::of(facts, loads, id) {
            servers.add(dest);
        }
    }

    fn find(&self, group: Key, address: IpAddr, port: u16) -> Option<(usize, DestId)> {
        let mut list = (0..).zip(self.list(group));
        let found = list.find(|(_, (_, dest))| is_at(*dest, address, port));
        found.map(|(position, (id, _))| (position, id))
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
            load.group = NO_GROUP;
            load.set_available(false);
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
