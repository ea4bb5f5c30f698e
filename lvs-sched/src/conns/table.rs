//! Places for connections of one family, found by the hash of their key.
//!
//! Groups of 14 places; 16 octets of each group, apart from the places, tell by one octet of the
//! hash which of them may be the one, so that a look costs one line of tags and one of the entry
//! itself. What finds its group full goes to the next one that is not, and every group on the way
//! counts it, so that a search knows where to go on, and nothing is left behind when it goes. An
//! entry never moves.

use alloc::vec::Vec;

use super::entry::Entry;
use super::key::Address;
use crate::OutOfMemory;
use crate::prefetch::prefetch;

/// Places of a group.
const LANES: u32 = 14;
/// Of a hundred places, so many are taken when the table is full: what keeps searches short.
const LOAD_PERCENT: u64 = 85;
/// So many groups may be taken wholly: a search through all of them is short enough.
const FEW_GROUPS: u32 = 32;
/// How many groups from its own an entry may lie. Keys that are not alike come nowhere near it; it
/// bounds what many alike can cost, and keeps the counts of groups far from their end.
const REACH: usize = 256;

/// The tag of a free place.
const FREE: u8 = 0;
/// The tag of what no search finds.
const HIDDEN: u8 = 1;

/// The tags of 14 places, and how many entries passed the group on their way.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
struct Group {
    tags: [u8; LANES as usize],
    /// As octets, so that all of a group is read as two words.
    passed: [u8; 2],
}

impl Group {
    const EMPTY: Self = Self { tags: [FREE; LANES as usize], passed: [0; 2] };

    /// The lanes of a tag, lowest first.
    #[inline]
    fn lanes(&self, tag: u8) -> Lanes {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = self.tags;
        let low = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        // What is behind the last lane is cut off.
        let [o, p] = self.passed;
        let high = u64::from_le_bytes([i, j, k, l, m, n, o, p]);
        let [low, high] = [low, high].map(|tags| gather(zeros(tags ^ pattern(tag))));
        Lanes((low | high << 8) & ((1 << LANES) - 1))
    }

    /// How many entries passed it.
    #[inline]
    const fn passed(&self) -> u16 {
        u16::from_le_bytes(self.passed)
    }

    fn tag_mut(&mut self, lane: u32) -> Option<&mut u8> {
        self.tags.get_mut(lane as usize)
    }
}

const fn pattern(tag: u8) -> u64 {
    u64::from_ne_bytes([tag; 8])
}

/// The highest bit of each octet that is zero, and of no other.
#[inline]
const fn zeros(word: u64) -> u64 {
    const LOW: u64 = pattern(0x7f);
    !(((word & LOW) + LOW) | word | LOW)
}

