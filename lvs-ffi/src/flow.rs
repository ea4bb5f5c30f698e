//! Flows.

use core::net::Ipv6Addr;

use lvs_proto::{AddressPair, Family, Flow, Protocol, TcpFlags, Transport};

use crate::address::{family, v4};
use crate::lvs_status;

/// What a decision may depend on in a packet. Zero what you do not know.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_flow {
    /// LVS_IPV4 or LVS_IPV6, of both addresses.
    pub family: u8,
    /// The IP protocol number: 6 is TCP, 17 is UDP.
    pub protocol: u8,
    /// Of TCP the control bits: FIN 1, SYN 2, RST 4, ACK 16 (RFC 9293 section 3.1).
    pub tcp_flags: u8,
    /// Not 0 if the transport header is not in this packet: cut short, or in an earlier fragment.
    pub unreadable: u8,
    /// Of TCP and UDP the client's port, in host order.
    pub source_port: u16,
    /// Of TCP and UDP the virtual port, in host order.
    pub destination_port: u16,
    /// The firewall mark that the caller put on the packet; 0 is no mark.
    pub mark: u32,
    /// Octets of the IP packet, headers included; statistics count them.
    pub length: u32,
    /// The client's address in network order; of IPv4 the first four octets.
    pub source: [u8; 16],
    /// The virtual address, likewise.
    pub destination: [u8; 16],
}

const _: () = assert!(size_of::<lvs_flow>() == 48);

impl TryFrom<&lvs_flow> for Flow {
    type Error = lvs_status;

    fn try_from(flow: &lvs_flow) -> Result<Self, lvs_status> {
        let addresses = match family(flow.family)? {
            Family::V4 => {
                AddressPair::V4 { source: v4(flow.source), destination: v4(flow.destination) }
            }
            Family::V6 => AddressPair::V6 {
                source: Ipv6Addr::from(flow.source),
                destination: Ipv6Addr::from(flow.destination),
            },
        };
        Ok(Self::new(addresses, transport(flow)).with_mark(flow.mark).with_length(flow.length))
    }
}

const fn transport(flow: &lvs_flow) -> Transport {
    let lvs_flow { source_port, destination_port, .. } = *flow;
    match Protocol(flow.protocol) {
        protocol if flow.unreadable != 0 => Transport::Unreadable(protocol),
        Protocol::TCP => {
            let flags = TcpFlags(flow.tcp_flags);
            Transport::Tcp { source_port, destination_port, flags }
        }
        Protocol::UDP => Transport::Udp { source_port, destination_port },
        protocol => Transport::Other(protocol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_arrives() {
        let mut flow = lvs_flow {
            family: 4,
            protocol: 6,
            tcp_flags: 2,
            source_port: 40_000,
            destination_port: 80,
            mark: 7,
            length: 60,
            ..lvs_flow::default()
        };
        flow.source[..4].copy_from_slice(&[192, 0, 2, 7]);
        flow.destination[..4].copy_from_slice(&[192, 0, 2, 100]);
        let addresses =
            AddressPair::V4 { source: [192, 0, 2, 7].into(), destination: [192, 0, 2, 100].into() };
        let expected = Flow::tcp(addresses, 40_000, 80, TcpFlags::SYN).with_mark(7).with_length(60);
        assert_eq!(Flow::try_from(&flow), Ok(expected));
    }

    #[test]
    fn transports_by_protocol_and_readability() {
        let of = |protocol, unreadable| {
            transport(&lvs_flow { protocol, unreadable, ..lvs_flow::default() })
        };
        assert_eq!(of(17, 0), Transport::Udp { source_port: 0, destination_port: 0 });
        assert_eq!(of(17, 1), Transport::Unreadable(Protocol::UDP));
        assert_eq!(of(50, 0), Transport::Other(Protocol(50)));
    }
}
