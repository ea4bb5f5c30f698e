//! Which of many things is due first, in the kernel's own shape.
//!
//! The kernel's timers are lists: one for each firing tick of each level, newest first. Kept alike,
//! they come out in its order by themselves \[CONV-9\]: the order is not computed, and nothing is ever
//! sorted or moved to a finer list. A timer is two links; arming one again to the same tick does
//! not touch them.

use alloc::vec::Vec;

use super::scouts::Scouts;
use crate::OutOfMemory;
use crate::prefetch::prefetch;
use crate::timers::{LEVELS, SHIFT_PER_LEVEL};

/// Lists of a level: no span of a level, but for the coarsest, is longer than so many of its steps.
const LISTS_PER_LEVEL: u64 = 64;
/// So many timers are told ahead of the one that is visited, so that what they need comes from
/// memory meanwhile.
const AHEAD: u32 = 16;

/// The number of a timer: a small one where tables are small.
#[cfg(feature = "large")]
pub(super) type Number = u32;
#[cfg(not(feature = "large"))]
pub(super) type Number = u16;

/// A number as it is elsewhere.
#[allow(clippy::unnecessary_cast, reason = "it is one without the feature `large`")]
pub(super) const fn widened(number: Number) -> u32 {
    number as u32
}

/// The end of a list.
pub(super) const END: Number = Number::MAX;

/// The neighbors in a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) newer: Number,
    pub(super) older: Number,
}

#[derive(Debug)]
pub(crate) struct Wheel {
    /// The newest of each list, level by level.
    heads: Vec<Number>,
    /// Which lists of each level are not empty.
    taken: [u64; LEVELS as usize],
    links: Vec<Link>,
    scouts: Scouts,
    /// The list that was visited last, by its tick and level. What fires before, and the coarser
    /// ones of that tick, are done with.
    clock: u64,
    level: u8,
    /// What is visited next in that list.
    cursor: Number,
    /// The first one not told yet of what is visited after it.
    ahead: Number,
    /// How many visits `ahead` is after `cursor`.
    distance: u32,
    /// Nothing fires before this tick.
    idle_until: u64,
}

impl Wheel {
    /// Room for the indexes below `capacity`.
    pub(crate) fn new(capacity: usize) -> Result<Self, OutOfMemory> {
        if capacity > END as usize {
            return Err(OutOfMemory);
        }
        let (mut heads, mut links) = (Vec::new(), Vec::new());
        let lists = usize::from(LEVELS) * LISTS_PER_LEVEL as usize;
        heads.try_reserve_exact(lists).map_err(|_| OutOfMemory)?;
        links.try_reserve_exact(capacity).map_err(|_| OutOfMemory)?;
        heads.resize(lists, END);
        links.resize(capacity, Link { newer: END, older: END });
        let taken = [0; LEVELS as usize];
        Ok(Self {
            heads,
            taken,
            links,
            scouts: Scouts::new(lists, capacity)?,
            clock: 0,
            level: 0,
            cursor: END,
            ahead: END,
            distance: 0,
            idle_until: 0,
        })
    }

    /// Puts `index` to the front of a list; it must be in none. What fires then must not be done
    /// with.
    pub(crate) fn insert(&mut self, index: Number, fires: u64, level: u8) {
        let Some(head) = self.head_mut(fires, level) else { return };
        let older = core::mem::replace(head, index);
        if let Some(older) = self.links.get_mut(older as usize) {
            older.newer = index;
        }
        if let Some(link) = self.links.get_mut(index as usize) {
            *link = Link { newer: END, older };
        }
        if let Some(taken) = self.taken.get_mut(usize::from(level)) {
            *taken |= 1 << number(fires, level);
        }
        self.idle_until = self.idle_until.min(fires);
        self.scouts.note(list(fires, level), index);
    }

    /// Asks for what is known of `index`.
    pub(crate) fn prefetch(&self, index: Number) {
        prefetch(&self.links, index as usize);
    }

