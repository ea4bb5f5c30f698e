//! Versions.

use core::ffi::c_char;

/// The major version of this header.
pub const LVS_VERSION_MAJOR: u32 = 0;
/// The minor version of this header.
pub const LVS_VERSION_MINOR: u32 = 1;
/// The patch version of this header.
pub const LVS_VERSION_PATCH: u32 = 0;

/// The version of the library that is linked, like "0.1.0"; static, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

// The header tells the version of the package.
const _: () = {
    assert!(is(env!("CARGO_PKG_VERSION_MAJOR"), LVS_VERSION_MAJOR));
    assert!(is(env!("CARGO_PKG_VERSION_MINOR"), LVS_VERSION_MINOR));
    assert!(is(env!("CARGO_PKG_VERSION_PATCH"), LVS_VERSION_PATCH));
};

const fn is(text: &str, number: u32) -> bool {
    matches!(u32::from_str_radix(text, 10), Ok(parsed) if parsed == number)
}
