//! Virtual routers.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::net::IpAddr;
use core::ptr::{self, NonNull};
use core::slice;

use ::lvs_vrrp::Router;
use lvs_proto::vrrp::Peer;

use super::config::{lvs_vrrp_config, lvs_vrrp_peer};
use super::proofs::{Authenticator, SENDERS};
use crate::door::{Guarded, assert_thread_rule, items, read_sized, required, status};
use crate::lvs_status::{
    LVS_ERR_BUFFER_TOO_SMALL, LVS_ERR_NO_MEMORY, LVS_ERR_PEER, LVS_ERR_TOO_MANY_ADDRESSES,
};
use crate::{lvs_address, lvs_status};

/// A virtual router: one VRID of one address family on one interface (RFC 9568).
///
/// Its loop: drain `lvs_vrrp_poll_action` until it is empty, wait for input or for the deadline,
/// feed exactly one input, drain again. Inputs are `lvs_vrrp_startup`, `lvs_vrrp_shutdown`,
/// `lvs_vrrp_interface_up`, `lvs_vrrp_interface_down`, `lvs_vrrp_resumed`, `lvs_vrrp_peer_down`, `lvs_vrrp_track`,
/// `lvs_vrrp_set_tracked`, `lvs_vrrp_set_priority`, `lvs_vrrp_set_source`,
/// `lvs_vrrp_hold_announcements`, `lvs_vrrp_handle_frame`, `lvs_vrrp_handle_packet` and
/// `lvs_vrrp_handle_timeout`; only they, and `lvs_vrrp_restore`, change actions and deadline.
#[derive(Debug)]
pub struct lvs_vrrp(
    pub(super) Guarded<VirtualRouter>,
    /// The layout of its memory, unless that is the caller's.
    Option<Layout>,
);

const _: () = assert_thread_rule::<lvs_vrrp>();

/// Octets of memory that hold any virtual router but for its addresses and peers; `lvs_vrrp_sizeof`
/// may want less.
pub const LVS_VRRP_MEMORY: usize = 2048;
/// Octets of memory that each virtual address and each peer takes besides, at most.
pub const LVS_VRRP_MEMORY_PER_ADDRESS: usize = 20;

pub(super) type Machine = Router<Behind<IpAddr>, Behind<Peer>, SENDERS>;

/// A router and its proofs.
#[derive(Debug)]
pub(super) struct VirtualRouter {
    pub(super) router: Machine,
    pub(super) authenticator: Authenticator,
}

const ALIGNMENT: usize = align_of::<lvs_vrrp>();
pub(super) const ADDRESSES_MAX: usize = 1024;
pub(super) const PEERS_MAX: usize = 255;

const _: () = assert!(LVS_VRRP_MEMORY >= size_of::<lvs_vrrp>() + 2 * ALIGNMENT);
const _: () = assert!(LVS_VRRP_MEMORY_PER_ADDRESS >= size_of::<IpAddr>());
const _: () = assert!(LVS_VRRP_MEMORY_PER_ADDRESS >= size_of::<Peer>());
const _: () = assert!(align_of::<IpAddr>() == 1 && align_of::<Peer>() == 1);

/// Makes a virtual router that is not started, whose interface is believed to be up.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`,
/// `LVS_ERR_MIXED_FAMILIES`, `LVS_ERR_NOT_UNICAST`, `LVS_ERR_NO_MEMORY`, and -40 to -59, -80, -81 and
/// -88 of `enum lvs_status`, one for each field that does not fit.
///
/// # Safety
/// `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_create(
    config: *const lvs_vrrp_config,
    out: Option<&mut MaybeUninit<NonNull<lvs_vrrp>>>,
) -> lvs_status {
    status(|| {
        let out = required(out)?;
        // SAFETY: the caller's contract.
        let plan = unsafe { Plan::new(config) }?;
        // SAFETY: a virtual router is not of size zero.
        let memory = NonNull::new(unsafe { alloc(plan.layout) }).ok_or(LVS_ERR_NO_MEMORY)?;
        // SAFETY: it was just allocated with this layout.
        let made = unsafe { plan.place(memory, Some(plan.layout)) };
        if made.is_err() {
            // SAFETY: as above, and nothing refers to it.
            unsafe { dealloc(memory.as_ptr(), plan.layout) };
        }
        out.write(made?);
        Ok(())
    })
}

/// Octets of memory that `lvs_vrrp_init` wants for so many addresses and peers, wherever it begins; 0
/// if there are more than 1024 addresses or 255 peers.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_sizeof(address_count: usize, peer_count: usize) -> usize {
    layout(address_count, peer_count).map_or(0, |layout| layout.size() + ALIGNMENT - 1)
}

/// As `lvs_vrrp_create`, but in `memory` of the caller's, of `size` octets, which has to stay where it
/// is and as long as the virtual router is used. Nothing is allocated.
///
/// # Errors
/// As for `lvs_vrrp_create`, and `LVS_ERR_BUFFER_TOO_SMALL` if `size` is less than
/// `lvs_vrrp_sizeof` says. The memory is of no account then.
///
/// # Safety
/// `memory` points to room for `size` octets that nobody else uses, `config` to a `struct
/// lvs_vrrp_config` of any version, with its addresses and peers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_init(
    memory: *mut c_void,
    size: usize,
    config: *const lvs_vrrp_config,
    out: Option<&mut MaybeUninit<NonNull<lvs_vrrp>>>,
) -> lvs_status {
    status(|| {
        let (memory, out) = (required(NonNull::new(memory.cast::<u8>()))?, required(out)?);
        // SAFETY: the caller's contract.
        let plan = unsafe { Plan::new(config) }?;
        let padding = memory.addr().get().wrapping_neg() % ALIGNMENT;
        if size.saturating_sub(padding) < plan.layout.size() {
            return Err(LVS_ERR_BUFFER_TOO_SMALL);
        }
        // SAFETY: from here on there is room for the layout, and it is aligned.
        out.write(unsafe { plan.place(memory.add(padding), None) }?);
        Ok(())
    })
}

