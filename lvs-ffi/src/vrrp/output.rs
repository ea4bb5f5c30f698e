//! What virtual routers send.

use core::mem::MaybeUninit;

use lvs_proto::vrrp::Priority;
use lvs_proto::wire::ethernet::{self, EtherType};
use lvs_proto::{AddressPair, MacAddr, frames};

use super::lvs_vrrp;
use super::memory::{Machine, VirtualRouter};
use super::proofs::Authenticator;
use crate::door::{items_mut, required, status};
use crate::lvs_status::{LVS_ERR_BUFFER_TOO_SMALL, LVS_ERR_PATH};
use crate::{lvs_address, lvs_status, lvs_time};

/// Octets that hold any frame that a virtual router sends: 255 IPv6 addresses and a trailer behind
/// the headers.
pub const LVS_VRRP_FRAME_MAX: usize = 4170;
/// Octets of an Ethernet header; behind them in a frame is the IP or ARP packet.
pub const LVS_ETHERNET_HEADER_LEN: usize = 14;

const _: () = assert!(LVS_VRRP_FRAME_MAX == LVS_ETHERNET_HEADER_LEN + 40 + 8 + 255 * 16 + 28);
const _: () = assert!(LVS_ETHERNET_HEADER_LEN == ethernet::HEADER_LEN);

/// Writes the Ethernet frame that `LVS_VRRP_SEND_ADVERT` asks for, with the priority of the action,
/// TTL or hop limit 255. `path` 0 is to the group, or to the first peer, 1 to the second, and so on:
/// go on until there are no more. `*length` is the octets written; `LVS_VRRP_FRAME_MAX` are always
/// enough. Frames are not padded to the 60 octets that Ethernet wants: network interfaces do that.
///
/// To the group it goes from the virtual MAC address. In a frame to a peer both MAC addresses are
/// zeros: fill in the ways to it. A raw IP socket takes what is behind the first
/// `LVS_ETHERNET_HEADER_LEN` octets.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_BUFFER_TOO_SMALL`; `LVS_ERR_PATH` if there are no more
/// paths.
///
/// # Safety
/// `frame` points to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_write_advert(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
    priority: u8,
    path: usize,
    frame: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    status(|| {
        let (vrrp, length) = (required(vrrp)?, required(length)?);
        // SAFETY: the caller's contract; any octets are octets.
        let frame = unsafe { items_mut(frame, capacity) }?;
        let priority = Priority::new(priority);
        let write = |VirtualRouter { router, authenticator }: &mut VirtualRouter| {
            write_advert(router, authenticator, now, priority, path, frame)
        };
        length.write(vrrp.0.write(write)??);
        Ok(())
    })
}

/// Writes the Ethernet frame that `LVS_VRRP_ANNOUNCE` asks for, with the address of the action: a
/// gratuitous ARP \[W-32\] or an unsolicited neighbor advertisement \[W-34\] of the virtual MAC
/// address. `*length` is the octets written.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_BUFFER_TOO_SMALL`.
///
/// # Safety
/// `frame` points to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_write_announcement(
    vrrp: Option<&lvs_vrrp>,
    address: Option<&lvs_address>,
    frame: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    status(|| {
        let (router, length) = (&required(vrrp)?.0.read()?.router, required(length)?);
        let address = (*required(address)?).try_into()?;
        // SAFETY: the caller's contract; any octets are octets.
        let frame = unsafe { items_mut(frame, capacity) }?;
        length.write(frames::announce(address, router.virtual_mac(), frame)?);
        Ok(())
    })
}

pub(super) fn write_advert(
    router: &Machine,
    authenticator: &mut Authenticator,
    now: lvs_time,
    priority: Priority,
    path: usize,
    frame: &mut [u8],
) -> Result<usize, lvs_status> {
    let addresses = router.advert_paths().nth(path).ok_or(LVS_ERR_PATH)?;
    let room = frame.split_at_mut_checked(LVS_ETHERNET_HEADER_LEN);
    let (link, packet) = room.ok_or(LVS_ERR_BUFFER_TOO_SMALL)?;
    let (advert, header) = (router.advert(priority), router.header_sequence());
    let length = authenticator.write(&advert, addresses, header, (now, path > 0), packet)?;
    link.copy_from_slice(&link_header(addresses, router.virtual_mac()));
    Ok(LVS_ETHERNET_HEADER_LEN + length)
}

/// From the virtual router to the group; to a peer, nothing that is known here.
fn link_header(addresses: AddressPair, mac: MacAddr) -> [u8; LVS_ETHERNET_HEADER_LEN] {
    let nowhere = MacAddr::new([0; 6]);
    match addresses {
        _ if addresses.destination().is_multicast() => {
            frames::advert_link_header(addresses.destination(), mac)
        }
        AddressPair::V4 { .. } => ethernet::header(nowhere, nowhere, EtherType::IPV4),
        AddressPair::V6 { .. } => ethernet::header(nowhere, nowhere, EtherType::IPV6),
    }
}
