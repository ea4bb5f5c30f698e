//! The table of connections and templates: found by key, ended by deadline.

use core::hash::{BuildHasher, Hash, Hasher};
use core::net::IpAddr;
use core::time::Duration;

use lvs_proto::{AddressPair, CallId, Embedded, Flow, Hop, Instant, Method, Origin, Protocol};

use crate::arena::{Arena, Key};
use crate::calls::Calls;
use crate::chains::Chains;
use crate::deadlines::Deadlines;
use crate::hash::{Address, Seed};
use crate::timers::Alarm;
use crate::{DestId, OutOfMemory, State, SyncState, Timers};

/// How long something lives on that may not end yet \[TPL-10\].
const EXPIRE_LATER: Duration = Duration::from_secs(60);
/// How long a connection lives that has seen no packet of its own yet \[CON-7\].
pub(crate) const FIRST_TIMEOUT: Duration = Duration::from_secs(3);
/// The ports of the connection that IPsec rides along with: that of its key exchange \[CON-5\].
const ISAKMP_PORT: u16 = 500;

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
    /// The key of the connection of a client's packet, `None` if it can have none \[SVC-9\].
    pub(crate) fn of(flow: &Flow) -> Option<Self> {
        let (protocol, ports) = followed(flow.protocol(), flow.transport.ports())?;
        Some(Self::new(protocol, flow.addresses, ports))
    }

    /// The key of the connection that a packet to its client belongs to, which an error of a client
    /// is about \[CON-6\] \[ICMP-3\].
    pub(crate) fn of_inverse(embedded: &Embedded) -> Option<Self> {
        let (protocol, (source, destination)) = followed(embedded.protocol, embedded.ports)?;
        let addresses = reversed(embedded.addresses)?;
        Some(Self::new(protocol, addresses, (destination, source)))
    }

    const fn new(protocol: Protocol, addresses: AddressPair, ports: (u16, u16)) -> Self {
        let (client_port, virtual_port) = ports;
        Self { protocol, addresses, client_port, virtual_port, template: false }
    }

    /// With the ends swapped.
    pub(crate) fn reversed(&self) -> Option<Self> {
        let addresses = reversed(self.addresses)?;
        Some(Self::new(self.protocol, addresses, (self.virtual_port, self.client_port)))
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

/// The protocol and ports under which a packet's connection is found: AH and ESP ride along with UDP
/// \[CON-5\]. `None` if the protocol is not followed, or the ports cannot be read.
fn followed(protocol: Protocol, ports: Option<(u16, u16)>) -> Option<(Protocol, (u16, u16))> {
    match protocol {
        Protocol::TCP | Protocol::UDP | Protocol::SCTP => Some((protocol, ports?)),
        Protocol(50 | 51) => Some((Protocol::UDP, (ISAKMP_PORT, ISAKMP_PORT))),
        _ => None,
    }
}

fn reversed(addresses: AddressPair) -> Option<AddressPair> {
    AddressPair::new(addresses.destination(), addresses.source())
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
    /// Whether no reply was ever seen, and none is expected: NOOUTPUT \[DIR-1\] \[DIR-2\].
    pub(crate) input_only: bool,
    /// The mark of the packet that it was made for.
    pub(crate) mark: u32,
    /// Packets from its client, or through a template those of connections of one packet \[IN-6\].
    pub(crate) in_packets: u32,
    pub(crate) timeout: Duration,
    pub(crate) alarm: Alarm,
    /// Of a template, the Call-ID that it is for \[PE-2\].
    pub(crate) call: Option<Key>,
    /// The template it was made through.
    pub(crate) controller: Option<Key>,
    /// Connections made through it and still there: `n_control` \[TPL-8\].
    pub(crate) controlled: u32,
    /// Whether another director told of it \[BK-5\].
    pub(crate) synced: bool,
    /// What other directors were told of it last.
    pub(crate) sync: SyncState,
}

impl Conn {
    /// One that no packet has gone through, not bound to its destination yet \[CON-7\].
    pub(crate) fn new(key: ConnKey, dest: DestId, hop: Hop) -> Self {
        let (state, timeout) = if key.template {
            (State::Template { assured: false }, Duration::ZERO)
        } else {
            (State::new(key.protocol), FIRST_TIMEOUT)
        };
        Self {
            key,
            dest,
            hop,
            state,
            // What a destination's flags say of all its connections [DST-11] [CON-8].
            active: false,
            input_only: hop.method != Method::Nat,
            mark: 0,
            in_packets: 0,
            timeout,
            alarm: Alarm::default(),
            call: None,
            controller: None,
            controlled: 0,
            synced: false,
            sync: SyncState::default(),
        }
    }

    /// Whom its real server's packets come from in the client's eyes.
    pub(crate) const fn origin(&self) -> Origin {
        let (address, port) = (self.key.virtual_address(), self.key.virtual_port);
        Origin { method: self.hop.method, address, port }
    }

    /// Whether it has no destination because it goes past them all; its hop has no address then
    /// \[SVC-12\].
    pub(crate) const fn is_bypass(&self) -> bool {
        matches!(self.hop.method, Method::DirectRoute) && self.hop.address.is_unspecified()
    }

    /// Where its packets go next; past all destinations, to where they are addressed \[BYP-1\].
    pub(crate) const fn next_hop(&self) -> Hop {
        if self.is_bypass() {
            let (address, port) = (self.key.virtual_address(), self.key.virtual_port);
            return Hop { address, port, ..self.hop };
        }
        self.hop
    }

    /// What its real server's packets are found by, as if the server were a client \[CON-4\].
    fn reply_key(&self) -> Option<ConnKey> {
        let translated = self.hop.method == Method::Nat;
        let (address, port) = if translated {
            (self.hop.address, self.hop.port)
        } else {
            (self.key.virtual_address(), self.key.virtual_port)
        };
        let addresses = AddressPair::new(address, self.key.client())?;
        Some(ConnKey::new(self.key.protocol, addresses, (port, self.key.client_port)))
    }

    /// What it is found by.
    #[must_use]
    pub const fn key(&self) -> &ConnKey {
        &self.key
    }

    /// Its destination; for one that has none, because it goes past them all or another director
    /// told of it, an id that names nothing.
    #[must_use]
    pub const fn dest(&self) -> DestId {
        self.dest
    }

    /// Where its packets go, by the method of the time it was made \[FWD-1\]; address and port are
    /// zeros if they go past all destinations to where they are addressed.
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

    /// How long it has left at `now` if nothing comes; timers of [`Timers::Ticks`] may give it some
    /// more.
    #[must_use]
    pub fn time_left(&self, now: Instant) -> Duration {
        self.alarm.due.saturating_duration_since(now)
    }

    /// The mark of the packet that it was made for; 0 is none.
    #[must_use]
    pub const fn mark(&self) -> u32 {
        self.mark
    }
}

/// A fixed number of places for connections and templates.
#[derive(Debug)]
pub(crate) struct Conns {
    conns: Arena<Conn>,
    by_client: Chains,
    by_server: Chains,
    seed: Seed,
    timers: Timers,
    deadlines: Deadlines,
    calls: Calls,
}

impl Conns {
    pub(crate) fn new(
        capacity: u32,
        calls: u32,
        seed: Seed,
        timers: Timers,
    ) -> Result<Self, OutOfMemory> {
        let capacity = capacity as usize;
        let mut conns = Arena::new();
        conns.reserve(capacity)?;
        let (by_client, by_server) = (Chains::new(capacity)?, Chains::new(capacity)?);
        let (deadlines, calls) = (Deadlines::new(capacity)?, Calls::new(calls)?);
        Ok(Self { conns, by_client, by_server, seed, timers, deadlines, calls })
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

    /// What is at a place of the table, if it is taken; places are numbered from 0.
    pub(crate) fn at(&self, place: u32) -> Option<(Key, &Conn)> {
        let id = self.conns.key_at(place)?;
        Some((id, self.get(id)?))
    }

    /// How many more fit the table.
    pub(crate) fn room(&self) -> u32 {
        self.conns.room()
    }

    /// How many buckets the table has.
    pub(crate) fn buckets(&self) -> usize {
        self.by_client.buckets()
    }

    /// What is in a bucket of the table.
    pub(crate) fn bucket(&self, bucket: usize) -> impl Iterator<Item = (Key, &Conn)> {
        self.by_client.bucket(bucket).filter_map(|place| self.at(place))
    }

    /// The connection or template of `key` that lives at `now`; of several, the newest \[CON-3\].
    pub(crate) fn find(&self, now: Instant, key: &ConnKey) -> Option<Key> {
        let is_it = |conn: &Conn| conn.key == *key && conn.call.is_none() && lives(now, conn);
        self.find_in(&self.by_client, self.seed.hash_one(key), is_it)
    }

    /// The template of `key` for a call \[PE-2\].
    pub(crate) fn find_call(&self, now: Instant, key: &ConnKey, id: CallId<'_>) -> Option<Key> {
        let is_it =
            |conn: &Conn| conn.key == *key && self.call_id(conn) == Some(id) && lives(now, conn);
        self.find_in(&self.by_client, self.seed.hash_one((key, id.octets())), is_it)
    }

    /// The connection that a real server's packet, described as if it were a client's, belongs to
    /// \[CON-4\].
    pub(crate) fn find_reply(&self, now: Instant, key: &ConnKey) -> Option<Key> {
        let is_it = |conn: &Conn| conn.reply_key().as_ref() == Some(key) && lives(now, conn);
        self.find_in(&self.by_server, self.seed.hash_one(key), is_it)
    }

    fn find_in(&self, chains: &Chains, hash: u64, is_it: impl Fn(&Conn) -> bool) -> Option<Key> {
        let found = chains.find(hash, |place| self.at(place).is_some_and(|(_, conn)| is_it(conn)));
        found.and_then(|place| self.conns.key_at(place))
    }

    /// The Call-ID that a template is for.
    pub(crate) fn call_id(&self, conn: &Conn) -> Option<CallId<'_>> {
        self.calls.get(conn.call?)
    }

    fn hash(&self, conn: &Conn) -> u64 {
        match self.call_id(conn) {
            Some(id) => self.seed.hash_one((conn.key, id.octets())),
            None => self.seed.hash_one(conn.key),
        }
    }

    /// Keeps a template for a call, to be [armed](Self::arm) by the caller; `None` if there is no
    /// room for one of the two.
    pub(crate) fn insert_call(&mut self, conn: Conn, id: CallId<'_>) -> Option<Key> {
        if self.room() == 0 {
            return None;
        }
        let call = self.calls.insert(id)?;
        self.insert(Conn { call: Some(call), ..conn })
    }

    /// Keeps `conn`, to be [armed](Self::arm) by the caller; `None` if the table is full.
    pub(crate) fn insert(&mut self, conn: Conn) -> Option<Key> {
        let id = self.conns.insert(conn)?;
        self.show(id);
        Some(id)
    }

    /// Ends at `now` plus its timeout, unless that is put off again \[CON-10\].
    pub(crate) fn arm(&mut self, now: Instant, id: Key) {
        let Self { conns, timers, deadlines, .. } = self;
        if let Some(conn) = conns.get_mut(id) {
            conn.alarm = timers.arm(now, conn.timeout);
            deadlines.set(id.index, conn.alarm);
        }
    }

    /// "Expire now": it ends with the next tick \[CON-12\].
    pub(crate) fn expire(&mut self, now: Instant, id: Key) {
        let Self { conns, timers, deadlines, .. } = self;
        if let Some(conn) = conns.get_mut(id) {
            conn.alarm = timers.arm(now, Duration::ZERO);
            deadlines.set(id.index, conn.alarm);
        }
    }

    /// What is due and was found all the same controls something: its timeout is the short one from
    /// now on \[TPL-10\].
    pub(crate) fn shorten_if_due(&mut self, now: Instant, id: Key) {
        if let Some(conn) = self.get_mut(id).filter(|conn| conn.alarm.fires <= now) {
            conn.timeout = EXPIRE_LATER;
        }
    }

    /// The template is no longer found, and shows it by its ports; it stays as long as it would
    /// have \[TPL-12\].
    pub(crate) fn invalidate(&mut self, id: Key) {
        self.hide(id);
        if let Some(conn) = self.get_mut(id) {
            conn.key.virtual_port = u16::MAX;
            conn.hop.port = u16::MAX;
        }
        self.show(id);
    }

    /// Gives it a destination, and that one's method \[BK-12\].
    pub(crate) fn bind(&mut self, id: Key, dest: DestId, method: Method) {
        // Its real server's packets may be found by another key now.
        self.hide(id);
        if let Some(conn) = self.get_mut(id) {
            conn.dest = dest;
            conn.hop.method = method;
            conn.input_only = method != Method::Nat;
        }
        self.show(id);
    }

    /// In front of all others of its keys. A connection from port 0 is made, and then never found
    /// by its client's packets \[CON-3\].
    fn show(&mut self, id: Key) {
        let Some(conn) = self.conns.get(id) else { return };
        let ConnKey { template, client_port, .. } = conn.key;
        if template || client_port != 0 {
            self.by_client.insert(self.hash(conn), id.index);
        }
        if let Some(reply) = conn.reply_key().filter(|_| !template) {
            self.by_server.insert(self.seed.hash_one(reply), id.index);
        }
    }

    fn hide(&mut self, id: Key) {
        let Some(conn) = self.conns.get(id) else { return };
        self.by_client.remove(self.hash(conn), id.index);
        if let Some(reply) = conn.reply_key().filter(|_| !conn.key.template) {
            self.by_server.remove(self.seed.hash_one(reply), id.index);
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| deadline)
    }

    /// Takes out what is due first, if it is due at `now`. What still controls something is put
    /// off instead, for good with the short timeout \[TPL-10\] \[CON-11\].
    pub(crate) fn pop_due(&mut self, now: Instant) -> Due {
        let Some((deadline, place)) = self.deadlines.first().filter(|&(due, _)| due <= now) else {
            return Due::Nothing;
        };
        let Some(id) = self.conns.key_at(place) else {
            self.deadlines.remove(place);
            return Due::Nothing;
        };
        if let Some(conn) = self.conns.get_mut(id).filter(|conn| conn.controlled > 0) {
            conn.timeout = EXPIRE_LATER;
            // From the moment it was due, so that a late sweep gives what one in time gives.
            self.arm(deadline, id);
            return Due::PutOff(id);
        }
        self.remove(id).map_or(Due::Nothing, Due::Ended)
    }

    /// Takes out what is there, whatever it controls, and lets go of what controls it.
    pub(crate) fn remove(&mut self, id: Key) -> Option<Conn> {
        self.get(id)?;
        self.hide(id);
        self.deadlines.remove(id.index);
        let conn = self.conns.remove(id)?;
        if let Some(call) = conn.call {
            self.calls.remove(call);
        }
        self.release(conn.controller);
        Some(conn)
    }

    /// One more is made through `controller` \[TPL-8\].
    pub(crate) fn hold(&mut self, controller: Option<Key>) {
        if let Some(controller) = controller.and_then(|id| self.get_mut(id)) {
            controller.controlled = controller.controlled.saturating_add(1);
        }
    }

    /// One that was made through `controller` is no more.
    pub(crate) fn release(&mut self, controller: Option<Key>) {
        if let Some(controller) = controller.and_then(|id| self.get_mut(id)) {
            controller.controlled = controller.controlled.saturating_sub(1);
        }
    }
}

/// What is due is gone, swept or not, unless it controls something \[TPL-10\].
fn lives(now: Instant, conn: &Conn) -> bool {
    conn.controlled > 0 || conn.alarm.fires > now
}

/// What a deadline led to.
#[derive(Debug)]
pub(crate) enum Due {
    /// No deadline has come.
    Nothing,
    /// It was put off.
    PutOff(Key),
    /// It was taken out.
    Ended(Conn),
}
