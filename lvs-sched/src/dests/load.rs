//! The counters of destinations: all that picking and counting look at, a cache line for each.

use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::num::NonZeroU32;

use super::growth::{Growth, Watch};
use super::{DestConfig, DestId};
use crate::arena::Key;
use crate::{OutOfMemory, Profile};

/// What picking and counting look at of a destination.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Load {
    /// That of its key, or 0 if there is no destination.
    pub(super) generation: u32,
    /// Whose list it is in, or [`NO_GROUP`].
    pub(super) group: u32,
    /// Where in the list.
    pub(crate) position: u32,
    pub(crate) weight: u32,
    pub(crate) active: u32,
    /// Active and inactive.
    pub(crate) total: u32,
    /// The lesser of `upper` and what the key has room for: with so many connections one more is
    /// looked at more closely.
    bound: u32,
    /// With this many connections the next one overloads it.
    upper: u32,
    /// Below this many it is no longer overloaded.
    lower: u32,
    /// Connections scheduled.
    pub(super) conns: u64,
    /// Of a list with [`Growth`], its unit; else what its scheduler makes keys with.
    pub(crate) factor: u64,
    /// Of a list with [`Growth`], what tells who is picked: the smallest. It follows the counters,
    /// is [`BARRED`] while the destination is not eligible, and wraps where it has no room.
    pub(crate) key: u64,
    /// Units that its key grows by with each active connection, besides those of each.
    per_active: u16,
    /// Units that its key grows by with each connection.
    per_conn: u8,
    flags: u8,
}

const _: () = assert!(size_of::<Load>() == 64);

/// The scheduler wants to hear of every count.
const WATCHED: u8 = 1;
/// What every scheduler hears of has changed: the overload flag, or whether the key has room.
const STIRRED: u8 = 2;
/// The thresholds keep new connections away \[OVL-5\].
const OVERLOADED: u8 = 4;
/// In a list \[DST-4\].
const AVAILABLE: u8 = 8;
/// Its key is made anew for every count: it is less while no connection is active \[NQ-1\].
const RESTING: u8 = 16;
/// Its weight is 0, or there is no destination \[DST-14\].
const QUIESCED: u8 = 32;
/// The scheduler wants to hear when it has no more [room](Load::has_room), or some again.
const FILLING: u8 = 64;
/// It has none.
const FULL: u8 = 128;

/// As many connections as fit the kernel's counters, which have a sign.
pub(super) const COUNTED_AT_MOST: u32 = i32::MAX as u32;

/// In no list.
pub(super) const NO_GROUP: u32 = u32::MAX;

