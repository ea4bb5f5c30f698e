//! Connections of a pool that end by themselves.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicU32, Ordering};

use lvs_proto::{Flow, Instant};

use crate::arena::Key;
use crate::{ConnToken, DestId, OpenError, OutOfMemory, Pool, StaleToken};

/// A [`Pool`] whose connections are counted for as long as somebody holds their [`Lease`], on
/// whatever thread and whatever becomes of the destinations meanwhile.
///
/// ```
/// use lvs_proto::{AddressPair, Flow, Instant, TcpFlags};
/// use lvs_sched::{DestConfig, LeasePool, Pool, PoolConfig};
///
/// let now = Instant::EPOCH;
/// let mut pool = LeasePool::new(Pool::new(now, PoolConfig::default())?)?;
/// let dest = pool.pool_mut().add_dest(now, DestConfig::new([10, 2, 0, 1].into(), 80))?;
///
/// let addresses = AddressPair::V4 {
///     source: [192, 0, 2, 7].into(),
///     destination: [192, 0, 2, 100].into(),
/// };
/// let flow = Flow::tcp(addresses, 40_000, 80, TcpFlags::SYN);
/// let lease = pool.lease(now, &flow)?.ok_or("no destination to offer")?;
/// pool.activate(&lease)?;
/// let thread = std::thread::spawn(move || println!("serving through {:?}", lease.dest()));
/// # thread.join().map_err(|_| "the thread panicked")?;
/// assert_eq!(pool.pool_mut().dest(dest).map(|dest| dest.active_conns()), Some(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LeasePool {
    pool: Pool,
    ended: Arc<Ended>,
}

impl LeasePool {
    /// Leases connections of `pool`; those that are open stay with who opened them.
    ///
    /// # Errors
    ///
    /// If there is no memory, 8 octets for each connection that the pool can count.
    pub fn new(pool: Pool) -> Result<Self, OutOfMemory> {
        let ended = Arc::new(Ended::new(pool.capacity())?);
        Ok(Self { pool, ended })
    }

    /// Picks a destination for a new connection that begins with this packet, and counts it as
    /// inactive; `None` if there is none to offer.
    ///
    /// # Errors
    ///
    /// See [`OpenError`]; nothing has changed.
    pub fn lease(&mut self, now: Instant, flow: &Flow) -> Result<Option<Lease>, OpenError> {
        let pool = self.pool_mut();
        let Some(dest) = pool.pick(now, flow) else { return Ok(None) };
        let token = pool.open(dest)?;
        Ok(Some(Lease { token, dest, ended: Arc::clone(&self.ended) }))
    }

    /// The connection is active from now on.
    ///
    /// # Errors
    ///
    /// If the lease is of another pool; nothing has changed.
    pub fn activate(&mut self, lease: &Lease) -> Result<(), StaleToken> {
        self.pool.activate(self.token(lease)?)
    }

    /// The connection is no longer active.
    ///
    /// # Errors
    ///
    /// If the lease is of another pool; nothing has changed.
    pub fn deactivate(&mut self, lease: &Lease) -> Result<(), StaleToken> {
        self.pool.deactivate(self.token(lease)?)
    }

    /// The pool itself, to be configured and looked at. Leases that have ended count no more.
    pub fn pool_mut(&mut self) -> &mut Pool {
        for token in self.ended.take() {
            // One that somebody has closed by a token of his own making is closed already.
            let _ = self.pool.close(token);
        }
        &mut self.pool
    }

    fn token(&self, lease: &Lease) -> Result<ConnToken, StaleToken> {
        if Arc::ptr_eq(&self.ended, &lease.ended) { Ok(lease.token) } else { Err(StaleToken) }
    }
}

/// A connection that is counted until this is dropped, which takes neither a lock nor memory.
#[derive(Debug)]
pub struct Lease {
    token: ConnToken,
    dest: DestId,
    ended: Arc<Ended>,
}

impl Lease {
    /// The destination that the connection goes to.
    #[must_use]
    pub const fn dest(&self) -> DestId {
        self.dest
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.ended.push(self.token);
    }
}

/// No connection.
const NONE: u32 = u32::MAX;

/// Connections whose lease has ended and that are still counted: a stack that any thread may push
/// onto and only the pool takes off, all at once.
#[derive(Debug)]
struct Ended {
    last: AtomicU32,
    places: Vec<Place>,
}

/// The place of a connection in its pool.
#[derive(Debug)]
struct Place {
    generation: AtomicU32,
    /// The one whose lease ended before.
    previous: AtomicU32,
}