/// The highest bits of all octets in one: the product moves each to its place, no two to the same.
#[inline]
const fn gather(word: u64) -> u32 {
    ((word >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
}

/// Lanes of a group, a bit for each. They are in one word because no branch can foresee which of
/// two would have the right one.
#[derive(Clone, Copy, Debug)]
struct Lanes(u32);

impl Iterator for Lanes {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let lane = self.0.trailing_zeros();
        self.0 &= self.0.checked_sub(1)?;
        Some(lane)
    }
}

#[derive(Debug)]
pub(crate) struct Table<A> {
    groups: Vec<Group>,
    entries: Vec<Entry<A>>,
    len: u32,
    capacity: u32,
}

impl<A: Address> Table<A> {
    pub(crate) fn new(capacity: u32) -> Result<Self, OutOfMemory> {
        if !A::IS_BUILT {
            return Ok(Self { groups: Vec::new(), entries: Vec::new(), len: 0, capacity: 0 });
        }
        let mut count = u64::from(capacity.div_ceil(LANES));
        if count > FEW_GROUPS.into() {
            count = (u64::from(capacity) * 100 / LOAD_PERCENT).div_ceil(LANES.into());
        }
        let places = u32::try_from(count * u64::from(LANES)).map_err(|_| OutOfMemory)?;
        let (mut groups, mut entries) = (Vec::new(), Vec::new());
        groups.try_reserve_exact((places / LANES) as usize).map_err(|_| OutOfMemory)?;
        entries.try_reserve_exact(places as usize).map_err(|_| OutOfMemory)?;
        groups.resize((places / LANES) as usize, Group::EMPTY);
        entries.resize(places as usize, Entry::BLANK);
        Ok(Self { groups, entries, len: 0, capacity })
    }

    /// How many places there are; more than there is room for.
    pub(crate) fn places(&self) -> u32 {
        self.entries.len() as u32
    }

    /// How many groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// How many more fit.
    pub(crate) const fn room(&self) -> u32 {
        self.capacity.saturating_sub(self.len)
    }

    #[inline]
    pub(crate) fn get(&self, place: u32) -> Option<&Entry<A>> {
        if !A::IS_BUILT {
            return None;
        }
        self.entries.get(place as usize)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut Entry<A>> {
        self.entries.get_mut(place as usize)
    }

    /// The entry at a place, if it is there that a search for `hash` finds it.
    #[inline]
    pub(crate) fn shown(&self, place: u32, hash: u64) -> Option<&Entry<A>> {
        self.get(place).filter(|_| self.tag(place) == Some(tag_of(hash)))
    }

    /// Whether a place is taken.
    pub(crate) fn is_taken(&self, place: u32) -> bool {
        self.tag(place).is_some_and(|tag| tag != FREE)
    }

    #[inline]
    fn tag(&self, place: u32) -> Option<u8> {
        let group = self.groups.get((place / LANES) as usize)?;
        group.tags.get((place % LANES) as usize).copied()
    }

    fn tag_mut(&mut self, place: u32) -> Option<&mut u8> {
        self.groups.get_mut((place / LANES) as usize)?.tag_mut(place % LANES)
    }

    /// The places that are taken in a group.
    pub(crate) fn taken(&self, group: usize) -> impl Iterator<Item = u32> + use<A> {
        let tags = self.groups.get(group).map_or([FREE; LANES as usize], |group| group.tags);
        let first = group as u32 * LANES;
        (first..).zip(tags).filter(|&(_, tag)| tag != FREE).map(|(place, _)| place)
    }

    /// The first entry of a hash, if not hidden, of which `is_it` is true.
    #[inline(always)]
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(&Entry<A>) -> bool) -> Option<u32> {
        if !A::IS_BUILT {
            return None;
        }
        let mut at = self.home(hash);
        for _ in 0..REACH {
            let group = self.groups.get(at)?;
            for lane in group.lanes(tag_of(hash)) {
                let place = at as u32 * LANES + lane;
                if self.get(place).is_some_and(&is_it) {
                    return Some(place);
                }
            }
            if group.passed() == 0 {
                return None;
            }
            at = self.after(at);
        }
        None
    }

    /// Asks for the tags of a hash.
    #[inline]
    pub(crate) fn prefetch_tags(&self, hash: u64) {
        prefetch(&self.groups, self.home(hash));
    }

    /// The first place that may be of a hash, in its own group.
    #[inline]
    pub(crate) fn likely(&self, hash: u64) -> Option<u32> {
        let at = self.home(hash);
        let lane = self.groups.get(at)?.lanes(tag_of(hash)).next()?;
        Some(at as u32 * LANES + lane)
    }

    /// Asks for the entry at a place.
    #[inline]
    pub(crate) fn prefetch_entry(&self, place: u32) {
        prefetch(&self.entries, place as usize);
    }

    /// Asks for the tags of a place.
    pub(crate) fn prefetch_tags_at(&self, place: u32) {
        prefetch(&self.groups, (place / LANES) as usize);
    }

    /// A free place for a hash; `None` if the table is full, or that part of it.
    pub(crate) fn vacancy(&self, hash: u64) -> Option<u32> {
        if !A::IS_BUILT || self.room() == 0 {
            return None;
        }
        let mut at = self.home(hash);
        for _ in 0..REACH.min(self.groups.len()) {
            if let Some(lane) = self.groups.get(at)?.lanes(FREE).next() {
                return Some(at as u32 * LANES + lane);
            }
            at = self.after(at);
        }
        None
    }

    /// Puts an entry to a place that is its [vacancy](Self::vacancy).
    pub(crate) fn insert(&mut self, hash: u64, place: u32, hidden: bool, entry: Entry<A>) {
        self.count_passing(hash, place, |passed| passed.saturating_add(1));
        if let Some(taken) = self.get_mut(place) {
            *taken = entry;
        }
        self.set_hidden(hash, place, hidden);
        self.len += 1;
    }

    /// Lets searches find an entry, or not.
    pub(crate) fn set_hidden(&mut self, hash: u64, place: u32, hidden: bool) {
        if let Some(tag) = self.tag_mut(place) {
            *tag = if hidden { HIDDEN } else { tag_of(hash) };
        }
    }

    /// Frees a place that is taken; without a hash if it [needs none](Self::needs_hash).
    pub(crate) fn remove(&mut self, place: u32, hash: Option<u64>) {
        if let Some(hash) = hash {
            self.count_passing(hash, place, |passed| passed.saturating_sub(1));
        }
        if let Some(tag) = self.tag_mut(place) {
            *tag = FREE;
        }
        self.len = self.len.saturating_sub(1);
    }

    /// Whether what is at a place may lie away from its own group: it passed the one before then.
    pub(crate) fn needs_hash(&self, place: u32) -> bool {
        let group = (place / LANES) as usize;
        let before = group.checked_sub(1).or(self.groups.len().checked_sub(1));
        before.and_then(|before| self.groups.get(before)).is_some_and(|group| group.passed() > 0)
    }

    /// Every group that an entry passed on the way to its place.
    fn count_passing(&mut self, hash: u64, place: u32, count: impl Fn(u16) -> u16) {
        let mut at = self.home(hash);
        for _ in 0..REACH {
            if at == (place / LANES) as usize {
                return;
            }
            if let Some(group) = self.groups.get_mut(at) {
                group.passed = count(group.passed()).to_le_bytes();
            }
            at = self.after(at);
        }
    }

    /// The group of a hash: its lower half as a fraction of all groups, for they are no power of two.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        (((hash & u64::from(u32::MAX)) * self.groups.len() as u64) >> 32) as usize
    }

    #[inline]
    fn after(&self, group: usize) -> usize {
        if group + 1 < self.groups.len() { group + 1 } else { 0 }
    }
}

