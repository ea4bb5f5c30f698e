//! The lines of the ratio report about VRRP.

use std::hint::black_box;
use std::net::IpAddr;
use std::time::Duration;

use lvs_proto::checksum::Sum;
use lvs_proto::vrrp::{
    AddressList, Advert, AdvertInterval, AdvertMeta, AdvertPolicy, ChecksumForm, GROUP_V4,
    HOP_LIMIT, Priority, Version, Vrid, decode, encode, from_ip_packet,
};
use lvs_proto::wire::ethernet;
use lvs_proto::{AddressPair, Family, Instant, frames};
use lvs_vrrp::{Action, Announcements, Block, Config, Engine, InterfaceId, Router, Slot};

use crate::churn::Random;
use crate::measure::{Candidate, Row, Unit, compare};
use crate::setting::Shape;

const OWN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));
const VIRTUAL: [IpAddr; 1] = [IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 100))];

/// Virtual routers of an interface.
const PER_INTERFACE: u32 = 250;

/// Measures codec and engine, and tells `emit` line by line.
pub fn vrrp(emit: &mut impl FnMut(Row)) {
    for count in [1, 20] {
        let [decode, sum] = decoding(count);
        let what = ("vrrp.decode", u32::from(count), Shape::Equal);
        emit(Row::new(what, (Unit::Ns, decode), ("sum", sum)));
    }
    for (what, candidate) in [
        ("vrrp.engine.advert", adverts as fn(u32) -> Candidate<'static>),
        ("vrrp.engine.timeout", timeouts),
    ] {
        let costs = compare(&mut [10, 10_000].map(candidate));
        emit(Row::new((what, 10_000, Shape::Equal), (Unit::Ns, costs[1]), ("n=10", costs[0])));
    }
}

/// Nanoseconds of decoding and verifying an advert with its IP header, and of summing its octets.
fn decoding(count: u8) -> [f64; 2] {
    let packet = packet_of(count);
    let costs = compare(&mut [
        decoder(count),
        Box::new(|times| {
            for _ in 0..times {
                black_box(Sum::new().add_octets(black_box(&packet)).checksum());
            }
        }),
    ]);
    [costs[0], costs[1]]
}

/// Decodes and verifies an advert of so many addresses with its IP header.
pub(crate) fn decoder(count: u8) -> Candidate<'static> {
    let packet = packet_of(count);
    Box::new(move |times| {
        let policy = AdvertPolicy::new(Version::V3, vrid(0), Family::V4);
        for _ in 0..times {
            let (meta, message) = from_ip_packet(black_box(&packet)).expect("a VRRP packet");
            let advert = decode(message, &meta, &policy).expect("a valid advert");
            black_box((advert.priority, advert.interval, advert.addresses.len()));
        }
    })
}

/// Encodes an advert of so many addresses.
pub(crate) fn encoder(count: u8) -> Candidate<'static> {
    let list = addresses(count);
    let path = AddressPair::new(OTHER, GROUP_V4.into()).expect("one family");
    let mut octets = [0; 128];
    Box::new(move |times| {
        for _ in 0..times {
            let length = encode(black_box(&advert(vrid(0), &list)), path, &mut octets);
            black_box(&octets[..length.expect("room for any advert")]);
        }
    })
}

fn addresses(count: u8) -> Vec<IpAddr> {
    (1..=count).map(|last| [192, 0, 2, last].into()).collect()
}

fn packet_of(count: u8) -> Vec<u8> {
    packet(&advert(vrid(0), &addresses(count)))
}

/// An advert in, to one of the Backup routers, here and there.
pub(crate) fn adverts(count: u32) -> Candidate<'static> {
    let mut engine = engine(count, 100);
    let mut random = Random::default();
    let mut now = Instant::EPOCH;
    let addresses = AddressPair::new(OTHER, GROUP_V4.into()).expect("one family");
    let meta = AdvertMeta::new(addresses, HOP_LIMIT);
    Box::new(move |times| {
        for _ in 0..times {
            let number = random.below(count as usize) as u32;
            now = now + Duration::from_micros(1);
            engine.handle_advert(now, interface(number), &advert(vrid(number), &VIRTUAL), &meta);
            assert!(engine.poll_action().is_none());
        }
    })
}

/// A timeout, and the advert that is due out, as a message, of whichever Active router is next.
pub(crate) fn timeouts(count: u32) -> Candidate<'static> {
    let mut engine = engine(count, 255);
    let mut octets = [0; 64];
    Box::new(move |times| {
        for _ in 0..times {
            let deadline = engine.next_deadline().expect("Active routers");
            engine.handle_timeout(deadline, 1);
            while let Some((id, action)) = engine.poll_action() {
                let Action::SendAdvert { priority } = action else { continue };
                let router = engine.get(id).expect("it wants something");
                for path in router.advert_paths() {
                    let length = encode(&router.advert(priority), path, &mut octets);
                    black_box(&octets[..length.expect("room for one address")]);
                }
            }
        }
    })
}

/// An engine of started routers, which lives as long as the program.
fn engine(count: u32, priority: u8) -> Engine<'static, [IpAddr; 1]> {
    let slots = (0..count).map(|_| Slot::default()).collect::<Vec<_>>().leak();
    let blocks = vec![Block::default(); (count as usize).div_ceil(64)].leak();
    let mut engine = Engine::new(slots, blocks);
    let mut random = Random::default();
    for number in 0..count {
        let config = Config {
            priority: Priority::new(priority),
            announcements: Announcements { rounds: 0, ..Announcements::RFC4861 },
            ..Config::rfc9568(vrid(number))
        };
        let router = Router::new(config, OWN, VIRTUAL).expect("a valid configuration");
        let id = engine.add(interface(number), router).expect("room, and a name of its own");
        let start = Instant::from_micros(random.below(1_000_000) as u64);
        engine.input(id, |router| router.startup(start)).expect("it was added");
    }
    while engine.poll_action().is_some() {}
    engine
}

/// An advert with its IP header.
fn packet(advert: &Advert<'_>) -> Vec<u8> {
    let mut frame = vec![0; 1_500];
    let mac = advert.vrid.virtual_mac(Family::V4);
    let length = frames::advert(advert, OTHER, mac, &mut frame).expect("room for any advert");
    frame[ethernet::HEADER_LEN..length].to_vec()
}

fn advert(vrid: Vrid, addresses: &[IpAddr]) -> Advert<'_> {
    Advert {
        version: Version::V3,
        vrid,
        priority: Priority::new(200),
        interval: AdvertInterval::DEFAULT,
        checksum: ChecksumForm::MessageOnly,
        addresses: AddressList::from(addresses),
        sequence: None,
    }
}

fn vrid(number: u32) -> Vrid {
    Vrid::new((number % PER_INTERFACE + 1) as u8).expect("1 to 250")
}

const fn interface(number: u32) -> InterfaceId {
    InterfaceId(number / PER_INTERFACE + 1)
}
