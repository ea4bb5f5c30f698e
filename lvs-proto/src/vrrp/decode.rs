//! From octets to an advertisement: the checks of a receiver, in their order \[2.1\].

use core::net::{IpAddr, Ipv4Addr};

use super::message::{HEADER_LEN, TYPE_ADVERTISEMENT, addresses_len, message_len};
use super::{
    AddressList, Advert, AdvertInterval, AdvertMeta, AdvertPolicy, AuthFailure, Authentication,
    ChecksumForm, GROUP_V4, Message, Priority, Sequence, TRAILER_LEN, Version, Vrid, group,
};
use crate::checksum::Sum;
use crate::{AddressPair, Family, Protocol};

/// Why a received advertisement is refused.
///
/// The variants stand in the order of the checks; the first that fails decides. There is a counter
/// for each \[RX-7\], so a new one is a breaking change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdvertError {
    /// The message ends within the header of 8 octets.
    #[error("{0} octets do not hold the header of 8")]
    HeaderTruncated(usize),
    /// The version is neither 2 nor 3 \[V3-RX-3\], \[V2-RX-2\].
    #[error("VRRP version {0} is neither 2 nor 3")]
    UnknownVersion(u8),
    /// The VRID is 0.
    #[error("VRID 0 is never valid")]
    ZeroVrid,
    /// The message is for another virtual router \[V3-RX-7\], \[V2-RX-5\].
    #[error("VRID {received}, not {expected}")]
    OtherVrid {
        /// The VRID of the message.
        received: Vrid,
        /// The VRID of the policy.
        expected: Vrid,
    },
    /// The TTL or hop limit is not 255, nor what is configured for the peer: the packet came through
    /// a router, or from an impostor behind one \[V3-RX-1\], \[V3-RX-2\], \[V2-RX-1\].
    #[error("TTL or hop limit {0} is not 255 or what is configured for the peer")]
    HopLimit(u8),
    /// The message is of the version that the virtual router does not speak \[V3-RX-3\],
    /// \[V2-RX-2\].
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
    /// The type is not 1, ADVERTISEMENT \[V3-RX-4\], \[V2-RX-7\].
    #[error("VRRP type {0} is not ADVERTISEMENT")]
    UnknownType(u8),
    /// The length is not what version, family and address count make it \[W-1\], \[W-15\],
    /// \[V3-RX-5\], \[V2-RX-3\].
    #[error("{received} octets, not {expected}")]
    Length {
        /// Octets of the message.
        received: usize,
        /// Octets that its count field promises.
        expected: usize,
    },
    /// Behind the message is a trailer that this virtual router does not ask for \[W-41\].
    #[error("an authentication trailer that nobody asked for")]
    UnexpectedTrailer,
    /// The checksum verifies in no form that the policy accepts \[W-20\], \[V3-RX-6\],
    /// \[V2-RX-4\].
    #[error("checksum {0:#06x} does not verify")]
    Checksum(u16),
    /// The packet went to something else than the VRRP group of its family, or than the own address
    /// where peers are configured \[W-28\].
    #[error("destination {0} is not where adverts go to")]
    Destination(IpAddr),
    /// The sender is no configured peer \[X-29\].
    #[error("source {0} is no peer")]
    UnknownPeer(IpAddr),
    /// An authentication header that this virtual router does not ask for \[W-6\].
    #[error("an authentication header that nobody asked for")]
    UnexpectedAuthenticationHeader,
    /// No authentication header, but this virtual router asks for one \[W-6\].
    #[error("no authentication header")]
    NoAuthenticationHeader,
    /// Version 2: no such authentication type \[W-7\], \[V2-RX-6\].
    #[error("authentication type {0} does not exist")]
    UnknownAuthType(u8),
    /// Version 2: another authentication type than the virtual router's \[W-5\], \[V2-RX-6\].
    #[error("authentication type {received}, not {expected}")]
    OtherAuthType {
        /// The type of the message.
        received: u8,
        /// The type of the policy.
        expected: u8,
    },
    /// The sender does not prove that it may speak.
    #[error(transparent)]
    Unauthentic(#[from] AuthFailure),
    /// The advertisement interval is 0 \[V3-RX-10\].
    #[error("advertisement interval 0")]
    ZeroInterval,
    /// Version 3: the address list is empty \[V3-RX-9\].
    #[error("no addresses")]
    NoAddresses,
}

