//! Flows: packets as decisions see them.

use core::net::Ipv6Addr;

use lvs_proto::{
    AddressPair, Embedded, Family, Flow, Hook, Protocol, SctpChunk, TcpFlags, Transport,
};

use crate::address::{family, v4};
use crate::lvs_status::LVS_ERR_HOOK;
use crate::{LVS_IPV4, LVS_IPV6, lvs_status};

/// The ports and flags of a flow are known.
pub const LVS_READABLE: u8 = 0;
/// The transport header is cut short.
pub const LVS_CUT_SHORT: u8 = 1;
/// The transport header is in an earlier fragment.
pub const LVS_LATER_FRAGMENT: u8 = 2;

/// The packet was met on its way to this host, and so to a virtual address.
pub const LVS_HOOK_LOCAL_IN: u8 = 0;
/// The packet was met on its way through this host: an answer of a real server.
pub const LVS_HOOK_FORWARD: u8 = 1;
/// The packet was made by this host itself.
pub const LVS_HOOK_LOCAL_OUT: u8 = 2;

/// The packet ends before the type of its first SCTP chunk.
pub const LVS_NO_SCTP_CHUNK: u8 = 255;

/// The packet that an ICMP error is about, as far as the error quotes it; of the flow's family.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_embedded {
    /// Not 0 if there is one; else nothing here counts.
    pub present: u8,
    /// Its IP protocol number.
    pub protocol: u8,
    /// Not 0 if the ports are known: the protocol has them, and the quote does not end before.
    pub has_ports: u8,
    /// Its source port, in host order.
    pub source_port: u16,
    /// Its destination port, in host order.
    pub destination_port: u16,
    /// Its source address in network order; of IPv4 the first four octets.
    pub source: [u8; 16],
    /// Its destination address, likewise.
    pub destination: [u8; 16],
}

/// Everything that a decision may depend on in a packet. Zero what you do not know.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_flow {
    /// LVS_IPV4 or LVS_IPV6, of both addresses.
    pub family: u8,
    /// The IP protocol number: 6 is TCP, 17 is UDP, 132 is SCTP.
    pub protocol: u8,
    /// Of TCP the control bits: FIN 1, SYN 2, RST 4, ACK 16 (RFC 9293 section 3.1).
    pub tcp_flags: u8,
    /// LVS_READABLE, LVS_CUT_SHORT or LVS_LATER_FRAGMENT; any other number counts as the second.
    pub unreadable: u8,
    /// Of TCP, UDP and SCTP the sender's port, in host order.
    pub source_port: u16,
    /// Of TCP, UDP and SCTP the receiver's port, in host order.
    pub destination_port: u16,
    /// The firewall mark that the caller put on the packet; 0 is no mark.
    pub mark: u32,
    /// Octets of the IP packet, headers included; statistics count them.
    pub length: u32,
    /// Of a fragment, the identification that all of its packet have.
    pub fragment: u32,
    /// The sender's address in network order; of IPv4 the first four octets.
    pub source: [u8; 16],
    /// The receiver's address, likewise: on the way from a client, the virtual address.
    pub destination: [u8; 16],
    /// Of SCTP the type of the first chunk (RFC 9260 section 3.2), but 6 if an abort is right
    /// behind a cookie chunk \[SCTP-2\]; or LVS_NO_SCTP_CHUNK.
    pub sctp_chunk: u8,
    /// LVS_HOOK_LOCAL_IN, LVS_HOOK_FORWARD or LVS_HOOK_LOCAL_OUT.
    pub hook: u8,
    /// Not 0 if it rides on a confirmed conntrack entry: one that an earlier packet made.
    pub tracked: u8,
    /// Not 0 if its destination address routes as unicast: to another host, not to this one.
    pub unicast: u8,
    /// Not 0 if it is a fragment, the first one or with LVS_LATER_FRAGMENT one that follows it.
    pub is_fragment: u8,
    /// Of an ICMP error, the packet that it is about.
    pub embedded: lvs_embedded,
}

const _: () = assert!(size_of::<lvs_embedded>() == 40 && size_of::<lvs_flow>() == 100);

pub(crate) const fn hook(number: u8) -> Result<Hook, lvs_status> {
    match number {
        LVS_HOOK_LOCAL_IN => Ok(Hook::LocalIn),
        LVS_HOOK_FORWARD => Ok(Hook::Forward),
        LVS_HOOK_LOCAL_OUT => Ok(Hook::LocalOut),
        _ => Err(LVS_ERR_HOOK),
    }
}

impl TryFrom<&lvs_flow> for Flow {
    type Error = lvs_status;

