//! All checks, and when each has something to do.

use lvs_proto::Instant;

use super::{Check, CheckId};
use crate::OutOfMemory;
use crate::agenda::Agenda;
use crate::arena::Arena;

/// Checks, each with the moment when it is to begin an attempt or to abort the one that is running.
#[derive(Debug)]
pub(super) struct Checks {
    checks: Arena<Check>,
    agenda: Agenda,
}

impl Checks {
    pub(super) fn new(capacity: u32) -> Result<Self, OutOfMemory> {
        let mut checks = Arena::new();
        checks.reserve(capacity as usize)?;
        Ok(Self { checks, agenda: Agenda::new(capacity as usize)? })
    }

    pub(super) fn capacity(&self) -> usize {
        self.checks.capacity()
    }

    pub(super) fn room(&self) -> usize {
        self.checks.capacity() - self.checks.len()
    }

    /// Keeps a check whose first attempt is at `begin`; `None` if there is no room.
    pub(super) fn insert(&mut self, check: Check, begin: Instant) -> Option<CheckId> {
        let id = CheckId(self.checks.insert(check)?);
        self.arm(id, begin);
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

    pub(super) fn arm(&mut self, id: CheckId, moment: Instant) {
        self.agenda.set(id.0, Some(moment));
    }

    /// Removes a check, but not before the attempt that is running is aborted.
    pub(super) fn end(&mut self, id: CheckId, now: Instant) {
        match self.checks.get_mut(id.0) {
            Some(check) if check.is_running() => {
                check.ending = true;
                self.arm(id, now);
            }
            _ => self.remove(id),
        }
    }

    pub(super) fn remove(&mut self, id: CheckId) {
        self.agenda.set(id.0, None);
        self.checks.remove(id.0);
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.agenda.next()
    }

    /// The check that is due first, if that is not after `now`.
    pub(super) fn due(&self, now: Instant) -> Option<CheckId> {
        self.agenda.due(now).map(CheckId)
    }
}
