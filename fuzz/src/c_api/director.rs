//! Calls about directors.

use std::ffi::{CString, c_int, c_void};
use std::mem::MaybeUninit;

use arbitrary::{Arbitrary, Result, Unstructured};
use lvs::*;

use super::pool::any_dest;
use super::{any_address, any_flows, any_name, sized, sound, sound_number, sync};
use crate::director::any_rule;

/// A director and the names that it gave, some of which are stale.
#[derive(Default)]
struct Calls {
    director: Option<Box<lvs_director>>,
    dests: Vec<u64>,
    /// The sync message that was polled last.
    message: Vec<u8>,
}

pub(super) fn calls(input: &mut Unstructured<'_>) -> Result<()> {
    let mut calls = Calls { director: create(input)?, ..Calls::default() };
    let mut now = 0;
    while !input.is_empty() {
        now += u64::from(u16::arbitrary(input)?) << 8;
        match input.int_in_range(0..=11_u8)? {
            0..=2 => configure(input, &mut calls, now)?,
            3..=5 => packets(input, &mut calls, now)?,
            6 | 7 => {
                let director = calls.director.as_deref_mut();
                sync::call(input, director, now, &mut calls.message)?;
            }
            _ => look(input, &mut calls, now)?,
        }
    }
    lvs_director_destroy(calls.director);
    Ok(())
}

fn create(input: &mut Unstructured<'_>) -> Result<Option<Box<lvs_director>>> {
    // SAFETY: zeros are numbers.
    let mut config: lvs_director_config = unsafe { sized() };
    // SAFETY: the struct is there.
    sound(unsafe { lvs_director_config_init(&raw mut config) });
    config.profile = input.int_in_range(-1..=2)?;
    config.tick_micros = *input.choose(&[0, 1, 10_000, u32::MAX])?;
    (config.connections, config.connections_v6) = (input.int_in_range(0..=8)?, 8);
    (config.rare, config.calls, config.fragments) = (4, input.int_in_range(0..=2)?, 8);
    (config.lblc_capacity, config.lblcr_capacity) = (8, 8);
    config.mh_table_index = *input.choose(&[8, 8, 7])?;
    (config.local_port_first, config.local_port_last) = (input.arbitrary()?, input.arbitrary()?);
    (config.lcore, config.lcores) = (input.arbitrary()?, input.arbitrary()?);
    let mut director = MaybeUninit::uninit();
    // SAFETY: the struct is there; what is given was initialised.
    Ok(unsafe {
        let status = lvs_director_create(&raw const config, Some(&mut director));
        sound(status).then(|| director.assume_init())
    })
}

fn any_key(input: &mut Unstructured<'_>) -> Result<lvs_service_key> {
    let mut octets = [0; 16];
    octets[..4].copy_from_slice(&[192, 0, 2, 100]);
    let family = *input.choose(&[LVS_IPV4, LVS_IPV4, LVS_IPV4, LVS_IPV6, 0])?;
    Ok(lvs_service_key {
        address: lvs_address { family, octets },
        protocol: *input.choose(&[6, 6, 17, 132, 1])?,
        port: input.int_in_range(80..=82)?,
        mark: *input.choose(&[0, 0, 0, 1])?,
    })
}

fn configure(input: &mut Unstructured<'_>, calls: &mut Calls, now: u64) -> Result<()> {
    let director = calls.director.as_deref_mut();
    match input.int_in_range(0..=7_u8)? {
        0..=2 => {
            let Ok(rule) = CString::new(any_rule(input)?) else { return Ok(()) };
            // SAFETY: zeros are numbers.
            let mut error: lvs_rule_error = unsafe { sized() };
            // SAFETY: the text ends, and the struct is there.
            sound(unsafe { lvs_director_apply(director, now, rule.as_ptr(), &raw mut error) });
        }
        3 => {
            let (key, config) = (any_key(input)?, any_dest(input)?);
            let mut id = MaybeUninit::new(LVS_NO_DEST);
            let (key, out) = (Some(&key), Some(&mut id));
            // SAFETY: the struct is there.
            let status =
                unsafe { lvs_director_add_dest(director, now, key, &raw const config, out) };
            if sound(status) {
                // SAFETY: it was initialised.
                calls.dests.push(unsafe { id.assume_init() });
            }
        }
        4 => {
            let (key, address) = (any_key(input)?, any_address(input)?);
            let (key, port) = (Some(&key), input.int_in_range(80..=82)?);
            sound(lvs_director_delete_dest(director, now, key, Some(&address), port));
        }
        5 => {
            let address = any_address(input)?;
            sound(if input.arbitrary()? {
                lvs_director_add_local(director, Some(&address))
            } else {
                lvs_director_delete_local(director, Some(&address))
            });
        }
        6 => {
            let [tcp, fin, udp] = <[u32; 3]>::arbitrary(input)?;
            sound(lvs_director_set_timeouts(director, tcp, fin, udp));
        }
        _ if input.ratio(1, 8)? => drop(sound(lvs_director_clear(director, now))),
        _ => drop(sound(lvs_director_delete_service(director, now, Some(&any_key(input)?)))),
    }
    Ok(())
}

