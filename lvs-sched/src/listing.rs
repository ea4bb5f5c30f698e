//! What `ipvsadm -L -n` shows.

use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

use lvs_proto::Family;

use crate::rules::write_flags;
use crate::{Dest, Director, Netmask, Service, ServiceKey};

/// The services and destinations of a director, to be shown as `ipvsadm -L -n` shows them
/// \[OUT-1\]; made by [`Director::listing`].
///
/// ```
/// use lvs_proto::Instant;
/// use lvs_sched::{Director, DirectorConfig, Rule};
///
/// let mut director = Director::new(DirectorConfig::default())?;
/// if let Some(rule) = Rule::parse("-A -t 10.0.0.1:80 -s sh -b sh-port -p")? {
///     director.apply(Instant::EPOCH, &rule)?;
/// }
/// let listing = director.listing().to_string();
/// assert_eq!(listing.lines().nth(3), Some("TCP  10.0.0.1:80 sh (sh-port) persistent 360"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    director: &'a Director,
    kernel_order: bool,
}

impl<'a> Listing<'a> {
    pub(crate) const fn new(director: &'a Director) -> Self {
        Self { director, kernel_order: false }
    }

    /// The same, destinations in list order and services as they were made (`--nosort`).
    #[must_use]
    pub const fn in_kernel_order(self) -> Self {
        Self { kernel_order: true, ..self }
    }
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table_size = self.director.config().table_size;
        writeln!(f, "IP Virtual Server version 1.2.1 (size={table_size})")?;
        writeln!(f, "Prot LocalAddress:Port Scheduler Flags")?;
        writeln!(f, "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn")?;
        let services = if self.kernel_order {
            self.director.services()
        } else {
            self.director.sorted_services()
        };
        for service in services {
            write_service(f, &service)?;
            let dests = if self.kernel_order {
                service.dests().map(|(_, dest)| dest).collect()
            } else {
                service.sorted_dests()
            };
            dests.into_iter().try_for_each(|dest| write_dest(f, dest))?;
        }
        Ok(())
    }
}

fn write_service(f: &mut fmt::Formatter<'_>, service: &Service<'_>) -> fmt::Result {
    let config = service.config();
    match config.key {
        ServiceKey::Address { protocol, address, port } => {
            write!(f, "{protocol:<4} {}", SocketAddr::new(address, port))?;
        }
        ServiceKey::Mark { family: Family::V4, mark } => write!(f, "FWM  {mark}")?,
        ServiceKey::Mark { family: Family::V6, mark } => write!(f, "FWM  {mark} IPv6")?,
    }
    write!(f, " {}", config.scheduler)?;
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
    f.write_str(if config.one_packet { " ops\n" } else { "\n" })
}

/// Every column is padded, the last one too.
fn write_dest(f: &mut fmt::Formatter<'_>, dest: &Dest) -> fmt::Result {
    let (method, weight) = (dest.method(), dest.weight());
    let (active, inactive) = (dest.active_conns(), dest.inactive_conns());
    let server = SocketAddr::new(dest.address(), dest.port());
    writeln!(f, "  -> {server:<28} {method:<7} {weight:<6} {active:<10} {inactive:<10}")
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
    pub(crate) fn sorted_dests(&self) -> Vec<&'a Dest> {
        let mut dests: Vec<_> = self.dests().map(|(_, dest)| dest).collect();
        dests.sort_by_key(|dest| (dest.address(), dest.port()));
        dests
    }
}
