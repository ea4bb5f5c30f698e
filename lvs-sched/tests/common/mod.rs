//! What all tests of the director use.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::net::IpAddr;

use lvs_proto::{AddressPair, Decide, Flow, Instant, TcpFlags, Verdict};
use lvs_sched::{Dest, Director, DirectorConfig, Profile, Rule, ServiceKey, Timers};

pub(crate) const SYN: TcpFlags = TcpFlags::SYN;
pub(crate) const ACK: TcpFlags = TcpFlags::ACK;
pub(crate) const FIN: TcpFlags = TcpFlags(0x11);
pub(crate) const RST: TcpFlags = TcpFlags::RST;

pub(crate) const PROFILES: [Profile; 2] = [Profile::Classic, Profile::Linux6_1_183];

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

pub(crate) fn secs(secs: u64) -> Instant {
    Instant::from_secs(secs)
}

pub(crate) fn tcp(client: &str, client_port: u16, vip: &str, port: u16, flags: TcpFlags) -> Flow {
    Flow::tcp(pair(client, vip), client_port, port, flags)
}

pub(crate) fn udp(client: &str, client_port: u16, vip: &str, port: u16) -> Flow {
    Flow::udp(pair(client, vip), client_port, port)
}

pub(crate) fn pair(client: &str, vip: &str) -> AddressPair {
    AddressPair::new(ip(client), ip(vip)).expect("one family")
}

pub(crate) fn director(profile: Profile, rules: &[&str]) -> Director {
    let timers = Timers::Exact;
    let (connections, connections_v6) = (4096, 4096);
    let config =
        DirectorConfig { profile, timers, connections, connections_v6, ..Default::default() };
    let mut director = Director::new(config).expect("memory");
    for rule in rules {
        apply(&mut director, secs(0), rule);
    }
    director
}

pub(crate) fn apply(director: &mut Director, now: Instant, line: &str) {
    let rule = Rule::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let rule = rule.expect("a rule");
    director.apply(now, &rule).unwrap_or_else(|error| panic!("{line}: {error}"));
}

/// Where a packet goes: address and port, or `None`.
pub(crate) fn hop(director: &mut Director, now: Instant, flow: &Flow) -> Option<String> {
    match director.decide(now, flow) {
        Verdict::Forward(hop) => Some(std::format!("{}:{}", hop.address, hop.port)),
        _ => None,
    }
}

pub(crate) fn dest<'a>(director: &'a Director, service: &ServiceKey, address: &str) -> Dest<'a> {
    let service = director.service(service).expect("the service");
    let mut dests = service.dests().map(|(_, dest)| dest);
    dests.find(|dest| dest.address() == ip(address)).expect("the destination")
}

/// Active, inactive, persistent.
pub(crate) fn counts(director: &Director, service: &ServiceKey, address: &str) -> (u32, u32, u32) {
    let dest = dest(director, service, address);
    (dest.active_conns(), dest.inactive_conns(), dest.persistent_conns())
}
