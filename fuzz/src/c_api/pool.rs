//! Calls about pools.

use std::mem::MaybeUninit;

use arbitrary::{Arbitrary, Result, Unstructured};
use lvs::*;

use super::{any_address, any_flows, any_name, sized, sound, sound_number, spoilt};

/// A pool and the names that it gave, some of which are stale.
#[derive(Default)]
struct Calls {
    pool: Option<Box<lvs_pool>>,
    dests: Vec<u64>,
    conns: Vec<u64>,
}

pub(super) fn calls(input: &mut Unstructured<'_>) -> Result<()> {
    let (mut calls, mut now) = (Calls::default(), 0);
    create(input, &mut calls)?;
    while !input.is_empty() {
        now += u64::from(u16::arbitrary(input)?) << 8;
        call(input, &mut calls, now)?;
    }
    lvs_pool_destroy(calls.pool);
    Ok(())
}

fn call(input: &mut Unstructured<'_>, calls: &mut Calls, now: u64) -> Result<()> {
    let pool = calls.pool.as_deref_mut();
    match input.int_in_range(0..=9_u8)? {
        0 if input.ratio(1, 8)? => return create(input, calls),
        1 => {
            let mut id = MaybeUninit::new(LVS_NO_DEST);
            let config = any_dest(input)?;
            // SAFETY: the struct is there.
            if sound(unsafe { lvs_pool_add_dest(pool, now, &raw const config, Some(&mut id)) }) {
                // SAFETY: it was initialised.
                calls.dests.push(unsafe { id.assume_init() });
            }
        }
        2 => {
            let config = any_dest(input)?;
            // SAFETY: the struct is there.
            sound(unsafe { lvs_pool_edit_dest(pool, now, &raw const config) });
        }
        3 => {
            let (address, port) = (any_address(input)?, input.int_in_range(80..=82)?);
            sound(lvs_pool_delete_dest(pool, now, Some(&address), port));
        }
        4 | 5 => {
            let flows = any_flows(input)?;
            let mut dests = vec![0; flows.len()];
            // SAFETY: there are as many of both.
            let status = unsafe {
                lvs_pool_pick_burst(pool, now, flows.as_ptr(), flows.len(), dests.as_mut_ptr())
            };
            let known = |dest: &u64| *dest == LVS_NO_DEST || calls.dests.contains(dest);
            assert!(!sound(status) || dests.iter().all(known));
        }
        6 => {
            let (dest, mut conn) = (any_name(input, &calls.dests)?, MaybeUninit::new(0));
            if sound(lvs_pool_open_conn(pool, dest, Some(&mut conn))) {
                // SAFETY: it was initialised.
                calls.conns.push(unsafe { conn.assume_init() });
            }
        }
        7 => {
            let conn = any_name(input, &calls.conns)?;
            sound(match input.int_in_range(0..=2_u8)? {
                0 => lvs_pool_activate_conn(pool, conn),
                1 => lvs_pool_deactivate_conn(pool, conn),
                _ => lvs_pool_close_conn(pool, conn),
            });
        }
        8 => {
            // SAFETY: zeros are numbers.
            let mut dest: lvs_dest = unsafe { sized() };
            let name = any_name(input, &calls.dests)?;
            // SAFETY: the struct is there.
            sound(unsafe { lvs_pool_get_dest(pool.as_deref(), name, &raw mut dest) });
        }
        _ => {
            let mut deadline = MaybeUninit::new(0);
            sound_number(lvs_pool_next_deadline(pool.as_deref(), Some(&mut deadline)));
            sound(lvs_pool_handle_timeout(pool, now));
        }
    }
    Ok(())
}

/// Another pool in the place of that one, or NULL.
fn create(input: &mut Unstructured<'_>, calls: &mut Calls) -> Result<()> {
    lvs_pool_destroy(calls.pool.take());
    // SAFETY: zeros are numbers.
    let mut config: lvs_pool_config = unsafe { sized() };
    // SAFETY: the struct is there.
    sound(unsafe { lvs_pool_config_init(&raw mut config) });
    config.scheduler = input.int_in_range(0..=16)?;
    config.mh_table_index = 8;
    // SAFETY: it is numbers alone.
    config = unsafe { spoilt(config, input) }?;
    // Memory for them is taken at once.
    config.connections = config.connections.min(8);
    config.lblc_capacity = config.lblc_capacity.min(8);
    let mut pool = MaybeUninit::uninit();
    // SAFETY: the struct is there.
    if sound(unsafe { lvs_pool_create(&raw const config, 0, Some(&mut pool)) }) {
        // SAFETY: it was initialised.
        let pool = unsafe { pool.assume_init() };
        // The names of another pool are stale, or by chance those of this one.
        *calls = Calls { pool: Some(pool), ..Calls::default() };
    }
    Ok(())
}

pub(super) fn any_dest(input: &mut Unstructured<'_>) -> Result<lvs_dest_config> {
    // SAFETY: zeros are numbers.
    let mut config: lvs_dest_config = unsafe { sized() };
    let (address, port) = (any_address(input)?, input.int_in_range(80..=82)?);
    // SAFETY: the struct is there.
    if sound(unsafe { lvs_dest_config_init(&raw mut config, Some(&address), port) }) {
        config.weight = input.arbitrary::<u8>()?.into();
        config.method = input.int_in_range(-1..=5)?;
        config.upper_threshold = input.arbitrary::<u8>()?.into();
        config.lower_threshold = input.arbitrary::<u8>()?.into();
        config.size = *input.choose(&[config.size, config.size, config.size, 0])?;
    }
    Ok(config)
}
