//! Messages of either version: one that was received, and one being written.

use core::net::IpAddr;

use super::record::{RecordError, SyncRecord};
use super::{v0, v1};
use crate::buffer::Writer;
use crate::{BufferTooSmall, Family};

/// The format of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Version {
    /// IPv4 only, without timeouts, marks and engine data.
    V0,
    /// What kernels send by default.
    #[default]
    V1,
}

impl Version {
    const fn header_len(self) -> usize {
        match self {
            Self::V0 => v0::HEADER_LEN,
            Self::V1 => v1::HEADER_LEN,
        }
    }
}

/// Why a datagram is no message; it is dropped \[BK-1\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The datagram ends within the header.
    #[error("{0} octets do not hold the header")]
    Truncated(usize),
    /// The size field is not the length of the datagram.
    #[error("size field {size}, but the datagram has {received} octets")]
    Size {
        /// The field.
        size: usize,
        /// Octets of the datagram.
        received: usize,
    },
}

/// A received message whose header is intact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    version: Version,
    sync_id: u8,
    count: u8,
    records: &'a [u8],
}

impl<'a> Message<'a> {
    /// The message in `datagram`, the payload of a UDP datagram.
    ///
    /// # Errors
    /// [`MessageError`] if it is cut short, or of another size than it says \[BK-1\].
    pub fn parse(datagram: &'a [u8]) -> Result<Self, MessageError> {
        let received = datagram.len();
        let &[first, sync_id, high, low] =
            datagram.first_chunk().ok_or(MessageError::Truncated(received))?;
        let size = usize::from(u16::from_be_bytes([high, low]));
        if size != received {
            return Err(MessageError::Size { size, received });
        }
        // Version 0 sees a message of no connections in one of version 1 [BK-2].
        let (version, count) = match datagram.first_chunk::<{ v1::HEADER_LEN }>() {
            Some(&[0, _, _, _, count, 1, 0, 0]) => (Version::V1, count),
            _ => (Version::V0, first),
        };
        let records = datagram.get(version.header_len()..).unwrap_or_default();
        Ok(Self { version, sync_id, count, records })
    }

    /// Its format.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The group of directors that it is meant for.
    #[must_use]
    pub const fn sync_id(&self) -> u8 {
        self.sync_id
    }

    /// Whether a backup of `sync_id` listens to it; one of 0 listens to all \[BK-1\].
    #[must_use]
    pub const fn is_for(&self, sync_id: u8) -> bool {
        sync_id == 0 || self.sync_id == sync_id
    }

    /// Its records, those that cannot be taken as errors. Nothing comes after
    /// [`RecordError::Damaged`] \[BK-3\] \[BK-4\].
    #[must_use]
    pub const fn records(&self) -> Records<'a> {
        Records { version: self.version, left: self.count, rest: self.records }
    }
}

/// The records of a [`Message`], in their order.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    version: Version,
    left: u8,
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    fn take(&mut self) -> Result<SyncRecord<'a>, RecordError> {
        let (record, rest) = match self.version {
            Version::V0 => v0::split(self.rest)?,
            Version::V1 => v1::split(self.rest)?,
        };
        self.rest = rest;
        match self.version {
            Version::V0 => v0::decode(record),
            Version::V1 => v1::decode(record),
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<SyncRecord<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let record = self.take();
        if let Err(RecordError::Damaged(_)) = record {
            self.left = 0;
        }
        Some(record)
    }
}

/// Why a record was not added; the message is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// The message has no room for it: send it, and begin another.
    #[error(transparent)]
    Full(#[from] BufferTooSmall),
    /// The message has 255 records, as many as its header can count.
    #[error("a message holds at most 255 records")]
    TooManyRecords,
    /// Version 0 knows IPv4 only.
    #[error("IPv6 in a message of version 0")]
    V0OverIpv6,
    /// The real server is of another family than client and virtual address \[BK-13\].
    #[error("{0} is of another family than the connection")]
    OtherFamily(IpAddr),
}

/// A message being written into `B`, storage of a fixed length.
///
/// See the [module](super) for an example.
#[derive(Clone, Debug)]
pub struct MessageBuffer<B> {
    storage: B,
    version: Version,
    sync_id: u8,
    count: u8,
    /// Octets written, header included.
    len: usize,
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> MessageBuffer<B> {
    /// A message without records. Of `storage` at most 65 535 octets are used; a message should
    /// fit into one packet, 1472 octets on an Ethernet \[SYD-3\].
    ///
    /// # Errors
    /// If not even the header of version 1 fits, 8 octets.
    pub fn new(storage: B, version: Version, sync_id: u8) -> Result<Self, BufferTooSmall> {
        let (needed, available) = (v1::HEADER_LEN, storage.as_ref().len());
        if available < needed {
            return Err(BufferTooSmall { needed, available });
        }
        let mut message = Self { storage, version, sync_id, count: 0, len: 0 };
        message.clear(version);
        Ok(message)
    }

    /// Takes all records out; the message is of `version` from now on.
    pub fn clear(&mut self, version: Version) {
        self.version = version;
        self.count = 0;
        self.len = version.header_len();
        self.write_header();
    }

    /// Adds a record behind the others, aligned for version 1 \[SM1-3\].
    ///
    /// # Errors
    /// [`PushError`]; the message is unchanged.
    pub fn push(&mut self, record: &SyncRecord<'_>) -> Result<(), PushError> {
        let family = record.addresses.family();
        if Family::of(record.dest) != family {
            return Err(PushError::OtherFamily(record.dest));
        }
        let (padding, len) = match self.version {
            Version::V0 if family == Family::V6 => return Err(PushError::V0OverIpv6),
            Version::V0 => (0, v0::len(record.flags)),
            Version::V1 => (self.len.next_multiple_of(v1::ALIGNMENT) - self.len, v1::len(record)),
        };
        let count = self.count.checked_add(1).ok_or(PushError::TooManyRecords)?;

        let storage = self.storage.as_mut();
        let end = storage.len().min(u16::MAX.into());
        let room = storage.get_mut(self.len..end).unwrap_or_default();
        let mut writer = Writer::new(room, padding + len)?;
        writer.put([0; v1::ALIGNMENT].get(..padding).unwrap_or_default());
        match self.version {
            Version::V0 => v0::encode(record, &mut writer),
            Version::V1 => v1::encode(record, &mut writer),
        }
        self.count = count;
        self.len += padding + len;
        self.write_header();
        Ok(())
    }

    /// Its format.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Records in it, at most 255.
    #[must_use]
    pub const fn record_count(&self) -> u8 {
        self.count
    }

    /// The whole message, to be sent as a UDP datagram.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.storage.as_ref().get(..self.len).unwrap_or_default()
    }

    fn write_header(&mut self) {
        // At most 65 535.
        let [high, low] = (self.len as u16).to_be_bytes();
        let (count, sync_id) = (self.count, self.sync_id);
        let header = match self.version {
            Version::V0 => [count, sync_id, high, low, 0, 0, 0, 0],
            Version::V1 => [0, sync_id, high, low, count, 1, 0, 0],
        };
        let place = self.storage.as_mut().iter_mut().take(self.version.header_len());
        for (octet, value) in place.zip(header) {
            *octet = value;
        }
    }
}
