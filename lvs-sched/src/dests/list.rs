//! One list: its order, and who picks from it.

use alloc::vec::Vec;

use lvs_proto::{Flow, Instant};

use super::load::{Load, Loads, Terms};
use crate::scheduler::{AnyScheduler, Change, SchedulerSetup, Soon, WantsList};
use crate::{OutOfMemory, Profile, SchedulerFlags};

/// Places in list order, with the scheduler that picks one of them. What is counted of a place is in
/// [`Loads`], which several lists may share.
#[derive(Debug)]
pub(crate) struct List {
    /// The head, which is the newest, comes first \[DST-1\].
    order: Vec<u32>,
    scheduler: AnyScheduler,
    setup: SchedulerSetup,
}

impl List {
    /// An empty list.
    pub(crate) fn new(now: Instant, setup: SchedulerSetup) -> Result<Self, OutOfMemory> {
        let order = Vec::new();
        let nobody = DestList { setup: &setup, order: &order, loads: &Loads::new() };
        let scheduler = setup.start(now, nobody)?;
        Ok(Self { order, scheduler, setup })
    }

    #[inline]
    pub(crate) fn pick(&mut self, loads: &Loads, now: Instant, flow: &Flow) -> Option<u32> {
        match self.scheduler.pick_by_order(&self.order, loads) {
            Ok(pick) => pick,
            Err(WantsList) => self.pick_by_flow(loads, now, flow),
        }
    }

    /// The same where no other list has a place among the loads, if few registers do for that; else
    /// nothing has changed, and [`pick_soon`](Self::pick_soon) is to be asked.
    #[inline]
    pub(crate) fn pick_at_once(&mut self, loads: &Loads, flow: &Flow) -> Option<u32> {
        self.scheduler.pick_at_once(&self.order, loads, self.setup.flags, flow)
    }

    /// The same behind that, by kinds that want no list.
    #[inline]
    pub(crate) fn pick_soon(&mut self, loads: &Loads, flow: &Flow) -> Soon {
        self.scheduler.pick_soon(&self.order, loads, self.setup.flags, flow)
    }

    // Picks that look at the packet: each step is out of line, so that it has a frame of its own, or
    // none.

    #[inline(never)]
    fn pick_by_flow(&mut self, loads: &Loads, now: Instant, flow: &Flow) -> Option<u32> {
        match self.scheduler.pick_by_address(loads, self.setup.flags, flow) {
            Ok(pick) => pick,
            Err(WantsList) => self.pick_from_list(loads, now, flow),
        }
    }

    #[inline(never)]
    fn pick_from_list(&mut self, loads: &Loads, now: Instant, flow: &Flow) -> Option<u32> {
        let Self { order, scheduler, setup } = self;
        scheduler.pick(DestList { setup, order, loads }, now, flow)
    }

    /// What was counted of a place is to be heard of.
    #[inline]
    pub(crate) fn counted(&mut self, load: &Load) {
        self.scheduler.counted(load);
    }

    /// All that adding a place of that weight may allocate.
    pub(crate) fn reserve_one(&mut self, loads: &Loads, weight: u32) -> Result<(), OutOfMemory> {
        self.order.try_reserve(1).map_err(|_| OutOfMemory)?;
        self.reserve(loads, self.len() + 1, weight)
    }

    /// All that a weight may allocate that a place gets.
    pub(crate) fn reserve_weight(&mut self, loads: &Loads, weight: u32) -> Result<(), OutOfMemory> {
        self.reserve(loads, self.len(), weight)
    }

    fn reserve(&mut self, loads: &Loads, places: usize, weight: u32) -> Result<(), OutOfMemory> {
        let Self { order, scheduler, setup } = self;
        scheduler.reserve(DestList { setup, order, loads }, places, weight)
    }

    /// A place comes in at the head \[DST-1\]; there is room for it.
    pub(crate) fn add(&mut self, loads: &mut Loads, place: u32) {
        self.order.insert(0, place);
        self.changed(loads, Change::Added);
    }

