//! The walk: destinations as a kernel keeps them, in a linked list of large records.

use std::cell::Cell;
use std::iter::successors;
use std::{fmt, ptr};

use crate::linear::{Counters, List, Settings};

/// A linked list of records of 512 bytes, counters and weight in the record but far apart, so that
/// a walk touches two cache lines of each.
///
/// The records lie one behind the other in list order, as an allocator that was never asked for
/// anything else places them: the memory is fetched ahead of the walk, which flatters it. They refer
/// to each other, and are never given back.
#[derive(Debug)]
pub struct Walk {
    records: &'static [Record],
}

/// Leads to a record.
#[derive(Clone, Copy)]
pub struct Link(&'static Record);

#[repr(C, align(512))]
#[derive(Debug)]
struct Record {
    next: Cell<Option<Link>>,
    address: [u8; 44],
    /// At 52.
    settings: Settings,
    statistics: [[u64; 13]; 3],
    /// At 376.
    counters: Counters,
    route: [u64; 15],
}

const _: () = {
    assert!(size_of::<Record>() == 512);
    assert!(std::mem::offset_of!(Record, settings.weight) == 60);
    assert!(std::mem::offset_of!(Record, counters.active) == 376);
};

impl List for Walk {
    type Place = Link;

    fn new(settings: impl Iterator<Item = Settings>) -> Self {
        let records: Vec<_> = settings
            .map(|settings| Record {
                next: Cell::new(None),
                address: [0; 44],
                settings,
                statistics: [[0; 13]; 3],
                counters: Counters::default(),
                route: [0; 15],
            })
            .collect();
        let records = records.leak();
        for (record, next) in records.iter().zip(records.iter().skip(1)) {
            record.next.set(Some(Link(next)));
        }
        Self { records }
    }

    fn places(&self) -> impl Iterator<Item = Link> {
        self.records.iter().map(Link)
    }

    #[inline]
    fn after(&self, place: Option<Link>) -> impl Iterator<Item = (Link, &Settings, &Counters)> {
        let next = place.map_or(self.records.first().map(Link), Link::next);
        successors(next, |link| link.next()).map(|link| (link, &link.0.settings, &link.0.counters))
    }

    #[inline]
    fn get(&self, place: Link) -> (&Settings, &Counters) {
        (&place.0.settings, &place.0.counters)
    }
}

impl Link {
    #[inline]
    fn next(self) -> Option<Self> {
        self.0.next.get()
    }
}

impl PartialEq for Link {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.0, other.0)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&self.0, f)
    }
}
