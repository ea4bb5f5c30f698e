//! Trackers: what virtual routers depend on.

use alloc::boxed::Box;
use core::ffi::c_int;
use core::mem::MaybeUninit;

use ::lvs_vrrp::{Tracked, Tracker, TrackerConfig};
use lvs_proto::vrrp::Priority;

use super::lvs_vrrp;
use crate::door::{
    Guarded, assert_thread_rule, boxed, items, number, read_sized, required, status, write_sized,
};
use crate::time::instant;
use crate::{lvs_status, lvs_time};

/// Something that is well or not: an interface, a script, a route.
#[derive(Debug)]
pub struct lvs_tracker(Guarded<Tracker>);

const _: () = assert_thread_rule::<lvs_tracker>();

/// What a tracker is told to be.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_tracker_config {
    /// The sizeof of this struct.
    pub size: usize,
    /// -254 to 254. Above 0 it is added to the priority while all is well, below 0 while it is not;
    /// 0 puts the router into fault while it is not.
    pub weight: i16,
    /// Not 0 if the weight counts the other way round: what would be added is taken off, and with
    /// weight 0 it is a fault that all is well.
    pub reverse: u8,
    /// How many good reports in a row make a tracker well again, 1 at least.
    pub rise: u8,
    /// How many bad ones end that, 1 at least.
    pub fall: u8,
    /// Not 0 if it counts as unwell until the first report, not as unknown.
    pub starts_unwell: u8,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_tracker_config>() == 16);

/// Fills in the defaults: a fault while not all is well, at the first report that says so.
/// `config->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `config` points to a `struct lvs_tracker_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_tracker_config_init(config: *mut lvs_tracker_config) -> lvs_status {
    // SAFETY: the caller's contract.
    status(|| unsafe { write_sized(config, TrackerConfig::default().into()) })
}

/// Makes a tracker that knows nothing yet.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_TRACKER_WEIGHT`, `LVS_ERR_NO_REPORTS`,
/// `LVS_ERR_NO_MEMORY`.
///
/// # Safety
/// `config` points to a `struct lvs_tracker_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_tracker_create(
    config: *const lvs_tracker_config,
    out: Option<&mut MaybeUninit<Box<lvs_tracker>>>,
) -> lvs_status {
    status(|| {
        let out = required(out)?;
        // SAFETY: the caller's contract.
        let tracker = Tracker::new(unsafe { read_sized(config) }?.into())?;
        out.write(boxed(lvs_tracker(Guarded::new(tracker)))?);
        Ok(())
    })
}

/// Ends a tracker; NULL is allowed. The handle is not to be used again.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_tracker_destroy(tracker: Option<Box<lvs_tracker>>) {
    status(|| {
        drop(tracker);
        Ok(())
    });
}

/// Takes a report: all is well if `well` is not 0. The first one decides alone, later ones `rise` or
/// `fall` at a time, and one that agrees begins the count anew. Tell the routers that depend on it
/// by `lvs_vrrp_track`.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_tracker_report(tracker: Option<&mut lvs_tracker>, well: c_int) -> lvs_status {
    status(|| required(tracker)?.0.write(|tracker| tracker.report(well != 0)))
}

/// Whether all is well: 1 or 0; before the first report 0.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_tracker_is_well(tracker: Option<&lvs_tracker>) -> c_int {
    number(|| Ok((required(tracker)?.0.read()?.is_well() == Some(true)).into()))
}

/// Takes what the `count` trackers come to: their sum is added to the configured priority and
/// confined to 1 to 254 \[X-43\]; an owner keeps its own. In fault the router does not run: an Active
/// one resigns first \[X-54\]; after the last fault it begins afresh \[X-55\].
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`.
///
/// # Safety
/// `trackers` points to `count` pointers to trackers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_track(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
    trackers: *const Option<&lvs_tracker>,
    count: usize,
) -> lvs_status {
    status(|| {
        let vrrp = required(vrrp)?;
        // SAFETY: the caller's contract.
        let trackers = unsafe { items(trackers, count) }?;
        for tracker in trackers {
            required(*tracker)?.0.read()?;
        }
        let trackers = trackers.iter().flatten().filter_map(|tracker| tracker.0.read().ok());
        vrrp.0.write(|vrrp| {
            let base = vrrp.router.config().priority;
            let tracked = Tracked::of(base, trackers.map(Tracker::contribution));
            vrrp.router.track(instant(now), tracked);
        })
    })
}

/// The same for what the caller tracks by himself: the effective priority, and whether the router
/// cannot do its work.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_set_tracked(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
    priority: u8,
    fault: c_int,
) -> lvs_status {
    let tracked = Tracked { priority: Priority::new(priority), fault: fault != 0 };
    status(|| required(vrrp)?.0.write(|vrrp| vrrp.router.track(instant(now), tracked)))
}

impl From<TrackerConfig> for lvs_tracker_config {
    fn from(config: TrackerConfig) -> Self {
        let TrackerConfig { weight, reverse, rise, fall, starts_unwell } = config;
        let (reverse, starts_unwell) = (reverse.into(), starts_unwell.into());
        Self { size: size_of::<Self>(), weight, reverse, rise, fall, starts_unwell }
    }
}

impl From<lvs_tracker_config> for TrackerConfig {
    fn from(config: lvs_tracker_config) -> Self {
        let lvs_tracker_config { weight, reverse, rise, fall, starts_unwell, .. } = config;
        Self { weight, reverse: reverse != 0, rise, fall, starts_unwell: starts_unwell != 0 }
    }
}
