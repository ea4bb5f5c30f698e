//! What leaves: each method and direction, against packets that are written anew from their fields.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

mod ftp;
mod hostile;
mod icmp;
mod model;
mod nat;
mod recordings;
mod toa;
mod tunnel;
mod tunnel_error;
mod wireshark;
