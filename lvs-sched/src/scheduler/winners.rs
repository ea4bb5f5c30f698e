//! The smallest of many keys, kept while they change.

use alloc::vec::Vec;
use core::fmt::Debug;
use core::mem::replace;

use super::heap::Heap;
use crate::OutOfMemory;

/// A tree of keys: each line holds the smallest of eight lines below.
///
/// A place whose key falls below all of the tree goes ahead of it, and the tree stays as it is: most
/// often a connection ended there, so that it is picked next, and then its key is about what it was.
/// Of two the lesser stays ahead, and the other goes back into the tree.
#[derive(Debug)]
pub(super) struct Winners<K> {
    heap: Heap<3>,
    lines: Vec<Line<K>>,
    /// The smallest key in the tree.
    top: K,
    /// A place, and its key while that is smaller than the one that the tree has of it, else
    /// [`Key::NONE`].
    ahead: (usize, K),
}

/// One cache line of keys of 64 bits, or two of those of 128.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line<K>([K; 8]);

/// What competes. No two keys but [`NONE`](Self::NONE) are equal.
pub(super) trait Key: Copy + Ord + Debug {
    /// That of who does not compete.
    const NONE: Self;
}

impl Key for u64 {
    const NONE: Self = Self::MAX;
}

impl Key for u128 {
    const NONE: Self = Self::MAX;
}

impl<K: Key> Winners<K> {
    pub(super) const fn new() -> Self {
        Self { heap: Heap::of(0), lines: Vec::new(), top: K::NONE, ahead: (0, K::NONE) }
    }

    /// Makes room for so many places.
    pub(super) fn reserve(&mut self, places: usize) -> Result<(), OutOfMemory> {
        let more = Heap::<3>::of(places).lines().saturating_sub(self.lines.len());
        self.lines.try_reserve(more).map_err(|_| OutOfMemory)
    }

    /// Begins anew with so many places, for which there must be room, and none of which competes.
    pub(super) fn clear(&mut self, places: usize) {
        self.heap = Heap::of(places);
        self.lines.clear();
        let lines = self.heap.lines().min(self.lines.capacity());
        self.lines.resize(lines, Line([K::NONE; 8]));
        (self.top, self.ahead) = (K::NONE, (0, K::NONE));
    }

    /// [`Key::NONE`] does not compete.
    #[inline]
    pub(super) fn set(&mut self, mut place: usize, mut key: K) {
        let is_ahead = place == self.ahead.0;
        if key < self.top {
            if is_ahead || self.ahead.1 == K::NONE {
                self.ahead = (place, key);
                return;
            }
            if key < self.ahead.1 {
                (place, key) = replace(&mut self.ahead, (place, key));
            }
        } else if is_ahead {
            self.ahead.1 = K::NONE;
        }
        let (line, slot) = self.heap.leaf(place);
        let Some(Line(keys)) = self.lines.get_mut(line) else { return };
        let old = replace(&mut keys[slot & 7], key);
        if key == old {
            return;
        }
        // Mostly the line keeps its winner, which takes no frame to see.
        let winner = self.winner(line);
        if key < winner || old == winner {
            self.climb(line, old, key);
        }
    }

    /// The smallest key of a line, as the line above has it.
    #[inline]
    fn winner(&self, line: usize) -> K {
        match Heap::<3>::above(line) {
            Some((above, slot)) => {
                self.lines.get(above).map_or(K::NONE, |Line(keys)| keys[slot & 7])
            }
            None => self.top,
        }
    }

    /// A key of `line` was another one.
    #[inline(never)]
    fn climb(&mut self, mut line: usize, mut old: K, mut new: K) {
        loop {
            let above = Heap::<3>::above(line);
            let winner = self.winner(line);
            if new >= winner {
                if old != winner {
                    return;
                }
                // The winner of this line has lost.
                new = self.lines.get(line).map_or(K::NONE, |Line(keys)| smallest(keys));
            }
            let Some((above, slot)) = above else {
                self.top = new;
                return;
            };
            line = above;
            let Some(Line(keys)) = self.lines.get_mut(line) else { return };
            old = replace(&mut keys[slot & 7], new);
        }
    }

    /// The smallest key, if anybody competes.
    #[inline]
    pub(super) fn least(&self) -> Option<K> {
        Some(self.top.min(self.ahead.1)).filter(|key| *key != K::NONE)
    }
}

#[inline]
fn smallest<K: Ord + Copy>(&[a, b, c, d, e, f, g, h]: &[K; 8]) -> K {
    a.min(b).min(c.min(d)).min(e.min(f).min(g.min(h)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_an_array() {
        arbtest::arbtest(|u| {
            let places = *u.choose(&[0, 1, 8, 9, 16, 17, 64, 65, 513, 5000])?;
            let mut keys = std::vec![None; places];
            let mut winners = Winners::new();
            winners.reserve(places).unwrap();
            winners.clear(places);
            for _ in 0..u.int_in_range(0..=60_u8)? {
                if places > 0 {
                    let place = u.choose_index(places)?;
                    let key = u64::from(u.int_in_range(0..=3_u8)?) << 13 | place as u64;
                    keys[place] = u.ratio(3, 4)?.then_some(key);
                    winners.set(place, keys[place].unwrap_or(u64::NONE));
                }
                assert_eq!(winners.least(), keys.iter().copied().flatten().min());
            }
            Ok(())
        });
    }
}
