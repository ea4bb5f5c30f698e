//! The cluster in simulated time: the same directors, between hosts that are only TCP stacks.
//!
//! A frame takes no time from host to host. Time moves on when nothing is left to be delivered,
//! straight to the next moment at which somebody wants to do something.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use lvs_proto::vrrp::{AdvertInterval, Priority, Vrid};
use lvs_proto::wire::arp;
use lvs_proto::wire::ethernet::{self, EtherType};
use lvs_proto::{Frame, Instant, MacAddr};
use lvs_sched::{Director, DirectorConfig, Rule};
use lvs_vrrp::{Config, State};

use super::network::INTERFACE;
use super::plan::{self, CLIENTS, DIRECTOR_ADDRESSES, DIRECTORS, SERVER_ADDRESSES, SERVERS, Site};
use super::simulated_host::{ClientHost, Host, MAX_ADDRESSES, ServerHost};
use super::story::{Change, Cluster};
use crate::next_hops::{NextHops, Port, own_addresses};
use crate::node::Node;
use crate::routes::{Route, Routes};
use crate::virtual_router::VirtualRouter;
use crate::virtual_routers::{HostAction, VirtualRouters};

/// Where a host is plugged in: the client, the directors, the servers.
type Plug = usize;

/// How many hosts it takes to have all of the clients' addresses.
const CLIENT_HOSTS: usize = CLIENTS.len().div_ceil(MAX_ADDRESSES);

const FIRST_DIRECTOR: Plug = CLIENT_HOSTS;
const FIRST_SERVER: Plug = FIRST_DIRECTOR + DIRECTORS;
const PORTS: usize = FIRST_SERVER + SERVERS;

/// The one port that a director has.
const PORT: usize = 0;

/// Hosts on one switch.
pub(crate) struct SimulatedCluster {
    now: Instant,
    site: Site,
    clients: Vec<ClientHost>,
    directors: [Option<Node>; DIRECTORS],
    servers: Vec<ServerHost>,
    /// Frames on their way, with the port they came in by.
    wire: VecDeque<(Plug, Vec<u8>)>,
    /// Which port leads to which address.
    learned: HashMap<MacAddr, Plug>,
    changes: Vec<Change>,
}

impl SimulatedCluster {
    /// All hosts but the directors, which wait to be started.
    #[must_use]
    pub(crate) fn new() -> Self {
        let mut servers: Vec<ServerHost> = (0..SERVERS)
            .map(|number| ServerHost::new(number, mac(FIRST_SERVER + number)))
            .collect();
        for (server, address) in servers.iter_mut().zip(SERVER_ADDRESSES) {
            for client in CLIENTS {
                server.host.deliver(arp_reply(client, mac(host_of(client)), address));
            }
        }
        let clients = CLIENTS.chunks(MAX_ADDRESSES).enumerate();
        Self {
            now: Instant::EPOCH,
            site: Site::v4(),
            clients: clients
                .map(|(port, addresses)| ClientHost::new(mac(port), addresses))
                .collect(),
            directors: [const { None }; DIRECTORS],
            servers,
            wire: VecDeque::new(),
            learned: HashMap::new(),
            changes: Vec::new(),
        }
    }

    /// Delivers frames until nobody has anything more to say at this moment.
    fn settle(&mut self) {
        loop {
            self.collect();
            let Some((from, frame)) = self.wire.pop_front() else { return };
            self.switch(from, &frame);
        }
    }

    /// Lets every host act, and puts what it sends on the wire.
    fn collect(&mut self) {
        for (port, client) in self.clients.iter_mut().enumerate() {
            client.poll(self.now);
            self.wire.extend(client.host.sent().map(|frame| (port, frame)));
        }
        for (number, server) in self.servers.iter_mut().enumerate() {
            server.poll(self.now);
            self.wire.extend(server.host.sent().map(|frame| (FIRST_SERVER + number, frame)));
        }
        for number in 0..DIRECTORS {
            self.drain(number);
        }
    }

