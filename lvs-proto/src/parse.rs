//! From a frame to what a decision needs of it.

use crate::wire::ethernet::{self, EtherType};
use crate::wire::{ip, ipv4, ipv6, sip, udp};
use crate::{CallId, Flow, Layout, Protocol};

/// Why a frame holds no IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ParseError {
    /// The Ethernet header is malformed.
    #[error(transparent)]
    Ethernet(#[from] ethernet::Error),
    /// The frame carries something else: ARP for instance, or in a build without the feature `ipv6`
    /// that.
    #[error("EtherType {0} is not IP")]
    NotIp(EtherType),
    /// The IPv4 packet is malformed.
    #[error(transparent)]
    Ipv4(#[from] ipv4::Error),
    /// The IPv6 packet is malformed.
    #[error(transparent)]
    Ipv6(#[from] ipv6::Error),
}

/// The flow that an Ethernet frame belongs to, VLAN tags or not.
///
/// A transport header that is cut short or in an earlier fragment is no error: the transport is
/// [`Unreadable`](crate::Transport::Unreadable) then, or a
/// [`LaterFragment`](crate::Transport::LaterFragment) \[SVC-10\]. An ICMP error that quotes its
/// packet intact brings it [`embedded`](crate::Flow::embedded) \[ICMP-1\]; over IPv6 an error in
/// fragments is unreadable, over IPv4 fragments are to be reassembled first. The mark is 0, the
/// hook [`LocalIn`](crate::Hook::LocalIn). An embedder without Ethernet uses
/// [`ip::Packet::parse`] and [`ip::Packet::flow`].
///
/// ```
/// use lvs_proto::{ParseError, parse};
/// use lvs_proto::wire::ethernet::EtherType;
///
/// let mut arp = [0; 60];
/// arp[12..14].copy_from_slice(&EtherType::ARP.0.to_be_bytes());
/// assert_eq!(parse(&arp), Err(ParseError::NotIp(EtherType::ARP)));
/// ```
///
/// # Errors
/// [`ParseError`] if the frame is not an intact IP packet.
pub fn parse(frame: &[u8]) -> Result<Flow, ParseError> {
    parse_with_layout(frame).map(|(flow, _)| flow)
}

/// As [`parse`], and tells where the packet's parts are: what [`forward`](crate::forward) and
/// [`reply`](crate::reply) need.
///
/// # Errors
/// [`ParseError`] if the frame is not an intact IP packet.
// Inlined, so that both are written where the caller reads them.
#[inline(always)]
pub fn parse_with_layout(frame: &[u8]) -> Result<(Flow, Layout), ParseError> {
    let frame = ethernet::Frame::parse(frame)?;
    // Each family on its own, so that nothing is copied which is known to be of one.
    match frame.ethertype {
        EtherType::IPV4 => {
            let packet = ip::Packet::V4(ipv4::Packet::parse(frame.payload)?);
            Ok((packet.flow(), Layout::of(&frame, &packet)))
        }
        EtherType::IPV6 if cfg!(feature = "ipv6") => {
            let packet = ip::Packet::V6(ipv6::Packet::parse(frame.payload)?);
            Ok((packet.flow(), Layout::of(&frame, &packet)))
        }
        other => Err(ParseError::NotIp(other)),
    }
}

/// As [`parse_with_layout`], for a caller that has places for both: it takes a seventh less.
///
/// # Errors
/// [`ParseError`] if the frame is not an intact IP packet; the places may have changed.
#[inline(always)]
pub fn parse_into(frame: &[u8], flow: &mut Flow, layout: &mut Layout) -> Result<(), ParseError> {
    let frame = ethernet::Frame::parse(frame)?;
    match frame.ethertype {
        EtherType::IPV4 => {
            let packet = ip::Packet::V4(ipv4::Packet::parse(frame.payload)?);
            *layout = Layout::of(&frame, &packet);
            packet.write_flow(flow);
        }
        EtherType::IPV6 if cfg!(feature = "ipv6") => {
            let packet = ip::Packet::V6(ipv6::Packet::parse(frame.payload)?);
            *layout = Layout::of(&frame, &packet);
            packet.write_flow(flow);
        }
        other => return Err(ParseError::NotIp(other)),
    }
    Ok(())
}

/// The Call-ID of the SIP message that a frame carries over UDP, `None` if it carries none: what a
/// service with the `sip` persistence engine wants to know besides the [`Flow`] \[PE-1\].
#[must_use]
pub fn parse_call_id(frame: &[u8]) -> Option<CallId<'_>> {
    let packet = ip_packet(&ethernet::Frame::parse(frame).ok()?).ok()?;
    if packet.protocol() != Protocol::UDP || packet.is_later_fragment() {
        return None;
    }
    sip::call_id(packet.payload().get(udp::HEADER_LEN..)?)
}

/// The IP packet in `frame`.
#[inline]
pub(crate) fn ip_packet<'a>(frame: &ethernet::Frame<'a>) -> Result<ip::Packet<'a>, ParseError> {
    match frame.ethertype {
        EtherType::IPV4 => Ok(ip::Packet::V4(ipv4::Packet::parse(frame.payload)?)),
        EtherType::IPV6 if cfg!(feature = "ipv6") => {
            Ok(ip::Packet::V6(ipv6::Packet::parse(frame.payload)?))
        }
        other => Err(ParseError::NotIp(other)),
    }
}
