//! Which way packets leave: the kernel's routes, as far as they lead over the interfaces in use.

use std::net::IpAddr;

/// A way to a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The network's address.
    pub network: IpAddr,
    /// The octets of it that count, in bits.
    pub prefix: u8,
    /// The router that knows the way; `None` if the network is on the link.
    pub gateway: Option<IpAddr>,
    /// The kernel's number of the interface.
    pub interface: u32,
}

/// All ways.
///
/// ```
/// use lvsd::routes::{Route, Routes};
///
/// let route = |network: &str, prefix, gateway: Option<&str>| {
///     let gateway = gateway.map(|gateway| gateway.parse()).transpose()?;
///     Ok::<_, std::net::AddrParseError>(Route { network: network.parse()?, prefix, gateway, interface: 2 })
/// };
/// let routes = Routes::new(vec![
///     route("0.0.0.0", 0, Some("192.0.2.1"))?,
///     route("192.0.2.0", 24, None)?,
/// ]);
/// let next_hop = |address: &str| Some(routes.find(address.parse().ok()?)?.1.to_string());
/// assert_eq!(next_hop("192.0.2.7").as_deref(), Some("192.0.2.7"));
/// assert_eq!(next_hop("198.51.100.7").as_deref(), Some("192.0.2.1"));
/// assert_eq!(next_hop("2001:db8::7"), None);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// The longest prefix first.
    routes: Vec<Route>,
}

impl Routes {
    /// A table; of two ways to one network the first counts.
    #[must_use]
    pub fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by_key(|route| std::cmp::Reverse(route.prefix));
        Self { routes }
    }

    /// The interface that leads to `address`, and who takes the packet there.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Option<(u32, IpAddr)> {
        let route = self.routes.iter().find(|route| route.covers(address))?;
        Some((route.interface, route.gateway.unwrap_or(address)))
    }
}

impl Route {
    fn covers(&self, address: IpAddr) -> bool {
        let (network, address, width) = match (self.network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (network.to_bits().into(), address.to_bits().into(), 32)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                (network.to_bits(), address.to_bits(), 128_u32)
            }
            _ => return false,
        };
        let differing: u128 = network ^ address;
        let beyond = width.saturating_sub(self.prefix.into());
        differing.checked_shr(beyond).unwrap_or(0) == 0
    }
}
