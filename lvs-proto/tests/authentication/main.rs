//! Authentication of adverts.
#![cfg(all(feature = "auth-legacy", feature = "auth-hmac"))]
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

#[cfg(feature = "arbitrary")]
mod secret;

use std::net::{IpAddr, Ipv4Addr};

use lvs_proto::vrrp::{
    Advert, AdvertError, AdvertInterval, AdvertMeta, AdvertPath, AdvertPolicy, AuthFailure,
    Authentication, ChecksumForm, DatagramError, EncodeError, EncodedAdvert, GROUP_V4, GROUP_V6,
    HeaderFields, Password, Priority, Sequence, TRAILER_LEN, TrailerKey, TrailerPolicy,
    TrailerTime, Version, Vrid, decode, encode_with_header, encode_with_password,
    encode_with_trailer, from_ip_packet,
};
use lvs_proto::{AddressPair, Family};

/// The vectors of section 1.11 of the specification, computed apart from any implementation; L1 is
/// a packet of keepalived 2.2.7.
const G2: &str = "2133640101017b19c00002647365637265740000";
const G9: &str = "45c0004000010000ff3318b6c0000201e0000012\
    70040000c000020100000001e9d33f4970c19608673871fc\
    213364010201b665c00002640000000000000000";
const G9_UNICAST_ICV: &str = "710202c50ae10ab068179cbc";
const G10: &str = "3133640100640572c0000264\
    010100006553f10080000000a9d87914cca8867f338f23d435eea206";
const L1: &str = "45c0004000010000ff33c7ad0a090901e0000012\
    700400000a09090100000001b38ed245880da3adf353eb62\
    213364010201655d0a0909640000000000000000";

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

const SOURCE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const MULTICAST: AddressPair = AddressPair::V4 { source: SOURCE, destination: GROUP_V4 };

fn vrid() -> Vrid {
    Vrid::new(51).unwrap()
}

fn advert(version: Version, addresses: &[IpAddr]) -> Advert<'_> {
    Advert {
        version,
        vrid: vrid(),
        priority: Priority::DEFAULT,
        interval: AdvertInterval::DEFAULT,
        checksum: ChecksumForm::PseudoHeader,
        addresses: addresses.into(),
        sequence: None,
    }
}

fn vip() -> [IpAddr; 1] {
    [[192, 0, 2, 100].into()]
}