    fn try_from(flow: &lvs_flow) -> Result<Self, lvs_status> {
        let mut packet = Self::NONE;
        flow.read(&mut packet)?;
        Ok(packet)
    }
}

impl lvs_flow {
    /// Writes the flow to its place, field by field: half the work of a copy.
    #[inline]
    pub(crate) fn read(&self, packet: &mut Flow) -> Result<(), lvs_status> {
        // First as if of IPv4: that makes one branch of two.
        packet.addresses = pair(Family::V4, self.source, self.destination);
        if self.family != LVS_IPV4 {
            packet.addresses = pair(family(self.family)?, self.source, self.destination);
        }
        packet.transport = transport(self);
        packet.mark = self.mark;
        packet.length = self.length;
        (packet.hook, packet.tracked, packet.unicast) = (Hook::LocalIn, false, false);
        (packet.fragment, packet.embedded) = (None, None);
        // Of most packets all of it is 0.
        let Self { hook, tracked, unicast, is_fragment, .. } = self;
        if hook | tracked | unicast | is_fragment | self.embedded.present != 0 {
            return self.read_marks(packet);
        }
        Ok(())
    }

    #[inline(never)]
    fn read_marks(&self, packet: &mut Flow) -> Result<(), lvs_status> {
        let lvs_embedded { source_port, destination_port, source, destination, .. } = self.embedded;
        packet.hook = hook(self.hook)?;
        packet.tracked = self.tracked != 0;
        packet.unicast = self.unicast != 0;
        packet.fragment = (self.is_fragment != 0).then_some(self.fragment);
        packet.embedded = (self.embedded.present != 0).then(|| Embedded {
            addresses: pair(packet.family(), source, destination),
            protocol: Protocol(self.embedded.protocol),
            ports: (self.embedded.has_ports != 0).then_some((source_port, destination_port)),
        });
        Ok(())
    }
}

#[inline]
fn pair(family: Family, source: [u8; 16], destination: [u8; 16]) -> AddressPair {
    match family {
        Family::V4 => AddressPair::V4 { source: v4(source), destination: v4(destination) },
        Family::V6 => AddressPair::V6 {
            source: Ipv6Addr::from(source),
            destination: Ipv6Addr::from(destination),
        },
    }
}

#[inline]
fn transport(flow: &lvs_flow) -> Transport {
    let lvs_flow { source_port, destination_port, .. } = *flow;
    match (flow.unreadable, Protocol(flow.protocol)) {
        (LVS_READABLE, Protocol::TCP) => {
            let flags = TcpFlags(flow.tcp_flags);
            Transport::Tcp { source_port, destination_port, flags }
        }
        (LVS_READABLE, Protocol::UDP) => Transport::Udp { source_port, destination_port },
        (LVS_READABLE, Protocol::SCTP) => {
            let chunk = sctp_chunk(flow.sctp_chunk);
            Transport::Sctp { source_port, destination_port, chunk }
        }
        (LVS_READABLE, protocol) => Transport::Other(protocol),
        (LVS_LATER_FRAGMENT, protocol) => Transport::LaterFragment(protocol),
        (_, protocol) => Transport::Unreadable(protocol),
    }
}

impl From<&Flow> for lvs_flow {
    fn from(flow: &Flow) -> Self {
        let (source_port, destination_port) = flow.transport.ports().unwrap_or_default();
        let (tcp_flags, sctp_chunk) = match flow.transport {
            Transport::Tcp { flags, .. } => (flags.0, 0),
            Transport::Sctp { chunk, .. } => (0, chunk_type(chunk)),
            _ => (0, 0),
        };
        let (source, destination) = octets(flow.addresses);
        Self {
            family: match flow.family() {
                Family::V4 => LVS_IPV4,
                Family::V6 => LVS_IPV6,
            },
            protocol: flow.protocol().0,
            tcp_flags,
            unreadable: match flow.transport {
                Transport::Unreadable(_) => LVS_CUT_SHORT,
                Transport::LaterFragment(_) => LVS_LATER_FRAGMENT,
                _ => LVS_READABLE,
            },
            source_port,
            destination_port,
            mark: flow.mark,
            length: flow.length,
            fragment: flow.fragment.unwrap_or_default(),
            source,
            destination,
            sctp_chunk,
            hook: match flow.hook {
                Hook::LocalIn => LVS_HOOK_LOCAL_IN,
                Hook::Forward => LVS_HOOK_FORWARD,
                Hook::LocalOut => LVS_HOOK_LOCAL_OUT,
            },
            tracked: flow.tracked.into(),
            unicast: flow.unicast.into(),
            is_fragment: flow.fragment.is_some().into(),
            embedded: flow.embedded.map(lvs_embedded::from).unwrap_or_default(),
        }
    }
}