/// The advertisement in `message`, what follows the headers of a packet described by `meta`.
///
/// Everything that octets and `policy` can tell is checked, in the order of [`AdvertError`]. What
/// needs memory (the configured interval and addresses, the own source address, the last sequence
/// number of each sender) is left to the receiver. The reserved nibble and, without authentication,
/// the authentication data of version 2 are not looked at \[V3-RX-17\], \[V2-RX-11\]; a first
/// IPv6 address that is not link-local passes \[W-17\]. The addresses are of the packet's family
/// \[V3-RX-18\].
///
/// `Advert::checksum` is the form that verified: for version 3 over IPv4 the message alone is
/// tried first. Version 2 reports [`ChecksumForm::MessageOnly`], IPv6
/// [`ChecksumForm::PseudoHeader`].
///
/// # Errors
/// [`AdvertError`], by the first check that fails.
#[inline(always)]
#[expect(clippy::inline_always, reason = "what a caller's policy rules out is left out")]
pub fn decode<'a>(
    message: &'a [u8],
    meta: &AdvertMeta,
    policy: &AdvertPolicy<'_>,
) -> Result<Advert<'a>, AdvertError> {
    let family = meta.addresses.family();
    let fields = Message::parse(message).ok_or(AdvertError::HeaderTruncated(message.len()))?;
    let version = check_identity(&fields, family, meta, policy)?;
    let parts = Parts::split(message, &fields, version, family, policy)?;
    let checksum = verified_form(&parts, version, family, meta, policy)
        .ok_or(AdvertError::Checksum(fields.checksum()))?;
    check_path(meta.addresses, policy)?;
    let sequence = authenticate(&parts, &fields, version, meta, policy)?;
    let interval = match version {
        Version::V2 => AdvertInterval::from_seconds(fields.advert_interval()),
        Version::V3 => AdvertInterval::from_centiseconds(fields.max_advert_interval()),
    };
    let interval = interval.ok_or(AdvertError::ZeroInterval)?;
    if version == Version::V3 && fields.count() == 0 {
        return Err(AdvertError::NoAddresses);
    }
    Ok(Advert {
        version,
        vrid: policy.vrid,
        priority: Priority::new(fields.priority()),
        interval,
        checksum,
        addresses: match family {
            Family::V4 => AddressList::from_v4_octets(parts.addresses),
            Family::V6 => AddressList::from_v6_octets(parts.addresses),
        },
        sequence,
    })
}

/// Checks B2 to D3: what the message is, for whom, and from how far.
#[inline]
fn check_identity(
    message: &Message<'_>,
    family: Family,
    meta: &AdvertMeta,
    policy: &AdvertPolicy<'_>,
) -> Result<Version, AdvertError> {
    let version = match message.version() {
        2 => Version::V2,
        3 => Version::V3,
        other => return Err(AdvertError::UnknownVersion(other)),
    };
    let vrid = Vrid::new(message.vrid()).ok_or(AdvertError::ZeroVrid)?;
    if vrid != policy.vrid {
        return Err(AdvertError::OtherVrid { received: vrid, expected: policy.vrid });
    }
    if !policy.path.admits_hop_limit(meta.addresses.source(), meta.hop_limit) {
        return Err(AdvertError::HopLimit(meta.hop_limit));
    }
    if version != policy.version {
        return Err(AdvertError::OtherVersion { received: version, expected: policy.version });
    }
    if version == Version::V2 && family == Family::V6 && !policy.v2_over_ipv6 {
        return Err(AdvertError::V2OverIpv6);
    }
    match message.kind() {
        TYPE_ADVERTISEMENT => Ok(version),
        other => Err(AdvertError::UnknownType(other)),
    }
}

