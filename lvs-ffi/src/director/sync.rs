//! Connections told to other directors, so that they go on there.
//!
//! A master announces its connections in messages that are polled and sent; a backup is a director that
//! is handed them. One may be both. Messages are those of Linux, by UDP to 224.0.0.81 port 8848 with
//! TTL 1 unless agreed otherwise \[SYD-1\]. They prove nothing about their sender: take them from a
//! link that only directors can send to.

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::num::NonZeroU32;
use core::time::Duration;

use lvs_proto::Instant;
use lvs_proto::sync::{Message, RecordError, Version};
use lvs_sched::{
    Director, SyncOutbox, SyncOutboxConfig, SyncOutboxCounters, SyncPolicy, SyncReceived,
    SyncThreshold,
};

use super::lvs_director;
use crate::door::{
    check_size, items, items_mut, number, read_sized, required, status, write_sized,
};
use crate::lvs_status::{
    LVS_ERR_BUFFER_TOO_SMALL, LVS_ERR_SYNC_ID, LVS_ERR_SYNC_MASTER, LVS_ERR_SYNC_VERSION,
};
use crate::time::instant;
use crate::{lvs_status, lvs_time};

/// What a master or a backup is told to be.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_sync_config {
    /// The sizeof of this struct.
    pub size: usize,
    /// Of a master: a connection is announced at those of its request packets whose number leaves
    /// `threshold_packets` when divided by `threshold_period`; with a period of 0 at that number alone,
    /// or at any if there is a refresh period \[SYN-7\] \[SYN-8\]. Of a backup: as many packets it takes a
    /// connection to have had \[BK-10\].
    pub threshold_packets: u32,
    /// See there; greater than `threshold_packets`, or 0 \[SYN-12\].
    pub threshold_period: u32,
    /// Of a master: seconds for which what was announced is not announced again while it stays in its
    /// state; at most half its timeout counts, or 10 s if that is more. 0 puts nothing off \[SYN-6\].
    pub refresh_period_secs: u32,
    /// Of a master: microseconds from one tick of the kernel's clock to the next; refreshing goes by
    /// ticks. 4000 by default; 0 counts as 1.
    pub tick_micros: u32,
    /// Of a master: the most octets of a message, at least 8; what fits into a packet is best
    /// \[SYD-3\].
    pub message_length: u16,
    /// Of a master: the most messages that wait to be polled; those in excess are lost, and counted.
    /// Memory for them is taken at the start.
    pub queue_length: u16,
    /// Of a master: the format of messages, 0 or 1; a backup takes both.
    pub version: u8,
    /// Of a master: the group of directors that messages are for. Of a backup: the one whose messages
    /// it takes; with 0 it takes all \[BK-1\].
    pub sync_id: u8,
    /// Of a master: how often it is announced again all the same, an eighth of the refresh period
    /// apart: 0 to 3; more counts as 3 \[SYN-6\].
    pub retries: u8,
    /// Of a master: 1 leaves out the connections of templates \[SYN-3\], else 0.
    pub persist_mode: u8,
}

/// What became of the records of a message.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_sync_received {
    /// The sizeof of this struct.
    pub size: usize,
    /// Of connections and templates that were new.
    pub created: u32,
    /// Of some that were known.
    pub updated: u32,
    /// Passed over: about another real server than that of a connection that goes on \[BK-7\].
    pub ignored: u32,
    /// No room for the connection, or for its destination; then it goes on without one \[BK-8\].
    pub table_full: u32,
    /// Not understood, and passed over \[BK-4\].
    pub refused: u32,
    /// 1 if one was damaged: it is lost, and all behind it \[BK-3\] \[BK-4\]; else 0.
    pub damaged: u32,
}

/// How many records and messages a master had.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_sync_counters {
    /// The sizeof of this struct.
    pub size: usize,
    /// Records put into messages.
    pub records: u64,
    /// Messages polled.
    pub messages: u64,
    /// Records lost with messages for which the queue had no room.
    pub records_dropped: u64,
    /// Records that no message can carry: IPv6 in version 0, mixed families \[BK-13\], or longer than
    /// a message.
    pub records_unsendable: u64,
}

const _: () = assert!(size_of::<lvs_sync_config>() == size_of::<usize>() + 24);
const _: () = assert!(size_of::<lvs_sync_received>() == size_of::<usize>() + 24);
const _: () = assert!(align_of::<u64>() < 8 || size_of::<lvs_sync_counters>() == 40);

/// Fills in the kernel's defaults: version 1, announced at the third packet and at every fiftieth after
/// it, no refreshing; sync id 0, and 64 messages that fit into an Ethernet frame. `config->size` is to
/// be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `config` points to a `struct lvs_sync_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_sync_config_init(config: *mut lvs_sync_config) -> lvs_status {
    let defaults = lvs_sync_config::new(&SyncPolicy::default(), &SyncOutboxConfig::default());
    // SAFETY: the caller's contract.
    status(|| unsafe { write_sized(config, defaults) })
}

