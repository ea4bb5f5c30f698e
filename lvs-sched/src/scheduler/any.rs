//! A scheduler of any kind.

use core::time::Duration;

use lvs_proto::{Flow, Instant};

use super::{Change, Scheduler, SchedulerFlags};
use super::{dh, lblc, lblcr, least, mh, rr, sh, twos, wrr};
use crate::dests::{DestList, Load, Loads};
use crate::{DestId, OutOfMemory};

/// A scheduler of any kind: picks a destination for a new connection or template \[SCH-1\].
#[derive(Debug)]
#[repr(u8)]
pub(crate) enum AnyScheduler {
    Rr(rr::Rr),
    Wrr(wrr::Wrr),
    /// `lc`, `wlc`, `sed`, `nq`, `fo` and `ovf`.
    Least(least::Least),
    Lblc(lblc::Lblc),
    Lblcr(lblcr::Lblcr),
    Dh(dh::Dh),
    Sh(sh::Sh),
    Mh(mh::Mh),
    Twos(twos::Twos),
}

impl AnyScheduler {
    /// The destination, or `None` if there is none to offer \[SCH-2\], by kinds that are content
    /// with the order of the list and the loads of all destinations: they are asked most often, and
    /// are so few that no table of jumps is looked into.
    ///
    /// # Errors
    ///
    /// Other kinds want a [list](Self::pick).
    #[inline]
    pub(crate) fn pick_by_order(
        &mut self,
        order: &[DestId],
        loads: &Loads,
    ) -> Result<Option<DestId>, WantsList> {
        match self {
            Self::Rr(rr) => Ok(rr.pick(order)),
            Self::Wrr(wrr) => Ok(wrr.pick(order)),
            Self::Least(least) => Ok(least.pick(order, loads.as_slice())),
            _ => Err(WantsList),
        }
    }

    /// The same by kinds that look an address up in a table.
    ///
    /// # Errors
    ///
    /// Other kinds want a [list](Self::pick).
    #[inline]
    pub(crate) fn pick_by_address(
        &self,
        loads: &Loads,
        flags: SchedulerFlags,
        flow: &Flow,
    ) -> Result<Option<DestId>, WantsList> {
        match self {
            Self::Dh(dh) => Ok(dh.pick(loads, flow)),
            Self::Sh(sh) => Ok(sh.pick(loads, flags, flow)),
            Self::Mh(mh) => Ok(mh.pick(loads, flags, flow)),
            _ => Err(WantsList),
        }
    }

    /// The destination, or `None` if there is none to offer \[SCH-2\].
    pub(crate) fn pick(&mut self, list: DestList<'_>, now: Instant, flow: &Flow) -> Option<DestId> {
        match self {
            Self::Dh(_) | Self::Sh(_) | Self::Mh(_) => {
                self.pick_by_address(list.loads, list.flags, flow).ok()?
            }
            Self::Lblc(lblc) => lblc.pick(list, now, flow),
            Self::Lblcr(lblcr) => lblcr.pick(list, now, flow),
            Self::Twos(twos) => twos.pick(list),
            _ => self.pick_by_order(list.order, list.loads).ok()?,
        }
    }

    /// The counters or the overload flag of a destination in the list changed.
    #[inline]
    pub(crate) fn counted(&mut self, load: &Load) {
        if let Self::Least(least) = self {
            least.counted(load);
        } else {
            self.counted_otherwise(load);
        }
    }

    /// Out of line, so that it costs nothing where it is counted most often.
    #[inline(never)]
    fn counted_otherwise(&mut self, load: &Load) {
        match self {
            Self::Least(_) | Self::Dh(_) | Self::Sh(_) | Self::Mh(_) => {}
            Self::Lblc(lblc) => lblc.counted(load),
            Self::Lblcr(lblcr) => lblcr.counted(load),
            Self::Rr(rr) => rr.counted(load),
            Self::Wrr(wrr) => wrr.counted(load),
            Self::Twos(twos) => twos.counted(load),
        }
    }

    pub(crate) fn reserve(
        &mut self,
        list: DestList<'_>,
        dests: usize,
        weight: u32,
    ) -> Result<(), OutOfMemory> {
        self.any_mut().reserve(list, dests, weight)
    }

    pub(crate) fn changed(&mut self, list: DestList<'_>, change: Change) {
        self.any_mut().changed(list, change);
    }

    pub(crate) fn factor_and_key(&self, load: &Load) -> (u64, u64) {
        self.any().factor_and_key(load)
    }

    pub(crate) fn watches_counts(&self) -> bool {
        self.any().watches_counts()
    }

    pub(crate) fn set_expiration(&mut self, expiration: Duration) {
        self.any_mut().set_expiration(expiration);
    }

    // What timers lead to names the kinds that it concerns: by a trait object it would seem to reach
    // what the others do when they are configured, which may fail for want of memory.

    pub(crate) fn references(&self) -> usize {
        match self {
            Self::Lblc(lblc) => lblc.references(),
            Self::Lblcr(lblcr) => lblcr.references(),
            Self::Mh(mh) => mh.references(),
            _ => 0,
        }
    }

    pub(crate) fn reference(&self, place: usize) -> Option<DestId> {
        match self {
            Self::Lblc(lblc) => lblc.reference(place),
            Self::Lblcr(lblcr) => lblcr.reference(place),
            Self::Mh(mh) => mh.reference(place),
            _ => None,
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        match self {
            Self::Lblc(lblc) => lblc.next_deadline(),
            Self::Lblcr(lblcr) => lblcr.next_deadline(),
            _ => None,
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, budget: usize) -> usize {
        match self {
            Self::Lblc(lblc) => lblc.handle_timeout(now, budget),
            Self::Lblcr(lblcr) => lblcr.handle_timeout(now, budget),
            _ => 0,
        }
    }

    pub(crate) fn forgotten(&self) -> u64 {
        self.any().forgotten()
    }

    fn any(&self) -> &dyn Scheduler {
        match self {
            Self::Rr(scheduler) => scheduler,
            Self::Wrr(scheduler) => scheduler,
            Self::Least(scheduler) => scheduler,
            Self::Lblc(scheduler) => scheduler,
            Self::Lblcr(scheduler) => scheduler,
            Self::Dh(scheduler) => scheduler,
            Self::Sh(scheduler) => scheduler,
            Self::Mh(scheduler) => scheduler,
            Self::Twos(scheduler) => scheduler,
        }
    }

    fn any_mut(&mut self) -> &mut dyn Scheduler {
        match self {
            Self::Rr(scheduler) => scheduler,
            Self::Wrr(scheduler) => scheduler,
            Self::Least(scheduler) => scheduler,
            Self::Lblc(scheduler) => scheduler,
            Self::Lblcr(scheduler) => scheduler,
            Self::Dh(scheduler) => scheduler,
            Self::Sh(scheduler) => scheduler,
            Self::Mh(scheduler) => scheduler,
            Self::Twos(scheduler) => scheduler,
        }
    }
}

/// [`AnyScheduler::pick`] is to be asked.
#[derive(Debug)]
pub(crate) struct WantsList;
