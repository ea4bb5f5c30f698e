//! The values of an advertisement, each with its range in its type.

use core::fmt;
use core::net::IpAddr;
use core::num::{NonZeroU8, NonZeroU16};
use core::time::Duration;

use crate::{AddressPair, Family, MacAddr};

/// The protocol version of a virtual router.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Version {
    /// RFC 3768: IPv4, intervals in seconds.
    V2,
    /// RFC 9568: IPv4 and IPv6, intervals in centiseconds.
    #[default]
    V3,
}

/// The number.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::V2 => "2",
            Self::V3 => "3",
        })
    }
}

/// A virtual router identifier, 1 to 255 (RFC 9568 section 5.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Vrid(NonZeroU8);

impl Vrid {
    /// The identifier, or `None` for 0, which is never valid.
    #[must_use]
    pub const fn new(vrid: u8) -> Option<Self> {
        match NonZeroU8::new(vrid) {
            Some(vrid) => Some(Self(vrid)),
            None => None,
        }
    }

    /// The number, 1 to 255.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0.get()
    }

    /// The virtual router MAC address (RFC 9568 section 7.3).
    ///
    /// ```
    /// use lvs_proto::Family;
    /// use lvs_proto::vrrp::Vrid;
    ///
    /// let vrid = Vrid::new(51).ok_or("0 is no VRID")?;
    /// assert_eq!(vrid.virtual_mac(Family::V4).to_string(), "00:00:5e:00:01:33");
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    pub const fn virtual_mac(self, family: Family) -> MacAddr {
        let block = match family {
            Family::V4 => 1,
            Family::V6 => 2,
        };
        MacAddr::new([0x00, 0x00, 0x5e, 0x00, block, self.get()])
    }
}

impl fmt::Display for Vrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A priority, 0 to 255 (RFC 9568 section 5.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Priority(u8);

impl Priority {
    /// The Active router gives up its role.
    pub const RESIGN: Self = Self(0);
    /// A Backup router's priority unless configured otherwise.
    pub const DEFAULT: Self = Self(100);
    /// The router that owns the addresses.
    pub const OWNER: Self = Self(255);

    /// The priority of that number.
    #[must_use]
    pub const fn new(priority: u8) -> Self {
        Self(priority)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The time between advertisements: 1 to 4095 centiseconds in version 3, 1 to 255 whole seconds in
/// version 2. It is never zero \[T-8\].
///
/// ```
/// use core::time::Duration;
/// use lvs_proto::vrrp::AdvertInterval;
///
/// let interval = AdvertInterval::from_centiseconds(150).ok_or("1 to 4095")?;
/// assert_eq!(interval.duration(), Duration::from_millis(1_500));
/// assert_eq!(interval.whole_seconds(), None);
/// assert_eq!(AdvertInterval::from_centiseconds(4_096), None);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u16"))]
pub struct AdvertInterval(NonZeroU16);

impl AdvertInterval {
    /// One second, the default of both versions.
    pub const DEFAULT: Self = Self(match NonZeroU16::new(100) {
        Some(centiseconds) => centiseconds,
        None => NonZeroU16::MIN,
    });

    /// The greatest interval that version 3 can advertise, in centiseconds.
    pub const MAX_V3_CENTISECONDS: u16 = 0x0fff;

    /// An interval of version 3, or `None` outside 1 to 4095.
    #[must_use]
    pub const fn from_centiseconds(centiseconds: u16) -> Option<Self> {
        if centiseconds > Self::MAX_V3_CENTISECONDS {
            return None;
        }
        match NonZeroU16::new(centiseconds) {
            Some(centiseconds) => Some(Self(centiseconds)),
            None => None,
        }
    }

    /// An interval of version 2, or `None` for 0.
    #[must_use]
    pub const fn from_seconds(seconds: u8) -> Option<Self> {
        match NonZeroU16::new(seconds as u16 * 100) {
            Some(centiseconds) => Some(Self(centiseconds)),
            None => None,
        }
    }

    /// The interval in centiseconds, 1 to 25 500.
    #[must_use]
    pub const fn centiseconds(self) -> u16 {
        self.0.get()
    }

    /// The interval in seconds as version 2 advertises it, or `None` if it is not whole.
    #[must_use]
    pub const fn whole_seconds(self) -> Option<u8> {
        let centiseconds = self.0.get();
        if centiseconds % 100 == 0 && centiseconds / 100 <= u8::MAX as u16 {
            Some((centiseconds / 100) as u8)
        } else {
            None
        }
    }

    /// The interval as a span of time.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0.get() as u64 * 10)
    }
}

impl Default for AdvertInterval {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A number of centiseconds that no version can advertise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is neither 1 to 4095 centiseconds nor 1 to 255 whole seconds")]
pub struct AdvertIntervalError(u16);

/// The interval of that many centiseconds, of either version.
impl TryFrom<u16> for AdvertInterval {
    type Error = AdvertIntervalError;

    fn try_from(centiseconds: u16) -> Result<Self, Self::Error> {
        let seconds = u8::try_from(centiseconds / 100).ok().filter(|_| centiseconds % 100 == 0);
        Self::from_centiseconds(centiseconds)
            .or_else(|| seconds.and_then(Self::from_seconds))
            .ok_or(AdvertIntervalError(centiseconds))
    }
}

#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for AdvertInterval {
    fn arbitrary(u: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        let interval = if u.arbitrary()? {
            Self::from_centiseconds(u.int_in_range(1..=Self::MAX_V3_CENTISECONDS)?)
        } else {
            Self::from_seconds(u.int_in_range(1..=u8::MAX)?)
        };
        interval.ok_or(arbitrary::Error::IncorrectFormat)
    }

    fn size_hint(_depth: usize) -> (usize, Option<usize>) {
        (2, Some(3))
    }
}

/// How the checksum of a version 3 advertisement over IPv4 covers the packet \[W-20\], \[W-21\].
///
/// Version 2 always covers the message alone and IPv6 always adds its pseudo-header; there the
/// choice does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum ChecksumForm {
    /// The message alone, as RFC 9568 settled it.
    #[default]
    MessageOnly,
    /// With a pseudo-header, as keepalived and FRR read RFC 5798.
    PseudoHeader,
}

/// Which checksum forms a receiver takes on version 3 over IPv4 \[W-23\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum ChecksumAccept {
    /// Either form.
    #[default]
    Any,
    /// That form alone.
    Only(ChecksumForm),
}

