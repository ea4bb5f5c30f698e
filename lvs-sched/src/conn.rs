//! The table of connections and templates: found by key, ended by deadline.

use core::hash::{BuildHasher, Hash, Hasher};
use core::net::IpAddr;
use core::time::Duration;

use hashbrown::HashTable;
use lvs_proto::{AddressPair, Flow, Hop, Instant, Protocol};

use crate::arena::{Arena, Key};
use crate::deadlines::Deadlines;
use crate::hash::{Address, Seed};
use crate::{DestId, OutOfMemory, State};

/// How long something lives on that may not end yet \[TPL-10\].
pub(crate) const EXPIRE_LATER: Duration = Duration::from_secs(60);

/// What a connection or template is found by \[CON-3\] \[TPL-4\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnKey {
    /// The protocol; 0 for templates of marks \[TPL-2\].
    pub protocol: Protocol,
    /// From the client (of a template: what the netmask leaves of it) to the virtual address (of
    /// a template of a mark: the mark as an address).
    pub addresses: AddressPair,
    /// The client's port; 0 for templates.
    pub client_port: u16,
    /// The virtual port.
    pub virtual_port: u16,
    /// Whether it is a template's.
    pub template: bool,
}

impl ConnKey {
    /// The key of the connection of a client's packet, `None` if it has no ports.
    pub(crate) fn of(flow: &Flow) -> Option<Self> {
        let (client_port, virtual_port) = flow.transport.ports()?;
        let (protocol, addresses) = (flow.protocol(), flow.addresses);
        Some(Self { protocol, addresses, client_port, virtual_port, template: false })
    }

    /// The client's address.
    #[must_use]
    pub const fn client(&self) -> IpAddr {
        self.addresses.source()
    }

    /// The virtual address.
    #[must_use]
    pub const fn virtual_address(&self) -> IpAddr {
        self.addresses.destination()
    }
}

/// Octets in the order of the wire, so that every machine hashes alike.
impl Hash for ConnKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Address(self.client()).hash(state);
        Address(self.virtual_address()).hash(state);
        state.write(&self.client_port.to_be_bytes());
        state.write(&self.virtual_port.to_be_bytes());
        state.write(&[self.protocol.0, self.template.into()]);
    }
}

/// A connection, or the template that holds a client's connections together.
#[derive(Clone, Debug)]
pub struct Conn {
    pub(crate) key: ConnKey,
    pub(crate) dest: DestId,
    pub(crate) hop: Hop,
    pub(crate) state: State,
    /// Whether it counts as active for its destination \[CNT-2\].
    pub(crate) active: bool,
    pub(crate) timeout: Duration,
    /// The template it was made through.
    pub(crate) template: Option<Key>,
    /// Connections made through it and still there: `n_control` \[TPL-8\].
    pub(crate) controlled: u32,
}

impl Conn {
    /// What it is found by.
    #[must_use]
    pub const fn key(&self) -> &ConnKey {
        &self.key
    }

    /// Its destination.
    #[must_use]
    pub const fn dest(&self) -> DestId {
        self.dest
    }

    /// Where its packets go, by the method of the time it was made \[FWD-1\].
    #[must_use]
    pub const fn hop(&self) -> &Hop {
        &self.hop
    }

    /// What it has come to.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// How long it lives without a packet (a template: without a new connection).
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }
}

/// A fixed number of places for connections and templates.
#[derive(Debug)]
pub(crate) struct Conns {
    conns: Arena<Conn>,
    /// The keys of those that can be found.
    index: HashTable<Key>,
    seed: Seed,
    deadlines: Deadlines,
}

impl Conns {
    pub(crate) fn new(capacity: u32, seed: Seed) -> Result<Self, OutOfMemory> {
        let capacity = capacity as usize;
        let mut conns = Arena::new();
        conns.reserve(capacity)?;
        let mut index = HashTable::new();
        // A table never more than half full clears its tombstones in place, without allocating.
        index.try_reserve(capacity.saturating_mul(2), |_| 0).map_err(|_| OutOfMemory)?;
        Ok(Self { conns, index, seed, deadlines: Deadlines::new(capacity)? })
    }

    pub(crate) fn get(&self, id: Key) -> Option<&Conn> {
        self.conns.get(id)
    }

