//! What a network card would do to a frame on its way to the wire.
//!
//! Hosts behind a virtual link leave checksums and segmentation to a card that such a link does not
//! have, and cards put segments together before the kernel sees them. The kernel tells of both in
//! `struct virtio_net_hdr`. Whoever rewrites frames wants them as they would be on the wire.

use lvs_proto::checksum::Sum;
use lvs_proto::{AddressPair, Family, Flow, Layout, ParseError, Protocol, parse_with_layout};

/// Octets of the header that precedes each frame.
pub const HEADER_LEN: usize = 10;

const NEEDS_CHECKSUM: u8 = 1;

const TCP_V4: u8 = 1;
const TCP_V6: u8 = 4;
/// Set beside the kind of segmentation if TCP uses ECN.
const ECN: u8 = 0x80;

/// Octets of a TCP header without options.
const TCP_HEADER: usize = 20;
const FIN: u8 = 0x01;
const PUSH: u8 = 0x08;
const CONGESTION_WINDOW_REDUCED: u8 = 0x80;

/// Why a frame cannot be brought to the wire. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OffloadError {
    /// It is put together from other parts than TCP segments.
    #[error("segments of kind {0} are not taken apart")]
    Kind(u8),
    /// A checksum is to be written behind its end.
    #[error("a checksum at {at} of {length} octets")]
    Checksum {
        /// Where.
        at: usize,
        /// Octets of the frame.
        length: usize,
    },
    /// It is to be cut, but holds no whole TCP segment, or is to be cut into nothing.
    #[error("no TCP segment that can be cut")]
    NotTcp,
    /// It is to be cut, but holds no intact packet.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// What is left to do to a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offload {
    /// Nothing.
    Done,
    /// The checksum of what begins at `start` goes to `offset` from there.
    Checksum {
        /// Where the sum begins.
        start: usize,
        /// Where its field is, from `start`.
        offset: usize,
    },
    /// It is to be cut into segments of so many octets.
    Segments {
        /// Octets of payload in each.
        size: usize,
    },
}

impl Offload {
    /// Reads the kernel's header, which is in the machine's byte order.
    ///
    /// # Errors
    /// [`OffloadError::Kind`].
    pub fn parse(header: [u8; HEADER_LEN]) -> Result<Self, OffloadError> {
        let [flags, kind, _, _, a, b, c, d, e, f] = header;
        let [size, start, offset] =
            [[a, b], [c, d], [e, f]].map(u16::from_ne_bytes).map(usize::from);
        match (kind & !ECN, flags & NEEDS_CHECKSUM) {
            (0, 0) => Ok(Self::Done),
            (0, _) => Ok(Self::Checksum { start, offset }),
            (TCP_V4 | TCP_V6, _) => Ok(Self::Segments { size }),
            (kind, _) => Err(OffloadError::Kind(kind)),
        }
    }
}

/// Finishes a checksum: what is in its field is the sum of the pseudo-header.
///
/// # Errors
/// [`OffloadError::Checksum`].
pub fn finish_checksum(frame: &mut [u8], start: usize, offset: usize) -> Result<(), OffloadError> {
    let error = OffloadError::Checksum { at: start + offset, length: frame.len() };
    let covered = frame.get_mut(start..).ok_or(error)?;
    let sum = Sum::new().add_octets(covered).checksum();
    // UDP says 0 where there is no checksum [RFC 768].
    let sum = if sum == 0 { 0xffff } else { sum };
    *covered.get_mut(offset..).and_then(<[u8]>::first_chunk_mut).ok_or(error)? = sum.to_be_bytes();
    Ok(())
}

/// A frame that is to be cut into TCP segments.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    flow: Flow,
    layout: Layout,
    /// Octets before the payload.
    headers: usize,
    size: usize,
}

impl Cut {
    /// Looks at `frame`, which is to be cut into segments of `size` octets of payload.
    ///
    /// # Errors
    /// [`OffloadError::NotTcp`] and [`OffloadError::Parse`].
    pub fn new(frame: &[u8], size: usize) -> Result<Self, OffloadError> {
        let (flow, layout) = parse_with_layout(frame)?;
        let segment = frame.get(layout.message()).unwrap_or_default();
        let data_offset = segment.get(12).map_or(0, |octet| usize::from(octet >> 4) * 4);
        let whole = (TCP_HEADER..=segment.len()).contains(&data_offset);
        if flow.protocol() != Protocol::TCP || !whole || size == 0 {
            return Err(OffloadError::NotTcp);
        }
        Ok(Self { flow, layout, headers: layout.message().start + data_offset, size })
    }

