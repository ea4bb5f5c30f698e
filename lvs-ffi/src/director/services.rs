//! The services of a director and their destinations, one by one.

use core::mem::MaybeUninit;

use lvs_sched::{DestId, Director};

use super::lvs_director;
use crate::door::{items_mut, read_sized, required, status, write_sized};
use crate::lvs_status::{LVS_ERR_NO_SUCH_DEST, LVS_ERR_NO_SUCH_SERVICE};
use crate::service::key;
use crate::time::instant;
use crate::{
    lvs_address, lvs_dest, lvs_dest_config, lvs_dest_id, lvs_service_config, lvs_service_key,
    lvs_status, lvs_time,
};

/// Adds a service.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`, `LVS_ERR_SCHEDULER`,
/// `LVS_ERR_SCHEDULER_FLAGS`, `LVS_ERR_ENGINE`, `LVS_ERR_POLICY`, `LVS_ERR_PROTOCOL`,
/// `LVS_ERR_NETMASK`, `LVS_ERR_SERVICE_EXISTS`, `LVS_ERR_NO_MEMORY`.
///
/// # Safety
/// `config` points to a `struct lvs_service_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_add_service(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    config: *const lvs_service_config,
) -> lvs_status {
    status(|| {
        let director = required(director)?;
        // SAFETY: the caller's contract.
        let config = unsafe { read_sized(config) }?.try_into()?;
        Ok(director.0.write(|director| director.add_service(instant(now), config))??)
    })
}

/// Replaces the configuration of the service of that key. Its connections and templates stay as
/// they are, and so does the state of a scheduler that stays the same \[SVC-6\] \[SCH-5\].
///
/// # Errors
/// As for `lvs_director_add_service`, but `LVS_ERR_NO_SUCH_SERVICE`, and `LVS_ERR_TOO_MANY_DESTS`
/// if the scheduler cannot start with so many destinations \[MH-9\].
///
/// # Safety
/// `config` points to a `struct lvs_service_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_edit_service(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    config: *const lvs_service_config,
) -> lvs_status {
    status(|| {
        let director = required(director)?;
        // SAFETY: the caller's contract.
        let config = unsafe { read_sized(config) }?.try_into()?;
        Ok(director.0.write(|director| director.edit_service(instant(now), config))??)
    })
}

/// Deletes a service and its destinations. Its connections stay until they end, but their packets
/// are dropped \[SVC-7\], or passed if no service is left \[IN-1\]; where `expire_nodest_conn` is set
/// they end at once \[DST-7\].
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_delete_service(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    service: Option<&lvs_service_key>,
) -> lvs_status {
    status(|| {
        let (director, key) = (required(director)?, key(service)?);
        Ok(director.0.write(|director| director.delete_service(instant(now), &key))??)
    })
}

/// Deletes all services.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_clear(
    director: Option<&mut lvs_director>,
    now: lvs_time,
) -> lvs_status {
    status(|| required(director)?.0.write(|director| director.clear(instant(now))))
}

/// Writes the keys of the services, the oldest first: at most `capacity`. `*count` is how many
/// there are, be it more.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`.
///
/// # Safety
/// `keys` points to room for `capacity` keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_get_services(
    director: Option<&lvs_director>,
    keys: *mut lvs_service_key,
    capacity: usize,
    count: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    status(|| {
        let (director, count) = (required(director)?.0.read()?, required(count)?);
        // SAFETY: the caller's contract; any octets are a key.
        let keys = unsafe { items_mut(keys, capacity) }?;
        let services = director.services();
        for (key, service) in keys.iter_mut().zip(&services) {
            *key = service.config().key.into();
        }
        count.write(services.len());
        Ok(())
    })
}

/// Fills in what a service was told to be. `out->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`.
///
/// # Safety
/// `out` points to a `struct lvs_service_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_get_service(
    director: Option<&lvs_director>,
    service: Option<&lvs_service_key>,
    out: *mut lvs_service_config,
) -> lvs_status {
    status(|| {
        let (director, key) = (required(director)?.0.read()?, key(service)?);
        let service = director.service(&key).ok_or(LVS_ERR_NO_SUCH_SERVICE)?;
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, (*service.config()).into()) }
    })
}

