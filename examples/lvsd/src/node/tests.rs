//! A node between hosts that are only frames.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lvs_proto::vrrp::{Peer, Priority, Vrid};
use lvs_proto::wire::ipv4;
use lvs_proto::{Family, Protocol, checksum, parse};
use lvs_sched::{DirectorConfig, Rule};
use lvs_vrrp::Config;

use super::*;
use crate::next_hops::{Port, own_addresses};
use crate::packet_socket::HEADROOM;
use crate::routes::{Route as Way, Routes};
use crate::virtual_router::{Machine, Setup, VirtualRouter};
use crate::virtual_routers::HostAction;

const OUTSIDE: usize = 0;
const INSIDE: usize = 1;

const DIRECTOR: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 1]);
const DIRECTOR_INSIDE: MacAddr = MacAddr::new([2, 0, 0, 0, 1, 1]);
const CLIENT: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 2]);
const SERVER: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 3]);
const CLIENT_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);
const VIRTUAL_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);
const SERVER_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 11);
const INSIDE_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const INSIDE_SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 11);
const INSIDE_VIRTUAL_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 100);

fn node(source: &str, vip: &str, rules: &[&str]) -> Node {
    let mut director = Director::new(DirectorConfig::default()).unwrap();
    for line in rules {
        director.apply(Instant::EPOCH, &Rule::parse(line).unwrap().unwrap()).unwrap();
    }
    let config = Config { priority: Priority::OWNER, ..Config::rfc9568(Vrid::new(51).unwrap()) };
    let (source, vip) = (source.parse().unwrap(), vip.parse().unwrap());
    let port = |index, mac, address| Port {
        index,
        mac,
        mtu: 1_500,
        own: own_addresses(&[IpAddr::V4(address)]),
    };
    let outside = port(1, DIRECTOR, Ipv4Addr::new(192, 0, 2, 1));
    let ports = vec![outside, port(2, DIRECTOR_INSIDE, INSIDE_ADDRESS)];
    let on_link = |network: Ipv4Addr, interface| Way {
        network: network.into(),
        prefix: 24,
        gateway: None,
        interface,
    };
    let routes = Routes::new(vec![on_link(VIRTUAL_ADDRESS, 1), on_link(INSIDE_ADDRESS, 2)]);
    let router = VirtualRouter::new(config.into(), source, vec![vip]).unwrap();
    Node {
        routers: routers(router),
        director,
        next_hops: NextHops::new(ports, routes, [0; 2]).unwrap(),
        sync_id: 0,
        speaker: None,
    }
}

/// That one, outside.
fn routers(router: VirtualRouter) -> VirtualRouters {
    let mut routers = VirtualRouters::with_capacity(2);
    routers.add(OUTSIDE, ("eth0", DIRECTOR), router).unwrap();
    routers
}

fn node_v4(rules: &[&str]) -> Node {
    node("192.0.2.1", "192.0.2.100", rules)
}

fn become_active(node: &mut Node) {
    node.routers.startup(Instant::EPOCH);
    while node.routers.poll(&mut |_, _| {}).is_some() {}
}

fn virtual_mac() -> MacAddr {
    Vrid::new(51).unwrap().virtual_mac(Family::V4)
}

/// Hands the node a frame; what it sends.
fn handle(node: &mut Node, frame: &[u8]) -> Vec<Vec<u8>> {
    handle_at(node, OUTSIDE, frame).into_iter().map(|(_, frame)| frame).collect()
}

fn handle_at(node: &mut Node, port: usize, frame: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let mut octets = [&[0; HEADROOM], frame].concat();
    let mut sent = Vec::new();
    let mut send = |port, frame: &[u8]| sent.push((port, frame.to_vec()));
    let mut frame = Frame::new(&mut octets, HEADROOM, frame.len()).unwrap();
    node.handle_frame(Instant::EPOCH, port, &mut frame, &mut send);
    node.poll(&mut send);
    sent
}

fn arp(operation: arp::Operation, sender: (MacAddr, Ipv4Addr), target_ip: Ipv4Addr) -> Vec<u8> {
    let (sender_mac, sender_ip) = sender;
    let target_mac = MacAddr::default();
    let packet = arp::Packet { operation, sender_mac, sender_ip, target_mac, target_ip };
    let header = ethernet::header(MacAddr::BROADCAST, sender_mac, EtherType::ARP);
    [&header[..], &packet.octets()].concat()
}

fn arp_request(target_ip: Ipv4Addr) -> Vec<u8> {
    arp(arp::Operation::Request, (CLIENT, CLIENT_ADDRESS), target_ip)
}

fn solicitation(target: Ipv6Addr) -> Vec<u8> {
    let source = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7);
    let mut frame = [0; 128];
    let length = frames::neighbor_solicitation(target, None, source, CLIENT, &mut frame);
    frame[..length.unwrap()].to_vec()
}

