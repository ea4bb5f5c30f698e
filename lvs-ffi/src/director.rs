//! Directors: whole virtual servers.

mod config;
mod conns;
mod counters;
mod listing;
mod locals;
mod packets;
mod rules;
mod services;
mod sync;

use alloc::boxed::Box;
use core::ffi::c_int;
use core::mem::MaybeUninit;

use lvs_proto::Verdict;
use lvs_sched::{Director, SyncOutbox, Timeouts};

pub use self::config::*;
pub use self::conns::*;
pub use self::counters::*;
pub use self::listing::*;
pub use self::locals::*;
pub use self::packets::*;
pub use self::rules::*;
pub use self::services::*;
pub use self::sync::*;
use crate::burst::Places;
use crate::door::{Guarded, assert_thread_rule, boxed, number, read_sized, required, status};
use crate::time::instant;
use crate::{lvs_defences, lvs_policy, lvs_status, lvs_time};

/// A virtual server: services, their destinations, the connections to them, and what becomes of
/// each packet.
///
/// Its loop: hand in packets; when the deadline has come, call `lvs_director_handle_timeout`; of a sync
/// master, send what `lvs_director_poll_sync_message` has. Calls that come early do nothing, and a packet
/// finds a connection that is due gone all the same.
#[derive(Debug)]
pub struct lvs_director(
    Guarded<Director>,
    /// Tells packets of tunnels over IPv4 apart (RFC 6864 section 4.3).
    u16,
    Places<Verdict>,
    /// Of a master that was stopped: what it announced before.
    Option<SyncOutbox>,
);

const _: () = assert_thread_rule::<lvs_director>();

/// Makes a director without services, with the kernel's policy, defences and timeouts.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_PROFILE`, `LVS_ERR_MH_TABLE_INDEX`,
/// `LVS_ERR_NO_MEMORY`.
///
/// # Safety
/// `config` points to a `struct lvs_director_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_create(
    config: *const lvs_director_config,
    out: Option<&mut MaybeUninit<Box<lvs_director>>>,
) -> lvs_status {
    status(|| {
        let out = required(out)?;
        // SAFETY: the caller's contract.
        let config = unsafe { read_sized(config) }?.try_into()?;
        out.write(boxed(lvs_director(
            Guarded::new(Director::new(config)?),
            0,
            Places::new(Verdict::Pass),
            None,
        ))?);
        Ok(())
    })
}

/// Ends a director; NULL is allowed. The handle is not to be used again.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_destroy(director: Option<Box<lvs_director>>) {
    status(|| {
        drop(director);
        Ok(())
    });
}

/// Sets how packets are decided about from now on, but for services with a policy of their own.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_POLICY`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_set_policy(
    director: Option<&mut lvs_director>,
    policy: Option<&lvs_policy>,
) -> lvs_status {
    status(|| {
        let policy = (*required(policy)?).try_into()?;
        required(director)?.0.write(|director| director.set_policy(policy))
    })
}

/// Sets the defences from now on.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_DEFENCE`.
///
/// # Safety
/// `defences` points to a `struct lvs_defences` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_set_defences(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    defences: *const lvs_defences,
) -> lvs_status {
    status(|| {
        let director = required(director)?;
        // SAFETY: the caller's contract.
        let defences = unsafe { read_sized(defences) }?.try_into()?;
        director.0.write(|director| director.set_defences(instant(now), defences))
    })
}

/// Sets the timeouts of established and of half-closed TCP connections and of UDP ones, of each
/// connection from its next packet on; zeros stay what they were \[TMO-2\].
///
/// # Errors
/// `LVS_ERR_NULL`; `LVS_ERR_TIMEOUT` if one is longer than INT32_MAX ticks.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_set_timeouts(
    director: Option<&mut lvs_director>,
    tcp_secs: u32,
    tcp_fin_secs: u32,
    udp_secs: u32,
) -> lvs_status {
    status(|| {
        let timeouts = Timeouts { tcp_secs, tcp_fin_secs, udp_secs };
        Ok(required(director)?.0.write(|director| director.set_timeouts(timeouts))??)
    })
}

/// Sets after how many seconds the caches of lblc services forget an unused address \[LBLC-8\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_set_lblc_expiration(
    director: Option<&mut lvs_director>,
    secs: u32,
) -> lvs_status {
    status(|| required(director)?.0.write(|director| director.set_lblc_expiration(secs)))
}

/// The same of lblcr services; after as many a set loses a member \[LBLCR-5\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_set_lblcr_expiration(
    director: Option<&mut lvs_director>,
    secs: u32,
) -> lvs_status {
    status(|| required(director)?.0.write(|director| director.set_lblcr_expiration(secs)))
}

/// Does what is due, and hardly more of it than `budget`: one for each connection or template that is
/// looked at or ended, for each service and each deleted destination that is looked after, and for
/// every 64 places of their caches. Call it again at once as long as the deadline is not later than
/// `now`.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_handle_timeout(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    budget: usize,
) -> lvs_status {
    status(|| required(director)?.0.write(|director| director.handle_timeout(instant(now), budget)))
}

/// When `lvs_director_handle_timeout` is wanted: 1 and the moment in `out`, or 0 if it is not. Every
/// other call may change that.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_next_deadline(
    director: Option<&lvs_director>,
    out: Option<&mut MaybeUninit<lvs_time>>,
) -> c_int {
    number(|| {
        let (director, out) = (required(director)?, required(out)?);
        let Some(deadline) = director.0.read()?.next_deadline() else { return Ok(0) };
        out.write(deadline.as_micros());
        Ok(1)
    })
}
