//! Version 0: IPv4 connections in 24 or 48 octets (section 6.3).

use core::net::{IpAddr, Ipv4Addr};

use super::record::{ConnFlags, RecordDamage, RecordError, SequencePair, StateNumber, SyncRecord};
use crate::buffer::Writer;
use crate::{AddressPair, Protocol};

pub(super) const HEADER_LEN: usize = 4;

const BASE_LEN: usize = 24;

/// The octets of the first record in `rest`, and what is behind them \[BK-6\].
pub(super) fn split(rest: &[u8]) -> Result<(&[u8], &[u8]), RecordDamage> {
    let truncated = RecordDamage::Truncated(rest.len());
    let &[.., high, low, _, _] = rest.first_chunk::<BASE_LEN>().ok_or(truncated)?;
    let flags = ConnFlags(u16::from_be_bytes([high, low]).into());
    rest.split_at_checked(len(flags)).ok_or(truncated)
}

/// The record in its own octets.
pub(super) fn decode(octets: &[u8]) -> Result<SyncRecord<'_>, RecordError> {
    let too_short = RecordDamage::Size { size: octets.len(), least: BASE_LEN };
    let (first, rest) = octets.split_first_chunk::<8>().ok_or(too_short)?;
    let (client, rest) = rest.split_first_chunk::<4>().ok_or(too_short)?;
    let (virtual_address, rest) = rest.split_first_chunk::<4>().ok_or(too_short)?;
    let (dest, rest) = rest.split_first_chunk::<4>().ok_or(too_short)?;
    let (last, sequence) = rest.split_first_chunk::<4>().ok_or(too_short)?;
    let &[_, protocol, c0, c1, v0, v1, d0, d1] = first;
    let &[f0, f1, s0, s1] = last;
    let record = SyncRecord {
        protocol: Protocol(protocol),
        addresses: AddressPair::V4 {
            source: Ipv4Addr::from(*client),
            destination: Ipv4Addr::from(*virtual_address),
        },
        dest: Ipv4Addr::from(*dest).into(),
        client_port: u16::from_be_bytes([c0, c1]),
        virtual_port: u16::from_be_bytes([v0, v1]),
        dest_port: u16::from_be_bytes([d0, d1]),
        flags: ConnFlags(u16::from_be_bytes([f0, f1]).into()),
        state: StateNumber(u16::from_be_bytes([s0, s1])),
        mark: 0,
        timeout_secs: 0,
        sequence: decode_sequence(sequence),
        call_id: None,
    };
    record.check()?;
    Ok(record)
}

/// Octets of a record with these flags.
pub(super) const fn len(flags: ConnFlags) -> usize {
    if flags.intersects(ConnFlags::SEQUENCE) { BASE_LEN + SequencePair::LEN } else { BASE_LEN }
}

/// Writes the record of an IPv4 connection, for which there is room.
pub(super) fn encode(record: &SyncRecord<'_>, writer: &mut Writer<'_>) {
    writer.put(&[0, record.protocol.0]);
    writer.put(&record.client_port.to_be_bytes());
    writer.put(&record.virtual_port.to_be_bytes());
    writer.put(&record.dest_port.to_be_bytes());
    for address in [record.addresses.source(), record.addresses.destination(), record.dest] {
        if let IpAddr::V4(address) = address {
            writer.put(&address.octets());
        }
    }
    let flags = record.flags.without(ConnFlags::HASHED);
    // The lower half is all that version 0 has room for.
    writer.put(&(flags.0 as u16).to_be_bytes());
    writer.put(&record.state.0.to_be_bytes());
    if flags.intersects(ConnFlags::SEQUENCE) {
        for word in record.sequence.unwrap_or_default().words() {
            writer.put(&word.to_le_bytes());
        }
    }
}

/// In the byte order of the sender's machine, for which little-endian is taken: it is that of the
/// machines in the field, and a reader has no means to tell.
fn decode_sequence(octets: &[u8]) -> Option<SequencePair> {
    let octets = octets.first_chunk::<{ SequencePair::LEN }>()?;
    let mut words = [0; 6];
    for (word, octets) in words.iter_mut().zip(octets.chunks_exact(4)) {
        *word = u32::from_le_bytes(*octets.first_chunk()?);
    }
    Some(SequencePair::from_words(words))
}
