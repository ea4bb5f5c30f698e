//! What a backup makes of records (section 6.5).

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use lvs_proto::sync::{ConnFlags, Message, StateNumber, SyncRecord, Version};
use lvs_proto::{
    AddressPair, CallId, Decide, Family, Flow, Method, Protocol, SctpChunk, Transport, Verdict,
};
use lvs_sched::{
    Conn, DestConfig, Director, DirectorConfig, Profile, SctpState, ServiceConfig, ServiceKey,
    State, SyncPolicy, SyncReceived, TcpState,
};

use super::common::{ACK, apply, counts, director, ip, secs, tcp};
use super::{sent, start_master};

const WEB: &str = "-A -t 10.0.0.1:80 -s rr";
const VIP: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const RS: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 1);

/// An established connection to port 80 of a virtual address, by NAT to port 8080.
fn established() -> SyncRecord<'static> {
    SyncRecord {
        protocol: Protocol::TCP,
        addresses: AddressPair::V4 { source: [198, 18, 0, 9].into(), destination: VIP },
        dest: RS.into(),
        client_port: 5000,
        virtual_port: 80,
        dest_port: 8080,
        flags: ConnFlags::of_method(Method::Nat),
        state: StateNumber::TCP_ESTABLISHED,
        mark: 0,
        timeout_secs: 900,
        sequence: None,
        call_id: None,
    }
}

fn template() -> SyncRecord<'static> {
    let flags = ConnFlags::TEMPLATE.with(ConnFlags::INACTIVE);
    SyncRecord { flags, client_port: 0, state: StateNumber::ASSURED, ..established() }
}

fn receive(director: &mut Director, record: &SyncRecord<'_>) -> SyncReceived {
    director.receive_sync_record(secs(1), &SyncPolicy::default(), record)
}

fn web_counts(director: &Director) -> (u32, u32, u32) {
    counts(director, &ServiceKey::tcp(ip("10.0.0.1"), 80), "10.1.0.1")
}

/// The newest connection from this port.
fn conn(director: &Director, client_port: u16) -> Conn {
    director.conns().find(|conn| conn.key().client_port == client_port).unwrap()
}

fn is_bound(director: &Director, conn: &Conn) -> bool {
    director.dest(conn.dest()).is_some()
}

#[test]
fn bk_7_a_record_about_another_real_server() {
    let mut director = director(Profile::Classic, &[WEB, "-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m"]);
    assert_eq!(receive(&mut director, &established()), SyncReceived::Created);
    assert_eq!(web_counts(&director), (1, 0, 0));

    let (flags, state) = (ConnFlags::INACTIVE, StateNumber::TCP_CLOSE);
    let over = SyncRecord { flags, state, dest_port: 8081, ..established() };
    assert_eq!(receive(&mut director, &over), SyncReceived::Ignored);
    assert_eq!(conn(&director, 5000).state(), State::Tcp(TcpState::Established));

    let moved = SyncRecord { dest_port: 8081, ..established() };
    assert_eq!(receive(&mut director, &moved), SyncReceived::Created);
    director.handle_timeout(secs(2), 8);
    assert_eq!(web_counts(&director), (0, 0, 0), "the old one ended");
    assert_eq!(conn(&director, 5000).hop().port, 8081);
    assert!(!is_bound(&director, &conn(&director, 5000)));

    // A template is what it is, wherever it leads.
    assert_eq!(receive(&mut director, &template()), SyncReceived::Created);
    let elsewhere = SyncRecord { dest_port: 8081, ..template() };
    assert_eq!(receive(&mut director, &elsewhere), SyncReceived::Updated);
    assert_eq!(web_counts(&director), (0, 0, 1));
}

