//! What the control connections of FTP say of data connections (RFC 959, RFC 2428), and to say it
//! otherwise \[FTP-2\] \[FTP-3\].
//!
//! Translated addresses are not those that a real server writes into its answers. Only one answer
//! holds an address, that to `PASV`; when it gets longer or shorter, all that follows has other
//! sequence numbers \[FTP-4\]. Messages are looked for in single segments.

use core::net::{IpAddr, Ipv4Addr};

use crate::checksum::{Change, Sum};
use crate::layout::Part;
use crate::toa::lengthen_ip;
use crate::wire::tcp;
use crate::{Endpoint, Family, Flow, Frame, Layout, Protocol, RewriteError};

/// The port of control connections \[FTP-1\].
pub const PORT: u16 = 21;

/// What a segment says of a data connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// `PASV`: the client asks where the server listens.
    Passive,
    /// `EPSV`: the same, and only the port is to be answered.
    ExtendedPassive,
    /// `PORT` or `EPRT`: there the client listens.
    Active(Endpoint),
    /// `227`: there the server listens.
    EnteringPassive(Announcement),
    /// `229`: it listens at this port.
    EnteringExtendedPassive(u16),
}

/// An address and a port in the text of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Announcement {
    /// The address.
    pub address: Ipv4Addr,
    /// The port in host order.
    pub port: u16,
    /// Octets of data before the text.
    before: u16,
    /// Octets of the text.
    length: u8,
}

/// A segment of a control connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    /// Its sequence number.
    pub sequence: u32,
    /// What it acknowledges.
    pub acknowledged: u32,
    /// What it says, if it is intact.
    pub message: Option<Message>,
}

/// What is to be changed in a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Edit {
    /// What is added to its sequence number.
    pub sequence: u32,
    /// What is added to what it acknowledges.
    pub acknowledged: u32,
    /// The announcement, and the address that is to be in its place.
    pub announced: Option<(Announcement, Ipv4Addr)>,
}

impl Announcement {
    /// How many octets longer the segment is with that address.
    #[must_use]
    pub fn growth(&self, address: Ipv4Addr) -> i8 {
        // At most 23 octets each.
        (text(address, self.port).length as i8).wrapping_sub(self.length as i8)
    }
}

/// The segment in a frame that was parsed, `None` if it is not whole.
#[must_use]
pub fn read(frame: &[u8], flow: &Flow, layout: &Layout) -> Option<Segment> {
    if layout.protocol != Protocol::TCP || layout.part != Part::Whole {
        return None;
    }
    let segment = frame.get(layout.message())?;
    let &[_, _, _, _, a, b, c, d, e, f, g, h, offset, ..] =
        segment.first_chunk::<{ tcp::HEADER_LEN }>()?;
    let data = segment.get(usize::from(offset >> 4) * 4..)?;
    let sum = Sum::new().add_pseudo_header(flow.addresses, Protocol::TCP, segment.len() as u32);
    let message = message(data, flow.family()).filter(|_| sum.add_octets(segment).verifies());
    let sequence = u32::from_be_bytes([a, b, c, d]);
    Some(Segment { sequence, acknowledged: u32::from_be_bytes([e, f, g, h]), message })
}

/// Changes the segment that was [read], translated or not, and brings the layout up to date. A
/// checksum that was wrong stays wrong.
///
/// # Errors
/// [`RewriteError`], of headroom or length; frame and layout are unchanged.
pub fn write(frame: &mut Frame<'_>, layout: &mut Layout, edit: &Edit) -> Result<(), RewriteError> {
    if *edit == Edit::default() {
        return Ok(());
    }
    let start = layout.message().start;
    let header_len = match frame.octets().get(start + 12) {
        Some(offset) => usize::from(offset >> 4) * 4,
        None => return Ok(()),
    };
    let change = match edit.announced {
        Some((announcement, address)) => {
            let text = text(address, announcement.port);
            let place = start + header_len + usize::from(announcement.before);
            replace(frame, layout, place, announcement.length.into(), text.octets())?
        }
        None => Change::new(),
    };
    let segment = frame.octets_mut().get_mut(layout.message()).unwrap_or_default();
    let Some((header, _)) = segment.split_first_chunk_mut::<{ tcp::HEADER_LEN }>() else {
        return Ok(());
    };
    let [_, _, _, _, a, b, c, d, e, f, g, h, _, _, _, _, high, low, _, _] = header;
    let change = shift([a, b, c, d], edit.sequence, change);
    let change = shift([e, f, g, h], edit.acknowledged, change);
    change.update([high, low]);
    Ok(())
}

