//! What stands in for synchronisation in a build without the feature `sync`.

use lvs_proto::Instant;

use super::Director;
use crate::ConnId;

/// Nothing makes a director a master.
#[derive(Debug)]
pub(super) enum Master {}

impl Director {
    pub(super) const fn sync_deadline(&self) -> Option<Instant> {
        None
    }

    pub(super) const fn close_sync_message(&mut self, _now: Instant) {}

    pub(super) const fn begin_sync(&mut self, _now: Instant, _id: ConnId) {}

    pub(super) const fn announce(&mut self, _now: Instant, _id: ConnId) {}

    pub(super) const fn announce_template(&mut self, _now: Instant, _template: ConnId) {}

    pub(super) const fn announce_put_off(&mut self, _now: Instant, _id: ConnId) {}
}
