//! One check: attempts, and what they say of a server.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::{AttemptId, CheckConfig, CheckId, Outcome};
use crate::{DestConfig, ServiceKey};

/// What a check has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CheckCounters {
    /// Attempts begun.
    pub attempts: u64,
    /// Of these, the ones that passed.
    pub passed: u64,
    /// Of these, the ones that failed.
    pub failed: u64,
    /// Of those that failed, the ones that took too long.
    pub timed_out: u64,
    /// Changes from up to down.
    pub downs: u64,
}

/// A check and how it stands; to be read.
#[derive(Clone, Debug)]
pub struct Check {
    config: CheckConfig,
    pub(super) service: ServiceKey,
    pub(super) address: IpAddr,
    pub(super) port: u16,
    up: bool,
    /// The number of the last attempt, and whether it is running.
    attempt: u32,
    running: bool,
    /// To be removed as soon as its attempt is aborted.
    pub(super) ending: bool,
    /// Retries spent in this check.
    retries: u32,
    /// How many checks in a row said otherwise than `up`.
    streak: u32,
    counters: CheckCounters,
}

impl Check {
    pub(super) fn new(
        config: CheckConfig,
        service: ServiceKey,
        dest: &DestConfig,
        up: bool,
    ) -> Self {
        Self {
            config,
            service,
            address: dest.address,
            port: dest.port,
            up,
            attempt: 0,
            running: false,
            ending: false,
            retries: 0,
            streak: 0,
            counters: CheckCounters::default(),
        }
    }

    /// What was configured.
    #[must_use]
    pub const fn config(&self) -> &CheckConfig {
        &self.config
    }

    /// The service of the real server.
    #[must_use]
    pub const fn service(&self) -> &ServiceKey {
        &self.service
    }

    /// The real server's address.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// The real server's port in host order.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Who is asked.
    #[must_use]
    pub fn target(&self) -> SocketAddr {
        let CheckConfig { connect_ip, connect_port, .. } = self.config;
        (connect_ip.unwrap_or(self.address), connect_port.unwrap_or(self.port)).into()
    }

    /// What it says of the real server.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.up
    }

    /// Whether an attempt is running.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.running
    }

    /// What has been counted.
    #[must_use]
    pub const fn counters(&self) -> &CheckCounters {
        &self.counters
    }

    /// The attempt that is running, `check` being this one's id.
    pub(super) fn running(&self, check: CheckId) -> Option<AttemptId> {
        self.running.then_some(AttemptId { check, number: self.attempt })
    }

    /// Begins an attempt, `check` being this one's id.
    pub(super) const fn start(&mut self, check: CheckId) -> AttemptId {
        self.running = true;
        self.attempt = self.attempt.wrapping_add(1);
        self.counters.attempts += 1;
        AttemptId { check, number: self.attempt }
    }

    /// Ends an attempt: how long to wait before the next.
    pub(super) fn conclude(&mut self, outcome: Outcome) -> Duration {
        self.running = false;
        let passed = self.config.kind.accepts(outcome);
        self.counters.passed += u64::from(passed);
        self.counters.failed += u64::from(!passed);
        self.counters.timed_out += u64::from(outcome == Outcome::TimedOut);
        self.judge(passed)
    }

    fn judge(&mut self, passed: bool) -> Duration {
        let CheckConfig { delay_loop, delay_before_retry, retry, rise, fall, .. } = self.config;
        if !passed && self.up && self.retries < retry {
            self.retries += 1;
            return delay_before_retry;
        }
        self.retries = 0;
        self.streak = if passed == self.up { 0 } else { self.streak.saturating_add(1) };
        let enough = if self.up { fall } else { rise };
        if self.streak >= enough.get() {
            self.streak = 0;
            self.up = passed;
            self.counters.downs += u64::from(!passed);
        }
        delay_loop
    }
}
