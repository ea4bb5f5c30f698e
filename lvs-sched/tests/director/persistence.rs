//! Clients that stay, or do not: templates, quiesced destinations, connections of one packet.

use std::time::Duration;

use lvs_proto::{Decide, Protocol};
use lvs_sched::{Director, Profile, ServiceKey, State};

use super::common::{ACK, SYN, apply, counts, dest, director, hop, ip, secs, tcp, udp};
use super::{RS, UNREACHABLE, VIP, client, web};

#[test]
fn s2_a_client_stays_for_an_hour() {
    let vip = "192.168.8.230";
    let mut director = director(
        Profile::Classic,
        &[
            "-A -t 192.168.8.230:80 -p 3600",
            "-a -t 192.168.8.230:80 -r 192.168.8.224 -w 2",
            "-a -t 192.168.8.230:80 -r 192.168.8.225 -w 5",
            "-A -t 192.168.9.230:80 -p 3600",
            "-a -t 192.168.9.230:80 -r 192.168.8.224 -w 2",
            "-a -t 192.168.9.230:80 -r 192.168.8.225 -w 5",
        ],
    );
    let service = ServiceKey::tcp(ip(vip), 80);
    let from = |client: &str, port| tcp(client, port, vip, 80, SYN);
    let first = hop(&mut director, secs(0), &from("10.9.0.1", 1001)).unwrap();
    for port in 2..50 {
        let now = secs(u64::from(port) * 60);
        director.handle_timeout(now, 100);
        let next = hop(&mut director, now, &from("10.9.0.1", 1000 + port));
        assert_eq!(next.as_ref(), Some(&first));
    }
    let other = hop(&mut director, secs(2940), &from("10.9.0.2", 1)).unwrap();
    assert_ne!(first, other, "another client goes where fewer are");
    let (_, _, persistent) = counts(&director, &service, "192.168.8.225");
    assert_eq!(persistent, 1);
    // It is gone in the monitor's eyes: the client moves, and its new template is elsewhere.
    apply(&mut director, secs(2950), "-d -t 192.168.8.230:80 -r 192.168.8.225");
    let moved = hop(&mut director, secs(2951), &from("10.9.0.1", 60));
    assert_eq!(moved.as_deref(), Some("192.168.8.224:80"));
    let invalid = director.conns().filter(|conn| conn.key().virtual_port == u16::MAX);
    assert_eq!(invalid.count(), 1, "TPL-12");
    apply(&mut director, secs(2960), "-a -t 192.168.8.230:80 -r 192.168.8.225 -w 5");
    let stays = hop(&mut director, secs(2961), &from("10.9.0.1", 61));
    assert_eq!(stays.as_deref(), Some("192.168.8.224:80"));
    assert_eq!(counts(&director, &service, "192.168.8.225").2, 1, "the invalid one");
}

#[test]
fn tpl_1_tpl_2_tpl_7_keys_and_ports() {
    // Service, server, packet port and mark; template's virtual address and port, its own port,
    // the connection's port.
    let cases = [
        ("-t 10.0.0.1:80", "10.2.0.1:8080 -m", 80, 0, ("10.0.0.1", 80, 8080), 8080),
        ("-t 10.0.0.1:0", "10.2.0.1:8080 -m", 443, 0, ("10.0.0.1", 0, 0), 443),
        ("-f 77", "10.2.0.1:8080 -m", 443, 77, ("0.0.0.77", 0, 0), 443),
    ];
    for (service, server, port, mark, (virtual_address, virtual_port, own), conn_port) in cases {
        let rules = [
            format!("-A {service} -s rr -p 100 -M 255.255.255.0"),
            format!("-a {service} -r {server}"),
        ];
        let mut director = director(Profile::Classic, &rules.each_ref().map(String::as_str));
        let flow = tcp("192.0.2.7", 4000, VIP, port, SYN).with_mark(mark);
        let expected = format!("10.2.0.1:{conn_port}");
        assert_eq!(hop(&mut director, secs(0), &flow), Some(expected));
        let template = director.conns().find(|conn| conn.key().template).unwrap();
        let key = template.key();
        assert_eq!((key.client(), key.client_port), (ip("192.0.2.0"), 0));
        assert_eq!((key.virtual_address(), key.virtual_port), (ip(virtual_address), virtual_port));
        assert_eq!(key.protocol, if mark == 0 { Protocol::TCP } else { Protocol(0) });
        assert_eq!(template.hop().port, own);
    }
}

