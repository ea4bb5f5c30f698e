//! Those that go round.

use super::List;
use super::table::gcd;

/// The one picked last, if there was one \[RR-1\].
#[derive(Debug)]
pub(super) struct Rr<P>(pub(super) Option<P>);

impl<P: Copy + PartialEq> Rr<P> {
    /// \[RR-2\]
    #[inline]
    pub(super) fn pick(&mut self, list: &impl List<Place = P>) -> Option<P> {
        for (place, settings, _) in list.after(self.0) {
            if settings.is_eligible() {
                self.0 = Some(place);
                return self.0;
            }
        }
        let current = self.0?;
        for (place, settings, _) in list.iter() {
            if settings.is_eligible() {
                self.0 = Some(place);
                return self.0;
            }
            if place == current {
                break;
            }
        }
        None
    }
}

/// \[WRR-1\]
#[derive(Debug)]
pub(super) struct Wrr<P> {
    current: Option<P>,
    cw: i32,
    mw: i32,
    di: i32,
}

impl<P: Copy + PartialEq> Wrr<P> {
    /// As it is after the destinations were added one by one, the last of the list first \[WRR-8\].
    pub(super) fn new(list: &impl List<Place = P>) -> Self {
        let mut wrr = Self { current: None, cw: 0, mw: 0, di: 1 };
        let weights: Vec<_> = list.iter().map(|(_, settings, _)| settings.weight.get()).collect();
        let (mut divisor, mut heaviest) = (0, 0);
        for &weight in weights.iter().rev() {
            divisor = gcd(divisor, weight);
            heaviest = heaviest.max(weight);
            wrr.changed_to(divisor, heaviest);
        }
        wrr
    }

    pub(super) fn changed(&mut self, list: &impl List<Place = P>) {
        let weights = || list.iter().map(|(_, settings, _)| settings.weight.get());
        self.changed_to(weights().fold(0, gcd), weights().max().unwrap_or(0));
    }

    /// \[WRR-2\] \[WRR-4\]
    fn changed_to(&mut self, divisor: i32, heaviest: i32) {
        self.current = None;
        self.di = divisor.max(1);
        self.mw = heaviest - (self.di - 1);
        if self.cw > self.mw || self.cw == 0 {
            self.cw = self.mw;
        } else if self.di > 1 {
            self.cw = self.cw / self.di * self.di + 1;
        }
    }

    /// \[WRR-5\] \[WRR-6\]
    #[inline]
    pub(super) fn pick(&mut self, list: &impl List<Place = P>) -> Option<P> {
        if self.mw == 0 {
            return None;
        }
        let start = self.current;
        let (mut stop, mut last_pass, mut restarted) = (None, false, false);
        loop {
            for (place, settings, _) in list.after(self.current) {
                if !settings.overloaded.get() && settings.weight.get() >= self.cw {
                    self.current = Some(place);
                    return Some(place);
                }
                if stop == Some(place) {
                    self.current = Some(place);
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
