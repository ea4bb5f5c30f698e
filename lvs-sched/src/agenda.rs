//! Which of many things is due first.

use alloc::vec::Vec;

use lvs_proto::Instant;

use crate::OutOfMemory;
use crate::arena::Key;

/// A moment for each of many things, as a tournament: of each two the earlier goes on to the next
/// round, and the first of all wins.
#[derive(Debug)]
pub(crate) struct Agenda {
    /// Whose moment is that of each index, once there was one.
    keys: Vec<Option<Key>>,
    /// The winner is at 1, those that it won against at 2 and 3, and so on; the moments themselves
    /// are the second half.
    rounds: Vec<Instant>,
}

/// Where the sums of moments and spans saturate: it does not come.
const NEVER: Instant = Instant::from_micros(u64::MAX);

impl Agenda {
    /// Room for the keys whose indexes are below `capacity`.
    pub(crate) fn new(capacity: usize) -> Result<Self, OutOfMemory> {
        let moments = capacity.max(1).checked_next_power_of_two().ok_or(OutOfMemory)?;
        let length = moments.checked_mul(2).ok_or(OutOfMemory)?;
        let (mut keys, mut rounds) = (Vec::new(), Vec::new());
        keys.try_reserve_exact(capacity).map_err(|_| OutOfMemory)?;
        rounds.try_reserve_exact(length).map_err(|_| OutOfMemory)?;
        keys.resize(capacity, None);
        rounds.resize(length, NEVER);
        Ok(Self { keys, rounds })
    }

    /// Who is due first, and when. Of those that are due together, who has the lowest index.
    pub(crate) fn first(&self) -> Option<(Instant, Key)> {
        let first = self.next()?;
        let mut node = 1;
        while node < self.half() {
            node *= 2;
            if self.at(node) != first {
                node += 1;
            }
        }
        let key = *self.keys.get(node - self.half())?;
        Some((first, key?))
    }

    /// When the first is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        Some(self.at(1)).filter(|first| *first != NEVER)
    }

    /// Who is due first, if that is not after `now`.
    pub(crate) fn due(&self, now: Instant) -> Option<Key> {
        self.first().filter(|(moment, _)| *moment <= now).map(|(_, key)| key)
    }

    /// Sets the moment of `key`, or takes it away.
    pub(crate) fn set(&mut self, key: Key, moment: Option<Instant>) {
        let index = key.index as usize;
        let Some(place) = self.keys.get_mut(index) else { return };
        *place = Some(key);
        let mut node = self.half() + index;
        self.put(node, moment.unwrap_or(NEVER));
        while node > 1 {
            node /= 2;
            self.put(node, self.at(2 * node).min(self.at(2 * node + 1)));
        }
    }

    fn half(&self) -> usize {
        self.rounds.len() / 2
    }

    fn at(&self, node: usize) -> Instant {
        self.rounds.get(node).copied().unwrap_or(NEVER)
    }

    fn put(&mut self, node: usize, moment: Instant) {
        if let Some(place) = self.rounds.get_mut(node) {
            *place = moment;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn equals_a_sorted_map() {
        arbtest::arbtest(|u| {
            let capacity: u32 = u.int_in_range(0..=17)?;
            let mut agenda = Agenda::new(capacity as usize).unwrap();
            let mut model = BTreeMap::new();
            for _ in 0..u.arbitrary_len::<u32>()? {
                let key = Key { index: u.int_in_range(0..=17)?, generation: u.arbitrary()? };
                let micros = *u.choose(&[0, 1, 2, 3, 4, 5, u64::MAX])?;
                let moment = u.ratio(2, 3)?.then_some(Instant::from_micros(micros));
                agenda.set(key, moment);
                model.remove(&key.index);
                if let Some(moment) = moment.filter(|_| key.index < capacity && micros < u64::MAX) {
                    model.insert(key.index, (moment, key));
                }
                let first = model.values().min_by_key(|(moment, key)| (*moment, key.index));
                assert_eq!(agenda.first(), first.copied());
                assert_eq!(agenda.next(), first.map(|(moment, _)| *moment));
                let now = Instant::from_micros(3);
                let due = first.filter(|(moment, _)| *moment <= now).map(|(_, key)| *key);
                assert_eq!(agenda.due(now), due);
            }
            Ok(())
        });
    }
}
