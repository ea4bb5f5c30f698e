//! Rules of adverts that hold for all of them.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use arbitrary::Unstructured;
use lvs_proto::vrrp::{
    Advert, AdvertError, AdvertInterval, AdvertMeta, AdvertPath, AdvertPolicy, ChecksumAccept,
    ChecksumForm, DatagramError, EncodeError, EncodedAdvert, GROUP_V4, GROUP_V6, Peer, Priority,
    Version, Vrid, decode, encode, from_ip_packet, vrid_of,
};
use lvs_proto::wire::ethernet::{self, EtherType};
use lvs_proto::{AddressPair, BufferTooSmall, Family, MacAddr, frames};

/// The longest message: 255 IPv6 addresses.
const ROOM: usize = 8 + 255 * 16;

/// What an advert is made of.
#[derive(Clone, Debug)]
struct Parts {
    version: Version,
    source: IpAddr,
    priority: u8,
    interval: AdvertInterval,
    checksum: ChecksumForm,
    addresses: Vec<IpAddr>,
}

const VRID: u8 = 51;

impl Parts {
    fn v3() -> Self {
        Self {
            version: Version::V3,
            source: [192, 0, 2, 1].into(),
            priority: 100,
            interval: AdvertInterval::DEFAULT,
            checksum: ChecksumForm::MessageOnly,
            addresses: vec![[192, 0, 2, 100].into()],
        }
    }

    fn arbitrary(u: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        let (version, family) = *u.choose(&[
            (Version::V2, Family::V4),
            (Version::V3, Family::V4),
            (Version::V3, Family::V6),
        ])?;
        let address = |u: &mut Unstructured<'_>| match family {
            Family::V4 => u.arbitrary().map(IpAddr::V4),
            Family::V6 => u.arbitrary().map(IpAddr::V6),
        };
        let at_least = if version == Version::V3 { 1 } else { 0 };
        let count = if u.ratio(1, 20)? { 255 } else { u.int_in_range(at_least..=6)? };
        let mut addresses: Vec<IpAddr> = Vec::new();
        for _ in 0..count {
            addresses.push(address(u)?);
        }
        addresses.sort_unstable();
        addresses.dedup();
        let interval = match version {
            Version::V2 => AdvertInterval::from_seconds(u.int_in_range(1..=255)?),
            Version::V3 => AdvertInterval::from_centiseconds(u.int_in_range(1..=4095)?),
        };
        let checksum = match (version, family) {
            (Version::V2, _) => ChecksumForm::MessageOnly,
            (_, Family::V6) => ChecksumForm::PseudoHeader,
            _ => *u.choose(&[ChecksumForm::MessageOnly, ChecksumForm::PseudoHeader])?,
        };
        let source = address(u)?;
        let interval = interval.unwrap();
        Ok(Self { version, source, priority: u.arbitrary()?, interval, checksum, addresses })
    }

    fn advert(&self) -> Advert<'_> {
        Advert {
            version: self.version,
            vrid: Vrid::new(VRID).unwrap(),
            priority: Priority::new(self.priority),
            interval: self.interval,
            checksum: self.checksum,
            addresses: self.addresses[..].into(),
            sequence: None,
        }
    }

    fn pair(&self) -> AddressPair {
        match self.source {
            IpAddr::V4(source) => AddressPair::V4 { source, destination: GROUP_V4 },
            IpAddr::V6(source) => AddressPair::V6 { source, destination: GROUP_V6 },
        }
    }

    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = vec![0; ROOM];
        let length = encode(&self.advert(), self.pair(), &mut out)?;
        out.truncate(length);
        Ok(out)
    }

    fn meta(&self) -> AdvertMeta {
        AdvertMeta::new(self.pair(), 255)
    }

    /// A receiver that takes this checksum form alone: that a damaged message verifies in the
    /// other one is unlikely, not impossible.
    fn policy(&self) -> AdvertPolicy<'static> {
        let checksum = ChecksumAccept {
            message_only: self.checksum == ChecksumForm::MessageOnly,
            pseudo_header: self.checksum == ChecksumForm::PseudoHeader,
            group_pseudo_header: false,
        };
        let vrid = Vrid::new(VRID).unwrap();
        let family = Family::of(self.source);
        AdvertPolicy { checksum, ..AdvertPolicy::new(self.version, vrid, family) }
    }
}

