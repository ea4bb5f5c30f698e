//! A scheduler of any kind.

use core::time::Duration;

use lvs_proto::{Flow, Instant};

use super::{Change, Scheduler, SchedulerFlags};
use super::{dh, lblc, lblcr, least, mh, rr, sh, twos, wrr};
use crate::OutOfMemory;
use crate::dests::{DestList, Growth, Load, Loads, Watch};

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
        order: &[u32],
        loads: &Loads,
    ) -> Result<Option<u32>, WantsList> {
        match self {
            Self::Rr(rr) => Ok(rr.pick(order)),
            Self::Wrr(wrr) => Ok(wrr.pick(order)),
            Self::Least(least) => Ok(least.pick(order, loads)),
            _ => Err(WantsList),
        }
    }

    /// The same where no other list has a place among the loads, if few registers do for that; else
    /// nothing has changed, and [`pick_soon`](Self::pick_soon) is to be asked.
    #[inline]
    pub(crate) fn pick_at_once(
        &mut self,
        order: &[u32],
        loads: &Loads,
        flags: SchedulerFlags,
        flow: &Flow,
    ) -> Option<u32> {
        match self {
            Self::Rr(rr) => rr.pick_at_once(order),
            Self::Wrr(wrr) => wrr.pick_at_once(order),
            Self::Least(least) => least.pick_at_once(loads),
            Self::Dh(dh) if flow.embedded.is_none() => dh.pick(loads, flow),
            Self::Sh(sh) if flow.embedded.is_none() && !flags.contains(SchedulerFlags::SH_PORT) => {
                sh.pick_at_once(loads, flags, flow)
            }
            _ => None,
        }
    }

    /// The same behind that, by kinds that want no list. Each goes on out of line: no frame is made
    /// for what one of them does.
    #[inline]
    pub(crate) fn pick_soon(
        &mut self,
        order: &[u32],
        loads: &Loads,
        flags: SchedulerFlags,
        flow: &Flow,
    ) -> Soon {
        Soon::Picked(match self {
            Self::Wrr(wrr) => wrr.search(order),
            Self::Least(least) => least.pick_soon(order, loads),
            Self::Sh(sh) => sh.pick(loads, flags, flow),
            Self::Mh(mh) => mh.pick(loads, flags, flow),
            _ => return Soon::WantsList,
        })
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
    ) -> Result<Option<u32>, WantsList> {
        match self {
            Self::Dh(dh) => Ok(dh.pick(loads, flow)),
            Self::Sh(sh) => Ok(sh.pick(loads, flags, flow)),
            Self::Mh(mh) => Ok(mh.pick(loads, flags, flow)),
            _ => Err(WantsList),
        }
    }

    /// The destination, or `None` if there is none to offer \[SCH-2\].
    pub(crate) fn pick(&mut self, list: DestList<'_>, now: Instant, flow: &Flow) -> Option<u32> {
        match self {
            Self::Dh(_) | Self::Sh(_) | Self::Mh(_) => {
                self.pick_by_address(list.loads, list.flags(), flow).ok()?
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

    pub(crate) fn growth(&self, load: &Load) -> Growth {
        self.any().growth(load)
    }

    pub(crate) fn watch(&self) -> Watch {
        self.any().watch()
    }

    pub(crate) fn set_expiration(&mut self, expiration: Duration) {
        self.any_mut().set_expiration(expiration);
    }

    // What timers lead to names the kinds that it concerns: by a trait object it would seem to reach
    // what the others do when they are configured, which may fail for want of memory.

    /// Whether `place` may be picked without being in the list.
    pub(crate) fn refers_to(&self, place: u32) -> bool {
        (0..self.references()).any(|index| self.reference(index) == Some(place))
    }

    pub(crate) fn references(&self) -> usize {
        match self {
            Self::Lblc(lblc) => lblc.references(),
            Self::Lblcr(lblcr) => lblcr.references(),
            Self::Mh(mh) => mh.references(),
            _ => 0,
        }
    }

    pub(crate) fn reference(&self, index: usize) -> Option<u32> {
        match self {
            Self::Lblc(lblc) => lblc.reference(index),
            Self::Lblcr(lblcr) => lblcr.reference(index),
            Self::Mh(mh) => mh.reference(index),
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

/// What a kind answers that may want no list. It has a tag of its own, so that a pick that is made out
/// of line is handed on as it is.
#[derive(Debug)]
#[repr(u8)]
pub(crate) enum Soon {
    Picked(Option<u32>),
    /// [`AnyScheduler::pick`] is to be asked; nothing has changed.
    WantsList,
}

/// [`AnyScheduler::pick`] is to be asked.
#[derive(Debug)]
pub(crate) struct WantsList;
