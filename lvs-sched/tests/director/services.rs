//! Services: how packets find them, and what they are told to be.

use lvs_proto::{AddressPair, Decide, DropReason, Flow, Protocol, Transport, Verdict};
use lvs_sched::{
    DestConfig, Director, DirectorConfig, MhTableIndex, Profile, SchedulerKind, ServiceConfig,
    ServiceError, ServiceKey,
};

use super::common::{ACK, FIN, RST, SYN, director, hop, ip, secs, tcp, udp};
use super::{RS, UNREACHABLE, VIP, client, one_server, web};

#[test]
fn services_are_found_by_key() {
    let mut director = director(Profile::Classic, &["-A -t 10.0.0.1:80"]);
    let config = ServiceConfig::new(web());
    assert_eq!(director.add_service(secs(0), config), Err(ServiceError::AlreadyExists));
    let nobody = ServiceKey::udp(ip(VIP), 80);
    let missing = Err(ServiceError::NoSuchService);
    assert_eq!(director.edit_service(secs(0), ServiceConfig::new(nobody)), missing);
    assert_eq!(director.delete_service(secs(0), &nobody), missing);
}

/// [MH-9] A table has no more places than slots; what is refused is as it was.
#[test]
fn mh_9_more_destinations_than_slots() {
    let mh = MhTableIndex::try_from(8).unwrap();
    let config = DirectorConfig { mh, ..DirectorConfig::default() };
    let mut director = Director::new(config).unwrap();
    let scheduler = |scheduler| ServiceConfig { scheduler, ..ServiceConfig::new(web()) };
    director.add_service(secs(0), scheduler(SchedulerKind::Rr)).unwrap();
    for last in 1..=252 {
        let dest = DestConfig::new([10, 2, 0, last].into(), 80);
        director.add_dest(secs(0), &web(), dest).unwrap();
    }
    let before = director.rules();
    let refused = director.edit_service(secs(0), scheduler(SchedulerKind::Mh));
    assert_eq!(refused, Err(ServiceError::TooManyDestinations { most: 251 }));
    assert_eq!(director.rules(), before);
    director.delete_dest(secs(0), &web(), [10, 2, 0, 252].into(), 80).unwrap();
    director.edit_service(secs(0), scheduler(SchedulerKind::Mh)).unwrap();
}

/// [LBLCR-5] The time that a set stays as it is can be changed while it runs.
#[test]
fn lblcr_5_another_expiration() {
    for expiration in [None, Some(100)] {
        let rules = [
            "-A -t 10.0.0.1:80 -s lblcr",
            "-a -t 10.0.0.1:80 -r 10.2.0.1 -g -w 3",
            "-a -t 10.0.0.1:80 -r 10.2.0.2 -g -w 3",
        ];
        let mut director = director(Profile::Classic, &rules);
        if let Some(secs) = expiration {
            director.set_lblcr_expiration(secs);
        }
        let mut connect = |now, port| {
            let [first, _] = [SYN, ACK].map(|flags| {
                hop(&mut director, secs(now), &tcp("192.0.2.7", port, VIP, 80, flags)).unwrap()
            });
            first
        };
        let six: Vec<_> = (1..=6).map(|port| connect(0, port)).collect();
        assert_eq!(six[3..], ["10.2.0.2:80", "10.2.0.1:80", "10.2.0.1:80"]);
        // The most loaded has left the set, or has not, and is picked again.
        let has_left = (7..=11).all(|port| connect(101, port) == "10.2.0.1:80");
        assert_eq!(has_left, expiration.is_some());
    }
}

#[test]
fn svc_8_mark_then_address_then_every_port() {
    let mut director = director(
        Profile::Classic,
        &[
            "-A -f 7 -s rr",
            "-a -f 7 -r 10.2.0.7:8080 -m",
            "-A -t 10.0.0.1:80 -s rr",
            "-a -t 10.0.0.1:80 -r 10.2.0.1",
            "-A -t 10.0.0.1:0 -s rr -p",
            "-a -t 10.0.0.1:0 -r 10.2.0.2",
        ],
    );
    let mut to = |port, client_port, mark| {
        hop(&mut director, secs(0), &tcp("192.0.2.7", client_port, VIP, port, SYN).with_mark(mark))
    };
    assert_eq!(to(80, 1, 7).as_deref(), Some("10.2.0.7:8080"));
    assert_eq!(to(80, 2, 8).as_deref(), Some("10.2.0.1:80"));
    assert_eq!(to(81, 3, 0).as_deref(), Some("10.2.0.2:81"));
    assert_eq!(hop(&mut director, secs(0), &udp("192.0.2.7", 4, VIP, 81)), None);
}

#[test]
fn svc_5_every_port_without_persistence_serves_nobody() {
    let mut director = director(Profile::Classic, &[]);
    let key = ServiceKey::tcp(ip(VIP), 0);
    director.add_service(secs(0), ServiceConfig::new(key)).unwrap();
    director.add_dest(secs(0), &key, DestConfig::new(ip(RS), 0)).unwrap();
    assert_eq!(director.decide(secs(0), &client(4000, SYN)), UNREACHABLE);
}

#[test]
fn svc_10_svc_11_what_is_not_scheduled() {
    let mut director = one_server(Profile::Classic, "-a -t 10.0.0.1:80 -r 10.2.0.1");
    for flags in [ACK, FIN, RST, SYN.with(RST)] {
        assert_eq!(director.decide(secs(0), &client(4000, flags)), Verdict::Pass);
    }
    assert_eq!(director.decide(secs(0), &client(20, SYN)), Verdict::Pass);
    assert_eq!(director.decide(secs(0), &tcp("192.0.2.7", 1, VIP, 81, SYN)), Verdict::Pass);
    let addresses = AddressPair::new(ip("192.0.2.7"), ip(VIP)).unwrap();
    let of = |transport| Flow::new(addresses, transport);
    for (transport, verdict) in [
        (Transport::Other(Protocol::ICMP), Verdict::Pass),
        (Transport::Unreadable(Protocol::ICMP), Verdict::Pass),
        (Transport::Unreadable(Protocol::TCP), Verdict::Drop(DropReason::HeaderUnreadable)),
        (Transport::Unreadable(Protocol::UDP), Verdict::Drop(DropReason::HeaderUnreadable)),
    ] {
        assert_eq!(director.decide(secs(0), &of(transport)), verdict);
    }
    assert!(hop(&mut director, secs(0), &client(4000, SYN.with(ACK))).is_some());
    let counters = director.counters();
    assert_eq!((counters.forwarded, counters.passed), (1, 8));
    assert_eq!(counters.dropped_header_unreadable, 2);
}
