//! The addresses and peers of virtual routers, as they are handed in and as they are kept.

use core::net::IpAddr;
use core::ptr::NonNull;
use core::slice;

use lvs_proto::vrrp::Peer;

use super::config::{lvs_vrrp_config, lvs_vrrp_peer};
use crate::door::{items, read_sized};
use crate::lvs_status::{LVS_ERR_PEER, LVS_ERR_TOO_MANY_ADDRESSES};
use crate::{lvs_address, lvs_status};

const ADDRESSES_MAX: usize = 1024;
const PEERS_MAX: usize = 255;

/// Octets that any address and any peer takes.
pub(super) const ITEM_MAX: usize = 20;

const _: () = assert!(ITEM_MAX >= size_of::<IpAddr>() && ITEM_MAX >= size_of::<Peer>());
const _: () = assert!(align_of::<IpAddr>() == 1 && align_of::<Peer>() == 1);

/// Octets that so many addresses and peers take.
pub(super) const fn octets_of(addresses: usize, peers: usize) -> Result<usize, lvs_status> {
    if addresses > ADDRESSES_MAX {
        return Err(LVS_ERR_TOO_MANY_ADDRESSES);
    }
    if peers > PEERS_MAX {
        return Err(LVS_ERR_PEER);
    }
    Ok(addresses * size_of::<IpAddr>() + peers * size_of::<Peer>())
}

/// A configuration as it is handed in, with the lists that it points to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given<'a> {
    pub(super) config: lvs_vrrp_config,
    pub(super) addresses: &'a [lvs_address],
    pub(super) peers: &'a [lvs_vrrp_peer],
}

impl Given<'_> {
    /// # Safety
    /// `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
    pub(super) unsafe fn read(config: *const lvs_vrrp_config) -> Result<Self, lvs_status> {
        // SAFETY: the caller vouches for it.
        let config = unsafe { read_sized(config) }?;
        // SAFETY: the caller vouches for it.
        let addresses = unsafe { items(config.addresses, config.address_count) }?;
        // SAFETY: the caller vouches for it.
        let peers = unsafe { items(config.peers, config.peer_count) }?;
        Ok(Self { config, addresses, peers })
    }

    /// Octets that the lists take where they are kept.
    pub(super) const fn octets(&self) -> Result<usize, lvs_status> {
        octets_of(self.addresses.len(), self.peers.len())
    }

    /// Copies the lists.
    ///
    /// # Safety
    /// There are so many [`octets`](Self::octets) at `place`, which nobody uses, for as long as the
    /// virtual router has the lists.
    pub(super) unsafe fn keep(
        &self,
        place: NonNull<u8>,
    ) -> Result<(Kept<IpAddr>, Kept<Peer>), lvs_status> {
        // SAFETY: there is room for the addresses, and nothing need be aligned.
        let addresses = unsafe { Kept::copy(place.cast(), self.addresses) }?;
        // SAFETY: the peers are behind the addresses.
        let peers = unsafe { Kept::copy(addresses.end().cast(), self.peers) }?;
        Ok((addresses, peers))
    }
}

/// Addresses or peers, in memory that stays as long as a virtual router has them.
#[derive(Debug)]
pub(super) struct Kept<T> {
    first: NonNull<T>,
    count: usize,
}

impl<T> Kept<T> {
    /// # Safety
    /// There is room for as many as there are, for as long as they are used.
    unsafe fn copy<C: Copy>(first: NonNull<T>, items: &[C]) -> Result<Self, lvs_status>
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

    fn end(&self) -> NonNull<T> {
        // SAFETY: so many were written there.
        unsafe { self.first.add(self.count) }
    }
}

// SAFETY: they are never changed.
unsafe impl<T: Send + Sync> Send for Kept<T> {}
// SAFETY: they are never changed.
unsafe impl<T: Send + Sync> Sync for Kept<T> {}

impl<T> AsRef<[T]> for Kept<T> {
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
