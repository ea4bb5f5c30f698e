//! How virtual routers prove that they may speak.

use core::ffi::c_int;

use super::lvs_vrrp;
use super::proofs::Authenticator;
use crate::door::{read_sized, required, status};
use crate::lvs_status;

/// How adverts prove who sends them.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_vrrp_authentication_kind {
    /// None: whoever is on the link may speak (RFC 9568).
    LVS_VRRP_AUTHENTICATION_NONE = 0,
    /// Version 2 only: a password that everybody can read (RFC 2338) \[W-4\].
    LVS_VRRP_AUTHENTICATION_PASSWORD = 1,
    /// Version 2 only: an IP authentication header of HMAC-MD5 (RFC 2338) \[W-5\].
    LVS_VRRP_AUTHENTICATION_HEADER = 2,
    /// A trailer of HMAC-SHA256 behind the message (draft-cassen-vrrp-auth-hmac) \[W-37\].
    LVS_VRRP_AUTHENTICATION_TRAILER = 3,
}

/// A key.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_vrrp_key {
    /// Its octets; they are copied. At most 8 for a password or a header, 32 to 64 for a trailer.
    pub octets: *const u8,
    /// How many there are.
    pub length: usize,
    /// For a trailer: its number, 1 to 255.
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
    /// How many there are: 1 for a password or a header, 1 or 2 for a trailer, else 0.
    pub key_count: usize,
    /// For a trailer: what to add to an `lvs_time` to have microseconds since 1970 in UTC.
    pub utc_offset_micros: i64,
    /// One of `enum lvs_vrrp_authentication_kind`.
    pub kind: c_int,
    /// For a trailer: how many seconds its time may be off; 0 does not look at the time.
    pub window_seconds: u16,
    /// For a trailer: not 0 if adverts without one are refused.
    pub required: u8,
}

/// Sets how adverts are authenticated from now on; at first they are not. To change a key, or the
/// offset of a clock that was set, call it again: numbers of trailers go on from the last.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_KEY`; `LVS_ERR_AUTHENTICATION` if
/// the kind does not exist, or not in the router's version, or not in this build of the library.
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
        vrrp.0.write(|vrrp| vrrp.authenticator.replace(authenticator))
    })
}
