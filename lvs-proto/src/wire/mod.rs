//! Wire formats, one file each: a view that borrows the octets, and a header written as an array.
//!
//! A `parse` checks what the format says about itself, lengths and checksums included, and what it
//! returns is well-formed; of TCP, UDP and SCTP only the headers are read. Nothing here panics, whatever
//! the octets.

pub mod arp;
pub mod ethernet;
pub mod icmpv4;
pub mod icmpv6;
pub mod ip;
pub mod ipv4;
pub mod ipv6;
pub mod ndp;
pub mod sctp;
pub mod sip;
pub mod tcp;
pub mod udp;
