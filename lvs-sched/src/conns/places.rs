//! The places of both families under one numbering.

use core::net::{Ipv4Addr, Ipv6Addr};
use core::ops::Range;

use lvs_proto::Family;

use super::entry::{ConnId, Course, Entry};
use super::key::Address;
use super::table::Table;
use crate::OutOfMemory;

/// A table for each family; the places of IPv4 come first.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) v4: Table<Ipv4Addr>,
    pub(crate) v6: Table<Ipv6Addr>,
}

/// An address that chooses its table.
pub(crate) trait Placed: Address {
    fn table(places: &Places) -> &Table<Self>;
    fn table_mut(places: &mut Places) -> &mut Table<Self>;
    /// The number of a place of its table.
    fn id(places: &Places, place: u32) -> ConnId;
    /// The place in its table of what is there.
    fn place(places: &Places, id: ConnId) -> Option<u32>;
}

impl Placed for Ipv4Addr {
    #[inline]
    fn table(places: &Places) -> &Table<Self> {
        &places.v4
    }

    fn table_mut(places: &mut Places) -> &mut Table<Self> {
        &mut places.v4
    }

    #[inline]
    fn id(_: &Places, place: u32) -> ConnId {
        ConnId::new(place)
    }

    #[inline]
    fn place(places: &Places, id: ConnId) -> Option<u32> {
        Some(id.place()).filter(|place| *place < places.v4.places())
    }
}

impl Placed for Ipv6Addr {
    #[inline]
    fn table(places: &Places) -> &Table<Self> {
        &places.v6
    }

    fn table_mut(places: &mut Places) -> &mut Table<Self> {
        &mut places.v6
    }

    #[inline]
    fn id(places: &Places, place: u32) -> ConnId {
        ConnId::new(places.v4.places() + place)
    }

    #[inline]
    fn place(places: &Places, id: ConnId) -> Option<u32> {
        places.in_v6(id)
    }
}

/// An entry of either family.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    V4(&'a Entry<Ipv4Addr>),
    V6(&'a Entry<Ipv6Addr>),
}

impl Places {
    pub(crate) fn new(v4: u32, v6: u32) -> Result<Self, OutOfMemory> {
        let places = Self { v4: Table::new(v4)?, v6: Table::new(v6)? };
        places.v4.places().checked_add(places.v6.places()).ok_or(OutOfMemory)?;
        Ok(places)
    }

    /// How many places there are.
    pub(crate) fn count(&self) -> u32 {
        self.v4.places() + self.v6.places()
    }

    /// How many more of a family fit.
    pub(crate) const fn room(&self, family: Family) -> u32 {
        match family {
            Family::V4 => self.v4.room(),
            Family::V6 => self.v6.room(),
        }
    }

    /// The same of the family that has the least, of those that have any places.
    pub(crate) fn least_room(&self) -> u32 {
        let tables = [(self.v4.places(), self.v4.room()), (self.v6.places(), self.v6.room())];
        let rooms = tables.into_iter().filter(|&(places, _)| places > 0).map(|(_, room)| room);
        rooms.min().unwrap_or(0)
    }

    /// The place in the table of IPv6 of what is there.
    #[inline]
    fn in_v6(&self, id: ConnId) -> Option<u32> {
        if Ipv6Addr::IS_BUILT { id.place().checked_sub(self.v4.places()) } else { None }
    }

    /// What is at a place, taken or not.
    #[inline]
    pub(crate) fn get(&self, id: ConnId) -> Option<Found<'_>> {
        match self.in_v6(id) {
            None => self.v4.get(id.place()).map(Found::V4),
            Some(place) => self.v6.get(place).map(Found::V6),
        }
    }

    #[inline]
    pub(crate) fn course(&self, id: ConnId) -> Option<&Course> {
        match self.get(id)? {
            Found::V4(entry) => Some(&entry.course),
            Found::V6(entry) => Some(&entry.course),
        }
    }

    #[inline]
    pub(crate) fn course_mut(&mut self, id: ConnId) -> Option<&mut Course> {
        match self.in_v6(id) {
            None => self.v4.get_mut(id.place()).map(|entry| &mut entry.course),
            Some(place) => self.v6.get_mut(place).map(|entry| &mut entry.course),
        }
    }

    pub(crate) fn is_taken(&self, id: ConnId) -> bool {
        match self.in_v6(id) {
            None => self.v4.is_taken(id.place()),
            Some(place) => self.v6.is_taken(place),
        }
    }

    /// Lets searches find what is at a place, or not.
    pub(crate) fn set_hidden(&mut self, id: ConnId, hash: u64, hidden: bool) {
        match self.in_v6(id) {
            None => self.v4.set_hidden(hash, id.place(), hidden),
            Some(place) => self.v6.set_hidden(hash, place, hidden),
        }
    }

    /// Frees a place that is taken; without a hash if it [needs none](Self::needs_hash).
    pub(crate) fn remove(&mut self, id: ConnId, hash: Option<u64>) {
        match self.in_v6(id) {
            None => self.v4.remove(id.place(), hash),
            Some(place) => self.v6.remove(place, hash),
        }
    }

    /// Whether removing what is at a place takes its hash.
    pub(crate) fn needs_hash(&self, id: ConnId) -> bool {
        match self.in_v6(id) {
            None => self.v4.needs_hash(id.place()),
            Some(place) => self.v6.needs_hash(place),
        }
    }

    /// Asks for the entry at a place.
    #[inline]
    pub(crate) fn prefetch_entry(&self, id: ConnId) {
        match self.in_v6(id) {
            None => self.v4.prefetch_entry(id.place()),
            Some(place) => self.v6.prefetch_entry(place),
        }
    }

    /// Asks for the tags of a place.
    pub(crate) fn prefetch_tags(&self, id: ConnId) {
        match self.in_v6(id) {
            None => self.v4.prefetch_tags_at(id.place()),
            Some(place) => self.v6.prefetch_tags_at(place),
        }
    }

    /// How many buckets there are: groups of the tables.
    pub(crate) fn buckets(&self) -> usize {
        self.v4.groups() + self.v6.groups()
    }

    /// Those of a family.
    pub(crate) fn buckets_of(&self, family: Family) -> Range<usize> {
        match family {
            Family::V4 => 0..self.v4.groups(),
            Family::V6 => self.v4.groups()..self.buckets(),
        }
    }

    /// The places that are taken in a bucket.
    pub(crate) fn bucket(&self, bucket: usize) -> impl Iterator<Item = ConnId> + use<> {
        let of_v6 = bucket.checked_sub(self.v4.groups());
        let first = if of_v6.is_some() { self.v4.places() } else { 0 };
        let v4 = of_v6.is_none().then(|| self.v4.taken(bucket)).into_iter().flatten();
        let v6 = of_v6.map(|bucket| self.v6.taken(bucket)).into_iter().flatten();
        v4.chain(v6).map(move |place| ConnId::new(first + place))
    }
}
