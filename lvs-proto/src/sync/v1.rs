//! Version 1: records of any size, with options (section 6.2). All fields are big-endian.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::record::{
    ConnFlags, RecordDamage, RecordError, RecordRefusal, SequencePair, StateNumber, SyncRecord,
};
use crate::buffer::Writer;
use crate::{AddressPair, CallId, Family, Protocol};

pub(super) const HEADER_LEN: usize = 8;
/// Records begin at multiples of this within the message \[SM1-3\].
pub(super) const ALIGNMENT: usize = 4;

/// Octets of a record before its addresses \[SM1-1\].
const FIXED_LEN: usize = 24;
const SIZE_MASK: u16 = 0x0fff;
const TYPE_V6: u8 = 1;
const ADDRESSES_LEN_V4: usize = 3 * 4;
const ADDRESSES_LEN_V6: usize = 3 * 16;

const OPTION_HEADER_LEN: usize = 2;
const OPTION_SEQUENCE: u8 = 1;
const OPTION_ENGINE_DATA: u8 = 2;
const OPTION_ENGINE_NAME: u8 = 3;
/// Set in the type of an option that may be ignored by who does not know it.
const OPTION_MAY_BE_IGNORED: u8 = 0x40;
const ENGINE_NAME_MAX: usize = 16;
const ENGINE_SIP: &[u8] = b"sip";

/// The octets of the first record in `rest`, and what is behind them \[BK-3\].
pub(super) fn split(rest: &[u8]) -> Result<(&[u8], &[u8]), RecordDamage> {
    let least = FIXED_LEN + ADDRESSES_LEN_V4;
    let left = rest.len();
    let &[_, _, high, low] =
        rest.first_chunk().filter(|_| left >= least).ok_or(RecordDamage::Truncated(left))?;
    let version_and_size = u16::from_be_bytes([high, low]);
    let size = usize::from(version_and_size & SIZE_MASK);
    let record = rest.get(..size).ok_or(RecordDamage::Overrun { size, left })?;
    match version_and_size >> 12 {
        // The last record is not padded.
        0 => Ok((record, rest.get(size.next_multiple_of(ALIGNMENT)..).unwrap_or_default())),
        version => Err(RecordDamage::Version(version as u8)),
    }
}

/// The record in its own octets.
pub(super) fn decode(octets: &[u8]) -> Result<SyncRecord<'_>, RecordError> {
    let kind = octets.first().copied().unwrap_or_default();
    let family = match kind {
        0 => Family::V4,
        _ if kind & TYPE_V6 != 0 => Family::V6,
        _ => return Err(RecordDamage::Type(kind).into()),
    };
    let too_short = RecordDamage::Size { size: octets.len(), least: base_len(family) };
    let (fixed, rest) = octets.split_first_chunk::<FIXED_LEN>().ok_or(too_short)?;
    let (addresses, dest, options) = decode_addresses(family, rest).ok_or(too_short)?;
    let &[_, protocol, _, _, f0, f1, f2, f3, s0, s1, c0, c1, v0, v1, d0, d1, m0, m1, m2, m3, ..] =
        fixed;
    let &[.., t0, t1, t2, t3] = fixed;
    let options = Options::decode(options)?;
    let record = SyncRecord {
        protocol: Protocol(protocol),
        addresses,
        dest,
        client_port: u16::from_be_bytes([c0, c1]),
        virtual_port: u16::from_be_bytes([v0, v1]),
        dest_port: u16::from_be_bytes([d0, d1]),
        flags: ConnFlags(u32::from_be_bytes([f0, f1, f2, f3])),
        state: StateNumber(u16::from_be_bytes([s0, s1])),
        mark: u32::from_be_bytes([m0, m1, m2, m3]),
        timeout_secs: u32::from_be_bytes([t0, t1, t2, t3]),
        sequence: options.sequence,
        call_id: None,
    };
    record.check()?;
    Ok(SyncRecord { call_id: options.call_id()?, ..record })
}

fn decode_addresses(family: Family, octets: &[u8]) -> Option<(AddressPair, IpAddr, &[u8])> {
    match family {
        Family::V4 => {
            let (client, rest) = octets.split_first_chunk::<4>()?;
            let (virtual_address, rest) = rest.split_first_chunk::<4>()?;
            let (dest, rest) = rest.split_first_chunk::<4>()?;
            let source = Ipv4Addr::from(*client);
            let destination = Ipv4Addr::from(*virtual_address);
            Some((AddressPair::V4 { source, destination }, Ipv4Addr::from(*dest).into(), rest))
        }
        Family::V6 => {
            let (client, rest) = octets.split_first_chunk::<16>()?;
            let (virtual_address, rest) = rest.split_first_chunk::<16>()?;
            let (dest, rest) = rest.split_first_chunk::<16>()?;
            let source = Ipv6Addr::from(*client);
            let destination = Ipv6Addr::from(*virtual_address);
            Some((AddressPair::V6 { source, destination }, Ipv6Addr::from(*dest).into(), rest))
        }
    }
}

