//! Many virtual routers, each found at once: by an advert, by its deadline, by what it wants done.

mod followers;
mod groups;
mod index;
mod reload;

use core::net::IpAddr;

use lvs_proto::vrrp::{Advert, AdvertError, AdvertMeta, AdvertPolicy, Peer, Vrid};
use lvs_proto::{AddressPair, Family, Instant};

pub use self::followers::FollowError;
pub use self::groups::JoinError;
pub use self::index::Block;
pub(crate) use self::index::Work;
use self::index::{Index, Key, NONE};
pub use self::reload::{EngineApplyError, EngineSourceError};
use crate::hearing::Hearing;
use crate::{Action, Router};

/// The embedder's number of a link; Linux has interface indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InterfaceId(pub u32);

/// A virtual router of an [`Engine`]. After its removal the id is nobody's, even if its place is taken
/// again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RouterId {
    slot: u32,
    generation: u32,
}

impl RouterId {
    /// The id as a number, to be kept where only numbers can be.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        (self.generation as u64) << 32 | self.slot as u64
    }

    /// The id of a number from [`to_bits`](Self::to_bits); of any other number, an id that at worst
    /// names another router.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self { slot: bits as u32, generation: (bits >> 32) as u32 }
    }

    /// The slot of the router, as [`Engine::vacant_slot`] foretold it.
    #[must_use]
    pub const fn slot(self) -> usize {
        self.slot as usize
    }
}

/// Room for one virtual router of an [`Engine`].
#[derive(Clone, Debug)]
// The numbers share a cache line with what is busy in a router.
#[repr(C)]
pub struct Slot<A, P = [Peer; 0], const SENDERS: usize = 2> {
    /// How many routers were here before.
    generation: u32,
    /// The next member of its sync group, in a ring; itself, if there is no other.
    next_member: u32,
    router: Option<Router<A, P, SENDERS>>,
    /// Whom the router follows.
    leader: u32,
    /// The first of its followers, or, of a follower, the next one of the same leader.
    next_follower: u32,
}

impl<A, P, const SENDERS: usize> Default for Slot<A, P, SENDERS> {
    fn default() -> Self {
        Self { generation: 0, next_member: 0, router: None, leader: NONE, next_follower: NONE }
    }
}

/// What was received that concerns no virtual router in particular, or all of them: the global counters
/// of RFC 6527.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EngineCounters {
    /// Messages for a VRID that is not configured on the interface in their family.
    pub vrid_errors: u64,
    /// Messages of virtual routers whose checksum does not verify.
    pub checksum_errors: u64,
    /// Messages of virtual routers of an unknown version or of one that is not the router's.
    pub version_errors: u64,
}

/// Why an [`Engine`] does not take a virtual router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// All slots are taken.
    #[error("no room for another virtual router")]
    Full,
    /// The interface has a virtual router of that VRID and family whose group or one of whose peers is
    /// the same \[X-38\].
    #[error("the interface has a virtual router of that VRID and family that would hear the same")]
    Taken,
}

/// The id is that of no virtual router, or of one that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such virtual router")]
pub struct UnknownRouter;

