//! Who is where on a link: next hops' addresses and their MAC addresses, for embedders without a
//! kernel that knows.
//!
//! [`Neighbors`] decides whom to ask, how often, and whom to believe: neighbor unreachability
//! detection of RFC 4861 section 7.3, for ARP as well. It sees no octets: `lvs_proto::wire` reads
//! and writes the messages.
//!
//! Its contract is that of everything timed: *drain [`poll_action`](Neighbors::poll_action) until
//! it is empty, wait for input or for [`next_deadline`](Neighbors::next_deadline), feed exactly one
//! input, drain again.* A drain may be broken off when there is other work to do, and go on later.

mod action;
mod config;
mod entry;
mod table;

use core::hash::{BuildHasher, Hash, Hasher};
use core::net::IpAddr;
use core::time::Duration;

use lvs_proto::wire::arp::{self, Operation};
use lvs_proto::wire::ndp;
use lvs_proto::{Instant, MacAddr};

pub use action::{Action, Resolution};
pub use config::{NeighborCounters, NeighborsConfig, StaticError};
pub use entry::NeighborState;

use crate::OutOfMemory;
use crate::agenda::Agenda;
use crate::arena::Key;
use crate::hash::{Address, Seed};
use crate::scatter::scatter;
use entry::{Entry, Heard, State};
use table::Table;

/// The neighbors on one link.
///
/// Only addresses that were asked for are in the cache: what is heard of others, gratuitous
/// messages as well, makes no entry. When it is full a new address takes the place of one that has
/// failed, or else of the one that has been stale for the longest. One that is static, reachable or
/// being asked for keeps its place; if all are, the new one fails.
///
/// ```
/// use core::net::{IpAddr, Ipv4Addr};
/// use lvs_proto::wire::arp::{Operation, Packet};
/// use lvs_proto::{Instant, MacAddr};
/// use lvs_sched::neighbors::{Action, Neighbors, NeighborsConfig, Resolution};
///
/// let mut neighbors = Neighbors::new(NeighborsConfig::default())?;
/// let server = Ipv4Addr::new(192, 0, 2, 11);
/// let now = Instant::EPOCH;
/// assert_eq!(neighbors.resolve(now, server.into()), Resolution::Pending);
/// let request = Action::Request { address: server.into(), to: None };
/// assert_eq!(neighbors.poll_action(), Some(request)); // a Packet, sent by broadcast
/// assert_eq!(neighbors.poll_action(), None);
///
/// let mac = MacAddr::new([2, 0, 0, 0, 0, 11]);
/// let reply = Packet {
///     operation: Operation::Reply,
///     sender_mac: mac,
///     sender_ip: server,
///     target_mac: MacAddr::new([2, 0, 0, 0, 0, 1]),
///     target_ip: Ipv4Addr::new(192, 0, 2, 1),
/// };
/// neighbors.handle_arp(now, &reply);
/// let resolved = Action::Resolved { address: server.into(), mac };
/// assert_eq!(neighbors.poll_action(), Some(resolved));
/// assert_eq!(neighbors.resolve(now, server.into()), Resolution::Known(mac));
/// # Ok::<(), lvs_sched::OutOfMemory>(())
/// ```
#[derive(Debug)]
pub struct Neighbors {
    entries: Table,
    /// When each has something to do.
    agenda: Agenda,
    /// From when on each may give way to another.
    replaceable: Agenda,
    reachable_time: Duration,
    seed: Seed,
    counters: NeighborCounters,
    /// The latest moment handed in.
    now: Instant,
}

impl Neighbors {
    /// An empty cache.
    ///
    /// # Errors
    ///
    /// If there is no memory for the addresses asked for.
    pub fn new(config: NeighborsConfig) -> Result<Self, OutOfMemory> {
        let (capacity, seed) = (config.capacity as usize, Seed(config.seed));
        Ok(Self {
            entries: Table::new(capacity, seed)?,
            agenda: Agenda::new(capacity)?,
            replaceable: Agenda::new(capacity)?,
            reachable_time: config.reachable_time,
            seed,
            counters: NeighborCounters::default(),
            now: Instant::EPOCH,
        })
    }

    /// Where a packet to `address` goes. An address that is not in the cache comes in; one that has
    /// been without confirmation for its reachable time is looked after.
    pub fn resolve(&mut self, now: Instant, address: IpAddr) -> Resolution {
        let now = self.advance(now);
        let Some((key, state)) = self.entries.find(address) else { return self.begin(address) };
        let Some((next, due)) = state.use_at(now) else { return state.resolution() };
        self.set(key, next, Some(due));
        next.resolution()
    }

    /// An ARP packet was heard. A reply confirms its sender if that was asked; anything else may
    /// tell where its sender is now.
    pub fn handle_arp(&mut self, now: Instant, packet: &arp::Packet) {
        let address = packet.sender_ip.into();
        let solicited = packet.operation == Operation::Reply && self.is_asked(address);
        let heard = Heard { mac: Some(packet.sender_mac), solicited, overrides: true };
        self.learn(now, address, heard);
    }

    /// A neighbor solicitation or advertisement was heard (RFC 4861 sections 7.2.3 and 7.2.5).
    pub fn handle_ndp(&mut self, now: Instant, message: &ndp::Message) {
        let (address, heard) = match *message {
            ndp::Message::Solicitation(ndp::Solicitation { source_mac: None, .. }) => return,
            ndp::Message::Solicitation(ndp::Solicitation { source, source_mac: mac, .. }) => {
                (source, Heard { mac, solicited: false, overrides: true })
            }
            ndp::Message::Advertisement(advertisement) => {
                let ndp::Advertisement { target_mac: mac, solicited, overrides, .. } =
                    advertisement;
                (advertisement.target, Heard { mac, solicited, overrides })
            }
        };
        self.learn(now, address.into(), heard);
    }