/// A segment without data.
fn segment(
    link: (MacAddr, MacAddr),
    (source, source_port): (Ipv4Addr, u16),
    (destination, port): (Ipv4Addr, u16),
    flags: u8,
) -> Vec<u8> {
    let (protocol, hop_limit, tos, total_len) = (Protocol::TCP, 64, 0, 40);
    let packet = ipv4::Header { source, destination, protocol, hop_limit, tos, total_len };
    let mut segment = [0; 20];
    segment[..2].copy_from_slice(&source_port.to_be_bytes());
    segment[2..4].copy_from_slice(&port.to_be_bytes());
    segment[12..14].copy_from_slice(&[0x50, flags]);
    let addresses = lvs_proto::AddressPair::V4 { source, destination };
    let sum = checksum::Sum::new().add_pseudo_header(addresses, protocol, 20);
    let sum = sum.add_octets(&segment).checksum();
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    let header = ethernet::header(link.1, link.0, EtherType::IPV4);
    [&header[..], &packet.octets(), &segment].concat()
}

/// A SYN from the client to the virtual address.
fn syn(destination: MacAddr) -> Vec<u8> {
    let client = (CLIENT_ADDRESS, 40_000);
    segment((CLIENT, destination), client, (VIRTUAL_ADDRESS, 80), 0x02)
}

#[test]
fn v2_ac_1_only_an_active_node_answers_arp_and_with_the_virtual_mac() {
    let mut node = node_v4(&[]);
    assert!(handle(&mut node, &arp_request(VIRTUAL_ADDRESS)).is_empty());
    become_active(&mut node);
    let answers = handle(&mut node, &arp_request(VIRTUAL_ADDRESS));
    assert_eq!(answers.len(), 1);
    let answer = ethernet::Frame::parse(&answers[0]).unwrap();
    let reply = arp::Packet::parse(answer.payload).unwrap();
    assert_eq!(reply.sender_mac, Vrid::new(51).unwrap().virtual_mac(Family::V4));
    assert_eq!((answer.destination, reply.sender_ip), (CLIENT, VIRTUAL_ADDRESS));
    let other = handle(&mut node, &arp_request(Ipv4Addr::new(192, 0, 2, 101)));
    assert!(other.is_empty(), "another's address");
    let elsewhere = handle_at(&mut node, INSIDE, &arp_request(VIRTUAL_ADDRESS));
    assert!(elsewhere.is_empty(), "on a link where it is not");
}

#[test]
fn v3_ac_4_an_active_node_answers_neighbor_solicitations() {
    let mut node = node("fe80::1", "fe80::100", &[]);
    let target: Ipv6Addr = "fe80::100".parse().unwrap();
    assert!(handle(&mut node, &solicitation(target)).is_empty());
    become_active(&mut node);
    let answers = handle(&mut node, &solicitation(target));
    let answer = ethernet::Frame::parse(&answers[0]).unwrap();
    assert_eq!(answer.source, Vrid::new(51).unwrap().virtual_mac(Family::V6));
    let packet = ipv6::Packet::parse(answer.payload).unwrap();
    let ndp::Message::Advertisement(advertisement) = ndp::Message::parse(&packet).unwrap() else {
        panic!("not an advertisement")
    };
    assert_eq!(advertisement.target, target);
}

/// What the node sends once it knows where the server is.
fn answer_arp(node: &mut Node, port: usize, server: Ipv4Addr) -> Vec<(usize, Vec<u8>)> {
    handle_at(node, port, &arp(arp::Operation::Reply, (SERVER, server), server))
}

#[test]
fn v3_bk_4_only_an_active_node_forwards_what_comes_to_the_virtual_mac() {
    let mut node =
        node_v4(&["-A -t 192.0.2.100:80 -s rr", "-a -t 192.0.2.100:80 -r 192.0.2.11:80 -g"]);
    let virtual_mac = virtual_mac();
    assert!(handle(&mut node, &syn(virtual_mac)).is_empty());
    assert!(handle(&mut node, &syn(DIRECTOR)).is_empty());
    become_active(&mut node);
    let other = MacAddr::new([2, 0, 0, 0, 0, 9]);
    assert!(handle(&mut node, &syn(other)).is_empty(), "a flooded frame");

    let asked = handle(&mut node, &syn(virtual_mac));
    let request = ethernet::Frame::parse(&asked[0]).unwrap();
    let request = arp::Packet::parse(request.payload).unwrap();
    assert_eq!((asked.len(), request.target_ip), (1, SERVER_ADDRESS));
    let sent = answer_arp(&mut node, OUTSIDE, SERVER_ADDRESS);
    let [(OUTSIDE, frame)] = &sent[..] else { panic!("the packet has waited: {sent:?}") };
    let forwarded = ethernet::Frame::parse(frame).unwrap();
    assert_eq!((forwarded.source, forwarded.destination), (DIRECTOR, SERVER));
    assert_eq!(parse(frame).unwrap().destination(), IpAddr::from(VIRTUAL_ADDRESS));
    assert_eq!(handle(&mut node, &syn(virtual_mac)).len(), 1, "the next one does not wait");
}

