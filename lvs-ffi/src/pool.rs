//! Pools: a scheduler and a list of destinations, for programs with a flow table of their own,
//! who tell it what opened and what closed.

use alloc::boxed::Box;
use core::ffi::c_int;
use core::iter;
use core::mem::MaybeUninit;

use lvs_proto::Flow;
use lvs_sched::{ConnToken, DestId, LblcConfig, Pool, PoolConfig, StaleToken};

use crate::burst::Places;
use crate::door::{
    Guarded, assert_thread_rule, boxed, items, items_mut, number, read_sized, required, status,
    write_sized,
};
use crate::lvs_status::LVS_ERR_NO_SUCH_DEST;
use crate::scheduler::{flag_bits, flags, mh_table_index, profile, scheduler};
use crate::time::instant;
use crate::{
    LVS_NO_DEST, lvs_address, lvs_dest, lvs_dest_config, lvs_dest_id, lvs_flow, lvs_profile,
    lvs_scheduler, lvs_status, lvs_time,
};

/// Names a connection of one pool, and never another one that came after it.
pub type lvs_conn_token = u64;

/// What a pool is told to be.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_pool_config {
    /// The sizeof of this struct.
    pub size: usize,
    /// One of `enum lvs_scheduler`.
    pub scheduler: c_int,
    /// The sum of some of `LVS_SCHEDULER_FLAG_*`.
    pub scheduler_flags: u32,
    /// One of `enum lvs_profile`.
    pub profile: c_int,
    /// The most connections that are open at once; memory for them is taken at creation.
    pub connections: u32,
    /// Of rr and wrr: places after the head of the list where each walk begins, so that several
    /// pools do not all begin at one server. 0 is the kernel's way.
    pub start_offset: u32,
    /// Of lblc and lblcr: addresses above which old ones are cleared away; half as many again is
    /// the most that the cache holds \[LBLC-1\]. Memory for them is taken at creation.
    pub lblc_capacity: u32,
    /// Of lblc and lblcr: seconds after which an unused address is forgotten \[LBLC-8\].
    pub lblc_expiration_secs: u32,
    /// Of mh: the index of its table, 8 to 17; the kernel's 12 is 4093 slots \[MH-1\].
    pub mh_table_index: u32,
    /// A secret, for tables that strangers fill, whose speed alone depends on it, and for the draws
    /// of twos.
    pub seed: [u64; 2],
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_pool_config>() == 56);
#[cfg(target_pointer_width = "32")]
const _: () =
    assert!(size_of::<lvs_pool_config>() == 36_usize.next_multiple_of(align_of::<u64>()) + 16);

/// A scheduler and its destinations.
#[derive(Debug)]
pub struct lvs_pool(
    Guarded<Pool>,
    /// Whether flows are read.
    bool,
    Places<Option<DestId>>,
);

const _: () = assert_thread_rule::<lvs_pool>();

/// Fills in the defaults: wlc as every kernel does it. `config->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `config` points to a `struct lvs_pool_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_pool_config_init(config: *mut lvs_pool_config) -> lvs_status {
    // SAFETY: the caller's contract.
    status(|| unsafe { write_sized(config, PoolConfig::default().into()) })
}

/// Makes an empty pool.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_SCHEDULER`, `LVS_ERR_SCHEDULER_FLAGS`,
/// `LVS_ERR_PROFILE`, `LVS_ERR_MH_TABLE_INDEX`, `LVS_ERR_NO_MEMORY`.
///
/// # Safety
/// `config` points to a `struct lvs_pool_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_pool_create(
    config: *const lvs_pool_config,
    now: lvs_time,
    out: Option<&mut MaybeUninit<Box<lvs_pool>>>,
) -> lvs_status {
    status(|| {
        let out = required(out)?;
        // SAFETY: the caller's contract.
        let config = PoolConfig::try_from(unsafe { read_sized(config) }?)?;
        let pool = Guarded::new(Pool::new(instant(now), config)?);
        out.write(boxed(lvs_pool(pool, config.scheduler.reads_flows(), Places::new(None)))?);
        Ok(())
    })
}

/// Ends a pool; NULL is allowed. The handle is not to be used again.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_pool_destroy(pool: Option<Box<lvs_pool>>) {
    status(|| {
        drop(pool);
        Ok(())
    });
}

