//! Answers: frames that a director sends back itself.

use core::mem::MaybeUninit;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lvs_proto::MacAddr;
use lvs_proto::frames::{self, IcmpRefusal, OwnAddresses, ReplyError};
use lvs_proto::wire::ethernet::{EtherType, Frame};
use lvs_proto::wire::{arp, ipv6, ndp};

use crate::door::{items, items_mut, required, status};
use crate::lvs_status::LVS_ERR_NO_ANSWER;
use crate::{lvs_address, lvs_frame, lvs_mac, lvs_status};

/// Octets that hold any frame of this section: an ICMPv6 error behind two VLAN tags.
pub const LVS_ANSWER_MAX: usize = 1302;

/// The director's own addresses on the way to its clients: the sources of its ICMP errors. Zeros
/// mean that there is none of that family.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_own_addresses {
    /// The IPv4 address, in network order.
    pub ipv4: [u8; 4],
    /// The IPv6 address, in network order.
    pub ipv6: [u8; 16],
}

const _: () = assert!(size_of::<lvs_own_addresses>() == 20);

/// Writes the ICMP error to a client whose service has no destination to offer: port unreachable
/// \[SVC-12\]. `frame` is the client's, unchanged; the answer goes back the way it came, VLAN tags
/// included. `*length` is the octets written; `LVS_ANSWER_MAX` are always enough. Limiting the rate
/// of answers is the caller's duty (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f).
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_NOT_IP`, `LVS_ERR_MALFORMED`,
/// `LVS_ERR_BUFFER_TOO_SMALL`; `LVS_ERR_NO_ANSWER` if the packet must not be answered (RFC 1122
/// section 3.2.2, RFC 4443 section 2.4 e) or there is no own address to answer from.
///
/// # Safety
/// `frame` points to a frame with its octets, `out` to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_answer_port_unreachable(
    frame: Option<&lvs_frame>,
    own: Option<&lvs_own_addresses>,
    out: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    // SAFETY: the caller's contract.
    unsafe { answer(frame, own, out, capacity, length, frames::port_unreachable) }
}

/// Writes the ICMP error to a client whose packet may go no further: time exceeded \[RT-5\]. For the
/// rest as `lvs_answer_port_unreachable`.
///
/// # Errors
/// As for `lvs_answer_port_unreachable`.
///
/// # Safety
/// `frame` points to a frame with its octets, `out` to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_answer_time_exceeded(
    frame: Option<&lvs_frame>,
    own: Option<&lvs_own_addresses>,
    out: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    // SAFETY: the caller's contract.
    unsafe { answer(frame, own, out, capacity, length, frames::time_exceeded) }
}

/// Writes the ICMP error to a client whose packet is longer than `mtu` and must not be sent in
/// fragments: fragmentation needed, or packet too big \[RT-7\] \[RT-8\]. For the rest as
/// `lvs_answer_port_unreachable`.
///
/// # Errors
/// As for `lvs_answer_port_unreachable`.
///
/// # Safety
/// `frame` points to a frame with its octets, `out` to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_answer_packet_too_big(
    frame: Option<&lvs_frame>,
    own: Option<&lvs_own_addresses>,
    mtu: u32,
    out: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    let write = |frame: &[u8], own, out: &mut [u8]| frames::packet_too_big(frame, own, mtu, out);
    // SAFETY: the caller's contract.
    unsafe { answer(frame, own, out, capacity, length, write) }
}

/// # Safety
/// `frame` points to a frame with its octets, `out` to room for `capacity` octets.
unsafe fn answer(
    frame: Option<&lvs_frame>,
    own: Option<&lvs_own_addresses>,
    out: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
    write: impl FnOnce(&[u8], OwnAddresses, &mut [u8]) -> Result<usize, IcmpRefusal>,
) -> lvs_status {
    status(|| {
        let (frame, own, length) = (required(frame)?, required(own)?, required(length)?);
        // SAFETY: the caller vouches for it.
        let frame = unsafe { frame.octets() }?;
        // SAFETY: the caller vouches for it; any octets are octets.
        let out = unsafe { items_mut(out, capacity) }?;
        length.write(write(frame, (*own).into(), out)?);
        Ok(())
    })
}

/// Writes the answer to an ARP request \[W-33\] or a neighbor solicitation \[W-35\] for one of the
/// `count` addresses: it is at `mac`. `*length` is the octets written. A virtual router answers so
/// with its virtual MAC address, and while Active only.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_BUFFER_TOO_SMALL`;
/// `LVS_ERR_NO_ANSWER` if the frame does not ask for any of them, or is not to be answered.
///
/// # Safety
/// `frame` points to a frame with its octets, `addresses` to `count` addresses, `out` to room for
/// `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_answer_neighbor(
    frame: Option<&lvs_frame>,
    addresses: *const lvs_address,
    count: usize,
    mac: Option<&lvs_mac>,
    out: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    status(|| {
        let (frame, mac, length) = (required(frame)?, required(mac)?, required(length)?);
        // SAFETY: the caller's contract.
        let frame = unsafe { frame.octets() }?;
        // SAFETY: the caller's contract.
        let addresses = unsafe { items(addresses, count) }?;
        // SAFETY: the caller's contract; any octets are octets.
        let out = unsafe { items_mut(out, capacity) }?;
        let asked = Asked::parse(frame).ok_or(LVS_ERR_NO_ANSWER)?;
        let mut is_ours = false;
        for &address in addresses {
            is_ours |= IpAddr::try_from(address)? == asked.target();
        }
        if !is_ours {
            return Err(LVS_ERR_NO_ANSWER);
        }
        length.write(asked.answer(MacAddr::new(mac.octets), out)?);
        Ok(())
    })
}

