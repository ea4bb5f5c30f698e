//! Many virtual routers, with one deadline and one stream of actions.

mod input;
mod memory;
mod reload;
mod snapshot;
mod status;

use core::ffi::c_int;
use core::mem::{self, MaybeUninit};
use core::net::IpAddr;

use ::lvs_vrrp::{AddError, FollowError, InterfaceId, JoinError, Router, RouterId, UnknownRouter};
use lvs_proto::frames;
use lvs_proto::vrrp::{AdvertPolicy, Peer, Priority, decode, from_ip_packet, vrid_of};
use lvs_proto::wire::ethernet;

pub use self::input::*;
pub use self::memory::*;
pub use self::reload::*;
pub use self::snapshot::*;
pub use self::status::*;
use super::lists::{Given, Kept};
use super::memory::Machine;
use super::output::write_advert;
use super::proofs::Authenticator;
use super::{lvs_vrrp_action, lvs_vrrp_authentication, lvs_vrrp_config};
use crate::door::{items, items_mut, number, read_sized, required, status};
use crate::lvs_status::{
    LVS_ERR_ENGINE_FULL, LVS_ERR_NO_SUCH_ROUTER, LVS_ERR_NOT_VRRP, LVS_ERR_OTHER,
    LVS_ERR_ROUTER_EXISTS, LVS_ERR_SYNC_GROUP,
};
use crate::time::instant;
use crate::{lvs_address, lvs_status, lvs_time};

/// Names a virtual router of one engine, and never another one that came after it.
pub type lvs_router_id = u64;

/// Adds a virtual router that is not started, whose interface is believed to be up. `interface` is the
/// caller's number of the link, on which routers of one VRID and family are told apart by their group or
/// their peers \[X-38\]. `out` names it.
///
/// # Errors
/// As for `lvs_vrrp_create`, but no memory is taken; also if there are more addresses or peers than
/// there is room for; `LVS_ERR_ENGINE_FULL`; `LVS_ERR_ROUTER_EXISTS` if the interface has one of this
/// VRID and family that would hear the same.
///
/// # Safety
/// `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_engine_add(
    engine: Option<&mut lvs_engine>,
    interface: u32,
    config: *const lvs_vrrp_config,
    out: Option<&mut MaybeUninit<lvs_router_id>>,
) -> lvs_status {
    let make = |config: lvs_vrrp_config, addresses, peers| {
        let source = config.source.try_into()?;
        Ok(Router::with_senders(config.try_into()?, source, addresses, peers)?)
    };
    // SAFETY: the caller's contract.
    status(|| unsafe { add(engine, interface, config, out, make) })
}

/// Adds what `make` makes of a configuration and the lists in it.
///
/// # Safety
/// `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
unsafe fn add(
    engine: Option<&mut lvs_engine>,
    interface: u32,
    config: *const lvs_vrrp_config,
    out: Option<&mut MaybeUninit<lvs_router_id>>,
    make: impl FnOnce(lvs_vrrp_config, Kept<IpAddr>, Kept<Peer>) -> Result<Machine, lvs_status>,
) -> Result<(), lvs_status> {
    let (lvs_engine(engine, rooms), out) = (required(engine)?, required(out)?);
    // SAFETY: the caller vouches for it.
    let given = unsafe { Given::read(config) }?;
    let slot = engine.read()?.engine.vacant_slot().ok_or(LVS_ERR_ENGINE_FULL)?;
    // SAFETY: the slot is vacant.
    let (addresses, peers) = unsafe { rooms.keep(slot, &given) }?;
    let router = make(given.config, addresses, peers)?;
    let id = engine.write(|it| it.engine.add(InterfaceId(interface), router))??;
    out.write(id.to_bits());
    Ok(())
}

/// Removes a virtual router with its keys, and from its sync group, at the last moment that the engine
/// was handed. Nothing is sent: shut it down first and drain the actions.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_remove(
    engine: Option<&mut lvs_engine>,
    router: lvs_router_id,
) -> lvs_status {
    status(|| {
        let id = RouterId::from_bits(router);
        let remove = |Routers { engine, authenticators }: &mut Routers| {
            engine.remove(id).ok_or(LVS_ERR_NO_SUCH_ROUTER)?;
            authenticators.get_mut(id.slot()).map(mem::take);
            Ok(())
        };
        required(engine)?.0.write(remove)?
    })
}

