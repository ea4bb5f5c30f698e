//! Octets of an advertisement: RFC 3768 section 5.1 (version 2), RFC 9568 section 5.2 (version 3).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{
    AddressList, Advert, AdvertInterval, AdvertMeta, AdvertPolicy, ChecksumAccept, ChecksumForm,
    Priority, Version, Vrid,
};
use crate::buffer::Writer;
use crate::checksum::Sum;
use crate::{AddressPair, BufferTooSmall, Family, Protocol};

/// The IPv4 group that advertisements go to (RFC 9568 section 5.1.1.2).
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

/// The IPv6 group that advertisements go to (RFC 9568 section 5.1.2.2).
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);

/// The hop limit of every advertisement, sent or accepted: no router has touched it.
pub const HOP_LIMIT: u8 = 255;

const HEADER_LEN: usize = 8;
const AUTHENTICATION_DATA_LEN: usize = 8;
const TYPE_ADVERTISEMENT: u8 = 1;

/// Why a received advertisement is refused.
///
/// The variants stand in the order of the checks; the first that fails decides. There is a counter
/// for each \[RX-7\], so a new one is a breaking change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdvertError {
    /// The message ends within the header of 8 octets.
    #[error("{0} octets do not hold the header of 8")]
    HeaderTruncated(usize),
    /// The version is neither 2 nor 3.
    #[error("VRRP version {0} is neither 2 nor 3")]
    UnknownVersion(u8),
    /// The VRID is 0.
    #[error("VRID 0 is never valid")]
    ZeroVrid,
    /// The message is for another virtual router.
    #[error("VRID {received}, not {expected}")]
    OtherVrid {
        /// The VRID of the message.
        received: Vrid,
        /// The VRID of the policy.
        expected: Vrid,
    },
    /// The TTL or hop limit is not 255: the packet came through a router, or from an impostor
    /// behind one.
    #[error("TTL or hop limit {0} is not 255")]
    HopLimit(u8),
    /// The message is of the version that the virtual router does not speak.
    #[error("VRRP version {received}, not {expected}")]
    OtherVersion {
        /// The version of the message.
        received: Version,
        /// The version of the policy.
        expected: Version,
    },
    /// Version 2 knows IPv4 only \[W-3\].
    #[error("VRRP version 2 over IPv6")]
    V2OverIpv6,
    /// The type is not 1, ADVERTISEMENT.
    #[error("VRRP type {0} is not ADVERTISEMENT")]
    UnknownType(u8),
    /// The length is not what version, family and address count make it \[W-1\], \[W-15\].
    #[error("{received} octets, not {expected}")]
    Length {
        /// Octets of the message.
        received: usize,
        /// Octets that its count field promises.
        expected: usize,
    },
    /// The checksum verifies in no form that the policy accepts \[W-20\].
    #[error("checksum {0:#06x} does not verify")]
    Checksum(u16),
    /// The packet went to something else than the VRRP group of its family.
    #[error("destination {0} is not the VRRP group")]
    Destination(IpAddr),
    /// Version 2: no such authentication type \[W-7\].
    #[error("authentication type {0} does not exist")]
    UnknownAuthType(u8),
    /// Version 2: an authentication type, 1 or 2, that the virtual router does not use \[W-5\].
    #[error("authentication type {0}, not 0")]
    OtherAuthType(u8),
    /// The advertisement interval is 0.
    #[error("advertisement interval 0")]
    ZeroInterval,
    /// Version 3: the address list is empty.
    #[error("no addresses")]
    NoAddresses,
}

/// Why an advertisement cannot be written; nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Version 2 knows IPv4 only \[W-3\].
    #[error("VRRP version 2 over IPv6")]
    V2OverIpv6,
    /// Version 2 counts in whole seconds.
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

/// The virtual router that `message` speaks for, read before anything else is checked so that the
/// receiver can find the policy for [`decode`]. `None` if the octet is missing or 0.
#[must_use]
pub fn vrid_of(message: &[u8]) -> Option<Vrid> {
    message.get(1).copied().and_then(Vrid::new)
}

