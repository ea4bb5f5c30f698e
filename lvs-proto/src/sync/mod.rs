//! Connection synchronisation: the messages by which a master director tells its backups of its
//! connections, versions 0 and 1.
//!
//! A [`Message`] is a received datagram, and gives its [`SyncRecord`]s; a [`MessageBuffer`] is one
//! being written. Messages go by UDP to [`GROUP`] and [`PORT`] unless configured otherwise
//! \[SYD-1\].
//!
//! ```
//! use lvs_proto::sync::{Message, MessageBuffer, Version};
//!
//! // What a Linux director with sync id 5 said of a connection from 10.1.1.1 \[SM1-4\].
//! let datagram = [
//!     0x00, 0x05, 0x00, 0x2c, 0x01, 0x01, 0x00, 0x00, // header: one record
//!     0x00, 0x06, 0x00, 0x24, 0x00, 0x00, 0x00, 0x83, 0x00, 0x01, 0x03, 0xe9, 0x00, 0x50, 0x00,
//!     0x50, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x84, 10, 1, 1, 1, 10, 0, 0, 1, 10, 2, 0, 1,
//! ];
//! let message = Message::parse(&datagram)?;
//! let mut copy = MessageBuffer::new([0; 1472], Version::V1, message.sync_id())?;
//! for record in message.records() {
//!     let record = record?;
//!     assert_eq!(record.client_port, 1001);
//!     assert_eq!(record.timeout_secs, 900);
//!     copy.push(&record)?;
//! }
//! assert_eq!(copy.octets(), datagram);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod message;
mod record;
mod v0;
mod v1;

use core::net::Ipv4Addr;

pub use message::{Message, MessageBuffer, MessageError, PushError, Records, Version};
pub use record::{
    ConnFlags, RecordDamage, RecordError, RecordRefusal, Sequence, SequencePair, StateNumber,
    SyncRecord,
};

/// The group that messages go to \[SYD-1\].
pub const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 81);

/// The UDP port that messages go to \[SYD-1\].
pub const PORT: u16 = 8848;