impl From<Embedded> for lvs_embedded {
    fn from(embedded: Embedded) -> Self {
        let (source_port, destination_port) = embedded.ports.unwrap_or_default();
        let (source, destination) = octets(embedded.addresses);
        Self {
            present: 1,
            protocol: embedded.protocol.0,
            has_ports: embedded.ports.is_some().into(),
            source_port,
            destination_port,
            source,
            destination,
        }
    }
}

fn octets(addresses: AddressPair) -> ([u8; 16], [u8; 16]) {
    let of = |address| crate::lvs_address::from(address).octets;
    (of(addresses.source()), of(addresses.destination()))
}

/// The chunks that have a name, by their types (RFC 9260 section 3.2) \[SCTP-1\].
const SCTP_CHUNKS: [(SctpChunk, u8); 10] = [
    (SctpChunk::Data, 0),
    (SctpChunk::Init, 1),
    (SctpChunk::InitAck, 2),
    (SctpChunk::Abort, 6),
    (SctpChunk::Shutdown, 7),
    (SctpChunk::ShutdownAck, 8),
    (SctpChunk::Error, 9),
    (SctpChunk::CookieEcho, 10),
    (SctpChunk::CookieAck, 11),
    (SctpChunk::ShutdownComplete, 14),
];

fn sctp_chunk(number: u8) -> Option<SctpChunk> {
    let named = SCTP_CHUNKS.into_iter().find(|&(_, known)| known == number);
    let chunk = named.map_or(SctpChunk::Data, |(chunk, _)| chunk);
    (number != LVS_NO_SCTP_CHUNK).then_some(chunk)
}

fn chunk_type(chunk: Option<SctpChunk>) -> u8 {
    let found = SCTP_CHUNKS.into_iter().find(|&(known, _)| Some(known) == chunk);
    found.map_or(LVS_NO_SCTP_CHUNK, |(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: AddressPair = AddressPair::V4 {
        source: core::net::Ipv4Addr::new(192, 0, 2, 7),
        destination: core::net::Ipv4Addr::new(192, 0, 2, 100),
    };

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
        let expected = Flow::tcp(ADDRESSES, 40_000, 80, TcpFlags::SYN).with_mark(7).with_length(60);
        assert_eq!(Flow::try_from(&flow), Ok(expected));
    }

    #[test]
    fn flows_round_trip() {
        let (source_port, destination_port) = (1, 2);
        let sctp = |chunk| Transport::Sctp { source_port, destination_port, chunk };
        let about = |ports| Embedded { addresses: ADDRESSES, protocol: Protocol::UDP, ports };
        let v6 = AddressPair::V6 { source: [1; 16].into(), destination: [2; 16].into() };
        let mut flows = std::vec![
            Flow::tcp(ADDRESSES, 1, 2, TcpFlags(0xff)),
            Flow::udp(v6, 1, 2).with_mark(u32::MAX).with_length(u32::MAX),
            Flow::new(v6, Transport::Unreadable(Protocol::TCP)).at(Hook::Forward),
            Flow::new(v6, Transport::LaterFragment(Protocol::TCP)).at(Hook::LocalOut).tracked(),
            Flow::new(ADDRESSES, Transport::Other(Protocol::ICMP)).about(about(None)).unicast(),
            Flow::new(ADDRESSES, Transport::Other(Protocol::ICMP)).about(about(Some((7, 8)))),
            Flow::new(ADDRESSES, sctp(None)).fragment_of(0),
        ];
        flows.extend(SCTP_CHUNKS.map(|(chunk, _)| Flow::new(v6, sctp(Some(chunk)))));
        for flow in flows {
            assert_eq!(Flow::try_from(&lvs_flow::from(&flow)), Ok(flow));
        }
        assert_eq!(sctp_chunk(77), Some(SctpChunk::Data), "without a name here");
        assert_eq!(hook(3), Err(LVS_ERR_HOOK));
    }

    #[test]
    fn transports_by_protocol_and_readability() {
        let of = |protocol, unreadable| {
            transport(&lvs_flow { protocol, unreadable, ..lvs_flow::default() })
        };
        assert_eq!(of(17, 0), Transport::Udp { source_port: 0, destination_port: 0 });
        assert_eq!(of(17, 1), Transport::Unreadable(Protocol::UDP));
        assert_eq!(of(17, 2), Transport::LaterFragment(Protocol::UDP));
        assert_eq!(of(17, 3), Transport::Unreadable(Protocol::UDP));
        assert_eq!(of(50, 0), Transport::Other(Protocol(50)));
    }
}