/// The advertisement in `message`, the payload of an IP packet described by `meta`.
///
/// Everything that octets and `policy` can tell is checked, in the order of [`AdvertError`]. What
/// needs memory (the configured interval and addresses, the own source address) is left to the
/// receiver. The reserved nibble and, in version 2, the authentication data are not looked at
/// \[V3-RX-17\], \[W-2\]; a first IPv6 address that is not link-local passes \[W-17\].
///
/// `Advert::checksum` is the form that verified: for version 3 over IPv4 the message alone is
/// tried first. Version 2 reports [`ChecksumForm::MessageOnly`], IPv6
/// [`ChecksumForm::PseudoHeader`].
///
/// # Errors
/// [`AdvertError`], by the first check that fails.
pub fn decode<'a>(
    message: &'a [u8],
    meta: &AdvertMeta,
    policy: &AdvertPolicy,
) -> Result<Advert<'a>, AdvertError> {
    let (header, body) = message
        .split_first_chunk::<HEADER_LEN>()
        .ok_or(AdvertError::HeaderTruncated(message.len()))?;
    let &[version_and_type, vrid, priority, count, high, low, checksum_high, checksum_low] = header;

    let family = meta.addresses.family();
    let version = check_identity(version_and_type, vrid, meta, policy)?;
    let expected = usize::from(message_len(version, family, count));
    if message.len() != expected {
        return Err(AdvertError::Length { received: message.len(), expected });
    }
    let checksum = verified_form(message, version, meta.addresses, policy.checksum)
        .ok_or(AdvertError::Checksum(u16::from_be_bytes([checksum_high, checksum_low])))?;
    if meta.addresses.destination() != group(family) {
        return Err(AdvertError::Destination(meta.addresses.destination()));
    }
    let interval = match version {
        Version::V2 => {
            check_auth_type(high)?;
            AdvertInterval::from_seconds(low)
        }
        Version::V3 => AdvertInterval::from_centiseconds(
            u16::from_be_bytes([high, low]) & AdvertInterval::MAX_V3_CENTISECONDS,
        ),
    };
    let interval = interval.ok_or(AdvertError::ZeroInterval)?;
    if version == Version::V3 && count == 0 {
        return Err(AdvertError::NoAddresses);
    }
    Ok(Advert {
        version,
        vrid: policy.vrid,
        priority: Priority::new(priority),
        interval,
        checksum,
        addresses: address_list(body, version, family),
    })
}

/// Writes `advert` to the front of `out` and returns its length in octets: the payload of an IP
/// packet between `addresses`, protocol 112.
///
/// `Advert::checksum` chooses the form for version 3 over IPv4 and is ignored elsewhere. Version
/// 2 carries eight zero octets of authentication data \[W-2\]. Over IPv6 the first address should
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

/// As [`encode`], into a buffer of the `bytes` crate. To decode, hand [`decode`] the buffer's
/// contiguous octets.
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

/// Checks B2 to D3: what the message is, for whom, and from how far.
fn check_identity(
    version_and_type: u8,
    vrid: u8,
    meta: &AdvertMeta,
    policy: &AdvertPolicy,
) -> Result<Version, AdvertError> {
    let version = match version_and_type >> 4 {
        2 => Version::V2,
        3 => Version::V3,
        other => return Err(AdvertError::UnknownVersion(other)),
    };
    let vrid = Vrid::new(vrid).ok_or(AdvertError::ZeroVrid)?;
    if vrid != policy.vrid {
        return Err(AdvertError::OtherVrid { received: vrid, expected: policy.vrid });
    }
    if meta.hop_limit != HOP_LIMIT {
        return Err(AdvertError::HopLimit(meta.hop_limit));
    }
    if version != policy.version {
        return Err(AdvertError::OtherVersion { received: version, expected: policy.version });
    }
    if version == Version::V2 && meta.addresses.family() == Family::V6 {
        return Err(AdvertError::V2OverIpv6);
    }
    match version_and_type & 0x0f {
        TYPE_ADVERTISEMENT => Ok(version),
        other => Err(AdvertError::UnknownType(other)),
    }
}

/// The checksum form in which `message` verifies, of those that `accept` allows \[W-23\].
fn verified_form(
    message: &[u8],
    version: Version,
    addresses: AddressPair,
    accept: ChecksumAccept,
) -> Option<ChecksumForm> {
    let only = only_form(version, addresses.family()).or(match accept {
        ChecksumAccept::Any => None,
        ChecksumAccept::Only(form) => Some(form),
    });
    [ChecksumForm::MessageOnly, ChecksumForm::PseudoHeader].into_iter().find(|form| {
        only.is_none_or(|only| only == *form)
            && covered(*form, addresses, message.len()).add_octets(message).verifies()
    })
}

