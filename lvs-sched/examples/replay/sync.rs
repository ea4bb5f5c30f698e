//! The synchronisation daemons of a recording: what the master sent, and what the backup was sent.

use std::time::Duration;

use lvs_proto::sync::{Message, SyncRecord, Version};
use lvs_proto::wire::{ethernet, ip, udp};
use lvs_sched::{Director, SyncOutbox, SyncOutboxConfig, SyncPolicy, SyncThreshold};
use serde_json::Value;

use crate::recording::Line;

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

    /// Packets and period, by blanks.
    pub(crate) fn set_threshold(&mut self, value: &str) -> Result<(), String> {
        let mut numbers = value.split_whitespace().map(str::parse::<u32>);
        let (Some(Ok(packets)), Some(Ok(period))) = (numbers.next(), numbers.next()) else {
            return Err(format!("threshold {value}"));
        };
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

/// The records that the master sent, in their order; which of them share a message is up to a
/// kernel thread.
pub(crate) fn collect(director: &mut Director, line: &Line) -> Result<(), String> {
    let frames = line.list("sync").into_iter().flatten();
    let expected = frames.map(datagram).collect::<Result<Vec<_>, _>>()?;
    let mut got = Vec::new();
    while let Some(message) = director.poll_sync_message() {
        got.push(message.octets().to_vec());
    }
    let (expected, got) = (records(&expected)?, records(&got)?);
    match expected.iter().zip(&got).find(|(expected, got)| expected != got) {
        Some((expected, got)) => Err(format!("record: expected {expected:?}, got {got:?}")),
        None if expected.len() != got.len() => {
            Err(format!("records: expected {}, got {}", expected.len(), got.len()))
        }
        None => Ok(()),
    }
}

fn records(messages: &[Vec<u8>]) -> Result<Vec<SyncRecord<'_>>, String> {
    let mut records = Vec::new();
    for message in messages {
        let message = Message::parse(message).map_err(|error| error.to_string())?;
        for record in message.records() {
            records.push(record.map_err(|error| error.to_string())?);
        }
    }
    Ok(records)
}

/// What the frame, in hexadecimal, carries over UDP.
fn datagram(frame: &Value) -> Result<Vec<u8>, String> {
    let digits = frame.as_str().unwrap_or_default().chars().map(|digit| digit.to_digit(16));
    let digits: Vec<_> = digits.collect::<Option<_>>().ok_or("no hexadecimal frame")?;
    let octets: Vec<u8> = digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect();
    let frame = ethernet::Frame::parse(&octets).map_err(|error| error.to_string())?;
    let packet = ip::Packet::parse(frame.payload).map_err(|error| error.to_string())?;
    Ok(packet.payload().get(udp::HEADER_LEN..).unwrap_or_default().to_vec())
}
