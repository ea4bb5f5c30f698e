//! The counters of destinations: all that picking and counting look at, a cache line for each.

use alloc::vec::Vec;

use super::{DestConfig, DestId};
use crate::{OutOfMemory, Profile};

/// What picking and counting look at of a destination.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Load {
    /// That of its key, or 0 if there is none.
    pub(super) generation: u32,
    /// The place of its group, or [`NO_GROUP`].
    pub(super) group: u32,
    /// Its place in the list.
    pub(crate) place: u32,
    pub(crate) weight: u32,
    pub(crate) active: u32,
    /// Active and inactive.
    pub(crate) total: u32,
    /// The weight while it is not overloaded, else 0.
    pub(crate) free_weight: u32,
    /// With this many connections the next one overloads it.
    upper: u32,
    /// Below this many it is no longer overloaded.
    lower: u32,
    /// Connections scheduled.
    pub(super) conns: u64,
    /// What its scheduler makes keys with: of a list with [`Steps`], these; else
    /// [`inverse`] of the weight.
    pub(crate) factor: u64,
    /// Of a list with [`Steps`], what tells who is picked: the smallest. It follows the counters,
    /// and is [`BARRED`] or more while the destination is not eligible.
    pub(crate) key: u64,
    pub(crate) overloaded: bool,
    /// Cleared when deleted \[DST-4\].
    pub(crate) available: bool,
    /// Why its scheduler is to hear of a count: [`WATCHED`], [`STIRRED`]. One octet, so that a count
    /// that nobody hears of asks one question.
    attention: u8,
}

const _: () = assert!(size_of::<Load>() == 64);

/// The scheduler wants to hear of every count.
const WATCHED: u8 = 1;
/// The overload flag has changed, which every scheduler hears of.
const STIRRED: u8 = 2;

/// In no list.
pub(super) const NO_GROUP: u32 = u32::MAX;

impl Load {
    const fn none() -> Self {
        Self {
            generation: 0,
            group: NO_GROUP,
            place: 0,
            weight: 0,
            active: 0,
            total: 0,
            free_weight: 0,
            upper: u32::MAX,
            lower: 0,
            conns: 0,
            factor: 0,
            key: 0,
            overloaded: false,
            available: false,
            attention: 0,
        }
    }

    /// Whether it is that of the destination that is meant, and not of another one in its place.
    #[inline]
    pub(super) const fn is_of(&self, id: DestId) -> bool {
        self.generation == id.0.generation.get()
    }

    /// Whether a scheduler may pick it \[SCH-4\].
    #[inline]
    pub(crate) const fn is_eligible(&self) -> bool {
        self.free_weight > 0
    }

    /// What `lc` and `wlc` compare, by [`Profile::active_surplus`] \[OVH-1\] \[OVH-2\].
    #[inline]
    pub(crate) const fn overhead(&self, active_surplus: u32) -> u32 {
        self.active.wrapping_mul(active_surplus).wrapping_add(self.total)
    }

    /// A connection is born \[CNT-2\]. One rule is right in both profiles: where the flag is looked
    /// at at the bounds alone, it is right beyond them by then \[OVL-3\].
    #[inline]
    pub(crate) const fn open(&mut self, active: bool) -> Result<(), CountError> {
        if self.total >= self.upper {
            if self.total == u32::MAX {
                return Err(CountError::TooMany);
            }
            self.set_overloaded(true);
        }
        self.total = self.total.wrapping_add(1);
        self.active = self.active.wrapping_add(active as u32);
        let Steps { per_active, per_conn } = self.steps();
        let more = if active { per_active as u64 + per_conn as u64 } else { per_conn as u64 };
        self.key = self.key.wrapping_add(more);
        Ok(())
    }

    #[inline]
    pub(crate) const fn count_conn(&mut self) {
        self.conns = self.conns.wrapping_add(1);
    }

    /// A connection ends \[CNT-4\] \[OVL-3\].
    #[inline]
    pub(crate) const fn close(&mut self, active: bool) -> Result<(), CountError> {
        if active {
            if self.active == 0 {
                return Err(CountError::NoneActive);
            }
            self.active -= 1;
            self.key = self.key.wrapping_sub(self.steps().per_active as u64);
        } else if self.active >= self.total {
            return Err(CountError::NoneInactive);
        }
        self.total = self.total.wrapping_sub(1);
        self.key = self.key.wrapping_sub(self.steps().per_conn as u64);
        if self.total < self.lower {
            self.set_overloaded(false);
        }
        Ok(())
    }

    /// An inactive connection becomes active \[CNT-5\].
    #[inline]
    pub(crate) const fn activate(&mut self) -> Result<(), CountError> {
        if self.active >= self.total {
            return Err(CountError::NoneInactive);
        }
        self.active += 1;
        self.key = self.key.wrapping_add(self.steps().per_active as u64);
        Ok(())
    }

