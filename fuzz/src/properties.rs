//! What the crates' own tests hold to under random choices, and the targets under any octets.
#![allow(dead_code, unused_imports, unexpected_cfgs, reason = "the tests around what is used here")]

#[path = "../../lvs-vrrp/tests/engine.rs"]
pub(crate) mod engine;
#[path = "../../lvs-vrrp/tests/groups.rs"]
pub(crate) mod groups;
#[path = "../../lvs-sched/tests/health/main.rs"]
pub(crate) mod health;
#[path = "../../lvs-sched/tests/model/main.rs"]
pub(crate) mod model;
#[path = "../../lvs-sched/tests/neighbors.rs"]
pub(crate) mod neighbors;
#[path = "../../lvs-vrrp/tests/properties.rs"]
pub(crate) mod router;
#[path = "../../lvs-vrrp/tests/snapshot.rs"]
pub(crate) mod snapshot;
#[path = "../../lvs-sched/tests/walk.rs"]
pub(crate) mod walk;
