//! Proofs of all kinds.

use core::ffi::c_int;

use lvs_proto::vrrp::{
    Advert, Authentication, HOP_LIMIT, HeaderFields, Password, TrailerKey, TrailerPolicy,
    TrailerTime, Version, encode, encode_with_header, encode_with_password, encode_with_trailer,
};
use lvs_proto::{AddressPair, Protocol};

use super::lvs_vrrp_authentication_kind::*;
use super::{lvs_vrrp_authentication, lvs_vrrp_key};
use crate::door::items;
use crate::lvs_status::{LVS_ERR_AUTHENTICATION, LVS_ERR_KEY};
use crate::{lvs_status, lvs_time};

const AUTHENTICATION_HEADER: Protocol = Protocol(51);

/// Senders whose sequence numbers a virtual router remembers: the Active router and the one that
/// displaces it.
pub(super) const SENDERS: usize = 2;

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
    pub(super) unsafe fn new(
        of: &lvs_vrrp_authentication,
        version: Version,
    ) -> Result<Self, lvs_status> {
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

    /// What the header of an IP packet says of the advert in it: its protocol, and which it is.
    pub(super) const fn outside(&self, sequence: u32) -> (Protocol, u16) {
        match self {
            // Not 0, which kernels fill in.
            Self::Header(_) => (AUTHENTICATION_HEADER, sequence as u16 | 1),
            _ => (Protocol::VRRP, 0),
        }
    }

    /// Writes the payload of an IP packet between `addresses`: the message and its proof. `time` is
    /// now, and whether this is a copy of the last advert for another peer.
    pub(super) fn encode(
        &mut self,
        advert: &Advert<'_>,
        addresses: AddressPair,
        sequence: u32,
        time: (lvs_time, bool),
        out: &mut [u8],
    ) -> Result<usize, lvs_status> {
        let (_, identification) = self.outside(sequence);
        Ok(match self {
            Self::None => encode(advert, addresses, out),
            Self::Password(password) => encode_with_password(advert, addresses, password, out),
            Self::Header(password) => {
                // As keepalived has it [W-10].
                let hop_limit = if addresses.destination().is_multicast() { HOP_LIMIT } else { 0 };
                let fields = HeaderFields { identification, sequence, hop_limit };
                encode_with_header(advert, addresses, password, fields, out)
            }
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
        let octets = unsafe { items(self.octets, self.length) }?;
        TrailerKey::new(self.id, octets).map_err(|_| LVS_ERR_KEY)
    }
}
