//! The FTP helper, segment by segment (section 5.7).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{ACK, SYN, apply, counts, dest, ip, secs, tcp};
use lvs_proto::checksum::Sum;
use lvs_proto::ftp::{Message, read};
use lvs_proto::wire::{ethernet, ipv4};
use lvs_proto::{
    AddressPair, Decide, Frame, LinkPair, MacAddr, Outcome, Path, Protocol, RewriteError, Route,
    TcpFlags, Verdict, parse, parse_with_layout, process, process_burst,
};
use lvs_sched::{Defence, Defences, Director, DirectorConfig, ServiceKey, State, TcpState, Timers};

const CLIENT: &str = "192.0.2.7";
const VIP: &str = "192.0.2.100";
const RS: &str = "10.2.0.1";
const HEADROOM: usize = 16;

/// Sequence numbers of both sides, and where a client's control connection begins.
struct Session {
    director: Director,
    client: u32,
    server: u32,
    /// By how much the client is ahead of what the server has sent.
    shift: u32,
}

impl Session {
    fn new(ftp: u32, rules: &[&str]) -> Self {
        Self::with_room(64, ftp, rules)
    }

    /// In a table of so many connections.
    fn with_room(connections: u32, ftp: u32, rules: &[&str]) -> Self {
        let timers = Timers::Exact;
        let config = DirectorConfig { ftp, connections, timers, ..DirectorConfig::default() };
        let mut director = Director::new(config).unwrap();
        for rule in rules {
            apply(&mut director, secs(0), rule);
        }
        let mut session = Self { director, client: u32::MAX - 9, server: 7, shift: 0 };
        session.client_says(SYN, b"");
        session.server_says(SYN.with(ACK), b"");
        session.client_says(ACK, b"");
        session
    }

    /// What the server gets.
    fn client_says(&mut self, flags: TcpFlags, data: &[u8]) -> Vec<u8> {
        let numbers = [self.client, self.server.wrapping_add(self.shift)];
        let got = self.send([(CLIENT, 40_000), (VIP, 21)], flags, numbers, data);
        let (sequence, acknowledged, text) = fields(&got);
        assert_eq!(
            (sequence, acknowledged),
            (self.client, self.server),
            "what it sent is acknowledged"
        );
        assert_eq!(text, data);
        self.client = self.client.wrapping_add(length(flags, data));
        got
    }

    /// What the client gets.
    fn server_says(&mut self, flags: TcpFlags, data: &[u8]) -> Vec<u8> {
        let got = self.server_says_lost(flags, data);
        self.server = self.server.wrapping_add(length(flags, data));
        let grown = fields(&got).2.len() as i32 - data.len() as i32;
        self.shift = self.shift.wrapping_add_signed(grown);
        got
    }

    /// The same without going on: it is lost behind the director.
    fn server_says_lost(&mut self, flags: TcpFlags, data: &[u8]) -> Vec<u8> {
        let got = self.send([(RS, 21), (CLIENT, 40_000)], flags, [self.server, self.client], data);
        let (sequence, acknowledged, _) = fields(&got);
        let expected = (self.server.wrapping_add(self.shift), self.client);
        assert_eq!((sequence, acknowledged), expected, "it follows what the client has got");
        got
    }

    fn send(
        &mut self,
        ends: [(&str, u16); 2],
        flags: TcpFlags,
        numbers: [u32; 2],
        data: &[u8],
    ) -> Vec<u8> {
        let frame = segment(ends, flags, numbers, data);
        let mut buffer = [&[0; HEADROOM], &frame[..]].concat();
        let mut frame = Frame::new(&mut buffer, HEADROOM, frame.len()).unwrap();
        let outcome = process(secs(1), &mut frame, &mut self.director, |_| {
            Some(Route::Via(Path::new(LINK, 1500)))
        });
        assert_eq!(outcome, Outcome::Send);
        let got = frame.octets().to_vec();
        let packet = ipv4::Packet::parse(&got[14..]).unwrap();
        let (source, destination) = (packet.source, packet.destination);
        let addresses = AddressPair::V4 { source, destination };
        let length = packet.payload.len() as u32;
        let sum = Sum::new().add_pseudo_header(addresses, Protocol::TCP, length);
        assert!(sum.add_octets(packet.payload).verifies());
        got
    }
}

