//! The timers of all connections and templates.

use super::deadlines::Deadlines;
use super::entry::ConnId;
use super::wheel::{Number, Wheel, widened};
use crate::timers::Alarm;
use crate::{OutOfMemory, Timers};

/// Whose turn is next: in the kernel's time by its wheel, in exact time by a heap, which takes more
/// memory and time.
#[derive(Debug)]
pub(crate) struct Queue {
    timers: Timers,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Ticks(Wheel),
    Exact(Deadlines),
}

impl Queue {
    pub(crate) fn new(timers: Timers, capacity: usize) -> Result<Self, OutOfMemory> {
        let kind = match timers {
            Timers::Exact => Kind::Exact(Deadlines::new(capacity)?),
            Timers::Ticks { .. } => Kind::Ticks(Wheel::new(capacity)?),
        };
        Ok(Self { timers, kind })
    }

    /// Queues what had an alarm or none. To the same tick and level it keeps its place, and nothing
    /// is touched \[CONV-9\].
    #[inline]
    pub(crate) fn set(&mut self, id: ConnId, old: Option<Alarm>, new: Alarm) {
        let (fires, level) = (self.timers.fires(new), new.level);
        if old.is_some_and(|old| (self.timers.fires(old), old.level) == (fires, level)) {
            return;
        }
        match &mut self.kind {
            Kind::Exact(deadlines) => deadlines.set(id.place(), fires, level),
            Kind::Ticks(wheel) => {
                if let Some(old) = old {
                    wheel.remove(id.place() as Number, self.timers.fires(old), old.level);
                }
                wheel.insert(id.place() as Number, fires, level);
            }
        }
    }

    /// Asks for what [`set`](Self::set) needs.
    pub(crate) fn prefetch(&self, id: ConnId) {
        if let Kind::Ticks(wheel) = &self.kind {
            wheel.prefetch(id.place() as Number);
        }
    }

    pub(crate) fn remove(&mut self, id: ConnId, alarm: Alarm) {
        match &mut self.kind {
            Kind::Exact(deadlines) => deadlines.remove(id.place()),
            Kind::Ticks(wheel) => {
                wheel.remove(id.place() as Number, self.timers.fires(alarm), alarm.level);
            }
        }
    }

    /// The tick at which [`visit`](Self::visit) is wanted.
    pub(crate) fn first(&self) -> Option<u64> {
        match &self.kind {
            Kind::Exact(deadlines) => Some(deadlines.first()?.0),
            Kind::Ticks(wheel) => wheel.first(),
        }
    }

    /// Whose turn it is at tick `now`, and since when; it is over if that is when its alarm fires,
    /// and must be taken out or put off.
    #[inline]
    pub(crate) fn visit(&mut self, now: u64) -> Option<(u64, ConnId)> {
        match &mut self.kind {
            Kind::Exact(deadlines) => {
                let (tick, place) = deadlines.first().filter(|&(tick, _)| tick <= now)?;
                Some((tick, ConnId::new(place)))
            }
            Kind::Ticks(wheel) => {
                wheel.visit(now).map(|(tick, number)| (tick, ConnId::new(widened(number))))
            }
        }
    }

    /// Whose turn is likely soon, one after the other; none is told twice.
    pub(crate) fn look_ahead(&mut self) -> Option<ConnId> {
        match &mut self.kind {
            Kind::Exact(_) => None,
            Kind::Ticks(wheel) => wheel.look_ahead().map(|number| ConnId::new(widened(number))),
        }
    }
}