    /// A neighbor has shown otherwise that it is there, such as by an acknowledgement of what was
    /// sent to it (RFC 4861 section 7.3.1).
    pub fn confirm(&mut self, now: Instant, address: IpAddr) {
        let heard = Heard { mac: None, solicited: true, overrides: false };
        self.learn(now, address, heard);
    }

    /// Lets time pass. Before [`next_deadline`](Self::next_deadline) nothing happens.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
    }

    /// The next thing to do; `None` when all is done.
    pub fn poll_action(&mut self) -> Option<Action> {
        let now = self.now;
        let key = self.agenda.due(now)?;
        let Entry { address, state, .. } = *self.entries.get(key)?;
        let (state, due, action) = state.expire(address, now, self.reachable_until(address));
        self.set(key, state, due);
        self.counters.requests += u64::from(matches!(action, Action::Request { .. }));
        self.counters.unreachable += u64::from(matches!(action, Action::Unreachable(_)));
        Some(action)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due; `None` as long as nobody is asked.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.agenda.next()
    }
}

/// Static entries, and looking.
impl Neighbors {
    /// Makes an entry that is believed whatever is heard and stays until it is
    /// [removed](Self::remove), in the place of what there was of the address.
    ///
    /// # Errors
    ///
    /// See [`StaticError`]; nothing has changed.
    pub fn set_static(&mut self, address: IpAddr, mac: MacAddr) -> Result<(), StaticError> {
        if !is_neighbor(address) {
            return Err(StaticError::Address(address));
        }
        if !is_host(mac) {
            return Err(StaticError::Mac(mac));
        }
        let state = State::Static(mac);
        match self.entries.find(address) {
            Some((key, _)) => self.set(key, state, Some(self.now)),
            None => self.insert(address, state).ok_or(StaticError::Full)?,
        }
        Ok(())
    }

    /// Forgets an address; whether there was one to forget.
    pub fn remove(&mut self, address: IpAddr) -> bool {
        let Some((key, _)) = self.entries.find(address) else { return false };
        self.forget(key);
        true
    }

    /// How the entry of an address stands; `None` if there is none.
    #[must_use]
    pub fn state(&self, now: Instant, address: IpAddr) -> Option<NeighborState> {
        self.entries.find(address).map(|(_, state)| state.name(now.max(self.now)))
    }

    /// How many addresses are in the cache.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What has been counted.
    #[must_use]
    pub const fn counters(&self) -> &NeighborCounters {
        &self.counters
    }
}

impl Neighbors {
    /// Takes an address in, to be asked for.
    fn begin(&mut self, address: IpAddr) -> Resolution {
        let state = State::Incomplete { requests: 0 };
        let begun = is_neighbor(address).then(|| self.insert(address, state)).flatten();
        begun.map_or(Resolution::Failed, |()| Resolution::Pending)
    }

    /// Makes an entry with something to do; `None` if none can give way.
    fn insert(&mut self, address: IpAddr, state: State) -> Option<()> {
        if self.entries.is_full() {
            let Some(key) = self.replaceable.due(self.now) else {
                self.counters.full += 1;
                return None;
            };
            self.counters.replaced += 1;
            self.forget(key);
        }
        let key = self.entries.insert(address, state)?;
        self.set(key, state, Some(self.now));
        Some(())
    }

    fn forget(&mut self, key: Key) {
        self.agenda.set(key, None);
        self.replaceable.set(key, None);
        self.entries.remove(key);
    }

    /// A message about `address` was heard.
    fn learn(&mut self, now: Instant, address: IpAddr, heard: Heard) {
        let now = self.advance(now);
        if heard.mac.is_some_and(|mac| !is_host(mac)) {
            self.counters.bad_mac += 1;
            return;
        }
        let Some((key, state)) = self.entries.find(address) else {
            self.counters.unknown += 1;
            return;
        };
        if let Some(state) = state.hear(heard, now, self.reachable_until(address)) {
            let due = matches!(state, State::Answered { .. }).then_some(now);
            self.set(key, state, due);
        }
    }

    /// Whether requests for `address` were sent, and none was answered yet.
    fn is_asked(&self, address: IpAddr) -> bool {
        let state = self.entries.find(address).map(|(_, state)| state);
        matches!(
            state,
            Some(State::Incomplete { requests: 1.. } | State::Probe { requests: 1.., .. })
        )
    }

    /// Every change of a state.
    fn set(&mut self, key: Key, state: State, due: Option<Instant>) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.state = state;
        }
        self.agenda.set(key, due);
        self.replaceable.set(key, state.replaceable_from());
    }

    /// Until when a neighbor that is confirmed now is reachable: neighbors that answer together are
    /// not asked again together.
    fn reachable_until(&self, address: IpAddr) -> Instant {
        let mut hasher = self.seed.build_hasher();
        Address(address).hash(&mut hasher);
        hasher.write(&self.now.as_micros().to_be_bytes());
        self.now + self.reachable_time / 2 + scatter(hasher.finish(), self.reachable_time)
    }

    fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }
}

/// Whether one machine on a link can have this address.
const fn is_neighbor(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    !(address.is_unspecified() || address.is_loopback() || address.is_multicast() || broadcast)
}

/// Whether one machine on a link can have this link address.
fn is_host(mac: MacAddr) -> bool {
    !mac.is_multicast() && mac != MacAddr::default()
}