/// By the port of the record first, unless a mark leads to a real server of any port.
#[test]
fn bk_8_ports_of_destinations() {
    let web = ServiceKey::tcp(ip("10.0.0.1"), 80);
    let marked = ServiceKey::Mark { family: Family::V4, mark: NonZeroU32::new(7).unwrap() };
    let with_dests = |key, ports: &[u16]| {
        let mut director = director(Profile::Classic, &[]);
        director.add_service(secs(0), ServiceConfig::new(key)).unwrap();
        for port in ports {
            director.add_dest(secs(0), &key, DestConfig::new(RS.into(), *port)).unwrap();
        }
        director
    };
    for (service, mark) in [(web, 0), (marked, 7)] {
        for method in [Method::Nat, Method::DirectRoute] {
            for (dest_port, expected) in [(8080, true), (0, true), (8081, false)] {
                let mut director = with_dests(service, &[dest_port]);
                let flags = ConnFlags::of_method(method);
                receive(&mut director, &SyncRecord { mark, flags, ..established() });
                let is_bound = is_bound(&director, &conn(&director, 5000));
                assert_eq!(is_bound, expected, "{mark} {method} {dest_port}");
            }
        }
    }
    let mut both = with_dests(marked, &[0, 8080]);
    let nat = SyncRecord { mark: 7, ..established() };
    let flags = ConnFlags::of_method(Method::DirectRoute);
    receive(&mut both, &nat);
    receive(&mut both, &SyncRecord { flags, client_port: 1, ..nat });
    let port = |client_port| both.dest(conn(&both, client_port).dest()).unwrap().port();
    assert_eq!((port(5000), port(1)), (8080, 0));
}

/// Without a destination it goes on as the record says, and nothing counts it; a tunnel cannot.
#[test]
fn bk_8_without_a_destination() {
    let mut director = director(Profile::Classic, &[WEB]);
    for (client_port, method) in [(1, Method::Nat), (2, Method::Tunnel)] {
        let flags = ConnFlags::of_method(method);
        receive(&mut director, &SyncRecord { flags, client_port, ..established() });
        let verdict =
            director.decide(secs(2), &tcp("198.18.0.9", client_port, "10.0.0.1", 80, ACK));
        assert_eq!(matches!(verdict, Verdict::Forward(_)), method == Method::Nat);
    }
    let web = ServiceKey::tcp(ip("10.0.0.1"), 80);
    director.add_dest(secs(3), &web, DestConfig::new(RS.into(), 8080)).unwrap();
    assert_eq!(web_counts(&director), (0, 0, 0));
    let known = SyncRecord { client_port: 1, ..established() };
    assert_eq!(receive(&mut director, &known), SyncReceived::Updated);
    assert_eq!(web_counts(&director), (1, 0, 0), "bound by a later record [BK-9]");
    assert_eq!(conn(&director, 1).hop().method, Method::DirectRoute, "[BK-12]");
    director.handle_timeout(secs(1000), 8);
    assert_eq!(web_counts(&director), (0, 0, 0));
}

#[test]
fn bk_9_between_active_and_inactive() {
    let mut director = director(Profile::Classic, &[WEB, "-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m"]);
    for (flags, expected) in [
        (ConnFlags::INACTIVE, (0, 1, 0)),
        (ConnFlags::default(), (1, 0, 0)),
        (ConnFlags::default(), (1, 0, 0)),
        (ConnFlags::INACTIVE, (0, 1, 0)),
    ] {
        receive(&mut director, &SyncRecord { flags, ..established() });
        assert_eq!(web_counts(&director), expected);
    }
}

#[test]
fn bk_10_timeouts() {
    let mut director = director(Profile::Classic, &[]);
    let untimed = SyncRecord { timeout_secs: 0, ..established() };
    let template = SyncRecord { timeout_secs: 0, ..template() };
    let longest = SyncRecord { timeout_secs: u32::MAX, client_port: 1, ..established() };
    for record in [untimed, template, longest] {
        assert_eq!(receive(&mut director, &record), SyncReceived::Created);
    }
    let timeouts = [5000, 0, 1].map(|port| conn(&director, port).timeout().as_secs());
    assert_eq!(timeouts, [900, 180, u32::MAX.into()], "by state, as of version 0, as it is said");
}

