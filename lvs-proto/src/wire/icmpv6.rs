//! ICMP for IPv6 (RFC 4443).

use core::net::Ipv6Addr;

use crate::checksum::Sum;
use crate::{AddressPair, Protocol};

/// Octets of a header.
pub const HEADER_LEN: usize = 8;

/// Type of the error that a packet cannot reach its destination.
pub const DESTINATION_UNREACHABLE: u8 = 1;
/// Code of [`DESTINATION_UNREACHABLE`]: nobody listens.
pub const PORT_UNREACHABLE: u8 = 4;
/// Type of the error that a packet is longer than the way on allows.
pub const PACKET_TOO_BIG: u8 = 2;
/// Type of the error that a packet came too far; code 0: on its way.
pub const TIME_EXCEEDED: u8 = 3;
/// Type of a redirect.
pub const REDIRECT: u8 = 137;

/// Why octets are no ICMPv6 message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The message ends within the header.
    #[error("{0} octets do not hold the ICMPv6 header")]
    Truncated(usize),
    /// The checksum does not verify.
    #[error("ICMPv6 checksum does not verify")]
    Checksum,
}

/// A message that is intact.
///
/// ```
/// use core::net::Ipv6Addr;
/// use lvs_proto::wire::icmpv6::{Message, header};
///
/// let (client, server) = (Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
/// let echo_request = header(client, server, 128, 0, [0, 1, 0, 1], &[]);
/// assert_eq!(Message::parse(&echo_request, client, server)?.kind, 128);
/// # Ok::<(), lvs_proto::wire::icmpv6::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The type.
    pub kind: u8,
    /// The code.
    pub code: u8,
    /// The rest of the header, whose meaning depends on the type.
    pub rest: [u8; 4],
    /// What follows the header; in an error, the packet that caused it.
    pub payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// The message in `octets`, the whole payload of an IPv6 packet between these addresses.
    ///
    /// # Errors
    /// [`Error`] if it is cut short, or its checksum does not verify.
    pub fn parse(octets: &'a [u8], source: Ipv6Addr, destination: Ipv6Addr) -> Result<Self, Error> {
        let (&[kind, code, _, _, a, b, c, d], payload) =
            octets.split_first_chunk::<HEADER_LEN>().ok_or(Error::Truncated(octets.len()))?;
        if !pseudo_header(source, destination, octets.len()).add_octets(octets).verifies() {
            return Err(Error::Checksum);
        }
        Ok(Self { kind, code, rest: [a, b, c, d], payload })
    }
}

/// Whether a message of this type reports an error (RFC 4443 section 2.1).
#[must_use]
pub const fn is_error(kind: u8) -> bool {
    kind < 128
}

/// The header of a message between these addresses in front of `payload`, checksum included.
#[must_use]
pub fn header(
    source: Ipv6Addr,
    destination: Ipv6Addr,
    kind: u8,
    code: u8,
    rest: [u8; 4],
    payload: &[u8],
) -> [u8; HEADER_LEN] {
    let [a, b, c, d] = rest;
    let mut octets = [kind, code, 0, 0, a, b, c, d];
    let sum = pseudo_header(source, destination, HEADER_LEN + payload.len())
        .add_octets(&octets)
        .add_octets(payload);
    [octets[2], octets[3]] = sum.checksum().to_be_bytes();
    octets
}

fn pseudo_header(source: Ipv6Addr, destination: Ipv6Addr, length: usize) -> Sum {
    let addresses = AddressPair::V6 { source, destination };
    Sum::new().add_pseudo_header(addresses, Protocol::ICMPV6, length as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_seen() {
        let (source, destination) = (Ipv6Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED);
        let message = header(source, destination, TIME_EXCEEDED, 0, [0; 4], &[]);
        let intact = Message::parse(&message, source, destination);
        assert!(intact.is_ok_and(|message| is_error(message.kind)));
        for bit in 0..64 {
            let mut damaged = message;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Message::parse(&damaged, source, destination), Err(Error::Checksum));
        }
        let cut = Message::parse(&message[..7], source, destination);
        assert_eq!(cut, Err(Error::Truncated(7)));
        assert_eq!(Message::parse(&message, source, source), Err(Error::Checksum));
    }
}