fn policy(version: Version, authentication: Authentication<'_>) -> AdvertPolicy<'_> {
    AdvertPolicy { authentication, ..AdvertPolicy::new(version, vrid(), Family::V4) }
}

/// What a receiver of an IP packet makes of it: its sequence number.
fn receive(packet: &[u8], policy: &AdvertPolicy<'_>) -> Result<Option<Sequence>, AdvertError> {
    let (meta, message) = from_ip_packet(packet).unwrap();
    decode(message, &meta, policy).map(|advert| advert.sequence)
}

/// [W-4], [V2-AU-1]
#[test]
fn passwords_are_compared_whole() {
    let password = Password::new(b"secret");
    let mut out = [0; 20];
    let written =
        encode_with_password(&advert(Version::V2, &vip()), MULTICAST, &password, &mut out);
    assert_eq!((written, &out[..]), (Ok(20), &octets(G2)[..]));
    // A kept advert has its password too [W-26].
    let vip = vip();
    let resigned = Advert { priority: Priority::RESIGN, ..advert(Version::V2, &vip) };
    let mut kept = EncodedAdvert::with_password(&resigned, MULTICAST, &password, [0; 20]).unwrap();
    kept.set_priority(Priority::DEFAULT);
    assert_eq!(kept.octets(), out);

    let meta = AdvertMeta::new(MULTICAST, 255);
    let with = |text: &[u8]| {
        let password = Password::new(text);
        let policy = policy(Version::V2, Authentication::Password(&password));
        decode(&out, &meta, &policy).map(|_| ())
    };
    assert_eq!(with(b"secret"), Ok(()));
    assert_eq!(with(b"secret\0\0and more"), Ok(()), "8 octets count");
    for text in [&b"secre"[..], b"secret\0x", b"SECRET", b""] {
        assert_eq!(with(text), Err(AuthFailure::Password.into()));
    }
    assert_eq!(
        decode(&out, &meta, &policy(Version::V2, Authentication::None)),
        Err(AdvertError::OtherAuthType { received: 1, expected: 0 })
    );
    assert_eq!(format!("{password:?}"), "Password", "no log tells it");
}

/// [W-8], [W-9], [W-5]
#[test]
fn headers_equal_the_golden_ones() {
    let password = Password::new(b"secret");
    let fields = HeaderFields { identification: 1, sequence: 1, hop_limit: 255 };
    let mut out = [0; 44];
    let advert = advert(Version::V2, &[]);
    let addresses = vip();
    let advert = Advert { addresses: addresses[..].into(), ..advert };
    assert_eq!(encode_with_header(&advert, MULTICAST, &password, fields, &mut out), Ok(44));
    assert_eq!(out, octets(G9)[20..]);
    let unicast = AddressPair::V4 { source: SOURCE, destination: [192, 0, 2, 2].into() };
    let fields = HeaderFields { hop_limit: 0, ..fields };
    assert_eq!(encode_with_header(&advert, unicast, &password, fields, &mut out), Ok(44));
    assert_eq!(out[12..24], octets(G9_UNICAST_ICV));
    assert_eq!(
        encode_with_header(
            &Advert { version: Version::V3, ..advert },
            unicast,
            &password,
            fields,
            &mut out
        ),
        Err(EncodeError::V2Authentication)
    );
}

/// [W-6], [W-11], [V2-AU-2]
#[test]
fn headers_are_verified() {
    let password = Password::new(b"secret");
    let policy_of = |password| policy(Version::V2, Authentication::Header(password));
    for packet in [G9, L1] {
        let verified = receive(&octets(packet), &policy_of(&password));
        assert_eq!(verified, Ok(Some(Sequence::Header(1))));
    }
    // Whatever is changed behind the IP header, but for the source in the index.
    let mut packet = octets(G9);
    for index in (22..24).chain(28..packet.len()) {
        packet[index] ^= 0x10;
        assert!(receive(&packet, &policy_of(&password)).is_err(), "octet {index}");
        packet[index] ^= 0x10;
    }
    let other = Password::new(b"other");
    let failure = Err(AuthFailure::IntegrityCheckValue.into());
    assert_eq!(receive(&packet, &policy_of(&other)), failure);
    let plain = policy(Version::V2, Authentication::None);
    assert_eq!(receive(&packet, &plain), Err(AdvertError::UnexpectedAuthenticationHeader));
    let (meta, message) = from_ip_packet(&packet).unwrap();
    let bare = AdvertMeta { authentication: None, ..meta };
    let missing = decode(message, &bare, &policy_of(&password));
    assert_eq!(missing, Err(AdvertError::NoAuthenticationHeader));
    // The next header is not VRRP, or there is none.
    let mut other = packet.clone();
    other[20] = 6;
    assert!(matches!(from_ip_packet(&other), Err(DatagramError::NotVrrp(_))));
    let mut short = packet[..43].to_vec();
    short[3] = 43;
    short[10..12].copy_from_slice(&[0x18, 0xcb]);
    assert_eq!(from_ip_packet(&short), Err(DatagramError::HeaderTruncated(23)));
}

/// [W-10] Over unicast keepalived zeroes the TTL; RFC 2402 does so always.
#[test]
fn headers_verify_with_and_without_the_ttl() {
    let password = Password::new(b"secret");
    let destination = Ipv4Addr::new(192, 0, 2, 2);
    let addresses = AddressPair::V4 { source: SOURCE, destination };
    for hop_limit in [0, 255] {
        let fields = HeaderFields { identification: 7, sequence: 9, hop_limit };
        let mut out = [0; 64];
        let vip = vip();
        let length =
            encode_with_header(&advert(Version::V2, &vip), addresses, &password, fields, &mut out)
                .unwrap();
        let (header, message) = out[..length].split_first_chunk().unwrap();
        let header = lvs_proto::vrrp::AuthenticationHeader { identification: 7, octets: *header };
        let meta = AdvertMeta { authentication: Some(header), ..AdvertMeta::new(addresses, 255) };
        let path = AdvertPath::Unicast { own: destination.into(), peers: None };
        let policy = policy(Version::V2, Authentication::Header(&password));
        let sequence = decode(message, &meta, &AdvertPolicy { path, ..policy }).unwrap().sequence;
        assert_eq!(sequence, Some(Sequence::Header(9)));
    }
}

fn key(id: u8) -> TrailerKey {
    let octets: Vec<u8> = (0..32).collect();
    TrailerKey::new(id, &octets).unwrap()
}

const TIME: TrailerTime = TrailerTime::from_utc(1_700_000_000, 500_000);

/// [W-37]
#[test]
fn trailers_equal_the_golden_one() {
    let mut out = [0; 40];
    let vip = vip();
    let written =
        encode_with_trailer(&advert(Version::V3, &vip), MULTICAST, &key(1), TIME, &mut out);
    assert_eq!((written, &out[..]), (Ok(40), &octets(G10)[..]));
}

/// [W-40], each check before the next.
#[test]
fn trailers_are_verified_cheap_checks_first() {
    let keys = [key(1)];
    let window = Some((TIME, 5));
    let verify = |octets: &[u8], trailers: TrailerPolicy<'_>| {
        let meta = AdvertMeta::new(MULTICAST, 255);
        let policy = policy(Version::V3, Authentication::Trailer(trailers));
        decode(octets, &meta, &policy).map(|advert| advert.sequence)
    };
    let enforce = TrailerPolicy { keys: &keys, required: true, window };
    let good = octets(G10);
    assert_eq!(verify(&good, enforce), Ok(Some(Sequence::Trailer(TIME))));
    let with = |changes: &[(usize, u8)]| {
        let mut octets = good.clone();
        changes.iter().for_each(|&(at, value)| octets[at] = value);
        verify(&octets, enforce)
    };
    // Everything wrong, and repaired check by check.
    let failure = |failure: AuthFailure| Err(failure.into());
    let wrong = [(12, 2), (15, 1), (19, 9), (13, 7), (39, 0)];
    assert_eq!(with(&wrong), failure(AuthFailure::TrailerType(2)));
    assert_eq!(with(&wrong[1..]), failure(AuthFailure::TrailerType(1)));
    assert_eq!(with(&wrong[2..]), failure(AuthFailure::Window));
    assert_eq!(with(&wrong[3..]), failure(AuthFailure::Key(7)));
    assert_eq!(with(&wrong[4..]), failure(AuthFailure::Trailer));
    // What the checksum covers is checked before.
    assert_eq!(with(&[(2, 101)]), Err(AdvertError::Checksum(0x0572)));

    let bare = &good[..12];
    assert_eq!(verify(bare, enforce), failure(AuthFailure::NoTrailer));
    assert_eq!(verify(bare, TrailerPolicy { required: false, ..enforce }), Ok(None));
    let late = Some((TrailerTime(TIME.0 + (5 << 32)), 5));
    assert!(verify(&good, TrailerPolicy { window: late, ..enforce }).is_ok());
    let too_late = Some((TrailerTime(TIME.0 + (5 << 32) + 1), 5));
    let verdict = verify(&good, TrailerPolicy { window: too_late, ..enforce });
    assert_eq!(verdict, failure(AuthFailure::Window));
    let plain =
        decode(&good, &AdvertMeta::new(MULTICAST, 255), &policy(Version::V3, Authentication::None));
    assert_eq!(plain, Err(AdvertError::UnexpectedTrailer));
}

