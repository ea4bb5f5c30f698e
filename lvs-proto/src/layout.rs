//! Where the parts of a packet are in its frame.

use core::ops::Range;

use crate::wire::{ethernet, ip};
use crate::{Family, Protocol};

/// Where the headers of a frame's packet begin and end: what [`parse_with_layout`] found, so that
/// nobody needs to look again.
///
/// It belongs to the frame that it was made from. With another frame nothing breaks but that
/// frame. It stays true when addresses and ports change.
///
/// ```
/// use lvs_proto::wire::ethernet::{EtherType, header};
/// use lvs_proto::wire::ipv4;
/// use lvs_proto::{MacAddr, Protocol, parse_with_layout};
///
/// let mac = MacAddr::new([2, 0, 0, 0, 0, 1]);
/// let packet = ipv4::Header {
///     source: [192, 0, 2, 7].into(),
///     destination: [192, 0, 2, 100].into(),
///     protocol: Protocol::UDP,
///     hop_limit: 64,
///     tos: 0,
///     total_len: 28,
/// };
/// let frame = [&header(mac, mac, EtherType::IPV4)[..], &packet.octets(), &[0; 26]].concat();
/// let (_, layout) = parse_with_layout(&frame)?;
/// assert_eq!(layout.packet(), 14..42);
/// assert_eq!(layout.message(), 34..42);
/// # Ok::<(), lvs_proto::ParseError>(())
/// ```
///
/// [`parse_with_layout`]: crate::parse_with_layout
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    // Small enough to stay in registers from the parser on.
    pub(crate) family: Family,
    pub(crate) protocol: Protocol,
    pub(crate) part: Part,
    network: u8,
    transport: u16,
    end: u32,
}

/// What part of a packet a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// The beginning, with the transport header.
    First,
    /// A part without it.
    Later,
}

impl Layout {
    /// That of an empty frame.
    pub const NONE: Self = Self {
        family: Family::V4,
        protocol: Protocol(0),
        part: Part::Whole,
        network: 0,
        transport: 0,
        end: 0,
    };

    /// The layout of `frame`, which holds `packet`.
    #[inline]
    pub(crate) fn of(frame: &ethernet::Frame<'_>, packet: &ip::Packet<'_>) -> Self {
        // A link header of at most 22 octets, and a packet of at most 40 + 65 535.
        let network = frame.header_len;
        let part = match packet {
            packet if packet.is_later_fragment() => Part::Later,
            packet if packet.is_fragment() => Part::First,
            _ => Part::Whole,
        };
        Self {
            family: packet.family(),
            protocol: packet.protocol(),
            part,
            network: network as u8,
            transport: (network + packet.header_len()) as u16,
            end: (network + packet.total_len()) as u32,
        }
    }

    /// The IP packet, from its first header to the end of its payload.
    #[must_use]
    pub const fn packet(&self) -> Range<usize> {
        self.network as usize..self.end as usize
    }

    /// What follows the IP header, its options and its extension headers.
    #[must_use]
    pub const fn message(&self) -> Range<usize> {
        self.transport as usize..self.end as usize
    }

    /// Notes that the message has become longer, or shorter.
    pub(crate) const fn grow(&mut self, by: i32) {
        self.end = self.end.wrapping_add_signed(by);
    }

    /// Octets of the IP header with options or extension headers.
    pub(crate) const fn header_len(&self) -> usize {
        self.transport as usize - self.network as usize
    }
}
