//! What authentication adds to an advertisement, as values; the cryptography is behind features.

use core::net::Ipv4Addr;

/// Octets of an [`AuthenticationHeader`].
pub const AUTHENTICATION_HEADER_LEN: usize = 24;

/// Octets of the trailer that proves the sender of an advert \[W-37\].
pub const TRAILER_LEN: usize = 28;

/// The authentication header (RFC 4302) in front of a version 2 message, with the one field of the
/// IPv4 header that its integrity check value covers and nobody else needs \[W-8\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct AuthenticationHeader {
    /// The identification field of the IPv4 header.
    pub identification: u16,
    /// The header's octets.
    pub octets: [u8; AUTHENTICATION_HEADER_LEN],
}

impl AuthenticationHeader {
    /// The security parameters index: the sender's address \[W-11\].
    #[must_use]
    pub const fn spi(&self) -> Ipv4Addr {
        let [_, _, _, _, a, b, c, d, ..] = self.octets;
        Ipv4Addr::new(a, b, c, d)
    }

    /// The sequence number.
    #[must_use]
    pub const fn sequence(&self) -> u32 {
        let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = self.octets;
        u32::from_be_bytes([a, b, c, d])
    }

    /// The integrity check value.
    #[must_use]
    pub fn icv(&self) -> [u8; 12] {
        self.octets.last_chunk().copied().unwrap_or_default()
    }
}

/// A number that authentication protects and that grows from advert to advert of a sender, so that
/// no advert is taken twice. The receiver keeps the last one of each sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Sequence {
    /// Of an [`AuthenticationHeader`].
    Header(u32),
    /// Of a trailer.
    Trailer(TrailerTime),
}

impl Sequence {
    /// Whether an advert of this number may follow that of number `last`. Numbers of different kinds
    /// have nothing to do with each other.
    #[must_use]
    pub const fn may_follow(self, last: Self) -> bool {
        match (last, self) {
            (Self::Header(last), Self::Header(this)) => last < this,
            (Self::Trailer(last), Self::Trailer(this)) => last.is_before(this),
            _ => true,
        }
    }
}

/// The numbers of an advert that is sent, each for one kind of [`Sequence`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct SequenceNumbers {
    /// Of an [`AuthenticationHeader`]: greater than those that were sent or accepted \[W-12\].
    pub header: u32,
    /// Of a trailer: [`TrailerTime::next_after`] that of the advert before \[W-39\].
    pub trailer: TrailerTime,
}

/// The number of a trailer: a moment in UTC as 32 bits of seconds since 1970, 16 bits of fraction
/// and 16 bits that tell adverts of the same moment apart \[W-39\].
///
/// ```
/// use lvs_proto::vrrp::TrailerTime;
///
/// let now = TrailerTime::from_utc(1_700_000_000, 500_000);
/// assert_eq!(now.0 >> 32, 1_700_000_000);
/// assert_eq!(now.next_after(None, None), now);
/// assert_eq!(now.next_after(Some(now), None).0, now.0 + 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct TrailerTime(pub u64);

impl TrailerTime {
    /// The moment of a UTC clock: `seconds` since 1970, modulo 2^32, and `micros`, 0 to 999 999.
    #[must_use]
    pub const fn from_utc(seconds: u32, micros: u32) -> Self {
        let fraction = ((micros as u64) << 16) / 1_000_000;
        Self((seconds as u64) << 32 | (fraction & 0xffff) << 16)
    }

    /// The number of the advert that is sent at this moment after that of number `last`. A sender
    /// whose clock was set back by more than the receivers' `window` of seconds begins anew by the
    /// clock \[W-39\]; without a window it goes on from `last`.
    #[must_use]
    pub const fn next_after(self, last: Option<Self>, window: Option<u16>) -> Self {
        match (last, window) {
            (None, _) => self,
            (Some(last), _) if last.is_before(self) => self,
            (Some(last), Some(window)) if !last.is_within(window, self) => self,
            (Some(last), _) => Self(last.0.wrapping_add(1)),
        }
    }

    /// Whether this number is the lesser one, on the circle of 2^64 (RFC 1982).
    #[must_use]
    pub const fn is_before(self, other: Self) -> bool {
        (other.0.wrapping_sub(self.0) as i64) > 0
    }

    /// Whether both are at most `window` seconds apart.
    pub(super) const fn is_within(self, window: u16, other: Self) -> bool {
        (self.0.wrapping_sub(other.0) as i64).unsigned_abs() <= (window as u64) << 32
    }
}

/// Why an advertisement does not prove what it should \[W-7\], \[W-11\], \[W-40\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthFailure {
    /// The password is another.
    #[error("another password")]
    Password,
    /// The integrity check value is another: another password, or octets that were changed.
    #[error("the integrity check value does not verify")]
    IntegrityCheckValue,
    /// The security parameters index is not the sender's address.
    #[error("security parameters index {0} is not the source address")]
    Spi(Ipv4Addr),
    /// There is no trailer.
    #[error("no trailer")]
    NoTrailer,
    /// The trailer is of an unknown type, or its reserved octets are not 0.
    #[error("a trailer of type {0} is not understood")]
    TrailerType(u8),
    /// The trailer is too old, or ahead of time.
    #[error("the trailer is not of this time")]
    Window,
    /// No key has that number.
    #[error("no key {0}")]
    Key(u8),
    /// The trailer was made with another key, or for other octets.
    #[error("the trailer does not verify")]
    Trailer,
}
