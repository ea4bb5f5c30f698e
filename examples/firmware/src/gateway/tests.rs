use std::net::Ipv4Addr;
use std::vec::Vec;

use lvs_proto::wire::arp::Operation;
use lvs_proto::wire::ipv4;
use lvs_proto::{Flow, Protocol, Transport, parse};

use super::*;
use crate::SITE;

const CLIENT: MacAddr = MacAddr::new([2, 0, 0, 0, 8, 7]);
const CLIENT_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 8, 0, 7);
const SERVER: MacAddr = MacAddr::new([2, 0, 0, 0, 8, 11]);
const VIRTUAL_MAC: MacAddr = MacAddr::new([0, 0, 0x5e, 0, 1, 51]);

/// A gateway, the time, and the frames that it has sent.
struct Bench<'a> {
    gateway: Gateway<'a>,
    now: Instant,
    sent: Vec<Vec<u8>>,
}

/// Runs `test` with a gateway that was started.
fn with_gateway(test: impl FnOnce(&mut Bench<'_>)) {
    let mut director = director(&SITE, [1, 2]).unwrap();
    let gateway = Gateway::new(&SITE, &mut director, [1, 2]).unwrap();
    let mut bench = Bench { gateway, now: Instant::EPOCH, sent: Vec::new() };
    bench.gateway.start(bench.now, &mut |frame| bench.sent.push(frame.to_vec()));
    test(&mut bench);
}

impl Bench<'_> {
    /// Lets time pass until the gateway is Active.
    fn become_active(&mut self) {
        while self.gateway.state() != State::Active {
            self.now = self.gateway.next_deadline().unwrap();
            self.gateway.handle_timeout(self.now, &mut |frame| self.sent.push(frame.to_vec()));
        }
        self.sent.clear();
    }

    /// What the gateway sends when this frame comes.
    fn sent_for(&mut self, mut frame: Vec<u8>) -> Vec<Vec<u8>> {
        let sent = &mut self.sent;
        self.gateway.handle_frame(self.now, &mut frame, &mut |frame| sent.push(frame.to_vec()));
        core::mem::take(sent)
    }
}

fn arp(
    operation: Operation,
    (sender_mac, sender_ip): (MacAddr, Ipv4Addr),
    ip: Ipv4Addr,
) -> Vec<u8> {
    let target_mac = MacAddr::default();
    let packet = arp::Packet { operation, sender_mac, sender_ip, target_mac, target_ip: ip };
    let header = ethernet::header(MacAddr::BROADCAST, sender_mac, EtherType::ARP);
    [&header[..], &packet.octets()].concat()
}

/// A datagram without a checksum.
fn udp(
    (to, from): (MacAddr, MacAddr),
    (source, source_port): (Ipv4Addr, u16),
    (destination, port): (Ipv4Addr, u16),
    hop_limit: u8,
) -> Vec<u8> {
    let header = ipv4::Header {
        source,
        destination,
        protocol: Protocol::UDP,
        hop_limit,
        tos: 0,
        total_len: 29,
    };
    let ports = [source_port, port, 9, 0].map(u16::to_be_bytes).concat();
    let link_header = ethernet::header(to, from, EtherType::IPV4);
    [&link_header[..], &header.octets(), &ports, b"?"].concat()
}

fn query(port: u16, hop_limit: u8) -> Vec<u8> {
    let client = (CLIENT_ADDRESS, 40_000);
    udp((VIRTUAL_MAC, CLIENT), client, (SITE.virtual_address, port), hop_limit)
}

/// Between whom, on the link and above it, ports included.
fn ends(frame: &[u8]) -> (MacAddr, Flow) {
    (ethernet::Frame::parse(frame).unwrap().destination, parse(frame).unwrap())
}

#[test]
fn v3_ac_1_the_virtual_address_is_answered_for_while_active() {
    let ask = |address| arp(Operation::Request, (CLIENT, CLIENT_ADDRESS), address);
    let answer = |sent: &[Vec<u8>]| {
        let octets = sent.first()?;
        Some(arp::Packet::parse(&octets[14..]).unwrap().sender_mac)
    };
    with_gateway(|bench| {
        assert_eq!(answer(&bench.sent_for(ask(SITE.address))), Some(SITE.mac));
        assert_eq!(answer(&bench.sent_for(ask(SITE.virtual_address))), None);
        bench.become_active();
        assert_eq!(answer(&bench.sent_for(ask(SITE.virtual_address))), Some(VIRTUAL_MAC));
    });
}

#[test]
fn v3_bk_4_only_an_active_gateway_forwards() {
    with_gateway(|bench| {
        assert!(bench.sent_for(query(53, 64)).is_empty());
        assert_eq!(bench.gateway.connections(), 0);
        bench.become_active();
        assert!(!bench.sent_for(query(53, 64)).is_empty());
        assert_eq!(bench.gateway.connections(), 1);
    });
}

/// RFC 1122 section 2.3.2.2.
#[test]
fn a_frame_waits_for_a_link_address() {
    with_gateway(|bench| {
        bench.become_active();
        let sent = bench.sent_for(query(5000, 64));
        let request = arp::Packet::parse(&sent[0][14..]).unwrap();
        assert_eq!((sent.len(), request.operation), (1, Operation::Request));

        let server = (SERVER, request.target_ip);
        let sent = bench.sent_for(arp(Operation::Reply, server, SITE.address));
        let (mac, flow) = ends(&sent[0]);
        assert_eq!((sent.len(), mac, flow.destination()), (1, SERVER, request.target_ip.into()));
        assert_eq!(flow.transport, Transport::Udp { source_port: 40_000, destination_port: 7000 });

        let client = (CLIENT_ADDRESS, 40_000);
        let answer = udp((SITE.mac, SERVER), (request.target_ip, 7000), client, 64);
        let sent = bench.sent_for(answer);
        assert_eq!((sent.len(), &sent[0][..6]), (1, &[0xff; 6][..]), "the client is asked for");
        let sent = bench.sent_for(arp(Operation::Reply, (CLIENT, CLIENT_ADDRESS), SITE.address));
        let (mac, flow) = ends(&sent[0]);
        assert_eq!((mac, flow.source()), (CLIENT, SITE.virtual_address.into()));
        assert_eq!(flow.transport, Transport::Udp { source_port: 5000, destination_port: 40_000 });
    });
}

/// RFC 1812 section 4.3.2.8.
#[test]
fn errors_are_few() {
    with_gateway(|bench| {
        bench.become_active();
        let request = bench.sent_for(query(53, 64));
        let request = arp::Packet::parse(&request[0][14..]).unwrap();
        bench.sent_for(arp(Operation::Reply, (SERVER, request.target_ip), SITE.address));
        let errors = |bench: &mut Bench<'_>| bench.sent_for(query(53, 1)).len();
        assert_eq!([errors(bench), errors(bench), errors(bench)], [1, 0, 0]);
        bench.now = bench.now + ERROR_GAP;
        assert_eq!(errors(bench), 1);
    });
}
