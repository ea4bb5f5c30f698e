//! What tshark, a reader that shares no code with this one, makes of the frames that leave.

use std::io::Write;
use std::net::IpAddr;
use std::process::{Command, Stdio};

use lvs_proto::frames::{OwnAddresses, neighbor_request};
use lvs_proto::{
    Endpoint, Frame, GueChecksum, Hop, MacAddr, Method, Origin, Path, Tunnel, forward,
    parse_with_layout, reply, toa,
};

use crate::model::{LEAVING, Packet, Upper};
use crate::nat::{OUT, rewritten};
use crate::tunnel::carried;

/// That all checksums are verified, and nothing put together.
const OPTIONS: [&str; 6] = [
    "ip.check_checksum:TRUE",
    "tcp.check_checksum:TRUE",
    "udp.check_checksum:TRUE",
    "udp.ignore_ipv6_zero_checksum:TRUE",
    "sctp.checksum:CRC 32c",
    "ip.defragment:FALSE",
];

/// What is read of each frame, as far as it is there. Of a header within another, the outer one's
/// value comes first; a checksum status of 1 is good, of 3 that there is none.
const FIELDS: [&str; 22] = [
    "frame.protocols",
    "ip.src",
    "ip.dst",
    "ip.ttl",
    "ip.checksum.status",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.checksum.status",
    "tcp.option_kind",
    "udp.dstport",
    "udp.checksum.status",
    "sctp.dstport",
    "sctp.checksum.status",
    "icmp.checksum.status",
    "icmpv6.checksum.status",
    "gre.checksum.status",
    "arp.opcode",
    "arp.src.proto_ipv4",
    "arp.dst.proto_ipv4",
    "icmpv6.opt.linkaddr",
];

#[test]
fn tshark_reads_what_was_meant() {
    let (frames, expected): (Vec<_>, Vec<_>) = cases().into_iter().unzip();
    match read(&frames) {
        Ok(lines) => {
            for (line, expected) in lines.lines().zip(&expected) {
                let values: Vec<_> = line.split_whitespace().collect();
                assert_eq!(values.join(" "), format!("eth:ethertype:{expected}"));
            }
            assert_eq!(lines.lines().count(), expected.len());
        }
        Err(obstacle) => {
            assert!(std::env::var_os("LVS_REQUIRE_ALL").is_none(), "{obstacle}");
            // Past the capture of test output, so that it is seen.
            let _ = writeln!(std::io::stderr(), "skipped: {obstacle}");
        }
    }
}

