//! Proofs of all kinds.

use core::ffi::c_int;

use lvs_proto::AddressPair;
use lvs_proto::vrrp::{
    Advert, Authentication, Password, Secret, SequenceNumbers, TrailerKey, TrailerTime, Version,
};

use super::lvs_vrrp_authentication_kind::*;
use super::{lvs_vrrp_authentication, lvs_vrrp_key};
use crate::door::items;
use crate::lvs_status::{LVS_ERR_AUTHENTICATION, LVS_ERR_KEY};
use crate::{lvs_status, lvs_time};

/// Senders whose sequence numbers a virtual router remembers: the Active router and the one that
/// displaces it.
pub(super) const SENDERS: usize = 2;

/// The secret of a virtual router, and what its proofs take besides.
#[derive(Debug, Default)]
pub(super) struct Authenticator {
    secret: Secret,
    /// Of trailers, in seconds.
    window: Option<u16>,
    utc_offset_micros: i64,
    /// The number of the last advert that was sent.
    last: Option<TrailerTime>,
}

impl Authenticator {
    /// # Safety
    /// The keys are there with their octets.
    pub(super) unsafe fn new(
        of: &lvs_vrrp_authentication,
        version: Version,
    ) -> Result<Self, lvs_status> {
        let authenticator = Self {
            // SAFETY: the caller vouches for it.
            secret: unsafe { secret(of) }?,
            window: (of.window_seconds != 0).then_some(of.window_seconds),
            utc_offset_micros: of.utc_offset_micros,
            last: None,
        };
        if authenticator.is_for(version) { Ok(authenticator) } else { Err(LVS_ERR_AUTHENTICATION) }
    }

    /// Whether adverts of that version can be proved so.
    pub(super) const fn is_for(&self, version: Version) -> bool {
        let is_legacy = matches!(self.secret, Secret::Password(_) | Secret::Header(_));
        !(is_legacy && matches!(version, Version::V3))
    }

    /// Proves adverts as `other` does from now on; the numbers of trailers go on \[W-39\].
    pub(super) fn replace(&mut self, other: Self) {
        *self = Self { last: self.last, ..other };
    }

    /// What is asked of an advert received at `now`.
    pub(super) fn policy(&self, now: lvs_time) -> Authentication<'_> {
        self.secret.authentication(self.window.map(|window| (self.utc(now), window)))
    }

    /// Writes the IP packet between `addresses`. `header` is the number of an authentication header;
    /// `time` is now, and whether this is a copy of the last advert for another peer.
    pub(super) fn write(
        &mut self,
        advert: &Advert<'_>,
        addresses: AddressPair,
        header: u32,
        (now, is_copy): (lvs_time, bool),
        out: &mut [u8],
    ) -> Result<usize, lvs_status> {
        let trailer = match self.last {
            Some(last) if is_copy => last,
            last => self.utc(now).next_after(last, self.window),
        };
        let numbers = SequenceNumbers { header, trailer };
        let length = self.secret.packet(advert, addresses, numbers, out)?;
        self.last = Some(trailer);
        Ok(length)
    }

    fn utc(&self, now: lvs_time) -> TrailerTime {
        let micros = now.saturating_add_signed(self.utc_offset_micros);
        TrailerTime::from_utc((micros / 1_000_000) as u32, (micros % 1_000_000) as u32)
    }
}

/// # Safety
/// The keys are there with their octets.
unsafe fn secret(of: &lvs_vrrp_authentication) -> Result<Secret, lvs_status> {
    const NONE: c_int = LVS_VRRP_AUTHENTICATION_NONE as c_int;
    const PASSWORD: c_int = LVS_VRRP_AUTHENTICATION_PASSWORD as c_int;
    const HEADER: c_int = LVS_VRRP_AUTHENTICATION_HEADER as c_int;
    const TRAILER: c_int = LVS_VRRP_AUTHENTICATION_TRAILER as c_int;
    // SAFETY: the caller vouches for it.
    let keys = unsafe { items(of.keys, of.key_count) }?;
    match (of.kind, keys) {
        (NONE, []) => Ok(Secret::None),
        // SAFETY: the caller vouches for it.
        (PASSWORD, [key]) => Ok(Secret::Password(unsafe { key.password() }?)),
        // SAFETY: the caller vouches for it.
        (HEADER, [key]) => Ok(Secret::Header(unsafe { key.password() }?)),
        (TRAILER, [first] | [first, _]) => {
            let last = keys.last().unwrap_or(first);
            // SAFETY: the caller vouches for it.
            let keys = unsafe { [first.trailer()?, last.trailer()?] };
            Ok(Secret::Trailer { keys, required: of.required != 0 })
        }
        (NONE | PASSWORD | HEADER | TRAILER, _) => Err(LVS_ERR_KEY),
        _ => Err(LVS_ERR_AUTHENTICATION),
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