/// A question for the link address of an address.
enum Asked {
    Arp(arp::Packet),
    Ndp(ndp::Solicitation, MacAddr),
}

impl Asked {
    fn parse(frame: &[u8]) -> Option<Self> {
        let frame = Frame::parse(frame).ok()?;
        match frame.ethertype {
            EtherType::ARP => arp::Packet::parse(frame.payload).ok().map(Self::Arp),
            EtherType::IPV6 => {
                let packet = ipv6::Packet::parse(frame.payload).ok()?;
                match ndp::Message::parse(&packet).ok()? {
                    ndp::Message::Solicitation(asked) => Some(Self::Ndp(asked, frame.source)),
                    ndp::Message::Advertisement(_) => None,
                }
            }
            _ => None,
        }
    }

    fn target(&self) -> IpAddr {
        match self {
            Self::Arp(request) => request.target_ip.into(),
            Self::Ndp(solicitation, _) => solicitation.target.into(),
        }
    }

    fn answer(&self, mac: MacAddr, out: &mut [u8]) -> Result<usize, ReplyError> {
        match self {
            Self::Arp(request) => frames::arp_reply(request, mac, out),
            Self::Ndp(asked, requester) => frames::neighbor_reply(asked, *requester, mac, out),
        }
    }
}

impl From<lvs_own_addresses> for OwnAddresses {
    fn from(own: lvs_own_addresses) -> Self {
        Self { v4: Ipv4Addr::from(own.ipv4), v6: Ipv6Addr::from(own.ipv6) }
    }
}

impl From<IcmpRefusal> for lvs_status {
    fn from(refusal: IcmpRefusal) -> Self {
        match refusal {
            IcmpRefusal::Parse(error) => error.into(),
            IcmpRefusal::BufferTooSmall(error) => error.into(),
            _ => LVS_ERR_NO_ANSWER,
        }
    }
}

impl From<ReplyError> for lvs_status {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::BufferTooSmall(error) => error.into(),
            _ => LVS_ERR_NO_ANSWER,
        }
    }
}
