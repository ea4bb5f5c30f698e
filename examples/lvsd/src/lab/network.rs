//! The laboratory's networks: a bridge each, and hosts on it, each in a namespace of its own.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use futures_util::TryStreamExt;
use rtnetlink::packet_route::link::{InfoData, InfoVeth};
use rtnetlink::{Handle, LinkBridge, LinkUnspec, LinkVeth, RouteMessageBuilder};

use crate::namespace::Namespace;
use crate::netlink;

/// The interface that each host has.
pub const INTERFACE: &str = "eth0";

const BRIDGE: &str = "br0";

/// The bridge and the hosts on it, which last as long as this value.
#[derive(Debug)]
pub struct Network {
    switch: Namespace,
    hosts: Vec<Arc<Namespace>>,
    ports: u32,
}

impl Network {
    /// A bridge without ports.
    ///
    /// # Errors
    /// Namespaces, or bridges, are not permitted here.
    pub fn new() -> Result<Self> {
        let switch = Namespace::new()?;
        switch.run(|| {
            netlink::run(async |handle| {
                let bridge = LinkBridge::new(BRIDGE).up().build();
                handle.link().add(bridge).execute().await.context("creating a bridge")
            })
        })?;
        Ok(Self { switch, hosts: Vec::new(), ports: 0 })
    }

    /// A new host on the bridge, its interface up with `addresses`.
    ///
    /// # Errors
    /// The kernel has no virtual Ethernet links.
    pub fn add_host(&mut self, addresses: &[(IpAddr, u8)]) -> Result<Arc<Namespace>> {
        let host = Arc::new(Namespace::new()?);
        self.attach(&host, INTERFACE, addresses)?;
        self.hosts.push(Arc::clone(&host));
        Ok(host)
    }

    /// Gives a host an interface on the bridge, up with `addresses`.
    ///
    /// # Errors
    /// The kernel has no virtual Ethernet links.
    pub fn attach(
        &mut self,
        host: &Namespace,
        interface: &str,
        addresses: &[(IpAddr, u8)],
    ) -> Result<()> {
        let port = format!("port{}", self.ports);
        self.ports += 1;
        let host_descriptor = host.as_raw_fd();
        self.switch.run(|| {
            netlink::run(async |handle| {
                let bridge = index_of(&handle, BRIDGE).await?;
                let peer = LinkUnspec::new_with_name(interface).setns_by_fd(host_descriptor);
                let link = LinkVeth::new(&port, interface)
                    .set_info_data(InfoData::Veth(InfoVeth::Peer(peer.build())))
                    .controller(bridge)
                    .up();
                handle.link().add(link.build()).execute().await.context("creating a link")
            })
        })?;
        host.run(|| {
            netlink::run(async |handle| {
                for name in ["lo", interface] {
                    let up = LinkUnspec::new_with_name(name).up().build();
                    handle.link().change(up).execute().await?;
                }
                Ok(())
            })?;
            netlink::install(netlink::Interface::named(interface)?.index, addresses)
        })
    }
}

/// Makes a host send all that is not on its links to `gateway`.
///
/// # Errors
/// The gateway is not on a link.
pub fn route_everything(host: &Namespace, gateway: IpAddr) -> Result<()> {
    let route = match gateway {
        IpAddr::V4(gateway) => RouteMessageBuilder::<Ipv4Addr>::new().gateway(gateway).build(),
        IpAddr::V6(gateway) => RouteMessageBuilder::<Ipv6Addr>::new().gateway(gateway).build(),
    };
    host.run(|| {
        netlink::run(async |handle| {
            handle.route().add(route).execute().await.context("adding a route")
        })
    })
}

/// Sets values below `/proc/sys/net` of a host.
///
/// # Errors
/// `/proc/sys` is read-only here.
pub fn set(host: &Namespace, settings: &[(&str, &str)]) -> Result<()> {
    host.run(|| {
        for (setting, value) in settings {
            let path = format!("/proc/sys/net/{setting}");
            fs::write(&path, value).with_context(|| path.clone())?;
        }
        Ok(())
    })
}

/// Makes a host accept packets to `virtual_address` without ever answering ARP for it: the order
/// matters, the address comes last. Over IPv6 a host answers for the addresses of the interface
/// alone that it is asked on.
///
/// # Errors
/// `/proc/sys` is read-only here.
pub fn accept_silently(host: &Namespace, virtual_address: IpAddr) -> Result<()> {
    set(host, &[("ipv4/conf/all/arp_ignore", "1"), ("ipv4/conf/all/arp_announce", "2")])?;
    let prefix = if virtual_address.is_ipv4() { 32 } else { 128 };
    host.run(|| {
        netlink::install(nix::net::if_::if_nametoindex("lo")?, &[(virtual_address, prefix)])
    })
}

async fn index_of(handle: &Handle, name: &str) -> Result<u32> {
    let link = handle.link().get().match_name(name).execute().try_next().await?;
    Ok(link.ok_or_else(|| anyhow!("no interface named {name}"))?.header.index)
}
