//! Keeping connections and templates, and taking them out.

use lvs_proto::{CallId, Endpoint, Method};

use super::entry::{ConnId, Course, Entry, Flags};
use super::key::{Sought, Tuple};
use super::of_dests::place_of;
use super::places::{Found, Placed};
use super::rare::{Chain, Links, Rare};
use super::{Conn, Conns};
use crate::DestId;

impl Conns {
    /// Keeps `conn`, of a template perhaps for a call, in front of all others of its keys; to be
    /// [armed](Self::arm) by the caller. `hash` is [that](Self::hash_for) of key and call. `None` if
    /// the table is full, or one of those that few need.
    pub(crate) fn insert(
        &mut self,
        conn: &Conn,
        hash: u64,
        call: Option<CallId<'_>>,
    ) -> Option<ConnId> {
        match conn.key.sought() {
            Sought::V4(tuple) => self.insert_tuple(tuple, conn, hash, call),
            Sought::V6(tuple) => self.insert_tuple(tuple, conn, hash, call),
        }
    }

    fn insert_tuple<A: Placed>(
        &mut self,
        tuple: Tuple<A>,
        conn: &Conn,
        hash: u64,
        call: Option<CallId<'_>>,
    ) -> Option<ConnId> {
        let place = A::table(&self.places).vacancy(hash)?;
        let older = tuple.is_shown().then(|| self.newest_entry(hash, &tuple, call)).flatten();
        let server = A::of(conn.hop.address);
        let entry = Entry {
            tuple,
            server_port: conn.hop.port,
            server: server.unwrap_or(A::UNSPECIFIED),
            course: Course::of(conn),
        };
        let local = conn.hop.local;
        let reply = self.reply_of(&entry, local, server.is_none());
        let is_rare = call.is_some() || server.is_none() || local.is_some() || older.is_some();
        if (is_rare || reply.is_some()) && !self.has_room(is_rare, older, reply) {
            return None;
        }
        let call = match call {
            Some(call) => Some(self.calls.insert(call)?),
            None => None,
        };

        // There is room for all of it.
        let id = A::id(&self.places, place);
        A::table_mut(&mut self.places).insert(hash, place, !tuple.is_shown(), entry);
        if is_rare {
            if let Some(rare) = self.rare_mut(id) {
                rare.call = call;
                rare.server = server.is_none().then_some(conn.hop.address);
                (rare.local, rare.toa) = (local, conn.hop.toa);
            }
        }
        if let Some(older) = older {
            self.chain(Chain::Client, id, older);
            self.places.set_hidden(older, hash, true);
        }
        if let Some(reply) = reply {
            self.enter_replies(id, reply);
        }
        self.of_dests.link(&mut self.places, id);
        Some(id)
    }

    /// Takes out what is there, whatever it controls, and lets go of what controls it.
    pub(crate) fn remove(&mut self, id: ConnId) -> Option<Course> {
        match self.places.get(id)? {
            Found::V4(&entry) => {
                self.remove_entry(id, &entry);
                Some(entry.course)
            }
            Found::V6(&entry) => {
                self.remove_entry(id, &entry);
                Some(entry.course)
            }
        }
    }

    #[inline]
    pub(super) fn remove_entry<A: Placed>(&mut self, id: ConnId, entry: &Entry<A>) {
        let course = &entry.course;
        if let Some(alarm) = course.alarm() {
            self.queue.remove(id, alarm);
        }
        self.of_dests.unlink(&mut self.places, course);
        self.leave_replies(id, entry);
        // Most lie in their own group and have nothing that is alike: theirs is not needed.
        let hash = match course.rare() {
            Some(place) => Some(self.remove_rare(place, &entry.tuple)),
            None => self.places.needs_hash(id).then(|| self.hash_of_tuple(&entry.tuple, None)),
        };
        self.places.remove(id, hash);
        self.release(course.controller);
    }

    /// Takes the rare part of a tuple out, and returns its hash.
    #[inline(never)]
    fn remove_rare<A: Placed>(&mut self, place: u32, tuple: &Tuple<A>) -> u64 {
        let rare = self.rares.get(place).copied();
        let call = rare.and_then(|rare| rare.call);
        let hash = self.hash_of_tuple(tuple, call.and_then(|call| self.calls.get(call)));
        if let Some(rare) = rare {
            self.leave_alike(&rare, hash);
            self.rares.remove(place);
        }
        if let Some(call) = call {
            self.calls.remove(call);
        }
        hash
    }

