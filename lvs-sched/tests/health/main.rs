//! Health checking: tables, properties, and the deployments that users run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod checks;
#[path = "../common/mod.rs"]
mod common;
mod scenarios;
pub(crate) mod services;
mod world;
