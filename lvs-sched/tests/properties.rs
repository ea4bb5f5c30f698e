//! Whatever is configured, whatever packets come at whatever time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::HashMap;

use arbitrary::{Result, Unstructured};
use common::{ip, secs};
use lvs_proto::{AddressPair, Decide, Embedded, Flow, Hook, Instant, Protocol, SctpChunk};
use lvs_proto::{TcpFlags, Transport, Verdict};
use lvs_sched::{Defence, Defences, DestId, Director, DirectorConfig, LblcConfig, Policy, Rule};
use lvs_sched::{SchedulerKind, Timers};

const SERVICES: [&str; 7] = [
    "-t 10.0.0.1:80",
    "-u 10.0.0.1:53",
    "--sctp-service 10.0.0.1:80",
    "-t 10.0.0.1:0",
    "-f 3",
    "-t [fd00::1]:80",
    "-f 3 -6",
];
const CLIENTS: [&str; 2] = ["192.0.2.1", "192.0.2.2"];

#[test]
fn counters_equal_a_recount_of_the_table() {
    arbtest::arbtest(|u| {
        let config = DirectorConfig {
            profile: *u.choose(&common::PROFILES)?,
            timers: *u.choose(&[Timers::Exact, Timers::hz(250)])?,
            connections: 6,
            connections_v6: 6,
            seed: u.arbitrary()?,
            lblc: LblcConfig { capacity: 1, expiration_secs: 200 },
            lblcr: LblcConfig { capacity: 1, expiration_secs: 200 },
            ..DirectorConfig::default()
        };
        let mut director = Director::new(config).unwrap();
        let mut now = 0;
        for _ in 0..u.int_in_range(0..=80_u8)? {
            now += u64::from(*u.choose(&[0_u8, 0, 1, 20, 60, 250])?);
            step(u, &mut director, secs(now))?;
            recount(&director);
        }
        let end = secs(now + 100_000);
        director.set_defences(end, Defences::default());
        director.clear(end);
        while director.next_deadline().is_some_and(|deadline| deadline <= end) {
            director.handle_timeout(end, 5);
        }
        director.handle_timeout(end + std::time::Duration::from_secs(1000), 100);
        assert_eq!(director.conns().count(), 0);
        Ok(())
    });
}

