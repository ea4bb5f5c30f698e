//! Virtual routers.

use alloc::boxed::Box;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::net::IpAddr;
use core::ptr::{self, NonNull};

use ::lvs_vrrp::Router;
use lvs_proto::vrrp::Peer;

use super::config::lvs_vrrp_config;
use super::lists::{Given, ITEM_MAX, Kept, octets_of};
use super::proofs::{Authenticator, SENDERS};
use super::rooms::TwoRooms;
use crate::door::{Guarded, assert_thread_rule, boxed, required, status};
use crate::lvs_status;
use crate::lvs_status::LVS_ERR_BUFFER_TOO_SMALL;

/// A virtual router: one VRID of one address family on one interface (RFC 9568).
///
/// Its loop: drain `lvs_vrrp_poll_action` until it is empty, wait for input or for the deadline,
/// feed exactly one input, drain again. Inputs are `lvs_vrrp_startup`, `lvs_vrrp_shutdown`,
/// `lvs_vrrp_interface_up`, `lvs_vrrp_interface_down`, `lvs_vrrp_resumed`, `lvs_vrrp_peer_down`,
/// `lvs_vrrp_track`, `lvs_vrrp_set_tracked`, `lvs_vrrp_set_priority`, `lvs_vrrp_set_source`,
/// `lvs_vrrp_apply`, `lvs_vrrp_hold_announcements`, `lvs_vrrp_handle_frame`,
/// `lvs_vrrp_handle_packet` and `lvs_vrrp_handle_timeout`; only they, and `lvs_vrrp_restore`, change
/// actions and deadline.
#[derive(Debug)]
pub struct lvs_vrrp(pub(super) Guarded<VirtualRouter>, pub(super) TwoRooms);

const _: () = assert_thread_rule::<lvs_vrrp>();

/// Octets of memory that hold any virtual router but for its addresses and peers; `lvs_vrrp_sizeof`
/// may want less.
pub const LVS_VRRP_MEMORY: usize = 2048;
/// Octets of memory that each virtual address and each peer takes besides, at most: for itself, and for
/// another one that `lvs_vrrp_apply` may put in its place.
pub const LVS_VRRP_MEMORY_PER_ADDRESS: usize = 40;

pub(super) type Machine = Router<Kept<IpAddr>, Kept<Peer>, SENDERS>;

/// A router and its proofs.
#[derive(Debug)]
pub(super) struct VirtualRouter {
    pub(super) router: Machine,
    pub(super) authenticator: Authenticator,
}

const ALIGNMENT: usize = align_of::<lvs_vrrp>();

const _: () = assert!(LVS_VRRP_MEMORY >= size_of::<lvs_vrrp>() + 2 * ALIGNMENT);
const _: () = assert!(LVS_VRRP_MEMORY_PER_ADDRESS == 2 * ITEM_MAX);

/// Makes a virtual router that is not started, whose interface is believed to be up.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`,
/// `LVS_ERR_MIXED_FAMILIES`, `LVS_ERR_NOT_UNICAST`, `LVS_ERR_NO_MEMORY`, and -40 to -59, -80, -81 and
/// -88 of `enum lvs_status`, one for each field that does not fit.
///
/// # Safety
/// `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_create(
    config: *const lvs_vrrp_config,
    out: Option<&mut MaybeUninit<NonNull<lvs_vrrp>>>,
) -> lvs_status {
    status(|| {
        let out = required(out)?;
        // SAFETY: the caller's contract.
        let given = unsafe { Given::read(config) }?;
        let rooms = TwoRooms::allocate(given.octets()?)?;
        // SAFETY: there is room for the lists.
        let made = unsafe { make(&given, rooms.used()) }?;
        out.write(NonNull::from(Box::leak(boxed(lvs_vrrp(made, rooms))?)));
        Ok(())
    })
}

