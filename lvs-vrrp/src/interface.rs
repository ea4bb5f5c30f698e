//! An interface that comes and goes, or hears nothing yet.

use core::time::Duration;

use lvs_proto::Instant;

/// How long an interface is not believed; by default it is at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InterfaceDelays {
    /// How long its link has to be up before it counts as up \[X-42\].
    pub up: Duration,
    /// How long its link has to be down before it counts as down, but never longer than its routers
    /// tolerate \[X-42\].
    pub down: Duration,
    /// How long it has to hear something after that; 30 seconds are usual. Bonds, switches and
    /// spanning trees may carry what is sent long before they carry what is to be heard, and a router
    /// would take over from an Active one that is well \[X-41\].
    pub proof: Duration,
}

/// Between an interface and its routers: whether it counts as up.
///
/// It is timed like all else: after each input ask for [`next_deadline`](Self::next_deadline), and tell
/// each router by [`Router::interface_up`](crate::Router::interface_up) or
/// [`interface_down`](crate::Router::interface_down) what [`is_up`](Self::is_up) says. From then on a
/// router waits for its whole active-down interval. Before the first report the interface is down.
///
/// ```
/// use core::time::Duration;
/// use lvs_proto::Instant;
/// use lvs_vrrp::{InterfaceDelays, InterfaceHold};
///
/// let proof = Duration::from_secs(30);
/// let mut hold = InterfaceHold::new(InterfaceDelays { proof, ..InterfaceDelays::default() });
/// hold.report(Instant::from_secs(1), true);
/// assert_eq!((hold.is_up(), hold.next_deadline()), (false, Some(Instant::from_secs(31))));
/// hold.frame_received(Instant::from_secs(9));
/// assert_eq!((hold.is_up(), hold.next_deadline()), (true, None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterfaceHold {
    delays: InterfaceDelays,
    /// The longest that its routers tolerate it to be down.
    tolerance: Duration,
    link_up: bool,
    /// Since when the link is so.
    since: Instant,
    /// Whether anything was heard since then.
    proven: bool,
    is_up: bool,
}

impl InterfaceHold {
    /// An interface whose link is down.
    #[must_use]
    pub const fn new(delays: InterfaceDelays) -> Self {
        Self {
            delays,
            tolerance: Duration::MAX,
            link_up: false,
            since: Instant::EPOCH,
            proven: false,
            is_up: false,
        }
    }

    /// The link is up, or is not. One that is as it was starts nothing anew.
    pub fn report(&mut self, now: Instant, link_up: bool) {
        if link_up != self.link_up {
            self.handle_timeout(now);
            (self.link_up, self.since, self.proven) = (link_up, now, false);
        }
        self.handle_timeout(now);
    }

    /// Whatever it was, something was received. Call it before the routers hear of an advert.
    pub fn frame_received(&mut self, now: Instant) {
        self.proven = self.link_up;
        self.handle_timeout(now);
    }

    /// The least [`interface_tolerance`](crate::Router::interface_tolerance) of the routers on the
    /// interface, which changes when they learn another interval.
    pub fn set_tolerance(&mut self, now: Instant, tolerance: Duration) {
        self.tolerance = tolerance;
        self.handle_timeout(now);
    }

    /// Lets time pass. Before [`next_deadline`](Self::next_deadline) nothing happens.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.next_deadline().is_some_and(|deadline| deadline <= now) {
            self.is_up = self.link_up;
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due; `None` if the link is as it counts.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let InterfaceDelays { up, down, proof } = self.delays;
        let delay = match (self.is_up, self.link_up) {
            (true, false) => down.min(self.tolerance),
            (false, true) if self.proven => up,
            (false, true) => up.saturating_add(proof),
            (true, true) | (false, false) => return None,
        };
        Some(self.since + delay)
    }

    /// Whether the interface counts as up.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.is_up
    }
}

#[cfg(test)]
mod tests {
    use arbtest::arbtest;

    use super::*;

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    /// Second by second: how long the link has been as it is, and whether anything was heard since.
    #[test]
    fn x_41_x_42_an_interface_counts_as_its_link_was_for_long_enough() {
        arbtest(|u| {
            let [up, down, proof] = [(); 3].map(|()| u.int_in_range(0..=4).unwrap_or(0));
            let tolerance = u.int_in_range(0..=5)?;
            let delays =
                InterfaceDelays { up: seconds(up), down: seconds(down), proof: seconds(proof) };
            let mut hold = InterfaceHold::new(delays);
            hold.set_tolerance(Instant::EPOCH, seconds(tolerance));
            let (mut link, mut age, mut heard, mut is_up) = (false, 0, false, false);
            for second in 1..60 {
                let now = Instant::from_secs(second);
                hold.handle_timeout(now);
                age += 1;
                let mut counts = |link: bool, age: u64, heard: bool| {
                    let proven = heard || age >= up + proof;
                    is_up = if link {
                        is_up || (age >= up && proven)
                    } else {
                        is_up && age < down.min(tolerance)
                    };
                    is_up
                };
                assert_eq!(hold.is_up(), counts(link, age, heard), "{second} s");
                match u.int_in_range(0..=3)? {
                    0 if link => {
                        heard = true;
                        hold.frame_received(now);
                    }
                    1 => {
                        (link, age, heard) = (!link, 0, false);
                        hold.report(now, link);
                    }
                    _ => hold.report(now, link),
                }
                assert_eq!(hold.is_up(), counts(link, age, heard), "{second} s");
            }
            Ok(())
        });
    }

    #[test]
    fn x_42_a_shorter_tolerance_ends_the_wait() {
        let delays = InterfaceDelays { down: seconds(5), ..InterfaceDelays::default() };
        let mut hold = InterfaceHold::new(delays);
        hold.report(Instant::from_secs(1), true);
        assert!(hold.is_up(), "at once, if nothing else is asked for");
        hold.report(Instant::from_secs(10), false);
        assert_eq!(hold.next_deadline(), Some(Instant::from_secs(15)));
        hold.set_tolerance(Instant::from_secs(11), seconds(2));
        assert_eq!((hold.is_up(), hold.next_deadline()), (true, Some(Instant::from_secs(12))));
        hold.set_tolerance(Instant::from_secs(12), seconds(2));
        assert!(!hold.is_up());
        hold.frame_received(Instant::from_secs(13));
        assert!(!hold.is_up(), "its link is down");
    }
}
