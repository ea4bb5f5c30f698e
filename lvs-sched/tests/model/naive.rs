//! The naive director.

use std::cmp::Reverse;
use std::net::IpAddr;

use lvs_proto::{
    AddressPair, DropReason, Flow, Hook, Instant, Method, Protocol, Reject, TcpFlags, Transport,
    Verdict,
};
use lvs_sched::{
    Director, DirectorConfig, Persistence, ServiceConfig, ServiceKey, State, TcpState, Timers,
};

use super::common::{ACK, RST, SYN, ip};

pub(crate) const VIP: &str = "10.0.0.1";
pub(crate) const TICK: u64 = 4_000;

pub(crate) fn client(number: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, number])
}

pub(crate) fn server(number: u8) -> IpAddr {
    IpAddr::from([10, 2, 0, number])
}

/// Even servers translate, odd ones do not.
pub(crate) fn method(number: u8) -> Method {
    if number % 2 == 0 { Method::Nat } else { Method::DirectRoute }
}

/// TCP and UDP, persistent or not; the last of one packet.
pub(crate) fn services() -> Vec<ServiceConfig> {
    let vip = ip(VIP);
    let persistent = |key: ServiceKey, secs| ServiceConfig {
        persistence: Some(Persistence::new(key.family(), secs)),
        ..ServiceConfig::new(key)
    };
    let one_packet = ServiceConfig { one_packet: true, ..persistent(ServiceKey::udp(vip, 54), 9) };
    vec![
        ServiceConfig::new(ServiceKey::tcp(vip, 80)),
        persistent(ServiceKey::tcp(vip, 443), 70),
        ServiceConfig::new(ServiceKey::udp(vip, 53)),
        one_packet,
    ]
}

#[derive(Clone, Debug)]
struct Dest {
    service: usize,
    number: u8,
    weight: u32,
    available: bool,
}

#[derive(Clone, Debug)]
struct Conn {
    name: u64,
    service: usize,
    client: u8,
    /// 0 for templates.
    client_port: u16,
    /// Of templates that are no longer good, 65535.
    ports: (u16, u16),
    dest: usize,
    state: State,
    timeout: u64,
    due: u64,
    fires: (u64, Reverse<u8>, Reverse<u64>),
    controller: Option<u64>,
}

impl Conn {
    fn is_template(&self) -> bool {
        matches!(self.state, State::Template { .. })
    }
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) config: DirectorConfig,
    pub(crate) services: Vec<ServiceConfig>,
    dests: Vec<Dest>,
    /// Indexes of `dests` for each service, the newest first.
    lists: Vec<Vec<usize>>,
    /// The newest first.
    conns: Vec<Conn>,
    sweep: Option<u64>,
    made: u64,
    queued: u64,
}

/// Due, fires, level \[CONV-9\].
fn alarm(timers: Timers, now: u64, span: u64) -> (u64, u64, u8) {
    if timers == Timers::Exact {
        return (now + span, now + span, 0);
    }
    let (due, ticks) = (now / TICK + span / TICK, span / TICK);
    let level = (0..8).find(|level| ticks < 63 << (3 * level)).unwrap_or(8);
    let shift = 3 * level;
    (due * TICK, (((due >> shift) + 1) << shift) * TICK, level as u8)
}

impl Model {
    pub(crate) fn new(config: DirectorConfig) -> Self {
        let services = services();
        let lists = vec![Vec::new(); services.len()];
        let (dests, conns) = (Vec::new(), Vec::new());
        Self { config, services, dests, lists, conns, sweep: None, made: 0, queued: 0 }
    }

    pub(crate) fn add(&mut self, service: usize, number: u8, weight: u32) {
        let is_it = |dest: &Dest| (dest.service, dest.number) == (service, number);
        let index = self.dests.iter().position(is_it).unwrap_or(self.dests.len());
        let dest = Dest { service, number, weight, available: true };
        if index == self.dests.len() {
            self.dests.push(dest);
        } else if self.dests[index].available {
            return;
        } else {
            self.dests[index] = dest;
        }
        self.lists[service].insert(0, index);
    }

