//! Calls about engines of virtual routers.

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use arbitrary::{Arbitrary, Result, Unstructured};
use lvs::*;

use super::router::{any_authentication, any_config};
use super::{any_address, any_name, sized, sound, sound_number};

/// Virtual routers that there is room for, and addresses of each.
const ROUTERS: u32 = 3;
const ADDRESSES: usize = 2;

/// An engine, and what the calls so far gave.
struct Host {
    engine: Option<NonNull<lvs_engine>>,
    names: Vec<u64>,
    /// The frame that was written last.
    frame: Vec<u8>,
}

pub(super) fn calls(input: &mut Unstructured<'_>) -> Result<()> {
    let mut memory = vec![0_u8; lvs_engine_sizeof(ROUTERS, ADDRESSES, 0)];
    let (place, size) = (memory.as_mut_ptr(), input.int_in_range(0..=memory.len())?);
    let size = if input.ratio(1, 16)? { size } else { memory.len() };
    let mut engine = MaybeUninit::uninit();
    // SAFETY: there is so much memory, and what is given was initialised.
    let engine = unsafe {
        let out = Some(&mut engine);
        let status = lvs_engine_init(place.cast(), size, ROUTERS, ADDRESSES, 0, out);
        sound(status).then(|| engine.assume_init())
    };
    let mut host = Host { engine, names: Vec::new(), frame: Vec::new() };
    let mut now = 0;
    while !input.is_empty() {
        now += u64::from(u16::arbitrary(input)?) << 8;
        host.call(input, now)?;
    }
    Ok(())
}

impl Host {
    fn engine(&mut self) -> Option<&mut lvs_engine> {
        // SAFETY: its memory is there until the end.
        self.engine.as_mut().map(|engine| unsafe { engine.as_mut() })
    }

    fn call(&mut self, input: &mut Unstructured<'_>, now: u64) -> Result<()> {
        let (name, other) = (any_name(input, &self.names)?, any_name(input, &self.names)?);
        let mut engine = self.engine();
        match input.int_in_range(0..=13_u8)? {
            0 => self.add(input)?,
            1 => sound(lvs_engine_remove(engine, name)),
            2 => {
                let (authentication, _keys) = any_authentication(input)?;
                let authentication = &raw const authentication;
                // SAFETY: the struct and what it points to are there.
                sound(unsafe { lvs_engine_set_authentication(engine, name, authentication) })
            }
            3 => sound(lvs_engine_input(engine, now, name, input.int_in_range(-1..=4)?)),
            4 => sound(lvs_engine_join(engine, name, other)),
            5 => sound(lvs_engine_follow(engine, now, name, other)),
            6 => self.write(input, now, name)?,
            7 => self.receive(input, now)?,
            8 => ask(engine.as_deref(), name),
            9 => self.restart(input, now, name)?,
            10 => self.reload(input, now, name)?,
            11 => tell(input, engine, now, name)?,
            12 => sound(lvs_engine_leave(engine, name)),
            _ => {
                let mut deadline = MaybeUninit::new(0);
                sound_number(lvs_engine_next_deadline(engine.as_deref(), Some(&mut deadline)));
                // SAFETY: it was initialised above.
                let due = now.max(unsafe { deadline.assume_init() });
                sound_number(lvs_engine_handle_timeout(engine.as_deref_mut(), due, 8));
                drain(engine)
            }
        };
        Ok(())
    }

    fn add(&mut self, input: &mut Unstructured<'_>) -> Result<bool> {
        let addresses = [any_address(input)?, any_address(input)?];
        let config = any_config(input, &addresses)?;
        let (interface, mut name) = (input.int_in_range(0..=1)?, MaybeUninit::uninit());
        // SAFETY: the struct and what it points to are there; what is given was initialised.
        let status =
            unsafe { lvs_engine_add(self.engine(), interface, &raw const config, Some(&mut name)) };
        if sound(status) {
            // SAFETY: as above.
            self.names.push(unsafe { name.assume_init() });
        }
        Ok(true)
    }

    /// Has another configuration planned and applied: what changes is what was planned.
    fn reload(&mut self, input: &mut Unstructured<'_>, now: u64, name: u64) -> Result<bool> {
        let addresses = [any_address(input)?, any_address(input)?];
        let config = any_config(input, &addresses)?;
        let config = &raw const config;
        let (mut planned, mut applied) = (MaybeUninit::new(0), MaybeUninit::new(0));
        // SAFETY: the struct and what it points to are there.
        let done = unsafe {
            sound(lvs_engine_plan(self.engine(), name, config, Some(&mut planned)))
                && sound(lvs_engine_apply(self.engine(), now, name, config, Some(&mut applied)))
        };
        // SAFETY: they were initialised above.
        assert!(!done || unsafe { planned.assume_init() == applied.assume_init() });
        Ok(done)
    }

