//! What is checked, and how.

use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int};
use core::num::NonZeroU32;
use core::ptr;
use core::time::Duration;

use lvs_sched::health::{CheckConfig, CheckKind, CheckerConfig, HttpGet, VirtualServer};

use self::lvs_check_kind::*;
use crate::door::{check_size, items, read_sized, required, status, write_sized};
use crate::lvs_status::{LVS_ERR_CHECK, LVS_ERR_NO_MEMORY, LVS_ERR_QUORUM, LVS_ERR_TEXT};
use crate::{lvs_address, lvs_dest_config, lvs_service_key, lvs_status};

/// What a checker is told to be.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_checker_config {
    /// The sizeof of this struct.
    pub size: usize,
    /// The most checks of all real servers; memory for them is taken at creation.
    pub checks: u32,
    /// Spreads the first checks; directors with another seed ask at other moments.
    pub seed: [u64; 2],
}

const _: () = assert!(align_of::<u64>() < 8 || size_of::<lvs_checker_config>() % 8 == 0);

/// When a service is up, and who serves when it is not (virtual_server of keepalived.conf).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_virtual_server {
    /// The sizeof of this struct.
    pub size: usize,
    /// Who serves in the place of all real servers as long as quorum is lost; it is copied. NULL is
    /// nobody.
    pub sorry_server: *const lvs_dest_config,
    /// The service; the director has it already.
    pub service: lvs_service_key,
    /// The total weight of real servers that are up at which the service has quorum; 1 at least.
    pub quorum: u32,
    /// Quorum is lost only below `quorum - hysteresis`, and gained only at `quorum + hysteresis`; less
    /// than `quorum`.
    pub hysteresis: u32,
    /// Not 0 if real servers count as down until their checks have passed.
    pub alpha: u8,
    /// Not 0 if what is removed is told to be down.
    pub omega: u8,
    /// Not 0 if the sorry server stays in the service with weight 0 while it is not wanted.
    pub sorry_server_inhibit: u8,
}

/// What is asked of a real server.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_check_kind {
    /// That it accepts a TCP connection.
    LVS_CHECK_TCP = 0,
    /// That it answers an HTTP request.
    LVS_CHECK_HTTP_GET = 1,
    /// The same over TLS.
    LVS_CHECK_SSL_GET = 2,
    /// What the caller makes of `path`, such as a command line.
    LVS_CHECK_MISC = 3,
}

/// Codes of HTTP answers.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct lvs_status_codes {
    /// The least one.
    pub first: u16,
    /// The greatest one.
    pub last: u16,
}

/// The first check begins within `delay_loop_milliseconds`.
pub const LVS_WARMUP_DELAY_LOOP: u32 = u32::MAX;

/// One check of a real server, in the words of keepalived.conf.
///
/// A check is made of attempts: it passes with the first that does, and fails when the first and
/// `retry` more have failed. A server that is down gets no retry. `fall` checks that fail in a row
/// bring a server down, `rise` that pass bring it up.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_check_config {
    /// The sizeof of this struct.
    pub size: usize,
    /// What the request names, or what a LVS_CHECK_MISC is about; copied, as all that is pointed to.
    pub path: *const c_char,
    /// The host that the request names; NULL is the address.
    pub virtualhost: *const c_char,
    /// What the body of the answer must hold; NULL is anything.
    pub receive: *const c_char,
    /// The MD5 digest that the body must have, 16 octets; NULL is any.
    pub digest: *const u8,
    /// Of these codes the answer must have one.
    pub status_codes: *const lvs_status_codes,
    /// How many there are; 0 is 200 to 299.
    pub status_code_count: usize,
    /// One of `enum lvs_check_kind`.
    pub kind: c_int,
    /// From the end of one check to the beginning of the next; more than 0.
    pub delay_loop_milliseconds: u32,
    /// The first check begins within this span, at a moment that follows from the seed, so that many
    /// checks do not begin together; or LVS_WARMUP_DELAY_LOOP.
    pub warmup_milliseconds: u32,
    /// How long an attempt may take, up to the end of the answer; more than 0.
    pub connect_timeout_milliseconds: u32,
    /// Further attempts after one that failed.
    pub retry: u32,
    /// From the end of an attempt that failed to the next.
    pub delay_before_retry_milliseconds: u32,
    /// How many checks in a row must pass before a server that is down is up, 1 at least.
    pub rise: u32,
    /// How many checks in a row must fail before a server that is up is down, 1 at least.
    pub fall: u32,
    /// Who is asked; zeros are the real server's address.
    pub connect_ip: lvs_address,
    /// At which port in host order; 0 is the real server's.
    pub connect_port: u16,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_virtual_server>() == 56);
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<lvs_virtual_server>() == 44);
const _: () = assert!(size_of::<lvs_status_codes>() == 4);
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<lvs_check_config>() == 112);
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<lvs_check_config>() == 80);

