#![doc = include_str!("../README.md")]
//!
//! # The contract of everything timed
//!
//! Time is the `now` of each call. Call [`Director::handle_timeout`] when
//! [`Director::next_deadline`] has come; calls that come early or twice do nothing. A moment before
//! the last one handed in counts as the last one. [`Timers`] says whether timers fire when they are
//! due or as late as the kernel's.
//!
//! # Memory
//!
//! [`Director::decide`](lvs_proto::Decide::decide), [`Pool::pick`] and everything else that a
//! packet or a timer leads to works in memory taken at configuration time. What is full says so, in
//! a verdict that is counted.
//!
//! # What an image leaves out
//!
//! All of it is on by default. A service or destination that takes what a build lacks is refused with
//! [`ServiceError::NotBuilt`] or [`DestError::NotBuilt`].
//!
//! | feature | without it |
//! |---|---|
//! | `fast` | lists are gone through, for the same answers: good for a few services and destinations |
//! | `tables` | no `lblc`, `lblcr`, `dh`, `sh`, `mh` and `twos` |
//! | `large` | at most 65 000 connections, which take four octets less |
//! | `helpers` | no data connections of FTP, no calls of SIP, and packets in fragments are not remembered |
//! | `persistence` | no services whose clients stay with their destination |
//! | `sync` | a director announces nothing, and takes nothing that others announce |
//! | `full-nat`, `tunnels` | no destinations of that method |
//! | `ipv6`, `sctp` | no services of it; packets of it are none of ours |
//! | `prefetch` | memory is not asked for ahead, and nothing is `unsafe` |
//!
//! # Rule ids
//!
//! Ids like \[WRR-4\] name the rules of behaviour that code and tests follow; `docs/conformance-ipvs.md`
//! of the repository has them all.
#![no_std]
#![cfg_attr(not(feature = "prefetch"), forbid(unsafe_code))]
#![deny(unsafe_code)]
// What a part that is left out would use.
#![cfg_attr(
    not(all(feature = "fast", feature = "helpers", feature = "sync", feature = "tables")),
    allow(dead_code)
)]

// What the facade below does not build for.
#[cfg(not(target_has_atomic = "ptr"))]
extern crate alloc;
// The one `alloc` facade of the workspace, under the name that everybody knows.
#[cfg(target_has_atomic = "ptr")]
extern crate no_std_compat as alloc;
#[cfg(any(test, feature = "arbitrary"))]
extern crate std;

#[cfg_attr(not(feature = "fast"), path = "linear/agenda.rs")]
mod agenda;
mod arena;
mod chains;
mod conns;
mod dests;
mod director;
mod group;
mod hash;
pub mod health;
// An `Arc` needs a compare-and-swap, which the smallest processors lack.
#[cfg(target_has_atomic = "ptr")]
mod lease;
mod listing;
mod locals;
#[cfg(not(feature = "fast"))]
#[path = "linear/map.rs"]
mod map;
pub mod neighbors;
mod policy;
mod pool;
mod prefetch;
mod profile;
#[cfg_attr(not(feature = "helpers"), path = "no_recent.rs")]
mod recent;
mod reuse;
mod rules;
mod scatter;
mod scheduler;
mod sctp;
mod service;
mod state;
mod statistics;
mod sync;
mod tcp;
mod template;
mod timers;

// Keys are found by hash where there may be many.
#[cfg(feature = "fast")]
use hashbrown as map;

pub use conns::{Conn, ConnId, ConnKey, Lookup};
pub use dests::{CountError, Dest, DestConfig, DestError, DestId};
pub use director::{ApplyError, Director, DirectorConfig, Service, VerdictCounters};
pub use group::{Group, GroupConfig};
#[cfg(target_has_atomic = "ptr")]
pub use lease::{Lease, LeasePool};
pub use listing::{Columns, ConnListing, Listing};
pub use locals::{LocalError, LocalPorts};
pub use policy::{Defence, Defences, Policy};
pub use pool::{ConnToken, OpenError, Pool, PoolConfig, StaleToken};
pub use profile::Profile;
pub use rules::{Rule, RuleError, RuleErrorKind};
pub use scheduler::{LblcConfig, MhTableIndex, MhTableIndexError, ParseSchedulerError};
pub use scheduler::{SchedulerFlags, SchedulerFlagsError, SchedulerKind};
pub use sctp::SctpState;
pub use service::{
    Netmask, Persistence, PersistenceEngine, ServiceConfig, ServiceError, ServiceKey,
};
pub use state::{State, TimeoutError, Timeouts};
pub use statistics::{Rates, Statistics};
pub use sync::{
    SyncBackup, SyncFacts, SyncMaster, SyncOutbox, SyncOutboxConfig, SyncOutboxCounters,
    SyncOutboxError, SyncPolicy, SyncReceived, SyncState, SyncThreshold, SyncThresholdError,
    SyncUpdate,
};
pub use tcp::TcpState;
pub use timers::Timers;

/// The memory that a configuration asks for is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("out of memory")]
pub struct OutOfMemory;
