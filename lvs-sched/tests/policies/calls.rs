//! Calls, told apart by their Call-IDs (section 3.4).

use lvs_proto::{CallId, DropReason, Hook, Method, Origin, Verdict};
use lvs_sched::{
    DestConfig, Director, DirectorConfig, Persistence, PersistenceEngine, ServiceConfig,
    ServiceKey, State,
};

use super::common::{SYN, counts, ip, secs, udp};
use super::{CLIENT, RS, VIP, client};

#[test]
fn pe_1_pe_2_calls() {
    let mut director =
        Director::new(DirectorConfig { calls: 2, ..DirectorConfig::default() }).unwrap();
    let key = ServiceKey::udp(ip(VIP), 5060);
    let service = ServiceConfig {
        scheduler: lvs_sched::SchedulerKind::Rr,
        persistence: Some(Persistence::new(key.family(), 300)),
        engine: Some(PersistenceEngine::Sip),
        one_packet: true,
        ..ServiceConfig::new(key)
    };
    director.add_service(secs(0), service).unwrap();
    for host in 1..=3 {
        let address = ip(&std::format!("10.2.0.{host}"));
        director.add_dest(secs(0), &key, DestConfig::new(address, 5060)).unwrap();
    }
    let call = |id: &'static str| Some(CallId::new(id.as_bytes()).unwrap());
    let mut to = |client: &str, call| match director.decide_call(
        secs(0),
        &udp(client, 4000, VIP, 5060),
        call,
    ) {
        Verdict::Forward(hop) => Ok(hop.address.to_string()),
        other => Err(other),
    };
    assert_eq!(to(CLIENT, call("a")).as_deref(), Ok("10.2.0.3"));
    assert_eq!(to(CLIENT, call("b")).as_deref(), Ok("10.2.0.2"));
    assert_eq!(to(CLIENT, call("a")).as_deref(), Ok("10.2.0.3"));
    assert_eq!(to(CLIENT, None), Err(Verdict::Drop(DropReason::NoCallId)));
    let full = Verdict::Drop(DropReason::TableFull);
    assert_eq!(to("192.0.2.8", call("a")), Err(full), "another client's, and no room");
    let mut ids: Vec<_> = director.conns().map(|conn| director.call_id(&conn)).collect();
    ids.sort();
    assert_eq!(ids, [call("a"), call("b")]);
    director.clear(secs(0));
    director.handle_timeout(secs(1000), 100);
    assert_eq!(director.conns().count(), 0);
}

#[test]
fn pe_1_a_call_is_of_udp() {
    let mut director = Director::new(DirectorConfig::default()).unwrap();
    let key = ServiceKey::tcp(ip(VIP), 80);
    let persistence = Some(Persistence::new(key.family(), 300));
    let engine = Some(PersistenceEngine::Sip);
    let service = ServiceConfig { persistence, engine, ..ServiceConfig::new(key) };
    director.add_service(secs(0), service).unwrap();
    director.add_dest(secs(0), &key, DestConfig::new(ip(RS), 80)).unwrap();
    let verdict = director.decide_call(secs(0), &client(1, SYN), CallId::new(b"a"));
    assert_eq!(verdict, Verdict::Drop(DropReason::NoCallId));
}

