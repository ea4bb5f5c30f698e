//! What the kernel knows: interfaces, addresses and routes.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::net::UnixStream;
use std::thread;

use anyhow::{Context, Result, anyhow};
use futures_util::{StreamExt, TryStreamExt};
use lvs_proto::{Family, MacAddr};
use rtnetlink::packet_core::NetlinkPayload;
use rtnetlink::packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};
use rtnetlink::packet_route::link::{LinkAttribute, LinkFlags};
use rtnetlink::packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteType,
};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};
use rtnetlink::{Handle, LinkGetRequest, MulticastGroup, RouteMessageBuilder};
use tokio::runtime::Runtime;

use crate::routes::{Route, Routes};

/// Runs `work` with a netlink connection to the calling thread's network namespace.
///
/// # Errors
/// No netlink socket can be had, or what `work` says.
pub fn run<T>(work: impl AsyncFnOnce(Handle) -> Result<T>) -> Result<T> {
    runtime()?.block_on(async {
        let (connection, handle, _) = rtnetlink::new_connection().context("netlink socket")?;
        tokio::spawn(connection);
        work(handle).await
    })
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// A network interface as it is now.
#[derive(Clone, Debug)]
pub struct Interface {
    /// The kernel's number of it.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its hardware address.
    pub mac: MacAddr,
    /// Octets of the longest IP packet that it sends.
    pub mtu: u32,
    /// Its addresses in the kernel's order, the primary one first.
    pub addresses: Vec<IpAddr>,
}

impl Interface {
    /// The interface of that name.
    ///
    /// # Errors
    /// There is none, or it is not an Ethernet interface.
    pub fn named(name: &str) -> Result<Self> {
        Self::find(name, |links| links.match_name(name))
    }

    /// The interface of that number.
    ///
    /// # Errors
    /// There is none, or it is not an Ethernet interface.
    pub fn of_index(index: u32) -> Result<Self> {
        Self::find(&index.to_string(), |links| links.match_index(index))
    }

    fn find(name: &str, matching: impl FnOnce(LinkGetRequest) -> LinkGetRequest) -> Result<Self> {
        run(async |handle| {
            let links = matching(handle.link().get()).execute().try_next().await;
            let link = links.ok().flatten().ok_or_else(|| anyhow!("no interface named {name}"))?;
            let mac = link.attributes.iter().find_map(hardware_address);
            let mtu = link.attributes.iter().find_map(|attribute| match attribute {
                LinkAttribute::Mtu(mtu) => Some(*mtu),
                _ => None,
            });
            let own_name = link.attributes.iter().find_map(|attribute| match attribute {
                LinkAttribute::IfName(name) => Some(name.clone()),
                _ => None,
            });
            let index = link.header.index;
            let found = handle.address().get().set_link_index_filter(index).execute();
            let found: Vec<AddressMessage> = found.try_collect().await?;
            Ok(Self {
                index,
                name: own_name.ok_or_else(|| anyhow!("interface {name} has no name"))?,
                mac: mac.ok_or_else(|| anyhow!("{name} has no Ethernet address"))?,
                mtu: mtu.ok_or_else(|| anyhow!("{name} has no MTU"))?,
                addresses: found.iter().filter_map(own_address).collect(),
            })
        })
    }

    /// The address that adverts of `family` are sent from: the primary IPv4 address, the link-local
    /// IPv6 address (RFC 9568 sections 5.1.1.1 and 5.1.2.1).
    #[must_use]
    pub fn advert_source(&self, family: Family) -> Option<IpAddr> {
        self.addresses.iter().copied().find(|address| match (family, address) {
            (Family::V4, IpAddr::V4(_)) => true,
            (Family::V6, IpAddr::V6(address)) => address.is_unicast_link_local(),
            _ => false,
        })
    }
}

/// A stream of octets, one for each state of the interface from now on: 1 while it can carry frames
/// (set up, and with a carrier), else 0. A thread of its own follows the kernel.
///
/// # Errors
/// No thread or stream can be had.
pub fn follow_link(index: u32) -> io::Result<UnixStream> {
    let (read, write) = UnixStream::pair()?;
    read.set_nonblocking(true)?;
    // The socket belongs to the namespace of the thread that opens it, and a thread starts in its
    // parent's.
    thread::Builder::new().spawn(move || {
        let outcome = runtime().and_then(|runtime| runtime.block_on(report_link(index, write)));
        if let Err(error) = outcome {
            log::error!("the state of the interface cannot be followed any more: {error:#}");
        }
    })?;
    Ok(read)
}

async fn report_link(index: u32, mut states: UnixStream) -> Result<()> {
    let groups = &[MulticastGroup::Link];
    let (connection, handle, mut messages) = rtnetlink::new_multicast_connection(groups)?;
    tokio::spawn(connection);
    let mut known = true;
    let link = handle.link().get().match_index(index).execute().try_next().await?;
    let mut flags = link.map(|link| link.header.flags);
    loop {
        let running = flags.is_some_and(|flags| flags.contains(LinkFlags::Up | LinkFlags::Running));
        if running != known {
            known = running;
            states.write_all(&[u8::from(running)])?;
        }
        flags = loop {
            let Some((message, _)) = messages.next().await else { return Ok(()) };
            match message.payload {
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewLink(link))
                    if link.header.index == index =>
                {
                    break Some(link.header.flags);
                }
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelLink(link))
                    if link.header.index == index =>
                {
                    break None;
                }
                _ => {}
            }
        };
    }
}

