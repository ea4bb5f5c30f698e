//! The power of two choices: the less loaded of two destinations drawn by weight.

use core::hash::{BuildHasher, Hasher};

use super::sums::Sums;
use super::{Change, Scheduler};
use crate::OutOfMemory;
use crate::dests::{DestList, Load};
use crate::hash::Seed;

#[derive(Debug)]
pub(crate) struct Twos {
    draws: Draws,
    /// The weights of those eligible.
    weights: Sums,
}

impl Twos {
    pub(super) fn new(seed: Seed, list: DestList<'_>) -> Result<Self, OutOfMemory> {
        let mut twos = Self { draws: Draws { seed, count: 0 }, weights: Sums::default() };
        twos.weights.reserve(list.len())?;
        twos.rebuild(list);
        Ok(twos)
    }

    fn rebuild(&mut self, list: DestList<'_>) {
        self.weights.rebuild(list.loads().map(Load::free_weight));
    }

    /// \[TWOS-1\] \[TWOS-2\]
    pub(super) fn pick(&mut self, list: DestList<'_>) -> Option<u32> {
        let total = self.weights.total() as u32;
        let draws = [(); 2].map(|()| self.draws.next(total) as i32);
        self.choose(list, draws)
    }

    /// \[TWOS-3\] \[TWOS-4\]
    fn choose(&self, list: DestList<'_>, draws: [i32; 2]) -> Option<u32> {
        let [one, other] = if self.weights.total() > i32::MAX as u64 {
            walk(list, draws)
        } else {
            draws.map(|draw| list.order.get(self.weights.reaching(draw.max(1) as u64)).copied())
        };
        let (one, other) = (one?, other?);
        let (first, second) = (list.load(one)?, list.load(other)?);
        let load = |of: &Load, by: &Load| list.overhead(of).wrapping_mul(by.weight as i32);
        Some(if load(first, second) > load(second, first) { other } else { one })
    }

    #[inline(never)]
    pub(super) fn counted(&mut self, load: &Load) {
        self.weights.set(load.position as usize, load.free_weight());
    }
}

impl Scheduler for Twos {
    fn reserve(
        &mut self,
        _list: DestList<'_>,
        dests: usize,
        _weight: u32,
    ) -> Result<(), OutOfMemory> {
        self.weights.reserve(dests)
    }

    fn changed(&mut self, list: DestList<'_>, _change: Change) {
        self.rebuild(list);
    }
}

/// The two drawn, where the sum of the weights has wrapped: nobody may be found, and then the last
/// eligible one takes the part \[TWOS-1\].
fn walk(list: DestList<'_>, draws: [i32; 2]) -> [Option<u32>; 2] {
    let eligible = || list.iter().filter(|(_, load)| load.is_eligible());
    draws.map(|draw| {
        let mut left = draw;
        let found = eligible().find(|(_, load)| {
            left = left.wrapping_sub(load.weight as i32);
            left <= 0
        });
        found.or_else(|| eligible().last()).map(|(place, _)| place)
    })
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
    fn literal(list: DestList<'_>, [mut r1, mut r2]: [i32; 2]) -> Option<u32> {
        let good: Vec<_> =
            list.iter().filter(|(_, load)| load.weight > 0 && !load.is_overloaded()).collect();
        let (mut choice1, mut choice2) = (None, None);
        for dest in &good {
            r1 = r1.wrapping_sub(dest.1.weight as i32);
            r2 = r2.wrapping_sub(dest.1.weight as i32);
            if r1 <= 0 && choice1.is_none() {
                choice1 = Some(dest);
            }
            if r2 <= 0 && choice2.is_none() {
                choice2 = Some(dest);
            }
        }
        let (one, other) = (choice1.or(good.last())?, choice2.or(good.last())?);
        let (w1, w2) = (one.1.weight as i32, other.1.weight as i32);
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
            let list = dests.members(group);
            let twos = Twos::new(Seed([0; 2]), list).unwrap();
            for _ in 0..20 {
                let last = twos.weights.total() as u32;
                let draws = [(); 2].map(|()| u.int_in_range(0..=last));
                let draws = [draws[0]? as i32, draws[1]? as i32];
                assert_eq!(twos.choose(list, draws), literal(list, draws));
            }
            Ok(())
        });
    }

    #[test]
    fn twos_5_the_first_in_the_list_is_drawn_more_often() {
        let (dests, group) =
            dests(SchedulerKind::Twos, Profile::Classic, &[(2, 0, 0, 0), (3, 0, 0, 0)]);
        let list = dests.members(group);
        let [first, second] = [0, 1].map(|place| list.iter().nth(place).unwrap().0);
        let twos = Twos::new(Seed([0; 2]), list).unwrap();
        // Of draws from 0 to 5, 0 to 3 lead to the first, which has weight 3.
        let picked = [0, 1, 2, 3, 4, 5].map(|draw| twos.choose(list, [draw; 2]).unwrap());
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
