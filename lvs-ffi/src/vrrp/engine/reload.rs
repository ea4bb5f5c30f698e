//! Other configurations for virtual routers of an engine.

use core::mem::MaybeUninit;

use ::lvs_vrrp::{EngineApplyError, RouterId};

use super::{lvs_engine, lvs_router_id};
use crate::door::{required, status};
use crate::lvs_status::{LVS_ERR_NO_SUCH_ROUTER, LVS_ERR_OTHER, LVS_ERR_ROUTER_EXISTS};
use crate::time::instant;
use crate::vrrp::lists::Given;
use crate::vrrp::lvs_vrrp_config;
use crate::vrrp::reload::sum;
use crate::{lvs_status, lvs_time};

/// As `lvs_vrrp_plan`, of one virtual router.
///
/// # Errors
/// As for `lvs_engine_apply`, but `LVS_ERR_RESTART`: then `plan` has `LVS_VRRP_PLAN_RESTART`.
///
/// # Safety
/// `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_engine_plan(
    engine: Option<&mut lvs_engine>,
    router: lvs_router_id,
    config: *const lvs_vrrp_config,
    plan: Option<&mut MaybeUninit<u32>>,
) -> lvs_status {
    status(|| {
        let (lvs_engine(engine, rooms), out) = (required(engine)?, required(plan)?);
        let engine = &engine.read()?.engine;
        let id = RouterId::from_bits(router);
        // SAFETY: the caller's contract.
        let given = unsafe { Given::read(config) }?;
        // SAFETY: nobody has taken what was there before.
        let (addresses, peers) = unsafe { rooms.keep_spare(&given) }?;
        let config = given.config.try_into()?;
        out.write(sum(engine.plan(id, &config, addresses.as_ref(), peers.as_ref())?));
        Ok(())
    })
}

/// As `lvs_vrrp_apply`, for one virtual router.
///
/// # Errors
/// As there, but `LVS_ERR_TOO_MANY_ADDRESSES` or `LVS_ERR_PEER` if there are more than the engine has
/// room for; `LVS_ERR_NO_SUCH_ROUTER`; and `LVS_ERR_ROUTER_EXISTS` if another one of its interface, VRID
/// and family hears what it would hear then \[X-38\].
///
/// # Safety
/// `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_engine_apply(
    engine: Option<&mut lvs_engine>,
    now: lvs_time,
    router: lvs_router_id,
    config: *const lvs_vrrp_config,
    plan: Option<&mut MaybeUninit<u32>>,
) -> lvs_status {
    status(|| {
        let (lvs_engine(engine, rooms), out) = (required(engine)?, required(plan)?);
        let id = RouterId::from_bits(router);
        // SAFETY: the caller's contract.
        let given = unsafe { Given::read(config) }?;
        // SAFETY: nobody has taken what was there before.
        let (addresses, peers) = unsafe { rooms.keep_spare(&given) }?;
        let config = given.config.try_into()?;
        let plan =
            engine.write(|it| it.engine.apply(instant(now), id, config, addresses, peers))??;
        if !plan.is_empty() {
            rooms.exchange(id.slot());
        }
        out.write(sum(plan));
        Ok(())
    })
}

impl From<EngineApplyError> for lvs_status {
    fn from(error: EngineApplyError) -> Self {
        match error {
            EngineApplyError::UnknownRouter => LVS_ERR_NO_SUCH_ROUTER,
            EngineApplyError::Apply(error) => error.into(),
            EngineApplyError::Taken => LVS_ERR_ROUTER_EXISTS,
            _ => LVS_ERR_OTHER,
        }
    }
}