    pub(crate) fn edit(&mut self, service: usize, number: u8, weight: u32) {
        for &index in &self.lists[service] {
            if self.dests[index].number == number {
                self.dests[index].weight = weight;
            }
        }
    }

    pub(crate) fn delete(&mut self, service: usize, number: u8, now: u64) {
        let Some(at) =
            self.lists[service].iter().position(|&index| self.dests[index].number == number)
        else {
            return;
        };
        let index = self.lists[service].remove(at);
        self.dests[index].available = false;
        if self.config.policy.expire_nodest_conn {
            let span = if self.config.timers == Timers::Exact { 0 } else { TICK };
            self.sweep.get_or_insert(alarm(self.config.timers, now, span).1);
        }
    }

    /// Active, inactive, persistent.
    fn counts(&self, dest: usize) -> (u32, u32, u32) {
        let of_dest = || self.conns.iter().filter(|conn| conn.dest == dest);
        let active = of_dest().filter(|conn| conn.state.is_active()).count() as u32;
        let persistent = of_dest().filter(|conn| conn.is_template()).count() as u32;
        (active, of_dest().count() as u32 - active - persistent, persistent)
    }

    fn pick(&self, service: usize) -> Option<usize> {
        let load = |dest: usize| {
            let (active, inactive, _) = self.counts(dest);
            i64::from(self.config.profile.overhead(active, inactive))
        };
        let weight = |dest: usize| i64::from(self.dests[dest].weight);
        let mut best = None;
        for &dest in self.lists[service].iter().filter(|&&dest| weight(dest) > 0) {
            match best {
                Some(best) if load(best) * weight(dest) <= load(dest) * weight(best) => {}
                _ => best = Some(dest),
            }
        }
        best
    }

    fn controlled(&self, name: u64) -> usize {
        self.conns.iter().filter(|conn| conn.controller == Some(name)).count()
    }

    fn at(&mut self, name: u64) -> &mut Conn {
        self.conns.iter_mut().find(|conn| conn.name == name).unwrap()
    }

    fn arm(&mut self, name: u64, now: u64, span: Option<u64>) {
        self.queued += 1;
        let (timers, queued) = (self.config.timers, Reverse(self.queued));
        let conn = self.at(name);
        let (due, fires, level) = alarm(timers, now, span.unwrap_or(conn.timeout));
        conn.due = due;
        if (conn.fires.0, conn.fires.1) != (fires, Reverse(level)) {
            conn.fires = (fires, Reverse(level), queued);
        }
    }

    pub(crate) fn pass_time(&mut self, now: u64) {
        loop {
            let first = self.conns.iter().map(|conn| (conn.fires, conn.name)).min();
            let first = first.filter(|(fires, _)| fires.0 <= now);
            let sweep = self.sweep.filter(|&sweep| sweep <= now);
            match (first, sweep) {
                (None, None) => return,
                (Some((fires, name)), sweep) if sweep.is_none_or(|sweep| fires.0 <= sweep) => {
                    if self.controlled(name) > 0 {
                        self.at(name).timeout = 60_000_000;
                        self.arm(name, fires.0, None);
                    } else {
                        self.conns.retain(|conn| conn.name != name);
                    }
                }
                _ => self.sweep_now(),
            }
        }
    }

    /// \[NOD-3\]
    fn sweep_now(&mut self) {
        self.sweep = None;
        let conns = self.conns.clone();
        for conn in conns.iter().filter(|conn| !self.dests[conn.dest].available) {
            if self.controlled(conn.name) == 0 {
                self.conns.retain(|other| other.name != conn.name);
                if let Some(name) = conn.controller.filter(|&name| self.controlled(name) == 0) {
                    self.conns.retain(|other| other.name != name);
                }
            }
        }
    }

    fn insert(&mut self, conn: Conn) -> Option<u64> {
        if self.conns.len() >= self.config.connections as usize {
            return None;
        }
        self.made += 1;
        self.conns.insert(0, Conn { name: self.made, ..conn });
        Some(self.made)
    }

