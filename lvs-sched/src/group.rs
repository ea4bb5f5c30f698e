//! A scheduler over bare places.

use alloc::vec::Vec;
use core::num::NonZeroU32;

use lvs_proto::{Flow, Instant};

use crate::dests::{List, Load, Loads};
use crate::hash::Seed;
use crate::scheduler::{Change, FEW, SchedulerSetup, Soon};
use crate::{CountError, DestConfig, DestError, LblcConfig, MhTableIndex, OutOfMemory};
use crate::{Profile, SchedulerFlags, SchedulerKind, Timers};

/// What a group is told to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GroupConfig {
    /// Who picks destinations.
    pub scheduler: SchedulerKind,
    /// How the scheduler does it.
    pub flags: SchedulerFlags,
    /// Whose decisions are made.
    pub profile: Profile,
    /// Places after the head of the list where each walk of `rr` and `wrr` begins, so that several
    /// groups do not all begin at one server. 0 is the kernel's way.
    pub start_offset: u32,
    /// The cache, for `lblc` and `lblcr`.
    pub lblc: LblcConfig,
    /// The table, for `mh`.
    pub mh: MhTableIndex,
    /// A secret, for tables that strangers fill, whose speed alone depends on it, and for the draws
    /// of `twos`.
    pub seed: [u64; 2],
}

/// `wlc`, a seed of zeros, and the kernel's figures.
impl Default for GroupConfig {
    fn default() -> Self {
        Self {
            scheduler: SchedulerKind::default(),
            flags: SchedulerFlags::NONE,
            profile: Profile::default(),
            start_offset: 0,
            lblc: LblcConfig::default(),
            mh: MhTableIndex::default(),
            seed: [0; 2],
        }
    }
}

/// A scheduler and a list of destinations that are known by their places alone, for embedders that
/// keep records of destinations and connections themselves: the least between a packet and a pick.
///
/// A place is a number, the least that is free when a destination is added, so that an array may
/// keep what else is known of it. Nothing tells the destination in a place from the one that was
/// there before: a [`Pool`](crate::Pool) checks ids, and has deleted destinations wait for their
/// connections.
///
/// ```
/// use lvs_proto::{AddressPair, Flow, Instant, TcpFlags};
/// use lvs_sched::{DestConfig, Group, GroupConfig, SchedulerKind};
///
/// let now = Instant::EPOCH;
/// let config = GroupConfig { scheduler: SchedulerKind::Lc, ..GroupConfig::default() };
/// let mut group = Group::new(now, config)?;
/// let a = group.add(DestConfig::new([10, 2, 0, 1].into(), 80))?;
/// let b = group.add(DestConfig::new([10, 2, 0, 2].into(), 80))?;
/// assert_eq!((a, b), (0, 1));
///
/// let addresses = AddressPair::V4 {
///     source: [192, 0, 2, 7].into(),
///     destination: [192, 0, 2, 100].into(),
/// };
/// let flow = Flow::tcp(addresses, 40_000, 80, TcpFlags::SYN);
/// assert_eq!(group.pick(now, &flow), Some(b), "the newest comes first");
/// group.conn_opened(b, true)?;
/// assert_eq!(group.pick(now, &flow), Some(a), "and now it has more to do");
/// group.conn_closed(b, true)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Group {
    list: List,
    loads: Loads,
    /// Those of no destination, the least first; there is room for all places.
    free: Vec<u32>,
    now: Instant,
}

impl Group {
    /// An empty group.
    ///
    /// # Errors
    ///
    /// If there is no memory for what the scheduler keeps.
    pub fn new(now: Instant, config: GroupConfig) -> Result<Self, OutOfMemory> {
        let GroupConfig { scheduler: kind, flags, profile, start_offset, lblc, mh, seed } = config;
        let (family, seed, timers) = (None, Seed(seed), Timers::default());
        let setup =
            SchedulerSetup { kind, profile, family, flags, start_offset, lblc, mh, seed, timers };
        Ok(Self { list: List::new(now, setup)?, loads: Loads::new(), free: Vec::new(), now })
    }

    /// Adds a destination, at the head of the list \[DST-1\], and answers its place. Its address and
    /// port tell `mh` where it belongs, and are nothing to others; how packets get there is the
    /// embedder's.
    ///
    /// # Errors
    ///
    /// If weight or thresholds are not in order, or there is no memory; nothing has changed.
    pub fn add(&mut self, config: DestConfig) -> Result<u32, DestError> {
        config.check(self.profile())?;
        let Self { list, loads, free, .. } = self;
        list.reserve_one(loads, config.weight)?;
        // A cache may still lead to a place that was given up.
        let is_free = |place: &u32| !list.scheduler().refers_to(*place);
        let index = match free.iter().position(is_free) {
            Some(index) => index,
            None => more_places(loads, free)?,
        };
        let place = free.remove(index);
        loads.begin(place, NonZeroU32::MIN);
        loads.admit(place, list.setup().word(&config));
        loads.configure(place, &config, list.setup().profile);
        list.add(loads, place);
        Ok(place)
    }

