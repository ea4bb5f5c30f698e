//! The headers of an SCTP packet, as far as decisions read them (RFC 9260 section 3).

use crate::SctpChunk;

/// Octets of the common header.
pub const HEADER_LEN: usize = 12;

const CHUNK_HEADER_LEN: usize = 4;
const COOKIE_ECHO: u8 = 10;
const COOKIE_ACK: u8 = 11;

/// Ports, and what the packet does to its association.
///
/// ```
/// use lvs_proto::SctpChunk;
/// use lvs_proto::wire::sctp::Header;
///
/// let mut packet = [0; 16];
/// packet[2..4].copy_from_slice(&3868u16.to_be_bytes());
/// packet[12..].copy_from_slice(&[1, 0, 0, 20]);
/// let header = Header::parse(&packet).ok_or("cut short")?;
/// assert_eq!(header.destination_port, 3868);
/// assert_eq!(header.chunk, Some(SctpChunk::Init));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The sender's port, in host order.
    pub source_port: u16,
    /// The receiver's port, in host order.
    pub destination_port: u16,
    /// The first chunk, or an abort right behind a cookie chunk; `None` if fewer than 4 octets
    /// of the first are there \[SCTP-3\].
    pub chunk: Option<SctpChunk>,
}

impl Header {
    /// The header at the front of `packet`, or `None` if fewer than 12 octets are there
    /// \[SVC-10\]. The checksum is not looked at.
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let (header, chunks) = packet.split_first_chunk::<HEADER_LEN>()?;
        let &[a, b, c, d, ..] = header;
        Some(Self {
            source_port: u16::from_be_bytes([a, b]),
            destination_port: u16::from_be_bytes([c, d]),
            chunk: event(chunks),
        })
    }
}

/// \[SCTP-1\] \[SCTP-2\]
fn event(chunks: &[u8]) -> Option<SctpChunk> {
    let &[kind, _, high, low] = chunks.first_chunk::<CHUNK_HEADER_LEN>()?;
    let len = usize::from(u16::from_be_bytes([high, low]));
    if matches!(kind, COOKIE_ECHO | COOKIE_ACK) && len >= CHUNK_HEADER_LEN {
        let second = chunks.get(len.next_multiple_of(4)..).unwrap_or_default();
        let second = second.first_chunk::<CHUNK_HEADER_LEN>().map(|&[kind, ..]| chunk(kind));
        if second == Some(SctpChunk::Abort) {
            return second;
        }
    }
    Some(chunk(kind))
}

/// \[SCTP-1\]
const fn chunk(kind: u8) -> SctpChunk {
    match kind {
        1 => SctpChunk::Init,
        2 => SctpChunk::InitAck,
        6 => SctpChunk::Abort,
        7 => SctpChunk::Shutdown,
        8 => SctpChunk::ShutdownAck,
        9 => SctpChunk::Error,
        COOKIE_ECHO => SctpChunk::CookieEcho,
        COOKIE_ACK => SctpChunk::CookieAck,
        14 => SctpChunk::ShutdownComplete,
        _ => SctpChunk::Data,
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn chunk_of(chunks: &[u8]) -> Option<SctpChunk> {
        let packet: Vec<u8> = [&[0; HEADER_LEN], chunks].concat();
        Header::parse(&packet).unwrap().chunk
    }

    #[test]
    fn sctp_1_each_type_has_its_event() {
        use SctpChunk::*;
        let named = [
            Data,
            Init,
            InitAck,
            Data,
            Data,
            Data,
            Abort,
            Shutdown,
            ShutdownAck,
            Error,
            CookieEcho,
            CookieAck,
            Data,
            Data,
            ShutdownComplete,
        ];
        for kind in 0..=u8::MAX {
            let expected = named.get(usize::from(kind)).copied().unwrap_or(Data);
            assert_eq!(chunk_of(&[kind, 0, 0, 4]), Some(expected), "{kind}");
        }
    }

    #[test]
    fn sctp_2_an_abort_behind_a_cookie_counts() {
        use SctpChunk::*;
        // The length of the cookie chunk says where the next begins, rounded up to 4.
        for (chunks, expected) in [
            (&[10, 0, 0, 5, 1, 0, 0, 0, 6, 0, 0, 4][..], Abort),
            (&[11, 0, 0, 4, 6, 0, 0, 4], Abort),
            (&[11, 0, 0, 4, 0, 0, 0, 4, 6, 0, 0, 4], CookieAck),
            (&[10, 0, 0, 3, 6, 0, 0, 4], CookieEcho),
            (&[10, 0, 0, 4, 6, 0, 0], CookieEcho),
            (&[10, 0, 0xff, 0xff], CookieEcho),
            (&[0, 0, 0, 4, 6, 0, 0, 4], Data),
        ] {
            assert_eq!(chunk_of(chunks), Some(expected), "{chunks:?}");
        }
    }

    #[test]
    fn sctp_3_a_chunk_cut_short_is_none() {
        assert_eq!(chunk_of(&[6, 0, 0]), None);
        assert_eq!(Header::parse(&[0; HEADER_LEN - 1]), None);
    }
}
