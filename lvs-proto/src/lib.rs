#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "arbitrary"))]
extern crate std;

pub mod checksum;
pub mod frames;
pub mod sync;
pub mod vrrp;
pub mod wire;

mod address;
mod buffer;
mod call_id;
mod flow;
mod frame;
mod parse;
mod process;
mod rewrite;
mod time;
mod verdict;

pub use address::{AddressPair, Family, MacAddr, ParseMacAddrError};
pub use buffer::BufferTooSmall;
pub use call_id::CallId;
pub use flow::{Embedded, Flow, Hook, Protocol, SctpChunk, TcpFlags, Transport};
pub use frame::{Frame, NoHeadroom, OutOfBuffer};
pub use parse::{ParseError, parse, parse_call_id};
pub use process::{Outcome, process};
pub use rewrite::{LinkPair, RewriteError, rewrite_direct_route};
pub use time::Instant;
pub use verdict::{Decide, DropReason, Hop, Method, Origin, Reject, Verdict};
