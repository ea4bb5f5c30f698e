//! keepalived's configurations: what they come to here.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

mod report;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use lvs_proto::vrrp::{ChecksumAccept, Password, Secret, Version};
use lvs_sched::health::{self, CheckConfig};
use lvs_sched::{Director, DirectorConfig};
use lvs_vrrp::{Config as RouterConfig, InterfaceDelays, LosingAdvert};
use lvsd::keepalived_conf::{AuthType, CheckKind, Config, ConnSync, Report};

/// The files, and the lines and keywords of them that are not followed. The rules that they come to
/// stand beside them.
const FILES: [(&str, &[&str]); 6] = [
    ("s3-master", &[]),
    ("s3-backup", &[]),
    ("s3-wlc", &["28 sorry_server"]),
    (
        "s3-sync-group",
        &[
            "10 vrrp_script",
            "23 notify_master",
            "24 notify_backup",
            "25 notify_fault",
            "40 track_script",
            "50 virtual_routes",
            "53 notify_master",
        ],
    ),
    ("ipv6", &[]),
    ("groups", &["26 MISC_CHECK"]),
];

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/keepalived_conf", &format!("{name}.conf")].iter().collect()
}

fn load(name: &str) -> (Config, Report) {
    Config::parse(&fs::read_to_string(path(name)).unwrap()).unwrap()
}

fn obstacles(report: &Report) -> Vec<String> {
    report.obstacles().map(|finding| format!("{} {}", finding.line, finding.keyword)).collect()
}

#[test]
fn files_come_to_rules_and_obstacles() {
    for (name, expected) in FILES {
        let (config, report) = load(name);
        assert_eq!(obstacles(&report), expected, "{name}\n{report}");
        let rules: Vec<_> = config.rules().iter().map(|(_, rule)| rule.to_string()).collect();
        let expected = fs::read_to_string(path(name).with_extension("rules")).unwrap();
        assert_eq!(rules, expected.lines().collect::<Vec<_>>(), "{name}");
        let mut director = Director::new(DirectorConfig::default()).unwrap();
        assert_eq!(config.apply(lvs_proto::Instant::EPOCH, &mut director), [], "{name}");
    }
}

#[test]
fn s3_the_pair_differs_in_state_and_priority_alone() {
    let routers = ["s3-master", "s3-backup"].map(|name| {
        let (config, _) = load(name);
        let [instance] = config.instances.as_slice() else { panic!("one instance") };
        assert_eq!(instance.addresses(), ["61.164.122.8".parse::<std::net::IpAddr>().unwrap()]);
        assert_eq!(instance.authentication.kind, AuthType::Pass);
        assert_eq!(instance.authentication.password, "1111");
        let sync = ConnSync { interface: "eth0", instance: Some("VI_1"), id: 51 };
        assert_eq!(config.conn_sync(), Some(sync));
        let check = &config.virtual_servers[0].real_servers[1].checks[0];
        assert_eq!((&check.kind, check.connect_port.unwrap().get()), (&CheckKind::Tcp, 80));
        assert_eq!(check.pace.connect_timeout, Some(Duration::from_secs(10)));
        assert_eq!(config.virtual_servers[0].pace.delay_loop, Some(Duration::from_secs(6)));
        instance.router_config(&config.global).unwrap()
    });
    let [master, backup] = routers;
    assert_eq!((master.version, master.vrid.get()), (Version::V2, 51));
    assert_eq!((master.priority.get(), backup.priority.get()), (100, 99));
    assert_eq!(RouterConfig { priority: master.priority, ..backup }, master);
    assert_eq!(master.interval.whole_seconds(), Some(1));
}

