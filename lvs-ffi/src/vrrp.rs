//! Virtual routers at work.

mod action;
mod advert;
mod authentication;
mod choices;
mod config;
mod counters;
mod engine;
mod interface;
mod lists;
mod memory;
mod output;
#[cfg_attr(not(feature = "auth"), path = "vrrp/no_proofs.rs")]
mod proofs;
mod reload;
mod rooms;
mod snapshot;
mod status;
mod tracker;

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::time::Duration;

use lvs_proto::Instant;
use lvs_proto::vrrp::{AdvertPolicy, Priority, decode, from_ip_packet, vrid_of};
use lvs_proto::wire::ethernet;

pub use self::action::*;
pub use self::advert::*;
pub use self::authentication::*;
pub use self::choices::*;
pub use self::config::*;
pub use self::counters::*;
pub use self::engine::*;
pub use self::interface::*;
pub use self::memory::*;
use self::memory::{Machine, VirtualRouter};
pub use self::output::*;
pub use self::reload::*;
pub use self::snapshot::*;
pub use self::status::*;
pub use self::tracker::*;
use crate::door::{items, number, required, status};
use crate::lvs_status::LVS_ERR_NOT_VRRP;
use crate::time::instant;
use crate::{lvs_address, lvs_status, lvs_time};

/// Starts the router: an owner becomes Active at once, any other Backup. If its interface is down
/// it starts when that comes up \[FSM-4\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_startup(vrrp: Option<&mut lvs_vrrp>, now: lvs_time) -> lvs_status {
    input(vrrp, now, Machine::startup)
}

/// Stops the router. An Active one resigns first \[FSM-23\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_shutdown(vrrp: Option<&mut lvs_vrrp>, now: lvs_time) -> lvs_status {
    input(vrrp, now, Machine::shutdown)
}

/// The interface is usable, with the source address in place: a router that was started begins
/// afresh \[FSM-25\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_interface_up(vrrp: Option<&mut lvs_vrrp>, now: lvs_time) -> lvs_status {
    input(vrrp, now, Machine::interface_up)
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
    input(vrrp, now, Machine::interface_down)
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
    input(vrrp, now, Machine::handle_timeout)
}

/// The host slept for `gap` microseconds, or was paused, and this is the first that the router hears
/// of it: the clock may not have counted it. A Backup router that may have missed adverts waits
/// longer, an Active one that may have been replaced says so again \[S-8\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_resumed(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
    gap: u64,
) -> lvs_status {
    input(vrrp, now, |router, now| router.resumed(now, Duration::from_micros(gap)))
}

/// Lets announcements wait until that moment, so that those of many routers do not fill a link;
/// whatever else there is to do goes on \[X-22\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_hold_announcements(
    vrrp: Option<&mut lvs_vrrp>,
    until: lvs_time,
) -> lvs_status {
    input(vrrp, until, Machine::hold_announcements)
}

/// Changes the effective priority, as trackers do: 0 counts as 1 and 255 as 254 \[X-43\], and an
/// owner keeps its own \[FSM-19\]. The deadline of a Backup router moves by the difference \[T-7\]; an
/// Active router may say so at once, `advert_on_priority_change` \[X-46\].
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
/// `LVS_ERR_SOURCE_NOT_LINK_LOCAL`, `LVS_ERR_PEER` if it is that of a peer.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_set_source(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
    source: Option<&lvs_address>,
) -> lvs_status {
    status(|| {
        let vrrp = required(vrrp)?;
        let source = (*required(source)?).try_into()?;
        Ok(vrrp.0.write(|vrrp| vrrp.router.set_source(instant(now), source))??)
    })
}

/// Something else has noticed that a peer does not answer any more. If it was the Active router, a
/// Backup one waits no longer than Skew_Time \[X-66\].
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_peer_down(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
    peer: Option<&lvs_address>,
) -> lvs_status {
    status(|| {
        let vrrp = required(vrrp)?;
        let peer = (*required(peer)?).try_into()?;
        vrrp.0.write(|vrrp| vrrp.router.peer_down(instant(now), peer))
    })
}

fn input(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
    input: impl FnOnce(&mut Machine, Instant),
) -> lvs_status {
    status(|| required(vrrp)?.0.write(|vrrp| input(&mut vrrp.router, instant(now))))
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
    vrrp.0.write(|VirtualRouter { router, authenticator }| {
        let authentication = authenticator.policy(now.as_micros());
        let policy = AdvertPolicy { authentication, ..router.policy() };
        match decode(message, &meta, &policy) {
            Ok(advert) => router.handle_advert(now, &advert, &meta),
            Err(error) => router.handle_rejected(&error),
        }
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
        let Some(action) = vrrp.0.write(|vrrp| vrrp.router.poll_action())? else { return Ok(0) };
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
        let Some(deadline) = vrrp.0.read()?.router.next_deadline() else { return Ok(0) };
        out.write(deadline.as_micros());
        Ok(1)
    })
}
