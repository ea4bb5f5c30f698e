//! What the benches and the ratio report measure, and what they compare it with.
//!
//! [`Linear`] follows the rules of each scheduler to the letter, over a list that is walked: over
//! [`Walk`] it is a kernel's way of doing it, over [`Compact`] the plainest way in Rust.
//! [`Churn`] is the life around a pick.
#![allow(
    clippy::float_arithmetic,
    clippy::expect_used,
    reason = "a measurement is a number with a fraction, and ends if it cannot be made"
)]

mod bounds;
mod callgrind;
mod cases;
mod churn;
mod compact;
mod connections;
mod frames;
mod group;
mod line;
mod linear;
mod measure;
mod pool;
mod report;
mod setting;
mod soak;
mod table;
mod vrrp;
mod walk;

pub use bounds::{Call, Size, Takes, calls, scheduler_calls};
pub use callgrind::{check_valgrind, instructions, turns_to_count};
pub use cases::{Who, Work, candidate, mh_build, worst_pick};
pub use churn::{Churn, Null, Random, Scheduler};
pub use compact::Compact;
pub use connections::{Lookups, connections, ends_and_floods, lookups};
pub use frames::frames;
pub use group::Ours;
pub use line::Lines;
pub use linear::{Counters, Linear, List, Settings};
pub use measure::{Candidate, Row, Unit, compare, time};
pub use pool::Pooled;
pub use report::{SIZES, schedulers};
pub use setting::{Setting, Shape, VIRTUAL_ADDRESS, flow};
pub use soak::{Longest, Soak};
pub use table::{Flood, Map, Table, WINDOW, flood};
pub use vrrp::vrrp;
pub use walk::{Link, Walk};
