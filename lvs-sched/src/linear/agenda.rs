//! Which of many things is due first, in a build without the feature `fast`: whoever asks goes
//! through all of them.

use alloc::vec::Vec;

use lvs_proto::Instant;

use crate::OutOfMemory;
use crate::arena::Key;

/// A moment for each of many things.
#[derive(Debug)]
pub(crate) struct Agenda {
    moments: Vec<Option<(Instant, Key)>>,
}

/// Where the sums of moments and spans saturate: it does not come.
const NEVER: Instant = Instant::from_micros(u64::MAX);

impl Agenda {
    pub(crate) fn new(capacity: usize) -> Result<Self, OutOfMemory> {
        let mut moments = Vec::new();
        moments.try_reserve_exact(capacity).map_err(|_| OutOfMemory)?;
        moments.resize(capacity, None);
        Ok(Self { moments })
    }

    pub(crate) fn first(&self) -> Option<(Instant, Key)> {
        // Keys order by their indexes.
        self.moments.iter().copied().flatten().min()
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.first().map(|(moment, _)| moment)
    }

    pub(crate) fn due(&self, now: Instant) -> Option<Key> {
        self.first().filter(|(moment, _)| *moment <= now).map(|(_, key)| key)
    }

    pub(crate) fn set(&mut self, key: Key, moment: Option<Instant>) {
        if let Some(place) = self.moments.get_mut(key.index as usize) {
            *place = moment.filter(|moment| *moment != NEVER).map(|moment| (moment, key));
        }
    }
}
