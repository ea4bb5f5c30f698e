//! Engines, each in one piece of memory.

use core::alloc::{Layout, LayoutError};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::net::IpAddr;
use core::ptr::NonNull;
use core::slice;

use ::lvs_vrrp::{Block, Engine, Slot};
use lvs_proto::vrrp::Peer;

use crate::door::{Guarded, assert_thread_rule, required, status};
use crate::lvs_status::{
    LVS_ERR_BUFFER_TOO_SMALL, LVS_ERR_COUNT, LVS_ERR_PEER, LVS_ERR_TOO_MANY_ADDRESSES,
};
use crate::vrrp::lvs_vrrp_peer;
use crate::vrrp::memory::{ADDRESSES_MAX, Behind, PEERS_MAX};
use crate::vrrp::proofs::{Authenticator, SENDERS};
use crate::{lvs_address, lvs_status};

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
    pub(super) engine: Engine<'static, Behind<IpAddr>, Behind<Peer>, SENDERS>,
    /// As many as there are slots.
    pub(super) authenticators: &'static mut [Authenticator],
}

type RouterSlot = Slot<Behind<IpAddr>, Behind<Peer>, SENDERS>;

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
    let rooms = Rooms { first: NonNull::dangling(), addresses: address_count, peers: peer_count };
    rooms.plan(routers).map_or(0, |plan| plan.layout.size() + ALIGNMENT - 1)
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
        let rooms = Rooms { first: memory, addresses: address_count, peers: peer_count };
        let plan = rooms.plan(routers)?;
        let padding = memory.addr().get().wrapping_neg() % ALIGNMENT;
        if size.saturating_sub(padding) < plan.layout.size() {
            return Err(LVS_ERR_BUFFER_TOO_SMALL);
        }
        // SAFETY: from here on there is room for the layout, and it is aligned.
        out.write(unsafe { plan.place(memory.add(padding), rooms) });
        Ok(())
    })
}

/// Behind an engine: its slots, its blocks, its authenticators, and the rooms.
struct Plan {
    layout: Layout,
    slots: (usize, usize),
    blocks: (usize, usize),
    authenticators: (usize, usize),
    rooms: usize,
}

impl Plan {
    /// # Safety
    /// `memory` is aligned and of the layout, for as long as the engine is used.
    unsafe fn place(&self, memory: NonNull<u8>, rooms: Rooms) -> NonNull<lvs_engine> {
        // SAFETY: the layout has all of them, one behind the other.
        unsafe {
            let slots = filled::<RouterSlot>(memory.add(self.slots.0), self.slots.1);
            let blocks = filled::<Block>(memory.add(self.blocks.0), self.blocks.1);
            let authenticators = filled(memory.add(self.authenticators.0), self.authenticators.1);
            let engine = Engine::new(slots, blocks);
            let routers = Guarded::new(Routers { engine, authenticators });
            let place = memory.cast::<lvs_engine>();
            place.write(lvs_engine(routers, Rooms { first: memory.add(self.rooms), ..rooms }));
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

/// Where the addresses and peers of each slot's virtual router are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rooms {
    first: NonNull<u8>,
    /// The most of a virtual router.
    addresses: usize,
    peers: usize,
}

// SAFETY: they are written for one router at a time, whose engine is changed with it.
unsafe impl Send for Rooms {}
// SAFETY: the same.
unsafe impl Sync for Rooms {}

impl Rooms {
    fn plan(&self, routers: u32) -> Result<Plan, lvs_status> {
        if self.addresses > ADDRESSES_MAX {
            return Err(LVS_ERR_TOO_MANY_ADDRESSES);
        }
        if self.peers > PEERS_MAX {
            return Err(LVS_ERR_PEER);
        }
        self.layout(routers as usize).map_err(|_| LVS_ERR_COUNT)
    }

    fn layout(&self, routers: usize) -> Result<Plan, LayoutError> {
        let blocks = routers.div_ceil(ROUTERS_PER_BLOCK);
        let layout = Layout::new::<lvs_engine>();
        let (layout, slots_at) = layout.extend(Layout::array::<RouterSlot>(routers)?)?;
        let (layout, blocks_at) = layout.extend(Layout::array::<Block>(blocks)?)?;
        let (layout, proofs_at) = layout.extend(Layout::array::<Authenticator>(routers)?)?;
        let room = Layout::from_size_align(self.size(), 1)?;
        let rooms = Layout::from_size_align(room.size().saturating_mul(routers), 1)?;
        let (layout, rooms) = layout.extend(rooms)?;
        Ok(Plan {
            layout,
            slots: (slots_at, routers),
            blocks: (blocks_at, blocks),
            authenticators: (proofs_at, routers),
            rooms,
        })
    }

    const fn size(&self) -> usize {
        self.addresses * size_of::<IpAddr>() + self.peers * size_of::<Peer>()
    }

    /// Copies addresses and peers to the room of a slot.
    ///
    /// # Safety
    /// The engine has the slot, and nobody uses its room.
    pub(super) unsafe fn place(
        &self,
        slot: usize,
        addresses: &[lvs_address],
        peers: &[lvs_vrrp_peer],
    ) -> Result<(Behind<IpAddr>, Behind<Peer>), lvs_status> {
        if addresses.len() > self.addresses {
            return Err(LVS_ERR_TOO_MANY_ADDRESSES);
        }
        if peers.len() > self.peers {
            return Err(LVS_ERR_PEER);
        }
        // SAFETY: there is a room for each slot, large enough for both.
        unsafe {
            let addresses = Behind::place(self.first.add(slot * self.size()).cast(), addresses)?;
            let peers = Behind::place(addresses.end().cast(), peers)?;
            Ok((addresses, peers))
        }
    }
}
