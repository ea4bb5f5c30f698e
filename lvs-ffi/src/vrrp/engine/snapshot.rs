//! Virtual routers of an engine that outlive their process.

use core::mem::MaybeUninit;

use ::lvs_vrrp::{Router, Snapshot};

use super::{add, get, lvs_engine, lvs_router_id};
use crate::door::{items, status};
use crate::time::instant;
use crate::vrrp::{lvs_vrrp_config, snapshot};
use crate::{lvs_status, lvs_time};

/// As `lvs_vrrp_snapshot`, of one virtual router. Its sync group, and whom it follows, are not in it.
///
/// # Errors
/// As there, and `LVS_ERR_NO_SUCH_ROUTER`.
///
/// # Safety
/// `snapshot` points to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_engine_snapshot(
    engine: Option<&lvs_engine>,
    router: lvs_router_id,
    snapshot: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    // SAFETY: the caller's contract.
    status(|| unsafe { snapshot::write(get(engine, router)?, snapshot, capacity, length) })
}

/// Adds a virtual router in the state of a snapshot, as `lvs_vrrp_restore` has it. Of `config` only the
/// addresses and peers count, which have to be those that the router had. Its authentication, its sync
/// group and whom it follows are to be set again afterwards.
///
/// # Errors
/// As for `lvs_engine_add`; `LVS_ERR_SNAPSHOT` if the octets are no snapshot, or one of another release.
///
/// # Safety
/// `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers,
/// `snapshot` to `length` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_engine_restore(
    engine: Option<&mut lvs_engine>,
    now: lvs_time,
    interface: u32,
    config: *const lvs_vrrp_config,
    snapshot: *const u8,
    length: usize,
    out: Option<&mut MaybeUninit<lvs_router_id>>,
) -> lvs_status {
    status(|| {
        // SAFETY: the caller's contract.
        let snapshot = Snapshot::from_octets(unsafe { items(snapshot, length) }?)?;
        let make =
            |_, addresses, peers| Ok(Router::restore(instant(now), &snapshot, addresses, peers)?);
        // SAFETY: the caller's contract.
        unsafe { add(engine, interface, config, out, make) }
    })
}