fn step(u: &mut Unstructured<'_>, director: &mut Director, now: Instant) -> Result<()> {
    match u.int_in_range(0..=9_u8)? {
        0..=3 => {
            let line = rule(u)?;
            let rule = Rule::parse(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
            let before = director.listing().to_string();
            if director.apply(now, &rule.unwrap()).is_err() {
                assert_eq!(director.listing().to_string(), before, "{line}");
            }
        }
        4 => director.handle_timeout(now, u.int_in_range(0..=4)?),
        5 => policies(u, director, now)?,
        _ => {
            let counted = |director: &Director| {
                let all = *director.counters();
                all.forwarded
                    + all.passed
                    + all.rejected
                    + all.dropped_header_unreadable
                    + all.dropped_destination_deleted
                    + all.dropped_tracked
                    + all.dropped_table_full
                    + all.dropped_defended
                    + all.dropped_icmp_error
                    + all.replied
            };
            let before = counted(director);
            let _ = director.decide(now, &flow(u)?);
            assert_eq!(counted(director), before + 1);
        }
    }
    Ok(())
}

fn policies(u: &mut Unstructured<'_>, director: &mut Director, now: Instant) -> Result<()> {
    director.set_policy(Policy {
        conn_reuse_mode: u.int_in_range(0..=3)?,
        expire_nodest_conn: u.arbitrary()?,
        expire_quiescent_template: u.arbitrary()?,
        sloppy_tcp: u.arbitrary()?,
        cache_bypass: u.arbitrary()?,
        sloppy_sctp: u.arbitrary()?,
        schedule_icmp: u.arbitrary()?,
        nat_icmp_send: u.arbitrary()?,
        backup_only: u.arbitrary()?,
    });
    let mut defence = || u.choose(&[Defence::Off, Defence::Automatic, Defence::On]).copied();
    let (drop_entry, drop_packet, secure_tcp) = (defence()?, defence()?, defence()?);
    let (am_droprate, amemthresh) = (u.int_in_range(0..=2)?, u.int_in_range(0..=7)?);
    let defences = Defences { drop_entry, drop_packet, secure_tcp, am_droprate, amemthresh };
    director.set_defences(now, defences);
    Ok(())
}

fn rule(u: &mut Unstructured<'_>) -> Result<String> {
    let service = *u.choose(&SERVICES)?;
    let server = format!("-r 10.2.0.{}", u.int_in_range(1..=3)?);
    Ok(match u.int_in_range(0..=12_u8)? {
        0 => "-C".into(),
        1 => format!("-D {service}"),
        2 => format!("-d {service} {server}"),
        kind @ 3..=6 => {
            let command = if kind == 3 { "-E" } else { "-A" };
            let every_port = service.ends_with(":0");
            let persistent = every_port || u.arbitrary()?;
            let persistence = if persistent { " -p 30" } else { "" };
            let ops = if service.starts_with("-u") && u.arbitrary()? { " -o" } else { "" };
            let scheduler = u.choose(&SchedulerKind::ALL)?;
            format!("{command} {service} -s {scheduler}{persistence}{ops}")
        }
        kind => {
            let command = if kind == 7 { "-e" } else { "-a" };
            let weight = u.choose(&[0, 1, 2, 5, 2_147_483_647])?;
            let method = u.choose(&["-g", "-m", "-i"])?;
            let upper = u.int_in_range(0..=3)?;
            format!("{command} {service} {server} -w {weight} {method} -x {upper}")
        }
    })
}

fn flow(u: &mut Unstructured<'_>) -> Result<Flow> {
    let (client, vip) =
        if u.ratio(1, 5)? { ("fd00:9::1", "fd00::1") } else { (*u.choose(&CLIENTS)?, "10.0.0.1") };
    let addresses = AddressPair::new(ip(client), ip(vip)).unwrap();
    let client_port = *u.choose(&[0, 20, 4000, 4001])?;
    let port = *u.choose(&[0, 53, 80, 443])?;
    let flow = match u.int_in_range(0..=7_u8)? {
        0 | 1 => Flow::udp(addresses, client_port, port),
        2 => {
            let chunk = *u.choose(&[None, Some(SctpChunk::Init), Some(SctpChunk::Abort)])?;
            let (source_port, destination_port) = (client_port, port);
            Flow::new(addresses, Transport::Sctp { source_port, destination_port, chunk })
        }
        _ => {
            let flags = *u.choose(&[0x02, 0x02, 0x02, 0x10, 0x11, 0x04, 0x00])?;
            Flow::tcp(addresses, client_port, port, TcpFlags(flags))
        }
    };
    let flow = flow.with_mark(*u.choose(&[0, 0, 3])?).with_length(60);
    let flow = Flow { tracked: u.ratio(1, 4)?, unicast: u.arbitrary()?, ..flow };
    Ok(match u.int_in_range(0..=9_u8)? {
        0 | 1 => reply(u, &flow).unwrap_or(flow),
        2 => reply(u, &flow).and_then(|reply| error(&flow, &reply)).unwrap_or(flow),
        _ => flow,
    })
}

/// What somebody may answer.
fn reply(u: &mut Unstructured<'_>, flow: &Flow) -> Option<Flow> {
    let from = *u.choose(&[flow.destination(), ip("10.2.0.1"), ip("10.2.0.2")]).ok()?;
    let addresses = AddressPair::new(from, flow.source())?;
    let (source_port, destination_port) = flow.transport.ports()?;
    let hook = *u.choose(&[Hook::Forward, Hook::Forward, Hook::LocalOut]).ok()?;
    Some(match flow.transport {
        Transport::Tcp { .. } => {
            let flags = TcpFlags(*u.choose(&[0x12, 0x10, 0x11, 0x04]).ok()?);
            Flow::tcp(addresses, destination_port, source_port, flags).at(hook)
        }
        _ => Flow::udp(addresses, destination_port, source_port).at(hook),
    })
}

/// An ICMP error of whoever sent `flow` about `reply`.
fn error(flow: &Flow, reply: &Flow) -> Option<Flow> {
    let (addresses, protocol) = (reply.addresses, reply.protocol());
    let about = Embedded { addresses, protocol, ports: reply.transport.ports() };
    Some(Flow { transport: Transport::Other(Protocol::ICMP), ..*flow }.about(about))
}

/// Active, inactive and persistent connections of every destination are those in the table, and
/// what the services went through is what their destinations did or once did.
fn recount(director: &Director) {
    let mut table: HashMap<DestId, (u32, u32, u32)> = HashMap::new();
    // Those that go past all destinations count nowhere [CNT-8].
    for conn in director.conns().filter(|conn| !conn.hop().address.is_unspecified()) {
        let (active, inactive, persistent) = table.entry(conn.dest()).or_default();
        *match (conn.key().template, conn.state().is_active()) {
            (true, _) => persistent,
            (false, true) => active,
            (false, false) => inactive,
        } += 1;
        assert!(director.dest(conn.dest()).is_some(), "no connection outlives its destination");
    }
    let listed = director.services();
    let listed = listed.iter().flat_map(|service| service.dests().map(|(id, _)| id));
    let ids: Vec<_> = listed.chain(table.keys().copied()).collect();
    for id in ids {
        let dest = director.dest(id).unwrap();
        let counted = (dest.active_conns(), dest.inactive_conns(), dest.persistent_conns());
        assert_eq!(counted, table.get(&id).copied().unwrap_or_default());
    }
}

/// The same calls give the same answers, whatever the seed.
#[test]
fn the_seed_decides_nothing() {
    arbtest::arbtest(|u| {
        let with = |seed| DirectorConfig {
            seed,
            connections: 9,
            connections_v6: 9,
            ..DirectorConfig::default()
        };
        let mut one = Director::new(with([1, 2])).unwrap();
        let mut other = Director::new(with(u.arbitrary()?)).unwrap();
        let mut now = 0;
        for _ in 0..u.int_in_range(0..=40_u8)? {
            now += u64::from(*u.choose(&[0_u8, 1, 60])?);
            if u.ratio(1, 3)? {
                let rule = Rule::parse(&rule(u)?).unwrap().unwrap();
                let (a, b) = (one.apply(secs(now), &rule), other.apply(secs(now), &rule));
                assert_eq!(a, b);
            } else {
                let flow = flow(u)?;
                assert_eq!(one.decide(secs(now), &flow), other.decide(secs(now), &flow));
            }
            assert_eq!(one.listing().to_string(), other.listing().to_string());
            assert_eq!(one.next_deadline(), other.next_deadline());
        }
        Ok(())
    });
}

/// A burst is its packets in their order, and a lookup finds what the next packet goes through.
#[test]
fn a_burst_is_its_packets_one_by_one() {
    arbtest::arbtest(|u| {
        let config = DirectorConfig {
            timers: *u.choose(&[Timers::Exact, Timers::hz(250)])?,
            connections: 40,
            connections_v6: 40,
            seed: u.arbitrary()?,
            ..DirectorConfig::default()
        };
        let mut one = Director::new(config).unwrap();
        let mut other = Director::new(config).unwrap();
        let mut now = 0;
        for _ in 0..u.int_in_range(0..=12_u8)? {
            now += u64::from(*u.choose(&[0_u8, 1, 60])?);
            let rule = Rule::parse(&rule(u)?).unwrap().unwrap();
            assert_eq!(one.apply(secs(now), &rule), other.apply(secs(now), &rule));
            let flows = (0..u.int_in_range(0..=70)?).map(|_| flow(u));
            let flows = flows.collect::<Result<Vec<_>>>()?;
            let mut verdicts = vec![Verdict::Pass; flows.len()];
            assert_eq!(one.decide_burst(secs(now), &flows, &mut verdicts), flows.len());
            let expected: Vec<_> = flows.iter().map(|flow| other.decide(secs(now), flow)).collect();
            assert_eq!(verdicts, expected);
            assert_eq!(one.counters(), other.counters());
            let mut found = vec![None; flows.len()];
            one.find_conns(secs(now), &flows, &mut found);
            let expected = flows.iter().map(|flow| one.find_conn(secs(now), flow));
            assert_eq!(found, expected.collect::<Vec<_>>());
        }
        Ok(())
    });
}
