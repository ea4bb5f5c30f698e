//! Who takes a packet next: routes, and the neighbors on each link.
//!
//! A packet whose next hop is still being asked for waits here, with its verdict.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Result;
use lvs_proto::frames::{self, OwnAddresses};
use lvs_proto::wire::ethernet::{self, EtherType};
use lvs_proto::wire::{arp, ipv6, ndp};
use lvs_proto::{
    Frame, Instant, LinkPair, MacAddr, Path, RewriteError, Route, Verdict, forward,
    parse_with_layout, reply,
};
use lvs_sched::neighbors::{Action, Neighbors, NeighborsConfig, Resolution};

use crate::packet_socket::HEADROOM;
use crate::routes::Routes;

/// Packets that wait for their next hop; the oldest gives way.
const MOST_WAITING: usize = 256;

/// Room for an ARP request or a neighbor solicitation.
const LONGEST_REQUEST: usize = 128;

/// An interface that frames come in and leave by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// The kernel's number of it.
    pub index: u32,
    /// Its link address.
    pub mac: MacAddr,
    /// Octets of the longest IP packet that it sends.
    pub mtu: u32,
    /// Its addresses.
    pub own: OwnAddresses,
}

/// The way to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The number of the port that it begins at.
    pub port: usize,
    /// Who takes the packet there.
    pub next_hop: IpAddr,
    /// The path; `None` while the next hop is being asked for.
    pub path: Option<Path>,
}

/// The ports of a host, and all that is known of what is behind them.
#[derive(Debug)]
pub struct NextHops {
    ports: Vec<Port>,
    /// Who is on the link of each port.
    links: Vec<Neighbors>,
    routes: Routes,
    waiting: VecDeque<Waiting>,
    /// That of the last packet which may be sent in fragments.
    identification: u16,
}

#[derive(Debug)]
struct Waiting {
    way: Way,
    /// With [`HEADROOM`] in front.
    octets: Vec<u8>,
    verdict: Verdict,
}

impl NextHops {
    /// The next hops behind `ports`; strangers cannot make a table with `seed` collide.
    ///
    /// # Errors
    /// There is no memory for the neighbors.
    pub fn new(ports: Vec<Port>, routes: Routes, seed: [u64; 2]) -> Result<Self> {
        let config = NeighborsConfig { seed, ..NeighborsConfig::default() };
        let links = ports.iter().map(|_| Neighbors::new(config)).collect::<Result<_, _>>()?;
        Ok(Self { ports, links, routes, waiting: VecDeque::new(), identification: 0 })
    }

    /// A port by its number.
    #[must_use]
    pub fn port(&self, number: usize) -> Option<&Port> {
        self.ports.get(number)
    }

    /// The way to `address`, whose next hop is asked for if it is not known. `None` if there is
    /// none.
    pub fn way_to(&mut self, now: Instant, address: IpAddr) -> Option<Way> {
        let (interface, next_hop) = self.routes.find(address)?;
        let port = self.ports.iter().position(|port| port.index == interface)?;
        let path = match self.links.get_mut(port)?.resolve(now, next_hop) {
            Resolution::Known(mac) => Some(self.path(port, next_hop, mac)?),
            Resolution::Pending => None,
            Resolution::Failed => return None,
        };
        Some(Way { port, next_hop, path })
    }

    /// Keeps a frame until its next hop has answered.
    pub fn hold(&mut self, way: Way, frame: &[u8], verdict: Verdict) {
        if self.waiting.len() == MOST_WAITING {
            self.waiting.pop_front();
        }
        let octets = [&[0; HEADROOM], frame].concat();
        self.waiting.push_back(Waiting { way, octets, verdict });
    }

    /// Takes in what a neighbor says of itself.
    pub fn handle_frame(&mut self, now: Instant, port: usize, frame: &ethernet::Frame<'_>) {
        let Some(link) = self.links.get_mut(port) else { return };
        match frame.ethertype {
            EtherType::ARP => {
                if let Ok(packet) = arp::Packet::parse(frame.payload) {
                    link.handle_arp(now, &packet);
                }
            }
            EtherType::IPV6 => {
                let packet = ipv6::Packet::parse(frame.payload);
                let message = packet.map(|packet| ndp::Message::parse(&packet));
                if let Ok(Ok(message)) = message {
                    link.handle_ndp(now, &message);
                }
            }
            _ => {}
        }
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Instant) {
        for link in &mut self.links {
            link.handle_timeout(now);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.links.iter().filter_map(Neighbors::next_deadline).min()
    }

    /// Asks whom there is to ask, and sends what has waited for an answer.
    pub fn poll(&mut self, send: &mut impl FnMut(usize, &[u8])) {
        for number in 0..self.ports.len() {
            while let Some(action) = self.links.get_mut(number).and_then(Neighbors::poll_action) {
                match action {
                    Action::Request { address, to } => self.ask(number, address, to, send),
                    Action::Resolved { address, mac } => self.release(number, address, mac, send),
                    Action::Unreachable(address) => {
                        let waited = self.waiting.len();
                        self.waiting.retain(|waiting| !waiting.is_for(number, address));
                        let lost = waited - self.waiting.len();
                        log::debug!("{address} does not answer: {lost} packets are lost");
                    }
                }
            }
        }
    }

    fn ask(
        &self,
        number: usize,
        address: IpAddr,
        to: Option<MacAddr>,
        send: &mut impl FnMut(usize, &[u8]),
    ) {
        let Some(Port { own, mac, .. }) = self.ports.get(number) else { return };
        let mut request = [0; LONGEST_REQUEST];
        match frames::neighbor_request(address, to, *own, *mac, &mut request) {
            Ok(length) => send(number, request.get(..length).unwrap_or_default()),
            Err(error) => log::debug!("{address} is not asked for: {error}"),
        }
    }

    fn release(
        &mut self,
        number: usize,
        address: IpAddr,
        mac: MacAddr,
        send: &mut impl FnMut(usize, &[u8]),
    ) {
        for mut waiting in std::mem::take(&mut self.waiting) {
            if !waiting.is_for(number, address) {
                self.waiting.push_back(waiting);
                continue;
            }
            let Some(path) = self.path(number, address, mac) else { return };
            match waiting.rewrite(path) {
                Ok(frame) => send(number, frame.octets()),
                Err(error) => log::debug!("a packet that waited goes no further: {error}"),
            }
        }
    }

    fn path(&mut self, port: usize, next_hop: IpAddr, mac: MacAddr) -> Option<Path> {
        let Port { mac: source, mtu, own, .. } = *self.ports.get(port)?;
        self.identification = self.identification.wrapping_add(1);
        let link = LinkPair { source, destination: mac };
        let source = if next_hop.is_ipv4() { own.v4.into() } else { own.v6.into() };
        Some(Path { source, identification: self.identification, ..Path::new(link, mtu) })
    }
}

impl Waiting {
    fn is_for(&self, port: usize, next_hop: IpAddr) -> bool {
        (self.way.port, self.way.next_hop) == (port, next_hop)
    }

