//! The power of two choices: the less loaded of two destinations drawn by weight.

use core::hash::{BuildHasher, Hasher};

use lvs_proto::{Flow, Instant};

use super::Scheduler;
use crate::dests::DestList;
use crate::hash::Seed;
use crate::{Dest, DestId};

#[derive(Debug)]
pub(super) struct Twos {
    draws: Draws,
}

impl Twos {
    pub(super) const fn new(seed: Seed) -> Self {
        Self { draws: Draws { seed, count: 0 } }
    }
}

impl Scheduler for Twos {
    /// \[TWOS-1\] \[TWOS-2\]
    fn pick(&mut self, list: DestList<'_>, _now: Instant, _flow: &Flow) -> Option<DestId> {
        let total = eligible(list).fold(0_i32, |sum, (_, dest)| sum.wrapping_add(weight(dest)));
        let draws = [(); 2].map(|()| self.draws.next(total as u32) as i32);
        choose(list, draws)
    }
}

/// \[TWOS-3\] \[TWOS-4\]
fn choose(list: DestList<'_>, draws: [i32; 2]) -> Option<DestId> {
    let last = eligible(list).last()?;
    let [one, other] = draws.map(|draw| {
        let mut left = draw;
        let found = eligible(list).find(|(_, dest)| {
            left = left.wrapping_sub(weight(dest));
            left <= 0
        });
        // Nobody is found only if the sum of the weights has wrapped.
        found.unwrap_or(last)
    });
    let load = |dest: &Dest, weight: i32| list.overhead(dest).wrapping_mul(weight);
    let other_is_lighter = load(one.1, weight(other.1)) > load(other.1, weight(one.1));
    Some(if other_is_lighter { other.0 } else { one.0 })
}

fn eligible(list: DestList<'_>) -> impl Iterator<Item = (DestId, &Dest)> {
    list.iter().filter(|(_, dest)| dest.is_eligible())
}

const fn weight(dest: &Dest) -> i32 {
    dest.weight() as i32
}

/// A sequence of draws that nobody foresees without the seed, and that is the same on every machine.
#[derive(Debug)]
struct Draws {
    seed: Seed,
    count: u64,
}

impl Draws {
    /// From 0 to `last`, both included.
    fn next(&mut self, last: u32) -> u32 {
        let mut hasher = self.seed.build_hasher();
        hasher.write(&self.count.to_le_bytes());
        self.count = self.count.wrapping_add(1);
        let choices = u128::from(last) + 1;
        ((u128::from(hasher.finish()) * choices) >> 64) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;
    use crate::scheduler::{SchedulerKind, tests::dests};
    use std::vec::Vec;

    /// Pass 1 and pass 2 as two loops \[TWOS-1\] \[TWOS-3\] \[TWOS-4\].
    fn literal(list: DestList<'_>, [mut r1, mut r2]: [i32; 2]) -> Option<DestId> {
        let good: Vec<_> =
            list.iter().filter(|(_, dest)| dest.weight() > 0 && !dest.is_overloaded()).collect();
        let (mut choice1, mut choice2) = (None, None);
        for dest in &good {
            r1 = r1.wrapping_sub(dest.1.weight() as i32);
            r2 = r2.wrapping_sub(dest.1.weight() as i32);
            if r1 <= 0 && choice1.is_none() {
                choice1 = Some(dest);
            }
            if r2 <= 0 && choice2.is_none() {
                choice2 = Some(dest);
            }
        }
        let (one, other) = (choice1.or(good.last())?, choice2.or(good.last())?);
        let (w1, w2) = (one.1.weight() as i32, other.1.weight() as i32);
        let (o1, o2) = (list.overhead(one.1), list.overhead(other.1));
        Some(if w2.wrapping_mul(o1) > w1.wrapping_mul(o2) { other.0 } else { one.0 })
    }

    #[test]
    fn twos_3_twos_4_equal_their_restatement() {
        arbtest::arbtest(|u| {
            let profile = *u.choose(&[Profile::Classic, Profile::Linux6_1_183])?;
            let mut facts = Vec::new();
            for _ in 0..u.int_in_range(0..=6_u8)? {
                let weight = *u.choose(&[0, 1, 2, 5, 70_000, crate::DestConfig::MAX_WEIGHT])?;
                facts.push((
                    weight,
                    u.int_in_range(0..=9)?,
                    u.int_in_range(0..=9)?,
                    u.arbitrary()?,
                ));
            }
            let (dests, group) = dests(SchedulerKind::Twos, profile, &facts);
            let list = dests.list(group);
            for _ in 0..20 {
                let draws = if u.arbitrary()? {
                    [u.int_in_range(0..=9)?, u.int_in_range(0..=9)?]
                } else {
                    u.arbitrary()?
                };
                assert_eq!(choose(list, draws), literal(list, draws));
            }
            Ok(())
        });
    }

    #[test]
    fn twos_5_the_first_in_the_list_is_drawn_more_often() {
        let (dests, group) =
            dests(SchedulerKind::Twos, Profile::Classic, &[(2, 0, 0, 0), (3, 0, 0, 0)]);
        let list = dests.list(group);
        let [first, second] = [0, 1].map(|place| list.iter().nth(place).unwrap().0);
        // Of draws from 0 to 5, 0 to 3 lead to the first, which has weight 3.
        let picked = [0, 1, 2, 3, 4, 5].map(|draw| choose(list, [draw; 2]).unwrap());
        assert_eq!(picked, [first, first, first, first, second, second]);
    }

    #[test]
    fn twos_2_draws_are_uniform_and_of_the_seed() {
        let draws = |seed| {
            let mut draws = Draws { seed: Seed(seed), count: 0 };
            (0..6000).map(|_| draws.next(5)).collect::<Vec<_>>()
        };
        assert_eq!(draws([1, 2]), draws([1, 2]));
        assert_ne!(draws([1, 2]), draws([1, 3]));
        for value in 0..=5 {
            let count = draws([7, 8]).into_iter().filter(|draw| *draw == value).count();
            assert!((900..1100).contains(&count), "{value}: {count} of 6000");
        }
        let mut wide = Draws { seed: Seed([1, 2]), count: 0 };
        assert!((0..99).any(|_| wide.next(u32::MAX) > i32::MAX as u32));
    }
}
