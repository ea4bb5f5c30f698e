//! The header of a UDP datagram, as far as decisions read it (RFC 768).

/// Octets of a header.
pub const HEADER_LEN: usize = 8;

/// The checksum field that says `checksum`: 0 says that there is none, and stands for itself as
/// 0xffff.
pub(crate) const fn checksum_field(checksum: u16) -> [u8; 2] {
    if checksum == 0 { [0xff; 2] } else { checksum.to_be_bytes() }
}

/// The ports.
///
/// ```
/// use lvs_proto::wire::udp::Header;
///
/// let header = Header::parse(&[0x9c, 0x40, 0, 53, 0, 8, 0, 0]).ok_or("cut short")?;
/// assert_eq!((header.source_port, header.destination_port), (40_000, 53));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The sender's port, in host order.
    pub source_port: u16,
    /// The receiver's port, in host order.
    pub destination_port: u16,
}

impl Header {
    /// The header at the front of `datagram`, or `None` if fewer than 8 octets are there
    /// \[SVC-10\]. Length and checksum are not looked at.
    #[must_use]
    pub fn parse(datagram: &[u8]) -> Option<Self> {
        datagram.first_chunk().map(Self::of)
    }

    #[inline(always)]
    pub(crate) const fn of(header: &[u8; HEADER_LEN]) -> Self {
        Self {
            source_port: u16::from_be_bytes([header[0], header[1]]),
            destination_port: u16::from_be_bytes([header[2], header[3]]),
        }
    }
}