    /// The place at that position leaves.
    pub(crate) fn remove(&mut self, loads: &mut Loads, position: usize) {
        self.order.remove(position);
        self.changed(loads, Change::Deleted { position });
    }

    /// The scheduler hears of a change after it is complete \[DST-13\].
    pub(crate) fn changed(&mut self, loads: &mut Loads, change: Change) {
        let Self { order, scheduler, setup } = self;
        scheduler.changed(DestList { setup, order, loads }, change);
        self.enrol(loads);
    }

    /// Another scheduler starts from scratch; the same one keeps its state \[SCH-5\].
    pub(crate) fn set_up(
        &mut self,
        now: Instant,
        setup: SchedulerSetup,
        loads: &mut Loads,
    ) -> Result<(), OutOfMemory> {
        if setup.kind != self.setup.kind {
            self.scheduler =
                setup.start(now, DestList { setup: &setup, order: &self.order, loads })?;
        }
        self.setup = setup;
        self.enrol(loads);
        Ok(())
    }

    /// Tells the members where they are, and who wants to hear of them.
    fn enrol(&self, loads: &mut Loads) {
        let watch = self.scheduler.watch();
        for (place, position) in self.order.iter().zip(0..) {
            if let Some(load) = loads.at_mut(*place) {
                load.position = position;
                load.grow(self.scheduler.growth(load));
                load.attended(watch);
            }
        }
    }

    /// What the scheduler sees.
    #[cfg(test)]
    pub(crate) fn members<'a>(&'a self, loads: &'a Loads) -> DestList<'a> {
        DestList { setup: &self.setup, order: &self.order, loads }
    }

    pub(crate) fn order(&self) -> &[u32] {
        &self.order
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    pub(crate) const fn setup(&self) -> &SchedulerSetup {
        &self.setup
    }

    pub(crate) const fn setup_mut(&mut self) -> &mut SchedulerSetup {
        &mut self.setup
    }

    pub(crate) const fn scheduler(&self) -> &AnyScheduler {
        &self.scheduler
    }

    pub(crate) const fn scheduler_mut(&mut self) -> &mut AnyScheduler {
        &mut self.scheduler
    }
}

/// What a scheduler sees: the places of a list in order, to be looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DestList<'a> {
    setup: &'a SchedulerSetup,
    pub(crate) order: &'a [u32],
    pub(crate) loads: &'a Loads,
}

impl<'a> DestList<'a> {
    /// What picking looks at of each.
    #[inline]
    pub(crate) fn iter(self) -> impl Iterator<Item = (u32, &'a Load)> + Clone {
        loads_of(self.order, self.loads)
    }

    #[inline]
    pub(crate) fn loads(self) -> impl Iterator<Item = &'a Load> + Clone {
        self.iter().map(|(_, load)| load)
    }

    /// What a table is built of.
    pub(crate) fn terms(self) -> impl Iterator<Item = (u32, &'a Terms)> + Clone {
        self.order.iter().filter_map(move |&place| Some((place, self.loads.terms(place)?)))
    }

    pub(crate) const fn len(self) -> usize {
        self.order.len()
    }

    /// That of any place, in the list or not.
    #[inline]
    pub(crate) fn load(self, place: u32) -> Option<&'a Load> {
        self.loads.at(place)
    }

    pub(crate) const fn profile(self) -> Profile {
        self.setup.profile
    }

    pub(crate) const fn flags(self) -> SchedulerFlags {
        self.setup.flags
    }

    /// What `lc` and `wlc` compare \[OVH-1\] \[OVH-2\].
    #[inline]
    pub(crate) const fn overhead(self, load: &Load) -> i32 {
        load.overhead(self.setup.profile.active_surplus()) as i32
    }
}

/// Places in list order, with what picking looks at of each.
#[inline]
pub(crate) fn loads_of<'a>(
    order: &'a [u32],
    loads: &'a Loads,
) -> impl Iterator<Item = (u32, &'a Load)> + Clone {
    order.iter().filter_map(|&place| Some((place, loads.at(place)?)))
}
