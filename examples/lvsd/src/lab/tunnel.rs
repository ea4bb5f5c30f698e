//! The run with tunnels: real servers on another network, behind a router.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::thread;

use anyhow::{Context, Result};
use lvs_proto::wire::ethernet::{self, EtherType};
use rtnetlink::{LinkIpIp, LinkUnspec, LinkVeth};
use socket2::{Domain, Protocol, Socket, Type};

use super::director::run_arguments;
use super::http::{self, Server};
use super::network::{self, INTERFACE, Network};
use super::plan;
use super::promise::Schedule;
use super::stage::{Stage, Target};
use super::story::Report;
use crate::namespace::Namespace;
use crate::netlink::{self, Interface};
use crate::packet_socket::PacketSocket;

const PORT: u16 = 80;

/// A service that takes something long, whose packets do not fit into the tunnel at first.
const UPLOAD_PORT: u16 = 81;
const UPLOAD_OCTETS: usize = 1 << 20;

const WEIGHTS: [u32; 3] = [1, 1, 1];

const VIRTUAL_ADDRESS: IpAddr = near(140);
const ROUTER: [IpAddr; 2] = [near(1), far(1)];
const SERVERS: [IpAddr; WEIGHTS.len()] = [far(2), far(3), far(4)];

const fn near(host: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 168, 214, host))
}

const fn far(host: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 168, 60, host))
}

/// Linux's own end of tunnels of IP in IP, where its module is loaded.
const KERNEL_TUNNEL: &str = "tunl0";

/// Both ends of our own: what goes in by one comes to the host by the other.
const OUR_TUNNEL: [&str; 2] = ["tunl-out", "tunl-in"];

/// IP in IP, by its number.
const IPIP: i32 = 4;

/// Plays the run.
///
/// # Errors
/// The cluster could not be worked with at all.
pub(crate) fn play(report: &mut Report, say: &mut dyn FnMut(&str)) -> Result<()> {
    let (mut stage, by_kernel) = build()?;
    say(&format!(
        "\ntunnels: real servers behind a router, which take packets out of IP in IP {}",
        if by_kernel { "by Linux's tunl0" } else { "themselves (this kernel has no ipip)" }
    ));
    let service = SocketAddr::new(VIRTUAL_ADDRESS, PORT);
    let target = Target { service, schedule: Schedule::RoundRobin, weights: &WEIGHTS };
    let page = |server, client: IpAddr| format!("{}{client}", plan::page_of(server));
    let shares = stage.request(&target, plan::REQUESTS, page)?;
    report.expect_shares("rr", &WEIGHTS, &shares, say);
    let upload = |client, server, timeout| http::upload(client, server, UPLOAD_OCTETS, timeout);
    let (_, answer) = stage.ask(SocketAddr::new(VIRTUAL_ADDRESS, UPLOAD_PORT), upload)?;
    let whole = answer.is_some_and(|answer| answer == UPLOAD_OCTETS.to_string());
    say(&format!(
        "{UPLOAD_OCTETS} octets {}: the client was told to send packets that fit into the tunnel",
        if whole { "went up whole" } else { "did NOT go up whole" }
    ));
    report.expect(whole, || "an upload did not come through the tunnel".into());
    Ok(())
}