/// Virtual routers on any number of interfaces, of both families, with one deadline and one stream of
/// actions.
///
/// It lives in memory of the caller, a slot for each router that there may be and a block for 64 of
/// them, and allocates nothing. An advert finds its router by a hash; a deadline changes in a tree,
/// in steps that are the logarithm of the number of routers at most; actions are found by bits. The
/// order is always the same: adverts of all routers come before whatever else they want done
/// \[S-4\], and routers come in the order of their slots. What is done to a router without a moment
/// is done at the last one that the engine was handed, to whichever router.
///
/// ```
/// use core::net::IpAddr;
/// use lvs_proto::Instant;
/// use lvs_proto::vrrp::Vrid;
/// use lvs_vrrp::{Action, Block, Config, Engine, InterfaceId, Router, Slot, State};
///
/// let mut slots: [Slot<[IpAddr; 1]>; 2] = Default::default();
/// let mut blocks = [Block::default()];
/// let mut engine = Engine::new(&mut slots, &mut blocks);
/// for number in [51, 52] {
///     let config = Config::rfc9568(Vrid::new(number).ok_or("0 is no VRID")?);
///     let addresses = [IpAddr::from([192, 0, 2, number])];
///     let router = Router::new(config, [192, 0, 2, 1].into(), addresses)?;
///     let id = engine.add(InterfaceId(2), router)?;
///     engine.input(id, |router| router.startup(Instant::EPOCH))?;
/// }
///
/// let deadline = engine.next_deadline().ok_or("Backup routers wait")?;
/// assert_eq!(engine.handle_timeout(deadline, 10), 2);
/// while let Some((id, action)) = engine.poll_action() {
///     let router = engine.get(id).ok_or("a router that wants something is there")?;
///     assert_eq!(router.state(), State::Active);
///     if let Action::SendAdvert { priority } = action {
///         let _advert = router.advert(priority);
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Engine<'a, A, P = [Peer; 0], const SENDERS: usize = 2> {
    slots: &'a mut [Slot<A, P, SENDERS>],
    index: Index<'a>,
    len: usize,
    /// The last moment handed in, to whichever router.
    now: Instant,
    counters: EngineCounters,
}

