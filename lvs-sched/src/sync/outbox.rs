//! Records on their way into messages \[SYD-6\].

use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use lvs_proto::sync::{MessageBuffer, PushError, SyncRecord, Version};
use lvs_proto::{BufferTooSmall, Instant};

use crate::OutOfMemory;

/// How long a record waits for others to share its message.
const PATIENCE: Duration = Duration::from_secs(2);

/// What an outbox is told to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SyncOutboxConfig {
    /// The format of messages.
    pub version: Version,
    /// The group of directors that the messages are meant for.
    pub sync_id: u8,
    /// The most octets of a message; they are to fit into a UDP datagram \[SYD-3\].
    pub message_len: u16,
    /// The most messages that wait to be sent; memory for them is taken at once.
    pub queue_len: u16,
}

/// Version 1, sync id 0, messages that fit into an Ethernet frame, 64 of them.
impl Default for SyncOutboxConfig {
    fn default() -> Self {
        Self { version: Version::V1, sync_id: 0, message_len: 1472, queue_len: 64 }
    }
}

/// Why there is no outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyncOutboxError {
    /// [`SyncOutboxConfig::message_len`] does not hold a header.
    #[error(transparent)]
    MessageTooShort(#[from] BufferTooSmall),
    /// There is no memory for the messages asked for.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
}

/// How many records came and went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SyncOutboxCounters {
    /// Records put into messages.
    pub records: u64,
    /// Messages handed out to be sent.
    pub messages: u64,
    /// Records lost with messages for which the queue had no room.
    pub records_dropped: u64,
    /// Records that no message can carry: IPv6 in version 0, mixed families \[BK-13\], or longer
    /// than a message.
    pub records_unsendable: u64,
}

/// Records go in, messages come out: when they are full, or two seconds old.
///
/// Its contract is that of everything timed: [`push`](Self::push) records or call
/// [`handle_timeout`](Self::handle_timeout), then drain [`poll_message`](Self::poll_message).
///
/// ```
/// use lvs_proto::Instant;
/// use lvs_sched::{SyncOutbox, SyncOutboxConfig};
///
/// let mut outbox = SyncOutbox::new(SyncOutboxConfig { sync_id: 5, ..Default::default() })?;
/// // A director pushes records here.
/// outbox.handle_timeout(Instant::from_secs(2));
/// while let Some(message) = outbox.poll_message() {
///     println!("to be sent: {} octets", message.octets().len());
/// }
/// assert_eq!(outbox.next_deadline(), None);
/// # Ok::<(), lvs_sched::SyncOutboxError>(())
/// ```
#[derive(Debug)]
pub struct SyncOutbox {
    /// The message being written.
    open: MessageBuffer<Vec<u8>>,
    /// When its first record came.
    begun: Option<Instant>,
    /// A ring of messages, of which those from `first` on wait to be sent.
    queue: Vec<MessageBuffer<Vec<u8>>>,
    first: usize,
    queued: usize,
    version: Version,
    counters: SyncOutboxCounters,
}

impl SyncOutbox {
    /// An empty outbox.
    ///
    /// # Errors
    /// [`SyncOutboxError`] if messages cannot be as short as asked for, or memory is short.
    pub fn new(config: SyncOutboxConfig) -> Result<Self, SyncOutboxError> {
        let mut queue = Vec::new();
        queue.try_reserve_exact(config.queue_len.into()).map_err(|_| OutOfMemory)?;
        for _ in 0..config.queue_len {
            queue.push(message(&config)?);
        }
        Ok(Self {
            open: message(&config)?,
            begun: None,
            queue,
            first: 0,
            queued: 0,
            version: config.version,
            counters: SyncOutboxCounters::default(),
        })
    }

    /// Adds a record; to a new message if it does not fit into the one being written.
    pub fn push(&mut self, now: Instant, record: &SyncRecord<'_>) {
        self.handle_timeout(now);
        let mut result = self.open.push(record);
        if let Err(PushError::Full(_) | PushError::TooManyRecords) = result {
            self.close();
            result = self.open.push(record);
        }
        match result {
            Ok(()) => {
                self.begun.get_or_insert(now);
                self.counters.records += 1;
            }
            Err(_) => self.counters.records_unsendable += 1,
        }
    }

    /// Lets the message being written go if it is two seconds old.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.next_deadline().is_some_and(|deadline| deadline <= now) {
            self.close();
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is wanted. The answer may change with every
    /// other call.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.begun.map(|begun| begun + PATIENCE)
    }

    /// The message that [`poll_message`](Self::poll_message) hands out next; it stays where it is.
    #[must_use]
    pub fn peek_message(&self) -> Option<&MessageBuffer<Vec<u8>>> {
        self.queue.get(self.first).filter(|_| self.queued > 0)
    }

    /// The next message to be sent, the oldest first.
    pub fn poll_message(&mut self) -> Option<&MessageBuffer<Vec<u8>>> {
        self.queued = self.queued.checked_sub(1)?;
        let first = self.first;
        self.first = (first + 1).checked_rem(self.queue.len())?;
        self.counters.messages += 1;
        self.queue.get(first)
    }

    /// Writes messages in another format from now on; the one being written goes as it is.
    pub fn set_version(&mut self, version: Version) {
        self.version = version;
        self.close();
    }

    /// How many records came and went.
    #[must_use]
    pub const fn counters(&self) -> &SyncOutboxCounters {
        &self.counters
    }

    /// Moves the message being written to the queue, unless it is empty, and begins another.
    fn close(&mut self) {
        if self.begun.take().is_some() {
            let len = self.queue.len();
            let place = (self.first + self.queued).checked_rem(len).unwrap_or_default();
            match self.queue.get_mut(place).filter(|_| self.queued < len) {
                Some(free) => {
                    mem::swap(free, &mut self.open);
                    self.queued += 1;
                }
                None => self.counters.records_dropped += u64::from(self.open.record_count()),
            }
        }
        self.open.clear(self.version);
    }
}

