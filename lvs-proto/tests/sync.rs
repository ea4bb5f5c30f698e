//! Synchronisation messages: recorded ones, worked ones, damaged ones.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::net::IpAddr;

use arbitrary::Unstructured;
use lvs_proto::sync::{
    ConnFlags, Message, MessageBuffer, MessageError, PushError, RecordDamage, RecordError,
    RecordRefusal, Sequence, SequencePair, StateNumber, SyncRecord, Version,
};
use lvs_proto::{AddressPair, BufferTooSmall, CallId, Family, Method, Protocol};

const RECORDED: &str = include_str!("../../vectors/ipvs-sync/messages.txt");

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// Recording and payload of every recorded message.
fn recorded() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    RECORDED.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let fields: Vec<_> = line.split("  ").collect();
        (fields[0], octets(fields[2]))
    })
}

fn records(datagram: &[u8]) -> Vec<Result<SyncRecord<'_>, RecordError>> {
    Message::parse(datagram).unwrap().records().collect()
}

/// A connection as in [SM1-4]: 10.1.1.1:1001 to 10.0.0.1:80, by direct routing to 10.2.0.1:80.
fn established() -> SyncRecord<'static> {
    SyncRecord {
        protocol: Protocol::TCP,
        addresses: AddressPair::V4 {
            source: [10, 1, 1, 1].into(),
            destination: [10, 0, 0, 1].into(),
        },
        dest: [10, 2, 0, 1].into(),
        client_port: 1001,
        virtual_port: 80,
        dest_port: 80,
        flags: ConnFlags::of_method(Method::DirectRoute).with(ConnFlags::NO_OUTPUT),
        state: StateNumber::TCP_ESTABLISHED,
        mark: 0,
        timeout_secs: 900,
        sequence: None,
        call_id: None,
    }
}

fn template() -> SyncRecord<'static> {
    let flags = established().flags.with(ConnFlags::TEMPLATE).with(ConnFlags::INACTIVE);
    let state = StateNumber::ASSURED;
    SyncRecord { client_port: 0, flags, state, timeout_secs: 60, ..established() }
}

