//! Those that look an address up in a table: `dh`, `sh` and `mh`.

use lvs_proto::{Embedded, Flow, Protocol, Transport};
use lvs_sched::{
    DestConfig, Group, GroupConfig, MhTableIndex, Pool, PoolConfig, SchedulerFlags, SchedulerKind,
};

use super::common;
use super::common::{SYN, ip, secs, tcp};
use super::pools::{add, config, number, picks, pool, pool_of, syn};

#[test]
fn sh_4_mh_10_of_an_icmp_error_the_receiver_of_its_packet_is_the_client() {
    for (scheduler, flags) in
        [(SchedulerKind::Sh, SchedulerFlags::SH_PORT), (SchedulerKind::Mh, SchedulerFlags::MH_PORT)]
    {
        let mut pool = pool_of(PoolConfig { scheduler, flags, ..Default::default() }, &[1; 9]);
        for host in 1..=50 {
            let client = format!("192.168.1.{host}");
            let packet = tcp(&client, 4000, "10.0.0.1", 80, SYN);
            let answer = tcp("10.0.0.1", 80, &client, 4000, SYN);
            let embedded = Embedded {
                addresses: answer.addresses,
                protocol: answer.protocol(),
                ports: answer.transport.ports(),
            };
            let from_router = common::pair("203.0.113.1", "10.0.0.1");
            let error = Flow::new(from_router, Transport::Other(Protocol::ICMP)).about(embedded);
            assert_eq!(pool.pick(secs(0), &error), pool.pick(secs(0), &packet));
        }
    }
}

#[test]
fn mh_1_table_sizes() {
    let sizes = [251, 509, 1021, 2039, 4093, 8191, 16_381, 32_749, 65_521, 131_071];
    for (index, slots) in (8..).zip(sizes) {
        let index = MhTableIndex::try_from(index).unwrap();
        assert_eq!((index.slots(), MhTableIndex::try_from(u8::from(index))), (slots, Ok(index)));
    }
}

#[test]
fn mh_5_mh_9_few_clients_move_and_weight_0_moves_none() {
    let mut pool = pool(SchedulerKind::Mh, &[1; 10]);
    let clients = |pool: &mut Pool| -> Vec<u8> {
        let clients = (0..=255).map(|host| format!("192.0.2.{host}"));
        let flows = clients.map(|client| tcp(&client, 4000, "10.0.0.1", 80, SYN));
        let picked = flows.map(|flow| pool.pick(secs(0), &flow));
        let picked: Vec<_> = picked.collect();
        let dests = picked.iter().map(|id| id.and_then(|id| pool.dest(id)));
        dests.map(|dest| dest.map_or(0, number)).collect()
    };
    let before = clients(&mut pool);
    pool.edit_dest(secs(0), config(4, 0)).unwrap();
    let quiesced: Vec<_> = before.iter().map(|&n| if n == 4 { 0 } else { n }).collect();
    assert_eq!(clients(&mut pool), quiesced);
    pool.delete_dest(secs(0), ip("10.2.2.4"), 80).unwrap();
    let after = clients(&mut pool);
    let moved = before.iter().zip(&after).filter(|(one, other)| **one != 4 && one != other);
    assert!(moved.count() < 16, "of 256 clients");
    add(&mut pool, 4, 1);
    assert!(clients(&mut pool).contains(&4));
}

#[test]
fn sh_7() {
    let mut pool = pool(SchedulerKind::Sh, &[1, 2, 3]);
    assert_eq!(picks(&mut pool, secs(0), &syn(), 1), [2]);
    pool.edit_dest(secs(0), config(2, 0)).unwrap();
    // Weights 3, 0, 1 share the slots 3, 1, 1: slot 136 is the first of its round.
    assert_eq!(picks(&mut pool, secs(0), &syn(), 1), [3]);
}

