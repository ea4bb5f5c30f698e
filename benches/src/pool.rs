//! The pool of `lvs-sched`, as a flow table of one's own uses it.

use lvs_proto::{Flow, Instant};
use lvs_sched::{DestConfig, DestId, Director, DirectorConfig, MhTableIndex, Pool};
use lvs_sched::{PoolConfig, SchedulerKind, ServiceConfig, ServiceKey};

use crate::churn::Scheduler;
use crate::setting::{Setting, VIRTUAL_ADDRESS};

/// A pool.
#[derive(Debug)]
pub struct Pooled(pub Pool);

impl Pooled {
    /// A pool of the destinations of a setting.
    ///
    /// # Panics
    ///
    /// If there is no memory for it.
    #[must_use]
    pub fn new(setting: &Setting) -> Self {
        let mh = mh_index(setting.mh_slots);
        let config = PoolConfig {
            scheduler: setting.kind,
            mh,
            connections: 1 << 20,
            ..PoolConfig::default()
        };
        let mut pool = Pool::new(Instant::EPOCH, config).expect("memory for a pool");
        // The newest comes first [DST-1].
        for (place, &weight) in setting.weights.iter().enumerate().rev() {
            let dest = DestConfig { weight, ..dest(place as u32) };
            pool.add_dest(Instant::EPOCH, dest).expect("a new destination");
        }
        Self(pool)
    }
}

impl Scheduler for Pooled {
    type Dest = DestId;

    #[inline]
    fn pick(&mut self, flow: &Flow) -> Option<DestId> {
        self.0.pick(Instant::EPOCH, flow)
    }

    #[inline]
    fn opened(&mut self, dest: DestId) {
        let counted = self.0.conn_opened(dest, true);
        debug_assert_eq!(counted, Ok(()));
    }

    #[inline]
    fn deactivated(&mut self, dest: DestId) {
        let counted = self.0.conn_deactivated(dest);
        debug_assert_eq!(counted, Ok(()));
    }

    #[inline]
    fn closed(&mut self, dest: DestId) {
        let counted = self.0.conn_closed(dest, false);
        debug_assert_eq!(counted, Ok(()));
    }

    fn dests(&self) -> Vec<DestId> {
        self.0.dests().map(|(id, _)| id).collect()
    }

    fn edit(&mut self, dest: DestId, weight: u32, upper_threshold: u32, lower_threshold: u32) {
        let config = *self.0.dest(dest).expect("a destination").config();
        let config = DestConfig { weight, upper_threshold, lower_threshold, ..config };
        self.0.edit_dest(Instant::EPOCH, config).expect("thresholds in order");
    }
}

/// A service with the largest table of `mh`, which every edit builds anew.
///
/// Its destinations are added under another scheduler: under `mh` each of them would have the table
/// built.
#[derive(Debug)]
pub(crate) struct Rebuilt {
    director: Director,
    service: ServiceKey,
}

impl Rebuilt {
    pub(crate) fn new(setting: &Setting) -> Self {
        let mh = mh_index(setting.mh_slots);
        let config = DirectorConfig { mh, connections: 0, ..DirectorConfig::default() };
        let mut director = Director::new(config).expect("memory for a director");
        let service = ServiceKey::tcp(VIRTUAL_ADDRESS.into(), 80);
        let rr = ServiceConfig { scheduler: SchedulerKind::Rr, ..ServiceConfig::new(service) };
        director.add_service(Instant::EPOCH, rr).expect("a new service");
        for (place, &weight) in setting.weights.iter().enumerate().rev() {
            let dest = DestConfig { weight, ..dest(place as u32) };
            director.add_dest(Instant::EPOCH, &service, dest).expect("a new destination");
        }
        let mh = ServiceConfig { scheduler: SchedulerKind::Mh, ..rr };
        director.edit_service(Instant::EPOCH, mh).expect("memory for the table");
        Self { director, service }
    }

    /// Edits the first destination.
    pub(crate) fn set_weight(&mut self, weight: u32) {
        let dest = DestConfig { weight, ..dest(0) };
        self.director.edit_dest(Instant::EPOCH, &self.service, dest).expect("a destination");
    }
}

/// The destination at a place of the list, of weight 1.
pub(crate) fn dest(place: u32) -> DestConfig {
    DestConfig::new(Setting::address(place), 80)
}

pub(crate) fn mh_index(slots: u32) -> MhTableIndex {
    let indexes = (0..=u8::MAX).filter_map(|index| MhTableIndex::try_from(index).ok());
    { indexes }.find(|index| index.slots() == slots).expect("a size of the table")
}