    /// The template is no longer found, and shows it by its ports; it stays as long as it would
    /// have \[TPL-12\].
    pub(crate) fn invalidate(&mut self, id: ConnId) {
        match self.places.get(id) {
            Some(Found::V4(&entry)) => self.invalidate_entry(id, &entry),
            Some(Found::V6(&entry)) => self.invalidate_entry(id, &entry),
            None => {}
        }
    }

    /// One whose ports show it already is left as it is.
    fn invalidate_entry<A: Placed>(&mut self, id: ConnId, entry: &Entry<A>) {
        if entry.tuple.virtual_port == u16::MAX {
            return;
        }
        let rare = entry.course.rare().and_then(|place| self.rares.get(place)).copied();
        let call = rare.and_then(|rare| self.calls.get(rare.call?));
        let hash = self.hash_of_tuple(&entry.tuple, call);
        self.places.set_hidden(id, hash, true);
        if let Some(rare) = rare {
            self.leave_alike(&rare, hash);
            if let Some(rare) = self.rare_mut(id) {
                *rare.links_mut(Chain::Client) = Links::NONE;
            }
            self.settle(id);
        }
        if let Some(course) = self.course_mut(id) {
            course.flags.set(Flags::INVALID, true);
        }
    }

    /// Gives it a destination, and that one's method \[BK-12\]. Returns whether it has them: if there is
    /// no room for what its replies are found by then, nothing has changed.
    pub(crate) fn bind(&mut self, id: ConnId, dest: DestId, method: Method) -> bool {
        match self.places.get(id) {
            Some(Found::V4(&entry)) => self.bind_entry(id, entry, dest, method),
            Some(Found::V6(&entry)) => self.bind_entry(id, entry, dest, method),
            None => false,
        }
    }

    fn bind_entry<A: Placed>(
        &mut self,
        id: ConnId,
        entry: Entry<A>,
        dest: DestId,
        method: Method,
    ) -> bool {
        // Its real server's packets may be found by another key now.
        let was_found = self.leave_replies(id, &entry);
        self.settle(id);
        let Some(&before) = self.places.course(id) else { return false };
        let mut course = before;
        course.dest = place_of(dest);
        course.set_method(method);
        course.flags.set(Flags::INPUT_ONLY, !method.is_translated());
        let rare = course.rare().and_then(|place| self.rares.get(place));
        let is_mixed = rare.is_some_and(|rare| rare.server.is_some());
        let bound = Entry { course, ..entry };
        let mut reply = self.reply_of(&bound, self.local_of(&course), is_mixed);
        let has_room = reply.is_none() || self.has_room(false, None, reply);
        if has_room {
            self.of_dests.unlink(&mut self.places, &before);
            if let Some(place) = self.places.course_mut(id) {
                *place = course;
            }
            self.of_dests.link(&mut self.places, id);
        } else {
            // There is room for what it was found by, for it has just left.
            let unbound = Entry { course: before, ..entry };
            let old = self.reply_of(&unbound, self.local_of(&before), is_mixed);
            reply = old.filter(|_| was_found);
        }
        if let Some(reply) = reply {
            self.enter_replies(id, reply);
        }
        has_room
    }
}

/// What a connection is found by among the replies.
#[derive(Clone, Copy)]
struct Reply {
    hash: u64,
    /// The newest of the same key so far.
    older: Option<ConnId>,
}

/// Replies.
impl Conns {
    /// Those that are not translated are found by their clients' keys, but for those that no
    /// client's packet finds; and what is newer than one that is translated to just that address
    /// must be found before it.
    fn reply_of<A: Placed>(
        &self,
        entry: &Entry<A>,
        local: Option<Endpoint>,
        is_mixed: bool,
    ) -> Option<Reply> {
        let is_translated = entry.course.method().is_translated();
        if entry.tuple.template || is_mixed && is_translated {
            return None;
        }
        let is_plain = !is_translated && entry.tuple.is_shown();
        if is_plain && self.replies.is_empty() {
            return None;
        }
        let tuple = entry.reply_tuple(local);
        let hash = self.hash_of_tuple(&tuple, None);
        let older = self.newest_reply(hash, &tuple);
        (!is_plain || older.is_some()).then_some(Reply { hash, older })
    }

