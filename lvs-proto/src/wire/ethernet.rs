//! Ethernet II with up to two VLAN tags (IEEE 802.3 clause 3, IEEE 802.1Q clause 9).

use core::fmt;

use crate::MacAddr;

/// Octets of a header without VLAN tags.
pub const HEADER_LEN: usize = 14;

const MAX_TAGS: usize = 2;

/// What a frame carries, in host order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EtherType(pub u16);

impl EtherType {
    /// IPv4.
    pub const IPV4: Self = Self(0x0800);
    /// ARP.
    pub const ARP: Self = Self(0x0806);
    /// IPv6.
    pub const IPV6: Self = Self(0x86dd);
    /// A customer VLAN tag (802.1Q).
    pub const VLAN: Self = Self(0x8100);
    /// A service VLAN tag (802.1ad).
    pub const SERVICE_VLAN: Self = Self(0x88a8);

    const fn is_tag(self) -> bool {
        matches!(self, Self::VLAN | Self::SERVICE_VLAN)
    }
}

impl fmt::Display for EtherType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}

/// Why octets are no Ethernet frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Error {
    /// The frame ends within its header.
    #[error("{0} octets do not hold the Ethernet header")]
    Truncated(usize),
    /// More VLAN tags than two.
    #[error("more than {MAX_TAGS} VLAN tags")]
    TooManyTags,
}

/// A frame, without its checksum.
///
/// ```
/// use lvs_proto::MacAddr;
/// use lvs_proto::wire::ethernet::{EtherType, Frame, header};
///
/// let mac = MacAddr::new([2, 0, 0, 0, 0, 1]);
/// let octets = header(MacAddr::BROADCAST, mac, EtherType::ARP);
/// let frame = Frame::parse(&octets)?;
/// assert_eq!(frame.source, mac);
/// assert_eq!(frame.ethertype, EtherType::ARP);
/// # Ok::<(), lvs_proto::wire::ethernet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Whom the frame is for.
    pub destination: MacAddr,
    /// Who sent it.
    pub source: MacAddr,
    /// What it carries, inside the VLAN tags.
    pub ethertype: EtherType,
    /// Octets before the payload, VLAN tags included: 14, 18 or 22.
    pub header_len: usize,
    /// What follows the header, padding included.
    pub payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The frame in `octets`.
    ///
    /// # Errors
    /// [`Error`] if the header is cut short or has more than two VLAN tags.
    #[inline(always)]
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let truncated = Error::Truncated(octets.len());
        let (&header, mut payload) = octets.split_first_chunk::<HEADER_LEN>().ok_or(truncated)?;
        let [a, b, c, d, e, f, g, h, i, j, k, l, high, low] = header;
        let mut ethertype = EtherType(u16::from_be_bytes([high, low]));
        for _ in 0..MAX_TAGS {
            if !ethertype.is_tag() {
                break;
            }
            let (&[_, _, high, low], rest) = payload.split_first_chunk().ok_or(truncated)?;
            ethertype = EtherType(u16::from_be_bytes([high, low]));
            payload = rest;
        }
        if ethertype.is_tag() {
            return Err(Error::TooManyTags);
        }
        Ok(Self {
            destination: MacAddr::new([a, b, c, d, e, f]),
            source: MacAddr::new([g, h, i, j, k, l]),
            ethertype,
            header_len: octets.len() - payload.len(),
            payload,
        })
    }
}

/// The header of an untagged frame.
#[must_use]
pub const fn header(
    destination: MacAddr,
    source: MacAddr,
    ethertype: EtherType,
) -> [u8; HEADER_LEN] {
    let [a, b, c, d, e, f] = destination.octets();
    let [g, h, i, j, k, l] = source.octets();
    let [high, low] = ethertype.0.to_be_bytes();
    [a, b, c, d, e, f, g, h, i, j, k, l, high, low]
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    const TAG: [u8; 4] = [0x81, 0x00, 0x00, 0x2a];

    fn tagged(tags: usize) -> Vec<u8> {
        let mut octets = Vec::from([0x11; 12]);
        octets.extend(TAG.repeat(tags));
        octets.extend([0x08, 0x00, 0x45]);
        octets
    }

    #[test]
    fn vlan_tags_are_transparent() {
        for tags in 0..=2 {
            let octets = tagged(tags);
            let frame = Frame::parse(&octets).unwrap();
            assert_eq!(frame.ethertype, EtherType::IPV4);
            assert_eq!(frame.header_len, HEADER_LEN + 4 * tags);
            assert_eq!(frame.payload, [0x45]);
        }
        assert_eq!(Frame::parse(&tagged(3)), Err(Error::TooManyTags));
    }

    #[test]
    fn every_truncation_of_the_header_is_an_error() {
        let octets = tagged(2);
        for len in 0..octets.len() - 1 {
            assert_eq!(Frame::parse(&octets[..len]), Err(Error::Truncated(len)));
        }
    }
}
