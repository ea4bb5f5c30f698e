//! The stack, which was painted before `main`.

#![allow(unsafe_code, reason = "the stack is memory")]

use core::ptr::addr_of;

use lvs_firmware::StackUse;

/// What `cortex-m-rt` paints with, and the other boards as well.
const PAINT: u32 = 0xcccc_cccc;

unsafe extern "C" {
    static _stack_start: u32;
    static _stack_end: u32;
}

/// How much of it has lost its paint.
pub(crate) fn used() -> StackUse {
    let (end, start) = (addr_of!(_stack_end), addr_of!(_stack_start));
    let words = (start as usize - end as usize) / size_of::<u32>();
    // SAFETY: all of the stack is memory.
    let painted = |word: &usize| unsafe { end.add(*word).read_volatile() } == PAINT;
    let free = (0..words).take_while(painted).count();
    StackUse { used: (words - free) * size_of::<u32>(), size: words * size_of::<u32>() }
}