/// From the upper half of a hash, which does not choose the group.
#[inline]
fn tag_of(hash: u64) -> u8 {
    ((hash >> 56) as u8).max(HIDDEN + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;
    use std::vec::Vec;

    #[test]
    fn lanes_are_exact() {
        arbtest::arbtest(|u| {
            let near = [0, 1, 2, 0x7f, 0x80, 0x81, 0xfe, 0xff];
            let mut group = Group { passed: u.arbitrary()?, ..Group::EMPTY };
            for tag in &mut group.tags {
                *tag = if u.arbitrary()? { *u.choose(&near)? } else { u.arbitrary()? };
            }
            let tag = if u.arbitrary()? { *u.choose(&near)? } else { u.arbitrary()? };
            let expected = (0..).zip(group.tags).filter(|&(_, other)| other == tag);
            let expected: Vec<u32> = expected.map(|(lane, _)| lane).collect();
            assert_eq!(group.lanes(tag).collect::<Vec<_>>(), expected);
            Ok(())
        });
    }

    impl<A: Address> Table<A> {
        pub(crate) fn octets(&self) -> usize {
            size_of_val(&self.groups[..]) + size_of_val(&self.entries[..])
        }

        /// How many groups were passed by all entries together.
        pub(crate) fn displaced(&self) -> u32 {
            self.groups.iter().map(|group| u32::from(group.passed())).sum()
        }
    }

    fn entry(number: u32) -> Entry<Ipv4Addr> {
        let mut entry = Entry::BLANK;
        entry.tuple.client = number.into();
        entry
    }

    /// Few hashes, so that groups overflow and entries of one hash lie in several.
    #[test]
    fn equals_a_list() {
        arbtest::arbtest(|u| {
            let capacity = *u.choose(&[0, 1, 14, 28, 50, 100, 500])?;
            let mut table = Table::<Ipv4Addr>::new(capacity).unwrap();
            let mut model: Vec<(u64, u32, bool, u32)> = Vec::new();
            let hashes: [u64; 4] = u.arbitrary()?;
            for number in 0..u.arbitrary_len::<[u8; 3]>()? as u32 {
                let hash = *u.choose(&hashes)?;
                if u.ratio(1, 3)? && !model.is_empty() {
                    let (hash, place, ..) = model.swap_remove(u.choose_index(model.len())?);
                    table.remove(place, table.needs_hash(place).then_some(hash));
                } else if let Some(place) = table.vacancy(hash) {
                    assert!(!table.is_taken(place));
                    let hidden = u.ratio(1, 4)?;
                    table.insert(hash, place, hidden, entry(number));
                    model.push((hash, place, hidden, number));
                } else {
                    assert_eq!(model.len() as u32, capacity);
                }
                assert_eq!(table.room(), capacity - model.len() as u32);
                for &(hash, place, hidden, number) in &model {
                    let client = Ipv4Addr::from(number);
                    let found = table.find(hash, |entry| entry.tuple.client == client);
                    assert_eq!(found, (!hidden).then_some(place));
                    assert!(table.is_taken(place));
                }
                let taken = (0..table.groups()).flat_map(|group| table.taken(group)).count();
                assert_eq!(taken, model.len());
            }
            for (hash, place, ..) in model {
                table.remove(place, table.needs_hash(place).then_some(hash));
            }
            assert!(
                table.groups.iter().all(|group| group.passed() == 0 && group.tags == [FREE; 14])
            );
            Ok(())
        });
    }

    /// Not by one hash: room for all of them is far from one group, and they are refused in time.
    #[test]
    fn what_is_all_alike_is_bounded() {
        let mut table = Table::<Ipv4Addr>::new(100_000).unwrap();
        let mut count = 0;
        while let Some(place) = table.vacancy(7) {
            table.insert(7, place, true, entry(count));
            count += 1;
        }
        assert_eq!(count, REACH as u32 * LANES);
        assert!(table.vacancy(u64::from(u32::MAX)).is_some());
        assert_eq!(table.find(7, |_| true), None);
    }

    #[test]
    fn there_is_room_for_all_and_little_more() {
        for capacity in [0, 1, 13, 14, 15, 1000, 65_536] {
            let table = Table::<Ipv4Addr>::new(capacity).unwrap();
            assert!(table.places() >= capacity && table.places() < capacity * 20 / 17 + 14);
        }
        assert!(Table::<Ipv4Addr>::new(u32::MAX).is_err());
    }
}
