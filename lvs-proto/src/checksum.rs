//! The Internet checksum: whole (RFC 1071) and incremental (RFC 1624).

use crate::{AddressPair, Protocol};

/// A one's complement sum under way.
///
/// Octets are summed as 16-bit words; only the last part may be of odd length. Up to
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
        self.with(octets)
    }

    /// The sum with so many octets added: as [`add_octets`](Self::add_octets), without a loop.
    #[must_use]
    #[inline(always)]
    pub(crate) fn add_array<const N: usize>(self, octets: &[u8; N]) -> Self {
        self.with(octets)
    }

    #[inline(always)]
    fn with(self, octets: &[u8]) -> Self {
        let mut sum = self.0;
        // In the processor's byte order: swapped octets sum to a swapped sum. And two words at a
        // time: 2^16 is 1 in one's complement, so folding puts them together (RFC 1071 section 2).
        let mut rest = octets;
        while let Some((words, tail)) = rest.split_first_chunk() {
            sum += u64::from(u32::from_ne_bytes(*words));
            rest = tail;
        }
        let mut last = [0; 4];
        for (padded, octet) in last.iter_mut().zip(rest) {
            *padded = *octet;
        }
        Self(sum + u64::from(u32::from_ne_bytes(last)))
    }

    /// The sum with one 16-bit word added.
    #[must_use]
    pub const fn add_word(self, word: u16) -> Self {
        Self(self.0 + word.to_be() as u64)
    }

    /// The sum with two 16-bit words added, the upper half of `words` and the lower.
    #[must_use]
    pub(crate) const fn add_words(self, words: u32) -> Self {
        Self(self.0 + words.to_be() as u64)
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
        u16::from_be(!self.folded())
    }

    /// Whether a packet summed with its checksum field in place is intact.
    #[must_use]
    pub const fn verifies(self) -> bool {
        self.folded() == 0xffff
    }

    const fn folded(self) -> u16 {
        // Adding the halves to each other, the upper half of the whole gets the carry as well.
        let sum = (self.0.wrapping_add(self.0.rotate_left(32)) >> 32) as u32;
        (sum.wrapping_add(sum.rotate_left(16)) >> 16) as u16
    }
}

/// What changed in data that a checksum covers, to bring the checksum up to date without reading
/// the rest (RFC 1624 equation 3).
///
/// A checksum that was wrong stays wrong, so damage is not covered up. One that was right becomes
/// what summing anew would give.
///
/// ```
/// use lvs_proto::checksum::{Change, Sum};
///
/// let before = Sum::new().add_octets(&[0x12, 0x34, 0x40, 0x06]).checksum();
/// let after = Sum::new().add_octets(&[0x12, 0x34, 0x3f, 0x06]).checksum();
/// assert_eq!(Change::new().word(0x4006, 0x3f06).applied_to(before), after);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Change(Sum);

impl Change {
    /// Nothing changed.
    #[must_use]
    pub const fn new() -> Self {
        Self(Sum::new())
    }

    /// The change with a 16-bit word that was `old` and is `new`.
    #[must_use]
    pub const fn word(self, old: u16, new: u16) -> Self {
        Self(self.0.add_word(!old).add_word(new))
    }

    /// The change with octets, from a 16-bit boundary on, that were `old` and are `new`.
    #[must_use]
    #[inline(always)]
    pub fn octets<const N: usize>(self, old: [u8; N], new: [u8; N]) -> Self {
        Self(self.0.add_array(&old.map(|octet| !octet)).add_array(&new))
    }

    /// Both changes.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        let (Self(Sum(one)), Self(Sum(other))) = (self, other);
        Self(Sum(one + other))
    }

    /// The checksum field that was `checksum` before the change.
    #[must_use]
    pub const fn applied_to(self, checksum: u16) -> u16 {
        self.0.add_word(!checksum).checksum()
    }

    /// Brings a checksum field up to date where it stands.
    #[inline(always)]
    pub(crate) const fn update(self, [high, low]: [&mut u8; 2]) {
        [*high, *low] = self.applied_to(u16::from_be_bytes([*high, *low])).to_be_bytes();
    }
}

/// The checksum after one 16-bit word of the covered data changed from `old` to `new`
/// (RFC 1624 equation 3).
///
/// ```
/// use lvs_proto::checksum::updated;
///
/// // The example of RFC 1624 section 4.
/// assert_eq!(updated(0xdd2f, 0x5555, 0x3285), 0x0000);
/// ```
#[must_use]
pub const fn updated(checksum: u16, old: u16, new: u16) -> u16 {
    Change::new().word(old, new).applied_to(checksum)
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
    fn changes_of_octets_equal_summing_anew() {
        arbtest::arbtest(|u| {
            let mut octets: [u8; 24] = u.arbitrary()?;
            let before = Sum::new().add_octets(&octets).checksum();
            let (four, two): ([u8; 4], [u8; 2]) = (u.arbitrary()?, u.arbitrary()?);
            let change = Change::new()
                .octets([octets[6], octets[7], octets[8], octets[9]], four)
                .octets([octets[20], octets[21]], two);
            octets[6..10].copy_from_slice(&four);
            octets[20..22].copy_from_slice(&two);
            let after = change.applied_to(before);
            let word = [after].map(u16::to_be_bytes);
            assert!(Sum::new().add_octets(&octets).add_octets(&word.concat()).verifies());
            // RFC 1624 section 3: never the other zero, unless all data is zero.
            assert!(after != 0xffff || octets == [0; 24]);
            Ok(())
        });
    }

    #[test]
    fn folding_takes_the_greatest_sums() {
        for sum in [u64::MAX, u64::MAX - 1, 0xffff_ffff_0000_0001, 0xffff, 0x1_0000, 0] {
            let expected = if sum == 0 { 0 } else { (sum - 1) % 0xffff + 1 };
            assert_eq!(u64::from(Sum(sum).folded()), expected);
        }
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