/// What a receiver expects of an advertisement before it reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct AdvertPolicy {
    /// The version of the virtual router.
    pub version: Version,
    /// The virtual router.
    pub vrid: Vrid,
    /// The checksum forms that pass.
    pub checksum: ChecksumAccept,
}

/// What the IP header said of a received advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct AdvertMeta {
    /// Who sent it, and to whom.
    pub addresses: AddressPair,
    /// TTL or hop limit on arrival; anything but 255 came through a router.
    pub hop_limit: u8,
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
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    #[test]
    fn t_8_intervals_keep_their_range() {
        for (centiseconds, valid) in
            [(0, false), (1, true), (4095, true), (4096, false), (4100, true), (25_500, true)]
        {
            let interval = AdvertInterval::try_from(centiseconds).map(AdvertInterval::centiseconds);
            assert_eq!(interval.ok(), valid.then_some(centiseconds));
        }
        assert_eq!(AdvertInterval::try_from(25_600), Err(AdvertIntervalError(25_600)));
    }

    #[test]
    fn lists_are_equal_whatever_they_are_made_of() {
        let addresses = [Ipv4Addr::new(192, 0, 2, 1).into(), Ipv4Addr::new(192, 0, 2, 2).into()];
        let octets = [192, 0, 2, 1, 192, 0, 2, 2, 0xff];
        assert_eq!(AddressList::from_v4_octets(&octets), AddressList::from(&addresses[..]));
        assert_ne!(AddressList::from_v4_octets(&octets[..7]), AddressList::from(&addresses[..]));
        assert_eq!(AddressList::from(&addresses[..]).iter().len(), 2);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn t_8_intervals_keep_their_range_when_deserialised() {
        use serde::Deserialize;
        use serde::de::IntoDeserializer;
        use serde::de::value::{Error, U16Deserializer};

        let deserialise = |centiseconds: u16| {
            let deserializer: U16Deserializer<Error> = centiseconds.into_deserializer();
            AdvertInterval::deserialize(deserializer)
        };
        assert_eq!(deserialise(100), Ok(AdvertInterval::DEFAULT));
        assert!(deserialise(0).is_err());
        assert!(deserialise(4096).is_err());
    }

    #[cfg(feature = "arbitrary")]
    #[test]
    fn t_8_arbitrary_intervals_keep_their_range() {
        arbtest::arbtest(|u| {
            let interval: AdvertInterval = u.arbitrary()?;
            assert_eq!(AdvertInterval::try_from(interval.centiseconds()), Ok(interval));
            Ok(())
        });
    }
}