const LINK: LinkPair = LinkPair { source: MacAddr::new([2; 6]), destination: MacAddr::new([4; 6]) };

fn segment(ends: [(&str, u16); 2], flags: TcpFlags, numbers: [u32; 2], data: &[u8]) -> Vec<u8> {
    let [(source, source_port), (destination, port)] = ends;
    let mut segment = [source_port, port].map(u16::to_be_bytes).concat();
    segment.extend(numbers.map(u32::to_be_bytes).concat());
    segment.extend([0x50, flags.0, 1, 0, 0, 0, 0, 0]);
    segment.extend(data);
    let addresses = common::pair(source, destination);
    let AddressPair::V4 { source, destination } = addresses else { panic!("IPv6") };
    let sum = Sum::new().add_octets(&segment);
    let sum = sum.add_pseudo_header(addresses, Protocol::TCP, segment.len() as u32);
    segment[16..18].copy_from_slice(&sum.checksum().to_be_bytes());
    let total_len = 20 + segment.len() as u16;
    let (protocol, hop_limit, tos) = (Protocol::TCP, 64, 0);
    let header = ipv4::Header { source, destination, protocol, hop_limit, tos, total_len };
    let link = ethernet::header(LINK.source, LINK.destination, ethernet::EtherType::IPV4);
    [&link[..], &header.octets(), &segment].concat()
}

/// Sequence number, what is acknowledged, and data.
fn fields(frame: &[u8]) -> (u32, u32, Vec<u8>) {
    let (flow, layout) = parse_with_layout(frame).unwrap();
    let segment = read(frame, &flow, &layout).unwrap();
    (segment.sequence, segment.acknowledged, frame[54..].to_vec())
}

/// How far a segment moves its sender's numbers.
fn length(flags: TcpFlags, data: &[u8]) -> u32 {
    u32::from(flags.contains(SYN)) + data.len() as u32
}

/// Without persistence.
const PLAIN: [&str; 2] = ["-A -t 192.0.2.100:21 -s rr", "-a -t 192.0.2.100:21 -r 10.2.0.1 -m"];
const RULES: [&str; 2] =
    ["-A -t 192.0.2.100:21 -s rr -p 300", "-a -t 192.0.2.100:21 -r 10.2.0.1 -m"];

fn service() -> ServiceKey {
    ServiceKey::tcp(ip(VIP), 21)
}

fn data_conn(session: &Session, port: u16) -> lvs_sched::Conn {
    let mut conns = session.director.conns();
    conns.find(|conn| !conn.key().template && conn.key().virtual_port == port).expect("data")
}

/// A client's SYN to that port of the virtual address, and where it goes.
fn connect(session: &mut Session, now: u64, port: u16) -> Option<String> {
    common::hop(&mut session.director, secs(now), &tcp(CLIENT, 50_000, VIP, port, SYN))
}

#[test]
fn ftp_3_passive_data_goes_where_the_server_listens() {
    let mut session = Session::new(8, &RULES);
    session.client_says(ACK, b"PASV\r\n");
    let told = session.server_says(ACK, b"227 Entering Passive Mode (10,2,0,1,156,64).\r\n");
    assert_eq!(fields(&told).2, b"227 Entering Passive Mode (192,0,2,100,156,64).\r\n");
    // FTP-4: from here on, all numbers are others.
    session.client_says(ACK, b"LIST\r\n");
    session.server_says(ACK, b"150 here it comes\r\n");

    let (_, inactive, _) = counts(&session.director, &service(), RS);
    assert_eq!(connect(&mut session, 2, 40_000).as_deref(), Some("10.2.0.1:40000"));
    let data = data_conn(&session, 40_000);
    assert_eq!((data.state(), data.key().client_port), (State::Tcp(TcpState::SynRecv), 50_000));
    let (_, after, _) = counts(&session.director, &service(), RS);
    let active = counts(&session.director, &service(), RS).0;
    assert_eq!(after + active, inactive + 2, "CNT-8: they move the counters");
    let conns = dest(&session.director, &service(), RS).statistics().conns;
    assert_eq!(conns, 1, "CNT-8: and are not counted as scheduled");
    let back = tcp(RS, 40_000, CLIENT, 50_000, SYN.with(ACK));
    assert!(matches!(session.director.decide(secs(2), &back), Verdict::Reply(_)));

    // Twice, with text that gets shorter and longer.
    for text in ["227 (10,2,0,1,1,1)\r\n", "227 1 (203,0,113,200,100,100).\r\n"] {
        session.client_says(ACK, b"PASV\r\n");
        session.server_says(ACK, text.as_bytes());
    }
    session.client_says(ACK, b"QUIT\r\n");
    session.server_says(ACK, b"221\r\n");
}

