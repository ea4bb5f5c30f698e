//! Octets of an advertisement: RFC 3768 section 5.1 (version 2), RFC 9568 section 5.2 (version 3).

use core::net::{Ipv4Addr, Ipv6Addr};

use super::{AdvertInterval, Version, Vrid};
use crate::Family;

/// The IPv4 group that advertisements go to (RFC 9568 section 5.1.1.2) \[V3-TX-17\].
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

/// The IPv6 group that advertisements go to (RFC 9568 section 5.1.2.2) \[V3-TX-17\].
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);

/// The hop limit of every advertisement, sent or accepted: no router has touched it \[V3-TX-1\],
/// \[V3-TX-2\], \[V2-TX-1\].
pub const HOP_LIMIT: u8 = 255;

/// The type of every message, ADVERTISEMENT.
pub(super) const TYPE_ADVERTISEMENT: u8 = 1;

/// Octets before the addresses.
pub(super) const HEADER_LEN: usize = 8;

/// Octets of authentication data behind the addresses, in version 2.
pub(super) const AUTHENTICATION_DATA_LEN: usize = 8;

/// A message as it stands: its fields are read, not judged. [`decode`](super::decode) judges them.
///
/// ```
/// use lvs_proto::vrrp::Message;
///
/// let octets = [0x31, 51, 100, 1, 0xf0, 100, 0xa8, 0x02, 192, 0, 2, 100];
/// let message = Message::parse(&octets).ok_or("8 octets at least")?;
/// assert_eq!((message.version(), message.kind(), message.vrid()), (3, 1, 51));
/// assert_eq!((message.reserved(), message.max_advert_interval()), (15, 100));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    header: &'a [u8; HEADER_LEN],
    body: &'a [u8],
}

impl<'a> Message<'a> {
    /// The message in `octets`, or `None` if they do not hold the header of 8.
    #[must_use]
    pub const fn parse(octets: &'a [u8]) -> Option<Self> {
        match octets.split_first_chunk() {
            Some((header, body)) => Some(Self { header, body }),
            None => None,
        }
    }

    /// The version, 4 bits.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.header[0] >> 4
    }

    /// The type, 4 bits.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        self.header[0] & 0x0f
    }

    /// The virtual router identifier; 0 is none.
    #[must_use]
    pub const fn vrid(&self) -> u8 {
        self.header[1]
    }

    /// The priority.
    #[must_use]
    pub const fn priority(&self) -> u8 {
        self.header[2]
    }

    /// How many addresses the message says that it has.
    #[must_use]
    pub const fn count(&self) -> u8 {
        self.header[3]
    }

    /// Version 2: the authentication type.
    #[must_use]
    pub const fn auth_type(&self) -> u8 {
        self.header[4]
    }

    /// Version 2: the advertisement interval, in seconds.
    #[must_use]
    pub const fn advert_interval(&self) -> u8 {
        self.header[5]
    }

    /// Version 3: the bits that are to be 0 and not looked at, 4 of them \[V3-RX-17\].
    #[must_use]
    pub const fn reserved(&self) -> u8 {
        self.header[4] >> 4
    }

    /// Version 3: the advertisement interval, in centiseconds.
    #[must_use]
    pub const fn max_advert_interval(&self) -> u16 {
        u16::from_be_bytes([self.header[4], self.header[5]]) & AdvertInterval::MAX_V3_CENTISECONDS
    }

    /// The checksum field.
    #[must_use]
    pub const fn checksum(&self) -> u16 {
        u16::from_be_bytes([self.header[6], self.header[7]])
    }

    /// What follows the header: addresses and, in version 2, authentication data.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }
}

/// The virtual router that `message` speaks for, read before anything else is checked so that the
/// receiver can find the policy for [`decode`](super::decode). `None` if the octet is missing or 0.
#[must_use]
pub fn vrid_of(message: &[u8]) -> Option<Vrid> {
    message.get(1).copied().and_then(Vrid::new)
}

/// Octets of the addresses of a message with `count` of them.
pub(super) const fn addresses_len(family: Family, count: u8) -> u16 {
    let address_len = match family {
        Family::V4 => 4,
        Family::V6 => 16,
    };
    address_len * count as u16
}

/// Octets of a message with `count` addresses \[W-1\], \[W-15\]; version 2 over IPv6 has no
/// authentication data \[W-3\].
pub(super) const fn message_len(version: Version, family: Family, count: u8) -> u16 {
    let authentication_data_len = match (version, family) {
        (Version::V2, Family::V4) => AUTHENTICATION_DATA_LEN as u16,
        _ => 0,
    };
    HEADER_LEN as u16 + addresses_len(family, count) + authentication_data_len
}
