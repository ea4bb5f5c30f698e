//! Addresses.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lvs_proto::{Family, MacAddr};

use crate::lvs_status;
use crate::lvs_status::LVS_ERR_FAMILY;

/// The family of an IPv4 address.
pub const LVS_IPV4: u8 = 4;
/// The family of an IPv6 address.
pub const LVS_IPV6: u8 = 6;

/// An IP address.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct lvs_address {
    /// LVS_IPV4 or LVS_IPV6.
    pub family: u8,
    /// In network order. Of IPv4 the first four count; the others are written as zeros and not
    /// read.
    pub octets: [u8; 16],
}

/// An Ethernet address.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct lvs_mac {
    /// In transmission order.
    pub octets: [u8; 6],
}

const _: () = assert!(size_of::<lvs_address>() == 17 && align_of::<lvs_address>() == 1);
const _: () = assert!(size_of::<lvs_mac>() == 6);

/// Which family the number is of.
pub(crate) const fn family(number: u8) -> Result<Family, lvs_status> {
    match number {
        LVS_IPV4 => Ok(Family::V4),
        LVS_IPV6 => Ok(Family::V6),
        _ => Err(LVS_ERR_FAMILY),
    }
}

/// The IPv4 address in the first four of `octets`.
pub(crate) fn v4(octets: [u8; 16]) -> Ipv4Addr {
    let [a, b, c, d, ..] = octets;
    Ipv4Addr::new(a, b, c, d)
}

impl TryFrom<lvs_address> for IpAddr {
    type Error = lvs_status;

    #[inline]
    fn try_from(address: lvs_address) -> Result<Self, lvs_status> {
        Ok(match family(address.family)? {
            Family::V4 => Self::V4(v4(address.octets)),
            Family::V6 => Self::V6(Ipv6Addr::from(address.octets)),
        })
    }
}

impl lvs_address {
    /// Writes the address in its place, which holds zeros.
    #[inline]
    pub(crate) fn set(&mut self, address: &IpAddr) {
        match address {
            IpAddr::V4(address) => {
                self.family = LVS_IPV4;
                let [a, b, c, d, ..] = &mut self.octets;
                [*a, *b, *c, *d] = address.octets();
            }
            IpAddr::V6(address) => {
                self.family = LVS_IPV6;
                self.octets = address.octets();
            }
        }
    }
}

impl From<IpAddr> for lvs_address {
    #[inline]
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                Self { family: LVS_IPV4, octets: [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }
            }
            IpAddr::V6(address) => Self { family: LVS_IPV6, octets: address.octets() },
        }
    }
}

impl From<MacAddr> for lvs_mac {
    fn from(mac: MacAddr) -> Self {
        Self { octets: mac.octets() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_round_trip_and_unknown_families_do_not_pass() {
        for text in ["192.0.2.1", "2001:db8::1"] {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(IpAddr::try_from(lvs_address::from(address)), Ok(address));
        }
        for family in [0, 1, 2, 10, 255] {
            let address = lvs_address { family, octets: [1; 16] };
            assert_eq!(IpAddr::try_from(address), Err(LVS_ERR_FAMILY));
        }
    }
}
