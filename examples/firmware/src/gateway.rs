//! The gateway, from frame to frame: the virtual router decides whether it is to serve, the
//! director where each packet goes, the neighbor cache whose link address that is.

#[cfg(test)]
mod tests;
mod waiting;

use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use lvs_proto::frames::{self, OwnAddresses};
use lvs_proto::vrrp::{self, Priority, Version, Vrid};
use lvs_proto::wire::arp;
use lvs_proto::wire::ethernet::{self, EtherType};
use lvs_proto::{Frame, Instant, LinkPair, MacAddr, Outcome, Path, Route, process};
use lvs_sched::neighbors::{Action as Ask, Neighbors, NeighborsConfig, Resolution};
use lvs_sched::{DestError, Director, DirectorConfig, OutOfMemory, ServiceError, VerdictCounters};
use lvs_vrrp::{Action, Config, ConfigError, Router, State};

use crate::Site;
use waiting::Waiting;

/// Octets of the longest frame, without its checksum.
pub const LONGEST_FRAME: usize = 1514;
/// Octets of the longest ICMP error.
const LONGEST_ERROR: usize = 14 + 576;
/// Octets of the longest other frame of our own making: an advert of one address.
const LONGEST_OWN: usize = 64;
/// Connections that are ended in one call.
const EXPIRY_BUDGET: usize = 16;
/// From one ICMP error to the next, at least (RFC 1812 section 4.3.2.8).
const ERROR_GAP: Duration = Duration::from_millis(10);

/// Where frames are sent.
pub(crate) type Send<'a> = &'a mut dyn FnMut(&[u8]);

/// A virtual router and a director on one link. After each call ask for
/// [`next_deadline`](Self::next_deadline) again.
#[derive(Debug)]
pub struct Gateway<'a> {
    site: &'static Site,
    router: Router<[IpAddr; 1]>,
    director: &'a mut Director,
    neighbors: Neighbors,
    waiting: Waiting,
    /// When an ICMP error may be sent again.
    next_error: Instant,
}

