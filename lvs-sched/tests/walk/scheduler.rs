//! Each scheduler as a walk over the list.

use std::collections::HashMap;
use std::net::IpAddr;

use lvs_sched::{DestId, SchedulerKind};

use super::list::{Dest, List};

/// All but those of tables and of draws, which have tests of their own.
pub(crate) const KINDS: [SchedulerKind; 10] = [
    SchedulerKind::Rr,
    SchedulerKind::Wrr,
    SchedulerKind::Lc,
    SchedulerKind::Wlc,
    SchedulerKind::Sed,
    SchedulerKind::Nq,
    SchedulerKind::Fo,
    SchedulerKind::Ovf,
    SchedulerKind::Lblc,
    SchedulerKind::Lblcr,
];

pub(crate) struct Scheduler {
    pub(crate) kind: SchedulerKind,
    /// Of `rr` and `wrr`; `None` is before the first.
    current: Option<usize>,
    cw: i64,
    mw: i64,
    di: i64,
    /// Of `lblc` with one member, of `lblcr` the newest first.
    cache: HashMap<IpAddr, Vec<DestId>>,
}

impl Scheduler {
    pub(crate) fn new(kind: SchedulerKind) -> Self {
        Self { kind, current: None, cw: 0, mw: 0, di: 1, cache: HashMap::new() }
    }

    pub(crate) fn added(&mut self, list: &List) {
        self.current = self.current.map(|current| current + 1);
        self.edited(list);
    }

    /// \[RR-4\]
    pub(crate) fn deleted(&mut self, list: &List, place: usize) {
        self.current = match self.current {
            Some(current) if place <= current => current.checked_sub(1),
            current => current,
        };
        self.edited(list);
    }

    /// \[WRR-2\] \[WRR-4\]
    pub(crate) fn edited(&mut self, list: &List) {
        if self.kind != SchedulerKind::Wrr {
            return;
        }
        let weights = || list.live.iter().map(|dest| i64::from(dest.weight()));
        self.di = weights().fold(0, gcd).max(1);
        self.mw = weights().max().unwrap_or(0) - (self.di - 1);
        self.current = None;
        if self.cw > self.mw || self.cw == 0 {
            self.cw = self.mw.max(0);
        } else if self.di > 1 {
            self.cw = self.cw / self.di * self.di + 1;
        }
    }

    pub(crate) fn pick(&mut self, list: &List, address: IpAddr) -> Option<DestId> {
        match self.kind {
            SchedulerKind::Rr => self.rr(list),
            SchedulerKind::Wrr => self.wrr(list),
            SchedulerKind::Lblc => self.lblc(list, address),
            SchedulerKind::Lblcr => self.lblcr(list, address),
            kind => stateless(kind, list).map(|dest| dest.id),
        }
    }

    /// \[RR-2\] \[RR-3\]
    fn rr(&mut self, list: &List) -> Option<DestId> {
        let first = self.current.map_or(0, |current| current + 1);
        let places = (first..list.live.len()).chain(0..first);
        let place = places.into_iter().find(|place| list.live[*place].is_eligible())?;
        self.current = Some(place);
        Some(list.live[place].id)
    }

    /// \[WRR-5\] \[WRR-6\]
    fn wrr(&mut self, list: &List) -> Option<DestId> {
        if self.mw <= 0 {
            return None;
        }
        let start = self.current;
        let (mut stop, mut last_pass, mut restarted) = (None, false, false);
        loop {
            let first = self.current.map_or(0, |current| current + 1);
            for (place, dest) in list.live.iter().enumerate().skip(first) {
                let matches = !dest.overloaded && i64::from(dest.weight()) >= self.cw;
                if matches || stop == Some(place) {
                    self.current = Some(place);
                    return matches.then_some(dest.id);
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
            if last_pass && restarted {
                stop = start;
            }
        }
    }

    /// \[LBLC-3\] to \[LBLC-7\]
    fn lblc(&mut self, list: &List, address: IpAddr) -> Option<DestId> {
        let cached = self.cache.get(&address).map(|set| set[0]);
        let serves = |dest: &&Dest| dest.weight() > 0 && !is_busy(dest, list);
        let hit = list.live.iter().find(|dest| Some(dest.id) == cached).filter(serves);
        let dest = hit.or_else(|| stateless(SchedulerKind::Wlc, list))?;
        self.cache.insert(address, vec![dest.id]);
        Some(dest.id)
    }

    /// \[LBLCR-3\] \[LBLCR-6\] \[LBLCR-7\]
    fn lblcr(&mut self, list: &List, address: IpAddr) -> Option<DestId> {
        let set = self.cache.get(&address).cloned().unwrap_or_default();
        let live = |id: &DestId| list.live.iter().find(|dest| dest.id == *id);
        let least = lightest(set.iter().filter_map(live), |dest| overhead(dest, list));
        if let Some(dest) = least.filter(|dest| !is_busy(dest, list)) {
            return Some(dest.id);
        }
        let dest = stateless(SchedulerKind::Wlc, list)?;
        let set = self.cache.entry(address).or_default();
        if !set.contains(&dest.id) {
            set.insert(0, dest.id);
        }
        Some(dest.id)
    }
}

/// \[LC-1\] \[WLC-1\] \[SED-1\] \[NQ-1\] \[FO-1\] \[OVF-1\]
fn stateless(kind: SchedulerKind, list: &List) -> Option<&Dest> {
    let eligible = || list.live.iter().filter(|dest| dest.is_eligible());
    let heaviest = |dests: Vec<&'_ Dest>| -> Option<DestId> {
        let weight = dests.iter().map(|dest| dest.weight()).max()?;
        dests.iter().find(|dest| dest.weight() == weight).map(|dest| dest.id)
    };
    let delay = |dest: &Dest| i64::from(dest.active as i32) + 1;
    match kind {
        SchedulerKind::Lc => eligible().min_by_key(|dest| overhead(dest, list) as u32),
        SchedulerKind::Wlc => lightest(list.live.iter(), |dest| overhead(dest, list)),
        SchedulerKind::Sed => lightest(list.live.iter(), delay),
        SchedulerKind::Nq => {
            eligible().find(|dest| dest.active == 0).or_else(|| lightest(list.live.iter(), delay))
        }
        SchedulerKind::Fo => heaviest(eligible().collect()).and_then(|id| list.get(id)),
        _ => {
            let admitted = eligible().filter(|dest| dest.active <= dest.weight());
            heaviest(admitted.collect()).and_then(|id| list.get(id))
        }
    }
}

/// \[WLC-1\]
fn lightest<'a>(
    mut dests: impl Iterator<Item = &'a Dest>,
    load: impl Fn(&Dest) -> i64,
) -> Option<&'a Dest> {
    let mut best = dests.find(|dest| dest.is_eligible())?;
    for dest in dests.filter(|dest| !dest.overloaded) {
        if load(best) * i64::from(dest.weight()) > load(dest) * i64::from(best.weight()) {
            best = dest;
        }
    }
    Some(best)
}

/// \[OVH-1\] \[OVH-2\] \[OVH-4\]
fn overhead(dest: &Dest, list: &List) -> i64 {
    i64::from(list.profile.overhead(dest.active, dest.total - dest.active))
}

/// \[LBLC-5\]
fn is_busy(dest: &Dest, list: &List) -> bool {
    let has_room = |dest: &Dest| 2 * u64::from(dest.active) < u64::from(dest.weight());
    dest.active > dest.weight() && list.live.iter().any(has_room)
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
