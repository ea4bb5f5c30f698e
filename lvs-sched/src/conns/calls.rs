//! The Call-IDs that templates are found by.

use lvs_proto::CallId;

use crate::OutOfMemory;
use crate::arena::{Arena, Key};

/// A fixed number of places for Call-IDs.
#[derive(Debug)]
pub(crate) struct Calls(Arena<Call>);

#[derive(Debug)]
struct Call {
    octets: [u8; CallId::MAX_LEN],
    length: usize,
}

impl Calls {
    pub(crate) fn new(capacity: u32) -> Result<Self, OutOfMemory> {
        let mut calls = Arena::new();
        calls.reserve(capacity as usize)?;
        Ok(Self(calls))
    }

    /// Keeps a copy of `id`; `None` if there is no room.
    pub(crate) fn insert(&mut self, id: CallId<'_>) -> Option<Key> {
        let mut call = Call { octets: [0; CallId::MAX_LEN], length: id.octets().len() };
        call.octets.get_mut(..call.length)?.copy_from_slice(id.octets());
        self.0.insert(call)
    }

    pub(crate) fn get(&self, key: Key) -> Option<CallId<'_>> {
        let call = self.0.get(key)?;
        CallId::new(call.octets.get(..call.length)?)
    }

    pub(crate) fn remove(&mut self, key: Key) {
        self.0.remove(key);
    }
}
