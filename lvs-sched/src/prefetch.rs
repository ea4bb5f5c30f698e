//! A word to the processor that something will be read soon. The one place with `unsafe` code.

/// Asks for the cache line of the element of `slice` at `index`, if there is one. It changes nothing
/// but how long the next look at it takes.
#[inline]
pub(crate) fn prefetch<T>(slice: &[T], index: usize) {
    #[cfg(all(feature = "prefetch", target_arch = "x86_64", target_feature = "sse"))]
    if let Some(element) = slice.get(index) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing that the program sees and faults at no address; this one
        // is of an element that is there. SSE, which has it, is checked above.
        #[allow(unsafe_code, reason = "the hint has no safe name")]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(core::ptr::from_ref(element).cast());
        }
    }
    #[cfg(not(all(feature = "prefetch", target_arch = "x86_64", target_feature = "sse")))]
    let _ = (slice, index);
}
