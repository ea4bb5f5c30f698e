//! What `lc`, `wlc`, `sed`, `nq`, `fo` and `ovf` have in common: the pick is the first in the list of
//! those whose amount is the smallest share of their weight.
//!
//! A key orders as the fraction does that the kernel compares by products, and then as the list, so
//! that the smallest key is the pick. Of few destinations the keys are in their [`Load`]s, and each
//! count adds to one: see [`Units`]. Over longer lists each change of a counter keeps a tree of keys
//! up to date.

use super::units::{Units, most_conns};
use super::winners::{Key, Winners};
use super::{Change, Scheduler, SchedulerKind, nq, walk};
use crate::dests::{DestList, Growth, Load, Loads, Watch, inverse, loads_of};
use crate::{OutOfMemory, Profile};

/// Lists up to this long are looked at from end to end: there that is as fast, and counters need
/// little upkeep.
pub(crate) const FEW: usize = 16;
/// Of `fo`, whose keys no count changes, longer ones have a tree; those of `ovf` always have one.
const FEW_STEADY: usize = 4;
/// Lists up to this long are walked if there are no units for their weights.
const FEW_WALKED: usize = 8;
/// Lists up to this long are walked if keys would need more than 64 bits.
const FEW_WIDE: usize = 12;

#[derive(Debug)]
pub(crate) struct Least {
    rule: Rule,
    index: Index,
    /// Of `nq` where there are but two places: who is idle is looked for first, which processors
    /// foretell there, and keys are those of `sed`.
    greets_idle: bool,
    /// Whether an amount may be beyond [`MAX_AMOUNT`], or a key has no room for more.
    wrapped: bool,
    /// Keys in units below this one are right: none while one has no room.
    limit: u64,
    /// The bits of a fraction that a narrow key has.
    scale: u32,
    /// The bits of a position that a narrow key has.
    position_bits: u32,
    /// These bits.
    position_mask: u64,
    narrow: Winners<u64>,
    wide: Winners<u128>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Index {
    /// None: the list is walked.
    Walk,
    /// Keys are amounts in these units.
    Units(Units),
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
            greets_idle: false,
            wrapped: false,
            limit: 0,
            scale: 0,
            position_bits: 0,
            position_mask: 0,
            narrow: Winners::new(),
            wide: Winners::new(),
        };
        least.reserve(list, list.len(), 0)?;
        least.rebuild(list);
        Ok(least)
    }

    /// The list is another one, or a weight in it.
    fn rebuild(&mut self, list: DestList<'_>) {
        let prefers_idle = self.rule.kind == SchedulerKind::Nq;
        self.greets_idle = prefers_idle && list.loads.len() <= 2;
        self.rule.idle = u32::from(prefers_idle && !self.greets_idle);
        let weights = list.loads().map(|load| self.rule.weight(load));
        self.scale = scale(weights.clone());
        self.position_bits = position_bits(list.len());
        self.position_mask = (1 << self.position_bits) - 1;
        self.index = self.rule.index(list.len(), weights);
        let places = |index| if self.index == index { list.len() } else { 0 };
        self.narrow.clear(places(Index::Narrow));
        self.wide.clear(places(Index::Wide));
        self.set_wrapped(false);
        for (load, position) in list.loads().zip(0..) {
            self.set(position, load, self.rule.inverse(load));
        }
    }

    /// The counters or the overload flag of a destination changed.
    #[inline]
    pub(super) fn counted(&mut self, load: &Load) {
        self.set(load.position, load, load.factor);
    }

    #[inline]
    fn set(&mut self, position: u32, load: &Load, inverse: u64) {
        if self.index != Index::Narrow {
            return self.set_otherwise(position, load, inverse);
        }
        let amount = self.rule.amount(load);
        if amount > MAX_AMOUNT {
            self.wrapped = true;
        }
        let key = share(amount, inverse, self.scale) << self.position_bits | u64::from(position);
        self.narrow.set(position as usize, if self.rule.admits(load) { key } else { u64::NONE });
    }

    /// Out of line, so that it costs nothing where keys are narrow.
    #[inline(never)]
    fn set_otherwise(&mut self, position: u32, load: &Load, inverse: u64) {
        if self.is_beyond(position, load) {
            self.set_wrapped(true);
        }
        if self.index != Index::Wide {
            return;
        }
        let amount = self.rule.amount(load);
        let (high, low) = wide_share(amount, load.weight, inverse);
        let key = u128::from(high) << 64 | u128::from(low << 32 | u64::from(position));
        self.wide.set(position as usize, if self.rule.admits(load) { key } else { u128::NONE });
    }

    /// Each way is out of line: it has a frame of its own, or none.
    #[inline]
    pub(super) fn pick(&mut self, order: &[u32], loads: &Loads) -> Option<u32> {
        match self.index {
            Index::Units(_) => self.pick_of_few(order, loads),
            Index::Narrow if !self.wrapped => self.pick_winner(order),
            _ => self.pick_otherwise(order, loads),
        }
    }

    /// The same where no other list has a place among the loads, and there are but two or four: the
    /// order is in the keys. `None` also if they have none.
    #[inline]
    pub(super) fn pick_at_once(&self, loads: &Loads) -> Option<u32> {
        match loads.as_slice() {
            [a, b] if self.greets_idle => {
                nq::idle_of_two(a, b).or_else(|| self.sure(lesser((a.key, 0), (b.key, 1))))
            }
            [a, b] => self.sure(lesser((a.key, 0), (b.key, 1))),
            [a, b, c, d] => self.sure(lesser_of_four([a, b, c, d], 0)),
            _ => None,
        }
    }

    /// The same of a few more, or by a tree.
    #[inline(never)]
    pub(super) fn pick_soon(&mut self, order: &[u32], loads: &Loads) -> Option<u32> {
        let few = loads.as_slice();
        if few.len() > FEW || self.limit == 0 {
            return self.pick(order, loads);
        }
        let mut least = (u64::MAX, 0);
        for (four, first) in few.chunks(4).zip([0, 4, 8, 12]) {
            if let [a, b, c, d] = four {
                least = lesser(least, lesser_of_four([a, b, c, d], first));
            }
        }
        self.sure(least).or_else(|| self.pick_otherwise(order, loads))
    }

    #[inline]
    const fn sure(&self, (key, place): (u64, u32)) -> Option<u32> {
        if key < self.limit { Some(place) } else { None }
    }

    #[inline(never)]
    fn pick_winner(&self, order: &[u32]) -> Option<u32> {
        order.get((self.narrow.least()? & self.position_mask) as usize).copied()
    }

    #[inline(never)]
    fn pick_of_few(&mut self, order: &[u32], loads: &Loads) -> Option<u32> {
        if self.greets_idle {
            if let Some(idle) = nq::first_idle(order, loads) {
                return Some(idle);
            }
        }
        let (mut best, mut least) = (None, self.limit);
        for (place, load) in loads_of(order, loads) {
            if load.key < least {
                (best, least) = (Some(place), load.key);
            }
        }
        if best.is_some() { best } else { self.pick_otherwise(order, loads) }
    }

    #[inline(never)]
    fn pick_otherwise(&mut self, order: &[u32], loads: &Loads) -> Option<u32> {
        if self.wrapped {
            // While an amount is too great, and to find out when none is any more.
            let mut members = (0..).zip(loads_of(order, loads));
            let wrapped = members.any(|(position, (_, load))| self.is_beyond(position, load));
            self.set_wrapped(wrapped);
            return self.rule.walk(order, loads);
        }
        match self.index {
            Index::Wide => order.get(self.wide.least()? as u32 as usize).copied(),
            _ => self.rule.walk(order, loads),
        }
    }

    fn is_beyond(&self, position: u32, load: &Load) -> bool {
        match self.index {
            Index::Units(units) => load.total > self.rule.growth(units, position, load).conns,
            Index::Walk => false,
            Index::Narrow | Index::Wide => self.rule.amount(load) > MAX_AMOUNT,
        }
    }

    fn set_wrapped(&mut self, wrapped: bool) {
        self.wrapped = wrapped;
        self.limit = match self.index {
            Index::Units(units) if !wrapped => units.limit(),
            _ => 0,
        };
    }
}

