//! Linux Virtual Server for C: directors, schedulers over destinations, and VRRP virtual routers.
//!
//! Nothing here opens a socket, reads a clock or starts a thread. Flows, frames and time go in;
//! verdicts, destinations, actions, frames and deadlines come out. The same calls give the same
//! answers, always.
//!
//! Handles (`struct lvs_director`, `struct lvs_pool`, `struct lvs_checker`, `struct lvs_neighbors`,
//! `struct lvs_vrrp`, `struct lvs_engine`, `struct lvs_interface_hold`, `struct lvs_tracker`) are
//! opaque. `*_create` makes one, `*_init` makes one in memory of the caller's; `*_destroy` ends it and
//! takes NULL, too.
//!
//! Results: `enum lvs_status` is 0 or negative; `lvs_strerror` has words for it. A function that
//! returns `int` gives a negative `lvs_status`, or what its comment says. Unless it gives
//! `LVS_ERR_PANIC`, a call that fails has changed nothing, and what it was to fill in is as it
//! was. NULL is checked everywhere; an array of no items may be NULL.
//!
//! Structs that begin with `size` may grow. Set `size` to the `sizeof` of the struct before you
//! hand it in, also where it is only to be filled; the defaults come from `*_config_init`. Unknown
//! sizes are refused.
//!
//! Threads: what takes a handle as `const` may be called from several threads at once, all else
//! from one at a time. Nothing is locked, and nothing is global but `lvs_set_allocator`. Pointers of
//! one call must not overlap.
//!
//! Memory is taken by calls that create and configure. What packets and timers lead to takes none:
//! `lvs_director_decide`, `lvs_director_process`, their likes and bursts, `lvs_director_follow`,
//! `lvs_director_handle_timeout`, `lvs_director_poll_sync_message`,
//! `lvs_director_receive_sync_message`, `lvs_pool_pick_burst`, `lvs_pool_*_conn`,
//! `lvs_pool_handle_timeout`, all that a virtual router, an engine, an interface hold or a neighbor
//! cache is fed or asked after its creation, other configurations aside, and a checker while it runs.
//!
//! Time is an argument, `lvs_time`. What is timed has one loop: drain `lvs_vrrp_poll_action` until
//! it is empty, wait for input or for the deadline, feed exactly one input, drain again.
//!
//! Panics, should there be any, end at this door: the call gives `LVS_ERR_PANIC`, and so does every
//! later call with the same handle, which can still be destroyed. In a bare library they abort.
//!
//! Rule ids like \[WRR-4\] name rules of behaviour; `docs/conformance-ipvs.md` and
//! `docs/conformance-vrrp.md` say what they are.
#![no_std]
#![allow(non_camel_case_types, reason = "the names are those of C")]

// What the facade below does not build for.
#[cfg(not(target_has_atomic = "ptr"))]
extern crate alloc;
// The one `alloc` facade of the workspace, under the name that everybody knows.
#[cfg(target_has_atomic = "ptr")]
extern crate no_std_compat as alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

mod address;
mod answer;
mod burst;
mod checker;
mod dest;
mod director;
mod door;
mod flow;
mod frame;
mod memory;
mod neighbors;
mod policy;
mod pool;
mod route;
#[cfg_attr(all(feature = "bare", not(any(feature = "std", test))), path = "runtime/bare.rs")]
#[cfg_attr(not(all(feature = "bare", not(any(feature = "std", test)))), path = "runtime/hosted.rs")]
mod runtime;
mod scheduler;
mod service;
mod status;
mod text;
mod time;
mod tunnel;
mod verdict;
mod version;
mod vrrp;

pub use address::*;
pub use answer::*;
pub use checker::*;
pub use dest::*;
pub use director::*;
pub use flow::*;
pub use frame::*;
pub use memory::*;
pub use neighbors::*;
pub use policy::*;
pub use pool::*;
pub use route::*;
pub use scheduler::*;
pub use service::*;
pub use status::*;
pub use time::*;
pub use tunnel::*;
pub use verdict::*;
pub use version::*;
pub use vrrp::*;
