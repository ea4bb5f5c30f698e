//! Those that remember addresses: `lblc` and `lblcr`.

use lvs_proto::Instant;
use lvs_sched::{DestConfig, LblcConfig, PoolConfig, SchedulerKind};

use super::common::{SYN, ip, secs, tcp};
use super::pools::{add, config, connect, number, picks, pool, pool_of, syn};

#[test]
fn lblc_10() {
    let mut pool = pool(SchedulerKind::Lblc, &[2, 2, 2]);
    let expected = [3, 3, 3, 2, 2, 2, 1, 1, 1, 1, 1, 1];
    assert_eq!(picks(&mut pool, secs(0), &syn(), 12), expected);
}

#[test]
fn lblc_6_an_overloaded_destination_stays_cached() {
    let mut pool = pool(SchedulerKind::Lblc, &[9]);
    assert_eq!(picks(&mut pool, secs(0), &syn(), 1), [1]);
    pool.edit_dest(secs(0), DestConfig { upper_threshold: 2, ..config(1, 9) }).unwrap();
    assert_eq!(picks(&mut pool, secs(0), &syn(), 3), [1, 1, 1]);
    assert!(pool.dests().all(|(_, dest)| dest.is_overloaded()));
    assert_eq!(pool.pick(secs(0), &tcp("192.168.1.1", 1, "10.0.0.2", 80, SYN)), None);
}

#[test]
fn lblc_9_a_deleted_destination_serves_again_when_it_comes_back() {
    let mut pool = pool(SchedulerKind::Lblc, &[9, 9]);
    let second = pool.pick(secs(0), &syn()).unwrap();
    assert_eq!(number(pool.dest(second).unwrap()), 2);
    let token = connect(&mut pool, second);
    pool.delete_dest(secs(0), ip("10.2.2.2"), 80).unwrap();
    // The cache keeps it in the trash, long after it lost its last connection [DST-6].
    pool.close(token).unwrap();
    for minute in 1..10 {
        pool.handle_timeout(secs(60 * minute));
    }
    assert_eq!(add(&mut pool, 2, 9), second);
    assert_eq!(pool.pick(secs(600), &syn()), Some(second));
}

#[test]
fn lblc_8_the_thirtieth_sweep_forgets_what_expired() {
    // Armed for 60 s [CONV-9].
    let at = |sweep: u64| Instant::from_micros(61_440_000 * sweep);
    let lblc = LblcConfig { expiration_secs: 100, ..LblcConfig::default() };
    let scheduler = SchedulerKind::Lblc;
    let mut pool = pool_of(PoolConfig { scheduler, lblc, ..Default::default() }, &[1]);
    let first = pool.pick(secs(0), &syn()).unwrap();
    add(&mut pool, 2, 1);
    for sweep in 1..30 {
        assert_eq!(pool.next_deadline(), Some(at(sweep)));
        pool.handle_timeout(at(sweep));
    }
    // Used one sweep before the thirtieth, then one before the sixtieth.
    assert_eq!(pool.pick(at(29), &syn()), Some(first));
    for sweep in 30..60 {
        pool.handle_timeout(at(sweep));
    }
    assert_eq!(pool.pick(at(59), &syn()), Some(first));
    for sweep in 60..90 {
        pool.handle_timeout(at(sweep));
    }
    pool.handle_timeout(at(90));
    assert_ne!(pool.pick(at(90), &syn()), Some(first));
}

#[test]
fn lblc_7_a_full_cache_still_picks() {
    for scheduler in [SchedulerKind::Lblc, SchedulerKind::Lblcr] {
        let lblc = LblcConfig { capacity: 2, ..LblcConfig::default() };
        let mut pool = pool_of(PoolConfig { scheduler, lblc, ..Default::default() }, &[1]);
        for host in 0..9 {
            let flow = tcp("192.168.1.1", 4000, &format!("10.0.0.{host}"), 80, SYN);
            assert_eq!(picks(&mut pool, secs(0), &flow, 1), [1]);
        }
        assert_eq!(pool.forgotten_picks(), 6);
        // Three of them are in the cache, and old enough for the hasty sweep [LBLC-8].
        pool.handle_timeout(secs(400));
        assert_eq!(picks(&mut pool, secs(400), &syn(), 1), [1]);
    }
}

