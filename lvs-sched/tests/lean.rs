//! A build that leaves everything out: what is left works, and what is not there says so.
#![cfg(not(any(
    feature = "fast",
    feature = "full-nat",
    feature = "helpers",
    feature = "ipv6",
    feature = "large",
    feature = "persistence",
    feature = "sctp",
    feature = "sync",
    feature = "tables",
    feature = "tunnels",
)))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use core::net::IpAddr;

use lvs_proto::{
    AddressPair, Decide, Family, Flow, Hop, Instant, Method, Protocol, TcpFlags, Transport, Verdict,
};
use lvs_sched::{
    DestConfig, DestError, Director, DirectorConfig, Persistence, PersistenceEngine, SchedulerKind,
    ServiceConfig, ServiceError, ServiceKey,
};

const NOW: Instant = Instant::EPOCH;
const VIP: [u8; 4] = [192, 0, 2, 100];

fn director() -> Director {
    let config = DirectorConfig { connections: 64, connections_v6: 64, ..Default::default() };
    Director::new(config).unwrap()
}

fn server(last: u8, weight: u32) -> DestConfig {
    let address = IpAddr::from([10, 2, 0, last]);
    DestConfig { weight, method: Method::Nat, ..DestConfig::new(address, 8080) }
}

fn packet(client_port: u16, transport: fn(u16) -> Transport) -> Flow {
    let (source, destination) = ([192, 0, 2, 7].into(), VIP.into());
    Flow::new(AddressPair::V4 { source, destination }, transport(client_port))
}

fn syn(source_port: u16) -> Transport {
    Transport::Tcp { source_port, destination_port: 80, flags: TcpFlags::SYN }
}

/// Where packets of new connections go, by the last octet.
fn picks(kind: SchedulerKind, weights: &[u32], count: u16) -> Vec<u8> {
    let mut director = director();
    let key = ServiceKey::tcp(VIP.into(), 80);
    let service = ServiceConfig { scheduler: kind, ..ServiceConfig::new(key) };
    director.add_service(NOW, service).unwrap();
    for (last, weight) in (1..).zip(weights) {
        director.add_dest(NOW, &key, server(last, *weight)).unwrap();
    }
    let mut last_of = |port| match director.decide(NOW, &packet(port, syn)) {
        Verdict::Forward(Hop { address: IpAddr::V4(address), .. }) => address.octets()[3],
        other => panic!("{other:?}"),
    };
    (0..count).map(|port| last_of(1024 + port)).collect()
}

#[test]
fn schedulers_pick_as_ever() {
    assert_eq!(picks(SchedulerKind::Rr, &[1, 0, 1, 1], 4), [4, 3, 1, 4], "RR-2");
    assert_eq!(picks(SchedulerKind::Wrr, &[1, 2], 6), [2, 1, 2, 2, 1, 2], "WRR-4");
    assert_eq!(picks(SchedulerKind::Lc, &[1, 1], 4), [2, 1, 2, 1], "LC-1");
    assert_eq!(picks(SchedulerKind::Wlc, &[1, 3], 4), [2, 1, 2, 2], "WLC-1");
    assert_eq!(picks(SchedulerKind::Fo, &[1, 3, 2], 2), [2, 2], "FO-1");
}

#[test]
fn what_a_service_takes_and_the_build_lacks_is_named() {
    let mut director = director();
    let mut refusal = |config| match director.add_service(NOW, config).unwrap_err() {
        ServiceError::NotBuilt { feature } => feature,
        other => panic!("{other:?}"),
    };
    let service = ServiceConfig::new(ServiceKey::udp(VIP.into(), 5060));
    for kind in SchedulerKind::ALL.into_iter().filter(|kind| kind.name().ends_with('h')) {
        assert_eq!(refusal(ServiceConfig { scheduler: kind, ..service }), "tables");
    }
    let persistence = Some(Persistence::new(Family::V4, 60));
    let engine = Some(PersistenceEngine::Sip);
    assert_eq!(refusal(ServiceConfig { persistence, engine, ..service }), "helpers");
    assert_eq!(refusal(ServiceConfig { persistence, ..service }), "persistence");
    let v6 = ServiceKey::udp(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]), 53);
    assert_eq!(refusal(ServiceConfig::new(v6)), "ipv6");

    let (protocol, address) = (Protocol::SCTP, VIP.into());
    let sctp = ServiceConfig::new(ServiceKey::Address { protocol, address, port: 80 });
    let refused = director.add_service(NOW, sctp);
    assert_eq!(refused, Err(ServiceError::UnsupportedProtocol { protocol }));
}

#[test]
fn so_is_what_a_destination_takes() {
    let mut director = director();
    let key = ServiceKey::tcp(VIP.into(), 80);
    director.add_service(NOW, ServiceConfig::new(key)).unwrap();
    for (method, feature) in [(Method::FullNat, "full-nat"), (Method::Tunnel, "tunnels")] {
        let dest = DestConfig { method, ..server(1, 1) };
        let refused = director.add_dest(NOW, &key, dest);
        assert_eq!(refused, Err(DestError::NotBuilt { feature }));
    }
}

#[test]
fn other_packets_are_none_of_ours() {
    let mut director = director();
    let key = ServiceKey::tcp(VIP.into(), 80);
    director.add_service(NOW, ServiceConfig::new(key)).unwrap();
    director.add_dest(NOW, &key, server(1, 1)).unwrap();
    let sctp = |source_port| Transport::Sctp { source_port, destination_port: 80, chunk: None };
    for flow in [packet(1024, sctp), packet(1024, |_| Transport::LaterFragment(Protocol(47)))] {
        assert!(!matches!(director.decide(NOW, &flow), Verdict::Forward(_)));
    }
    assert_eq!(director.conns().count(), 0);
}
