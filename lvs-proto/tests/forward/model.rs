//! Packets written the simple way: every length and checksum anew, from the fields.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use arbitrary::Unstructured;
use lvs_proto::{Family, LinkPair, MacAddr};

pub(crate) const HERE: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 1]);
pub(crate) const CLIENT: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 7]);
pub(crate) const SERVER: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 11]);
pub(crate) const COMING: LinkPair = LinkPair { source: CLIENT, destination: HERE };
pub(crate) const LEAVING: LinkPair = LinkPair { source: HERE, destination: SERVER };

/// A frame with an IP packet in it, field by field.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) link: LinkPair,
    pub(crate) tags: usize,
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) hop_limit: u8,
    pub(crate) tos: u8,
    pub(crate) dont_fragment: bool,
    pub(crate) identification: u16,
    /// IPv4 options, or IPv6 destination options in front of the upper layer: words of four and of
    /// eight octets.
    pub(crate) extras: usize,
    /// Offset in octets, and whether more follow.
    pub(crate) fragment: Option<(u16, bool)>,
    pub(crate) upper: Upper,
    pub(crate) padding: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Upper {
    Tcp {
        ports: [u16; 2],
        flags: u8,
        /// In words of four octets.
        options: Vec<u8>,
        data: Vec<u8>,
    },
    Udp {
        ports: [u16; 2],
        checksum: bool,
        data: Vec<u8>,
    },
    Sctp {
        ports: [u16; 2],
        chunks: Vec<u8>,
    },
    Icmp {
        kind: u8,
        code: u8,
        rest: [u8; 4],
        payload: Vec<u8>,
    },
    /// Of any protocol, or a later fragment of one.
    Raw(u8, Vec<u8>),
}

impl Packet {
    pub(crate) fn new(source: IpAddr, destination: IpAddr, upper: Upper) -> Self {
        Self {
            link: COMING,
            tags: 0,
            source,
            destination,
            hop_limit: 64,
            tos: 0,
            dont_fragment: false,
            identification: 0,
            extras: 0,
            fragment: None,
            upper,
            padding: 0,
        }
    }

    /// A packet of TCP, UDP or SCTP, whole, that may go further.
    pub(crate) fn arbitrary(u: &mut Unstructured<'_>, family: Family) -> arbitrary::Result<Self> {
        let (source, destination) = (address(u, family)?, address(u, family)?);
        let data_len = u.int_in_range(0..=64)?;
        let data = octets(u, data_len)?;
        let ports = u.arbitrary()?;
        let upper = match u.int_in_range(0..=2)? {
            0 => {
                let words = u.int_in_range(0..=10)?;
                Upper::Tcp { ports, flags: u.arbitrary()?, options: octets(u, words * 4)?, data }
            }
            1 => Upper::Udp { ports, checksum: u.arbitrary()?, data },
            _ => Upper::Sctp { ports, chunks: data },
        };
        Ok(Self {
            tags: u.int_in_range(0..=2)?,
            hop_limit: u.int_in_range(2..=255)?,
            tos: u.arbitrary()?,
            dont_fragment: u.arbitrary()?,
            identification: u.arbitrary()?,
            extras: u.int_in_range(0..=10)?,
            padding: u.int_in_range(0..=20)?,
            ..Self::new(source, destination, upper)
        })
    }

    pub(crate) fn frame(&self) -> Vec<u8> {
        let ethertype: u16 = if self.source.is_ipv4() { 0x0800 } else { 0x86dd };
        let mut frame = [self.link.destination.octets(), self.link.source.octets()].concat();
        frame.extend([0x81, 0x00, 0x00, 0x2a].repeat(self.tags));
        frame.extend(ethertype.to_be_bytes());
        frame.extend(self.packet());
        frame.resize(frame.len() + self.padding, 0);
        frame
    }

    /// Octets of the link header.
    pub(crate) fn link_len(&self) -> usize {
        14 + 4 * self.tags
    }

