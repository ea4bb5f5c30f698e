//! How virtual routers of an engine stand.

use core::mem::MaybeUninit;

use ::lvs_vrrp::EngineCounters;

use super::{get, lvs_engine, lvs_router_id};
use crate::door::{required, status, write_sized};
use crate::lvs_status;
use crate::vrrp::interface::tolerance_micros;
use crate::vrrp::{lvs_vrrp_counters, lvs_vrrp_status};

/// Fills in how a virtual router stands. `out->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_NO_SUCH_ROUTER`.
///
/// # Safety
/// `out` points to a `struct lvs_vrrp_status` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_engine_get_status(
    engine: Option<&lvs_engine>,
    router: lvs_router_id,
    out: *mut lvs_vrrp_status,
) -> lvs_status {
    status(|| {
        let status = get(engine, router)?.into();
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, status) }
    })
}

/// As `lvs_vrrp_get_interface_tolerance`.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_get_interface_tolerance(
    engine: Option<&lvs_engine>,
    router: lvs_router_id,
    out: Option<&mut MaybeUninit<u64>>,
) -> lvs_status {
    status(|| {
        let (router, out) = (get(engine, router)?, required(out)?);
        out.write(tolerance_micros(router));
        Ok(())
    })
}

/// Fills in what a virtual router has counted. `out->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_NO_SUCH_ROUTER`.
///
/// # Safety
/// `out` points to a `struct lvs_vrrp_counters` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_engine_get_counters(
    engine: Option<&lvs_engine>,
    router: lvs_router_id,
    out: *mut lvs_vrrp_counters,
) -> lvs_status {
    status(|| {
        let counters = get(engine, router)?.counters();
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, counters.into()) }
    })
}

/// What was received that concerns no virtual router in particular, or all of them: the global counters
/// of RFC 6527.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_engine_counters {
    /// The sizeof of this struct.
    pub size: usize,
    /// Messages for a VRID that no virtual router has on the interface in their family.
    pub vrid_errors: u64,
    /// Messages of virtual routers whose checksum does not verify.
    pub checksum_errors: u64,
    /// Messages of virtual routers of an unknown version or of one that is not the router's.
    pub version_errors: u64,
}

const _: () = assert!(align_of::<u64>() < 8 || size_of::<lvs_engine_counters>() == 32);

/// Fills in what the engine has counted beside the counters of each virtual router. `out->size` is to
/// be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `out` points to a `struct lvs_engine_counters` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_engine_get_global_counters(
    engine: Option<&lvs_engine>,
    out: *mut lvs_engine_counters,
) -> lvs_status {
    status(|| {
        let counters = required(engine)?.0.read()?.engine.counters();
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, counters.into()) }
    })
}

impl From<&EngineCounters> for lvs_engine_counters {
    fn from(counters: &EngineCounters) -> Self {
        let EngineCounters { vrid_errors, checksum_errors, version_errors } = *counters;
        Self { size: size_of::<Self>(), vrid_errors, checksum_errors, version_errors }
    }
}