impl Scheduler for Least {
    fn reserve(
        &mut self,
        list: DestList<'_>,
        dests: usize,
        weight: u32,
    ) -> Result<(), OutOfMemory> {
        // Also for when one has left: then there may be units no longer, or narrow keys do again.
        self.narrow.reserve(dests)?;
        let weights = list.loads().map(|load| self.rule.weight(load)).chain([weight]);
        if dests > FEW_WIDE && !is_narrow(dests, self.rule.most(), weights) {
            self.wide.reserve(dests)
        } else {
            Ok(())
        }
    }

    fn changed(&mut self, list: DestList<'_>, _change: Change) {
        self.rebuild(list);
    }

    fn watch(&self) -> Watch {
        match (self.index, self.rule.kind) {
            (Index::Walk | Index::Units(_), _) | (_, SchedulerKind::Fo) => Watch::Overload,
            (_, SchedulerKind::Ovf) => Watch::Room,
            _ => Watch::Counts,
        }
    }

    fn growth(&self, load: &Load) -> Growth {
        match self.index {
            Index::Units(units) => self.rule.growth(units, load.position, load),
            _ => Growth::none(self.rule.inverse(load)),
        }
    }
}

/// The least key, and its place.
#[inline]
const fn lesser_of_four([a, b, c, d]: [&Load; 4], first: u32) -> (u64, u32) {
    let one = lesser((a.key, first), (b.key, first + 1));
    lesser(one, lesser((c.key, first + 2), (d.key, first + 3)))
}

