//! Lines of `ipvsadm`, to rules and back, and the listing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{apply, director, secs};
use lvs_sched::{Profile, Rule, RuleErrorKind as Kind};

/// As typed, as saved \[ADM-1\] \[ADM-3\] \[ADM-5\] \[OUT-6\].
const RULES: [(&str, &str); 37] = [
    ("ipvsadm -A -t 10.0.0.1:80", "-A -t 10.0.0.1:80 -s wlc"),
    ("  --add-service --tcp-service 10.0.0.1:80 --scheduler rr ", "-A -t 10.0.0.1:80 -s rr"),
    (
        "-A -u 10.0.0.1:53 -s rr -p 60 -M 255.255.255.0 -o",
        "-A -u 10.0.0.1:53 -s rr -p 60 -M 255.255.255.0 -o",
    ),
    ("-A -u 10.0.0.1:53 --ops", "-A -u 10.0.0.1:53 -s wlc -o"),
    ("-A -t 10.0.0.1:80 -p -s rr", "-A -t 10.0.0.1:80 -s rr -p 360"),
    ("-A -t 10.0.0.1:80 --persistent=30", "-A -t 10.0.0.1:80 -s wlc -p 30"),
    ("-A -t 10.0.0.1 -p", "-A -t 10.0.0.1:0 -s wlc -p 360"),
    ("-A -f 7 -s sh -p 360 -b sh-fallback,sh-port", "-A -f 7 -s sh -p 360 -b sh-fallback,sh-port"),
    ("-A -b flag-2 -f 7 -s sh", "-A -f 7 -s sh -b sh-port"),
    ("-A -f 7 -b flag-3,flag-1", "-A -f 7 -s wlc -b flag-1,flag-3"),
    ("-A -f 2 -6", "-A -f 2 -6 -s wlc"),
    ("-A -t [fd00::1]:80 -s lc -p 100 -M 64", "-A -t [fd00::1]:80 -s lc -p 100 -M 64"),
    ("-A -t 10.0.0.1:80 -p 9 --netmask 255.255.255.255", "-A -t 10.0.0.1:80 -s wlc -p 9"),
    ("-E -t 10.0.0.1:80", "-E -t 10.0.0.1:80 -s wlc"),
    ("-D -f 2 -6", "-D -f 2 -6"),
    ("-a -t 10.0.0.1:80 -r 10.2.0.1:80 -g -w 1", "-a -t 10.0.0.1:80 -r 10.2.0.1:80 -g -w 1"),
    ("-a -t 10.0.0.1:80 -r 10.2.0.1:8080", "-a -t 10.0.0.1:80 -r 10.2.0.1:80 -g -w 1"),
    ("-a -t 10.0.0.1:80 -r 10.2.0.1:8080 -m -w 3", "-a -t 10.0.0.1:80 -r 10.2.0.1:8080 -m -w 3"),
    ("-a -f 7 -r 10.2.0.1", "-a -f 7 -r 10.2.0.1:0 -g -w 1"),
    ("-a -f 7 -r 10.2.0.1:8080 -i", "-a -f 7 -r 10.2.0.1:8080 -i -w 1 --tun-type ipip"),
    (
        "-e -t [fd00::1]:80 -r [fd00::2] -x 5 -y 3",
        "-e -t [fd00::1]:80 -r [fd00::2]:80 -g -w 1 -x 5 -y 3",
    ),
    ("-d -t 10.0.0.1:80 -r 10.2.0.1:8080", "-d -t 10.0.0.1:80 -r 10.2.0.1:8080"),
    ("-d -u 10.0.0.1:53 -r 10.2.0.1", "-d -u 10.0.0.1:53 -r 10.2.0.1:53"),
    ("ipvsadm --clear", "-C"),
    ("-A --sctp-service 10.0.0.1:80", "-A --sctp-service 10.0.0.1:80 -s wlc"),
    (
        "-A -t [fd00::1]:80 -s mh -b mh-port,mh-fallback",
        "-A -t [fd00::1]:80 -s mh -b mh-fallback,mh-port",
    ),
    (
        "-a -f 7 -r 10.2.0.1 -i --tun-type=ipip --tun-nocsum",
        "-a -f 7 -r 10.2.0.1:0 -i -w 1 --tun-type ipip",
    ),
    (
        "-a -t 10.0.0.1:80 -r 10.2.0.1 -i --tun-csum --tun-port 6080 --tun-type gue",
        "-a -t 10.0.0.1:80 -r 10.2.0.1:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum",
    ),
    (
        "-a -f 7 -r 10.2.0.1 -i --tun-type gue --tun-port=65535",
        "-a -f 7 -r 10.2.0.1:0 -i -w 1 --tun-type gue --tun-port 65535 --tun-nocsum",
    ),
    (
        "-e -f 7 -r 10.2.0.1 -i --tun-type gue --tun-port 1 --tun-remcsum -x 2",
        "-e -f 7 -r 10.2.0.1:0 -i -w 1 --tun-type gue --tun-port 1 --tun-remcsum -x 2",
    ),
    (
        "-a -f 7 -r 10.2.0.1 -w 100 --tun-type gre -i",
        "-a -f 7 -r 10.2.0.1:0 -i -w 100 --tun-type gre --tun-nocsum",
    ),
    (
        "-a -f 7 -r 10.2.0.1 -m --tun-type gre --tun-csum",
        "-a -f 7 -r 10.2.0.1:0 -m -w 1 --tun-type gre --tun-csum",
    ),
    ("-A -u 10.0.0.1:5060 -p -o --pe sip", "-A -u 10.0.0.1:5060 -s wlc -p 360 --pe sip -o"),
    ("--zero", "-Z"),
    ("-Z -f 2 -6", "-Z -f 2 -6"),
    ("-Z --sctp-service [fd00::1]:80", "-Z --sctp-service [fd00::1]:80"),
    ("ipvsadm --set 30 0  60", "--set 30 0 60"),
];