    /// Drains a director's messages to the other one, and the actions of its virtual router.
    fn drain(&mut self, number: usize) {
        while let Some(message) = self.directors[number].as_mut().and_then(Node::poll_sync_message)
        {
            let others =
                self.directors.iter_mut().enumerate().filter(|(other, _)| *other != number);
            for node in others.filter_map(|(_, node)| node.as_mut()) {
                node.handle_sync_message(self.now, &message);
            }
        }
        let (wire, now) = (&mut self.wire, self.now);
        let Some(node) = &mut self.directors[number] else { return };
        let mut send = |_, frame: &[u8]| wire.push_back((FIRST_DIRECTOR + number, frame.to_vec()));
        node.poll(&mut send);
        while let Some(action) = node.routers.poll(&mut send) {
            if let HostAction::Notify(_, event) = action {
                let active = event.to == State::Active;
                if active || event.from == State::Active {
                    let at = now.saturating_duration_since(Instant::EPOCH);
                    self.changes.push(Change { at, director: number, active });
                }
            }
        }
    }

    /// Carries a frame to where its destination was last heard of, or everywhere.
    fn switch(&mut self, from: Plug, frame: &[u8]) {
        let Ok(ethernet) = ethernet::Frame::parse(frame) else { return };
        self.learned.insert(ethernet.source, from);
        match self.learned.get(&ethernet.destination) {
            Some(&to) if to == from => {}
            Some(&to) => self.deliver(to, frame),
            None => (0..PORTS).filter(|to| *to != from).for_each(|to| self.deliver(to, frame)),
        }
    }

    fn deliver(&mut self, to: Plug, frame: &[u8]) {
        let mut frame = frame.to_vec();
        if let Some(client) = self.clients.get_mut(to) {
            client.host.deliver(frame);
        } else if let Some(server) = to.checked_sub(FIRST_SERVER) {
            // As with arp_ignore, a real server keeps silent about the virtual address.
            if !asks_for_virtual_address(&frame) {
                self.servers[server].host.deliver(frame);
            }
        } else if let Some(node) = &mut self.directors[to - FIRST_DIRECTOR] {
            let wire = &mut self.wire;
            let mut send = |_, frame: &[u8]| wire.push_back((to, frame.to_vec()));
            node.handle_frame(self.now, PORT, &mut Frame::from(&mut frame[..]), &mut send);
        }
    }

    /// Moves time on to the next moment at which somebody acts, at most to `end`.
    fn advance(&mut self, end: Instant) {
        let clients = self.clients.iter_mut().map(|client| &mut client.host);
        let mut wakes: Vec<_> =
            clients.map(|host: &mut Host| host.next_deadline(self.now)).collect();
        wakes.extend(self.servers.iter_mut().map(|server| server.next_deadline(self.now)));
        for node in self.directors.iter().flatten() {
            wakes.push(node.next_deadline());
        }
        let next = wakes.into_iter().flatten().min().unwrap_or(end);
        self.now = next.clamp(self.now, end);
        for node in self.directors.iter_mut().flatten() {
            node.handle_timeout(self.now);
        }
    }
}

impl Cluster for SimulatedCluster {
    fn clients(&self) -> &[IpAddr] {
        &self.site.clients
    }

    fn now(&self) -> Duration {
        self.now.saturating_duration_since(Instant::EPOCH)
    }

    fn pause(&mut self, span: Duration) -> Result<()> {
        let end = self.now + span;
        self.settle();
        while self.now < end {
            self.advance(end);
            self.settle();
        }
        Ok(())
    }

    fn request(&mut self, client: IpAddr, port: u16, timeout: Duration) -> Result<Option<usize>> {
        let IpAddr::V4(client) = client else { bail!("the hosts know IPv4 only") };
        let end = self.now + timeout;
        let host = host_of(client);
        self.clients[host].open(client, port)?;
        loop {
            self.settle();
            let server = self.clients[host]
                .page(port)
                .and_then(|page| (0..SERVERS).find(|number| plan::page_of(*number) == page));
            if server.is_some() || self.now >= end {
                self.clients[host].close(port);
                self.settle();
                return Ok(server);
            }
            self.advance(end);
        }
    }

    fn begin_download(&mut self) -> Result<()> {
        self.clients[0].open(CLIENTS[0], plan::DOWNLOAD_PORT)
    }