impl<'a, A, P, const SENDERS: usize> Engine<'a, A, P, SENDERS>
where
    A: AsRef<[IpAddr]>,
    P: AsRef<[Peer]>,
{
    /// An engine without routers. It takes as many as there are slots, and at most 64 for each block;
    /// what was in them is gone.
    #[must_use]
    pub fn new(slots: &'a mut [Slot<A, P, SENDERS>], blocks: &'a mut [Block]) -> Self {
        for slot in slots.iter_mut() {
            (slot.router, slot.leader, slot.next_follower) = (None, NONE, NONE);
        }
        let index = Index::new(blocks, slots.len());
        let counters = EngineCounters::default();
        Self { slots, index, len: 0, now: Instant::EPOCH, counters }
    }

    /// Takes a virtual router, in whatever state it is. A router that runs goes on \[X-64\].
    ///
    /// Several of an interface may have the same VRID and family if each hears what the others do not:
    /// another group, other peers, or peers and no group \[X-38\].
    ///
    /// # Errors
    /// [`AddError`]; nothing has changed, and the router is gone.
    pub fn add(
        &mut self,
        interface: InterfaceId,
        mut router: Router<A, P, SENDERS>,
    ) -> Result<RouterId, AddError> {
        let key = Key { interface, family: router.family(), vrid: router.config().vrid };
        if self.is_heard_by(self.index.find(key), &router.hearing()) {
            return Err(AddError::Taken);
        }
        let at = self.index.insert(key).ok_or(AddError::Full)?;
        let slot = self.slots.get_mut(at).ok_or(AddError::Full)?;
        if router.is_member() {
            // It is a copy of one, which is none.
            router.leave_group(self.now);
        }
        (slot.router, slot.next_member) = (Some(router), at as u32);
        let id = RouterId { slot: at as u32, generation: slot.generation };
        self.len += 1;
        self.refresh(at);
        Ok(id)
    }

    /// Gives a virtual router back as it is: shut it down and drain the actions first if it is to
    /// resign. `None` if the id is unknown.
    pub fn remove(&mut self, id: RouterId) -> Option<Router<A, P, SENDERS>> {
        let at = self.slot_of(id)?;
        self.unlink_member(at);
        self.unlink_followers(at);
        let slot = self.slots.get_mut(at)?;
        let mut router = slot.router.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        router.leave_group(self.now);
        self.index.remove(at);
        self.len -= 1;
        Some(router)
    }

    /// Feeds an input to one router, whatever a [`Router`] can be told, and returns what it says. It
    /// is to stay the same virtual router: another one takes [`remove`](Self::remove) and
    /// [`add`](Self::add). What it hears changes by [`apply`](Self::apply) and
    /// [`set_source`](Self::set_source) of the engine, which see to it that no other one hears it as
    /// well.
    ///
    /// # Errors
    /// [`UnknownRouter`].
    pub fn input<T>(
        &mut self,
        id: RouterId,
        input: impl FnOnce(&mut Router<A, P, SENDERS>) -> T,
    ) -> Result<T, UnknownRouter> {
        let at = self.slot_of(id).ok_or(UnknownRouter)?;
        self.input_at(at, input).ok_or(UnknownRouter)
    }

    /// Feeds an input to each router in turn: that an interface is down, that the host slept. It looks
    /// at every slot.
    pub fn input_each(&mut self, mut input: impl FnMut(InterfaceId, &mut Router<A, P, SENDERS>)) {
        for at in 0..self.slots.len() {
            if let Some(key) = self.index.key(at) {
                self.input_at(at, |router| input(key.interface, router));
            }
        }
    }

    /// An advert was received on an interface: [`Router::handle_advert`] of the router that it is for.
    /// If there is none, that is counted \[V3-RX-7\].
    pub fn handle_advert(
        &mut self,
        now: Instant,
        interface: InterfaceId,
        advert: &Advert<'_>,
        meta: &AdvertMeta,
    ) {
        let Some(at) = self.hearing_slot(interface, advert.vrid, meta.addresses) else {
            self.handle_unknown();
            return;
        };
        self.now = self.now.max(now);
        let before = self.standing(at);
        let Some(router) = self.router_mut(at) else { return };
        let lost = router.hear(now, advert, meta);
        if lost {
            self.announce_group(at);
        }
        self.settle(at, before);
    }

    /// A message was received that [`decode`](lvs_proto::vrrp::decode) refused by
    /// [`policy`](Self::policy): it is counted and changes nothing else \[RX-1\].
    pub fn handle_rejected(
        &mut self,
        interface: InterfaceId,
        vrid: Vrid,
        path: AddressPair,
        error: &AdvertError,
    ) {
        let at = self.hearing_slot(interface, vrid, path);
        let Some(router) = at.and_then(|at| self.router_mut(at)) else { return };
        let before = *router.counters();
        router.handle_rejected(error);
        let after = *router.counters();
        self.counters.checksum_errors += after.checksum_errors - before.checksum_errors;
        self.counters.version_errors += after.version_errors - before.version_errors;
    }

    /// A message was received for which there is no [`policy`](Self::policy): that is counted.
    pub fn handle_unknown(&mut self) {
        self.counters.vrid_errors += 1;
    }

    /// Lets time pass for the routers whose deadline is due, the earliest first, `budget` of them at
    /// most. Returns how many that were: if it is `budget`, more may be due.
    ///
    /// Hand in all adverts received until `now` first; they may postpone deadlines \[S-7\].
    pub fn handle_timeout(&mut self, now: Instant, budget: usize) -> usize {
        self.now = self.now.max(now);
        for done in 0..budget {
            let due = self.index.earliest().filter(|(_, deadline)| *deadline <= now);
            let Some((at, _)) = due else { return done };
            self.input_at(at, |router| router.handle_timeout(now));
        }
        budget
    }

    /// The next thing to do, and for which router; `None` when all is done, or waits.
    pub fn poll_action(&mut self) -> Option<(RouterId, Action)> {
        loop {
            let at = self.index.next_work()?;
            let slot = self.slots.get_mut(at)?;
            let id = RouterId { slot: at as u32, generation: slot.generation };
            let router = slot.router.as_mut()?;
            let action = router.poll_action();
            self.index.set_work(at, router.work());
            if let Some(action) = action {
                return Some((id, action));
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due; `None` if no router runs.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.index.earliest().map(|(_, deadline)| deadline)
    }

    /// Feeds an input to the router of a slot, and what follows from it to its sync group.
    fn input_at<T>(
        &mut self,
        at: usize,
        input: impl FnOnce(&mut Router<A, P, SENDERS>) -> T,
    ) -> Option<T> {
        let before = self.standing(at);
        let output = input(self.router_mut(at)?);
        self.settle(at, before);
        Some(output)
    }

    /// Notes what a router waits for and what it wants done.
    fn refresh(&mut self, at: usize) {
        if let Some(router) = self.slots.get(at).and_then(|slot| slot.router.as_ref()) {
            self.now = self.now.max(router.now());
            self.index.set_deadline(at, router.next_deadline());
            self.index.set_work(at, router.work());
        }
    }

    fn slot_of(&self, id: RouterId) -> Option<usize> {
        let at = id.slot as usize;
        let slot = self.slots.get(at)?;
        (slot.generation == id.generation && slot.router.is_some()).then_some(at)
    }

    fn router_at(&self, at: usize) -> Option<&Router<A, P, SENDERS>> {
        self.slots.get(at)?.router.as_ref()
    }

    fn router_mut(&mut self, at: usize) -> Option<&mut Router<A, P, SENDERS>> {
        self.slots.get_mut(at)?.router.as_mut()
    }
}

/// What can be asked at any time.
impl<A, P, const SENDERS: usize> Engine<'_, A, P, SENDERS>
where
    A: AsRef<[IpAddr]>,
    P: AsRef<[Peer]>,
{
    /// A virtual router; `None` if the id is unknown.
    #[must_use]
    pub fn get(&self, id: RouterId) -> Option<&Router<A, P, SENDERS>> {
        self.router_at(self.slot_of(id)?)
    }

    /// The virtual routers of that name: one, or several that hear different adverts \[X-38\].
    pub fn find(
        &self,
        interface: InterfaceId,
        family: Family,
        vrid: Vrid,
    ) -> impl Iterator<Item = RouterId> {
        self.index.find(Key { interface, family, vrid }).filter_map(|at| self.id(at))
    }

    /// Whom a message of that VRID which took that path is for; if for none of those that have it, one
    /// of them, to say what is wrong.
    #[must_use]
    pub fn hearer(
        &self,
        interface: InterfaceId,
        vrid: Vrid,
        path: AddressPair,
    ) -> Option<RouterId> {
        self.hearing_slot(interface, vrid, path).and_then(|at| self.id(at))
    }

    /// What to hand to [`decode`](lvs_proto::vrrp::decode) for that message, as [`Router::policy`] of
    /// its [`hearer`](Self::hearer) says.
    #[must_use]
    pub fn policy(
        &self,
        interface: InterfaceId,
        vrid: Vrid,
        path: AddressPair,
    ) -> Option<AdvertPolicy<'_>> {
        let at = self.hearing_slot(interface, vrid, path)?;
        self.router_at(at).map(Router::policy)
    }

    fn hearing_slot(&self, interface: InterfaceId, vrid: Vrid, path: AddressPair) -> Option<usize> {
        let key = Key { interface, family: path.family(), vrid };
        let hears =
            |&at: &usize| self.router_at(at).is_some_and(|router| router.hearing().hears(path));
        self.index.find(key).find(hears).or_else(|| self.index.find(key).next())
    }

    /// Whether one of those slots hears what a router that hears so does \[X-38\].
    fn is_heard_by(&self, slots: impl Iterator<Item = usize>, hearing: &Hearing<'_>) -> bool {
        let mut others = slots.filter_map(|at| self.router_at(at));
        others.any(|other| other.hearing().overlaps(hearing))
    }

    /// Whose slot it is.
    fn id(&self, at: usize) -> Option<RouterId> {
        Some(RouterId { slot: at as u32, generation: self.slots.get(at)?.generation })
    }

    /// All virtual routers, in the order of their slots.
    pub fn routers(&self) -> impl Iterator<Item = (RouterId, InterfaceId, &Router<A, P, SENDERS>)> {
        self.slots.iter().enumerate().filter_map(|(at, slot)| {
            let id = RouterId { slot: at as u32, generation: slot.generation };
            Some((id, self.index.key(at)?.interface, slot.router.as_ref()?))
        })
    }

    /// The slot that the next router takes, for those who keep more of it in an array of their own;
    /// `None` if all are taken.
    #[must_use]
    pub fn vacant_slot(&self) -> Option<usize> {
        self.index.vacant()
    }

    /// How many virtual routers there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many virtual routers there may be.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.index.len()
    }

    /// What has been counted beside the counters of each router.
    #[must_use]
    pub const fn counters(&self) -> &EngineCounters {
        &self.counters
    }
}
