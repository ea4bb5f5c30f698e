//! Link and network addresses, in pairs of one family.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

/// An Ethernet address.
///
/// ```
/// use lvs_proto::MacAddr;
///
/// let mac: MacAddr = "00:00:5e:00:01:33".parse()?;
/// assert_eq!(mac.octets()[5], 0x33);
/// assert_eq!(mac.to_string(), "00:00:5e:00:01:33");
/// # Ok::<(), lvs_proto::ParseMacAddrError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct MacAddr([u8; 6]);

impl MacAddr {
    /// `ff:ff:ff:ff:ff:ff`.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// The address of these octets, in transmission order.
    #[must_use]
    pub const fn new(octets: [u8; 6]) -> Self {
        Self(octets)
    }

    /// The octets in transmission order.
    #[must_use]
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// Whether the group bit is set: multicast and broadcast.
    #[must_use]
    pub const fn is_multicast(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// The group address that carries an IPv4 multicast `group` (RFC 1112 section 6.4).
    #[must_use]
    pub const fn of_ipv4_multicast(group: Ipv4Addr) -> Self {
        let [_, a, b, c] = group.octets();
        Self([0x01, 0x00, 0x5e, a & 0x7f, b, c])
    }

    /// The group address that carries an IPv6 multicast `group` (RFC 2464 section 7).
    #[must_use]
    pub const fn of_ipv6_multicast(group: Ipv6Addr) -> Self {
        let [.., a, b, c, d] = group.octets();
        Self([0x33, 0x33, a, b, c, d])
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// The text is not six colon-separated pairs of hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a MAC address is six pairs of hexadecimal digits joined by colons")]
pub struct ParseMacAddrError;

impl FromStr for MacAddr {
    type Err = ParseMacAddrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut octets = [0; 6];
        let mut words = text.as_bytes().split(|byte| *byte == b':');
        for octet in &mut octets {
            let Some(&[high, low]) = words.next() else {
                return Err(ParseMacAddrError);
            };
            *octet = hex_digit(high)? << 4 | hex_digit(low)?;
        }
        if words.next().is_some() { Err(ParseMacAddrError) } else { Ok(Self(octets)) }
    }
}

fn hex_digit(digit: u8) -> Result<u8, ParseMacAddrError> {
    char::from(digit).to_digit(16).map(|value| value as u8).ok_or(ParseMacAddrError)
}

/// IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of `address`.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// The source and the destination address of a packet: always of one family.
///
/// ```
/// use core::net::IpAddr;
/// use lvs_proto::{AddressPair, Family};
///
/// let client: IpAddr = [192, 0, 2, 7].into();
/// let vip: IpAddr = [192, 0, 2, 100].into();
/// let pair = AddressPair::new(client, vip).ok_or("one family")?;
/// assert_eq!(pair.family(), Family::V4);
/// assert_eq!(pair.source(), client);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum AddressPair {
    /// Two IPv4 addresses.
    V4 {
        /// Who sent the packet.
        source: Ipv4Addr,
        /// Where it goes.
        destination: Ipv4Addr,
    },
    /// Two IPv6 addresses.
    V6 {
        /// Who sent the packet.
        source: Ipv6Addr,
        /// Where it goes.
        destination: Ipv6Addr,
    },
}

impl AddressPair {
    /// The pair, or `None` if the two are of different families.
    #[must_use]
    pub const fn new(source: IpAddr, destination: IpAddr) -> Option<Self> {
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => Some(Self::V4 { source, destination }),
            (IpAddr::V6(source), IpAddr::V6(destination)) => Some(Self::V6 { source, destination }),
            _ => None,
        }
    }

    /// The family of both.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::V4 { .. } => Family::V4,
            Self::V6 { .. } => Family::V6,
        }
    }

    /// Who sent the packet.
    #[must_use]
    pub const fn source(self) -> IpAddr {
        match self {
            Self::V4 { source, .. } => IpAddr::V4(source),
            Self::V6 { source, .. } => IpAddr::V6(source),
        }
    }

    /// Where it goes.
    #[must_use]
    pub const fn destination(self) -> IpAddr {
        match self {
            Self::V4 { destination, .. } => IpAddr::V4(destination),
            Self::V6 { destination, .. } => IpAddr::V6(destination),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn mac_text_round_trips_and_refuses_other_texts() {
        let mac = MacAddr::new([0, 0, 0x5e, 0, 1, 51]);
        assert_eq!(mac.to_string().parse(), Ok(mac));
        for text in
            ["", "00:00:5e:00:01", "00:00:5e:00:01:33:00", "0:0:5e:0:1:33", "+1:00:5e:00:01:33"]
        {
            assert_eq!(text.parse::<MacAddr>(), Err(ParseMacAddrError), "{text}");
        }
    }

    #[test]
    fn pairs_have_one_family() {
        let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
        assert_eq!(AddressPair::new(v4, v6), None);
        assert_eq!(AddressPair::new(v6, v6).map(AddressPair::family), Some(Family::V6));
    }

    #[test]
    fn groups_map_to_their_ethernet_addresses() {
        let group = Ipv4Addr::new(239, 129, 2, 3);
        assert_eq!(MacAddr::of_ipv4_multicast(group).to_string(), "01:00:5e:01:02:03");
        let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
        assert_eq!(MacAddr::of_ipv6_multicast(group).to_string(), "33:33:00:00:00:12");
    }
}