#[test]
fn nat_1_and_nat_6_translate_between_two_interfaces() {
    let rules = ["-A -t 192.0.2.100:80 -s rr", "-a -t 192.0.2.100:80 -r 10.0.0.11:8080 -m"];
    let mut node = node_v4(&rules);
    become_active(&mut node);
    let virtual_mac = virtual_mac();
    let asked = handle_at(&mut node, OUTSIDE, &syn(virtual_mac));
    assert!(matches!(asked[..], [(INSIDE, _)]), "{asked:?}");
    let sent = answer_arp(&mut node, INSIDE, INSIDE_SERVER);
    let [(INSIDE, frame)] = &sent[..] else { panic!("the packet has waited: {sent:?}") };
    let client = (CLIENT_ADDRESS, 40_000);
    let mut expected = segment((DIRECTOR_INSIDE, SERVER), client, (INSIDE_SERVER, 8080), 0x02);
    one_hop_less(&mut expected);
    assert_eq!(frame, &expected);

    let link = (SERVER, DIRECTOR_INSIDE);
    let answer = segment(link, (INSIDE_SERVER, 8080), client, 0x12);
    handle_at(&mut node, INSIDE, &answer);
    let client_is_there = arp(arp::Operation::Reply, (CLIENT, CLIENT_ADDRESS), CLIENT_ADDRESS);
    let sent = handle_at(&mut node, OUTSIDE, &client_is_there);
    let [(OUTSIDE, frame)] = &sent[..] else { panic!("the answer has waited: {sent:?}") };
    let mut expected = segment((DIRECTOR, CLIENT), (VIRTUAL_ADDRESS, 80), client, 0x12);
    one_hop_less(&mut expected);
    assert_eq!(frame, &expected);
}

fn one_hop_less(frame: &mut [u8]) {
    let header = &mut frame[14..34];
    header[8] -= 1;
    header[10..12].fill(0);
    let sum = checksum::Sum::new().add_octets(header).checksum();
    header[10..12].copy_from_slice(&sum.to_be_bytes());
}

#[test]
fn tun_1_a_packet_goes_in_another_one() {
    let rules = ["-A -t 192.0.2.100:80 -s rr", "-a -t 192.0.2.100:80 -r 10.0.0.11 -i"];
    let mut node = node_v4(&rules);
    become_active(&mut node);
    let virtual_mac = virtual_mac();
    handle_at(&mut node, OUTSIDE, &syn(virtual_mac));
    for _ in 0..2 {
        let sent = answer_arp(&mut node, INSIDE, INSIDE_SERVER);
        let sent =
            if sent.is_empty() { handle_at(&mut node, OUTSIDE, &syn(virtual_mac)) } else { sent };
        let [(INSIDE, frame)] = &sent[..] else { panic!("not sent: {sent:?}") };
        let outer = parse(frame).unwrap();
        let ends = (IpAddr::from(INSIDE_ADDRESS), IpAddr::from(INSIDE_SERVER));
        assert_eq!((outer.source(), outer.destination()), ends);
        let mut inner = syn(virtual_mac);
        one_hop_less(&mut inner);
        assert_eq!(frame[34..], inner[14..]);
    }
}

#[test]
fn rt_7_what_is_too_long_for_a_tunnel_is_answered() {
    let rules = ["-A -t 192.0.2.100:80 -s rr", "-a -t 192.0.2.100:80 -r 10.0.0.11 -i"];
    let mut node = node_v4(&rules);
    become_active(&mut node);
    let virtual_mac = virtual_mac();
    handle_at(&mut node, OUTSIDE, &syn(virtual_mac));
    answer_arp(&mut node, INSIDE, INSIDE_SERVER);
    let mut long = syn(virtual_mac);
    long.resize(14 + 1_500, 0);
    long[16..18].copy_from_slice(&1_500_u16.to_be_bytes());
    long[20] = 0x40; // must not be sent in fragments
    long[22] += 1;
    one_hop_less(&mut long[..]);
    let answers = handle_at(&mut node, OUTSIDE, &long);
    let [(OUTSIDE, answer)] = &answers[..] else { panic!("no answer: {answers:?}") };
    assert_eq!(answer[34..42], [3, 4, answer[36], answer[37], 0, 0, 0x05, 0xc8], "1480");
}