    /// Writes the segment whose payload begins `from` octets into that of `frame`, which is the one
    /// that was looked at. Returns its octets; `None` behind the last.
    pub fn segment(&self, frame: &[u8], from: usize, out: &mut [u8]) -> Option<usize> {
        let payload = frame.get(self.headers..self.layout.packet().end)?;
        let rest = payload.get(from..).filter(|rest| from == 0 || !rest.is_empty())?;
        let part = rest.get(..self.size).unwrap_or(rest);
        let out = out.get_mut(..self.headers + part.len())?;
        let (headers, data) = out.split_at_mut_checked(self.headers)?;
        headers.copy_from_slice(frame.get(..self.headers)?);
        data.copy_from_slice(part);
        let last = part.len() == rest.len();
        self.renumber(out, from, last)?;
        self.sum(out)?;
        Some(out.len())
    }

    /// Octets of payload in each segment but the last.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Lengths, numbers and flags.
    fn renumber(&self, out: &mut [u8], from: usize, last: bool) -> Option<()> {
        let (network, transport) = (self.layout.packet().start, self.layout.message().start);
        let total = out.len() - network;
        let header = out.get_mut(network..transport)?;
        match self.flow.family() {
            Family::V4 => {
                write_u16(header, 2, total)?;
                let number = u16::from_be_bytes(*header.get(4..)?.first_chunk()?);
                let step = (from / self.size) as u16;
                write_u16(header, 4, number.wrapping_add(step).into())?;
                write_u16(header, 10, 0)?;
                let sum = Sum::new().add_octets(header).checksum();
                write_u16(header, 10, sum.into())?;
            }
            Family::V6 => write_u16(header, 4, total - lvs_proto::wire::ipv6::HEADER_LEN)?,
        }
        let tcp = out.get_mut(transport..)?;
        let number: &mut [u8; 4] = tcp.get_mut(4..)?.first_chunk_mut()?;
        *number = u32::from_be_bytes(*number).wrapping_add(from as u32).to_be_bytes();
        let flags = tcp.get_mut(13)?;
        if from > 0 {
            *flags &= !CONGESTION_WINDOW_REDUCED;
        }
        if !last {
            *flags &= !(FIN | PUSH);
        }
        Some(())
    }

    fn sum(&self, out: &mut [u8]) -> Option<()> {
        let addresses = AddressPair::new(self.flow.source(), self.flow.destination())?;
        let segment = out.get_mut(self.layout.message().start..)?;
        write_u16(segment, 16, 0)?;
        let length = u32::try_from(segment.len()).ok()?;
        let sum = Sum::new().add_pseudo_header(addresses, Protocol::TCP, length);
        let sum = sum.add_octets(segment).checksum();
        write_u16(segment, 16, sum.into())
    }
}

fn write_u16(octets: &mut [u8], at: usize, value: usize) -> Option<()> {
    let field = octets.get_mut(at..)?.first_chunk_mut()?;
    *field = u16::try_from(value).ok()?.to_be_bytes();
    Some(())
}

#[cfg(test)]
mod tests {
    use arbtest::arbtest;
    use lvs_proto::MacAddr;
    use lvs_proto::wire::ethernet::{self, EtherType};
    use lvs_proto::wire::{ipv4, ipv6, tcp};

    use super::*;

    const FLAGS: u8 = FIN | PUSH | CONGESTION_WINDOW_REDUCED | 0x10;