/// Adds a destination to a service, at the head of its list \[DST-1\]. One that was deleted and
/// still has connections comes back with them \[DST-5\].
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`, `LVS_ERR_METHOD`, `LVS_ERR_TUNNEL`,
/// `LVS_ERR_TUNNEL_PORT`, `LVS_ERR_WEIGHT`,
/// `LVS_ERR_THRESHOLDS_CROSSED`, `LVS_ERR_UPPER_THRESHOLD`, `LVS_ERR_NOT_UNICAST`,
/// `LVS_ERR_MIXED_FAMILIES`, `LVS_ERR_NO_SUCH_SERVICE`, `LVS_ERR_DEST_EXISTS`,
/// `LVS_ERR_NO_MEMORY`.
///
/// # Safety
/// `config` points to a `struct lvs_dest_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_add_dest(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    service: Option<&lvs_service_key>,
    config: *const lvs_dest_config,
    out: Option<&mut MaybeUninit<lvs_dest_id>>,
) -> lvs_status {
    status(|| {
        let (director, key, out) = (required(director)?, key(service)?, required(out)?);
        // SAFETY: the caller's contract.
        let config = unsafe { read_sized(config) }?.try_into()?;
        let id = director.0.write(|director| director.add_dest(instant(now), &key, config))??;
        out.write(id.to_bits());
        Ok(())
    })
}

/// Replaces the configuration of the destination of that address and port, in its place \[DST-3\]
/// \[DST-10\].
///
/// # Errors
/// As for `lvs_director_add_dest`, but `LVS_ERR_NO_SUCH_DEST`.
///
/// # Safety
/// `config` points to a `struct lvs_dest_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_edit_dest(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    service: Option<&lvs_service_key>,
    config: *const lvs_dest_config,
) -> lvs_status {
    status(|| {
        let (director, key) = (required(director)?, key(service)?);
        // SAFETY: the caller's contract.
        let config = unsafe { read_sized(config) }?.try_into()?;
        Ok(director.0.write(|director| director.edit_dest(instant(now), &key, config))??)
    })
}

/// Takes a destination out of a service. Its connections stay until they end, but their packets are
/// dropped \[NOD-1\].
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`, `LVS_ERR_NO_SUCH_DEST`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_delete_dest(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    service: Option<&lvs_service_key>,
    address: Option<&lvs_address>,
    port: u16,
) -> lvs_status {
    status(|| {
        let (director, key) = (required(director)?, key(service)?);
        let address = (*required(address)?).try_into()?;
        let delete =
            |director: &mut Director| director.delete_dest(instant(now), &key, address, port);
        Ok(director.0.write(delete)??)
    })
}

/// Writes the ids of the destinations of a service in list order, the newest first \[DST-1\]: at
/// most `capacity`. `*count` is how many there are, be it more.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`.
///
/// # Safety
/// `dests` points to room for `capacity` ids.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_get_dests(
    director: Option<&lvs_director>,
    service: Option<&lvs_service_key>,
    dests: *mut lvs_dest_id,
    capacity: usize,
    count: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    status(|| {
        let (director, key) = (required(director)?.0.read()?, key(service)?);
        let count = required(count)?;
        // SAFETY: the caller's contract; any octets are a number.
        let dests = unsafe { items_mut(dests, capacity) }?;
        let service = director.service(&key).ok_or(LVS_ERR_NO_SUCH_SERVICE)?;
        for (dest, (id, _)) in dests.iter_mut().zip(service.dests()) {
            *dest = id.to_bits();
        }
        count.write(service.dests().count());
        Ok(())
    })
}

/// Fills in what is known of a destination; of a deleted one as long as it is remembered.
/// `out->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_NO_SUCH_DEST`.
///
/// # Safety
/// `out` points to a `struct lvs_dest` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_get_dest(
    director: Option<&lvs_director>,
    dest: lvs_dest_id,
    out: *mut lvs_dest,
) -> lvs_status {
    status(|| {
        let director = required(director)?.0.read()?;
        let dest = director.dest(DestId::from_bits(dest)).ok_or(LVS_ERR_NO_SUCH_DEST)?;
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, dest.into()) }
    })
}