/// Fills in the defaults: 1024 checks, a seed of zeros. `config->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `config` points to a `struct lvs_checker_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_checker_config_init(config: *mut lvs_checker_config) -> lvs_status {
    // SAFETY: the caller's contract.
    status(|| unsafe { write_sized(config, CheckerConfig::default().into()) })
}

/// Fills in a service that is up as long as a real server is, without sorry server. `config->size` is
/// to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `config` points to a `struct lvs_virtual_server` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_virtual_server_init(
    config: *mut lvs_virtual_server,
    service: Option<&lvs_service_key>,
) -> lvs_status {
    status(|| {
        let server = lvs_virtual_server {
            size: size_of::<lvs_virtual_server>(),
            sorry_server: ptr::null(),
            service: *required(service)?,
            quorum: 1,
            hysteresis: 0,
            alpha: 0,
            omega: 0,
            sorry_server_inhibit: 0,
        };
        // SAFETY: the caller's contract.
        unsafe { write_sized(config, server) }
    })
}

/// Fills in a check of `kind`, one of `enum lvs_check_kind`, with the figures of keepalived's TCP
/// check: every minute, up to 5 s, with 1 retry after 1 s. Of an HTTP request `path` is then to be
/// set. `config->size` is to be set before.
///
/// # Errors
/// `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
///
/// # Safety
/// `config` points to a `struct lvs_check_config` of any version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lvs_check_config_init(
    config: *mut lvs_check_config,
    kind: c_int,
) -> lvs_status {
    status(|| {
        let defaults = CheckConfig::new(CheckKind::TcpCheck);
        let check = lvs_check_config {
            size: size_of::<lvs_check_config>(),
            path: ptr::null(),
            virtualhost: ptr::null(),
            receive: ptr::null(),
            digest: ptr::null(),
            status_codes: ptr::null(),
            status_code_count: 0,
            kind,
            delay_loop_milliseconds: defaults.delay_loop.as_millis() as u32,
            warmup_milliseconds: LVS_WARMUP_DELAY_LOOP,
            connect_timeout_milliseconds: defaults.connect_timeout.as_millis() as u32,
            retry: defaults.retry,
            delay_before_retry_milliseconds: defaults.delay_before_retry.as_millis() as u32,
            rise: defaults.rise.get(),
            fall: defaults.fall.get(),
            connect_ip: lvs_address::default(),
            connect_port: 0,
        };
        // SAFETY: the caller's contract.
        unsafe { write_sized(config, check) }
    })
}

impl From<CheckerConfig> for lvs_checker_config {
    fn from(CheckerConfig { checks, seed }: CheckerConfig) -> Self {
        Self { size: size_of::<Self>(), checks, seed }
    }
}

impl From<lvs_checker_config> for CheckerConfig {
    fn from(lvs_checker_config { checks, seed, .. }: lvs_checker_config) -> Self {
        Self { checks, seed }
    }
}

impl lvs_virtual_server {
    /// # Safety
    /// The sorry server is NULL or points to a `struct lvs_dest_config` of any version.
    pub(super) unsafe fn read(&self) -> Result<VirtualServer, lvs_status> {
        let sorry_server = if self.sorry_server.is_null() {
            None
        } else {
            // SAFETY: the caller vouches for it.
            Some(unsafe { read_sized(self.sorry_server) }?.try_into()?)
        };
        Ok(VirtualServer {
            key: self.service.try_into()?,
            quorum: NonZeroU32::new(self.quorum).ok_or(LVS_ERR_QUORUM)?,
            hysteresis: self.hysteresis,
            alpha: self.alpha != 0,
            omega: self.omega != 0,
            sorry_server,
            sorry_server_inhibit: self.sorry_server_inhibit != 0,
        })
    }
}