/// [W-38] Over IPv6 the checksum covers the trailer, in whatever version over IPv4 it does not.
#[test]
fn trailers_follow_messages_of_either_version_and_family() {
    arbtest::arbtest(|u| {
        let keys = [key(3), key(9)];
        let (version, addresses, vip): (_, _, IpAddr) = match u.int_in_range(0..=2)? {
            0 => (Version::V2, MULTICAST, [192, 0, 2, 100].into()),
            1 => (Version::V3, MULTICAST, [192, 0, 2, 100].into()),
            _ => {
                let source = u.arbitrary()?;
                let pair = AddressPair::V6 { source, destination: GROUP_V6 };
                (Version::V3, pair, [0xfe80, 0, 0, 0, 0, 0, 0, 0x100].into())
            }
        };
        let mut checksum = ChecksumForm::MessageOnly;
        if version == Version::V3 {
            checksum = ChecksumForm::PseudoHeader;
        }
        let vip = [vip];
        let advert = Advert { checksum, ..advert(version, &vip) };
        let time = TrailerTime(u.arbitrary()?);
        let mut out = [0; 64];
        let length =
            encode_with_trailer(&advert, addresses, u.choose(&keys)?, time, &mut out).unwrap();
        let trailers = TrailerPolicy { keys: &keys, required: true, window: None };
        let policy = AdvertPolicy {
            authentication: Authentication::Trailer(trailers),
            ..AdvertPolicy::new(version, vrid(), addresses.family())
        };
        let meta = AdvertMeta::new(addresses, 255);
        let expected = Advert { sequence: Some(Sequence::Trailer(time)), ..advert };
        assert_eq!(decode(&out[..length], &meta, &policy), Ok(expected));
        let bit = u.choose_index(length * 8)?;
        out[bit / 8] ^= 1 << (bit % 8);
        let checksum_field = length - TRAILER_LEN > bit / 8 && matches!(bit / 8, 6 | 7);
        assert!(decode(&out[..length], &meta, &policy).is_err() || checksum_field, "bit {bit}");
        Ok(())
    });
}

