//! The local addresses of full address translation.

use super::lvs_director;
use crate::door::{required, status};
use crate::{lvs_address, lvs_status};

/// Adds an address that packets of LVS_METHOD_FULL_NAT may come from in the eyes of real servers, from
/// the ports that the director was created with (`ipvsadm --add-laddr` of DPVS), for all services.
/// Answers to it must reach this director; nobody else may use those ports.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NOT_UNICAST`, `LVS_ERR_LOCAL_EXISTS`,
/// `LVS_ERR_NO_MEMORY`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_add_local(
    director: Option<&mut lvs_director>,
    address: Option<&lvs_address>,
) -> lvs_status {
    status(|| {
        let (director, address) = (required(director)?, (*required(address)?).try_into()?);
        Ok(director.0.write(|director| director.add_local(address))??)
    })
}

/// Gives a local address to no more new connections; those that have it keep it.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_LOCAL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_delete_local(
    director: Option<&mut lvs_director>,
    address: Option<&lvs_address>,
) -> lvs_status {
    status(|| {
        let (director, address) = (required(director)?, (*required(address)?).try_into()?);
        Ok(director.0.write(|director| director.delete_local(address))??)
    })
}
