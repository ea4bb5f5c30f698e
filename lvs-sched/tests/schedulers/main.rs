//! The worked examples of the schedulers, and restatements that take every step literally.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod hashes;
mod least;
mod locality;
mod pools;
mod rounds;

use lvs_sched::{CountError, DestConfig, OpenError, PoolConfig, SchedulerKind};

use common::{SYN, secs, tcp};
use pools::{config, pool, pool_of, syn};

#[test]
fn every_scheduler_takes_any_weights() {
    arbtest::arbtest(|u| {
        let scheduler = *u.choose(&SchedulerKind::ALL)?;
        let mh = 8.try_into().unwrap();
        let config = PoolConfig { scheduler, mh, seed: u.arbitrary()?, ..Default::default() };
        let mut pool = pool_of(config, &[]);
        for number in 0..u.int_in_range(0..=5_u8)? {
            let weight = u.int_in_range(0..=DestConfig::MAX_WEIGHT)?;
            pool.add_dest(secs(0), crate::config(number, *u.choose(&[weight, 0, 1])?)).unwrap();
        }
        for _ in 0..9 {
            let flow = tcp("192.0.2.1", u.arbitrary()?, "10.0.0.1", 80, SYN);
            let picked = pool.pick(secs(0), &flow);
            let dest = picked.map(|id| pool.dest(id).unwrap());
            assert!(dest.is_none_or(|dest| dest.weight() > 0 && dest.is_available()));
        }
        Ok(())
    });
}

/// [DST-5] To a destination that is gone there are no connections any more.
#[test]
fn dst_5_nothing_is_opened_to_who_is_gone() {
    let mut pool = pool(SchedulerKind::Rr, &[1]);
    let id = pool.pick(secs(0), &syn()).unwrap();
    pool.delete_dest(secs(0), [10, 2, 2, 1].into(), 80).unwrap();
    while let Some(deadline) = pool.next_deadline() {
        pool.handle_timeout(deadline);
    }
    assert_eq!(pool.open(id), Err(OpenError::UnknownDest));
    assert_eq!(pool.conn_opened(id, true), Err(CountError::UnknownDest));
}

#[test]
fn sch_3_names_round_trip() {
    for kind in SchedulerKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
        assert_eq!(pool(kind, &[1, 1]).forgotten_picks(), 0);
    }
    assert!("mh2".parse::<SchedulerKind>().is_err());
}
