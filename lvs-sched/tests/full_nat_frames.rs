//! Full address translation, octet by octet (section 5.8).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::net::IpAddr;

use arbitrary::Unstructured;
use common::{apply, ip, secs};
use lvs_proto::checksum::Sum;
use lvs_proto::toa::{self, ToaError};
use lvs_proto::wire::{ethernet, ipv4, ipv6};
use lvs_proto::{
    AddressPair, Flow, Frame, LinkPair, MacAddr, Outcome, Path, Protocol, Route, parse, process,
};
use lvs_sched::{Director, DirectorConfig};

const LINK: LinkPair = LinkPair { source: MacAddr::new([2; 6]), destination: MacAddr::new([4; 6]) };
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

fn director() -> Director {
    let config = DirectorConfig { connections: 64, connections_v6: 64, ..Default::default() };
    let mut director = Director::new(config).unwrap();
    for (vip, server, local) in [
        ("10.0.0.1", "10.2.0.1", "10.2.0.254"),
        ("[2001:db8::1]", "[2001:db8:2::1]", "2001:db8:2::fe"),
    ] {
        for kind in ["-t", "-u"] {
            apply(&mut director, secs(0), &format!("-A {kind} {vip}:80 -s rr"));
            let dest = format!("-a {kind} {vip}:80 -r {server}:8080 --fullnat");
            apply(&mut director, secs(0), &dest);
        }
        director.add_local(ip(local)).unwrap();
    }
    director
}

/// One frame through the director, that is to go to `next`.
fn sent(director: &mut Director, octets: &[u8], next: IpAddr) -> (Outcome, Vec<u8>) {
    let mut buffer = [&[0; toa::MAX_LEN], octets].concat();
    let mut frame = Frame::new(&mut buffer, toa::MAX_LEN, octets.len()).unwrap();
    let outcome = process(secs(0), &mut frame, director, |address| {
        assert_eq!(address, next);
        Some(Route::Via(Path::new(LINK, 1500)))
    });
    (outcome, frame.octets().to_vec())
}

/// A segment with these flags and options, or without flags a datagram.
fn frame(ends: [(IpAddr, u16); 2], flags: Option<u8>, options: &[u8], data: &[u8]) -> Vec<u8> {
    let [(source, source_port), (destination, port)] = ends;
    let mut message = [source_port, port].map(u16::to_be_bytes).concat();
    let (protocol, checksum) = match flags {
        Some(flags) => {
            let words = 5 + options.len() as u8 / 4;
            message.extend([0, 0, 0, 1, 0, 0, 0, 9, words << 4, flags, 1, 0, 0, 0, 0, 0]);
            message.extend(options);
            (Protocol::TCP, 16)
        }
        None => {
            message.extend((8 + data.len() as u16).to_be_bytes());
            message.extend([0, 0]);
            (Protocol::UDP, 6)
        }
    };
    message.extend(data);
    let addresses = AddressPair::new(source, destination).unwrap();
    let sum = Sum::new().add_octets(&message);
    let sum = sum.add_pseudo_header(addresses, protocol, message.len() as u32);
    message[checksum..checksum + 2].copy_from_slice(&sum.checksum().to_be_bytes());
    [ip_headers(addresses, protocol, message.len() as u16), message].concat()
}

fn ip_headers(addresses: AddressPair, protocol: Protocol, length: u16) -> Vec<u8> {
    let (kind, header) = match addresses {
        AddressPair::V4 { source, destination } => {
            let total_len = 20 + length;
            let header =
                ipv4::Header { source, destination, protocol, hop_limit: 64, tos: 0, total_len };
            (ethernet::EtherType::IPV4, header.octets().to_vec())
        }
        AddressPair::V6 { source, destination } => {
            let (traffic_class, payload_len) = (0, length);
            let (hop_limit, protocol) = (64, protocol);
            let header = ipv6::Header {
                source,
                destination,
                protocol,
                hop_limit,
                traffic_class,
                payload_len,
            };
            (ethernet::EtherType::IPV6, header.octets().to_vec())
        }
    };
    [&ethernet::header(LINK.destination, LINK.source, kind)[..], &header].concat()
}

/// Ends of a client of either family: itself, and the service.
fn ends(u: &mut Unstructured<'_>) -> arbitrary::Result<[(IpAddr, u16); 2]> {
    let client = u.int_in_range(1024..=u16::MAX)?;
    Ok(if u.arbitrary()? {
        [(ip("192.0.2.7"), client), (ip("10.0.0.1"), 80)]
    } else {
        [(ip("2001:db8:9::7"), client), (ip("2001:db8::1"), 80)]
    })
}

fn ports(flow: &Flow) -> (u16, u16) {
    flow.transport.ports().unwrap()
}

