//! `virtual_server` and `real_server`.

use std::net::IpAddr;
use std::num::NonZeroU32;

use lvs_proto::{Family, Method, Protocol};
use lvs_sched::{
    DestConfig, Netmask, Persistence, PersistenceEngine, SchedulerFlags, SchedulerKind,
};

use super::checks::{
    self, BFD, CONNECTION, Check, CheckKind, CheckPace, DNS, FILE, HTTP, MISC, NO_CHECKS, PACE,
    Paced, SMTP, TCP, UDP, check,
};
use super::global::NO_SCRIPT;
use super::keyword::{
    Input, Keyword, Outcome, ignored, unexpected, unsupported, unsupported_for_now, used,
};
use super::report::Verdict;
use super::server_group::{family, mark};

/// A virtual server: one service, or one for each member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualServer {
    /// Its line.
    pub line: usize,
    /// What packets belong to it.
    pub target: Target,
    /// UDP unless said, as keepalived has it. Marks have none.
    pub protocol: Protocol,
    /// The family of a mark, if it is said.
    pub ip_family: Option<Family>,
    /// Who picks real servers.
    pub scheduler: SchedulerKind,
    /// How the scheduler does it.
    pub flags: SchedulerFlags,
    /// The scheduler whose own words for flags were used.
    pub flags_of: Option<SchedulerKind>,
    /// Whether each packet is scheduled anew.
    pub one_packet: bool,
    /// How packets reach real servers that do not say it.
    pub method: Option<Method>,
    /// Seconds that clients stay with their real server, if they do.
    pub persistence_timeout: Option<u32>,
    /// What is one client.
    pub persistence_granularity: Option<Netmask>,
    /// How calls are told apart.
    pub persistence_engine: Option<PersistenceEngine>,
    /// How real servers are checked.
    pub pace: CheckPace,
    /// Whether real servers are told off at the end as if they had failed.
    pub omega: bool,
    /// The weight of live servers below which the service counts as down.
    pub quorum: u32,
    /// How much weight more it takes to count as up again, and less to count as down.
    pub hysteresis: u32,
    /// The weight becomes 0 where a server would be taken out.
    pub inhibit_on_failure: bool,
    /// Who serves when the quorum is lost.
    pub sorry_server: Option<(IpAddr, Option<u16>)>,
    /// Whether that stays, with weight 0, while the quorum is there.
    pub sorry_server_inhibit: bool,
    /// How packets reach it; as real servers unless said.
    pub sorry_server_method: Option<Method>,
    /// The host that pages are asked for.
    pub virtualhost: Option<String>,
    /// Who serves.
    pub real_servers: Vec<RealServer>,
}

/// What packets belong to a virtual server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Those to an address, and to a port if there is one.
    Address(IpAddr, Option<u16>),
    /// Those with a firewall mark.
    Mark(NonZeroU32),
    /// Those of a `virtual_server_group`.
    Group(String),
}

/// A real server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealServer {
    /// Its line.
    pub line: usize,
    /// Its address.
    pub address: IpAddr,
    /// Its port; the service's unless said.
    pub port: Option<u16>,
    /// Its share of connections.
    pub weight: u32,
    /// How packets reach it, if that is said here.
    pub method: Option<Method>,
    /// Connections at which it gets no more; 0 is never.
    pub upper_threshold: u32,
    /// Connections below which it gets some again.
    pub lower_threshold: u32,
    /// How often it is checked.
    pub pace: CheckPace,
    /// Its weight becomes 0 where it would be taken out, if that is said here.
    pub inhibit_on_failure: Option<bool>,
    /// The host that pages are asked for.
    pub virtualhost: Option<String>,
    /// How it is checked.
    pub checks: Vec<Check>,
}

impl VirtualServer {
    pub(super) fn new(line: usize, target: Target) -> Self {
        Self {
            line,
            target,
            protocol: Protocol::UDP,
            ip_family: None,
            scheduler: SchedulerKind::Wlc,
            flags: SchedulerFlags::NONE,
            flags_of: None,
            one_packet: false,
            method: None,
            persistence_timeout: None,
            persistence_granularity: None,
            persistence_engine: None,
            pace: CheckPace::default(),
            omega: false,
            quorum: 1,
            hysteresis: 0,
            inhibit_on_failure: false,
            sorry_server: None,
            sorry_server_inhibit: false,
            sorry_server_method: None,
            virtualhost: None,
            real_servers: Vec::new(),
        }
    }
}

/// `ADDRESS [PORT]`, `fwmark N` or `group NAME`.
pub(super) fn target(input: &mut Input<'_>) -> Outcome<Target> {
    match input.word()? {
        "fwmark" => Ok(Target::Mark(mark(input)?)),
        "group" => Ok(Target::Group(input.word()?.to_owned())),
        word => {
            let address = word.parse().map_err(|_| unexpected(word, "an address"))?;
            Ok(Target::Address(address, input.port()?))
        }
    }
}

