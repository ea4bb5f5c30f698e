//! Pools whose destinations have numbers.

use lvs_proto::{Flow, Instant};
use lvs_sched::{ConnToken, Dest, DestConfig, DestId, Pool, PoolConfig, SchedulerKind};

use super::common::{SYN, secs, tcp};

pub(crate) fn pool(scheduler: SchedulerKind, weights: &[u32]) -> Pool {
    pool_of(PoolConfig { scheduler, ..PoolConfig::default() }, weights)
}

pub(crate) fn pool_of(config: PoolConfig, weights: &[u32]) -> Pool {
    let mut pool = Pool::new(secs(0), config).unwrap();
    for (number, &weight) in (1..).zip(weights) {
        add(&mut pool, number, weight);
    }
    pool
}

pub(crate) fn config(number: u8, weight: u32) -> DestConfig {
    DestConfig { weight, ..DestConfig::new([10, 2, 2, number].into(), 80) }
}

pub(crate) fn add(pool: &mut Pool, number: u8, weight: u32) -> DestId {
    pool.add_dest(secs(0), config(number, weight)).unwrap()
}

pub(crate) fn number(dest: Dest<'_>) -> u8 {
    let text = dest.address().to_string();
    text.rsplit('.').next().unwrap().parse().unwrap()
}

pub(crate) fn syn() -> Flow {
    tcp("192.168.1.1", 4000, "10.0.0.1", 80, SYN)
}

/// Opens an active connection.
pub(crate) fn connect(pool: &mut Pool, id: DestId) -> ConnToken {
    let token = pool.open(id).unwrap();
    pool.activate(token).unwrap();
    token
}

/// Takes out a connection to that destination, if there is one.
pub(crate) fn take(tokens: &mut Vec<ConnToken>, pool: &Pool, id: DestId) -> Option<ConnToken> {
    let position = tokens.iter().position(|token| pool.dest_of(*token) == Some(id))?;
    Some(tokens.swap_remove(position))
}

/// Picks so often; each pick opens a connection that stays active.
pub(crate) fn picks(pool: &mut Pool, now: Instant, flow: &Flow, count: usize) -> Vec<u8> {
    let mut numbers = Vec::new();
    for _ in 0..count {
        let id = pool.pick(now, flow).unwrap();
        connect(pool, id);
        numbers.push(number(pool.dest(id).unwrap()));
    }
    numbers
}
