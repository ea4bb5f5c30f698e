//! A router without its past: what decides about its future.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hasher};
use std::net::IpAddr;

use lvs_proto::Instant;
use lvs_vrrp::Router;

/// A number for all of `router` that matters from now on: equal for routers that will do the same.
///
/// It reads the router's debug output, which leaves nothing out. Events and counters tell of the
/// past only, and without authentication so does the sequence number. Moments count from now, and all
/// that have gone by are alike, but for the last advert: how long ago that was sent decides
/// whether a router is late \[S-10\].
pub(crate) fn digest<A: AsRef<[IpAddr]> + std::fmt::Debug>(
    router: &Router<A>,
    now: Instant,
    text: &mut String,
) -> u64 {
    text.clear();
    let _ = write!(text, "{router:?}");
    let present = text.split(", last_event: ").next().unwrap_or_default();
    let (before, after) = present.split_once("header_sequence: ").unwrap_or((present, ""));
    let mut hasher = DefaultHasher::new();
    for part in [before, after.trim_start_matches(|digit: char| digit.is_ascii_digit())] {
        hash_moments(part, now, &mut hasher);
    }
    hasher.finish()
}

fn hash_moments(text: &str, now: Instant, hasher: &mut impl Hasher) {
    let mut before = "";
    for piece in text.split("Instant(") {
        let (micros, after) = piece.split_once(')').unwrap_or(("", piece));
        match micros.parse::<u64>() {
            Ok(at) => {
                let ahead = at.wrapping_sub(now.as_micros()) as i64;
                let matters = before.ends_with("sent: Some(");
                hasher.write_i64(if matters { ahead } else { ahead.max(0) });
                hasher.write(after.as_bytes());
            }
            Err(_) => hasher.write(piece.as_bytes()),
        }
        before = after;
    }
}
