//! What `ipvsadm -L -n` shows.

mod cell;
mod conns;

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

use lvs_proto::{Family, GueChecksum, Method, Tunnel};

use self::cell::Cells;
pub use self::conns::ConnListing;
use crate::rules::write_flags;
use crate::{Dest, Director, Netmask, Service, ServiceKey};

/// The services and destinations of a director, to be shown as `ipvsadm -L -n` shows them
/// \[OUT-1\]; made by [`Director::listing`].
///
/// ```
/// use lvs_proto::Instant;
/// use lvs_sched::{Columns, Director, DirectorConfig, Rule};
///
/// let mut director = Director::new(DirectorConfig::default())?;
/// if let Some(rule) = Rule::parse("-A -t 10.0.0.1:80 -s sh -b sh-port -p")? {
///     director.apply(Instant::EPOCH, &rule)?;
/// }
/// let listing = director.listing().to_string();
/// assert_eq!(listing.lines().nth(3), Some("TCP  10.0.0.1:80 sh (sh-port) persistent 360"));
///
/// let statistics = director.listing().with(Columns::Statistics).to_string();
/// let line = "TCP  10.0.0.1:80                         0        0        0        0        0";
/// assert_eq!(statistics.lines().nth(3), Some(line));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    director: &'a Director,
    service: Option<Service<'a>>,
    columns: Columns,
    exact: bool,
    kernel_order: bool,
}

/// What a listing shows of each destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Columns {
    /// Method, weight, active and inactive connections: what is shown if nothing is said.
    #[default]
    Connections,
    /// Method, kind of tunnel, weight, active and inactive connections (`--tun-info`).
    Tunnels,
    /// Upper and lower threshold, active and inactive connections (`--thresholds`).
    Thresholds,
    /// Weight, templates, active and inactive connections (`--persistent-conn`).
    Persistence,
    /// Connections, packets and octets, in and out (`--stats`).
    Statistics,
    /// The same per second (`--rate`).
    Rates,
}

impl<'a> Listing<'a> {
    pub(crate) const fn new(director: &'a Director) -> Self {
        let columns = Columns::Connections;
        Self { director, service: None, columns, exact: false, kernel_order: false }
    }

    /// The same with other columns.
    #[must_use]
    pub const fn with(self, columns: Columns) -> Self {
        Self { columns, ..self }
    }

    /// The same of one service alone, without the line that tells the version.
    #[must_use]
    pub const fn of(self, service: Service<'a>) -> Self {
        Self { service: Some(service), ..self }
    }

    /// The same, statistics and rates written out however large they are (`--exact`).
    #[must_use]
    pub const fn exact(self) -> Self {
        Self { exact: true, ..self }
    }

    /// The same, destinations in list order and services as they were made (`--nosort`).
    #[must_use]
    pub const fn in_kernel_order(self) -> Self {
        Self { kernel_order: true, ..self }
    }

    fn services(&self) -> Vec<Service<'a>> {
        match self.service {
            Some(service) => [service].into(),
            None if self.kernel_order => self.director.services(),
            None => self.director.sorted_services(),
        }
    }

    fn dests(&self, service: &Service<'a>) -> Vec<Dest<'a>> {
        if self.kernel_order {
            service.dests().map(|(_, dest)| dest).collect()
        } else {
            service.sorted_dests()
        }
    }

    fn write_service(&self, f: &mut fmt::Formatter<'_>, service: &Service<'_>) -> fmt::Result {
        let name = ServiceName(service.config().key);
        let counted = match self.columns {
            Columns::Statistics => Cells::of_statistics(&service.statistics(), self.exact),
            Columns::Rates => Cells::of_rates(&service.rates(), self.exact),
            _ => return write_service_config(f, service),
        };
        writeln!(f, "{:<33}{counted}", name.to_string())
    }

    fn write_dest(&self, f: &mut fmt::Formatter<'_>, dest: Dest<'_>) -> fmt::Result {
        write!(f, "  -> {:<28}", SocketAddr::new(dest.address(), dest.port()))?;
        let (method, weight) = (dest.method(), dest.weight());
        let (active, inactive) = (dest.active_conns(), dest.inactive_conns());
        // Every column of these is padded, the last one too.
        match self.columns {
            Columns::Connections => write!(f, " {method:<7} {weight:<6}")?,
            Columns::Tunnels => {
                let tunnel = TunnelInfo(dest).to_string();
                write!(f, " {method:<7} {tunnel:<13} {weight:<6}")?;
            }
            Columns::Thresholds => {
                let config = dest.config();
                write!(f, " {:<10} {:<10}", config.upper_threshold, config.lower_threshold)?;
            }
            Columns::Persistence => {
                write!(f, " {weight:<9} {:<11}", dest.persistent_conns())?;
            }
            Columns::Statistics => {
                return writeln!(f, "{}", Cells::of_statistics(&dest.statistics(), self.exact));
            }
            Columns::Rates => {
                return writeln!(f, "{}", Cells::of_rates(dest.rates(), self.exact));
            }
        }
        writeln!(f, " {active:<10} {inactive:<10}")
    }
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.service.is_none() {
            let table_size = self.director.config().table_size;
            writeln!(f, "IP Virtual Server version 1.2.1 (size={table_size})")?;
        }
        writeln!(f, "{}", self.columns.head())?;
        for service in self.services() {
            self.write_service(f, &service)?;
            self.dests(&service).into_iter().try_for_each(|dest| self.write_dest(f, dest))?;
        }
        Ok(())
    }
}

