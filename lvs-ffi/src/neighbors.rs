//! Neighbors: the link addresses of next hops, for programs without a kernel that knows them.

use alloc::boxed::Box;
use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::time::Duration;

use lvs_proto::MacAddr;
use lvs_proto::frames::{RequestError, neighbor_request};
use lvs_proto::wire::ethernet::{EtherType, Frame};
use lvs_proto::wire::{arp, ipv6, ndp};
use lvs_sched::neighbors::{
    Action, NeighborCounters, NeighborState, Neighbors, NeighborsConfig, Resolution, StaticError,
};

use self::lvs_neighbor_action_kind::*;
use self::lvs_neighbor_state::*;
use self::lvs_resolution::*;
use crate::door::{
    Guarded, assert_thread_rule, boxed, items, items_mut, number, read_sized, required, status,
    write_sized,
};
use crate::lvs_status::{
    LVS_ERR_NEIGHBORS_FULL, LVS_ERR_NO_OWN_ADDRESS, LVS_ERR_NO_SUCH_NEIGHBOR,
    LVS_ERR_NOT_A_NEIGHBOR, LVS_ERR_OTHER,
};
use crate::time::instant;
use crate::{lvs_address, lvs_mac, lvs_own_addresses, lvs_status, lvs_time};

/// What a neighbor cache is told to be.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_neighbors_config {
    /// The sizeof of this struct.
    pub size: usize,
    /// The most addresses; memory for them is taken at creation.
    pub capacity: u32,
    /// BaseReachableTime: a neighbor that has answered is believed for half to one and a half times
    /// this long, at random.
    pub reachable_milliseconds: u32,
    /// A secret, for a table that strangers may fill, and for the times that are random.
    pub seed: [u64; 2],
}

const _: () = assert!(align_of::<u64>() < 8 || size_of::<lvs_neighbors_config>() == 32);

/// Where a packet to a neighbor goes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_resolution {
    /// Nowhere: nobody answers, the cache is full of others, or no neighbor can have the address.
    LVS_RESOLUTION_FAILED = 0,
    /// To the link address that was filled in.
    LVS_RESOLUTION_KNOWN = 1,
    /// That is being asked; LVS_NEIGHBOR_RESOLVED or LVS_NEIGHBOR_UNREACHABLE follows.
    LVS_RESOLUTION_PENDING = 2,
}

/// Things to do.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_neighbor_action_kind {
    /// Send an ARP request or a neighbor solicitation for `address`: to `mac`, or if that is zeros
    /// by broadcast or to the solicited-node group.
    LVS_NEIGHBOR_REQUEST = 0,
    /// Send what waits for `address`, if anything does: it is at `mac`.
    LVS_NEIGHBOR_RESOLVED = 1,
    /// Drop what waits for `address`, if anything does: nobody answers.
    LVS_NEIGHBOR_UNREACHABLE = 2,
}

/// One thing to do.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct lvs_neighbor_action {
    /// What, one of `enum lvs_neighbor_action_kind`.
    pub kind: c_int,
    /// Of whom it is.
    pub address: lvs_address,
    /// Where that is, or is thought to be; else zeros.
    pub mac: lvs_mac,
}

const _: () = assert!(size_of::<lvs_neighbor_action>() == 28);

/// How an address stands (RFC 4861 section 7.3.2).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_neighbor_state {
    /// Everybody is being asked.
    LVS_NEIGHBOR_INCOMPLETE = 0,
    /// It has answered not long ago.
    LVS_NEIGHBOR_REACHABLE = 1,
    /// It has not answered for long; it is believed until it is used.
    LVS_NEIGHBOR_STALE = 2,
    /// It is being used, and may show by itself that it is still there.
    LVS_NEIGHBOR_DELAY = 3,
    /// It is being asked whether it is still there.
    LVS_NEIGHBOR_PROBE = 4,
    /// Nobody has answered.
    LVS_NEIGHBOR_FAILED = 5,
    /// It was told, not learned.
    LVS_NEIGHBOR_STATIC = 6,
}

