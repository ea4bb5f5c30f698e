//! Every scheduler by the letter of its rules, over a list that is walked from its head.

mod cache;
mod least;
mod robin;
mod table;

use std::cell::Cell;
use std::fmt;
use std::hint::black_box;

use lvs_proto::Flow;
use lvs_sched::SchedulerKind;

use crate::churn::Scheduler;
use crate::setting::Setting;
use cache::{Cache, Lblc, Lblcr};
use least::Twos;
use robin::{Rr, Wrr};
use table::{Dh, Mh, Sh};

/// Destinations in list order.
pub trait List {
    /// Names one of them.
    type Place: Copy + PartialEq + fmt::Debug + 'static;

    /// A list of these destinations, without connections.
    fn new(settings: impl Iterator<Item = Settings>) -> Self;

    /// The names of all.
    fn places(&self) -> impl Iterator<Item = Self::Place>;

    /// The destinations after one of them, or all.
    fn after(
        &self,
        place: Option<Self::Place>,
    ) -> impl Iterator<Item = (Self::Place, &Settings, &Counters)>;

    /// One of them.
    fn get(&self, place: Self::Place) -> (&Settings, &Counters);

    /// All of them.
    #[inline]
    fn iter(&self) -> impl Iterator<Item = (Self::Place, &Settings, &Counters)> {
        self.after(None)
    }
}

/// What is set of a destination, and whether it is overloaded.
#[repr(C)]
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Connections have reached the upper threshold \[OVL-4\].
    overloaded: Cell<bool>,
    /// The latest weight other than 0 \[DST-12\].
    last_weight: Cell<i32>,
    /// Its share.
    pub(crate) weight: Cell<i32>,
}

impl Settings {
    /// A destination of that weight.
    #[must_use]
    pub const fn new(weight: u32) -> Self {
        let weight = weight as i32;
        Self {
            overloaded: Cell::new(false),
            last_weight: Cell::new(weight),
            weight: Cell::new(weight),
        }
    }

    /// \[SCH-4\]
    #[inline]
    fn is_eligible(&self) -> bool {
        !self.overloaded.get() && self.weight.get() > 0
    }
}

/// What is counted of a destination, and its thresholds.
#[repr(C)]
#[derive(Clone, Debug, Default)]
pub struct Counters {
    pub(crate) active: Cell<i32>,
    inactive: Cell<i32>,
    /// At this many connections it is overloaded; 0 is never.
    upper: Cell<u32>,
    /// Below this many connections it is no longer overloaded; 0 is three quarters of `upper`.
    lower: Cell<u32>,
}

impl Counters {
    /// \[OVH-2\]
    #[inline]
    fn overhead(&self) -> i32 {
        (self.active.get() << 8).wrapping_add(self.inactive.get())
    }

    #[inline]
    fn total(&self) -> u32 {
        self.active.get().wrapping_add(self.inactive.get()) as u32
    }
}

/// A scheduler over a list.
#[derive(Debug)]
pub struct Linear<L: List> {
    list: L,
    rule: Rule<L::Place>,
}

#[derive(Debug)]
enum Rule<P> {
    Rr(Rr<P>),
    Wrr(Wrr<P>),
    Lc,
    Wlc,
    Sed,
    Nq,
    Fo,
    Ovf,
    Twos(Twos),
    Dh(Dh<P>),
    Sh(Sh<P>),
    Mh(Mh<P>),
    Lblc(Lblc<P>),
    Lblcr(Lblcr<P>),
}

impl<L: List> Linear<L> {
    /// A scheduler over the destinations of a setting.
    #[must_use]
    pub fn new(setting: &Setting) -> Self {
        let list = L::new(setting.weights.iter().copied().map(Settings::new));
        let rule = match setting.kind {
            SchedulerKind::Rr => Rule::Rr(Rr(None)),
            SchedulerKind::Wrr => Rule::Wrr(Wrr::new(&list)),
            SchedulerKind::Lc => Rule::Lc,
            SchedulerKind::Wlc => Rule::Wlc,
            SchedulerKind::Sed => Rule::Sed,
            SchedulerKind::Nq => Rule::Nq,
            SchedulerKind::Fo => Rule::Fo,
            SchedulerKind::Ovf => Rule::Ovf,
            SchedulerKind::Twos => Rule::Twos(Twos::default()),
            SchedulerKind::Dh => Rule::Dh(Dh::new(&list)),
            SchedulerKind::Sh => Rule::Sh(Sh::new(&list)),
            SchedulerKind::Mh => Rule::Mh(Mh::new(&list, setting.mh_slots)),
            SchedulerKind::Lblc => Rule::Lblc(Lblc(Cache::new())),
            SchedulerKind::Lblcr => Rule::Lblcr(Lblcr(Cache::new())),
        };
        Self { list, rule }
    }
}