    /// Takes `index` out of the list that it was [inserted](Self::insert) to.
    pub(crate) fn remove(&mut self, index: Number, fires: u64, level: u8) {
        let Some(&Link { newer, older }) = self.links.get(index as usize) else { return };
        if self.cursor == index {
            self.cursor = older;
        }
        if self.ahead == index {
            self.ahead = older;
        }
        if let Some(older) = self.links.get_mut(older as usize) {
            older.newer = newer;
        }
        if let Some(newer) = self.links.get_mut(newer as usize) {
            newer.older = older;
            return;
        }
        if let Some(head) = self.head_mut(fires, level) {
            *head = older;
        }
        if let (END, Some(taken)) = (older, self.taken.get_mut(usize::from(level))) {
            *taken &= !(1 << number(fires, level));
        }
    }

    /// When something is to be visited next. Rarely there is nothing to do then.
    pub(crate) fn first(&self) -> Option<u64> {
        if self.cursor != END {
            return Some(self.clock);
        }
        Some(self.next_list()?.0.max(self.idle_until))
    }

    /// The next one to be visited of those whose list fires at `now` or before, and when that does.
    /// It is for the caller to take it out or to put it elsewhere, if that is when it fires: where
    /// time was handed in late, a list may have what fires a round later.
    #[inline]
    pub(crate) fn visit(&mut self, now: u64) -> Option<(u64, Number)> {
        if now < self.idle_until {
            self.pass(now);
            return None;
        }
        self.visit_list(now)
    }

    fn visit_list(&mut self, now: u64) -> Option<(u64, Number)> {
        if self.cursor == END {
            let next = self.next_list();
            let Some((tick, level)) = next.filter(|&(tick, _)| tick <= now) else {
                self.idle_until = next.map_or(u64::MAX, |(tick, _)| tick);
                self.pass(now);
                return None;
            };
            (self.clock, self.level) = (tick, level);
            self.cursor = *self.head_mut(tick, level)?;
            self.distance = 0;
            self.scouts.begin(list(tick, level));
        }
        self.scouts.go_on(&self.links);
        let index = self.cursor;
        self.cursor = self.links.get(index as usize)?.older;
        self.distance = self.distance.saturating_sub(1);
        if self.distance == 0 {
            self.ahead = self.cursor;
        }
        Some((self.clock, index))
    }

    /// All lists up to `now` are done with.
    #[inline]
    fn pass(&mut self, now: u64) {
        if now >= self.clock {
            (self.clock, self.level) = (now, 0);
        }
    }

    /// Tells, one after the other, what is likely visited next, up to [`AHEAD`].
    pub(crate) fn look_ahead(&mut self) -> Option<Number> {
        if self.distance >= AHEAD {
            return None;
        }
        let index = self.ahead;
        self.ahead = self.links.get(index as usize)?.older;
        self.distance += 1;
        Some(index)
    }

    /// The first list that is not empty after the one visited last: of one tick, the coarsest.
    fn next_list(&self) -> Option<(u64, u8)> {
        let lists = (0..LEVELS).zip(self.taken).filter(|&(_, taken)| taken != 0);
        let firsts = lists.filter_map(|(level, taken)| {
            let shift = SHIFT_PER_LEVEL * u32::from(level);
            let last = self.clock >> shift;
            let is_done = last << shift != self.clock || level >= self.level;
            let from = last.checked_add(is_done.into())?;
            let ahead = taken.rotate_right((from % LISTS_PER_LEVEL) as u32).trailing_zeros();
            let step = from.checked_add(ahead.into())?;
            (step <= u64::MAX >> shift).then_some((step << shift, level))
        });
        // The last of equals is the coarsest.
        firsts.reduce(|first, next| if next.0 <= first.0 { next } else { first })
    }

    fn head_mut(&mut self, fires: u64, level: u8) -> Option<&mut Number> {
        self.heads.get_mut(list(fires, level))
    }
}

