//! How virtual routers prove that they may speak.

use core::ffi::c_int;

use lvs_proto::AddressPair;
use lvs_proto::vrrp::{
    Advert, Authentication, HeaderFields, Password, TrailerKey, TrailerPolicy, TrailerTime,
    Version, encode, encode_with_header, encode_with_password, encode_with_trailer,
};

use self::lvs_vrrp_authentication_kind::*;
use super::lvs_vrrp;
use crate::door::{items, read_sized, required, status};
use crate::lvs_status::{LVS_ERR_AUTHENTICATION, LVS_ERR_KEY};
use crate::{lvs_status, lvs_time};

/// Ways to prove it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_vrrp_authentication_kind {
    /// None: whoever is on the link may speak (RFC 9568).
    LVS_VRRP_AUTHENTICATION_NONE = 0,
    /// Of version 2, a password for all to see (RFC 2338) \[W-4\].
    LVS_VRRP_AUTHENTICATION_PASSWORD = 1,
    /// Of version 2, an IP authentication header of HMAC-MD5 (RFC 2338) \[W-5\].
    LVS_VRRP_AUTHENTICATION_HEADER = 2,
    /// A trailer of HMAC-SHA256 behind the message (draft-cassen-vrrp-auth-hmac) \[W-37\].
    LVS_VRRP_AUTHENTICATION_TRAILER = 3,
}

/// A key.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_vrrp_key {
    /// Its octets; they are copied. Of a password or a header at most 8, of a trailer 32 to 64.
    pub octets: *const u8,
    /// How many there are.
    pub length: usize,
    /// Of a trailer its number, 1 to 255.
    pub id: u8,
}

/// What a virtual router has to prove, and others to it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_vrrp_authentication {
    /// The sizeof of this struct.
    pub size: usize,
    /// The keys. Adverts go out with the first; those with any are taken.
    pub keys: *const lvs_vrrp_key,
    /// How many there are: 1, of a trailer 1 or 2, of nothing 0.
    pub key_count: usize,
    /// Of a trailer, what is to be added to an `lvs_time` for microseconds since 1970 in UTC.
    pub utc_offset_micros: i64,
    /// One of `enum lvs_vrrp_authentication_kind`.
    pub kind: c_int,
    /// Of a trailer, how many seconds its time may be off; 0 is any number.
    pub window_seconds: u16,
    /// Of a trailer, not 0 if an advert without one is refused.
    pub required: u8,
}

/// Sets how adverts are authenticated from now on; at first they are not.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_KEY`; `LVS_ERR_AUTHENTICATION` if
/// the kind does not exist, or not in the router's version.
///
/// # Safety
/// `authentication` points to a `struct lvs_vrrp_authentication` of any version, its keys to
/// `key_count` keys with their octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_vrrp_set_authentication(
    vrrp: Option<&mut lvs_vrrp>,
    authentication: *const lvs_vrrp_authentication,
) -> lvs_status {
    status(|| {
        let vrrp = required(vrrp)?;
        let version = vrrp.0.read()?.router.config().version;
        // SAFETY: the caller's contract.
        let authenticator = unsafe { Authenticator::new(&read_sized(authentication)?, version) }?;
        vrrp.0.write(|vrrp| vrrp.authenticator = authenticator)
    })
}

/// The proofs of a virtual router.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a box would want an allocator")]
pub(super) enum Authenticator {
    None,
    Password(Password),
    Header(Password),
    Trailer(Trailer),
}

#[derive(Debug)]
pub(super) struct Trailer {
    /// If there is one only, twice.
    keys: [TrailerKey; 2],
    count: usize,
    required: bool,
    window: Option<u16>,
    utc_offset_micros: i64,
    /// The time of the last advert that was sent.
    last: Option<TrailerTime>,
}