impl<L: List> Scheduler for Linear<L> {
    type Dest = L::Place;

    #[inline]
    fn pick(&mut self, flow: &Flow) -> Option<L::Place> {
        let list = &self.list;
        match &mut self.rule {
            Rule::Rr(rr) => rr.pick(list),
            Rule::Wrr(wrr) => wrr.pick(list),
            Rule::Lc => least::lc(list),
            Rule::Wlc => least::wlc(list),
            Rule::Sed => least::sed(list),
            Rule::Nq => least::nq(list),
            Rule::Fo => least::fo(list),
            Rule::Ovf => least::ovf(list),
            Rule::Twos(twos) => twos.pick(list),
            Rule::Dh(dh) => dh.pick(list, flow),
            Rule::Sh(sh) => sh.pick(list, flow),
            Rule::Mh(mh) => mh.pick(list, flow),
            Rule::Lblc(lblc) => lblc.pick(list, flow),
            Rule::Lblcr(lblcr) => lblcr.pick(list, flow),
        }
    }

    /// \[CNT-2\], the threshold by \[OVL-4\].
    #[inline]
    fn opened(&mut self, dest: L::Place) {
        let (settings, counters) = self.list.get(dest);
        counters.active.set(counters.active.get() + 1);
        let upper = counters.upper.get();
        if upper != 0 && counters.total() >= upper {
            settings.overloaded.set(true);
        }
    }

    #[inline]
    fn deactivated(&mut self, dest: L::Place) {
        let (_, counters) = self.list.get(dest);
        counters.active.set(counters.active.get() - 1);
        // Not both at once: reading eight octets would wait for a write of four.
        let counters = black_box(counters);
        counters.inactive.set(counters.inactive.get() + 1);
    }

    /// \[CNT-4\], the threshold by \[OVL-4\].
    #[inline]
    fn closed(&mut self, dest: L::Place) {
        let (settings, counters) = self.list.get(dest);
        counters.inactive.set(counters.inactive.get() - 1);
        let dropped = match (counters.lower.get(), counters.upper.get()) {
            (0, 0) => true,
            (0, upper) => u64::from(counters.total()) * 4 < u64::from(upper) * 3,
            (lower, _) => counters.total() < lower,
        };
        if dropped {
            settings.overloaded.set(false);
        }
    }

    fn dests(&self) -> Vec<L::Place> {
        self.list.places().collect()
    }

    /// \[DST-12\] \[OVL-4\].
    fn edit(&mut self, dest: L::Place, weight: u32, upper: u32, lower: u32) {
        let (settings, counters) = self.list.get(dest);
        settings.weight.set(weight as i32);
        if weight != 0 {
            settings.last_weight.set(weight as i32);
        }
        if upper == 0 || upper > counters.upper.get() {
            settings.overloaded.set(false);
        }
        counters.upper.set(upper);
        counters.lower.set(lower);
        match &mut self.rule {
            Rule::Wrr(wrr) => wrr.changed(&self.list),
            Rule::Sh(sh) => *sh = Sh::new(&self.list),
            Rule::Mh(mh) => mh.rebuild(&self.list),
            _ => {}
        }
    }

    /// At the head of the list, which is none of those that are looked for.
    fn remember(&mut self, flow: &Flow) {
        let Some(head) = self.list.places().next() else { return };
        match &mut self.rule {
            Rule::Lblc(lblc) => lblc.remember(flow, head),
            Rule::Lblcr(lblcr) => lblcr.remember(flow, head),
            _ => {}
        }
    }
}
