//! What `lc`, `wlc`, `sed`, `nq`, `fo` and `ovf` have in common: the pick is the first in the list of
//! those whose amount is the smallest share of their weight.
//!
//! A key orders as the fraction does that the kernel compares by products, and then as the list, so
//! that the smallest key is the pick. Of few destinations the fractions have a common denominator:
//! their keys are in their [`Load`]s, and each count adds to one. Over longer lists each change of a
//! counter keeps a tree of keys up to date.

use super::winners::{Key, Winners};
use super::{Change, Scheduler, SchedulerKind, gcd, ovf, walk};
use crate::dests::{BARRED, DestList, Load, Members, Steps, inverse};
use crate::{DestId, OutOfMemory, Profile};

/// Lists up to this long are walked, for keys of a common denominator if there is one: there a walk
/// is as fast, and counters need no upkeep.
const FEW: usize = 8;
/// Lists up to this long are walked if keys would need more than 64 bits.
const FEW_WIDE: usize = 12;

#[derive(Debug)]
pub(crate) struct Least {
    rule: Rule,
    index: Index,
    /// Whether an amount may be beyond [`MAX_AMOUNT`].
    wrapped: bool,
    /// The bits of a fraction that a narrow key has.
    scale: u32,
    /// The bits of a place that a key has.
    place_bits: u32,
    /// These bits.
    place_mask: u64,
    /// What all weights divide, if the index is exact.
    denominator: u64,
    narrow: Winners<u64>,
    wide: Winners<u128>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Index {
    /// None: the list is walked.
    Walk,
    /// Keys are amounts in units of the common denominator.
    Exact,
    /// Keys are fractions in 64 bits.
    Narrow,
    /// A key needs more than 64 bits.
    Wide,
}

impl Least {
    pub(super) fn new(kind: SchedulerKind, list: DestList<'_>) -> Result<Self, OutOfMemory> {
        let mut least = Self {
            rule: Rule::of(kind, list.profile()),
            index: Index::Walk,
            wrapped: false,
            scale: 0,
            place_bits: 0,
            place_mask: 0,
            denominator: 1,
            narrow: Winners::new(),
            wide: Winners::new(),
        };
        least.reserve(list, list.len(), 0)?;
        least.rebuild(list);
        Ok(least)
    }

    /// The list is another one, or a weight in it.
    fn rebuild(&mut self, list: DestList<'_>) {
        let weights = list.loads().map(|load| self.rule.weight(load));
        self.scale = scale(weights.clone());
        self.place_bits = place_bits(list.len());
        self.place_mask = (1 << self.place_bits) - 1;
        self.denominator = common_denominator(weights.clone()).unwrap_or(1);
        self.index = self.rule.index(list.len(), weights);
        let places = |index| if self.index == index { list.len() } else { 0 };
        self.narrow.clear(places(Index::Narrow));
        self.wide.clear(places(Index::Wide));
        self.wrapped = false;
        for (load, place) in list.loads().zip(0..) {
            self.set(place, load, self.rule.inverse(load));
        }
    }

    /// The counters or the overload flag of a destination changed.
    #[inline]
    pub(super) fn counted(&mut self, load: &Load) {
        self.set(load.place, load, load.factor);
    }

    #[inline]
    fn set(&mut self, place: u32, load: &Load, inverse: u64) {
        if self.index != Index::Narrow {
            return self.set_otherwise(place, load, inverse);
        }
        let amount = self.rule.amount(load);
        if amount > MAX_AMOUNT {
            self.wrapped = true;
        }
        let key = share(amount, inverse, self.scale) << self.place_bits | u64::from(place);
        self.narrow.set(place as usize, if self.rule.admits(load) { key } else { u64::NONE });
    }

    /// Out of line, so that it costs nothing where keys are narrow.
    #[inline(never)]
    fn set_otherwise(&mut self, place: u32, load: &Load, inverse: u64) {
        if self.index != Index::Wide {
            return;
        }
        let amount = self.rule.amount(load);
        if amount > MAX_AMOUNT {
            self.wrapped = true;
        }
        let (high, low) = wide_share(amount, load.weight, inverse);
        let key = u128::from(high) << 64 | u128::from(low << 32 | u64::from(place));
        self.wide.set(place as usize, if self.rule.admits(load) { key } else { u128::NONE });
    }

    /// Each way is out of line: it has a frame of its own, or none.
    #[inline]
    pub(super) fn pick(&mut self, order: &[DestId], loads: &[Load]) -> Option<DestId> {
        match self.index {
            Index::Exact if self.rule.idle == 0 => self.pick_of_few(order, loads),
            Index::Exact => self.pick_idle_of_few(order, loads),
            Index::Narrow if !self.wrapped => self.pick_winner(order),
            _ => self.pick_otherwise(order, loads),
        }
    }

    #[inline(never)]
    fn pick_winner(&self, order: &[DestId]) -> Option<DestId> {
        order.get((self.narrow.least()? & self.place_mask) as usize).copied()
    }

