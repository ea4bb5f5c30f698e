//! `lvsd run`: a director, whose virtual addresses are on one interface and whose real servers are
//! behind any.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use lvs_proto::{Frame, Instant};
use lvs_sched::{Director, DirectorConfig, Rule, ServiceKey};
use lvs_vrrp::RouterId;

use crate::clock;
use crate::event_loop::{self, Daemon, Extras};
use crate::health::Health;
use crate::netlink::{self, Interface};
use crate::next_hops::{NextHops, Port, own_addresses};
use crate::node::Node;
use crate::router_args::RouterArgs;
use crate::routes::Routes;
use crate::sync_socket::SyncSocket;
use crate::virtual_routers::VirtualRouters;

/// Options of `lvsd run`.
#[derive(clap::Args, Clone, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    router: RouterArgs,
    /// The virtual services in the syntax of ipvsadm-save; `-` for standard input. With NAT (`-m`)
    /// the kernel must not forward by itself (`net.ipv4.ip_forward`): answers would leave twice
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// The virtual addresses; by default those of the services
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    vip: Vec<IpAddr>,
    /// Exchange connections with the directors of this sync id; 0 listens to all of them
    #[arg(long, value_name = "N")]
    sync_id: Option<u8>,
    /// Record what this director receives and sends in a file
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
}

/// Runs the director until SIGTERM.
///
/// # Errors
/// Bad options or rules, no such interface, or no right to packet sockets.
pub fn run(args: &RunArgs) -> Result<()> {
    let rules = read_rules(&args.rules)?;
    let mut director = new_director()?;
    for (line, rule) in &rules {
        director
            .apply(clock::now()?, rule)
            .with_context(|| format!("{}, line {line}", args.rules.display()))?;
    }
    let interface = Interface::named(&args.router.iface)?;
    let addresses = if args.vip.is_empty() { service_addresses(&rules) } else { args.vip.clone() };
    ensure!(!addresses.is_empty(), "no virtual address: no service has one, and no --vip is given");
    let router = args.router.virtual_router(&interface, addresses)?;
    let mut routers = VirtualRouters::with_capacity(1);
    routers.add(0, (&interface.name, interface.mac), router)?;
    let sync = args.sync_id.map(|id| ConnSync { id, interface: interface.clone(), speaker: None });
    let (interfaces, servers) = (vec![interface], real_servers(&rules));
    let work = Work { interfaces, routers, director, servers, health: None, sync };
    work.until_terminated(args.pcap.as_deref())
}

/// What a director works with: its virtual routers with their interfaces, and its services.
pub(crate) struct Work {
    /// As the ports are numbered.
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) routers: VirtualRouters,
    /// It has the services already.
    pub(crate) director: Director,
    /// Whom packets may go to.
    pub(crate) servers: Vec<IpAddr>,
    /// Who brings real servers into the director, if it has not got them already.
    pub(crate) health: Option<Health>,
    pub(crate) sync: Option<ConnSync>,
}

/// How directors tell each other of connections.
pub(crate) struct ConnSync {
    /// The group of directors.
    pub(crate) id: u8,
    /// Where they listen.
    pub(crate) interface: Interface,
    /// The virtual router whose Active director speaks; `None` is for any.
    pub(crate) speaker: Option<RouterId>,
}

impl Work {
    /// Runs the director until SIGTERM.
    pub(crate) fn until_terminated(self, pcap: Option<&Path>) -> Result<()> {
        let routes = netlink::routes()?;
        let interfaces = self.interfaces(&routes)?;
        let mut node = Node {
            routers: self.routers,
            director: self.director,
            next_hops: NextHops::new(interfaces.iter().map(port).collect(), routes, seed()?)?,
            sync_id: self.sync.as_ref().map_or(0, |sync| sync.id),
            speaker: self.sync.as_ref().and_then(|sync| sync.speaker),
        };
        let mut extras = Extras { pcap, sync: None };
        if let Some(sync) = &self.sync {
            node.start_sync()?;
            extras.sync = Some(SyncSocket::open(&sync.interface)?);
        }
        event_loop::drive(&mut RunDaemon { node, health: self.health }, &interfaces, extras)
    }