/// Octets of memory that `lvs_vrrp_init` wants for so many addresses and peers at any time, wherever it
/// begins; 0 if there are more than 1024 addresses or 255 peers.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_sizeof(address_count: usize, peer_count: usize) -> usize {
    octets_of(address_count, peer_count).map_or(0, |lists| octets_with(lists) + ALIGNMENT - 1)
}

/// As `lvs_vrrp_create`, but in `memory` of the caller's, of `size` octets, which has to stay where it
/// is and as long as the virtual router is used. Nothing is allocated, now or later: if there are to be
/// more addresses or peers some day, have `size` be what `lvs_vrrp_sizeof` says of those.
///
/// # Errors
/// As for `lvs_vrrp_create`, and `LVS_ERR_BUFFER_TOO_SMALL` if `size` is less than
/// `lvs_vrrp_sizeof` says. After an error the memory is the caller's as before, whatever is in it.
///
/// # Safety
/// `memory` points to room for `size` octets that nobody else uses, `config` to a `struct
/// lvs_vrrp_config` of any version, with its addresses and peers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_init(
    memory: *mut c_void,
    size: usize,
    config: *const lvs_vrrp_config,
    out: Option<&mut MaybeUninit<NonNull<lvs_vrrp>>>,
) -> lvs_status {
    status(|| {
        let (memory, out) = (required(NonNull::new(memory.cast::<u8>()))?, required(out)?);
        // SAFETY: the caller's contract.
        let given = unsafe { Given::read(config) }?;
        let padding = memory.addr().get().wrapping_neg() % ALIGNMENT;
        let size = size.saturating_sub(padding);
        if size < octets_with(given.octets()?) {
            return Err(LVS_ERR_BUFFER_TOO_SMALL);
        }
        // SAFETY: from here on there is room, and it is aligned.
        let place = unsafe { memory.add(padding) }.cast::<lvs_vrrp>();
        // SAFETY: it is followed by the lists, and by as much again.
        let (behind, behind_size) = unsafe { (place.add(1).cast(), size - size_of::<lvs_vrrp>()) };
        // SAFETY: there is room for the lists.
        let made = unsafe { make(&given, behind) }?;
        // SAFETY: nobody else uses what is behind the router, whose memory this is.
        unsafe { place.write(lvs_vrrp(made, TwoRooms::in_memory(behind, behind_size))) };
        out.write(place);
        Ok(())
    })
}

/// Ends a virtual router; NULL is allowed. Nothing is sent: shut it down first and drain its
/// actions. The handle is not to be used again, but memory of the caller's is.
///
/// # Safety
/// `vrrp` is NULL or comes from `lvs_vrrp_create` or `lvs_vrrp_init` and has not been ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_destroy(vrrp: *mut lvs_vrrp) {
    status(|| {
        let vrrp = required(NonNull::new(vrrp))?.as_ptr();
        // SAFETY: the caller's contract.
        if unsafe { &(*vrrp).1 }.are_allocated() {
            // SAFETY: it was made of a box.
            drop(unsafe { Box::from_raw(vrrp) });
        } else {
            // SAFETY: the caller's contract.
            unsafe { ptr::drop_in_place(vrrp) };
        }
        Ok(())
    });
}

/// Octets of a virtual router, its lists, and lists in their place.
const fn octets_with(lists: usize) -> usize {
    size_of::<lvs_vrrp>() + 2 * lists
}

/// # Safety
/// There is room for the lists at `place`, for as long as the virtual router is used.
unsafe fn make(
    given: &Given<'_>,
    place: NonNull<u8>,
) -> Result<Guarded<VirtualRouter>, lvs_status> {
    // SAFETY: the caller vouches for it.
    let (addresses, peers) = unsafe { given.keep(place) }?;
    let (config, source) = (given.config.try_into()?, given.config.source.try_into()?);
    let router = Router::with_senders(config, source, addresses, peers)?;
    Ok(Guarded::new(VirtualRouter { router, authenticator: Authenticator::default() }))
}
