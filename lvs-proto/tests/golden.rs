//! Adverts whose octets were computed by hand or recorded from other implementations.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::net::IpAddr;

use lvs_proto::vrrp::{
    Advert, AdvertError, AdvertInterval, AdvertMeta, AdvertPolicy, ChecksumForm, DatagramError,
    Priority, Version, Vrid, decode, encode, from_ip_packet, vrid_of,
};
use lvs_proto::wire::{arp, ethernet, ndp};
use lvs_proto::{AddressPair, MacAddr, Protocol, frames};

const GOLDEN: &str = include_str!("../../vectors/vrrp/golden.txt");
const RECORDED: &str = include_str!("../../vectors/vrrp/recorded.txt");

/// The lines of a vector file, in fields.
fn rows<const N: usize>(file: &str) -> impl Iterator<Item = [&str; N]> {
    file.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut fields = line.splitn(N, "  ");
        [(); N].map(|()| fields.next().unwrap())
    })
}

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn pair(source: &str, destination: &str) -> AddressPair {
    AddressPair::new(source.parse().unwrap(), destination.parse().unwrap()).unwrap()
}

/// A receiver that takes any checksum form.
fn policy(version: Version, vrid: Vrid, addresses: AddressPair) -> AdvertPolicy<'static> {
    AdvertPolicy::new(version, vrid, addresses.family())
}

fn encoded(advert: &Advert<'_>, addresses: AddressPair) -> Vec<u8> {
    let mut out = [0; 128];
    let length = encode(advert, addresses, &mut out).unwrap();
    out[..length].to_vec()
}

/// Version, VRID, priority, centiseconds, form and addresses of each golden vector.
fn meaning(id: &str) -> (Version, u8, u8, u16, ChecksumForm, &[&str]) {
    use ChecksumForm::{MessageOnly, PseudoHeader};
    match id {
        "G1" | "G2" => (Version::V2, 51, 100, 100, MessageOnly, &["192.0.2.100"]),
        "G3" => (Version::V3, 51, 100, 100, MessageOnly, &["192.0.2.100"]),
        "G4" | "G5" => (Version::V3, 51, 100, 100, PseudoHeader, &["192.0.2.100"]),
        "G6" => {
            let addresses = &["fe80::200:5eff:fe00:233", "2001:db8::100"];
            (Version::V3, 51, 100, 100, PseudoHeader, addresses)
        }
        "G7" => (Version::V3, 1, 0, 100, MessageOnly, &["192.0.2.100"]),
        "G8" => (Version::V3, 255, 255, 4095, MessageOnly, &["192.0.2.1", "192.0.2.2"]),
        _ => panic!("{id} has no meaning"),
    }
}

#[test]
fn golden_vectors_are_decoded_and_encoded() {
    for [id, source, destination, hex, _] in rows(GOLDEN) {
        let (version, vrid, priority, centiseconds, checksum, addresses) = meaning(id);
        let addresses: Vec<IpAddr> = addresses.iter().map(|a| a.parse().unwrap()).collect();
        let advert = Advert {
            version,
            vrid: Vrid::new(vrid).unwrap(),
            priority: Priority::new(priority),
            interval: AdvertInterval::from_centiseconds(centiseconds).unwrap(),
            checksum,
            addresses: addresses[..].into(),
            sequence: None,
        };
        let message = octets(hex);
        let meta = AdvertMeta::new(pair(source, destination), 255);
        let expected = match id {
            "G2" => Err(AdvertError::OtherAuthType { received: 1, expected: 0 }),
            "G5" => Err(AdvertError::Destination(destination.parse().unwrap())),
            _ => Ok(advert),
        };
        assert_eq!(
            decode(&message, &meta, &policy(version, advert.vrid, meta.addresses)),
            expected,
            "{id}"
        );
        if id != "G2" {
            assert_eq!(encoded(&advert, meta.addresses), message, "{id}");
        }
    }
}

#[test]
fn recorded_adverts_are_decoded_and_encoded() {
    for [id, _, _, verdict, hex] in rows(RECORDED) {
        let frame = octets(hex);
        let frame = ethernet::Frame::parse(&frame).unwrap();
        let (meta, message) = match from_ip_packet(frame.payload) {
            Ok(parts) => parts,
            Err(error) => {
                assert!(matches!(error, DatagramError::NotVrrp(Protocol(51))), "{id}: {error:?}");
                assert!(id == "ka-v2-ah-9" && !cfg!(feature = "auth-legacy"), "{id}");
                continue;
            }
        };
        let version = if message[0] == 0x21 { Version::V2 } else { Version::V3 };
        match decode(message, &meta, &policy(version, vrid_of(message).unwrap(), meta.addresses)) {
            Ok(advert) => {
                assert_eq!(verdict, "accepted", "{id}");
                assert_eq!(encoded(&advert, meta.addresses), message, "{id}");
            }
            Err(error) => assert!(format!("{error:?}").starts_with(verdict), "{id}: {error:?}"),
        }
    }
}

/// keepalived 2.2.7 and FRR 10.3 with message-only checksums differ from one another; the form in
/// which a peer speaks is told [W-23].
#[test]
fn recorded_checksum_forms_are_told() {
    let form_of = |wanted: &str| {
        let [.., hex] = rows::<5>(RECORDED).find(|row| row[0] == wanted).unwrap();
        let frame = octets(hex);
        let (meta, message) = from_ip_packet(&frame[14..]).unwrap();
        let policy = policy(Version::V3, vrid_of(message).unwrap(), meta.addresses);
        decode(message, &meta, &policy).unwrap().checksum
    };
    assert_eq!(form_of("ka-v3-vmac-3"), ChecksumForm::PseudoHeader);
    assert_eq!(form_of("frr-v3-1vip-3"), ChecksumForm::PseudoHeader);
    assert_eq!(form_of("frr10-v3-2vip-nopseudo-3"), ChecksumForm::MessageOnly);
}

/// FRR 8.4.4 announces fe80::100 of VRID 51 [W-34].
#[test]
fn unsolicited_advertisements_equal_those_of_frr() {
    let recorded = "8800776aa0000000fe800000000000000000000000000100020100005e000233";
    let vip = "fe80::100".parse().unwrap();
    let all_nodes = "ff02::1".parse().unwrap();
    let mac = MacAddr::new([0, 0, 0x5e, 0, 2, 0x33]);
    assert_eq!(ndp::advertisement(vip, mac, all_nodes, false)[..], octets(recorded));
}

/// keepalived 2.2.7 announces 10.0.0.100; only the target link address, which receivers ignore,
/// differs [W-32].
#[test]
fn gratuitous_arps_equal_those_of_keepalived_but_for_the_target() {
    let recorded = octets("00010800060400010200000000010a000064ffffffffffff0a000064");
    let recorded = arp::Packet::parse(&recorded).unwrap();
    let mac = recorded.sender_mac;
    let mut out = [0; 42];
    frames::gratuitous_arp(recorded.sender_ip, mac, &mut out).unwrap();
    let ours = arp::Packet::parse(ethernet::Frame::parse(&out).unwrap().payload).unwrap();
    assert_eq!(ours, arp::Packet { target_mac: mac, ..recorded });
}
