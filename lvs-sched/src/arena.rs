//! Values with stable keys; the key of a value that is gone finds nothing.

use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::OutOfMemory;

/// The place of a value, and which of the values that were ever in that place: an odd number, and
/// the even one after it while the place is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) index: u32,
    pub(crate) generation: NonZeroU32,
}

impl Key {
    pub(crate) const fn to_bits(self) -> u64 {
        (self.generation.get() as u64) << 32 | self.index as u64
    }

    /// Of no number a key of a free place.
    pub(crate) const fn from_bits(bits: u64) -> Self {
        let generation = match NonZeroU32::new((bits >> 32) as u32 | 1) {
            Some(odd) => odd,
            None => NonZeroU32::MIN,
        };
        Self { index: bits as u32, generation }
    }
}

/// A set of values found by [`Key`]. It allocates in [`reserve`](Self::reserve) alone.
#[derive(Debug)]
pub(crate) struct Arena<T> {
    slots: Vec<Slot<T>>,
    /// The first of the chain of free slots.
    free: Option<u32>,
    len: usize,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    content: Content<T>,
}

#[derive(Debug)]
enum Content<T> {
    Value(T),
    Free { next: Option<u32> },
}

impl<T> Arena<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: None, len: 0 }
    }

    /// Makes room for `additional` more values.
    pub(crate) fn reserve(&mut self, additional: usize) -> Result<(), OutOfMemory> {
        let old = self.slots.len();
        let new = old.max(self.len.checked_add(additional).ok_or(OutOfMemory)?);
        let (first, end) = (index(old)?, index(new)?);
        self.slots.try_reserve(new - old).map_err(|_| OutOfMemory)?;
        for place in first..end {
            let next = if place + 1 < end { Some(place + 1) } else { self.free };
            self.slots.push(Slot { generation: 0, content: Content::Free { next } });
        }
        if first < end {
            self.free = Some(first);
        }
        Ok(())
    }

    /// How many values there is room for, those kept included.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Keeps `value`; `None` if there is no room reserved.
    pub(crate) fn insert(&mut self, value: T) -> Option<Key> {
        let index = self.free?;
        let slot = self.slots.get_mut(index as usize)?;
        let Content::Free { next } = slot.content else { return None };
        slot.content = Content::Value(value);
        slot.generation = slot.generation.wrapping_add(1);
        self.free = next;
        self.len += 1;
        slot.key(index)
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation != key.generation.get() {
            return None;
        }
        slot.generation = slot.generation.wrapping_add(1);
        let free = Content::Free { next: self.free };
        self.free = Some(key.index);
        self.len -= 1;
        match core::mem::replace(&mut slot.content, free) {
            Content::Value(value) => Some(value),
            Content::Free { .. } => None,
        }
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        let slot = self.slots.get(key.index as usize)?;
        slot.value().filter(|_| slot.generation == key.generation.get())
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        let generation = slot.generation;
        slot.value_mut().filter(|_| generation == key.generation.get())
    }

    /// The value at `index`, whichever it is.
    pub(crate) fn at(&self, index: u32) -> Option<&T> {
        self.slots.get(index as usize)?.value()
    }

    /// The value at `index`, whichever it is.
    pub(crate) fn at_mut(&mut self, index: u32) -> Option<&mut T> {
        self.slots.get_mut(index as usize)?.value_mut()
    }

    /// The key of the value at `index`.
    pub(crate) fn key_at(&self, index: u32) -> Option<Key> {
        self.slots.get(index as usize).filter(|slot| slot.value().is_some())?.key(index)
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The values, in no order that means anything.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(Slot::value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slots.iter_mut().filter_map(Slot::value_mut)
    }

    /// The values with their keys, in no order that means anything.
    pub(crate) fn entries_mut(&mut self) -> impl Iterator<Item = (Key, &mut T)> {
        self.slots.iter_mut().zip(0..).filter_map(|(slot, index)| {
            let key = slot.key(index)?;
            slot.value_mut().map(|value| (key, value))
        })
    }
}

impl<T> Slot<T> {
    /// The key of the value, at whose place in the arena the caller is.
    const fn key(&self, index: u32) -> Option<Key> {
        match NonZeroU32::new(self.generation) {
            Some(generation) => Some(Key { index, generation }),
            None => None,
        }
    }

    const fn value(&self) -> Option<&T> {
        match &self.content {
            Content::Value(value) => Some(value),
            Content::Free { .. } => None,
        }
    }

    const fn value_mut(&mut self) -> Option<&mut T> {
        match &mut self.content {
            Content::Value(value) => Some(value),
            Content::Free { .. } => None,
        }
    }
}

fn index(length: usize) -> Result<u32, OutOfMemory> {
    u32::try_from(length).map_err(|_| OutOfMemory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn a_key_does_not_find_the_next_value_in_its_place() {
        let mut arena = Arena::new();
        assert_eq!(arena.insert('a'), None, "no room was reserved");
        arena.reserve(1).unwrap();
        let a = arena.insert('a').unwrap();
        assert_eq!(arena.insert('b'), None, "no more than was reserved");
        assert_eq!(arena.remove(a), Some('a'));
        let b = arena.insert('b').unwrap();
        assert_eq!(
            (a.index, a.generation, b.generation),
            (b.index, NonZeroU32::MIN, 3.try_into().unwrap())
        );
        assert!(arena.get(a).is_none() && arena.get_mut(a).is_none() && arena.remove(a).is_none());
        assert_eq!((arena.get(b), arena.len()), (Some(&'b'), 1));
    }

    #[test]
    fn equals_a_map() {
        arbtest::arbtest(|u| {
            let (mut arena, mut model, mut keys) = (Arena::new(), HashMap::new(), Vec::new());
            for value in 0..u.arbitrary_len::<u64>()? {
                match u.int_in_range(0..=3_u8)? {
                    0 => arena.reserve(u.int_in_range(0..=3)?).unwrap(),
                    1 if !keys.is_empty() => {
                        let key = *u.choose(&keys)?;
                        assert_eq!(arena.remove(key), model.remove(&key));
                    }
                    _ => {
                        if let Some(key) = arena.insert(value) {
                            assert_eq!(model.insert(key, value), None);
                            keys.push(key);
                        }
                    }
                }
                assert_eq!((arena.len(), arena.values().count()), (model.len(), model.len()));
                assert!(keys.iter().all(|key| arena.get(*key) == model.get(key)));
            }
            Ok(())
        });
    }
}
