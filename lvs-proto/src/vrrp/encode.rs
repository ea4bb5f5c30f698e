//! From an advertisement to octets.

use core::net::IpAddr;

use super::decode::{covered, only_form};
use super::message::{AUTHENTICATION_DATA_LEN, HEADER_LEN, TYPE_ADVERTISEMENT, message_len};
#[cfg(feature = "auth-legacy")]
use super::{AUTHENTICATION_HEADER_LEN, Password};
use super::{AddressList, Advert, AdvertInterval, Version};
#[cfg(feature = "auth-hmac")]
use super::{ChecksumForm, TRAILER_LEN, TrailerKey, TrailerTime};
use crate::buffer::Writer;
use crate::checksum::Sum;
use crate::{AddressPair, BufferTooSmall, Family};

/// Why an advertisement cannot be written; nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Version 2 knows IPv4 only \[W-3\].
    #[error("VRRP version 2 over IPv6")]
    V2OverIpv6,
    /// Passwords and authentication headers are for version 2 \[W-5\].
    #[error("authentication of version 2 in version 3")]
    V2Authentication,
    /// Version 2 counts in whole seconds \[V2-TX-5\].
    #[error("{} cs are not whole seconds", .0.centiseconds())]
    FractionalSeconds(AdvertInterval),
    /// Version 3 advertises at most 4095 centiseconds.
    #[error("{} cs are above 4095", .0.centiseconds())]
    IntervalTooLong(AdvertInterval),
    /// Version 3 advertises at least one address \[V3-TX-9\].
    #[error("no addresses")]
    NoAddresses,
    /// The count field holds at most 255.
    #[error("{0} addresses, 255 at most")]
    TooManyAddresses(usize),
    /// An address of the other family than the packet's \[W-19\].
    #[error("{0} is of another family than the packet")]
    OtherFamily(IpAddr),
    /// An address stands in the list twice \[W-18\].
    #[error("{0} is listed twice")]
    Duplicate(IpAddr),
    /// The message does not fit \[W-30\].
    #[error(transparent)]
    BufferTooSmall(#[from] BufferTooSmall),
}

/// Writes `advert` to the front of `out` and returns its length in octets: the payload of an IP
/// packet between `addresses`, protocol 112. Reserved bits are 0 \[V3-TX-6\].
///
/// `Advert::checksum` chooses the form for version 3 over IPv4, of RFC 9568 or of RFC 5798, and is
/// ignored elsewhere \[V3-TX-11\], \[V3-TX-12\], \[V3-TX-13\]. Version 2 carries eight zero octets of
/// authentication data \[V2-TX-4\]. Over IPv6 the first address should
/// be link-local \[V3-TX-7\]; it is not enforced, because much of what is deployed advertises
/// global addresses only \[W-17\].
///
/// # Errors
/// [`EncodeError`]; `out` is unchanged.
pub fn encode(
    advert: &Advert<'_>,
    addresses: AddressPair,
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    let encoder = Encoder::new(advert, addresses)?;
    let length = usize::from(encoder.len());
    let mut writer = Writer::new(out, length)?;
    encoder.emit(|octets| writer.put(octets));
    Ok(length)
}

/// As [`encode`], into a buffer of the `bytes` crate. To decode, hand [`decode`](super::decode) the
/// buffer's contiguous octets.
///
/// # Errors
/// [`EncodeError`]; nothing is appended to `out`.
#[cfg(feature = "bytes")]
pub fn encode_buf(
    advert: &Advert<'_>,
    addresses: AddressPair,
    out: &mut impl bytes::BufMut,
) -> Result<usize, EncodeError> {
    let encoder = Encoder::new(advert, addresses)?;
    let needed = usize::from(encoder.len());
    let available = out.remaining_mut();
    if available < needed {
        return Err(BufferTooSmall { needed, available }.into());
    }
    encoder.emit(|octets| out.put_slice(octets));
    Ok(needed)
}

