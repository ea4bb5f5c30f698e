//! What a library on its own needs: an allocator and an end for panics.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::panic::PanicInfo;

use crate::lvs_status;
use crate::lvs_status::LVS_ERR_ALLOCATOR;
use crate::memory::{Alloc, Free};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator(UnsafeCell::new(None));

/// The only state that all handles share.
struct Allocator(UnsafeCell<Option<Hooks>>);

// SAFETY: it is written once, while there is one thread.
unsafe impl Sync for Allocator {}

/// What the program set.
#[derive(Clone, Copy)]
struct Hooks {
    alloc: Alloc,
    free: Free,
    context: *mut c_void,
}

/// # Safety
/// There is one thread, nothing was allocated yet, and the hooks do what they should.
pub(crate) unsafe fn set_allocator(
    alloc: Alloc,
    free: Free,
    context: *mut c_void,
) -> Result<(), lvs_status> {
    // SAFETY: the caller vouches for it.
    let place = unsafe { &mut *ALLOCATOR.0.get() };
    if place.is_some() {
        return Err(LVS_ERR_ALLOCATOR);
    }
    *place = Some(Hooks { alloc, free, context });
    Ok(())
}

impl Allocator {
    fn hooks(&self) -> Option<Hooks> {
        // SAFETY: it was written before there were several threads.
        unsafe { *self.0.get() }
    }
}

// SAFETY: what gives memory is what takes it back, as is asked of the hooks and true of libc.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.hooks() {
            // SAFETY: as was asked of the hooks.
            Some(hooks) => unsafe {
                (hooks.alloc)(hooks.context, layout.size(), layout.align()).cast()
            },
            None => default::alloc(layout),
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        match self.hooks() {
            // SAFETY: it came from these hooks.
            Some(hooks) => unsafe {
                (hooks.free)(hooks.context, memory.cast(), layout.size(), layout.align());
            },
            None => default::dealloc(memory),
        }
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    default::panic(info)
}

/// Memory and an end from libc.
#[cfg(feature = "libc")]
mod default {
    use core::ffi::c_void;

    use super::{Layout, PanicInfo};

    unsafe extern "C" {
        fn abort() -> !;
        fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void;
        fn free(memory: *mut c_void);
    }

    pub(super) fn alloc(layout: Layout) -> *mut u8 {
        // C11 wants whole multiples of the alignment, and POSIX at least that of a pointer.
        let layout = layout.align_to(size_of::<usize>()).unwrap_or(layout).pad_to_align();
        // SAFETY: the alignment is a power of two.
        unsafe { aligned_alloc(layout.align(), layout.size()).cast() }
    }

    pub(super) fn dealloc(memory: *mut u8) {
        // SAFETY: it came from `alloc`.
        unsafe { free(memory.cast()) };
    }

    pub(super) fn panic(_: &PanicInfo<'_>) -> ! {
        // SAFETY: nothing is asked for.
        unsafe { abort() }
    }
}

/// No memory, and an end that the program defines.
#[cfg(not(feature = "libc"))]
mod default {
    use core::ptr;

    use super::{Layout, PanicInfo};

    pub(super) fn alloc(_: Layout) -> *mut u8 {
        ptr::null_mut()
    }

    pub(super) fn dealloc(_: *mut u8) {}

    pub(super) fn panic(info: &PanicInfo<'_>) -> ! {
        let (file, line) = info.location().map_or(("", 0), |at| (at.file(), at.line()));
        // SAFETY: the program defines it, and it does not return.
        unsafe { crate::lvs_panic(file.as_ptr(), file.len(), line) }
    }
}
