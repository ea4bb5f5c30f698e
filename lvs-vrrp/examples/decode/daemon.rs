//! The configurations of recorded daemons, and what they mean to a virtual router.

use std::net::IpAddr;

use lvs_proto::Family;
use lvs_proto::vrrp::{AdvertInterval, ChecksumAccept, Password, Priority, Secret, Version, Vrid};
use lvs_vrrp::{AddressMismatch, Config};
use serde_json::Value;

/// The most addresses that keepalived puts in an advert over IPv6, for an MTU of 1500 octets.
const KEEPALIVED_V6_ADDRESSES: usize = 89;

/// Whose rules a router follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// RFC 9568, and RFC 3768 for version 2.
    Rfc,
    /// keepalived 2.2.7.
    Keepalived,
    /// FRR 8.4.4 and 10.3.
    Frr,
}

/// keepalived's version unless it is given \[X-9\].
pub(crate) fn version(instance: &Value, family: Family) -> Version {
    match (instance["version"].as_u64(), family) {
        (Some(2), _) | (None, Family::V4) => Version::V2,
        _ => Version::V3,
    }
}

/// The virtual addresses of the family.
pub(crate) fn addresses(instance: &Value, family: Family) -> Vec<IpAddr> {
    let mut addresses: Vec<_> = texts(&instance["vips"])
        .filter_map(address)
        .filter(|address| Family::of(*address) == family)
        .collect();
    addresses.truncate(match family {
        Family::V4 => 255,
        Family::V6 => KEEPALIVED_V6_ADDRESSES,
    });
    addresses
}

/// The rules of the profile with the interval of the instance; its priority is left out.
pub(crate) fn config(profile: Profile, version: Version, vrid: Vrid, instance: &Value) -> Config {
    let frr_checksum = match instance["pseudo"].as_bool() {
        Some(false) => ChecksumAccept::MESSAGE_ONLY,
        _ => ChecksumAccept::PSEUDO_HEADER,
    };
    let profile = match (profile, version) {
        (Profile::Rfc, Version::V2) => Config::rfc3768(vrid),
        (Profile::Rfc, Version::V3) => Config::rfc9568(vrid),
        (Profile::Keepalived, _) => {
            Config { address_mismatch: AddressMismatch::Drop, ..Config::keepalived(version, vrid) }
        }
        (Profile::Frr, _) => Config {
            version,
            address_mismatch: AddressMismatch::Off,
            checksum_accept: frr_checksum,
            ..Config::rfc5798(vrid)
        },
    };
    let interval = interval(version, instance).unwrap_or(AdvertInterval::DEFAULT);
    Config { priority: Priority::DEFAULT, interval, ..profile }
}

/// `advert_int` in seconds, rounded as keepalived does \[X-10\]; FRR cuts its milliseconds off.
#[allow(clippy::float_arithmetic, reason = "the recordings have seconds in decimals")]
pub(crate) fn interval(version: Version, instance: &Value) -> Option<AdvertInterval> {
    let given = &instance["advert_int"];
    let seconds = given.as_f64().or_else(|| given.as_str()?.parse().ok());
    match (version, seconds, instance["advert_ms"].as_u64()) {
        (_, Some(seconds), _) if !(0.01..=255.0).contains(&seconds) => None,
        (Version::V2, Some(seconds), _) => {
            AdvertInterval::from_seconds(seconds.round().max(1.0) as u8)
        }
        (Version::V3, Some(seconds), _) => {
            AdvertInterval::from_centiseconds((seconds * 100.0).round() as u16)
        }
        (Version::V2, _, Some(ms)) => AdvertInterval::from_seconds((ms / 1000).max(1) as u8),
        (Version::V3, _, Some(ms)) => AdvertInterval::from_centiseconds((ms / 10) as u16),
        _ => None,
    }
}

/// What its adverts prove.
pub(crate) fn secret(auth: &Value) -> Secret {
    let (Some(kind), Some(text)) = (auth[0].as_str(), auth[1].as_str()) else {
        return Secret::None;
    };
    let password = Password::new(text.as_bytes());
    match kind {
        "PASS" => Secret::Password(password),
        "AH" => Secret::Header(password),
        _ => Secret::None,
    }
}

pub(crate) fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// An address, with or without a prefix length.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    text.split('/').next()?.parse().ok()
}
