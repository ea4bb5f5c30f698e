//! Who serves an address for which `lblc` and `lblcr` remember nobody good.

use super::bitmap::Bitmap;
use super::least::Least;
use super::{Change, Scheduler, SchedulerKind};
use crate::OutOfMemory;
use crate::dests::{DestList, Growth, Load};

/// The pick of `wlc`, and whether another destination would have room.
#[derive(Debug)]
pub(super) struct Spare {
    least: Least,
    /// Those with fewer active connections than half of their weight, whatever their flags.
    idle: Bitmap,
}

impl Spare {
    pub(super) fn new(list: DestList<'_>) -> Result<Self, OutOfMemory> {
        let least = Least::new(SchedulerKind::Wlc, list)?;
        let mut spare = Self { least, idle: Bitmap::default() };
        spare.idle.reserve(list.len())?;
        spare.idle.rebuild(list.len(), list.loads().map(is_idle));
        Ok(spare)
    }

    pub(super) fn pick(&mut self, list: DestList<'_>) -> Option<u32> {
        self.least.pick(list.order, list.loads)
    }

    /// More active connections than weight, while another destination has less than half of its
    /// weight \[LBLC-5\].
    pub(super) fn is_busy(&self, load: &Load) -> bool {
        load.active > load.weight && self.idle.any()
    }

    pub(super) fn counted(&mut self, load: &Load) {
        self.least.counted(load);
        self.idle.set(load.position as usize, is_idle(load));
    }
}

impl Scheduler for Spare {
    fn reserve(
        &mut self,
        list: DestList<'_>,
        dests: usize,
        weight: u32,
    ) -> Result<(), OutOfMemory> {
        self.idle.reserve(dests)?;
        self.least.reserve(list, dests, weight)
    }

    fn growth(&self, load: &Load) -> Growth {
        self.least.growth(load)
    }

    fn changed(&mut self, list: DestList<'_>, change: Change) {
        self.idle.rebuild(list.len(), list.loads().map(is_idle));
        self.least.changed(list, change);
    }
}

fn is_idle(load: &Load) -> bool {
    2 * u64::from(load.active) < u64::from(load.weight)
}