#[test]
fn s3_nopreempt_checks_of_pages_and_groups() {
    let (config, _) = load("s3-wlc");
    let router = config.instances[0].router_config(&config.global).unwrap();
    assert_eq!((router.preempt, router.interval.whole_seconds()), (false, Some(5)));
    let servers = &config.virtual_servers[0].real_servers;
    let [CheckKind::Http(first), CheckKind::Http(second)] =
        [&servers[0].checks[0].kind, &servers[1].checks[0].kind]
    else {
        panic!("pages are checked")
    };
    assert_eq!((first[0].path.as_str(), &first[0].status_codes), ("/index.html", &vec![200..=200]));
    assert_eq!(second[0].digest.as_deref(), Some("132ab5a5e7da234257565b55ab4b2e00"));
    assert_eq!(servers[0].checks[0].pace.retry, Some(3));

    let (config, _) = load("s3-sync-group");
    let members = config.sync_groups[0].members.iter().map(|(_, name)| name.as_str());
    assert_eq!(members.collect::<Vec<_>>(), ["VI_OUTSIDE", "VI_INSIDE"]);
    let script = &config.scripts[0];
    assert_eq!((script.weight.value, script.fall, script.rise), (-5, 2, 1));
    assert_eq!(script.interval, Duration::from_secs(2));
    let [outside, inside] = config.instances.as_slice() else { panic!("two instances") };
    let sync = ConnSync { interface: "eth0", instance: Some("VI_OUTSIDE"), id: 51 };
    assert_eq!(config.conn_sync(), Some(sync));
    assert_eq!(inside.preempt_delay, Duration::from_secs(60));
    assert_eq!(outside.tracked_scripts[0].name, "chk_http_port");
}

#[test]
fn x_42_delays_of_links() {
    let text = "interface_up_down_delays {
        eth0 1.5
        eth1 0 255
        eth1 3
        eth2 255.1
        eth3
    }";
    let (config, report) = Config::parse(text).unwrap();
    assert_eq!(obstacles(&report), ["4 eth1", "5 eth2", "6 eth3"], "{report}");
    let delays = |name| {
        let InterfaceDelays { down, up, proof } = config.interface_delays[name];
        [down, up, proof].map(|delay| delay.as_millis())
    };
    assert_eq!(delays("eth0"), [1_500, 1_500, 0]);
    let (config, report) = Config::parse(&text.replace("eth1 3", "")).unwrap();
    assert_eq!(obstacles(&report).len(), 2, "{report}");
    assert_eq!(config.interface_delays["eth1"].up, Duration::from_secs(255));
}

/// What a checker is told of the first real server of a file.
fn checks(text: &str) -> Vec<CheckConfig> {
    let (config, report) = Config::parse(text).unwrap();
    let (checker, refused) = config.checker(lvs_proto::Instant::EPOCH, [0; 2]).unwrap();
    assert_eq!(refused, [], "{report}");
    let first = config.virtual_servers[0].real_servers[0].address;
    let checks = checker.checks().filter(|check| check.address() == first);
    checks.map(|check| check.config().clone()).collect()
}

#[test]
fn s3_checks_have_the_pace_of_the_innermost_block() {
    let text = fs::read_to_string(path("s3-master")).unwrap();
    let expected = CheckConfig {
        connect_port: Some(80),
        delay_loop: Duration::from_secs(6),
        connect_timeout: Duration::from_secs(10),
        delay_before_retry: Duration::from_secs(3),
        ..CheckConfig::new(health::CheckKind::TcpCheck)
    };
    assert_eq!(checks(&text), [expected]);
    let text = "virtual_server 10.0.0.1 80 {
        protocol TCP
        delay_loop 5
        retry 4
        virtualhost around.example
        real_server 10.0.0.2 8080 {
            retry 2
            HTTP_GET {
                connect_timeout 1
                url {
                    path /a
                    status_code 200 301-302
                    digest 132ab5a5e7da234257565b55ab4b2e00
                }
                url {
                    path /b
                    regex \"RS [0-9]\"
                    virtualhost b.example
                }
            }
        }
    }";
    let get = |path: &str| health::HttpGet::new(path.into());
    let first = health::HttpGet {
        virtualhost: Some("around.example".into()),
        status_codes: vec![200..=200, 301..=302],
        digest: Some(0x132a_b5a5_e7da_2342_5756_5b55_ab4b_2e00_u128.to_be_bytes()),
        ..get("/a")
    };
    let second = health::HttpGet {
        virtualhost: Some("b.example".into()),
        receive: Some("RS [0-9]".into()),
        ..get("/b")
    };
    let expected = [first, second].map(|get| CheckConfig {
        connect_port: Some(8080),
        delay_loop: Duration::from_secs(5),
        connect_timeout: Duration::from_secs(1),
        retry: 2,
        delay_before_retry: Duration::from_secs(3),
        ..CheckConfig::new(health::CheckKind::HttpGet(get))
    });
    let mut found = checks(text);
    found.sort_by_key(|check| format!("{:?}", check.kind));
    assert_eq!(found, expected);
}

