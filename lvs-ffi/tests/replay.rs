//! The recordings of kernels in `vectors/ipvs`, followed through C step by step, by the same player as
//! in Rust: decisions, counters, order, states and seconds. `LVS_RECORDINGS` names a folder of more of
//! them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::env;
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

use folder::follow;

#[test]
fn the_director_decides_through_c_as_the_kernels_did() {
    let recordings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/ipvs");
    let played = follow(&recordings, |_| true);
    assert!(played > 500, "{played}");
}

#[test]
fn and_so_in_all_other_recordings_at_hand() {
    if let Some(folder) = env::var_os("LVS_RECORDINGS") {
        follow(Path::new(&folder), |_| true);
    }
}
