//! What is refused, and why.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lvs_proto::vrrp::{
    AdvertError, AdvertInterval, AdvertMeta, AdvertPolicy, ChecksumForm, DatagramError,
    EncodeError, GROUP_V6, Version, Vrid, decode, encode, from_ip_packet, vrid_of,
};
use lvs_proto::{AddressPair, BufferTooSmall, Family, MacAddr, frames};

use super::parts::{Parts, VRID};

/// [W-3], as keepalived speaks it; [W-25].
#[test]
fn version_2_over_ipv6_passes_where_it_is_wanted() {
    let octets = "213c640200014e57fe8000000000000000000000000001002001\
        0db8000000000000000000000100";
    let message: Vec<u8> = (0..octets.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&octets[at..at + 2], 16).unwrap())
        .collect();
    let source = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    let meta = AdvertMeta::new(AddressPair::V6 { source, destination: GROUP_V6 }, 255);
    let strict = AdvertPolicy::new(Version::V2, Vrid::new(60).unwrap(), Family::V6);
    assert_eq!(decode(&message, &meta, &strict), Err(AdvertError::V2OverIpv6));
    let lenient = AdvertPolicy { v2_over_ipv6: true, ..strict };
    let addresses = |message, meta| decode(message, meta, &lenient).map(|a| a.addresses.len());
    assert_eq!(addresses(&message, &meta), Ok(2));
    let mut spoilt = message.clone();
    spoilt[7] ^= 1;
    assert_eq!(addresses(&spoilt, &meta), Err(AdvertError::Checksum(0x4e56)));
    assert_eq!(addresses(&spoilt, &AdvertMeta { checksum_verified: true, ..meta }), Ok(2));
}

/// [2.1] D4: what is behind the message, and how it looks like a trailer [W-41].
#[test]
fn octets_behind_the_message_are_refused_unless_wanted() {
    let parts = Parts::v3();
    let mut message = parts.encode().unwrap();
    message.extend([9, 9, 9]);
    let lenient = AdvertPolicy { trailing_octets: true, ..parts.policy() };
    assert_eq!(decode(&message, &parts.meta(), &lenient), Ok(parts.advert()));
    let error = decode(&message, &parts.meta(), &parts.policy());
    assert_eq!(error, Err(AdvertError::Length { received: 15, expected: 12 }));
    message.truncate(12);
    message.extend([1, 7, 0, 0]);
    message.extend([0xaa; 24]);
    let error = decode(&message, &parts.meta(), &lenient);
    assert_eq!(error, Err(AdvertError::UnexpectedTrailer));
}

/// RFC 1071: one flipped bit changes a one's complement sum.
#[test]
fn every_flipped_bit_is_refused() {
    arbtest::arbtest(|u| {
        let parts = Parts::arbitrary(u)?;
        let mut message = parts.encode().unwrap();
        for bit in 0..message.len().min(64) * 8 {
            message[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&message, &parts.meta(), &parts.policy()).is_err(), "bit {bit}");
            message[bit / 8] ^= 1 << (bit % 8);
        }
        Ok(())
    });
}

/// [W-1], [W-15]
#[test]
fn every_truncation_and_every_excess_is_refused() {
    for version in [Version::V2, Version::V3] {
        let parts = Parts { version, ..Parts::v3() };
        let mut message = parts.encode().unwrap();
        for length in 0..message.len() {
            assert!(decode(&message[..length], &parts.meta(), &parts.policy()).is_err());
        }
        // Zero octets leave the checksum right.
        let expected = message.len();
        message.extend([0, 0]);
        assert_eq!(
            decode(&message, &parts.meta(), &parts.policy()),
            Err(AdvertError::Length { received: expected + 2, expected })
        );
    }
}

#[test]
fn arbitrary_octets_do_not_panic() {
    arbtest::arbtest(|u| {
        let parts = Parts::arbitrary(u)?;
        let octets = u.bytes(u.len().min(64))?;
        let _ = vrid_of(octets);
        let _ = decode(octets, &parts.meta(), &parts.policy());
        let _ = from_ip_packet(octets);
        Ok(())
    });
}

