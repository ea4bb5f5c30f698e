//! The header of a TCP segment, as far as decisions read it (RFC 9293 section 3.1).

use crate::TcpFlags;

/// Octets of a header without options.
pub const HEADER_LEN: usize = 20;

/// Ports and control bits.
///
/// ```
/// use lvs_proto::TcpFlags;
/// use lvs_proto::wire::tcp::Header;
///
/// let mut segment = [0; 20];
/// segment[2..4].copy_from_slice(&80u16.to_be_bytes());
/// segment[13] = TcpFlags::SYN.0;
/// let header = Header::parse(&segment).ok_or("cut short")?;
/// assert_eq!(header.destination_port, 80);
/// assert_eq!(header.flags, TcpFlags::SYN);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The sender's port, in host order.
    pub source_port: u16,
    /// The receiver's port, in host order.
    pub destination_port: u16,
    /// The control bits.
    pub flags: TcpFlags,
}

impl Header {
    /// The header at the front of `segment`, or `None` if fewer than 20 octets are there
    /// \[SVC-10\]. Options and checksum are not looked at.
    #[must_use]
    pub fn parse(segment: &[u8]) -> Option<Self> {
        segment.first_chunk().map(Self::of)
    }

    #[inline(always)]
    pub(crate) const fn of(header: &[u8; HEADER_LEN]) -> Self {
        Self {
            source_port: u16::from_be_bytes([header[0], header[1]]),
            destination_port: u16::from_be_bytes([header[2], header[3]]),
            flags: TcpFlags(header[13]),
        }
    }
}
