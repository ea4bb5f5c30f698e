//! The table of connections and templates: found by key, ended by deadline.
//!
//! Each family has a table of its own; places are numbered through both, those of IPv4 first, and
//! whatever has one element per connection is an array by these numbers. The index is of the newest
//! connection of each key alone; what stands behind it, told to end or not, is chained to it and
//! comes back when it is gone \[CON-3\] \[CON-12\].

mod calls;
mod conn;
mod control;
#[cfg_attr(not(feature = "fast"), path = "linear/deadlines.rs")]
mod deadlines;
mod entry;
mod find;
mod keep;
mod key;
mod lookup;
mod of_dests;
mod places;
mod queue;
mod rare;
mod replies;
#[cfg_attr(not(feature = "prefetch"), path = "no_scouts.rs")]
mod scouts;
mod table;
#[cfg(test)]
mod tests;
mod wheel;

use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;

use lvs_proto::{CallId, Family, Hop, Instant, Origin};

use calls::Calls;
pub use conn::Conn;
pub(crate) use control::Control;
pub use entry::ConnId;
use entry::Entry;
pub(crate) use entry::{Course, Flags};
pub use key::ConnKey;
pub(crate) use lookup::Clue;
pub use lookup::Lookup;
use of_dests::OfDests;
use places::{Found, Placed, Places};
use queue::Queue;
use rare::Rares;
use replies::Replies;

use crate::hash::Seed;
use crate::{DestId, OutOfMemory, SyncState, Timers};

/// The destination of what has none; no destination ever is of this id.
pub(crate) const NOWHERE: DestId = DestId::from_bits(u64::MAX);
/// How long something lives on that may not end yet \[TPL-10\].
const EXPIRE_LATER_SECS: u32 = 60;

/// How many connections and templates there is room for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub(crate) v4: u32,
    pub(crate) v6: u32,
    pub(crate) rare: u32,
    pub(crate) calls: u32,
}

/// A fixed number of places for connections and templates.
#[derive(Debug)]
pub(crate) struct Conns {
    places: Places,
    replies: Replies,
    rares: Rares,
    calls: Calls,
    of_dests: OfDests,
    queue: Queue,
    /// What other directors were told of each; empty as long as they never were told.
    sync: Vec<SyncState>,
    seed: Seed,
    timers: Timers,
}

impl Conns {
    pub(crate) fn new(capacity: Capacity, seed: Seed, timers: Timers) -> Result<Self, OutOfMemory> {
        let Capacity { v4, v6, rare, calls } = capacity;
        let places = Places::new(v4, v6)?;
        Ok(Self {
            replies: Replies::new(v4.checked_add(v6).ok_or(OutOfMemory)?)?,
            rares: Rares::new(rare)?,
            calls: Calls::new(calls)?,
            of_dests: OfDests::new(),
            queue: Queue::new(timers, places.count() as usize)?,
            places,
            sync: Vec::new(),
            seed,
            timers,
        })
    }

    #[inline]
    pub(crate) fn course(&self, id: ConnId) -> Option<&Course> {
        self.places.course(id)
    }

    #[inline]
    pub(crate) fn course_mut(&mut self, id: ConnId) -> Option<&mut Course> {
        self.places.course_mut(id)
    }

    pub(crate) fn is_taken(&self, id: ConnId) -> bool {
        self.places.is_taken(id)
    }

    /// What is at a place, if it is taken.
    pub(crate) fn get(&self, id: ConnId) -> Option<Conn> {
        if !self.is_taken(id) {
            return None;
        }
        match self.places.get(id)? {
            Found::V4(entry) => Some(self.conn(entry)),
            Found::V6(entry) => Some(self.conn(entry)),
        }
    }

    fn conn<A: Placed>(&self, entry: &Entry<A>) -> Conn {
        let Entry { tuple, server_port, server, course } = entry;
        let rare = course.rare().and_then(|place| self.rares.get(place));
        let (mut key, mut port) = (tuple.key(), *server_port);
        if course.flags.has(Flags::INVALID) {
            (key.virtual_port, port) = (u16::MAX, u16::MAX);
        }
        let address = rare.and_then(|rare| rare.server).unwrap_or(server.ip());
        Conn {
            key,
            dest: self.dest(course.dest),
            hop: Hop {
                local: rare.and_then(|rare| rare.local),
                toa: rare.is_some_and(|rare| rare.toa),
                ..Hop::new(course.method(), address, port)
            },
            state: course.state,
            active: course.flags.has(Flags::ACTIVE),
            input_only: course.flags.has(Flags::INPUT_ONLY),
            mark: rare.map_or(course.mark, |rare| rare.mark),
            in_packets: course.in_packets,
            timeout_secs: course.timeout_secs,
            due: self.timers.moment(course.last_alarm().due),
            call: rare.and_then(|rare| rare.call),
            controller: course.controller,
            synced: course.flags.has(Flags::SYNCED),
        }
    }

