#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod actions;
mod announcements;
mod choices;
mod config;
mod counters;
mod doubts;
mod engine;
mod event;
mod hearing;
mod hold;
mod interface;
mod lateness;
mod marks;
mod octets;
mod pacer;
mod router;
mod strict;
mod timers;
mod tracker;

pub use actions::Action;
pub use announcements::Announcements;
pub use choices::{AddressMismatch, ChecksumTransmit, DuplicateSource, LosingAdvert, OwnerAdverts};
pub use config::{Config, ConfigError, SourceError};
pub use counters::{Counters, NewActiveReason, ProtoErrReason};
pub(crate) use engine::Work;
pub use engine::{
    AddError, Block, Engine, EngineApplyError, EngineCounters, EngineSourceError, FollowError,
    InterfaceId, JoinError, RouterId, Slot, UnknownRouter,
};
pub use event::{Event, Reason, State};
pub use hold::PriorityHold;
pub use interface::{InterfaceDelays, InterfaceHold};
pub use lateness::{LateActive, LateBackup};
pub use pacer::Pacer;
pub use router::{ApplyError, Plan, Refusal, RestoreError, Router, Snapshot, SnapshotError};
pub use strict::StrictError;
pub use tracker::{Contribution, Tracked, Tracker, TrackerConfig, TrackerError};
