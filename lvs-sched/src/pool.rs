//! The smallest use: a scheduler and a list of destinations.

use core::net::IpAddr;

use lvs_proto::{Flow, Instant};

use crate::arena::{Arena, Key};
use crate::dests::{Dests, Load};
use crate::hash::Seed;
use crate::scheduler::SchedulerSetup;
use crate::{CountError, Dest, DestConfig, DestError, DestId, LblcConfig, MhTableIndex};
use crate::{OutOfMemory, Profile, SchedulerFlags, SchedulerKind, Timers};

/// The most picks of a burst.
const BURST: usize = 32;

/// What a pool is told to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PoolConfig {
    /// Who picks destinations.
    pub scheduler: SchedulerKind,
    /// How the scheduler does it.
    pub flags: SchedulerFlags,
    /// Whose decisions are made.
    pub profile: Profile,
    /// The most connections that are open at once; memory for them is taken at once.
    pub connections: u32,
    /// Places after the head of the list where each walk of `rr` and `wrr` begins, so that several
    /// pools do not all begin at one server. 0 is the kernel's way.
    pub start_offset: u32,
    /// The cache, for `lblc` and `lblcr`.
    pub lblc: LblcConfig,
    /// The table, for `mh`.
    pub mh: MhTableIndex,
    /// A secret, for tables that strangers fill, whose speed alone depends on it, and for the draws
    /// of `twos`.
    pub seed: [u64; 2],
}

/// 65536 connections, a seed of zeros, and the kernel's figures.
impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            scheduler: SchedulerKind::default(),
            flags: SchedulerFlags::NONE,
            profile: Profile::default(),
            connections: 65_536,
            start_offset: 0,
            lblc: LblcConfig::default(),
            mh: MhTableIndex::default(),
            seed: [0; 2],
        }
    }
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
/// let conn = pool.open(b)?;
/// pool.activate(conn)?;
/// assert_eq!(pool.pick(now, &flow), Some(a), "and now it has more to do");
/// pool.close(conn)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Pool {
    dests: Dests,
    group: Key,
    conns: Arena<Counted>,
    now: Instant,
}

impl Pool {
    /// An empty pool.
    ///
    /// # Errors
    ///
    /// If there is no memory for the connections asked for and what the scheduler keeps, or the
    /// scheduler is one that this build leaves out.
    pub fn new(now: Instant, config: PoolConfig) -> Result<Self, OutOfMemory> {
        let PoolConfig { scheduler: kind, flags, start_offset, lblc, mh, seed, .. } = config;
        let (seed, timers) = (Seed(seed), Timers::default());
        let mut conns = Arena::new();
        conns.reserve(config.connections as usize)?;
        let mut dests = Dests::new(config.profile, timers);
        let family = None;
        let profile = config.profile;
        let setup =
            SchedulerSetup { kind, profile, family, flags, start_offset, lblc, mh, seed, timers };
        let group = dests.add_group(now, None, setup)?;
        Ok(Self { dests, group, conns, now })
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
    /// to offer. Nothing is counted: say [`open`](Self::open) or
    /// [`conn_opened`](Self::conn_opened) when it is used. A scheduler that [reads no
    /// flows](SchedulerKind::reads_flows) is content with [`Flow::NONE`].
    #[inline]
    pub fn pick(&mut self, now: Instant, flow: &Flow) -> Option<DestId> {
        let now = self.advance(now);
        self.dests.pick(now, self.group, flow)
    }

    /// The destinations for connections that begin with these packets, in order, as so many calls
    /// of [`pick`](Self::pick) would give them: nothing is counted in between. Fills the first
    /// places of `picks`, as many as there are flows, as there is room, and at most 32; the answer
    /// is how many.
    pub fn pick_burst(
        &mut self,
        now: Instant,
        flows: &[Flow],
        picks: &mut [Option<DestId>],
    ) -> usize {
        let places = picks.iter_mut().take(BURST);
        places.zip(self.picks(now, flows.iter())).map(|(place, pick)| *place = pick).count()
    }

    /// The destinations for connections that begin with these packets, each picked when it is asked
    /// for, and as many as there are flows.
    ///
    /// ```
    /// # use lvs_proto::{Flow, Instant};
    /// # use lvs_sched::{DestConfig, Pool, PoolConfig, SchedulerKind};
    /// # let now = Instant::EPOCH;
    /// let config = PoolConfig { scheduler: SchedulerKind::Rr, ..PoolConfig::default() };
    /// let mut pool = Pool::new(now, config)?;
    /// let dest = pool.add_dest(now, DestConfig::new([10, 2, 0, 1].into(), 80))?;
    /// // Rr looks at no packets: any flow will do.
    /// let picks = pool.picks(now, std::iter::repeat(&Flow::NONE));
    /// assert!(picks.take(100).all(|pick| pick == Some(dest)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn picks<'a>(
        &mut self,
        now: Instant,
        flows: impl Iterator<Item = &'a Flow>,
    ) -> impl Iterator<Item = Option<DestId>> {
        let now = self.advance(now);
        self.dests.picks(now, self.group, flows)
    }

