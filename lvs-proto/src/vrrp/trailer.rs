//! The HMAC-SHA256 trailer of draft-cassen-vrrp-auth-hmac \[W-37\].

use core::fmt;
use core::num::NonZeroU8;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::message::HEADER_LEN;
use super::{AuthFailure, Message, Sequence, TRAILER_LEN, TrailerTime};
use crate::AddressPair;

const TYPE_HMAC_SHA256: u8 = 1;
/// Octets of the trailer before the HMAC, and of the HMAC.
const FRONT_LEN: usize = 12;
const HMAC_LEN: usize = TRAILER_LEN - FRONT_LEN;

/// A key and its number.
///
/// ```
/// use lvs_proto::vrrp::{KeyError, TrailerKey};
///
/// assert!(TrailerKey::new(1, &[7; 32]).is_ok());
/// assert_eq!(TrailerKey::new(1, &[7; 31]).err(), Some(KeyError::Length(31)));
/// assert_eq!(TrailerKey::new(0, &[7; 32]).err(), Some(KeyError::Zero));
/// ```
#[derive(Clone)]
pub struct TrailerKey {
    id: NonZeroU8,
    /// With the key taken in.
    mac: Hmac<Sha256>,
}

/// Why octets are no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The number is 0.
    #[error("key number 0; 1 to 255 are possible")]
    Zero,
    /// The key is too short to be safe, or too long.
    #[error("a key of {0} octets; 32 to 64 are possible")]
    Length(usize),
}

impl TrailerKey {
    /// The key number `id`, 1 to 255, of 32 to 64 octets.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn new(id: u8, key: &[u8]) -> Result<Self, KeyError> {
        let id = NonZeroU8::new(id).ok_or(KeyError::Zero)?;
        if !(32..=64).contains(&key.len()) {
            return Err(KeyError::Length(key.len()));
        }
        // As long as a block of SHA-256, zeros behind: the same key (RFC 2104).
        let mut block = [0; 64];
        for (octet, key) in block.iter_mut().zip(key) {
            *octet = *key;
        }
        Ok(Self { id, mac: Hmac::new(&block.into()) })
    }

    /// The trailer of `message`, whose checksum field does not matter.
    pub(super) fn trailer(
        &self,
        time: TrailerTime,
        addresses: AddressPair,
        message: &[u8],
    ) -> [u8; TRAILER_LEN] {
        let mut trailer = [0; TRAILER_LEN];
        trailer[..2].copy_from_slice(&[TYPE_HMAC_SHA256, self.id.get()]);
        trailer[4..FRONT_LEN].copy_from_slice(&time.0.to_be_bytes());
        let hmac = self.hmac(&trailer, addresses, message).finalize().into_bytes();
        for (octet, hmac) in trailer.iter_mut().skip(FRONT_LEN).zip(hmac) {
            *octet = hmac;
        }
        trailer
    }

    /// HMAC-SHA256 of who speaks, the message without its checksum, and the trailer without its
    /// HMAC.
    fn hmac(
        &self,
        trailer: &[u8; TRAILER_LEN],
        addresses: AddressPair,
        message: &[u8],
    ) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        let version = Message::parse(message).map_or(0, |message| message.version());
        let vrid = message.get(1).copied().unwrap_or_default();
        match addresses {
            AddressPair::V4 { source, .. } => {
                mac.update(&[4, version, vrid, 0]);
                mac.update(&source.octets());
                mac.update(&[0; 12]);
            }
            AddressPair::V6 { source, .. } => {
                mac.update(&[6, version, vrid, 0]);
                mac.update(&source.octets());
            }
        }
        let (front, rest) = message.split_at_checked(HEADER_LEN - 2).unwrap_or((message, &[]));
        mac.update(front);
        mac.update(&[0; 2]);
        mac.update(rest.get(2..).unwrap_or_default());
        mac.update(&trailer[..FRONT_LEN]);
        mac.update(&[0; HMAC_LEN]);
        mac
    }
}

/// Keeps the key out of logs.
impl fmt::Debug for TrailerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrailerKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a receiver asks of trailers \[W-40\].
///
/// ```
/// use lvs_proto::vrrp::{
///     Advert, AdvertInterval, AdvertMeta, AdvertPolicy, Authentication, ChecksumForm, GROUP_V4,
///     Priority, Sequence, TrailerKey, TrailerPolicy, TrailerTime, Version, Vrid, decode,
///     encode_with_trailer,
/// };
/// use lvs_proto::{AddressPair, Family};
///
/// let (keys, vip) = ([TrailerKey::new(1, &[7; 32])?], [[192, 0, 2, 100].into()]);
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
/// let mut octets = [0; 64];
/// let length = encode_with_trailer(&advert, path, &keys[0], now, &mut octets)?;
///
/// let trailers = TrailerPolicy { keys: &keys, required: true, window: Some((now, 5)) };
/// let policy = AdvertPolicy {
///     authentication: Authentication::Trailer(trailers),
///     ..AdvertPolicy::new(Version::V3, vrid, Family::V4)
/// };
/// let heard = decode(&octets[..length], &AdvertMeta::new(path, 255), &policy)?;
/// assert_eq!(heard.sequence, Some(Sequence::Trailer(now)));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TrailerPolicy<'a> {
    /// The keys that it knows.
    pub keys: &'a [TrailerKey],
    /// Whether adverts without trailer are refused.
    pub required: bool,
    /// The moment in UTC, and how many seconds a trailer may be away from it; keepalived has 1 to
    /// 300. With `None` the time is not looked at: then it is enough that each trailer has a greater
    /// number than the last, which is for the receiver to check in any case.
    pub window: Option<(TrailerTime, u16)>,
}

impl TrailerPolicy<'_> {
    /// Checks the trailer of `message`, cheap checks first; that its number is greater than the last
    /// one of the sender is for who remembers that.
    pub(super) fn verify(
        &self,
        trailer: Option<&[u8; TRAILER_LEN]>,
        addresses: AddressPair,
        message: &[u8],
    ) -> Result<Option<Sequence>, AuthFailure> {
        let Some(trailer) = trailer else {
            return if self.required { Err(AuthFailure::NoTrailer) } else { Ok(None) };
        };
        let &[kind, id, reserved_high, reserved_low, a, b, c, d, e, f, g, h, ..] = trailer;
        if kind != TYPE_HMAC_SHA256 || [reserved_high, reserved_low] != [0, 0] {
            return Err(AuthFailure::TrailerType(kind));
        }
        let time = TrailerTime(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
        if self.window.is_some_and(|(now, window)| !time.is_within(window, now)) {
            return Err(AuthFailure::Window);
        }
        let key = self.keys.iter().find(|key| key.id.get() == id).ok_or(AuthFailure::Key(id))?;
        let hmac: [u8; HMAC_LEN] = trailer.last_chunk().copied().unwrap_or_default();
        key.hmac(trailer, addresses, message)
            .verify_truncated_left(&hmac)
            .map_err(|_| AuthFailure::Trailer)?;
        Ok(Some(Sequence::Trailer(time)))
    }
}
