//! Memory for configuring: one piece, given out from the front, never taken back.

#![allow(unsafe_code, reason = "an allocator hands out memory")]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// An allocator over `SIZE` octets of its own, for programs with a single thread and no allocation
/// in interrupts.
///
/// ```
/// use lvs_firmware::Arena;
///
/// static ARENA: Arena<1024> = Arena::new();
/// assert_eq!(ARENA.used(), 0);
/// ARENA.seal();
/// ```
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Arena<const SIZE: usize> {
    memory: UnsafeCell<[u8; SIZE]>,
    used: AtomicUsize,
    sealed: AtomicBool,
}

// SAFETY: `memory` is never read or written here; `allocate` gives each part of it out once, on a
// single thread as the type's contract says.
unsafe impl<const SIZE: usize> Sync for Arena<SIZE> {}

impl<const SIZE: usize> Arena<SIZE> {
    /// An arena of which nothing was given out.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            memory: UnsafeCell::new([0; SIZE]),
            used: AtomicUsize::new(0),
            sealed: AtomicBool::new(false),
        }
    }

    /// Octets given out, and those lost to alignment.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// All octets.
    #[must_use]
    pub const fn size(&self) -> usize {
        SIZE
    }

    /// Configuring is over: whoever asks for memory from now on meets a panic.
    pub fn seal(&self) {
        self.sealed.store(true, Ordering::Relaxed);
    }

    /// The place of `layout` behind what was given out, and the octets given out with it. A plain
    /// load and a store later: the smallest processors have no compare-and-swap.
    fn place(&self, layout: Layout) -> Option<(usize, usize)> {
        let start = self.used().checked_next_multiple_of(layout.align())?;
        let end = start.checked_add(layout.size())?;
        // The arena itself is aligned to 64, and nobody asks for more.
        (end <= SIZE && layout.align() <= 64).then_some((start, end))
    }
}

impl<const SIZE: usize> Default for Arena<SIZE> {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: `place` gives out every octet once, within `memory` and aligned.
unsafe impl<const SIZE: usize> GlobalAlloc for Arena<SIZE> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        assert!(!self.sealed.load(Ordering::Relaxed), "allocation after configuring");
        let Some((start, end)) = self.place(layout) else { return core::ptr::null_mut() };
        self.used.store(end, Ordering::Relaxed);
        // SAFETY: `start` is within `memory`.
        unsafe { self.memory.get().cast::<u8>().add(start) }
    }

    unsafe fn dealloc(&self, _octets: *mut u8, _layout: Layout) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_octet_is_given_out_once() {
        let arena = Arena::<256>::new();
        let allocate = |size, align| {
            // SAFETY: the layout is not empty.
            unsafe { arena.alloc(Layout::from_size_align(size, align).unwrap()) as usize }
        };
        let first = allocate(1, 1);
        assert_eq!(first % 64, 0);
        assert_eq!((allocate(4, 4), arena.used()), (first + 4, 8));
        assert_eq!((allocate(64, 64), arena.used()), (first + 64, 128));
        assert_eq!(allocate(129, 1), 0, "no more than there is");
        assert_eq!(allocate(1, 128), 0, "no more aligned than the arena");
        assert_eq!((allocate(128, 1), arena.used()), (first + 128, 256));
    }

    #[test]
    #[should_panic(expected = "allocation after configuring")]
    fn a_sealed_arena_gives_nothing() {
        let arena = Arena::<256>::new();
        arena.seal();
        // SAFETY: the layout is not empty.
        unsafe { arena.alloc(Layout::new::<u64>()) };
    }
}
