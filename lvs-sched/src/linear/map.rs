//! Maps in a build without the feature `fast`: lists, with as much of the face of a map as is wanted.

use alloc::collections::TryReserveError;
use alloc::vec::{Drain, Vec};

/// Keys and their values, in no order that means anything.
#[derive(Debug)]
pub(crate) struct HashMap<K, V, S> {
    entries: Vec<(K, V)>,
    hasher: S,
}

impl<K: Eq, V, S> HashMap<K, V, S> {
    pub(crate) const fn with_hasher(hasher: S) -> Self {
        Self { entries: Vec::new(), hasher }
    }

    pub(crate) const fn hasher(&self) -> &S {
        &self.hasher
    }

    pub(crate) fn try_reserve(&mut self, additional: usize) -> Result<(), TryReserveError> {
        self.entries.try_reserve(additional)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    fn place(&self, key: &K) -> Option<usize> {
        self.entries.iter().position(|(of, _)| of == key)
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.place(key).is_some()
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(self.place(key)?).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place(key)?;
        self.entries.get_mut(place).map(|(_, value)| value)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(old) = self.get_mut(&key) {
            return Some(core::mem::replace(old, value));
        }
        self.entries.push((key, value));
        None
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.place(key)?;
        Some(self.entries.swap_remove(place).1)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.iter().map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    pub(crate) fn drain(&mut self) -> Drain<'_, (K, V)> {
        self.entries.drain(..)
    }
}
