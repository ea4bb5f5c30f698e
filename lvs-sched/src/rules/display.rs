//! From a rule to the line that `ipvsadm -S -n` writes \[OUT-6\].

use core::fmt;
use core::net::SocketAddr;

use lvs_proto::{Family, GueChecksum, Method, Protocol, Tunnel};

use super::Rule;
use crate::{
    DestConfig, Netmask, SchedulerFlags, SchedulerKind, ServiceConfig, ServiceKey, Timeouts,
};

/// Thresholds are written too, if there are any; `ipvsadm` loses them \[WART-18\]. So is a tunnel that
/// the method does not ask for, but not the usual one.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddService(config) => write_service_config(f, "-A", config),
            Self::EditService(config) => write_service_config(f, "-E", config),
            Self::DeleteService(key) => write_service(f, "-D", key),
            Self::AddDest { service, dest } => write_dest_config(f, "-a", service, dest),
            Self::EditDest { service, dest } => write_dest_config(f, "-e", service, dest),
            Self::DeleteDest { service, address, port } => {
                write_service(f, "-d", service)?;
                write!(f, " -r {}", SocketAddr::new(*address, *port))
            }
            Self::Clear => f.write_str("-C"),
            Self::Zero(None) => f.write_str("-Z"),
            Self::Zero(Some(key)) => write_service(f, "-Z", key),
            Self::SetTimeouts(Timeouts { tcp_secs, tcp_fin_secs, udp_secs }) => {
                write!(f, "--set {tcp_secs} {tcp_fin_secs} {udp_secs}")
            }
        }
    }
}

fn write_service(f: &mut fmt::Formatter<'_>, command: &str, key: &ServiceKey) -> fmt::Result {
    match *key {
        ServiceKey::Address { protocol, address, port } => {
            let option = match protocol {
                Protocol::UDP => "-u",
                Protocol::SCTP => "--sctp-service",
                _ => "-t",
            };
            write!(f, "{command} {option} {}", SocketAddr::new(address, port))
        }
        ServiceKey::Mark { family: Family::V4, mark } => write!(f, "{command} -f {mark}"),
        ServiceKey::Mark { family: Family::V6, mark } => write!(f, "{command} -f {mark} -6"),
    }
}

fn write_service_config(
    f: &mut fmt::Formatter<'_>,
    command: &str,
    config: &ServiceConfig,
) -> fmt::Result {
    write_service(f, command, &config.key)?;
    write!(f, " -s {}", config.scheduler)?;
    if let Some(persistence) = config.persistence {
        write!(f, " -p {}", persistence.timeout_secs)?;
        if persistence.netmask != Netmask::full(config.key.family()) {
            write!(f, " -M {}", persistence.netmask)?;
        }
    }
    if let Some(engine) = config.engine {
        write!(f, " --pe {engine}")?;
    }
    if config.one_packet {
        f.write_str(" -o")?;
    }
    if !config.flags.is_empty() {
        f.write_str(" -b ")?;
        write_flags(f, config.scheduler, config.flags)?;
    }
    Ok(())
}

fn write_dest_config(
    f: &mut fmt::Formatter<'_>,
    command: &str,
    service: &ServiceKey,
    dest: &DestConfig,
) -> fmt::Result {
    write_service(f, command, service)?;
    let method = match dest.method {
        Method::Nat => "-m",
        // Its short name in DPVS is that of scheduler flags in ipvsadm.
        Method::FullNat => "--fullnat",
        Method::DirectRoute => "-g",
        Method::Tunnel => "-i",
    };
    let server = SocketAddr::new(dest.address, dest.port);
    write!(f, " -r {server} {method} -w {}", dest.weight)?;
    if dest.method == Method::Tunnel || dest.tunnel != Tunnel::IpIp {
        write_tunnel(f, dest.tunnel)?;
    }
    if dest.upper_threshold != 0 {
        write!(f, " -x {}", dest.upper_threshold)?;
    }
    if dest.lower_threshold != 0 {
        write!(f, " -y {}", dest.lower_threshold)?;
    }
    Ok(())
}

fn write_tunnel(f: &mut fmt::Formatter<'_>, tunnel: Tunnel) -> fmt::Result {
    match tunnel {
        Tunnel::IpIp => f.write_str(" --tun-type ipip"),
        Tunnel::Gue { port, checksum } => {
            let checksum = match checksum {
                GueChecksum::None => "nocsum",
                GueChecksum::Udp => "csum",
                GueChecksum::Remote => "remcsum",
            };
            write!(f, " --tun-type gue --tun-port {port} --tun-{checksum}")
        }
        Tunnel::Gre { checksum } => {
            let checksum = if checksum { "csum" } else { "nocsum" };
            write!(f, " --tun-type gre --tun-{checksum}")
        }
    }
}

/// The names of the flags, joined by commas \[ADM-5\].
pub(crate) fn write_flags(
    f: &mut fmt::Formatter<'_>,
    scheduler: SchedulerKind,
    flags: SchedulerFlags,
) -> fmt::Result {
    let names = match scheduler {
        SchedulerKind::Sh => ["sh-fallback", "sh-port", "flag-3"],
        SchedulerKind::Mh => ["mh-fallback", "mh-port", "flag-3"],
        _ => ["flag-1", "flag-2", "flag-3"],
    };
    let all = [SchedulerFlags::FLAG_1, SchedulerFlags::FLAG_2, SchedulerFlags::FLAG_3];
    let set = all.into_iter().zip(names).filter(|(flag, _)| flags.contains(*flag));
    for (count, (_, name)) in set.enumerate() {
        write!(f, "{}{name}", if count == 0 { "" } else { "," })?;
    }
    Ok(())
}
