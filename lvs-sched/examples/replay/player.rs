//! Does to a director what was done to the kernel.

use std::fmt;
use std::num::NonZeroU32;
use std::path::Path;

use lvs_proto::wire::sip;
use lvs_proto::{
    Decide, Family, Flow, Hook, Instant, Method, Protocol, TcpFlags, Transport, Verdict,
};
use lvs_sched::{
    Defence, DestConfig, DestError, DirectorConfig, Netmask, Persistence, PersistenceEngine,
    Profile, SchedulerFlags, ServiceConfig, ServiceError, ServiceKey, Timeouts,
};

use crate::check;
use crate::director::Director;
use crate::recording::{Line, Recording, is_local, protocol};
use crate::routes::Routes;
use crate::sync::{self, Daemons};

/// The recordings that are not followed, each with its reason.
const EXCEPTIONS: &str = include_str!("../../../vectors/ipvs/exceptions.txt");

#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    /// The first divergence.
    Failed(String),
    /// Why it is not played.
    Skipped(&'static str),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("ok"),
            Self::Failed(divergence) => f.write_str(divergence),
            Self::Skipped(reason) => write!(f, "skipped: {reason}"),
        }
    }
}

/// The profile of the kernel whose folder this is.
pub(crate) fn profile_of(file: &Path) -> Profile {
    let folder = file.parent().and_then(Path::file_name);
    if folder.is_some_and(|name| name == "linux-6.1.192") {
        Profile::Linux6_1_183
    } else {
        Profile::Classic
    }
}

/// Plays one recording from its beginning.
pub(crate) fn play(file: &Path, profile: Profile) -> Outcome {
    if let Some(reason) = exception(file) {
        return Outcome::Skipped(reason);
    }
    let played = Recording::read(file).and_then(|recording| {
        let mut player = Player::new(profile)?;
        (0..recording.lines.len()).try_for_each(|index| player.line(&recording, index))
    });
    played.map_or_else(Outcome::Failed, |()| Outcome::Passed)
}

fn exception(file: &Path) -> Option<&'static str> {
    let name = file.file_name()?.to_str()?;
    let name = name.trim_end_matches(".gz").trim_end_matches(".jsonl");
    let lines = EXCEPTIONS.lines().filter(|line| !line.starts_with('#'));
    let mut exceptions = lines.filter_map(|line| line.split_once(": "));
    exceptions.find(|(excepted, _)| *excepted == name).map(|(_, reason)| reason)
}

struct Player {
    director: Director,
    routes: Routes,
    daemons: Daemons,
    /// Which connections packet lines show.
    conns: String,
}

impl Player {
    fn new(profile: Profile) -> Result<Self, String> {
        let connections = 1 << 12;
        let config = DirectorConfig {
            profile,
            connections,
            connections_v6: connections,
            ..DirectorConfig::default()
        };
        let director = Director::new(config).map_err(|error| error.to_string())?;
        Ok(Self {
            director,
            routes: Routes::default(),
            daemons: Daemons::default(),
            conns: String::new(),
        })
    }

    fn line(&mut self, recording: &Recording, index: usize) -> Result<(), String> {
        let line = &recording.lines[index];
        let seen_at = recording.seen_at(index);
        self.operation(line)
            .and_then(|()| {
                self.pass_time(seen_at);
                check::services(&self.director, line)?;
                check::conns(&self.director, line, &self.conns, seen_at)
            })
            .map_err(|divergence| format!("line {}: {divergence}", line.number))
    }

    /// As an embedder does it: one deadline after the other.
    fn pass_time(&mut self, now: Instant) {
        while let Some(deadline) = self.director.next_deadline().filter(|&due| due <= now) {
            self.director.handle_timeout(deadline, usize::MAX);
        }
    }

