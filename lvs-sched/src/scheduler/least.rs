//! What `lc`, `wlc`, `sed`, `nq`, `fo` and `ovf` have in common: the pick is the first in the list of
//! those whose amount is the smallest share of their weight.
//!
//! A short list is walked. Over a longer one each change of a counter keeps a tree up to date: a key
//! orders as the fraction does that the kernel compares by products, and then as the list, so that
//! the smallest key is the pick.

use super::winners::Winners;
use super::{Change, Scheduler, SchedulerKind, fo, lc, nq, ovf, sed, wlc};
use crate::dests::{DestList, Load, Members};
use crate::{DestId, OutOfMemory, Profile};

/// Lists up to this long are walked: there a walk is as fast, and counters need no upkeep.
const SHORT: usize = 12;

#[derive(Debug)]
pub(crate) struct Least {
    rule: Rule,
    index: Index,
    /// Whether an amount may be beyond [`MAX_AMOUNT`].
    wrapped: bool,
    /// The bits of a fraction that a narrow key has.
    scale: u32,
    /// The bits of a place that a narrow key has.
    place_bits: u32,
    narrow: Winners<u64>,
    wide: Winners<u128>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Index {
    /// The list is short.
    None,
    Narrow,
    /// A key needs more than 64 bits.
    Wide,
}

impl Least {
    pub(super) fn new(kind: SchedulerKind, list: DestList<'_>) -> Result<Self, OutOfMemory> {
        let mut least = Self {
            rule: Rule::of(kind, list.profile()),
            index: Index::None,
            wrapped: false,
            scale: 0,
            place_bits: 0,
            narrow: Winners::new(),
            wide: Winners::new(),
        };
        least.reserve(list, list.len(), 0)?;
        least.rebuild(list);
        Ok(least)
    }

    /// The list is another one, or a weight in it.
    fn rebuild(&mut self, list: DestList<'_>) {
        self.scale = self.rule.scale(list.loads().map(|load| load.weight));
        self.place_bits = place_bits(list.len());
        self.index = index(list.len(), self.scale);
        let places = |index| if self.index == index { list.len() } else { 0 };
        self.narrow.clear(places(Index::Narrow));
        self.wide.clear(places(Index::Wide));
        self.wrapped = false;
        for (load, place) in list.loads().zip(0..) {
            self.set(place, load);
        }
    }

    /// The counters or the overload flag of a destination changed.
    #[inline]
    pub(super) fn counted(&mut self, load: &Load) {
        self.set(load.place, load);
    }

    #[inline]
    fn set(&mut self, place: u32, load: &Load) {
        let amount = self.rule.amount(load);
        if amount > MAX_AMOUNT {
            self.wrapped = true;
        }
        match self.index {
            Index::None => {}
            Index::Narrow => {
                let share = self.rule.share(amount, load, self.scale);
                let key = share << self.place_bits | u64::from(place);
                self.narrow.set(place as usize, self.rule.admits(load).then_some(key));
            }
            Index::Wide => self.set_wide(place, amount, load),
        }
    }

    /// Out of line, so that it costs nothing where keys are narrow.
    #[inline(never)]
    fn set_wide(&mut self, place: u32, amount: u32, load: &Load) {
        let (high, low) = wide_share(amount, load);
        let key = u128::from(high) << 64 | u128::from(low << 32 | u64::from(place));
        self.wide.set(place as usize, self.rule.admits(load).then_some(key));
    }

    #[inline]
    pub(super) fn pick(&mut self, order: &[DestId], loads: &[Load]) -> Option<DestId> {
        match self.index {
            Index::None => self.rule.walk(order, loads),
            Index::Narrow if !self.wrapped => {
                let place = self.narrow.least()? & ((1 << self.place_bits) - 1);
                order.get(place as usize).copied()
            }
            _ => self.pick_otherwise(order, loads),
        }
    }

    /// Out of line, so that it costs nothing where keys are narrow.
    #[inline(never)]
    fn pick_otherwise(&mut self, order: &[DestId], loads: &[Load]) -> Option<DestId> {
        if self.wrapped {
            // While an amount is too great, and to find out when none is any more.
            let mut members = Members { order, loads }.iter();
            self.wrapped = members.any(|(_, load)| self.rule.amount(load) > MAX_AMOUNT);
            return self.rule.walk(order, loads);
        }
        order.get(self.wide.least()? as u32 as usize).copied()
    }
}

impl Scheduler for Least {
    fn reserve(
        &mut self,
        list: DestList<'_>,
        dests: usize,
        weight: u32,
    ) -> Result<(), OutOfMemory> {
        let weights = list.loads().map(|load| load.weight).chain([weight]);
        match index(dests, self.rule.scale(weights)) {
            Index::None => Ok(()),
            Index::Narrow => self.narrow.reserve(dests),
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
        self.index != Index::None && self.rule.kind != SchedulerKind::Fo
    }
}

/// The greatest amount that keys order as the kernel does, whose amounts have a sign: beyond it only
/// a walk makes its decision \[OVH-4\] \[WLC-2\].
const MAX_AMOUNT: u32 = i32::MAX as u32;

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
    fn walk(&self, order: &[DestId], loads: &[Load]) -> Option<DestId> {
        match self.kind {
            SchedulerKind::Lc => lc::pick(order, loads, self.per_active),
            SchedulerKind::Sed => sed::pick(order, loads),
            SchedulerKind::Nq => nq::pick(order, loads),
            SchedulerKind::Fo => fo::pick(order, loads),
            SchedulerKind::Ovf => ovf::pick(order, loads),
            _ => wlc::pick(order, loads, self.per_active),
        }
    }

