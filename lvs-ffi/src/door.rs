//! What every call passes: panics end here, pointers become references, failures numbers.

use alloc::alloc::alloc;
use alloc::boxed::Box;
use core::alloc::Layout;
use core::ffi::c_int;
use core::slice;

use crate::lvs_status;
use crate::lvs_status::{
    LVS_ERR_COUNT, LVS_ERR_NO_MEMORY, LVS_ERR_NULL, LVS_ERR_PANIC, LVS_ERR_STRUCT_SIZE, LVS_OK,
};

/// The answer of a function that only succeeds or fails.
pub(crate) fn status(body: impl FnOnce() -> Result<(), lvs_status>) -> lvs_status {
    match caught(body) {
        Ok(()) => LVS_OK,
        Err(status) => status,
    }
}

/// The answer of a function that gives a number, or else a status.
pub(crate) fn number(body: impl FnOnce() -> Result<c_int, lvs_status>) -> c_int {
    caught(body).unwrap_or_else(|status| status as c_int)
}

#[cfg(feature = "std")]
fn caught<R>(body: impl FnOnce() -> Result<R, lvs_status>) -> Result<R, lvs_status> {
    // What a panic leaves half done is behind a `Guarded`, which is then never opened again.
    let body = std::panic::AssertUnwindSafe(body);
    std::panic::catch_unwind(body).unwrap_or(Err(LVS_ERR_PANIC))
}

#[cfg(not(feature = "std"))]
fn caught<R>(body: impl FnOnce() -> Result<R, lvs_status>) -> Result<R, lvs_status> {
    body()
}

/// What a handle points to; closed for good once a change of it has panicked.
#[derive(Debug)]
pub(crate) struct Guarded<T> {
    value: T,
    poisoned: bool,
}

impl<T> Guarded<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { value, poisoned: false }
    }

    pub(crate) fn read(&self) -> Result<&T, lvs_status> {
        if self.poisoned { Err(LVS_ERR_PANIC) } else { Ok(&self.value) }
    }

    /// Lets `change` work on the value.
    pub(crate) fn write<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> Result<R, lvs_status> {
        self.read()?;
        self.poisoned = true;
        let result = change(&mut self.value);
        self.poisoned = false;
        Ok(result)
    }
}

/// A handle may go from thread to thread, and several may read it at once: that compiles only if so.
pub(crate) const fn assert_thread_rule<T: Send + Sync>() {}

/// `value` on the heap, where there is room.
pub(crate) fn boxed<T>(value: T) -> Result<Box<T>, lvs_status> {
    const { assert!(size_of::<T>() > 0) };
    // SAFETY: the size is not zero.
    let place = unsafe { alloc(Layout::new::<T>()) }.cast::<T>();
    if place.is_null() {
        return Err(LVS_ERR_NO_MEMORY);
    }
    // SAFETY: `place` was just allocated with the layout of a `T`, as a `Box<T>` is.
    unsafe {
        place.write(value);
        Ok(Box::from_raw(place))
    }
}

/// What must not be NULL.
pub(crate) fn required<T>(pointer: Option<T>) -> Result<T, lvs_status> {
    pointer.ok_or(LVS_ERR_NULL)
}

/// The `count` items at `first`, which may be NULL if there are none.
///
/// # Safety
/// `first` is NULL or points to `count` items that nothing changes during `'a`.
pub(crate) unsafe fn items<'a, T>(first: *const T, count: usize) -> Result<&'a [T], lvs_status> {
    if count == 0 {
        return Ok(&[]);
    }
    check_array(first, count)?;
    // SAFETY: not NULL, of a possible size, and the caller vouches for the rest.
    Ok(unsafe { slice::from_raw_parts(first, count) })
}

/// The same, to be written.
///
/// # Safety
/// `first` is NULL or points to room for `count` items that nothing else touches during `'a`.
pub(crate) unsafe fn items_mut<'a, T>(
    first: *mut T,
    count: usize,
) -> Result<&'a mut [T], lvs_status> {
    if count == 0 {
        return Ok(&mut []);
    }
    check_array(first, count)?;
    // SAFETY: not NULL, of a possible size, and the caller vouches for the rest.
    Ok(unsafe { slice::from_raw_parts_mut(first, count) })
}

fn check_array<T>(first: *const T, count: usize) -> Result<(), lvs_status> {
    if count > const { isize::MAX.unsigned_abs() / size_of::<T>() } {
        return Err(LVS_ERR_COUNT);
    }
    if first.is_null() { Err(LVS_ERR_NULL) } else { Ok(()) }
}

/// Checks that at `pointer` there is a `T` as this version of the library knows it.
///
/// # Safety
/// `pointer` is NULL or points to a struct that begins with its size, as `T` does.
pub(crate) unsafe fn check_size<T>(pointer: *const T) -> Result<(), lvs_status> {
    if pointer.is_null() {
        return Err(LVS_ERR_NULL);
    }
    // SAFETY: the size is there, whatever version of the struct follows it.
    let size = unsafe { pointer.cast::<usize>().read() };
    if size == size_of::<T>() { Ok(()) } else { Err(LVS_ERR_STRUCT_SIZE) }
}

/// Reads a struct that begins with its size.
///
/// # Safety
/// As for [`check_size`].
pub(crate) unsafe fn read_sized<T: Copy>(pointer: *const T) -> Result<T, lvs_status> {
    // SAFETY: the caller vouches for it.
    unsafe { check_size(pointer) }?;
    // SAFETY: there is a whole `T`.
    Ok(unsafe { pointer.read() })
}

/// Fills in a struct that begins with its size, which the caller has set.
///
/// # Safety
/// As for [`check_size`]; the rest of the struct may be uninitialised.
pub(crate) unsafe fn write_sized<T: Copy>(pointer: *mut T, value: T) -> Result<(), lvs_status> {
    // SAFETY: the caller vouches for it.
    unsafe { check_size(pointer) }?;
    // SAFETY: there is room for a whole `T`.
    unsafe { pointer.write(value) };
    Ok(())
}

#[cfg(test)]
mod tests {
    use core::ptr;

    use super::*;

    #[test]
    #[cfg(feature = "std")]
    fn a_panic_is_a_status_and_closes_the_handle() {
        let mut handle = Guarded::new(7);
        assert_eq!(status(|| handle.write(|_| panic!("a bug"))), LVS_ERR_PANIC);
        assert_eq!(handle.read(), Err(LVS_ERR_PANIC));
        assert_eq!(handle.write(|value| *value = 8), Err(LVS_ERR_PANIC));
        assert_eq!(number(|| panic!("a bug")), LVS_ERR_PANIC as c_int);
    }

    #[test]
    fn a_failed_change_does_not_close_the_handle() {
        let mut handle = Guarded::new(7);
        assert_eq!(handle.write(|_| Err::<(), _>(())), Ok(Err(())));
        assert_eq!(handle.read(), Ok(&7));
    }

    #[test]
    fn arrays_that_cannot_be_are_refused() {
        let some = [1_u32; 2];
        // SAFETY: the pointers are NULL or point to as many items as are read.
        unsafe {
            assert_eq!(items::<u32>(ptr::null(), 0), Ok(&[][..]));
            assert_eq!(items::<u32>(ptr::null(), 1), Err(LVS_ERR_NULL));
            assert_eq!(items(some.as_ptr(), usize::MAX), Err(LVS_ERR_COUNT));
            assert_eq!(items(some.as_ptr(), usize::MAX / 8 + 1), Err(LVS_ERR_COUNT));
            assert_eq!(items(some.as_ptr(), 2), Ok(&some[..]));
        }
    }
}
