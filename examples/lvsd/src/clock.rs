//! The clocks: the one that the deciders are handed, and the one that all routers share.

use std::time::{SystemTime, UNIX_EPOCH};

use lvs_proto::Instant;
use lvs_proto::vrrp::TrailerTime;
use nix::time::{ClockId, clock_gettime};

/// Now, on the clock that also counts the time a machine was suspended \[S-12\].
///
/// # Errors
/// The kernel has no such clock (before Linux 2.6.39).
pub fn now() -> nix::Result<Instant> {
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME)?;
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    let micros = u64::try_from(time.tv_nsec() / 1_000).unwrap_or(0);
    Ok(Instant::from_micros(seconds * 1_000_000 + micros))
}

/// Now, on the clock that all routers share.
#[must_use]
pub fn now_in_utc() -> TrailerTime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Modulo 2^32, as the number has it.
    TrailerTime::from_utc(now.as_secs() as u32, now.subsec_micros())
}
