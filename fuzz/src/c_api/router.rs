//! Calls about virtual routers.

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use arbitrary::{Arbitrary, Result, Unstructured};
use lvs::*;

use super::{any_address, sized, sound, sound_number, spoilt};

pub(super) fn calls(input: &mut Unstructured<'_>) -> Result<()> {
    let mut vrrp = create(input)?;
    let mut now = 0;
    while !input.is_empty() {
        now += u64::from(u16::arbitrary(input)?) << 8;
        // SAFETY: it is there until it is destroyed.
        let router = vrrp.as_mut().map(|vrrp| unsafe { vrrp.as_mut() });
        call(input, router, now)?;
    }
    // SAFETY: it is not used again.
    unsafe { lvs_vrrp_destroy(vrrp.map_or(std::ptr::null_mut(), NonNull::as_ptr)) };
    Ok(())
}

fn create(input: &mut Unstructured<'_>) -> Result<Option<NonNull<lvs_vrrp>>> {
    let addresses = [any_address(input)?, any_address(input)?];
    let config = any_config(input, &addresses)?;
    let mut vrrp = MaybeUninit::uninit();
    // SAFETY: the struct and what it points to are there; what is given was initialised.
    Ok(unsafe {
        let status = lvs_vrrp_create(&raw const config, Some(&mut vrrp));
        sound(status).then(|| vrrp.assume_init())
    })
}

/// Of some profile, with the first of the addresses, or with all, or none.
pub(super) fn any_config(
    input: &mut Unstructured<'_>,
    addresses: &[lvs_address],
) -> Result<lvs_vrrp_config> {
    // SAFETY: zeros are numbers, and NULL.
    let mut config: lvs_vrrp_config = unsafe { sized() };
    let (profile, vrid) = (input.int_in_range(-1..=5)?, input.int_in_range(0..=9)?);
    // SAFETY: the struct is there.
    sound(unsafe { lvs_vrrp_config_init(&raw mut config, profile, vrid) });
    config.source = any_address(input)?;
    // SAFETY: the pointers are replaced below.
    config = unsafe { spoilt(config, input) }?;
    config.addresses = addresses.as_ptr();
    config.address_count = input.int_in_range(0..=addresses.len())?;
    (config.peers, config.peer_count) = (std::ptr::null(), 0);
    Ok(config)
}

/// Of some kind, with keys that are good, or nearly so.
pub(super) fn any_authentication(
    input: &mut Unstructured<'_>,
) -> Result<(lvs_vrrp_authentication, Box<[lvs_vrrp_key]>)> {
    static OCTETS: [u8; 66] = [7; 66];
    // SAFETY: zeros are numbers, and NULL.
    let mut authentication: lvs_vrrp_authentication = unsafe { sized() };
    authentication.kind = input.int_in_range(0..=4)?;
    authentication.utc_offset_micros = input.arbitrary()?;
    authentication.window_seconds = input.int_in_range(0..=9)?;
    authentication.required = input.arbitrary()?;
    // SAFETY: the pointer is replaced below.
    authentication = unsafe { spoilt(authentication, input) }?;
    let mut keys = Vec::new();
    for _ in 0..input.int_in_range(0..=3)? {
        let length = *input.choose(&[0, 6, 8, 9, 32, 64, 65])?;
        keys.push(lvs_vrrp_key { octets: OCTETS.as_ptr(), length, id: input.int_in_range(0..=2)? });
    }
    let keys = keys.into_boxed_slice();
    (authentication.keys, authentication.key_count) = (keys.as_ptr(), keys.len());
    Ok((authentication, keys))
}