/// Has a director announce its connections from now on: also those that another director told of
/// \[SYN-14\], but none by LVS_METHOD_FULL_NAT, of which no message can say enough. Poll for messages
/// after each burst of packets and each `lvs_director_handle_timeout`; the deadline is now also that of a
/// message that has waited 2 s for more records \[SYD-6\]. Counters begin at zero, and what was left to
/// be polled of an earlier start is lost.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_SYNC_VERSION`, `LVS_ERR_SYNC_THRESHOLD`,
/// `LVS_ERR_SYNC_LENGTH`, `LVS_ERR_NO_MEMORY`; `LVS_ERR_SYNC_MASTER` if it is a master already.
///
/// # Safety
/// `config` points to a `struct lvs_sync_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_start_sync_master(
    director: Option<&mut lvs_director>,
    config: *const lvs_sync_config,
) -> lvs_status {
    status(|| {
        let lvs_director(director, .., stopped) = required(director)?;
        // SAFETY: the caller's contract.
        let config = unsafe { read_sized(config) }?;
        let policy = config.try_into()?;
        if director.read()?.sync_outbox().is_some() {
            return Err(LVS_ERR_SYNC_MASTER);
        }
        let outbox = SyncOutbox::new(config.outbox(&policy))?;
        director.write(|director| director.start_sync_master(policy, outbox))??;
        *stopped = None;
        Ok(())
    })
}

/// Has a director announce no more, if it did. What it has announced can be polled all the same, without
/// waiting for a deadline.
///
/// # Errors
/// `LVS_ERR_NULL`.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_director_stop_sync_master(director: Option<&mut lvs_director>) -> lvs_status {
    status(|| {
        let lvs_director(director, .., stopped) = required(director)?;
        if let Some(mut outbox) = director.write(Director::stop_sync_master)? {
            // At the end of time no record waits for others.
            outbox.handle_timeout(Instant::from_micros(u64::MAX));
            *stopped = Some(outbox);
        }
        Ok(())
    })
}

/// Writes the next message, to be sent at once as a UDP datagram, the oldest first. Returns 1 and its
/// octets in `*length`, or 0 if there is none. A `capacity` of `message_length` is always enough; with
/// less, a message that is longer stays the next.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_BUFFER_TOO_SMALL`.
///
/// # Safety
/// `message` points to room for `capacity` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_poll_sync_message(
    director: Option<&mut lvs_director>,
    message: *mut u8,
    capacity: usize,
    length: Option<&mut MaybeUninit<usize>>,
) -> c_int {
    number(|| {
        let (director, length) = (required(director)?, required(length)?);
        // SAFETY: the caller's contract; any octets are octets.
        let room = unsafe { items_mut(message, capacity) }?;
        let next = director.sync_outbox()?.and_then(SyncOutbox::peek_message);
        let Some(next) = next else { return Ok(0) };
        let octets = next.octets();
        room.get_mut(..octets.len()).ok_or(LVS_ERR_BUFFER_TOO_SMALL)?.copy_from_slice(octets);
        length.write(octets.len());
        match director {
            lvs_director(.., Some(stopped)) => {
                stopped.poll_message();
            }
            lvs_director(director, ..) => director.write(|director| {
                director.poll_sync_message();
            })?,
        }
        Ok(1)
    })
}

/// Takes the connections that another director announced: `message` is what a UDP datagram carried,
/// `config` that of this backup. `out->size` is to be set before.
///
/// A connection goes to its real server as a destination of this director, and counts there; if it has no
/// such destination, by the method of the master, and counts nowhere \[BK-8\] \[BK-12\]. A message is
/// taken as far as it can be read: `*out` says how far.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_SYNC_VERSION`,
/// `LVS_ERR_SYNC_THRESHOLD`; `LVS_ERR_SYNC_MESSAGE` if the octets are no message, and
/// `LVS_ERR_SYNC_ID` if it is for other directors \[BK-1\].
///
/// # Safety
/// `config` points to a `struct lvs_sync_config` of any version, `message` to `length` octets, and
/// `out` to a `struct lvs_sync_received` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_receive_sync_message(
    director: Option<&mut lvs_director>,
    now: lvs_time,
    config: *const lvs_sync_config,
    message: *const u8,
    length: usize,
    out: *mut lvs_sync_received,
) -> lvs_status {
    status(|| {
        let director = required(director)?;
        // SAFETY: the caller's contract.
        let config = unsafe { read_sized(config) }?;
        // SAFETY: the caller's contract.
        unsafe { check_size(out) }?;
        let policy = config.try_into()?;
        // SAFETY: the caller's contract.
        let message = Message::parse(unsafe { items(message, length) }?)?;
        if !message.is_for(config.sync_id) {
            return Err(LVS_ERR_SYNC_ID);
        }
        let receive = |director: &mut Director| receive(director, instant(now), &policy, &message);
        // SAFETY: checked to be one.
        unsafe { write_sized(out, director.0.write(receive)?) }
    })
}

