//! The run with NAT: a director between two networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context, Result};
use lvs_proto::Family;

use super::director::run_arguments;
use super::http::{self, Server};
use super::network::{self, Network};
use super::plan;
use super::promise::Schedule;
use super::stage::{Stage, Target};
use super::story::Report;

/// The director's interface towards the real servers.
const INSIDE: &str = "eth1";

/// The service's port, and the one that real servers listen at.
const PORT: u16 = 80;
const SERVER_PORT: u16 = 8080;

/// A service for one long page, so that segments are put together on the way.
const LONG_PORT: u16 = 81;
const LONG_OCTETS: usize = 1 << 20;

/// The weights of the real servers.
const WEIGHTS: [u32; 2] = [1, 2];

/// The addresses of both networks.
struct Site {
    virtual_addresses: Vec<IpAddr>,
    clients: Vec<IpAddr>,
    director: Vec<(IpAddr, u8)>,
    gateway: IpAddr,
    servers: [IpAddr; WEIGHTS.len()],
    prefix: u8,
}

impl Site {
    fn v4() -> Self {
        let outside = |host| IpAddr::from(Ipv4Addr::new(192, 168, 50, host));
        let inside = |host| IpAddr::from(Ipv4Addr::new(192, 168, 58, host));
        Self {
            virtual_addresses: vec![outside(200)],
            clients: (10..40).map(outside).collect(),
            director: vec![(outside(4), 24)],
            gateway: inside(4),
            servers: [inside(2), inside(3)],
            prefix: 24,
        }
    }

    fn v6() -> Self {
        let address = |network, host: u8| {
            IpAddr::from(Ipv6Addr::new(network, 0, 0, 0, 0, 0, 0, u16::from(host)))
        };
        let (outside, inside) = (|host| address(0xfd50, host), |host| address(0xfd58, host));
        Self {
            virtual_addresses: vec![outside(200), address(0xfe80, 200)],
            clients: (10..40).map(outside).collect(),
            director: vec![(outside(4), 64), (address(0xfe80, 4), 64)],
            gateway: inside(4),
            servers: [inside(2), inside(3)],
            prefix: 64,
        }
    }

    fn rules(&self) -> String {
        let mut rules = String::new();
        for (port, server_port) in [(PORT, SERVER_PORT), (LONG_PORT, LONG_PORT)] {
            let service = SocketAddr::new(self.virtual_addresses[0], port);
            rules += &format!("-A -t {service} -s wrr\n");
            for (server, weight) in self.servers.iter().zip(WEIGHTS) {
                let server = SocketAddr::new(*server, server_port);
                rules += &format!("-a -t {service} -r {server} -m -w {weight}\n");
            }
        }
        rules
    }
}

/// Plays the run over IPv4 or IPv6.
///
/// # Errors
/// The cluster could not be worked with at all.
pub(crate) fn play(family: Family, report: &mut Report, say: &mut dyn FnMut(&str)) -> Result<()> {
    let site = match family {
        Family::V4 => Site::v4(),
        Family::V6 => Site::v6(),
    };
    say(&format!(
        "\nNAT over {family}: a director between two networks, port {PORT} is {SERVER_PORT} inside; pages \
         name the client that their server saw"
    ));
    let service = SocketAddr::new(site.virtual_addresses[0], PORT);
    let mut stage = build(&site, family)?;
    let target = Target { service, schedule: Schedule::WeightedRoundRobin, weights: &WEIGHTS };
    let page = |server, client: IpAddr| format!("{}{client}", plan::page_of(server));
    let shares = stage.request(&target, plan::REQUESTS, page)?;
    report.expect_shares("wrr", &WEIGHTS, &shares, say);
    let long = SocketAddr::new(service.ip(), LONG_PORT);
    let (_, answer) = stage.ask(long, http::get)?;
    let whole = answer.is_some_and(|answer| answer == "x".repeat(LONG_OCTETS));
    say(&format!(
        "a page of {LONG_OCTETS} octets {}",
        if whole { "came whole" } else { "did NOT come whole" }
    ));
    report.expect(whole, || format!("a long page did not come through NAT over {family}"));
    Ok(())
}

fn build(site: &Site, family: Family) -> Result<Stage> {
    let (mut outside, mut inside) = (Network::new()?, Network::new()?);
    let with_prefix = |address: &IpAddr| (*address, site.prefix);
    let clients: Vec<_> = site.clients.iter().map(with_prefix).collect();
    let client = outside.add_host(&clients)?;
    let director = outside.add_host(&site.director)?;
    inside.attach(&director, INSIDE, &[with_prefix(&site.gateway)])?;
    for (number, address) in site.servers.iter().enumerate() {
        let server = inside.add_host(&[with_prefix(address)])?;
        network::route_everything(&server, site.gateway)?;
        let at = |port| SocketAddr::new(plan::any(family), port);
        server.run(|| {
            Server::naming_clients(at(SERVER_PORT), plan::page_of(number))
                .and_then(|_| Server::new(at(LONG_PORT), &"x".repeat(LONG_OCTETS)))
                .context("starting a real server")
        })?;
    }
    let mut arguments = run_arguments(u8::MAX);
    let addresses: Vec<_> = site.virtual_addresses.iter().map(IpAddr::to_string).collect();
    arguments.extend(["--vip".into(), addresses.join(",")]);
    let client = (client, site.clients.clone());
    Stage::new(client, &director, &arguments, &site.rules(), vec![outside, inside])
}
