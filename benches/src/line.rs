//! How fast memory is: what a lookup is measured against.

use crate::churn::Random;

/// A cache line.
#[derive(Clone, Debug, Default)]
#[repr(align(64))]
struct Line([u64; 8]);

/// An array of cache lines.
#[derive(Debug)]
pub struct Lines(Vec<Line>);

impl Lines {
    /// So many, all of them touched.
    #[must_use]
    pub fn new(count: u32) -> Self {
        Self((0..u64::from(count)).map(|number| Line([number; 8])).collect())
    }

    /// Reads as many random lines, each prefetched with 31 others.
    #[must_use]
    pub fn read(&self, count: u64, random: &mut Random) -> u64 {
        let mut sum = 0_u64;
        for _ in 0..count.div_ceil(32) {
            let burst: [_; 32] = std::array::from_fn(|_| random.below(self.0.len()));
            burst.iter().for_each(|&at| prefetch(&self.0[at]));
            sum = burst.iter().fold(sum, |sum, &at| sum.wrapping_add(self.0[at].0[0]));
        }
        sum
    }

    /// Writes to as many random lines.
    pub fn write(&mut self, count: u64, random: &mut Random) {
        for number in 0..count {
            let at = random.below(self.0.len());
            self.0[at].0[0] = number;
        }
    }
}

/// Asks for a line, where the processor can be asked.
#[inline]
fn prefetch(line: &Line) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 processor has SSE, and a prefetch reads nothing that can be seen.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(line).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::hint::black_box(line);
}