/// Adds to a number.
fn shift(number: [&mut u8; 4], by: u32, change: Change) -> Change {
    let [a, b, c, d] = number;
    let old = [*a, *b, *c, *d];
    let new = u32::from_be_bytes(old).wrapping_add(by).to_be_bytes();
    [*a, *b, *c, *d] = new;
    change.octets(old, new)
}

/// Writes `new` over `length` octets of a segment at `place`; what the checksum sees of it.
fn replace(
    frame: &mut Frame<'_>,
    layout: &mut Layout,
    place: usize,
    length: usize,
    new: &[u8],
) -> Result<Change, RewriteError> {
    // The sum of all from here on, which begins with a word.
    let start = layout.message().start;
    let from = place - (place - start) % 2;
    let sum_from = |frame: &Frame<'_>, layout: &Layout| {
        let rest = frame.octets().get(from..layout.message().end).unwrap_or_default();
        !Sum::new().add_octets(rest).checksum()
    };
    let (old_len, old_sum) = (layout.message().len(), sum_from(frame, layout));
    match new.len().checked_sub(length) {
        Some(more) => {
            let length = layout.packet().len() + more;
            u16::try_from(length).map_err(|_| RewriteError::TooLong { length })?;
            frame.open(place, more)?;
        }
        None => frame.close(place, length - new.len()),
    }
    layout.grow(new.len() as i32 - length as i32);
    if let Some(text) = frame.octets_mut().get_mut(place..place + new.len()) {
        text.copy_from_slice(new);
    }
    let new_len = layout.message().len();
    let packet = frame.octets_mut().get_mut(layout.packet()).unwrap_or_default();
    lengthen_ip(packet, layout.family, (new_len as u16).wrapping_sub(old_len as u16));
    let change = Change::new().word(old_len as u16, new_len as u16);
    Ok(change.word(old_sum, sum_from(frame, layout)))
}

/// What the data of a segment says.
fn message(data: &[u8], family: Family) -> Option<Message> {
    match (data.split_first_chunk::<4>()?, family) {
        ((b"227 ", _), Family::V4) => announcement(data).map(Message::EnteringPassive),
        ((b"229 ", text), _) => extended_port(text).map(Message::EnteringExtendedPassive),
        ((command, text), _) => match (&command.map(|octet| octet.to_ascii_uppercase()), family) {
            (b"PORT", Family::V4) => active(text).map(Message::Active),
            (b"EPRT", _) => extended_active(text, family).map(Message::Active),
            _ => passive(data, family),
        },
    }
}

/// `PASV` or `EPSV`, anywhere.
fn passive(data: &[u8], family: Family) -> Option<Message> {
    (0..data.len()).find_map(|place| {
        let (command, rest) = data.get(place..)?.split_first_chunk::<4>()?;
        match (&command.map(|octet| octet.to_ascii_uppercase()), rest, family) {
            (b"PASV", [b'\r', b'\n', ..], Family::V4) => Some(Message::Passive),
            (b"EPSV", [b'\r', ..], _)
            | (b"EPSV", [b' ', b'1', b'\r', ..], Family::V4)
            | (b"EPSV", [b' ', b'2', b'\r', ..], Family::V6) => Some(Message::ExtendedPassive),
            _ => None,
        }
    })
}

