//! The advertisement as a value.

use core::net::IpAddr;

use super::{AdvertInterval, ChecksumForm, Priority, Sequence, Version, Vrid};

/// An advertisement, received or about to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advert<'a> {
    /// The version of the message.
    pub version: Version,
    /// The virtual router that it speaks for.
    pub vrid: Vrid,
    /// The sender's priority; [`Priority::RESIGN`] when it gives up.
    pub priority: Priority,
    /// The sender's own advertisement interval \[W-16\].
    pub interval: AdvertInterval,
    /// The form of its checksum.
    pub checksum: ChecksumForm,
    /// The virtual addresses in the sender's order.
    pub addresses: AddressList<'a>,
    /// The sequence number that came with it, authenticated; `None` where there is none, and in
    /// adverts to be sent.
    pub sequence: Option<Sequence>,
}

/// The address list of an advertisement: octets of a received message, or a configured list.
#[derive(Clone, Copy, Debug)]
pub struct AddressList<'a>(List<'a>);

#[derive(Clone, Copy, Debug)]
enum List<'a> {
    Configured(&'a [IpAddr]),
    V4(&'a [u8]),
    V6(&'a [u8]),
}

impl<'a> AddressList<'a> {
    /// The addresses of a received IPv4 message; trailing octets short of an address are left out.
    pub(super) fn from_v4_octets(octets: &'a [u8]) -> Self {
        Self(List::V4(octets))
    }

    /// The addresses of a received IPv6 message; trailing octets short of an address are left out.
    pub(super) fn from_v6_octets(octets: &'a [u8]) -> Self {
        Self(List::V6(octets))
    }

    /// How many addresses there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self.0 {
            List::Configured(addresses) => addresses.len(),
            List::V4(octets) => octets.len() / 4,
            List::V6(octets) => octets.len() / 16,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The address at `index`, counted from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<IpAddr> {
        match self.0 {
            List::Configured(addresses) => addresses.get(index).copied(),
            List::V4(octets) => nth(octets, index).map(|octets: [u8; 4]| octets.into()),
            List::V6(octets) => nth(octets, index).map(|octets: [u8; 16]| octets.into()),
        }
    }

    /// The addresses in the order of the message.
    #[must_use]
    pub const fn iter(&self) -> AddressListIter<'a> {
        AddressListIter { list: *self, next: 0 }
    }
}

/// The chunk of `N` octets at `index`, counted in chunks.
fn nth<const N: usize>(octets: &[u8], index: usize) -> Option<[u8; N]> {
    let start = index.checked_mul(N)?;
    octets.get(start..)?.first_chunk().copied()
}

impl<'a> From<&'a [IpAddr]> for AddressList<'a> {
    fn from(addresses: &'a [IpAddr]) -> Self {
        Self(List::Configured(addresses))
    }
}

impl<'a> IntoIterator for &AddressList<'a> {
    type Item = IpAddr;
    type IntoIter = AddressListIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Lists are equal if they hold the same addresses in the same order.
impl PartialEq for AddressList<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for AddressList<'_> {}

/// The iterator over an [`AddressList`].
#[derive(Clone, Debug)]
pub struct AddressListIter<'a> {
    list: AddressList<'a>,
    next: usize,
}

impl Iterator for AddressListIter<'_> {
    type Item = IpAddr;

    fn next(&mut self) -> Option<IpAddr> {
        let address = self.list.get(self.next)?;
        self.next += 1;
        Some(address)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.list.len().saturating_sub(self.next);
        (left, Some(left))
    }
}

impl ExactSizeIterator for AddressListIter<'_> {}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    #[test]
    fn lists_are_equal_whatever_they_are_made_of() {
        let addresses = [Ipv4Addr::new(192, 0, 2, 1).into(), Ipv4Addr::new(192, 0, 2, 2).into()];
        let octets = [192, 0, 2, 1, 192, 0, 2, 2, 0xff];
        assert_eq!(AddressList::from_v4_octets(&octets), AddressList::from(&addresses[..]));
        assert_ne!(AddressList::from_v4_octets(&octets[..7]), AddressList::from(&addresses[..]));
        assert_eq!(AddressList::from(&addresses[..]).iter().len(), 2);
    }
}