    /// Where packets of a connection go next.
    pub(crate) fn next_hop(&self, id: ConnId) -> Option<Hop> {
        self.get(id).map(|conn| conn.next_hop())
    }

    /// The same if the entry says it all: of most connections, in less time.
    #[inline]
    pub(crate) fn plain_hop(&self, id: ConnId) -> Option<Hop> {
        match self.places.get(id)? {
            Found::V4(entry) => entry.plain_hop(),
            Found::V6(entry) => entry.plain_hop(),
        }
    }

    /// Where packets of a connection's real server come from in the client's eyes.
    #[inline]
    pub(crate) fn origin(&self, id: ConnId) -> Option<Origin> {
        match self.places.get(id)? {
            Found::V4(entry) => Some(entry.origin()),
            Found::V6(entry) => Some(entry.origin()),
        }
    }

    /// The real server has been told who the client is \[FN-4\].
    pub(crate) fn told(&mut self, id: ConnId) {
        let rare = self.course(id).and_then(Course::rare);
        if let Some(rare) = rare.and_then(|place| self.rares.get_mut(place)) {
            rare.toa = false;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Conn> {
        (0..self.buckets()).flat_map(|bucket| self.bucket(bucket)).filter_map(|id| self.get(id))
    }

    /// How many more of a family fit the table.
    pub(crate) const fn room(&self, family: Family) -> u32 {
        self.places.room(family)
    }

    /// The same of the family that has the least, of those that have any places.
    pub(crate) fn least_room(&self) -> u32 {
        self.places.least_room()
    }

    /// How many buckets the table has.
    pub(crate) fn buckets(&self) -> usize {
        self.places.buckets()
    }

    /// Those of a family.
    pub(crate) fn buckets_of(&self, family: Family) -> Range<usize> {
        self.places.buckets_of(family)
    }

    /// What is in a bucket of the table.
    pub(crate) fn bucket(&self, bucket: usize) -> impl Iterator<Item = ConnId> + use<> {
        self.places.bucket(bucket)
    }

    /// The Call-ID that a template is for.
    pub(crate) fn call_id(&self, conn: &Conn) -> Option<CallId<'_>> {
        self.calls.get(conn.call?)
    }
}

/// Time.
impl Conns {
    /// Ends at `now` plus its timeout, unless that is put off again \[CON-10\].
    #[inline]
    pub(crate) fn arm(&mut self, now: Instant, id: ConnId) {
        self.arm_for(self.timers.tick_of(now), id, |course| course.timeout_secs);
    }

    /// "Expire now": it ends with the next tick \[CON-12\].
    pub(crate) fn expire(&mut self, now: Instant, id: ConnId) {
        self.arm_for(self.timers.tick_of(now), id, |_| 0);
    }

    #[inline]
    fn arm_for(&mut self, tick: u64, id: ConnId, secs: impl FnOnce(&mut Course) -> u32) {
        if let Some(course) = self.places.course_mut(id) {
            let alarm = self.timers.arm(tick, self.timers.ticks_in(secs(course)));
            let old = course.alarm();
            course.set_alarm(alarm);
            self.queue.set(id, old, alarm);
        }
    }

    /// What is due is gone, swept or not, unless it controls something \[TPL-10\].
    #[inline]
    fn lives(&self, now: Instant, course: &Course) -> bool {
        course.controlled > 0 || !self.is_due(now, course)
    }

    #[inline]
    fn is_due(&self, now: Instant, course: &Course) -> bool {
        let fires = course.alarm().map_or(0, |alarm| self.timers.fires(alarm));
        self.timers.moment(fires) <= now
    }

    /// What is due and was found all the same controls something: its timeout is the short one from
    /// now on \[TPL-10\].
    pub(crate) fn shorten_if_due(&mut self, now: Instant, id: ConnId) {
        if self.course(id).is_some_and(|course| self.is_due(now, course)) {
            if let Some(course) = self.course_mut(id) {
                course.timeout_secs = EXPIRE_LATER_SECS;
            }
        }
    }

    /// How long it has not had a packet.
    pub(crate) fn idle(&self, now: Instant, course: &Course) -> Duration {
        let due = self.timers.moment(course.last_alarm().due);
        let timeout = Duration::from_secs(course.timeout_secs.into());
        timeout.saturating_sub(due.saturating_duration_since(now))
    }