/// # Safety
/// `checks` points to `count` structs of any version, and what is in them to what they say.
pub(super) unsafe fn checks(
    checks: *const lvs_check_config,
    count: usize,
) -> Result<Vec<CheckConfig>, lvs_status> {
    if count > 0 {
        // SAFETY: the caller vouches for it. Where the first ends the second begins.
        unsafe { check_size(checks) }?;
    }
    // SAFETY: the caller vouches for it.
    let checks = unsafe { items(checks, count) }?;
    let mut read = room(count)?;
    for check in checks {
        // SAFETY: the caller vouches for it.
        read.push(unsafe { read_sized(check)?.read() }?);
    }
    Ok(read)
}

impl lvs_check_config {
    /// # Safety
    /// Its pointers are NULL or point to what they say.
    unsafe fn read(&self) -> Result<CheckConfig, lvs_status> {
        let span = |milliseconds: u32| Duration::from_millis(milliseconds.into());
        let times = |number| NonZeroU32::new(number).ok_or(LVS_ERR_CHECK);
        let warmup = self.warmup_milliseconds;
        let connect_ip = match self.connect_ip.family {
            0 => None,
            _ => Some(self.connect_ip.try_into()?),
        };
        Ok(CheckConfig {
            // SAFETY: the caller vouches for it.
            kind: unsafe { self.read_kind() }?,
            connect_ip,
            connect_port: (self.connect_port != 0).then_some(self.connect_port),
            delay_loop: span(self.delay_loop_milliseconds),
            warmup: (warmup != LVS_WARMUP_DELAY_LOOP).then_some(span(warmup)),
            connect_timeout: span(self.connect_timeout_milliseconds),
            retry: self.retry,
            delay_before_retry: span(self.delay_before_retry_milliseconds),
            rise: times(self.rise)?,
            fall: times(self.fall)?,
        })
    }

    /// # Safety
    /// Its pointers are NULL or point to what they say.
    unsafe fn read_kind(&self) -> Result<CheckKind, lvs_status> {
        const TCP: c_int = LVS_CHECK_TCP as c_int;
        const HTTP_GET: c_int = LVS_CHECK_HTTP_GET as c_int;
        const SSL_GET: c_int = LVS_CHECK_SSL_GET as c_int;
        const MISC: c_int = LVS_CHECK_MISC as c_int;
        // SAFETY: the caller vouches for it.
        unsafe {
            Ok(match self.kind {
                TCP => CheckKind::TcpCheck,
                HTTP_GET => CheckKind::HttpGet(self.read_get()?),
                SSL_GET => CheckKind::SslGet(self.read_get()?),
                MISC => CheckKind::MiscCheck(required(text(self.path)?)?),
                _ => return Err(LVS_ERR_CHECK),
            })
        }
    }

    /// # Safety
    /// Its pointers are NULL or point to what they say.
    unsafe fn read_get(&self) -> Result<HttpGet, lvs_status> {
        // SAFETY: the caller vouches for it.
        let codes = unsafe { items(self.status_codes, self.status_code_count) }?;
        let mut status_codes = room(codes.len())?;
        status_codes.extend(codes.iter().map(|codes| codes.first..=codes.last));
        // SAFETY: the caller vouches for it.
        unsafe {
            Ok(HttpGet {
                path: required(text(self.path)?)?,
                virtualhost: text(self.virtualhost)?,
                status_codes,
                digest: self.digest.cast::<[u8; 16]>().as_ref().copied(),
                receive: text(self.receive)?,
            })
        }
    }
}

/// A copy of a text, with its NUL: so it can be given back to C.
///
/// # Safety
/// `text` is NULL or ends with a NUL.
unsafe fn text(text: *const c_char) -> Result<Option<String>, lvs_status> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller vouches for it.
    let octets = unsafe { CStr::from_ptr(text) }.to_bytes_with_nul();
    let text = core::str::from_utf8(octets).map_err(|_| LVS_ERR_TEXT)?;
    let mut copy = String::new();
    copy.try_reserve_exact(text.len()).map_err(|_| LVS_ERR_NO_MEMORY)?;
    copy.push_str(text);
    Ok(Some(copy))
}

fn room<T>(count: usize) -> Result<Vec<T>, lvs_status> {
    let mut room = Vec::new();
    room.try_reserve_exact(count).map_err(|_| LVS_ERR_NO_MEMORY)?;
    Ok(room)
}
