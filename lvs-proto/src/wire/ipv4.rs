//! IPv4 (RFC 791).

use core::net::Ipv4Addr;

use crate::Protocol;
use crate::checksum::Sum;

/// Octets of a header without options.
pub const HEADER_LEN: usize = 20;

/// In the octet of the flags.
pub(crate) const DONT_FRAGMENT: u8 = 0x40;
/// In the word of the flags, as what is left of it, which counts eight octets at a time.
const MORE_FRAGMENTS: u16 = 0x2000;
const FRAGMENT_OFFSET: u16 = 0x1fff;

/// Why octets are no IPv4 packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Error {
    /// The packet ends within the header.
    #[error("{0} octets do not hold the IPv4 header")]
    Truncated(usize),
    /// The version field is not 4.
    #[error("IP version {0}, not 4")]
    Version(u8),
    /// The header length field is below five 32-bit words.
    #[error("IPv4 header of {0} words, 5 at least")]
    HeaderLength(u8),
    /// The total length field ends the packet within its header or behind the last octet.
    #[error("IPv4 total length {total}, but {captured} octets are there")]
    TotalLength {
        /// The field.
        total: usize,
        /// Octets that there are.
        captured: usize,
    },
    /// The header checksum does not verify.
    #[error("IPv4 header checksum does not verify")]
    Checksum,
}

/// A packet whose header is intact.
///
/// ```
/// use core::net::Ipv4Addr;
/// use lvs_proto::Protocol;
/// use lvs_proto::wire::ipv4::{Header, Packet};
///
/// let header = Header {
///     source: Ipv4Addr::new(192, 0, 2, 1),
///     destination: Ipv4Addr::new(224, 0, 0, 18),
///     protocol: Protocol::VRRP,
///     hop_limit: 255,
///     tos: 0xc0,
///     total_len: 20,
/// };
/// let octets = header.octets();
/// let packet = Packet::parse(&octets)?;
/// assert_eq!(packet.source, header.source);
/// assert!(packet.payload.is_empty());
/// # Ok::<(), lvs_proto::wire::ipv4::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Who sent it.
    pub source: Ipv4Addr,
    /// Where it goes.
    pub destination: Ipv4Addr,
    /// What it carries.
    pub protocol: Protocol,
    /// The time to live.
    pub hop_limit: u8,
    /// What the fragments of one packet have in common (RFC 6864).
    pub identification: u16,
    /// Where the payload belongs in the whole, in octets; 0 for the first fragment.
    pub fragment_offset: u16,
    /// Whether more fragments follow.
    pub more_fragments: bool,
    /// Octets of the header, options included: 20 to 60.
    pub header_len: usize,
    /// What follows the header, without the padding of the link.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// The packet at the front of `octets`; what is behind its total length is left out.
    ///
    /// # Errors
    /// [`Error`] if the header is malformed, or the packet longer than `octets`.
    #[inline(always)]
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let (packet, total) = Self::read(octets)?;
        let payload = octets
            .get(packet.header_len..total)
            .ok_or(Error::TotalLength { total, captured: octets.len() })?;
        if !header_sum(octets, packet.header_len).verifies() {
            return Err(Error::Checksum);
        }
        Ok(Self { payload, ..packet })
    }

    /// The packet that an ICMP error quotes: it may end anywhere behind its header. Total length and
    /// checksum are not looked at, for routers on the way change them \[ICMP-2\].
    ///
    /// # Errors
    /// [`Error`] if the header is malformed or cut short.
    pub fn parse_quote(octets: &'a [u8]) -> Result<Self, Error> {
        Self::read(octets).map(|(packet, _)| packet)
    }

    /// The packet with all that follows its header, and its total length field.
    #[inline(always)]
    fn read(octets: &'a [u8]) -> Result<(Self, usize), Error> {
        let truncated = Error::Truncated(octets.len());
        let header = octets.first_chunk::<HEADER_LEN>().ok_or(truncated)?;
        let (front, addresses) = header.split_first_chunk::<12>().ok_or(truncated)?;
        let (source, destination) = addresses.split_first_chunk::<4>().ok_or(truncated)?;
        let destination = destination.first_chunk::<4>().ok_or(truncated)?;
        let &[version_and_ihl, _, total_high, total_low, id_high, id_low, ..] = front;
        let &[.., fragment_high, fragment_low, hop_limit, protocol, _, _] = front;
        let fragment = u16::from_be_bytes([fragment_high, fragment_low]);
        let (version, ihl) = (version_and_ihl >> 4, version_and_ihl & 0x0f);
        if version != 4 {
            return Err(Error::Version(version));
        }
        if ihl < 5 {
            return Err(Error::HeaderLength(ihl));
        }
        let header_len = usize::from(ihl) * 4;
        let packet = Self {
            source: Ipv4Addr::from(*source),
            destination: Ipv4Addr::from(*destination),
            protocol: Protocol(protocol),
            hop_limit,
            identification: u16::from_be_bytes([id_high, id_low]),
            fragment_offset: (fragment & FRAGMENT_OFFSET) * 8,
            more_fragments: fragment & MORE_FRAGMENTS != 0,
            header_len,
            payload: octets.get(header_len..).ok_or(truncated)?,
        };
        Ok((packet, usize::from(u16::from_be_bytes([total_high, total_low]))))
    }

    /// Whether the packet is a part of a longer one.
    #[must_use]
    pub const fn is_fragment(&self) -> bool {
        self.more_fragments || self.fragment_offset != 0
    }
}

