//! The run with health checks: real servers leave and return.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow};

use super::http::{self, Server};
use super::network::{self, INTERFACE, Network};
use super::plan::{self, PREFIX, SERVER_ADDRESSES, VIRTUAL_ADDRESS};
use super::stage::Stage;
use super::story::{Report, Shares, seconds};
use crate::namespace::Namespace;

const PORT: u16 = 80;
/// A multiple of what one, two or three servers share.
const REQUESTS: usize = 60;

/// Who serves when nobody else does.
const SORRY: Ipv4Addr = Ipv4Addr::new(192, 168, 214, 149);
const SORRY_PAGE: &str = "SORRY\n";
/// What a page must hold.
const TEXT: &str = "SERVER";
const OTHER_PAGE: &str = "under repair\n";

/// What the director is told, as keepalived would be.
fn config() -> String {
    let page = format!("HTTP_GET {{\nurl {{\npath /\nregex {TEXT}\n}}\n}}");
    let checks = [page.as_str(), page.as_str(), "TCP_CHECK {\n}"];
    let real = |(address, check): (&Ipv4Addr, &str)| {
        format!("real_server {address} {PORT} {{\n{check}\n}}\n")
    };
    let real_servers: String = SERVER_ADDRESSES.iter().zip(checks).map(real).collect();
    format!(
        "vrrp_instance LAB {{
             state MASTER
             interface {INTERFACE}
             virtual_router_id {}
             virtual_ipaddress {{
                 {VIRTUAL_ADDRESS}
             }}
         }}
         virtual_server {VIRTUAL_ADDRESS} {PORT} {{
             lb_algo rr
             lb_kind DR
             protocol TCP
             sorry_server {SORRY} {PORT}
             delay_loop 0.5
             connect_timeout 3
             retry 1
             delay_before_retry 0.2
             {real_servers}
         }}\n",
        plan::VRID
    )
}

/// A real server that can be stopped.
struct RealServer {
    host: Arc<Namespace>,
    page: Arc<Mutex<String>>,
    server: Option<Server>,
}

/// Plays the run.
///
/// # Errors
/// The cluster could not be worked with at all, or a server is not noticed to leave or return.
pub(crate) fn play(report: &mut Report, say: &mut dyn FnMut(&str)) -> Result<()> {
    let (mut stage, mut servers) = build()?;
    say("\nhealth checks: two servers by a text in their page, the third by a connection");
    say(&format!("{:<22}{:>16}  server 1  server 2  server 3     sorry", "", "weights"));
    let all = [REQUESTS / 3, REQUESTS / 3, REQUESTS / 3, 0];
    try_servers(&mut stage, "all are well", all, report, say)?;

    servers[0].show(OTHER_PAGE);
    let noticed = await_servers(&mut stage, &[0], false)?;
    say(&format!("server 1's page lost its text: taken out after {}", seconds(noticed)));
    try_servers(&mut stage, "without server 1", [0, REQUESTS / 2, REQUESTS / 2, 0], report, say)?;

    for server in &mut servers[1..] {
        server.stop()?;
    }
    let noticed = await_servers(&mut stage, &[1, 2], false)?;
    say(&format!("servers 2 and 3 were stopped: taken out after {}", seconds(noticed)));
    try_servers(&mut stage, "the sorry server alone", [0, 0, 0, REQUESTS], report, say)?;

    for (number, server) in servers.iter_mut().enumerate() {
        server.show(&plan::page_of(number));
        server.start()?;
    }
    let noticed = await_servers(&mut stage, &[0, 1, 2], true)?;
    say(&format!("all are well again: back after {}", seconds(noticed)));
    try_servers(&mut stage, "all are back", all, report, say)
}

/// Requests, of which each server is to answer so many; the sorry server is the last.
fn try_servers(
    stage: &mut Stage,
    name: &str,
    expected: [usize; 4],
    report: &mut Report,
    say: &mut dyn FnMut(&str),
) -> Result<()> {
    let mut answered = [0; 4];
    let mut pages: Vec<String> = (0..SERVER_ADDRESSES.len()).map(plan::page_of).collect();
    pages.push(SORRY_PAGE.into());
    for _ in 0..REQUESTS {
        let (_, answer) = stage.ask(SocketAddr::new(VIRTUAL_ADDRESS.into(), PORT), http::get)?;
        let server = pages.iter().position(|page| answer.as_ref() == Some(page));
        server.into_iter().for_each(|server| answered[server] += 1);
    }
    let kept = answered.iter().zip(expected).map(|(answered, expected)| expected.min(*answered));
    let shares = Shares { requests: REQUESTS, answered: answered.to_vec(), kept: kept.sum() };
    report.expect_shares(name, &[1; 3], &shares, say);
    Ok(())
}

/// Waits until the director says that all of these servers are up, or down; how long that took.
fn await_servers(stage: &mut Stage, servers: &[usize], up: bool) -> Result<Duration> {
    let since = SystemTime::now();
    let address =
        |server: &usize| SocketAddr::new(SERVER_ADDRESSES[*server].into(), PORT).to_string();
    let mut missing: BTreeSet<String> = servers.iter().map(address).collect();
    let last = stage.await_event(|line| {
        if line.get("up").and_then(serde_json::Value::as_bool) == Some(up) {
            let server = line.get("real_server").and_then(serde_json::Value::as_str);
            missing.remove(server.unwrap_or_default());
        }
        missing.is_empty()
    })?;
    Ok(last.duration_since(since).unwrap_or_default())
}

fn build() -> Result<(Stage, Vec<RealServer>)> {
    let mut network = Network::new()?;
    let with_prefix = |address: Ipv4Addr| (IpAddr::from(address), PREFIX);
    let client = network.add_host(&plan::CLIENTS.map(with_prefix))?;
    let director = network.add_host(&[with_prefix(plan::DIRECTOR_ADDRESSES[0])])?;
    let mut servers = Vec::new();
    let pages = (0..SERVER_ADDRESSES.len()).map(plan::page_of).chain([SORRY_PAGE.into()]);
    for (address, page) in SERVER_ADDRESSES.into_iter().chain([SORRY]).zip(pages) {
        let host = network.add_host(&[with_prefix(address)])?;
        network::accept_silently(&host, VIRTUAL_ADDRESS.into())?;
        let mut server = RealServer { host, page: Arc::new(Mutex::new(page)), server: None };
        server.start()?;
        servers.push(server);
    }
    // Nobody stops the sorry server.
    servers.truncate(SERVER_ADDRESSES.len());
    let clients = (client, plan::CLIENTS.map(IpAddr::V4).to_vec());
    let arguments = ["keepalived", "--config", "/dev/stdin"].map(str::to_owned);
    let stage = Stage::new(clients, &director, &arguments, &config(), vec![network])?;
    Ok((stage, servers))
}

impl RealServer {
    /// Serves that page from now on.
    fn show(&self, page: &str) {
        *self.page.lock().unwrap_or_else(PoisonError::into_inner) = page.to_owned();
    }

    /// Listens, unless it does.
    fn start(&mut self) -> Result<()> {
        if self.server.is_none() {
            let at = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), PORT);
            let page = Arc::clone(&self.page);
            let server = self.host.run(|| Server::changing(at, page).context("starting a server"));
            self.server = Some(server?);
        }
        Ok(())
    }

    /// Refuses connections.
    fn stop(&mut self) -> Result<()> {
        let server = self.server.take().ok_or_else(|| anyhow!("the server is not running"))?;
        server.close().context("stopping a server")
    }
}
