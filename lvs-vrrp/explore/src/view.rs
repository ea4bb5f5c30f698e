//! A router without its past: what decides about its future.

use std::fmt::{Debug, Write};
use std::hash::{DefaultHasher, Hasher};
use std::net::IpAddr;

use lvs_proto::Instant;
use lvs_vrrp::Router;

/// A number for all of `router` that matters from now on: equal for routers that will do the same.
///
/// It reads the router's debug output, which leaves nothing out. Counters and events, which come last,
/// tell of the past only, and without authentication so does the sequence number; doubts, which stand
/// behind it, are told of and no more. Moments count from now, and all that have gone by are alike.
pub(crate) fn digest<A>(router: &Router<A>, now: Instant, text: &mut String) -> u64
where
    A: AsRef<[IpAddr]> + Debug,
{
    text.clear();
    let _ = write!(text, "{router:?}");
    let present = text.split(", counters: ").next().unwrap_or_default();
    let (before, after) = present.split_once("header_sequence: ").unwrap_or((present, ""));
    let (_, after) = after.split_once(", priority: ").unwrap_or(("", after));
    let mut hasher = DefaultHasher::new();
    for part in [before, after] {
        hash_moments(part, now, &mut hasher);
    }
    hasher.finish()
}

fn hash_moments(text: &str, now: Instant, hasher: &mut impl Hasher) {
    for piece in text.split("Instant(") {
        match piece.split_once(')').map(|(micros, after)| (micros.parse::<u64>(), after)) {
            // The end of time is as far as ever.
            Some((Ok(at), after)) if at < u64::MAX => {
                hasher.write_u64(at.saturating_sub(now.as_micros()));
                hasher.write(after.as_bytes());
            }
            _ => hasher.write(piece.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use lvs_proto::vrrp::Vrid;
    use lvs_vrrp::{Config, State};

    use super::*;

    /// Otherwise no exploration would come to an end.
    #[test]
    fn routine_is_one_state() {
        let Some(vrid) = Vrid::new(51) else { return };
        let addresses = [IpAddr::from([192, 0, 2, 100])];
        let router = Router::new(Config::rfc9568(vrid), [192, 0, 2, 1].into(), addresses);
        let Ok(mut router) = router else { return };
        router.startup(Instant::EPOCH);
        let mut digests = Vec::new();
        while let Some(deadline) = router.next_deadline().filter(|_| digests.len() < 100) {
            router.handle_timeout(deadline);
            while router.poll_action().is_some() {}
            digests.push(digest(&router, deadline, &mut String::new()));
        }
        assert_eq!(router.state(), State::Active);
        assert!(digests[10..].iter().all(|digest| *digest == digests[10]));
        assert_ne!(digests[0], digests[10], "announcements are to come");
    }
}
