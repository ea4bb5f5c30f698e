//! A director as master and as backup, beyond what `replay` plays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod backup;
#[path = "../common/mod.rs"]
mod common;
mod master;
#[path = "../../examples/replay/recording.rs"]
#[allow(dead_code, reason = "made for replay")]
mod recording;

use std::time::Duration;

use lvs_proto::Instant;
use lvs_proto::sync::Version;
use lvs_sched::{Director, SyncOutbox, SyncOutboxConfig, SyncPolicy};

pub(crate) fn start_master(director: &mut Director, version: Version) {
    let config = SyncOutboxConfig { sync_id: 77, ..SyncOutboxConfig::default() };
    let policy = SyncPolicy { version, ..SyncPolicy::default() };
    director.start_sync_master(policy, SyncOutbox::new(config).unwrap()).unwrap();
}

/// What a master has sent two seconds later.
pub(crate) fn sent(director: &mut Director, now: Instant) -> Vec<Vec<u8>> {
    let now = now + Duration::from_secs(2);
    while director.next_deadline().is_some_and(|deadline| deadline <= now) {
        director.handle_timeout(now, 64);
    }
    let mut sent = Vec::new();
    while let Some(message) = director.poll_sync_message() {
        sent.push(message.octets().to_vec());
    }
    sent
}