/// The checksum form where there is no choice, everywhere but in version 3 over IPv4.
const fn only_form(version: Version, family: Family) -> Option<ChecksumForm> {
    match (version, family) {
        (Version::V2, _) => Some(ChecksumForm::MessageOnly),
        (Version::V3, Family::V6) => Some(ChecksumForm::PseudoHeader),
        (Version::V3, Family::V4) => None,
    }
}

/// The sum of what `form` covers besides the message of `length` octets, 4096 at most.
fn covered(form: ChecksumForm, addresses: AddressPair, length: usize) -> Sum {
    match form {
        ChecksumForm::MessageOnly => Sum::new(),
        ChecksumForm::PseudoHeader => {
            Sum::new().add_pseudo_header(addresses, Protocol::VRRP, length as u32)
        }
    }
}

fn check_auth_type(auth_type: u8) -> Result<(), AdvertError> {
    match auth_type {
        0 => Ok(()),
        1 | 2 => Err(AdvertError::OtherAuthType(auth_type)),
        _ => Err(AdvertError::UnknownAuthType(auth_type)),
    }
}

fn address_list(body: &[u8], version: Version, family: Family) -> AddressList<'_> {
    match (version, family) {
        (Version::V2, _) => {
            let addresses = body.len().saturating_sub(AUTHENTICATION_DATA_LEN);
            AddressList::from_v4_octets(body.get(..addresses).unwrap_or_default())
        }
        (Version::V3, Family::V4) => AddressList::from_v4_octets(body),
        (Version::V3, Family::V6) => AddressList::from_v6_octets(body),
    }
}

/// Octets of a message with `count` addresses \[W-1\], \[W-15\].
const fn message_len(version: Version, family: Family, count: u8) -> u16 {
    let address_len = match family {
        Family::V4 => 4,
        Family::V6 => 16,
    };
    let authentication_data_len = match version {
        Version::V2 => AUTHENTICATION_DATA_LEN as u16,
        Version::V3 => 0,
    };
    HEADER_LEN as u16 + address_len * count as u16 + authentication_data_len
}

const fn group(family: Family) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(GROUP_V4),
        Family::V6 => IpAddr::V6(GROUP_V6),
    }
}

/// An advertisement that is known to be encodable, with its header.
pub(crate) struct Encoder<'a> {
    header: [u8; HEADER_LEN],
    addresses: AddressList<'a>,
    version: Version,
    len: u16,
}

impl<'a> Encoder<'a> {
    pub(crate) fn new(advert: &Advert<'a>, addresses: AddressPair) -> Result<Self, EncodeError> {
        let version = advert.version;
        let family = addresses.family();
        let interval = interval_field(advert, family)?;
        let count = address_count(&advert.addresses, family)?;
        if version == Version::V3 && count == 0 {
            return Err(EncodeError::NoAddresses);
        }
        let mut encoder = Self {
            header: header(advert, count, interval),
            addresses: advert.addresses,
            version,
            len: message_len(version, family, count),
        };
        let form = only_form(version, family).unwrap_or(advert.checksum);
        let mut sum = covered(form, addresses, usize::from(encoder.len));
        encoder.emit(|octets| sum = sum.add_octets(octets));
        [encoder.header[6], encoder.header[7]] = sum.checksum().to_be_bytes();
        Ok(encoder)
    }

    /// Octets of the message.
    pub(crate) const fn len(&self) -> u16 {
        self.len
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
        if self.version == Version::V2 {
            put(&[0; AUTHENTICATION_DATA_LEN]);
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
fn interval_field(advert: &Advert<'_>, family: Family) -> Result<[u8; 2], EncodeError> {
    let interval = advert.interval;
    match advert.version {
        Version::V2 if family == Family::V6 => Err(EncodeError::V2OverIpv6),
        Version::V2 => {
            interval.whole_seconds().map(|s| [0, s]).ok_or(EncodeError::FractionalSeconds(interval))
        }
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
        if addresses.iter().take(index).any(|earlier| earlier == address) {
            return Err(EncodeError::Duplicate(address));
        }
    }
    Ok(count)
}
