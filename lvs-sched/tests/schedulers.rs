//! The worked examples of the schedulers, and restatements that take every step literally.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use arbitrary::{Result, Unstructured};
use common::{SYN, ip, secs, tcp, udp};
use lvs_proto::{Embedded, Flow, Instant, Protocol, Transport};
use lvs_sched::{
    ConnToken, CountError, Dest, DestConfig, DestId, Group, GroupConfig, LblcConfig, MhTableIndex,
    OpenError, Pool, PoolConfig, Profile,
};
use lvs_sched::{SchedulerFlags, SchedulerKind};

fn pool(scheduler: SchedulerKind, weights: &[u32]) -> Pool {
    pool_of(PoolConfig { scheduler, ..PoolConfig::default() }, weights)
}

fn pool_of(config: PoolConfig, weights: &[u32]) -> Pool {
    let mut pool = Pool::new(secs(0), config).unwrap();
    for (number, &weight) in (1..).zip(weights) {
        add(&mut pool, number, weight);
    }
    pool
}

fn config(number: u8, weight: u32) -> DestConfig {
    DestConfig { weight, ..DestConfig::new([10, 2, 2, number].into(), 80) }
}

fn add(pool: &mut Pool, number: u8, weight: u32) -> DestId {
    pool.add_dest(secs(0), config(number, weight)).unwrap()
}

fn number(dest: Dest<'_>) -> u8 {
    let text = dest.address().to_string();
    text.rsplit('.').next().unwrap().parse().unwrap()
}

fn syn() -> Flow {
    tcp("192.168.1.1", 4000, "10.0.0.1", 80, SYN)
}

/// Opens an active connection.
fn connect(pool: &mut Pool, id: DestId) -> ConnToken {
    let token = pool.open(id).unwrap();
    pool.activate(token).unwrap();
    token
}

/// Takes out a connection to that destination, if there is one.
fn take(tokens: &mut Vec<ConnToken>, pool: &Pool, id: DestId) -> Option<ConnToken> {
    let position = tokens.iter().position(|token| pool.dest_of(*token) == Some(id))?;
    Some(tokens.swap_remove(position))
}

/// Picks so often; each pick opens a connection that stays active.
fn picks(pool: &mut Pool, now: Instant, flow: &Flow, count: usize) -> Vec<u8> {
    let mut numbers = Vec::new();
    for _ in 0..count {
        let id = pool.pick(now, flow).unwrap();
        connect(pool, id);
        numbers.push(number(pool.dest(id).unwrap()));
    }
    numbers
}

#[test]
fn rr_6() {
    let mut pool = pool(SchedulerKind::Rr, &[1, 1, 1]);
    assert_eq!(picks(&mut pool, secs(0), &syn(), 5), [3, 2, 1, 3, 2]);
    add(&mut pool, 4, 1);
    assert_eq!(picks(&mut pool, secs(0), &syn(), 3), [1, 4, 3]);
}

#[test]
fn rr_4_the_predecessor_takes_the_part_of_a_deleted_one() {
    let mut pool = pool(SchedulerKind::Rr, &[1, 1, 1]);
    assert_eq!(picks(&mut pool, secs(0), &syn(), 2), [3, 2]);
    pool.delete_dest(secs(0), [10, 2, 2, 2].into(), 80).unwrap();
    assert_eq!(picks(&mut pool, secs(0), &syn(), 2), [1, 3]);
}

#[test]
fn rr_is_fair() {
    arbtest::arbtest(|u| {
        let count = u.int_in_range(1..=20_u8)?;
        let mut pool = pool(SchedulerKind::Rr, &vec![1; count.into()]);
        let rounds = u.int_in_range(1..=4_usize)?;
        let mut picked = picks(&mut pool, secs(0), &syn(), usize::from(count) * rounds);
        picked.sort_unstable();
        let everyone: Vec<_> = (1..=count).flat_map(|number| vec![number; rounds]).collect();
        assert_eq!(picked, everyone);
        Ok(())
    });
}

#[test]
fn wrr_8() {
    let mut pool = pool(SchedulerKind::Wrr, &[4, 3, 2]);
    let round = [3, 2, 1, 1, 2, 1, 3, 2, 1];
    assert_eq!(picks(&mut pool, secs(0), &syn(), 3), [3, 2, 1]);
    let after = [1, 2, 1, 3, 2, 1, 3, 2, 1];
    assert_eq!(picks(&mut pool, secs(0), &syn(), 9), after);
    assert_eq!(picks(&mut pool, secs(0), &syn(), 9), after);
    assert_eq!(round[3..], after[..6]);
}

