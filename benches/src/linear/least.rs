//! Those that look for the best of a list, and remember nothing.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::{Counters, List, Settings};

/// \[LC-1\]
#[inline]
pub(super) fn lc<L: List>(list: &L) -> Option<L::Place> {
    let mut best = None;
    let mut least = 0;
    for (place, settings, counters) in list.iter() {
        if settings.is_eligible() {
            let overhead = counters.overhead() as u32;
            if best.is_none() || overhead < least {
                best = Some(place);
                least = overhead;
            }
        }
    }
    best
}

/// \[WLC-1\]
#[inline]
pub(super) fn wlc<L: List>(list: &L) -> Option<L::Place> {
    least(list, Counters::overhead)
}

/// \[SED-1\]
#[inline]
pub(super) fn sed<L: List>(list: &L) -> Option<L::Place> {
    least(list, |counters| counters.active.get() + 1)
}

/// The smallest load for its weight, in products of 64 bits \[WLC-1\]. What is known of the least so
/// far is where it is, and its load; its weight is in its record.
#[inline]
fn least<L: List>(list: &L, load: impl Fn(&Counters) -> i32) -> Option<L::Place> {
    let mut dests = list.iter();
    let mut least = dests.find(|(_, settings, _)| settings.is_eligible())?;
    let mut least_load = i64::from(load(least.2));
    for dest in dests {
        let (_, settings, counters) = dest;
        if settings.overloaded.get() {
            continue;
        }
        let load = i64::from(load(counters));
        if least_load * i64::from(settings.weight.get()) > load * i64::from(least.1.weight.get()) {
            least = dest;
            least_load = load;
        }
    }
    Some(least.0)
}

/// \[NQ-1\] \[NQ-2\]
#[inline]
pub(super) fn nq<L: List>(list: &L) -> Option<L::Place> {
    let mut least: Option<(L::Place, &Settings)> = None;
    let mut least_load = 0;
    for (place, settings, counters) in list.iter() {
        if !settings.is_eligible() {
            continue;
        }
        let (active, weight) = (i64::from(counters.active.get()), i64::from(settings.weight.get()));
        if active == 0 {
            return Some(place);
        }
        let load = active + 1;
        let is_less = |least: &Settings| least_load * weight > load * i64::from(least.weight.get());
        if least.is_none_or(|(_, least)| is_less(least)) {
            least = Some((place, settings));
            least_load = load;
        }
    }
    least.map(|(place, _)| place)
}

/// \[FO-1\]
#[inline]
pub(super) fn fo<L: List>(list: &L) -> Option<L::Place> {
    heaviest(list, |_, _| true)
}

/// \[OVF-1\]
#[inline]
pub(super) fn ovf<L: List>(list: &L) -> Option<L::Place> {
    heaviest(list, |settings, counters| counters.active <= settings.weight)
}

#[inline]
fn heaviest<L: List>(list: &L, admits: impl Fn(&Settings, &Counters) -> bool) -> Option<L::Place> {
    let mut best = None;
    let mut most = 0;
    for (place, settings, counters) in list.iter() {
        let weight = settings.weight.get();
        if !settings.overloaded.get() && weight > most && admits(settings, counters) {
            best = Some(place);
            most = weight;
        }
    }
    best
}

/// The number of draws so far; they are those of a pool whose seed is 0.
#[derive(Debug, Default)]
pub(super) struct Twos(u64);

impl Twos {
    /// \[TWOS-1\] \[TWOS-3\] \[TWOS-4\]
    #[inline]
    pub(super) fn pick<L: List>(&mut self, list: &L) -> Option<L::Place> {
        let eligible = || list.iter().filter(|(_, settings, _)| settings.is_eligible());
        let mut last = None;
        let mut total = 0_i32;
        for dest in eligible() {
            total = total.wrapping_add(dest.1.weight.get());
            last = Some(dest);
        }
        let last = last?;
        let (mut r1, mut r2) = (self.draw(total), self.draw(total));
        let (mut choice1, mut choice2) = (None, None);
        for dest in eligible() {
            r1 = r1.wrapping_sub(dest.1.weight.get());
            r2 = r2.wrapping_sub(dest.1.weight.get());
            if r1 <= 0 && choice1.is_none() {
                choice1 = Some(dest);
            }
            if r2 <= 0 && choice2.is_none() {
                choice2 = Some(dest);
            }
            if choice1.is_some() && choice2.is_some() {
                break;
            }
        }
        let (one, other) = (choice1.unwrap_or(last), choice2.unwrap_or(last));
        let other_is_lighter = other.1.weight.get().wrapping_mul(one.2.overhead())
            > one.1.weight.get().wrapping_mul(other.2.overhead());
        Some(if other_is_lighter { other.0 } else { one.0 })
    }

    /// From 0 to `last`, both included \[TWOS-2\].
    fn draw(&mut self, last: i32) -> i32 {
        let mut hasher = SipHasher13::new_with_keys(0, 0);
        hasher.write(&self.0.to_le_bytes());
        self.0 += 1;
        let choices = u128::from(last as u32) + 1;
        ((u128::from(hasher.finish()) * choices) >> 64) as i32
    }
}