    #[inline(never)]
    fn pick_of_few(&mut self, order: &[DestId], loads: &[Load]) -> Option<DestId> {
        self.pick_least(order, loads, |load| load.key)
    }

    /// Nothing but the place is left of the key of who is idle \[NQ-1\].
    #[inline(never)]
    fn pick_idle_of_few(&mut self, order: &[DestId], loads: &[Load]) -> Option<DestId> {
        let of_idle = BARRED | self.place_mask;
        let key = |load: &Load| if load.active == 0 { load.key & of_idle } else { load.key };
        self.pick_least(order, loads, key)
    }

    #[inline]
    fn pick_least(
        &mut self,
        order: &[DestId],
        loads: &[Load],
        key: impl Fn(&Load) -> u64,
    ) -> Option<DestId> {
        let (mut least, mut conns) = (BARRED, 0);
        for (_, load) in (Members { order, loads }).iter() {
            least = least.min(key(load));
            conns |= load.total;
        }
        if least < BARRED && conns <= MAX_CONNS {
            return order.get((least & self.place_mask) as usize).copied();
        }
        self.pick_otherwise(order, loads)
    }

    #[inline(never)]
    fn pick_otherwise(&mut self, order: &[DestId], loads: &[Load]) -> Option<DestId> {
        let members = Members { order, loads };
        if self.wrapped {
            // While an amount is too great, and to find out when none is any more.
            let mut amounts = members.iter().map(|(_, load)| self.rule.amount(load));
            self.wrapped = amounts.any(|amount| amount > MAX_AMOUNT);
            return self.rule.walk(members);
        }
        match self.index {
            Index::Wide => order.get(self.wide.least()? as u32 as usize).copied(),
            _ => self.rule.walk(members),
        }
    }
}

impl Scheduler for Least {
    fn reserve(
        &mut self,
        list: DestList<'_>,
        dests: usize,
        weight: u32,
    ) -> Result<(), OutOfMemory> {
        let weights = list.loads().map(|load| self.rule.weight(load)).chain([weight]);
        match self.rule.index(dests, weights) {
            Index::Walk | Index::Exact | Index::Narrow => self.narrow.reserve(dests),
            Index::Wide => {
                // When a heavy one leaves, narrow keys do again.
                self.narrow.reserve(dests)?;
                self.wide.reserve(dests)
            }
        }
    }

    fn changed(&mut self, list: DestList<'_>, _change: Change) {
        self.rebuild(list);
    }

    fn watches_counts(&self) -> bool {
        let is_tree = matches!(self.index, Index::Narrow | Index::Wide);
        is_tree && self.rule.kind != SchedulerKind::Fo
    }

    fn factor_and_key(&self, load: &Load) -> (u64, u64) {
        if self.index != Index::Exact {
            return (self.rule.inverse(load), 0);
        }
        let weight = u64::from(self.rule.weight(load));
        let unit = self.denominator.checked_div(weight).unwrap_or(0) << self.place_bits;
        // Fewer than 2^32, if the index is exact.
        let of = |count: u32| (unit * u64::from(count)) as u32;
        let steps =
            Steps { per_active: of(self.rule.per_active), per_conn: of(self.rule.per_conn) };
        let amount = u64::from(self.rule.per_active) * u64::from(load.active)
            + u64::from(self.rule.per_conn) * u64::from(load.total)
            + u64::from(self.rule.base);
        let barred = if load.is_eligible() { 0 } else { BARRED };
        let key = amount.wrapping_mul(unit).wrapping_add(barred + u64::from(load.place));
        (steps.factor(), key)
    }
}

/// The greatest amount that keys order as the kernel does, whose amounts have a sign: beyond it only
/// a walk makes its decision \[OVH-4\] \[WLC-2\].
const MAX_AMOUNT: u32 = i32::MAX as u32;
/// With no more connections than these, 2^n - 1, an amount is not too great: each counts for 257 at
/// most.
const MAX_CONNS: u32 = (1 << 22) - 1;

/// What a scheduler compares: so much for each active connection, each connection, and always.
#[derive(Clone, Copy, Debug)]
struct Rule {
    kind: SchedulerKind,
    per_active: u32,
    per_conn: u32,
    base: u32,
    /// What is taken off of who is idle.
    idle: u32,
}

impl Rule {
    const fn of(kind: SchedulerKind, profile: Profile) -> Self {
        let (per_active, per_conn, base, idle) = match kind {
            SchedulerKind::Sed => (1, 0, 1, 0),
            // Nothing is before all that are busy, whatever the weights [NQ-1].
            SchedulerKind::Nq => (1, 0, 1, 1),
            // The greatest weight has the smallest share of 1.
            SchedulerKind::Fo | SchedulerKind::Ovf => (0, 0, 1, 0),
            _ => (profile.active_surplus(), 1, 0, 0),
        };
        Self { kind, per_active, per_conn, base, idle }
    }