    /// When [`pop_due`](Self::pop_due) is wanted.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.queue.first().map(|tick| self.timers.moment(tick))
    }

    /// The tick that [`pop_due`](Self::pop_due) is asked for at `now`.
    pub(crate) fn tick_of(&self, now: Instant) -> u64 {
        self.timers.tick_of(now)
    }

    /// Takes out what is due first, if it is due at this tick. What still controls something is put
    /// off instead, for good with the short timeout \[TPL-10\] \[CON-11\].
    #[inline]
    pub(crate) fn pop_due(&mut self, tick: u64) -> Option<Due> {
        let (tick, id) = self.queue.visit(tick)?;
        // Two for each one that ends, until they are far enough ahead.
        for _ in 0..2 {
            let Some(next) = self.queue.look_ahead() else { break };
            self.places.prefetch_entry(next);
            self.places.prefetch_tags(next);
        }
        Some(match self.places.get(id) {
            Some(Found::V4(&entry)) => self.end(tick, id, &entry),
            Some(Found::V6(&entry)) => self.end(tick, id, &entry),
            None => Due::NotYet,
        })
    }

    #[inline]
    fn end<A: Placed>(&mut self, tick: u64, id: ConnId, entry: &Entry<A>) -> Due {
        let course = &entry.course;
        if self.timers.fires(course.last_alarm()) != tick {
            return Due::NotYet;
        }
        if course.controlled > 0 {
            // From the moment it was due, so that a late sweep gives what one in time gives.
            self.arm_for(tick, id, |course| {
                course.timeout_secs = EXPIRE_LATER_SECS;
                EXPIRE_LATER_SECS
            });
            return Due::PutOff(id);
        }
        self.remove_entry(id, entry);
        Due::Ended(*course)
    }
}

/// What a deadline led to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Due {
    /// Nothing: the deadline was another's.
    NotYet,
    /// It was put off.
    PutOff(ConnId),
    /// It was taken out.
    Ended(Course),
}

/// Who belongs to whom.
impl Conns {
    /// Makes room for destinations in so many places.
    pub(crate) fn reserve_dests(&mut self, places: usize) -> Result<(), OutOfMemory> {
        self.of_dests.reserve(places)
    }

    /// A destination that connections may be of from now on; there is room for its place.
    pub(crate) fn add_dest(&mut self, id: DestId) {
        self.of_dests.add(id);
    }

    /// The destination at a place, or what names none.
    #[inline]
    pub(crate) fn dest(&self, place: u32) -> DestId {
        self.of_dests.id(place).unwrap_or(NOWHERE)
    }

    /// How many places of destinations there are.
    pub(crate) fn dests(&self) -> u32 {
        self.of_dests.places()
    }

    /// The newest connection or template of the destination at a place.
    pub(crate) fn newest_of(&self, dest: u32) -> Option<ConnId> {
        self.of_dests.newest(dest)
    }

    /// One more is made through `controller` \[TPL-8\].
    pub(crate) fn hold(&mut self, controller: Option<ConnId>) {
        if let Some(controller) = controller.and_then(|id| self.course_mut(id)) {
            controller.controlled = controller.controlled.saturating_add(1);
        }
    }

    /// One that was made through `controller` is no more.
    pub(crate) fn release(&mut self, controller: Option<ConnId>) {
        if let Some(controller) = controller.and_then(|id| self.course_mut(id)) {
            controller.controlled = controller.controlled.saturating_sub(1);
        }
    }
}

/// What other directors were told.
impl Conns {
    /// Remembers it from now on; what was made before was announced as `announced` says.
    pub(crate) fn remember_sync(
        &mut self,
        announced: impl Fn(&Course) -> SyncState,
    ) -> Result<(), OutOfMemory> {
        if !self.sync.is_empty() {
            return Ok(());
        }
        let count = self.places.count();
        self.sync.try_reserve_exact(count as usize).map_err(|_| OutOfMemory)?;
        let courses = (0..count).map(|place| self.places.course(ConnId::new(place)));
        self.sync.extend(courses.map(|course| course.map(&announced).unwrap_or_default()));
        Ok(())
    }

    pub(crate) fn sync_state(&self, id: ConnId) -> SyncState {
        self.sync.get(id.place() as usize).copied().unwrap_or_default()
    }

    pub(crate) fn set_sync_state(&mut self, id: ConnId, state: SyncState) {
        if let Some(place) = self.sync.get_mut(id.place() as usize) {
            *place = state;
        }
    }
}