    fn operation(&mut self, line: &Line) -> Result<(), String> {
        self.pass_time(line.now());
        match line.word("op") {
            "scenario" => self.conns = line.word("conns").to_owned(),
            "packet" | "icmp" => return self.packet(line),
            "add_service" | "edit_service" | "del_service" => return self.service(line),
            "add_dest" | "edit_dest" | "del_dest" => return self.dest(line),
            "sysctl" => self.sysctl(line)?,
            "set_timeouts" => {
                let secs = |key: &str| line.value[key].as_i64().unwrap_or(0) as u32;
                let (tcp_secs, tcp_fin_secs) = (secs("tcp"), secs("tcpfin"));
                let timeouts = Timeouts { tcp_secs, tcp_fin_secs, udp_secs: secs("udp") };
                let result = self.director.set_timeouts(timeouts);
                return check::errno(line, result.map_or(22, |()| 0), &result);
            }
            "flush" => self.director.clear(line.now()),
            "sleep" | "sleep_until" | "dump" | "dump_counts" => {}
            "daemon_start" => self.daemons.start(&mut self.director, line)?,
            "daemon_stop" => self.daemons.stop(&mut self.director, line),
            "sync_inject" => self.daemons.inject(&mut self.director, line)?,
            "sync_collect" => sync::collect(&mut self.director, line)?,
            other => return Err(format!("unknown operation {other}")),
        }
        Ok(())
    }

    fn sysctl(&mut self, line: &Line) -> Result<(), String> {
        let Some(name) = line.word("name").strip_prefix("net.ipv4.vs.") else { return Ok(()) };
        let mut policy = self.director.config().policy;
        let number = line.word("value").parse().unwrap_or(0);
        let is_on = number != 0;
        match name {
            "conn_reuse_mode" => policy.conn_reuse_mode = number as u8,
            "expire_nodest_conn" => policy.expire_nodest_conn = is_on,
            "expire_quiescent_template" => policy.expire_quiescent_template = is_on,
            "sloppy_tcp" => policy.sloppy_tcp = is_on,
            "sloppy_sctp" => policy.sloppy_sctp = is_on,
            "schedule_icmp" => policy.schedule_icmp = is_on,
            "nat_icmp_send" => policy.nat_icmp_send = is_on,
            "sync_threshold" => {
                let mut numbers = line.word("value").split_whitespace().flat_map(str::parse);
                let (packets, period) = numbers.next().zip(numbers.next()).ok_or("no threshold")?;
                self.daemons.set_threshold(packets, period)?;
            }
            _ if name.starts_with("sync_") => self.daemons.set(name, number)?,
            "lblc_expiration" => self.director.set_lblc_expiration(number),
            "lblcr_expiration" => self.director.set_lblcr_expiration(number),
            "secure_tcp" | "drop_packet" | "am_droprate" => {
                let mut defences = self.director.config().defences;
                let defence = if number == 3 { Defence::On } else { Defence::Off };
                match name {
                    "secure_tcp" => defences.secure_tcp = defence,
                    "drop_packet" => defences.drop_packet = defence,
                    _ => defences.am_droprate = number,
                }
                self.director.set_defences(line.now(), defences);
            }
            _ => return Err(format!("unknown sysctl {name}")),
        }
        self.director.set_policy(policy);
        Ok(())
    }

    fn service(&mut self, line: &Line) -> Result<(), String> {
        let (now, key) = (line.now(), service_key(line)?);
        let result = match line.word("op") {
            "del_service" => self.director.delete_service(now, &key),
            op => match service_config(line, key)? {
                Some(config) if op == "add_service" => self.director.add_service(now, config),
                Some(config) => self.director.edit_service(now, config),
                None => return check::errno(line, 2, &"unknown scheduler"),
            },
        };
        check::errno(line, result.err().map_or(0, service_errno), &result)
    }

    fn dest(&mut self, line: &Line) -> Result<(), String> {
        let (now, key) = (line.now(), service_key(line)?);
        let address = line.address("rip")?;
        let port = line.number("rport").unwrap_or(key.port().into()) as u16;
        let config = DestConfig {
            // A negative weight is one that is too large.
            weight: line.value["weight"].as_i64().unwrap_or(1) as u32,
            method: method(line.word("fwd")),
            upper_threshold: line.number("upper").unwrap_or(0) as u32,
            lower_threshold: line.number("lower").unwrap_or(0) as u32,
            ..DestConfig::new(address, port)
        };
        let result = match line.word("op") {
            "add_dest" => {
                self.routes.meet(address);
                self.director.add_dest(now, &key, config).map(drop)
            }
            "edit_dest" => self.director.edit_dest(now, &key, config),
            _ => self.director.delete_dest(now, &key, address, port),
        };
        self.routes.forget(&self.director, &key, &config);
        check::errno(line, result.err().map_or(0, dest_errno), &result)
    }