    fn end_download(&mut self) -> Result<Option<bool>> {
        let whole = plan::DOWNLOAD_PIECE.repeat(plan::DOWNLOAD_PIECES);
        let ended = self.clients[0].page(plan::DOWNLOAD_PORT).map(|body| body == whole);
        if ended.is_some() {
            self.clients[0].close(plan::DOWNLOAD_PORT);
        }
        Ok(ended)
    }

    fn start(&mut self, director: usize) -> Result<()> {
        let mut node = node(director, self.now)?;
        node.routers.startup(self.now);
        self.directors[director] = Some(node);
        Ok(())
    }

    fn kill(&mut self, director: usize) -> Result<()> {
        self.directors[director].take().context("the director is not running")?;
        self.changes.push(Change { at: self.now(), director, active: false });
        Ok(())
    }

    fn changes(&self) -> Vec<Change> {
        self.changes.clone()
    }
}

fn node(director: usize, now: Instant) -> Result<Node> {
    let mut rules = Director::new(DirectorConfig::default())?;
    for line in Site::v4().rules().lines() {
        let rule = Rule::parse(line)?.context("an empty rule")?;
        rules.apply(now, &rule)?;
    }
    let vrid = Vrid::new(plan::VRID).context("not a virtual router identifier")?;
    let interval = AdvertInterval::from_centiseconds(plan::ADVERT_CENTISECONDS);
    let config = Config {
        priority: Priority::new(plan::PRIORITIES[director]),
        interval: interval.ok_or_else(|| anyhow!("not an interval"))?,
        ..Config::rfc9568(vrid)
    };
    let address = DIRECTOR_ADDRESSES[director];
    let virtual_addresses = vec![plan::VIRTUAL_ADDRESS.into()];
    let port = Port {
        index: 0,
        mac: mac(FIRST_DIRECTOR + director),
        mtu: 1_500,
        own: own_addresses(&[address.into()]),
    };
    let on_link = Route {
        network: plan::VIRTUAL_ADDRESS.into(),
        prefix: plan::PREFIX,
        gateway: None,
        interface: port.index,
    };
    let router = VirtualRouter::new(config.into(), address.into(), virtual_addresses)?;
    let mut routers = VirtualRouters::with_capacity(1);
    routers.add(PORT, (INTERFACE, mac(FIRST_DIRECTOR + director)), router)?;
    let mut node = Node {
        routers,
        director: rules,
        next_hops: NextHops::new(vec![port], Routes::new(vec![on_link]), [0; 2])?,
        sync_id: plan::SYNC_ID,
        speaker: None,
    };
    node.start_sync()?;
    Ok(node)
}

/// The port of the host that `client` is an address of.
fn host_of(client: Ipv4Addr) -> Plug {
    CLIENTS.iter().position(|address| *address == client).unwrap_or(0) / MAX_ADDRESSES
}

/// The link address of the host at `port`.
fn mac(port: Plug) -> MacAddr {
    MacAddr::new([2, 0, 0, 0, 0, port as u8])
}

fn asks_for_virtual_address(frame: &[u8]) -> bool {
    ethernet::Frame::parse(frame).is_ok_and(|ethernet| {
        ethernet.ethertype == EtherType::ARP
            && arp::Packet::parse(ethernet.payload)
                .is_ok_and(|packet| packet.target_ip == plan::VIRTUAL_ADDRESS)
    })
}

/// Tells the host with `reader`'s address where `address` is: the hosts' stack asks for one address
/// a second only, which would hold the first request of each client back.
fn arp_reply(address: Ipv4Addr, mac: MacAddr, reader: Ipv4Addr) -> Vec<u8> {
    let reply = arp::Packet {
        operation: arp::Operation::Reply,
        sender_mac: mac,
        sender_ip: address,
        target_mac: MacAddr::BROADCAST,
        target_ip: reader,
    };
    let header = ethernet::header(MacAddr::BROADCAST, mac, EtherType::ARP);
    [&header[..], &reply.octets()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::story::{self, Report};

    #[test]
    fn the_story_ends_well() {
        let mut report = Report::default();
        let mut say = |line: &str| println!("{line}");
        story::play(&mut SimulatedCluster::new(), &mut report, &mut say).unwrap();
        assert!(report.passed(), "{}", report.verdict());
    }
}
