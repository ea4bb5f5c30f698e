//! A board that is not there: what its hardware would say or hear is a black box.

use core::alloc::{GlobalAlloc, Layout};
use core::hint::black_box;
use core::panic::PanicInfo;
use core::ptr::null_mut;

use lvs_proto::Instant;

pub(crate) fn now() -> Instant {
    Instant::from_micros(black_box(0))
}

struct Memory;

// SAFETY: it never runs.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, _layout: Layout) -> *mut u8 {
        black_box(null_mut())
    }

    unsafe fn dealloc(&self, _octets: *mut u8, _layout: Layout) {}
}

#[global_allocator]
static MEMORY: Memory = Memory;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
