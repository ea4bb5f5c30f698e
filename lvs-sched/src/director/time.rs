//! What time does: ends connections, and looks after destinations.

use core::time::Duration;

use lvs_proto::Instant;

use super::Director;
use crate::conns::{Course, Due, Flags};
use crate::{ConnId, Timers};

/// A walk through the connections of all deleted destinations: due since when, and which
/// destination it has come to, by its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    deadline: Instant,
    dest: u32,
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

    /// Does what is due, in the order it was due, and hardly more of it than `budget`: one for each
    /// connection or template that is looked at or ended, for each bucket that the defences look at
    /// \[DEF-2\], for each service and each deleted destination that is looked after, and for every 64
    /// places of the caches and tables that are looked through for them \[LBLC-8\] \[DST-6\]. What is
    /// left goes on with the next call. A packet finds gone what is due of connections even before
    /// this, and what a cache has begun to forget; for the rest there is no other call.
    pub fn handle_timeout(&mut self, now: Instant, budget: usize) {
        let now = self.advance(now);
        let mut of_dests = self.dests.next_deadline();
        let mut left = budget;
        while left > 0 {
            let next = self.first_timer(of_dests).filter(|(deadline, _)| *deadline <= now);
            let Some((deadline, timer)) = next else { return };
            let mut done = 1;
            match timer {
                // All that are due at that moment: the rest comes after them.
                Timer::Conn => done = self.sweep(deadline, left).max(1),
                Timer::Nodest => self.walk_on(),
                Timer::Guard => self.look_around(deadline),
                Timer::Sync => self.close_sync_message(deadline),
                Timer::Dests => {
                    done = self.dests.handle_timeout(deadline, left).max(1);
                    of_dests = self.dests.next_deadline();
                }
            }
            left = left.saturating_sub(done);
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

    /// Ends up to `budget` of what is due; returns how many. Each packet asks, and mostly nothing is.
    #[inline(always)]
    pub(super) fn sweep(&mut self, now: Instant, budget: usize) -> usize {
        let tick = self.conns.tick_of(now);
        for ended in 0..budget {
            let Some(due) = self.conns.pop_due(tick) else { return ended };
            self.ended(now, due);
        }
        budget
    }

    fn ended(&mut self, now: Instant, due: Due) {
        match due {
            Due::NotYet => {}
            Due::PutOff(id) => self.announce_put_off(now, id),
            Due::Ended(course) => self.unbind(&course),
        }
    }

    /// \[CNT-4\]
    pub(super) fn unbind(&mut self, course: &Course) {
        let dest = self.conns.dest(course.dest);
        if course.is_template() {
            self.dests.unbind_template(dest);
            return;
        }
        self.dests.unbind(dest, course.flags.has(Flags::ACTIVE));
    }

    /// In one tick, the connections of deleted destinations end \[DST-7\].
    pub(super) fn expire_nodest_conns(&mut self, now: Instant) {
        let tick = match self.config.timers {
            Timers::Exact => Duration::ZERO,
            Timers::Ticks { length_micros } => Duration::from_micros(length_micros.get().into()),
        };
        let deadline = self.config.timers.deadline(now, tick);
        let restarted = self.nodest.filter(|walk| walk.dest == 0);
        self.nodest = Some(restarted.unwrap_or(Walk { deadline, dest: 0 }));
    }

    /// Ends one more connection of a deleted destination, or goes on to the next destination
    /// \[NOD-3\].
    fn walk_on(&mut self) {
        let Some(walk) = &mut self.nodest else { return };
        if walk.dest >= self.conns.dests() {
            self.nodest = None;
            return;
        }
        let deleted =
            self.dests.get(self.conns.dest(walk.dest)).filter(|dest| !dest.is_available());
        let newest = deleted.and_then(|_| self.conns.newest_of(walk.dest));
        // What controls others is older than they, and of their destination: its turn is last.
        let is_free = |id: &ConnId| self.conns.course(*id).is_some_and(|c| c.controlled == 0);
        match newest.filter(is_free) {
            Some(id) => self.force_end(id, |_| true),
            None => walk.dest += 1,
        }
    }

    /// Ends something now, and what controlled it if it now controls nothing and `goes` says so,
    /// and so on \[TPL-14\].
    pub(super) fn force_end(&mut self, id: ConnId, goes: impl Fn(&Course) -> bool) {
        let mut next = Some(id);
        while let Some(course) = next.and_then(|id| self.conns.remove(id)) {
            self.unbind(&course);
            let idle = |id: &ConnId| {
                let course = self.conns.course(*id);
                course.is_some_and(|course| course.controlled == 0 && goes(course))
            };
            next = course.controller.filter(idle);
        }
    }
}
