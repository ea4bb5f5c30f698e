//! What a director has counted.

use lvs_sched::{DestId, Rates, Statistics, VerdictCounters};

use super::lvs_director;
use crate::door::{required, status, write_sized};
use crate::lvs_status::{LVS_ERR_NO_SUCH_DEST, LVS_ERR_NO_SUCH_SERVICE};
use crate::service::key;
use crate::{lvs_dest_id, lvs_service_key, lvs_status};

/// How many packets met with which verdict, and what else went wrong.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_director_counters {
    /// The sizeof of this struct.
    pub size: usize,
    /// LVS_VERDICT_FORWARD.
    pub forwarded: u64,
    /// LVS_VERDICT_REPLY.
    pub replied: u64,
    /// LVS_VERDICT_PASS.
    pub passed: u64,
    /// LVS_VERDICT_REJECT.
    pub rejected: u64,
    /// LVS_DROP_HEADER_UNREADABLE.
    pub dropped_header_unreadable: u64,
    /// LVS_DROP_DESTINATION_DELETED.
    pub dropped_destination_deleted: u64,
    /// LVS_DROP_TRACKED.
    pub dropped_tracked: u64,
    /// LVS_DROP_TABLE_FULL.
    pub dropped_table_full: u64,
    /// LVS_DROP_DEFENDED.
    pub dropped_defended: u64,
    /// LVS_DROP_NO_CALL_ID.
    pub dropped_no_call_id: u64,
    /// LVS_DROP_ICMP_ERROR.
    pub dropped_icmp_error: u64,
    /// LVS_DROP_NO_LOCAL_PORT.
    pub dropped_no_local_port: u64,
    /// LVS_DROP_LATER_FRAGMENT.
    pub dropped_later_fragment: u64,
    /// Packets in fragments that were forgotten before their time, for want of room: what follows
    /// of them is dropped.
    pub forgotten_fragments: u64,
}

/// What went through a destination, a service or a director \[EST-1\], and how fast, as of the last
/// `lvs_director_estimate`: an average over some 8 s \[EST-7\].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_statistics {
    /// The sizeof of this struct.
    pub size: usize,
    /// Connections scheduled; templates do not count.
    pub conns: u64,
    /// Packets from clients.
    pub in_packets: u64,
    /// Packets from real servers that the director saw.
    pub out_packets: u64,
    /// Octets of the packets from clients, IP headers included, as they came.
    pub in_octets: u64,
    /// Octets of the packets from real servers, IP headers included, as they went to the client.
    pub out_octets: u64,
    /// Connections scheduled per second.
    pub conns_per_sec: u64,
    /// Packets from clients per second.
    pub in_packets_per_sec: u64,
    /// Packets from real servers per second.
    pub out_packets_per_sec: u64,
    /// Octets from clients per second.
    pub in_octets_per_sec: u64,
    /// Octets from real servers per second.
    pub out_octets_per_sec: u64,
}

const _: () = assert!(align_of::<u64>() < 8 || size_of::<lvs_director_counters>() == 120);
const _: () = assert!(align_of::<u64>() < 8 || size_of::<lvs_statistics>() == 88);

/// Fills in how many packets met with which verdict. `out->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `out` points to a `struct lvs_director_counters` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_get_counters(
    director: Option<&lvs_director>,
    out: *mut lvs_director_counters,
) -> lvs_status {
    status(|| {
        let counters = required(director)?.0.read()?.counters();
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, counters.into()) }
    })
}

/// Fills in what went through all services. `out->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `out` points to a `struct lvs_statistics` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_get_statistics(
    director: Option<&lvs_director>,
    out: *mut lvs_statistics,
) -> lvs_status {
    status(|| {
        let director = required(director)?.0.read()?;
        let statistics = lvs_statistics::new(director.statistics(), director.rates());
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, statistics) }
    })
}

/// Fills in what went through a service. `out->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`.
///
/// # Safety
/// `out` points to a `struct lvs_statistics` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_get_service_statistics(
    director: Option<&lvs_director>,
    service: Option<&lvs_service_key>,
    out: *mut lvs_statistics,
) -> lvs_status {
    status(|| {
        let (director, key) = (required(director)?.0.read()?, key(service)?);
        let service = director.service(&key).ok_or(LVS_ERR_NO_SUCH_SERVICE)?;
        let statistics = lvs_statistics::new(&service.statistics(), &service.rates());
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, statistics) }
    })
}

/// Fills in what went through a destination; a deleted one as long as it is remembered.
/// `out->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_NO_SUCH_DEST`.
///
/// # Safety
/// `out` points to a `struct lvs_statistics` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_get_dest_statistics(
    director: Option<&lvs_director>,
    dest: lvs_dest_id,
    out: *mut lvs_statistics,
) -> lvs_status {
    status(|| {
        let director = required(director)?.0.read()?;
        let dest = director.dest(DestId::from_bits(dest)).ok_or(LVS_ERR_NO_SUCH_DEST)?;
        let statistics = lvs_statistics::new(&dest.statistics(), dest.rates());
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, statistics) }
    })
}

/// Advances the rates of the director, its services and their destinations. Who shows rates calls
/// this every 2 seconds; nothing else depends on it, and so no deadline tells of it \[EST-3\].
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_estimate(director: Option<&mut lvs_director>) -> lvs_status {
    status(|| required(director)?.0.write(lvs_sched::Director::estimate))
}

/// Counts a service and its destinations from zero again; everything, if `service` is NULL
/// \[CTL-9\].
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_zero(
    director: Option<&mut lvs_director>,
    service: Option<&lvs_service_key>,
) -> lvs_status {
    status(|| {
        let director = required(director)?;
        let key = service.map(|key| (*key).try_into()).transpose()?;
        Ok(director.0.write(|director| director.zero(key.as_ref()))??)
    })
}

impl From<&VerdictCounters> for lvs_director_counters {
    fn from(counters: &VerdictCounters) -> Self {
        Self {
            size: size_of::<Self>(),
            forwarded: counters.forwarded,
            replied: counters.replied,
            passed: counters.passed,
            rejected: counters.rejected,
            dropped_header_unreadable: counters.dropped_header_unreadable,
            dropped_destination_deleted: counters.dropped_destination_deleted,
            dropped_tracked: counters.dropped_tracked,
            dropped_table_full: counters.dropped_table_full,
            dropped_defended: counters.dropped_defended,
            dropped_no_call_id: counters.dropped_no_call_id,
            dropped_icmp_error: counters.dropped_icmp_error,
            dropped_no_local_port: counters.dropped_no_local_port,
            dropped_later_fragment: counters.dropped_later_fragment,
            forgotten_fragments: counters.forgotten_fragments,
        }
    }
}

impl lvs_statistics {
    const fn new(statistics: &Statistics, rates: &Rates) -> Self {
        Self {
            size: size_of::<Self>(),
            conns: statistics.conns,
            in_packets: statistics.in_packets,
            out_packets: statistics.out_packets,
            in_octets: statistics.in_octets,
            out_octets: statistics.out_octets,
            conns_per_sec: rates.conns_per_sec(),
            in_packets_per_sec: rates.in_packets_per_sec(),
            out_packets_per_sec: rates.out_packets_per_sec(),
            in_octets_per_sec: rates.in_octets_per_sec(),
            out_octets_per_sec: rates.out_octets_per_sec(),
        }
    }
}
