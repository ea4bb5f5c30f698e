//! Checkers: which real servers are well, and what the director is to make of it.

mod action;
mod config;

use alloc::boxed::Box;
use core::ffi::c_int;
use core::mem::MaybeUninit;

use lvs_proto::Instant;
use lvs_sched::health::{CheckId, Checker, RealServer};

pub use self::action::*;
pub use self::config::*;
use crate::door::{
    Guarded, assert_thread_rule, boxed, number, read_sized, required, status, write_sized,
};
use crate::lvs_status::{LVS_ERR_NO_SUCH_SERVICE, LVS_ERR_STALE_CHECK};
use crate::service::key;
use crate::time::instant;
use crate::{lvs_address, lvs_dest_config, lvs_service_key, lvs_status, lvs_time};

/// The health of real servers, as keepalived's checkers and ldirectord see to it, save for the
/// connections.
///
/// Its loop: drain `lvs_checker_poll_action` until it is empty, wait for the outcome of an attempt or
/// for the deadline, feed exactly one input, drain again. Real servers come into the director by the
/// actions of the checker, not before, and go the same way. While quorum is lost a sorry server is
/// in, if there is one.
#[derive(Debug)]
pub struct lvs_checker(Guarded<Checker>);

const _: () = assert_thread_rule::<lvs_checker>();

/// Makes a checker of nothing yet.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_NO_MEMORY`.
///
/// # Safety
/// `config` points to a `struct lvs_checker_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_checker_create(
    config: *const lvs_checker_config,
    out: Option<&mut MaybeUninit<Box<lvs_checker>>>,
) -> lvs_status {
    status(|| {
        let out = required(out)?;
        // SAFETY: the caller's contract.
        let config = unsafe { read_sized(config) }?.into();
        out.write(boxed(lvs_checker(Guarded::new(Checker::new(config)?)))?);
        Ok(())
    })
}

/// Ends a checker; NULL is allowed. The handle is not to be used again.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_checker_destroy(checker: Option<Box<lvs_checker>>) {
    status(|| {
        drop(checker);
        Ok(())
    });
}

/// Adds a virtual server, whose service the director has already.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_QUORUM`, `LVS_ERR_SERVICE_EXISTS` also while one
/// of this key is being removed, `LVS_ERR_NO_MEMORY`, and those of `lvs_director_add_dest` about the
/// fields of the sorry server.
///
/// # Safety
/// `config` points to a `struct lvs_virtual_server` of any version, its sorry server to a `struct
/// lvs_dest_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_checker_add_service(
    checker: Option<&mut lvs_checker>,
    now: lvs_time,
    config: *const lvs_virtual_server,
) -> lvs_status {
    status(|| {
        let checker = required(checker)?;
        // SAFETY: the caller's contract.
        let config = unsafe { read_sized(config)?.read() }?;
        Ok(checker.0.write(|checker| checker.add_service(instant(now), config))??)
    })
}

/// Removes a virtual server and its real servers, from the director too; the service itself stays
/// there.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_checker_remove_service(
    checker: Option<&mut lvs_checker>,
    now: lvs_time,
    service: Option<&lvs_service_key>,
) -> lvs_status {
    status(|| {
        let (checker, key) = (required(checker)?, key(service)?);
        Ok(checker.0.write(|checker| checker.remove_service(instant(now), &key))??)
    })
}

/// Removes all virtual servers.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_checker_shutdown(
    checker: Option<&mut lvs_checker>,
    now: lvs_time,
) -> lvs_status {
    input(checker, now, Checker::shutdown)
}

/// Adds a real server: `dest` is what the director gets while all of its `check_count` checks say
/// that it is up. While it is down it stays with weight 0 if `inhibit_on_failure` is not 0, and else
/// is taken out. Whether it fits the service is for the director to say.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_METHOD`,
/// `LVS_ERR_TUNNEL`, `LVS_ERR_TEXT`, `LVS_ERR_CHECK`, `LVS_ERR_CONNECT_PORT`,
/// `LVS_ERR_TOO_MANY_CHECKS`, `LVS_ERR_NO_SUCH_SERVICE`, `LVS_ERR_NO_MEMORY`; `LVS_ERR_DEST_EXISTS`
/// also while one of this address and port is being removed.
///
/// # Safety
/// `dest` points to a `struct lvs_dest_config` of any version, `checks` to `check_count` structs
/// whose texts end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_checker_add_dest(
    checker: Option<&mut lvs_checker>,
    now: lvs_time,
    service: Option<&lvs_service_key>,
    dest: *const lvs_dest_config,
    inhibit_on_failure: c_int,
    checks: *const lvs_check_config,
    check_count: usize,
) -> lvs_status {
    status(|| {
        let (checker, key) = (required(checker)?, key(service)?);
        let server = RealServer {
            // SAFETY: the caller's contract.
            dest: unsafe { read_sized(dest) }?.try_into()?,
            inhibit_on_failure: inhibit_on_failure != 0,
            // SAFETY: the caller's contract.
            checks: unsafe { config::checks(checks, check_count) }?,
        };
        Ok(checker.0.write(|checker| checker.add_dest(instant(now), &key, server))??)
    })
}

