//! The C API: any calls in any order, with handles that are there or NULL, and with names of
//! destinations and connections that are good, stale or made up.

mod director;
mod engine;
mod pool;
mod router;
mod sync;

use std::mem::{MaybeUninit, size_of};

use arbitrary::{Arbitrary, Result, Unstructured};
use lvs::lvs_status::{self, LVS_ERR_PANIC};
use lvs::{LVS_IPV4, LVS_IPV6, lvs_address, lvs_flow};

/// Any calls; none panics.
pub fn c_api(octets: &[u8]) {
    let input = &mut Unstructured::new(octets);
    let _ = match u8::arbitrary(input) {
        Ok(choice) if choice % 4 == 0 => pool::calls(input),
        Ok(choice) if choice % 4 == 1 => director::calls(input),
        Ok(choice) if choice % 4 == 2 => engine::calls(input),
        _ => router::calls(input),
    };
}

/// Whether it went well; that it ends in a panic is a bug.
fn sound(status: lvs_status) -> bool {
    assert_ne!(status, LVS_ERR_PANIC);
    status == lvs_status::LVS_OK
}

/// The number that was returned, if it is none of a failure.
fn sound_number(number: i32) -> Option<i32> {
    assert_ne!(number, LVS_ERR_PANIC as i32);
    (number >= 0).then_some(number)
}

/// A struct of zeros, but for its size.
///
/// # Safety
/// Zeros are a `T`, and its first member is `size`.
unsafe fn sized<T>() -> T {
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: the caller vouches for the member.
    unsafe { value.as_mut_ptr().cast::<usize>().write(size_of::<T>()) };
    // SAFETY: the caller vouches for the zeros.
    unsafe { value.assume_init() }
}

/// The struct with a few octets changed.
///
/// # Safety
/// Any octets are a `T`.
unsafe fn spoilt<T: Copy>(mut value: T, input: &mut Unstructured<'_>) -> Result<T> {
    for _ in 0..input.int_in_range(0..=3_u8)? {
        let place = input.choose_index(size_of::<T>())?;
        // SAFETY: it is inside, and any octets are a `T`.
        unsafe { (&raw mut value).cast::<u8>().add(place).write(u8::arbitrary(input)?) };
    }
    Ok(value)
}

/// One of a few hosts, or any octets.
fn any_address(input: &mut Unstructured<'_>) -> Result<lvs_address> {
    let mut octets = [0; 16];
    let family = *input.choose(&[LVS_IPV4, LVS_IPV4, LVS_IPV6])?;
    octets[..4].copy_from_slice(&[10, 0, 0, input.int_in_range(1..=4)?]);
    if family == LVS_IPV6 {
        octets[..2].copy_from_slice(&[0xfe, 0x80]);
    }
    let address = lvs_address { family, octets };
    // SAFETY: any octets are an address.
    unsafe { spoilt(address, input) }
}

/// A segment, or anything.
fn any_flow(input: &mut Unstructured<'_>) -> Result<lvs_flow> {
    let mut flow = lvs_flow {
        family: LVS_IPV4,
        protocol: 6,
        tcp_flags: input.arbitrary()?,
        source_port: input.int_in_range(1024..=1032)?,
        destination_port: input.int_in_range(80..=82)?,
        ..lvs_flow::default()
    };
    flow.source[..4].copy_from_slice(&[192, 0, 2, input.int_in_range(1..=4)?]);
    flow.destination[..4].copy_from_slice(&[192, 0, 2, 100]);
    if input.ratio(1, 4)? {
        flow.family = input.arbitrary()?;
        flow.protocol = input.arbitrary()?;
        flow.unreadable = input.arbitrary()?;
        flow.hook = input.arbitrary()?;
        flow.is_fragment = input.arbitrary()?;
        flow.fragment = input.arbitrary::<u8>()?.into();
        flow.embedded.present = input.arbitrary()?;
        flow.embedded.protocol = input.arbitrary()?;
    }
    Ok(flow)
}

/// A few flows, up to more than a burst.
fn any_flows(input: &mut Unstructured<'_>) -> Result<Vec<lvs_flow>> {
    let count = *input.choose(&[0, 1, 2, 3, 40])?;
    let flow = any_flow(input)?;
    let next = |number| lvs_flow { source_port: flow.source_port.wrapping_add(number), ..flow };
    Ok((0..count).map(next).collect())
}

/// A name that was given once, or any number.
fn any_name(input: &mut Unstructured<'_>, given: &[u64]) -> Result<u64> {
    if given.is_empty() || input.ratio(1, 8)? {
        input.arbitrary()
    } else {
        input.choose(given).copied()
    }
}
