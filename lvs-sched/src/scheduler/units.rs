//! Keys of few destinations, to which each count adds.

use super::gcd;
use crate::dests::BARRED;

/// With no more connections than these an amount is one that the kernel does not take for negative:
/// each counts for 257 at most \[OVH-4\] \[WLC-2\].
const MAX_CONNS: u32 = (1 << 22) - 1;
/// The least share for which keys must be right, else there are none.
const MIN_SHARE: u64 = 32;

/// What each unit of weight shares a denominator of: the key of a destination is its amount, times
/// the denominator, by its weight, and its position in the list, so that no two keys are equal.
///
/// Of weights with a small common multiple that is the denominator: keys of equal shares differ in
/// the position alone. Otherwise what does not divide is rounded up, and there is something more in
/// the denominator for each position: of equal shares the later has the greater key, and of unequal
/// ones the lesser has, as long as it is below a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Units {
    denominator: u64,
    /// What is added to the denominator for each position.
    slack: u64,
    limit: u64,
}

impl Units {
    /// Those for so many destinations of these weights, at most 2^31 - 1; `None` if keys have no room
    /// for them.
    pub(super) fn of(dests: usize, weights: impl Iterator<Item = u32> + Clone) -> Option<Self> {
        let dests = dests.max(1) as u64;
        let common = common_multiple(weights.clone()).and_then(|common| common.checked_mul(dests));
        if let Some(denominator) = common.filter(|denominator| *denominator <= 1 << 32) {
            return Some(Self { denominator, slack: 0, limit: BARRED });
        }
        let heaviest = weights.clone().max().unwrap_or(0);
        let second = weights.filter(|weight| *weight != heaviest).max().unwrap_or(0);
        let [heaviest, second] = [heaviest, second].map(|weight| u64::from(weight.max(1)));
        // Unequal shares differ by this part of the denominator; each may be too great by the drift.
        let (part, drift) = (heaviest * second, dests * heaviest);
        let bits = u64::BITS - part.checked_mul(drift)?.leading_zeros();
        let denominator = 1_u64.checked_shl((u64::BITS + bits) / 2)?;
        let share = (denominator / part).saturating_sub(dests) / drift;
        let limit = share.saturating_mul(denominator).min(BARRED);
        (share >= MIN_SHARE).then_some(Self { denominator, slack: heaviest, limit })
    }

    /// Keys below are right.
    pub(super) const fn limit(self) -> u64 {
        self.limit
    }

    /// What each unit of an amount adds to the key at that position.
    pub(super) const fn unit(self, position: u32, weight: u32) -> u64 {
        let weight = if weight == 0 { 1 } else { weight as u64 };
        (self.denominator + position as u64 * self.slack).div_ceil(weight)
    }
}

/// With how many connections a key has room for one more, if each counts for so many units, and there
/// are some always.
pub(super) fn most_conns(unit: u64, per_conn: u32, always: u32) -> u32 {
    let amounts = (BARRED / 2).checked_div(unit).unwrap_or(0).saturating_sub(always.into());
    let conns = amounts.checked_div(per_conn.into()).unwrap_or(u64::MAX);
    conns.saturating_sub(1).min(MAX_CONNS.into()) as u32
}

/// The least number that all weights divide, if there is room for it.
fn common_multiple(mut weights: impl Iterator<Item = u32>) -> Option<u64> {
    weights.try_fold(1_u64, |common, weight| {
        let rest = common.checked_rem(weight.into()).unwrap_or(0) as u32;
        let shared = gcd(weight, rest).max(1);
        common.checked_mul(u64::from((weight / shared).max(1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn keys_order_as_fractions_and_positions_do() {
        arbtest::arbtest(|u| {
            let heaviest = *u.choose(&[1, 3, 100, 1000, 65_535])?;
            let mut weights = Vec::new();
            for _ in 0..u.int_in_range(1..=16_u8)? {
                weights.push(u.int_in_range(1..=heaviest)?);
            }
            let Some(units) = Units::of(weights.len(), weights.iter().copied()) else {
                return Ok(());
            };
            let most = *u.choose(&[3, 300, 300_000])?;
            let mut keyed = Vec::new();
            for (position, &weight) in (0..).zip(&weights) {
                let unit = units.unit(position, weight);
                let conns = most_conns(unit, 257, 1);
                let amount = u.int_in_range(0..=most)?.min(257 * conns + 1);
                let key = u64::from(amount) * unit + u64::from(position);
                assert!(key < BARRED);
                keyed.push((key, amount, weight, position));
            }
            let least = keyed.iter().copied().min().unwrap();
            let shares = |a: &(u64, u32, u32, u32), b: &(u64, u32, u32, u32)| {
                let crosswise = |a: u32, b: u32| u64::from(a) * u64::from(b);
                crosswise(a.1, b.2).cmp(&crosswise(b.1, a.2)).then(a.3.cmp(&b.3))
            };
            let expected = keyed.iter().copied().min_by(shares).unwrap();
            if least.0 < units.limit() {
                assert_eq!(least, expected, "{weights:?}");
            }
            Ok(())
        });
    }
}
