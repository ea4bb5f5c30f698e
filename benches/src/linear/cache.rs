//! Those that remember where the connections of an address went. Time stands still here, so nothing
//! is forgotten.

use lvs_proto::Flow;

use super::table::{destination, spread};
use super::{Counters, List, Settings, least};

/// \[LBLC-1\]
const BUCKETS: usize = 1024;
const MOST_ENTRIES: usize = 24_576;
const END: u32 = u32::MAX;

/// Chains of entries, the newest first \[LBLC-2\].
#[derive(Debug)]
pub(super) struct Cache<T> {
    buckets: Vec<u32>,
    entries: Vec<Entry<T>>,
}

#[derive(Debug)]
struct Entry<T> {
    next: u32,
    address: u32,
    value: T,
}

impl<T> Cache<T> {
    pub(super) fn new() -> Self {
        Self { buckets: vec![END; BUCKETS], entries: Vec::with_capacity(MOST_ENTRIES) }
    }
}

impl<T> Cache<T> {
    fn get_mut(&mut self, address: u32) -> Option<&mut T> {
        let mut at = self.buckets[spread(address, 10) as usize];
        while at != END && self.entries[at as usize].address != address {
            at = self.entries[at as usize].next;
        }
        self.entries.get_mut(at as usize).map(|entry| &mut entry.value)
    }

    fn insert(&mut self, address: u32, value: T) {
        if self.entries.len() < MOST_ENTRIES {
            let bucket = &mut self.buckets[spread(address, 10) as usize];
            let next = std::mem::replace(bucket, self.entries.len() as u32);
            self.entries.push(Entry { next, address, value });
        }
    }
}

/// One place for each address.
#[derive(Debug)]
pub(super) struct Lblc<P>(pub(super) Cache<P>);

impl<P: Copy> Lblc<P> {
    /// \[LBLC-3\] \[LBLC-4\] \[LBLC-7\]
    #[inline]
    pub(super) fn pick(&mut self, list: &impl List<Place = P>, flow: &Flow) -> Option<P> {
        let address = destination(flow);
        let Some(cached) = self.0.get_mut(address) else {
            let place = least::wlc(list)?;
            self.0.insert(address, place);
            return Some(place);
        };
        if list.get(*cached).0.weight.get() <= 0 || is_busy(list, *cached) {
            *cached = least::wlc(list)?;
        }
        Some(*cached)
    }

    pub(super) fn remember(&mut self, flow: &Flow, place: P) {
        self.0.insert(destination(flow), place);
    }
}

/// A set of places for each address, the newest first.
#[derive(Debug)]
pub(super) struct Lblcr<P>(pub(super) Cache<Vec<P>>);

impl<P: Copy + PartialEq> Lblcr<P> {
    /// \[LBLCR-5\] \[LBLCR-6\] \[LBLCR-7\]
    #[inline]
    pub(super) fn pick(&mut self, list: &impl List<Place = P>, flow: &Flow) -> Option<P> {
        let address = destination(flow);
        let Some(set) = self.0.get_mut(address) else {
            let place = least::wlc(list)?;
            self.0.insert(address, vec![place]);
            return Some(place);
        };
        if let Some(place) = least_of(list, set).filter(|&place| !is_busy(list, place)) {
            return Some(place);
        }
        let place = least::wlc(list)?;
        if !set.contains(&place) {
            set.insert(0, place);
        }
        Some(place)
    }

    pub(super) fn remember(&mut self, flow: &Flow, place: P) {
        self.0.insert(destination(flow), vec![place]);
    }
}

/// \[LBLCR-3\]
fn least_of<L: List>(list: &L, set: &[L::Place]) -> Option<L::Place> {
    let free = set.iter().map(|&place| (place, list.get(place)));
    let mut free = free.filter(|(_, (settings, _))| !settings.overloaded.get());
    let first = free.find(|(_, (settings, _))| settings.weight.get() > 0)?;
    let lighter = |one: (&Settings, &Counters), other: (&Settings, &Counters)| {
        i64::from(other.1.overhead()) * i64::from(one.0.weight.get())
            > i64::from(one.1.overhead()) * i64::from(other.0.weight.get())
    };
    Some(free.fold(first, |best, next| if lighter(next.1, best.1) { next } else { best }).0)
}

/// \[LBLC-5\]
fn is_busy<L: List>(list: &L, place: L::Place) -> bool {
    let (settings, counters) = list.get(place);
    let has_room = |settings: &Settings, counters: &Counters| {
        2 * i64::from(counters.active.get()) < i64::from(settings.weight.get())
    };
    counters.active > settings.weight
        && list.iter().any(|(_, settings, counters)| has_room(settings, counters))
}