/// An answer that the client did not get comes again, and says the same again.
#[test]
fn ftp_4_what_comes_again_is_changed_again() {
    let mut session = Session::new(8, &RULES);
    session.client_says(ACK, b"PASV\r\n");
    let answer = b"227 (10,2,0,1,156,64)\r\n";
    let lost = session.server_says_lost(ACK, answer);
    assert_eq!(session.server_says(ACK, answer), lost);
    session.client_says(ACK, b"NOOP\r\n");
    // What nobody asked for is not touched.
    assert_eq!(fields(&session.server_says(ACK, answer)).2, answer);
    session.client_says(ACK, b"NOOP\r\n");
}

#[test]
fn ftp_3_an_answer_without_room_to_grow_stays_as_it_is() {
    let mut session = Session::new(8, &RULES);
    session.client_says(ACK, b"PASV\r\n");
    let numbers = [session.server, session.client];
    let answer = b"227 (10,2,0,1,156,64)\r\n";
    let octets = segment([(RS, 21), (CLIENT, 40_000)], ACK, numbers, answer);
    let route_to = |_| Some(Route::Via(Path::new(LINK, 1500)));
    let is_refused =
        |outcome| matches!(outcome, Outcome::NotRewritten(RewriteError::NoHeadroom(_)));
    let mut buffer = octets.clone();
    let mut frame = Frame::from(&mut buffer[..]);
    assert!(is_refused(process(secs(1), &mut frame, &mut session.director, route_to)));
    let finish = |_: &mut Frame<'_>, outcome| assert!(is_refused(outcome));
    process_burst(secs(1), &mut [frame], &mut session.director, route_to, finish);
    assert_eq!(buffer, octets);
    // Where there is room it is told all the same.
    session.server_says(ACK, answer);
}

#[test]
fn ftp_3_extended_passive_mode() {
    let mut session = Session::new(8, &RULES);
    session.client_says(ACK, b"EPSV\r\n");
    session.server_says(ACK, b"229 Extended (|||2000|)\r\n");
    session.client_says(ACK, b"RETR file\r\n");
    assert_eq!(connect(&mut session, 120, 2000).as_deref(), Some("10.2.0.1:2000"));
    // What was expected has come: the next one to that port is not.
    let other = tcp("192.0.2.8", 1, VIP, 2000, SYN);
    let key = ServiceKey::tcp(ip(VIP), 21);
    assert!(session.director.decide(secs(120), &other) != Verdict::Pass, "SVC-8: by a template");
    assert_eq!(dest(&session.director, &key, RS).statistics().conns, 2);
}

#[test]
fn ftp_3_nothing_is_expected_for_long() {
    for (now, expected) in [(120, Some("10.2.0.1:2000")), (121, None)] {
        let mut session = Session::new(8, &PLAIN);
        session.client_says(ACK, b"EPSV\r\n");
        session.server_says(ACK, b"229 Extended (|||2000|)\r\n");
        assert_eq!(connect(&mut session, now, 2000).as_deref(), expected);
    }
}