fn packets(input: &mut Unstructured<'_>, calls: &mut Calls, now: u64) -> Result<()> {
    let director = calls.director.as_deref_mut();
    if input.arbitrary()? {
        let flows = any_flows(input)?;
        // SAFETY: zeros are numbers.
        let mut verdicts = vec![unsafe { MaybeUninit::<lvs_verdict>::zeroed().assume_init() }; 40];
        let (count, verdicts) = (flows.len(), verdicts.as_mut_ptr());
        // SAFETY: there are as many of both.
        let status =
            unsafe { lvs_director_decide_burst(director, now, flows.as_ptr(), count, verdicts) };
        sound(status);
        return Ok(());
    }
    let (headroom, length) = (input.int_in_range(0..=64)?, input.int_in_range(0..=255)?);
    let octets = input.bytes(usize::min(length, input.len()))?;
    let mut buffer = [&vec![0; headroom], octets].concat();
    let mut frame = lvs_frame {
        buffer: buffer.as_mut_ptr(),
        offset: headroom,
        length: octets.len(),
        mark: input.int_in_range(0..=1)?,
        hook: input.arbitrary()?,
        tracked: input.arbitrary()?,
        unicast: input.arbitrary()?,
    };
    let mut outcome = MaybeUninit::new(lvs_outcome::default());
    let (frame, out) = (Some(&mut frame), Some(&mut outcome));
    // SAFETY: the buffer is there, and no routes are none.
    sound(unsafe { lvs_director_process(director, now, frame, std::ptr::null(), 0, out) });
    Ok(())
}

extern "C" fn visit(conns: *mut c_void, _: *const lvs_conn) -> c_int {
    // SAFETY: it is what was handed in below.
    unsafe { *conns.cast::<usize>() += 1 };
    0
}

fn look(input: &mut Unstructured<'_>, calls: &mut Calls, now: u64) -> Result<()> {
    let director = calls.director.as_deref();
    match input.int_in_range(0..=5_u8)? {
        0 => {
            let mut conns = 0_usize;
            let context = (&raw mut conns).cast();
            // SAFETY: the context is what is visited with.
            sound(unsafe { lvs_director_visit_conns(director, now, Some(visit), context) });
            assert!(conns <= 16, "no more than there is room for");
        }
        1 => {
            let (columns, flags) = (input.int_in_range(-1..=6)?, input.arbitrary::<u8>()?.into());
            let (mut text, mut length) = ([0; 256], MaybeUninit::new(0));
            let (text, capacity) = (text.as_mut_ptr(), input.int_in_range(0..=256)?);
            let key = any_key(input)?;
            let key = if input.arbitrary()? { Some(&key) } else { None };
            let length = Some(&mut length);
            // SAFETY: there is room for so much text.
            sound(unsafe {
                lvs_director_write_listing(director, key, columns, flags, text, capacity, length)
            });
        }
        2 => {
            // SAFETY: zeros are numbers.
            let (mut dest, mut statistics) =
                unsafe { (sized::<lvs_dest>(), sized::<lvs_statistics>()) };
            let name = any_name(input, &calls.dests)?;
            // SAFETY: the structs are there.
            let got = unsafe {
                sound(lvs_director_get_dest(director, name, &raw mut dest))
                    == sound(lvs_director_get_dest_statistics(director, name, &raw mut statistics))
            };
            assert!(got, "a destination is there, or not");
        }
        3 => {
            let (key, mut dests, mut count) = (any_key(input)?, [0; 3], MaybeUninit::new(0));
            let (key, out) = (Some(&key), dests.as_mut_ptr());
            // SAFETY: there is room for so many.
            if sound(unsafe { lvs_director_get_dests(director, key, out, 3, Some(&mut count)) }) {
                // SAFETY: it was initialised.
                calls.dests.extend(&dests[..unsafe { count.assume_init() }.min(3)]);
            }
        }
        4 => {
            let budget = input.int_in_range(0..=9)?;
            let director = calls.director.as_deref_mut();
            sound(lvs_director_handle_timeout(director, now, budget));
        }
        _ => {
            let mut deadline = MaybeUninit::new(0);
            sound_number(lvs_director_next_deadline(director, Some(&mut deadline)));
            sound(lvs_director_estimate(calls.director.as_deref_mut()));
        }
    }
    Ok(())
}
