//! What `ipvsadm -L -n` shows with its options.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{SYN, apply, director, hop, ip, secs, tcp, udp};
use lvs_proto::{CallId, Verdict};
use lvs_sched::{Columns, Director, Profile, ServiceKey};

const RULES: [&str; 7] = [
    "-A -t 10.0.0.1:90 -s rr -p 60",
    "-a -t 10.0.0.1:90 -r 10.2.0.12 -x 70000 -y 3",
    "-a -t 10.0.0.1:90 -r 10.2.0.11 -i -w 2147483647",
    "-A -f 2 -6",
    "-A -t [2001:db8:1111:2222:3333:4444:5555:6666]:80 -s mh -b mh-port",
    "-a -t [2001:db8:1111:2222:3333:4444:5555:6666]:80 -r [fd00:2::1] -m",
    "-a -f 2 -6 -r [2001:db8:1111:2222:3333:4444:5555:6666]:80",
];

/// Seven connections of seven clients: four to 10.2.0.11, which is the head, three to 10.2.0.12.
fn busy() -> Director {
    let mut director = director(Profile::Classic, &RULES);
    for client in 1..=7 {
        let syn = tcp(&format!("192.0.2.{client}"), 4000, "10.0.0.1", 90, SYN).with_length(40);
        assert!(hop(&mut director, secs(0), &syn).is_some());
    }
    director
}

#[track_caller]
fn assert_lines(listing: &str, expected: &[&str]) {
    let shown: Vec<_> = listing.lines().collect();
    assert_eq!(shown, expected);
    assert!(listing.ends_with('\n'));
}

const VERSION: &str = "IP Virtual Server version 1.2.1 (size=4096)";

#[test]
fn out_2_thresholds() {
    assert_lines(
        &busy().listing().with(Columns::Thresholds).to_string(),
        &[
            VERSION,
            "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn ",
            "  -> RemoteAddress:Port",
            "TCP  10.0.0.1:90 rr persistent 60",
            "  -> 10.2.0.11:90                 0          0          4          0         ",
            "  -> 10.2.0.12:90                 70000      3          3          0         ",
            "TCP  [2001:db8:1111:2222:3333:4444:5555:6666]:80 mh (mh-port)",
            "  -> [fd00:2::1]:80               0          0          0          0         ",
            "FWM  2 IPv6 wlc",
            "  -> [2001:db8:1111:2222:3333:4444:5555:6666]:80 0          0          0          0         ",
        ],
    );
}

#[test]
fn out_2_persistent_conns() {
    assert_lines(
        &busy().listing().with(Columns::Persistence).to_string(),
        &[
            VERSION,
            "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn ",
            "  -> RemoteAddress:Port",
            "TCP  10.0.0.1:90 rr persistent 60",
            "  -> 10.2.0.11:90                 2147483647 4           4          0         ",
            "  -> 10.2.0.12:90                 1         3           3          0         ",
            "TCP  [2001:db8:1111:2222:3333:4444:5555:6666]:80 mh (mh-port)",
            "  -> [fd00:2::1]:80               1         0           0          0         ",
            "FWM  2 IPv6 wlc",
            "  -> [2001:db8:1111:2222:3333:4444:5555:6666]:80 1         0           0          0         ",
        ],
    );
}

#[test]
fn out_2_tunnels() {
    let listing = busy().listing().with(Columns::Tunnels).to_string();
    assert_lines(
        listing.split_once("TCP  [").unwrap().0,
        &[
            VERSION,
            "Prot LocalAddress:Port Scheduler Flags",
            "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn",
            "TCP  10.0.0.1:90 rr persistent 60",
            "  -> 10.2.0.11:90                 Tunnel  ipip          2147483647 4          0         ",
            "  -> 10.2.0.12:90                 Route   n/a           1      3          0         ",
        ],
    );
}

#[test]
fn out_3_statistics() {
    assert_lines(
        &busy().listing().with(Columns::Statistics).to_string(),
        &[
            VERSION,
            "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes",
            "  -> RemoteAddress:Port",
            "TCP  10.0.0.1:90                         7        7        0      280        0",
            "  -> 10.2.0.11:90                        4        4        0      160        0",
            "  -> 10.2.0.12:90                        3        3        0      120        0",
            "TCP  [2001:db8:1111:2222:3333:4444:5555:6666]:80        0        0        0        0        0",
            "  -> [fd00:2::1]:80                      0        0        0        0        0",
            "FWM  2 IPv6                              0        0        0        0        0",
            "  -> [2001:db8:1111:2222:3333:4444:5555:6666]:80        0        0        0        0        0",
        ],
    );
}

#[test]
fn out_3_rates_of_one_service() {
    let mut director = busy();
    director.estimate();
    let service = director.service(&ServiceKey::tcp(ip("10.0.0.1"), 90)).unwrap();
    assert_lines(
        &director.listing().with(Columns::Rates).of(service).to_string(),
        &[
            "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS",
            "  -> RemoteAddress:Port",
            "TCP  10.0.0.1:90                         1        1        0       35        0",
            "  -> 10.2.0.11:90                        0        0        0       20        0",
            "  -> 10.2.0.12:90                        0        0        0       15        0",
        ],
    );
}