    /// A connection to `dest` was made; it counts as active or inactive. With its likes below this
    /// is for embedders that remember of each connection where it goes and whether it is active;
    /// others have [`open`](Self::open) remember it.
    ///
    /// ```
    /// # use lvs_proto::Instant;
    /// # use lvs_sched::{CountError, DestConfig, Pool, PoolConfig};
    /// # let now = Instant::EPOCH;
    /// # let mut pool = Pool::new(now, PoolConfig::default())?;
    /// let dest = pool.add_dest(now, DestConfig::new([10, 2, 0, 1].into(), 80))?;
    /// pool.conn_opened(dest, true)?;
    /// pool.conn_deactivated(dest)?;
    /// assert_eq!(pool.conn_closed(dest, true), Err(CountError::NoneActive));
    /// pool.conn_closed(dest, false)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CountError::UnknownDest`], [`CountError::TooMany`]; nothing has changed.
    #[inline]
    pub fn conn_opened(&mut self, dest: DestId, active: bool) -> Result<(), CountError> {
        self.dests.change(dest, |load| {
            load.open(active)?;
            load.count_conn();
            Ok(())
        })
    }

    /// An inactive connection to `dest` became active \[CNT-5\].
    ///
    /// # Errors
    ///
    /// [`CountError::UnknownDest`], [`CountError::NoneInactive`]; nothing has changed.
    #[inline]
    pub fn conn_activated(&mut self, dest: DestId) -> Result<(), CountError> {
        self.dests.change(dest, Load::activate)
    }

    /// An active connection to `dest` became inactive \[CNT-5\].
    ///
    /// # Errors
    ///
    /// [`CountError::UnknownDest`], [`CountError::NoneActive`]; nothing has changed.
    #[inline]
    pub fn conn_deactivated(&mut self, dest: DestId) -> Result<(), CountError> {
        self.dests.change(dest, Load::deactivate)
    }

    /// A connection to `dest` ended, which was active until then or not \[CNT-4\].
    ///
    /// # Errors
    ///
    /// [`CountError::UnknownDest`], and [`CountError::NoneActive`] or [`CountError::NoneInactive`]
    /// if there is no such one; nothing has changed.
    #[inline]
    pub fn conn_closed(&mut self, dest: DestId, active: bool) -> Result<(), CountError> {
        self.dests.change(dest, |load| load.close(active))
    }

    /// A connection to `dest` was made; it counts as inactive \[CNT-2\]. The token says which one it
    /// is; it stays good until the connection is [closed](Self::close), whatever becomes of the
    /// destination.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]; nothing has changed.
    pub fn open(&mut self, dest: DestId) -> Result<ConnToken, OpenError> {
        if self.dests.get(dest).is_none() {
            return Err(OpenError::UnknownDest);
        }
        let token = self.conns.insert(Counted { dest, active: false }).map(ConnToken);
        let token = token.ok_or(OpenError::TableFull)?;
        if self.conn_opened(dest, false).is_err() {
            // It is known: it has as many as can be counted.
            self.conns.remove(token.0);
            return Err(OpenError::TableFull);
        }
        Ok(token)
    }

    /// The connection became active, or still is \[CNT-5\].
    ///
    /// # Errors
    ///
    /// If the connection was closed; nothing has changed.
    pub fn activate(&mut self, token: ConnToken) -> Result<(), StaleToken> {
        let conn = self.conns.get_mut(token.0).ok_or(StaleToken)?;
        if !conn.active {
            conn.active = true;
            self.dests.activate(conn.dest);
        }
        Ok(())
    }

    /// The connection became inactive, or still is \[CNT-5\].
    ///
    /// # Errors
    ///
    /// If the connection was closed; nothing has changed.
    pub fn deactivate(&mut self, token: ConnToken) -> Result<(), StaleToken> {
        let conn = self.conns.get_mut(token.0).ok_or(StaleToken)?;
        if conn.active {
            conn.active = false;
            self.dests.deactivate(conn.dest);
        }
        Ok(())
    }

    /// The connection ended \[CNT-4\].
    ///
    /// # Errors
    ///
    /// If the connection was closed before; nothing has changed.
    pub fn close(&mut self, token: ConnToken) -> Result<(), StaleToken> {
        let Counted { dest, active } = self.conns.remove(token.0).ok_or(StaleToken)?;
        // Who counts connections without tokens, too, may have closed this one.
        let _ = self.conn_closed(dest, active);
        Ok(())
    }

    /// The destination of the connection of this token.
    #[must_use]
    pub fn dest_of(&self, token: ConnToken) -> Option<DestId> {
        self.conns.get(token.0).map(|conn| conn.dest)
    }