    fn packet(&mut self, line: &Line) -> Result<(), String> {
        let flow = line.flow()?;
        if line.is_from_server() {
            self.routes.meet(flow.source());
        }
        let call = sip::call_id(line.word("payload").as_bytes());
        let verdict = self.director.decide_call(line.now(), &flow, call);
        let lost = matches!(verdict, Verdict::Forward(hop) if self.routes.lose(&self.director, &flow, &hop));
        check::verdict(line, &flow, &verdict, lost)?;
        if let Some(reset) = reset_of_the_stack(&flow, &verdict) {
            let _passed = self.director.decide(line.now(), &reset);
        }
        Ok(())
    }
}

/// What the local stack answers to a TCP packet that was passed to it: it goes by the director
/// again \[NOD-5\].
fn reset_of_the_stack(flow: &Flow, verdict: &Verdict) -> Option<Flow> {
    let Transport::Tcp { source_port, destination_port, flags } = flow.transport else {
        return None;
    };
    let answers = *verdict == Verdict::Pass && is_local(flow.destination());
    if !answers || flags.contains(TcpFlags::RST) {
        return None;
    }
    let addresses = lvs_proto::AddressPair::new(flow.destination(), flow.source())?;
    let reset = Flow::tcp(addresses, destination_port, source_port, TcpFlags::RST);
    Some(reset.at(Hook::LocalOut))
}

fn service_key(line: &Line) -> Result<ServiceKey, String> {
    if let Some(mark) = line.number("fwmark") {
        let mark = NonZeroU32::new(mark as u32).ok_or("mark 0")?;
        let family = if line.word("af") == "inet6" { Family::V6 } else { Family::V4 };
        return Ok(ServiceKey::Mark { family, mark });
    }
    let protocol = protocol(line.word("proto"))?;
    let port = line.number("vport").unwrap_or(0) as u16;
    Ok(ServiceKey::Address { protocol, address: line.address("vip")?, port })
}

/// `None` if there is no such scheduler.
fn service_config(line: &Line, key: ServiceKey) -> Result<Option<ServiceConfig>, String> {
    let Ok(scheduler) = line.word("sched").parse() else { return Ok(None) };
    let mut config = ServiceConfig { scheduler, ..ServiceConfig::new(key) };
    for flag in line.list("flags").into_iter().flatten() {
        match flag.as_str() {
            Some("ops") => config.one_packet = true,
            Some("sh-fallback" | "mh-fallback") => {
                config.flags = config.flags.with(SchedulerFlags::FLAG_1);
            }
            Some("sh-port" | "mh-port") => {
                config.flags = config.flags.with(SchedulerFlags::FLAG_2);
            }
            other => return Err(format!("flag {other:?}")),
        }
    }
    if let Some(seconds) = line.number("persist") {
        let mut persistence = Persistence::new(key.family(), seconds as u32);
        let netmask = &line.value["netmask"];
        if let Some(prefix) = netmask.as_u64() {
            persistence.netmask = Netmask::V6(prefix as u8);
        } else if let Some(mask) = netmask.as_str() {
            persistence.netmask = Netmask::V4(mask.parse().map_err(|_| "netmask")?);
        }
        config.persistence = Some(persistence);
    }
    if line.word("pe") == "sip" {
        config.engine = Some(PersistenceEngine::Sip);
    }
    Ok(Some(config))
}

fn method(name: &str) -> Method {
    match name {
        "nat" => Method::Nat,
        "tun" => Method::Tunnel,
        _ => Method::DirectRoute,
    }
}

/// The numbers are Linux's \[CTL-3\] \[DST-8\].
fn service_errno(error: ServiceError) -> i64 {
    match error {
        ServiceError::AlreadyExists => 17,
        ServiceError::NoSuchService => 3,
        ServiceError::OutOfMemory(_) => 12,
        _ => 22,
    }
}

fn dest_errno(error: DestError) -> i64 {
    match error {
        DestError::NoSuchService => 3,
        DestError::WeightTooLarge { .. } | DestError::ThresholdsCrossed { .. } => 34,
        DestError::AlreadyExists => 17,
        DestError::NoSuchDestination => 2,
        DestError::OutOfMemory(_) => 12,
        _ => 22,
    }
}

/// The protocol as recordings name it.
pub(crate) fn protocol_name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::TCP => "tcp",
        Protocol::UDP => "udp",
        Protocol::SCTP => "sctp",
        _ => "ip",
    }
}
