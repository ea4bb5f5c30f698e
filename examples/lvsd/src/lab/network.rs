//! The laboratory's network: one bridge, and hosts on it, each in a namespace of its own.

use std::fs;
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use futures_util::TryStreamExt;
use rtnetlink::packet_route::link::{InfoData, InfoVeth};
use rtnetlink::{Handle, LinkBridge, LinkUnspec, LinkVeth};

use crate::namespace::Namespace;
use crate::netlink;

/// The interface that each host has.
pub const INTERFACE: &str = "eth0";

const BRIDGE: &str = "br0";

/// The bridge and its ports. All of it is gone when the last namespace is.
#[derive(Debug)]
pub struct Network {
    switch: Namespace,
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
        Ok(Self { switch, ports: 0 })
    }

    /// A new host on the bridge, its interface up with `addresses`.
    ///
    /// # Errors
    /// The kernel has no virtual Ethernet links.
    pub fn add_host(&mut self, addresses: &[(IpAddr, u8)]) -> Result<Arc<Namespace>> {
        let host = Namespace::new()?;
        let port = format!("port{}", self.ports);
        self.ports += 1;
        let host_descriptor = host.as_raw_fd();
        self.switch.run(|| {
            netlink::run(async |handle| {
                let bridge = index_of(&handle, BRIDGE).await?;
                let peer = LinkUnspec::new_with_name(INTERFACE).setns_by_fd(host_descriptor);
                let link = LinkVeth::new(&port, INTERFACE)
                    .set_info_data(InfoData::Veth(InfoVeth::Peer(peer.build())))
                    .controller(bridge)
                    .up();
                handle.link().add(link.build()).execute().await.context("creating a link")
            })
        })?;
        host.run(|| {
            netlink::run(async |handle| {
                for name in ["lo", INTERFACE] {
                    let up = LinkUnspec::new_with_name(name).up().build();
                    handle.link().change(up).execute().await?;
                }
                Ok(())
            })?;
            netlink::install(netlink::Interface::named(INTERFACE)?.index, addresses)
        })?;
        Ok(Arc::new(host))
    }
}

/// Makes a host accept packets to `virtual_address` without ever answering ARP for it: the order
/// matters, the address comes last.
///
/// # Errors
/// `/proc/sys` is read-only here.
pub fn accept_silently(host: &Namespace, virtual_address: IpAddr) -> Result<()> {
    host.run(|| {
        for (setting, value) in [("arp_ignore", "1"), ("arp_announce", "2")] {
            let path = format!("/proc/sys/net/ipv4/conf/all/{setting}");
            fs::write(&path, value).with_context(|| path.clone())?;
        }
        let loopback = nix::net::if_::if_nametoindex("lo")?;
        netlink::install(loopback, &[(virtual_address, 32)])
    })
}

async fn index_of(handle: &Handle, name: &str) -> Result<u32> {
    let link = handle.link().get().match_name(name).execute().try_next().await?;
    Ok(link.ok_or_else(|| anyhow!("no interface named {name}"))?.header.index)
}
