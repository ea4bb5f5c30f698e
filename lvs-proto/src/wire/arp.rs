//! ARP for IPv4 over Ethernet (RFC 826).

use core::net::Ipv4Addr;

use crate::MacAddr;

/// Octets of a packet.
pub const LEN: usize = 28;

/// Ethernet, IPv4, and the lengths of their addresses.
const PREFIX: [u8; 6] = [0x00, 0x01, 0x08, 0x00, 6, 4];

/// What a packet asks or says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Who has the target address?
    Request,
    /// The sender has the sender address.
    Reply,
}

/// Why octets are no ARP packet for IPv4 over Ethernet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The packet is cut short.
    #[error("{0} octets do not hold the {LEN} of an ARP packet")]
    Truncated(usize),
    /// Hardware type, protocol type or their address lengths are others.
    #[error("not ARP for IPv4 over Ethernet: {0:02x?}")]
    OtherAddresses([u8; 6]),
    /// Neither request nor reply.
    #[error("ARP operation {0} is neither request nor reply")]
    UnknownOperation(u16),
}

/// An ARP packet for IPv4 over Ethernet.
///
/// ```
/// use core::net::Ipv4Addr;
/// use lvs_proto::MacAddr;
/// use lvs_proto::wire::arp::{Operation, Packet};
///
/// let probe = Packet {
///     operation: Operation::Request,
///     sender_mac: MacAddr::new([2, 0, 0, 0, 0, 1]),
///     sender_ip: Ipv4Addr::UNSPECIFIED,
///     target_mac: MacAddr::default(),
///     target_ip: Ipv4Addr::new(192, 0, 2, 100),
/// };
/// assert_eq!(Packet::parse(&probe.octets()), Ok(probe));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Packet {
    /// Request or reply.
    pub operation: Operation,
    /// Who sends it.
    pub sender_mac: MacAddr,
    /// The sender's address; unspecified in a probe (RFC 5227).
    pub sender_ip: Ipv4Addr,
    /// Who is asked or answered.
    pub target_mac: MacAddr,
    /// The address asked for, or that of who is answered.
    pub target_ip: Ipv4Addr,
}

impl Packet {
    /// The packet in `payload`; padding behind it is left alone.
    ///
    /// # Errors
    /// [`Error`] if it is cut short, or not about IPv4 over Ethernet.
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let truncated = Error::Truncated(payload.len());
        let (prefix, rest) = payload.split_first_chunk().ok_or(truncated)?;
        let (operation, rest) = rest.split_first_chunk().ok_or(truncated)?;
        let (sender_mac, rest) = rest.split_first_chunk().ok_or(truncated)?;
        let (sender_ip, rest) = rest.split_first_chunk::<4>().ok_or(truncated)?;
        let (target_mac, rest) = rest.split_first_chunk().ok_or(truncated)?;
        let (target_ip, _) = rest.split_first_chunk::<4>().ok_or(truncated)?;
        if *prefix != PREFIX {
            return Err(Error::OtherAddresses(*prefix));
        }
        let operation = match u16::from_be_bytes(*operation) {
            1 => Operation::Request,
            2 => Operation::Reply,
            other => return Err(Error::UnknownOperation(other)),
        };
        Ok(Self {
            operation,
            sender_mac: MacAddr::new(*sender_mac),
            sender_ip: Ipv4Addr::from(*sender_ip),
            target_mac: MacAddr::new(*target_mac),
            target_ip: Ipv4Addr::from(*target_ip),
        })
    }

    /// The packet's octets.
    #[must_use]
    pub fn octets(&self) -> [u8; LEN] {
        let mut octets = [0; LEN];
        octets[..6].copy_from_slice(&PREFIX);
        octets[7] = match self.operation {
            Operation::Request => 1,
            Operation::Reply => 2,
        };
        octets[8..14].copy_from_slice(&self.sender_mac.octets());
        octets[14..18].copy_from_slice(&self.sender_ip.octets());
        octets[18..24].copy_from_slice(&self.target_mac.octets());
        octets[24..].copy_from_slice(&self.target_ip.octets());
        octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: Packet = Packet {
        operation: Operation::Reply,
        sender_mac: MacAddr::new([1, 2, 3, 4, 5, 6]),
        sender_ip: Ipv4Addr::new(192, 0, 2, 100),
        target_mac: MacAddr::new([6, 5, 4, 3, 2, 1]),
        target_ip: Ipv4Addr::new(192, 0, 2, 7),
    };

    #[test]
    fn other_kinds_of_arp_are_refused() {
        for place in 0..PREFIX.len() {
            let mut octets = REPLY.octets();
            octets[place] ^= 0x10;
            assert!(matches!(Packet::parse(&octets), Err(Error::OtherAddresses(_))));
        }
        let mut octets = REPLY.octets();
        octets[7] = 9;
        assert_eq!(Packet::parse(&octets), Err(Error::UnknownOperation(9)));
    }

    #[test]
    fn every_truncation_is_an_error() {
        let octets = REPLY.octets();
        for len in 0..LEN {
            assert_eq!(Packet::parse(&octets[..len]), Err(Error::Truncated(len)));
        }
        assert_eq!(Packet::parse(&octets), Ok(REPLY));
    }
}
