//! The recordings of kernels in `vectors/ipvs`, followed through C step by step, by the same player as
//! in Rust: decisions, counters, order, states and seconds.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::path::Path;

#[path = "../../lvs-sched/examples/replay/check.rs"]
mod check;
#[path = "replay/director.rs"]
mod director;
#[path = "../../lvs-sched/tests/replay/folder.rs"]
mod folder;
#[path = "../../lvs-sched/examples/replay/player.rs"]
mod player;
#[path = "../../lvs-sched/examples/replay/recording.rs"]
mod recording;
#[path = "../../lvs-sched/examples/replay/routes.rs"]
mod routes;
#[path = "replay/sync.rs"]
mod sync;

#[test]
fn the_director_decides_through_c_as_the_kernels_did() {
    let about_daemons = |name: &str| name.starts_with("backup-") || name.starts_with("sync-");
    let recordings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/ipvs");
    let played = folder::follow(&recordings, |name| !about_daemons(name));
    assert!(played > 500, "{played}");
}
