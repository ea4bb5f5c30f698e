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

    /// The first place at `from` or behind it of those sought; `find` says, of a line, which is the
    /// first such slot at a slot or behind it.
    #[inline]
    pub(super) fn next(
        self,
        from: usize,
        find: impl Fn(usize, usize) -> Option<usize>,
    ) -> Option<usize> {
        if from >= self.places {
            return None;
        }
        let (mut line, slot) = self.leaf(from);
        let mut found = find(line, slot);
        let mut slot = loop {
            match found {
                Some(slot) => break slot,
                None => {
                    let (above, slot) = Self::above(line)?;
                    line = above;
                    found = find(line, slot + 1);
                }
            }
        };
        while line < self.lowest {
            line = (line << BITS) + 1 + slot;
            slot = find(line, 0)?;
        }
        Some(((line - self.lowest) << BITS) + slot)
    }
}