/// [2.1], [V3-RX-12], [V2-RX-6], [V2-RX-7] A message with everything wrong, repaired stage by stage:
/// the first failing stage decides.
#[test]
fn the_first_failing_stage_decides() {
    let mut message = [0x7f, 0, 100, 0, 0, 0, 0, 0, 0];
    let elsewhere = Ipv4Addr::new(192, 0, 2, 2);
    let source = Ipv4Addr::new(192, 0, 2, 1);
    let mut meta = AdvertMeta::new(AddressPair::V4 { source, destination: elsewhere }, 64);
    let policy = Parts { version: Version::V2, ..Parts::v3() }.policy();
    let expected = policy.vrid;
    let check = |message: &[u8], meta: &AdvertMeta, error| {
        assert_eq!(decode(message, meta, &policy), Err(error));
    };
    check(&message[..7], &meta, AdvertError::HeaderTruncated(7)); // B1
    check(&message, &meta, AdvertError::UnknownVersion(7)); // B2
    message[0] = 0x3f;
    check(&message, &meta, AdvertError::ZeroVrid); // C1
    message[1] = 7;
    let received = Vrid::new(7).unwrap();
    check(&message, &meta, AdvertError::OtherVrid { received, expected });
    message[1] = VRID;
    check(&message, &meta, AdvertError::HopLimit(64)); // D1
    meta.hop_limit = 255;
    let (received, expected) = (Version::V3, Version::V2);
    check(&message, &meta, AdvertError::OtherVersion { received, expected }); // D2
    message[0] = 0x2f;
    check(&message, &meta, AdvertError::UnknownType(15)); // D3
    message[0] = 0x21;
    check(&message, &meta, AdvertError::Length { received: 9, expected: 16 }); // D4
    let mut message = [0x21, VRID, 100, 0, 9, 0, 0x12, 0x34, 0, 0, 0, 0, 0, 0, 0, 0];
    check(&message, &meta, AdvertError::Checksum(0x1234)); // D5
    seal(&mut message);
    check(&message, &meta, AdvertError::Destination(elsewhere.into())); // E1
    meta.addresses = Parts::v3().pair();
    check(&message, &meta, AdvertError::UnknownAuthType(9)); // E3
    message[4] = 2;
    seal(&mut message);
    check(&message, &meta, AdvertError::OtherAuthType { received: 2, expected: 0 });
    message[4] = 0;
    seal(&mut message);
    check(&message, &meta, AdvertError::ZeroInterval); // F1
    message[5] = 1;
    seal(&mut message);
    assert!(decode(&message, &meta, &policy).is_ok_and(|advert| advert.addresses.is_empty()));
}

/// [V3-RX-9], [V3-RX-10], [V3-RX-17], [W-3]
#[test]
fn version_3_wants_an_interval_and_an_address() {
    let parts = Parts::v3();
    let decode = |mut message: [u8; 8]| {
        seal(&mut message);
        decode(&message, &parts.meta(), &parts.policy()).unwrap_err()
    };
    let reserved_only = [0x31, VRID, 100, 0, 0xf0, 0, 0, 0];
    assert_eq!(decode(reserved_only), AdvertError::ZeroInterval);
    let no_addresses = [0x31, VRID, 100, 0, 0xff, 0xff, 0, 0];
    assert_eq!(decode(no_addresses), AdvertError::NoAddresses);
}

/// [W-3]
#[test]
fn version_2_over_ipv6_is_refused() {
    let parts = Parts { version: Version::V2, source: Ipv6Addr::LOCALHOST.into(), ..Parts::v3() };
    let message = Parts { version: Version::V2, ..Parts::v3() }.encode().unwrap();
    assert_eq!(decode(&message, &parts.meta(), &parts.policy()), Err(AdvertError::V2OverIpv6));
    assert_eq!(parts.encode(), Err(EncodeError::V2OverIpv6));
}

/// Writes the checksum of a message that needs no pseudo-header.
fn seal(message: &mut [u8]) {
    message[6..8].fill(0);
    let checksum = lvs_proto::checksum::Sum::new().add_octets(message).checksum();
    message[6..8].copy_from_slice(&checksum.to_be_bytes());
}

/// [W-18], [W-19], [W-30]
#[test]
fn each_reason_not_to_encode_has_its_error() {
    let v3 = Parts::v3();
    let address = |last: u16| IpAddr::from([192, 0, last.to_be_bytes()[0], last.to_be_bytes()[1]]);
    let refusal = |parts: Parts| parts.encode().unwrap_err();

    let interval = AdvertInterval::from_centiseconds(150).unwrap();
    let v2 = Parts { version: Version::V2, interval, ..v3.clone() };
    assert_eq!(refusal(v2), EncodeError::FractionalSeconds(interval));
    let interval = AdvertInterval::from_seconds(41).unwrap();
    let slow = Parts { interval, ..v3.clone() };
    assert_eq!(refusal(slow), EncodeError::IntervalTooLong(interval));
    let empty = Parts { addresses: vec![], ..v3.clone() };
    assert_eq!(refusal(empty), EncodeError::NoAddresses);
    let many = Parts { addresses: (0..256).map(address).collect(), ..v3.clone() };
    assert_eq!(refusal(many), EncodeError::TooManyAddresses(256));
    let mixed: IpAddr = Ipv6Addr::LOCALHOST.into();
    let mixed_list = Parts { addresses: vec![address(1), mixed], ..v3.clone() };
    assert_eq!(refusal(mixed_list), EncodeError::OtherFamily(mixed));
    let twice = Parts { addresses: vec![address(1), address(2), address(1)], ..v3.clone() };
    assert_eq!(refusal(twice), EncodeError::Duplicate(address(1)));
    let mut out = [0xaa; 11];
    assert_eq!(
        encode(&v3.advert(), v3.pair(), &mut out),
        Err(BufferTooSmall { needed: 12, available: 11 }.into())
    );
    assert_eq!(out, [0xaa; 11]);
}