/// What a neighbor cache has counted.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_neighbor_counters {
    /// The sizeof of this struct.
    pub size: usize,
    /// Requests handed out for sending.
    pub requests: u64,
    /// Addresses given up.
    pub unreachable: u64,
    /// Addresses that gave way to another.
    pub replaced: u64,
    /// Times that none could give way.
    pub full: u64,
    /// Messages about addresses that are not in the cache.
    pub unknown: u64,
    /// Messages that name a group, or nobody, as a link address (RFC 1812 section 3.3.2).
    pub bad_mac: u64,
}

const _: () = assert!(align_of::<u64>() < 8 || size_of::<lvs_neighbor_counters>() == 56);

/// The neighbors on one link (RFC 4861 section 7.3, for ARP as well).
///
/// Its loop: drain `lvs_neighbors_poll_action` until it is empty, wait for input or for the
/// deadline, feed exactly one input, drain again. Only addresses that were asked for are in it: what
/// is heard of others makes no entry.
#[derive(Debug)]
pub struct lvs_neighbors(Guarded<Neighbors>);

const _: () = assert_thread_rule::<lvs_neighbors>();

/// Fills in the defaults: 1024 addresses, 30 s, a seed of zeros. `config->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `config` points to a `struct lvs_neighbors_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_neighbors_config_init(
    config: *mut lvs_neighbors_config,
) -> lvs_status {
    // SAFETY: the caller's contract.
    status(|| unsafe { write_sized(config, NeighborsConfig::default().into()) })
}

/// Makes an empty cache.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_NO_MEMORY`.
///
/// # Safety
/// `config` points to a `struct lvs_neighbors_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_neighbors_create(
    config: *const lvs_neighbors_config,
    out: Option<&mut MaybeUninit<Box<lvs_neighbors>>>,
) -> lvs_status {
    status(|| {
        let out = required(out)?;
        // SAFETY: the caller's contract.
        let config = unsafe { read_sized(config) }?.into();
        out.write(boxed(lvs_neighbors(Guarded::new(Neighbors::new(config)?)))?);
        Ok(())
    })
}

/// Ends a cache; NULL is allowed. The handle is not to be used again.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_neighbors_destroy(neighbors: Option<Box<lvs_neighbors>>) {
    status(|| {
        drop(neighbors);
        Ok(())
    });
}

/// Where a packet to `address` goes: one of `enum lvs_resolution`, and the link address in `out` if
/// it is known. An address that is not in the cache comes in and is asked for.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_neighbors_resolve(
    neighbors: Option<&mut lvs_neighbors>,
    now: lvs_time,
    address: Option<&lvs_address>,
    out: Option<&mut MaybeUninit<lvs_mac>>,
) -> c_int {
    number(|| {
        let (neighbors, out) = (required(neighbors)?, required(out)?);
        let address = (*required(address)?).try_into()?;
        let resolve = |neighbors: &mut Neighbors| neighbors.resolve(instant(now), address);
        Ok(match neighbors.0.write(resolve)? {
            Resolution::Known(mac) => {
                out.write(mac.into());
                LVS_RESOLUTION_KNOWN
            }
            Resolution::Pending => LVS_RESOLUTION_PENDING,
            Resolution::Failed => LVS_RESOLUTION_FAILED,
        } as c_int)
    })
}

/// Takes in a received Ethernet frame: what ARP and neighbor discovery say of addresses in the cache
/// is learned (RFC 4861 sections 7.2.3 and 7.2.5). Other frames, and damaged ones, say nothing.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`.
///
/// # Safety
/// `frame` points to `length` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_neighbors_handle_frame(
    neighbors: Option<&mut lvs_neighbors>,
    now: lvs_time,
    frame: *const u8,
    length: usize,
) -> lvs_status {
    status(|| {
        let neighbors = required(neighbors)?;
        // SAFETY: the caller's contract.
        let said = Said::parse(unsafe { items(frame, length) }?);
        neighbors.0.write(|neighbors| match said {
            Some(Said::Arp(packet)) => neighbors.handle_arp(instant(now), &packet),
            Some(Said::Ndp(message)) => neighbors.handle_ndp(instant(now), &message),
            None => {}
        })
    })
}

/// A neighbor has shown otherwise that it is there, such as by an acknowledgement of what was sent to
/// it (RFC 4861 section 7.3.1).
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_neighbors_confirm(
    neighbors: Option<&mut lvs_neighbors>,
    now: lvs_time,
    address: Option<&lvs_address>,
) -> lvs_status {
    status(|| {
        let neighbors = required(neighbors)?;
        let address = (*required(address)?).try_into()?;
        neighbors.0.write(|neighbors| neighbors.confirm(instant(now), address))
    })
}

