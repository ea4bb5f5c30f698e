//! Trees in arrays: lines of slots, of which each but the lowest sum up a line below.

/// Where the lines of a tree are whose places stand in the slots of its lowest row, `2^BITS` in each
/// line. The root is line 0; the lines below line `i` begin at `(i << BITS) + 1`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heap<const BITS: u32> {
    places: usize,
    /// The first line of the lowest row.
    lowest: usize,
}

impl<const BITS: u32> Heap<BITS> {
    pub(super) const fn of(places: usize) -> Self {
        let lines = places.div_ceil(1 << BITS);
        let (mut row, mut lowest) = (1, 0);
        while row < lines {
            lowest += row;
            row <<= BITS;
        }
        Self { places, lowest }
    }

    /// How many lines there are.
    pub(super) const fn lines(self) -> usize {
        if self.places == 0 { 0 } else { self.leaf(self.places - 1).0 + 1 }
    }

    /// The line and the slot of a place.
    #[inline]
    pub(super) const fn leaf(self, place: usize) -> (usize, usize) {
        (self.lowest + (place >> BITS), place & ((1 << BITS) - 1))
    }

    /// The line and the slot that sum up `line`; `None` of the root.
    #[inline]
    pub(super) const fn above(line: usize) -> Option<(usize, usize)> {
        match line.checked_sub(1) {
            Some(before) => Some((before >> BITS, before & ((1 << BITS) - 1))),
            None => None,
        }
    }

    /// The first place at `from` or behind it that matches; `matching` says, of a line, in which
    /// slots there is one, a bit for each.
    #[inline]
    pub(super) fn next(self, from: usize, matching: impl Fn(usize) -> u64) -> Option<usize> {
        if from >= self.places {
            return None;
        }
        let (mut line, slot) = self.leaf(from);
        let mut slots = matching(line) & u64::MAX << slot;
        while slots == 0 {
            let (above, slot) = Self::above(line)?;
            line = above;
            slots = matching(line) & u64::MAX << slot << 1;
        }
        loop {
            let slot = slots.trailing_zeros() as usize;
            if line >= self.lowest {
                return Some(((line - self.lowest) << BITS) + slot);
            }
            line = (line << BITS) + 1 + slot;
            slots = matching(line);
        }
    }
}