    /// An active connection becomes inactive \[CNT-5\].
    #[inline]
    pub(crate) const fn deactivate(&mut self) -> Result<(), CountError> {
        if self.active == 0 {
            return Err(CountError::NoneActive);
        }
        self.active -= 1;
        self.key = self.key.wrapping_sub(self.steps().per_active as u64);
        Ok(())
    }

    /// What `config` means for it. The thresholds' part is \[OVL-2\] c, \[OVL-4\].
    pub(super) fn configure(&mut self, config: &DestConfig, old: &DestConfig, profile: Profile) {
        self.weight = config.weight;
        self.set_overloaded(self.overloaded);
        let (upper, lower) = (config.upper_threshold, config.lower_threshold);
        self.upper = upper.wrapping_sub(1);
        // E of OVL-1; the 4·sum < 3·U of OVL-4 says the same.
        self.lower = if lower == 0 { upper - upper / 4 } else { lower };
        match profile {
            Profile::Classic => {
                if upper == 0 || upper > old.upper_threshold {
                    self.set_overloaded(false);
                }
            }
            Profile::Linux6_1_183 => {
                if (upper, lower) == (old.upper_threshold, old.lower_threshold) {
                    return;
                }
                if upper == 0 || self.total < self.lower {
                    self.set_overloaded(false);
                } else if self.total >= upper {
                    self.set_overloaded(true);
                }
            }
        }
    }

    const fn set_overloaded(&mut self, overloaded: bool) {
        if overloaded != self.overloaded {
            self.attention |= STIRRED;
            if self.weight > 0 {
                self.key = self.key.wrapping_add(BARRED);
            }
        }
        self.overloaded = overloaded;
        self.free_weight = if overloaded { 0 } else { self.weight };
    }

    #[inline]
    const fn steps(&self) -> Steps {
        Steps { per_active: (self.factor >> 32) as u32, per_conn: self.factor as u32 }
    }

    /// Whether its scheduler wants to hear of what was just counted.
    #[inline]
    pub(super) const fn wants_attention(&self) -> bool {
        self.attention != 0
    }

    /// Its scheduler has heard of what was just counted.
    #[inline]
    pub(super) const fn heard(&mut self) {
        self.attention &= WATCHED;
    }

    /// Its scheduler has heard of it, and wants to hear of every count or not.
    pub(super) const fn attended(&mut self, watched: bool) {
        self.attention = if watched { WATCHED } else { 0 };
    }
}

/// What a key grows by, of a scheduler that need not hear of counts for that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    /// For each active connection.
    pub(crate) per_active: u32,
    /// For each connection, active and inactive.
    pub(crate) per_conn: u32,
}

impl Steps {
    /// These, as a [factor](Load::factor).
    pub(crate) const fn factor(self) -> u64 {
        (self.per_active as u64) << 32 | self.per_conn as u64
    }
}

/// Added to the [key](Load::key) of who is not eligible.
pub(crate) const BARRED: u64 = 1 << 63;

/// `2^64 / weight`, rounded down, or a little less; 0 of weight 0.
pub(crate) const fn inverse(weight: u32) -> u64 {
    match u64::MAX.checked_div(weight as u64) {
        Some(inverse) => inverse,
        None => 0,
    }
}

/// Why a connection was not counted. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountError {
    /// There is no destination of this id, or no longer.
    #[error("unknown destination")]
    UnknownDest,
    /// The destination has no active connection.
    #[error("the destination has no active connection")]
    NoneActive,
    /// The destination has no inactive connection.
    #[error("the destination has no inactive connection")]
    NoneInactive,
    /// The destination has 2^32 - 1 connections.
    #[error("the destination has too many connections")]
    TooMany,
}

/// The [`Load`] of each destination, at the index of its id.
#[derive(Debug)]
pub(crate) struct Loads(Vec<Load>);

impl Loads {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Makes room for the indexes below `capacity`.
    pub(super) fn reserve(&mut self, capacity: usize) -> Result<(), OutOfMemory> {
        let more = capacity.saturating_sub(self.0.len());
        self.0.try_reserve(more).map_err(|_| OutOfMemory)?;
        self.0.resize(self.0.len() + more, Load::none());
        Ok(())
    }

    /// A destination of that id begins, without connections.
    pub(super) fn begin(&mut self, id: DestId) {
        if let Some(load) = self.0.get_mut(id.index()) {
            *load = Load { generation: id.0.generation.get(), ..Load::none() };
        }
    }

    pub(super) fn end(&mut self, id: DestId) {
        if let Some(load) = self.get_mut(id) {
            *load = Load::none();
        }
    }

    #[inline]
    pub(crate) fn get(&self, id: DestId) -> Option<&Load> {
        self.0.get(id.index()).filter(|load| load.is_of(id))
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: DestId) -> Option<&mut Load> {
        self.0.get_mut(id.index()).filter(|load| load.is_of(id))
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[Load] {
        &self.0
    }
}