/// A virtual router from the statements that differ.
fn router(global: &str, statements: &str) -> RouterConfig {
    let text = format!(
        "global_defs {{ {global} }}
         vrrp_instance A {{
             interface eth0
             virtual_router_id 1
             {statements}
             virtual_ipaddress {{ 192.0.2.100 }}
         }}"
    );
    let (config, report) = Config::parse(&text.replace("; ", "\n")).unwrap();
    assert_eq!(obstacles(&report), [""; 0], "{report}");
    config.instances[0].router_config(&config.global).unwrap()
}

#[test]
fn x_1_x_2_who_is_to_begin_as_master_owns_the_addresses_unless_told() {
    assert_eq!(router("", "").priority.get(), 100);
    assert!(router("", "state MASTER").is_owner());
    assert_eq!(router("", "state MASTER; priority 150").priority.get(), 150);
    assert!(router("", "state MASTER; priority 150; nopreempt").preempt);
    assert!(!router("", "state BACKUP; nopreempt").preempt);
    assert!(router("", "nopreempt; preempt").preempt);
}

#[test]
fn x_9_x_10_versions_and_their_intervals() {
    let rows = [
        ("", "advert_int 1.4", Version::V2, 100),
        ("", "advert_int 0.2", Version::V2, 100),
        ("", "advert_int 255", Version::V2, 25_500),
        ("vrrp_version 3", "advert_int 0.255", Version::V3, 26),
        ("vrrp_version 3", "version 2; advert_int 2.5", Version::V2, 300),
        ("", "advert_int 40.95; version 3", Version::V3, 4_095),
    ];
    for (global, statements, version, centiseconds) in rows {
        let router = router(global, statements);
        let found = (router.version, router.interval.centiseconds());
        assert_eq!(found, (version, centiseconds), "{statements}");
    }
    let (config, _) = load("ipv6");
    let router = config.instances[0].router_config(&config.global).unwrap();
    assert_eq!((router.version, router.interval.centiseconds()), (Version::V3, 25));
    assert_eq!((router.advert_count, router.accept), (4, false));
    assert_eq!(router.losing_advert, LosingAdvert::Ignore);
}

#[test]
fn global_defaults_yield_to_instances() {
    let global = "vrrp_down_timer_adverts 5; vrrp_lower_prio_no_advert";
    let found = router(global, "");
    assert_eq!((found.advert_count, found.losing_advert), (5, LosingAdvert::Ignore));
    let found = router(global, "down_timer_adverts 3; lower_prio_no_advert off");
    assert_eq!((found.advert_count, found.losing_advert), (3, LosingAdvert::ReplyAndRearm));
    let found = router("", "version 3; v3_checksum_as_v2");
    assert_eq!(found.checksum_accept, ChecksumAccept::ANY);
}