/// Why a site cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// 0 is no VRID.
    #[error("0 is no VRID")]
    Vrid,
    /// The virtual router.
    #[error(transparent)]
    Router(#[from] ConfigError),
    /// A service.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A real server.
    #[error(transparent)]
    Dest(#[from] DestError),
    /// There is no memory for the tables.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
}

/// The director for a site, without services. `seed` is a secret: a random number that nobody can
/// guess.
///
/// # Errors
/// If there is no memory for the connections.
// Not inlined, as others below, so that the stack which this takes is given back.
#[inline(never)]
pub fn director(site: &Site, seed: [u64; 2]) -> Result<Director, OutOfMemory> {
    Director::new(DirectorConfig {
        connections: site.connections,
        connections_v6: 0,
        rare: 4,
        calls: 0,
        seed,
        ..DirectorConfig::default()
    })
}

/// Adds the services of a site.
#[inline(never)]
fn configure(director: &mut Director, site: &Site) -> Result<(), GatewayError> {
    let dests = site.virtual_servers.iter().map(|server| server.dests.len()).sum();
    director.reserve(site.virtual_servers.len(), dests)?;
    for server in site.virtual_servers {
        director.add_service(Instant::EPOCH, server.service)?;
        for dest in server.dests {
            director.add_dest(Instant::EPOCH, &server.service.key, *dest)?;
        }
    }
    Ok(())
}

/// Configuring, and what is done by hand.
impl<'a> Gateway<'a> {
    /// The gateway of a site, in Initialize. After this, nothing ever takes memory. `director` is the
    /// [site's](director), and is given its services; `seed` is a secret as there.
    ///
    /// # Errors
    /// See [`GatewayError`].
    #[inline(never)]
    pub fn new(
        site: &'static Site,
        director: &'a mut Director,
        seed: [u64; 2],
    ) -> Result<Self, GatewayError> {
        configure(director, site)?;
        let vrid = Vrid::new(site.vrid).ok_or(GatewayError::Vrid)?;
        let priority = Priority::new(site.priority);
        let config = Config { priority, ..Config::keepalived(Version::V3, vrid) };
        let capacity = site.neighbors;
        Ok(Self {
            site,
            router: Router::new(config, site.address.into(), [site.virtual_address.into()])?,
            director,
            neighbors: Neighbors::new(NeighborsConfig { capacity, seed, ..Default::default() })?,
            waiting: Waiting::default(),
            next_error: Instant::EPOCH,
        })
    }

    /// Begins to take part in the election.
    pub fn start(&mut self, now: Instant, send: Send<'_>) {
        self.router.startup(now);
        self.act(send);
    }

    /// Leaves it: an Active router resigns.
    pub fn stop(&mut self, now: Instant, send: Send<'_>) {
        self.router.shutdown(now);
        self.act(send);
    }

    /// The state of the virtual router.
    #[must_use]
    pub const fn state(&self) -> State {
        self.router.state()
    }

    /// What became of packets.
    #[must_use]
    pub const fn counters(&self) -> &VerdictCounters {
        self.director.counters()
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.director.conns().count()
    }
}

/// Frames and time.
impl Gateway<'_> {
    /// Takes in a frame, which may be rewritten and sent.
    #[inline(never)]
    pub fn handle_frame(&mut self, now: Instant, frame: &mut [u8], send: Send<'_>) {
        let Ok(ethernet) = ethernet::Frame::parse(frame) else { return };
        match ethernet.ethertype {
            EtherType::ARP => self.handle_arp(now, ethernet.payload, send),
            EtherType::IPV4 if ethernet.destination.is_multicast() => {
                self.handle_advert(now, ethernet.payload);
            }
            EtherType::IPV4 if self.serves(ethernet.destination) => self.forward(now, frame, send),
            _ => {}
        }
        self.act(send);
    }

    /// Lets time pass.
    #[inline(never)]
    pub fn handle_timeout(&mut self, now: Instant, send: Send<'_>) {
        self.router.handle_timeout(now);
        self.director.handle_timeout(now, EXPIRY_BUDGET);
        self.neighbors.handle_timeout(now);
        self.act(send);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let deadlines = [
            self.router.next_deadline(),
            self.director.next_deadline(),
            self.neighbors.next_deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Whether frames to `mac` are to be forwarded. The answers of real servers come to our own.
    fn serves(&self, mac: MacAddr) -> bool {
        let ours = mac == self.router.virtual_mac() || mac == self.site.mac;
        ours && self.state() == State::Active
    }

    fn handle_arp(&mut self, now: Instant, payload: &[u8], send: Send<'_>) {
        let Ok(packet) = arp::Packet::parse(payload) else { return };
        self.neighbors.handle_arp(now, &packet);
        let mac = if packet.target_ip == self.site.address {
            self.site.mac
        } else if packet.target_ip == self.site.virtual_address && self.state() == State::Active {
            self.router.virtual_mac()
        } else {
            return;
        };
        let mut reply = [0; LONGEST_OWN];
        if let Ok(length) = frames::arp_reply(&packet, mac, &mut reply) {
            send_first(&reply, length, send);
        }
    }

    fn handle_advert(&mut self, now: Instant, packet: &[u8]) {
        let Ok((meta, message)) = vrrp::from_ip_packet(packet) else { return };
        if vrrp::vrid_of(message) != Some(self.router.config().vrid) {
            return;
        }
        match vrrp::decode(message, &meta, &self.router.policy()) {
            Ok(advert) => self.router.handle_advert(now, &advert, &meta),
            Err(error) => self.router.handle_rejected(&error),
        }
    }

    fn forward(&mut self, now: Instant, frame: &mut [u8], send: Send<'_>) {
        let Self { site, director, neighbors, .. } = self;
        let mut pending = None;
        let route_to = |address| {
            let IpAddr::V4(address) = address else { return None };
            let next_hop = site.next_hop(address)?.into();
            match neighbors.resolve(now, next_hop) {
                Resolution::Known(mac) => return Some(route_via(site, mac)),
                Resolution::Pending => pending = Some(next_hop),
                Resolution::Failed => {}
            }
            None
        };
        match process(now, &mut Frame::from(&mut *frame), *director, route_to) {
            Outcome::Send => send(frame),
            Outcome::Unresolved(verdict) => {
                if let Some(next_hop) = pending {
                    self.waiting.hold(next_hop, verdict, frame);
                }
            }
            outcome => self.answer(now, outcome, frame, send),
        }
    }

    /// Tells the sender of a frame what is wrong with it.
    // Not inlined, so that the error takes its part of the stack when nothing else does.
    #[inline(never)]
    fn answer(&mut self, now: Instant, outcome: Outcome, frame: &[u8], send: Send<'_>) {
        let own = OwnAddresses { v4: self.site.address, v6: Ipv6Addr::UNSPECIFIED };
        let mut error = [0; LONGEST_ERROR];
        let length = match outcome {
            _ if now < self.next_error => return,
            Outcome::Reject(_) => frames::port_unreachable(frame, own, &mut error),
            Outcome::TimeExceeded => frames::time_exceeded(frame, own, &mut error),
            Outcome::TooBig { mtu } => frames::packet_too_big(frame, own, mtu, &mut error),
            _ => return,
        };
        if let Ok(length) = length {
            self.next_error = now + ERROR_GAP;
            send_first(&error, length, send);
        }
    }
}

/// What the deciders ask for.
impl Gateway<'_> {
    fn act(&mut self, send: Send<'_>) {
        while let Some(action) = self.router.poll_action() {
            self.act_for_router(action, send);
        }
        while let Some(action) = self.neighbors.poll_action() {
            self.act_for_neighbors(action, send);
        }
    }

    fn act_for_router(&mut self, action: Action, send: Send<'_>) {
        let mac = self.router.virtual_mac();
        let mut frame = [0; LONGEST_OWN];
        let length = match action {
            Action::SendAdvert { priority } => {
                let advert = self.router.advert(priority);
                frames::advert(&advert, self.router.source(), mac, &mut frame).ok()
            }
            Action::Announce(IpAddr::V4(address)) => {
                frames::gratuitous_arp(address, mac, &mut frame).ok()
            }
            // What is installed and removed is what `state` says; the rest is of IPv6.
            _ => None,
        };
        if let Some(length) = length {
            send_first(&frame, length, send);
        }
    }

    fn act_for_neighbors(&mut self, action: Ask, send: Send<'_>) {
        match action {
            Ask::Request { address, to } => {
                let IpAddr::V4(target) = address else { return };
                let Site { address: source, mac, .. } = *self.site;
                let mut request = [0; LONGEST_OWN];
                if let Ok(length) = frames::arp_request(target, to, source, mac, &mut request) {
                    send_first(&request, length, send);
                }
            }
            Ask::Resolved { address, mac } => {
                self.waiting.release(address, &route_via(self.site, mac), send);
            }
            Ask::Unreachable(address) => self.waiting.forget(address),
        }
    }
}

/// Sends the first octets of a buffer.
fn send_first(octets: &[u8], length: usize, send: Send<'_>) {
    octets.get(..length).into_iter().for_each(send);
}

fn route_via(site: &Site, destination: MacAddr) -> Route {
    let link = LinkPair { source: site.mac, destination };
    Route::Via(Path::new(link, site.mtu))
}
