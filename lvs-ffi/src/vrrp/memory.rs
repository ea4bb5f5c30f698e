//! Virtual routers.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::net::IpAddr;
use core::ptr::{self, NonNull};
use core::slice;

use ::lvs_vrrp::Router;

use super::config::lvs_vrrp_config;
use crate::door::{Guarded, assert_thread_rule, items, read_sized, required, status};
use crate::lvs_status::{LVS_ERR_BUFFER_TOO_SMALL, LVS_ERR_NO_MEMORY, LVS_ERR_TOO_MANY_ADDRESSES};
use crate::{lvs_address, lvs_status};

/// A virtual router: one VRID of one address family on one interface (RFC 9568).
///
/// Its loop: drain `lvs_vrrp_poll_action` until it is empty, wait for input or for the deadline,
/// feed exactly one input, drain again. Inputs are `lvs_vrrp_startup`, `lvs_vrrp_shutdown`,
/// `lvs_vrrp_interface_up`, `lvs_vrrp_interface_down`, `lvs_vrrp_set_priority`,
/// `lvs_vrrp_set_source`, `lvs_vrrp_handle_frame`, `lvs_vrrp_handle_packet` and
/// `lvs_vrrp_handle_timeout`; only they change actions and deadline.
#[derive(Debug)]
pub struct lvs_vrrp(
    pub(super) Guarded<VirtualRouter>,
    /// The layout of its memory, unless that is the caller's.
    Option<Layout>,
);

const _: () = assert_thread_rule::<lvs_vrrp>();

/// Octets of memory that hold any virtual router but for its addresses; `lvs_vrrp_sizeof` may want
/// less.
pub const LVS_VRRP_MEMORY: usize = 1024;
/// Octets of memory that each virtual address takes besides, at most.
pub const LVS_VRRP_MEMORY_PER_ADDRESS: usize = 20;

pub(super) type VirtualRouter = Router<Addresses>;

const ALIGNMENT: usize = align_of::<lvs_vrrp>();
const MOST_ADDRESSES: usize = 255;

const _: () = assert!(LVS_VRRP_MEMORY >= size_of::<lvs_vrrp>() + 2 * ALIGNMENT);
const _: () = assert!(LVS_VRRP_MEMORY_PER_ADDRESS >= size_of::<IpAddr>());
const _: () = assert!(ALIGNMENT >= align_of::<IpAddr>());

/// Makes a virtual router that is not started, whose interface is believed to be up.
///
/// `source` is the primary IPv4 address or the link-local IPv6 address of the interface;
/// `addresses` are the `count` virtual ones, 1 to 255 (version 2: or none) of one family, in the
/// order in which they are advertised; they are copied. Over IPv6 the first ought to be link-local
/// \[V3-TX-7\].
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`,
/// `LVS_ERR_MIXED_FAMILIES`, `LVS_ERR_NOT_UNICAST`, `LVS_ERR_NO_MEMORY`, and -40 to -56 of
/// `enum lvs_status`, one for each field that does not fit.
///
/// # Safety
/// `config` points to a `struct lvs_vrrp_config` of any version, `addresses` to `count` addresses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_create(
    config: *const lvs_vrrp_config,
    source: Option<&lvs_address>,
    addresses: *const lvs_address,
    count: usize,
    out: Option<&mut MaybeUninit<NonNull<lvs_vrrp>>>,
) -> lvs_status {
    status(|| {
        let (source, out) = (required(source)?, required(out)?);
        // SAFETY: the caller's contract.
        let (config, addresses) = unsafe { (read_sized(config)?, items(addresses, count)?) };
        let (layout, _) = layout(count)?;
        // SAFETY: a virtual router is not of size zero.
        let memory = NonNull::new(unsafe { alloc(layout) }).ok_or(LVS_ERR_NO_MEMORY)?;
        // SAFETY: it was just allocated with this layout.
        let made = unsafe { place(memory, Some(layout), config, *source, addresses) };
        if made.is_err() {
            // SAFETY: as above, and nothing refers to it.
            unsafe { dealloc(memory.as_ptr(), layout) };
        }
        out.write(made?);
        Ok(())
    })
}

/// Octets of memory that `lvs_vrrp_init` wants for `count` addresses, wherever it begins; 0 if they
/// are more than 255.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_vrrp_sizeof(count: usize) -> usize {
    layout(count).map_or(0, |(layout, _)| layout.size() + ALIGNMENT - 1)
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
/// lvs_vrrp_config` of any version, `addresses` to `count` addresses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_init(
    memory: *mut c_void,
    size: usize,
    config: *const lvs_vrrp_config,
    source: Option<&lvs_address>,
    addresses: *const lvs_address,
    count: usize,
    out: Option<&mut MaybeUninit<NonNull<lvs_vrrp>>>,
) -> lvs_status {
    status(|| {
        let (memory, source) = (required(NonNull::new(memory.cast::<u8>()))?, required(source)?);
        let out = required(out)?;
        // SAFETY: the caller's contract.
        let (config, addresses) = unsafe { (read_sized(config)?, items(addresses, count)?) };
        let (layout, _) = layout(count)?;
        let padding = memory.addr().get().wrapping_neg() % ALIGNMENT;
        if size.saturating_sub(padding) < layout.size() {
            return Err(LVS_ERR_BUFFER_TOO_SMALL);
        }
        // SAFETY: from here on there is room for the layout, and it is aligned.
        let made = unsafe { place(memory.add(padding), None, config, *source, addresses) };
        out.write(made?);
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

/// A virtual router with room for so many addresses behind it, and where they begin.
fn layout(count: usize) -> Result<(Layout, usize), lvs_status> {
    if count > MOST_ADDRESSES {
        return Err(LVS_ERR_TOO_MANY_ADDRESSES);
    }
    let addresses = Layout::array::<IpAddr>(count);
    let whole = addresses.and_then(|addresses| Layout::new::<lvs_vrrp>().extend(addresses));
    whole.map_err(|_| LVS_ERR_TOO_MANY_ADDRESSES)
}

/// # Safety
/// `memory` is aligned and of the layout for so many addresses.
unsafe fn place(
    memory: NonNull<u8>,
    allocated: Option<Layout>,
    config: lvs_vrrp_config,
    source: lvs_address,
    addresses: &[lvs_address],
) -> Result<NonNull<lvs_vrrp>, lvs_status> {
    let (_, offset) = layout(addresses.len())?;
    // SAFETY: within the layout.
    let first = unsafe { memory.add(offset) }.cast::<IpAddr>();
    for (place, &address) in addresses.iter().enumerate() {
        // SAFETY: there is room for as many as there are, and their alignment is no greater.
        unsafe { first.add(place).write(address.try_into()?) };
    }
    let addresses = Addresses { first, count: addresses.len() };
    let router = Router::new(config.try_into()?, source.try_into()?, addresses)?;
    let vrrp = memory.cast::<lvs_vrrp>();
    // SAFETY: it is the front of the layout.
    unsafe { vrrp.write(lvs_vrrp(Guarded::new(router), allocated)) };
    Ok(vrrp)
}

/// The addresses of a virtual router, in the memory behind it.
#[derive(Debug)]
pub(super) struct Addresses {
    first: NonNull<IpAddr>,
    count: usize,
}

// SAFETY: they are never changed.
unsafe impl Send for Addresses {}
// SAFETY: they are never changed.
unsafe impl Sync for Addresses {}

impl AsRef<[IpAddr]> for Addresses {
    fn as_ref(&self) -> &[IpAddr] {
        // SAFETY: so many were written there, and they stay as long as the virtual router.
        unsafe { slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }
}
