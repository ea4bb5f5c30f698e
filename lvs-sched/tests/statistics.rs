//! What is counted of packets, and how fast it grows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{SYN, apply, dest, director, hop, ip, secs, tcp, udp};
use lvs_proto::Family;
use lvs_sched::{Director, DirectorConfig, LblcConfig};
use lvs_sched::{Profile, ServiceError, ServiceKey, Statistics};

const RULES: [&str; 4] = [
    "-A -t 10.0.0.1:80 -s rr",
    "-a -t 10.0.0.1:80 -r 10.2.0.1",
    "-A -u 10.0.0.1:53 -o",
    "-a -u 10.0.0.1:53 -r 10.2.0.1",
];

fn web() -> ServiceKey {
    ServiceKey::tcp(ip("10.0.0.1"), 80)
}

fn dns() -> ServiceKey {
    ServiceKey::udp(ip("10.0.0.1"), 53)
}

fn counted(conns: u64, in_packets: u64, in_octets: u64) -> Statistics {
    Statistics { conns, in_packets, in_octets, ..Statistics::default() }
}

#[test]
fn est_1_est_2_destination_service_and_total() {
    let mut director = director(Profile::Classic, &RULES);
    for port in 1..=3 {
        let syn = tcp("192.0.2.1", port, "10.0.0.1", 80, SYN).with_length(40);
        assert!(hop(&mut director, secs(0), &syn).is_some());
        assert!(hop(&mut director, secs(0), &syn).is_some());
    }
    let query = udp("192.0.2.1", 99, "10.0.0.1", 53).with_length(60);
    assert!(hop(&mut director, secs(0), &query).is_some());
    let elsewhere = udp("192.0.2.1", 99, "10.0.0.1", 54).with_length(60);
    assert!(hop(&mut director, secs(0), &elsewhere).is_none());

    let web_counted = counted(3, 6, 240);
    assert_eq!(director.service(&web()).unwrap().statistics(), web_counted);
    assert_eq!(dest(&director, &web(), "10.2.0.1").statistics(), web_counted);
    assert_eq!(director.service(&dns()).unwrap().statistics(), counted(1, 1, 60));
    assert_eq!(director.statistics(), &counted(4, 7, 300));
}

#[test]
fn est_3_rates_of_destination_service_and_total() {
    let mut director = director(Profile::Classic, &RULES);
    for port in 1001..=1100 {
        let syn = tcp("192.0.2.1", port, "10.0.0.1", 80, SYN).with_length(40);
        assert!(hop(&mut director, secs(0), &syn).is_some());
    }
    director.estimate();
    let of_service = director.service(&web()).unwrap().rates();
    for rates in [&of_service, dest(&director, &web(), "10.2.0.1").rates(), director.rates()] {
        assert_eq!((rates.conns_per_sec(), rates.in_packets_per_sec()), (12, 12));
        assert_eq!(rates.in_octets_per_sec(), 500);
    }
    assert_eq!(director.service(&dns()).unwrap().rates().conns_per_sec(), 0);
}

#[test]
fn ctl_9_zeroing() {
    let mut director = director(Profile::Classic, &RULES);
    let packets = [
        tcp("192.0.2.1", 1, "10.0.0.1", 80, SYN).with_length(40),
        udp("192.0.2.1", 99, "10.0.0.1", 53).with_length(60),
    ];
    packets.iter().for_each(|packet| drop(hop(&mut director, secs(0), packet)));
    director.estimate();

    apply(&mut director, secs(0), "-Z -t 10.0.0.1:80");
    let service = director.service(&web()).unwrap();
    assert_eq!((service.statistics(), service.rates()), Default::default());
    assert_eq!(dest(&director, &web(), "10.2.0.1").statistics(), Statistics::default());
    assert_eq!(director.service(&dns()).unwrap().statistics(), counted(1, 1, 60));
    assert_eq!(director.statistics(), &counted(2, 2, 100));

    director.zero(None).unwrap();
    assert_eq!(director.statistics(), &Statistics::default());
    assert_eq!(dest(&director, &dns(), "10.2.0.1").statistics(), Statistics::default());
    // Connections are there all the same.
    assert_eq!(common::counts(&director, &web(), "10.2.0.1"), (1, 0, 0));

    let nobody = ServiceKey::tcp(ip("10.0.0.1"), 81);
    assert_eq!(director.zero(Some(&nobody)), Err(ServiceError::NoSuchService));
}

#[test]
fn est_8_dst_5_statistics_survive_the_trash_of_the_same_service() {
    let mut director = director(Profile::Classic, &RULES);
    let syn = tcp("192.0.2.1", 1, "10.0.0.1", 80, SYN).with_length(40);
    assert!(hop(&mut director, secs(0), &syn).is_some());
    apply(&mut director, secs(1), "-d -t 10.0.0.1:80 -r 10.2.0.1");
    assert_eq!(hop(&mut director, secs(1), &syn), None, "and it is not counted");
    apply(&mut director, secs(2), "-a -t 10.0.0.1:80 -r 10.2.0.1");
    assert_eq!(dest(&director, &web(), "10.2.0.1").statistics(), counted(1, 1, 40));

    apply(&mut director, secs(3), "-D -t 10.0.0.1:80");
    apply(&mut director, secs(3), RULES[0]);
    apply(&mut director, secs(3), RULES[1]);
    assert_eq!(dest(&director, &web(), "10.2.0.1").statistics(), Statistics::default());
}

/// Half as many again as the configured capacity is the most that is remembered \[LBLC-1\].
#[test]
fn lblc_7_a_pick_is_made_where_there_is_no_room_to_remember_it() {
    for scheduler in ["lblc", "lblcr"] {
        let few = LblcConfig { capacity: 2, ..LblcConfig::default() };
        let config = DirectorConfig { lblc: few, lblcr: few, ..DirectorConfig::default() };
        let mut director = Director::new(config).unwrap();
        apply(&mut director, secs(0), &format!("-A -f 1 -s {scheduler}"));
        apply(&mut director, secs(0), "-a -f 1 -r 10.2.0.1");
        for last in 1..=5 {
            let site = format!("203.0.113.{last}");
            let syn = tcp("192.0.2.1", 40_000, &site, 80, SYN).with_mark(1);
            assert!(hop(&mut director, secs(0), &syn).is_some(), "{scheduler} {site}");
        }
        let key = ServiceKey::Mark { family: Family::V4, mark: 1.try_into().unwrap() };
        assert_eq!(director.service(&key).unwrap().forgotten_picks(), 2, "{scheduler}");
    }
}
