//! A connection, to be looked at or to be made.

use core::time::Duration;

use lvs_proto::{Hop, Instant, Method};

use super::ConnId;
use super::key::ConnKey;
use crate::arena::Key;
use crate::{DestId, State};

/// How long a connection lives that has seen no packet of its own yet \[CON-7\].
pub(crate) const FIRST_TIMEOUT_SECS: u32 = 3;

/// A connection, or the template that holds a client's connections together, as it is at the moment
/// it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Conn {
    pub(crate) key: ConnKey,
    pub(crate) dest: DestId,
    pub(crate) hop: Hop,
    pub(crate) state: State,
    /// Whether it counts as active for its destination \[CNT-2\].
    pub(crate) active: bool,
    /// Whether no reply was ever seen, and none is expected: NOOUTPUT \[DIR-1\] \[DIR-2\].
    pub(crate) input_only: bool,
    pub(crate) mark: u32,
    /// Packets from its client, or through a template those of connections of one packet \[IN-6\].
    pub(crate) in_packets: u32,
    pub(crate) timeout_secs: u32,
    /// When its time is over.
    pub(crate) due: Instant,
    /// Of a template, the Call-ID that it is for \[PE-2\].
    pub(crate) call: Option<Key>,
    /// The template it was made through.
    pub(crate) controller: Option<ConnId>,
    /// Whether another director told of it \[BK-5\].
    pub(crate) synced: bool,
}

impl Conn {
    /// One that no packet has gone through, not bound to its destination yet \[CON-7\].
    pub(crate) const fn new(key: ConnKey, dest: DestId, hop: Hop) -> Self {
        let (state, timeout_secs) = if key.template {
            (State::Template { assured: false }, 0)
        } else {
            (State::new(key.protocol), FIRST_TIMEOUT_SECS)
        };
        Self {
            key,
            dest,
            hop,
            state,
            // What a destination's flags say of all its connections [DST-11] [CON-8].
            active: false,
            input_only: !hop.method.is_translated(),
            mark: 0,
            in_packets: 0,
            timeout_secs,
            due: Instant::EPOCH,
            call: None,
            controller: None,
            synced: false,
        }
    }

    /// Whether it has no destination because it goes past them all; its hop has no address then
    /// \[SVC-12\].
    pub(crate) const fn is_bypass(&self) -> bool {
        matches!(self.hop.method, Method::DirectRoute) && self.hop.address.is_unspecified()
    }

    /// Where its packets go next; past all destinations, to where they are addressed \[BYP-1\].
    pub(crate) const fn next_hop(&self) -> Hop {
        if self.is_bypass() {
            let (address, port) = (self.key.virtual_address(), self.key.virtual_port);
            return Hop { address, port, ..self.hop };
        }
        self.hop
    }

    /// What it is found by; of a template that is no longer good, what it shows instead \[TPL-12\].
    #[must_use]
    pub const fn key(&self) -> &ConnKey {
        &self.key
    }

    /// Its destination; for one that has none, because it goes past them all or another director
    /// told of it, an id that names nothing.
    #[must_use]
    pub const fn dest(&self) -> DestId {
        self.dest
    }

    /// Where its packets go, by the method of the time it was made \[FWD-1\], and the tunnel that
    /// its destination has now; address and port are zeros if they go past all destinations to where
    /// they are addressed.
    #[must_use]
    pub const fn hop(&self) -> &Hop {
        &self.hop
    }

    /// What it has come to.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// How long it lives without a packet (a template: without a new connection); whole seconds.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_secs as u64)
    }

    /// How long it has left at `now` if nothing comes; timers of [`Timers::Ticks`] may give it some
    /// more.
    ///
    /// [`Timers::Ticks`]: crate::Timers::Ticks
    #[must_use]
    pub const fn time_left(&self, now: Instant) -> Duration {
        self.due.saturating_duration_since(now)
    }

    /// The mark of the packet that it was made for; 0 is none.
    #[must_use]
    pub const fn mark(&self) -> u32 {
        self.mark
    }
}