#[test]
fn tpl_9_tpl_10_a_template_in_use_collapses_to_60_seconds() {
    let mut director = director(
        Profile::Classic,
        &["-A -t 10.0.0.1:80 -s rr -p 100", "-a -t 10.0.0.1:80 -r 10.2.0.1"],
    );
    let timeout = |director: &Director| {
        let template = director.conns().find(|conn| conn.key().template);
        template.map(|template| template.timeout().as_secs())
    };
    assert!(hop(&mut director, secs(0), &client(1, SYN)).is_some());
    assert!(hop(&mut director, secs(0), &client(1, ACK)).is_some());
    let state = director.conns().find(|conn| conn.key().template).map(|conn| conn.state());
    assert_eq!(state, Some(State::Template { assured: true }), "TPL-13");
    // A new connection counts, a packet of an old one does not.
    assert!(hop(&mut director, secs(50), &client(2, SYN)).is_some());
    assert!(hop(&mut director, secs(90), &client(1, ACK)).is_some());
    director.handle_timeout(secs(149), 10);
    assert_eq!(timeout(&director), Some(100));
    director.handle_timeout(secs(150), 10);
    assert_eq!(timeout(&director), Some(60));
    assert_eq!(counts(&director, &web(), RS), (1, 0, 1));
    // The established one ends at 990; the template outlives it by less than its 60 s.
    for now in 151..=1049 {
        director.handle_timeout(secs(now), 10);
    }
    assert_eq!((timeout(&director), counts(&director, &web(), RS)), (Some(60), (0, 0, 1)));
    director.handle_timeout(secs(1050), 10);
    assert_eq!((timeout(&director), counts(&director, &web(), RS)), (None, (0, 0, 0)));
}

#[test]
fn tpl_10_swept_late_is_swept_in_time() {
    let rules = ["-A -t 10.0.0.1:80 -s rr -p 100", "-a -t 10.0.0.1:80 -r 10.2.0.1"];
    let mut late = director(Profile::Classic, &rules);
    for port in 1..=9 {
        assert!(hop(&mut late, secs(0), &client(port, SYN)).is_some());
        assert!(hop(&mut late, secs(0), &client(port, ACK)).is_some());
    }
    // More is due than one packet sweeps, and the template is due as well.
    assert!(hop(&mut late, secs(960), &client(10, SYN)).is_some());
    let template = late.conns().find(|conn| conn.key().template).unwrap();
    assert_eq!(template.timeout(), Duration::from_secs(60));
}

#[test]
fn dst_14_weight_0_keeps_what_it_has() {
    let mut director = director(
        Profile::Classic,
        &["-A -t 10.0.0.1:80 -s rr -p", "-a -t 10.0.0.1:80 -r 10.2.0.1"],
    );
    assert!(hop(&mut director, secs(0), &client(1, SYN)).is_some());
    apply(&mut director, secs(0), "-e -t 10.0.0.1:80 -r 10.2.0.1 -w 0");
    assert!(hop(&mut director, secs(0), &client(2, SYN)).is_some());
    let stranger = tcp("192.0.2.8", 1, VIP, 80, SYN);
    assert_eq!(director.decide(secs(0), &stranger), UNREACHABLE);
}

#[test]
fn ops_1_each_packet_is_scheduled_anew() {
    let mut director = director(
        Profile::Classic,
        &[
            "-A -u 10.0.0.1:53 -s rr -o",
            "-a -u 10.0.0.1:53 -r 10.2.0.1",
            "-a -u 10.0.0.1:53 -r 10.2.0.2",
        ],
    );
    let query = udp("192.0.2.7", 4000, VIP, 53);
    let hops = [(); 4].map(|()| hop(&mut director, secs(0), &query).unwrap());
    assert_eq!(hops, ["10.2.0.2:53", "10.2.0.1:53", "10.2.0.2:53", "10.2.0.1:53"]);
    assert_eq!(director.conns().count(), 0);
    let service = ServiceKey::udp(ip(VIP), 53);
    assert_eq!(counts(&director, &service, RS), (0, 0, 0));
    assert_eq!(dest(&director, &service, RS).statistics().conns, 2);
}
