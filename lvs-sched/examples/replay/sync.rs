//! The synchronisation daemons of a recording: what the master sent, and what the backup was sent.

use std::time::Duration;

use lvs_proto::sync::{Message, Version};
use lvs_sched::{Director, SyncOutbox, SyncOutboxConfig, SyncPolicy, SyncThreshold};

use crate::check;
use crate::recording::{Line, datagram};

/// How the daemons are set, and the sync id of the backup while it runs.
#[derive(Debug, Default)]
pub(crate) struct Daemons {
    policy: SyncPolicy,
    backup: Option<u8>,
}

impl Daemons {
    /// A sysctl that is a number.
    pub(crate) fn set(&mut self, name: &str, number: u32) -> Result<(), String> {
        match name {
            "sync_version" => {
                self.policy.version = if number == 0 { Version::V0 } else { Version::V1 };
            }
            "sync_refresh_period" => {
                self.policy.refresh_period = Duration::from_secs(number.into());
            }
            "sync_retries" => self.policy.retries = number as u8,
            "sync_persist_mode" => self.policy.persist_mode = number != 0,
            _ => return Err(format!("unknown sysctl {name}")),
        }
        Ok(())
    }

    pub(crate) fn set_threshold(&mut self, packets: u32, period: u32) -> Result<(), String> {
        let threshold = SyncThreshold::new(packets, period);
        self.policy.threshold = threshold.map_err(|error| error.to_string())?;
        Ok(())
    }

    pub(crate) fn start(&mut self, director: &mut Director, line: &Line) -> Result<(), String> {
        let sync_id = line.number("syncid").unwrap_or(0) as u8;
        if line.word("state") == "backup" {
            self.backup = Some(sync_id);
            return Ok(());
        }
        let message_len = line.number("maxlen").unwrap_or(1472) as u16;
        let config = SyncOutboxConfig { sync_id, message_len, ..SyncOutboxConfig::default() };
        let outbox = SyncOutbox::new(config).map_err(|error| error.to_string())?;
        director.start_sync_master(self.policy, outbox).map_err(|error| error.to_string())
    }

    pub(crate) fn stop(&mut self, director: &mut Director, line: &Line) {
        if line.word("state") == "backup" {
            self.backup = None;
        } else {
            director.stop_sync_master();
        }
    }

    /// A frame comes to the backup.
    pub(crate) fn inject(&self, director: &mut Director, line: &Line) -> Result<(), String> {
        let datagram = datagram(&line.value["frame"])?;
        // What is malformed is not heard, and told of nowhere [BK-1] [BK-4].
        let Ok(message) = Message::parse(&datagram) else { return Ok(()) };
        if self.backup.is_some_and(|sync_id| message.is_for(sync_id)) {
            for record in message.records().flatten() {
                director.receive_sync_record(line.now(), &self.policy, &record);
            }
        }
        Ok(())
    }
}

/// What the master sent.
pub(crate) fn collect(director: &mut Director, line: &Line) -> Result<(), String> {
    let mut got = Vec::new();
    while let Some(message) = director.poll_sync_message() {
        got.push(message.octets().to_vec());
    }
    check::records(line, &got)
}
