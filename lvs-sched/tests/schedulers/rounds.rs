//! Those that go round: `rr` and `wrr`.

use arbitrary::{Result, Unstructured};
use lvs_sched::{DestConfig, Pool, PoolConfig, SchedulerKind};

use super::common::secs;
use super::pools::{add, config, picks, pool, pool_of, syn, take};

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