#[test]
fn wrr_9() {
    let mut pool = pool(SchedulerKind::Wrr, &[10, 20, 30]);
    let expected = [3, 2, 1, 3, 3, 2, 3, 2, 1, 3];
    assert_eq!(picks(&mut pool, secs(0), &syn(), 10), expected);
}

/// Each pass literally, one step of the threshold at a time \[WRR-6\].
struct LiteralWrr {
    current: Option<usize>,
    cw: i64,
    mw: i64,
    di: i64,
}

impl LiteralWrr {
    fn measure(weights: &[u32]) -> (i64, i64) {
        let gcd =
            |a: u32, b: u32| (1..=a.max(b)).rev().find(|d| a % d == 0 && b % d == 0).unwrap_or(0);
        let di = weights.iter().copied().fold(0, gcd).max(1);
        let max = weights.iter().copied().max().unwrap_or(0);
        (i64::from(di), i64::from(max) - i64::from(di - 1))
    }

    fn changed(&mut self, weights: &[u32]) {
        self.current = None;
        (self.di, self.mw) = Self::measure(weights);
        if self.cw > self.mw || self.cw == 0 {
            self.cw = self.mw;
        } else if self.di > 1 {
            self.cw = self.cw / self.di * self.di + 1;
        }
    }

    fn pick(&mut self, dests: &[(u32, bool)]) -> Option<usize> {
        if self.mw == 0 {
            return None;
        }
        let start = self.current;
        let (mut stop, mut last_pass, mut restarted) = (None, false, false);
        loop {
            let first = self.current.map_or(0, |current| current + 1);
            for (position, &(weight, overloaded)) in dests.iter().enumerate().skip(first) {
                if !overloaded && i64::from(weight) >= self.cw {
                    self.current = Some(position);
                    return Some(position);
                }
                if stop == Some(position) {
                    self.current = Some(position);
                    return None;
                }
            }
            self.current = None;
            self.cw -= self.di;
            if self.cw <= 0 {
                self.cw = self.mw;
                if last_pass || start.is_none() {
                    return None;
                }
                restarted = true;
            }
            last_pass = self.cw <= self.di;
            if last_pass && restarted && start.is_some() {
                stop = start;
            }
        }
    }
}

#[test]
fn wrr_6_skipping_idle_passes_changes_nothing() {
    arbtest::arbtest(|u| {
        let mut pool = pool(SchedulerKind::Wrr, &[]);
        let mut model = LiteralWrr { current: None, cw: 0, mw: 0, di: 1 };
        for number in 1..=u.int_in_range(1..=6_u8)? {
            let config = DestConfig { upper_threshold: 3, ..config(number, weight(u)?) };
            pool.add_dest(secs(0), config).unwrap();
            model.changed(&weights(&pool));
        }
        let mut tokens = Vec::new();
        for _ in 0..u.int_in_range(0..=60_u8)? {
            let dests: Vec<_> =
                pool.dests().map(|(id, dest)| (id, dest.weight(), dest.is_overloaded())).collect();
            let (id, ..) = *u.choose(&dests)?;
            match u.int_in_range(0..=9_u8)? {
                0 => {
                    let old = *pool.dest(id).unwrap().config();
                    pool.edit_dest(secs(0), DestConfig { weight: weight(u)?, ..old }).unwrap();
                    model.changed(&weights(&pool));
                }
                1..=3 => {
                    if let Some(token) = take(&mut tokens, &pool, id) {
                        pool.close(token).unwrap();
                    }
                }
                4 => tokens.push(pool.open(id).unwrap()),
                _ => {
                    let facts: Vec<_> = dests.iter().map(|&(_, w, o)| (w, o)).collect();
                    let expected = model.pick(&facts).map(|position| dests[position].0);
                    assert_eq!(pool.pick(secs(0), &syn()), expected, "{facts:?}");
                }
            }
        }
        Ok(())
    });
}

fn weight(u: &mut Unstructured<'_>) -> Result<u32> {
    Ok(*u.choose(&[0, 1, 2, 3, 4, 6, 7, 30, 400])?)
}

fn weights(pool: &Pool) -> Vec<u32> {
    pool.dests().map(|(_, dest)| dest.weight()).collect()
}

#[test]
fn wrr_the_heaviest_overloaded_costs_no_pass_per_weight() {
    let mut pool = pool(SchedulerKind::Wrr, &[1]);
    let heavy = DestConfig { upper_threshold: 1, ..config(2, DestConfig::MAX_WEIGHT) };
    let heavy = pool.add_dest(secs(0), heavy).unwrap();
    pool.open(heavy).unwrap();
    assert_eq!(picks(&mut pool, secs(0), &syn(), 3), [1, 1, 1]);
}

