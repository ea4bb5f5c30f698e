//! Proof by exhaustion: small worlds of virtual routers, explored in every order of events and with every
//! placing of faults, and large ones at random.
//!
//! The routers are those of `lvs-vrrp`, not a model of them. A [`World`] is a few of them on one link;
//! [`Exploration`] hands it to the model checker [`stateright`]. Time goes from event to event, and two
//! worlds are the same if all moments are, counted from now: so the routine of years is a handful of
//! states, and the exploration ends when there is nothing new.
//!
//! `cargo run --release -p lvs-explore` explores the larger worlds and says how many states they have;
//! `cargo test -p lvs-explore` the smaller ones. [`simulate`] is for worlds that are too large for that.

mod exploration;
mod random;
mod scenarios;
mod simulation;
mod view;
mod world;

pub use exploration::{Exploration, Report};
pub use scenarios::scenarios;
pub use simulation::{Summary, simulate};
pub use world::{Faults, Scenario, Step, World};
