#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod actions;
mod config;
mod counters;
mod event;
mod marks;
mod router;
mod timers;

pub use actions::Action;
pub use config::{
    AddressMismatch, ChecksumTransmit, Config, ConfigError, LosingAdvert, OwnerAdverts, SourceError,
};
pub use counters::{Counters, NewActiveReason, ProtoErrReason};
pub use event::{Event, Reason, State};
pub use router::{Refusal, Router};
