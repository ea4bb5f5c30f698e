//! What few connections have, kept beside the table so that its entries stay small.

use alloc::vec::Vec;
use core::net::IpAddr;

use lvs_proto::Endpoint;

use super::{ConnId, Control};
use crate::OutOfMemory;
use crate::arena::Key;

/// What one connection or template has beyond the usual.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rare {
    /// The mark, which would otherwise be where the number of this record is.
    pub(crate) mark: u32,
    /// Of a template, the Call-ID that it is for \[PE-2\].
    pub(crate) call: Option<Key>,
    /// A real server of the other family.
    pub(crate) server: Option<IpAddr>,
    /// What the real server sees of the client, if that is something else \[FN-1\].
    pub(crate) local: Option<Endpoint>,
    /// Whether the real server has yet to be told who the client is \[FN-4\].
    pub(crate) toa: bool,
    /// Of a control connection of FTP.
    pub(crate) control: Control,
    by_client: Links,
    by_reply: Links,
    /// Of a free record, the next free one.
    next_free: Option<u32>,
}

impl Rare {
    pub(crate) const fn of_mark(mark: u32) -> Self {
        Self {
            mark,
            call: None,
            server: None,
            local: None,
            toa: false,
            control: Control::NONE,
            by_client: Links::NONE,
            by_reply: Links::NONE,
            next_free: None,
        }
    }

    pub(crate) const fn links(&self, chain: Chain) -> &Links {
        match chain {
            Chain::Client => &self.by_client,
            Chain::Reply => &self.by_reply,
        }
    }

    pub(crate) const fn links_mut(&mut self, chain: Chain) -> &mut Links {
        match chain {
            Chain::Client => &mut self.by_client,
            Chain::Reply => &mut self.by_reply,
        }
    }

    /// Whether all there is left is the mark.
    pub(crate) fn is_usual(&self) -> bool {
        self.call.is_none()
            && self.server.is_none()
            && self.local.is_none()
            && self.control == Control::NONE
            && self.by_client.is_alone()
            && self.by_reply.is_alone()
    }
}

/// Neighbors in a chain of which the newest alone is found; the others come after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links {
    /// The next newer one.
    pub(crate) front: Option<ConnId>,
    /// The next older one.
    pub(crate) behind: Option<ConnId>,
}

impl Links {
    pub(crate) const NONE: Self = Self { front: None, behind: None };

    const fn is_alone(&self) -> bool {
        self.front.is_none() && self.behind.is_none()
    }
}

/// What those of a chain have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chain {
    /// The client's key \[CON-12\].
    Client,
    /// The key of replies.
    Reply,
}

/// A fixed number of such records.
#[derive(Debug)]
pub(crate) struct Rares {
    records: Vec<Rare>,
    first_free: Option<u32>,
    room: u32,
}

impl Rares {
    pub(crate) fn new(capacity: u32) -> Result<Self, OutOfMemory> {
        let mut records = Vec::new();
        records.try_reserve_exact(capacity as usize).map_err(|_| OutOfMemory)?;
        for place in 1..=capacity {
            let next_free = (place < capacity).then_some(place);
            records.push(Rare { next_free, ..Rare::of_mark(0) });
        }
        Ok(Self { records, first_free: (capacity > 0).then_some(0), room: capacity })
    }

    /// How many more there is room for.
    pub(crate) const fn room(&self) -> u32 {
        self.room
    }

    pub(crate) fn get(&self, place: u32) -> Option<&Rare> {
        self.records.get(place as usize)
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut Rare> {
        self.records.get_mut(place as usize)
    }

    pub(crate) fn insert(&mut self, rare: Rare) -> Option<u32> {
        let place = self.first_free?;
        let record = self.records.get_mut(place as usize)?;
        self.first_free = record.next_free;
        self.room = self.room.saturating_sub(1);
        *record = rare;
        Some(place)
    }

    /// Lets go of a record that is taken.
    pub(crate) fn remove(&mut self, place: u32) {
        if let Some(record) = self.records.get_mut(place as usize) {
            *record = Rare { next_free: self.first_free, ..Rare::of_mark(0) };
            self.first_free = Some(place);
            self.room = self.room.saturating_add(1);
        }
    }
}
