//! What the RFCs oblige a router to that no other test shows: what adverts look like, where they go,
//! which are refused, and what is in place in which state.

#![allow(clippy::unwrap_used, clippy::panic, reason = "that is how a test fails")]

mod common;

use core::net::IpAddr;

use common::*;
use lvs_proto::checksum::Sum;
use lvs_proto::vrrp::{
    AdvertError, AdvertInterval, Authentication, EncodeError, HOP_LIMIT, Message, Password, Peer,
    Priority, Version, decode, encode,
};
use lvs_proto::{AddressPair, Family, Instant, Protocol};
use lvs_vrrp::{Action, Config, ConfigError, Router, State};

const V4: &str = "10.0.0.5";
const V6: &str = "fe80::5";

/// The octets of an advert with the router's own priority, and the packet that they go in.
fn encoded(router: &TestRouter) -> (Vec<u8>, AddressPair) {
    let path = router.advert_paths().next().unwrap();
    let mut octets = vec![0; 512];
    let length = encode(&router.advert(router.priority()), path, &mut octets).unwrap();
    octets.truncate(length);
    (octets, path)
}

#[test]
fn v3_tx_1_2_14_15_16_17_19_v2_tx_1_3_where_adverts_come_from_and_go_to() {
    let rows = [
        (v3(100), V4, "224.0.0.18", "00:00:5e:00:01:33"),
        (v2(100), V4, "224.0.0.18", "00:00:5e:00:01:33"),
        (v3(100), V6, "ff02::12", "00:00:5e:00:02:33"),
    ];
    for (config, source, group, mac) in rows {
        let router = router(config, source);
        let paths: Vec<_> = router.advert_paths().collect();
        assert_eq!(paths, [AddressPair::new(ip(source), ip(group)).unwrap()]);
        assert_eq!(router.virtual_mac().to_string(), mac);
    }
    assert_eq!((HOP_LIMIT, Protocol::VRRP.0), (255, 112));
}

#[test]
fn v3_tx_3_4_5_v2_tx_2_priorities_that_are_advertised() {
    for config in [v3, v2] {
        let zero = Router::new(config(0), ip(V4), addresses(Family::V4)).map(|_| ());
        assert_eq!(zero, Err(ConfigError::PriorityZero));
        for priority in [1, 100, 254, 255] {
            let (mut router, since) = active(config(priority), V4);
            for wish in [0, 1, 254, 255] {
                router.set_priority(at(since), Priority::new(wish));
                router.handle_timeout(router.next_deadline().unwrap());
                for action in drain(&mut router) {
                    let Action::SendAdvert { priority: sent } = action else { continue };
                    assert_eq!(sent == Priority::OWNER, priority == 255);
                    assert_ne!(sent, Priority::RESIGN);
                }
            }
            router.shutdown(at(since));
            assert_eq!(drain(&mut router)[0], send(0));
        }
    }
}

#[test]
fn v3_tx_6_8_10_21_v2_tx_3_4_5_fields_are_those_of_the_configuration() {
    for (config, source) in [(v3(77), V4), (v3(77), V6), (v2(77), V4)] {
        let router = router(Config { interval: centiseconds(300), ..config }, source);
        let (octets, _) = encoded(&router);
        let message = Message::parse(&octets).unwrap();
        assert_eq!((message.kind(), message.vrid(), message.priority()), (1, 51, 77));
        assert_eq!(usize::from(message.count()), router.addresses().len());
        let listed: Vec<u8> = router.addresses().iter().flat_map(octets_of).collect();
        match config.version {
            Version::V3 => {
                assert_eq!((message.version(), message.reserved()), (3, 0));
                assert_eq!(message.max_advert_interval(), 300);
                assert_eq!(message.body(), listed);
            }
            Version::V2 => {
                assert_eq!((message.version(), message.auth_type()), (2, 0));
                assert_eq!(message.advert_interval(), 3);
                assert_eq!(message.body(), [listed, vec![0; 8]].concat());
            }
        }
    }
    assert_eq!(Config::rfc3768(vrid()).interval.whole_seconds(), Some(1));
}

