//! Room to write into.

use core::mem;

/// The buffer has no room for what is to be written; nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the buffer holds {available} octets, {needed} are needed")]
pub struct BufferTooSmall {
    /// Octets that the whole takes.
    pub needed: usize,
    /// Octets that the buffer has.
    pub available: usize,
}

/// Octets written one after another into room that was checked first.
pub(crate) struct Writer<'a>(&'a mut [u8]);

impl<'a> Writer<'a> {
    /// A writer of `length` octets at the front of `out`.
    pub(crate) fn new(out: &'a mut [u8], length: usize) -> Result<Self, BufferTooSmall> {
        let available = out.len();
        let room = out.get_mut(..length).ok_or(BufferTooSmall { needed: length, available })?;
        Ok(Self(room))
    }

    /// Writes `octets` behind the last ones; beyond the length asked for nothing is written.
    pub(crate) fn put(&mut self, octets: &[u8]) {
        if let Some((front, rest)) = mem::take(&mut self.0).split_at_mut_checked(octets.len()) {
            front.copy_from_slice(octets);
            self.0 = rest;
        }
    }
}