/// Writes `advert` with the password of authentication type 1 to the front of `out`, as
/// [`encode`] does \[W-4\].
///
/// # Errors
/// [`EncodeError`]; `out` is unchanged.
#[cfg(feature = "auth-legacy")]
pub fn encode_with_password(
    advert: &Advert<'_>,
    addresses: AddressPair,
    password: &Password,
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    let encoder = Encoder::with_password(advert, addresses, password)?;
    let length = usize::from(encoder.len());
    let mut writer = Writer::new(out, length)?;
    encoder.emit(|octets| writer.put(octets));
    Ok(length)
}

/// What an authentication header is made of, besides the password \[W-8\].
#[cfg(feature = "auth-legacy")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderFields {
    /// The identification of the IPv4 header that the packet will have, not 0, lest the kernel fill
    /// it in \[W-9\]; its flags are to be 0.
    pub identification: u16,
    /// The sequence number, greater than the last one.
    pub sequence: u32,
    /// The TTL that is authenticated: 255 on multicast and 0 on unicast for keepalived, 0 on both by
    /// RFC 2402 \[W-10\].
    pub hop_limit: u8,
}

/// Writes `advert` behind an authentication header to the front of `out` and returns the length of
/// both in octets: the payload of an IPv4 packet between `addresses`, protocol 51 \[W-5\].
///
/// # Errors
/// [`EncodeError`]; `out` is unchanged.
#[cfg(feature = "auth-legacy")]
pub fn encode_with_header(
    advert: &Advert<'_>,
    addresses: AddressPair,
    password: &Password,
    fields: HeaderFields,
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    let encoder = Encoder::with_authentication(advert, addresses, 2, [0; AUTHENTICATION_DATA_LEN])?;
    let length = AUTHENTICATION_HEADER_LEN + usize::from(encoder.len());
    let mut writer = Writer::new(out, length)?;
    writer.put(&[0; AUTHENTICATION_HEADER_LEN]);
    encoder.emit(|octets| writer.put(octets));
    if let Some((header, message)) = out.split_first_chunk_mut() {
        let message = message.get(..usize::from(encoder.len())).unwrap_or_default();
        *header = password.header(fields, addresses, message).octets;
    }
    Ok(length)
}

/// Writes `advert` with a trailer that proves its sender to the front of `out`, as [`encode`] does,
/// and returns the length of both in octets \[W-37\]. Over IPv6 the checksum covers the trailer
/// \[W-38\]. All copies to unicast peers carry the same `time`.
///
/// # Errors
/// [`EncodeError`]; `out` is unchanged.
#[cfg(feature = "auth-hmac")]
pub fn encode_with_trailer(
    advert: &Advert<'_>,
    addresses: AddressPair,
    key: &TrailerKey,
    time: TrailerTime,
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    let encoder = Encoder::new(advert, addresses)?;
    let message_len = usize::from(encoder.len());
    let length = message_len + TRAILER_LEN;
    let mut writer = Writer::new(out, length)?;
    encoder.emit(|octets| writer.put(octets));
    writer.put(&[0; TRAILER_LEN]);
    let payload = out.get_mut(..length).unwrap_or_default();
    if let Some((message, room)) = payload.split_last_chunk_mut() {
        *room = key.trailer(time, addresses, message);
    }
    if addresses.family() == Family::V6 {
        let checksum = covered(encoder.sum(), ChecksumForm::PseudoHeader, addresses, length)
            .add_octets(payload.get(message_len..).unwrap_or_default())
            .checksum();
        if let Some(field) = payload.get_mut(CHECKSUM_OFFSET..HEADER_LEN) {
            field.copy_from_slice(&checksum.to_be_bytes());
        }
    }
    Ok(length)
}

pub(super) const CHECKSUM_OFFSET: usize = 6;

/// An advertisement that is known to be encodable, with its header.
pub(crate) struct Encoder<'a> {
    header: [u8; HEADER_LEN],
    addresses: AddressList<'a>,
    /// The authentication data of version 2.
    authentication_data: Option<[u8; AUTHENTICATION_DATA_LEN]>,
    len: u16,
    /// Of the message without its checksum field.
    sum: Sum,
}

impl<'a> Encoder<'a> {
    /// Without authentication.
    pub(crate) fn new(advert: &Advert<'a>, addresses: AddressPair) -> Result<Self, EncodeError> {
        Self::with_authentication(advert, addresses, 0, [0; AUTHENTICATION_DATA_LEN])
    }