    pub(crate) fn request(&mut self, now: u64, packet: Packet) -> Verdict {
        let Packet { service, client, client_port, flags } = packet;
        let found = self.conns.iter().find(|conn| {
            let ends = (conn.service, conn.client, conn.client_port);
            !conn.is_template() && ends == (service, client, client_port)
        });
        if let Some(conn) = found.cloned() {
            let is_tcp = matches!(conn.state, State::Tcp(_));
            let opens = is_tcp && flags.contains(SYN);
            let dest = &self.dests[conn.dest];
            let (policy, quiesced) = (self.config.policy, dest.weight == 0);
            let is_over = conn.state == State::Tcp(TcpState::Close) && conn.controller.is_none();
            let anew =
                (policy.expire_nodest_conn && quiesced) || (is_over && policy.conn_reuse_mode != 0);
            if (opens && anew) || (!dest.available && policy.expire_nodest_conn) {
                self.arm(conn.name, now, Some(0));
            } else if dest.available {
                return self.forward(now, conn.name, flags);
            } else {
                return Verdict::Drop(DropReason::DestinationDeleted);
            }
        }
        self.schedule(now, packet)
    }

    fn schedule(&mut self, now: u64, packet: Packet) -> Verdict {
        let Packet { service, client, client_port, flags } = packet;
        let config = self.services[service];
        let is_tcp = service < 2;
        if is_tcp && (!flags.contains(SYN) || flags.contains(RST)) {
            return Verdict::Pass;
        }
        let blank = Conn {
            name: 0,
            service,
            client,
            client_port,
            ports: (config.key.port(), config.key.port()),
            dest: 0,
            state: if is_tcp { State::Tcp(TcpState::None) } else { State::Udp },
            timeout: 0,
            due: 0,
            fires: Default::default(),
            controller: None,
        };
        let mut controller = None;
        let dest = match config.persistence {
            None => self.pick(service),
            Some(persistence) => {
                let timeout = u64::from(persistence.timeout_secs) * 1_000_000;
                controller = match self.template(service, client) {
                    Some(template) => Some(template),
                    None => {
                        let Some(dest) = self.pick(service) else { return UNREACHABLE };
                        let state = State::Template { assured: false };
                        self.insert(Conn { client_port: 0, state, timeout, dest, ..blank.clone() })
                    }
                };
                let Some(template) = controller else { return FULL };
                self.arm(template, now, None);
                Some(self.at(template).dest)
            }
        };
        let Some(dest) = dest else { return UNREACHABLE };
        if config.one_packet {
            return self.towards(dest);
        }
        match self.insert(Conn { dest, controller, ..blank }) {
            Some(name) => self.forward(now, name, flags),
            None => FULL,
        }
    }

    /// \[TPL-12\]
    fn template(&mut self, service: usize, client: u8) -> Option<u64> {
        let policy = self.config.policy;
        let conn = self.conns.iter_mut().find(|conn| {
            let good = conn.ports.0 != u16::MAX;
            good && conn.is_template() && (conn.service, conn.client) == (service, client)
        })?;
        let dest = &self.dests[conn.dest];
        if dest.available && !(policy.expire_quiescent_template && dest.weight == 0) {
            return Some(conn.name);
        }
        conn.ports = (u16::MAX, u16::MAX);
        None
    }

    fn towards(&self, dest: usize) -> Verdict {
        let Dest { service, number, .. } = self.dests[dest];
        let port = self.services[service].key.port();
        Verdict::Forward(lvs_proto::Hop::new(method(number), server(number), port))
    }

    fn forward(&mut self, now: u64, name: u64, flags: TcpFlags) -> Verdict {
        self.follow(now, name, flags);
        let dest = self.at(name).dest;
        self.towards(dest)
    }

