//! Time.

use lvs_proto::Instant;

/// A moment, in microseconds since any epoch that the caller likes; the epoch must not move.
///
/// A clock that goes on while the machine is suspended is best (CLOCK_BOOTTIME on Linux). A moment
/// earlier than the last one handed in counts as the last one.
pub type lvs_time = u64;

pub(crate) const fn instant(time: lvs_time) -> Instant {
    Instant::from_micros(time)
}
