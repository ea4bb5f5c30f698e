//! ICMP errors about the director's own tunnels.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::net::Ipv4Addr;

use common::{SYN, dest, director, ip, secs, tcp};
use lvs_proto::frames::TunnelError;
use lvs_proto::wire::{ethernet, icmpv4, ipv4};
use lvs_proto::{Decide, LinkPair, MacAddr, Protocol, Verdict, parse};
use lvs_sched::{Profile, ServiceKey};

const DIRECTOR: [u8; 4] = [10, 2, 0, 254];

fn header(source: [u8; 4], destination: [u8; 4], protocol: u8, payload: usize) -> Vec<u8> {
    let (source, destination) = (source.into(), destination.into());
    let total_len = 20 + payload as u16;
    let mut header = ipv4::Header {
        source,
        destination,
        protocol: Protocol(protocol),
        hop_limit: 64,
        tos: 0,
        total_len,
    }
    .octets();
    // It must not be sent in fragments.
    header[6] = 0x40;
    let sum = u16::from_be_bytes([header[10], header[11]]);
    let sum = lvs_proto::checksum::updated(sum, 0, 0x4000);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    header.to_vec()
}

/// Fragmentation was needed on the way to `server`, for what a client sent from `port`.
fn error(server: [u8; 4], port: u16, mtu: u16) -> Vec<u8> {
    let [high, low] = port.to_be_bytes();
    let segment = [high, low, 0, 80, 0, 0, 0, 0];
    let carried = [&header([192, 0, 2, 7], [10, 0, 0, 1], 6, 1400)[..], &segment].concat();
    let quote = [&header(DIRECTOR, server, 4, 1420)[..], &carried].concat();
    let [high, low] = mtu.to_be_bytes();
    let icmp = icmpv4::header(icmpv4::DESTINATION_UNREACHABLE, 4, [0, 0, high, low], &quote);
    let length = icmp.len() + quote.len();
    let mac = MacAddr::new([2; 6]);
    let link = ethernet::header(mac, mac, ethernet::EtherType::IPV4);
    [&link[..], &header([10, 9, 9, 9], DIRECTOR, 1, length), &icmp, &quote].concat()
}

#[test]
fn icmp_7_only_errors_about_its_own_tunnels_are_told_on() {
    let rules = [
        "-A -t 10.0.0.1:80 -s rr",
        "-a -t 10.0.0.1:80 -r 10.2.0.1 -i",
        "-A -t 10.0.0.1:81 -s rr",
        "-a -t 10.0.0.1:81 -r 10.2.0.1 -g",
    ];
    let mut director = director(Profile::Classic, &rules);
    let syn = tcp("192.0.2.7", 4000, "10.0.0.1", 80, SYN);
    assert!(matches!(director.decide(secs(0), &syn), Verdict::Forward(_)));

    let frame = error([10, 2, 0, 1], 4000, 1400);
    assert_eq!(director.decide(secs(0), &parse(&frame).unwrap()), Verdict::Pass);
    let about = TunnelError::parse(&frame).unwrap();
    assert!(director.is_own_tunnel_error(secs(0), &about));
    assert_eq!(about.path_mtu(), Some(1400));
    let key = ServiceKey::tcp(ip("10.0.0.1"), 80);
    let traffic = dest(&director, &key, "10.2.0.1").statistics();
    assert_eq!((traffic.out_packets, traffic.out_octets), (1, frame.len() as u64 - 14));

    let mut out = [0; 600];
    let link = LinkPair { source: MacAddr::new([2; 6]), destination: MacAddr::new([4; 6]) };
    let length = about.relay(Ipv4Addr::from([10, 0, 0, 254]), link, &mut out).unwrap();
    let told = parse(&out[..length]).unwrap();
    assert_eq!(told.destination(), ip("192.0.2.7"));
    assert_eq!(out[40..42], 1380u16.to_be_bytes());

    for (server, port) in [([10, 2, 0, 2], 4000), ([10, 2, 0, 1], 4001)] {
        let frame = error(server, port, 1400);
        assert!(!director.is_own_tunnel_error(secs(0), &TunnelError::parse(&frame).unwrap()));
    }
}

/// A connection that goes through no tunnel, or through another one, has no errors about this one.
#[test]
fn icmp_7_other_ways_to_the_server() {
    for way in ["-m", "-g", "-i --tun-type gre", "-i --tun-type gue --tun-port 6080"] {
        let dest = format!("-a -t 10.0.0.1:80 -r 10.2.0.1 {way}");
        let mut director = director(Profile::Classic, &["-A -t 10.0.0.1:80 -s rr", &dest]);
        let syn = tcp("192.0.2.7", 4000, "10.0.0.1", 80, SYN);
        assert!(matches!(director.decide(secs(0), &syn), Verdict::Forward(_)));
        let frame = error([10, 2, 0, 1], 4000, 1400);
        let error = TunnelError::parse(&frame).unwrap();
        assert!(!director.is_own_tunnel_error(secs(0), &error));
    }
}
