//! Finding connections and templates.

use core::hash::Hasher;
use core::net::{Ipv4Addr, Ipv6Addr};

use lvs_proto::{CallId, Endpoint, Family, Flow, Hook, Instant, Method};
use siphasher::sip::SipHasher13;

use super::Conns;
use super::entry::{ConnId, Course, Entry};
use super::key::{ConnKey, Sought, Tuple};
use super::lookup::Clue;
use super::places::{Placed, Places};
use super::rare::Chain;

impl Conns {
    /// The hash of a key without a call.
    #[inline]
    pub(crate) fn hash(&self, key: &ConnKey) -> u64 {
        self.hash_for(key, None)
    }

    /// The hash of a key, of a template perhaps for a call.
    pub(crate) fn hash_for(&self, key: &ConnKey, call: Option<CallId<'_>>) -> u64 {
        self.hash_of(&key.sought(), call)
    }

    /// The connection or template of `key` that lives at `now`; of several, the newest \[CON-3\].
    pub(crate) fn find(&self, now: Instant, key: &ConnKey) -> Option<ConnId> {
        let newest = self.newest(&key.sought(), self.hash(key), None)?;
        self.first_of(newest, Chain::Client, |course| self.lives(now, course))
    }

    /// The same of a key that is no template's, by the [hash](Self::hash) of it.
    #[inline]
    pub(crate) fn find_hashed(&self, now: Instant, key: &ConnKey, hash: u64) -> Option<ConnId> {
        match key.sought() {
            Sought::V4(tuple) => self.find_tuple(now, &tuple, hash),
            Sought::V6(tuple) => self.find_tuple(now, &tuple, hash),
        }
    }

    /// What leads to a packet's connection.
    #[inline]
    pub(crate) fn clue(&self, flow: &Flow) -> Clue {
        Clue::new(match Sought::of(flow) {
            Some(Sought::V4(tuple)) => self.hash_alone(&tuple),
            Some(Sought::V6(tuple)) => self.hash_alone(&tuple),
            None => 0,
        })
    }

    /// The connection that a packet belongs to if it comes from a client \[CON-3\].
    #[inline(always)]
    pub(crate) fn find_of(&self, now: Instant, flow: &Flow, clue: Clue) -> Option<ConnId> {
        match Sought::of(flow)? {
            Sought::V4(tuple) => self.find_likely(now, &tuple, clue),
            Sought::V6(tuple) => self.find_likely(now, &tuple, clue),
        }
    }

    /// The clue may be older than the table, which other packets of a burst have changed since: what
    /// a search would not find there is searched for. Inlined, for most packets need no more.
    #[inline(always)]
    fn find_likely<A: Placed>(&self, now: Instant, tuple: &Tuple<A>, clue: Clue) -> Option<ConnId> {
        let Clue { hash, likely } = clue;
        let place = likely.and_then(|id| A::place(&self.places, id));
        let entry = place.and_then(|place| A::table(&self.places).shown(place, hash));
        match entry {
            Some(entry) if entry.tuple == *tuple && self.lives(now, &entry.course) => likely,
            _ => self.find_tuple(now, tuple, hash),
        }
    }

    #[inline(never)]
    pub(super) fn find_tuple<A: Placed>(
        &self,
        now: Instant,
        tuple: &Tuple<A>,
        hash: u64,
    ) -> Option<ConnId> {
        let newest = self.newest_conn(hash, tuple)?;
        self.first_of(newest, Chain::Client, |course| self.lives(now, course))
    }

    /// The template of `key` for a call \[PE-2\].
    pub(crate) fn find_call(
        &self,
        now: Instant,
        key: &ConnKey,
        call: CallId<'_>,
    ) -> Option<ConnId> {
        let sought = key.sought();
        let newest = self.newest(&sought, self.hash_of(&sought, Some(call)), Some(call))?;
        self.first_of(newest, Chain::Client, |course| self.lives(now, course))
    }

    /// The connection that a real server's packet, described as if it were a client's, belongs to
    /// \[CON-4\]; `hash` is that of `key`.
    pub(crate) fn find_reply(&self, now: Instant, key: &ConnKey, hash: u64) -> Option<ConnId> {
        match key.sought() {
            Sought::V4(tuple) => self.find_reply_tuple(now, &tuple, hash),
            Sought::V6(tuple) => self.find_reply_tuple(now, &tuple, hash),
        }
    }

    fn find_reply_tuple<A: Placed>(
        &self,
        now: Instant,
        tuple: &Tuple<A>,
        hash: u64,
    ) -> Option<ConnId> {
        let lives = |course: &Course| self.lives(now, course);
        let newest = self.newest_reply(hash, tuple);
        let found = newest.and_then(|newest| self.first_of(newest, Chain::Reply, lives));
        found.or_else(|| {
            // What is not translated answers by the client's key, the other way round: of one hash.
            let newest = self.newest_conn(hash, &tuple.reversed())?;
            self.first_of(newest, Chain::Client, |course| {
                !course.method().is_translated() && lives(course)
            })
        })
    }

    /// Asks for what tells where the connection of a packet is.
    #[inline]
    pub(super) fn prefetch_index(&self, flow: &Flow, hash: u64) {
        match (flow.hook, flow.family()) {
            (Hook::Forward, _) => self.replies.prefetch(hash),
            (_, Family::V4) => self.places.v4.prefetch_tags(hash),
            (_, Family::V6) => self.places.v6.prefetch_tags(hash),
        }
    }