    pub(crate) fn get_mut(&mut self, id: Key) -> Option<&mut Conn> {
        self.conns.get_mut(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Conn> {
        self.conns.values()
    }

    /// The connection or template of `key` that lives at `now`.
    pub(crate) fn find(&self, now: Instant, key: &ConnKey) -> Option<Key> {
        let found = self.index.find(self.seed.hash_one(key), |id| {
            self.get(*id).is_some_and(|conn| conn.key == *key && self.lives(now, *id, conn))
        });
        found.copied()
    }

    /// What is due is gone, swept or not, unless it controls something \[TPL-10\].
    fn lives(&self, now: Instant, id: Key, conn: &Conn) -> bool {
        conn.controlled > 0 || self.deadlines.get(id.index).is_some_and(|deadline| deadline > now)
    }

    /// Keeps `conn` from `now` on; `None` if the table is full.
    pub(crate) fn insert(&mut self, now: Instant, conn: Conn) -> Option<Key> {
        let hash = self.seed.hash_one(conn.key);
        // A connection from port 0 is made, and then never found again [CON-3].
        let findable = conn.key.template || conn.key.client_port != 0;
        let id = self.conns.insert(conn)?;
        if findable {
            let Self { conns, index, seed, .. } = self;
            index.insert_unique(hash, id, |id| {
                conns.get(*id).map(|conn| seed.hash_one(conn.key)).unwrap_or_default()
            });
        }
        self.arm(now, id);
        Some(id)
    }

    /// Ends at `now` plus its timeout, unless that is put off again.
    pub(crate) fn arm(&mut self, now: Instant, id: Key) {
        if let Some(conn) = self.get(id) {
            self.deadlines.set(id.index, now + conn.timeout);
        }
    }

    /// What is due and was found all the same controls something: its timeout is the short one from
    /// now on \[TPL-10\].
    pub(crate) fn shorten_if_due(&mut self, now: Instant, id: Key) {
        let due = self.deadlines.get(id.index).is_some_and(|deadline| deadline <= now);
        if let Some(conn) = self.conns.get_mut(id).filter(|_| due) {
            conn.timeout = EXPIRE_LATER;
        }
    }

    /// "Expire now": no longer found, but there and counted until the next sweep \[CON-12\].
    pub(crate) fn expire(&mut self, now: Instant, id: Key) {
        self.hide(id);
        self.deadlines.set(id.index, now);
    }

    /// The template is no longer found, and shows it by its ports; it stays as long as it would
    /// have \[TPL-12\].
    pub(crate) fn invalidate(&mut self, id: Key) {
        self.hide(id);
        if let Some(conn) = self.get_mut(id) {
            conn.key.virtual_port = u16::MAX;
            conn.hop.port = u16::MAX;
        }
    }

    fn hide(&mut self, id: Key) {
        let Some(conn) = self.conns.get(id) else { return };
        let hash = self.seed.hash_one(conn.key);
        if let Ok(entry) = self.index.find_entry(hash, |other| *other == id) {
            entry.remove();
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| deadline)
    }

    /// Takes out what is due first, if it is due at `now`. What still controls something is put
    /// off instead, for good with the short timeout \[TPL-10\] \[CON-11\].
    pub(crate) fn pop_due(&mut self, now: Instant) -> Due {
        let Some((deadline, index)) = self.deadlines.first().filter(|&(due, _)| due <= now) else {
            return Due::Nothing;
        };
        let Some(id) = self.conns.key_at(index) else {
            self.deadlines.remove(index);
            return Due::Later;
        };
        if let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.controlled > 0) {
            conn.timeout = EXPIRE_LATER;
            // From the moment it was due, so that a late sweep gives what one in time gives.
            self.deadlines.set(index, deadline + EXPIRE_LATER);
            return Due::Later;
        }
        self.hide(id);
        self.deadlines.remove(index);
        let ended = self.conns.remove(id);
        if let Some(template) = ended.as_ref().and_then(|conn| conn.template) {
            self.release(template);
        }
        ended.map_or(Due::Later, Due::Ended)
    }

    /// One connection of a template is no more.
    fn release(&mut self, template: Key) {
        if let Some(template) = self.get_mut(template) {
            template.controlled = template.controlled.saturating_sub(1);
        }
    }
}

/// What a deadline led to.
#[derive(Debug)]
pub(crate) enum Due {
    /// No deadline has come.
    Nothing,
    /// It was put off.
    Later,
    /// It was taken out.
    Ended(Conn),
}