pub(super) const SERVER: &[Keyword<VirtualServer>] = &[
    used("lvs_sched", scheduler),
    used("lb_algo", scheduler),
    used("lvs_method", server_method),
    used("lb_kind", server_method),
    used("protocol", |server, input| {
        server.protocol = match input.word()?.to_ascii_uppercase().as_str() {
            "TCP" => Protocol::TCP,
            "UDP" => Protocol::UDP,
            "SCTP" => Protocol::SCTP,
            word => return Err(unexpected(word, "TCP, UDP or SCTP")),
        };
        Ok(())
    }),
    used("ip_family", |server, input| {
        server.ip_family = Some(family(input.word()?)?);
        Ok(())
    }),
    used("persistence_timeout", |server, input| {
        let default = Persistence::DEFAULT_TIMEOUT_SECS;
        let timeout = match input.is_at_end() {
            true => default,
            false => input.number(1..=i32::MAX.unsigned_abs())?,
        };
        server.persistence_timeout = Some(timeout);
        Ok(())
    }),
    used("persistence_granularity", |server, input| {
        let word = input.word()?;
        let mask = match (word.parse().map(Netmask::V4), word.parse()) {
            (Ok(mask), _) => mask,
            (_, Ok(prefix @ 1..=128)) => Netmask::V6(prefix),
            _ => return Err(unexpected(word, "a mask or a prefix length of IPv6")),
        };
        server.persistence_granularity = Some(mask);
        Ok(())
    }),
    used("persistence_engine", |server, input| {
        let "sip" = input.word()? else { return Err(Verdict::wrong("there is only sip")) };
        server.persistence_engine = Some(PersistenceEngine::Sip);
        Ok(())
    }),
    used("ops", |server, _| {
        server.one_packet = true;
        Ok(())
    }),
    used("flag-1", |server, _| flag(server, SchedulerFlags::FLAG_1, None)),
    used("flag-2", |server, _| flag(server, SchedulerFlags::FLAG_2, None)),
    used("flag-3", |server, _| flag(server, SchedulerFlags::FLAG_3, None)),
    used("sh-port", |server, _| flag(server, SchedulerFlags::SH_PORT, Some(SchedulerKind::Sh))),
    used("sh-fallback", |server, _| {
        flag(server, SchedulerFlags::SH_FALLBACK, Some(SchedulerKind::Sh))
    }),
    used("mh-port", |server, _| flag(server, SchedulerFlags::MH_PORT, Some(SchedulerKind::Mh))),
    used("mh-fallback", |server, _| {
        flag(server, SchedulerFlags::MH_FALLBACK, Some(SchedulerKind::Mh))
    }),
    used("real_server", |server, input| {
        let mut real = real_server(input)?;
        input.block(&[REAL, REAL_PACE], &mut real)?;
        server.real_servers.push(real);
        Ok(())
    }),
    used("sorry_server", |server, input| {
        let (address, port) = (input.address()?, input.port()?);
        if address.is_loopback() {
            return Err(Verdict::unsupported("packets are not handed to this host itself"));
        }
        server.sorry_server = Some((address, port));
        Ok(())
    }),
    used("sorry_server_inhibit", |server, _| {
        server.sorry_server_inhibit = true;
        Ok(())
    }),
    used("sorry_server_lvs_method", |server, input| method(&mut server.sorry_server_method, input)),
    used("quorum", |server, input| {
        server.quorum = input.number(1..=i32::MAX.unsigned_abs())?;
        Ok(())
    }),
    used("hysteresis", |server, input| {
        server.hysteresis = input.number(0..=i32::MAX.unsigned_abs())?;
        Ok(())
    }),
    used("omega", |server, input| {
        server.omega = input.switch()?;
        Ok(())
    }),
    used("inhibit_on_failure", |server, input| {
        server.inhibit_on_failure = input.switch()?;
        Ok(())
    }),
    used("virtualhost", |server, input| {
        server.virtualhost = Some(input.word()?.to_owned());
        Ok(())
    }),
    unsupported("ha_suspend", "servers are checked whoever is Active"),
    unsupported("quorum_up", NO_SCRIPT),
    unsupported("quorum_down", NO_SCRIPT),
    ignored("smtp_alert", "no mail is sent"),
    ignored("snmp_name", "there is no SNMP agent"),
    ignored("nat_mask", "it means nothing to keepalived either"),
];

pub(super) const SERVER_PACE: &[Keyword<VirtualServer>] =
    &checks::pace(used("alpha", checks::alpha));

