//! Persistence: the template under which a client's connections are kept together.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lvs_proto::{AddressPair, Family, Protocol};

use crate::service::FTP_PORT;
use crate::{ConnKey, Dest, Persistence, ServiceKey};

/// The key of the template of a connection, `None` if the families do not match \[TPL-1\] \[TPL-2\]
/// \[TPL-3\].
pub(crate) fn key(
    service: &ServiceKey,
    persistence: &Persistence,
    conn: &ConnKey,
) -> Option<ConnKey> {
    let client = persistence.netmask.apply(conn.client());
    let own_port = has_own_port(service, conn);
    let (protocol, address) = match *service {
        ServiceKey::Mark { family, mark } if !own_port => {
            (Protocol(0), mark_address(family, mark.get()))
        }
        _ => (conn.protocol, conn.virtual_address()),
    };
    Some(ConnKey {
        protocol,
        addresses: AddressPair::new(client, address)?,
        client_port: 0,
        virtual_port: if own_port { conn.virtual_port } else { 0 },
        template: true,
    })
}

/// The port that the template shows \[TPL-2\].
pub(crate) fn port(service: &ServiceKey, conn: &ConnKey, dest: Dest<'_>) -> u16 {
    if has_own_port(service, conn) { dest.port() } else { 0 }
}

/// The port that a connection through the template goes to \[TPL-7\].
pub(crate) fn conn_port(service: &ServiceKey, conn: &ConnKey, dest: Dest<'_>) -> u16 {
    if is_own_port(service, conn) && dest.port() != 0 { dest.port() } else { conn.virtual_port }
}

/// Whether the template is of one port: of FTP, it is of all \[TPL-2\].
const fn has_own_port(service: &ServiceKey, conn: &ConnKey) -> bool {
    is_own_port(service, conn) && conn.virtual_port != FTP_PORT
}

/// Port 0 is the own port of a mark \[SVC-2\].
const fn is_own_port(service: &ServiceKey, conn: &ConnKey) -> bool {
    conn.virtual_port == service.port()
}

/// A mark in the first 32 bits of an address \[PROC-5\].
const fn mark_address(family: Family, mark: u32) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::from_bits(mark)),
        Family::V6 => IpAddr::V6(Ipv6Addr::from_bits((mark as u128) << 96)),
    }
}