fn call(input: &mut Unstructured<'_>, vrrp: Option<&mut lvs_vrrp>, now: u64) -> Result<()> {
    match input.int_in_range(0..=11_u8)? {
        0 => sound(lvs_vrrp_startup(vrrp, now)),
        1 => sound(lvs_vrrp_interface_up(vrrp, now)),
        2 => sound(lvs_vrrp_interface_down(vrrp, now)),
        3 => sound(lvs_vrrp_resumed(vrrp, now, input.arbitrary()?)),
        4 => sound(lvs_vrrp_set_priority(vrrp, now, input.arbitrary()?)),
        5 => sound(lvs_vrrp_set_source(vrrp, now, Some(&any_address(input)?))),
        6 => {
            let length = input.int_in_range(0..=96)?;
            let packet = input.bytes(usize::min(length, input.len()))?;
            // SAFETY: there are so many octets.
            sound(unsafe { lvs_vrrp_handle_packet(vrrp, now, packet.as_ptr(), packet.len()) })
        }
        7 => write(input, vrrp, now)?,
        8 => drain(vrrp),
        9 => {
            let (authentication, _keys) = any_authentication(input)?;
            // SAFETY: the struct and what it points to are there.
            sound(unsafe { lvs_vrrp_set_authentication(vrrp, &raw const authentication) })
        }
        10 => reload(input, vrrp, now)?,
        _ => {
            let mut deadline = MaybeUninit::new(0);
            sound_number(lvs_vrrp_next_deadline(vrrp.as_deref(), Some(&mut deadline)));
            // SAFETY: it was initialised above.
            sound(lvs_vrrp_handle_timeout(vrrp, now.max(unsafe { deadline.assume_init() })))
        }
    };
    Ok(())
}

/// Has another configuration planned and applied: what changes is what was planned, once.
fn reload(input: &mut Unstructured<'_>, vrrp: Option<&mut lvs_vrrp>, now: u64) -> Result<bool> {
    let addresses = [any_address(input)?, any_address(input)?];
    let config = any_config(input, &addresses)?;
    let (config, mut vrrp) = (&raw const config, vrrp);
    let mut plans = [MaybeUninit::new(0), MaybeUninit::new(0), MaybeUninit::new(0)];
    let [planned, applied, again] = &mut plans;
    // SAFETY: the struct and what it points to are there.
    let done = unsafe {
        sound(lvs_vrrp_plan(vrrp.as_deref_mut(), config, Some(planned)))
            && sound(lvs_vrrp_apply(vrrp.as_deref_mut(), now, config, Some(applied)))
            && sound(lvs_vrrp_apply(vrrp, now, config, Some(again)))
    };
    // SAFETY: they were initialised above.
    let [planned, applied, again] = plans.map(|plan| unsafe { plan.assume_init() });
    assert!(!done || (planned == applied && again == 0));
    Ok(done)
}

fn write(input: &mut Unstructured<'_>, vrrp: Option<&mut lvs_vrrp>, now: u64) -> Result<bool> {
    let (mut frame, mut length) = ([0; 256], MaybeUninit::new(0));
    let (out, capacity) = (frame.as_mut_ptr(), input.int_in_range(0..=frame.len())?);
    let written = if input.arbitrary()? {
        let address = any_address(input)?;
        let (vrrp, address, length) = (vrrp.as_deref(), Some(&address), Some(&mut length));
        // SAFETY: there is room for so many octets.
        unsafe { lvs_vrrp_write_announcement(vrrp, address, out, capacity, length) }
    } else {
        let (priority, path) = (input.arbitrary()?, input.int_in_range(0..=2)?);
        let length = Some(&mut length);
        // SAFETY: there is room for so many octets.
        unsafe { lvs_vrrp_write_advert(vrrp, now, priority, path, out, capacity, length) }
    };
    // SAFETY: it was initialised above.
    assert!(unsafe { length.assume_init() } <= capacity);
    Ok(sound(written))
}

/// Takes what is to be done, of which there is an end.
fn drain(mut vrrp: Option<&mut lvs_vrrp>) -> bool {
    for _ in 0..1024 {
        let mut action = MaybeUninit::new(lvs_vrrp_action::default());
        match sound_number(lvs_vrrp_poll_action(vrrp.as_deref_mut(), Some(&mut action))) {
            Some(1) => {}
            _ => return true,
        }
    }
    panic!("actions without end")
}
