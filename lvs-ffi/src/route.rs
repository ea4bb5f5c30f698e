//! Routes: the ways to neighbors.

use core::net::{IpAddr, Ipv4Addr};

use lvs_proto::{LinkPair, MacAddr, Path, Route};

use crate::{LVS_IPV4, LVS_IPV6, lvs_address, lvs_mac};

/// The way to whoever takes a frame next.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_route {
    /// Whom it leads to: a real server or a client. 0.0.0.0 and :: are everybody of that family who
    /// has no route of his own, by way of a gateway.
    pub address: lvs_address,
    /// Not 0 if that is this host; then nothing else here counts.
    pub is_local: u8,
    /// Not 0 if a tunnel over IPv4 carries packets in fragments that must not be sent so (the
    /// sysctl pmtu_disc=0) \[RT-7\] \[TUN-1\].
    pub ignore_dont_fragment: u8,
    /// The Ethernet address of the interface that frames leave by.
    pub source: lvs_mac,
    /// The neighbor's Ethernet address.
    pub destination: lvs_mac,
    /// This host's address towards a real server, where tunnels begin \[RT-1\]; zeros if none do.
    pub tunnel_source: lvs_address,
    /// Octets of the longest IP packet that may be sent \[RT-6\], 1500 on most links.
    pub mtu: u32,
}

const _: () = assert!(size_of::<lvs_route>() == 52);

/// The route to `address` among `routes`, which are sorted by the `memcmp` of their addresses, or
/// else that of everybody.
#[inline]
pub(crate) fn find(routes: &[lvs_route], address: IpAddr) -> Option<&lvs_route> {
    let (everybody, key) = match address {
        IpAddr::V4(v4) => ((LVS_IPV4, 0), (LVS_IPV4, u128::from(v4.to_bits()) << 96)),
        IpAddr::V6(v6) => ((LVS_IPV6, 0), (LVS_IPV6, v6.to_bits())),
    };
    let of = |key: (u8, u128)| {
        let place = routes.binary_search_by(|route| route.key().cmp(&key)).ok()?;
        routes.get(place)
    };
    of(key).or_else(|| of(everybody))
}

impl lvs_route {
    /// What orders routes as `memcmp` does, without the octets of IPv4 that do not count.
    #[inline]
    const fn key(&self) -> (u8, u128) {
        let lvs_address { family, octets } = self.address;
        let counting = if family == LVS_IPV4 { u128::MAX << 96 } else { u128::MAX };
        (family, u128::from_be_bytes(octets) & counting)
    }

    /// The route; `identification` is of the outer packet of a tunnel.
    #[inline]
    pub(crate) fn read(&self, identification: u16) -> Route {
        if self.is_local != 0 {
            return Route::Local;
        }
        let link = LinkPair {
            source: MacAddr::new(self.source.octets),
            destination: MacAddr::new(self.destination.octets),
        };
        Route::Via(Path {
            source: self.tunnel_source.try_into().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            identification,
            path_mtu_discovery: self.ignore_dont_fragment == 0,
            ..Path::new(link, self.mtu)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_route_goes_by_that_of_everybody() {
        let hosts = ["0.0.0.0", "10.2.0.1", "10.2.0.2", "::", "2001:db8::1"];
        let route = |host: &str| lvs_route {
            address: host.parse::<IpAddr>().unwrap().into(),
            ..lvs_route::default()
        };
        let routes = hosts.map(route);
        let rows = [
            ("10.2.0.2", "10.2.0.2"),
            ("10.2.0.3", "0.0.0.0"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:db8::2", "::"),
        ];
        for (host, by) in rows {
            assert_eq!(find(&routes, host.parse().unwrap()), Some(&route(by)));
        }
        assert_eq!(find(&routes[1..3], [10, 2, 0, 3].into()), None);
        let mut unkempt = routes;
        for route in &mut unkempt[..3] {
            route.address.octets[4..].copy_from_slice(&[7; 12]);
        }
        for (place, host) in hosts.iter().enumerate() {
            assert_eq!(find(&unkempt, host.parse().unwrap()), unkempt.get(place));
        }
        assert_eq!(find(&[], [10, 2, 0, 3].into()), None);
    }
}
