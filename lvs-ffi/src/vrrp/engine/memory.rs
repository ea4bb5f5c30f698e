//! Engines, each in one piece of memory.

use core::alloc::{Layout, LayoutError};
use core::ffi::c_void;
use core::mem::{self, MaybeUninit};
use core::net::IpAddr;
use core::ptr::NonNull;
use core::slice;

use ::lvs_vrrp::{Block, Engine, Slot};
use lvs_proto::vrrp::Peer;

use crate::door::{Guarded, assert_thread_rule, required, status};
use crate::lvs_status;
use crate::lvs_status::{
    LVS_ERR_BUFFER_TOO_SMALL, LVS_ERR_COUNT, LVS_ERR_NO_SUCH_ROUTER, LVS_ERR_PEER,
    LVS_ERR_TOO_MANY_ADDRESSES,
};
use crate::vrrp::lists::{Given, Kept, octets_of};
use crate::vrrp::proofs::{Authenticator, SENDERS};

/// Virtual routers on any number of interfaces, of both families (RFC 9568).
///
/// Its loop: drain `lvs_engine_poll_action` until it is empty, wait for input or for the deadline, feed
/// exactly one input, drain again. It lives in memory of the caller's, and there is nothing to be ended.
#[derive(Debug)]
pub struct lvs_engine(pub(super) Guarded<Routers>, pub(super) Rooms);

const _: () = assert_thread_rule::<lvs_engine>();

/// Virtual routers, and what proves the adverts of each.
#[derive(Debug)]
pub(super) struct Routers {
    pub(super) engine: Engine<'static, Kept<IpAddr>, Kept<Peer>, SENDERS>,
    /// As many as there are slots.
    pub(super) authenticators: &'static mut [Authenticator],
}

type RouterSlot = Slot<Kept<IpAddr>, Kept<Peer>, SENDERS>;

/// How many virtual routers share a block.
const ROUTERS_PER_BLOCK: usize = 64;
const ALIGNMENT: usize = align_of::<lvs_engine>();

/// Octets of memory that `lvs_engine_init` wants for so many virtual routers, each with so many
/// addresses and peers at most, wherever it begins; 0 if they are more than 1024 or 255, or more than
/// memory.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_sizeof(
    routers: u32,
    address_count: usize,
    peer_count: usize,
) -> usize {
    let plan = Plan::new(routers, address_count, peer_count);
    plan.map_or(0, |plan| plan.layout.size() + ALIGNMENT - 1)
}

/// Makes an engine for so many virtual routers, each with so many addresses and peers at most, in
/// `memory` of `size` octets, which has to stay where it is and as long as the engine is used. Nothing
/// is allocated, now or later.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_TOO_MANY_ADDRESSES`, `LVS_ERR_PEER`;
/// `LVS_ERR_BUFFER_TOO_SMALL` if `size` is less than `lvs_engine_sizeof` says.
///
/// # Safety
/// `memory` points to room for `size` octets that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_engine_init(
    memory: *mut c_void,
    size: usize,
    routers: u32,
    address_count: usize,
    peer_count: usize,
    out: Option<&mut MaybeUninit<NonNull<lvs_engine>>>,
) -> lvs_status {
    status(|| {
        let (memory, out) = (required(NonNull::new(memory.cast::<u8>()))?, required(out)?);
        let plan = Plan::new(routers, address_count, peer_count)?;
        let padding = memory.addr().get().wrapping_neg() % ALIGNMENT;
        if size.saturating_sub(padding) < plan.layout.size() {
            return Err(LVS_ERR_BUFFER_TOO_SMALL);
        }
        // SAFETY: from here on there is room for the layout, and it is aligned.
        out.write(unsafe { plan.place(memory.add(padding)) });
        Ok(())
    })
}

/// Behind an engine: its slots, its blocks, its authenticators, whose the rooms are, and the rooms.
struct Plan {
    layout: Layout,
    slots: (usize, usize),
    blocks: (usize, usize),
    authenticators: (usize, usize),
    order: (usize, usize),
    rooms: usize,
    most: Most,
}

/// The most addresses and peers of a virtual router.
#[derive(Clone, Copy, Debug)]
struct Most {
    addresses: usize,
    peers: usize,
}

impl Plan {
    fn new(routers: u32, addresses: usize, peers: usize) -> Result<Self, lvs_status> {
        let room = octets_of(addresses, peers)?;
        Self::layout(routers as usize, room, Most { addresses, peers }).map_err(|_| LVS_ERR_COUNT)
    }

