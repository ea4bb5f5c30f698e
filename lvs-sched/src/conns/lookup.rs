//! Lookups of several packets at once, so that memory is waited for but once.

use core::fmt;

use lvs_proto::{Flow, Hook, Instant};

use super::entry::{ConnId, Entry};
use super::key::Sought;
use super::{Conns, Found};

/// Packets on the way to their connections, made by
/// [`Director::prepare`](crate::Director::prepare).
#[derive(Clone, Copy)]
pub struct Lookup<'a> {
    /// Borrowed, so that nothing moves meanwhile.
    conns: &'a Conns,
    flows: &'a [Flow],
    /// The hash of each key; of packets that have none, of nothing.
    pub(crate) hashes: [u64; Lookup::MOST],
    /// Where each connection likely is.
    likely: [Option<ConnId>; Lookup::MOST],
}

impl<'a> Lookup<'a> {
    /// So many packets are looked up at once.
    pub const MOST: usize = 32;

    /// Hashes the keys, and asks for their tags.
    #[inline]
    pub(crate) fn new(conns: &'a Conns, flows: &'a [Flow]) -> Self {
        let flows = flows.get(..Self::MOST).unwrap_or(flows);
        let mut hashes = [0; Self::MOST];
        for (flow, hash) in flows.iter().zip(&mut hashes) {
            *hash = conns.hash_of_flow(flow);
            conns.prefetch_index(flow, *hash);
        }
        Self { conns, flows, hashes, likely: [None; Self::MOST] }
    }

    /// Reads the tags, and asks for the entries that are likely the right ones.
    #[inline]
    pub fn probe(&mut self) {
        for ((flow, hash), likely) in self.flows.iter().zip(self.hashes).zip(&mut self.likely) {
            *likely = self.conns.prefetch_entry(flow, hash);
        }
    }

    /// After [`probe`](Self::probe), asks for what those packets need that likely have no connection
    /// yet.
    #[inline]
    pub(crate) fn prefetch_new(&self) {
        for ((flow, hash), likely) in self.flows.iter().zip(self.hashes).zip(self.likely) {
            if likely.is_none() && flow.hook != Hook::Forward {
                match Sought::of(flow) {
                    Some(Sought::V4(tuple)) => self.conns.prefetch_new(&tuple, hash),
                    Some(Sought::V6(tuple)) => self.conns.prefetch_new(&tuple, hash),
                    None => {}
                }
            }
        }
    }

    /// Reads the entries: in the order of the packets, the connection that each belongs to at `now`
    /// if it comes from a client \[CON-3\]. Returns how many were looked up, which is as many as there
    /// are packets and places to put them. Without [`probe`](Self::probe) it takes longer.
    #[inline]
    pub fn finish(&self, now: Instant, found: &mut [Option<ConnId>]) -> usize {
        let each = self.flows.iter().zip(self.hashes).zip(self.likely).zip(found.iter_mut());
        for (((flow, hash), likely), found) in each {
            *found = self.find(now, flow, hash, likely);
        }
        self.flows.len().min(found.len())
    }

    #[inline]
    fn find(&self, now: Instant, flow: &Flow, hash: u64, likely: Option<ConnId>) -> Option<ConnId> {
        let conns = self.conns;
        let found = likely.and_then(|id| conns.places.get(id));
        let is_it =
            |entry: &Entry<_>, tuple| entry.tuple == tuple && conns.lives(now, &entry.course);
        match (Sought::of(flow)?, found) {
            (Sought::V4(tuple), Some(Found::V4(entry))) if is_it(entry, tuple) => likely,
            (Sought::V4(tuple), _) => conns.find_tuple(now, &tuple, hash),
            (Sought::V6(tuple), _) => conns.find_tuple(now, &tuple, hash),
        }
    }
}

/// The packets alone.
impl fmt::Debug for Lookup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lookup").field(&self.flows).finish()
    }
}
