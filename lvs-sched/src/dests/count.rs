//! What a connection does to its destination's counters: the one door to the indexes of schedulers.

use super::load::{CountError, Load};
use super::{DestId, Dests};

impl Dests {
    /// Changes the counters of a destination, and tells its scheduler if that wants to know.
    #[inline]
    pub(crate) fn change(
        &mut self,
        id: DestId,
        change: impl FnOnce(&mut Load) -> Result<(), CountError>,
    ) -> Result<(), CountError> {
        let load = self.loads.get_mut(id).ok_or(CountError::UnknownDest)?;
        change(load)?;
        if load.wants_attention() {
            load.heard();
            if let Some(group) = self.groups.at_mut(load.group) {
                group.list.counted(load);
            }
        }
        Ok(())
    }

    /// A connection is born, inactive \[CNT-2\].
    pub(crate) fn bind(&mut self, id: DestId) {
        self.change_if_known(id, |load| load.open(false));
    }

    /// A connection ends \[CNT-4\].
    pub(crate) fn unbind(&mut self, id: DestId, was_active: bool) {
        self.change_if_known(id, |load| load.close(was_active));
    }

    /// An inactive connection becomes active \[CNT-5\].
    pub(crate) fn activate(&mut self, id: DestId) {
        self.change_if_known(id, Load::activate);
    }

    /// An active connection becomes inactive \[CNT-5\].
    pub(crate) fn deactivate(&mut self, id: DestId) {
        self.change_if_known(id, Load::deactivate);
    }

    /// A connection without a destination moves no counter \[CNT-8\].
    fn change_if_known(
        &mut self,
        id: DestId,
        change: impl FnOnce(&mut Load) -> Result<(), CountError>,
    ) {
        let _ = self.change(id, change);
    }

    /// A template is born \[CNT-3\].
    pub(crate) fn bind_template(&mut self, id: DestId) {
        if let Some(facts) = self.facts.get_mut(id.0) {
            facts.persistent = facts.persistent.saturating_add(1);
        }
    }

    /// A template ends \[CNT-4\].
    pub(crate) fn unbind_template(&mut self, id: DestId) {
        if let Some(facts) = self.facts.get_mut(id.0) {
            facts.persistent = facts.persistent.saturating_sub(1);
        }
    }
}
