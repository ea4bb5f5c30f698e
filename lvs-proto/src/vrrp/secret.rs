//! What proves the adverts of a virtual router, whichever way.

#[cfg(feature = "auth-legacy")]
use super::datagram::AUTHENTICATION;
use super::{Advert, Authentication, EncodeError, SequenceNumbers, TrailerTime, encode};
#[cfg(feature = "auth-legacy")]
use super::{HOP_LIMIT, HeaderFields, Password, encode_with_header, encode_with_password};
#[cfg(feature = "auth-hmac")]
use super::{TrailerKey, TrailerPolicy, encode_with_trailer};
use crate::wire::ip;
use crate::{AddressPair, BufferTooSmall, Protocol, frames};

/// What the routers of a virtual router know, and nobody else. It proves the adverts that are sent,
/// and says what proves those that are received.
///
/// ```
/// # #[cfg(not(feature = "auth-hmac"))]
/// # fn main() {}
/// # #[cfg(feature = "auth-hmac")]
/// # fn main() -> Result<(), Box<dyn core::error::Error>> {
/// use lvs_proto::vrrp::{
///     Advert, AdvertInterval, AdvertPolicy, ChecksumForm, GROUP_V4, Priority, Secret,
///     SequenceNumbers, TrailerKey, TrailerTime, Version, Vrid, decode, from_ip_packet,
/// };
/// use lvs_proto::{AddressPair, Family};
///
/// let secret = Secret::trailer(TrailerKey::new(1, &[7; 32])?);
/// let vip = [[192, 0, 2, 100].into()];
/// let vrid = Vrid::new(51).ok_or("0 is no VRID")?;
/// let advert = Advert {
///     version: Version::V3,
///     vrid,
///     priority: Priority::DEFAULT,
///     interval: AdvertInterval::DEFAULT,
///     checksum: ChecksumForm::MessageOnly,
///     addresses: vip[..].into(),
///     sequence: None,
/// };
/// let path = AddressPair::V4 { source: [192, 0, 2, 1].into(), destination: GROUP_V4 };
/// let now = TrailerTime::from_utc(1_700_000_000, 0);
/// let numbers = SequenceNumbers { header: 1, trailer: now.next_after(None, Some(5)) };
/// let mut packet = [0; 128];
/// let length = secret.packet(&advert, path, numbers, &mut packet)?;
/// assert_eq!(length, 20 + 12 + 28);
///
/// let policy = AdvertPolicy {
///     authentication: secret.authentication(Some((now, 5))),
///     ..AdvertPolicy::new(Version::V3, vrid, Family::V4)
/// };
/// let (meta, message) = from_ip_packet(&packet[..length])?;
/// assert!(decode(message, &meta, &policy).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[cfg_attr(
    feature = "auth-hmac",
    expect(clippy::large_enum_variant, reason = "a box would want an allocator")
)]
pub enum Secret {
    /// Nothing: whoever is on the link may speak (RFC 9568 section 9).
    #[default]
    None,
    /// Of version 2, a password in each advert \[W-4\].
    #[cfg(feature = "auth-legacy")]
    Password(Password),
    /// Of version 2, the password of an authentication header in front of each advert \[W-5\].
    #[cfg(feature = "auth-legacy")]
    Header(Password),
    /// Of either version, a trailer behind each advert \[W-37\].
    #[cfg(feature = "auth-hmac")]
    Trailer {
        /// Adverts go out with the first key; those with either are taken. A single key is there
        /// twice.
        keys: [TrailerKey; 2],
        /// Whether adverts without trailer are refused.
        required: bool,
    },
}

impl Secret {
    /// A trailer of this one key behind each advert, sent or received.
    #[cfg(feature = "auth-hmac")]
    #[must_use]
    pub fn trailer(key: TrailerKey) -> Self {
        Self::Trailer { keys: [key.clone(), key], required: true }
    }

    /// What is asked of an advert that is received. `window` is that of a trailer, as in
    /// `TrailerPolicy`: the moment in UTC, and how many seconds it may be off.
    #[must_use]
    #[cfg_attr(not(feature = "auth-hmac"), expect(unused_variables, reason = "no trailers"))]
    pub const fn authentication(&self, window: Option<(TrailerTime, u16)>) -> Authentication<'_> {
        match self {
            Self::None => Authentication::None,
            #[cfg(feature = "auth-legacy")]
            Self::Password(password) => Authentication::Password(password),
            #[cfg(feature = "auth-legacy")]
            Self::Header(password) => Authentication::Header(password),
            #[cfg(feature = "auth-hmac")]
            Self::Trailer { keys, required } => {
                Authentication::Trailer(TrailerPolicy { keys, required: *required, window })
            }
        }
    }

    /// Writes the IP packet between `addresses` that carries `advert` and its proof to the front of
    /// `out`, and returns its length in octets: the header, as
    /// [`frames::advert_ip_header`](crate::frames::advert_ip_header) writes it, and the payload. All
    /// copies of an advert, to each peer one, carry the same `numbers` \[X-17\].
    ///
    /// # Errors
    /// [`EncodeError`]; `out` is unchanged.
    pub fn packet(
        &self,
        advert: &Advert<'_>,
        addresses: AddressPair,
        numbers: SequenceNumbers,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let (available, header_len) = (out.len(), ip::header_len(addresses.family()));
        let (header, room) = out.split_at_mut_checked(header_len).unwrap_or_default();
        let length =
            self.payload(advert, addresses, numbers, room).map_err(|error| match error {
                EncodeError::BufferTooSmall(BufferTooSmall { needed, .. }) => {
                    BufferTooSmall { needed: header_len + needed, available }.into()
                }
                other => other,
            })?;
        let (protocol, identification) = self.outside(numbers);
        // At most 24 + 8 + 255 * 16 + 28 octets.
        frames::advert_ip_header(addresses, protocol, identification, length as u16, header)?;
        Ok(header_len + length)
    }

    #[cfg_attr(
        not(any(feature = "auth-legacy", feature = "auth-hmac")),
        expect(unused_variables, reason = "nothing is numbered")
    )]
    fn payload(
        &self,
        advert: &Advert<'_>,
        addresses: AddressPair,
        numbers: SequenceNumbers,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        match self {
            Self::None => encode(advert, addresses, out),
            #[cfg(feature = "auth-legacy")]
            Self::Password(password) => encode_with_password(advert, addresses, password, out),
            #[cfg(feature = "auth-legacy")]
            Self::Header(password) => {
                let (_, identification) = self.outside(numbers);
                // As keepalived has it [W-10].
                let hop_limit = if addresses.destination().is_multicast() { HOP_LIMIT } else { 0 };
                let fields = HeaderFields { identification, sequence: numbers.header, hop_limit };
                encode_with_header(advert, addresses, password, fields, out)
            }
            #[cfg(feature = "auth-hmac")]
            Self::Trailer { keys: [key, _], .. } => {
                encode_with_trailer(advert, addresses, key, numbers.trailer, out)
            }
        }
    }

    /// What the IP header says of the payload: its protocol, and which it is.
    #[cfg_attr(
        not(feature = "auth-legacy"),
        expect(unused_variables, reason = "no authentication headers")
    )]
    const fn outside(&self, numbers: SequenceNumbers) -> (Protocol, u16) {
        match self {
            #[cfg(feature = "auth-legacy")]
            // Not 0, which kernels fill in [W-9].
            Self::Header(_) => (AUTHENTICATION, numbers.header as u16 | 1),
            _ => (Protocol::VRRP, 0),
        }
    }
}
