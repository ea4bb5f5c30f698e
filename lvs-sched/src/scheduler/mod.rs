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
    use crate::DestId;
    use crate::arena::Key;
    use crate::dests::Dests;
    use arbitrary::{Result, Unstructured};
    use lvs_proto::{AddressPair, Flow, TcpFlags};
    use std::vec::Vec;

    fn setup(kind: SchedulerKind, profile: Profile) -> SchedulerSetup {
        SchedulerSetup {
            kind,
            profile,
            family: None,
            flags: SchedulerFlags::NONE,
            start_offset: 0,
            lblc: LblcConfig::default(),
            mh: MhTableIndex::default(),
            seed: Seed([0; 2]),
            timers: Timers::default(),
        }
    }

    /// A list, the newest first, of these weights, upper thresholds, connections and how many of
    /// them are active.
    pub(super) fn dests(
        kind: SchedulerKind,
        profile: Profile,
        facts: &[(u32, u32, u32, u32)],
    ) -> (Dests, Key) {
        let mut dests = Dests::new(profile, Timers::default());
        let group = dests.add_group(Instant::EPOCH, None, setup(kind, profile)).unwrap();
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

    const WALKED: [SchedulerKind; 6] = [
        SchedulerKind::Lc,
        SchedulerKind::Wlc,
        SchedulerKind::Sed,
        SchedulerKind::Nq,
        SchedulerKind::Fo,
        SchedulerKind::Ovf,
    ];

    /// Of no small multiple in common, some of them.
    const WEIGHTS: [u32; 8] = [0, 1, 1, 2, 257, 65_519, 65_521, DestConfig::MAX_WEIGHT];
    /// Where keys have no room for more, and where the kernel's numbers change their sign.
    const COUNTS: [u32; 8] = [0, 1, 64, (1 << 22) - 1, 1 << 22, 1 << 23, 1 << 24, i32::MAX as u32];

    fn config(u: &mut Unstructured<'_>, number: u8) -> Result<DestConfig> {
        let (weight, upper_threshold) = (*u.choose(&WEIGHTS)?, *u.choose(&[0, 0, 1, 64])?);
        Ok(DestConfig { weight, upper_threshold, ..DestConfig::new([10, 2, 0, number].into(), 80) })
    }

    /// Many connections to a destination come or go, or it has so many at once, and is edited.
    fn count(u: &mut Unstructured<'_>, dests: &mut Dests, group: Key, id: DestId) -> Result<()> {
        let times = *u.choose(&[1, 2, 31, 64, 128])?;
        let mut each = |change: fn(&mut Load) -> core::result::Result<(), crate::CountError>| {
            (0..times).for_each(|_| dests.change(id, change).unwrap_or(()));
        };
        match u.int_in_range(0..=4_u8)? {
            0 => each(|load| load.open(true)),
            1 => each(|load| load.open(false)),
            2 => each(|load| load.close(true)),
            3 => each(|load| load.close(false)),
            _ => {
                let (total, active) = (*u.choose(&COUNTS)?, *u.choose(&COUNTS)?);
                let set = |load: &mut Load| {
                    (load.total, load.active) = (total, active.min(total));
                    Ok(())
                };
                dests.change(id, set).unwrap();
                let address = dests.get(id).unwrap().address();
                dests.edit(group, DestConfig { address, ..config(u, 0)? }).unwrap();
            }
        }
        Ok(())
    }

    #[test]
    fn picks_equal_the_walk_whatever_the_numbers() {
        let addresses = AddressPair::new([192, 0, 2, 1].into(), [10, 0, 0, 1].into()).unwrap();
        let flow = Flow::tcp(addresses, 1, 80, TcpFlags::SYN);
        arbtest::arbtest(|u| {
            let profile = *u.choose(&[Profile::Classic, Profile::Linux6_1_183])?;
            let mut kind = *u.choose(&WALKED)?;
            let (mut dests, group) = dests(kind, profile, &[]);
            for number in 0..u.int_in_range(1..=20)? {
                dests.add(group, config(u, number)?).unwrap();
            }
            for _ in 0..u.int_in_range(0..=30)? {
                let ids: Vec<_> = dests.list(group).map(|(id, _)| id).collect();
                match u.int_in_range(0..=9_u8)? {
                    0 => {
                        kind = *u.choose(&WALKED)?;
                        dests.edit_group(Instant::EPOCH, group, setup(kind, profile)).unwrap();
                    }
                    1 if ids.len() > 1 => {
                        let address = dests.get(ids[0]).unwrap().address();
                        dests.delete(Instant::EPOCH, group, address, 80).unwrap();
                    }
                    _ => {
                        let id = *u.choose(&ids)?;
                        count(u, &mut dests, group, id)?;
                    }
                }
                let list = dests.members(group);
                let surplus = profile.active_surplus();
                let expected = walk::pick(kind, list.order, list.loads, surplus);
                assert!(list.loads().all(|load| load.is_eligible() == (load.free_weight() > 0)));
                let picked = dests.pick(Instant::EPOCH, group, &flow);
                assert_eq!(picked.map(|id| id.to_bits() as u32), expected, "{kind}");
            }
            Ok(())
        })
        .budget_ms(500);
    }
}
