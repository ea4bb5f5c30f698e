//! All checks, and when each has something to do.

use lvs_proto::Instant;

use super::{Check, CheckId};
use crate::arena::Arena;
use crate::deadlines::Deadlines;
use crate::{OutOfMemory, Timers};
use core::time::Duration;

/// Checks, each with the moment when it is to begin an attempt or to abort the one that is running.
#[derive(Debug)]
pub(super) struct Checks {
    checks: Arena<Check>,
    deadlines: Deadlines,
}

/// Where the sums of moments and spans saturate: it never comes.
const NEVER: Instant = Instant::from_micros(u64::MAX);

impl Checks {
    pub(super) fn new(capacity: u32) -> Result<Self, OutOfMemory> {
        let mut checks = Arena::new();
        checks.reserve(capacity as usize)?;
        Ok(Self { checks, deadlines: Deadlines::new(capacity as usize)? })
    }

    pub(super) fn capacity(&self) -> u32 {
        self.checks.capacity() as u32
    }

    pub(super) fn room(&self) -> u32 {
        self.checks.room()
    }

    /// Keeps a check whose first attempt is at `at`; `None` if there is no room.
    pub(super) fn insert(&mut self, check: Check, at: Instant) -> Option<CheckId> {
        let id = CheckId(self.checks.insert(check)?);
        self.arm(id, at);
        Some(id)
    }

    pub(super) fn get(&self, id: CheckId) -> Option<&Check> {
        self.checks.get(id.0)
    }

    pub(super) fn get_mut(&mut self, id: CheckId) -> Option<&mut Check> {
        self.checks.get_mut(id.0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Check> {
        self.checks.values()
    }

    pub(super) fn arm(&mut self, id: CheckId, at: Instant) {
        if at < NEVER {
            self.deadlines.set(id.0.index, Timers::Exact.arm(at, Duration::ZERO));
        } else {
            self.deadlines.remove(id.0.index);
        }
    }

    /// Removes a check, once the attempt that is running is aborted.
    pub(super) fn end(&mut self, id: CheckId, now: Instant) {
        let Some(check) = self.checks.get_mut(id.0) else { return };
        check.ending = true;
        if check.is_running() {
            self.arm(id, now);
        } else {
            self.remove(id);
        }
    }

    pub(super) fn remove(&mut self, id: CheckId) {
        self.deadlines.remove(id.0.index);
        self.checks.remove(id.0);
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| deadline)
    }

    /// The check that was due first, if it is.
    pub(super) fn due(&self, now: Instant) -> Option<CheckId> {
        let (_, index) = self.deadlines.first().filter(|(deadline, _)| *deadline <= now)?;
        self.checks.key_at(index).map(CheckId)
    }
}
