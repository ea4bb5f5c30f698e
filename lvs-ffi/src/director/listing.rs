//! What a director has, as ipvsadm -L -n shows it.

use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;

use lvs_sched::Columns;

use self::lvs_columns::*;
use super::lvs_director;
use crate::door::{required, status};
use crate::lvs_status::{LVS_ERR_COLUMNS, LVS_ERR_LISTING_FLAGS, LVS_ERR_NO_SUCH_SERVICE};
use crate::service::key;
use crate::text::write_text;
use crate::time::instant;
use crate::{lvs_service_key, lvs_status, lvs_time};

/// What a listing shows of each destination.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_columns {
    /// Method, weight, active and inactive connections: what ipvsadm shows if nothing is said.
    LVS_COLUMNS_CONNECTIONS = 0,
    /// Method, kind of tunnel, weight, active and inactive connections (--tun-info).
    LVS_COLUMNS_TUNNELS = 1,
    /// Upper and lower threshold, active and inactive connections (--thresholds).
    LVS_COLUMNS_THRESHOLDS = 2,
    /// Weight, templates, active and inactive connections (--persistent-conn).
    LVS_COLUMNS_PERSISTENCE = 3,
    /// Connections, packets and octets, in and out (--stats).
    LVS_COLUMNS_STATISTICS = 4,
    /// The same per second (--rate).
    LVS_COLUMNS_RATES = 5,
}

/// Statistics and rates are written out however large they are (--exact).
pub const LVS_LISTING_EXACT: u32 = 1;
/// Destinations are in list order and services as they were made (--nosort).
pub const LVS_LISTING_KERNEL_ORDER: u32 = 2;

/// Writes the services and destinations as `ipvsadm -L -n` shows them \[OUT-1\], or one service
/// alone if `service` is not NULL. `columns` is one of `enum lvs_columns`, `flags` the sum of some
/// of `LVS_LISTING_*`. As with snprintf, what does not fit is cut off, the text ends with a NUL if
/// `capacity` is not 0, and `*length` is the octets of all of it without the NUL.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`, `LVS_ERR_COLUMNS`,
/// `LVS_ERR_LISTING_FLAGS`.
///
/// # Safety
/// `text` points to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_write_listing(
    director: Option<&lvs_director>,
    service: Option<&lvs_service_key>,
    columns: c_int,
    flags: u32,
    text: *mut c_char,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    status(|| {
        let (director, length) = (required(director)?.0.read()?, required(length)?);
        let mut listing = director.listing().with(self::columns(columns)?);
        if service.is_some() {
            let service = director.service(&key(service)?);
            listing = listing.of(service.ok_or(LVS_ERR_NO_SUCH_SERVICE)?);
        }
        if flags & !(LVS_LISTING_EXACT | LVS_LISTING_KERNEL_ORDER) != 0 {
            return Err(LVS_ERR_LISTING_FLAGS);
        }
        if flags & LVS_LISTING_EXACT != 0 {
            listing = listing.exact();
        }
        if flags & LVS_LISTING_KERNEL_ORDER != 0 {
            listing = listing.in_kernel_order();
        }
        // SAFETY: the caller's contract.
        length.write(unsafe { write_text(text, capacity, &listing) }?);
        Ok(())
    })
}

/// Writes the connections and templates as `ipvsadm -L -n -c` shows them at `now` \[OUT-5\], in no
/// order that means anything; with the columns of persistence engines (--persistent-conn) if
/// `persistence` is not 0. As with snprintf, what does not fit is cut off, the text ends with a NUL
/// if `capacity` is not 0, and `*length` is the octets of all of it without the NUL.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`.
///
/// # Safety
/// `text` points to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_write_conns(
    director: Option<&lvs_director>,
    now: lvs_time,
    persistence: c_int,
    text: *mut c_char,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> lvs_status {
    status(|| {
        let (director, length) = (required(director)?.0.read()?, required(length)?);
        let mut listing = director.conn_listing(instant(now));
        if persistence != 0 {
            listing = listing.with_persistence();
        }
        // SAFETY: the caller's contract.
        length.write(unsafe { write_text(text, capacity, &listing) }?);
        Ok(())
    })
}

fn columns(number: c_int) -> Result<Columns, lvs_status> {
    [
        (LVS_COLUMNS_CONNECTIONS, Columns::Connections),
        (LVS_COLUMNS_TUNNELS, Columns::Tunnels),
        (LVS_COLUMNS_THRESHOLDS, Columns::Thresholds),
        (LVS_COLUMNS_PERSISTENCE, Columns::Persistence),
        (LVS_COLUMNS_STATISTICS, Columns::Statistics),
        (LVS_COLUMNS_RATES, Columns::Rates),
    ]
    .into_iter()
    .find(|(known, _)| *known as c_int == number)
    .map(|(_, columns)| columns)
    .ok_or(LVS_ERR_COLUMNS)
}
