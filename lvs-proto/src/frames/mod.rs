//! Whole Ethernet frames that the core sends, written to the front of a buffer.
//!
//! Each function returns the octets written. Frames are not padded to the 60 octets that Ethernet
//! wants: network interfaces do that.

mod advert;
mod announce;
mod icmp;
mod request;
mod tunnel_error;

pub use advert::{advert, advert_ip_header, advert_link_header};
pub use announce::{
    ReplyError, announce, arp_reply, gratuitous_arp, neighbor_reply, unsolicited_advertisement,
};
pub use icmp::{IcmpRefusal, OwnAddresses, packet_too_big, port_unreachable, time_exceeded};
pub use request::{RequestError, arp_request, neighbor_request, neighbor_solicitation};
pub use tunnel_error::{RelayRefusal, TunnelError};