impl Columns {
    /// The two lines above the first service \[OUT-1\] \[OUT-2\] \[OUT-3\].
    const fn head(self) -> &'static str {
        match self {
            Self::Connections => concat!(
                "Prot LocalAddress:Port Scheduler Flags\n",
                "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn",
            ),
            Self::Tunnels => concat!(
                "Prot LocalAddress:Port Scheduler Flags\n",
                "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn",
            ),
            Self::Thresholds => concat!(
                "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n",
                "  -> RemoteAddress:Port",
            ),
            Self::Persistence => concat!(
                "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n",
                "  -> RemoteAddress:Port",
            ),
            Self::Statistics => concat!(
                "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n",
                "  -> RemoteAddress:Port",
            ),
            Self::Rates => concat!(
                "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n",
                "  -> RemoteAddress:Port",
            ),
        }
    }
}

/// `TCP  10.0.0.1:80` or `FWM  7`.
struct ServiceName(ServiceKey);

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ServiceKey::Address { protocol, address, port } => {
                write!(f, "{protocol:<4} {}", SocketAddr::new(address, port))
            }
            ServiceKey::Mark { family: Family::V4, mark } => write!(f, "FWM  {mark}"),
            ServiceKey::Mark { family: Family::V6, mark } => write!(f, "FWM  {mark} IPv6"),
        }
    }
}

/// What the column `TunnelInfo` says of a destination \[OUT-2\].
struct TunnelInfo<'a>(Dest<'a>);

impl fmt::Display for TunnelInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = self.0.config();
        match config.tunnel {
            _ if config.method != Method::Tunnel => f.write_str("n/a"),
            Tunnel::IpIp => f.write_str("ipip"),
            Tunnel::Gue { port, checksum: GueChecksum::None } => write!(f, "gue:{port}:-c"),
            Tunnel::Gue { port, checksum: GueChecksum::Udp } => write!(f, "gue:{port}:+c"),
            Tunnel::Gue { port, checksum: GueChecksum::Remote } => write!(f, "gue:{port}:r+c"),
            Tunnel::Gre { checksum: false } => f.write_str("gre:-c"),
            Tunnel::Gre { checksum: true } => f.write_str("gre:+c"),
        }
    }
}

fn write_service_config(f: &mut fmt::Formatter<'_>, service: &Service<'_>) -> fmt::Result {
    let config = service.config();
    write!(f, "{} {}", ServiceName(config.key), config.scheduler)?;
    if !config.flags.is_empty() {
        f.write_str(" (")?;
        write_flags(f, config.scheduler, config.flags)?;
        f.write_str(")")?;
    }
    if let Some(persistence) = config.persistence {
        write!(f, " persistent {}", persistence.timeout_secs)?;
        if persistence.netmask != Netmask::full(config.key.family()) {
            write!(f, " mask {}", persistence.netmask)?;
        }
    }
    if let Some(engine) = config.engine {
        write!(f, " pe {engine}")?;
    }
    f.write_str(if config.one_packet { " ops\n" } else { "\n" })
}

/// Address services by family, protocol, address and port, then marks \[ADM-7\].
impl Director {
    pub(crate) fn sorted_services(&self) -> Vec<Service<'_>> {
        let mut services = self.services();
        services.sort_by_key(|service| match service.config().key {
            ServiceKey::Address { protocol, address, port } => {
                (0, Some((Family::of(address), protocol, address, port)))
            }
            ServiceKey::Mark { mark, .. } => (mark.get(), None),
        });
        services
    }
}

/// By address and port \[ADM-7\].
impl<'a> Service<'a> {
    pub(crate) fn sorted_dests(&self) -> Vec<Dest<'a>> {
        let mut dests: Vec<_> = self.dests().map(|(_, dest)| dest).collect();
        dests.sort_by_key(|dest| (dest.address(), dest.port()));
        dests
    }
}
