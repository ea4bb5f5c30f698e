//! Virtual routers at work.

mod action;
mod choices;
mod config;
mod counters;
mod memory;

use core::ffi::c_int;
use core::mem::MaybeUninit;

use ::lvs_vrrp::Router;
use lvs_proto::vrrp::{Priority, decode, from_ip_packet, vrid_of};
use lvs_proto::wire::ethernet;
use lvs_proto::{Instant, frames};

pub use self::action::*;
pub use self::choices::*;
pub use self::config::*;
pub use self::counters::*;
use self::memory::VirtualRouter;
pub use self::memory::*;
use crate::door::{items, items_mut, number, required, status, write_sized};
use crate::lvs_status::LVS_ERR_NOT_VRRP;
use crate::time::instant;
use crate::{lvs_address, lvs_mac, lvs_status, lvs_time};

/// Octets that hold any frame that a virtual router sends: 255 IPv6 addresses behind the headers.
pub const LVS_VRRP_FRAME_MAX: usize = 4142;
/// Octets of an Ethernet header; behind them in a frame is the IP or ARP packet.
pub const LVS_ETHERNET_HEADER_LEN: usize = 14;

const _: () = assert!(LVS_VRRP_FRAME_MAX == LVS_ETHERNET_HEADER_LEN + 40 + 8 + 255 * 16);
const _: () = assert!(LVS_ETHERNET_HEADER_LEN == ethernet::HEADER_LEN);

/// Starts the router: an owner becomes Active at once, any other Backup. If its interface is down
/// it starts when that comes up \[FSM-4\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_startup(vrrp: Option<&mut lvs_vrrp>, now: lvs_time) -> lvs_status {
    input(vrrp, now, VirtualRouter::startup)
}

/// Stops the router. An Active one resigns first \[FSM-23\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_shutdown(vrrp: Option<&mut lvs_vrrp>, now: lvs_time) -> lvs_status {
    input(vrrp, now, VirtualRouter::shutdown)
}

/// The interface is usable, with the source address in place: a router that was started begins
/// afresh \[FSM-25\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_interface_up(vrrp: Option<&mut lvs_vrrp>, now: lvs_time) -> lvs_status {
    input(vrrp, now, VirtualRouter::interface_up)
}

/// The interface is not usable, or has no source address any more. The resignation of an Active
/// router is worth a try only; that it cannot be sent is no error \[FSM-24\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_interface_down(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
) -> lvs_status {
    input(vrrp, now, VirtualRouter::interface_down)
}

/// Lets time pass. Before the deadline nothing happens \[FSM-2\]. Hand in what was received until
/// `now` first; it may postpone the deadline \[S-7\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_handle_timeout(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
) -> lvs_status {
    input(vrrp, now, VirtualRouter::handle_timeout)
}

/// Changes the effective priority, as trackers do: 0 counts as 1 and 255 as 254 \[X-43\], and an
/// owner keeps its own \[FSM-19\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_set_priority(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
    priority: u8,
) -> lvs_status {
    input(vrrp, now, |router, now| router.set_priority(now, Priority::new(priority)))
}

/// Changes the address that adverts come from. An Active router advertises from it at once
/// \[W-29\]. If no address is left, that is `lvs_vrrp_interface_down`.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_SOURCE_FAMILY`, `LVS_ERR_SOURCE_NOT_UNICAST`,
/// `LVS_ERR_SOURCE_NOT_LINK_LOCAL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_set_source(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
    source: Option<&lvs_address>,
) -> lvs_status {
    status(|| {
        let vrrp = required(vrrp)?;
        let source = (*required(source)?).try_into()?;
        Ok(vrrp.0.write(|router| router.set_source(instant(now), source))??)
    })
}

fn input(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
    input: impl FnOnce(&mut VirtualRouter, Instant),
) -> lvs_status {
    status(|| required(vrrp)?.0.write(|router| input(router, instant(now))))
}

