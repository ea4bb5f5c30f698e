//! Adverts and what proves them, from one router to another.

use std::net::IpAddr;

use arbitrary::{Arbitrary, Result, Unstructured};
use lvs_proto::vrrp::{
    AdvertPolicy, EncodeError, GROUP_V6, Password, Secret, Sequence, SequenceNumbers, TrailerKey,
    TrailerTime, Version, decode, from_ip_packet,
};
use lvs_proto::wire::ipv4;
use lvs_proto::{AddressPair, BufferTooSmall, Protocol};

use super::{G9, MULTICAST, advert, octets, vrid};

const WINDOW: u16 = 5;

/// A secret as it is written into configurations.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Written {
    None,
    Password(Word),
    Header(Word),
    Trailer { keys: [Key; 2], required: bool },
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Word {
    Secret,
    Other,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
struct Key {
    second_id: bool,
    word: Word,
}

impl Written {
    fn secret(self) -> Secret {
        let password = |word| match word {
            Word::Secret => Password::new(b"secret"),
            Word::Other => Password::new(b"other"),
        };
        let key = |key: Key| {
            let id = 1 + u8::from(key.second_id);
            TrailerKey::new(id, &[key.word as u8; 32]).unwrap()
        };
        match self {
            Self::None => Secret::None,
            Self::Password(word) => Secret::Password(password(word)),
            Self::Header(word) => Secret::Header(password(word)),
            Self::Trailer { keys, required } => Secret::Trailer { keys: keys.map(key), required },
        }
    }

    /// Whether who has this secret hears who has that one.
    fn hears(self, that: Self) -> bool {
        match (self, that) {
            (Self::Trailer { required, .. }, Self::None) => !required,
            (Self::Trailer { keys, .. }, Self::Trailer { keys: [theirs, _], .. }) => {
                keys.into_iter().find(|key| key.second_id == theirs.second_id) == Some(theirs)
            }
            _ => self == that,
        }
    }

    /// The number that goes along.
    fn sequence(self, numbers: SequenceNumbers) -> Option<Sequence> {
        match self {
            Self::None | Self::Password(_) => None,
            Self::Header(_) => Some(Sequence::Header(numbers.header)),
            Self::Trailer { .. } => Some(Sequence::Trailer(numbers.trailer)),
        }
    }
}

/// Version, path and address of any advert, and the secrets that it can have.
fn setting(u: &mut Unstructured<'_>) -> Result<(Version, AddressPair, IpAddr)> {
    Ok(match u.int_in_range(0..=2)? {
        0 => (Version::V2, MULTICAST, [192, 0, 2, 100].into()),
        1 => (Version::V3, MULTICAST, [192, 0, 2, 100].into()),
        _ => {
            let source = [0xfe80, 0, 0, 0, 0, 0, 0, 1].into();
            let path = AddressPair::V6 { source, destination: GROUP_V6 };
            (Version::V3, path, [0xfe80, 0, 0, 0, 0, 0, 0, 0x100].into())
        }
    })
}

/// [W-4], [W-6], [W-7], [W-11], [W-40]
#[test]
fn who_knows_the_secret_is_heard_and_nobody_else() {
    arbtest::arbtest(|u| {
        let (version, path, vip) = setting(u)?;
        let (ours, theirs): (Written, Written) = (u.arbitrary()?, u.arbitrary()?);
        let numbers: SequenceNumbers = u.arbitrary()?;
        let mut packet = [0; 128];
        let vip = [vip];
        let written = theirs.secret().packet(&advert(version, &vip), path, numbers, &mut packet);
        let legacy = |secret| matches!(secret, Written::Password(_) | Written::Header(_));
        if version == Version::V3 && legacy(theirs) {
            assert_eq!((written, packet), (Err(EncodeError::V2Authentication), [0; 128]));
            return Ok(());
        }
        let (meta, message) = from_ip_packet(&packet[..written.unwrap()]).unwrap();
        let secret = ours.secret();
        let heard = |clock: TrailerTime| {
            let authentication = secret.authentication(Some((clock, WINDOW)));
            let policy = AdvertPolicy::new(version, vrid(), path.family());
            decode(message, &meta, &AdvertPolicy { authentication, ..policy })
        };
        let now = heard(numbers.trailer);
        assert_eq!(now.is_ok(), ours.hears(theirs) && !(version == Version::V3 && legacy(ours)));
        if let Ok(advert) = now {
            assert_eq!(advert.sequence, theirs.sequence(numbers));
            let late = TrailerTime(numbers.trailer.0.wrapping_add((u64::from(WINDOW) << 32) + 1));
            let timeless = !matches!(advert.sequence, Some(Sequence::Trailer(_)));
            assert_eq!(heard(late).is_ok(), timeless);
        }
        Ok(())
    });
}

/// [W-9], [W-10]
#[test]
fn packets_of_headers_equal_the_golden_one() {
    let secret = Secret::Header(Password::new(b"secret"));
    let numbers = SequenceNumbers { header: 1, trailer: TrailerTime(0) };
    let vip = [[192, 0, 2, 100].into()];
    let mut packet = [0; 64];
    let written = secret.packet(&advert(Version::V2, &vip), MULTICAST, numbers, &mut packet);
    assert_eq!((written, packet.to_vec()), (Ok(64), octets(G9)));
}

/// [W-9] Kernels fill in an identification of 0, behind the back of who has authenticated it.
#[test]
fn packets_of_headers_are_identified() {
    arbtest::arbtest(|u| {
        let (version, path, vip) = (Version::V2, MULTICAST, [[192, 0, 2, 100].into()]);
        let (written, numbers): (Written, SequenceNumbers) = (u.arbitrary()?, u.arbitrary()?);
        let mut packet = [0; 128];
        let length = written.secret().packet(&advert(version, &vip), path, numbers, &mut packet);
        let read = ipv4::Packet::parse(&packet[..length.unwrap()]).unwrap();
        let is_header = matches!(written, Written::Header(_));
        assert_eq!(read.protocol, if is_header { Protocol(51) } else { Protocol::VRRP });
        assert_eq!(u16::from_be_bytes([packet[4], packet[5]]) != 0, is_header);
        Ok(())
    });
}

#[test]
fn packets_that_do_not_fit_are_not_begun() {
    arbtest::arbtest(|u| {
        let (version, path, vip) = setting(u)?;
        let (written, numbers): (Written, SequenceNumbers) = (u.arbitrary()?, u.arbitrary()?);
        let vip = [vip];
        let write =
            |out: &mut [u8]| written.secret().packet(&advert(version, &vip), path, numbers, out);
        let Ok(needed) = write(&mut [0; 128]) else { return Ok(()) };
        for available in 0..needed {
            let mut room = [0xee; 128];
            let error = BufferTooSmall { needed, available }.into();
            assert_eq!(write(&mut room[..available]), Err(error));
            assert_eq!(room, [0xee; 128]);
        }
        Ok(())
    });
}