/// Adds a destination, at the head of the list \[DST-1\]; one that was deleted while it had
/// connections comes back with them \[DST-5\].
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`, `LVS_ERR_METHOD`, `LVS_ERR_TUNNEL`,
/// `LVS_ERR_TUNNEL_PORT`, `LVS_ERR_WEIGHT`,
/// `LVS_ERR_THRESHOLDS_CROSSED`, `LVS_ERR_UPPER_THRESHOLD`, `LVS_ERR_NOT_UNICAST`,
/// `LVS_ERR_MIXED_FAMILIES`, `LVS_ERR_DEST_EXISTS`, `LVS_ERR_NO_MEMORY`.
///
/// # Safety
/// `config` points to a `struct lvs_dest_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_pool_add_dest(
    pool: Option<&mut lvs_pool>,
    now: lvs_time,
    config: *const lvs_dest_config,
    out: Option<&mut MaybeUninit<lvs_dest_id>>,
) -> lvs_status {
    status(|| {
        let (pool, out) = (required(pool)?, required(out)?);
        // SAFETY: the caller's contract.
        let config = unsafe { read_sized(config) }?.try_into()?;
        let id = pool.0.write(|pool| pool.add_dest(instant(now), config))??;
        out.write(id.to_bits());
        Ok(())
    })
}

/// Replaces the configuration of the destination of that address and port \[DST-10\].
///
/// # Errors
/// As for `lvs_pool_add_dest`, and `LVS_ERR_NO_SUCH_DEST`.
///
/// # Safety
/// `config` points to a `struct lvs_dest_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_pool_edit_dest(
    pool: Option<&mut lvs_pool>,
    now: lvs_time,
    config: *const lvs_dest_config,
) -> lvs_status {
    status(|| {
        let pool = required(pool)?;
        // SAFETY: the caller's contract.
        let config = unsafe { read_sized(config) }?.try_into()?;
        Ok(pool.0.write(|pool| pool.edit_dest(instant(now), config))??)
    })
}

/// Takes the destination of that address and port out of the list. Its id stays good until two
/// minutes and more after its last connection was closed \[DST-6\].
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_DEST`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_pool_delete_dest(
    pool: Option<&mut lvs_pool>,
    now: lvs_time,
    address: Option<&lvs_address>,
    port: u16,
) -> lvs_status {
    status(|| {
        let pool = required(pool)?;
        let address = (*required(address)?).try_into()?;
        Ok(pool.0.write(|pool| pool.delete_dest(instant(now), address, port))??)
    })
}

/// Picks a destination for each of `count` new connections, in order, and writes it to the same
/// place of `dests`: `LVS_NO_DEST` where there is none to offer. Of the schedulers dh, sh, mh, lblc and
/// lblcr look at the flows: if one is neither LVS_IPV4 nor LVS_IPV6, it is `LVS_NO_DEST` as well.
///
/// Nothing is counted: say `lvs_pool_open_conn` for what is used.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`.
///
/// # Safety
/// `flows` points to `count` flows, `dests` to room for as many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_pool_pick_burst(
    pool: Option<&mut lvs_pool>,
    now: lvs_time,
    flows: *const lvs_flow,
    count: usize,
    dests: *mut lvs_dest_id,
) -> lvs_status {
    status(|| {
        let lvs_pool(pool, reads_flows, places) = required(pool)?;
        // SAFETY: the caller's contract.
        let flows = unsafe { items(flows, count) }?;
        // SAFETY: the caller's contract; any octets are a number.
        let dests = unsafe { items_mut(dests, count) }?;
        pool.write(|pool| {
            let now = instant(now);
            if *reads_flows {
                let pick = |flows: &[Flow], picks: &mut [Option<DestId>]| {
                    pool.pick_burst(now, flows, picks);
                };
                return places.answer(flows, dests, pick, write_pick);
            }
            let picks = pool.picks(now, iter::repeat(&Flow::NONE));
            dests.iter_mut().zip(picks).for_each(|(dest, pick)| write_pick(dest, &pick));
        })
    })
}

#[inline]
fn write_pick(dest: &mut lvs_dest_id, pick: &Option<DestId>) {
    *dest = pick.map_or(LVS_NO_DEST, DestId::to_bits);
}

/// A connection to `dest` was made; it counts as inactive \[CNT-2\]. `out` is its token, good until
/// the connection is closed, whatever becomes of the destination.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_DEST`, `LVS_ERR_TABLE_FULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_pool_open_conn(
    pool: Option<&mut lvs_pool>,
    dest: lvs_dest_id,
    out: Option<&mut MaybeUninit<lvs_conn_token>>,
) -> lvs_status {
    status(|| {
        let (pool, out) = (required(pool)?, required(out)?);
        let token = pool.0.write(|pool| pool.open(DestId::from_bits(dest)))??;
        out.write(token.to_bits());
        Ok(())
    })
}

