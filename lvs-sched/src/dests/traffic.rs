//! What goes through destinations and groups is counted.

use super::{DestId, Dests};
use crate::Statistics;
use crate::arena::Key;
use crate::statistics::Traffic;

impl Dests {
    /// A connection was scheduled \[SVC-11\].
    pub(crate) fn count_conn(&mut self, id: DestId) {
        self.count(id, Statistics::count_conn);
    }

    /// A client's packet goes on \[EST-2\].
    pub(crate) fn count_packet(&mut self, id: DestId, octets: u32) {
        self.count(id, |statistics| statistics.count_in(octets));
    }

    /// A real server's packet goes on \[EST-2\].
    pub(crate) fn count_reply(&mut self, id: DestId, octets: u32) {
        self.count(id, |statistics| statistics.count_out(octets));
    }

    /// Nothing is counted of a destination that was deleted \[EST-2\].
    fn count(&mut self, id: DestId, add: impl Fn(&mut Statistics)) {
        let Some(dest) = self.dests.get_mut(id.0).filter(|dest| dest.available) else { return };
        add(&mut dest.traffic.statistics);
        if let Some(group) = self.groups.get_mut(dest.group) {
            add(&mut group.traffic.statistics);
        }
        add(&mut self.traffic.statistics);
    }

    pub(crate) const fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    pub(crate) fn group_traffic(&self, group: Key) -> Traffic {
        self.groups.get(group).map(|group| group.traffic).unwrap_or_default()
    }

    /// The deleted are left as they are \[EST-8\].
    pub(crate) fn estimate(&mut self) {
        let available = self.dests.values_mut().filter(|dest| dest.available);
        available.for_each(|dest| dest.traffic.estimate());
        self.groups.values_mut().for_each(|group| group.traffic.estimate());
        self.traffic.estimate();
    }

    /// Everything \[CTL-9\].
    pub(crate) fn zero(&mut self) {
        let available = self.dests.values_mut().filter(|dest| dest.available);
        available.for_each(|dest| dest.traffic = Traffic::default());
        self.groups.values_mut().for_each(|group| group.traffic = Traffic::default());
        self.traffic = Traffic::default();
    }

    /// A group and what is in its list \[CTL-9\].
    pub(crate) fn zero_group(&mut self, group: Key) {
        let Some(group) = self.groups.get_mut(group) else { return };
        group.traffic = Traffic::default();
        for id in &group.order {
            if let Some(dest) = self.dests.get_mut(id.0) {
                dest.traffic = Traffic::default();
            }
        }
    }
}
