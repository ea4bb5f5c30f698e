//! Moments that many would otherwise share, spread out; alike on every run.

use core::time::Duration;

/// The part of `span` that `hash` stands for: of hashes that are spread evenly, the parts are.
pub(crate) fn scatter(hash: u64, span: Duration) -> Duration {
    let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    let part = (u128::from(hash) * u128::from(micros)) >> u64::BITS;
    Duration::from_micros(part as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_lie_within_the_span() {
        let span = Duration::from_secs(60);
        assert_eq!(scatter(0, span), Duration::ZERO);
        assert_eq!(scatter(1 << 63, span), span / 2);
        assert!(scatter(u64::MAX, span) < span);
        assert!(scatter(u64::MAX, Duration::MAX) < Duration::MAX);
    }
}