#[test]
fn lblc_8_a_hasty_sweep_forgets_no_more_than_it_must() {
    let (scheduler, lblc) =
        (SchedulerKind::Lblc, LblcConfig { capacity: 2, ..LblcConfig::default() });
    let mut pool = pool_of(PoolConfig { scheduler, lblc, ..Default::default() }, &[9, 0]);
    let flows = [1, 2, 3].map(|host| tcp("192.168.1.1", 4000, &format!("10.0.0.{host}"), 80, SYN));
    for flow in &flows {
        assert_eq!(picks(&mut pool, secs(0), flow, 1), [1]);
    }
    pool.edit_dest(secs(0), config(2, 9)).unwrap();
    pool.handle_timeout(secs(400));
    // Who is not remembered goes to the one without connections.
    let picked =
        flows.map(|flow| pool.pick(secs(400), &flow).and_then(|id| pool.dest(id)).map(number));
    assert_eq!(picked.iter().filter(|picked| **picked == Some(1)).count(), 2);
}

#[test]
fn lblcr_9() {
    let mut pool = pool(SchedulerKind::Lblcr, &[3, 3, 3]);
    let expected = [3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1];
    assert_eq!(picks(&mut pool, secs(0), &syn(), 12), expected);
}

#[test]
fn lblcr_5_a_set_that_does_not_change_loses_its_most_loaded() {
    let lblc = LblcConfig { expiration_secs: 100, ..LblcConfig::default() };
    let scheduler = SchedulerKind::Lblcr;
    let mut pool = pool_of(PoolConfig { scheduler, lblc, ..Default::default() }, &[3, 3]);
    let expected = [2, 2, 2, 2, 1, 1];
    assert_eq!(picks(&mut pool, secs(0), &syn(), 6), expected);
    // 100 s after it is not strictly after; then 2 leaves, 1 stays though it gets as busy as 2.
    assert_eq!(picks(&mut pool, secs(100), &syn(), 1), [1]);
    assert_eq!(picks(&mut pool, secs(101), &syn(), 5), [1, 1, 1, 1, 1]);
}

/// [LBLCR-3] [LBLCR-4] Flags keep a deleted destination from being picked, and not from leaving the set
/// of an address.
#[test]
fn lblcr_3_a_deleted_destination_serves_again_when_it_comes_back() {
    let lblc = LblcConfig { expiration_secs: 1000, ..LblcConfig::default() };
    let scheduler = SchedulerKind::Lblcr;
    let mut pool = pool_of(PoolConfig { scheduler, lblc, ..Default::default() }, &[1, 9]);
    let heavy = pool.pick(secs(0), &syn()).unwrap();
    assert_eq!(number(pool.dest(heavy).unwrap()), 2);
    pool.delete_dest(secs(0), ip("10.2.2.2"), 80).unwrap();
    let light = pool.pick(secs(0), &syn()).unwrap();
    assert_eq!(number(pool.dest(light).unwrap()), 1);
    // The set keeps it in the trash, long after it lost its last connection [DST-6].
    for minute in 1..10 {
        pool.handle_timeout(secs(60 * minute));
    }
    assert_eq!(add(&mut pool, 2, 9), heavy);
    connect(&mut pool, light);
    assert_eq!(pool.pick(secs(600), &syn()), Some(heavy));

    // As the most loaded of a set that no longer changes it leaves, deleted or not.
    for _ in 0..10 {
        connect(&mut pool, heavy);
    }
    pool.delete_dest(secs(600), ip("10.2.2.2"), 80).unwrap();
    assert_eq!(pool.pick(secs(1001), &syn()), Some(light));
    assert_eq!(add(&mut pool, 2, 9), heavy);
    assert_eq!(pool.pick(secs(1001), &syn()), Some(light));
}