/// Lets time pass. Before the deadline nothing happens.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_neighbors_handle_timeout(
    neighbors: Option<&mut lvs_neighbors>,
    now: lvs_time,
) -> lvs_status {
    status(|| required(neighbors)?.0.write(|neighbors| neighbors.handle_timeout(instant(now))))
}

/// The next thing to do: 1 and the action in `out`, or 0 when all is done.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_neighbors_poll_action(
    neighbors: Option<&mut lvs_neighbors>,
    out: Option<&mut MaybeUninit<lvs_neighbor_action>>,
) -> c_int {
    number(|| {
        let (neighbors, out) = (required(neighbors)?, required(out)?);
        let Some(action) = neighbors.0.write(Neighbors::poll_action)? else { return Ok(0) };
        out.write(action.into());
        Ok(1)
    })
}

/// When `lvs_neighbors_handle_timeout` is due: 1 and the moment in `out`, or 0 as long as nobody is
/// asked.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_neighbors_next_deadline(
    neighbors: Option<&lvs_neighbors>,
    out: Option<&mut MaybeUninit<lvs_time>>,
) -> c_int {
    number(|| {
        let (neighbors, out) = (required(neighbors)?, required(out)?);
        let Some(deadline) = neighbors.0.read()?.next_deadline() else { return Ok(0) };
        out.write(deadline.as_micros());
        Ok(1)
    })
}

/// Writes the Ethernet frame that LVS_NEIGHBOR_REQUEST asks for, from the own address of its family,
/// which is at `mac`. `*length` is the octets written; LVS_ANSWER_MAX are always enough.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_BUFFER_TOO_SMALL`;
/// `LVS_ERR_NO_OWN_ADDRESS` if there is none of that family.
///
/// # Safety
/// `frame` points to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_neighbors_write_request(
    action: Option<&lvs_neighbor_action>,
    own: Option<&lvs_own_addresses>,
    mac: Option<&lvs_mac>,
    frame: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    status(|| {
        let (action, own) = (required(action)?, (*required(own)?).into());
        let (mac, length) = (MacAddr::new(required(mac)?.octets), required(length)?);
        let to = MacAddr::new(action.mac.octets);
        let to = (to != MacAddr::default()).then_some(to);
        // SAFETY: the caller's contract; any octets are octets.
        let frame = unsafe { items_mut(frame, capacity) }?;
        length.write(neighbor_request(action.address.try_into()?, to, own, mac, frame)?);
        Ok(())
    })
}

/// Makes an entry that is believed whatever is heard and stays until it is removed, in the place of
/// what there was of the address.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`; `LVS_ERR_NOT_A_NEIGHBOR` if no neighbor can have the address or
/// the link address; `LVS_ERR_NEIGHBORS_FULL` if all that is in the cache is in use.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_neighbors_set_static(
    neighbors: Option<&mut lvs_neighbors>,
    address: Option<&lvs_address>,
    mac: Option<&lvs_mac>,
) -> lvs_status {
    status(|| {
        let (neighbors, mac) = (required(neighbors)?, MacAddr::new(required(mac)?.octets));
        let address = (*required(address)?).try_into()?;
        Ok(neighbors.0.write(|neighbors| neighbors.set_static(address, mac))??)
    })
}

/// Forgets an address.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_NEIGHBOR`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_neighbors_remove(
    neighbors: Option<&mut lvs_neighbors>,
    address: Option<&lvs_address>,
) -> lvs_status {
    status(|| {
        let neighbors = required(neighbors)?;
        let address = (*required(address)?).try_into()?;
        let removed = neighbors.0.write(|neighbors| neighbors.remove(address))?;
        if removed { Ok(()) } else { Err(LVS_ERR_NO_SUCH_NEIGHBOR) }
    })
}

