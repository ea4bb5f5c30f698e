//! The Internet checksum: whole (RFC 1071) and incremental (RFC 1624).

use crate::{AddressPair, Protocol};

/// A one's complement sum under way.
///
/// Octets are summed as big-endian 16-bit words; only the last part may be of odd length. Up to
/// 2^32 words are summed without overflow.
///
/// ```
/// use lvs_proto::checksum::Sum;
///
/// // The example of RFC 1071 section 3.
/// let octets = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
/// assert_eq!(Sum::new().add_octets(&octets).checksum(), !0xddf2);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum(u64);

impl Sum {
    /// The empty sum.
    #[must_use]
    pub const fn new() -> Self {
        Self(0)
    }

    /// The sum with `octets` added; an odd last octet is padded with a zero octet.
    #[must_use]
    pub fn add_octets(self, octets: &[u8]) -> Self {
        let mut sum = self.0;
        // Two words at a time: 2^16 is 1 in one's complement, so folding puts them together.
        let mut rest = octets;
        while let Some((words, tail)) = rest.split_first_chunk() {
            sum += u64::from(u32::from_be_bytes(*words));
            rest = tail;
        }
        let mut last = [0; 4];
        for (padded, octet) in last.iter_mut().zip(rest) {
            *padded = *octet;
        }
        Self(sum + u64::from(u32::from_be_bytes(last)))
    }

    /// The sum with one 16-bit word added.
    #[must_use]
    pub const fn add_word(self, word: u16) -> Self {
        Self(self.0 + word as u64)
    }

    /// The sum with the pseudo-header of `addresses` added: RFC 9293 section 3.1 for IPv4, RFC 8200
    /// section 8.1 for IPv6. `length` is that of the upper-layer packet in octets.
    #[must_use]
    pub fn add_pseudo_header(
        self,
        addresses: AddressPair,
        protocol: Protocol,
        length: u32,
    ) -> Self {
        let sum = match addresses {
            AddressPair::V4 { source, destination } => {
                self.add_octets(&source.octets()).add_octets(&destination.octets())
            }
            AddressPair::V6 { source, destination } => {
                self.add_octets(&source.octets()).add_octets(&destination.octets())
            }
        };
        sum.add_octets(&length.to_be_bytes()).add_word(u16::from(protocol.0))
    }

    /// The checksum field that makes the whole verify: the complement of the folded sum.
    #[must_use]
    pub const fn checksum(self) -> u16 {
        !self.folded()
    }

    /// Whether a packet summed with its checksum field in place is intact.
    #[must_use]
    pub const fn verifies(self) -> bool {
        self.folded() == 0xffff
    }

    const fn folded(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum >> 16) + (sum & 0xffff);
        }
        sum as u16
    }
}

/// The checksum after one 16-bit word of the covered data changed from `old` to `new`
/// (RFC 1624 equation 3).
///
/// ```
/// use lvs_proto::checksum::{Sum, updated};
///
/// let before = Sum::new().add_octets(&[0x12, 0x34, 0x40, 0x06]).checksum();
/// let after = Sum::new().add_octets(&[0x12, 0x34, 0x3f, 0x06]).checksum();
/// assert_eq!(updated(before, 0x4006, 0x3f06), after);
/// ```
#[must_use]
pub const fn updated(checksum: u16, old: u16, new: u16) -> u16 {
    Sum(0).add_word(!checksum).add_word(!old).add_word(new).checksum()
}

#[cfg(test)]
mod tests {
    use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn odd_lengths_are_padded() {
        assert_eq!(Sum::new().add_octets(&[0x12, 0x34, 0x56]).checksum(), !(0x1234 + 0x5600));
    }

    #[test]
    fn carries_wrap_around() {
        assert_eq!(Sum::new().add_octets(&[0xff; 65_534]).checksum(), 0);
        assert!(Sum::new().add_octets(&[0xff; 65_534]).verifies());
    }

    #[test]
    fn rfc_1624_section_4_example() {
        assert_eq!(updated(0xdd2f, 0x5555, 0x3285), 0x0000);
    }

    #[test]
    fn updating_equals_summing_anew() {
        arbtest::arbtest(|u| {
            let mut words: [u16; 12] = u.arbitrary()?;
            let place = u.choose_index(words.len())?;
            let new: u16 = u.arbitrary()?;
            let sum =
                |words: &[u16]| words.iter().fold(Sum::new(), |sum, word| sum.add_word(*word));
            let before = sum(&words).checksum();
            let old = core::mem::replace(&mut words[place], new);
            let after = updated(before, old, new);
            assert!(sum(&words).add_word(after).verifies());
            Ok(())
        });
    }

    #[test]
    fn pseudo_headers_cover_addresses_protocol_and_length() {
        let v4 = AddressPair::V4 {
            source: Ipv4Addr::new(192, 0, 2, 1),
            destination: Ipv4Addr::new(224, 0, 0, 18),
        };
        // Golden vector G4 of the VRRP specification: pseudo-header and message.
        let message = [0x31, 0x33, 0x64, 0x01, 0, 0x64, 0, 0, 192, 0, 2, 100];
        let sum = Sum::new().add_pseudo_header(v4, Protocol::VRRP, 12).add_octets(&message);
        assert_eq!(sum.checksum(), 0x0572);
        let v6 = AddressPair::new(IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
        let sum = v6.map(|pair| Sum::new().add_pseudo_header(pair, Protocol::UDP, 8).checksum());
        assert_eq!(sum, Some(!(1 + 1 + 17 + 8)));
    }
}
