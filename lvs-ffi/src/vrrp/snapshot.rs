//! Virtual routers that outlive their process.

use core::mem::MaybeUninit;

use ::lvs_vrrp::{Router, Snapshot};

use super::lists::Kept;
use super::lvs_vrrp;
use super::memory::{Machine, VirtualRouter};
use crate::door::{items, items_mut, required, status};
use crate::lvs_status::{LVS_ERR_AUTHENTICATION, LVS_ERR_BUFFER_TOO_SMALL};
use crate::time::instant;
use crate::{lvs_status, lvs_time};

/// Octets that hold any snapshot of a virtual router.
pub const LVS_VRRP_SNAPSHOT_MAX: usize = 1024;

const _: () = assert!(LVS_VRRP_SNAPSHOT_MAX >= Snapshot::LEN);

/// Writes what the virtual router is and knows, its addresses, peers and keys aside, in a form that is
/// the same on all machines. Drain the actions first: what is left to do is not part of it. `*length`
/// is the octets written; LVS_VRRP_SNAPSHOT_MAX are always enough.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_BUFFER_TOO_SMALL`.
///
/// # Safety
/// `snapshot` points to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_snapshot(
    vrrp: Option<&lvs_vrrp>,
    snapshot: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    // SAFETY: the caller's contract.
    status(|| unsafe { write(&required(vrrp)?.0.read()?.router, snapshot, capacity, length) })
}

/// # Safety
/// `snapshot` points to room for `capacity` octets.
pub(super) unsafe fn write(
    router: &Machine,
    snapshot: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> Result<(), lvs_status> {
    let length = required(length)?;
    // SAFETY: the caller vouches for it; any octets are octets.
    let room = unsafe { items_mut(snapshot, capacity) }?;
    let place = room.first_chunk_mut().ok_or(LVS_ERR_BUFFER_TOO_SMALL)?;
    *place = router.snapshot().to_octets();
    length.write(place.len());
    Ok(())
}

/// Puts a virtual router into the state of a snapshot, with the configuration in it and as much time left
/// to its deadlines as there was: nothing is elected, and nothing is to be done. `now` may be of another
/// epoch. The addresses and peers that it has are to be those of the snapshot; its
/// authentication stays.
///
/// What has changed meanwhile comes afterwards: another source address by `lvs_vrrp_set_source`, the
/// time that nobody listened by `lvs_vrrp_resumed`.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`; `LVS_ERR_SNAPSHOT` if the octets are no snapshot, or one of another
/// release; `LVS_ERR_AUTHENTICATION` if its version cannot be authenticated as this router is; and those
/// of `lvs_vrrp_create` if it does not fit the addresses and peers.
///
/// # Safety
/// `snapshot` points to `length` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_restore(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
    snapshot: *const u8,
    length: usize,
) -> lvs_status {
    status(|| {
        let vrrp = required(vrrp)?;
        // SAFETY: the caller's contract.
        let snapshot = Snapshot::from_octets(unsafe { items(snapshot, length) }?)?;
        vrrp.0.write(|VirtualRouter { router, authenticator }| {
            if !authenticator.is_for(snapshot.config().version) {
                return Err(LVS_ERR_AUTHENTICATION);
            }
            let addresses = Kept::again(router.addresses());
            let peers = Kept::again(router.peers());
            *router = Router::restore(instant(now), &snapshot, addresses, peers)?;
            Ok(())
        })?
    })
}