/// How an address stands, one of `enum lvs_neighbor_state`.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_NEIGHBOR`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_neighbors_get_state(
    neighbors: Option<&lvs_neighbors>,
    now: lvs_time,
    address: Option<&lvs_address>,
) -> c_int {
    number(|| {
        let neighbors = required(neighbors)?.0.read()?;
        let state = neighbors.state(instant(now), (*required(address)?).try_into()?);
        Ok(lvs_neighbor_state::from(state.ok_or(LVS_ERR_NO_SUCH_NEIGHBOR)?) as c_int)
    })
}

/// Fills in what has been counted. `out->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `out` points to a `struct lvs_neighbor_counters` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_neighbors_get_counters(
    neighbors: Option<&lvs_neighbors>,
    out: *mut lvs_neighbor_counters,
) -> lvs_status {
    status(|| {
        let counters = required(neighbors)?.0.read()?.counters();
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, counters.into()) }
    })
}

/// What a frame says of where somebody is.
enum Said {
    Arp(arp::Packet),
    Ndp(ndp::Message),
}

impl Said {
    fn parse(frame: &[u8]) -> Option<Self> {
        let frame = Frame::parse(frame).ok()?;
        match frame.ethertype {
            EtherType::ARP => arp::Packet::parse(frame.payload).ok().map(Self::Arp),
            EtherType::IPV6 => {
                let packet = ipv6::Packet::parse(frame.payload).ok()?;
                ndp::Message::parse(&packet).ok().map(Self::Ndp)
            }
            _ => None,
        }
    }
}

impl From<NeighborsConfig> for lvs_neighbors_config {
    fn from(config: NeighborsConfig) -> Self {
        let NeighborsConfig { capacity, reachable_time, seed } = config;
        let reachable_milliseconds = u32::try_from(reachable_time.as_millis()).unwrap_or(u32::MAX);
        Self { size: size_of::<Self>(), capacity, reachable_milliseconds, seed }
    }
}

impl From<lvs_neighbors_config> for NeighborsConfig {
    fn from(config: lvs_neighbors_config) -> Self {
        let lvs_neighbors_config { capacity, reachable_milliseconds, seed, .. } = config;
        let reachable_time = Duration::from_millis(reachable_milliseconds.into());
        Self { capacity, reachable_time, seed }
    }
}

impl From<Action> for lvs_neighbor_action {
    fn from(action: Action) -> Self {
        let (kind, address, mac) = match action {
            Action::Request { address, to } => (LVS_NEIGHBOR_REQUEST, address, to),
            Action::Resolved { address, mac } => (LVS_NEIGHBOR_RESOLVED, address, Some(mac)),
            Action::Unreachable(address) => (LVS_NEIGHBOR_UNREACHABLE, address, None),
        };
        let mac = mac.unwrap_or_default().into();
        Self { kind: kind as c_int, address: address.into(), mac }
    }
}

impl From<NeighborState> for lvs_neighbor_state {
    fn from(state: NeighborState) -> Self {
        match state {
            NeighborState::Incomplete => LVS_NEIGHBOR_INCOMPLETE,
            NeighborState::Reachable => LVS_NEIGHBOR_REACHABLE,
            NeighborState::Stale => LVS_NEIGHBOR_STALE,
            NeighborState::Delay => LVS_NEIGHBOR_DELAY,
            NeighborState::Probe => LVS_NEIGHBOR_PROBE,
            NeighborState::Failed => LVS_NEIGHBOR_FAILED,
            NeighborState::Static => LVS_NEIGHBOR_STATIC,
        }
    }
}

impl From<&NeighborCounters> for lvs_neighbor_counters {
    fn from(counters: &NeighborCounters) -> Self {
        let NeighborCounters { requests, unreachable, replaced, full, unknown, bad_mac } =
            *counters;
        let size = size_of::<Self>();
        Self { size, requests, unreachable, replaced, full, unknown, bad_mac }
    }
}

impl From<StaticError> for lvs_status {
    fn from(error: StaticError) -> Self {
        match error {
            StaticError::Address(_) | StaticError::Mac(_) => LVS_ERR_NOT_A_NEIGHBOR,
            StaticError::Full => LVS_ERR_NEIGHBORS_FULL,
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<RequestError> for lvs_status {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::NoOwnAddress => LVS_ERR_NO_OWN_ADDRESS,
            RequestError::BufferTooSmall(error) => error.into(),
            _ => LVS_ERR_OTHER,
        }
    }
}