/// Takes in a received Ethernet frame: an advert is verified, decoded and fed; one that is refused
/// counts by the check that it failed, one for another VRID as well, and changes nothing else
/// \[RX-1\].
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`; `LVS_ERR_NOT_VRRP` if it is no VRRP frame, or malformed, or a
/// fragment, or from an address that no host has.
///
/// # Safety
/// `frame` points to `length` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_handle_frame(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
    frame: *const u8,
    length: usize,
) -> lvs_status {
    status(|| {
        // SAFETY: the caller's contract.
        let frame = ethernet::Frame::parse(unsafe { items(frame, length) }?)?;
        receive(required(vrrp)?, instant(now), frame.payload)
    })
}

/// The same for an IP packet, header included, as raw sockets give it.
///
/// # Errors
/// As for `lvs_vrrp_handle_frame`.
///
/// # Safety
/// `packet` points to `length` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_handle_packet(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
    packet: *const u8,
    length: usize,
) -> lvs_status {
    // SAFETY: the caller's contract.
    status(|| receive(required(vrrp)?, instant(now), unsafe { items(packet, length) }?))
}

fn receive(vrrp: &mut lvs_vrrp, now: Instant, packet: &[u8]) -> Result<(), lvs_status> {
    let (meta, message) = from_ip_packet(packet)?;
    vrrp.0.write(|router| match decode(message, &meta, &router.policy()) {
        Ok(advert) => router.handle_advert(now, &advert, &meta),
        Err(error) => router.handle_rejected(&error),
    })
}

/// The VRID that a received Ethernet frame is for, 1 to 255, so that a host of several virtual
/// routers can find the one to hand it to.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, and `LVS_ERR_NOT_VRRP` as for `lvs_vrrp_handle_frame` or if
/// the VRID is missing or 0.
///
/// # Safety
/// `frame` points to `length` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_vrid_of_frame(frame: *const u8, length: usize) -> c_int {
    number(|| {
        // SAFETY: the caller's contract.
        let frame = ethernet::Frame::parse(unsafe { items(frame, length) }?)?;
        let (_, message) = from_ip_packet(frame.payload)?;
        Ok(vrid_of(message).ok_or(LVS_ERR_NOT_VRRP)?.get().into())
    })
}

/// The next thing to do: 1 and the action in `out`, or 0 when all is done.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_poll_action(
    vrrp: Option<&mut lvs_vrrp>,
    out: Option<&mut MaybeUninit<lvs_vrrp_action>>,
) -> c_int {
    number(|| {
        let (vrrp, out) = (required(vrrp)?, required(out)?);
        let Some(action) = vrrp.0.write(Router::poll_action)? else { return Ok(0) };
        out.write(action.into());
        Ok(1)
    })
}

/// When `lvs_vrrp_handle_timeout` is due: 1 and the moment in `out`, or 0 in Initialize.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_next_deadline(
    vrrp: Option<&lvs_vrrp>,
    out: Option<&mut MaybeUninit<lvs_time>>,
) -> c_int {
    number(|| {
        let (vrrp, out) = (required(vrrp)?, required(out)?);
        let Some(deadline) = vrrp.0.read()?.next_deadline() else { return Ok(0) };
        out.write(deadline.as_micros());
        Ok(1)
    })
}

/// Writes the Ethernet frame that `LVS_VRRP_SEND_ADVERT` asks for, with the priority of the action:
/// from the virtual MAC address to the VRRP group, TTL or hop limit 255. `*length` is the octets
/// written; `LVS_VRRP_FRAME_MAX` are always enough. Frames are not padded to the 60 octets that
/// Ethernet wants: network interfaces do that.
///
/// A raw IP socket takes what is behind the first `LVS_ETHERNET_HEADER_LEN` octets.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_BUFFER_TOO_SMALL`.
///
/// # Safety
/// `frame` points to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_write_advert(
    vrrp: Option<&lvs_vrrp>,
    priority: u8,
    frame: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    status(|| {
        let (router, length) = (required(vrrp)?.0.read()?, required(length)?);
        // SAFETY: the caller's contract; any octets are octets.
        let frame = unsafe { items_mut(frame, capacity) }?;
        let advert = router.advert(Priority::new(priority));
        length.write(frames::advert(&advert, router.source(), router.virtual_mac(), frame)?);
        Ok(())
    })
}

/// Writes the Ethernet frame that `LVS_VRRP_ANNOUNCE` asks for, with the address of the action: a
/// gratuitous ARP \[W-32\] or an unsolicited neighbour advertisement \[W-34\] of the virtual MAC
/// address. `*length` is the octets written.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_BUFFER_TOO_SMALL`.
///
/// # Safety
/// `frame` points to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_write_announcement(
    vrrp: Option<&lvs_vrrp>,
    address: Option<&lvs_address>,
    frame: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    status(|| {
        let (router, length) = (required(vrrp)?.0.read()?, required(length)?);
        let address = (*required(address)?).try_into()?;
        // SAFETY: the caller's contract; any octets are octets.
        let frame = unsafe { items_mut(frame, capacity) }?;
        length.write(frames::announce(address, router.virtual_mac(), frame)?);
        Ok(())
    })
}

/// The state, one of `enum lvs_vrrp_state`. It also says what ought to be in place: addresses,
/// groups and router advertisements in Active, nothing elsewhere \[CORE-1\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_get_state(vrrp: Option<&lvs_vrrp>) -> c_int {
    number(|| Ok(lvs_vrrp_state::from(required(vrrp)?.0.read()?.state()) as c_int))
}

/// The MAC address of the virtual router (RFC 9568 section 7.3).
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_get_virtual_mac(
    vrrp: Option<&lvs_vrrp>,
    out: Option<&mut MaybeUninit<lvs_mac>>,
) -> lvs_status {
    status(|| {
        let (router, out) = (required(vrrp)?.0.read()?, required(out)?);
        out.write(router.virtual_mac().into());
        Ok(())
    })
}

/// Fills in what has been counted. `out->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `out` points to a `struct lvs_vrrp_counters` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_get_counters(
    vrrp: Option<&lvs_vrrp>,
    out: *mut lvs_vrrp_counters,
) -> lvs_status {
    status(|| {
        let counters = required(vrrp)?.0.read()?.counters();
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, counters.into()) }
    })
}
