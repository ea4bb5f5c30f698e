//! What becomes of a line.

use std::collections::HashMap;

use lvs_proto::vrrp::ChecksumAccept;
use serde_json::{Value, json};

use crate::daemon::Profile;
use crate::fields;
use crate::packet::{self, Error};
use crate::receiver::{self, Receiver};

/// The receivers of the recorded packets.
pub(crate) const RECEIVERS: &str = include_str!("../../../vectors/vrrp/receivers.json");

/// Who receives, and by which rules.
pub(crate) struct Options {
    /// The configurations of the receivers.
    pub(crate) receivers: Value,
    pub(crate) profile: Profile,
    /// Instead of what the profile takes.
    pub(crate) checksum: Option<ChecksumAccept>,
}

/// Receivers that live from line to line: they remember sequence numbers and the checksum form of
/// their peers.
pub(crate) struct Judge {
    options: Options,
    receivers: HashMap<String, Receiver>,
}

impl Judge {
    pub(crate) fn new(options: Options) -> Self {
        Self { options, receivers: HashMap::new() }
    }

    /// The line to answer with.
    pub(crate) fn line(&mut self, vector: &Value) -> Result<Value, Error> {
        let make = || Receiver::new(&self.options, vector);
        let receiver = self.receivers.entry(receiver::key(vector)).or_insert_with(make);
        let verdict = receiver.receive(&packet::of(vector)?);
        Ok(json!({
            "id": vector["id"],
            "verdict": if verdict.is_ok() { "accepted" } else { "rejected" },
            "reason": verdict.err(),
            "fields": fields::of(vector)?,
        }))
    }
}
