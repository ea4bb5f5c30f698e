//! Virtual servers as rules for a director.

use std::collections::HashMap;
use std::iter;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lvs_proto::{Family, Instant, Method, Protocol};
use lvs_sched::{DestConfig, Director, Netmask, Persistence, Rule, ServiceConfig, ServiceKey};

use super::Config;
use super::report::{Finding, Verdict};
use super::server_group::Member;
use super::virtual_server::{RealServer, Target, VirtualServer};

/// The services and destinations of a file together; ranges in groups make many.
pub(super) const MOST_RULES: usize = 20_000;

impl Config {
    /// What `ipvsadm` would be told, with the line of each, in the order of the file.
    #[must_use]
    pub fn rules(&self) -> Vec<(usize, Rule)> {
        let timeouts =
            self.global.timeouts.map(|(line, timeouts)| (line, Rule::SetTimeouts(timeouts)));
        let groups = self.groups();
        let servers = self.virtual_servers.iter().flat_map(|server| {
            keys(server, &groups).flat_map(move |key| {
                let service = (server.line, Rule::AddService(server.service(key)));
                let dests = server.real_servers.iter().map(move |real| {
                    let dest = server.dest(key, real);
                    (real.line, Rule::AddDest { service: key, dest })
                });
                iter::once(service).chain(dests)
            })
        });
        timeouts.into_iter().chain(servers).take(MOST_RULES).collect()
    }

    /// Makes the virtual servers in `director`, and says which it refused.
    pub fn apply(&self, now: Instant, director: &mut Director) -> Vec<Finding> {
        let rules = self.rules();
        let refused = rules.iter().filter_map(|(line, rule)| {
            let error = director.apply(now, rule).err()?;
            let keyword = match rule {
                Rule::SetTimeouts(_) => "lvs_timeouts",
                Rule::AddDest { .. } => "real_server",
                _ => "virtual_server",
            };
            Some(Finding::new(*line, keyword, Verdict::wrong(error.to_string())))
        });
        refused.collect()
    }

    /// What cannot be said of virtual servers before all of the file is read.
    pub(super) fn check_virtual_servers(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut rules = 0_usize;
        let groups = self.groups();
        for server in &self.virtual_servers {
            let mut found = |verdict| {
                findings.push(Finding::new(server.line, "virtual_server", verdict));
            };
            if let Err(verdict) = server.check() {
                found(verdict);
            }
            let services = match &server.target {
                Target::Group(name) => match groups.get(name.as_str()) {
                    Some(members) => members.iter().map(Member::services).sum(),
                    None => {
                        found(Verdict::wrong("there is no virtual_server_group of that name"));
                        0
                    }
                },
                _ => 1,
            };
            let fits = rules <= MOST_RULES;
            rules = rules.saturating_add(services.saturating_mul(1 + server.real_servers.len()));
            if fits && rules > MOST_RULES {
                found(Verdict::wrong(format!(
                    "with it there are more than {MOST_RULES} services and real servers"
                )));
            }
        }
        findings
    }

    pub(super) fn groups(&self) -> Groups<'_> {
        let groups = self.virtual_server_groups.iter();
        groups.map(|group| (group.name.as_str(), group.members.as_slice())).collect()
    }
}

/// The members of each group.
pub(super) type Groups<'a> = HashMap<&'a str, &'a [Member]>;

/// The services that a virtual server is.
pub(super) fn keys<'a>(
    server: &'a VirtualServer,
    groups: &Groups<'a>,
) -> impl Iterator<Item = ServiceKey> + use<'a> {
    let (alone, group) = match &server.target {
        Target::Address(address, port) => {
            (Some(Member::Range { first: *address, more: 0, port: *port }), None)
        }
        Target::Mark(mark) => (Some(Member::Mark(*mark, None)), None),
        Target::Group(name) => (None, groups.get(name.as_str()).copied()),
    };
    let members = alone.into_iter().chain(group.unwrap_or_default().iter().copied());
    members.flat_map(move |member| {
        let services = u32::try_from(member.services()).unwrap_or(u32::MAX);
        (0..services).map(move |index| server.key(member, index))
    })
}

impl VirtualServer {
    /// The service that is the `index`th of a member.
    fn key(&self, member: Member, index: u32) -> ServiceKey {
        match member {
            Member::Range { first, port, .. } => ServiceKey::Address {
                protocol: self.protocol,
                address: nth(first, index),
                port: port.unwrap_or(0),
            },
            Member::Mark(mark, family) => {
                ServiceKey::Mark { family: family.unwrap_or_else(|| self.family()), mark }
            }
        }
    }

    /// The family of a mark that does not say it.
    fn family(&self) -> Family {
        let granularity = self.persistence_granularity.map(Netmask::family);
        let servers = self.real_servers.first().map(|real| Family::of(real.address));
        self.ip_family.or(granularity).or(servers).unwrap_or(Family::V4)
    }

    fn service(&self, key: ServiceKey) -> ServiceConfig {
        let full = Netmask::full(key.family());
        let netmask = self.persistence_granularity.unwrap_or(full);
        ServiceConfig {
            scheduler: self.scheduler,
            flags: self.flags,
            persistence: self
                .persistence_timeout
                .map(|timeout_secs| Persistence { timeout_secs, netmask }),
            engine: self.persistence_engine,
            one_packet: self.one_packet,
            ..ServiceConfig::new(key)
        }
    }

    pub(super) fn dest(&self, key: ServiceKey, real: &RealServer) -> DestConfig {
        let method = self.method_of(real);
        // The packet's port stays what it is, except through NAT [ADM-3].
        let port = real.port.filter(|_| method == Method::Nat).unwrap_or(key.port());
        DestConfig {
            weight: real.weight,
            method,
            upper_threshold: real.upper_threshold,
            lower_threshold: real.lower_threshold,
            ..DestConfig::new(real.address, port)
        }
    }

    /// NAT unless said, as keepalived has it.
    fn method_of(&self, real: &RealServer) -> Method {
        real.method.or(self.method).unwrap_or(Method::Nat)
    }

    /// What its keywords say of each other.
    fn check(&self) -> Result<(), Verdict> {
        let wrong = |reason| Err(Verdict::wrong(reason));
        let is_mark = matches!(self.target, Target::Mark(_));
        if matches!(self.target, Target::Address(_, None)) && self.persistence_timeout.is_none() {
            return wrong("without a port it must have a persistence_timeout");
        }
        if self.persistence_granularity.is_some() && self.persistence_timeout.is_none() {
            return wrong("persistence_granularity is for a persistence_timeout");
        }
        if self.flags_of.is_some_and(|scheduler| scheduler != self.scheduler) {
            return wrong("its flags are another scheduler's");
        }
        if self.one_packet && self.protocol != Protocol::UDP && !is_mark {
            return wrong("ops is for UDP");
        }
        Ok(())
    }
}

fn nth(first: IpAddr, index: u32) -> IpAddr {
    match first {
        IpAddr::V4(first) => Ipv4Addr::from_bits(first.to_bits().saturating_add(index)).into(),
        IpAddr::V6(first) => {
            Ipv6Addr::from_bits(first.to_bits().saturating_add(index.into())).into()
        }
    }
}
