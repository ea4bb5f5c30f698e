//! A priority that does not follow every whim of its trackers.

use core::time::Duration;

use lvs_proto::Instant;
use lvs_proto::vrrp::Priority;

/// Between trackers and a router: a priority follows a wish that has lasted \[X-48\].
///
/// Each direction has its own patience: with none for lower and some for higher priorities a router
/// gives way at once and comes back with care. It is timed like all else: after each input ask for
/// [`next_deadline`](Self::next_deadline), and hand [`priority`](Self::priority) to
/// [`Router::set_priority`](crate::Router::set_priority).
///
/// ```
/// use core::time::Duration;
/// use lvs_proto::Instant;
/// use lvs_proto::vrrp::Priority;
/// use lvs_vrrp::PriorityHold;
///
/// let mut hold = PriorityHold::new(Priority::DEFAULT, Duration::from_secs(10), Duration::ZERO);
/// hold.wish(Instant::from_secs(1), Priority::new(70));
/// assert_eq!(hold.priority().get(), 70);
/// hold.wish(Instant::from_secs(2), Priority::DEFAULT);
/// assert_eq!((hold.priority().get(), hold.next_deadline()), (70, Some(Instant::from_secs(12))));
/// hold.handle_timeout(Instant::from_secs(12));
/// assert_eq!(hold.priority().get(), 100);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriorityHold {
    up: Duration,
    down: Duration,
    priority: Priority,
    wish: Priority,
    /// Since when the wish is for more, or for less.
    since: Instant,
}

impl PriorityHold {
    /// A priority that rises to what was wished for `up` long, and falls to what was for `down`.
    #[must_use]
    pub const fn new(priority: Priority, up: Duration, down: Duration) -> Self {
        Self { up, down, priority, wish: priority, since: Instant::EPOCH }
    }

    /// Takes a wish. One in the same direction as the last goes on with its time, unless that is over.
    pub fn wish(&mut self, now: Instant, wish: Priority) {
        if self.next_deadline().is_some_and(|deadline| deadline < now) {
            self.priority = self.wish;
        }
        if wish.cmp(&self.priority) != self.wish.cmp(&self.priority) {
            self.since = now;
        }
        self.wish = wish;
        self.handle_timeout(now);
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.next_deadline().is_some_and(|deadline| deadline <= now) {
            self.priority = self.wish;
        }
    }

    /// When the priority changes; `None` if it is what is wished.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let patience = if self.wish > self.priority { self.up } else { self.down };
        (self.wish != self.priority).then_some(self.since + patience)
    }

    /// The priority that holds now.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.priority
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_48_only_what_lasts_counts() {
        let second = Duration::from_secs(1);
        let mut hold = PriorityHold::new(Priority::DEFAULT, 3 * second, 2 * second);
        for (at, wish, held, deadline) in [
            (1, 90, 100, Some(3)),
            (2, 80, 100, Some(3)),
            (3, 85, 85, None),
            (4, 90, 85, Some(7)),
            (5, 85, 85, None),
            (6, 95, 85, Some(9)),
            (7, 80, 85, Some(9)),
            (9, 80, 80, None),
        ] {
            hold.wish(Instant::from_secs(at), Priority::new(wish));
            assert_eq!(hold.priority().get(), held, "at {at}");
            assert_eq!(hold.next_deadline(), deadline.map(Instant::from_secs), "at {at}");
        }
        // A wish that has lasted counts, though no time passed meanwhile.
        hold.wish(Instant::from_secs(20), Priority::new(10));
        hold.wish(Instant::from_secs(30), Priority::new(80));
        assert_eq!(hold.priority().get(), 10);
        assert_eq!(hold.next_deadline(), Some(Instant::from_secs(33)));
        let mut at_once = PriorityHold::new(Priority::DEFAULT, Duration::ZERO, Duration::ZERO);
        at_once.wish(Instant::EPOCH, Priority::new(1));
        assert_eq!(at_once.priority().get(), 1);
    }
}
