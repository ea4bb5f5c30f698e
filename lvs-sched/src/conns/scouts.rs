//! Reading a list ahead at several points at once.
//!
//! A list tells where it goes on one link at a time, and each waits for memory. So every sixteenth
//! link is noted down while the list is made; in a sweep, scouts set out from these marks and ask
//! for what lies between them. Marks are hints: what is no longer so costs time and nothing else,
//! and when there is no more room the oldest give way. Few links are near as it is, and have none.

use alloc::vec::Vec;

use super::wheel::{END, Link, Number};
use crate::OutOfMemory;
use crate::prefetch::prefetch;

/// Fewer links than this fit the caches.
const FEW: usize = 4096;
/// Links from one mark to the next.
const STRIDE: u8 = 16;
/// How many scouts are on their way.
const SCOUTS: usize = 8;
/// So many steps they are ahead of the sweep together: so that what each found is there long before
/// the sweep gets to it.
const LEAD: u32 = 2 * SCOUTS as u32 * STRIDE as u32;

/// A link that was the newest of its list once.
#[derive(Clone, Copy, Debug)]
struct Mark {
    index: Number,
    /// The mark before in the same list.
    older: u32,
}

/// No mark is there.
const NO_MARK: u32 = u32::MAX;

impl Mark {
    const NONE: Self = Self { index: END, older: NO_MARK };
}

#[derive(Debug)]
pub(super) struct Scouts {
    /// A ring, and which of them is made next.
    marks: Vec<Mark>,
    next: u32,
    lists: Vec<List>,
    /// Where the next scout sets out.
    mark: u32,
    /// Where each of them is.
    scouts: [Number; SCOUTS],
    /// Steps of all of them together, one after the other, since the sweep began.
    steps: usize,
    /// Those that the sweep has yet to follow.
    lead: u32,
}

#[derive(Clone, Copy, Debug)]
struct List {
    mark: u32,
    /// Links since that mark.
    since: u8,
}

impl Scouts {
    /// For so many lists of at most `capacity` links together.
    pub(super) fn new(lists: usize, capacity: usize) -> Result<Self, OutOfMemory> {
        let (mut marks, mut all) = (Vec::new(), Vec::new());
        let (lists, count) =
            if capacity < FEW { (0, 0) } else { (lists, capacity / usize::from(STRIDE)) };
        marks.try_reserve_exact(count).map_err(|_| OutOfMemory)?;
        all.try_reserve_exact(lists).map_err(|_| OutOfMemory)?;
        marks.resize(count, Mark::NONE);
        all.resize(lists, List { mark: NO_MARK, since: 0 });
        let scouts = [END; SCOUTS];
        Ok(Self { marks, next: 0, lists: all, mark: NO_MARK, scouts, steps: 0, lead: 0 })
    }

    /// `index` is the newest of a list from now on.
    #[inline]
    pub(super) fn note(&mut self, list: usize, index: Number) {
        let Some(list) = self.lists.get_mut(list) else { return };
        list.since += 1;
        if list.since < STRIDE {
            return;
        }
        list.since = 0;
        if let Some(mark) = self.marks.get_mut(self.next as usize) {
            *mark = Mark { index, older: list.mark };
            list.mark = self.next;
        }
        self.next += 1;
        if self.next as usize >= self.marks.len() {
            self.next = 0;
        }
    }

    /// A list is swept next.
    pub(super) fn begin(&mut self, list: usize) {
        if let Some(list) = self.lists.get_mut(list) {
            self.mark = core::mem::replace(&mut list.mark, NO_MARK);
            (self.scouts, self.steps, self.lead) = ([END; SCOUTS], 0, 0);
        }
    }

    /// The sweep goes one link on, and so do the scouts: two steps, until they are far enough ahead.
    #[inline]
    pub(super) fn go_on(&mut self, links: &[Link]) {
        self.lead = self.lead.saturating_sub(1);
        for _ in 0..2 {
            if self.lead < LEAD {
                self.lead += 1;
                self.step(links);
            }
        }
    }

    #[inline]
    fn step(&mut self, links: &[Link]) {
        let sets_out = self.steps / SCOUTS % usize::from(STRIDE) == 0;
        let Some(scout) = self.scouts.get_mut(self.steps % SCOUTS) else { return };
        self.steps = self.steps.wrapping_add(1);
        if sets_out {
            let mark = self.marks.get(self.mark as usize);
            let Mark { index, older } = mark.copied().unwrap_or(Mark::NONE);
            (*scout, self.mark) = (index, older);
        } else {
            *scout = links.get(*scout as usize).map_or(END, |link| link.older);
        }
        prefetch(links, *scout as usize);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn scouts_have_been_where_the_sweep_goes() {
        const COUNT: Number = 5000;
        let mut scouts = Scouts::new(2, COUNT as usize).unwrap();
        let links: Vec<_> = (0..COUNT)
            .map(|index| Link { newer: index + 1, older: index.wrapping_sub(1) })
            .collect();
        (0..COUNT).for_each(|index| scouts.note(1, index));
        scouts.begin(1);
        let mut seen = BTreeSet::new();
        for index in (0..COUNT).rev() {
            assert!(seen.contains(&index) || index > COUNT - LEAD, "{index}");
            scouts.go_on(&links);
            seen.extend(scouts.scouts);
        }
        assert!(scouts.mark == NO_MARK && scouts.lists[1].mark == NO_MARK);
    }

    /// More links than there are marks for, of lists that are gone: only hints are lost.
    #[test]
    fn the_oldest_marks_give_way() {
        for capacity in [0, FEW - 1, FEW] {
            let mut scouts = Scouts::new(3, capacity).unwrap();
            for index in 0..20_000 {
                scouts.note(index as usize % 4, index);
            }
            scouts.begin(2);
            (0..1000).for_each(|_| scouts.go_on(&[Link { newer: END, older: 0 }; 7]));
        }
    }
}