    /// As a host hands it to a card that cuts: no checksum of TCP, and one segment for all.
    fn put_together(family: Family, payload: &[u8]) -> Vec<u8> {
        let (protocol, hop_limit) = (Protocol::TCP, 64);
        let mut segment =
            [0x9c, 0x40, 0, 80, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 1, 0x60, FLAGS].to_vec();
        segment.extend([2, 0, 0, 0, 0, 0, 1, 1, 1, 0]);
        segment.extend(payload);
        let (ethertype, header) = match family {
            Family::V4 => {
                let (source, destination) = ([192, 0, 2, 7].into(), [192, 0, 2, 100].into());
                let total_len = u16::try_from(ipv4::HEADER_LEN + segment.len()).unwrap();
                let tos = 0;
                let header =
                    ipv4::Header { source, destination, protocol, hop_limit, tos, total_len };
                (EtherType::IPV4, header.octets().to_vec())
            }
            Family::V6 => {
                let [source, destination] = ["2001:db8::7", "2001:db8::100"];
                let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
                let payload_len = u16::try_from(segment.len()).unwrap();
                let traffic_class = 0;
                let header = ipv6::Header {
                    source,
                    destination,
                    protocol,
                    hop_limit,
                    traffic_class,
                    payload_len,
                };
                (EtherType::IPV6, header.octets().to_vec())
            }
        };
        let link = ethernet::header(MacAddr::BROADCAST, MacAddr::default(), ethertype);
        [&link[..], &header, &segment].concat()
    }

    #[test]
    fn segments_hold_the_payload_and_verify() {
        arbtest(|u| {
            let family = if u.arbitrary()? { Family::V4 } else { Family::V6 };
            let payload: Vec<u8> = u.arbitrary()?;
            let size = u.int_in_range(1..=payload.len().max(1))?;
            let frame = put_together(family, &payload);
            let cut = Cut::new(&frame, size).unwrap();
            let (mut at, mut found, mut out) = (0, Vec::<u8>::new(), [0; 4_096]);
            while let Some(length) = cut.segment(&frame, at, &mut out) {
                let (flow, layout) = parse_with_layout(&out[..length]).unwrap();
                assert_eq!(layout.packet().end, length);
                let segment = &out[layout.message()];
                let addresses = AddressPair::new(flow.source(), flow.destination()).unwrap();
                let sum = Sum::new().add_pseudo_header(
                    addresses,
                    Protocol::TCP,
                    u32::try_from(segment.len()).unwrap(),
                );
                assert!(sum.add_octets(segment).verifies());
                let number = u32::from_be_bytes(segment[4..8].try_into().unwrap());
                assert_eq!(number, 0xffff_fff0_u32.wrapping_add(found.len() as u32));
                found.extend(&segment[24..]);
                let (first, last) = (at == 0, found.len() == payload.len());
                assert_eq!(segment[13] & CONGESTION_WINDOW_REDUCED != 0, first);
                assert_eq!(segment[13] & (FIN | PUSH) != 0, last);
                assert!(tcp::Header::parse(segment).is_some());
                at += cut.size();
            }
            assert_eq!(found, payload);
            Ok(())
        });
    }

    #[test]
    fn nothing_panics_on_any_octets() {
        arbtest(|u| {
            let mut frame: Vec<u8> = u.arbitrary()?;
            let (start, offset) = (u.arbitrary::<u16>()?.into(), u.arbitrary::<u16>()?.into());
            if let Ok(cut) = Cut::new(&frame, usize::from(u.arbitrary::<u16>()?)) {
                cut.segment(&frame, offset, &mut vec![0; start]);
            }
            let _ = finish_checksum(&mut frame, start, offset);
            let _ = Offload::parse(u.arbitrary()?);
            Ok(())
        });
    }

    #[test]
    fn a_checksum_left_to_the_card_is_finished() {
        let frame = put_together(Family::V4, b"GET / HTTP/1.0\r\n\r\n");
        let (mut left, mut out) = (frame.clone(), [0; 256]);
        let length = Cut::new(&frame, 100).unwrap().segment(&frame, 0, &mut out).unwrap();
        // What is in the field is the sum of the pseudo-header.
        let addresses =
            AddressPair::V4 { source: [192, 0, 2, 7].into(), destination: [192, 0, 2, 100].into() };
        let message = u32::try_from(frame.len() - 34).unwrap();
        let sum = Sum::new().add_pseudo_header(addresses, Protocol::TCP, message);
        left[50..52].copy_from_slice(&(!sum.checksum()).to_be_bytes());
        let [[a, b], [c, d]] = [34_u16, 16].map(u16::to_ne_bytes);
        let offload = Offload::parse([NEEDS_CHECKSUM, 0, 0, 0, 0, 0, a, b, c, d]).unwrap();
        assert_eq!(offload, Offload::Checksum { start: 34, offset: 16 });
        finish_checksum(&mut left, 34, 16).unwrap();
        assert_eq!(left, out[..length]);
    }
}