/// Behind `PORT`: four numbers of the address and two of the port.
fn active(text: &[u8]) -> Option<Endpoint> {
    let (address, port, rest) = numbers(text.strip_prefix(b" ")?)?;
    rest.starts_with(b"\r").then_some(Endpoint { address: IpAddr::V4(address), port })
}

/// Behind `EPRT`: family, address and port, each behind one delimiter, and before the last (RFC 2428
/// section 2).
fn extended_active(text: &[u8], family: Family) -> Option<Endpoint> {
    let (delimiter, text) = text.strip_prefix(b" ")?.split_first()?;
    let mut fields = text.split(|octet| octet == delimiter);
    let number: &[u8] = match family {
        Family::V4 => b"1",
        Family::V6 => b"2",
    };
    fields.next().filter(|field| *field == number)?;
    let address: IpAddr = core::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let port = whole_port(fields.next()?)?;
    fields.next().filter(|_| Family::of(address) == family)?;
    Some(Endpoint { address, port })
}

/// Behind `229`: the port, in parentheses and between delimiters that are all alike (RFC 2428
/// section 3).
fn extended_port(text: &[u8]) -> Option<u16> {
    let text = text.split(|octet| *octet == b'(').nth(1)?;
    let text = text.split(|octet| *octet == b')').next()?;
    match text {
        [a, b, c, port @ .., d] if [b, c, d] == [a; 3] => whole_port(port),
        _ => None,
    }
}

/// In the text of `227`: the first six numbers in a row, in parentheses or not.
fn announcement(data: &[u8]) -> Option<Announcement> {
    let begins_number = |pair: &[u8]| match pair {
        [before, octet] => octet.is_ascii_digit() && !before.is_ascii_digit(),
        _ => false,
    };
    let places = (4..).zip(data.windows(2).skip(3));
    let mut begins = places.filter(|(_, pair)| begins_number(pair));
    begins.find_map(|(place, _)| {
        let text = data.get(place..)?;
        let (address, port, rest) = numbers(text)?;
        let (before, length) = (u16::try_from(place).ok()?, text.len() - rest.len());
        // At most 23, and with something behind it, so that the last digit is here.
        (!rest.is_empty()).then_some(Announcement { address, port, before, length: length as u8 })
    })
}

/// Six numbers of an octet each, between commas; what is behind them.
fn numbers(text: &[u8]) -> Option<(Ipv4Addr, u16, &[u8])> {
    let mut octets = [0; 6];
    let mut rest = text;
    for (place, octet) in octets.iter_mut().enumerate() {
        if place > 0 {
            rest = rest.strip_prefix(b",")?;
        }
        let (value, behind) = number(rest)?;
        *octet = u8::try_from(value).ok()?;
        rest = behind;
    }
    let [a, b, c, d, high, low] = octets;
    let port = u16::from_be_bytes([high, low]);
    (port != 0).then_some((Ipv4Addr::new(a, b, c, d), port, rest))
}

fn whole_port(text: &[u8]) -> Option<u16> {
    let (value, rest) = number(text)?;
    u16::try_from(value).ok().filter(|port| *port != 0 && rest.is_empty())
}

/// A number of up to five digits, and what is behind it.
fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(digits).filter(|_| (1..=5).contains(&digits))?;
    Some((digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0')), rest))
}

/// The text of an announcement.
#[derive(Default)]
struct Text {
    octets: [u8; 23],
    length: usize,
}

impl Text {
    fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }

    fn push(&mut self, octet: u8) {
        if let Some(place) = self.octets.get_mut(self.length) {
            *place = octet;
            self.length += 1;
        }
    }
}

fn text(address: Ipv4Addr, port: u16) -> Text {
    let ([a, b, c, d], [high, low]) = (address.octets(), port.to_be_bytes());
    let mut text = Text::default();
    for (place, value) in [a, b, c, d, high, low].into_iter().enumerate() {
        if place > 0 {
            text.push(b',');
        }
        if value >= 100 {
            text.push(b'0' + value / 100);
        }
        if value >= 10 {
            text.push(b'0' + value / 10 % 10);
        }
        text.push(b'0' + value % 10);
    }
    text
}
