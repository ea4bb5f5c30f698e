//! Rules of adverts that hold for all of them.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod parts;
mod refusals;

use std::net::{IpAddr, Ipv4Addr};

use lvs_proto::vrrp::{
    AdvertError, AdvertInterval, AdvertMeta, AdvertPath, AdvertPolicy, ChecksumAccept,
    ChecksumForm, EncodedAdvert, GROUP_V4, Peer, Priority, Vrid, decode, encode, from_ip_packet,
    vrid_of,
};
use lvs_proto::wire::ethernet::{self, EtherType};
use lvs_proto::{AddressPair, Family, MacAddr, frames};

use parts::{Parts, ROOM, VRID};

/// [W-1], [W-15], [W-16]
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

/// [W-26], [S-3] What is patched equals what would be written anew.
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

/// [W-22], [W-23], [W-28], [X-29], [X-30], [SEC-2]
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

#[cfg(feature = "bytes")]
#[test]
fn buffers_of_bytes_hold_adverts() {
    use bytes::{Buf, BytesMut};
    use lvs_proto::BufferTooSmall;
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