/// The cluster, and whether the kernel takes packets out of tunnels.
fn build() -> Result<(Stage, bool)> {
    let (mut near_network, mut far_network) = (Network::new()?, Network::new()?);
    let clients: Vec<IpAddr> = (10..40).map(near).collect();
    let with_prefix = |address: IpAddr| (address, plan::PREFIX);
    let client_addresses: Vec<_> = clients.iter().copied().map(with_prefix).collect();
    let client = near_network.add_host(&client_addresses)?;
    let director = near_network.add_host(&[with_prefix(near(141))])?;
    network::route_everything(&director, ROUTER[0])?;
    let router = near_network.add_host(&[with_prefix(ROUTER[0])])?;
    far_network.attach(&router, "eth1", &[with_prefix(ROUTER[1])])?;
    // Answers come from an address that is on the near network.
    let settings = [("ipv4/conf/all/rp_filter", "0"), ("ipv4/conf/eth1/rp_filter", "0")];
    network::set(&router, &settings)?;
    network::set(&router, &[("ipv4/ip_forward", "1")])?;
    let mut by_kernel = false;
    for (number, address) in SERVERS.into_iter().enumerate() {
        let server = far_network.add_host(&[with_prefix(address)])?;
        network::route_everything(&server, ROUTER[1])?;
        network::accept_silently(&server, VIRTUAL_ADDRESS)?;
        by_kernel = take_out_of_tunnels(&server)?;
        let at = |port| SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port);
        server.run(|| {
            Server::naming_clients(at(PORT), plan::page_of(number))
                .and_then(|_| Server::counting(at(UPLOAD_PORT)))
                .context("starting a real server")
        })?;
    }
    let networks = vec![near_network, far_network];
    let mut arguments = run_arguments(u8::MAX);
    arguments.extend(["--vip".into(), VIRTUAL_ADDRESS.to_string()]);
    let stage = Stage::new((client, clients), &director, &arguments, &rules(), networks)?;
    Ok((stage, by_kernel))
}

fn rules() -> String {
    let mut rules = String::new();
    for port in [PORT, UPLOAD_PORT] {
        let service = SocketAddr::new(VIRTUAL_ADDRESS, port);
        rules += &format!("-A -t {service} -s rr\n");
        for server in SERVERS {
            rules += &format!("-a -t {service} -r {server}:{port} -i\n");
        }
    }
    rules
}

/// Lets a real server take packets out of tunnels; whether its kernel does it.
fn take_out_of_tunnels(server: &Namespace) -> Result<bool> {
    let by_kernel = server.run(|| {
        netlink::run(async |handle| {
            // As `modprobe ipip` does, this brings the kernel's device into being; the link itself
            // is of no use.
            let module = LinkIpIp::new("tunl-module").build();
            let _ = handle.link().add(module).execute().await;
            let up = LinkUnspec::new_with_name(KERNEL_TUNNEL).up().build();
            Ok(handle.link().change(up).execute().await.is_ok())
        })
    })?;
    let end = if by_kernel { KERNEL_TUNNEL } else { OUR_TUNNEL[1] };
    if !by_kernel {
        server.run(take_out_of_tunnels_ourselves)?;
    }
    // Clients are behind another interface than their packets come from.
    let of_end = format!("ipv4/conf/{end}/rp_filter");
    let of_link = format!("ipv4/conf/{INTERFACE}/rp_filter");
    for setting in ["ipv4/conf/all/rp_filter", &of_end, &of_link] {
        network::set(server, &[(setting, "0")])?;
    }
    Ok(by_kernel)
}

/// In the namespace of the calling thread: what comes in IP in IP is put on a link to this host.
fn take_out_of_tunnels_ourselves() -> Result<()> {
    let [out, into] = OUR_TUNNEL;
    netlink::run(async |handle| {
        let link = LinkVeth::new(out, into).up().build();
        handle.link().add(link).execute().await.context("creating a link")?;
        let up = LinkUnspec::new_with_name(into).up().build();
        handle.link().change(up).execute().await.context("setting a link up")
    })?;
    let (out, into) = (Interface::named(out)?, Interface::named(into)?);
    let outer = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(IPIP)))?;
    let inner = PacketSocket::open(out.index)?;
    let header = ethernet::header(into.mac, out.mac, EtherType::IPV4);
    thread::spawn(move || {
        let mut octets = [0; 65_535];
        while let Ok(length) = std::io::Read::read(&mut &outer, &mut octets) {
            let packet = octets.get(..length).unwrap_or_default();
            let header_len = packet.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
            let carried = packet.get(header_len..).unwrap_or_default();
            if let Err(error) = inner.send(&[&header[..], carried].concat()) {
                log::warn!("a packet out of a tunnel is lost: {error}");
            }
        }
    });
    Ok(())
}