/// The parts of a message of the right length.
struct Parts<'a> {
    /// Header, addresses and, in version 2, authentication data.
    message: &'a [u8],
    /// The addresses alone.
    addresses: &'a [u8],
    /// What the IP packet holds: the message, and what may be behind it.
    payload: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Check D4: the count field decides where the message ends.
    #[inline]
    fn split(
        payload: &'a [u8],
        fields: &Message<'_>,
        version: Version,
        family: Family,
        policy: &AdvertPolicy<'_>,
    ) -> Result<Self, AdvertError> {
        let expected = usize::from(message_len(version, family, fields.count()));
        let wrong = AdvertError::Length { received: payload.len(), expected };
        let (message, rest) = payload.split_at_checked(expected).ok_or(wrong)?;
        let addresses_end = HEADER_LEN + usize::from(addresses_len(family, fields.count()));
        let addresses = message.get(HEADER_LEN..addresses_end).ok_or(wrong)?;
        match <&[u8; TRAILER_LEN]>::try_from(rest) {
            _ if rest.is_empty() => {}
            Ok(_) if wants_trailer(policy.authentication) => {}
            Ok([1, _, 0, 0, ..]) => return Err(AdvertError::UnexpectedTrailer),
            _ if policy.trailing_octets => {}
            _ => return Err(wrong),
        }
        Ok(Self { message, addresses, payload })
    }
}

const fn wants_trailer(authentication: Authentication<'_>) -> bool {
    match authentication {
        Authentication::None => false,
        #[cfg(feature = "auth-legacy")]
        Authentication::Password(_) | Authentication::Header(_) => false,
        #[cfg(feature = "auth-hmac")]
        Authentication::Trailer(_) => true,
    }
}

/// Check D5: the checksum form in which the message verifies, of those that the policy accepts
/// \[W-23\]. Only over IPv6 does the checksum cover what is behind the message \[W-38\].
#[inline(always)]
fn verified_form(
    parts: &Parts<'_>,
    version: Version,
    family: Family,
    meta: &AdvertMeta,
    policy: &AdvertPolicy<'_>,
) -> Option<ChecksumForm> {
    use ChecksumForm::{GroupPseudoHeader, MessageOnly, PseudoHeader};

    let addresses = meta.addresses;
    if family == Family::V6 {
        let verifies = meta.checksum_verified || {
            let sum = Sum::new().add_octets(parts.payload);
            covered(sum, PseudoHeader, addresses, parts.payload.len()).verifies()
        };
        return verifies.then_some(PseudoHeader);
    }
    let sum = Sum::new().add_octets(parts.message);
    let verifies = |form| covered(sum, form, addresses, parts.message.len()).verifies();
    if version == Version::V2 {
        return verifies(MessageOnly).then_some(MessageOnly);
    }
    let is_unicast = addresses.destination() != group(Family::V4);
    let passes = |form| policy.checksum.contains(form) && verifies(form);
    [MessageOnly, PseudoHeader, GroupPseudoHeader]
        .into_iter()
        .find(|&form| passes(form) && (is_unicast || form != GroupPseudoHeader))
}

/// `sum` with what `form` covers besides the `length` octets of the message, 4116 at most.
#[inline]
pub(super) fn covered(sum: Sum, form: ChecksumForm, addresses: AddressPair, length: usize) -> Sum {
    match (form, addresses) {
        (ChecksumForm::MessageOnly, _) => sum,
        (ChecksumForm::PseudoHeader, AddressPair::V4 { source, destination }) => {
            add_pseudo_header_v4(sum, source, destination, length)
        }
        (ChecksumForm::GroupPseudoHeader, AddressPair::V4 { source, .. }) => {
            add_pseudo_header_v4(sum, source, GROUP_V4, length)
        }
        (_, AddressPair::V6 { .. }) => {
            sum.add_pseudo_header(addresses, Protocol::VRRP, length as u32)
        }
    }
}

