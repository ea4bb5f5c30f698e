//! Frames through a director that translates: NAT with what FTP says, full NAT, fragments.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};
use lvs_proto::checksum::Sum;
use lvs_proto::wire::{ethernet, ipv4, ipv6};
use lvs_proto::{
    AddressPair, Flow, Frame, Instant, Layout, LinkPair, MacAddr, Outcome, Path, Protocol, Route,
    ftp, parse_with_layout, process, toa,
};
use lvs_sched::{Director, DirectorConfig, LocalPorts, Rule};

use crate::director::small;

const LINK: LinkPair = LinkPair { source: MacAddr::new([2; 6]), destination: MacAddr::new([4; 6]) };

const SERVICES: [&str; 10] = [
    "-A -t 192.0.2.100:21 -s rr -p 300",
    "-a -t 192.0.2.100:21 -r 10.0.0.1 -m",
    "-A -t [2001:db8::64]:21 -s rr",
    "-a -t [2001:db8::64]:21 -r [2001:db8::1] -m",
    "-A -u 192.0.2.100:53 -s rr",
    "-a -u 192.0.2.100:53 -r 10.0.0.1 -m",
    "-A -t 192.0.2.100:80 -s rr",
    "-a -t 192.0.2.100:80 -r 10.0.0.1:8080 --fullnat",
    "-A -t [2001:db8::64]:80 -s rr",
    "-a -t [2001:db8::64]:80 -r [2001:db8::1]:8080 --fullnat",
];

/// By IPv4 and by IPv6: two clients, the virtual address, the real server, the local address.
const HOSTS: [[IpAddr; 5]; 2] = [
    [v4(192, 7), v4(192, 8), VIRTUAL, v4(10, 1), v4(10, 254)],
    [v6(7), v6(8), v6(0x64), v6(1), v6(254)],
];
const VIRTUAL: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100));

const fn v4(net: u8, host: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(net, 0, 0, host))
}

const fn v6(host: u16) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host))
}

/// Frames of clients and servers, with any data: what is sent is well-formed and its checksum as good
/// as it was, and what is refused is as it was, but for what FTP says.
pub fn translate(octets: &[u8]) {
    let _ = drive(&mut Unstructured::new(octets));
}

fn drive(input: &mut Unstructured<'_>) -> Result<()> {
    let local_ports = LocalPorts { first: 1025, last: 1032, ..LocalPorts::default() };
    let Ok(mut director) = Director::new(DirectorConfig { local_ports, ..small() }) else {
        return Ok(());
    };
    let mut now = Instant::EPOCH;
    for rule in SERVICES {
        if let Ok(Some(rule)) = Rule::parse(rule) {
            assert_eq!(director.apply(now, &rule), Ok(()));
        }
    }
    for hosts in HOSTS {
        assert_eq!(director.add_local(hosts[4]), Ok(()));
    }
    while !input.is_empty() {
        now = now + Duration::from_millis(u8::arbitrary(input)?.into());
        let octets = any_frame(input)?;
        let headroom = *input.choose(&[toa::MAX_LEN, toa::MAX_LEN, 8, 0])?;
        let mut buffer = [&vec![0; headroom], &octets[..]].concat();
        let Ok(mut frame) = Frame::new(&mut buffer, headroom, octets.len()) else { return Ok(()) };
        let route = Route::Via(Path::new(LINK, *input.choose(&[1_500, 1_500, 1_280, 68])?));
        let outcome = process(now, &mut frame, &mut director, |_| Some(route));
        check(&octets, &outcome, frame.octets());
    }
    Ok(())
}

fn check(before: &[u8], outcome: &Outcome, after: &[u8]) {
    let Ok((flow, layout)) = parse_with_layout(before) else {
        assert!(matches!(outcome, Outcome::NotParsed(_)));
        return;
    };
    match outcome {
        Outcome::Send | Outcome::SendWithoutToa(_) => {
            let Ok(sent) = parse_with_layout(after) else { panic!("what leaves is well-formed") };
            if flow.fragment.is_none() && verifies(before, &flow, &layout) {
                assert!(verifies(after, &sent.0, &sent.1), "a good checksum stays good");
            }
        }
        _ => {
            let ports = flow.transport.ports().unwrap_or_default();
            if ports.0 != ftp::PORT && ports.1 != ftp::PORT {
                assert_eq!(before, after, "what is not sent is as it was");
            }
        }
    }
}

/// Whether the transport's checksum is that of the message.
fn verifies(frame: &[u8], flow: &Flow, layout: &Layout) -> bool {
    let Some(message) = frame.get(layout.message()) else { return false };
    let sum = Sum::new().add_pseudo_header(flow.addresses, flow.protocol(), message.len() as u32);
    sum.add_octets(message).verifies()
}