    fn rewrite(&mut self, path: Path) -> Result<Frame<'_>, RewriteError> {
        let (_, layout) = parse_with_layout(self.octets.get(HEADROOM..).unwrap_or_default())?;
        let length = self.octets.len().saturating_sub(HEADROOM);
        let frame = Frame::new(&mut self.octets, HEADROOM, length);
        let mut frame = frame.map_err(|_| RewriteError::Layout)?;
        match &self.verdict {
            Verdict::Forward(hop) => forward(&mut frame, &layout, hop, &Route::Via(path))?,
            Verdict::Reply(origin) => reply(&mut frame, &layout, origin, &Route::Via(path))?,
            _ => return Err(RewriteError::Layout),
        }
        Ok(frame)
    }
}

/// Of several addresses of a family the first that others can reach; unspecified if there is none.
#[must_use]
pub fn own_addresses(addresses: &[IpAddr]) -> OwnAddresses {
    let v4 = addresses.iter().find_map(|address| match address {
        IpAddr::V4(address) => Some(*address),
        IpAddr::V6(_) => None,
    });
    let mut v6: Vec<_> = addresses
        .iter()
        .filter_map(|address| match address {
            IpAddr::V6(address) => Some(*address),
            IpAddr::V4(_) => None,
        })
        .collect();
    v6.sort_by_key(Ipv6Addr::is_unicast_link_local);
    OwnAddresses {
        v4: v4.unwrap_or(Ipv4Addr::UNSPECIFIED),
        v6: v6.first().copied().unwrap_or(Ipv6Addr::UNSPECIFIED),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lvs_proto::{Hop, Method};

    use super::*;
    use crate::routes;

    const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 11));

    fn next_hops() -> NextHops {
        let own = own_addresses(&["192.0.2.1".parse().unwrap()]);
        let port = Port { index: 2, mac: MacAddr::new([2, 0, 0, 0, 0, 1]), mtu: 1_500, own };
        let route = routes::Route { network: SERVER, prefix: 24, gateway: None, interface: 2 };
        NextHops::new(vec![port], Routes::new(vec![route]), [0; 2]).unwrap()
    }

    #[test]
    fn packets_wait_for_three_requests_and_no_longer() {
        let mut next_hops = next_hops();
        let mut now = Instant::EPOCH;
        let verdict = Verdict::Forward(Hop::new(Method::DirectRoute, SERVER, 80));
        for _ in 0..MOST_WAITING + 10 {
            let way = next_hops.way_to(now, SERVER).unwrap();
            assert_eq!(way.path, None);
            next_hops.hold(way, &[0; 60], verdict);
        }
        assert_eq!(next_hops.waiting.len(), MOST_WAITING, "the oldest are gone");
        let mut requests = 0;
        next_hops.poll(&mut |_, _| requests += 1);
        while let Some(deadline) = next_hops.next_deadline() {
            now = deadline;
            next_hops.handle_timeout(now);
            next_hops.poll(&mut |_, _| requests += 1);
        }
        assert_eq!((requests, now), (3, Instant::EPOCH + Duration::from_secs(3)));
        assert_eq!((next_hops.waiting.len(), next_hops.way_to(now, SERVER)), (0, None));
    }

    #[test]
    fn addresses_that_others_can_reach_come_first() {
        let addresses = ["fe80::1", "192.0.2.1", "2001:db8::1", "192.0.2.2"];
        let own = own_addresses(&addresses.map(|address| address.parse().unwrap()));
        assert_eq!(
            (own.v4.to_string(), own.v6.to_string()),
            ("192.0.2.1".into(), "2001:db8::1".into())
        );
        let own = own_addresses(&["fe80::1".parse().unwrap()]);
        assert_eq!((own.v4.is_unspecified(), own.v6.to_string()), (true, "fe80::1".into()));
    }
}
