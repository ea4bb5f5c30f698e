//! `lvsd vrrp`: a virtual router on a real interface, and nothing else.

use std::net::IpAddr;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow};
use lvs_proto::{Frame, Instant};
use lvs_vrrp::RouterId;

use crate::event_loop::{self, Daemon, Extras};
use crate::netlink::{self, Interface};
use crate::router_args::RouterArgs;
use crate::virtual_routers::VirtualRouters;

/// Options of `lvsd vrrp`.
#[derive(clap::Args, Clone, Debug)]
pub struct VrrpArgs {
    #[command(flatten)]
    router: RouterArgs,
    /// The virtual addresses
    #[arg(long, value_name = "ADDRESS[/LENGTH]", value_delimiter = ',', required = true)]
    vip: Vec<Prefix>,
    /// Put the addresses on the interface while Active
    #[arg(long)]
    manage_vip: bool,
}

/// An address and its prefix length; a host's own without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The address.
    pub address: IpAddr,
    /// The length, at most that of the address.
    pub length: u8,
}

impl FromStr for Prefix {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr =
            address.parse().with_context(|| format!("`{address}` is no IP address"))?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => longest,
            Some(length) => length
                .parse()
                .ok()
                .filter(|length| *length <= longest)
                .ok_or_else(|| anyhow!("`{length}` is no prefix length of 0 to {longest}"))?,
        };
        Ok(Self { address, length })
    }
}

/// Runs the virtual router until SIGTERM.
///
/// # Errors
/// Bad options, no such interface, or no right to packet sockets.
pub fn run(args: &VrrpArgs) -> Result<()> {
    let interface = Interface::named(&args.router.iface)?;
    let addresses = args.vip.iter().map(|prefix| prefix.address).collect();
    let router = args.router.virtual_router(&interface, addresses)?;
    let managed = args
        .manage_vip
        .then(|| args.vip.iter().map(|prefix| (prefix.address, prefix.length)).collect::<Vec<_>>());
    let mut routers = VirtualRouters::with_capacity(1);
    // The addresses live on the interface itself, and the kernel answers for them.
    let id = routers.add(0, (&interface.name, interface.mac), router.announcing(interface.mac))?;
    let mut daemon = VrrpDaemon {
        routers,
        interface_index: interface.index,
        managed: managed.unwrap_or_default(),
    };
    // A router that was killed may have left them.
    daemon.accept_addresses(id, false)?;
    event_loop::drive(&mut daemon, &[interface], Extras::default())
}

struct VrrpDaemon {
    routers: VirtualRouters,
    interface_index: u32,
    managed: Vec<(IpAddr, u8)>,
}

impl Daemon for VrrpDaemon {
    fn routers(&mut self) -> &mut VirtualRouters {
        &mut self.routers
    }

    fn handle_frame(
        &mut self,
        now: Instant,
        port: usize,
        frame: &mut Frame<'_>,
        _send: &mut impl FnMut(usize, &[u8]),
    ) {
        self.routers.handle_frame(now, port, frame.octets());
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.routers.handle_timeout(now);
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.routers.next_deadline()
    }

    fn accept_addresses(&mut self, _router: RouterId, accept: bool) -> Result<()> {
        match accept {
            _ if self.managed.is_empty() => Ok(()),
            true => netlink::install(self.interface_index, &self.managed),
            false => netlink::remove(self.interface_index, &self.managed),
        }
    }

    fn report(&self) -> String {
        self.routers.at(0).map(|machine| format!("{:#?}\n", machine.counters())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        let v6: Prefix = "2001:db8::1".parse().unwrap();
        assert_eq!(v6.length, 128);
        let v4: Prefix = "192.0.2.1/24".parse().unwrap();
        assert_eq!(v4.length, 24);
        for text in ["192.0.2.1/33", "192.0.2/24", "192.0.2.1/", "::1/129", "/24"] {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
    }
}
