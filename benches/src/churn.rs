//! The life around a pick.

use lvs_proto::Flow;

/// What is measured: a scheduler, and what is told to it about connections.
pub trait Scheduler {
    /// Names a destination.
    type Dest: Copy;

    /// The destination for a new connection.
    fn pick(&mut self, flow: &Flow) -> Option<Self::Dest>;

    /// A connection was made and is active.
    fn opened(&mut self, dest: Self::Dest);

    /// An active connection became inactive.
    fn deactivated(&mut self, dest: Self::Dest);

    /// An inactive connection ended.
    fn closed(&mut self, dest: Self::Dest);

    /// The destinations in list order.
    fn dests(&self) -> Vec<Self::Dest>;

    /// Sets weight and thresholds of a destination.
    fn edit(&mut self, dest: Self::Dest, weight: u32, upper: u32, lower: u32);

    /// Has the destination address of a packet remembered, if it ever is.
    fn remember(&mut self, flow: &Flow) {
        self.pick(flow);
    }
}

/// Connections that come and go, in constant numbers.
#[derive(Debug)]
pub struct Churn<D> {
    active: Vec<D>,
    inactive: Vec<D>,
    /// Of the inactive ones.
    oldest: usize,
    random: Random,
}

impl<D: Copy> Churn<D> {
    /// Opens these connections, the ones to stay active and the ones that became inactive, the
    /// oldest first.
    pub fn new(
        scheduler: &mut impl Scheduler<Dest = D>,
        active: impl Iterator<Item = D>,
        inactive: impl Iterator<Item = D>,
    ) -> Self {
        let active: Vec<_> = active.inspect(|&dest| scheduler.opened(dest)).collect();
        let inactive: Vec<_> = inactive
            .inspect(|&dest| {
                scheduler.opened(dest);
                scheduler.deactivated(dest);
            })
            .collect();
        Self { active, inactive, oldest: 0, random: Random::default() }
    }

    /// One step: the destination that is picked gets an active connection, a random active
    /// connection becomes inactive, and the oldest inactive one ends.
    ///
    /// Answers what was picked.
    #[inline]
    pub fn step(&mut self, scheduler: &mut impl Scheduler<Dest = D>, flow: &Flow) -> Option<D> {
        let picked = scheduler.pick(flow)?;
        scheduler.opened(picked);
        let random = self.random.below(self.active.len());
        let leaver = std::mem::replace(self.active.get_mut(random)?, picked);
        scheduler.deactivated(leaver);
        let ended = std::mem::replace(self.inactive.get_mut(self.oldest)?, leaver);
        scheduler.closed(ended);
        self.oldest += 1;
        if self.oldest == self.inactive.len() {
            self.oldest = 0;
        }
        Some(picked)
    }
}

/// No scheduler, over so many destinations: what it costs to ask and to tell.
#[derive(Debug)]
pub struct Null(pub usize);

impl Scheduler for Null {
    type Dest = u32;

    #[inline]
    fn pick(&mut self, flow: &Flow) -> Option<u32> {
        Some(flow.mark)
    }

    #[inline]
    fn opened(&mut self, _dest: u32) {}

    #[inline]
    fn deactivated(&mut self, _dest: u32) {}

    #[inline]
    fn closed(&mut self, _dest: u32) {}

    fn dests(&self) -> Vec<u32> {
        vec![0; self.0]
    }

    fn edit(&mut self, _dest: u32, _weight: u32, _upper: u32, _lower: u32) {}
}

/// Numbers in no order, the same ones every time: xorshift.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

impl Random {
    /// The next 64 bits.
    #[inline]
    pub const fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `count`.
    #[inline]
    pub const fn below(&mut self, count: usize) -> usize {
        (((self.bits() >> 32) * count as u64) >> 32) as usize
    }

    /// Brings a slice out of order.
    pub fn shuffle<T>(&mut self, slice: &mut [T]) {
        for last in (1..slice.len()).rev() {
            slice.swap(last, self.below(last + 1));
        }
    }
}
