//! The rarer packets: replies, errors, IPsec, what goes past all destinations.

use std::num::NonZeroU32;

use lvs_proto::{
    AddressPair, Decide, DropReason, Embedded, Family, Flow, Hook, Hop, Method, Protocol, TcpFlags,
    Transport, Verdict,
};
use lvs_sched::{
    Director, DirectorConfig, Policy, Profile, ServiceConfig, ServiceKey, State, TcpState,
};

use super::common::{ACK, RST, SYN, director, hop, ip, secs, tcp, udp};
use super::{CLIENT, RS, UNREACHABLE, VIP, client, common, web};

/// An ICMP error from `from` to `to` about a TCP packet from `source` to `destination`.
fn error(from: &str, to: &str, source: (&str, u16), destination: (&str, u16)) -> Flow {
    let pair = |one: &str, other: &str| AddressPair::new(ip(one), ip(other)).unwrap();
    Flow::new(pair(from, to), Transport::Other(Protocol::ICMP)).about(Embedded {
        addresses: pair(source.0, destination.0),
        protocol: Protocol::TCP,
        ports: Some((source.1, destination.1)),
    })
}

#[test]
fn nat_6_replies_and_nat_8_strays_and_dir_2() {
    let service = ServiceKey::tcp(ip(VIP), 80);
    let mut director = web("-m");
    assert!(hop(&mut director, secs(0), &client(1, SYN)).is_some());
    let reply = tcp(RS, 80, CLIENT, 1, TcpFlags::SYN.with(ACK)).at(Hook::Forward).with_length(60);
    let Verdict::Reply(origin) = director.decide(secs(1), &reply) else { panic!("no reply") };
    assert_eq!((origin.method, origin.address, origin.port), (Method::Nat, ip(VIP), 80));
    let statistics = director.service(&service).unwrap().statistics();
    assert_eq!((statistics.out_packets, statistics.out_octets), (1, 60));
    let stray = tcp(RS, 80, CLIENT, 2, ACK).at(Hook::Forward);
    assert_eq!(director.decide(secs(1), &stray), Verdict::Pass);
    // NAT-8
    director.set_policy(Policy { nat_icmp_send: true, ..Policy::default() });
    assert_eq!(director.decide(secs(1), &stray), UNREACHABLE);
    let reset = tcp(RS, 80, CLIENT, 2, RST).at(Hook::Forward);
    assert_eq!(director.decide(secs(1), &reset), Verdict::Pass);
    common::apply(&mut director, secs(1), "-e -t 10.0.0.1:80 -r 10.2.0.1 -g");
    assert_eq!(director.decide(secs(1), &stray), Verdict::Pass);
    // NOD-4: the server may be gone.
    common::apply(&mut director, secs(1), "-d -t 10.0.0.1:80 -r 10.2.0.1");
    assert!(matches!(director.decide(secs(2), &reply), Verdict::Reply(_)));
}

#[test]
fn con_5_ipsec_rides_along() {
    let mut director =
        director(Profile::Classic, &["-A -u 10.0.0.1:500", "-a -u 10.0.0.1:500 -r 10.2.0.1"]);
    let addresses = AddressPair::new(ip(CLIENT), ip(VIP)).unwrap();
    for protocol in [Protocol(50), Protocol(51)] {
        let packet = Flow::new(addresses, Transport::Other(protocol));
        assert_eq!(director.decide(secs(0), &packet), Verdict::Pass);
    }
    assert!(hop(&mut director, secs(0), &udp(CLIENT, 500, VIP, 500)).is_some());
    let packet = Flow::new(addresses, Transport::Other(Protocol(50)));
    assert!(hop(&mut director, secs(200), &packet).is_some());
    assert_eq!(director.next_deadline(), Some(secs(500)), "TMO-3");
}

#[test]
fn icmp_3_to_icmp_6_and_icmp_8() {
    for profile in common::PROFILES {
        let rules = ["-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.2.0.1:8080 -m"];
        let mut director = director(profile, &rules);
        let of_client = error("203.0.113.1", VIP, (VIP, 80), (CLIENT, 1));
        assert_eq!(director.decide(secs(0), &of_client), Verdict::Pass);
        assert!(hop(&mut director, secs(0), &client(1, SYN)).is_some());
        assert_eq!(hop(&mut director, secs(9), &of_client).as_deref(), Some("10.2.0.1:8080"));
        let of_server = error(RS, CLIENT, (CLIENT, 1), (RS, 8080)).at(Hook::Forward);
        assert!(matches!(director.decide(secs(9), &of_server), Verdict::Reply(_)));
        assert_eq!(director.next_deadline(), Some(secs(60)), "ICMP-8");
        let deeper = Embedded { protocol: Protocol::ICMP, ..of_client.embedded.unwrap() };
        assert_eq!(director.decide(secs(9), &of_client.about(deeper)), Verdict::Pass);
        // CON-7: what an error opens lives for 3 s.
        director.set_policy(Policy { schedule_icmp: true, ..Policy::default() });
        let other = error("203.0.113.1", VIP, (VIP, 80), (CLIENT, 2));
        assert!(hop(&mut director, secs(9), &other).is_some());
        assert_eq!(director.next_deadline(), Some(secs(12)));
        let mut states = director.conns().map(|conn| conn.state());
        assert!(states.any(|state| state == State::Tcp(TcpState::None)));
    }
}