/// Has a virtual router join the sync group of `member`, or form a group with it: they are Active
/// together or not at all \[X-57\]. One that becomes unable to run takes the others with it \[X-60\].
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`; `LVS_ERR_SYNC_GROUP` if it is in a group already, is to join
/// itself, or one of them follows another.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_join(
    engine: Option<&mut lvs_engine>,
    router: lvs_router_id,
    member: lvs_router_id,
) -> lvs_status {
    let (router, member) = (RouterId::from_bits(router), RouterId::from_bits(member));
    status(|| Ok(required(engine)?.0.write(|it| it.engine.join(router, member))??))
}

/// Has a virtual router leave its sync group, if it is in one, at the last moment that the engine was
/// handed.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_leave(
    engine: Option<&mut lvs_engine>,
    router: lvs_router_id,
) -> lvs_status {
    status(|| {
        Ok(required(engine)?.0.write(|it| it.engine.leave(RouterId::from_bits(router)))??)
    })
}

/// Has a virtual router follow another one from now on: whenever that changes its state, so does it, with
/// all actions but without an advert \[X-67\]. It may follow somebody else later. Start it like any.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`; `LVS_ERR_SYNC_GROUP` if it is in a group or followed, if the
/// leader follows, or if both are the same.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_follow(
    engine: Option<&mut lvs_engine>,
    now: lvs_time,
    router: lvs_router_id,
    leader: lvs_router_id,
) -> lvs_status {
    let (router, leader) = (RouterId::from_bits(router), RouterId::from_bits(leader));
    let follow = |it: &mut Routers| it.engine.follow(instant(now), router, leader);
    status(|| Ok(required(engine)?.0.write(follow)??))
}

/// Sets how the adverts of a virtual router are authenticated from now on; at first they are not.
///
/// # Errors
/// As for `lvs_vrrp_set_authentication`, and `LVS_ERR_NO_SUCH_ROUTER`.
///
/// # Safety
/// `authentication` points to a `struct lvs_vrrp_authentication` of any version, its keys to
/// `key_count` keys with their octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_engine_set_authentication(
    engine: Option<&mut lvs_engine>,
    router: lvs_router_id,
    authentication: *const lvs_vrrp_authentication,
) -> lvs_status {
    status(|| {
        let version = get(engine.as_deref(), router)?.config().version;
        // SAFETY: the caller's contract.
        let authenticator = unsafe { Authenticator::new(&read_sized(authentication)?, version) }?;
        let slot = RouterId::from_bits(router).slot();
        required(engine)?.0.write(|it| {
            let place = it.authenticators.get_mut(slot).ok_or(LVS_ERR_NO_SUCH_ROUTER)?;
            place.replace(authenticator);
            Ok(())
        })?
    })
}

/// Takes in an Ethernet frame that was received on `interface`: an advert is verified, decoded and fed
/// to its virtual router; one that is refused, or that is for none, is counted and changes nothing else
/// \[RX-1\].
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, and `LVS_ERR_NOT_VRRP` as for `lvs_vrrp_handle_frame` or if the
/// VRID is missing or 0.
///
/// # Safety
/// `frame` points to `length` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_engine_handle_frame(
    engine: Option<&mut lvs_engine>,
    now: lvs_time,
    interface: u32,
    frame: *const u8,
    length: usize,
) -> lvs_status {
    status(|| {
        let (engine, interface) = (required(engine)?, InterfaceId(interface));
        // SAFETY: the caller's contract.
        let frame = ethernet::Frame::parse(unsafe { items(frame, length) }?)?;
        let (meta, message) = from_ip_packet(frame.payload)?;
        let vrid = vrid_of(message).ok_or(LVS_ERR_NOT_VRRP)?;
        let path = meta.addresses;
        engine.0.write(|Routers { engine, authenticators }| {
            let id = engine.hearer(interface, vrid, path);
            let found = id.and_then(|id| Some((engine.get(id)?, authenticators.get(id.slot())?)));
            let Some((router, authenticator)) = found else { return engine.handle_unknown() };
            let policy =
                AdvertPolicy { authentication: authenticator.policy(now), ..router.policy() };
            match decode(message, &meta, &policy) {
                Ok(advert) => engine.handle_advert(instant(now), interface, &advert, &meta),
                Err(error) => engine.handle_rejected(interface, vrid, path, &error),
            }
        })
    })
}

/// Lets time pass for the virtual routers whose deadline is due, the earliest first, `budget` of them
/// at most. Gives how many that were: if it is `budget`, more may be due. Hand in what was received
/// until `now` first \[S-7\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_handle_timeout(
    engine: Option<&mut lvs_engine>,
    now: lvs_time,
    budget: u16,
) -> c_int {
    number(|| {
        let pass = |it: &mut Routers| it.engine.handle_timeout(instant(now), budget.into());
        // At most the budget.
        Ok(required(engine)?.0.write(pass)? as c_int)
    })
}

