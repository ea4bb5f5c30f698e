//! ICMP for IPv4 (RFC 792).

use crate::checksum::Sum;

/// Octets of a header.
pub const HEADER_LEN: usize = 8;

/// Type of the error that a packet cannot reach its destination.
pub const DESTINATION_UNREACHABLE: u8 = 3;
/// Code of [`DESTINATION_UNREACHABLE`]: nobody listens.
pub const PORT_UNREACHABLE: u8 = 3;
/// Code of [`DESTINATION_UNREACHABLE`]: the packet is too long, and must not be sent in fragments.
pub const FRAGMENTATION_NEEDED: u8 = 4;
/// Type of the error that somebody had no room for a packet; out of use (RFC 6633).
pub const SOURCE_QUENCH: u8 = 4;
/// Type of the error that a packet came too far; code 0: on its way.
pub const TIME_EXCEEDED: u8 = 11;

/// Why octets are no ICMP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The message ends within the header.
    #[error("{0} octets do not hold the ICMP header")]
    Truncated(usize),
    /// The checksum does not verify.
    #[error("ICMP checksum does not verify")]
    Checksum,
}

/// A message that is intact.
///
/// ```
/// use lvs_proto::wire::icmpv4::{Message, header};
///
/// let echo_request = header(8, 0, [0, 1, 0, 1], &[]);
/// assert_eq!(Message::parse(&echo_request)?.kind, 8);
/// # Ok::<(), lvs_proto::wire::icmpv4::Error>(())
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
    /// The message in `octets`, the whole payload of an IPv4 packet.
    ///
    /// # Errors
    /// [`Error`] if it is cut short, or its checksum does not verify.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let (&[kind, code, _, _, a, b, c, d], payload) =
            octets.split_first_chunk::<HEADER_LEN>().ok_or(Error::Truncated(octets.len()))?;
        if !Sum::new().add_octets(octets).verifies() {
            return Err(Error::Checksum);
        }
        Ok(Self { kind, code, rest: [a, b, c, d], payload })
    }
}

/// Whether a message of this type reports an error (RFC 1122 section 3.2.2).
#[must_use]
pub const fn is_error(kind: u8) -> bool {
    matches!(kind, 3 | 4 | 5 | 11 | 12)
}

/// The header of a message in front of `payload`, checksum included.
#[must_use]
pub fn header(kind: u8, code: u8, rest: [u8; 4], payload: &[u8]) -> [u8; HEADER_LEN] {
    let [a, b, c, d] = rest;
    let mut octets = [kind, code, 0, 0, a, b, c, d];
    let sum = Sum::new().add_octets(&octets).add_octets(payload);
    [octets[2], octets[3]] = sum.checksum().to_be_bytes();
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_seen() {
        let message = header(DESTINATION_UNREACHABLE, PORT_UNREACHABLE, [0; 4], &[]);
        assert!(Message::parse(&message).is_ok_and(|message| is_error(message.kind)));
        for bit in 0..64 {
            let mut damaged = message;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Message::parse(&damaged), Err(Error::Checksum));
        }
        assert_eq!(Message::parse(&message[..7]), Err(Error::Truncated(7)));
    }
}
