//! What virtual routers of an engine are told.

use core::ffi::c_int;
use core::time::Duration;

use ::lvs_vrrp::{EngineSourceError, RouterId, Tracked};
use lvs_proto::Instant;
use lvs_proto::vrrp::Priority;

use self::lvs_engine_input_kind::*;
use super::{lvs_engine, lvs_router_id};
use crate::door::{required, status};
use crate::lvs_status::{
    LVS_ERR_INPUT, LVS_ERR_NO_SUCH_ROUTER, LVS_ERR_OTHER, LVS_ERR_ROUTER_EXISTS,
};
use crate::time::instant;
use crate::vrrp::memory::Machine;
use crate::{lvs_address, lvs_status, lvs_time};

/// What a virtual router of an engine can be told.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_engine_input_kind {
    /// As `lvs_vrrp_startup`.
    LVS_ENGINE_INPUT_STARTUP = 0,
    /// As `lvs_vrrp_shutdown`.
    LVS_ENGINE_INPUT_SHUTDOWN = 1,
    /// As `lvs_vrrp_interface_up`.
    LVS_ENGINE_INPUT_INTERFACE_UP = 2,
    /// As `lvs_vrrp_interface_down`.
    LVS_ENGINE_INPUT_INTERFACE_DOWN = 3,
}

/// Feeds `kind`, one of `enum lvs_engine_input_kind`, to a virtual router.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`, `LVS_ERR_INPUT`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_input(
    engine: Option<&mut lvs_engine>,
    now: lvs_time,
    router: lvs_router_id,
    kind: c_int,
) -> lvs_status {
    const STARTUP: c_int = LVS_ENGINE_INPUT_STARTUP as c_int;
    const SHUTDOWN: c_int = LVS_ENGINE_INPUT_SHUTDOWN as c_int;
    const INTERFACE_UP: c_int = LVS_ENGINE_INPUT_INTERFACE_UP as c_int;
    const INTERFACE_DOWN: c_int = LVS_ENGINE_INPUT_INTERFACE_DOWN as c_int;
    status(|| {
        let input: fn(&mut Machine, Instant) = match kind {
            STARTUP => Machine::startup,
            SHUTDOWN => Machine::shutdown,
            INTERFACE_UP => Machine::interface_up,
            INTERFACE_DOWN => Machine::interface_down,
            _ => return Err(LVS_ERR_INPUT),
        };
        feed(engine, router, |router| input(router, instant(now)))
    })
}

/// As `lvs_vrrp_resumed`.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_resumed(
    engine: Option<&mut lvs_engine>,
    now: lvs_time,
    router: lvs_router_id,
    gap: u64,
) -> lvs_status {
    let gap = Duration::from_micros(gap);
    status(|| feed(engine, router, |router| router.resumed(instant(now), gap)))
}

/// As `lvs_vrrp_hold_announcements`.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_hold_announcements(
    engine: Option<&mut lvs_engine>,
    router: lvs_router_id,
    until: lvs_time,
) -> lvs_status {
    status(|| feed(engine, router, |router| router.hold_announcements(instant(until))))
}

/// As `lvs_vrrp_set_priority`.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_set_priority(
    engine: Option<&mut lvs_engine>,
    now: lvs_time,
    router: lvs_router_id,
    priority: u8,
) -> lvs_status {
    let priority = Priority::new(priority);
    status(|| feed(engine, router, |router| router.set_priority(instant(now), priority)))
}

/// As `lvs_vrrp_set_source`.
///
/// # Errors
/// As there, `LVS_ERR_NO_SUCH_ROUTER`, and `LVS_ERR_ROUTER_EXISTS` if another virtual router of its
/// interface, VRID and family hears what it would hear there \[X-38\].
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_set_source(
    engine: Option<&mut lvs_engine>,
    now: lvs_time,
    router: lvs_router_id,
    source: Option<&lvs_address>,
) -> lvs_status {
    status(|| {
        let source = (*required(source)?).try_into()?;
        let (engine, id) = (required(engine)?, RouterId::from_bits(router));
        Ok(engine.0.write(|it| it.engine.set_source(instant(now), id, source))??)
    })
}

/// As `lvs_vrrp_peer_down`.
///
/// # Errors
/// As there, and `LVS_ERR_NO_SUCH_ROUTER`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_peer_down(
    engine: Option<&mut lvs_engine>,
    now: lvs_time,
    router: lvs_router_id,
    peer: Option<&lvs_address>,
) -> lvs_status {
    status(|| {
        let peer = (*required(peer)?).try_into()?;
        feed(engine, router, |router| router.peer_down(instant(now), peer))
    })
}

/// As `lvs_vrrp_set_tracked`.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_engine_set_tracked(
    engine: Option<&mut lvs_engine>,
    now: lvs_time,
    router: lvs_router_id,
    priority: u8,
    fault: c_int,
) -> lvs_status {
    let tracked = Tracked { priority: Priority::new(priority), fault: fault != 0 };
    status(|| feed(engine, router, |router| router.track(instant(now), tracked)))
}

fn feed(
    engine: Option<&mut lvs_engine>,
    router: lvs_router_id,
    input: impl FnOnce(&mut Machine),
) -> Result<(), lvs_status> {
    let id = RouterId::from_bits(router);
    Ok(required(engine)?.0.write(|it| it.engine.input(id, input))??)
}

impl From<EngineSourceError> for lvs_status {
    fn from(error: EngineSourceError) -> Self {
        match error {
            EngineSourceError::UnknownRouter => LVS_ERR_NO_SUCH_ROUTER,
            EngineSourceError::Source(error) => error.into(),
            EngineSourceError::Taken => LVS_ERR_ROUTER_EXISTS,
            _ => LVS_ERR_OTHER,
        }
    }
}
