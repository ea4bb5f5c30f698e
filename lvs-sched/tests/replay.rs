//! Every recording of a kernel in `vectors/ipvs` is followed step by step: decisions, counters,
//! order, states and seconds. `LVS_RECORDINGS` names a folder of more of them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::env;
use std::path::Path;

#[path = "../examples/replay/check.rs"]
mod check;
mod director {
    pub(crate) use lvs_sched::{Conn, Dest, Director, Service};
}
#[path = "replay/folder.rs"]
mod folder;
#[path = "../examples/replay/player.rs"]
mod player;
#[path = "../examples/replay/recording.rs"]
mod recording;
#[path = "../examples/replay/routes.rs"]
mod routes;
#[path = "../examples/replay/sync.rs"]
mod sync;

use folder::follow;

#[test]
fn the_director_decides_as_the_kernels_did() {
    follow(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/ipvs"), |_| true);
}

#[test]
fn and_so_in_all_other_recordings_at_hand() {
    if let Some(folder) = env::var_os("LVS_RECORDINGS") {
        follow(Path::new(&folder), |_| true);
    }
}