/// The next thing to do: 1 and the action in `out`, of `router`; or 0 when all is done. Adverts of all
/// come before whatever else they want done \[S-4\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_poll_action(
    engine: Option<&mut lvs_engine>,
    router: Option<&mut MaybeUninit<lvs_router_id>>,
    out: Option<&mut MaybeUninit<lvs_vrrp_action>>,
) -> c_int {
    number(|| {
        let (engine, router, out) = (required(engine)?, required(router)?, required(out)?);
        let poll = |it: &mut Routers| it.engine.poll_action();
        let Some((id, action)) = engine.0.write(poll)? else { return Ok(0) };
        router.write(id.to_bits());
        out.write(action.into());
        Ok(1)
    })
}

/// When `lvs_engine_handle_timeout` is due: 1 and the moment in `out`, or 0 if no virtual router runs.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_next_deadline(
    engine: Option<&lvs_engine>,
    out: Option<&mut MaybeUninit<lvs_time>>,
) -> c_int {
    number(|| {
        let (engine, out) = (required(engine)?, required(out)?);
        let Some(deadline) = engine.0.read()?.engine.next_deadline() else { return Ok(0) };
        out.write(deadline.as_micros());
        Ok(1)
    })
}

/// As `lvs_vrrp_write_advert`, for the virtual router of the action.
///
/// # Errors
/// As there, and `LVS_ERR_NO_SUCH_ROUTER`.
///
/// # Safety
/// `frame` points to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_engine_write_advert(
    engine: Option<&mut lvs_engine>,
    now: lvs_time,
    router: lvs_router_id,
    priority: u8,
    path: usize,
    frame: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    status(|| {
        let (engine, length) = (required(engine)?, required(length)?);
        // SAFETY: the caller's contract; any octets are octets.
        let frame = unsafe { items_mut(frame, capacity) }?;
        let (id, priority) = (RouterId::from_bits(router), Priority::new(priority));
        let write = |Routers { engine, authenticators }: &mut Routers| {
            let found = engine.get(id).zip(authenticators.get_mut(id.slot()));
            let (router, authenticator) = found.ok_or(LVS_ERR_NO_SUCH_ROUTER)?;
            write_advert(router, authenticator, now, priority, path, frame)
        };
        length.write(engine.0.write(write)??);
        Ok(())
    })
}

/// As `lvs_vrrp_write_announcement`, for the virtual router of the action.
///
/// # Errors
/// As there, and `LVS_ERR_NO_SUCH_ROUTER`.
///
/// # Safety
/// `frame` points to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_engine_write_announcement(
    engine: Option<&lvs_engine>,
    router: lvs_router_id,
    address: Option<&lvs_address>,
    frame: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    status(|| {
        let (router, length) = (get(engine, router)?, required(length)?);
        let address = (*required(address)?).try_into()?;
        // SAFETY: the caller's contract; any octets are octets.
        let frame = unsafe { items_mut(frame, capacity) }?;
        length.write(frames::announce(address, router.virtual_mac(), frame)?);
        Ok(())
    })
}

fn get(engine: Option<&lvs_engine>, router: lvs_router_id) -> Result<&Machine, lvs_status> {
    let routers = required(engine)?.0.read()?;
    routers.engine.get(RouterId::from_bits(router)).ok_or(LVS_ERR_NO_SUCH_ROUTER)
}

impl From<AddError> for lvs_status {
    fn from(error: AddError) -> Self {
        match error {
            AddError::Full => LVS_ERR_ENGINE_FULL,
            AddError::Taken => LVS_ERR_ROUTER_EXISTS,
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<JoinError> for lvs_status {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::UnknownRouter => LVS_ERR_NO_SUCH_ROUTER,
            JoinError::Member | JoinError::Follower => LVS_ERR_SYNC_GROUP,
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<FollowError> for lvs_status {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::UnknownRouter => LVS_ERR_NO_SUCH_ROUTER,
            FollowError::Member | FollowError::Chain => LVS_ERR_SYNC_GROUP,
            _ => LVS_ERR_OTHER,
        }
    }
}

impl From<UnknownRouter> for lvs_status {
    fn from(_: UnknownRouter) -> Self {
        LVS_ERR_NO_SUCH_ROUTER
    }
}
