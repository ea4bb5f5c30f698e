//! Lookups of several packets at once, so that memory is waited for but once.

use core::fmt;

use lvs_proto::{Flow, Hook, Instant};

use super::Conns;
use super::entry::ConnId;

/// Packets on the way to their connections, made by
/// [`Director::prepare`](crate::Director::prepare).
#[derive(Clone, Copy)]
pub struct Lookup<'a> {
    /// Borrowed, so that nothing moves meanwhile.
    conns: &'a Conns,
    flows: &'a [Flow],
    pub(crate) clues: [Clue; Lookup::MOST],
}

/// What leads to the connection of a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clue {
    /// The hash of the packet's key; if it has none, of nothing.
    pub(crate) hash: u64,
    /// Where its connection likely is.
    pub(super) likely: Option<ConnId>,
}

impl Clue {
    pub(crate) const fn new(hash: u64) -> Self {
        Self { hash, likely: None }
    }
}

impl<'a> Lookup<'a> {
    /// So many packets are looked up at once.
    pub const MOST: usize = 32;

    /// Hashes the keys, and asks for their tags.
    #[inline]
    pub(crate) fn new(conns: &'a Conns, flows: &'a [Flow]) -> Self {
        let flows = flows.get(..Self::MOST).unwrap_or(flows);
        let mut clues = [Clue::new(0); Self::MOST];
        for (flow, clue) in flows.iter().zip(&mut clues) {
            *clue = conns.clue(flow);
            conns.prefetch_index(flow, clue.hash);
        }
        Self { conns, flows, clues }
    }

    /// Reads the tags, and asks for the entries that are likely the right ones.
    #[inline]
    pub fn probe(&mut self) {
        for (flow, clue) in self.flows.iter().zip(&mut self.clues) {
            clue.likely = self.conns.prefetch_entry(flow, clue.hash);
        }
    }

    /// After [`probe`](Self::probe), asks for what those packets need that likely have no connection
    /// yet.
    #[inline]
    pub(crate) fn prefetch_new(&self) {
        for (flow, clue) in self.flows.iter().zip(self.clues) {
            if clue.likely.is_none() && flow.hook != Hook::Forward {
                self.conns.prefetch_new(flow.family(), clue.hash);
            }
        }
    }

    /// Reads the entries: in the order of the packets, the connection that each belongs to at `now`
    /// if it comes from a client \[CON-3\]. Returns how many were looked up, which is as many as there
    /// are packets and places to put them. Without [`probe`](Self::probe) it takes longer.
    #[inline]
    pub fn finish(&self, now: Instant, found: &mut [Option<ConnId>]) -> usize {
        for ((flow, clue), found) in self.flows.iter().zip(self.clues).zip(found.iter_mut()) {
            *found = self.conns.find_of(now, flow, clue);
        }
        self.flows.len().min(found.len())
    }
}

/// The packets alone.
impl fmt::Debug for Lookup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lookup").field(&self.flows).finish()
    }
}
