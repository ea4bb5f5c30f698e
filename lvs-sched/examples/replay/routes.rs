//! The kernel's cached ways to destinations, which lose some packets \[RT-1\].

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use lvs_proto::{Flow, Hop, Method};
use lvs_sched::{DestConfig, DestId, ServiceKey};

use crate::director::{Conn, Director};

/// Each way is found by the method of the first packet after its destination was configured. Found
/// for another method than direct routing, it loses the packets of direct routing.
#[derive(Default)]
pub(crate) struct Routes {
    /// All methods configured so far; with one alone nothing is lost.
    methods: HashSet<Method>,
    found: HashMap<DestId, Method>,
    /// The real servers whose link addresses are known. A backup is told of others, and what goes
    /// there is lost until they are added.
    neighbors: HashSet<IpAddr>,
}

impl Routes {
    /// A destination was added or edited: its way is to be found anew.
    pub(crate) fn forget(&mut self, director: &Director, key: &ServiceKey, config: &DestConfig) {
        self.methods.insert(config.method);
        let dests = director.service(key).into_iter().flat_map(|service| service.dests());
        for (id, dest) in dests {
            if (dest.address(), dest.port()) == (config.address, config.port) {
                self.found.remove(&id);
            }
        }
    }

    /// A real server was added, or sent something.
    pub(crate) fn meet(&mut self, server: IpAddr) {
        self.neighbors.insert(server);
    }

    /// Whether the kernel loses the packet on its way.
    pub(crate) fn lose(&mut self, director: &Director, flow: &Flow, hop: &Hop) -> bool {
        let is_of_flow = |conn: &Conn| {
            let key = conn.key();
            let ports = Some((key.client_port, key.virtual_port));
            key.addresses == flow.addresses && ports == flow.transport.ports() && !key.template
        };
        if !self.neighbors.contains(&hop.address) {
            return true;
        }
        if self.methods.len() < 2 {
            return false;
        }
        let is_bound = |conn: &Conn| director.dest(conn.dest()).is_some();
        let Some(conn) = director.conns().find(is_of_flow).filter(is_bound) else { return false };
        let found = self.found.entry(conn.dest()).or_insert(hop.method);
        hop.method == Method::DirectRoute && *found != Method::DirectRoute
    }
}