    /// The destination of this id.
    #[must_use]
    pub fn dest(&self, id: DestId) -> Option<Dest<'_>> {
        self.dests.get(id)
    }

    /// The destinations in list order, the newest first \[DST-1\].
    pub fn dests(&self) -> impl Iterator<Item = (DestId, Dest<'_>)> {
        self.dests.list(self.group)
    }

    /// How many picks of `lblc` and `lblcr` could not be remembered because
    /// [`PoolConfig::lblc`] was too small; they were made all the same.
    #[must_use]
    pub fn forgotten_picks(&self) -> u64 {
        self.dests.forgotten(self.group)
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
        self.dests.handle_timeout(now, usize::MAX);
    }

    /// The most connections that can be counted at a time.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.conns.capacity()
    }

    #[inline]
    fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }
}

/// A connection as far as it is counted.
#[derive(Clone, Copy, Debug)]
struct Counted {
    dest: DestId,
    active: bool,
}

/// Names a connection of one pool, and never another one that came after it.
///
/// Who wants connections to end by themselves takes a `LeasePool`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnToken(pub(crate) Key);

impl ConnToken {
    /// The token as a number, to be kept where only numbers can be.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0.to_bits()
    }

    /// The token of a number from [`to_bits`](Self::to_bits); of any other number, a token that at
    /// worst names another connection.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(Key::from_bits(bits))
    }
}

/// Why a connection was not counted. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The pool has no destination of this id, or no longer.
    #[error("unknown destination")]
    UnknownDest,
    /// As many connections are open as the pool was made for, or a destination counts at most.
    #[error("the pool has no room for one more connection")]
    TableFull,
}

/// The connection was closed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection was closed before")]
pub struct StaleToken;

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Active, inactive.
    fn counts(pool: &Pool, id: DestId) -> (u32, u32) {
        let dest = pool.dest(id).unwrap();
        (dest.active_conns(), dest.inactive_conns())
    }

    fn pool(connections: u32) -> (Pool, DestId) {
        let config = PoolConfig { connections, ..PoolConfig::default() };
        let mut pool = Pool::new(Instant::EPOCH, config).unwrap();
        let dest = DestConfig::new([10, 2, 0, 1].into(), 80);
        let id = pool.add_dest(Instant::EPOCH, dest).unwrap();
        (pool, id)
    }

    #[test]
    fn a_closed_connection_counts_no_more() {
        let (mut pool, id) = pool(1);
        let token = pool.open(id).unwrap();
        assert_eq!(pool.open(id), Err(OpenError::TableFull));
        assert_eq!((counts(&pool, id), pool.dest_of(token)), ((0, 1), Some(id)));
        pool.activate(token).unwrap();
        pool.activate(token).unwrap();
        assert_eq!(counts(&pool, id), (1, 0));
        pool.close(token).unwrap();
        assert_eq!((counts(&pool, id), pool.dest_of(token)), ((0, 0), None));

        let next = pool.open(id).unwrap();
        assert_eq!(pool.activate(token), Err(StaleToken), "not the one in its place");
        assert_eq!(pool.deactivate(token), Err(StaleToken));
        assert_eq!(pool.close(token), Err(StaleToken));
        assert_eq!(counts(&pool, id), (0, 1));
        assert_eq!(ConnToken::from_bits(next.to_bits()), next);
    }

    #[test]
    fn dst_5_a_token_outlives_its_destination_in_the_list() {
        let (mut pool, id) = pool(9);
        let token = pool.open(id).unwrap();
        pool.activate(token).unwrap();
        let config = *pool.dest(id).unwrap().config();
        pool.delete_dest(Instant::EPOCH, config.address, config.port).unwrap();
        pool.handle_timeout(Instant::from_secs(1000));
        assert_eq!(pool.add_dest(Instant::from_secs(1000), config), Ok(id));
        assert_eq!(counts(&pool, id), (1, 0));
        pool.close(token).unwrap();
        assert_eq!(counts(&pool, id), (0, 0));
    }

    #[test]
    fn counts_equal_a_recount_of_the_tokens() {
        arbtest::arbtest(|u| {
            let (mut pool, id) = pool(4);
            let mut tokens: Vec<(ConnToken, bool, bool)> = Vec::new();
            for _ in 0..u.int_in_range(0..=40_u8)? {
                let step = u.int_in_range(0..=3_u8)?;
                if step == 0 || tokens.is_empty() {
                    tokens.extend(pool.open(id).map(|token| (token, true, false)));
                    continue;
                }
                let chosen = u.choose_index(tokens.len())?;
                let (token, is_open, is_active) = &mut tokens[chosen];
                let (done, becomes) = match step {
                    1 => (pool.activate(*token), true),
                    2 => (pool.deactivate(*token), false),
                    _ => (pool.close(*token), false),
                };
                assert_eq!(done.is_ok(), *is_open);
                *is_active = *is_open && becomes;
                *is_open &= step != 3;
                let active = tokens.iter().filter(|token| token.2).count();
                let open = tokens.iter().filter(|token| token.1).count();
                assert_eq!(counts(&pool, id), (active as u32, (open - active) as u32));
            }
            Ok(())
        });
    }
}
