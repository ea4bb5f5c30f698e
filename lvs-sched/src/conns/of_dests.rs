//! The connections and templates of each destination, newest first.

use alloc::vec::Vec;

use super::NOWHERE;
use super::entry::{ConnId, Course};
use super::places::Places;
use crate::{DestId, OutOfMemory};

/// The newest of each destination; the others hang on it by links in their entries.
#[derive(Debug)]
pub(crate) struct OfDests {
    /// By the place of the destination.
    dests: Vec<OfDest>,
}

#[derive(Clone, Copy, Debug)]
struct OfDest {
    /// The destination at that place, present or last; [`NOWHERE`] if there was none.
    id: DestId,
    newest: Option<ConnId>,
}

impl OfDests {
    pub(crate) const fn new() -> Self {
        Self { dests: Vec::new() }
    }

    /// Makes room for destinations in so many places.
    pub(crate) fn reserve(&mut self, places: usize) -> Result<(), OutOfMemory> {
        let more = places.saturating_sub(self.dests.len());
        self.dests.try_reserve(more).map_err(|_| OutOfMemory)?;
        self.dests.resize(self.dests.len() + more, OfDest { id: NOWHERE, newest: None });
        Ok(())
    }

    /// A destination whose place there is room for, known or not.
    pub(crate) fn add(&mut self, id: DestId) {
        if let Some(dest) = self.dests.get_mut(place_of(id) as usize) {
            dest.id = id;
        }
    }

    /// How many places of destinations there are.
    pub(crate) fn places(&self) -> u32 {
        self.dests.len() as u32
    }

    /// The destination at a place.
    #[inline]
    pub(crate) fn id(&self, place: u32) -> Option<DestId> {
        self.dests.get(place as usize).map(|dest| dest.id)
    }

    /// The newest connection or template of the destination at a place.
    pub(crate) fn newest(&self, place: u32) -> Option<ConnId> {
        self.dests.get(place as usize)?.newest
    }

    /// Puts what names a destination in front of its others.
    pub(crate) fn link(&mut self, places: &mut Places, id: ConnId) {
        let Some(course) = places.course_mut(id) else { return };
        let Some(dest) = self.dests.get_mut(course.dest as usize) else { return };
        let older = dest.newest.replace(id);
        (course.older, course.newer) = (older, None);
        if let Some(older) = older.and_then(|id| places.course_mut(id)) {
            older.newer = Some(id);
        }
    }

    /// Takes it out from among the others.
    pub(crate) fn unlink(&mut self, places: &mut Places, course: &Course) {
        let Course { older, newer, dest, .. } = *course;
        if let Some(older) = older.and_then(|id| places.course_mut(id)) {
            older.newer = newer;
        }
        if let Some(newer) = newer {
            if let Some(newer) = places.course_mut(newer) {
                newer.older = older;
            }
        } else if let Some(dest) = self.dests.get_mut(dest as usize) {
            dest.newest = older;
        }
    }
}

/// The place of a destination; of [what is none](Course::NO_DEST) as well.
pub(crate) const fn place_of(id: DestId) -> u32 {
    id.to_bits() as u32
}