    /// Asks for the entry that is likely that of a packet, and names it.
    #[inline]
    pub(super) fn prefetch_entry(&self, flow: &Flow, hash: u64) -> Option<ConnId> {
        let id = match (flow.hook, flow.family()) {
            (Hook::Forward, _) => self.replies.likely(hash)?,
            (_, Family::V4) => Ipv4Addr::id(&self.places, self.places.v4.likely(hash)?),
            (_, Family::V6) => Ipv6Addr::id(&self.places, self.places.v6.likely(hash)?),
        };
        self.places.prefetch_entry(id);
        Some(id)
    }

    /// Asks for the place that the connection of a packet will likely have.
    pub(super) fn prefetch_new(&self, family: Family, hash: u64) {
        let Places { v4, v6 } = &self.places;
        let vacancy = match family {
            Family::V4 => v4.vacancy(hash).map(|place| Ipv4Addr::id(&self.places, place)),
            Family::V6 => v6.vacancy(hash).map(|place| Ipv6Addr::id(&self.places, place)),
        };
        if let Some(id) = vacancy {
            self.places.prefetch_entry(id);
            self.queue.prefetch(id);
        }
    }

    /// The newest of a key, living or not.
    #[inline]
    pub(super) fn newest(
        &self,
        sought: &Sought,
        hash: u64,
        call: Option<CallId<'_>>,
    ) -> Option<ConnId> {
        match sought {
            Sought::V4(tuple) => self.newest_entry(hash, tuple, call),
            Sought::V6(tuple) => self.newest_entry(hash, tuple, call),
        }
    }

    #[inline]
    pub(super) fn newest_entry<A: Placed>(
        &self,
        hash: u64,
        tuple: &Tuple<A>,
        call: Option<CallId<'_>>,
    ) -> Option<ConnId> {
        if !tuple.template {
            return self.newest_conn(hash, tuple);
        }
        let is_it =
            |entry: &Entry<A>| entry.tuple == *tuple && self.is_for_call(&entry.course, call);
        A::table(&self.places).find(hash, is_it).map(|place| A::id(&self.places, place))
    }

    /// The newest of a key that is no template's, and so for no call. Inlined, for a new connection
    /// looks three times.
    #[inline(always)]
    fn newest_conn<A: Placed>(&self, hash: u64, tuple: &Tuple<A>) -> Option<ConnId> {
        let place = A::table(&self.places).find(hash, |entry| entry.tuple == *tuple)?;
        Some(A::id(&self.places, place))
    }

    /// The first of a chain of which `is_it` is true.
    #[inline]
    fn first_of(
        &self,
        newest: ConnId,
        chain: Chain,
        is_it: impl Fn(&Course) -> bool,
    ) -> Option<ConnId> {
        let mut id = newest;
        loop {
            let course = self.course(id)?;
            if is_it(course) {
                return Some(id);
            }
            id = self.rares.get(course.rare()?)?.links(chain).behind?;
        }
    }

    /// The newest with a place among the replies, living or not.
    #[inline]
    pub(super) fn newest_reply<A: Placed>(&self, hash: u64, tuple: &Tuple<A>) -> Option<ConnId> {
        let table = A::table(&self.places);
        self.replies.find(hash, |id| {
            let entry = A::place(&self.places, id).and_then(|place| table.get(place));
            entry.is_some_and(|entry| self.reply_tuple(entry) == *tuple)
        })
    }

    /// What the packets of a connection's real server are found by \[CON-4\] \[FN-2\].
    #[inline]
    pub(super) fn reply_tuple<A: Placed>(&self, entry: &Entry<A>) -> Tuple<A> {
        entry.reply_tuple(self.local_of(&entry.course))
    }

    #[inline]
    pub(super) fn local_of(&self, course: &Course) -> Option<Endpoint> {
        if course.method() != Method::FullNat {
            return None;
        }
        self.rares.get(course.rare()?)?.local
    }

    /// Whether a packet of this key from a real server has a connection to belong to, living or not
    /// \[FN-1\].
    pub(crate) fn is_reply(&self, key: &ConnKey) -> bool {
        let hash = self.hash(key);
        match key.sought() {
            Sought::V4(tuple) => self.newest_reply(hash, &tuple).is_some(),
            Sought::V6(tuple) => self.newest_reply(hash, &tuple).is_some(),
        }
    }

    fn is_for_call(&self, course: &Course, call: Option<CallId<'_>>) -> bool {
        let rare = course.rare().and_then(|place| self.rares.get(place));
        rare.and_then(|rare| self.calls.get(rare.call?)) == call
    }

    fn hash_of(&self, sought: &Sought, call: Option<CallId<'_>>) -> u64 {
        match sought {
            Sought::V4(tuple) => self.hash_of_tuple(tuple, call),
            Sought::V6(tuple) => self.hash_of_tuple(tuple, call),
        }
    }

    pub(super) fn hash_of_tuple<A: Placed>(
        &self,
        tuple: &Tuple<A>,
        call: Option<CallId<'_>>,
    ) -> u64 {
        if !A::IS_BUILT {
            return 0;
        }
        let Some(call) = call else { return self.hash_alone(tuple) };
        let mut hasher = self.hasher_of(tuple);
        hasher.write(call.octets());
        hasher.finish()
    }

    /// Without a call.
    #[inline(always)]
    pub(super) fn hash_alone<A: Placed>(&self, tuple: &Tuple<A>) -> u64 {
        self.hasher_of(tuple).finish()
    }

    /// Inlined, so that neither a packet's tuple nor the hasher goes through memory: the next look
    /// waits for the hash.
    #[inline(always)]
    fn hasher_of<A: Placed>(&self, tuple: &Tuple<A>) -> SipHasher13 {
        let [k0, k1] = self.seed.0;
        let mut hasher = SipHasher13::new_with_keys(k0, k1);
        tuple.write(&mut hasher);
        hasher
    }
}