#[test]
fn what_is_encoded_is_decoded() {
    arbtest::arbtest(|u| {
        let parts = Parts::arbitrary(u)?;
        let message = parts.encode().unwrap();
        assert_eq!(vrid_of(&message), Vrid::new(VRID));
        assert_eq!(decode(&message, &parts.meta(), &parts.policy()), Ok(parts.advert()));
        if let [_, fewer @ ..] = &parts.addresses[..] {
            let fewer = Parts { addresses: fewer.to_vec(), ..parts.clone() };
            assert_ne!(parts.advert(), fewer.advert());
        }
        Ok(())
    });
}

/// Centiseconds of version 3 (erratum 8301), or whole seconds of version 2.
#[test]
fn intervals_are_those_that_some_version_has() {
    for number in 0..=u16::MAX {
        let fits =
            (1..=4095).contains(&number) || (100..=25_500).contains(&number) && number % 100 == 0;
        let interval = AdvertInterval::try_from(number);
        assert_eq!(interval.is_ok(), fits, "{number}");
        assert!(interval.is_err() || interval.map(AdvertInterval::centiseconds) == Ok(number));
    }
}

/// [V3-TX-1], [V3-TX-2], [V3-TX-14], [V3-TX-16], [V2-TX-1], [V2-TX-3]
#[test]
fn frames_carry_adverts() {
    arbtest::arbtest(|u| {
        let parts = Parts::arbitrary(u)?;
        // What A2a refuses is no source to send from either.
        if parts.source.is_multicast() || parts.source.is_loopback() {
            return Ok(());
        }
        if parts.source == IpAddr::V4(Ipv4Addr::BROADCAST) {
            return Ok(());
        }
        let mac = MacAddr::new(u.arbitrary()?);
        let mut out = vec![0; 54 + ROOM];
        let length = frames::advert(&parts.advert(), parts.source, mac, &mut out).unwrap();
        let frame = ethernet::Frame::parse(&out[..length]).unwrap();
        assert_eq!(frame.source, mac);
        let (meta, message) = from_ip_packet(frame.payload).unwrap();
        assert_eq!(meta, parts.meta());
        assert_eq!(decode(message, &meta, &parts.policy()), Ok(parts.advert()));
        // Precedence, and no fragmentation flags [1.7].
        match meta.addresses.family() {
            Family::V4 => {
                assert_eq!(frame.destination.to_string(), "01:00:5e:00:00:12");
                assert_eq!((frame.ethertype, frame.payload[1]), (EtherType::IPV4, 0xc0));
                assert_eq!(frame.payload[6..8], [0, 0]);
            }
            Family::V6 => {
                assert_eq!(frame.destination.to_string(), "33:33:00:00:00:12");
                assert_eq!((frame.ethertype, frame.payload[0]), (EtherType::IPV6, 0x6c));
            }
        }
        Ok(())
    });
}

/// [W-26] What is patched equals what would be written anew.
#[test]
fn kept_adverts_change_as_if_they_were_encoded_again() {
    arbtest::arbtest(|u| {
        let mut parts = Parts::arbitrary(u)?;
        let mut kept = EncodedAdvert::new(&parts.advert(), parts.pair(), [0; ROOM]).unwrap();
        for _ in 0..u.int_in_range(1..=4)? {
            parts.priority = u.arbitrary()?;
            kept.set_priority(Priority::new(parts.priority));
            if u.arbitrary()? {
                parts.source = match parts.source {
                    IpAddr::V4(_) => IpAddr::V4(u.arbitrary()?),
                    IpAddr::V6(_) => IpAddr::V6(u.arbitrary()?),
                };
                kept.set_addresses(parts.pair());
            }
            parts.checksum = *u.choose(&[
                ChecksumForm::MessageOnly,
                ChecksumForm::PseudoHeader,
                ChecksumForm::GroupPseudoHeader,
            ])?;
            kept.set_checksum_form(parts.checksum);
            assert_eq!(kept.octets(), parts.encode().unwrap());
        }
        Ok(())
    });
}