    /// Writes the advert that a virtual router might send.
    fn write(&mut self, input: &mut Unstructured<'_>, now: u64, name: u64) -> Result<bool> {
        let (mut frame, mut length) = (vec![0; 128], MaybeUninit::new(0));
        let (out, capacity) = (frame.as_mut_ptr(), input.int_in_range(64..=frame.len())?);
        let (priority, path) = (input.arbitrary()?, input.int_in_range(0..=1)?);
        let (engine, written) = (self.engine(), Some(&mut length));
        // SAFETY: there is room for so many octets.
        let status = unsafe {
            lvs_engine_write_advert(engine, now, name, priority, path, out, capacity, written)
        };
        // SAFETY: it was initialised above.
        let length = unsafe { length.assume_init() };
        assert!(length <= capacity);
        if sound(status) {
            frame.truncate(length);
            self.frame = frame;
        }
        Ok(true)
    }

    /// Takes in the frame that was written last, with an octet changed, or not.
    fn receive(&mut self, input: &mut Unstructured<'_>, now: u64) -> Result<bool> {
        let place = input.int_in_range(0..=2 * self.frame.len())?;
        if let Some(octet) = self.frame.get_mut(place) {
            *octet = input.arbitrary()?;
        }
        let interface = input.int_in_range(0..=1)?;
        let (frame, length) = (self.frame.as_ptr(), self.frame.len());
        // SAFETY: there are so many octets.
        let status =
            unsafe { lvs_engine_handle_frame(self.engine(), now, interface, frame, length) };
        Ok(sound(status))
    }

    /// Takes a snapshot of a virtual router and goes on from it, with an octet changed, or not.
    fn restart(&mut self, input: &mut Unstructured<'_>, now: u64, name: u64) -> Result<bool> {
        let (mut octets, mut length) = ([0; LVS_VRRP_SNAPSHOT_MAX], MaybeUninit::new(0));
        let (room, capacity) = (octets.as_mut_ptr(), octets.len());
        // SAFETY: there is room for so many octets.
        let taken = sound(unsafe {
            lvs_engine_snapshot(self.engine().as_deref(), name, room, capacity, Some(&mut length))
        });
        // SAFETY: it was initialised above.
        let length = unsafe { length.assume_init() };
        if let Some(octet) = octets.get_mut(input.int_in_range(0..=2 * length)?) {
            *octet = input.arbitrary()?;
        }
        if taken && input.arbitrary()? {
            sound(lvs_engine_remove(self.engine(), name));
        }
        let addresses = [any_address(input)?, any_address(input)?];
        let config = any_config(input, &addresses)?;
        let (config, snapshot) = (&raw const config, octets.as_ptr());
        let (interface, mut name) = (input.int_in_range(0..=1)?, MaybeUninit::uninit());
        let out = Some(&mut name);
        // SAFETY: the struct and what it points to are there, and so are the octets.
        let status = unsafe {
            lvs_engine_restore(self.engine(), now, interface, config, snapshot, length, out)
        };
        if sound(status) {
            // SAFETY: what is given was initialised.
            self.names.push(unsafe { name.assume_init() });
        }
        Ok(true)
    }
}

/// One of the inputs that say more than a word.
fn tell(
    input: &mut Unstructured<'_>,
    engine: Option<&mut lvs_engine>,
    now: u64,
    name: u64,
) -> Result<bool> {
    let address = any_address(input)?;
    Ok(sound(match input.int_in_range(0..=5_u8)? {
        0 => lvs_engine_resumed(engine, now, name, input.arbitrary()?),
        1 => lvs_engine_hold_announcements(engine, name, input.arbitrary()?),
        2 => lvs_engine_set_priority(engine, now, name, input.arbitrary()?),
        3 => lvs_engine_set_source(engine, now, name, Some(&address)),
        4 => lvs_engine_peer_down(engine, now, name, Some(&address)),
        _ => lvs_engine_set_tracked(engine, now, name, input.arbitrary()?, input.arbitrary()?),
    }))
}

/// How a virtual router stands, and what it and the engine counted.
fn ask(engine: Option<&lvs_engine>, name: u64) -> bool {
    // SAFETY: zeros are numbers.
    let (mut state, mut counters, mut global) = unsafe { (sized(), sized(), sized()) };
    let mut tolerance = MaybeUninit::uninit();
    sound(lvs_engine_get_interface_tolerance(engine, name, Some(&mut tolerance)));
    // SAFETY: the structs are there.
    unsafe {
        sound(lvs_engine_get_status(engine, name, &raw mut state));
        sound(lvs_engine_get_global_counters(engine, &raw mut global));
        sound(lvs_engine_get_counters(engine, name, &raw mut counters))
    }
}

/// Takes what is to be done, of which there is an end.
fn drain(mut engine: Option<&mut lvs_engine>) -> bool {
    for _ in 0..4096 {
        let (mut name, mut action) =
            (MaybeUninit::new(0), MaybeUninit::new(lvs_vrrp_action::default()));
        let (name, action) = (Some(&mut name), Some(&mut action));
        match sound_number(lvs_engine_poll_action(engine.as_deref_mut(), name, action)) {
            Some(1) => {}
            _ => return true,
        }
    }
    panic!("actions without end")
}