/// [SEC-11] Whatever octets come, with whatever in front or behind.
#[test]
fn arbitrary_octets_do_not_panic() {
    arbtest::arbtest(|u| {
        let (password, keys) = (Password::new(b"secret"), [key(1)]);
        let trailers = TrailerPolicy { keys: &keys, required: u.arbitrary()?, window: None };
        let authentication = match u.int_in_range(0..=3)? {
            0 => Authentication::None,
            1 => Authentication::Password(&password),
            2 => Authentication::Header(&password),
            _ => Authentication::Trailer(trailers),
        };
        let version = *u.choose(&[Version::V2, Version::V3])?;
        let family = *u.choose(&[Family::V4, Family::V6])?;
        let policy = AdvertPolicy {
            authentication,
            trailing_octets: u.arbitrary()?,
            v2_over_ipv6: u.arbitrary()?,
            ..AdvertPolicy::new(version, vrid(), family)
        };
        // A golden packet with some octets overwritten, or cut short.
        let mut packet = octets(u.choose(&[G9, L1])?);
        for _ in 0..u.int_in_range(0..=4)? {
            let index = u.choose_index(packet.len())?;
            packet[index] = u.arbitrary()?;
        }
        packet.truncate(u.int_in_range(0..=packet.len())?);
        if let Ok((meta, message)) = from_ip_packet(&packet) {
            let _ = decode(message, &meta, &policy);
        }
        let meta = AdvertMeta::new(MULTICAST, 255);
        let mut message = octets(u.choose(&[G2, G10])?);
        let index = u.choose_index(message.len())?;
        message[index] = u.arbitrary()?;
        message.truncate(u.int_in_range(0..=message.len())?);
        let _ = decode(&message, &meta, &policy);
        Ok(())
    });
}

/// [W-39]
#[test]
fn numbers_of_trailers_grow_whatever_the_clock_does() {
    let clock = TrailerTime::from_utc(1_000, 0);
    let later = TrailerTime::from_utc(1_001, 0);
    assert_eq!(later.next_after(Some(clock), Some(5)), later);
    assert_eq!(clock.next_after(Some(later), Some(5)), TrailerTime(later.0 + 1));
    // As far ahead as receivers bear, to the last of 2^32 parts of a second.
    let edge = TrailerTime::from_utc(1_005, 0);
    assert_eq!(clock.next_after(Some(edge), Some(5)), TrailerTime(edge.0 + 1));
    assert_eq!(clock.next_after(Some(TrailerTime(edge.0 + 1)), Some(5)), clock);
    let far = TrailerTime::from_utc(1_010, 0);
    assert_eq!(clock.next_after(Some(far), Some(5)), clock, "the clock was set back");
    assert_eq!(clock.next_after(Some(far), None), TrailerTime(far.0 + 1));
    // The numbers are a circle.
    let last = TrailerTime(u64::MAX);
    assert_eq!(last.next_after(Some(last), None), TrailerTime(0));
    assert!(last.is_before(TrailerTime(0)));
    assert!(Sequence::Trailer(TrailerTime(0)).may_follow(Sequence::Trailer(last)));
    assert!(!Sequence::Header(7).may_follow(Sequence::Header(7)));
    assert!(Sequence::Header(7).may_follow(Sequence::Trailer(last)));
}
