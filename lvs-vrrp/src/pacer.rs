//! No more announcements than a link can take.

use core::time::Duration;

use lvs_proto::Instant;

/// A bound for the announcements of all virtual routers of an interface, or of a group of interfaces
/// \[X-22\], \[X-27\]. Switches drop what comes faster.
///
/// ```
/// use core::time::Duration;
/// use lvs_proto::Instant;
/// use lvs_vrrp::Pacer;
///
/// // 200 a second, two of them at once.
/// let mut pacer = Pacer::new(Duration::from_millis(5), 2);
/// assert_eq!(pacer.sent(Instant::EPOCH), None);
/// assert_eq!(pacer.sent(Instant::EPOCH), Some(Instant::from_millis(5)));
/// assert_eq!(pacer.sent(Instant::from_millis(5)), Some(Instant::from_millis(10)));
/// assert_eq!(pacer.sent(Instant::from_secs(1)), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pacer {
    gap: Duration,
    /// How far ahead of time the announcements may be.
    ahead: Duration,
    /// When all that was sent would have been, a gap apart.
    even: Instant,
}

impl Pacer {
    /// One announcement each `gap` in the long run, and at most `burst` at once; 0 counts as 1.
    #[must_use]
    pub fn new(gap: Duration, burst: u32) -> Self {
        Self { gap, ahead: gap.saturating_mul(burst.saturating_sub(1)), even: Instant::EPOCH }
    }

    /// An announcement was sent. `None` lets the next one follow at once; otherwise hold
    /// [every router](crate::Router::hold_announcements) of the interface until that moment.
    pub fn sent(&mut self, now: Instant) -> Option<Instant> {
        self.even = self.even.max(now) + self.gap;
        let lead = self.even.saturating_duration_since(now);
        (lead > self.ahead).then(|| now + lead.saturating_sub(self.ahead))
    }
}
