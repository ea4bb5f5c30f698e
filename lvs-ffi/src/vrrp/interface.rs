//! Interfaces that come and go, or hear nothing yet.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::time::Duration;

use ::lvs_vrrp::{InterfaceDelays, InterfaceHold};

use super::lvs_vrrp;
use super::memory::Machine;
use crate::door::{Guarded, assert_thread_rule, number, read_sized, required, status, write_sized};
use crate::lvs_status::LVS_ERR_BUFFER_TOO_SMALL;
use crate::time::instant;
use crate::{lvs_status, lvs_time};

/// Between an interface and its routers: whether it counts as up.
///
/// After each input ask for the deadline, and tell each router by `lvs_vrrp_interface_up` or
/// `lvs_vrrp_interface_down` when `lvs_interface_hold_is_up` has changed. Before the first report the
/// interface is down.
#[derive(Debug)]
pub struct lvs_interface_hold(Guarded<InterfaceHold>);

const _: () = assert_thread_rule::<lvs_interface_hold>();

/// Octets of memory that hold any `struct lvs_interface_hold`.
pub const LVS_INTERFACE_HOLD_MEMORY: usize = 128;

const ALIGNMENT: usize = align_of::<lvs_interface_hold>();
const _: () = assert!(LVS_INTERFACE_HOLD_MEMORY >= size_of::<lvs_interface_hold>() + ALIGNMENT - 1);

/// How long an interface is not believed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_interface_hold_config {
    /// The sizeof of this struct.
    pub size: usize,
    /// How long its link has to be up before it counts as up \[X-42\].
    pub up_milliseconds: u32,
    /// How long its link has to be down before it counts as down, if that is not longer than its
    /// routers bear \[X-42\].
    pub down_milliseconds: u32,
    /// How long it has to hear something after that; 30 seconds are usual. Bonds, switches and
    /// spanning trees may carry what is sent long before they carry what is to be heard \[X-41\].
    pub proof_milliseconds: u32,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_interface_hold_config>() == 24);

/// Fills in the defaults: an interface is believed at once. `config->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `config` points to a `struct lvs_interface_hold_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_interface_hold_config_init(
    config: *mut lvs_interface_hold_config,
) -> lvs_status {
    let size = size_of::<lvs_interface_hold_config>();
    let defaults = lvs_interface_hold_config {
        size,
        up_milliseconds: 0,
        down_milliseconds: 0,
        proof_milliseconds: 0,
    };
    // SAFETY: the caller's contract.
    status(|| unsafe { write_sized(config, defaults) })
}

/// Makes an interface whose link is down, in `memory` of the caller's, of `size` octets, which has to
/// stay where it is and as long as it is used; there is nothing to end. Nothing is allocated.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`; `LVS_ERR_BUFFER_TOO_SMALL`, never for
/// LVS_INTERFACE_HOLD_MEMORY octets.
///
/// # Safety
/// `memory` points to room for `size` octets that nobody else uses, `config` to a `struct
/// lvs_interface_hold_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_interface_hold_init(
    memory: *mut c_void,
    size: usize,
    config: *const lvs_interface_hold_config,
    out: Option<&mut MaybeUninit<NonNull<lvs_interface_hold>>>,
) -> lvs_status {
    status(|| {
        let (memory, out) = (required(NonNull::new(memory.cast::<u8>()))?, required(out)?);
        // SAFETY: the caller's contract.
        let delays = unsafe { read_sized(config) }?.into();
        let padding = memory.addr().get().wrapping_neg() % ALIGNMENT;
        if size.saturating_sub(padding) < size_of::<lvs_interface_hold>() {
            return Err(LVS_ERR_BUFFER_TOO_SMALL);
        }
        // SAFETY: there is room behind the padding.
        let hold = unsafe { memory.add(padding) }.cast();
        // SAFETY: it is aligned, and there is room.
        unsafe { hold.write(lvs_interface_hold(Guarded::new(InterfaceHold::new(delays)))) };
        out.write(hold);
        Ok(())
    })
}

/// The link is up if `link_up` is not 0. One that is as it was starts nothing anew.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_interface_hold_report(
    hold: Option<&mut lvs_interface_hold>,
    now: lvs_time,
    link_up: c_int,
) -> lvs_status {
    input(hold, |hold| hold.report(instant(now), link_up != 0))
}

/// Whatever it was, something was received. Call it before the routers hear of an advert.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_interface_hold_frame_received(
    hold: Option<&mut lvs_interface_hold>,
    now: lvs_time,
) -> lvs_status {
    input(hold, |hold| hold.frame_received(instant(now)))
}

/// The least `lvs_vrrp_get_interface_tolerance` of the routers on the interface, in microseconds,
/// which changes when they learn another interval \[X-42\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_interface_hold_set_tolerance(
    hold: Option<&mut lvs_interface_hold>,
    now: lvs_time,
    tolerance: u64,
) -> lvs_status {
    input(hold, |hold| hold.set_tolerance(instant(now), Duration::from_micros(tolerance)))
}

/// Lets time pass. Before the deadline nothing happens.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_interface_hold_handle_timeout(
    hold: Option<&mut lvs_interface_hold>,
    now: lvs_time,
) -> lvs_status {
    input(hold, |hold| hold.handle_timeout(instant(now)))
}

/// When `lvs_interface_hold_handle_timeout` is due: 1 and the moment in `out`, or 0 if the link is as
/// it counts.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_interface_hold_next_deadline(
    hold: Option<&lvs_interface_hold>,
    out: Option<&mut MaybeUninit<lvs_time>>,
) -> c_int {
    number(|| {
        let (hold, out) = (required(hold)?, required(out)?);
        let Some(deadline) = hold.0.read()?.next_deadline() else { return Ok(0) };
        out.write(deadline.as_micros());
        Ok(1)
    })
}

/// Whether the interface counts as up: 1 or 0.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_interface_hold_is_up(hold: Option<&lvs_interface_hold>) -> c_int {
    number(|| Ok(required(hold)?.0.read()?.is_up().into()))
}

/// How many microseconds the router's interface may be down before others take over: an interval
/// less than they wait for \[X-42\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_get_interface_tolerance(
    vrrp: Option<&lvs_vrrp>,
    out: Option<&mut MaybeUninit<u64>>,
) -> lvs_status {
    status(|| {
        let (vrrp, out) = (required(vrrp)?.0.read()?, required(out)?);
        out.write(tolerance_micros(&vrrp.router));
        Ok(())
    })
}

pub(super) fn tolerance_micros(router: &Machine) -> u64 {
    router.interface_tolerance().as_micros().try_into().unwrap_or(u64::MAX)
}

fn input(
    hold: Option<&mut lvs_interface_hold>,
    input: impl FnOnce(&mut InterfaceHold),
) -> lvs_status {
    status(|| required(hold)?.0.write(input))
}

impl From<lvs_interface_hold_config> for InterfaceDelays {
    fn from(config: lvs_interface_hold_config) -> Self {
        let lvs_interface_hold_config {
            up_milliseconds,
            down_milliseconds,
            proof_milliseconds,
            ..
        } = config;
        let [up, down, proof] = [up_milliseconds, down_milliseconds, proof_milliseconds]
            .map(|span| Duration::from_millis(span.into()));
        Self { up, down, proof }
    }
}