#[test]
fn wlc_3_the_first_in_the_list_gets_the_first_connection() {
    assert_eq!(picks(&mut pool(SchedulerKind::Wlc, &[3, 1]), secs(0), &syn(), 2), [2, 1]);
}

#[test]
fn rr_and_wrr_begin_where_they_are_told() {
    for scheduler in [SchedulerKind::Rr, SchedulerKind::Wrr] {
        let begins = [0, 1, 2, 3, u32::MAX].map(|start_offset| {
            let config = PoolConfig { scheduler, start_offset, ..Default::default() };
            let mut pool = pool_of(config, &[1, 1, 1]);
            picks(&mut pool, secs(0), &syn(), 4)
        });
        // The greatest is a multiple of three.
        let head = vec![3, 2, 1, 3];
        let expected = [head.clone(), vec![2, 1, 3, 2], vec![1, 3, 2, 1], head.clone(), head];
        assert_eq!(begins, expected);
    }
}

#[test]
fn wrr_5_nobody_of_weight_0_is_picked_wherever_it_begins() {
    for start_offset in 0..3 {
        let config =
            PoolConfig { scheduler: SchedulerKind::Wrr, start_offset, ..Default::default() };
        assert_eq!(pool_of(config, &[0, 0, 0]).pick(secs(0), &syn()), None);
    }
}

#[test]
fn wrr_gives_the_same_shares_wherever_it_begins() {
    arbtest::arbtest(|u| {
        let weights = [(); 4].map(|()| u.int_in_range(0..=5_u32));
        let weights = weights.into_iter().collect::<Result<Vec<_>>>()?;
        let (scheduler, start_offset) = (SchedulerKind::Wrr, u.arbitrary()?);
        let mut pool =
            pool_of(PoolConfig { scheduler, start_offset, ..Default::default() }, &weights);
        let sum: usize = weights.iter().map(|weight| *weight as usize).sum();
        if sum == 0 {
            assert_eq!(pool.pick(secs(0), &syn()), None);
            return Ok(());
        }
        // The first passes lack what is before the beginning; from then on all rounds are alike.
        picks(&mut pool, secs(0), &syn(), 2 * sum);
        let round = picks(&mut pool, secs(0), &syn(), sum * 60);
        for (number, weight) in (1..).zip(&weights) {
            let share = round.iter().filter(|picked| **picked == number).count();
            let fair = *weight as usize * 60;
            assert!(share.abs_diff(fair) <= 60, "{number}: {share} of {fair}, {weights:?}");
        }
        Ok(())
    });
}

#[test]
fn fo_1_the_heaviest_takes_all() {
    let mut pool = pool(SchedulerKind::Fo, &[1, 3, 0, 3]);
    assert_eq!(picks(&mut pool, secs(0), &syn(), 3), [4, 4, 4]);
    pool.edit_dest(secs(0), config(4, 0)).unwrap();
    assert_eq!(picks(&mut pool, secs(0), &syn(), 2), [2, 2]);
}

#[test]
fn ovf_1_ovf_2_a_weight_admits_one_more_and_inactive_ones_do_not_count() {
    let mut pool = pool(SchedulerKind::Ovf, &[1, 2]);
    let first = pool.dests().next().unwrap().0;
    let token = connect(&mut pool, first);
    assert_eq!(picks(&mut pool, secs(0), &syn(), 4), [2, 2, 1, 1]);
    assert_eq!(pool.pick(secs(0), &syn()), None);
    pool.deactivate(token).unwrap();
    assert_eq!(pool.pick(secs(0), &syn()), Some(first));
}

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
fn twos_4_the_less_loaded_of_two() {
    let mut pool = pool(SchedulerKind::Twos, &[1, 1]);
    assert!(pool.pick(secs(0), &syn()).is_some());
    let picked = picks(&mut pool, secs(0), &syn(), 200);
    let first = picked.iter().filter(|number| **number == 1).count();
    assert!((90..=110).contains(&first), "{first} of 200");
}

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

