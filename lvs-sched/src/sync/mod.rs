//! Connection synchronisation: what a master director tells its backups, and what they make of it.
//!
//! A master asks [`SyncPolicy::announce`] after every request packet that its connections have
//! counted, and puts the records that come of it into a [`SyncOutbox`]. A backup hands every
//! record of a received [`Message`](lvs_proto::sync::Message) to [`SyncPolicy::receive`]. Both see
//! the tables through a trait, [`SyncMaster`] and [`SyncBackup`]; a
//! [`Director`](crate::Director) implements them on its own.

mod backup;
mod master;
mod outbox;
mod policy;

pub use backup::{SyncBackup, SyncReceived, SyncUpdate};
pub use master::{SyncFacts, SyncMaster, SyncState};
pub use outbox::{SyncOutbox, SyncOutboxConfig, SyncOutboxCounters, SyncOutboxError};
pub use policy::{SyncPolicy, SyncThreshold, SyncThresholdError};