    fn enter_replies(&mut self, id: ConnId, reply: Reply) {
        let Reply { hash, older } = reply;
        match older {
            Some(older) => {
                self.chain(Chain::Reply, id, older);
                self.replies.replace(hash, older, Some(id));
            }
            None => self.replies.insert(hash, id),
        }
        if let Some(course) = self.places.course_mut(id) {
            course.flags.set(Flags::IN_REPLIES, true);
        }
    }

    /// Returns whether it was there.
    fn leave_replies<A: Placed>(&mut self, id: ConnId, entry: &Entry<A>) -> bool {
        if !entry.course.flags.has(Flags::IN_REPLIES) {
            return false;
        }
        let Some(course) = self.places.course_mut(id) else { return false };
        course.flags.set(Flags::IN_REPLIES, false);
        let rare = course.rare().and_then(|place| self.rares.get_mut(place));
        let links = rare.map(|rare| core::mem::replace(rare.links_mut(Chain::Reply), Links::NONE));
        let Links { front, behind } = links.unwrap_or(Links::NONE);
        if front.is_none() {
            let hash = self.hash_of_tuple(&self.reply_tuple(entry), None);
            self.replies.replace(hash, id, behind);
        }
        self.unchain(Chain::Reply, front, behind);
        true
    }
}

/// What few have.
impl Conns {
    /// Whether there is room for what one more connection needs beyond its place: records for
    /// itself and for those that it is in front of, and a place among the replies.
    fn has_room(&self, is_rare: bool, older: Option<ConnId>, reply: Option<Reply>) -> bool {
        let older_reply = reply.and_then(|reply| reply.older);
        let is_usual = |id: &ConnId| self.course(*id).is_some_and(|c| c.rare().is_none());
        let others = [older, older_reply.filter(|id| older != Some(*id))];
        let others = others.into_iter().flatten().filter(is_usual).count() as u32;
        let wanted = others + u32::from(is_rare || older_reply.is_some());
        let needs_place = reply.filter(|reply| reply.older.is_none());
        self.rares.room() >= wanted
            && needs_place.is_none_or(|reply| self.replies.has_room(reply.hash))
    }

    /// The rare part, made if there is none; `None` if there is no room for it.
    pub(super) fn rare_mut(&mut self, id: ConnId) -> Option<&mut Rare> {
        let course = self.places.course_mut(id)?;
        if course.rare().is_none() {
            course.mark = self.rares.insert(Rare::of_mark(course.mark))?;
            course.flags.set(Flags::RARE, true);
        }
        self.rares.get_mut(course.mark)
    }

    /// Gives the rare part back if nothing is rare any more.
    pub(super) fn settle(&mut self, id: ConnId) {
        let Some(course) = self.places.course_mut(id) else { return };
        let Some(place) = course.rare() else { return };
        if let Some(rare) = self.rares.get(place).filter(|rare| rare.is_usual()) {
            course.mark = rare.mark;
            course.flags.set(Flags::RARE, false);
            self.rares.remove(place);
        }
    }

    /// Puts `id` in front of the newest of a chain so far; both have a record, or room for one.
    fn chain(&mut self, chain: Chain, id: ConnId, older: ConnId) {
        if let Some(rare) = self.rare_mut(id) {
            rare.links_mut(chain).behind = Some(older);
        }
        if let Some(rare) = self.rare_mut(older) {
            rare.links_mut(chain).front = Some(id);
        }
    }

    /// Joins what stood in front of something with what stood behind it.
    fn unchain(&mut self, chain: Chain, front: Option<ConnId>, behind: Option<ConnId>) {
        if let Some(rare) = front.and_then(|front| self.rare_mut(front)) {
            rare.links_mut(chain).behind = behind;
        }
        if let Some(rare) = behind.and_then(|behind| self.rare_mut(behind)) {
            rare.links_mut(chain).front = front;
        }
        for id in [front, behind].into_iter().flatten() {
            self.settle(id);
        }
    }

    /// Leaves the chain of a client's key; behind the newest comes what is found from now on.
    fn leave_alike(&mut self, rare: &Rare, hash: u64) {
        let Links { front, behind } = *rare.links(Chain::Client);
        if let (None, Some(behind)) = (front, behind) {
            self.places.set_hidden(behind, hash, false);
        }
        self.unchain(Chain::Client, front, behind);
    }
}