#[test]
fn out_6_rules_are_written_as_ipvsadm_writes_them() {
    for (typed, saved) in RULES {
        let rule = Rule::parse(typed).unwrap_or_else(|error| panic!("{typed}: {error}")).unwrap();
        assert_eq!(rule.to_string(), saved);
        assert_eq!(Rule::parse(saved), Ok(Some(rule)));
    }
    for nothing in ["", " \t", "# -A", "  #-A -t 10.0.0.1:80"] {
        assert_eq!(Rule::parse(nothing), Ok(None));
    }
}

/// Line, the wrong part of it, what is wrong with it.
const ERRORS: [(&str, &str, Kind); 53] = [
    ("ipvsadm", "", Kind::Command),
    ("-X", "-X", Kind::Command),
    ("-t 10.0.0.1:80", "-t", Kind::Command),
    ("-A", "", Kind::MissingService),
    ("-A -t", "-t", Kind::MissingValue),
    ("-A -t -s rr", "-t", Kind::MissingValue),
    ("-A -t www:80", "www:80", Kind::Address),
    ("-A -t 10.0.0.1:http", "10.0.0.1:http", Kind::Address),
    ("-A -t 10.0.0.1:65536", "10.0.0.1:65536", Kind::Address),
    ("-A -t fd00::1:80", "fd00::1:80", Kind::Address),
    ("-A -t [fe80::1%2]:80", "[fe80::1%2]:80", Kind::Address),
    ("-A -t 10.0.0.1", "10.0.0.1", Kind::ZeroPort),
    ("-A -t 10.0.0.1:0 -s rr", "10.0.0.1:0", Kind::ZeroPort),
    ("-A -f 0", "0", Kind::Mark),
    ("-A -f 4294967296", "4294967296", Kind::Mark),
    ("-A -f +1", "+1", Kind::Mark),
    ("-A -6 -f 1", "-6", Kind::Misplaced),
    ("-A -t 10.0.0.1:80 -6", "-6", Kind::Misplaced),
    ("-A -t 10.0.0.1:80 -u 10.0.0.1:80", "-u", Kind::Repeated),
    ("-A -t 10.0.0.1:80 -s fair", "fair", Kind::Scheduler),
    ("-A -t 10.0.0.1:80 -b flag-1,sh-port", "sh-port", Kind::Flags),
    ("-A -t 10.0.0.1:80 -s sh -b ,", "", Kind::Flags),
    ("-A -t 10.0.0.1:80 -p 1h", "1h", Kind::Timeout),
    ("-A -t 10.0.0.1:80 --persistent=", "", Kind::Timeout),
    ("-A -t 10.0.0.1:80 -p -M 24", "24", Kind::Netmask),
    ("-A -t [fd00::1]:80 -p -M 129", "129", Kind::Netmask),
    ("-A -t 10.0.0.1:80 -M 255.0.0.0", "-M", Kind::NetmaskAlone),
    ("-A -t 10.0.0.1:80 -o", "-o", Kind::OnePacketTcp),
    ("-A -u 10.0.0.1:80 --ops=1", "1", Kind::UnexpectedValue),
    ("-A -t 10.0.0.1:80 -w 1", "-w", Kind::Misplaced),
    ("-A -t 10.0.0.1:80 rr", "rr", Kind::UnknownOption),
    ("-a -t 10.0.0.1:80", "", Kind::MissingServer),
    ("-a -t 10.0.0.1:80 -r 10.2.0.1 -m -g", "-g", Kind::Repeated),
    ("-a -t 10.0.0.1:80 -r 10.2.0.1 -w 2147483648", "2147483648", Kind::Weight),
    ("-a -t 10.0.0.1:80 -r 10.2.0.1 -x 4294967296", "4294967296", Kind::Threshold),
    ("-a -t 10.0.0.1:80 -r 10.2.0.1 -i --tun-type gue", "", Kind::TunnelPort),
    ("-a -f 7 -r 10.2.0.1 -i --tun-type gue --tun-port 0", "0", Kind::TunnelPort),
    ("-a -f 7 -r 10.2.0.1 -i --tun-type gue --tun-port 65536", "65536", Kind::TunnelPort),
    ("-a -f 7 -r 10.2.0.1 -i --tun-type gre --tun-port 6080", "--tun-port", Kind::TunnelOption),
    ("-a -f 7 -r 10.2.0.1 -i --tun-type gre --tun-remcsum", "--tun-remcsum", Kind::TunnelOption),
    ("-a -f 7 -r 10.2.0.1 -i --tun-type ipip --tun-csum", "--tun-csum", Kind::TunnelOption),
    ("-a -f 7 -r 10.2.0.1 -i --tun-remcsum", "--tun-remcsum", Kind::TunnelOption),
    ("-a -t 10.0.0.1:80 -r 10.2.0.1 -i --tun-type sit", "sit", Kind::TunnelType),
    ("-a -t 10.0.0.1:80 -r 10.2.0.1 --tun-csum", "--tun-csum", Kind::TunnelOption),
    ("-a -t 10.0.0.1:80 -r 10.2.0.1 --tun-port 6080", "--tun-port", Kind::TunnelOption),
    ("-a -f 7 -r 10.2.0.1 --tun-csum --tun-nocsum", "--tun-nocsum", Kind::Repeated),
    ("-A -u 10.0.0.1:5060 -p --pe http", "http", Kind::Engine),
    ("-A --sctp-service 10.0.0.1:80 -o", "-o", Kind::OnePacketTcp),
    ("-A -t 10.0.0.1:80 -s mh -b sh-port", "sh-port", Kind::Flags),
    ("--set 30 5", "", Kind::Timeout),
    ("--set 30 5 -1", "-1", Kind::Timeout),
    ("--set 30 5 60 -t 10.0.0.1:80", "-t", Kind::Misplaced),
    ("-Z -s rr", "-s", Kind::Misplaced),
];

