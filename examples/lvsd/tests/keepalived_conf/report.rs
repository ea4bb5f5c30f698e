//! What is reported of a configuration, line by line, whatever it says.

use std::collections::BTreeSet;
use std::fs;

use arbtest::arbtest;
use lvs_sched::{Director, DirectorConfig};
use lvsd::keepalived_conf::{Config, Report, Statement, Verdict, statements};

use super::{FILES, load, path};

/// What is only wrong or unsupported once the rest is known.
#[test]
fn what_contradicts_itself_is_found_at_its_line() {
    let service = |body: &str| format!("virtual_server 10.0.0.1 80 {{\nlb_kind DR\n{body}\n}}");
    let instance =
        |body: &str| format!("vrrp_instance A {{\ninterface eth0\nvirtual_router_id 1\n{body}\n}}");
    let group = |body: &str| format!("vrrp_sync_group G {{\ngroup {{\n{body}\n}}\n");
    let rows = [
        ("virtual_server 10.0.0.1 {\n}".into(), "1 virtual_server", "without a port"),
        ("virtual_server group G {\n}".into(), "1 virtual_server", "no virtual_server_group"),
        (service("lb_algo rr\nsh-port"), "1 virtual_server", "another scheduler's"),
        (service("protocol TCP\nops"), "1 virtual_server", "for UDP"),
        (service("persistence_granularity 64"), "1 virtual_server", "persistence_timeout"),
        (service("real_server 224.0.0.1 80 {\n}"), "3 real_server", "not a unicast address"),
        (service("real_server fd00::1 80 {\n}"), "3 real_server", "another family"),
        (service("real_server 10.0.0.2 {\nlthreshold 1\n}"), "3 real_server", "threshold"),
        (service("sorry_server 127.0.0.1 80"), "3 sorry_server", "this host itself"),
        (service("quorum 2\nhysteresis 2"), "1 virtual_server", "hysteresis 2 is not less"),
        (
            service("delay_loop 0\nreal_server 10.0.0.2 80 {\nTCP_CHECK {\n}\n}"),
            "4 real_server",
            "delay_loop",
        ),
        (
            service("real_server 10.0.0.2 80 {\nHTTP_GET {\nurl {\nregex (\n}\n}\n}"),
            "6 regex",
            "regular expression",
        ),
        ("vrrp_instance A {\ninterface eth0\n}".into(), "1 vrrp_instance", "virtual_router_id"),
        ("vrrp_instance A {\nvirtual_router_id 1\n}".into(), "1 vrrp_instance", "interface"),
        (instance("version 3\nadvert_int 41"), "1 vrrp_instance", "advert_int"),
        (instance("version 3"), "1 vrrp_instance", "no virtual address"),
        (instance("virtual_ipaddress {\n10.0.0.1\n10.0.0.1\n}"), "1 vrrp_instance", "listed twice"),
        (instance("state BACKUP\npriority 255"), "1 vrrp_instance", "MASTER"),
        (instance("virtual_ipaddress {\n10.0.0.1 dev eth1\n}"), "5 10.0.0.1", "interface alone"),
        (
            instance("garp_lower_prio_repeat 3\nvirtual_ipaddress {\n10.0.0.1\n}"),
            "1 vrrp_instance",
            "the same announcements",
        ),
        (
            instance("mcast_dst_ip ff02::12\nvirtual_ipaddress {\n10.0.0.1\n}"),
            "1 vrrp_instance",
            "not a group",
        ),
        (
            instance("unicast_peer {\nfe80::1\n}\nvirtual_ipaddress {\n10.0.0.1\n}"),
            "1 vrrp_instance",
            "no possible peer",
        ),
        (instance("authentication {\nauth_type PASS\n}"), "4 authentication", "auth_pass"),
        ("global_defs {\nvrrp_garp_interval 0.001\n}".into(), "2 vrrp_garp_interval", "at once"),
        (instance("strict_mode"), "4 strict_mode", "beyond the RFCs"),
        (group("A\n}"), "3 A", "no vrrp_instance of that name"),
        (group("A\nA\n}") + &instance(""), "4 A", "in a vrrp_sync_group already"),
        (
            group("A\n}") + &instance("track_interface {\neth1 weight 5\n}"),
            "10 eth1",
            "sync_group_tracking_weight",
        ),
        (group("A\n}\ntrack_interface {\neth1 weight 5\n}"), "6 eth1", "weight"),
        (
            "global_defs {\nlvs_sync_daemon eth0 A\n}".into(),
            "2 lvs_sync_daemon",
            "no vrrp_instance of that name",
        ),
        (format!("{}\n{}", instance(""), instance("")), "6 vrrp_instance", "another of that name"),
        ("priority 1".into(), "1 priority", "no such keyword"),
        ("vrrp_instance".into(), "1 vrrp_instance", "missing"),
        (instance("priority 100 advert_int 1"), "4 priority", "`advert_int`"),
        (instance("nopreempt {\n}"), "4 nopreempt", "no block"),
        (instance("virtual_ipaddress"), "4 virtual_ipaddress", "block is missing"),
    ];
    for (text, at, reason) in rows {
        let (config, mut report) = Config::parse(&text).unwrap();
        let mut director = Director::new(DirectorConfig::default()).unwrap();
        report.extend(config.apply(lvs_proto::Instant::EPOCH, &mut director));
        report.extend(config.checker(lvs_proto::Instant::EPOCH, [0; 2]).unwrap().1);
        let found = report
            .obstacles()
            .find(|finding| at == format!("{} {}", finding.line, finding.keyword));
        let found = found.unwrap_or_else(|| panic!("{text}\n{report}"));
        assert!(found.verdict.to_string().contains(reason), "{text}\n{report}");
    }
}