    pub(crate) fn reply(&mut self, now: u64, packet: Packet, number: u8) -> Option<u64> {
        let Packet { service, client, client_port, flags } = packet;
        let found = self.conns.iter().find(|conn| {
            let ends = (conn.service, conn.client, conn.client_port);
            let server = self.dests[conn.dest].number;
            let from_it = match method(number) {
                Method::Nat => server == number,
                _ => method(server) != Method::Nat,
            };
            !conn.is_template() && ends == (service, client, client_port) && from_it
        });
        let name = found?.name;
        self.follow(now, name, flags);
        let conn = self.at(name);
        if let (State::Udp, Some(controller)) = (conn.state, conn.controller) {
            self.at(controller).state = State::Template { assured: true };
        }
        Some(name)
    }

    /// The part of the tables that SYN, ACK and RST of clients and ACK of servers lead through.
    fn follow(&mut self, now: u64, name: u64, flags: TcpFlags) {
        let conn = self.at(name);
        let State::Tcp(before) = conn.state else {
            conn.timeout = 300_000_000;
            return self.arm(name, now, None);
        };
        let state = match (before, flags) {
            (TcpState::None | TcpState::Close, SYN) => TcpState::SynRecv,
            (TcpState::SynRecv, ACK) => TcpState::Established,
            (TcpState::Established, RST) => TcpState::Close,
            (state, _) => state,
        };
        conn.state = State::Tcp(state);
        conn.timeout = u64::from(state.timeout_secs()) * 1_000_000;
        let controller = conn.controller;
        if state == TcpState::Established && before != state {
            if let Some(controller) = controller {
                self.at(controller).state = State::Template { assured: true };
            }
        }
        self.arm(name, now, None);
    }

    pub(crate) fn compare(&self, director: &Director, now: u64) {
        let mut expected: Vec<_> = self.conns.iter().map(|conn| self.row(conn, now)).collect();
        let row = |conn: lvs_sched::Conn| {
            let left = conn.time_left(Instant::from_micros(now)).as_micros() as u64;
            let (key, hop) = (conn.key(), conn.hop());
            let ports = (key.client_port, key.virtual_port, hop.port);
            (key.client(), ports, hop.address, conn.state().to_string(), left)
        };
        let mut got: Vec<_> = director.conns().map(row).collect();
        expected.sort();
        got.sort();
        assert_eq!(got, expected);
        for (list, service) in self.lists.iter().zip(&self.services) {
            let expected = list.iter().map(|&dest| {
                let Dest { number, weight, .. } = self.dests[dest];
                (server(number), weight, self.counts(dest))
            });
            let got = director.service(&service.key).unwrap().dests().map(|(_, dest)| {
                let counts = (dest.active_conns(), dest.inactive_conns(), dest.persistent_conns());
                (dest.address(), dest.weight(), counts)
            });
            assert_eq!(got.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }
    }

    fn row(&self, conn: &Conn, now: u64) -> (IpAddr, (u16, u16, u16), IpAddr, String, u64) {
        let ports = (conn.client_port, conn.ports.0, conn.ports.1);
        let number = self.dests[conn.dest].number;
        let left = conn.due.saturating_sub(now);
        (client(conn.client), ports, server(number), conn.state.to_string(), left)
    }
}

const UNREACHABLE: Verdict = Verdict::Reject(Reject::PortUnreachable);
const FULL: Verdict = Verdict::Drop(DropReason::TableFull);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    pub(crate) service: usize,
    pub(crate) client: u8,
    pub(crate) client_port: u16,
    pub(crate) flags: TcpFlags,
}

impl Packet {
    pub(crate) fn flow(self, key: &ServiceKey, from: IpAddr, to: IpAddr, reply: bool) -> Flow {
        let addresses = AddressPair::new(from, to).unwrap();
        let (mut source_port, mut destination_port) = (self.client_port, key.port());
        if reply {
            (source_port, destination_port) = (destination_port, source_port);
        }
        let is_tcp = matches!(key, ServiceKey::Address { protocol: Protocol::TCP, .. });
        let transport = if is_tcp {
            Transport::Tcp { source_port, destination_port, flags: self.flags }
        } else {
            Transport::Udp { source_port, destination_port }
        };
        Flow::new(addresses, transport).at(if reply { Hook::Forward } else { Hook::LocalIn })
    }
}
