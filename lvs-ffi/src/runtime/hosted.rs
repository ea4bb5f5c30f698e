//! What a library has from the program that it is part of: allocator and panic handler.

use core::ffi::c_void;

use crate::lvs_status;
use crate::lvs_status::LVS_ERR_ALLOCATOR;
use crate::memory::{Alloc, Free};

/// # Safety
/// None is asked for: there is an allocator.
pub(crate) const unsafe fn set_allocator(
    _: Alloc,
    _: Free,
    _: *mut c_void,
) -> Result<(), lvs_status> {
    Err(LVS_ERR_ALLOCATOR)
}