/// The real server answers with what it got, and the client gets what it sent, from where it sent it
/// to: nothing else is changed on the way, and every checksum is what a new one would be.
#[test]
fn fn_1_round_trips_restore_the_clients_view() {
    arbtest::arbtest(|u| {
        let mut director = director();
        let [client, service] = ends(u)?;
        let flags = u.arbitrary::<bool>()?.then_some(SYN);
        let options = vec![1; 4 * u.int_in_range(0..=10)?];
        let data: Vec<u8> = u.arbitrary()?;
        let data = &data[..data.len().min(900)];
        let server = if client.0.is_ipv4() { ip("10.2.0.1") } else { ip("2001:db8:2::1") };

        let request = frame([client, service], flags, &options, data);
        let (outcome, forwarded) = sent(&mut director, &request, server);
        assert_eq!(outcome, Outcome::Send);
        let flow = parse(&forwarded).unwrap();
        let local = (flow.source(), ports(&flow).0);
        let to = (flow.destination(), ports(&flow).1);
        assert_eq!(to, (server, 8080));
        assert_eq!(forwarded, one_hop_on(frame([local, to], flags, &options, data)));

        let answer = frame([to, local], flags, &options, data);
        let (outcome, replied) = sent(&mut director, &answer, client.0);
        assert_eq!(outcome, Outcome::Send);
        assert_eq!(replied, one_hop_on(frame([service, client], flags, &options, data)));
        Ok(())
    });
}

/// One hop less, on links that are one.
fn one_hop_on(mut frame: Vec<u8>) -> Vec<u8> {
    if frame[12..14] == [0x08, 0x00] {
        frame[22] -= 1;
        frame[24..26].fill(0);
        let checksum = Sum::new().add_octets(&frame[14..34]).checksum();
        frame[24..26].copy_from_slice(&checksum.to_be_bytes());
    } else {
        frame[21] -= 1;
    }
    frame
}

/// The segment after the handshake's first brings the client's address, if there is room.
#[test]
fn fn_3_fn_4_the_server_is_told_who_the_client_is() {
    arbtest::arbtest(|u| {
        let mut director = director();
        let [client, service] = ends(u)?;
        let server = if client.0.is_ipv4() { ip("10.2.0.1") } else { ip("2001:db8:2::1") };
        let syn = frame([client, service], Some(SYN), &[], &[]);
        assert_eq!(sent(&mut director, &syn, server).0, Outcome::Send);

        let words = u.int_in_range(0..=10)?;
        let options = vec![1; 4 * words];
        let data = vec![7; *u.choose(&[0, 10, 1400])?];
        let request = frame([client, service], Some(ACK), &options, &data);
        let (outcome, forwarded) = sent(&mut director, &request, server);
        let flow = parse(&forwarded).unwrap();
        let (local, to) = ((flow.source(), ports(&flow).0), (flow.destination(), ports(&flow).1));
        let mut option = vec![toa::KIND, 0];
        option.extend(client.1.to_be_bytes());
        match client.0 {
            IpAddr::V4(address) => option.extend(address.octets()),
            IpAddr::V6(address) => option.extend(address.octets()),
        }
        option[1] = option.len() as u8;
        let told = frame([local, to], Some(ACK), &[&option[..], &options].concat(), &data);
        if 4 * words + option.len() > 40 {
            let error = ToaError::OptionsFull { used: 4 * words, needed: option.len() };
            assert_eq!(outcome, Outcome::SendWithoutToa(error));
        } else if told.len() > 14 + 1500 {
            let error = ToaError::TooBig { length: told.len() - 14, mtu: 1500 };
            assert_eq!(outcome, Outcome::SendWithoutToa(error));
        } else {
            assert_eq!((outcome, &forwarded), (Outcome::Send, &one_hop_on(told)));
            return Ok(());
        }
        assert_eq!(forwarded, one_hop_on(frame([local, to], Some(ACK), &options, &data)));
        Ok(())
    });
}

/// The client's first segments leave room for the option: the answer's MSS is less by its length,
/// wherever it stands among the options.
#[test]
fn fn_6_the_servers_syn_asks_for_shorter_segments() {
    arbtest::arbtest(|u| {
        let mut director = director();
        let [client, service] = ends(u)?;
        let (server, length) = match client.0 {
            IpAddr::V4(_) => (ip("10.2.0.1"), 8),
            IpAddr::V6(_) => (ip("2001:db8:2::1"), 20),
        };
        let syn = frame([client, service], Some(SYN), &[], &[]);
        let flow = parse(&sent(&mut director, &syn, server).1).unwrap();
        let (local, from) = ((flow.source(), ports(&flow).0), (flow.destination(), ports(&flow).1));

        let mss: u16 = u.int_in_range(100..=9000)?;
        // A window scale, and padding of either kind.
        let before: &[u8] = u.choose(&[&[][..], &[1], &[3, 3, 7], &[1, 4, 2]])?;
        let with = |mss: u16| {
            let mut options = [before, &[2, 4], &mss.to_be_bytes()].concat();
            options.resize(12, 0);
            options
        };
        let answer = frame([from, local], Some(SYN | ACK), &with(mss), &[]);
        let (outcome, replied) = sent(&mut director, &answer, client.0);
        let expected = frame([service, client], Some(SYN | ACK), &with(mss - length), &[]);
        assert_eq!((outcome, replied), (Outcome::Send, one_hop_on(expected)));
        Ok(())
    });
}