fn message(version: Version, records: &[SyncRecord<'_>]) -> Vec<u8> {
    let mut message = MessageBuffer::new([0; 1472], version, 5).unwrap();
    for record in records {
        message.push(record).unwrap();
    }
    message.octets().to_vec()
}

#[test]
fn sm1_4_observed_octets() {
    let expected = octets(
        "00050050 02010000 \
         0006002400000083000103e9005000500000000000000384 0a010101 0a000001 0a020001 \
         00060024000011830001000000500050000000000000003c 0a010101 0a000001 0a020001",
    );
    let pair = [established(), template()];
    assert_eq!(message(Version::V1, &pair), expected);
    assert_eq!(records(&expected), pair.map(Ok));

    let closed = SyncRecord {
        flags: ConnFlags::of_method(Method::Nat).with(ConnFlags::INACTIVE),
        state: StateNumber::TCP_CLOSE,
        timeout_secs: 10,
        ..established()
    };
    let closed = message(Version::V1, &[closed]);
    assert_eq!(closed[12..18], octets("00000100 0006"));
    assert_eq!(closed[28..32], octets("0000000a"));
}

/// Every message that was recorded is read and written again, octet for octet.
#[test]
fn recorded_messages_round_trip() {
    let (mut messages, mut count) = (0, 0);
    for (name, datagram) in recorded() {
        let message = Message::parse(&datagram).unwrap();
        assert_eq!(message.version() == Version::V1, name.starts_with("sync-v1"), "{name}");
        assert!(message.is_for(77) && message.is_for(0) && !message.is_for(78));
        let mut copy = MessageBuffer::new([0; 1472], message.version(), 77).unwrap();
        for record in message.records() {
            copy.push(&record.unwrap()).unwrap();
            count += 1;
        }
        assert_eq!(copy.octets(), datagram, "{name}");
        messages += 1;
    }
    assert_eq!((messages, count), (32, 343));
}

/// [SM1-2]: the engine and its data; [BK-4]: of other engines nothing is kept.
#[test]
fn recorded_call_ids() {
    for (_, datagram) in recorded().filter(|(name, _)| *name == "sync-v1-pe-sip") {
        for record in records(&datagram) {
            let record = record.unwrap();
            let IpAddr::V4(client) = record.addresses.source() else { unreachable!() };
            let expected = format!("call{}-abcdef@example.net", client.octets()[2]);
            assert_eq!(record.call_id.unwrap().to_string(), expected);
            assert!(record.is_template());
        }
        let mut other = datagram;
        let name = other.windows(3).position(|window| window == b"sip").unwrap();
        other[name..name + 3].copy_from_slice(b"pis");
        let other = records(&other);
        assert_eq!(other[0], Err(RecordRefusal::UnknownEngine.into()));
        assert!(other[1].is_ok());
    }
}

#[test]
fn bk_1_headers_that_are_refused() {
    let datagram = message(Version::V1, &[established()]);
    for len in 0..datagram.len() {
        let expected = match len {
            0..4 => MessageError::Truncated(len),
            _ => MessageError::Size { size: 44, received: len },
        };
        assert_eq!(Message::parse(&datagram[..len]), Err(expected));
    }
}

/// [BK-2]: what is not quite version 1 is version 0.
#[test]
fn bk_2_versions_are_told() {
    let datagram = message(Version::V1, &[established()]);
    for (place, value) in [(0, 1), (5, 0), (6, 1), (7, 1)] {
        let mut other = datagram.clone();
        other[place] = value;
        assert_eq!(Message::parse(&other).unwrap().version(), Version::V0);
    }
    assert_eq!(records(&message(Version::V0, &[])), []);
    assert_eq!(records(&message(Version::V1, &[])), []);
}

/// A message of version 1 with a record of these octets in front of a good one.
fn with_first(record: &[u8], flaws: &[(usize, u8)]) -> Vec<u8> {
    let mut record = record.to_vec();
    for (place, value) in flaws {
        record[*place] = *value;
    }
    record.resize(record.len().next_multiple_of(4), 0);
    let good = &message(Version::V1, &[established()])[8..];
    let mut datagram = [&[0, 5, 0, 0, 2, 1, 0, 0], &record[..], good].concat();
    let [high, low] = (datagram.len() as u16).to_be_bytes();
    datagram[2..4].copy_from_slice(&[high, low]);
    datagram
}

/// [BK-3] [BK-4]: what drops the rest of the message.
#[test]
fn bk_4_damage_ends_the_message() {
    let plain = &message(Version::V1, &[established()])[8..];
    let full = SyncRecord {
        sequence: Some(SequencePair::default()),
        call_id: CallId::new(b"abc"),
        ..established()
    };
    let full = &message(Version::V1, &[full])[8..];
    // Options: 36 sequence 62 data 67 name 72.
    assert_eq!((full.len(), full[36], full[62], full[67]), (72, 1, 2, 3));
    for (record, flaws, damage) in [
        (plain, &[(3, 35)][..], RecordDamage::Size { size: 35, least: 36 }),
        (plain, &[(3, 0)], RecordDamage::Size { size: 0, least: 36 }),
        (plain, &[(0, 1)], RecordDamage::Size { size: 36, least: 72 }),
        (plain, &[(3, 73)], RecordDamage::Overrun { size: 73, left: 72 }),
        (plain, &[(2, 0x10)], RecordDamage::Version(1)),
        (plain, &[(0, 2)], RecordDamage::Type(2)),
        (full, &[(3, 37)], RecordDamage::OptionTruncated(1)),
        (full, &[(3, 68)], RecordDamage::OptionTruncated(3)),
        (full, &[(3, 71)], RecordDamage::OptionTruncated(3)),
        (full, &[(37, 0)], RecordDamage::OptionLength { kind: 1, length: 0 }),
        (full, &[(37, 23)], RecordDamage::OptionLength { kind: 1, length: 23 }),
        (full, &[(68, 0)], RecordDamage::OptionLength { kind: 3, length: 0 }),
        (full, &[(68, 4)], RecordDamage::OptionTruncated(3)),
        (full, &[(67, 2)], RecordDamage::OptionRepeated(2)),
        (full, &[(62, 3)], RecordDamage::OptionRepeated(3)),
    ] {
        assert_eq!(records(&with_first(record, flaws)), [Err(damage.into())], "{flaws:?}");
    }
    let mut short = with_first(plain, &[]);
    short.truncate(short.len() - 1);
    short[3] -= 1;
    assert_eq!(records(&short)[1], Err(RecordDamage::Truncated(35).into()));
}

/// [BK-4]: what drops the record alone.
#[test]
fn bk_4_refusals_leave_the_next_record() {
    let plain = &message(Version::V1, &[established()])[8..];
    let templ = &message(Version::V1, &[template()])[8..];
    let call = SyncRecord { call_id: CallId::new(b"abc"), ..established() };
    let call = &message(Version::V1, &[call])[8..];
    let state = |number| {
        let (protocol, state) = (Protocol::TCP, StateNumber(number));
        RecordRefusal::UnknownState { protocol, state }
    };
    for (record, flaws, refusal) in [
        (plain, &[(6, 0x20)][..], RecordRefusal::Flags(ConnFlags(0x2083))),
        (templ, &[(6, 0x18)], RecordRefusal::Flags(ConnFlags(0x1883))),
        (plain, &[(1, 99)], RecordRefusal::UnknownProtocol(Protocol(99))),
        (plain, &[(9, 11)], state(11)),
        (templ, &[(9, 2)], state(2)),
        (call, &[(36, 9)], RecordRefusal::UnknownOption(9)),
        (call, &[(43, b'S')], RecordRefusal::UnknownEngine),
        (call, &[(41, 0x44)], RecordRefusal::UnknownEngine),
    ] {
        let expected = [Err(refusal.into()), Ok(established())];
        assert_eq!(records(&with_first(record, flaws)), expected, "{flaws:?}");
    }
    // The name of an engine has at most 16 octets [SM1-2].
    let named = |length: u8| {
        let mut record = [&call[..41], &[3, length], &vec![b'x'; length.into()]].concat();
        record[3] = record.len() as u8;
        with_first(&record, &[])
    };
    assert_eq!(records(&named(16)), [Err(RecordRefusal::UnknownEngine.into()), Ok(established())]);
    let too_long = RecordDamage::OptionLength { kind: 3, length: 17 };
    assert_eq!(records(&named(17)), [Err(too_long.into())]);
    // A template may be of any protocol; an option may be of any type that may be ignored.
    assert!(records(&with_first(templ, &[(1, 0)]))[0].is_ok());
    let ignored = with_first(call, &[(36, 0x49), (41, 0x4a)]);
    assert_eq!(records(&ignored), [Ok(established()), Ok(established())]);
}

/// [BK-6]
#[test]
fn bk_6_version_0() {
    let shifted = SyncRecord {
        flags: established().flags.with(ConnFlags::IN_SEQUENCE),
        sequence: Some(SequencePair {
            requests: Sequence { initial: 0x0102_0304, delta: 5, previous_delta: 0 },
            answers: Sequence::default(),
        }),
        timeout_secs: 0,
        ..established()
    };
    let plain = SyncRecord { timeout_secs: 0, ..established() };
    let datagram = message(Version::V0, &[shifted, plain]);
    assert_eq!(datagram[..4], [2, 5, 0, 4 + 48 + 24]);
    assert_eq!(datagram[28..36], [4, 3, 2, 1, 5, 0, 0, 0]);
    assert_eq!(records(&datagram), [Ok(shifted), Ok(plain)]);

    let mut refused = datagram.clone();
    refused[24] |= 0x20;
    let flags = shifted.flags.with(ConnFlags::ONE_PACKET);
    assert_eq!(records(&refused), [Err(RecordRefusal::Flags(flags).into()), Ok(plain)]);
    let mut cut = datagram;
    cut.pop();
    cut[3] -= 1;
    assert_eq!(records(&cut), [Ok(shifted), Err(RecordDamage::Truncated(23).into())]);
}

#[test]
fn what_cannot_be_written_changes_nothing() {
    let address: IpAddr = "2001:db8::1".parse().unwrap();
    let addresses = AddressPair::new(address, address).unwrap();
    let over_v6 = SyncRecord { addresses, dest: address, ..established() };
    let mut full = MessageBuffer::new([0; 44], Version::V1, 5).unwrap();
    full.push(&established()).unwrap();
    let mut old = MessageBuffer::new([0; 100], Version::V0, 5).unwrap();
    let mixed = SyncRecord { dest: address, ..established() };

    let before = full.octets().to_vec();
    let no_room = BufferTooSmall { needed: 36, available: 0 };
    assert_eq!(full.push(&established()), Err(PushError::Full(no_room)));
    assert_eq!(full.push(&mixed), Err(PushError::OtherFamily(address)));
    assert_eq!(full.octets(), before);
    assert_eq!(old.push(&over_v6), Err(PushError::V0OverIpv6));
    assert_eq!(old.octets(), [0, 5, 0, 4]);
    let tiny = MessageBuffer::new([0; 7], Version::V0, 5).map(|_| ());
    assert_eq!(tiny, Err(BufferTooSmall { needed: 8, available: 7 }));
    // The header counts to 255, however long the message may be.
    let mut long = MessageBuffer::new(vec![0; 70_000], Version::V1, 5).unwrap();
    for _ in 0..255 {
        long.push(&established()).unwrap();
    }
    assert_eq!(long.push(&established()), Err(PushError::TooManyRecords));
    assert_eq!(records(long.octets()), [Ok(established()); 255]);
}

/// A record that may be sent, with whatever a message of `version` can carry.
fn arbitrary_record<'a>(
    u: &mut Unstructured<'a>,
    version: Version,
) -> arbitrary::Result<SyncRecord<'a>> {
    let v6 = version == Version::V1 && u.arbitrary()?;
    let (addresses, dest) = if v6 {
        let [source, destination, dest]: [[u8; 16]; 3] = u.arbitrary()?;
        let (source, destination) = (source.into(), destination.into());
        (AddressPair::V6 { source, destination }, IpAddr::from(dest))
    } else {
        let [source, destination, dest]: [[u8; 4]; 3] = u.arbitrary()?;
        let (source, destination) = (source.into(), destination.into());
        (AddressPair::V4 { source, destination }, IpAddr::from(dest))
    };
    let mut flags = ConnFlags(u.arbitrary::<u16>()?.into());
    flags = flags.without(ConnFlags(0x2840));
    let protocol = *u.choose(&[Protocol::TCP, Protocol::UDP, Protocol::SCTP])?;
    let is_template = flags.contains(ConnFlags::TEMPLATE);
    let count = if is_template { 2 } else { StateNumber::count(protocol).unwrap() };
    let [[initial, delta, previous_delta], answers]: [[u32; 3]; 2] = u.arbitrary()?;
    let requests = Sequence { initial, delta, previous_delta };
    let answers = Sequence { initial: answers[0], delta: answers[1], previous_delta: answers[2] };
    let has_sequence = flags.intersects(ConnFlags::SEQUENCE);
    let is_v1 = version == Version::V1;
    let call_id_len = u.int_in_range(0..=255)?;
    Ok(SyncRecord {
        protocol,
        addresses,
        dest,
        client_port: u.arbitrary()?,
        virtual_port: u.arbitrary()?,
        dest_port: u.arbitrary()?,
        flags,
        state: StateNumber(u.int_in_range(0..=count - 1)?),
        mark: if is_v1 { u.arbitrary()? } else { 0 },
        timeout_secs: if is_v1 { u.arbitrary()? } else { 0 },
        sequence: has_sequence.then_some(SequencePair { requests, answers }),
        call_id: CallId::new(u.bytes(call_id_len.min(u.len()))?).filter(|_| is_v1),
    })
}