    /// Gives weight and thresholds of `config` to the destination at a place \[DST-10\]; its address
    /// and port stay what they were.
    ///
    /// # Errors
    ///
    /// If there is no destination, weight or thresholds are not in order, or there is no memory;
    /// nothing has changed.
    pub fn edit(&mut self, place: u32, config: DestConfig) -> Result<(), DestError> {
        config.check(self.profile())?;
        self.load(place).ok_or(DestError::NoSuchDestination)?;
        let Self { list, loads, .. } = self;
        list.reserve_weight(loads, config.weight)?;
        loads.configure(place, &config, list.setup().profile);
        list.changed(loads, Change::Edited);
        Ok(())
    }

    /// Gives another weight to the destination at a place; 0 is quiesced.
    ///
    /// # Errors
    ///
    /// As of [`edit`](Self::edit).
    pub fn set_weight(&mut self, place: u32, weight: u32) -> Result<(), DestError> {
        let config = self.loads.config(place).ok_or(DestError::NoSuchDestination)?;
        self.edit(place, DestConfig { weight, ..config })
    }

    /// Takes the destination at a place out of the list and forgets what was counted of it. The
    /// place is free for another one: connections that are still there are not to be counted any
    /// more.
    ///
    /// # Errors
    ///
    /// If there is no destination; nothing has changed.
    pub fn remove(&mut self, place: u32) -> Result<(), DestError> {
        let position = self.load(place).ok_or(DestError::NoSuchDestination)?.position;
        self.loads.end(place);
        self.list.remove(&mut self.loads, position as usize);
        let index = self.free.partition_point(|free| *free < place);
        self.free.insert(index, place);
        Ok(())
    }

    /// The place of the destination for a new connection that begins with this packet, `None` if
    /// there is none to offer. Nothing is counted: say [`conn_opened`](Self::conn_opened) when it is
    /// used. A scheduler that [reads no flows](SchedulerKind::reads_flows) is content with
    /// [`Flow::NONE`].
    #[inline]
    pub fn pick(&mut self, now: Instant, flow: &Flow) -> Option<u32> {
        match self.list.pick_at_once(&self.loads, flow) {
            None => self.pick_soon(now, flow),
            picked => picked,
        }
    }

    // Each step is out of line, so that it has a frame of its own, or none.

    #[inline(never)]
    fn pick_soon(&mut self, now: Instant, flow: &Flow) -> Option<u32> {
        match self.list.pick_soon(&self.loads, flow) {
            Soon::Picked(picked) => picked,
            Soon::WantsList => self.pick_otherwise(now, flow),
        }
    }

    #[inline(never)]
    fn pick_otherwise(&mut self, now: Instant, flow: &Flow) -> Option<u32> {
        let now = self.advance(now);
        self.list.pick(&self.loads, now, flow)
    }

    /// A connection to the destination at a place was made; it counts as active or inactive.
    ///
    /// # Errors
    ///
    /// [`CountError::UnknownDest`], [`CountError::TooMany`]; nothing has changed.
    #[inline]
    pub fn conn_opened(&mut self, place: u32, active: bool) -> Result<(), CountError> {
        // Rare, and apart, so that others need no frame.
        if self.loads.at(place).is_some_and(Load::is_at_bound) {
            return self.open_at_bound(place, active);
        }
        self.change(place, |load| load.open(active))
    }

    #[cold]
    #[inline(never)]
    fn open_at_bound(&mut self, place: u32, active: bool) -> Result<(), CountError> {
        self.change(place, |load| load.open(active))
    }

    /// An inactive connection to the destination at a place became active \[CNT-5\].
    ///
    /// # Errors
    ///
    /// [`CountError::UnknownDest`], [`CountError::NoneInactive`]; nothing has changed.
    #[inline]
    pub fn conn_activated(&mut self, place: u32) -> Result<(), CountError> {
        self.change(place, Load::activate)
    }

    /// An active connection to the destination at a place became inactive \[CNT-5\].
    ///
    /// # Errors
    ///
    /// [`CountError::UnknownDest`], [`CountError::NoneActive`]; nothing has changed.
    #[inline]
    pub fn conn_deactivated(&mut self, place: u32) -> Result<(), CountError> {
        self.change(place, Load::deactivate)
    }