/// [W-22], [W-23], [W-28], [X-29], [X-30]
#[test]
fn adverts_of_peers_come_from_peers_and_from_as_far_as_they_may() {
    let (own, near) = (Ipv4Addr::new(192, 0, 2, 2), Ipv4Addr::new(192, 0, 2, 1));
    let far = Ipv4Addr::new(203, 0, 113, 1);
    let peers = [
        Peer::new(near.into()),
        Peer { address: far.into(), min_hop_limit: 250, max_hop_limit: 252 },
    ];
    let own_path = |peers| AdvertPath::Unicast { own: own.into(), peers };
    let receive = |source, destination, hop_limit, form, path| {
        let parts = Parts { checksum: form, ..Parts::v3() };
        let addresses = AddressPair::V4 { source, destination };
        let mut message = [0; 12];
        encode(&parts.advert(), addresses, &mut message).unwrap();
        let meta = AdvertMeta::new(addresses, hop_limit);
        let policy = AdvertPolicy { checksum: ChecksumAccept::ANY, path, ..parts.policy() };
        decode(&message, &meta, &policy).map(|advert| advert.checksum)
    };
    let pseudo = ChecksumForm::PseudoHeader;
    let from = |source, hop_limit| receive(source, own, hop_limit, pseudo, own_path(Some(&peers)));
    assert_eq!(from(near, 255), Ok(pseudo));
    assert_eq!(from(near, 254), Err(AdvertError::HopLimit(254)));
    assert_eq!([from(far, 249), from(far, 253)].map(|result| result.is_ok()), [false; 2]);
    assert_eq!([from(far, 250), from(far, 252)], [Ok(pseudo), Ok(pseudo)]);
    let stranger = Ipv4Addr::new(192, 0, 2, 9);
    assert_eq!(from(stranger, 255), Err(AdvertError::UnknownPeer(stranger.into())));
    assert_eq!(receive(stranger, own, 1, pseudo, own_path(None)), Ok(pseudo));
    // Each form over unicast, and only what goes to the right address.
    for form in [ChecksumForm::MessageOnly, pseudo, ChecksumForm::GroupPseudoHeader] {
        assert_eq!(receive(near, own, 255, form, own_path(Some(&peers))), Ok(form));
    }
    assert_eq!(
        receive(near, GROUP_V4, 255, pseudo, own_path(Some(&peers))),
        Err(AdvertError::Destination(GROUP_V4.into()))
    );
    let group = Ipv4Addr::new(224, 0, 0, 81);
    let other_group = AdvertPath::Multicast(group.into());
    assert_eq!(receive(near, group, 255, pseudo, other_group), Ok(pseudo));
}

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

/// [W-20] The sum of a message is never 0, for its first octet is not, so the complement is never
/// 0xFFFF: no receiver that compares the field is put off.
#[test]
fn w_20_the_checksum_field_is_never_all_ones() {
    let mut seen_zero = false;
    for last in 0..=u16::MAX {
        let [a, b] = last.to_be_bytes();
        let parts = Parts { addresses: vec![[192, 0, a, b].into()], ..Parts::v3() };
        let message = parts.encode().unwrap();
        assert_ne!(message[6..8], [0xff, 0xff]);
        seen_zero |= message[6..8] == [0, 0];
    }
    assert!(seen_zero, "among all words one makes the sum 0xFFFF");
}

/// [2.1], [V3-RX-12], [V2-RX-6], [V2-RX-7] A message with everything wrong, repaired stage by stage: the first failing stage decides.
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

/// [A3] Extension headers in front of an advert over IPv6.
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

#[cfg(feature = "bytes")]
#[test]
fn buffers_of_bytes_hold_adverts() {
    use bytes::{Buf, BytesMut};
    use lvs_proto::vrrp::encode_buf;

    let parts = Parts::v3();
    let mut buffer = BytesMut::new();
    assert_eq!(encode_buf(&parts.advert(), parts.pair(), &mut buffer), Ok(12));
    assert_eq!(decode(buffer.chunk(), &parts.meta(), &parts.policy()), Ok(parts.advert()));
    let mut short = &mut [0; 11][..];
    assert_eq!(
        encode_buf(&parts.advert(), parts.pair(), &mut short),
        Err(BufferTooSmall { needed: 12, available: 11 }.into())
    );
}