#[test]
fn sm1_3_what_is_written_is_read_again() {
    arbtest::arbtest(|u| {
        let version = *u.choose(&[Version::V0, Version::V1])?;
        let mut message = MessageBuffer::new([0; 1472], version, u.arbitrary()?).unwrap();
        let mut written = Vec::new();
        loop {
            let record = arbitrary_record(u, version)?;
            match message.push(&record) {
                Ok(()) => written.push(Ok(record)),
                Err(error) => {
                    assert!(matches!(error, PushError::Full(_)));
                    break;
                }
            }
            if u.is_empty() {
                break;
            }
        }
        let message = Message::parse(message.octets()).unwrap();
        assert_eq!(message.records().collect::<Vec<_>>(), written);
        assert_eq!(message.version(), if written.is_empty() { message.version() } else { version });
        Ok(())
    });
}

/// Whatever the octets: no panic, no more records than counted, and what is read can be written.
#[test]
fn hostile_messages() {
    let recorded: Vec<_> = recorded().map(|(_, datagram)| datagram).collect();
    arbtest::arbtest(|u| {
        let mut datagram = u.choose(&recorded)?.clone();
        for _ in 0..u.int_in_range(1..=8)? {
            let place = u.choose_index(datagram.len())?;
            datagram[place] = u.arbitrary()?;
        }
        let [high, low] = (datagram.len() as u16).to_be_bytes();
        datagram[2..4].copy_from_slice(&[high, low]);
        let message = Message::parse(&datagram).unwrap();
        let mut copy = MessageBuffer::new([0; 1472], message.version(), 0).unwrap();
        let records: Vec<_> = message.records().collect();
        assert!(records.len() <= 255);
        for record in records.into_iter().flatten() {
            assert_eq!(Family::of(record.dest), record.addresses.family());
            copy.push(&record).unwrap();
        }
        Ok(())
    });
}

/// [BK-4] A message cut anywhere, or of fewer records than it says, gives those that are whole, and of
/// the rest one error.
#[test]
fn bk_4_messages_cut_anywhere() {
    for (recording, whole) in recorded() {
        let all = records(&whole);
        for len in 4..=whole.len() {
            let mut cut = whole[..len].to_vec();
            cut[2..4].copy_from_slice(&(len as u16).to_be_bytes());
            let version = Message::parse(&cut).unwrap().version();
            if version != Message::parse(&whole).unwrap().version() {
                assert!(len < 8, "{recording}");
                continue;
            }
            for count in [0, 1, all.len() as u8, 255] {
                cut[if version == Version::V1 { 4 } else { 0 }] = count;
                if Message::parse(&cut).unwrap().version() != version {
                    continue;
                }
                let found = records(&cut);
                assert!(found.len() <= usize::from(count));
                let intact = found.iter().zip(&all).take_while(|(is, was)| is == was).count();
                assert!(found.len() - intact <= 1, "{recording} {len} {count}");
                let damaged = |it: &Result<_, _>| matches!(it, Err(RecordError::Damaged(_)));
                assert!(found[intact..].iter().all(damaged));
            }
        }
    }
}