    /// A connection to the destination at a place ended, which was active until then or not
    /// \[CNT-4\].
    ///
    /// # Errors
    ///
    /// [`CountError::UnknownDest`], and [`CountError::NoneActive`] or [`CountError::NoneInactive`]
    /// if there is no such one; nothing has changed.
    #[inline]
    pub fn conn_closed(&mut self, place: u32, active: bool) -> Result<(), CountError> {
        self.change(place, |load| load.close(active))
    }

    #[inline]
    fn change(
        &mut self,
        place: u32,
        change: impl FnOnce(&mut Load) -> Result<(), CountError>,
    ) -> Result<(), CountError> {
        let load = self.loads.at_mut(place).ok_or(CountError::UnknownDest)?;
        change(load)?;
        if load.wants_attention() {
            load.heard();
            self.list.counted(load);
        }
        Ok(())
    }

    /// The share of new connections of the destination at a place; 0 is quiesced.
    #[must_use]
    pub fn weight(&self, place: u32) -> Option<u32> {
        self.load(place).map(|load| load.weight)
    }

    /// Connections to the destination at a place that count as active.
    #[must_use]
    pub fn active_conns(&self, place: u32) -> Option<u32> {
        self.load(place).map(|load| load.active)
    }

    /// All other connections to the destination at a place.
    #[must_use]
    pub fn inactive_conns(&self, place: u32) -> Option<u32> {
        self.load(place).map(|load| load.total.saturating_sub(load.active))
    }

    /// Whether the thresholds keep new connections away from the destination at a place \[OVL-5\].
    #[must_use]
    pub fn is_overloaded(&self, place: u32) -> Option<bool> {
        self.load(place).map(Load::is_overloaded)
    }

    /// The places in list order, that of the newest destination first \[DST-1\].
    pub fn places(&self) -> impl Iterator<Item = u32> {
        self.list.order().iter().copied()
    }

    /// How many picks of `lblc` and `lblcr` could not be remembered because
    /// [`GroupConfig::lblc`] was too small; they were made all the same.
    #[must_use]
    pub fn forgotten_picks(&self) -> u64 {
        self.list.scheduler().forgotten()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is wanted, if ever.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.list.scheduler().next_deadline()
    }

    /// Does what is due: cached addresses are forgotten.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.advance(now);
        self.list.scheduler_mut().handle_timeout(now, usize::MAX);
    }

    fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }

    fn load(&self, place: u32) -> Option<&Load> {
        self.loads.at(place).filter(|load| load.is_available())
    }

    const fn profile(&self) -> Profile {
        self.list.setup().profile
    }
}

/// Makes one more place, of few as many as are looked at in one go. Answers where it is among the
/// free.
fn more_places(loads: &mut Loads, free: &mut Vec<u32>) -> Result<usize, OutOfMemory> {
    let old = loads.len();
    let new = if old < FEW { (old + 1).next_power_of_two().max(2) } else { old + 1 };
    let [first, end] = [old, new].map(|places| u32::try_from(places).map_err(|_| OutOfMemory));
    free.try_reserve(new - free.len().min(new)).map_err(|_| OutOfMemory)?;
    loads.reserve(new)?;
    let index = free.len();
    free.extend(first?..end?);
    Ok(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn an_empty_place_is_an_error_and_changes_nothing() {
        let mut group = Group::new(Instant::EPOCH, GroupConfig::default()).unwrap();
        let config = DestConfig::new([10, 2, 0, 1].into(), 80);
        let [a, b] = [0, 1].map(|_| group.add(config).unwrap());
        group.conn_opened(a, true).unwrap();
        group.remove(a).unwrap();
        for place in [a, 2, u32::MAX] {
            for counted in [
                group.conn_opened(place, true),
                group.conn_activated(place),
                group.conn_deactivated(place),
                group.conn_closed(place, true),
                group.conn_closed(place, false),
            ] {
                assert_eq!(counted, Err(CountError::UnknownDest));
            }
            assert_eq!(group.remove(place), Err(DestError::NoSuchDestination));
            assert_eq!(group.set_weight(place, 1), Err(DestError::NoSuchDestination));
            assert_eq!((group.weight(place), group.active_conns(place)), (None, None));
        }
        assert_eq!(group.places().collect::<Vec<_>>(), [b]);
        assert_eq!(group.add(config), Ok(a), "the place is given again");
        assert_eq!((group.active_conns(a), group.inactive_conns(a)), (Some(0), Some(0)));
    }
}