/// Frames, and what is to be read of each.
fn cases() -> Vec<(Vec<u8>, &'static str)> {
    let [client, vip, rip]: [IpAddr; 3] =
        [[198, 51, 100, 7].into(), [192, 0, 2, 100].into(), [10, 0, 0, 11].into()];
    let [client6, vip6, rip6] =
        ["2001:db8:1::7", "2001:db8::100", "2001:db8:2::b"].map(|text| text.parse().unwrap());
    let ports = [40_000, 80];
    let tcp = Upper::Tcp { ports, flags: 0x10, options: vec![2, 4, 5, 0xb4], data: vec![7; 5] };
    let udp = Upper::Udp { ports, checksum: false, data: vec![7; 5] };
    // A heartbeat.
    let sctp = Upper::Sctp { ports, chunks: vec![4, 0, 0, 12, 0, 1, 0, 8, 1, 2, 3, 4] };
    let request = |upper: &Upper| Packet::new(client, vip, upper.clone());
    let request6 = |upper: &Upper| Packet::new(client6, vip6, upper.clone());
    let nat = |packet: Packet| {
        let server = if packet.source.is_ipv4() { rip } else { rip6 };
        let hop = Hop::new(Method::Nat, server, 8080);
        rewritten(&packet, |frame, layout| forward(frame, layout, &hop, &OUT)).unwrap()
    };
    let back = |packet: Packet| {
        let address = if packet.source.is_ipv4() { vip } else { vip6 };
        let origin = Origin::new(Method::Nat, address, 80);
        rewritten(&packet, |frame, layout| reply(frame, layout, &origin, &OUT)).unwrap()
    };
    let about = |packet: Packet, kind| {
        let payload = packet.packet();
        let upper = Upper::Icmp { kind, code: 1, rest: [0; 4], payload };
        Packet::new(packet.destination, packet.source, upper)
    };
    let tunnel = |packet: Packet, tunnel, server: IpAddr| {
        let source = if server.is_ipv4() { [10, 0, 0, 254].into() } else { vip6 };
        let path = Path { source, ..Path::new(LEAVING, 1500) };
        let hop = Hop { tunnel, ..Hop::new(Method::Tunnel, server, 80) };
        carried(&packet, 64, &hop, &path).unwrap()
    };
    let with_toa = |packet: Packet| {
        let mut buffer = [vec![0; 20], packet.frame()].concat();
        let len = buffer.len() - 20;
        let mut frame = Frame::new(&mut buffer, 20, len).unwrap();
        let (_, mut layout) = parse_with_layout(frame.octets()).unwrap();
        let client = Endpoint { address: packet.source, port: ports[0] };
        toa::insert(&mut frame, &mut layout, client, 1500).unwrap();
        frame.octets().to_vec()
    };
    let gre = Tunnel::Gre { checksum: true };
    let gue = Tunnel::Gue { port: 6080, checksum: GueChecksum::Udp };
    let plain_gue = Tunnel::Gue { port: 6080, checksum: GueChecksum::None };
    vec![
        (nat(request(&tcp)), "ip:tcp 198.51.100.7 10.0.0.11 63 1 40000 8080 1 2"),
        (nat(request6(&tcp)), "ipv6:tcp 2001:db8:1::7 2001:db8:2::b 40000 8080 1 2"),
        (nat(request(&udp)), "ip:udp:data 198.51.100.7 10.0.0.11 63 1 8080 1"),
        (nat(request6(&udp)), "ipv6:udp:data 2001:db8:1::7 2001:db8:2::b 8080 1"),
        (nat(request(&sctp)), "ip:sctp 198.51.100.7 10.0.0.11 63 1 8080 1"),
        (nat(request6(&sctp)), "ipv6:sctp 2001:db8:1::7 2001:db8:2::b 8080 1"),
        (
            back(Packet::new(rip, client, tcp.clone())),
            "ip:tcp 192.0.2.100 198.51.100.7 63 1 80 80 1 2",
        ),
        (
            back(Packet::new(rip6, client6, udp.clone())),
            "ipv6:udp:data 2001:db8::100 2001:db8:1::7 80 1",
        ),
        (
            nat(about(Packet::new(vip, client, udp.clone()), 3)),
            "ip:icmp:ip:udp:data 198.51.100.7,10.0.0.11 10.0.0.11,198.51.100.7 63,64 1,1 80 3 1",
        ),
        (
            nat(about(Packet::new(vip6, client6, udp.clone()), 1)),
            "ipv6:icmpv6:ipv6:udp:data 2001:db8:1::7,2001:db8:2::b 2001:db8:2::b,2001:db8:1::7 80 3 1",
        ),
        (
            tunnel(request(&tcp), Tunnel::IpIp, rip),
            "ip:ip:tcp 10.0.0.254,198.51.100.7 10.0.0.11,192.0.2.100 63,63 1,1 40000 80 1 2",
        ),
        (
            tunnel(request6(&tcp), Tunnel::IpIp, rip),
            "ip:ipv6:tcp 10.0.0.254 10.0.0.11 63 1 2001:db8:1::7 2001:db8::100 40000 80 1 2",
        ),
        (
            tunnel(request(&tcp), Tunnel::IpIp, rip6),
            "ipv6:ip:tcp 198.51.100.7 192.0.2.100 63 1 2001:db8::100 2001:db8:2::b 40000 80 1 2",
        ),
        (
            tunnel(request6(&tcp), Tunnel::IpIp, rip6),
            "ipv6:ipv6:tcp 2001:db8::100,2001:db8:1::7 2001:db8:2::b,2001:db8::100 40000 80 1 2",
        ),
        (
            tunnel(request(&tcp), gre, rip),
            "ip:gre:ip:tcp 10.0.0.254,198.51.100.7 10.0.0.11,192.0.2.100 63,63 1,1 40000 80 1 2 1",
        ),
        (
            tunnel(request6(&tcp), gre, rip6),
            "ipv6:gre:ipv6:tcp 2001:db8::100,2001:db8:1::7 2001:db8:2::b,2001:db8::100 40000 80 1 2 1",
        ),
        (tunnel(request(&tcp), gue, rip), "ip:udp:data 10.0.0.254 10.0.0.11 63 1 6080 1"),
        (tunnel(request6(&tcp), gue, rip6), "ipv6:udp:data 2001:db8::100 2001:db8:2::b 6080 1"),
        (tunnel(request6(&tcp), plain_gue, rip), "ip:udp:data 10.0.0.254 10.0.0.11 63 1 6080 3"),
        (with_toa(request(&tcp)), "ip:tcp 198.51.100.7 192.0.2.100 64 1 40000 80 1 254,2"),
        (asking(rip), "arp 1 10.0.0.254 10.0.0.11"),
        (asking(rip6), "ipv6:icmpv6 2001:db8::100 ff02::1:ff00:b 1 02:00:00:00:00:fe"),
        (with_toa(request6(&tcp)), "ipv6:tcp 2001:db8:1::7 2001:db8::100 40000 80 1 254,2"),
    ]
}

/// A request for a neighbor.
fn asking(target: IpAddr) -> Vec<u8> {
    let own = OwnAddresses {
        v4: [10, 0, 0, 254].into(),
        v6: [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x100].into(),
    };
    let mut frame = [0; 128];
    let mac = MacAddr::new([2, 0, 0, 0, 0, 0xfe]);
    let len = neighbor_request(target, None, own, mac, &mut frame);
    frame[..len.unwrap()].to_vec()
}

/// The fields of each frame, a line each; or why tshark could not be asked.
fn read(frames: &[Vec<u8>]) -> Result<String, String> {
    let options = OPTIONS.iter().flat_map(|option| ["-o", option]);
    let fields = FIELDS.iter().flat_map(|field| ["-e", field]);
    let mut child = Command::new("tshark")
        .args(["-r", "-", "-n", "-T", "fields", "-E", "separator=/s"])
        .args(options)
        .args(fields)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("tshark: {error}"))?;
    let mut stdin = child.stdin.take().ok_or("no pipe to tshark")?;
    stdin.write_all(&capture(frames)).map_err(|error| format!("tshark: {error}"))?;
    drop(stdin);
    let output = child.wait_with_output().map_err(|error| format!("tshark: {error}"))?;
    if !output.status.success() {
        return Err(format!("tshark: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("tshark: {error}"))
}

/// A capture file of Ethernet frames.
fn capture(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 1u32] {
        file.extend(word.to_le_bytes());
    }
    for frame in frames {
        let len = frame.len() as u32;
        for word in [0, 0, len, len] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}
