//! How virtual routers stand.

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::time::Duration;

use lvs_proto::vrrp::Priority;

use super::memory::Machine;
use super::{lvs_vrrp, lvs_vrrp_counters, lvs_vrrp_state};
use crate::door::{number, required, status, write_sized};
use crate::{lvs_address, lvs_mac, lvs_status};

/// How a virtual router stands.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_vrrp_status {
    /// The sizeof of this struct.
    pub size: usize,
    /// The state, one of `enum lvs_vrrp_state`.
    pub state: c_int,
    /// The effective priority.
    pub priority: u8,
    /// The priority of the Active router, its own or that of the last accepted advert; 0 if unknown.
    pub active_priority: u8,
    /// 1 if packets to the virtual addresses are accepted while Active, else 0.
    pub accepts: u8,
    /// The address of the Active router, likewise; zeros if unknown.
    pub active_address: lvs_address,
    /// The address that adverts come from.
    pub source: lvs_address,
    /// The interval of the Active router as learned from its adverts, or the own one.
    pub active_interval_centiseconds: u16,
    /// Skew_Time: what the router waits after a resignation \[T-1\] \[T-2\].
    pub skew_micros: u64,
    /// Active_Down_Interval: the silence after which the router takes over \[T-1\] \[T-2\].
    pub active_down_micros: u64,
}

const _: () = assert!(align_of::<u64>() < 8 || size_of::<lvs_vrrp_status>() % 8 == 0);

/// Fills in how the router stands. `out->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `out` points to a `struct lvs_vrrp_status` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_get_status(
    vrrp: Option<&lvs_vrrp>,
    out: *mut lvs_vrrp_status,
) -> lvs_status {
    status(|| {
        let status = (&required(vrrp)?.0.read()?.router).into();
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, status) }
    })
}

/// The state, one of `enum lvs_vrrp_state`. It also says what ought to be in place: addresses,
/// groups and router advertisements in Active, nothing elsewhere \[CORE-1\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_get_state(vrrp: Option<&lvs_vrrp>) -> c_int {
    number(|| Ok(lvs_vrrp_state::from(required(vrrp)?.0.read()?.router.state()) as c_int))
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
        let (vrrp, out) = (required(vrrp)?.0.read()?, required(out)?);
        out.write(vrrp.router.virtual_mac().into());
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
        let counters = required(vrrp)?.0.read()?.router.counters();
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, counters.into()) }
    })
}

impl From<&Machine> for lvs_vrrp_status {
    fn from(router: &Machine) -> Self {
        let micros = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Self {
            size: size_of::<Self>(),
            state: lvs_vrrp_state::from(router.state()) as c_int,
            priority: router.priority().get(),
            active_priority: router.active_priority().map_or(0, Priority::get),
            accepts: router.accepts().into(),
            active_address: router.active_address().map(lvs_address::from).unwrap_or_default(),
            source: router.source().into(),
            active_interval_centiseconds: router.active_interval().centiseconds(),
            skew_micros: micros(router.skew()),
            active_down_micros: micros(router.active_down_interval()),
        }
    }
}