impl Load {
    /// Where there is no destination, no connection is opened: the bound is 0.
    const fn none() -> Self {
        Self {
            generation: 0,
            group: NO_GROUP,
            position: 0,
            weight: 0,
            active: 0,
            total: 0,
            bound: 0,
            upper: u32::MAX,
            lower: 0,
            conns: 0,
            factor: 0,
            key: BARRED,
            per_active: 0,
            per_conn: 0,
            flags: QUIESCED,
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
        self.flags & (OVERLOADED | QUIESCED) == 0
    }

    #[inline]
    pub(crate) const fn is_overloaded(&self) -> bool {
        self.flags & OVERLOADED != 0
    }

    /// Cleared when deleted \[DST-4\].
    #[inline]
    pub(crate) const fn is_available(&self) -> bool {
        self.flags & AVAILABLE != 0
    }

    /// The weight while it is not overloaded, else 0.
    #[inline]
    pub(crate) const fn free_weight(&self) -> u32 {
        if self.is_overloaded() { 0 } else { self.weight }
    }

    /// What `lc` and `wlc` compare, by [`Profile::active_surplus`] \[OVH-1\] \[OVH-2\].
    #[inline]
    pub(crate) const fn overhead(&self, active_surplus: u32) -> u32 {
        self.active.wrapping_mul(active_surplus).wrapping_add(self.total)
    }

    /// Whether one more connection is looked at more closely.
    #[inline]
    pub(crate) const fn is_at_bound(&self) -> bool {
        self.total >= self.bound
    }

    /// A connection is born \[CNT-2\].
    #[inline]
    pub(crate) fn open(&mut self, active: bool) -> Result<(), CountError> {
        if self.is_at_bound() {
            self.open_at_bound()?;
        }
        self.total = self.total.wrapping_add(1);
        self.active = self.active.wrapping_add(u32::from(active));
        let units = u64::from(self.per_conn) + if active { u64::from(self.per_active) } else { 0 };
        self.key = self.key.wrapping_add(self.factor.wrapping_mul(units));
        Ok(())
    }

    /// One rule is right in both profiles: where the flag is looked at at the bounds alone, it is
    /// right beyond them by then \[OVL-3\].
    #[cold]
    #[inline(never)]
    const fn open_at_bound(&mut self) -> Result<(), CountError> {
        if self.generation == 0 {
            return Err(CountError::UnknownDest);
        }
        if self.total >= COUNTED_AT_MOST {
            return Err(CountError::TooMany);
        }
        if self.total >= self.upper {
            self.set_overloaded(true);
        }
        self.flags |= STIRRED;
        Ok(())
    }

    #[inline]
    pub(crate) const fn count_conn(&mut self) {
        self.conns = self.conns.wrapping_add(1);
    }

    /// A connection ends \[CNT-4\] \[OVL-3\].
    #[inline]
    pub(crate) fn close(&mut self, active: bool) -> Result<(), CountError> {
        if active {
            self.deactivate()?;
        } else if self.active >= self.total {
            return Err(self.lacks(CountError::NoneInactive));
        }
        self.total = self.total.wrapping_sub(1);
        let less = self.factor.wrapping_mul(u64::from(self.per_conn));
        self.key = self.key.wrapping_sub(less);
        if self.total < self.lower {
            self.set_overloaded(false);
        }
        Ok(())
    }

    /// An inactive connection becomes active \[CNT-5\].
    #[inline]
    pub(crate) fn activate(&mut self) -> Result<(), CountError> {
        if self.active >= self.total {
            return Err(self.lacks(CountError::NoneInactive));
        }
        self.active += 1;
        let more = self.factor.wrapping_mul(u64::from(self.per_active));
        self.key = self.key.wrapping_add(more);
        Ok(())
    }

    /// An active connection becomes inactive \[CNT-5\].
    #[inline]
    pub(crate) fn deactivate(&mut self) -> Result<(), CountError> {
        if self.active == 0 {
            return Err(self.lacks(CountError::NoneActive));
        }
        self.active -= 1;
        let less = self.factor.wrapping_mul(u64::from(self.per_active));
        self.key = self.key.wrapping_sub(less);
        Ok(())
    }

    /// That there is no such connection, or no destination at all.
    #[cold]
    const fn lacks(&self, error: CountError) -> CountError {
        if self.generation == 0 { CountError::UnknownDest } else { error }
    }

    /// What `config` means for it.
    fn configure(&mut self, config: &DestConfig, old: &Terms, profile: Profile) {
        self.weight = config.weight;
        self.flags = self.flags & !QUIESCED | if config.weight == 0 { QUIESCED } else { 0 };
        self.set_thresholds(config, old, profile);
    }

    /// \[OVL-2\] c, \[OVL-4\]
    fn set_thresholds(&mut self, config: &DestConfig, old: &Terms, profile: Profile) {
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

    #[inline]
    const fn set_overloaded(&mut self, overloaded: bool) {
        if overloaded != self.is_overloaded() {
            self.flip_overloaded();
        }
    }

    #[cold]
    #[inline(never)]
    const fn flip_overloaded(&mut self) {
        self.flags = (self.flags ^ OVERLOADED) | STIRRED;
        if self.weight > 0 {
            self.key = self.key.wrapping_add(BARRED);
        }
    }

    /// Whether its scheduler wants to hear of what was just counted.
    #[inline]
    pub(crate) const fn wants_attention(&mut self) -> bool {
        if self.flags & (WATCHED | STIRRED | RESTING | FILLING) == 0 {
            return false;
        }
        if self.flags & RESTING != 0 {
            self.key = self.key & BARRED | self.resting_key();
        } else if self.flags & FILLING != 0 && self.has_room() == (self.flags & FULL != 0) {
            self.flags = (self.flags ^ FULL) | STIRRED;
        }
        self.flags & (WATCHED | STIRRED) != 0
    }

    /// At its weight there is room for one more \[OVF-1\].
    #[inline]
    pub(crate) const fn has_room(&self) -> bool {
        self.active <= self.weight
    }

    /// One connection that is active counts for two, as is with `sed`, but none for nothing: idle is
    /// hard to foretell, so no branch.
    #[inline]
    const fn resting_key(&self) -> u64 {
        let amount = self.active as u64 + (self.active != 0) as u64;
        amount.wrapping_mul(self.factor).wrapping_add(self.position as u64) & !BARRED
    }

    /// Its scheduler has heard of what was just counted.
    #[inline]
    pub(crate) const fn heard(&mut self) {
        self.flags &= !STIRRED;
    }

    /// Its scheduler has heard of it, and wants to hear of these counts.
    pub(super) const fn attended(&mut self, watch: Watch) {
        let kept = self.flags & (OVERLOADED | AVAILABLE | RESTING | QUIESCED);
        let watch = match watch {
            Watch::Overload => 0,
            Watch::Room if self.has_room() => FILLING,
            Watch::Room => FILLING | FULL,
            Watch::Counts => WATCHED,
        };
        self.flags = kept | watch;
    }

    /// It came into a list, or left the one where it was.
    pub(super) const fn set_available(&mut self, available: bool) {
        let kept = self.flags & (OVERLOADED | QUIESCED);
        self.flags = kept | if available { AVAILABLE } else { 0 };
    }

    /// Its key is what it is now, and grows from here on.
    pub(super) const fn grow(&mut self, growth: Growth) {
        let Growth { unit, key, per_active, per_conn, rests, conns } = growth;
        // One that is made anew for every count keeps its bar, which nothing else may reach.
        let key = if rests { key & !BARRED } else { key };
        let bar = if self.is_eligible() { 0 } else { BARRED };
        (self.factor, self.key) = (unit, key.wrapping_add(bar));
        self.flags = self.flags & !RESTING | if rests { RESTING } else { 0 };
        (self.per_active, self.per_conn) = (per_active, per_conn);
        self.bound = if conns < self.upper { conns } else { self.upper };
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
#[non_exhaustive]
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
    /// The destination has 2^31 - 1 connections.
    #[error("the destination has too many connections")]
    TooMany,
}

/// What of a destination only configuration looks at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Terms {
    /// Address and port as `mh` knows them.
    pub(crate) word: u32,
    /// The latest weight that was not 0, or 0 if there was none since it was added \[DST-12\].
    pub(crate) last_weight: u32,
    upper_threshold: u32,
    lower_threshold: u32,
}

/// The [`Load`] of each place.
#[derive(Debug)]
pub(crate) struct Loads {
    loads: Vec<Load>,
    terms: Vec<Terms>,
}

impl Loads {
    pub(crate) const fn new() -> Self {
        Self { loads: Vec::new(), terms: Vec::new() }
    }

    /// Makes room for the places below `capacity`.
    pub(crate) fn reserve(&mut self, capacity: usize) -> Result<(), OutOfMemory> {
        let more = capacity.saturating_sub(self.loads.len());
        self.loads.try_reserve(more).map_err(|_| OutOfMemory)?;
        self.terms.try_reserve(more).map_err(|_| OutOfMemory)?;
        self.loads.resize(self.loads.len() + more, Load::none());
        self.terms.resize(self.loads.len(), Terms::default());
        Ok(())
    }

    /// A destination of that generation begins at a place, without connections and thresholds.
    pub(crate) fn begin(&mut self, place: u32, generation: NonZeroU32) {
        self.set(place, Load { generation: generation.get(), ..Load::none() });
    }

    pub(crate) fn end(&mut self, place: u32) {
        self.set(place, Load::none());
    }

    fn set(&mut self, place: u32, new: Load) {
        if let (Some(load), Some(terms)) =
            (self.loads.get_mut(place as usize), self.terms.get_mut(place as usize))
        {
            (*load, *terms) = (new, Terms::default());
        }
    }

    /// It comes into a list, whose setup this is.
    pub(crate) fn admit(&mut self, place: u32, word: u32) {
        if let (Some(load), Some(terms)) =
            (self.loads.get_mut(place as usize), self.terms.get_mut(place as usize))
        {
            load.set_available(true);
            (terms.word, terms.last_weight) = (word, 0);
        }
    }

    /// What `config` means for it.
    pub(crate) fn configure(&mut self, place: u32, config: &DestConfig, profile: Profile) {
        if let (Some(load), Some(terms)) =
            (self.loads.get_mut(place as usize), self.terms.get_mut(place as usize))
        {
            load.configure(config, terms, profile);
            terms.upper_threshold = config.upper_threshold;
            terms.lower_threshold = config.lower_threshold;
            if config.weight != 0 {
                terms.last_weight = config.weight;
            }
        }
    }

    /// Weight and thresholds of the destination at a place; the rest is not known here.
    pub(crate) fn config(&self, place: u32) -> Option<DestConfig> {
        let Terms { upper_threshold, lower_threshold, .. } = *self.terms(place)?;
        let weight = self.at(place)?.weight;
        let config = DestConfig::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        Some(DestConfig { weight, upper_threshold, lower_threshold, ..config })
    }

    #[inline]
    pub(crate) fn at(&self, place: u32) -> Option<&Load> {
        self.loads.get(place as usize)
    }

    #[inline]
    pub(crate) fn at_mut(&mut self, place: u32) -> Option<&mut Load> {
        self.loads.get_mut(place as usize)
    }

    pub(crate) fn terms(&self, place: u32) -> Option<&Terms> {
        self.terms.get(place as usize)
    }

    /// The id of the destination at a place.
    #[inline]
    pub(super) fn id(&self, place: u32) -> Option<DestId> {
        let generation = NonZeroU32::new(self.at(place)?.generation)?;
        Some(DestId(Key { index: place, generation }))
    }

    #[inline]
    pub(super) fn get(&self, id: DestId) -> Option<&Load> {
        self.at(id.place()).filter(|load| load.is_of(id))
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: DestId) -> Option<&mut Load> {
        self.at_mut(id.place()).filter(|load| load.is_of(id))
    }

    /// How many places there are, free ones included.
    pub(crate) fn len(&self) -> usize {
        self.loads.len()
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[Load] {
        &self.loads
    }
}