/// Two words at a time, for it is most of the work on a short message.
#[inline]
fn add_pseudo_header_v4(sum: Sum, source: Ipv4Addr, destination: Ipv4Addr, length: usize) -> Sum {
    let last = u32::from(Protocol::VRRP.0) << 16 | length as u32;
    sum.add_words(source.to_bits()).add_words(destination.to_bits()).add_words(last)
}

/// The checksum form where there is no choice, everywhere but in version 3 over IPv4.
pub(super) const fn only_form(version: Version, family: Family) -> Option<ChecksumForm> {
    match (version, family) {
        (_, Family::V6) => Some(ChecksumForm::PseudoHeader),
        (Version::V2, Family::V4) => Some(ChecksumForm::MessageOnly),
        (Version::V3, Family::V4) => None,
    }
}

/// Checks E1 and E2: whom the packet is for, and from whom.
#[inline]
fn check_path(addresses: AddressPair, policy: &AdvertPolicy<'_>) -> Result<(), AdvertError> {
    if addresses.destination() != policy.path.destination() {
        return Err(AdvertError::Destination(addresses.destination()));
    }
    if !policy.path.admits(addresses.source()) {
        return Err(AdvertError::UnknownPeer(addresses.source()));
    }
    Ok(())
}

/// Check E3: the sender may speak for the virtual router.
#[inline]
fn authenticate(
    parts: &Parts<'_>,
    fields: &Message<'_>,
    version: Version,
    meta: &AdvertMeta,
    policy: &AdvertPolicy<'_>,
) -> Result<Option<Sequence>, AdvertError> {
    check_auth_type(fields, version, meta, policy)?;
    match (policy.authentication, parts) {
        (Authentication::None, _) => Ok(None),
        #[cfg(feature = "auth-legacy")]
        (Authentication::Password(password), parts) => {
            let data = parts.message.get(HEADER_LEN + parts.addresses.len()..);
            password.verify(data.and_then(<[u8]>::first_chunk))?;
            Ok(None)
        }
        #[cfg(feature = "auth-legacy")]
        (Authentication::Header(password), parts) => {
            let header = meta.authentication.ok_or(AdvertError::NoAuthenticationHeader)?;
            let hop_limit = meta.hop_limit;
            let verified =
                password.verify_header(&header, meta.addresses, hop_limit, parts.message)?;
            Ok(Some(verified))
        }
        #[cfg(feature = "auth-hmac")]
        (Authentication::Trailer(trailers), parts) => {
            let rest = parts.payload.get(parts.message.len()..).unwrap_or_default();
            let trailer = rest.try_into().ok();
            Ok(trailers.verify(trailer, meta.addresses, parts.message)?)
        }
    }
}

/// What the headers say of authentication is what the policy asks for \[W-6\], \[W-7\]. Version 3 has
/// no authentication types.
#[inline]
fn check_auth_type(
    fields: &Message<'_>,
    version: Version,
    meta: &AdvertMeta,
    policy: &AdvertPolicy<'_>,
) -> Result<(), AdvertError> {
    let expected = auth_type(policy.authentication);
    match (meta.authentication, expected) {
        (Some(_), 0 | 1) => return Err(AdvertError::UnexpectedAuthenticationHeader),
        (None, 2) => return Err(AdvertError::NoAuthenticationHeader),
        _ => {}
    }
    match fields.auth_type() {
        _ if version == Version::V3 => Ok(()),
        received if received == expected => Ok(()),
        received @ 0..=2 => Err(AdvertError::OtherAuthType { received, expected }),
        other => Err(AdvertError::UnknownAuthType(other)),
    }
}

/// The authentication type of version 2.
const fn auth_type(authentication: Authentication<'_>) -> u8 {
    match authentication {
        Authentication::None => 0,
        #[cfg(feature = "auth-legacy")]
        Authentication::Password(_) => 1,
        #[cfg(feature = "auth-legacy")]
        Authentication::Header(_) => 2,
        #[cfg(feature = "auth-hmac")]
        Authentication::Trailer(_) => 0,
    }
}