impl Authenticator {
    /// # Safety
    /// The keys are there with their octets.
    unsafe fn new(of: &lvs_vrrp_authentication, version: Version) -> Result<Self, lvs_status> {
        const NONE: c_int = LVS_VRRP_AUTHENTICATION_NONE as c_int;
        const PASSWORD: c_int = LVS_VRRP_AUTHENTICATION_PASSWORD as c_int;
        const HEADER: c_int = LVS_VRRP_AUTHENTICATION_HEADER as c_int;
        const TRAILER: c_int = LVS_VRRP_AUTHENTICATION_TRAILER as c_int;
        // SAFETY: the caller vouches for it.
        let keys = unsafe { items(of.keys, of.key_count) }?;
        match (of.kind, version, keys) {
            (NONE, _, []) => Ok(Self::None),
            // SAFETY: the caller vouches for it.
            (PASSWORD, Version::V2, [key]) => Ok(Self::Password(unsafe { key.password() }?)),
            // SAFETY: the caller vouches for it.
            (HEADER, Version::V2, [key]) => Ok(Self::Header(unsafe { key.password() }?)),
            (TRAILER, _, [first] | [first, _]) => {
                let last = keys.last().unwrap_or(first);
                // SAFETY: the caller vouches for it.
                let keys_twice = unsafe { [first.trailer()?, last.trailer()?] };
                Ok(Self::Trailer(Trailer {
                    keys: keys_twice,
                    count: keys.len(),
                    required: of.required != 0,
                    window: (of.window_seconds != 0).then_some(of.window_seconds),
                    utc_offset_micros: of.utc_offset_micros,
                    last: None,
                }))
            }
            (NONE | TRAILER, ..) | (PASSWORD | HEADER, Version::V2, _) => Err(LVS_ERR_KEY),
            _ => Err(LVS_ERR_AUTHENTICATION),
        }
    }

    /// What is asked of an advert received at `now`.
    pub(super) fn policy(&self, now: lvs_time) -> Authentication<'_> {
        match self {
            Self::None => Authentication::None,
            Self::Password(password) => Authentication::Password(password),
            Self::Header(password) => Authentication::Header(password),
            Self::Trailer(trailer) => Authentication::Trailer(TrailerPolicy {
                keys: trailer.keys.get(..trailer.count).unwrap_or_default(),
                required: trailer.required,
                window: trailer.window.map(|window| (trailer.utc(now), window)),
            }),
        }
    }

    /// Writes the payload of an IP packet between `addresses`: the message and its proof. `time` is
    /// now, and whether this is a copy of the last advert for another peer.
    pub(super) fn encode(
        &mut self,
        advert: &Advert<'_>,
        addresses: AddressPair,
        fields: HeaderFields,
        time: (lvs_time, bool),
        out: &mut [u8],
    ) -> Result<usize, lvs_status> {
        Ok(match self {
            Self::None => encode(advert, addresses, out),
            Self::Password(password) => encode_with_password(advert, addresses, password, out),
            Self::Header(password) => encode_with_header(advert, addresses, password, fields, out),
            Self::Trailer(trailer) => {
                let [key, _] = &trailer.keys;
                let time = trailer.next(time);
                let written = encode_with_trailer(advert, addresses, key, time, out);
                if written.is_ok() {
                    trailer.last = Some(time);
                }
                written
            }
        }?)
    }

    pub(super) const fn has_header(&self) -> bool {
        matches!(self, Self::Header(_))
    }
}

impl Trailer {
    fn utc(&self, now: lvs_time) -> TrailerTime {
        let micros = now.saturating_add_signed(self.utc_offset_micros);
        TrailerTime::from_utc((micros / 1_000_000) as u32, (micros % 1_000_000) as u32)
    }

    /// The time to put into an advert: above that of the last one.
    fn next(&self, (now, is_copy): (lvs_time, bool)) -> TrailerTime {
        match self.last {
            Some(last) if is_copy => last,
            last => self.utc(now).next_after(last, self.window),
        }
    }
}

impl lvs_vrrp_key {
    /// # Safety
    /// The octets are there.
    unsafe fn password(&self) -> Result<Password, lvs_status> {
        // SAFETY: the caller vouches for it.
        let octets = unsafe { items(self.octets, self.length) }?;
        if octets.len() > 8 { Err(LVS_ERR_KEY) } else { Ok(Password::new(octets)) }
    }

    /// # Safety
    /// The octets are there.
    unsafe fn trailer(&self) -> Result<TrailerKey, lvs_status> {
        // SAFETY: the caller vouches for it.
        Ok(TrailerKey::new(self.id, unsafe { items(self.octets, self.length) }?)?)
    }
}