fn octets_of(address: &IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

#[test]
fn v3_tx_11_12_13_v2_tx_3_checksums() {
    let of_message = |octets: &[u8]| Sum::new().add_octets(octets);
    let rows = [
        (v3(100), V4, false),
        (v3(100), V6, true),
        (v2(100), V4, false),
        (Config::rfc5798(vrid()), V4, true),
        (Config::rfc5798(vrid()), V6, true),
    ];
    for (config, source, pseudo_header) in rows {
        let (octets, path) = encoded(&router(config, source));
        let length = octets.len() as u32;
        let with = of_message(&octets).add_pseudo_header(path, Protocol::VRRP, length);
        assert_eq!(with.verifies(), pseudo_header);
        assert_eq!(of_message(&octets).verifies(), !pseudo_header);
    }
}

#[test]
fn v3_tx_8_9_20_v2_tx_5_what_cannot_be_configured() {
    let refused = |config: Config, addresses: &[&str]| {
        let addresses: Vec<_> = addresses.iter().map(|address| ip(address)).collect();
        Router::new(config, ip(V4), addresses).map(|_| ()).unwrap_err()
    };
    let vip = "10.0.0.100";
    assert_eq!(refused(v3(100), &[vip, V6]), ConfigError::MixedFamilies(ip(V6)));
    assert_eq!(refused(v3(100), &[]), ConfigError::NoAddresses);
    assert_eq!(AdvertInterval::from_centiseconds(0), None);
    let too_long = AdvertInterval::from_seconds(41).unwrap();
    let config = Config { interval: too_long, ..v3(100) };
    assert_eq!(refused(config, &[vip]), ConfigError::IntervalTooLong(too_long));
    let fraction = centiseconds(150);
    let config = Config { interval: fraction, ..v2(100) };
    assert_eq!(refused(config, &[vip]), ConfigError::FractionalSeconds(fraction));
    let longest = Config { interval: centiseconds(4_095), ..v3(100) };
    Router::new(longest, ip(V4), [ip(vip)]).unwrap();

    // Nor can the codec be made to.
    let other = router(v3(100), V6);
    let path = router(v3(100), V4).advert_paths().next().unwrap();
    let mixed = encode(&other.advert(other.priority()), path, &mut [0; 512]);
    assert!(matches!(mixed, Err(EncodeError::OtherFamily(_))));
}

/// How a message is spoilt, and what becomes of it.
type Row = (fn(&mut Vec<u8>), fn(&AdvertError) -> bool);

#[test]
fn v3_rx_3_to_7_v3_rx_12_v2_rx_2_to_5_v2_rx_7_8_messages_that_are_refused() {
    let rows: [Row; 7] = [
        (|octets| octets[0] = 0x41, |error| matches!(error, AdvertError::UnknownVersion(4))),
        (|octets| octets[0] ^= 0x10, |error| matches!(error, AdvertError::OtherVersion { .. })),
        (|octets| octets[0] += 1, |error| matches!(error, AdvertError::UnknownType(2))),
        (|octets| octets.truncate(15), |error| matches!(error, AdvertError::Length { .. })),
        (|octets| octets.push(0), |error| matches!(error, AdvertError::Length { .. })),
        (|octets| octets[8] ^= 1, |error| matches!(error, AdvertError::Checksum(_))),
        (|octets| octets[1] = 52, |error| matches!(error, AdvertError::OtherVrid { .. })),
    ];
    for (config, own, other) in
        [(v3(100), V4, "10.0.0.9"), (v3(100), V6, "fe80::9"), (v2(100), V4, "10.0.0.9")]
    {
        let mut router = started(config, own);
        let heard = Heard::new(other, 200);
        let before = machine(&router);
        for (spoil, is_expected) in rows {
            let mut message = heard.message(config.version);
            spoil(&mut message);
            let error = decode(&message, &heard.meta(), &router.policy()).unwrap_err();
            assert!(is_expected(&error), "{error}");
            receive(&mut router, at(1), &message, &heard.meta());
        }
        assert_eq!((machine(&router), drain(&mut router)), (before, vec![]));
        heard.by(&mut router, 1);
        assert_eq!(router.counters().adv_rcvd, 1, "the same message, unspoilt");
    }
}

#[test]
fn v3_rx_1_2_v2_rx_1_other_hop_limits_are_refused() {
    for (config, own, other) in
        [(v3(100), V4, "10.0.0.9"), (v3(100), V6, "fe80::9"), (v2(100), V4, "10.0.0.9")]
    {
        let mut router = started(config, own);
        let heard = Heard::new(other, 200);
        for hop_limit in 0..=u8::MAX {
            let mut meta = heard.meta();
            meta.hop_limit = hop_limit;
            receive(&mut router, at(1), &heard.message(config.version), &meta);
        }
        assert_eq!((router.counters().ip_ttl_errors, router.counters().adv_rcvd), (255, 1));
    }
}

#[test]
fn v3_rx_17_18_v2_rx_11_what_is_not_looked_at() {
    let mut router = started(v3(100), V4);
    let heard = Heard { interval: centiseconds(20), ..Heard::new("10.0.0.9", 200) };
    let mut message = heard.message(Version::V3);
    message[4] |= 0xf0;
    reseal(&mut message);
    receive(&mut router, at(1), &message, &heard.meta());
    assert_eq!(router.active_interval(), centiseconds(20), "without the reserved bits");

    let mut router = started(v2(100), V4);
    let heard = Heard::new("10.0.0.9", 200);
    let mut message = heard.message(Version::V2);
    let length = message.len();
    message[length - 8..].copy_from_slice(b"whatever");
    reseal(&mut message);
    receive(&mut router, at(1), &message, &heard.meta());
    assert_eq!(router.counters().adv_rcvd, 1);

    let heard = Heard::new("fe80::9", 200);
    let message = heard.message(Version::V3);
    let router = started(v3(100), V6);
    let advert = decode(&message, &heard.meta(), &router.policy()).unwrap().addresses;
    assert!(advert.iter().eq(addresses(Family::V6)), "of the packet's family");
}

/// Makes the checksum of a message right again that has no pseudo-header.
fn reseal(octets: &mut [u8]) {
    octets[6..8].fill(0);
    let checksum = Sum::new().add_octets(octets).checksum();
    octets[6..8].copy_from_slice(&checksum.to_be_bytes());
}

/// [SC-12] Strangers, and peers that do not prove themselves.
#[test]
fn v2_rx_6_v2_au_1_2_sc_12_unknown_peers_and_wrong_passwords() {
    let peers = vec![Peer::new(ip("10.0.0.8"))];
    let unicast = Router::with_peers(v3(100), ip(V4), addresses(Family::V4), peers).unwrap();
    let heard = Heard::new("10.0.0.9", 200);
    let mut meta = heard.meta();
    meta.addresses = AddressPair::new(ip("10.0.0.9"), ip(V4)).unwrap();
    let error = decode(&heard.message(Version::V3), &meta, &unicast.policy()).unwrap_err();
    assert_eq!(error, AdvertError::UnknownPeer(ip("10.0.0.9")));

    let (secret, other) = (Password::new(b"secret"), Password::new(b"other"));
    let mut router = started(v2(100), V4);
    let before = machine(&router);
    let message = with_password(&other);
    let refused = |router: &TestRouter, authentication| {
        let policy = lvs_proto::vrrp::AdvertPolicy { authentication, ..router.policy() };
        decode(&message, &heard.meta(), &policy).unwrap_err()
    };
    let errors = [
        refused(&router, Authentication::None),
        refused(&router, Authentication::Password(&secret)),
        refused(&router, Authentication::Header(&secret)),
    ];
    assert!(matches!(errors[0], AdvertError::OtherAuthType { received: 1, expected: 0 }));
    assert!(matches!(errors[1], AdvertError::Unauthentic(_)));
    assert!(matches!(errors[2], AdvertError::NoAuthenticationHeader));
    errors.iter().for_each(|error| router.handle_rejected(error));
    assert_eq!((machine(&router), drain(&mut router)), (before, vec![]));
    let counters = router.counters();
    assert_eq!((counters.auth_type_mismatch, counters.auth_failures), (2, 1));
}

/// An advert of priority 200 with a password.
fn with_password(password: &Password) -> Vec<u8> {
    let sender = router(v2(200), "10.0.0.9");
    let path = sender.advert_paths().next().unwrap();
    let mut octets = vec![0; 512];
    let advert = sender.advert(sender.priority());
    let encode = lvs_proto::vrrp::encode_with_password;
    let length = encode(&advert, path, password, &mut octets).unwrap();
    octets.truncate(length);
    octets
}

#[test]
fn v2_rx_10_v3_rx_15_another_interval() {
    let heard = Heard { interval: centiseconds(200), ..Heard::new("10.0.0.9", 200) };
    let counted = |config: Config| {
        let mut router = started(config, V4);
        heard.by(&mut router, 1);
        (router.counters().adv_interval_errors, router.counters().adv_rcvd)
    };
    assert_eq!(counted(v2(100)), (1, 0), "discarded");
    assert_eq!(counted(v3(100)), (1, 1), "kept");
}

/// What a router has in place, by the actions so far.
#[derive(Default)]
struct Place {
    accepts: Option<bool>,
    groups: usize,
    advertises: bool,
    announced: usize,
}

impl Place {
    fn follow(&mut self, actions: &[Action]) {
        for action in actions {
            match action {
                Action::InstallAddresses { accept } => self.accepts = Some(*accept),
                Action::RemoveAddresses => self.accepts = None,
                Action::JoinSolicitedNode(_) => self.groups += 1,
                Action::LeaveSolicitedNode(_) => self.groups -= 1,
                Action::SetRouterAdvertisements(on) => self.advertises = *on,
                Action::Announce(_) => {
                    assert!(self.accepts.is_some(), "not before the address is in place");
                    self.announced += 1;
                }
                Action::SendAdvert { .. } | Action::AnnounceSource | Action::Notify(_) => {}
            }
        }
    }
}

#[test]
fn v3_bk_1_2_3_5_9_v3_ac_3_6_8_9_19_20_22_v2_bk_1_3_v2_ac_3_10_what_is_in_place() {
    let rows = [
        (v3(100), V4, false),
        (v3(100), V6, false),
        (v3(255), V4, true),
        (v3(255), V6, true),
        (Config { accept: true, ..v3(100) }, V6, true),
        (v2(100), V4, false),
        (v2(255), V4, true),
    ];
    for (config, source, accepts) in rows {
        let (mut router, mut place) = (router(config, source), Place::default());
        let is_v6 = router.family() == Family::V6;
        router.startup(Instant::EPOCH);
        place.follow(&drain(&mut router));
        if !config.is_owner() {
            assert_eq!((place.accepts, place.groups, place.advertises), (None, 0, false));
            router.handle_timeout(at(3_609_375));
            place.follow(&drain(&mut router));
        }
        assert_eq!(router.state(), State::Active);
        assert_eq!((place.accepts, place.advertises), (Some(accepts), is_v6));
        assert_eq!(place.groups, if is_v6 { 2 } else { 0 }, "two addresses share one");
        assert_eq!(place.announced, router.addresses().len());

        let other = if is_v6 { "fe80::9" } else { "10.0.0.9" };
        let end = at(4_000_000);
        match config.is_owner() {
            true => router.shutdown(end),
            false => place.follow(&Heard::new(other, 200).by(&mut router, 4_000_000)),
        }
        place.follow(&drain(&mut router));
        assert_eq!((place.accepts, place.groups, place.advertises), (None, 0, false));
    }
}
