//! The client's address in a TCP option, for real servers behind full address translation.
//!
//! A real server that gets its packets from a local address of the director does not see who the
//! client is. The option tells it: TOA, as DPVS and the kernel modules for its real servers know it
//! \[FN-3\]. Kind 254, one of the two for experiments (RFC 4727), length 8 or 20, then the client's
//! port and address in network order, right behind the fixed header.

use core::net::IpAddr;

use crate::checksum::Change;
use crate::layout::Part;
use crate::wire::tcp;
use crate::{Endpoint, Family, Frame, Layout, NoHeadroom, Protocol, TcpFlags};

/// The option's kind.
pub const KIND: u8 = 254;

/// Octets of the longest option, with an IPv6 address: the headroom to keep for it.
pub const MAX_LEN: usize = 20;

/// Octets of all options that a TCP header has room for.
const MAX_OPTIONS: usize = 40;

/// Kinds of TCP options (RFC 9293 section 3.2).
const END: u8 = 0;
const NO_OPERATION: u8 = 1;
const MSS: u8 = 2;

/// Why a segment got no option; it is unchanged, and may be sent without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToaError {
    /// Not TCP, or not all of it: a fragment, or a header that is malformed or cut short.
    #[error("no whole TCP segment")]
    NotTcp,
    /// The options leave no room for another one \[FN-4\].
    #[error("{used} of 40 octets of TCP options are taken, {needed} are needed")]
    OptionsFull {
        /// Octets that they take.
        used: usize,
        /// Octets of the new one.
        needed: usize,
    },
    /// The packet would be longer than the path takes \[FN-4\].
    #[error("a packet of {length} octets on a path of {mtu}")]
    TooBig {
        /// Octets that it would have.
        length: usize,
        /// Octets of the longest one.
        mtu: u32,
    },
    /// There is no room in front of the frame.
    #[error(transparent)]
    NoHeadroom(#[from] NoHeadroom),
}

/// Inserts the option into a segment, before or after its addresses are translated, and brings the
/// layout up to date.
///
/// Which segments get one is the caller's to say \[FN-4\]: those with neither SYN nor RST, until
/// the server has answered with data. An option of this kind that a client has forged stays behind it,
/// where nobody looks.
///
/// ```
/// use lvs_proto::wire::ethernet::{EtherType, header};
/// use lvs_proto::wire::ipv4;
/// use lvs_proto::{Endpoint, Frame, MacAddr, Protocol, parse_with_layout, toa};
///
/// let mac = MacAddr::new([2, 0, 0, 0, 0, 1]);
/// let packet = ipv4::Header {
///     source: [192, 0, 2, 7].into(),
///     destination: [192, 0, 2, 100].into(),
///     protocol: Protocol::TCP,
///     hop_limit: 64,
///     tos: 0,
///     total_len: 40,
/// };
/// let mut segment = [0; 20];
/// segment[12..14].copy_from_slice(&[0x50, 0x10]);
/// let link = header(mac, mac, EtherType::IPV4);
/// let mut buffer = [&[0; toa::MAX_LEN][..], &link, &packet.octets(), &segment].concat();
///
/// let mut frame = Frame::new(&mut buffer, toa::MAX_LEN, 54)?;
/// let (_, mut layout) = parse_with_layout(frame.octets())?;
/// let client = Endpoint { address: [192, 0, 2, 7].into(), port: 40_000 };
/// toa::insert(&mut frame, &mut layout, client, 1500)?;
/// assert_eq!(frame.octets()[54..], [254, 8, 0x9c, 0x40, 192, 0, 2, 7]);
/// assert_eq!(parse_with_layout(frame.octets())?.1, layout);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// # Errors
/// [`ToaError`]; frame and layout are unchanged.
pub fn insert(
    frame: &mut Frame<'_>,
    layout: &mut Layout,
    client: Endpoint,
    mtu: u32,
) -> Result<(), ToaError> {
    let [a, b] = client.port.to_be_bytes();
    match client.address {
        IpAddr::V4(address) => {
            let [c, d, e, f] = address.octets();
            put(frame, layout, [KIND, 8, a, b, c, d, e, f], mtu)
        }
        IpAddr::V6(address) => {
            let mut option = [0; MAX_LEN];
            let (front, rest) = option.split_at_mut(4);
            front.copy_from_slice(&[KIND, MAX_LEN as u8, a, b]);
            rest.copy_from_slice(&address.octets());
            put(frame, layout, option, mtu)
        }
    }
}