/// What is known without a destination is bound by what it is, whatever a later record says.
#[test]
fn bk_9_bound_to_the_real_server_that_it_has() {
    let mut director = director(Profile::Classic, &[WEB, "-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m"]);
    let elsewhere = SyncRecord { dest: [10, 1, 0, 2].into(), ..template() };
    receive(&mut director, &elsewhere);
    assert_eq!(receive(&mut director, &template()), SyncReceived::Updated);
    assert_eq!(web_counts(&director), (0, 0, 0));
    apply(&mut director, secs(1), "-a -t 10.0.0.1:80 -r 10.1.0.2:8080 -m");
    receive(&mut director, &template());
    assert_eq!(web_counts(&director), (0, 0, 0));
    assert_eq!(conn(&director, 0).hop().address, ip("10.1.0.2"));
    assert!(is_bound(&director, &conn(&director, 0)));

    // So is the mark by which its service is found.
    let marked = ServiceKey::Mark { family: Family::V4, mark: NonZeroU32::new(7).unwrap() };
    let unbound = SyncRecord { virtual_port: 81, ..established() };
    receive(&mut director, &unbound);
    director.add_service(secs(1), ServiceConfig::new(marked)).unwrap();
    director.add_dest(secs(1), &marked, DestConfig::new(RS.into(), 8080)).unwrap();
    receive(&mut director, &SyncRecord { mark: 7, ..unbound });
    assert!(!is_bound(&director, &conn(&director, 5000)));
}

/// [PE-2] A Call-ID is a template's: a connection is found by its client's packets all the same.
#[test]
fn bk_7_a_connection_with_a_call_id() {
    let mut director = director(Profile::Classic, &[WEB, "-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m"]);
    let call_id = CallId::new(b"x");
    let record = SyncRecord { call_id, ..established() };
    assert_eq!(receive(&mut director, &record), SyncReceived::Created);
    assert_eq!(receive(&mut director, &established()), SyncReceived::Updated);
    assert_eq!(director.call_id(&conn(&director, 5000)), None);
    let ack = tcp("198.18.0.9", 5000, "10.0.0.1", 80, ACK);
    assert!(matches!(director.decide(secs(2), &ack), Verdict::Forward(_)));
}

/// [SYN-14] [BK-10]: what was told is told on, counted as if its third packet had come.
#[test]
fn syn_14_backups_that_are_masters() {
    let mut director = director(Profile::Classic, &[WEB, "-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m"]);
    start_master(&mut director, Version::V1);
    receive(&mut director, &established());
    let ack = tcp("198.18.0.9", 5000, "10.0.0.1", 80, ACK);
    for packets in 4..=53 {
        assert!(sent(&mut director, secs(2)).is_empty(), "{packets}");
        let _forwarded = director.decide(secs(2), &ack);
    }
    let messages = sent(&mut director, secs(2));
    let message = Message::parse(&messages[0]).unwrap();
    let records: Vec<_> = message.records().map(Result::unwrap).collect();
    assert_eq!(records, [SyncRecord { flags: ConnFlags::SYNCED, ..established() }]);
}

/// [SYN-11] [BK-9]: its backup has an association in the state that the master last told of.
#[test]
fn syn_11_associations_of_sctp() {
    let (protocol, address, port) = (Protocol::SCTP, ip("10.0.0.1"), 80);
    let key = ServiceKey::Address { protocol, address, port };
    let [mut master, mut backup] = [(); 2].map(|()| {
        let mut director = director(Profile::Classic, &[]);
        director.add_service(secs(0), ServiceConfig::new(key)).unwrap();
        director.add_dest(secs(0), &key, DestConfig::new(ip("10.1.0.1"), 80)).unwrap();
        director
    });
    start_master(&mut master, Version::V1);
    let addresses = AddressPair::new(ip("198.18.0.9"), address).unwrap();
    let mut now = secs(0);
    for (chunk, state, received) in [
        (SctpChunk::Init, SctpState::Init1, None),
        (SctpChunk::CookieEcho, SctpState::Established, None),
        (SctpChunk::Data, SctpState::Established, Some(SyncReceived::Created)),
        (SctpChunk::Abort, SctpState::Closed, Some(SyncReceived::Updated)),
    ] {
        let transport =
            Transport::Sctp { source_port: 5000, destination_port: 80, chunk: Some(chunk) };
        assert!(matches!(
            master.decide(now, &Flow::new(addresses, transport)),
            Verdict::Forward(_)
        ));
        assert_eq!(conn(&master, 5000).state(), State::Sctp(state));
        let messages = sent(&mut master, now);
        let records = messages.iter().flat_map(|octets| Message::parse(octets).unwrap().records());
        let told = records.map(|record| receive(&mut backup, &record.unwrap())).last();
        assert_eq!(told, received);
        if received.is_some() {
            assert_eq!(conn(&backup, 5000).state(), State::Sctp(state));
        }
        now = now + Duration::from_secs(2);
    }
}