    /// With authentication type 1.
    #[cfg(feature = "auth-legacy")]
    pub(super) fn with_password(
        advert: &Advert<'a>,
        addresses: AddressPair,
        password: &Password,
    ) -> Result<Self, EncodeError> {
        Self::with_authentication(advert, addresses, 1, password.octets())
    }

    fn with_authentication(
        advert: &Advert<'a>,
        addresses: AddressPair,
        auth_type: u8,
        data: [u8; AUTHENTICATION_DATA_LEN],
    ) -> Result<Self, EncodeError> {
        let version = advert.version;
        let family = addresses.family();
        let [high, low] = interval_field(advert, family, auth_type)?;
        let count = address_count(&advert.addresses, family)?;
        if version == Version::V3 && count == 0 {
            return Err(EncodeError::NoAddresses);
        }
        let mut encoder = Self {
            header: header(advert, count, [high, low]),
            addresses: advert.addresses,
            authentication_data: (version == Version::V2).then_some(data),
            len: message_len(version, family, count),
            sum: Sum::new(),
        };
        let mut sum = Sum::new();
        encoder.emit(|octets| sum = sum.add_octets(octets));
        encoder.sum = sum;
        let form = only_form(version, family).unwrap_or(advert.checksum);
        let checksum = covered(sum, form, addresses, usize::from(encoder.len)).checksum();
        [encoder.header[CHECKSUM_OFFSET], encoder.header[CHECKSUM_OFFSET + 1]] =
            checksum.to_be_bytes();
        Ok(encoder)
    }

    /// Octets of the message.
    pub(crate) const fn len(&self) -> u16 {
        self.len
    }

    /// The sum of the message without its checksum field.
    pub(super) const fn sum(&self) -> Sum {
        self.sum
    }

    /// Hands the message to `put`, in parts of even length.
    pub(crate) fn emit(&self, mut put: impl FnMut(&[u8])) {
        put(&self.header);
        for address in &self.addresses {
            match address {
                IpAddr::V4(address) => put(&address.octets()),
                IpAddr::V6(address) => put(&address.octets()),
            }
        }
        if let Some(data) = &self.authentication_data {
            put(data);
        }
    }
}

/// The header, its checksum field zero.
fn header(advert: &Advert<'_>, count: u8, interval: [u8; 2]) -> [u8; HEADER_LEN] {
    let version = match advert.version {
        Version::V2 => 2,
        Version::V3 => 3,
    };
    let [high, low] = interval;
    let version_and_type = version << 4 | TYPE_ADVERTISEMENT;
    [version_and_type, advert.vrid.get(), advert.priority.get(), count, high, low, 0, 0]
}

/// Octets 4 and 5: authentication type and seconds, or centiseconds.
fn interval_field(
    advert: &Advert<'_>,
    family: Family,
    auth_type: u8,
) -> Result<[u8; 2], EncodeError> {
    let interval = advert.interval;
    match advert.version {
        Version::V2 if family == Family::V6 => Err(EncodeError::V2OverIpv6),
        Version::V2 => interval
            .whole_seconds()
            .map(|seconds| [auth_type, seconds])
            .ok_or(EncodeError::FractionalSeconds(interval)),
        Version::V3 if auth_type != 0 => Err(EncodeError::V2Authentication),
        Version::V3 if interval.centiseconds() > AdvertInterval::MAX_V3_CENTISECONDS => {
            Err(EncodeError::IntervalTooLong(interval))
        }
        Version::V3 => Ok(interval.centiseconds().to_be_bytes()),
    }
}

/// The count field of a list whose addresses are all different and all of `family`.
fn address_count(addresses: &AddressList<'_>, family: Family) -> Result<u8, EncodeError> {
    let count = u8::try_from(addresses.len())
        .map_err(|_| EncodeError::TooManyAddresses(addresses.len()))?;
    for (index, address) in addresses.iter().enumerate() {
        if Family::of(address) != family {
            return Err(EncodeError::OtherFamily(address));
        }
        if addresses.iter().position(|first| first == address) != Some(index) {
            return Err(EncodeError::Duplicate(address));
        }
    }
    Ok(count)
}