    /// The virtual routers' interfaces, and those that lead to real servers.
    fn interfaces(&self, routes: &Routes) -> Result<Vec<Interface>> {
        let mut interfaces = self.interfaces.clone();
        for &address in &self.servers {
            let Some((index, _)) = routes.find(address) else {
                log::warn!("there is no route to {address}");
                continue;
            };
            if interfaces.iter().all(|interface| interface.index != index) {
                interfaces.push(Interface::of_index(index)?);
            }
        }
        Ok(interfaces)
    }
}

fn port(interface: &Interface) -> Port {
    let Interface { index, mac, mtu, .. } = *interface;
    Port { index, mac, mtu, own: own_addresses(&interface.addresses) }
}

/// A director without services, whose tables strangers cannot make collide.
pub(crate) fn new_director() -> Result<Director> {
    Ok(Director::new(DirectorConfig { seed: seed()?, ..DirectorConfig::default() })?)
}

/// The rules of a file with their line numbers.
///
/// # Errors
/// The file cannot be read, or the first line that is not understood, with the word.
pub fn read_rules(path: &Path) -> Result<Vec<(usize, Rule)>> {
    let name = path.display();
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = fs::read_to_string(path).with_context(|| format!("reading {name}"))?;
    }
    let mut rules = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let rule = Rule::parse(line).map_err(|error| match line.get(error.range()) {
            Some(word) if !word.is_empty() => anyhow!("{name}, line {number}, `{word}`: {error}"),
            _ => anyhow!("{name}, line {number}: {error}"),
        })?;
        rules.extend(rule.map(|rule| (number, rule)));
    }
    Ok(rules)
}

struct RunDaemon {
    node: Node,
    health: Option<Health>,
}

impl Daemon for RunDaemon {
    fn routers(&mut self) -> &mut VirtualRouters {
        &mut self.node.routers
    }

    fn handle_frame(
        &mut self,
        now: Instant,
        port: usize,
        frame: &mut Frame<'_>,
        send: &mut impl FnMut(usize, &[u8]),
    ) {
        self.node.handle_frame(now, port, frame, send);
    }

    fn poll(&mut self, now: Instant, send: &mut impl FnMut(usize, &[u8])) {
        if let Some(health) = &mut self.health {
            health.poll(now, &mut self.node.director, &mut event_loop::tell);
        }
        self.node.poll(send);
    }

    fn source(&self) -> Option<BorrowedFd<'_>> {
        self.health.as_ref().map(AsFd::as_fd)
    }

    fn handle_timeout(&mut self, now: Instant) {
        if let Some(health) = &mut self.health {
            health.handle_timeout(now);
        }
        self.node.handle_timeout(now);
    }

    fn next_deadline(&self) -> Option<Instant> {
        let health = self.health.as_ref().and_then(Health::next_deadline);
        health.into_iter().chain(self.node.next_deadline()).min()
    }

    /// Nothing to do: the node answers for the addresses itself, and takes the frames for them
    /// from its packet socket.
    fn accept_addresses(&mut self, _router: RouterId, _accept: bool) -> Result<()> {
        Ok(())
    }

    fn poll_sync_message(&mut self) -> Option<Vec<u8>> {
        self.node.poll_sync_message()
    }

    fn handle_sync_message(&mut self, now: Instant, message: &[u8]) {
        self.node.handle_sync_message(now, message);
    }

    fn report(&self) -> String {
        self.node.director.listing().to_string()
    }
}

fn service_addresses(rules: &[(usize, Rule)]) -> Vec<IpAddr> {
    let addresses: BTreeSet<IpAddr> = rules
        .iter()
        .filter_map(|(_, rule)| match rule {
            Rule::AddService(service) => match service.key {
                ServiceKey::Address { address, .. } => Some(address),
                ServiceKey::Mark { .. } => None,
            },
            _ => None,
        })
        .collect();
    addresses.into_iter().collect()
}

fn real_servers(rules: &[(usize, Rule)]) -> Vec<IpAddr> {
    let addresses: BTreeSet<IpAddr> = rules
        .iter()
        .filter_map(|(_, rule)| match rule {
            Rule::AddDest { dest, .. } => Some(dest.address),
            _ => None,
        })
        .collect();
    addresses.into_iter().collect()
}

/// A key that strangers cannot guess, for the director's tables.
pub(crate) fn seed() -> Result<[u64; 2]> {
    let mut octets = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut octets)?;
    let (high, low) = octets.split_at(8);
    Ok([u64::from_ne_bytes(high.try_into()?), u64::from_ne_bytes(low.try_into()?)])
}
