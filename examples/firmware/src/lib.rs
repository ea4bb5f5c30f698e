//! A director as firmware, the part that is the same on every board.
//!
//! [`Gateway`] joins the crates: frames and time go in, frames come out. [`Board`] is what it is
//! run on, and [`run`] the loop around both. [`Arena`] is the memory that configuring takes.
#![no_std]
#![deny(unsafe_code)]

#[cfg(test)]
extern crate std;

mod arena;
mod board;
mod console;
mod gateway;
mod site;

pub use arena::Arena;
pub use board::{Board, StackUse, run};
pub use gateway::{Gateway, GatewayError, LONGEST_FRAME, director};
pub use site::{SITE, Site, VirtualServer};