    /// The IP packet.
    pub(crate) fn packet(&self) -> Vec<u8> {
        let (protocol, message) = self.message();
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                self.ipv4(source, destination, protocol, &message)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                self.ipv6(source, destination, protocol, &message)
            }
            _ => panic!("two families"),
        }
    }

    fn ipv4(
        &self,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        protocol: u8,
        message: &[u8],
    ) -> Vec<u8> {
        let header_len = 20 + 4 * self.extras;
        let (offset, more) = self.fragment.unwrap_or_default();
        let flags = u16::from(self.dont_fragment) << 14 | u16::from(more) << 13;
        let mut packet = vec![0x40 | (header_len / 4) as u8, self.tos];
        packet.extend(((header_len + message.len()) as u16).to_be_bytes());
        packet.extend(self.identification.to_be_bytes());
        packet.extend((flags | (offset / 8)).to_be_bytes());
        packet.extend([self.hop_limit, protocol, 0, 0]);
        packet.extend(source.octets());
        packet.extend(destination.octets());
        packet.resize(header_len, 1);
        let checksum = internet_checksum(&[&packet]);
        packet[10..12].copy_from_slice(&checksum.to_be_bytes());
        packet.extend(message);
        packet
    }

    fn ipv6(
        &self,
        source: Ipv6Addr,
        destination: Ipv6Addr,
        protocol: u8,
        message: &[u8],
    ) -> Vec<u8> {
        let mut extensions = Vec::new();
        let mut next = protocol;
        if let Some((offset, more)) = self.fragment {
            let [high, low] = (offset | u16::from(more)).to_be_bytes();
            extensions = vec![next, 0, high, low, 0, 0, 0, 1];
            next = 44;
        }
        if self.extras > 0 {
            let mut options = vec![next, self.extras as u8 - 1, 1, (8 * self.extras - 4) as u8];
            options.resize(8 * self.extras, 0);
            extensions.splice(0..0, options);
            next = 60;
        }
        let mut packet = vec![0x60 | self.tos >> 4, self.tos << 4, 0, 0];
        packet.extend(((extensions.len() + message.len()) as u16).to_be_bytes());
        packet.extend([next, self.hop_limit]);
        packet.extend(source.octets());
        packet.extend(destination.octets());
        packet.extend(extensions);
        packet.extend(message);
        packet
    }

    fn message(&self) -> (u8, Vec<u8>) {
        match &self.upper {
            Upper::Tcp { ports, flags, options, data } => {
                let mut segment = ports.map(u16::to_be_bytes).concat();
                segment.extend([0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0]);
                segment.extend([
                    (5 + options.len() / 4) as u8 * 16,
                    *flags,
                    0xff,
                    0xff,
                    0,
                    0,
                    0,
                    0,
                ]);
                segment.extend(options);
                segment.extend(data);
                let checksum = self.transport_checksum(6, &segment);
                segment[16..18].copy_from_slice(&checksum.to_be_bytes());
                (6, segment)
            }
            Upper::Udp { ports, checksum, data } => {
                let mut datagram = ports.map(u16::to_be_bytes).concat();
                datagram.extend((8 + data.len() as u16).to_be_bytes());
                datagram.extend([0, 0]);
                datagram.extend(data);
                if *checksum {
                    let checksum = self.transport_checksum(17, &datagram);
                    let checksum = if checksum == 0 { 0xffff } else { checksum };
                    datagram[6..8].copy_from_slice(&checksum.to_be_bytes());
                }
                (17, datagram)
            }
            Upper::Sctp { ports, chunks } => {
                let mut packet = ports.map(u16::to_be_bytes).concat();
                packet.extend([7, 7, 7, 7, 0, 0, 0, 0]);
                packet.extend(chunks);
                let checksum = crc32c(&packet);
                packet[8..12].copy_from_slice(&checksum.to_le_bytes());
                (132, packet)
            }
            Upper::Icmp { kind, code, rest, payload } => {
                let mut message = vec![*kind, *code, 0, 0];
                message.extend(rest);
                message.extend(payload);
                let (protocol, checksum) = match self.source {
                    IpAddr::V4(_) => (1, internet_checksum(&[&message])),
                    IpAddr::V6(_) => (58, self.transport_checksum(58, &message)),
                };
                message[2..4].copy_from_slice(&checksum.to_be_bytes());
                (protocol, message)
            }
            Upper::Raw(protocol, octets) => (*protocol, octets.clone()),
        }
    }

    fn transport_checksum(&self, protocol: u8, message: &[u8]) -> u16 {
        let length = (message.len() as u32).to_be_bytes();
        let (source, destination) = (raw(self.source), raw(self.destination));
        internet_checksum(&[&source, &destination, &length, &[0, protocol], message])
    }

    pub(crate) fn ports_mut(&mut self) -> &mut [u16; 2] {
        match &mut self.upper {
            Upper::Tcp { ports, .. } | Upper::Udp { ports, .. } | Upper::Sctp { ports, .. } => {
                ports
            }
            other => panic!("{other:?} has no ports"),
        }
    }
}

/// The octets of an address.
pub(crate) fn raw(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// RFC 1071, word by word. Only the last part may be of odd length.
pub(crate) fn internet_checksum(parts: &[&[u8]]) -> u16 {
    let octets = parts.concat();
    let sum = octets.chunks(2).fold(0u32, |sum, word| {
        let word = u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0));
        let sum = sum + word;
        if sum > 0xffff { sum - 0xffff } else { sum }
    });
    !(sum as u16)
}

/// RFC 9260 appendix A, bit by bit.
pub(crate) fn crc32c(octets: &[u8]) -> u32 {
    !octets.iter().fold(u32::MAX, |crc, octet| {
        (0..8).fold(crc ^ u32::from(*octet), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 }
        })
    })
}

pub(crate) fn address(u: &mut Unstructured<'_>, family: Family) -> arbitrary::Result<IpAddr> {
    Ok(match family {
        Family::V4 => IpAddr::from(u.arbitrary::<[u8; 4]>()?),
        Family::V6 => IpAddr::from(u.arbitrary::<[u8; 16]>()?),
    })
}

pub(crate) fn octets(u: &mut Unstructured<'_>, len: usize) -> arbitrary::Result<Vec<u8>> {
    (0..len).map(|_| u.arbitrary()).collect()
}