/// From one of a few hosts to another, with any data; sometimes a fragment, sometimes spoilt.
fn any_frame(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let hosts = input.choose(&HOSTS)?;
    let (from, to) = (*input.choose(hosts)?, *input.choose(hosts)?);
    let Some(addresses) = AddressPair::new(from, to) else { return Ok(Vec::new()) };
    let ports: [u16; 2] = [any_port(input)?, any_port(input)?];
    let message = match input.int_in_range(0..=3_u8)? {
        0 => (Protocol::UDP, datagram(addresses, ports, &any_data(input)?)),
        _ => (Protocol::TCP, segment(addresses, ports, input)?),
    };
    let mut frame = framed(addresses, message.0, &message.1);
    if from.is_ipv4() && input.ratio(1, 8)? {
        into_fragment(&mut frame, input)?;
    }
    if input.ratio(1, 16)? {
        let place = input.choose_index(frame.len())?;
        frame[place] ^= u8::arbitrary(input)?;
    }
    Ok(frame)
}

fn any_port(input: &mut Unstructured<'_>) -> Result<u16> {
    const PORTS: [u16; 7] = [ftp::PORT, 20, 53, 80, 8080, 40_000, 2000];
    Ok(if input.ratio(1, 4)? { input.int_in_range(1025..=1032)? } else { *input.choose(&PORTS)? })
}

/// What FTP says, or anything.
fn any_data(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    const SAID: [&[u8]; 6] = [
        b"PASV\r\n",
        b"EPSV\r\n",
        b"PORT 192,0,0,7,200,0\r\n",
        b"EPRT |1|192.0.0.7|51200|\r\n",
        b"227 Entering Passive Mode (10,0,0,1,156,64).\r\n",
        b"229 Extended (|||2000|)\r\n",
    ];
    let mut data = input.choose(&SAID)?.to_vec();
    match input.int_in_range(0..=3_u8)? {
        0 => {
            let length = input.int_in_range(0..=96)?;
            data = input.bytes(usize::min(length, input.len()))?.to_vec();
        }
        1 => {
            let place = input.choose_index(data.len())?;
            data[place] = u8::arbitrary(input)?;
        }
        _ => {}
    }
    Ok(data)
}

fn datagram(addresses: AddressPair, ports: [u16; 2], data: &[u8]) -> Vec<u8> {
    let length = 8 + data.len() as u16;
    let header = [ports[0], ports[1], length, 0].map(u16::to_be_bytes).concat();
    let mut datagram = [&header, data].concat();
    fill_checksum(addresses, Protocol::UDP, &mut datagram, 6);
    datagram
}

fn segment(
    addresses: AddressPair,
    ports: [u16; 2],
    input: &mut Unstructured<'_>,
) -> Result<Vec<u8>> {
    let options = 4 * input.int_in_range(0..=10_u8)?;
    let numbers: [u8; 8] = if input.arbitrary()? { input.arbitrary()? } else { [0; 8] };
    let header = [[20 + options << 2, input.arbitrary()?], [1, 0], [0, 0], [0, 0]].concat();
    // Options that mean nothing.
    let options = vec![1; options.into()];
    let ports = ports.map(u16::to_be_bytes).concat();
    let mut segment = [&ports[..], &numbers, &header, &options, &any_data(input)?].concat();
    fill_checksum(addresses, Protocol::TCP, &mut segment, 16);
    Ok(segment)
}

fn fill_checksum(addresses: AddressPair, protocol: Protocol, message: &mut [u8], place: usize) {
    let sum = Sum::new().add_pseudo_header(addresses, protocol, message.len() as u32);
    let checksum = match sum.add_octets(message).checksum() {
        // Of UDP that would be none.
        0 => 0xffff,
        checksum => checksum,
    };
    message[place..place + 2].copy_from_slice(&checksum.to_be_bytes());
}

fn framed(addresses: AddressPair, protocol: Protocol, message: &[u8]) -> Vec<u8> {
    let length = message.len() as u16;
    let (kind, header) = match addresses {
        AddressPair::V4 { source, destination } => {
            let total_len = 20 + length;
            let header =
                ipv4::Header { source, destination, protocol, hop_limit: 64, tos: 0, total_len };
            (ethernet::EtherType::IPV4, header.octets().to_vec())
        }
        AddressPair::V6 { source, destination } => {
            let (hop_limit, traffic_class, payload_len) = (64, 0, length);
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
    let link = ethernet::header(LINK.source, LINK.destination, kind);
    [&link[..], &header, message].concat()
}

/// Makes a part of a packet of it, of one of a few identifications.
fn into_fragment(frame: &mut [u8], input: &mut Unstructured<'_>) -> Result<()> {
    let Some(header) = frame.get_mut(ethernet::HEADER_LEN..ethernet::HEADER_LEN + 20) else {
        return Ok(());
    };
    header[5] = input.int_in_range(0..=7)?;
    header[6..8].copy_from_slice(input.choose(&[[0x20, 0], [0x20, 2], [0, 2]])?);
    header[10..12].fill(0);
    let checksum = Sum::new().add_octets(header).checksum();
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    Ok(())
}
