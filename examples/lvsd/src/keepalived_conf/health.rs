//! Virtual servers and their checks as a checker has them.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use lvs_proto::{Instant, Method};
use lvs_sched::health::{self, CheckConfig, Checker, CheckerConfig, HttpGet};
use lvs_sched::{DestConfig, OutOfMemory, Rule, ServiceKey};

use super::Config;
use super::checks::{Check, CheckKind, CheckPace, Url};
use super::report::{Finding, Verdict};
use super::services::{MOST_RULES, keys};
use super::virtual_server::{RealServer, VirtualServer};

/// What keepalived does with pages: 3 more attempts, 3 s apart.
const PAGE_RETRY: u32 = 3;
const PAGE_DELAY_BEFORE_RETRY: Duration = Duration::from_secs(3);

impl Config {
    /// The services alone: their real servers come from the [`checker`](Self::checker).
    pub fn services(&self) -> impl Iterator<Item = Rule> {
        let rules = self.rules().into_iter().map(|(_, rule)| rule);
        rules.filter(|rule| !matches!(rule, Rule::AddDest { .. }))
    }

    /// Whom packets may go to.
    #[must_use]
    pub fn servers(&self) -> Vec<IpAddr> {
        let servers = self.virtual_servers.iter().flat_map(|server| {
            let sorry = server.sorry_server.map(|(address, _)| address);
            server.real_servers.iter().map(|real| real.address).chain(sorry)
        });
        servers.collect()
    }

    /// Who checks the real servers, and what it refuses.
    ///
    /// # Errors
    /// There is no memory for the checks.
    pub fn checker(
        &self,
        now: Instant,
        seed: [u64; 2],
    ) -> Result<(Checker, Vec<Finding>), OutOfMemory> {
        let groups = self.groups();
        let servers = self.virtual_servers.iter();
        let services =
            servers.flat_map(|server| keys(server, &groups).map(move |key| (server, key)));
        let services: Vec<_> = services.take(MOST_RULES).collect();
        let checks: usize = services.iter().map(|(server, _)| server.checks()).sum();
        let checks = u32::try_from(checks).map_err(|_| OutOfMemory)?;
        let mut checker = Checker::new(CheckerConfig { checks, seed })?;
        let mut findings = Vec::new();
        let mut found = |line, keyword, error: String| {
            findings.push(Finding::new(line, keyword, Verdict::wrong(error)));
        };
        for (server, key) in services {
            if let Err(error) = checker.add_service(now, server.health(key)) {
                found(server.line, "virtual_server", error.to_string());
                continue;
            }
            for real in &server.real_servers {
                let health = real.health(server, server.dest(key, real));
                if let Err(error) = checker.add_dest(now, &key, health) {
                    found(real.line, "real_server", error.to_string());
                }
            }
        }
        Ok((checker, findings))
    }
}

impl VirtualServer {
    fn checks(&self) -> usize {
        self.real_servers.iter().flat_map(|real| &real.checks).map(Check::attempts).sum()
    }

    fn health(&self, key: ServiceKey) -> health::VirtualServer {
        health::VirtualServer {
            quorum: NonZeroU32::new(self.quorum).unwrap_or(NonZeroU32::MIN),
            hysteresis: self.hysteresis,
            alpha: self.pace.alpha.unwrap_or(false),
            omega: self.omega,
            sorry_server: self.sorry_server.map(|sorry| self.sorry_dest(key, sorry)),
            sorry_server_inhibit: self.sorry_server_inhibit,
            ..health::VirtualServer::new(key)
        }
    }

    fn sorry_dest(&self, key: ServiceKey, (address, port): (IpAddr, Option<u16>)) -> DestConfig {
        let method = self.sorry_server_method.or(self.method).unwrap_or(Method::Nat);
        let port = port.filter(|_| method == Method::Nat).unwrap_or(key.port());
        DestConfig { method, ..DestConfig::new(address, port) }
    }
}

impl RealServer {
    fn health(&self, server: &VirtualServer, dest: DestConfig) -> health::RealServer {
        let inhibit = self.inhibit_on_failure.unwrap_or(server.inhibit_on_failure);
        let checks = self.checks.iter().flat_map(|check| check.health(self, server));
        health::RealServer { dest, inhibit_on_failure: inhibit, checks: checks.collect() }
    }
}

impl Check {
    /// How many checks of one thing it is.
    fn attempts(&self) -> usize {
        match &self.kind {
            CheckKind::Tcp => 1,
            CheckKind::Http(urls) => urls.len(),
            _ => 0,
        }
    }

    /// Those that are done; pages are asked for one by one.
    fn health(&self, real: &RealServer, server: &VirtualServer) -> Vec<CheckConfig> {
        let paces = [&self.pace, &real.pace, &server.pace];
        let port = self.connect_port.map(std::num::NonZeroU16::get);
        let check = |kind| {
            let mut check = CheckConfig::new(kind);
            if matches!(self.kind, CheckKind::Http(_)) {
                (check.retry, check.delay_before_retry) = (PAGE_RETRY, PAGE_DELAY_BEFORE_RETRY);
            }
            // The port that is checked is the real server's own, whatever packets carry.
            check.connect_ip = self.connect_ip;
            check.connect_port = port.or(real.port);
            said(paces, |pace| pace.delay_loop, &mut check.delay_loop);
            said(paces, |pace| pace.connect_timeout, &mut check.connect_timeout);
            said(paces, |pace| pace.retry, &mut check.retry);
            said(paces, |pace| pace.delay_before_retry, &mut check.delay_before_retry);
            check.warmup = paces.iter().find_map(|pace| pace.warmup);
            check
        };
        let virtualhosts = [&real.virtualhost, &server.virtualhost];
        match &self.kind {
            CheckKind::Tcp => vec![check(health::CheckKind::TcpCheck)],
            CheckKind::Http(urls) => {
                let gets = urls.iter().map(|url| url.health(virtualhosts));
                gets.map(|get| check(health::CheckKind::HttpGet(get))).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Url {
    fn health(&self, virtualhosts: [&Option<String>; 2]) -> HttpGet {
        let around = virtualhosts.into_iter().flatten().next();
        HttpGet {
            virtualhost: self.virtualhost.as_ref().or(around).cloned(),
            status_codes: self.status_codes.clone(),
            digest: self.digest.as_deref().and_then(octets),
            receive: self.regex.clone(),
            ..HttpGet::new(self.path.clone())
        }
    }
}

/// Takes what the innermost block says, if any does.
fn said<T>(paces: [&CheckPace; 3], field: impl Fn(&CheckPace) -> Option<T>, value: &mut T) {
    if let Some(said) = paces.into_iter().find_map(field) {
        *value = said;
    }
}

/// 16 octets in hexadecimal digits.
fn octets(digits: &str) -> Option<[u8; 16]> {
    u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes)
}