#[test]
fn svc_11_local_servers() {
    let mut director = web("-m");
    let here = client(1, SYN);
    assert!(hop(&mut director, secs(0), &here).is_some());
    // This host's own packet to the client is a reply; to another service's client it is not.
    common::apply(&mut director, secs(0), "-A -t 192.0.2.7:1 -s rr");
    common::apply(&mut director, secs(0), "-a -t 192.0.2.7:1 -r 10.2.0.9");
    let back = tcp(VIP, 80, CLIENT, 1, SYN).at(Hook::LocalOut);
    assert_eq!(director.decide(secs(0), &back), Verdict::Pass);
    let anew = tcp(VIP, 81, CLIENT, 1, SYN).at(Hook::LocalOut);
    assert!(hop(&mut director, secs(0), &anew).is_some());
}

#[test]
fn svc_12_an_error_without_anybody_to_offer_is_dropped() {
    let mut director = director(Profile::Classic, &["-A -t 10.0.0.1:80 -s rr"]);
    director.set_policy(Policy { schedule_icmp: true, ..Policy::default() });
    let of_client = error("203.0.113.1", VIP, (VIP, 80), (CLIENT, 1));
    assert_eq!(director.decide(secs(0), &of_client), Verdict::Drop(DropReason::IcmpError));
}

#[test]
fn svc_12_byp_1_cache_bypass() {
    let rules = ["-A -f 7 -s rr", "-A -t 10.0.0.1:80 -s rr"];
    let mut director = director(Profile::Classic, &rules);
    let marked = client(1, SYN).with_mark(7).unicast();
    assert_eq!(director.decide(secs(0), &marked), UNREACHABLE);
    director.set_policy(Policy { cache_bypass: true, ..Policy::default() });
    for refused in [Flow { unicast: false, ..marked }, Flow { mark: 0, ..marked }] {
        assert_eq!(director.decide(secs(0), &refused), UNREACHABLE);
    }
    // On to the address that it is for; the connection is followed like others [CNT-8].
    for (flags, state) in [(SYN, TcpState::SynRecv), (ACK, TcpState::Established)] {
        let packet = client(1, flags).with_mark(7).unicast();
        assert_eq!(hop(&mut director, secs(0), &packet).as_deref(), Some("10.0.0.1:80"));
        let conn = director.conns().next().unwrap();
        assert_eq!((conn.state(), conn.hop().address), (State::Tcp(state), ip("0.0.0.0")));
        assert!(director.dest(conn.dest()).is_none());
    }
    let reply = tcp(VIP, 80, CLIENT, 1, ACK).at(Hook::Forward);
    assert!(matches!(director.decide(secs(0), &reply), Verdict::Reply(_)));
    assert_eq!(director.conns().count(), 1);
    director.handle_timeout(secs(1000), 10);
    assert_eq!(director.conns().count(), 0);
}

#[test]
fn svc_12_byp_1_cache_bypass_of_datagrams_over_ipv6() {
    for one_packet in [false, true] {
        let config = DirectorConfig { connections_v6: 1, ..DirectorConfig::default() };
        let mut director = Director::new(config).unwrap();
        director.set_policy(Policy { cache_bypass: true, ..Policy::default() });
        let (family, mark) = (Family::V6, NonZeroU32::MIN);
        let service = ServiceConfig::new(ServiceKey::Mark { family, mark });
        director.add_service(secs(0), ServiceConfig { one_packet, ..service }).unwrap();
        let full = Verdict::Drop(DropReason::TableFull);
        let verdicts = [1, 2].map(|port| {
            let packet = udp("2001:db8:9::7", port, "2001:db8::1", 53).with_mark(1).unicast();
            director.decide(secs(0), &packet)
        });
        let on = Verdict::Forward(Hop::new(Method::DirectRoute, ip("2001:db8::1"), 53));
        assert_eq!((verdicts[0], verdicts[1] == full), (on, !one_packet));
        assert_eq!(director.conns().count(), usize::from(!one_packet));
    }
}