#[test]
fn hostile_numbers_and_ranges_are_refused_at_their_line() {
    let huge = "9".repeat(100_000);
    let group = |member: &str| format!("virtual_server_group G {{\n{member}\n}}");
    let texts = [
        group("0.0.0.0/0"),
        group("::/0"),
        group("10.0.0.0-10.255.255.255"),
        group("10.0.0.9-10.0.0.1"),
        group("10.0.0.1-fd00::1"),
        group("10.0.0.1/30"),
        group("10.0.0.1/-1"),
        group("10.0.0.1-"),
        group("fwmark 0"),
        group(&format!("10.0.0.1 {huge}")),
        group(&format!("10.0.0.1/{huge}")),
        format!("vrrp_instance A {{\nadvert_int {huge}\n}}"),
        format!("vrrp_instance A {{\nadvert_int 0.{huge}\n}}"),
        format!("vrrp_instance A {{\npriority {huge}\n}}"),
        format!("virtual_server 10.0.0.1 80 {{\npersistence_timeout {huge}\n}}"),
        format!("global_defs {{\nlvs_timeouts tcp {huge}\n}}"),
    ];
    for text in texts {
        let (_, report) = Config::parse(&text).unwrap();
        let wrong = report.obstacles().find(|finding| finding.line == 2).unwrap();
        assert!(matches!(wrong.verdict, Verdict::Wrong(_)), "{wrong}");
    }
}

/// Ranges multiply; what they come to is bounded.
#[test]
fn a_few_lines_do_not_become_millions_of_rules() {
    let member = "10.0.0.0/16 80\n".repeat(50);
    let real = "real_server 10.1.0.1 80 { }\n".repeat(50);
    let text = format!(
        "virtual_server_group G {{\n{member}}}\n\
         virtual_server group G {{\nlb_kind DR\nprotocol TCP\n{real}}}\n"
    );
    let (config, report) = Config::parse(&text).unwrap();
    assert_eq!(config.rules().len(), 20_000);
    assert!(report.to_string().contains("more than 20000 services"), "{report}");
}

/// Every statement has one verdict, or stands in a block that is not used.
#[test]
fn every_statement_is_reported_once() {
    for file in FILES.map(|(name, _)| name).into_iter().chain(["wrong"]) {
        let text = fs::read_to_string(path(file)).unwrap();
        let (_, report) = Config::parse(&text).unwrap();
        assert_reported(&statements(&text).unwrap(), &report);
    }
}

fn assert_reported(statements: &[Statement], report: &Report) {
    for statement in statements {
        let is_its = |line, keyword: &str| line == statement.line && *keyword == statement.words[0];
        let findings = report.findings().iter();
        let mut its = findings.filter(|finding| is_its(finding.line, &finding.keyword));
        let finding = its.next().unwrap_or_else(|| panic!("{statement:?}\n{report}"));
        assert_eq!(its.next(), None, "{statement:?}");
        if let (Verdict::Used, Some(block)) = (&finding.verdict, &statement.block) {
            assert_reported(block, report);
        }
    }
}

/// Words of configurations in any order: an error or a report, never a panic.
#[test]
fn any_text_is_taken_or_refused() {
    let texts = FILES.map(|(name, _)| fs::read_to_string(path(name)).unwrap()).into_iter();
    let words: BTreeSet<String> = texts
        .flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let mut words: Vec<_> = words.into_iter().collect();
    words.extend(["{", "}", "{", "}", "\"", "'", "-1", "0", "65536", "weight"].map(String::from));
    arbtest(|u| {
        let mut text = String::new();
        for _ in 0..u.arbitrary_len::<u16>()?.min(200) {
            text += u.choose(&words)?;
            text += u.choose(&[" ", "\n", " ", "\n", " {\n", "\n}\n"])?;
        }
        if let Ok((config, report)) = Config::parse(&text) {
            let lines = text.lines().count();
            assert!(report.findings().iter().all(|finding| (1..=lines).contains(&finding.line)));
            assert!(report.findings().is_sorted_by_key(|finding| finding.line));
            let mut director = Director::new(DirectorConfig::default()).unwrap();
            config.apply(lvs_proto::Instant::EPOCH, &mut director);
            config.checker(lvs_proto::Instant::EPOCH, [0; 2]).unwrap();
        }
        Ok(())
    });
}

/// Each line of the file that says so; keepalived agrees.
#[test]
fn the_marked_lines_are_wrong() {
    let text = fs::read_to_string(path("wrong")).unwrap();
    let marked = (1..).zip(text.lines()).filter(|(_, line)| line.ends_with("# wrong"));
    let marked: BTreeSet<usize> = marked.map(|(number, _)| number).collect();
    let (_, report) = load("wrong");
    let is_wrong = |verdict: &Verdict| matches!(verdict, Verdict::Wrong(_));
    let ours = report.obstacles().filter(|finding| is_wrong(&finding.verdict));
    assert_eq!(ours.map(|finding| finding.line).collect::<BTreeSet<_>>(), marked, "{report}");
}