/// [A2], [A2a], [A3]
#[test]
fn datagrams_that_are_no_adverts_are_refused() {
    let from = |source: [u8; 4], change: fn(&mut [u8])| {
        let mut out = [0; 64];
        let parts = Parts::v3();
        let mac = MacAddr::default();
        let length = frames::advert(&parts.advert(), source.into(), mac, &mut out).unwrap();
        let packet = &mut out[14..length];
        change(packet);
        packet[10..12].fill(0);
        let checksum = lvs_proto::checksum::Sum::new().add_octets(&packet[..20]).checksum();
        packet[10..12].copy_from_slice(&checksum.to_be_bytes());
        from_ip_packet(packet).map(|(meta, _)| meta.addresses.source())
    };
    let host = [192, 0, 2, 1];
    assert_eq!(from(host, |_| {}), Ok(host.into()));
    assert_eq!(from([0, 0, 0, 0], |_| {}), Ok([0, 0, 0, 0].into()));
    for source in [[224, 0, 0, 18], [127, 0, 0, 1], [255, 255, 255, 255]] {
        assert_eq!(from(source, |_| {}), Err(DatagramError::Source(source.into())));
    }
    assert_eq!(from(host, |packet| packet[6] = 0x20), Err(DatagramError::Fragment));
    assert_eq!(from(host, |packet| packet[7] = 1), Err(DatagramError::Fragment));
    let other = from(host, |packet| packet[9] = 50);
    assert!(matches!(other, Err(DatagramError::NotVrrp(protocol)) if protocol.0 == 50));
}

/// [A2], [A2a] The same over IPv6.
#[test]
fn datagrams_of_ipv6_that_are_no_adverts_are_refused() {
    let from = |source: Ipv6Addr, next_header: u8| {
        let mut packet = [0; 48];
        packet[0] = 0x60;
        packet[5..8].copy_from_slice(&[8, next_header, 255]);
        packet[8..24].copy_from_slice(&source.octets());
        packet[24..40].copy_from_slice(&GROUP_V6.octets());
        from_ip_packet(&packet).map(|(meta, _)| meta.addresses.source())
    };
    let host = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    assert_eq!(from(host, 112), Ok(host.into()));
    for source in [GROUP_V6, Ipv6Addr::LOCALHOST] {
        assert_eq!(from(source, 112), Err(DatagramError::Source(source.into())));
    }
    assert!(matches!(from(host, 59), Err(DatagramError::NotVrrp(protocol)) if protocol.0 == 59));
}

/// [A3], [W-13] Extension headers in front of an advert over IPv6.
#[test]
fn extension_headers_are_skipped_unless_they_change_what_the_packet_is() {
    let with = |kind: u8, extension: [u8; 8]| {
        let source = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
        let parts = Parts {
            source: source.into(),
            checksum: ChecksumForm::PseudoHeader,
            addresses: vec![Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2).into()],
            ..Parts::v3()
        };
        let mut out = [0; 128];
        let mac = MacAddr::default();
        let length = frames::advert(&parts.advert(), source.into(), mac, &mut out).unwrap();
        let mut packet = out[14..length].to_vec();
        packet[5] += 8;
        packet[6] = kind;
        packet.splice(40..40, extension);
        from_ip_packet(&packet).map(|(meta, message)| {
            assert_eq!(decode(message, &meta, &parts.policy()), Ok(parts.advert()));
        })
    };
    for (kind, extension, expected) in [
        (0, [112, 0, 1, 4, 0, 0, 0, 0], Ok(())),
        (60, [112, 0, 1, 4, 0, 0, 0, 0], Ok(())),
        (43, [112, 0, 0, 0, 0, 0, 0, 0], Ok(())),
        (43, [112, 0, 0, 1, 0, 0, 0, 0], Err(DatagramError::SegmentsLeft(1))),
        (44, [112, 0, 0, 0, 0, 0, 0, 0], Err(DatagramError::Fragment)),
        (51, [112, 0, 0, 0, 0, 0, 0, 0], Err(DatagramError::Authentication)),
    ] {
        assert_eq!(with(kind, extension), expected, "next header {kind}");
    }
}