/// The sum of a header of this length.
#[inline(always)]
fn header_sum(octets: &[u8], header_len: usize) -> Sum {
    match octets.first_chunk::<HEADER_LEN>() {
        // Most have no options: a sum of known length.
        Some(header) if header_len == HEADER_LEN => Sum::new().add_array(header),
        _ => Sum::new().add_octets(octets.get(..header_len).unwrap_or_default()),
    }
}

/// The header of a packet without options that is no fragment; identification and flags are 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Who sends the packet.
    pub source: Ipv4Addr,
    /// Where it goes.
    pub destination: Ipv4Addr,
    /// What it carries.
    pub protocol: Protocol,
    /// The time to live.
    pub hop_limit: u8,
    /// The type of service.
    pub tos: u8,
    /// Octets of header and payload.
    pub total_len: u16,
}

impl Header {
    /// The header's octets, checksum included.
    #[must_use]
    pub fn octets(&self) -> [u8; HEADER_LEN] {
        let mut octets = [0; HEADER_LEN];
        octets[0] = 0x45;
        octets[1] = self.tos;
        octets[2..4].copy_from_slice(&self.total_len.to_be_bytes());
        octets[8] = self.hop_limit;
        octets[9] = self.protocol.0;
        octets[12..16].copy_from_slice(&self.source.octets());
        octets[16..].copy_from_slice(&self.destination.octets());
        [octets[10], octets[11]] = Sum::new().add_octets(&octets).checksum().to_be_bytes();
        octets
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// Seven octets of UDP in a packet with `words` of header, padded by the link.
    fn packet(words: u8) -> Vec<u8> {
        let header_len = usize::from(words) * 4;
        let header = Header {
            source: Ipv4Addr::new(192, 0, 2, 7),
            destination: Ipv4Addr::new(192, 0, 2, 100),
            protocol: Protocol::UDP,
            hop_limit: 64,
            tos: 0,
            total_len: 7 + u16::from(words) * 4,
        };
        let mut octets = Vec::from(header.octets());
        octets.resize(header_len, 1);
        octets.extend([0xee; 7]);
        octets.resize(header_len + 26, 0);
        octets[0] = 0x40 | words;
        seal(&mut octets, header_len);
        octets
    }

    fn seal(octets: &mut [u8], header_len: usize) {
        octets[10..12].fill(0);
        let checksum = Sum::new().add_octets(&octets[..header_len]).checksum();
        octets[10..12].copy_from_slice(&checksum.to_be_bytes());
    }

    #[test]
    fn options_are_skipped_and_padding_is_trimmed() {
        for words in 5..=15 {
            let octets = packet(words);
            let packet = Packet::parse(&octets).unwrap();
            assert_eq!(packet.header_len, usize::from(words) * 4);
            assert_eq!(packet.payload, [0xee; 7]);
            assert!(!packet.is_fragment());
        }
    }

    #[test]
    fn each_field_has_its_error() {
        let parse_with = |place: usize, value: u8| {
            let mut octets = packet(5);
            octets[place] = value;
            seal(&mut octets, 20);
            Packet::parse(&octets).map(|packet| packet.hop_limit)
        };
        assert_eq!(parse_with(0, 0x65), Err(Error::Version(6)));
        assert_eq!(parse_with(0, 0x44), Err(Error::HeaderLength(4)));
        assert_eq!(parse_with(3, 19), Err(Error::TotalLength { total: 19, captured: 46 }));
        assert_eq!(parse_with(3, 47), Err(Error::TotalLength { total: 47, captured: 46 }));
        assert_eq!(parse_with(8, 3), Ok(3));
        let mut octets = packet(5);
        octets[8] = 3;
        assert_eq!(Packet::parse(&octets), Err(Error::Checksum));
        assert_eq!(Packet::parse(&packet(15)[..59]), Err(Error::Truncated(59)));
    }

    #[test]
    fn fragments_know_their_place() {
        let mut octets = packet(5);
        octets[6..8].copy_from_slice(&[0x3f, 0xff]);
        seal(&mut octets, 20);
        let fragment = Packet::parse(&octets).unwrap();
        assert!(fragment.is_fragment() && fragment.more_fragments);
        assert_eq!(fragment.fragment_offset, 8191 * 8);
    }
}