/// Bound, its real server's packets would be found as those of another connection are, and there is
/// no room to tell which is newer: it goes on as it is, and a later record binds it [BK-9].
#[test]
fn bk_12_no_room_to_be_bound() {
    let mut director =
        Director::new(DirectorConfig { rare: 0, ..DirectorConfig::default() }).unwrap();
    let other = ServiceKey::tcp(ip("10.0.0.2"), 80);
    for rule in [WEB, "-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m"] {
        apply(&mut director, secs(0), rule);
    }
    assert_eq!(receive(&mut director, &established()), SyncReceived::Created);
    let flags = ConnFlags::of_method(Method::DirectRoute);
    let addresses = AddressPair::new(ip("198.18.0.9"), ip("10.0.0.2")).unwrap();
    let record = SyncRecord { flags, addresses, ..established() };
    assert_eq!(receive(&mut director, &record), SyncReceived::Created);
    for rule in ["-A -t 10.0.0.2:80 -s rr", "-a -t 10.0.0.2:80 -r 10.1.0.1:8080 -m"] {
        apply(&mut director, secs(1), rule);
    }
    let method = |director: &Director| {
        let mut conns = director.conns();
        conns.find(|conn| conn.key().addresses == addresses).unwrap().hop().method
    };
    assert_eq!(receive(&mut director, &record), SyncReceived::TableFull);
    assert_eq!(method(&director), Method::DirectRoute);
    assert_eq!(counts(&director, &other, "10.1.0.1"), (0, 0, 0));

    let over = SyncRecord { timeout_secs: 1, ..established() };
    assert_eq!(receive(&mut director, &over), SyncReceived::Updated);
    director.handle_timeout(secs(4), 8);
    assert_eq!(receive(&mut director, &record), SyncReceived::Updated);
    assert_eq!(method(&director), Method::Nat);
    assert_eq!(counts(&director, &other, "10.1.0.1"), (1, 0, 0));
}

#[test]
fn a_full_table_is_told() {
    let config = DirectorConfig { connections: 0, calls: 0, ..DirectorConfig::default() };
    let mut director = Director::new(config).unwrap();
    assert_eq!(receive(&mut director, &established()), SyncReceived::TableFull);
    let call = SyncRecord { call_id: CallId::new(b"x"), ..template() };
    assert_eq!(receive(&mut director, &call), SyncReceived::TableFull);
}

/// Records of any kind leave a director whose counts fit its table.
#[test]
fn hostile_records() {
    arbtest::arbtest(|u| {
        let mut director =
            director(Profile::Classic, &[WEB, "-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m"]);
        start_master(&mut director, Version::V1);
        let mut now = secs(1);
        for _ in 0..u.int_in_range(0..=60)? {
            now = now + Duration::from_secs(u.int_in_range(0..=100)?);
            let flags = ConnFlags(u.arbitrary::<u16>()?.into()).without(ConnFlags(0x2840));
            let is_template = flags.contains(ConnFlags::TEMPLATE);
            let record = SyncRecord {
                flags,
                client_port: if is_template { 0 } else { u.int_in_range(0..=3)? },
                dest: IpAddr::from([10, 1, 0, u.int_in_range(1..=2)?]),
                state: StateNumber(u.int_in_range(0..=if is_template { 1 } else { 10 })?),
                timeout_secs: u.int_in_range(0..=1000)?,
                ..established()
            };
            director.receive_sync_record(now, &SyncPolicy::default(), &record);
            let flow: Flow = tcp("198.18.0.9", u.int_in_range(0..=3)?, "10.0.0.1", 80, ACK);
            let _verdict = director.decide(now, &flow);
            director.handle_timeout(now, 64);
            let bound = director.conns().filter(|conn| is_bound(&director, conn));
            let (templates, conns): (Vec<_>, Vec<_>) = bound.partition(|conn| conn.key().template);
            let (active, inactive, persistent) = web_counts(&director);
            assert_eq!((active + inactive) as usize, conns.len());
            assert_eq!(persistent as usize, templates.len());
        }
        director.handle_timeout(now + Duration::from_secs(2000), 1000);
        assert_eq!(web_counts(&director), (0, 0, 0));
        Ok(())
    });
}
