//! The smallest use: a scheduler and a list of destinations.

use core::net::IpAddr;

use lvs_proto::{Flow, Instant};

use crate::arena::Key;
use crate::dests::Dests;
use crate::hash::Seed;
use crate::scheduler::SchedulerSetup;
use crate::{Dest, DestConfig, DestError, DestId, LblcConfig, OutOfMemory, Profile};
use crate::{SchedulerFlags, SchedulerKind, Timers};

/// What a pool is told to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PoolConfig {
    /// Who picks destinations.
    pub scheduler: SchedulerKind,
    /// How the scheduler does it.
    pub flags: SchedulerFlags,
    /// Whose decisions are made.
    pub profile: Profile,
    /// The cache, for `lblc` and `lblcr`.
    pub lblc: LblcConfig,
    /// A secret, for tables that strangers fill; only their speed depends on it.
    pub seed: [u64; 2],
}

/// A scheduler and a list of destinations, for embedders with a flow table of their own, who tell
/// it what opened and what closed.
///
/// ```
/// use lvs_proto::{AddressPair, Flow, Instant, TcpFlags};
/// use lvs_sched::{DestConfig, Pool, PoolConfig, SchedulerKind};
///
/// let now = Instant::EPOCH;
/// let mut pool = Pool::new(now, PoolConfig { scheduler: SchedulerKind::Lc, ..Default::default() })?;
/// let a = pool.add_dest(now, DestConfig::new([10, 2, 0, 1].into(), 80))?;
/// let b = pool.add_dest(now, DestConfig::new([10, 2, 0, 2].into(), 80))?;
///
/// let addresses = AddressPair::V4 {
///     source: [192, 0, 2, 7].into(),
///     destination: [192, 0, 2, 100].into(),
/// };
/// let flow = Flow::tcp(addresses, 40_000, 80, TcpFlags::SYN);
/// assert_eq!(pool.pick(now, &flow), Some(b), "the newest comes first");
/// pool.conn_opened(b)?;
/// pool.conn_activated(b)?;
/// assert_eq!(pool.pick(now, &flow), Some(a), "and now it has more to do");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Pool {
    dests: Dests,
    group: Key,
    now: Instant,
}

impl Pool {
    /// An empty pool.
    ///
    /// # Errors
    ///
    /// If there is no memory for what the scheduler keeps.
    pub fn new(now: Instant, config: PoolConfig) -> Result<Self, OutOfMemory> {
        let PoolConfig { scheduler: kind, flags, profile, lblc, seed } = config;
        let timers = Timers::default();
        let mut dests = Dests::new(profile, timers);
        let setup = SchedulerSetup { kind, flags, lblc, seed: Seed(seed), timers };
        let group = dests.add_group(now, None, setup)?;
        Ok(Self { dests, group, now })
    }

    /// Adds a destination, at the head of the list \[DST-1\]; one that was deleted while it had
    /// connections comes back with them \[DST-5\].
    ///
    /// # Errors
    ///
    /// See [`DestError`]; nothing has changed.
    pub fn add_dest(&mut self, now: Instant, config: DestConfig) -> Result<DestId, DestError> {
        self.advance(now);
        self.dests.add(self.group, config)
    }

    /// Replaces the configuration of the destination of that address and port \[DST-10\].
    ///
    /// # Errors
    ///
    /// See [`DestError`]; nothing has changed.
    pub fn edit_dest(&mut self, now: Instant, config: DestConfig) -> Result<(), DestError> {
        self.advance(now);
        self.dests.edit(self.group, config)
    }

    /// Takes the destination of that address and port out of the list. Its id stays good until
    /// two minutes and more after its last connection was closed \[DST-6\].
    ///
    /// # Errors
    ///
    /// See [`DestError`]; nothing has changed.
    pub fn delete_dest(
        &mut self,
        now: Instant,
        address: IpAddr,
        port: u16,
    ) -> Result<(), DestError> {
        let now = self.advance(now);
        self.dests.delete(now, self.group, address, port)
    }

    /// The destination for a new connection that begins with this packet, `None` if there is none
    /// to offer. Nothing is counted: say [`conn_opened`](Self::conn_opened) when it is used.
    pub fn pick(&mut self, now: Instant, flow: &Flow) -> Option<DestId> {
        let now = self.advance(now);
        self.dests.pick(now, self.group, flow)
    }

    /// A connection to `dest` was made; it counts as inactive \[CNT-2\].
    ///
    /// # Errors
    ///
    /// See [`ConnError`]; nothing has changed.
    pub fn conn_opened(&mut self, dest: DestId) -> Result<(), ConnError> {
        self.known(dest)?;
        self.dests.bind(dest);
        Ok(())
    }

    /// An inactive connection to `dest` became active \[CNT-5\].
    ///
    /// # Errors
    ///
    /// See [`ConnError`]; nothing has changed.
    pub fn conn_activated(&mut self, dest: DestId) -> Result<(), ConnError> {
        if self.known(dest)?.inactive_conns() == 0 {
            return Err(ConnError::NoneInactive);
        }
        self.dests.activate(dest);
        Ok(())
    }

    /// An active connection to `dest` became inactive \[CNT-5\].
    ///
    /// # Errors
    ///
    /// See [`ConnError`]; nothing has changed.
    pub fn conn_deactivated(&mut self, dest: DestId) -> Result<(), ConnError> {
        if self.known(dest)?.active_conns() == 0 {
            return Err(ConnError::NoneActive);
        }
        self.dests.deactivate(dest);
        Ok(())
    }

    /// An inactive connection to `dest` ended \[CNT-4\]; an active one is
    /// [deactivated](Self::conn_deactivated) first.
    ///
    /// # Errors
    ///
    /// See [`ConnError`]; nothing has changed.
    pub fn conn_closed(&mut self, dest: DestId) -> Result<(), ConnError> {
        if self.known(dest)?.inactive_conns() == 0 {
            return Err(ConnError::NoneInactive);
        }
        self.dests.unbind(dest);
        Ok(())
    }

    /// The destination of this id.
    #[must_use]
    pub fn dest(&self, id: DestId) -> Option<&Dest> {
        self.dests.get(id)
    }

    /// The destinations in list order, the newest first \[DST-1\].
    pub fn dests(&self) -> impl Iterator<Item = (DestId, &Dest)> {
        self.dests.list(self.group).iter()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is wanted; the answer may change with every
    /// other call.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.dests.next_deadline()
    }

    /// Does what is due: deleted destinations and cached addresses are forgotten.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.advance(now);
        self.dests.handle_timeout(now);
    }

    fn known(&self, id: DestId) -> Result<&Dest, ConnError> {
        self.dests.get(id).ok_or(ConnError::UnknownDest)
    }

    fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }
}

/// Why what a connection did was not counted. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnError {
    /// The pool has no destination of this id, or no longer.
    #[error("unknown destination")]
    UnknownDest,
    /// The destination has no inactive connection.
    #[error("the destination has no inactive connection")]
    NoneInactive,
    /// The destination has no active connection.
    #[error("the destination has no active connection")]
    NoneActive,
}
