//! The fourteen schedulers: one small file each, and the indexes that make them fast.

#[cfg(not(feature = "tables"))]
mod absent;
mod any;
#[cfg_attr(not(feature = "fast"), path = "linear/bitmap.rs")]
mod bitmap;
#[cfg(feature = "tables")]
mod cache;
mod config;
#[cfg(feature = "tables")]
mod dh;
mod fo;
mod hash;
#[cfg(feature = "fast")]
mod heap;
#[cfg(feature = "tables")]
mod lblc;
#[cfg(feature = "tables")]
mod lblcr;
mod lc;
#[cfg_attr(not(feature = "fast"), path = "linear/least.rs")]
mod least;
#[cfg(feature = "tables")]
mod mh;
mod nq;
mod ovf;
mod rr;
mod sed;
#[cfg(feature = "tables")]
mod sh;
#[cfg(feature = "tables")]
mod slots;
#[cfg(feature = "tables")]
mod spare;
#[cfg(feature = "tables")]
mod sums;
#[cfg(feature = "tables")]
mod twos;
#[cfg(feature = "fast")]
mod units;
mod walk;
#[cfg_attr(not(feature = "fast"), path = "linear/weights.rs")]
mod weights;
#[cfg(feature = "fast")]
mod winners;
mod wlc;
mod wrr;

use core::time::Duration;

use lvs_proto::{Family, Instant};

#[cfg(not(feature = "tables"))]
use absent::{dh, lblc, lblcr, mh, sh, twos};
pub(crate) use any::{AnyScheduler, Soon, WantsList};
pub use config::{
    LblcConfig, MhTableIndex, MhTableIndexError, ParseSchedulerError, SchedulerFlags,
    SchedulerFlagsError, SchedulerKind,
};
pub(crate) use least::FEW;

use crate::dests::{DestList, Growth, Load, Watch, inverse};
use crate::hash::Seed;
use crate::{DestConfig, OutOfMemory, Profile, Timers};

/// So many places of a table are looked through at a time, which counts as one of a budget.
pub(crate) const STRETCH: usize = 64;

/// What a scheduler does now and then; what it does for each connection, [`AnyScheduler`] asks of
/// each kind itself.
trait Scheduler {
    /// Makes room for a list of that many destinations, one of which may get that weight.
    fn reserve(
        &mut self,
        _list: DestList<'_>,
        _dests: usize,
        _weight: u32,
    ) -> Result<(), OutOfMemory> {
        Ok(())
    }

    /// The list is no longer what it was; there is room for what it is.
    fn changed(&mut self, _list: DestList<'_>, _change: Change) {}

    /// What the key of a destination at its position grows by.
    fn growth(&self, load: &Load) -> Growth {
        Growth::none(inverse(load.weight))
    }

    /// For which counts [`AnyScheduler::counted`] is wanted.
    fn watch(&self) -> Watch {
        Watch::Overload
    }

    /// How many places there are where it may refer to a destination that is not in the list.
    fn references(&self) -> usize {
        0
    }

    /// The destination that it refers to at one of them.
    fn reference(&self, _index: usize) -> Option<u32> {
        None
    }

    /// What it remembers is to be forgotten when unused for so long.
    fn set_expiration(&mut self, _expiration: Duration) {}

    /// When [`handle_timeout`](Self::handle_timeout) is wanted.
    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// Does what is due at `now`, or so much of it; returns how much it was.
    fn handle_timeout(&mut self, _now: Instant, _budget: usize) -> usize {
        0
    }

    /// How many picks could not be remembered for want of room.
    fn forgotten(&self) -> u64 {
        0
    }
}

/// What happened to a list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// A destination came, at the head.
    Added,
    /// The destination that was at this position left.
    Deleted { position: usize },
    /// A destination was configured anew in its place.
    Edited,
}

/// All that a scheduler needs to start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SchedulerSetup {
    pub(crate) kind: SchedulerKind,
    pub(crate) profile: Profile,
    /// Of the service; a pool has none.
    pub(crate) family: Option<Family>,
    pub(crate) flags: SchedulerFlags,
    pub(crate) start_offset: u32,
    pub(crate) lblc: LblcConfig,
    pub(crate) mh: MhTableIndex,
    pub(crate) seed: Seed,
    pub(crate) timers: Timers,
}

