//! What is checked of an advert before the state tables see it.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

mod common;

use common::*;
use lvs_proto::Instant;
use lvs_proto::vrrp::{
    Advert, AdvertInterval, ChecksumAccept, ChecksumForm, Priority, Version, Vrid,
};
use lvs_vrrp::{AddressMismatch, Config, OwnerAdverts, Router};

const OWN: &str = "10.0.0.5";
const OTHER: &str = "10.0.0.9";

#[test]
fn v3_rx_8_v2_rx_5_owner_discards_if_so_configured() {
    for config in [Config { owner_adverts: OwnerAdverts::Discard, ..v3(255) }, v2(255)] {
        let mut router = started(config, "10.0.0.1");
        let before = machine(&router);
        for priority in [0, 100, 255] {
            assert_eq!(Heard::new(OTHER, priority).by(&mut router, 1), []);
        }
        assert_eq!(machine(&router), before);
        assert_eq!((router.counters().owner_conflicts, router.counters().adv_rcvd), (3, 0));
    }
}

/// Whether an advert with these addresses is taken, and whether it is counted as an error.
fn listed(address_mismatch: AddressMismatch, addresses: &[&str], priority: u8) -> (u64, u64) {
    let addresses: Vec<_> = addresses.iter().map(|text| ip(text)).collect();
    let config = Config { address_mismatch, ..v3(100) };
    let mut router = Router::new(config, ip(OWN), addresses).unwrap();
    router.startup(Instant::EPOCH);
    Heard::new(OTHER, priority).by(&mut router, 1);
    (router.counters().adv_rcvd, router.counters().address_list_errors)
}

/// [W-18]
#[test]
fn v3_rx_16_v2_rx_9_rx_5_other_address_lists() {
    use AddressMismatch::{Count, Drop, DropUnlessOwner, Off};
    let same = ["192.0.2.101", "192.0.2.100"];
    let other = ["192.0.2.100", "192.0.2.102"];
    for policy in [Off, Count, DropUnlessOwner, Drop] {
        assert_eq!(listed(policy, &same, 200), (1, 0), "in any order");
    }
    for addresses in [&other[..], &same[..1]] {
        assert_eq!(listed(Off, addresses, 200), (1, 0));
        assert_eq!(listed(Count, addresses, 200), (1, 1));
        assert_eq!(listed(DropUnlessOwner, addresses, 200), (0, 1));
        assert_eq!(listed(DropUnlessOwner, addresses, 255), (1, 1));
        assert_eq!(listed(Drop, addresses, 255), (0, 1));
    }
}

#[test]
fn v3_rx_11_first_ipv6_address_ought_to_be_link_local() {
    let mut global = started(v3(100), "fe80::5");
    let list = [ip("2001:db8::100"), ip("fe80::100"), ip("2001:db8::200")];
    let heard = Heard::new("fe80::9", 200);
    let advert = Advert {
        priority: Priority::new(200),
        addresses: (&list[..]).into(),
        ..router(v3(200), "fe80::9").advert(Priority::new(200))
    };
    global.handle_advert(at(1), &advert, &heard.meta());
    assert_eq!((global.counters().adv_rcvd, global.counters().address_list_errors), (1, 1));
}

#[test]
fn a1_adverts_of_other_routers_are_not_ours() {
    let mut router = started(v3(100), OWN);
    let before = machine(&router);
    let other = started(Config { vrid: Vrid::new(52).unwrap(), ..v3(200) }, OTHER);
    let meta = Heard::new(OTHER, 200).meta();
    router.handle_advert(at(1), &other.advert(other.priority()), &meta);
    let other = started(v2(200), OTHER);
    router.handle_advert(at(1), &other.advert(other.priority()), &meta);
    let other = started(v3(200), "fe80::9");
    router.handle_advert(
        at(1),
        &other.advert(other.priority()),
        &Heard::new("fe80::9", 200).meta(),
    );
    assert_eq!(machine(&router), before);
    assert_eq!(*router.counters(), Default::default());
}

/// [W-17] A global address in the first place is counted, and refused where that is wanted.
#[test]
fn w_17_the_first_address_is_link_local() {
    let (source, list) = (ip("fe80::9"), [ip("2001:db8::100")]);
    let meta = Heard::new("fe80::9", 200).meta();
    let advert = Advert {
        version: Version::V3,
        vrid: vrid(),
        priority: Priority::new(200),
        interval: AdvertInterval::DEFAULT,
        checksum: ChecksumForm::PseudoHeader,
        addresses: (&list[..]).into(),
        sequence: None,
    };
    for (link_local_first, active) in [(false, Some(source)), (true, None)] {
        let mut router = started(Config { link_local_first, ..v3(100) }, "fe80::5");
        router.handle_advert(at(SECOND), &advert, &meta);
        assert_eq!(router.active_address(), active);
        assert_eq!(router.counters().address_list_errors, 1);
    }
}

/// [W-23] Whatever a version's own profile takes, a strict one takes one form.
#[test]
fn w_23_strict_profiles_take_the_one_checksum() {
    for version in [Version::V2, Version::V3] {
        let config = Config::strict(version, vrid());
        assert_eq!(config.checksum_accept, ChecksumAccept::MESSAGE_ONLY);
    }
}

/// [W-21], [W-22] Which form of checksum adverts come with.
#[test]
fn w_22_forms_of_checksum_are_counted() {
    let mut router = started(v3(100), OWN);
    let other = started(v3(200), OTHER);
    for (checksum, counts) in [
        (ChecksumForm::MessageOnly, (0, 0)),
        (ChecksumForm::PseudoHeader, (1, 0)),
        (ChecksumForm::GroupPseudoHeader, (2, 1)),
    ] {
        let advert = Advert { checksum, ..other.advert(Priority::new(200)) };
        router.handle_advert(at(SECOND), &advert, &Heard::new(OTHER, 200).meta());
        let counters = router.counters();
        assert_eq!((counters.pseudo_header_rcvd, counters.group_pseudo_header_rcvd), counts);
    }
}
