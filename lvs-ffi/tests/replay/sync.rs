//! The synchronisation daemons of a recording, through C.

use lvs::{lvs_sync_config, lvs_sync_config_init};

use crate::check;
use crate::director::{Director, filled};
use crate::recording::{Line, datagram};

/// How the daemons are set, and the backup while it runs.
pub(crate) struct Daemons {
    config: lvs_sync_config,
    backup: Option<lvs_sync_config>,
}

impl Default for Daemons {
    fn default() -> Self {
        // SAFETY: as the header says.
        let config = filled(|config| unsafe { lvs_sync_config_init(config) });
        Self { config: config.unwrap(), backup: None }
    }
}

impl Daemons {
    /// A sysctl that is a number.
    pub(crate) fn set(&mut self, name: &str, number: u32) -> Result<(), String> {
        match name {
            "sync_version" => self.config.version = number as u8,
            "sync_refresh_period" => self.config.refresh_period_secs = number,
            "sync_retries" => self.config.retries = number as u8,
            "sync_persist_mode" => self.config.persist_mode = (number != 0).into(),
            _ => return Err(format!("unknown sysctl {name}")),
        }
        Ok(())
    }

    pub(crate) fn set_threshold(&mut self, packets: u32, period: u32) -> Result<(), String> {
        (self.config.threshold_packets, self.config.threshold_period) = (packets, period);
        Ok(())
    }

    pub(crate) fn start(&mut self, director: &mut Director, line: &Line) -> Result<(), String> {
        let mut config = self.config;
        config.sync_id = line.number("syncid").unwrap_or(0) as u8;
        if line.word("state") == "backup" {
            self.backup = Some(config);
            return Ok(());
        }
        config.message_length = line.number("maxlen").unwrap_or(1472) as u16;
        director.start_sync_master(&config).map_err(|status| format!("{status:?}"))
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
        if let Some(config) = &self.backup {
            director.receive_sync_message(line.now(), config, &datagram);
        }
        Ok(())
    }
}

/// What the master sent.
pub(crate) fn collect(director: &mut Director, line: &Line) -> Result<(), String> {
    let mut got = Vec::new();
    while let Some(message) = director.poll_sync_message() {
        got.push(message);
    }
    check::records(line, &got)
}
