//! Frames to test with.

use std::net::{Ipv4Addr, Ipv6Addr};

use arbitrary::Unstructured;
use lvs_proto::wire::ethernet::EtherType;
use lvs_proto::wire::{ipv4, ipv6};
use lvs_proto::{AddressPair, MacAddr, Protocol};

pub(crate) const CLIENT_MAC: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 7]);
pub(crate) const DIRECTOR_MAC: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 1]);

pub(crate) const V4: AddressPair = AddressPair::V4 {
    source: Ipv4Addr::new(198, 51, 100, 7),
    destination: Ipv4Addr::new(192, 0, 2, 100),
};
pub(crate) const V6: AddressPair = AddressPair::V6 {
    source: Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 7),
    destination: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x100),
};

/// A frame from a client to the director.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) tags: usize,
    pub(crate) addresses: AddressPair,
    pub(crate) protocol: Protocol,
    pub(crate) hop_limit: u8,
    pub(crate) payload: Vec<u8>,
    /// Octets that the link adds behind the packet.
    pub(crate) padding: usize,
}

impl Recipe {
    /// An untagged frame with a TCP segment from port 40 000 to port 80, SYN set.
    pub(crate) fn syn(addresses: AddressPair) -> Self {
        let mut payload = vec![0; 20];
        payload[..4].copy_from_slice(&[0x9c, 0x40, 0, 80]);
        payload[12..14].copy_from_slice(&[0x50, 0x02]);
        Self { tags: 0, addresses, protocol: Protocol::TCP, hop_limit: 64, payload, padding: 0 }
    }

    pub(crate) fn arbitrary(u: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        let payload_len = u.int_in_range(0..=80)?;
        Ok(Self {
            tags: u.int_in_range(0..=2)?,
            addresses: *u.choose(&[V4, V6])?,
            protocol: *u.choose(&[Protocol::TCP, Protocol::UDP, Protocol::SCTP])?,
            hop_limit: u.arbitrary()?,
            payload: u.bytes(payload_len.min(u.len()))?.to_vec(),
            padding: u.int_in_range(0..=20)?,
        })
    }

    pub(crate) fn link_len(&self) -> usize {
        14 + 4 * self.tags
    }

    pub(crate) fn frame(&self) -> Vec<u8> {
        let (header, ethertype) = self.ip_header();
        let mut frame = [DIRECTOR_MAC.octets(), CLIENT_MAC.octets()].concat();
        frame.extend([0x81, 0x00, 0x00, 0x2a].repeat(self.tags));
        frame.extend(ethertype.0.to_be_bytes());
        frame.extend(header);
        frame.extend(&self.payload);
        frame.resize(frame.len() + self.padding, 0);
        frame
    }

    fn ip_header(&self) -> (Vec<u8>, EtherType) {
        let (protocol, hop_limit) = (self.protocol, self.hop_limit);
        let payload_len = self.payload.len() as u16;
        match self.addresses {
            AddressPair::V4 { source, destination } => {
                let total_len = 20 + payload_len;
                let header =
                    ipv4::Header { source, destination, protocol, hop_limit, tos: 0, total_len };
                (header.octets().to_vec(), EtherType::IPV4)
            }
            AddressPair::V6 { source, destination } => {
                let traffic_class = 0;
                let header = ipv6::Header {
                    source,
                    destination,
                    protocol,
                    hop_limit,
                    traffic_class,
                    payload_len,
                };
                (header.octets().to_vec(), EtherType::IPV6)
            }
        }
    }
}