/// Ends a virtual router; NULL is allowed. Nothing is sent: shut it down first and drain its
/// actions. The handle is not to be used again, but memory of the caller's is.
///
/// # Safety
/// `vrrp` is NULL or comes from `lvs_vrrp_create` or `lvs_vrrp_init` and has not been ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_destroy(vrrp: *mut lvs_vrrp) {
    status(|| {
        let vrrp = required(NonNull::new(vrrp))?;
        // SAFETY: the caller's contract.
        let allocated = unsafe { vrrp.as_ref() }.1;
        // SAFETY: the caller's contract.
        unsafe { ptr::drop_in_place(vrrp.as_ptr()) };
        if let Some(layout) = allocated {
            // SAFETY: it was allocated so.
            unsafe { dealloc(vrrp.as_ptr().cast(), layout) };
        }
        Ok(())
    });
}

/// A virtual router with room for so many addresses and peers behind it.
fn layout(addresses: usize, peers: usize) -> Result<Layout, lvs_status> {
    if addresses > ADDRESSES_MAX {
        return Err(LVS_ERR_TOO_MANY_ADDRESSES);
    }
    if peers > PEERS_MAX {
        return Err(LVS_ERR_PEER);
    }
    let behind = addresses * size_of::<IpAddr>() + peers * size_of::<Peer>();
    let layout = Layout::from_size_align(size_of::<lvs_vrrp>() + behind, ALIGNMENT);
    layout.map_err(|_| LVS_ERR_TOO_MANY_ADDRESSES)
}

/// What a virtual router is to be made of.
struct Plan<'a> {
    config: lvs_vrrp_config,
    addresses: &'a [lvs_address],
    peers: &'a [lvs_vrrp_peer],
    layout: Layout,
}

impl Plan<'_> {
    /// # Safety
    /// `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
    unsafe fn new(config: *const lvs_vrrp_config) -> Result<Self, lvs_status> {
        // SAFETY: the caller vouches for it.
        let config = unsafe { read_sized(config) }?;
        // SAFETY: the caller vouches for it.
        let addresses = unsafe { items(config.addresses, config.address_count) }?;
        // SAFETY: the caller vouches for it.
        let peers = unsafe { items(config.peers, config.peer_count) }?;
        let layout = layout(addresses.len(), peers.len())?;
        Ok(Self { config, addresses, peers, layout })
    }

    /// # Safety
    /// `memory` is aligned and of the layout.
    unsafe fn place(
        &self,
        memory: NonNull<u8>,
        allocated: Option<Layout>,
    ) -> Result<NonNull<lvs_vrrp>, lvs_status> {
        let vrrp = memory.cast::<lvs_vrrp>();
        // SAFETY: the addresses are behind the router, and nothing need be aligned.
        let addresses = unsafe { Behind::place(vrrp.add(1).cast(), self.addresses) }?;
        // SAFETY: the peers are behind the addresses.
        let peers = unsafe { Behind::place(addresses.end().cast(), self.peers) }?;
        let (config, source) = (self.config.try_into()?, self.config.source.try_into()?);
        let router = Router::with_senders(config, source, addresses, peers)?;
        let authenticator = Authenticator::default();
        let guarded = Guarded::new(VirtualRouter { router, authenticator });
        // SAFETY: it is the front of the layout.
        unsafe { vrrp.write(lvs_vrrp(guarded, allocated)) };
        Ok(vrrp)
    }
}

/// Addresses or peers, in the memory behind a virtual router.
#[derive(Debug)]
pub(super) struct Behind<T> {
    first: NonNull<T>,
    count: usize,
}

impl<T> Behind<T> {
    /// # Safety
    /// There is room for as many as there are, for as long as the virtual router is used.
    pub(super) unsafe fn place<C: Copy>(first: NonNull<T>, items: &[C]) -> Result<Self, lvs_status>
    where
        T: TryFrom<C, Error = lvs_status>,
    {
        for (place, &item) in items.iter().enumerate() {
            // SAFETY: the caller vouches for it.
            unsafe { first.add(place).write(item.try_into()?) };
        }
        Ok(Self { first, count: items.len() })
    }

    /// The same ones.
    pub(super) fn again(these: &[T]) -> Self {
        Self { first: NonNull::from(these).cast(), count: these.len() }
    }

    pub(super) fn end(&self) -> NonNull<T> {
        // SAFETY: so many were written there.
        unsafe { self.first.add(self.count) }
    }
}

// SAFETY: they are never changed.
unsafe impl<T: Send + Sync> Send for Behind<T> {}
// SAFETY: they are never changed.
unsafe impl<T: Send + Sync> Sync for Behind<T> {}

impl<T> AsRef<[T]> for Behind<T> {
    fn as_ref(&self) -> &[T] {
        // SAFETY: so many were written there, and they stay as long as the virtual router.
        unsafe { slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }
}

impl TryFrom<lvs_vrrp_peer> for Peer {
    type Error = lvs_status;

    fn try_from(peer: lvs_vrrp_peer) -> Result<Self, lvs_status> {
        let lvs_vrrp_peer { address, min_hop_limit, max_hop_limit } = peer;
        Ok(Self { address: address.try_into()?, min_hop_limit, max_hop_limit })
    }
}
