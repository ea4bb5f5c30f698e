//! A naive director of vectors and linear searches, which the real one equals after every step, with
//! room and without.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod naive;

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use lvs_proto::{Decide, Instant, Method, Verdict};
use lvs_sched::{DestConfig, Director, DirectorConfig, Policy, Profile, Timers};

use common::{ACK, RST, SYN, ip};
use naive::{Model, Packet, TICK, VIP, client, method, server, services};

fn step(
    u: &mut Unstructured<'_>,
    model: &mut Model,
    director: &mut Director,
    now: u64,
) -> Result<()> {
    let moment = Instant::from_micros(now);
    let service = u.int_in_range(0..=3)?;
    let (number, weight) = (u.int_in_range(1..=3)?, u.int_in_range(0..=2)?);
    let key = model.services[service].key;
    let config = DestConfig {
        weight,
        method: method(number),
        ..DestConfig::new(server(number), key.port())
    };
    let flags = *u.choose(&[SYN, SYN, ACK, RST])?;
    let (client_port, number_of_client) = (u.int_in_range(1..=2)?, u.int_in_range(1..=2)?);
    let packet = Packet { service, client: number_of_client, client_port, flags };
    match u.int_in_range(0..=15_u8)? {
        0 | 1 => {
            let _exists = director.add_dest(moment, &key, config);
            model.add(service, number, weight);
        }
        2 => {
            let _missing = director.edit_dest(moment, &key, config);
            model.edit(service, number, weight);
        }
        3 => {
            let _missing = director.delete_dest(moment, &key, server(number), key.port());
            model.delete(service, number, now);
        }
        4 => {
            let policy = Policy {
                expire_nodest_conn: u.arbitrary()?,
                expire_quiescent_template: u.arbitrary()?,
                conn_reuse_mode: u.int_in_range(0..=1)?,
                ..Policy::default()
            };
            director.set_policy(policy);
            model.config.policy = policy;
        }
        5 | 6 => {
            let from = if method(number) == Method::Nat { server(number) } else { ip(VIP) };
            let packet = Packet { flags: ACK, ..packet };
            let flow = packet.flow(&key, from, client(packet.client), true);
            let replied = matches!(director.decide(moment, &flow), Verdict::Reply(_));
            assert_eq!(replied, model.reply(now, packet, number).is_some());
        }
        _ => {
            let flow = packet.flow(&key, client(packet.client), ip(VIP), false);
            assert_eq!(director.decide(moment, &flow), model.request(now, packet), "{packet:?}");
        }
    }
    Ok(())
}

/// A director and the model, under the same random packets and times.
pub(crate) fn run(u: &mut Unstructured<'_>, connections: u32, steps: usize) -> Result<()> {
    let config = DirectorConfig {
        profile: *u.choose(&[Profile::Classic, Profile::Linux6_1_183])?,
        timers: *u.choose(&[Timers::Exact, Timers::hz(250)])?,
        connections,
        connections_v6: 0,
        rare: connections,
        seed: u.arbitrary()?,
        ..DirectorConfig::default()
    };
    let (mut director, mut model) = (Director::new(config).unwrap(), Model::new(config));
    for service in services() {
        director.add_service(Instant::EPOCH, service).unwrap();
    }
    let mut now = 0;
    for _ in 0..u.int_in_range(0..=steps)? {
        let spans = [0, 0, TICK, TICK, 2 * TICK, 1_000_000, 10_000_000, 61_000_000];
        now += u.choose(&spans)?;
        let moment = Instant::EPOCH + Duration::from_micros(now);
        while director.next_deadline().is_some_and(|deadline| deadline <= moment) {
            director.handle_timeout(moment, u.int_in_range(1..=3)?);
        }
        model.pass_time(now);
        step(u, &mut model, &mut director, now)?;
        model.compare(&director, now);
    }
    Ok(())
}

fn equals_the_model(connections: u32, steps: usize) {
    arbtest::arbtest(move |u| run(u, connections, steps)).budget_ms(budget_ms());
}

/// `LVS_MODEL_MS` sets how long each test goes on; 10000 are millions of steps in a release build.
fn budget_ms() -> u64 {
    let asked = std::env::var("LVS_MODEL_MS").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(2_000)
}

#[test]
fn equals_the_model_with_room() {
    equals_the_model(64, 120);
}

#[test]
fn equals_the_model_at_full_capacity() {
    equals_the_model(3, 120);
}