    /// The rule taken literally.
    #[inline]
    fn walk(&self, members: Members<'_>) -> Option<DestId> {
        walk::pick(self.kind, members, self.per_active)
    }

    #[inline]
    const fn amount(&self, load: &Load) -> u32 {
        let of_active = self.per_active.wrapping_mul(load.active);
        let of_conns = self.per_conn.wrapping_mul(load.total);
        // Who is idle is hard to foretell: no branch.
        let idle = self.idle & (load.active == 0) as u32;
        of_active.wrapping_add(of_conns).wrapping_add(self.base).wrapping_sub(idle)
    }

    #[inline]
    const fn admits(&self, load: &Load) -> bool {
        load.is_eligible() && (!matches!(self.kind, SchedulerKind::Ovf) || ovf::has_room(load))
    }

    /// What an amount is for: `lc` looks at no weight but 0.
    const fn weight(&self, load: &Load) -> u32 {
        if matches!(self.kind, SchedulerKind::Lc) { 1 } else { load.weight }
    }

    const fn inverse(&self, load: &Load) -> u64 {
        inverse(self.weight(load))
    }

    /// Which keys do for a list.
    fn index(&self, dests: usize, weights: impl Iterator<Item = u32> + Clone) -> Index {
        let is_few = dests <= FEW;
        if is_few && self.kind != SchedulerKind::Ovf && is_exact(dests, weights.clone()) {
            Index::Exact
        } else if !is_few && is_narrow(dests, weights) {
            Index::Narrow
        } else if dests <= FEW_WIDE {
            Index::Walk
        } else {
            Index::Wide
        }
    }
}

/// The amount for each unit of weight, in units of `2^-scale`, rounded down, if keys are
/// [narrow](is_narrow).
#[inline]
const fn share(amount: u32, inverse: u64, scale: u32) -> u64 {
    // One more makes up for the inverse, which is too small: as long as number times weight fits 64
    // bits, the product is less than 1 / weight too great, and never too small.
    let number = ((amount as u64) << scale) + 1;
    ((number as u128 * inverse as u128) >> 64) as u64
}

/// What all weights divide, if there is room for it.
fn common_denominator(mut weights: impl Iterator<Item = u32>) -> Option<u64> {
    weights.try_fold(1_u64, |common, weight| {
        let rest = common.checked_rem(weight.into()).unwrap_or(0) as u32;
        let shared = gcd(weight, rest).max(1);
        common.checked_mul(u64::from((weight / shared).max(1)))
    })
}

/// Whether a key has room for amounts in units of the common denominator and a place, and half of it
/// for what a connection adds, which is 256 at most.
fn is_exact(dests: usize, weights: impl Iterator<Item = u32> + Clone) -> bool {
    let lightest = weights.clone().filter(|weight| *weight != 0).min().unwrap_or(1);
    let room = u32::BITS - 8 - place_bits(dests);
    common_denominator(weights).is_some_and(|common| common / u64::from(lightest) < 1 << room)
}

/// Whether a key has room for an amount, its fraction and a place, and so has a product of amount
/// and fraction for the heaviest weight.
fn is_narrow(dests: usize, weights: impl Iterator<Item = u32> + Clone) -> bool {
    let heaviest = weights.clone().max().unwrap_or(0);
    let bits = place_bits(dests).max(u32::BITS - heaviest.leading_zeros());
    MAX_AMOUNT.count_ones() + scale(weights) + bits <= u64::BITS
}

/// The bits after the point that tell any two different fractions apart: those of unequal weights
/// `v` and `w` differ by `1 / vw` or more.
fn scale(weights: impl Iterator<Item = u32> + Clone) -> u32 {
    let first = weights.clone().max().unwrap_or(0);
    let second = weights.filter(|weight| *weight != first).max().unwrap_or(0).max(1);
    let product = u64::from(first) * u64::from(second);
    u64::BITS - product.saturating_sub(1).leading_zeros()
}

/// The amount for each unit of weight in units of `2^-62`: its upper bits, and the last 31.
const fn wide_share(amount: u32, weight: u32, inverse: u64) -> (u64, u64) {
    let (whole, rest) = divide(amount as u64, weight, inverse);
    let (high, rest) = divide(rest << 31, weight, inverse);
    let (low, _) = divide(rest << 31, weight, inverse);
    (whole << 31 | high, low)
}

/// Quotient and rest by the weight. The product with the inverse is at most one too small.
const fn divide(number: u64, weight: u32, inverse: u64) -> (u64, u64) {
    let weight = weight as u64;
    let quotient = ((number as u128 * inverse as u128) >> 64) as u64;
    let rest = number.wrapping_sub(quotient.wrapping_mul(weight));
    if rest >= weight {
        (quotient.wrapping_add(1), rest.wrapping_sub(weight))
    } else {
        (quotient, rest)
    }
}

const fn place_bits(dests: usize) -> u32 {
    usize::BITS - dests.saturating_sub(1).leading_zeros()
}
