//! How packets are carried to real servers on other networks.

use crate::wire::{ip, udp};
use crate::{Family, Protocol};

/// The protocol of a tunnel of GRE.
pub(crate) const GRE: Protocol = Protocol(47);

/// Flag in the first octet of GRE: a checksum follows.
pub(crate) const GRE_CHECKSUM: u8 = 0x80;

/// What stands between the outer IP header and the packet that it carries, to a real server of
/// [`Method::Tunnel`](crate::Method::Tunnel) \[TUN-6\].
///
/// ```
/// use lvs_proto::{Family, Tunnel};
///
/// assert_eq!(Tunnel::default(), Tunnel::IpIp);
/// assert_eq!(Tunnel::IpIp.overhead(Family::V4), 20);
/// assert_eq!(Tunnel::Gre { checksum: true }.overhead(Family::V6), 40 + 8);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Tunnel {
    /// Nothing (RFC 2003, RFC 2473, RFC 4213): `--tun-type ipip` \[TUN-2\].
    #[default]
    IpIp,
    /// UDP and Generic UDP Encapsulation: `--tun-type gue` \[TUN-3\].
    Gue {
        /// The real server's UDP port in host order.
        port: u16,
        /// What UDP's checksum covers.
        checksum: GueChecksum,
    },
    /// Generic Routing Encapsulation (RFC 2784): `--tun-type gre` \[TUN-4\].
    Gre {
        /// Whether it has a checksum: `--tun-csum`.
        checksum: bool,
    },
}

/// The checksum of a GUE packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum GueChecksum {
    /// None: `--tun-nocsum`. Over IPv6, RFC 6935 allows it for tunnels.
    #[default]
    None,
    /// That of UDP: `--tun-csum`.
    Udp,
    /// That of UDP, while the receiver finishes an inner one that its sender left to hardware:
    /// `--tun-remcsum`. In a frame from the wire every checksum is finished, so this is as
    /// [`Udp`](Self::Udp) \[TUN-3\].
    Remote,
}

impl Tunnel {
    /// Octets that it puts in front of a packet, its outer IP header included: the headroom that it
    /// needs, and what it takes off the MTU \[RT-6\].
    #[must_use]
    pub const fn overhead(self, outer: Family) -> usize {
        ip::header_len(outer)
            + match self {
                Self::IpIp => 0,
                Self::Gue { .. } => udp::HEADER_LEN + 4,
                Self::Gre { checksum: false } => 4,
                Self::Gre { checksum: true } => 8,
            }
    }

    /// Whether packets of both end alike: in the same protocol, and at the same port of it. Their
    /// checksums are their own.
    #[must_use]
    pub const fn ends_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::IpIp, Self::IpIp) | (Self::Gre { .. }, Self::Gre { .. }) => true,
            (Self::Gue { port, .. }, Self::Gue { port: other, .. }) => port == other,
            _ => false,
        }
    }

    /// What the outer IP header says that it carries.
    pub(crate) const fn protocol(self, inner: Family) -> Protocol {
        match self {
            Self::IpIp => carried(inner),
            Self::Gue { .. } => Protocol::UDP,
            Self::Gre { .. } => GRE,
        }
    }
}

/// The protocol number of an IP packet in another one.
pub(crate) const fn carried(inner: Family) -> Protocol {
    match inner {
        Family::V4 => Protocol(4),
        Family::V6 => Protocol(41),
    }
}