    fn layout(routers: usize, room: usize, most: Most) -> Result<Self, LayoutError> {
        let blocks = routers.div_ceil(ROUTERS_PER_BLOCK);
        let rooms = routers.saturating_add(1);
        let layout = Layout::new::<lvs_engine>();
        let (layout, slots_at) = layout.extend(Layout::array::<RouterSlot>(routers)?)?;
        let (layout, blocks_at) = layout.extend(Layout::array::<Block>(blocks)?)?;
        let (layout, proofs_at) = layout.extend(Layout::array::<Authenticator>(routers)?)?;
        let (layout, order_at) = layout.extend(Layout::array::<u32>(rooms)?)?;
        let (layout, rooms_at) = layout.extend(Layout::array::<u8>(room.saturating_mul(rooms))?)?;
        Ok(Self {
            layout,
            slots: (slots_at, routers),
            blocks: (blocks_at, blocks),
            authenticators: (proofs_at, routers),
            order: (order_at, rooms),
            rooms: rooms_at,
            most,
        })
    }

    /// # Safety
    /// `memory` is aligned and of the layout, for as long as the engine is used.
    unsafe fn place(&self, memory: NonNull<u8>) -> NonNull<lvs_engine> {
        // SAFETY: the layout has all of them, one behind the other.
        unsafe {
            let slots = filled::<RouterSlot>(memory.add(self.slots.0), self.slots.1);
            let blocks = filled::<Block>(memory.add(self.blocks.0), self.blocks.1);
            let authenticators = filled(memory.add(self.authenticators.0), self.authenticators.1);
            let order = filled(memory.add(self.order.0), self.order.1);
            let engine = Engine::new(slots, blocks);
            let routers = Guarded::new(Routers { engine, authenticators });
            let rooms = Rooms::new(memory.add(self.rooms), self.most, order);
            let place = memory.cast::<lvs_engine>();
            place.write(lvs_engine(routers, rooms));
            place
        }
    }
}

/// # Safety
/// There is aligned room for so many, for as long as they are used.
unsafe fn filled<T: Default>(memory: NonNull<u8>, count: usize) -> &'static mut [T] {
    let first = memory.cast::<T>();
    for place in 0..count {
        // SAFETY: the caller vouches for it.
        unsafe { first.add(place).write(T::default()) };
    }
    // SAFETY: so many were written there.
    unsafe { slice::from_raw_parts_mut(first.as_ptr(), count) }
}

/// Where the addresses and peers of each slot's virtual router are, and where others are put together
/// that may follow them.
#[derive(Debug)]
pub(super) struct Rooms {
    first: NonNull<u8>,
    most: Most,
    /// The number of each slot's room; at the end, that of the spare one.
    order: &'static mut [u32],
}

// SAFETY: they are written for one router at a time, whose engine is changed with it.
unsafe impl Send for Rooms {}
// SAFETY: the same.
unsafe impl Sync for Rooms {}

impl Rooms {
    fn new(first: NonNull<u8>, most: Most, order: &'static mut [u32]) -> Self {
        for (number, room) in (0..).zip(order.iter_mut()) {
            *room = number;
        }
        Self { first, most, order }
    }

    /// Copies lists to the room of a slot.
    ///
    /// # Safety
    /// The slot is vacant.
    pub(super) unsafe fn keep(
        &self,
        slot: usize,
        given: &Given<'_>,
    ) -> Result<(Kept<IpAddr>, Kept<Peer>), lvs_status> {
        // SAFETY: the caller vouches for it.
        unsafe { self.keep_in(self.order.get(slot), given) }
    }

    /// Copies lists to the spare room. If a virtual router takes them, tell by
    /// [`exchange`](Self::exchange).
    ///
    /// # Safety
    /// Nobody uses what was there before.
    pub(super) unsafe fn keep_spare(
        &self,
        given: &Given<'_>,
    ) -> Result<(Kept<IpAddr>, Kept<Peer>), lvs_status> {
        // SAFETY: the caller vouches for it.
        unsafe { self.keep_in(self.order.last(), given) }
    }

    /// The virtual router of a slot has taken what is in the spare room.
    pub(super) fn exchange(&mut self, slot: usize) {
        let Some((spare, order)) = self.order.split_last_mut() else { return };
        if let Some(room) = order.get_mut(slot) {
            mem::swap(room, spare);
        }
    }

    /// # Safety
    /// Nobody uses the room.
    unsafe fn keep_in(
        &self,
        room: Option<&u32>,
        given: &Given<'_>,
    ) -> Result<(Kept<IpAddr>, Kept<Peer>), lvs_status> {
        if given.addresses.len() > self.most.addresses {
            return Err(LVS_ERR_TOO_MANY_ADDRESSES);
        }
        if given.peers.len() > self.most.peers {
            return Err(LVS_ERR_PEER);
        }
        let room = *room.ok_or(LVS_ERR_NO_SUCH_ROUTER)? as usize;
        let octets = octets_of(self.most.addresses, self.most.peers)?;
        // SAFETY: there is a room of that number, large enough for the most.
        unsafe { given.keep(self.first.add(room * octets)) }
    }
}