/// Which of all lists fires at a tick.
const fn list(fires: u64, level: u8) -> usize {
    (level as u64 * LISTS_PER_LEVEL + number(fires, level)) as usize
}

/// Which list of its level fires at a tick.
const fn number(fires: u64, level: u8) -> u64 {
    (fires >> ((SHIFT_PER_LEVEL * level as u32) & 63)) % LISTS_PER_LEVEL
}

#[cfg(test)]
mod tests {
    use super::super::deadlines::Deadlines;
    use super::*;
    use crate::Timers;
    use std::collections::BTreeMap;

    const CAPACITY: Number = 24;

    struct Both {
        wheel: Wheel,
        model: Deadlines,
        armed: BTreeMap<Number, (u64, u8)>,
    }

    impl Both {
        fn arm(&mut self, index: Number, now: u64, ticks: u64) {
            let timers = Timers::hz(250);
            let alarm = timers.arm(now, ticks);
            let slot = (timers.fires(alarm), alarm.level);
            let old = self.armed.insert(index, slot);
            if old != Some(slot) {
                if let Some((fires, level)) = old {
                    self.wheel.remove(index, fires, level);
                }
                self.wheel.insert(index, slot.0, slot.1);
            }
            self.model.set(widened(index), slot.0, slot.1);
        }

        fn remove(&mut self, index: Number) {
            if let Some((fires, level)) = self.armed.remove(&index) {
                self.wheel.remove(index, fires, level);
            }
            self.model.remove(widened(index));
        }

        /// The next one that is due, and when it was.
        fn take(&mut self, now: u64) -> Option<(u64, Number)> {
            loop {
                let (tick, index) = self.wheel.visit(now)?;
                if self.armed[&index].0 == tick {
                    return Some((tick, index));
                }
            }
        }
    }

    /// The kernel's order is that of the sorted model, however late time is handed in and whatever
    /// is armed meanwhile.
    #[test]
    fn conv_9_equals_the_sorted_order() {
        arbtest::arbtest(|u| {
            let (wheel, model) = (Wheel::new(24).unwrap(), Deadlines::new(24).unwrap());
            let mut both = Both { wheel, model, armed: BTreeMap::new() };
            let mut now = u.int_in_range(0..=5_000_000)?;
            for _ in 0..u.arbitrary_len::<[u8; 4]>()? {
                let index = u.int_in_range(0..=CAPACITY - 1)?;
                let spans = [0, 1, 62, 63, 64, 500, 504, 4_031, 4_032, 32_256, 2_500_000, 1 << 31];
                let span = u.choose(&spans)? + u.int_in_range(0..=9)?;
                match u.int_in_range(0..=5_u8)? {
                    0 => both.remove(index),
                    1 => now += span.min(40_000),
                    2 | 3 => both.arm(index, now, span),
                    _ => {
                        let taken = both.take(now);
                        let due = both.model.first().filter(|&(tick, _)| tick <= now);
                        assert_eq!(taken.map(|(tick, index)| (tick, widened(index))), due);
                        match taken {
                            // Put off from when it was due.
                            Some((tick, index)) if u.arbitrary()? => both.arm(index, tick, span),
                            Some((_, index)) => both.remove(index),
                            None => {}
                        }
                    }
                }
                let (first, due) = (both.wheel.first(), both.model.first());
                assert!(first.is_some() == due.is_some() && first <= due.map(|(tick, _)| tick));
            }
            Ok(())
        })
        .budget_ms(1_000);
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        let mut wheel = Wheel::new(9).unwrap();
        assert_eq!(wheel.visit(u64::MAX - 10), None);
        for level in 0..LEVELS {
            wheel.insert(level.into(), u64::MAX, level);
        }
        while wheel.visit(u64::MAX).is_some() {}
        assert_eq!((wheel.look_ahead(), wheel.first()), (None, None));
    }
}