pub(super) const REAL: &[Keyword<RealServer>] = &[
    used("weight", |real, input| {
        real.weight = input.number(0..=DestConfig::MAX_WEIGHT)?;
        Ok(())
    }),
    used("lvs_method", |real, input| method(&mut real.method, input)),
    used("uthreshold", |real, input| {
        real.upper_threshold = input.number(0..=u32::MAX)?;
        Ok(())
    }),
    used("lthreshold", |real, input| {
        real.lower_threshold = input.number(0..=u32::MAX)?;
        Ok(())
    }),
    used("TCP_CHECK", |real, input| {
        check(input, CheckKind::Tcp, &[TCP, CONNECTION, PACE], &mut real.checks)
    }),
    used("HTTP_GET", |real, input| {
        check(input, CheckKind::Http(Vec::new()), &[HTTP, CONNECTION, PACE], &mut real.checks)
    }),
    unsupported_for_now("SSL_GET", "there is no TLS", |real, input| {
        check(input, CheckKind::Https(Vec::new()), &[HTTP, CONNECTION, PACE], &mut real.checks)
    }),
    unsupported_for_now("MISC_CHECK", NO_CHECKS, |real, input| {
        let kind = CheckKind::Misc { path: String::new(), dynamic: false };
        check(input, kind, &[MISC, PACE], &mut real.checks)
    }),
    unsupported_for_now("SMTP_CHECK", NO_CHECKS, |real, input| {
        check(input, CheckKind::Smtp, &[SMTP, CONNECTION, PACE], &mut real.checks)
    }),
    unsupported_for_now("DNS_CHECK", NO_CHECKS, |real, input| {
        check(input, CheckKind::Dns, &[DNS, CONNECTION, PACE], &mut real.checks)
    }),
    unsupported_for_now("UDP_CHECK", NO_CHECKS, |real, input| {
        check(input, CheckKind::Udp, &[UDP, CONNECTION, PACE], &mut real.checks)
    }),
    unsupported_for_now("PING_CHECK", NO_CHECKS, |real, input| {
        check(input, CheckKind::Ping, &[CONNECTION, PACE], &mut real.checks)
    }),
    unsupported_for_now("BFD_CHECK", NO_CHECKS, |real, input| {
        check(input, CheckKind::Bfd, &[BFD], &mut real.checks)
    }),
    unsupported_for_now("FILE_CHECK", NO_CHECKS, |real, input| {
        check(input, CheckKind::File, &[FILE], &mut real.checks)
    }),
    used("inhibit_on_failure", |real, input| {
        real.inhibit_on_failure = Some(input.switch()?);
        Ok(())
    }),
    used("virtualhost", |real, input| {
        real.virtualhost = Some(input.word()?.to_owned());
        Ok(())
    }),
    unsupported("notify_up", NO_SCRIPT),
    unsupported("notify_down", NO_SCRIPT),
    ignored("smtp_alert", "no mail is sent"),
    ignored("snmp_name", "there is no SNMP agent"),
];

pub(super) const REAL_PACE: &[Keyword<RealServer>] = &checks::pace(checks::alpha_inside());

impl Paced for VirtualServer {
    fn pace(&mut self) -> &mut CheckPace {
        &mut self.pace
    }
}

impl Paced for RealServer {
    fn pace(&mut self) -> &mut CheckPace {
        &mut self.pace
    }
}

fn scheduler(server: &mut VirtualServer, input: &mut Input<'_>) -> Outcome {
    let word = input.word()?;
    server.scheduler = word.parse().map_err(|error| {
        let error: lvs_sched::ParseSchedulerError = error;
        Verdict::wrong(error.to_string())
    })?;
    Ok(())
}

fn flag(
    server: &mut VirtualServer,
    flag: SchedulerFlags,
    scheduler: Option<SchedulerKind>,
) -> Outcome {
    server.flags = server.flags.with(flag);
    server.flags_of = server.flags_of.or(scheduler);
    Ok(())
}

fn server_method(server: &mut VirtualServer, input: &mut Input<'_>) -> Outcome {
    method(&mut server.method, input)
}

fn method(method: &mut Option<Method>, input: &mut Input<'_>) -> Outcome {
    let said = match input.word()? {
        "NAT" => Method::Nat,
        "DR" => Method::DirectRoute,
        "TUN" => Method::Tunnel,
        word => return Err(unexpected(word, "NAT, DR or TUN")),
    };
    *method = Some(said);
    Ok(())
}

fn real_server(input: &mut Input<'_>) -> Outcome<RealServer> {
    Ok(RealServer {
        line: input.line,
        address: input.address()?,
        port: input.port()?,
        weight: 1,
        method: None,
        upper_threshold: 0,
        lower_threshold: 0,
        pace: CheckPace::default(),
        inhibit_on_failure: None,
        virtualhost: None,
        checks: Vec::new(),
    })
}
