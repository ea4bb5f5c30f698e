//! IPv6 and its extension headers (RFC 8200, RFC 4302 for the authentication header).

use core::net::Ipv6Addr;

use crate::Protocol;

/// Octets of the header without extensions.
pub const HEADER_LEN: usize = 40;

/// Extension headers that are skipped; a packet with more is refused.
pub const MAX_EXTENSIONS: usize = 8;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION_OPTIONS: u8 = 60;

/// Why octets are no IPv6 packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Error {
    /// The packet ends within the header.
    #[error("{0} octets do not hold the IPv6 header")]
    Truncated(usize),
    /// The version field is not 6.
    #[error("IP version {0}, not 6")]
    Version(u8),
    /// The payload length field promises more than there is.
    #[error("IPv6 payload length {length}, but {captured} octets follow the header")]
    PayloadLength {
        /// The field.
        length: usize,
        /// Octets behind the header.
        captured: usize,
    },
    /// The packet ends within an extension header, of this type.
    #[error("IPv6 extension header {0} is cut short")]
    ExtensionTruncated(u8),
    /// More than [`MAX_EXTENSIONS`] extension headers.
    #[error("more than {MAX_EXTENSIONS} IPv6 extension headers")]
    TooManyExtensions,
}

/// The facts of a fragment header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Where the payload belongs in the whole, in octets; 0 for the first fragment.
    pub offset: u16,
    /// Whether more fragments follow.
    pub more: bool,
    /// What the fragments of one packet have in common.
    pub identification: u32,
}

/// A packet whose headers are well-formed up to the upper layer.
///
/// ```
/// use core::net::Ipv6Addr;
/// use lvs_proto::Protocol;
/// use lvs_proto::wire::ipv6::{Header, Packet};
///
/// let header = Header {
///     source: Ipv6Addr::LOCALHOST,
///     destination: Ipv6Addr::LOCALHOST,
///     protocol: Protocol::UDP,
///     hop_limit: 64,
///     traffic_class: 0,
///     payload_len: 0,
/// };
/// let octets = header.octets();
/// assert_eq!(Packet::parse(&octets)?.protocol, Protocol::UDP);
/// # Ok::<(), lvs_proto::wire::ipv6::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Who sent it.
    pub source: Ipv6Addr,
    /// Where it goes.
    pub destination: Ipv6Addr,
    /// What it carries behind its extension headers; in a fragment that is not the first, what
    /// the fragment header names.
    pub protocol: Protocol,
    /// The hop limit.
    pub hop_limit: u8,
    /// The fragment header, if there is one.
    pub fragment: Option<Fragment>,
    /// The greatest number of segments that a routing header has left; above 0 the packet is
    /// under way to somewhere else than `destination`.
    pub segments_left: u8,
    /// Whether an authentication header was skipped, unverified.
    pub authentication: bool,
    /// Octets before the payload, extension headers included.
    pub header_len: usize,
    /// What follows the headers, without the padding of the link.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// The packet at the front of `octets`; what is behind its payload length is left out.
    ///
    /// # Errors
    /// [`Error`] if a header is malformed, or the packet longer than `octets`.
    #[inline]
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let (packet, length) = Self::read(octets)?;
        let captured = packet.payload.len();
        let payload =
            packet.payload.get(..length).ok_or(Error::PayloadLength { length, captured })?;
        Self { payload, ..packet }.skip_extensions()
    }

    /// The packet that an ICMP error quotes: it may end anywhere behind its headers. The payload
    /// length is not looked at \[ICMP-2\].
    ///
    /// # Errors
    /// [`Error`] if a header is malformed or cut short.
    pub fn parse_quote(octets: &'a [u8]) -> Result<Self, Error> {
        Self::read(octets)?.0.skip_extensions()
    }

    /// The packet with all that follows its first header, and its payload length field.
    #[inline]
    fn read(octets: &'a [u8]) -> Result<(Self, usize), Error> {
        let truncated = Error::Truncated(octets.len());
        let (first, rest) = octets.split_first_chunk().ok_or(truncated)?;
        let (source, rest) = rest.split_first_chunk::<16>().ok_or(truncated)?;
        let (destination, payload) = rest.split_first_chunk::<16>().ok_or(truncated)?;
        let &[version_and_class, _, _, _, length_high, length_low, next_header, hop_limit] = first;
        if version_and_class >> 4 != 6 {
            return Err(Error::Version(version_and_class >> 4));
        }
        let packet = Self {
            source: Ipv6Addr::from(*source),
            destination: Ipv6Addr::from(*destination),
            protocol: Protocol(next_header),
            hop_limit,
            fragment: None,
            segments_left: 0,
            authentication: false,
            header_len: HEADER_LEN,
            payload,
        };
        Ok((packet, usize::from(u16::from_be_bytes([length_high, length_low]))))
    }

    #[inline]
    fn skip_extensions(mut self) -> Result<Self, Error> {
        for _ in 0..MAX_EXTENSIONS {
            if !self.skip_extension()? {
                return Ok(self);
            }
        }
        if self.skip_extension()? { Err(Error::TooManyExtensions) } else { Ok(self) }
    }

    /// Whether the packet begins in the middle of a longer one, without its upper-layer header.
    #[must_use]
    pub const fn is_later_fragment(&self) -> bool {
        matches!(self.fragment, Some(Fragment { offset: 1.., .. }))
    }

    /// Moves the extension header at the front of the payload, if there is one, to the headers.
    fn skip_extension(&mut self) -> Result<bool, Error> {
        let kind = self.protocol.0;
        let is_extension =
            matches!(kind, HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION_OPTIONS);
        if !is_extension || self.is_later_fragment() {
            return Ok(false);
        }
        let truncated = Error::ExtensionTruncated(kind);
        // The shortest is of eight octets.
        let &[next_header, length, third, fourth, a, b, c, d] =
            self.payload.first_chunk().ok_or(truncated)?;
        let len = match kind {
            FRAGMENT => 8,
            // RFC 4302 section 2.2: 32-bit words less two; the others count 64-bit words less one.
            AUTHENTICATION => (usize::from(length) + 2) * 4,
            _ => (usize::from(length) + 1) * 8,
        };
        self.payload = self.payload.get(len..).ok_or(truncated)?;
        self.header_len += len;
        self.protocol = Protocol(next_header);
        match kind {
            FRAGMENT => {
                let offset_and_flags = u16::from_be_bytes([third, fourth]);
                self.fragment = Some(Fragment {
                    offset: offset_and_flags & !7,
                    more: fourth & 1 != 0,
                    identification: u32::from_be_bytes([a, b, c, d]),
                });
            }
            ROUTING => self.segments_left = self.segments_left.max(fourth),
            AUTHENTICATION => self.authentication = true,
            _ => {}
        }
        Ok(true)
    }
}

