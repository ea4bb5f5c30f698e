//! What time does: ends connections, and looks after destinations.

use core::time::Duration;

use lvs_proto::Instant;

use super::Director;
use crate::arena::Key;
use crate::conn::Due;
use crate::{Conn, Dest, Timers};

/// A walk over the whole table: due since when, and how far it has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    deadline: Instant,
    place: u32,
}

/// What is due; of several, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Conn,
    Nodest,
    Guard,
    Dests,
    Sync,
}

impl Director {
    /// When [`handle_timeout`](Self::handle_timeout) is wanted; not later than now as long as it
    /// has something left to do. The answer may change with every other call.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.first_timer(self.dests.next_deadline()).map(|(deadline, _)| deadline)
    }

    /// Does what is due, in the order it was due: at most `budget` connections and templates are
    /// looked at or ended, and destinations and caches looked after. A packet finds a connection
    /// that is due gone even before this; for the rest there is no other call.
    ///
    /// Three kinds of work count as one of the budget and are bounded by what was configured: the
    /// caches of all services are swept together, in time proportional to their capacities
    /// \[LBLC-1\]; once a minute the deleted destinations are gone through, and the cache of its
    /// service for each \[DST-6\]; and once a second the defences look at a thirty-second of the
    /// table \[DEF-2\].
    pub fn handle_timeout(&mut self, now: Instant, budget: usize) {
        let now = self.advance(now);
        let mut of_dests = self.dests.next_deadline();
        for _ in 0..budget {
            match self.first_timer(of_dests).filter(|(deadline, _)| *deadline <= now) {
                None => return,
                Some((deadline, Timer::Conn)) => self.end_one(deadline),
                Some((_, Timer::Nodest)) => self.walk_on(),
                Some((deadline, Timer::Guard)) => self.look_around(deadline),
                Some((deadline, Timer::Sync)) => self.close_sync_message(deadline),
                Some((deadline, Timer::Dests)) => {
                    self.dests.handle_timeout(deadline);
                    of_dests = self.dests.next_deadline();
                }
            }
        }
    }

    fn first_timer(&self, of_dests: Option<Instant>) -> Option<(Instant, Timer)> {
        let of_conns = self.conns.next_deadline().map(|deadline| (deadline, Timer::Conn));
        let of_walk = self.nodest.map(|walk| (walk.deadline, Timer::Nodest));
        let of_dests = of_dests.map(|deadline| (deadline, Timer::Dests));
        let of_guard = self.guard.deadline().map(|deadline| (deadline, Timer::Guard));
        let of_sync = self.sync_deadline().map(|deadline| (deadline, Timer::Sync));
        [of_conns, of_walk, of_guard, of_dests, of_sync].into_iter().flatten().min()
    }

    /// Ends up to `budget` of what is due.
    pub(super) fn sweep(&mut self, now: Instant, budget: usize) {
        for _ in 0..budget {
            if self.conns.next_deadline().is_none_or(|deadline| deadline > now) {
                return;
            }
            self.end_one(now);
        }
    }

    fn end_one(&mut self, now: Instant) {
        match self.conns.pop_due(now) {
            Due::Nothing => {}
            Due::PutOff(id) => self.announce_put_off(now, id),
            Due::Ended(conn) => self.unbind(&conn),
        }
    }

    /// \[CNT-4\]
    pub(super) fn unbind(&mut self, conn: &Conn) {
        if conn.key.template {
            self.dests.unbind_template(conn.dest);
            return;
        }
        if conn.active {
            self.dests.deactivate(conn.dest);
        }
        self.dests.unbind(conn.dest);
    }

    /// In one tick, the connections of deleted destinations end \[DST-7\].
    pub(super) fn expire_nodest_conns(&mut self, now: Instant) {
        let tick = match self.config.timers {
            Timers::Exact => Duration::ZERO,
            Timers::Ticks { length_micros } => Duration::from_micros(length_micros.get().into()),
        };
        let deadline = self.config.timers.arm(now, tick).fires;
        let restarted = self.nodest.filter(|walk| walk.place == 0);
        self.nodest = Some(restarted.unwrap_or(Walk { deadline, place: 0 }));
    }

    /// Looks at one more place of the table \[NOD-3\].
    fn walk_on(&mut self) {
        let Some(walk) = &mut self.nodest else { return };
        let place = walk.place;
        walk.place = place.saturating_add(1);
        if place >= self.config.connections {
            self.nodest = None;
            return;
        }
        let Some((id, conn)) = self.conns.at(place) else { return };
        let deleted = self.dests.get(conn.dest).is_some_and(|dest: Dest<'_>| !dest.is_available());
        if deleted && conn.controlled == 0 {
            self.force_end(id, |_| true);
        }
    }

    /// Ends something now, and what controlled it if it now controls nothing and `goes` says so,
    /// and so on \[TPL-14\].
    pub(super) fn force_end(&mut self, id: Key, goes: impl Fn(&Conn) -> bool) {
        let mut next = Some(id);
        while let Some(conn) = next.and_then(|id| self.conns.remove(id)) {
            self.unbind(&conn);
            let idle = |id: &Key| {
                self.conns.get(*id).is_some_and(|conn| conn.controlled == 0 && goes(conn))
            };
            next = conn.controller.filter(idle);
        }
    }
}