/// What stands behind the fixed part \[SM1-2\].
#[derive(Default)]
struct Options<'a> {
    sequence: Option<SequencePair>,
    engine_data: Option<&'a [u8]>,
    engine_name: Option<&'a [u8]>,
}

impl<'a> Options<'a> {
    fn decode(mut octets: &'a [u8]) -> Result<Self, RecordError> {
        let mut options = Self::default();
        while let Some((&kind, rest)) = octets.split_first() {
            let truncated = RecordDamage::OptionTruncated(kind);
            let (&length, rest) = rest.split_first().ok_or(truncated)?;
            let length = usize::from(length);
            let (data, rest) = rest.split_at_checked(length).ok_or(truncated)?;
            let wrong_length = RecordDamage::OptionLength { kind, length };
            if data.is_empty() {
                return Err(wrong_length.into());
            }
            let is_repeated = match kind & !OPTION_MAY_BE_IGNORED {
                OPTION_SEQUENCE => {
                    let sequence = decode_sequence(data).ok_or(wrong_length)?;
                    options.sequence.replace(sequence).is_some()
                }
                OPTION_ENGINE_DATA => options.engine_data.replace(data).is_some(),
                OPTION_ENGINE_NAME if length > ENGINE_NAME_MAX => return Err(wrong_length.into()),
                OPTION_ENGINE_NAME => options.engine_name.replace(data).is_some(),
                _ if kind & OPTION_MAY_BE_IGNORED != 0 => false,
                _ => return Err(RecordRefusal::UnknownOption(kind).into()),
            };
            if is_repeated {
                return Err(RecordDamage::OptionRepeated(kind).into());
            }
            octets = rest;
        }
        Ok(options)
    }

    fn call_id(&self) -> Result<Option<CallId<'a>>, RecordRefusal> {
        match (self.engine_data, self.engine_name) {
            (Some(data), Some(ENGINE_SIP)) => Ok(CallId::new(data)),
            (None, Some(ENGINE_SIP) | None) => Ok(None),
            _ => Err(RecordRefusal::UnknownEngine),
        }
    }
}

fn decode_sequence(data: &[u8]) -> Option<SequencePair> {
    let data = data.first_chunk::<{ SequencePair::LEN }>().filter(|all| all.len() == data.len())?;
    let mut words = [0; 6];
    for (word, octets) in words.iter_mut().zip(data.chunks_exact(4)) {
        *word = u32::from_be_bytes(*octets.first_chunk()?);
    }
    Some(SequencePair::from_words(words))
}

const fn base_len(family: Family) -> usize {
    match family {
        Family::V4 => FIXED_LEN + ADDRESSES_LEN_V4,
        Family::V6 => FIXED_LEN + ADDRESSES_LEN_V6,
    }
}

/// Octets of `record`, without the padding in front of it.
pub(super) fn len(record: &SyncRecord<'_>) -> usize {
    let sequence = record.sequence.map_or(0, |_| OPTION_HEADER_LEN + SequencePair::LEN);
    let engine = record
        .call_id
        .map_or(0, |call_id| 2 * OPTION_HEADER_LEN + call_id.octets().len() + ENGINE_SIP.len());
    base_len(record.addresses.family()) + sequence + engine
}

/// Writes `record`, for which there is room.
pub(super) fn encode(record: &SyncRecord<'_>, writer: &mut Writer<'_>) {
    let kind = match record.addresses.family() {
        Family::V4 => 0,
        Family::V6 => TYPE_V6,
    };
    writer.put(&[kind, record.protocol.0]);
    // At most 72 + 26 + 262 octets; the version in the upper bits is 0.
    writer.put(&(len(record) as u16).to_be_bytes());
    writer.put(&record.flags.without(ConnFlags::HASHED).0.to_be_bytes());
    writer.put(&record.state.0.to_be_bytes());
    writer.put(&record.client_port.to_be_bytes());
    writer.put(&record.virtual_port.to_be_bytes());
    writer.put(&record.dest_port.to_be_bytes());
    writer.put(&record.mark.to_be_bytes());
    writer.put(&record.timeout_secs.to_be_bytes());
    for address in [record.addresses.source(), record.addresses.destination(), record.dest] {
        match address {
            IpAddr::V4(address) => writer.put(&address.octets()),
            IpAddr::V6(address) => writer.put(&address.octets()),
        }
    }
    if let Some(sequence) = record.sequence {
        writer.put(&[OPTION_SEQUENCE, SequencePair::LEN as u8]);
        for word in sequence.words() {
            writer.put(&word.to_be_bytes());
        }
    }
    if let Some(call_id) = record.call_id {
        // At most 255 octets.
        writer.put(&[OPTION_ENGINE_DATA, call_id.octets().len() as u8]);
        writer.put(call_id.octets());
        writer.put(&[OPTION_ENGINE_NAME, ENGINE_SIP.len() as u8]);
        writer.put(ENGINE_SIP);
    }
}
