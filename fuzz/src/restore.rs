//! Virtual routers from what was stored of others.

use std::net::IpAddr;
use std::time::Duration;

use lvs_proto::{Family, Instant};
use lvs_vrrp::{Router, Snapshot};

/// The steps that a restored router is driven.
const STEPS: usize = 64;

/// Any stored snapshot: it is refused, or of the router that it makes the snapshot is the same, and
/// the router goes on.
pub fn restore(json: &[u8]) {
    let Ok(snapshot) = serde_json::from_slice::<Snapshot>(json) else { return };
    let addresses: Vec<IpAddr> = match Family::of(snapshot.source()) {
        Family::V4 => vec![[192, 0, 2, 100].into()],
        Family::V6 => vec![[0xfe80, 0, 0, 0, 0, 0, 0, 0x64].into()],
    };
    for now in [Instant::EPOCH, Instant::from_secs(1 << 30), Instant::from_micros(u64::MAX)] {
        let restored = Router::restore(now, &snapshot, &addresses, []);
        let Ok(mut router): Result<Router<&Vec<IpAddr>>, _> = restored else { return };
        assert_eq!(router.poll_action(), None, "nothing is to be done");
        let stored = router.snapshot();
        let again: Router<&Vec<IpAddr>> = match Router::restore(now, &stored, &addresses, []) {
            Ok(again) => again,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(again.snapshot(), stored, "what was restored is stored as it was");
        for _ in 0..STEPS {
            let Some(deadline) = router.next_deadline() else { break };
            router.handle_timeout(deadline);
            while router.poll_action().is_some() {}
        }
        router.resumed(now, Duration::MAX);
        router.shutdown(now);
    }
}