#[test]
fn out_4_exact() {
    let mut director = director(Profile::Classic, &RULES[..2]);
    let syn = tcp("192.0.2.1", 4000, "10.0.0.1", 90, SYN).with_length(1_234_567_890);
    assert!(hop(&mut director, secs(0), &syn).is_some());
    let listing = director.listing().with(Columns::Statistics);
    let short = "TCP  10.0.0.1:90                         1        1        0    1234M        0";
    assert_eq!(listing.to_string().lines().nth(3), Some(short));
    let exact = "TCP  10.0.0.1:90                         1        1        0 1234567890        0";
    assert_eq!(listing.exact().to_string().lines().nth(3), Some(exact));
}

#[test]
fn adm_7_kernel_order() {
    let mut director = busy();
    apply(&mut director, secs(0), "-a -t 10.0.0.1:90 -r 10.2.0.13");
    let listing = director.listing().in_kernel_order().with(Columns::Statistics).to_string();
    let servers: Vec<_> = listing.lines().skip(4).take(3).map(|line| &line[5..14]).collect();
    assert_eq!(servers, ["10.2.0.13", "10.2.0.11", "10.2.0.12"]);
}

#[test]
fn out_5_conns_and_templates() {
    let rules = [
        "-A -f 77 -p 7200",
        "-a -f 77 -r 10.2.0.3",
        "-A -u [2001:db8:a::1]:53",
        "-a -u [2001:db8:a::1]:53 -r [fd00:2::1]",
    ];
    let mut director = director(Profile::Classic, &rules);
    let syn = tcp("10.1.7.9", 1000, "10.0.0.1", 80, SYN).with_mark(77);
    assert!(hop(&mut director, secs(0), &syn).is_some());
    let query = udp("2001:db8:1111:2222:3333:4444:5555:6666", 1000, "2001:db8:a::1", 53);
    assert!(hop(&mut director, secs(0), &query).is_some());

    let listing = director.conn_listing(secs(27)).to_string();
    let mut lines: Vec<_> = listing.lines().collect();
    lines[2..].sort_unstable();
    assert_eq!(
        lines,
        [
            "IPVS connection entries",
            "pro expire state       source             virtual            destination",
            "IP  119:33 NONE        10.1.7.9:0         0.0.0.77:0         10.2.0.3:0",
            "TCP 00:33  SYN_RECV    10.1.7.9:1000      10.0.0.1:80        10.2.0.3:80",
            "UDP 04:33  UDP         [2001:db8:1111:2222:3333:4444:5555:6666]:1000 \
             [2001:db8:a::1]:53 [fd00:2::1]:53",
        ],
    );
    let head = "pro expire state       source             virtual            destination        \
                pe name          pe_data";
    let listing = director.conn_listing(secs(27)).with_persistence().to_string();
    assert_eq!(listing.lines().nth(1), Some(head));
    // What is due and not yet ended has nothing left.
    let listing = director.conn_listing(secs(100_000)).to_string();
    assert_eq!(listing.matches(" 00:00  ").count(), 3);
}

#[test]
fn out_1_out_5_pe_4_calls() {
    let rules = ["-A -u 10.0.0.1:5060 -p 60 -o --pe sip", "-a -u 10.0.0.1:5060 -r 10.2.0.3 -m"];
    let mut director = director(Profile::Classic, &rules);
    let invite = udp("10.1.7.9", 1000, "10.0.0.1", 5060);
    let call = CallId::new(b"f81d4fae@192.0.2.7");
    assert!(matches!(director.decide_call(secs(0), &invite, call), Verdict::Forward(_)));

    let service = "UDP  10.0.0.1:5060 wlc persistent 60 pe sip ops";
    assert_eq!(director.listing().to_string().lines().nth(3), Some(service));
    let listing = director.conn_listing(secs(0)).with_persistence().to_string();
    let template = "UDP 01:00  NONE        10.1.7.9:0         10.0.0.1:5060      10.2.0.3:5060      \
                    sip              f81d4fae@192.0.2.7";
    assert_eq!(listing.lines().nth(2), Some(template));
    let listing = director.conn_listing(secs(0)).to_string();
    assert!(listing.ends_with(" 10.2.0.3:5060\n"));
}

#[test]
fn out_7_timeouts() {
    let mut director = director(Profile::Classic, &[]);
    let shown = |director: &Director| director.config().timeouts.to_string();
    assert_eq!(shown(&director), "Timeout (tcp tcpfin udp): 900 120 300");
    apply(&mut director, secs(0), "--set 30 0 60");
    assert_eq!(shown(&director), "Timeout (tcp tcpfin udp): 30 120 60");
}

/// The three kinds, with and without checksum.
#[test]
fn out_2_kinds_of_tunnels() {
    let tunnels = [
        ("ipip", "ipip"),
        ("gue --tun-port 6080", "gue:6080:-c"),
        ("gue --tun-port 6081 --tun-csum", "gue:6081:+c"),
        ("gue --tun-port 6082 --tun-remcsum", "gue:6082:r+c"),
        ("gre", "gre:-c"),
        ("gre --tun-csum", "gre:+c"),
    ];
    let mut director = director(Profile::Linux6_1_183, &["-A -t 10.0.0.1:90"]);
    for (number, (option, _)) in (1..).zip(tunnels) {
        let rule = format!("-a -t 10.0.0.1:90 -r 10.2.0.{number} -i --tun-type {option}");
        apply(&mut director, secs(0), &rule);
    }
    let listing = director.listing().with(Columns::Tunnels).to_string();
    for (line, (_, shown)) in listing.lines().skip(4).zip(tunnels) {
        assert_eq!(line.split_whitespace().nth(3), Some(shown));
    }
    assert_eq!(listing.lines().count(), 10);
}