/// Replaces what the director gets of the real server of that address and port while it is up, such
/// as its weight. Its checks go on as they are.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`, `LVS_ERR_METHOD`, `LVS_ERR_TUNNEL`,
/// `LVS_ERR_NO_SUCH_SERVICE`, `LVS_ERR_NO_SUCH_DEST`.
///
/// # Safety
/// `dest` points to a `struct lvs_dest_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_checker_edit_dest(
    checker: Option<&mut lvs_checker>,
    now: lvs_time,
    service: Option<&lvs_service_key>,
    dest: *const lvs_dest_config,
) -> lvs_status {
    status(|| {
        let (checker, key) = (required(checker)?, key(service)?);
        // SAFETY: the caller's contract.
        let dest = unsafe { read_sized(dest) }?.try_into()?;
        Ok(checker.0.write(|checker| checker.edit_dest(instant(now), &key, dest))??)
    })
}

/// Removes a real server, from the director too.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`, `LVS_ERR_NO_SUCH_DEST`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_checker_remove_dest(
    checker: Option<&mut lvs_checker>,
    now: lvs_time,
    service: Option<&lvs_service_key>,
    address: Option<&lvs_address>,
    port: u16,
) -> lvs_status {
    status(|| {
        let (checker, key) = (required(checker)?, key(service)?);
        let address = (*required(address)?).try_into()?;
        let remove = |checker: &mut Checker| checker.remove_dest(instant(now), &key, address, port);
        Ok(checker.0.write(remove)??)
    })
}

/// Lets time pass. Before the deadline nothing happens.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_checker_handle_timeout(
    checker: Option<&mut lvs_checker>,
    now: lvs_time,
) -> lvs_status {
    input(checker, now, Checker::handle_timeout)
}

fn input(
    checker: Option<&mut lvs_checker>,
    now: lvs_time,
    input: impl FnOnce(&mut Checker, Instant),
) -> lvs_status {
    status(|| required(checker)?.0.write(|checker| input(checker, instant(now))))
}

/// An attempt has come to its end. What comes of an attempt that is over is ignored.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_OUTCOME`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_checker_handle_outcome(
    checker: Option<&mut lvs_checker>,
    now: lvs_time,
    attempt: Option<&lvs_check_attempt>,
    outcome: Option<&lvs_check_outcome>,
) -> lvs_status {
    status(|| {
        let (checker, attempt) = (required(checker)?, (*required(attempt)?).into());
        let outcome = (*required(outcome)?).try_into()?;
        checker.0.write(|checker| checker.handle_outcome(instant(now), attempt, outcome))
    })
}

/// The next thing to do: 1 and the action in `out`, or 0 when all is done.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_checker_poll_action(
    checker: Option<&mut lvs_checker>,
    out: Option<&mut MaybeUninit<lvs_checker_action>>,
) -> c_int {
    number(|| {
        let (checker, out) = (required(checker)?, required(out)?);
        let Some(action) = checker.0.write(Checker::poll_action)? else { return Ok(0) };
        out.write(action.into());
        Ok(1)
    })
}

/// When `lvs_checker_handle_timeout` is due: 1 and the moment in `out`, or 0 if there are no checks.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_checker_next_deadline(
    checker: Option<&lvs_checker>,
    out: Option<&mut MaybeUninit<lvs_time>>,
) -> c_int {
    number(|| {
        let (checker, out) = (required(checker)?, required(out)?);
        let Some(deadline) = checker.0.read()?.next_deadline() else { return Ok(0) };
        out.write(deadline.as_micros());
        Ok(1)
    })
}

/// Whether a service has quorum, as of the last drain: 1 or 0.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_checker_has_quorum(
    checker: Option<&lvs_checker>,
    service: Option<&lvs_service_key>,
) -> c_int {
    number(|| {
        let (checker, key) = (required(checker)?.0.read()?, key(service)?);
        Ok(checker.has_quorum(&key).ok_or(LVS_ERR_NO_SUCH_SERVICE)?.into())
    })
}

/// Fills in the check of an attempt: what to ask for, and how it stands. `out->size` is to be set
/// before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_STALE_CHECK`.
///
/// # Safety
/// `out` points to a `struct lvs_check` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_checker_get_check(
    checker: Option<&lvs_checker>,
    attempt: Option<&lvs_check_attempt>,
    out: *mut lvs_check,
) -> lvs_status {
    status(|| {
        let checker = required(checker)?.0.read()?;
        let check = CheckId::from_bits(required(attempt)?.check);
        let check = checker.check(check).ok_or(LVS_ERR_STALE_CHECK)?;
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, check.into()) }
    })
}
