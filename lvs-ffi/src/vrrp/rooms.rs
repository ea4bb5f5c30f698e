//! Memory for the addresses and peers of a virtual router.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::mem;
use core::ptr::NonNull;

use crate::lvs_status;
use crate::lvs_status::{LVS_ERR_BUFFER_TOO_SMALL, LVS_ERR_NO_MEMORY};

/// Where the lists of a virtual router are, and where others are put together that may follow them.
#[derive(Debug)]
pub(super) struct TwoRooms {
    used: Room,
    spare: Room,
}

impl TwoRooms {
    /// Allocated, with space for so many octets; those that follow may be more.
    pub(super) fn allocate(octets: usize) -> Result<Self, lvs_status> {
        Ok(Self { used: Room::allocate(octets)?, spare: Room::allocate(0)? })
    }

    /// Halves of memory of the caller's.
    ///
    /// # Safety
    /// There are so many octets, which nobody else uses, for as long as the rooms are used.
    pub(super) unsafe fn in_memory(first: NonNull<u8>, octets: usize) -> Self {
        let room = |first| Room { first, octets: octets / 2, is_allocated: false };
        // SAFETY: the other half begins within them.
        Self { used: room(first), spare: room(unsafe { first.add(octets / 2) }) }
    }

    /// Whether they are no memory of the caller's.
    pub(super) const fn are_allocated(&self) -> bool {
        self.used.is_allocated
    }

    /// Where the lists are.
    pub(super) const fn used(&self) -> NonNull<u8> {
        self.used.first
    }

    /// Where so many octets of other lists can be.
    pub(super) fn spare(&mut self, octets: usize) -> Result<NonNull<u8>, lvs_status> {
        if self.spare.octets < octets {
            if !self.are_allocated() {
                return Err(LVS_ERR_BUFFER_TOO_SMALL);
            }
            self.spare = Room::allocate(octets)?;
        }
        Ok(self.spare.first)
    }

    /// The others have taken their place.
    pub(super) const fn exchange(&mut self) {
        mem::swap(&mut self.used, &mut self.spare);
    }
}

#[derive(Debug)]
struct Room {
    first: NonNull<u8>,
    octets: usize,
    is_allocated: bool,
}

// SAFETY: nobody else has the memory.
unsafe impl Send for Room {}
// SAFETY: it is written by who has it alone.
unsafe impl Sync for Room {}

impl Room {
    fn allocate(octets: usize) -> Result<Self, lvs_status> {
        let layout = Layout::array::<u8>(octets).map_err(|_| LVS_ERR_NO_MEMORY)?;
        let first = match octets {
            0 => NonNull::dangling(),
            // SAFETY: it is not of size zero.
            _ => NonNull::new(unsafe { alloc(layout) }).ok_or(LVS_ERR_NO_MEMORY)?,
        };
        Ok(Self { first, octets, is_allocated: true })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let (true, 1.., Ok(layout)) =
            (self.is_allocated, self.octets, Layout::array::<u8>(self.octets))
        {
            // SAFETY: it was allocated with this layout.
            unsafe { dealloc(self.first.as_ptr(), layout) };
        }
    }
}