/// A message without records.
fn message(config: &SyncOutboxConfig) -> Result<MessageBuffer<Vec<u8>>, SyncOutboxError> {
    let mut storage = Vec::new();
    storage.try_reserve_exact(config.message_len.into()).map_err(|_| OutOfMemory)?;
    storage.resize(config.message_len.into(), 0);
    Ok(MessageBuffer::new(storage, config.version, config.sync_id)?)
}

#[cfg(test)]
mod tests {
    use lvs_proto::sync::{ConnFlags, Message, StateNumber};
    use lvs_proto::{AddressPair, Protocol};

    use super::*;

    fn record(mark: u32) -> SyncRecord<'static> {
        SyncRecord {
            protocol: Protocol::TCP,
            addresses: AddressPair::V4 {
                source: [10, 1, 1, 1].into(),
                destination: [10, 0, 0, 1].into(),
            },
            dest: [10, 2, 0, 1].into(),
            client_port: 1001,
            virtual_port: 80,
            dest_port: 80,
            flags: ConnFlags::default(),
            state: StateNumber::TCP_ESTABLISHED,
            mark,
            timeout_secs: 900,
            sequence: None,
            call_id: None,
        }
    }

    /// An outbox whose messages hold two records of 36 octets behind a header of 8.
    fn outbox(queue_len: u16) -> SyncOutbox {
        SyncOutbox::new(SyncOutboxConfig { message_len: 80, queue_len, ..Default::default() })
            .unwrap()
    }

    /// The marks in the messages that are to be sent.
    fn sent(outbox: &mut SyncOutbox) -> Vec<Vec<u32>> {
        let mut sent = Vec::new();
        while let Some(seen) = outbox.peek_message().map(|message| message.octets().to_vec()) {
            assert_eq!(outbox.poll_message().unwrap().octets(), seen);
            let message = Message::parse(&seen).unwrap();
            sent.push(message.records().map(|record| record.unwrap().mark).collect());
        }
        assert!(outbox.poll_message().is_none());
        sent
    }

    #[test]
    fn syd_6_messages_go_when_full_or_two_seconds_old() {
        let mut outbox = outbox(2);
        for mark in 1..=3 {
            assert!(outbox.poll_message().is_none());
            outbox.push(Instant::from_secs(u64::from(mark)), &record(mark));
        }
        assert_eq!(sent(&mut outbox), [[1, 2]]);
        assert_eq!(outbox.next_deadline(), Some(Instant::from_secs(5)));
        outbox.handle_timeout(Instant::from_micros(4_999_999));
        assert_eq!(sent(&mut outbox), Vec::<Vec<u32>>::new());
        // A record that comes late does not share the message of one that should have gone.
        outbox.push(Instant::from_secs(5), &record(4));
        assert_eq!(sent(&mut outbox), [[3]]);
        outbox.handle_timeout(Instant::from_secs(7));
        assert_eq!(sent(&mut outbox), [[4]]);
        assert_eq!(outbox.next_deadline(), None);
    }

    #[test]
    fn syd_6_the_queue_is_bounded_and_losses_are_counted() {
        let mut outbox = outbox(2);
        for mark in 1..=7 {
            outbox.push(Instant::EPOCH, &record(mark));
        }
        assert_eq!(sent(&mut outbox), [[1, 2], [3, 4]], "5 and 6 were in excess");
        outbox.handle_timeout(Instant::from_secs(2));
        assert_eq!(sent(&mut outbox), [[7]]);
        let counters = SyncOutboxCounters {
            records: 7,
            messages: 3,
            records_dropped: 2,
            records_unsendable: 0,
        };
        assert_eq!(outbox.counters(), &counters);
    }

    #[test]
    fn syd_6_a_new_version_begins_a_new_message() {
        let mut outbox = outbox(4);
        outbox.push(Instant::EPOCH, &record(1));
        outbox.set_version(Version::V0);
        for _ in 0..2 {
            outbox.push(Instant::EPOCH, &record(2));
        }
        outbox.set_version(Version::V1);
        assert_eq!(sent(&mut outbox), [std::vec![1], std::vec![0, 0]], "version 0 has no marks");
    }

    #[test]
    fn what_no_message_can_carry_is_counted() {
        let mut outbox = outbox(0);
        let v6 = SyncRecord { dest: [0; 16].into(), ..record(1) };
        outbox.push(Instant::EPOCH, &v6);
        assert_eq!(outbox.counters().records_unsendable, 1);
        outbox.push(Instant::EPOCH, &record(1));
        outbox.handle_timeout(Instant::from_secs(2));
        assert!(outbox.poll_message().is_none());
        assert_eq!(outbox.counters().records_dropped, 1, "there is no queue");
        let config = SyncOutboxConfig { message_len: 7, ..Default::default() };
        let error = SyncOutbox::new(config).map(|_| ()).unwrap_err();
        assert!(matches!(error, SyncOutboxError::MessageTooShort(_)));
    }
}