/// The header of a packet without extensions; the flow label is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Who sends the packet.
    pub source: Ipv6Addr,
    /// Where it goes.
    pub destination: Ipv6Addr,
    /// What it carries.
    pub protocol: Protocol,
    /// The hop limit.
    pub hop_limit: u8,
    /// The traffic class.
    pub traffic_class: u8,
    /// Octets of the payload.
    pub payload_len: u16,
}

impl Header {
    /// The header's octets.
    #[must_use]
    pub fn octets(&self) -> [u8; HEADER_LEN] {
        let mut octets = [0; HEADER_LEN];
        octets[0] = 0x60 | self.traffic_class >> 4;
        octets[1] = self.traffic_class << 4;
        octets[4..6].copy_from_slice(&self.payload_len.to_be_bytes());
        octets[6] = self.protocol.0;
        octets[7] = self.hop_limit;
        octets[8..24].copy_from_slice(&self.source.octets());
        octets[24..].copy_from_slice(&self.destination.octets());
        octets
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// A packet with these extension headers (type, octets behind the next header field) in front
    /// of the five octets of a UDP payload, padded by the link.
    fn packet(extensions: &[(u8, &[u8])]) -> Vec<u8> {
        let mut payload = Vec::new();
        let mut kinds = extensions.iter().map(|(kind, _)| *kind).chain([Protocol::UDP.0]);
        let first = kinds.next().unwrap();
        for ((_, rest), next) in extensions.iter().zip(kinds) {
            payload.push(next);
            payload.extend(*rest);
        }
        payload.extend([0xee; 5]);
        let header = Header {
            source: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7),
            destination: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x100),
            protocol: Protocol(first),
            hop_limit: 64,
            traffic_class: 0,
            payload_len: payload.len() as u16,
        };
        let mut octets = Vec::from(header.octets());
        octets.extend(payload);
        octets.push(0);
        octets
    }

    const PLAIN: &[u8] = &[0, 0, 0, 0, 0, 0, 0];

    #[test]
    fn extension_headers_are_skipped() {
        let octets = packet(&[
            (HOP_BY_HOP, PLAIN),
            (DESTINATION_OPTIONS, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            (ROUTING, &[0, 4, 3, 0, 0, 0, 0]),
            (FRAGMENT, &[0, 0, 1, 1, 2, 3, 4]),
            (AUTHENTICATION, &[4; 23]),
        ]);
        let packet = Packet::parse(&octets).unwrap();
        assert_eq!(packet.protocol, Protocol::UDP);
        assert_eq!(packet.header_len, 40 + 8 + 16 + 8 + 8 + 24);
        assert_eq!(packet.payload, [0xee; 5]);
        assert_eq!(packet.segments_left, 3);
        let identification = 0x0102_0304;
        assert_eq!(packet.fragment, Some(Fragment { offset: 0, more: true, identification }));
        assert!(packet.authentication && !packet.is_later_fragment());
    }

    #[test]
    fn later_fragments_end_the_walk() {
        // Offset 8, and a next header that would otherwise be skipped.
        let octets = packet(&[(FRAGMENT, &[0, 0, 8, 0, 0, 0, 0]), (HOP_BY_HOP, PLAIN)]);
        let packet = Packet::parse(&octets).unwrap();
        assert!(packet.is_later_fragment());
        assert_eq!(packet.protocol, Protocol(HOP_BY_HOP));
        assert_eq!(packet.payload.len(), 8 + 5);
    }

    #[test]
    fn the_walk_is_bounded() {
        let options = [(DESTINATION_OPTIONS, PLAIN); MAX_EXTENSIONS + 1];
        assert!(Packet::parse(&packet(&options[1..])).is_ok());
        assert_eq!(Packet::parse(&packet(&options)), Err(Error::TooManyExtensions));
    }

    #[test]
    fn each_field_has_its_error() {
        let octets = packet(&[(HOP_BY_HOP, PLAIN)]);
        for len in 0..HEADER_LEN {
            assert_eq!(Packet::parse(&octets[..len]), Err(Error::Truncated(len)));
        }
        let parse_with = |place: usize, value: u8| {
            let mut octets = octets.clone();
            octets[place] = value;
            Packet::parse(&octets).map(|packet| packet.hop_limit)
        };
        assert_eq!(parse_with(0, 0x40), Err(Error::Version(4)));
        assert_eq!(parse_with(5, 15), Err(Error::PayloadLength { length: 15, captured: 14 }));
        assert_eq!(parse_with(5, 3), Err(Error::ExtensionTruncated(HOP_BY_HOP)));
        assert_eq!(parse_with(41, 1), Err(Error::ExtensionTruncated(HOP_BY_HOP)));
    }
}
