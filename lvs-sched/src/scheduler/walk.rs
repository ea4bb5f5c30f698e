//! Picking by going through the list: `lc`, `wlc`, `sed`, `nq`, `fo` and `ovf` taken literally.

use super::{SchedulerKind, fo, lc, nq, ovf, sed, wlc};
use crate::dests::{Load, Loads};

/// The pick of a kind; `lc` and `wlc` count an active connection for so many more.
#[inline]
pub(super) fn pick(
    kind: SchedulerKind,
    order: &[u32],
    loads: &Loads,
    active_surplus: u32,
) -> Option<u32> {
    match kind {
        SchedulerKind::Lc => lc::pick(order, loads, active_surplus),
        SchedulerKind::Sed => sed::pick(order, loads),
        SchedulerKind::Nq => nq::pick(order, loads),
        SchedulerKind::Fo => fo::pick(order, loads),
        SchedulerKind::Ovf => ovf::pick(order, loads),
        _ => wlc::pick(order, loads, active_surplus),
    }
}

/// The kernel's walk: the first in the list of the smallest amount for its weight \[WLC-1\] \[SCH-6\].
/// What is found decides no branch.
#[inline]
pub(super) fn smallest_share<'a>(
    members: impl Iterator<Item = (u32, &'a Load)>,
    amount: impl Fn(&Load) -> i32,
) -> Option<u32> {
    // Of the fraction 1 / 0, so that the first eligible one is less.
    let (mut best, mut best_amount, mut best_weight) = (None, 1, 0);
    // Once there is a best, weight 0 is not looked at: with an amount below 0 it wins [WLC-2].
    for (place, load) in members.filter(|(_, load)| !load.is_overloaded()) {
        let (amount, weight) = (i64::from(amount(load)), i64::from(load.weight));
        let is_less = best_amount * weight > amount * best_weight;
        best = if is_less { Some(place) } else { best };
        best_amount = if is_less { amount } else { best_amount };
        best_weight = if is_less { weight } else { best_weight };
    }
    best
}

/// The heaviest of those eligible that `admits`, the first in the list of several.
pub(super) fn heaviest<'a>(
    members: impl Iterator<Item = (u32, &'a Load)>,
    admits: impl Fn(&Load) -> bool,
) -> Option<u32> {
    let (mut best, mut best_weight) = (None, 0);
    for (place, load) in members {
        if load.free_weight() > best_weight && admits(load) {
            (best, best_weight) = (Some(place), load.weight);
        }
    }
    best
}
