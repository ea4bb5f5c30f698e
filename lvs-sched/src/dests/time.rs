//! What time does to destinations: schedulers are looked after, and the trash is emptied.

use core::time::Duration;

use lvs_proto::Instant;

use super::{Dest, DestId, Dests, Group, Trashed};
use crate::scheduler::STRETCH;

/// How often the trash is looked through \[DST-6\].
pub(super) const TRASH_PERIOD: Duration = Duration::from_secs(60);
/// How long an unreferenced destination stays in the trash \[DST-6\].
const TRASH_AGE: Duration = Duration::from_secs(120);

/// A round through all schedulers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    /// The place of the group whose turn it is.
    group: u32,
    /// When the first of those before it wants to be looked after again.
    deadline: Option<Instant>,
}

impl Round {
    pub(super) const START: Self = Self { group: 0, deadline: None };
}

/// A run through the trash that has begun \[DST-6\].
#[derive(Clone, Copy, Debug)]
pub(super) struct TrashRun {
    now: Instant,
    /// How many were looked at.
    seen: usize,
    /// How many of them stay; they are at the front.
    kept: usize,
    /// Where what may refer to the next one is looked at next.
    place: usize,
}

impl Dests {
    /// When the trash or a scheduler wants to be looked after; not later than now as long as
    /// something is left to do.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.schedulers_deadline.into_iter().chain(self.trash_deadline).min()
    }

    /// Does what is due at `now`, or so much of it; returns how much it was, which is hardly more
    /// than `budget`.
    pub(crate) fn handle_timeout(&mut self, now: Instant, budget: usize) -> usize {
        let mut done = 0;
        if self.schedulers_deadline.is_some_and(|deadline| deadline <= now) {
            done = self.look_after_schedulers(now, budget);
        }
        // After them: what they have yet to forget does not refer to anything.
        let is_idle = self.schedulers_deadline.is_none_or(|deadline| deadline > now);
        if is_idle && self.trash_deadline.is_some_and(|deadline| deadline <= now) {
            done += self.empty_trash(now, budget.saturating_sub(done));
        }
        done
    }

    /// One for each group, and what its scheduler does.
    fn look_after_schedulers(&mut self, now: Instant, budget: usize) -> usize {
        let mut done = 0;
        while done < budget {
            if self.round.group as usize >= self.groups.capacity() {
                self.schedulers_deadline = self.round.deadline;
                self.round = Round::START;
                break;
            }
            if let Some(group) = self.groups.at_mut(self.round.group) {
                done += group.list.scheduler_mut().handle_timeout(now, budget - done);
                let deadline = group.list.scheduler().next_deadline();
                if deadline.is_some_and(|deadline| deadline <= now) {
                    break;
                }
                self.round.deadline = self.round.deadline.into_iter().chain(deadline).min();
            }
            self.round.group += 1;
            done += 1;
        }
        done
    }

    /// Begins a round anew.
    pub(super) fn find_schedulers_deadline(&mut self) {
        let lists = self.groups.values().map(|group| &group.list);
        let deadlines = lists.filter_map(|list| list.scheduler().next_deadline());
        self.schedulers_deadline = deadlines.min();
        self.round = Round::START;
    }

    /// Forgets what nothing has referred to for long enough \[DST-6\]: one for each destination,
    /// and for each stretch of a table that is looked through for it.
    fn empty_trash(&mut self, now: Instant, budget: usize) -> usize {
        let run = TrashRun { now, seen: 0, kept: 0, place: 0 };
        let mut run = self.trash_run.take().unwrap_or(run);
        for done in 1..=budget {
            if let Some(&trashed) = self.trash.get(run.seen) {
                self.judge(&mut run, trashed);
            }
            if run.seen >= self.trash.len() {
                self.trash.truncate(run.kept);
                let deadline = self.timers.deadline(run.now, TRASH_PERIOD);
                self.trash_deadline = (!self.trash.is_empty()).then_some(deadline);
                return done;
            }
        }
        self.trash_run = Some(run);
        budget
    }

    fn judge(&mut self, run: &mut TrashRun, mut trashed: Trashed) {
        let Some(is_referenced) = self.is_referenced(run, trashed.dest) else { return };
        (run.seen, run.place) = (run.seen + 1, 0);
        if !is_referenced {
            let since = *trashed.unreferenced_since.get_or_insert(run.now);
            if run.now.saturating_duration_since(since) >= TRASH_AGE {
                self.facts.remove(trashed.dest.0);
                self.loads.end(trashed.dest.place());
                return;
            }
        }
        if let Some(place) = self.trash.get_mut(run.kept) {
            *place = trashed;
        }
        run.kept += 1;
    }

    /// `None` as long as there is more to look through.
    fn is_referenced(&self, run: &mut TrashRun, id: DestId) -> Option<bool> {
        let Some(Dest { facts, load }) = self.get(id) else { return Some(false) };
        if load.total > 0 || facts.persistent > 0 {
            return Some(true);
        }
        let Some(Group { list, .. }) = self.groups.get(facts.group) else {
            return Some(false);
        };
        let scheduler = list.scheduler();
        let last = scheduler.references();
        let mut stretch = run.place..last.min(run.place + STRETCH);
        run.place = stretch.end;
        // Nobody picks it, so that where it was not found it will not be.
        let is_found = stretch.any(|index| scheduler.reference(index) == Some(id.place()));
        (is_found || run.place >= last).then_some(is_found)
    }

    /// A run that has begun is over before the trash changes otherwise.
    pub(super) fn finish_trash_run(&mut self) {
        if let Some(TrashRun { now, .. }) = self.trash_run {
            self.empty_trash(now, usize::MAX);
        }
    }
}
