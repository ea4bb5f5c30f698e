//! Other configurations for virtual routers that run.

use core::mem::MaybeUninit;

use ::lvs_vrrp::{ApplyError, Plan};

use super::lists::Given;
use super::memory::VirtualRouter;
use super::{lvs_vrrp, lvs_vrrp_config};
use crate::door::{required, status};
use crate::lvs_status::{LVS_ERR_OTHER, LVS_ERR_RESTART};
use crate::time::instant;
use crate::{lvs_status, lvs_time};

/// It is another virtual router: version, VRID or family differ. Shut this one down, drain its actions,
/// and make a new one.
pub const LVS_VRRP_PLAN_RESTART: u32 = 1;
/// The configured priority changes. The effective one keeps its distance \[T-7\].
pub const LVS_VRRP_PLAN_PRIORITY: u32 = 2;
/// The interval changes, or the count of adverts. Running timers move by the difference; the advert that
/// is due next may come sooner, but not later \[T-7\].
pub const LVS_VRRP_PLAN_TIMERS: u32 = 4;
/// The virtual addresses change, or their order, or how many of them adverts list.
pub const LVS_VRRP_PLAN_ADDRESSES: u32 = 8;
/// The peers change, or their order.
pub const LVS_VRRP_PLAN_PEERS: u32 = 16;
/// Something else changes, which counts from its next use on.
pub const LVS_VRRP_PLAN_OPTIONS: u32 = 32;

/// What `lvs_vrrp_apply` would change: `plan` is the sum of some of `LVS_VRRP_PLAN_*`, 0 if nothing
/// changes \[FSM-26\].
///
/// # Errors
/// As for `lvs_vrrp_apply`, but `LVS_ERR_RESTART`: then `plan` has `LVS_VRRP_PLAN_RESTART`.
///
/// # Safety
/// `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_plan(
    vrrp: Option<&mut lvs_vrrp>,
    config: *const lvs_vrrp_config,
    plan: Option<&mut MaybeUninit<u32>>,
) -> lvs_status {
    status(|| {
        let (lvs_vrrp(vrrp, rooms), out) = (required(vrrp)?, required(plan)?);
        let router = &vrrp.read()?.router;
        // SAFETY: the caller's contract.
        let given = unsafe { Given::read(config) }?;
        let room = rooms.spare(given.octets()?)?;
        // SAFETY: there is room for the lists, and nobody uses it.
        let (addresses, peers) = unsafe { given.keep(room) }?;
        let config = given.config.try_into()?;
        out.write(sum(router.plan(&config, addresses.as_ref(), peers.as_ref())?));
        Ok(())
    })
}

/// Takes another configuration and keeps state and deadlines; `plan` is what has changed, as with
/// `lvs_vrrp_plan`. An unchanged virtual router does nothing \[FSM-26\].
///
/// An Active router whose addresses changed, or that begins or ceases to accept packets to them, has
/// them installed; it announces them if one is new, and the advert that is due next lists them. Another
/// priority is as with `lvs_vrrp_set_priority`. `config->source` is ignored: `lvs_vrrp_set_source` changes
/// that. Authentication stays as it is.
///
/// # Errors
/// As for `lvs_vrrp_create`, but for `source`; `LVS_ERR_RESTART` if it is another virtual router;
/// `LVS_ERR_BUFFER_TOO_SMALL` if `lvs_vrrp_init` had less memory than `lvs_vrrp_sizeof` says for so many
/// addresses and peers.
///
/// # Safety
/// `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_apply(
    vrrp: Option<&mut lvs_vrrp>,
    now: lvs_time,
    config: *const lvs_vrrp_config,
    plan: Option<&mut MaybeUninit<u32>>,
) -> lvs_status {
    status(|| {
        let (lvs_vrrp(vrrp, rooms), out) = (required(vrrp)?, required(plan)?);
        // SAFETY: the caller's contract.
        let given = unsafe { Given::read(config) }?;
        let room = rooms.spare(given.octets()?)?;
        // SAFETY: there is room for the lists, and nobody uses it.
        let (addresses, peers) = unsafe { given.keep(room) }?;
        let config = given.config.try_into()?;
        let apply =
            |vrrp: &mut VirtualRouter| vrrp.router.apply(instant(now), config, addresses, peers);
        let plan = vrrp.write(apply)??;
        if !plan.is_empty() {
            rooms.exchange();
        }
        out.write(sum(plan));
        Ok(())
    })
}

/// A plan in the words of C.
pub(super) fn sum(plan: Plan) -> u32 {
    [
        (plan.restart, LVS_VRRP_PLAN_RESTART),
        (plan.priority, LVS_VRRP_PLAN_PRIORITY),
        (plan.timers, LVS_VRRP_PLAN_TIMERS),
        (plan.addresses, LVS_VRRP_PLAN_ADDRESSES),
        (plan.peers, LVS_VRRP_PLAN_PEERS),
        (plan.options, LVS_VRRP_PLAN_OPTIONS),
    ]
    .into_iter()
    .filter_map(|(changes, flag)| changes.then_some(flag))
    .sum()
}

impl From<ApplyError> for lvs_status {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Config(error) => error.into(),
            ApplyError::Restart => LVS_ERR_RESTART,
            _ => LVS_ERR_OTHER,
        }
    }
}