    #[inline]
    const fn amount(&self, load: &Load) -> u32 {
        let of_active = self.per_active.wrapping_mul(load.active);
        let of_conns = self.per_conn.wrapping_mul(load.total);
        let idle = if load.active == 0 { self.idle } else { 0 };
        of_active.wrapping_add(of_conns).wrapping_add(self.base).wrapping_sub(idle)
    }

    #[inline]
    const fn admits(&self, load: &Load) -> bool {
        load.is_eligible() && (!matches!(self.kind, SchedulerKind::Ovf) || ovf::has_room(load))
    }

    /// The bits after the point that tell any two different fractions apart: those of unequal
    /// weights `v` and `w` differ by `1 / vw` or more.
    fn scale(&self, weights: impl Iterator<Item = u32> + Clone) -> u32 {
        if matches!(self.kind, SchedulerKind::Lc) {
            return 0;
        }
        let first = weights.clone().max().unwrap_or(0);
        let second = weights.filter(|weight| *weight != first).max().unwrap_or(0).max(1);
        let product = u64::from(first) * u64::from(second);
        u64::BITS - product.saturating_sub(1).leading_zeros()
    }

    /// The amount for each unit of weight, in units of `2^-scale`, rounded down.
    #[inline]
    const fn share(&self, amount: u32, load: &Load, scale: u32) -> u64 {
        match self.kind {
            SchedulerKind::Lc => amount as u64,
            _ => divide((amount as u64) << scale, load).0,
        }
    }
}

/// The amount for each unit of weight in units of `2^-62`: its upper bits, and the last 31.
const fn wide_share(amount: u32, load: &Load) -> (u64, u64) {
    let (whole, rest) = divide(amount as u64, load);
    let (high, rest) = divide(rest << 31, load);
    let (low, _) = divide(rest << 31, load);
    (whole << 31 | high, low)
}

/// Quotient and rest by the weight. The product with the inverse is at most one too small.
#[inline]
const fn divide(number: u64, load: &Load) -> (u64, u64) {
    let weight = load.weight as u64;
    let quotient = ((number as u128 * load.inverse as u128) >> 64) as u64;
    let rest = number.wrapping_sub(quotient.wrapping_mul(weight));
    if rest >= weight {
        (quotient.wrapping_add(1), rest.wrapping_sub(weight))
    } else {
        (quotient, rest)
    }
}

/// Which keys do for a list: a narrow one has room for an amount, its fraction and a place.
const fn index(dests: usize, scale: u32) -> Index {
    if dests <= SHORT {
        Index::None
    } else if MAX_AMOUNT.count_ones() + scale + place_bits(dests) <= u64::BITS {
        Index::Narrow
    } else {
        Index::Wide
    }
}

const fn place_bits(dests: usize) -> u32 {
    usize::BITS - dests.saturating_sub(1).leading_zeros()
}

/// The kernel's walk: the first in the list of the smallest amount for its weight \[WLC-1\] \[SCH-6\].
/// What is found decides no branch.
#[inline]
pub(super) fn walk(members: Members<'_>, amount: impl Fn(&Load) -> i32) -> Option<DestId> {
    // Of the fraction 1 / 0, so that the first eligible one is less.
    let (mut best, mut best_amount, mut best_weight) = (None, 1, 0);
    // Once there is a best, weight 0 is not looked at: with an amount below 0 it wins [WLC-2].
    for (id, load) in members.iter().filter(|(_, load)| !load.overloaded) {
        let (amount, weight) = (i64::from(amount(load)), i64::from(load.weight));
        let is_less = best_amount * weight > amount * best_weight;
        best = if is_less { Some(id) } else { best };
        best_amount = if is_less { amount } else { best_amount };
        best_weight = if is_less { weight } else { best_weight };
    }
    best.copied()
}

/// The heaviest of those eligible that `admits`, the first in the list of several.
pub(super) fn heaviest(members: Members<'_>, admits: impl Fn(&Load) -> bool) -> Option<DestId> {
    let (mut best, mut best_weight) = (None, 0);
    for (id, load) in members.iter() {
        if load.free_weight > best_weight && admits(load) {
            (best, best_weight) = (Some(*id), load.weight);
        }
    }
    best
}
