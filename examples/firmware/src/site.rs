//! What this device is told to be: the one file to change for another network.

use core::net::{IpAddr, Ipv4Addr};

use lvs_proto::vrrp::GROUP_V4;
use lvs_proto::{MacAddr, Method};
use lvs_sched::{DestConfig, SchedulerKind, ServiceConfig, ServiceKey};

/// A device and its place in the network.
#[derive(Debug)]
pub struct Site {
    /// The link address of the interface.
    pub mac: MacAddr,
    /// The address of the interface.
    pub address: Ipv4Addr,
    /// How many bits of it are those of the network.
    pub prefix_len: u8,
    /// Who takes packets to other networks, if anybody does.
    pub router: Option<Ipv4Addr>,
    /// Octets of the longest IP packet.
    pub mtu: u32,
    /// The virtual router, 1 to 255.
    pub vrid: u8,
    /// Its priority on this device, 1 to 254.
    pub priority: u8,
    /// Its address.
    pub virtual_address: Ipv4Addr,
    /// The most connections at a time.
    pub connections: u32,
    /// The most neighbors to know at a time.
    pub neighbors: u32,
    /// What is served.
    pub virtual_servers: &'static [VirtualServer],
}

/// A service and its real servers.
#[derive(Debug)]
pub struct VirtualServer {
    /// The service.
    pub service: ServiceConfig,
    /// Who serves.
    pub dests: &'static [DestConfig],
}

impl Site {
    /// The link addresses that frames to this device have, but for broadcast: its own, that of the
    /// virtual router, and that of the VRRP group.
    #[must_use]
    pub fn heard(&self) -> [MacAddr; 3] {
        let virtual_mac = MacAddr::new([0, 0, 0x5e, 0, 1, self.vrid]);
        [self.mac, virtual_mac, MacAddr::of_ipv4_multicast(GROUP_V4)]
    }

    /// Whom a packet to `address` is handed to.
    #[must_use]
    pub fn next_hop(&self, address: Ipv4Addr) -> Option<Ipv4Addr> {
        let differing = u32::from(address) ^ u32::from(self.address);
        let is_near = differing.leading_zeros() >= self.prefix_len.into();
        if is_near { Some(address) } else { self.router }
    }
}

const VIP: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 8, 0, 100));

const fn server(last: u8, port: u16, method: Method) -> DestConfig {
    let address = IpAddr::V4(Ipv4Addr::new(10, 8, 0, last));
    DestConfig { method, ..DestConfig::new(address, port) }
}

const fn round_robin(key: ServiceKey) -> ServiceConfig {
    ServiceConfig { scheduler: SchedulerKind::Rr, ..ServiceConfig::new(key) }
}

/// The site of the test.
pub static SITE: Site = Site {
    mac: MacAddr::new([2, 0, 0, 0, 8, 2]),
    address: Ipv4Addr::new(10, 8, 0, 2),
    prefix_len: 24,
    router: None,
    mtu: 1500,
    vrid: 51,
    priority: 150,
    virtual_address: Ipv4Addr::new(10, 8, 0, 100),
    connections: 256,
    neighbors: 8,
    virtual_servers: &[
        VirtualServer {
            service: round_robin(ServiceKey::udp(VIP, 53)),
            dests: &[server(11, 53, Method::DirectRoute), server(12, 53, Method::DirectRoute)],
        },
        VirtualServer {
            service: round_robin(ServiceKey::udp(VIP, 5000)),
            dests: &[server(11, 7000, Method::Nat), server(12, 7000, Method::Nat)],
        },
        VirtualServer {
            service: round_robin(ServiceKey::tcp(VIP, 80)),
            dests: &[server(11, 8080, Method::Nat), server(12, 8080, Method::Nat)],
        },
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_hops() {
        let far = Ipv4Addr::new(10, 9, 0, 1);
        assert_eq!(SITE.next_hop(SITE.virtual_address), Some(SITE.virtual_address));
        assert_eq!(SITE.next_hop(far), None);
    }
}