/// The connection became active, or still is \[CNT-5\].
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STALE_CONN`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_pool_activate_conn(
    pool: Option<&mut lvs_pool>,
    conn: lvs_conn_token,
) -> lvs_status {
    count_conn(pool, conn, Pool::activate)
}

/// The connection became inactive, or still is \[CNT-5\].
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STALE_CONN`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_pool_deactivate_conn(
    pool: Option<&mut lvs_pool>,
    conn: lvs_conn_token,
) -> lvs_status {
    count_conn(pool, conn, Pool::deactivate)
}

/// The connection ended \[CNT-4\]; its token is not good any more.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STALE_CONN`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_pool_close_conn(
    pool: Option<&mut lvs_pool>,
    conn: lvs_conn_token,
) -> lvs_status {
    count_conn(pool, conn, Pool::close)
}

fn count_conn(
    pool: Option<&mut lvs_pool>,
    conn: lvs_conn_token,
    count: impl FnOnce(&mut Pool, ConnToken) -> Result<(), StaleToken>,
) -> lvs_status {
    status(|| Ok(required(pool)?.0.write(|pool| count(pool, ConnToken::from_bits(conn)))??))
}

/// Fills in what is known of `dest`. `out->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_NO_SUCH_DEST`.
///
/// # Safety
/// `out` points to a `struct lvs_dest` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_pool_get_dest(
    pool: Option<&lvs_pool>,
    dest: lvs_dest_id,
    out: *mut lvs_dest,
) -> lvs_status {
    status(|| {
        let pool = required(pool)?.0.read()?;
        let dest = pool.dest(DestId::from_bits(dest)).ok_or(LVS_ERR_NO_SUCH_DEST)?;
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, dest.into()) }
    })
}

/// Does what is due: deleted destinations and cached addresses are forgotten. Calls that come early
/// do nothing.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_pool_handle_timeout(
    pool: Option<&mut lvs_pool>,
    now: lvs_time,
) -> lvs_status {
    status(|| required(pool)?.0.write(|pool| pool.handle_timeout(instant(now))))
}

/// When `lvs_pool_handle_timeout` is wanted: 1 and the moment in `out`, or 0 if it is not. Every
/// other call may change that.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_pool_next_deadline(
    pool: Option<&lvs_pool>,
    out: Option<&mut MaybeUninit<lvs_time>>,
) -> c_int {
    number(|| {
        let (pool, out) = (required(pool)?, required(out)?);
        let Some(deadline) = pool.0.read()?.next_deadline() else { return Ok(0) };
        out.write(deadline.as_micros());
        Ok(1)
    })
}

impl From<PoolConfig> for lvs_pool_config {
    fn from(config: PoolConfig) -> Self {
        Self {
            size: size_of::<Self>(),
            scheduler: lvs_scheduler::from(config.scheduler) as c_int,
            scheduler_flags: flag_bits(config.flags),
            profile: lvs_profile::from(config.profile) as c_int,
            connections: config.connections,
            start_offset: config.start_offset,
            lblc_capacity: config.lblc.capacity,
            lblc_expiration_secs: config.lblc.expiration_secs,
            mh_table_index: u8::from(config.mh).into(),
            seed: config.seed,
        }
    }
}

impl TryFrom<lvs_pool_config> for PoolConfig {
    type Error = lvs_status;

    fn try_from(config: lvs_pool_config) -> Result<Self, lvs_status> {
        Ok(Self {
            scheduler: scheduler(config.scheduler)?,
            flags: flags(config.scheduler_flags)?,
            profile: profile(config.profile)?,
            connections: config.connections,
            start_offset: config.start_offset,
            lblc: LblcConfig {
                capacity: config.lblc_capacity,
                expiration_secs: config.lblc_expiration_secs,
            },
            mh: mh_table_index(config.mh_table_index)?,
            seed: config.seed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lvs_status::LVS_ERR_MH_TABLE_INDEX;

    #[test]
    fn configurations_round_trip() {
        let config = PoolConfig {
            lblc: LblcConfig { capacity: 3, expiration_secs: 4 },
            start_offset: 7,
            mh: 8.try_into().unwrap(),
            seed: [5, 6],
            ..PoolConfig::default()
        };
        let numbers = lvs_pool_config::from(config);
        assert_eq!(PoolConfig::try_from(numbers), Ok(config));
        for mh_table_index in [0, 7, 18, 256 + 8] {
            let numbers = lvs_pool_config { mh_table_index, ..numbers };
            assert_eq!(PoolConfig::try_from(numbers), Err(LVS_ERR_MH_TABLE_INDEX));
        }
    }
}
