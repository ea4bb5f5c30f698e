//! Which of many things is due first, in a build without the feature `fast`: whoever asks goes
//! through all of them.

use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::OutOfMemory;

/// The deadline of each index.
#[derive(Debug)]
pub(crate) struct Deadlines {
    deadlines: Vec<Option<Deadline>>,
    /// How many were queued so far.
    queued: u64,
}

/// What fires together goes by level, then the last queued first \[CONV-9\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Deadline {
    fires: u64,
    level: Reverse<u8>,
    queued: Reverse<u64>,
}

impl Deadlines {
    pub(crate) fn new(capacity: usize) -> Result<Self, OutOfMemory> {
        let mut deadlines = Vec::new();
        deadlines.try_reserve_exact(capacity).map_err(|_| OutOfMemory)?;
        deadlines.resize(capacity, None);
        Ok(Self { deadlines, queued: 0 })
    }

    pub(crate) fn first(&self) -> Option<(u64, u32)> {
        let all = self.deadlines.iter().zip(0..);
        let queued = all.filter_map(|(deadline, index)| deadline.map(|of| (of, index)));
        queued.min().map(|(of, index)| (of.fires, index))
    }

    pub(crate) fn set(&mut self, index: u32, fires: u64, level: u8) {
        let Some(place) = self.deadlines.get_mut(index as usize) else { return };
        let level = Reverse(level);
        if place.is_none_or(|old| (old.fires, old.level) != (fires, level)) {
            *place = Some(Deadline { fires, level, queued: Reverse(self.queued) });
            self.queued += 1;
        }
    }

    pub(crate) fn remove(&mut self, index: u32) {
        if let Some(place) = self.deadlines.get_mut(index as usize) {
            *place = None;
        }
    }
}