#[inline]
const fn lesser(one: (u64, u32), other: (u64, u32)) -> (u64, u32) {
    if other.0 < one.0 { other } else { one }
}

/// The greatest amount that keys order as the kernel does, whose amounts have a sign: beyond it only
/// a walk makes its decision \[OVH-4\] \[WLC-2\].
const MAX_AMOUNT: u32 = i32::MAX as u32;
/// What a scheduler compares: so much for each active connection, each connection, and always.
#[derive(Clone, Copy, Debug)]
struct Rule {
    kind: SchedulerKind,
    per_active: u16,
    per_conn: u8,
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
            _ => (profile.active_surplus() as u16, 1, 0, 0),
        };
        Self { kind, per_active, per_conn, base, idle }
    }

    /// The rule taken literally.
    #[inline]
    fn walk(&self, order: &[u32], loads: &Loads) -> Option<u32> {
        walk::pick(self.kind, order, loads, self.per_active.into())
    }

    #[inline]
    const fn amount(&self, load: &Load) -> u32 {
        let of_active = (self.per_active as u32).wrapping_mul(load.active);
        let of_conns = (self.per_conn as u32).wrapping_mul(load.total);
        // Who is idle is hard to foretell: no branch.
        let idle = self.idle & (load.active == 0) as u32;
        of_active.wrapping_add(of_conns).wrapping_add(self.base).wrapping_sub(idle)
    }

    /// The greatest amount that keys order.
    const fn most(&self) -> u32 {
        if self.per_active == 0 { self.base } else { MAX_AMOUNT }
    }

    #[inline]
    const fn admits(&self, load: &Load) -> bool {
        load.is_eligible() && (!matches!(self.kind, SchedulerKind::Ovf) || load.has_room())
    }

    /// What an amount is for: `lc` looks at no weight but 0.
    const fn weight(&self, load: &Load) -> u32 {
        if matches!(self.kind, SchedulerKind::Lc) { 1 } else { load.weight }
    }

    const fn inverse(&self, load: &Load) -> u64 {
        inverse(self.weight(load))
    }

    /// What a count adds to the key of a destination at that position.
    fn growth(&self, units: Units, position: u32, load: &Load) -> Growth {
        let Self { per_active, per_conn, base, idle, .. } = *self;
        let unit = units.unit(position, self.weight(load));
        let conns = most_conns(unit, u32::from(per_active) + u32::from(per_conn), base);
        let amount = u64::from(per_active) * u64::from(load.active)
            + u64::from(per_conn) * u64::from(load.total)
            + u64::from(base)
            - u64::from(idle & u32::from(load.active == 0));
        let key = amount.wrapping_mul(unit).wrapping_add(position.into());
        let rests = idle != 0;
        let per_active = if rests { 0 } else { per_active };
        Growth { unit, key, per_active, per_conn, rests, conns }
    }

    /// Which keys do for a list.
    fn index(&self, dests: usize, weights: impl Iterator<Item = u32> + Clone) -> Index {
        let (few, few_walked) = match self.kind {
            SchedulerKind::Fo => (FEW_STEADY, 0),
            SchedulerKind::Ovf => (0, 0),
            _ => (FEW, FEW_WALKED),
        };
        if dests <= few {
            if let Some(units) = Units::of(dests, weights.clone()) {
                return Index::Units(units);
            }
        }
        if dests <= few_walked {
            Index::Walk
        } else if is_narrow(dests, self.most(), weights) {
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

/// Whether a key has room for an amount up to `most`, its fraction and a position, and so has a product
/// of amount and fraction for the heaviest weight.
fn is_narrow(dests: usize, most: u32, weights: impl Iterator<Item = u32> + Clone) -> bool {
    let heaviest = weights.clone().max().unwrap_or(0);
    let bits = |number: u32| u32::BITS - number.leading_zeros();
    bits(most) + scale(weights) + position_bits(dests).max(bits(heaviest)) <= u64::BITS
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

const fn position_bits(dests: usize) -> u32 {
    usize::BITS - dests.saturating_sub(1).leading_zeros()
}