/// Takes the option's length off the longest segment that a real server's SYN asks for, so that the
/// client's first ones leave room for it \[FN-6\]. A SYN that asks for nothing, or for next to
/// nothing, stays as it is, and so does everything else.
pub fn reserve(frame: &mut Frame<'_>, layout: &Layout, client: Endpoint) {
    let needed = match client.address {
        IpAddr::V4(_) => 8,
        IpAddr::V6(_) => MAX_LEN as u16,
    };
    if check(frame.octets(), layout, 0).is_err() {
        return;
    }
    let segment = frame.octets_mut().get_mut(layout.message()).unwrap_or_default();
    let Some((header, rest)) = segment.split_first_chunk_mut::<{ tcp::HEADER_LEN }>() else {
        return;
    };
    let [.., offset, flags, _, _, high, low, _, _] = header;
    let options_len = usize::from(*offset >> 4).saturating_mul(4).saturating_sub(tcp::HEADER_LEN);
    let options = rest.get_mut(..options_len).unwrap_or_default();
    if !TcpFlags(*flags).contains(TcpFlags::SYN) {
        return;
    }
    let Some((place, mss)) = segment_size(options) else { return };
    let old = u16::from_be_bytes(*mss);
    let Some(new) = old.checked_sub(needed).filter(|new| *new > MAX_OPTIONS as u16) else { return };
    *mss = new.to_be_bytes();
    // Across two words of the sum, octets stand the other way round (RFC 1071 section 2).
    let change = match place % 2 {
        0 => Change::new().word(old, new),
        _ => Change::new().word(old.swap_bytes(), new.swap_bytes()),
    };
    change.update([high, low]);
}

/// The field of the maximum segment size among the options of a SYN, and how many octets are before
/// it (RFC 9293 section 3.2).
fn segment_size(options: &mut [u8]) -> Option<(usize, &mut [u8; 2])> {
    let mut place = 0;
    while place < options.len() {
        match options.get(place..)? {
            [NO_OPERATION, ..] => place += 1,
            [MSS, 4, _, _, ..] => {
                let field = options.get_mut(place + 2..)?.first_chunk_mut()?;
                return Some((place + 2, field));
            }
            // Nothing comes after the end of the options, nor after a length that is none.
            [END, ..] | [_, 0 | 1, ..] => return None,
            [_, length, ..] => place += usize::from(*length),
            _ => return None,
        }
    }
    None
}

fn put<const N: usize>(
    frame: &mut Frame<'_>,
    layout: &mut Layout,
    option: [u8; N],
    mtu: u32,
) -> Result<(), ToaError> {
    check(frame.octets(), layout, N)?;
    let length = layout.packet().len() + N;
    if length > (mtu as usize).min(usize::from(u16::MAX)) {
        return Err(ToaError::TooBig { length, mtu });
    }
    let fixed_end = layout.message().start + tcp::HEADER_LEN;
    frame.open(fixed_end, N)?;

    // Nothing fails from here on: the octets are all there.
    let octets = frame.octets_mut();
    if let Some((place, _)) = octets.get_mut(fixed_end..).and_then(<[u8]>::split_first_chunk_mut) {
        *place = option;
    }
    let old_len = layout.message().len();
    layout.grow(N as i32);
    let packet = octets.get_mut(layout.packet()).unwrap_or_default();
    let (ip, segment) = packet.split_at_mut_checked(layout.header_len()).unwrap_or_default();
    lengthen_ip(ip, layout.family, N as u16);
    if let Some(header) = segment.first_chunk_mut() {
        // Both lengths fit into 16 bits, over IPv6 too.
        let change = Change::new().word(old_len as u16, (old_len + N) as u16);
        lengthen_tcp(header, change.octets([0; N], option), N);
    }
    Ok(())
}

/// Whether there is room for `needed` octets in the header of a TCP segment.
fn check(frame: &[u8], layout: &Layout, needed: usize) -> Result<(), ToaError> {
    if layout.protocol != Protocol::TCP || layout.part != Part::Whole {
        return Err(ToaError::NotTcp);
    }
    let segment = frame.get(layout.message()).ok_or(ToaError::NotTcp)?;
    let header = segment.first_chunk::<{ tcp::HEADER_LEN }>().ok_or(ToaError::NotTcp)?;
    let header_len = usize::from(header[12] >> 4) * 4;
    match header_len.checked_sub(tcp::HEADER_LEN) {
        Some(used) if header_len <= segment.len() => {
            if used + needed > MAX_OPTIONS {
                return Err(ToaError::OptionsFull { used, needed });
            }
            Ok(())
        }
        _ => Err(ToaError::NotTcp),
    }
}

/// Adds to the length of a packet; modulo 2^16, so that it may get shorter as well.
pub(crate) fn lengthen_ip(header: &mut [u8], family: Family, by: u16) {
    match (family, header) {
        (Family::V4, [_, _, a, b, _, _, _, _, _, _, high, low, ..]) => {
            let old = u16::from_be_bytes([*a, *b]);
            let new = old.wrapping_add(by);
            [*a, *b] = new.to_be_bytes();
            Change::new().word(old, new).update([high, low]);
        }
        (Family::V6, [_, _, _, _, a, b, ..]) => {
            [*a, *b] = u16::from_be_bytes([*a, *b]).wrapping_add(by).to_be_bytes();
        }
        _ => {}
    }
}

/// `change` is what the checksum covers besides the header.
fn lengthen_tcp(header: &mut [u8; tcp::HEADER_LEN], change: Change, by: usize) {
    let [.., offset, flags, _, _, high, low, _, _] = header;
    let old = u16::from_be_bytes([*offset, *flags]);
    // In words, in the upper half.
    *offset = offset.wrapping_add((by as u8 / 4) << 4);
    change.word(old, u16::from_be_bytes([*offset, *flags])).update([high, low]);
}
