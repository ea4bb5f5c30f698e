#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(test, feature = "arbitrary"))]
extern crate std;

pub mod checksum;
pub mod frames;
pub mod ftp;
pub mod sync;
pub mod toa;
pub mod vrrp;
pub mod wire;

mod address;
mod buffer;
mod call_id;
mod crc32c;
mod flow;
mod frame;
mod layout;
mod parse;
mod process;
mod rewrite;
mod time;
mod tunnel;
mod verdict;

pub use address::{AddressPair, Family, MacAddr, ParseMacAddrError};
pub use buffer::BufferTooSmall;
pub use call_id::CallId;
pub use flow::{Embedded, Flow, Hook, Protocol, SctpChunk, TcpFlags, Transport};
pub use frame::{Frame, NoHeadroom, OutOfBuffer};
pub use layout::Layout;
pub use parse::{ParseError, parse, parse_call_id, parse_into, parse_with_layout};
pub use process::{BURST, Outcome, follow, help_ftp, process, process_burst};
pub use rewrite::{
    Endpoint, LinkPair, Path, RewriteError, Route, Translation, forward, reply,
    rewrite_direct_route, translate,
};
pub use time::Instant;
pub use tunnel::{GueChecksum, Tunnel};
pub use verdict::{Decide, DropReason, Hop, Method, Origin, Reject, Verdict};