/// The restatements of lc, wlc, sed, nq, fo and ovf: every pair compared, nothing else \[LC-1\]
/// \[WLC-1\] \[SED-1\] \[NQ-1\] \[FO-1\] \[OVF-1\].
fn literal(kind: SchedulerKind, profile: Profile, dests: &[(DestId, Dest<'_>)]) -> Option<DestId> {
    if matches!(kind, SchedulerKind::Fo | SchedulerKind::Ovf) {
        let admits =
            |dest: &Dest<'_>| kind == SchedulerKind::Fo || dest.active_conns() <= dest.weight();
        let good = |dest: &Dest<'_>| !dest.is_overloaded() && dest.weight() > 0 && admits(dest);
        let good: Vec<_> = dests.iter().filter(|(_, dest)| good(dest)).collect();
        let heaviest = good.iter().map(|(_, dest)| dest.weight()).max()?;
        return good.iter().find(|(_, dest)| dest.weight() == heaviest).map(|(id, _)| *id);
    }
    let overhead =
        |dest: &Dest<'_>| i128::from(profile.overhead(dest.active_conns(), dest.inactive_conns()));
    let delay = |dest: &Dest<'_>| i128::from(dest.active_conns()) + 1;
    let load = |dest: &Dest<'_>| match kind {
        SchedulerKind::Lc | SchedulerKind::Wlc => overhead(dest),
        _ => delay(dest),
    };
    let share = |dest: &Dest<'_>| match kind {
        SchedulerKind::Lc => 1,
        _ => i128::from(dest.weight()),
    };
    let eligible: Vec<_> =
        dests.iter().filter(|(_, dest)| !dest.is_overloaded() && dest.weight() > 0).collect();
    if kind == SchedulerKind::Nq {
        if let Some((id, _)) = eligible.iter().find(|(_, dest)| dest.active_conns() == 0) {
            return Some(*id);
        }
    }
    let no_worse =
        |one: &Dest<'_>, other: &Dest<'_>| load(one) * share(other) <= load(other) * share(one);
    let best = eligible.iter().find(|(_, one)| eligible.iter().all(|(_, x)| no_worse(one, x)));
    best.map(|(id, _)| *id)
}

#[test]
fn stateless_kinds_equal_their_restatements() {
    arbtest::arbtest(|u| {
        let kinds = ["lc", "wlc", "sed", "nq", "fo", "ovf"];
        let scheduler = u.choose(&kinds)?.parse().unwrap();
        let profile = *u.choose(&common::PROFILES)?;
        let mut pool = pool_of(PoolConfig { scheduler, profile, ..Default::default() }, &[]);
        for number in 1..=u.int_in_range(1..=8_u8)? {
            let upper_threshold = u.int_in_range(0..=6)?;
            let weight = *u.choose(&[0, 1, 2, 3, 5, DestConfig::MAX_WEIGHT])?;
            let config = DestConfig { upper_threshold, ..config(number, weight) };
            pool.add_dest(secs(0), config).unwrap();
        }
        let mut tokens = Vec::new();
        for _ in 0..u.int_in_range(0..=60_u8)? {
            let dests: Vec<_> = pool.dests().collect();
            let expected = literal(scheduler, profile, &dests);
            let ids: Vec<_> = dests.iter().map(|(id, _)| *id).collect();
            let picked = pool.pick(secs(0), &syn());
            assert_eq!(picked, expected);
            let id = picked.unwrap_or(*u.choose(&ids)?);
            match u.int_in_range(0..=4_u8)? {
                0 => {
                    if let Some(token) = take(&mut tokens, &pool, id) {
                        pool.deactivate(token).unwrap();
                    }
                }
                1 => {
                    if let Some(token) = take(&mut tokens, &pool, id) {
                        pool.close(token).unwrap();
                    }
                }
                2 => tokens.push(pool.open(id).unwrap()),
                _ => tokens.push(connect(&mut pool, id)),
            }
        }
        Ok(())
    });
}

#[test]
fn ovh_1_ovh_2_the_profiles_pick_differently() {
    for (profile, expected) in [(Profile::Classic, 1), (Profile::Linux6_1_183, 2)] {
        let scheduler = SchedulerKind::Lc;
        let mut pool = pool_of(PoolConfig { scheduler, profile, ..Default::default() }, &[]);
        let [idle, active] = [2, 1].map(|number| add(&mut pool, number, 1));
        connect(&mut pool, active);
        for _ in 0..256 {
            pool.open(idle).unwrap();
        }
        assert_eq!(picks(&mut pool, secs(0), &syn(), 1), [expected], "{profile:?}");
    }
}

#[test]
fn nq_3_udp_is_never_active() {
    for (scheduler, expected) in [(SchedulerKind::Nq, [3, 3]), (SchedulerKind::Sed, [2, 2])] {
        let mut pool = pool(scheduler, &[1, 3, 2]);
        let flow = udp("192.168.1.1", 4000, "10.0.0.1", 53);
        let picked = [(); 2].map(|()| {
            let id = pool.pick(secs(0), &flow).unwrap();
            pool.open(id).unwrap();
            number(pool.dest(id).unwrap())
        });
        assert_eq!(picked, expected);
    }
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

#[test]
fn sch_3_names_round_trip() {
    for kind in SchedulerKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
        assert_eq!(pool(kind, &[1, 1]).forgotten_picks(), 0);
    }
    assert!("mh2".parse::<SchedulerKind>().is_err());
}
