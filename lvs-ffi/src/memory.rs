//! Memory.

use core::ffi::c_void;

use crate::door::{required, status};
use crate::{lvs_status, runtime};

/// Gives `size` octets aligned to `alignment`, a power of two, or NULL. `context` is that of
/// `lvs_set_allocator`.
pub type lvs_alloc_fn = Option<
    unsafe extern "C" fn(context: *mut c_void, size: usize, alignment: usize) -> *mut c_void,
>;
/// Takes back what `lvs_alloc_fn` gave, with the same `size` and `alignment`.
pub type lvs_free_fn = Option<
    unsafe extern "C" fn(context: *mut c_void, memory: *mut c_void, size: usize, alignment: usize),
>;

/// Sets where a bare library takes its memory from: call it once, before anything else, while there
/// is one thread. All memory is taken by calls that configure, none by those that packets and timers
/// lead to. A bare library without malloc has no memory before: what needs some gives
/// `LVS_ERR_NO_MEMORY`.
///
/// # Errors
/// `LVS_ERR_NULL`; `LVS_ERR_ALLOCATOR` if it was called before, or if the library has the allocator
/// of its program, as all have that are not bare.
///
/// # Safety
/// The functions do what `lvs_alloc_fn` and `lvs_free_fn` say, with `context`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_set_allocator(
    alloc: lvs_alloc_fn,
    free: lvs_free_fn,
    context: *mut c_void,
) -> lvs_status {
    status(|| {
        let (alloc, free) = (required(alloc)?, required(free)?);
        // SAFETY: the caller's contract.
        unsafe { runtime::set_allocator(alloc, free, context) }
    })
}

unsafe extern "C" {
    /// Is called by a bare library without libc that has found a bug in itself, at `line` of the
    /// `file` whose name has so many octets; the program has to define it, and it must not return.
    /// Libraries with libc call abort.
    pub fn lvs_panic(file: *const u8, length: usize, line: u32) -> !;
}

pub(crate) type Alloc = unsafe extern "C" fn(*mut c_void, usize, usize) -> *mut c_void;
pub(crate) type Free = unsafe extern "C" fn(*mut c_void, *mut c_void, usize, usize);
