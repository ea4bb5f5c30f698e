//! The parts of `lvsd`, a Linux embedder of the lvs crates.
//!
//! The deciders know no sockets and no clock. Here is what they are embedded in: a packet socket
//! ([`packet_socket`]), the kernel's tables ([`netlink`]), a clock ([`clock`]) and a loop around
//! them ([`event_loop`]). [`node`] and [`virtual_routers`] join the crates into a director, still
//! without a socket.

pub mod capture;
pub mod check;
pub mod clock;
pub mod event_loop;
pub mod health;
pub mod keepalived;
pub mod keepalived_conf;
pub mod lab;
pub mod namespace;
pub mod netlink;
pub mod next_hops;
pub mod node;
pub mod offload;
pub mod packet_socket;
pub mod peer_socket;
pub mod probe;
pub mod router_args;
pub mod routes;
pub mod run;
pub mod sync_group;
pub mod sync_socket;
pub mod virtual_router;
pub mod virtual_routers;
pub mod vrrp;

/// The examples on the first page and in the book are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../docs/start.md")]
#[doc = include_str!("../../../docs/rust.md")]
struct Readme;