#[test]
fn x_28_adverts_of_a_peer_come_to_the_host_itself() {
    let [ours, theirs] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
    let router = |priority, source, peer| {
        let config = Config { priority, ..Config::rfc9568(Vrid::new(51).unwrap()) };
        let setup = Setup { peers: vec![Peer::new(peer)], ..config.into() };
        VirtualRouter::new(setup, source, vec![VIRTUAL_ADDRESS.into()]).unwrap()
    };
    let mut node = node_v4(&[]);
    node.routers = routers(router(Priority::DEFAULT, ours, theirs));
    become_active(&mut node);
    let mut peer = routers(router(Priority::OWNER, theirs, ours));
    peer.startup(Instant::EPOCH);
    let Some(HostAction::SendTo { packet, .. }) = peer.poll(&mut |_, _| {}) else {
        panic!("an advert comes first")
    };
    let header = ethernet::header(DIRECTOR, CLIENT, EtherType::IPV4);
    assert_eq!(handle(&mut node, &[&header, &packet[..]].concat()), Vec::<Vec<u8>>::new());
    let heard = node.routers.at(OUTSIDE).map(Machine::active_address);
    assert_eq!(heard.collect::<Vec<_>>(), [Some(theirs)]);
}

#[test]
fn svc_12_a_service_without_a_server_answers_port_unreachable() {
    let mut node = node_v4(&["-A -t 192.0.2.100:80 -s rr"]);
    become_active(&mut node);
    let virtual_mac = virtual_mac();
    let answers = handle(&mut node, &syn(virtual_mac));
    assert_eq!(answers.len(), 1);
    let answer = parse(&answers[0]).unwrap();
    assert_eq!(answer.protocol(), Protocol::ICMP);
    assert_eq!(answer.source(), IpAddr::from(VIRTUAL_ADDRESS));
    assert_eq!(answer.destination(), IpAddr::from(CLIENT_ADDRESS));
}

/// A virtual router inside, of the same identifier as the one outside.
fn add_inside(node: &mut Node, priority: Priority) {
    let config = Config { priority, ..Config::rfc9568(Vrid::new(51).unwrap()) };
    let (source, addresses) = (INSIDE_ADDRESS.into(), vec![INSIDE_VIRTUAL_ADDRESS.into()]);
    let router = VirtualRouter::new(config.into(), source, addresses).unwrap();
    node.routers.add(INSIDE, ("eth1", DIRECTOR_INSIDE), router).unwrap();
}

/// S-2: the same identifier on another link is another virtual router.
#[test]
fn v3_bk_4_each_virtual_router_serves_its_own_link() {
    let mut node = node_v4(&[]);
    add_inside(&mut node, Priority::DEFAULT);
    become_active(&mut node);
    let states = [OUTSIDE, INSIDE].map(|port| node.routers.state_of(port, virtual_mac()));
    assert_eq!(states, [Some(State::Active), Some(State::Backup)]);
    assert_eq!(handle(&mut node, &arp_request(VIRTUAL_ADDRESS)).len(), 1);
    let asked = arp_request(INSIDE_VIRTUAL_ADDRESS);
    assert!(handle_at(&mut node, INSIDE, &asked).is_empty(), "a Backup router is silent");
    while node.routers.state_of(INSIDE, virtual_mac()) == Some(State::Backup) {
        let deadline = node.routers.next_deadline().unwrap();
        node.handle_timeout(deadline);
    }
    let answers = handle_at(&mut node, INSIDE, &asked);
    assert!(matches!(answers[..], [(INSIDE, _)]), "{answers:?}");
    assert!(handle(&mut node, &asked).is_empty(), "it is asked for on the other link");
}

/// The gateway of real servers moves with the virtual address of the service.
#[test]
fn nat_6_a_virtual_router_inside_is_the_gateway() {
    let rules = ["-A -t 192.0.2.100:80 -s rr", "-a -t 192.0.2.100:80 -r 10.0.0.11:8080 -m"];
    let mut node = node_v4(&rules);
    add_inside(&mut node, Priority::OWNER);
    become_active(&mut node);
    handle_at(&mut node, OUTSIDE, &syn(virtual_mac()));
    assert_eq!(answer_arp(&mut node, INSIDE, INSIDE_SERVER).len(), 1);
    let (server, client) = ((INSIDE_SERVER, 8080), (CLIENT_ADDRESS, 40_000));
    handle_at(&mut node, INSIDE, &segment((SERVER, virtual_mac()), server, client, 0x12));
    let client_is_there = arp(arp::Operation::Reply, (CLIENT, CLIENT_ADDRESS), CLIENT_ADDRESS);
    let sent = handle_at(&mut node, OUTSIDE, &client_is_there);
    let [(OUTSIDE, frame)] = &sent[..] else { panic!("the answer has waited: {sent:?}") };
    assert_eq!(parse(frame).unwrap().source(), IpAddr::from(VIRTUAL_ADDRESS));
}
