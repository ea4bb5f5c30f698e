//! The picks of a real kernel, row by row.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::net::IpAddr;
use std::num::NonZeroU32;

use common::{PROFILES, SYN, ip, secs};
use lvs_proto::{AddressPair, Decide, Family, Flow, Verdict};
use lvs_sched::{
    DestConfig, Director, DirectorConfig, Profile, SchedulerFlags, ServiceConfig, ServiceKey,
};

const ROWS: &str = include_str!("../../vectors/ipvs/appendix-a.txt");

#[test]
fn picks_of_linux() {
    let rows: Vec<Row<'_>> =
        ROWS.lines().filter(|line| !line.starts_with('#')).map(Row::read).collect();
    assert_eq!(rows.len(), 25);
    for profile in PROFILES {
        rows.iter().for_each(|row| row.play(profile));
    }
}

struct Row<'a> {
    port: u16,
    kind: &'a str,
    config: ServiceConfig,
    script: Vec<&'a str>,
}

impl<'a> Row<'a> {
    fn read(line: &'a str) -> Self {
        let mut words = line.split_whitespace();
        let mut next = || words.next().expect("a column");
        let (port, kind, scheduler, flags) = (next(), next(), next(), next());
        let port = port.parse().expect("a port");
        let mut config = ServiceConfig::new(key(kind, port));
        config.scheduler = scheduler.parse().expect("a scheduler");
        for flag in flags.split(',') {
            config.flags = config.flags.with(match flag {
                "sh-fallback" => SchedulerFlags::SH_FALLBACK,
                "sh-port" => SchedulerFlags::SH_PORT,
                "mh-fallback" => SchedulerFlags::MH_FALLBACK,
                "mh-port" => SchedulerFlags::MH_PORT,
                _ => SchedulerFlags::NONE,
            });
        }
        Self { port, kind, config, script: words.collect() }
    }

    fn play(&self, profile: Profile) {
        let config = DirectorConfig { profile, connections: 256, ..Default::default() };
        let mut director = Director::new(config).expect("memory");
        director.add_service(secs(0), self.config).expect("the service");
        let service = &self.config.key;
        let (mut run, mut k, mut picks) = (0, 0, 0);
        for word in &self.script {
            match word.split_at(1) {
                (">", "") => (run, k) = (run + 1, 0),
                ("+", dest) => {
                    director.add_dest(secs(0), service, self.dest(dest)).expect("added");
                }
                ("=", dest) => {
                    director.edit_dest(secs(0), service, self.dest(dest)).expect("edited");
                }
                ("-", dest) => {
                    let DestConfig { address, port, .. } = self.dest(dest);
                    director.delete_dest(secs(0), service, address, port).expect("deleted");
                }
                _ => {
                    // Client ports of other runs never meet, so that each pick is a new connection.
                    let flow = self.flow(run, k, picks);
                    let expected = word.parse().ok().map(|n| self.address(n));
                    let picked = match director.decide(secs(0), &flow) {
                        Verdict::Forward(hop) => Some(hop.address),
                        _ => None,
                    };
                    assert_eq!(picked, expected, "{} {profile:?} pick {picks}", self.port);
                    (k, picks) = (k + 1, picks + 1);
                }
            }
        }
    }

    /// `3w2`: number and weight; `3`: the number alone.
    fn dest(&self, text: &str) -> DestConfig {
        let (number, weight) = text.split_once('w').unwrap_or((text, "0"));
        let port = if self.kind.starts_with("mark") { 0 } else { self.port };
        let weight = weight.parse().expect("a weight");
        let address = self.address(number.parse().expect("a number"));
        DestConfig { weight, ..DestConfig::new(address, port) }
    }

    fn address(&self, number: u8) -> IpAddr {
        match self.kind {
            "tcp4" if self.config.scheduler.name() == "mh" => [10, 2, 3, number].into(),
            "tcp4" => [10, 2, 2, number].into(),
            "mark4" => [10, 2, 4, number].into(),
            _ => ip(&format!("fd00:2::{number:x}")),
        }
    }

    fn flow(&self, run: u16, k: u16, picks: u16) -> Flow {
        let octet = |value: u16| u8::try_from(value).expect("an octet");
        let tcp = |source: IpAddr, destination: IpAddr, port| {
            let addresses = AddressPair::new(source, destination).expect("one family");
            Flow::tcp(addresses, port, self.port, SYN)
        };
        let big = k + 1;
        match self.kind {
            "tcp4" if self.config.scheduler.name() == "sh" => {
                let client = [10, 1, 77, octet(7 * k + 1)].into();
                tcp(client, ip("10.0.0.1"), 2000 + 1000 * run + k)
            }
            "tcp4" if self.config.scheduler.name() == "mh" => {
                let client = [10, 1, 78, octet(7 * k + 1)].into();
                tcp(client, ip("10.0.0.1"), 2000 + 1000 * run + k)
            }
            "tcp4" => tcp(ip("10.1.0.1"), ip("10.0.0.1"), 1024 + picks),
            "mark4" => {
                let destination = [10, 3, octet(k), octet(5 * k + 1)].into();
                tcp(ip("10.1.0.1"), destination, 1024 + picks).with_mark(self.port.into())
            }
            "tcp6" => tcp(ip(&format!("2001:db8:{big:x}::{big:x}")), ip("2001:db8:a::1"), 4001),
            _ => {
                let destination = ip(&format!("fd00:3::{big:x}:{big:x}"));
                tcp(ip("2001:db8::1"), destination, 1024 + picks).with_mark(self.port.into())
            }
        }
    }
}

fn key(kind: &str, port: u16) -> ServiceKey {
    let mark = NonZeroU32::new(port.into()).expect("a mark");
    match kind {
        "tcp4" => ServiceKey::tcp(ip("10.0.0.1"), port),
        "mark4" => ServiceKey::Mark { family: Family::V4, mark },
        "tcp6" => ServiceKey::tcp(ip("2001:db8:a::1"), port),
        "mark6" => ServiceKey::Mark { family: Family::V6, mark },
        _ => panic!("{kind}"),
    }
}