impl SchedulerSetup {
    /// What `mh` makes of an address and port.
    pub(crate) fn word(&self, config: &DestConfig) -> u32 {
        hash::word(self.family, config.address, config.port)
    }

    /// With how many destinations it can start, if that is limited \[MH-9\].
    pub(crate) fn most_dests(&self) -> Option<u32> {
        (self.kind == SchedulerKind::Mh).then_some(self.mh.slots())
    }

    pub(crate) fn start(
        &self,
        now: Instant,
        list: DestList<'_>,
    ) -> Result<AnyScheduler, OutOfMemory> {
        use SchedulerKind::{Fo, Lc, Nq, Ovf, Rr, Sed, Wlc, Wrr};
        Ok(match self.kind {
            Rr => AnyScheduler::Rr(rr::Rr::new(self.start_offset, list)?),
            Wrr => AnyScheduler::Wrr(wrr::Wrr::new(self.start_offset, list)?),
            Lc | Wlc | Sed | Nq | Fo | Ovf => {
                AnyScheduler::Least(least::Least::new(self.kind, list)?)
            }
            _ => self.start_with_tables(now, list)?,
        })
    }

    #[cfg(feature = "tables")]
    fn start_with_tables(
        &self,
        now: Instant,
        list: DestList<'_>,
    ) -> Result<AnyScheduler, OutOfMemory> {
        use SchedulerKind::{Dh, Lblc, Lblcr, Mh, Sh};
        Ok(match self.kind {
            Lblc => AnyScheduler::Lblc(lblc::Lblc::new(self, now, list)?),
            Lblcr => AnyScheduler::Lblcr(lblcr::Lblcr::new(self, now, list)?),
            Dh => AnyScheduler::Dh(dh::Dh::new(list)?),
            Sh => AnyScheduler::Sh(sh::Sh::new(list)?),
            Mh => AnyScheduler::Mh(mh::Mh::new(self, list)?),
            _ => AnyScheduler::Twos(twos::Twos::new(self.seed, list)?),
        })
    }

    /// A service that wants one is refused before it gets here.
    #[cfg(not(feature = "tables"))]
    fn start_with_tables(&self, _: Instant, _: DestList<'_>) -> Result<AnyScheduler, OutOfMemory> {
        Err(OutOfMemory)
    }
}

/// The place in a list that is `offset` after the head, round and round.
fn start(offset: u32, order: &[u32]) -> usize {
    (offset as usize).checked_rem(order.len()).unwrap_or(0)
}

const fn gcd(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Key;
    use crate::dests::Dests;

    /// A list, the newest first, of these weights, upper thresholds, connections and how many of
    /// them are active.
    pub(super) fn dests(
        kind: SchedulerKind,
        profile: Profile,
        facts: &[(u32, u32, u32, u32)],
    ) -> (Dests, Key) {
        let mut dests = Dests::new(profile, Timers::default());
        let setup = SchedulerSetup {
            kind,
            profile,
            family: None,
            flags: SchedulerFlags::NONE,
            start_offset: 0,
            lblc: LblcConfig::default(),
            mh: MhTableIndex::default(),
            seed: Seed([0; 2]),
            timers: Timers::default(),
        };
        let group = dests.add_group(Instant::EPOCH, None, setup).unwrap();
        for (number, &(weight, upper_threshold, conns, active)) in (1..).zip(facts) {
            let config = DestConfig::new([10, 2, 0, number].into(), 80);
            let id = dests.add(group, DestConfig { weight, upper_threshold, ..config }).unwrap();
            (0..conns).for_each(|_| dests.bind(id));
            (0..active.min(conns)).for_each(|_| dests.activate(id));
        }
        (dests, group)
    }

    #[test]
    fn wlc_2_ovh_4_a_load_below_zero_wins_without_weight() {
        let many = 1 << 23;
        let facts = [(0, 0, many, many), (1, 0, 0, 0)];
        let (dests, group) = dests(SchedulerKind::Wlc, Profile::Classic, &facts);
        let list = dests.members(group);
        let negative = list.iter().find(|(_, load)| load.weight == 0).map(|(place, _)| place);
        let surplus = Profile::Classic.active_surplus();
        assert_eq!(wlc::pick(list.order, list.loads, surplus), negative);
    }
}
