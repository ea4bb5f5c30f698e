//! Those that look an address up in a table: `dh`, `sh` and `mh`.

use lvs_proto::{Embedded, Flow, Protocol, Transport};
use lvs_sched::{DestConfig, MhTableIndex, Pool, PoolConfig, SchedulerFlags, SchedulerKind};

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