#[test]
fn sh_6_probing_begins_at_twice_the_slot() {
    let flags = SchedulerFlags::SH_FALLBACK;
    let scheduler = SchedulerKind::Sh;
    let mut pool = pool_of(PoolConfig { scheduler, flags, ..Default::default() }, &[1, 2, 3]);
    let [.., second, _] = [0, 1, 2].map(|place| pool.dests().nth(place).unwrap().0);
    let full = DestConfig { upper_threshold: 1, ..config(2, 2) };
    pool.edit_dest(secs(0), full).unwrap();
    pool.open(second).unwrap();
    assert!(pool.dest(second).unwrap().is_overloaded());
    // Slot 136 is 2's; slot 16 is 2's as well, slot 17 is 1's.
    assert_eq!(picks(&mut pool, secs(0), &syn(), 1), [1]);
}

#[test]
fn dh_1_dh_3() {
    let mut pool = pool(SchedulerKind::Dh, &[1, 1, 1]);
    // 10.0.0.1 is slot 39: the first of its round of three.
    assert_eq!(picks(&mut pool, secs(0), &syn(), 1), [3]);
    pool.edit_dest(secs(0), config(3, 0)).unwrap();
    assert_eq!(pool.pick(secs(0), &syn()), None);
    pool.delete_dest(secs(0), ip("10.2.2.3"), 80).unwrap();
    assert_eq!(picks(&mut pool, secs(0), &syn(), 1), [1]);
}

/// [MH-9] [MH-10] A table that is not built anew leads to whom it did, deleted or not: weight and
/// overload are all that is asked.
#[test]
fn mh_9_an_old_table_leads_to_who_was_deleted() {
    let mh = MhTableIndex::try_from(8).unwrap();
    let config = PoolConfig { scheduler: SchedulerKind::Mh, mh, ..PoolConfig::default() };
    // One more than slots, and another that makes up for the one that goes.
    let mut pool = pool_of(config, &[1; 252]);
    let other = DestConfig::new(ip("10.2.3.1"), 80);
    pool.add_dest(secs(0), other).unwrap();

    let named = pool.pick(secs(0), &syn()).unwrap();
    let again = *pool.dest(named).unwrap().config();
    pool.delete_dest(secs(0), again.address, 80).unwrap();
    // It is kept in the trash for that [DST-6].
    for minute in 1..10 {
        pool.handle_timeout(secs(60 * minute));
    }
    assert_eq!(pool.pick(secs(600), &syn()), Some(named));
    assert_eq!(pool.add_dest(secs(600), again), Ok(named));
    assert_eq!(pool.pick(secs(600), &syn()), Some(named));

    // One of 251 does not know it, and then nothing does.
    pool.delete_dest(secs(600), again.address, 80).unwrap();
    pool.delete_dest(secs(600), other.address, 80).unwrap();
    assert!(pool.pick(secs(600), &syn()).is_some_and(|picked| picked != named));
    for minute in 11..20 {
        pool.handle_timeout(secs(60 * minute));
    }
    assert_ne!(pool.add_dest(secs(1200), again), Ok(named));
}

/// [MH-9] Who is gone from a group has no place, and whoever comes gets none that an old table leads to.
#[test]
fn mh_9_a_place_that_is_still_named_is_not_given_away() {
    let mh = MhTableIndex::try_from(8).unwrap();
    let config = GroupConfig { scheduler: SchedulerKind::Mh, mh, ..GroupConfig::default() };
    let mut group = Group::new(secs(0), config).unwrap();
    let dest = |number: u16| {
        let [high, low] = number.to_be_bytes();
        DestConfig::new([10, 2, high, low].into(), 80)
    };
    for number in 0..253 {
        group.add(dest(number)).unwrap();
    }
    let named = group.pick(secs(0), &syn()).unwrap();
    group.remove(named).unwrap();
    assert_eq!(group.pick(secs(0), &syn()), None);
    assert_eq!(group.add(dest(300)), Ok(253));
    assert_eq!(group.pick(secs(0), &syn()), None);
    // Of 251 the table is another one, and the place is free.
    for place in [251, 252] {
        group.remove(place).unwrap();
    }
    assert!(group.pick(secs(0), &syn()).is_some_and(|place| place != named));
    assert_eq!(group.add(dest(301)), Ok(named));
}