/// Fills in what a director counted since it was started as a master last; zeros if it never was.
/// `out->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `out` points to a `struct lvs_sync_counters` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_director_get_sync_counters(
    director: Option<&lvs_director>,
    out: *mut lvs_sync_counters,
) -> lvs_status {
    status(|| {
        let outbox = required(director)?.sync_outbox()?;
        let counters = outbox.map(|outbox| *outbox.counters()).unwrap_or_default();
        // SAFETY: the caller's contract.
        unsafe { write_sized(out, counters.into()) }
    })
}

fn receive(
    director: &mut Director,
    now: Instant,
    policy: &SyncPolicy,
    message: &Message<'_>,
) -> lvs_sync_received {
    let mut received = lvs_sync_received::NOTHING;
    for record in message.records() {
        let count = match record.map(|record| director.receive_sync_record(now, policy, &record)) {
            Ok(SyncReceived::Created) => &mut received.created,
            Ok(SyncReceived::Updated) => &mut received.updated,
            Ok(SyncReceived::Ignored) => &mut received.ignored,
            Ok(SyncReceived::TableFull) => &mut received.table_full,
            Err(RecordError::Refused(_)) => &mut received.refused,
            Err(RecordError::Damaged(_)) => &mut received.damaged,
        };
        *count += 1;
    }
    received
}

impl lvs_director {
    /// What announces, or did before it was stopped.
    fn sync_outbox(&self) -> Result<Option<&SyncOutbox>, lvs_status> {
        let Self(director, .., stopped) = self;
        Ok(director.read()?.sync_outbox().or(stopped.as_ref()))
    }
}

impl lvs_sync_config {
    fn new(policy: &SyncPolicy, outbox: &SyncOutboxConfig) -> Self {
        Self {
            size: size_of::<Self>(),
            threshold_packets: policy.threshold.packets(),
            threshold_period: policy.threshold.period(),
            refresh_period_secs: u32::try_from(policy.refresh_period.as_secs()).unwrap_or(u32::MAX),
            tick_micros: policy.tick_micros.get(),
            message_length: outbox.message_len,
            queue_length: outbox.queue_len,
            version: match policy.version {
                Version::V0 => 0,
                Version::V1 => 1,
            },
            sync_id: outbox.sync_id,
            retries: policy.retries,
            persist_mode: policy.persist_mode.into(),
        }
    }

    const fn outbox(&self, policy: &SyncPolicy) -> SyncOutboxConfig {
        SyncOutboxConfig {
            version: policy.version,
            sync_id: self.sync_id,
            message_len: self.message_length,
            queue_len: self.queue_length,
        }
    }
}

impl TryFrom<lvs_sync_config> for SyncPolicy {
    type Error = lvs_status;

    fn try_from(config: lvs_sync_config) -> Result<Self, lvs_status> {
        Ok(Self {
            version: match config.version {
                0 => Version::V0,
                1 => Version::V1,
                _ => return Err(LVS_ERR_SYNC_VERSION),
            },
            threshold: SyncThreshold::new(config.threshold_packets, config.threshold_period)?,
            refresh_period: Duration::from_secs(config.refresh_period_secs.into()),
            retries: config.retries,
            persist_mode: config.persist_mode != 0,
            tick_micros: NonZeroU32::new(config.tick_micros).unwrap_or(NonZeroU32::MIN),
        })
    }
}

impl lvs_sync_received {
    const NOTHING: Self = Self {
        size: size_of::<Self>(),
        created: 0,
        updated: 0,
        ignored: 0,
        table_full: 0,
        refused: 0,
        damaged: 0,
    };
}

impl From<SyncOutboxCounters> for lvs_sync_counters {
    fn from(counters: SyncOutboxCounters) -> Self {
        Self {
            size: size_of::<Self>(),
            records: counters.records,
            messages: counters.messages,
            records_dropped: counters.records_dropped,
            records_unsendable: counters.records_unsendable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_round_trip() {
        for version in [Version::V0, Version::V1] {
            let policy = SyncPolicy {
                version,
                threshold: SyncThreshold::new(1, 2).unwrap(),
                refresh_period: Duration::from_secs(3),
                retries: 4,
                persist_mode: version == Version::V0,
                tick_micros: NonZeroU32::new(5).unwrap(),
            };
            let outbox = SyncOutboxConfig { version, sync_id: 6, message_len: 7, queue_len: 8 };
            let config = lvs_sync_config::new(&policy, &outbox);
            assert_eq!(SyncPolicy::try_from(config), Ok(policy));
            assert_eq!(config.outbox(&policy), outbox);
        }
    }
}