/// The server connects from the port before its own, and the client sees the one before the virtual
/// port \[FTP-2\] \[TCP-4\].
#[test]
fn ftp_2_tcp_4_active_data() {
    for command in [&b"PORT 192,0,2,7,200,0\r\n"[..], b"EPRT |1|192.0.2.7|51200|\r\n"] {
        let mut session = Session::new(8, &RULES);
        session.client_says(ACK, command);
        let data = data_conn(&session, 20);
        assert_eq!((data.state(), data.timeout().as_secs()), (State::Tcp(TcpState::Listen), 120));
        let syn = tcp(RS, 20, CLIENT, 51_200, SYN);
        let Verdict::Reply(origin) = session.director.decide(secs(2), &syn) else {
            panic!("reply")
        };
        assert_eq!((origin.address, origin.port), (ip(VIP), 20));
        let back = tcp(CLIENT, 51_200, VIP, 20, SYN.with(ACK));
        let hop = common::hop(&mut session.director, secs(2), &back);
        assert_eq!(hop.as_deref(), Some("10.2.0.1:20"));
    }
}

/// Into a full table no data connection gets, and its control connection is as it was.
#[test]
fn ftp_2_a_full_table_has_no_room_for_data() {
    let mut session = Session::with_room(1, 8, &PLAIN);
    session.client_says(ACK, b"PORT 192,0,2,7,200,0\r\n");
    assert_eq!(session.director.conns().count(), 1);
    let reset = tcp(CLIENT, 40_000, VIP, 21, TcpFlags::RST);
    assert!(common::hop(&mut session.director, secs(2), &reset).is_some());
    session.director.handle_timeout(secs(60), 64);
    assert_eq!(session.director.conns().count(), 0, "it waits for no data connection");
}

/// A control connection that is idle makes room for others, but not while it has data connections
/// \[DEF-2\].
#[test]
fn def_2_control_connections_are_kept_for_their_data() {
    let other = tcp("192.0.2.8", 40_000, VIP, 21, SYN);
    for (connections, has_data) in [(1, false), (2, true)] {
        let mut session = Session::with_room(connections, 8, &PLAIN);
        let defences = Defences { drop_entry: Defence::On, ..Defences::default() };
        session.director.set_defences(secs(0), defences);
        if has_data {
            session.client_says(ACK, b"PORT 192,0,2,7,200,0\r\n");
        }
        assert_eq!(session.director.conns().count(), connections as usize);
        let hop = common::hop(&mut session.director, secs(70), &other);
        assert_eq!(hop.is_none(), has_data);
    }
}

/// As long as it has data connections, a control connection does not end; and it is begun anew only
/// if its client's packet is not held to it \[REUSE-3\] \[CON-11\].
#[test]
fn reuse_3_con_11_control_connections_outlive_data() {
    let control = |flags| tcp(CLIENT, 40_000, VIP, 21, flags);
    for (packet, conns) in [(control(SYN).tracked(), 1), (control(SYN), 2)] {
        let mut session = Session::new(8, &PLAIN);
        session.client_says(ACK, b"PORT 192,0,2,7,200,0\r\n");
        for packet in [control(TcpFlags::RST), packet] {
            let verdict = session.director.decide(secs(2), &packet);
            assert!(matches!(verdict, Verdict::Forward(_)));
        }
        assert_eq!(dest(&session.director, &service(), RS).statistics().conns, conns);
    }
    let mut session = Session::new(8, &PLAIN);
    session.client_says(ACK, b"PORT 192,0,2,7,200,0\r\n");
    let _closed = session.director.decide(secs(2), &control(TcpFlags::RST));
    session.director.handle_timeout(secs(60), 64);
    assert_eq!(session.director.conns().count(), 2, "put off as long as the data connection lives");
    session.director.handle_timeout(secs(200), 64);
    assert_eq!(session.director.conns().count(), 0);
}

/// Without room, or not asked for, everything passes as it is.
#[test]
fn nothing_is_helped_unless_asked_for() {
    let mut session = Session::new(0, &PLAIN);
    session.client_says(ACK, b"PASV\r\n");
    let answer = b"227 (10,2,0,1,156,64)\r\n";
    assert_eq!(fields(&session.server_says(ACK, answer)).2, answer);
    assert_eq!(connect(&mut session, 2, 40_000), None);
    let frame = segment([(RS, 21), (CLIENT, 40_000)], ACK, [0, 0], answer);
    let (flow, layout) = parse_with_layout(&frame).unwrap();
    assert!(matches!(
        read(&frame, &flow, &layout).unwrap().message,
        Some(Message::EnteringPassive(_))
    ));
    assert_eq!(parse(&frame).unwrap(), flow);
}
