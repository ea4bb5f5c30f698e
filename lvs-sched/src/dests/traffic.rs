//! What goes through destinations and groups is counted.

use super::{Dest, DestId, Dests};
use crate::Statistics;
use crate::arena::Key;
use crate::statistics::Traffic;

impl Dests {
    /// A connection was scheduled \[SVC-11\].
    pub(crate) fn count_conn(&mut self, id: DestId) {
        let Some(load) = self.loads.get_mut(id).filter(|load| load.is_available()) else { return };
        load.count_conn();
        if let Some(group) = self.groups.at_mut(load.group) {
            group.traffic.statistics.count_conn();
        }
        self.traffic.statistics.count_conn();
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
        let Some(load) = self.loads.get(id).filter(|load| load.is_available()) else { return };
        if let Some(facts) = self.facts.get_mut(id.0) {
            add(&mut facts.traffic.statistics);
        }
        if let Some(group) = self.groups.at_mut(load.group) {
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
        for (key, facts) in self.facts.entries_mut() {
            if let Some(load) = self.loads.get(DestId(key)).filter(|load| load.is_available()) {
                let counted = Dest { facts, load }.statistics();
                facts.traffic.rates.advance(&counted);
            }
        }
        self.groups.values_mut().for_each(|group| group.traffic.estimate());
        self.traffic.estimate();
    }

    /// Everything \[CTL-9\].
    pub(crate) fn zero(&mut self) {
        for (key, facts) in self.facts.entries_mut() {
            if let Some(load) = self.loads.get_mut(DestId(key)).filter(|load| load.is_available()) {
                (facts.traffic, load.conns) = (Traffic::default(), 0);
            }
        }
        self.groups.values_mut().for_each(|group| group.traffic = Traffic::default());
        self.traffic = Traffic::default();
    }

    /// A group and what is in its list \[CTL-9\].
    pub(crate) fn zero_group(&mut self, group: Key) {
        let Self { facts, loads, groups, .. } = self;
        let Some(group) = groups.get_mut(group) else { return };
        group.traffic = Traffic::default();
        for &place in group.list.order() {
            if let (Some(facts), Some(load)) = (facts.at_mut(place), loads.at_mut(place)) {
                (facts.traffic, load.conns) = (Traffic::default(), 0);
            }
        }
    }
}