#[test]
fn pe_3_a_real_server_begins_a_call() {
    for one_packet in [false, true] {
        let mut director = Director::new(DirectorConfig::default()).unwrap();
        let key = ServiceKey::udp(ip(VIP), 5060);
        let service = ServiceConfig {
            persistence: Some(Persistence::new(key.family(), 300)),
            engine: Some(PersistenceEngine::Sip),
            one_packet,
            ..ServiceConfig::new(key)
        };
        director.add_service(secs(0), service).unwrap();
        for (address, method) in [(RS, Method::Nat), ("10.2.0.2", Method::DirectRoute)] {
            let dest = DestConfig { method, ..DestConfig::new(ip(address), 5060) };
            director.add_dest(secs(0), &key, dest).unwrap();
        }
        let call = Some(CallId::new(b"a").unwrap());
        let out = |from, port, hook| udp(from, port, CLIENT, 4000).at(hook).with_length(100);
        for (stray, call) in [
            (out("10.2.0.2", 5060, Hook::Forward), call),
            (out(RS, 5061, Hook::Forward), call),
            (out(RS, 5060, Hook::Forward), None),
        ] {
            assert_eq!(director.decide_call(secs(0), &stray, call), Verdict::Pass);
        }
        let origin = Origin::new(Method::Nat, ip(VIP), 5060);
        for hook in [Hook::Forward, Hook::LocalOut] {
            let verdict = director.decide_call(secs(0), &out(RS, 5060, hook), call);
            assert_eq!(verdict, Verdict::Reply(origin));
        }
        let conns = u32::from(!one_packet);
        assert_eq!(counts(&director, &key, RS), (0, conns, 1));
        let statistics = director.service(&key).unwrap().statistics();
        assert_eq!(statistics.conns, if one_packet { 2 } else { 1 });
        assert_eq!((statistics.out_packets, statistics.in_packets), (2, 0));
        // The client's answer from wherever finds the call's template.
        let answer = udp(CLIENT, 4001, VIP, 5060);
        let Verdict::Forward(hop) = director.decide_call(secs(1), &answer, call) else { panic!() };
        assert_eq!(hop.address, ip(RS));
        let template = director.conns().find(|conn| conn.key().template).unwrap();
        assert_eq!(template.state(), State::Template { assured: true });
    }
}

#[test]
fn pe_3_a_call_moves_to_the_server_that_sends() {
    let mut director = Director::new(DirectorConfig::default()).unwrap();
    let key = ServiceKey::udp(ip(VIP), 5060);
    let service = ServiceConfig {
        persistence: Some(Persistence::new(key.family(), 300)),
        engine: Some(PersistenceEngine::Sip),
        ..ServiceConfig::new(key)
    };
    director.add_service(secs(0), service).unwrap();
    for address in [RS, "10.2.0.2"] {
        let dest = DestConfig { method: Method::Nat, ..DestConfig::new(ip(address), 5060) };
        director.add_dest(secs(0), &key, dest).unwrap();
    }
    let call = Some(CallId::new(b"a").unwrap());
    for (address, port) in [(RS, 1), ("10.2.0.2", 2)] {
        let out = udp(address, 5060, CLIENT, port).at(Hook::Forward);
        assert!(matches!(director.decide_call(secs(0), &out, call), Verdict::Reply(_)));
        let answer = udp(CLIENT, port + 10, VIP, 5060);
        let Verdict::Forward(hop) = director.decide_call(secs(1), &answer, call) else { panic!() };
        assert_eq!(hop.address, ip(address));
    }
    // Without the engine nobody begins.
    director.edit_service(secs(1), ServiceConfig { engine: None, ..service }).unwrap();
    let out = udp(RS, 5060, CLIENT, 4).at(Hook::Forward);
    assert_eq!(director.decide_call(secs(1), &out, call), Verdict::Pass);
}

/// [PE-3] There is room for the template and the connection, for the template alone, for neither.
#[test]
fn pe_3_no_room_for_a_call_that_a_real_server_begins() {
    for (connections, begins) in [(2, true), (1, false), (0, false)] {
        let config = DirectorConfig { connections, ..DirectorConfig::default() };
        let mut director = Director::new(config).unwrap();
        let key = ServiceKey::udp(ip(VIP), 5060);
        let persistence = Some(Persistence::new(key.family(), 300));
        let engine = Some(PersistenceEngine::Sip);
        let service = ServiceConfig { persistence, engine, ..ServiceConfig::new(key) };
        director.add_service(secs(0), service).unwrap();
        let dest = DestConfig { method: Method::Nat, ..DestConfig::new(ip(RS), 5060) };
        director.add_dest(secs(0), &key, dest).unwrap();
        let out = udp(RS, 5060, CLIENT, 4000).at(Hook::Forward);
        let verdict = director.decide_call(secs(0), &out, CallId::new(b"a"));
        let origin = Origin::new(Method::Nat, ip(VIP), 5060);
        let full = Verdict::Drop(DropReason::TableFull);
        assert_eq!(verdict, if begins { Verdict::Reply(origin) } else { full });
    }
}