#[test]
fn errors_say_where_and_what() {
    for (line, wrong, kind) in ERRORS {
        let error = Rule::parse(line).expect_err(line);
        assert_eq!((error.kind(), line.get(error.range())), (kind, Some(wrong)), "{line}");
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn any_line_gets_an_answer() {
    arbtest::arbtest(|u| {
        let words: Vec<_> = RULES.iter().flat_map(|(typed, _)| typed.split(' ')).collect();
        let mut line = String::new();
        for _ in 0..u.int_in_range(0..=12_u8)? {
            if u.ratio(1, 8)? {
                line.push_str(u.arbitrary()?);
            } else {
                line.push_str(u.choose(&words)?);
            }
            line.push(' ');
        }
        match Rule::parse(&line) {
            Ok(Some(rule)) => assert_eq!(Rule::parse(&rule.to_string()), Ok(Some(rule))),
            Ok(None) => {}
            Err(error) => assert!(line.get(error.range()).is_some()),
        }
        Ok(())
    });
}

/// Two real servers, direct routing, round robin.
#[test]
fn out_1_the_first_listing() {
    let mut director = director(
        Profile::Classic,
        &[
            "-A -t 192.168.214.140:80 -s rr",
            "-a -t 192.168.214.140:80 -r 192.168.214.145:80 -g",
            "-a -t 192.168.214.140:80 -r 192.168.214.143:80 -g",
        ],
    );
    let expected = [
        "IP Virtual Server version 1.2.1 (size=4096)",
        "Prot LocalAddress:Port Scheduler Flags",
        "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn",
        "TCP  192.168.214.140:80 rr",
        "  -> 192.168.214.143:80           Route   1      0          0         ",
        "  -> 192.168.214.145:80           Route   1      0          0         ",
        "",
    ];
    assert_eq!(director.listing().to_string(), expected.join("\n"));
    // Ten requests of one client alternate strictly.
    let hops: Vec<_> = (0..10)
        .map(|request| {
            let port = 40_000 + request;
            let syn = common::tcp("192.168.214.1", port, "192.168.214.140", 80, common::SYN);
            common::hop(&mut director, secs(0), &syn).unwrap()
        })
        .collect();
    for (request, hop) in hops.iter().enumerate() {
        let server = if request % 2 == 0 { "143" } else { "145" };
        assert_eq!(hop, &format!("192.168.214.{server}:80"));
    }
    let shown = director.listing().to_string();
    assert!(shown.ends_with("192.168.214.145:80           Route   1      5          0         \n"));
}

/// The listing and the rules of section 7.4, made in another order than they are shown in.
const SAVED: [&str; 11] = [
    "-A -t 10.0.0.1:80 -s wlc",
    "-a -t 10.0.0.1:80 -r 10.2.0.1:80 -g -w 1",
    "-a -t 10.0.0.1:80 -r 10.2.0.2:80 -m -w 3",
    "-a -t 10.0.0.1:80 -r 10.2.0.3:80 -i -w 0 --tun-type ipip",
    "-A -u 10.0.0.1:53 -s rr -p 60 -M 255.255.255.0 -o",
    "-A --sctp-service 10.0.0.1:80 -s wlc",
    "-A -t [fd00::1]:80 -s mh -p 100 -M 64",
    "-a -t [fd00::1]:80 -r [fd00:2::1]:80 -g -w 1",
    "-A -f 2 -6 -s wlc",
    "-A -f 7 -s sh -p 360 -b sh-fallback,sh-port",
    "-a -f 7 -r 10.2.0.3:0 -g -w 1",
];

const LISTED: [&str; 10] = [
    "TCP  10.0.0.1:80 wlc",
    "  -> 10.2.0.1:80                  Route   1      0          0         ",
    "  -> 10.2.0.2:80                  Masq    3      0          0         ",
    "  -> 10.2.0.3:80                  Tunnel  0      0          0         ",
    "UDP  10.0.0.1:53 rr persistent 60 mask 255.255.255.0 ops",
    "SCTP 10.0.0.1:80 wlc",
    "TCP  [fd00::1]:80 mh persistent 100 mask 64",
    "  -> [fd00:2::1]:80               Route   1      0          0         ",
    "FWM  2 IPv6 wlc",
    "FWM  7 sh (sh-fallback,sh-port) persistent 360",
];

#[test]
fn adm_7_listing_and_rules_are_sorted() {
    let mut shuffled = director(Profile::Classic, &[]);
    let (services, dests): (Vec<&str>, Vec<&str>) =
        SAVED.into_iter().rev().partition(|line| line.starts_with("-A"));
    services.iter().chain(&dests).for_each(|line| apply(&mut shuffled, secs(0), line));

    let listing = shuffled.listing().to_string();
    let listed: Vec<_> = listing.lines().skip(3).collect();
    assert_eq!(listed[..10], LISTED);
    let saved: Vec<_> = shuffled.rules().iter().map(ToString::to_string).collect();
    assert_eq!(saved, SAVED);

    let kernel = shuffled.listing().in_kernel_order().to_string();
    let kernel: Vec<_> = kernel.lines().skip(3).collect();
    assert_eq!(kernel.first(), LISTED.last(), "the oldest service comes first");
    // Added 3, 2, 1, each at the head [DST-1].
    assert_eq!(kernel.last(), Some(&LISTED[3]));
}
