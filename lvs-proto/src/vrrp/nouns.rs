//! The values of an advertisement, each with its range in its type.

use core::fmt;
use core::num::{NonZeroU8, NonZeroU16};
use core::time::Duration;

use crate::{Family, MacAddr};

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
        let centiseconds = self.0.get() as u32;
        Duration::new((centiseconds / 100) as u64, centiseconds % 100 * 10_000_000)
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

#[cfg(test)]
mod tests {
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