impl Ended {
    fn new(capacity: usize) -> Result<Self, OutOfMemory> {
        let mut places = Vec::new();
        places.try_reserve_exact(capacity).map_err(|_| OutOfMemory)?;
        let place = || Place { generation: AtomicU32::new(0), previous: AtomicU32::new(NONE) };
        places.resize_with(capacity, place);
        Ok(Self { last: AtomicU32::new(NONE), places })
    }

    fn push(&self, token: ConnToken) {
        let ConnToken(Key { index, generation }) = token;
        let Some(place) = self.places.get(index as usize) else { return };
        place.generation.store(generation.get(), Ordering::Relaxed);
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            place.previous.store(last, Ordering::Relaxed);
            let swapped =
                self.last.compare_exchange_weak(last, index, Ordering::Release, Ordering::Relaxed);
            match swapped {
                Ok(_) => return,
                Err(now) => last = now,
            }
        }
    }

    /// All of them, the last first.
    fn take(&self) -> impl Iterator<Item = ConnToken> {
        let mut next = match self.last.load(Ordering::Relaxed) {
            NONE => NONE,
            _ => self.last.swap(NONE, Ordering::Acquire),
        };
        let one = move || {
            let index = next;
            let place = self.places.get(index as usize)?;
            let generation = place.generation.load(Ordering::Relaxed);
            next = place.previous.load(Ordering::Relaxed);
            Some(ConnToken(Key { index, generation: NonZeroU32::new(generation)? }))
        };
        core::iter::from_fn(one).take(self.places.len())
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::vec::Vec;

    use lvs_proto::{AddressPair, TcpFlags};

    use super::*;
    use crate::{DestConfig, PoolConfig};

    const NOW: Instant = Instant::EPOCH;

    fn pool(connections: u32) -> (LeasePool, DestId) {
        let config = PoolConfig { connections, ..PoolConfig::default() };
        let mut pool = LeasePool::new(Pool::new(NOW, config).unwrap()).unwrap();
        let dest = DestConfig::new([10, 2, 0, 1].into(), 80);
        let dest = pool.pool_mut().add_dest(NOW, dest).unwrap();
        (pool, dest)
    }

    fn flow() -> Flow {
        let (source, destination) = ([192, 0, 2, 7].into(), [192, 0, 2, 100].into());
        Flow::tcp(AddressPair::V4 { source, destination }, 40_000, 80, TcpFlags::SYN)
    }

    fn counts(pool: &mut LeasePool, dest: DestId) -> (u32, u32) {
        let dest = pool.pool_mut().dest(dest).unwrap();
        (dest.active_conns(), dest.inactive_conns())
    }

    #[test]
    fn a_lease_counts_until_it_is_dropped_whatever_becomes_of_its_destination() {
        let (mut pool, dest) = pool(2);
        let lease = pool.lease(NOW, &flow()).unwrap().unwrap();
        pool.activate(&lease).unwrap();
        assert_eq!(counts(&mut pool, dest), (1, 0));
        pool.pool_mut().delete_dest(NOW, [10, 2, 0, 1].into(), 80).unwrap();
        let again = DestConfig::new([10, 2, 0, 1].into(), 80);
        assert_eq!(pool.pool_mut().add_dest(NOW, again), Ok(dest), "with its connections [DST-5]");
        assert_eq!(counts(&mut pool, dest), (1, 0));
        drop(lease);
        assert_eq!(counts(&mut pool, dest), (0, 0));
    }

    #[test]
    fn room_comes_back_with_the_leases() {
        let (mut pool, dest) = pool(2);
        let leases: Vec<_> = (0..2).map(|_| pool.lease(NOW, &flow()).unwrap().unwrap()).collect();
        assert!(matches!(pool.lease(NOW, &flow()), Err(OpenError::TableFull)));
        drop(leases);
        let lease = pool.lease(NOW, &flow()).unwrap();
        assert_eq!(
            (lease.map(|lease| lease.dest()), counts(&mut pool, dest)),
            (Some(dest), (0, 0))
        );
    }

    #[test]
    fn a_lease_of_another_pool_moves_nothing() {
        let ((mut one, _), (mut other, dest)) = (pool(1), pool(1));
        let (lease, _held) = (one.lease(NOW, &flow()).unwrap().unwrap(), other.lease(NOW, &flow()));
        assert_eq!(other.activate(&lease), Err(StaleToken));
        assert_eq!(counts(&mut other, dest), (0, 1));
    }

    #[test]
    fn leases_end_on_many_threads() {
        let (mut pool, dest) = pool(64);
        for _ in 0..50 {
            let leases: Vec<_> =
                (0..64).map(|_| pool.lease(NOW, &flow()).unwrap().unwrap()).collect();
            thread::scope(|scope| {
                for lease in leases {
                    scope.spawn(move || drop(lease));
                }
            });
            assert_eq!(counts(&mut pool, dest), (0, 0));
        }
    }
}