/// What a virtual router is told besides its configuration.
#[test]
fn peers_secrets_and_tracked_interfaces() {
    let text = "global_defs {
            vrrp_min_garp
            vrrp_mcast_group4 224.0.0.19
        }
        vrrp_instance A {
            interface eth0
            virtual_router_id 1
            preempt_delay 2.5
            garp_master_repeat 2
            unicast_src_ip 192.0.2.1
            unicast_peer {
                192.0.2.2
                192.0.2.3 min_ttl 254
            }
            authentication {
                auth_type AH
                auth_pass secret
            }
            track_interface {
                eth0
                eth1
                eth2 weight -20
                eth3 weight 5 reverse
            }
            higher_prio_send_advert
            virtual_ipaddress {
                192.0.2.100
            }
        }";
    let (config, report) = Config::parse(text).unwrap();
    assert_eq!(obstacles(&report), [] as [&str; 0], "{report}");
    let setup = config.instances[0].setup(&config.global).unwrap();
    assert_eq!(setup.config.preempt_delay, Duration::from_millis(2_500));
    assert_eq!(setup.config.group, Some([224, 0, 0, 19].into()));
    assert!(setup.config.check_peers && setup.config.advert_before_demotion);
    let announcements = setup.config.announcements;
    assert_eq!((announcements.rounds, announcements.repeat), (1, 2));
    let peers = setup.peers.iter().map(|peer| (peer.address.to_string(), peer.min_hop_limit));
    assert_eq!(peers.collect::<Vec<_>>(), [("192.0.2.2".into(), 0), ("192.0.2.3".into(), 254)]);
    assert!(
        matches!(setup.secret, Secret::Header(password) if password == Password::new(b"secret"))
    );
    let tracked = setup.tracked.iter().map(|(name, it)| (name.as_str(), it.weight, it.reverse));
    let expected = [("eth1", 0, false), ("eth2", -20, false), ("eth3", 5, true)];
    assert_eq!(tracked.collect::<Vec<_>>(), expected);
    let later = text.replace("virtual_router_id", "version 3\nvirtual_router_id");
    let (config, _) = Config::parse(&later).unwrap();
    let setup = config.instances[0].setup(&config.global).unwrap();
    assert!(matches!(setup.secret, Secret::None), "version 3 has no passwords");
}

/// excluded addresses come and go with the others, and adverts do not carry them.
#[test]
fn x_35_excluded_addresses_come_last() {
    let text = "vrrp_instance A {
            interface eth0
            virtual_router_id 1
            virtual_ipaddress_excluded {
                2001:db8::100/64
                192.0.2.102
            }
            virtual_ipaddress {
                192.0.2.100
                192.0.2.101
            }
        }";
    let (config, report) = Config::parse(text).unwrap();
    assert_eq!(obstacles(&report), [] as [&str; 0], "{report}");
    let [instance] = config.instances.as_slice() else { panic!("one instance") };
    assert_eq!(instance.router_config(&config.global).unwrap().advertised, Some(2));
    let addresses = instance.addresses().into_iter().map(|address| address.to_string());
    let expected = ["192.0.2.100", "192.0.2.101", "2001:db8::100", "192.0.2.102"];
    assert_eq!(addresses.collect::<Vec<_>>(), expected);
    let (_, report) = Config::parse(&text.replace("192.0.2.102", "192.0.2.101")).unwrap();
    assert_eq!(obstacles(&report), ["1 vrrp_instance"], "{report}");
}

/// what a sync group follows is followed by each member, but its own interface by nobody.
#[test]
fn x_61_members_follow_what_their_group_follows() {
    let member = |name: &str, interface: &str, vrid: u8| {
        format!(
            "vrrp_instance {name} {{
                interface {interface}
                virtual_router_id {vrid}
                track_interface {{
                    eth2 weight -5
                }}
                virtual_ipaddress {{ 192.0.2.{vrid} }}
            }}\n"
        )
    };
    let group = "vrrp_sync_group G {
            group {
                A B
            }
            sync_group_tracking_weight
            track_interface {
                eth0
                eth3 weight 10
            }
        }\n";
    let text = [group, &member("A", "eth0", 1), &member("B", "eth1", 2), &member("C", "eth0", 3)];
    let (config, report) = Config::parse(&text.concat()).unwrap();
    assert_eq!(obstacles(&report), [] as [&str; 0], "{report}");
    let followed = |instance| {
        let tracked = config.setup(instance).unwrap().tracked;
        tracked.into_iter().map(|(name, it)| (name, it.weight)).collect::<Vec<_>>()
    };
    let of = |names: &[(&str, i16)]| {
        names.iter().map(|&(name, weight)| (name.to_owned(), weight)).collect::<Vec<_>>()
    };
    let expected = [
        of(&[("eth2", -5), ("eth3", 10)]),
        of(&[("eth2", -5), ("eth0", 0), ("eth3", 10)]),
        of(&[("eth2", -5)]),
    ];
    assert_eq!(config.instances.iter().map(followed).collect::<Vec<_>>(), expected);
}
