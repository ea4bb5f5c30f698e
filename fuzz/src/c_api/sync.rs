//! Calls about connections told to other directors.

use std::mem::MaybeUninit;

use arbitrary::{Arbitrary, Result, Unstructured};
use lvs::*;

use super::{sized, sound, sound_number, spoilt};

/// One call; `message` is the one that was polled last.
pub(super) fn call(
    input: &mut Unstructured<'_>,
    director: Option<&mut lvs_director>,
    now: u64,
    message: &mut Vec<u8>,
) -> Result<()> {
    match input.int_in_range(0..=7_u8)? {
        0 => {
            let config = any_config(input)?;
            // SAFETY: the struct is there.
            sound(unsafe { lvs_director_start_sync_master(director, &raw const config) });
        }
        1 => drop(sound(lvs_director_stop_sync_master(director))),
        2..=4 => poll(input, director, message)?,
        5 | 6 => receive(input, director, now, message)?,
        _ => {
            // SAFETY: zeros are numbers.
            let mut counters: lvs_sync_counters = unsafe { sized() };
            let director = director.as_deref();
            // SAFETY: the struct is there.
            if sound(unsafe { lvs_director_get_sync_counters(director, &raw mut counters) }) {
                assert!(counters.records_dropped <= counters.records);
            }
        }
    }
    Ok(())
}

fn any_config(input: &mut Unstructured<'_>) -> Result<lvs_sync_config> {
    // SAFETY: zeros are numbers.
    let mut config: lvs_sync_config = unsafe { sized() };
    // SAFETY: the struct is there.
    sound(unsafe { lvs_sync_config_init(&raw mut config) });
    config.message_length = *input.choose(&[80, 80, 8, 7])?;
    config.version = *input.choose(&[1, 1, 0])?;
    (config.threshold_packets, config.threshold_period) = (0, input.int_in_range(0..=2)?);
    // SAFETY: it is numbers alone.
    config = unsafe { spoilt(config, input) }?;
    // Memory for messages is taken at once.
    config.message_length = config.message_length.min(1472);
    config.queue_length = config.queue_length.min(4);
    Ok(config)
}

fn poll(
    input: &mut Unstructured<'_>,
    director: Option<&mut lvs_director>,
    message: &mut Vec<u8>,
) -> Result<()> {
    let mut octets = [0; 1472];
    let (capacity, mut length) = (input.int_in_range(0..=octets.len())?, MaybeUninit::new(0));
    let (place, length_out) = (octets.as_mut_ptr(), Some(&mut length));
    // SAFETY: there is room for so many octets.
    let polled = unsafe { lvs_director_poll_sync_message(director, place, capacity, length_out) };
    if sound_number(polled) == Some(1) {
        // SAFETY: it was initialised above.
        let length = unsafe { length.assume_init() };
        assert!(length <= capacity);
        *message = octets[..length].to_vec();
    }
    Ok(())
}

fn receive(
    input: &mut Unstructured<'_>,
    director: Option<&mut lvs_director>,
    now: u64,
    message: &[u8],
) -> Result<()> {
    let mut octets = message.to_vec();
    for _ in 0..input.int_in_range(0..=4_u8)? {
        if let Some(octet) = octets.get_mut(input.int_in_range(0..=255)?) {
            *octet = u8::arbitrary(input)?;
        }
    }
    let config = any_config(input)?;
    // SAFETY: zeros are numbers.
    let mut received: lvs_sync_received = unsafe { sized() };
    let (config, place, out) = (&raw const config, octets.as_ptr(), &raw mut received);
    // SAFETY: the structs and so many octets are there.
    let status = unsafe {
        lvs_director_receive_sync_message(director, now, config, place, octets.len(), out)
    };
    if sound(status) {
        let lvs_sync_received { created, updated, ignored, table_full, refused, damaged, .. } =
            received;
        assert!(created + updated + ignored + table_full + refused + damaged <= 255);
        assert!(octets != message || refused + damaged == 0, "what was polled can be read");
    }
    Ok(())
}
