//! The group of `lvs-sched`, as a data plane with records of its own uses it.

use lvs_proto::{Flow, Instant};
use lvs_sched::{DestConfig, Group, GroupConfig};

use crate::churn::Scheduler;
use crate::pool::{dest, mh_index};
use crate::setting::Setting;

/// A group.
#[derive(Debug)]
pub struct Ours(pub Group);

impl Ours {
    /// A group of the destinations of a setting.
    ///
    /// # Panics
    ///
    /// If there is no memory for it.
    #[must_use]
    pub fn new(setting: &Setting) -> Self {
        let mh = mh_index(setting.mh_slots);
        let config = GroupConfig { scheduler: setting.kind, mh, ..GroupConfig::default() };
        let mut group = Group::new(Instant::EPOCH, config).expect("memory for a group");
        // The newest comes first [DST-1].
        for (position, &weight) in setting.weights.iter().enumerate().rev() {
            group.add(DestConfig { weight, ..dest(position as u32) }).expect("a weight in range");
        }
        Self(group)
    }
}

impl Scheduler for Ours {
    type Dest = u32;

    #[inline]
    fn pick(&mut self, flow: &Flow) -> Option<u32> {
        self.0.pick(Instant::EPOCH, flow)
    }

    #[inline]
    fn opened(&mut self, place: u32) {
        let counted = self.0.conn_opened(place, true);
        debug_assert_eq!(counted, Ok(()));
    }

    #[inline]
    fn deactivated(&mut self, place: u32) {
        let counted = self.0.conn_deactivated(place);
        debug_assert_eq!(counted, Ok(()));
    }

    #[inline]
    fn closed(&mut self, place: u32) {
        let counted = self.0.conn_closed(place, false);
        debug_assert_eq!(counted, Ok(()));
    }

    fn dests(&self) -> Vec<u32> {
        self.0.places().collect()
    }

    fn edit(&mut self, place: u32, weight: u32, upper_threshold: u32, lower_threshold: u32) {
        let config = DestConfig { weight, upper_threshold, lower_threshold, ..dest(0) };
        self.0.edit(place, config).expect("thresholds in order");
    }
}