/// Adds `addresses` to the interface, for hosts that are to accept what is sent to them.
///
/// IPv6 addresses skip duplicate address detection, which would hold them back a second \[ND-2\].
///
/// # Errors
/// No right to (`CAP_NET_ADMIN`), or the interface is gone. An address that is there already is
/// none.
pub fn install(index: u32, addresses: &[(IpAddr, u8)]) -> Result<()> {
    run(async |handle| {
        for (address, prefix) in addresses {
            let mut request = handle.address().add(index, *address, *prefix).replace();
            if address.is_ipv6() {
                let flags = AddressAttribute::Flags(AddressFlags::Nodad);
                request.message_mut().attributes.push(flags);
            }
            request.execute().await.with_context(|| format!("adding {address}/{prefix}"))?;
        }
        Ok(())
    })
}

/// Removes `addresses` from the interface; those that are not there are passed over.
///
/// # Errors
/// No right to (`CAP_NET_ADMIN`), or the interface is gone.
pub fn remove(index: u32, addresses: &[(IpAddr, u8)]) -> Result<()> {
    run(async |handle| {
        let found = handle.address().get().set_link_index_filter(index).execute();
        let found: Vec<AddressMessage> = found.try_collect().await?;
        for message in found {
            let ours = own_address(&message)
                .is_some_and(|address| addresses.contains(&(address, message.header.prefix_len)));
            if ours {
                handle.address().del(message).execute().await?;
            }
        }
        Ok(())
    })
}

/// The kernel's ways to networks, as they are now: those of the main table that lead over one
/// interface.
///
/// # Errors
/// No netlink socket can be had.
pub fn routes() -> Result<Routes> {
    run(async |handle| {
        let mut routes = Vec::new();
        for query in [
            RouteMessageBuilder::<Ipv4Addr>::new().build(),
            RouteMessageBuilder::<Ipv6Addr>::new().build(),
        ] {
            let found = handle.route().get(query).execute();
            let found: Vec<RouteMessage> = found.try_collect().await?;
            routes.extend(found.iter().filter_map(route));
        }
        Ok(Routes::new(routes))
    })
}

fn route(message: &RouteMessage) -> Option<Route> {
    let header = &message.header;
    if header.table != RouteHeader::RT_TABLE_MAIN || header.kind != RouteType::Unicast {
        return None;
    }
    let (mut network, mut gateway, mut interface) = (None, None, None);
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(address) => network = Some(route_address(address)?),
            RouteAttribute::Gateway(address) => gateway = Some(route_address(address)?),
            RouteAttribute::Oif(index) => interface = Some(*index),
            _ => {}
        }
    }
    let everywhere = match header.address_family {
        AddressFamily::Inet => Ipv4Addr::UNSPECIFIED.into(),
        _ => Ipv6Addr::UNSPECIFIED.into(),
    };
    let network = network.unwrap_or(everywhere);
    let prefix = header.destination_prefix_length;
    Some(Route { network, prefix, gateway, interface: interface? })
}

fn route_address(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some((*address).into()),
        RouteAddress::Inet6(address) => Some((*address).into()),
        _ => None,
    }
}

fn hardware_address(attribute: &LinkAttribute) -> Option<MacAddr> {
    match attribute {
        LinkAttribute::Address(octets) => octets.as_slice().try_into().ok().map(MacAddr::new),
        _ => None,
    }
}

/// The interface's own address: `IFA_LOCAL` where there is one, else `IFA_ADDRESS`.
fn own_address(message: &AddressMessage) -> Option<IpAddr> {
    let local = message.attributes.iter().find_map(|attribute| match attribute {
        AddressAttribute::Local(address) => Some(*address),
        _ => None,
    });
    local.or_else(|| {
        message.attributes.iter().find_map(|attribute| match attribute {
            AddressAttribute::Address(address) => Some(*address),
            _ => None,
        })
    })
}
