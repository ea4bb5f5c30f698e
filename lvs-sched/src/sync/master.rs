//! When a master announces a connection (section 6.4).

use core::time::Duration;

use lvs_proto::sync::{ConnFlags, StateNumber, Version};
use lvs_proto::{Instant, Protocol};

use super::SyncPolicy;

/// What is remembered of a connection between announcements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SyncState {
    /// Until which tick backups keep it; the two lowest bits count retries instead \[SYN-6\].
    end_tick: u64,
    /// The state that was announced last.
    state: StateNumber,
}

impl SyncState {
    /// Of a connection made at `now`, not announced yet \[CON-7\].
    #[must_use]
    pub fn new(now: Instant, policy: &SyncPolicy) -> Self {
        Self { end_tick: policy.tick_of(now) & !RETRIES, state: StateNumber::default() }
    }

    /// The same, as if `state` had been announced: a backup was told of it \[BK-10\].
    #[must_use]
    pub const fn announced(self, state: StateNumber) -> Self {
        Self { state, ..self }
    }
}

/// The bits of [`SyncState::end_tick`] that count retries.
const RETRIES: u64 = 3;

/// The span within which a refresh is put off, for connections of short timeouts \[SYN-6\].
const REFRESH_FLOOR: Duration = Duration::from_secs(10);

/// What of a connection or template decides whether it is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SyncFacts {
    /// Its protocol.
    pub protocol: Protocol,
    /// What it is; [`TEMPLATE`](ConnFlags::TEMPLATE) and [`ONE_PACKET`](ConnFlags::ONE_PACKET)
    /// count.
    pub flags: ConnFlags,
    /// What it has come to with the packet at hand.
    pub state: StateNumber,
    /// How long it lives from now on without a packet.
    pub timeout: Duration,
    /// Whether any of its controllers, and theirs, is a template \[SYN-3\].
    pub has_template: bool,
}

/// A table of connections, as a master announces them: for an embedder with a table of its own. A
/// [`Director`](crate::Director) has it [built in](crate::Director::start_sync_master).
///
/// [`SyncMaster::announce`] turns a connection into a
/// [`SyncRecord`](lvs_proto::sync::SyncRecord), pushes it into a
/// [`SyncOutbox`](super::SyncOutbox), and keeps the state for the next time.
pub trait SyncMaster {
    /// What connections and templates are known by.
    type Conn: Copy;

    /// What there is to know of `conn`.
    fn facts(&self, conn: Self::Conn) -> SyncFacts;

    /// What was remembered of `conn` last; [`SyncState::new`] when it was made.
    fn sync_state(&self, conn: Self::Conn) -> SyncState;

    /// The connection or template that controls `conn`.
    fn controller(&self, conn: Self::Conn) -> Option<Self::Conn>;

    /// Counts a request packet of `conn`, and says how many it has had \[SYN-10\].
    fn count_packet(&mut self, conn: Self::Conn) -> u32;

    /// Sends a record of `conn`, and remembers `state`.
    fn announce(&mut self, now: Instant, conn: Self::Conn, state: SyncState);
}

impl SyncPolicy {
    /// Announces `conn`, the `packets`-th request packet of which was counted at `now`, and then
    /// its controllers, as far as they are to be announced \[SYN-10\].
    ///
    /// To be called after the packet has moved the state and the timeout. When a connection or
    /// template that still controls others is put off instead of ended \[CON-11\], it is called with
    /// the [threshold](super::SyncThreshold::packets) for `packets`.
    pub fn announce<M: SyncMaster>(
        &self,
        now: Instant,
        master: &mut M,
        conn: M::Conn,
        packets: u32,
    ) {
        let (mut conn, mut packets) = (conn, packets);
        loop {
            let (facts, last) = (master.facts(conn), master.sync_state(conn));
            let next = self.decide(now, &facts, last, packets);
            if let Some(next) = next {
                master.announce(now, conn, next);
            }
            if self.version == Version::V0 && next.is_none() {
                return;
            }
            let Some(controller) = master.controller(conn) else { return };
            conn = controller;
            let is_template = master.facts(conn).flags.contains(ConnFlags::TEMPLATE);
            packets =
                if is_template { master.count_packet(conn) } else { self.threshold.packets() };
        }
    }

    /// Whether a connection is announced at `now`, after `packets` request packets: what to remember
    /// then, or `None`.
    ///
    /// ```
    /// use core::time::Duration;
    /// use lvs_proto::sync::{ConnFlags, StateNumber};
    /// use lvs_proto::{Instant, Method, Protocol};
    /// use lvs_sched::{SyncFacts, SyncPolicy, SyncState};
    ///
    /// let (now, policy) = (Instant::EPOCH, SyncPolicy::default());
    /// let facts = SyncFacts {
    ///     protocol: Protocol::TCP,
    ///     flags: ConnFlags::of_method(Method::Nat),
    ///     state: StateNumber::TCP_ESTABLISHED,
    ///     timeout: Duration::from_secs(900),
    ///     has_template: false,
    /// };
    /// let last = SyncState::new(now, &policy);
    /// assert!(policy.decide(now, &facts, last, 2).is_none());
    /// assert!(policy.decide(now, &facts, last, 3).is_some(), "the third packet");
    /// ```
    #[must_use]
    pub fn decide(
        &self,
        now: Instant,
        conn: &SyncFacts,
        last: SyncState,
        packets: u32,
    ) -> Option<SyncState> {
        if conn.flags.contains(ConnFlags::ONE_PACKET) {
            return None;
        }
        // A template is never urgent [SYN-2].
        let is_template = conn.flags.contains(ConnFlags::TEMPLATE);
        if !is_template && self.persist_mode && conn.has_template {
            return None;
        }
        let fresh = self.tick_of(now).saturating_add(self.ticks_in(conn.timeout)) & !RETRIES;
        let urgency = if is_template { Urgency::InTurn } else { Urgency::of(conn, last.state) };
        let end_tick = match urgency {
            Urgency::Never => return None,
            Urgency::AtOnce => fresh,
            Urgency::InTurn => {
                let end_tick = self.refreshed(now, conn.timeout, last.end_tick, fresh)?;
                self.is_turn(is_template, packets).then_some(end_tick)?
            }
        };
        // Nobody else has announced it meanwhile [SYN-9].
        Some(SyncState { end_tick, state: conn.state })
    }

    /// The end to remember, `None` if backups were told of it long enough ahead \[SYN-6\].
    fn refreshed(&self, now: Instant, timeout: Duration, end: u64, fresh: u64) -> Option<u64> {
        let refresh = self.ticks_in(self.refresh_period);
        let near = refresh.min(self.ticks_in((timeout / 2).max(REFRESH_FLOOR)));
        if fresh.abs_diff(end) >= near {
            return Some(fresh);
        }
        let retries = end & RETRIES;
        let retry_from = end.saturating_add(refresh / 8).saturating_sub(self.ticks_in(timeout));
        let may_retry = retries < u64::from(self.retries).min(RETRIES);
        (may_retry && self.tick_of(now) >= retry_from).then_some(fresh | (retries + 1))
    }

    /// \[SYN-7\] \[SYN-8\]
    fn is_turn(&self, is_template: bool, packets: u32) -> bool {
        let first = self.threshold.packets();
        match packets.checked_rem(self.threshold.period()) {
            Some(phase) => is_template || phase == first,
            None => !self.refresh_period.is_zero() || packets == first,
        }
    }
}

/// How soon a connection is to be announced, by its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Urgency {
    /// It is in a state that backups can do without.
    Never,
    /// It has come to its end.
    AtOnce,
    /// Its packets are counted.
    InTurn,
}

impl Urgency {
    /// Of a connection whose state was announced as `last` \[SYN-4\] \[SYN-5\].
    fn of(conn: &SyncFacts, last: StateNumber) -> Self {
        let (established, closing) = match conn.protocol {
            Protocol::TCP => (StateNumber::TCP_ESTABLISHED, &TCP_CLOSING),
            Protocol::SCTP => (StateNumber::SCTP_ESTABLISHED, &SCTP_CLOSING),
            _ => return Self::InTurn,
        };
        match conn.state {
            state if state == established => Self::InTurn,
            state if !closing.contains(&state) => Self::Never,
            state if state == last => Self::InTurn,
            _ => Self::AtOnce,
        }
    }
}

const TCP_CLOSING: [StateNumber; 4] = [
    StateNumber::TCP_FIN_WAIT,
    StateNumber::TCP_TIME_WAIT,
    StateNumber::TCP_CLOSE,
    StateNumber::TCP_CLOSE_WAIT,
];

const SCTP_CLOSING: [StateNumber; 4] = [
    StateNumber::SCTP_SHUTDOWN_SENT,
    StateNumber::SCTP_SHUTDOWN_RECEIVED,
    StateNumber::SCTP_SHUTDOWN_ACK_SENT,
    StateNumber::SCTP_CLOSED,
];

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::SyncThreshold;

    fn tcp(state: StateNumber) -> SyncFacts {
        SyncFacts {
            protocol: Protocol::TCP,
            flags: ConnFlags::default(),
            state,
            timeout: Duration::from_secs(900),
            has_template: false,
        }
    }

    fn template() -> SyncFacts {
        let timeout = Duration::from_secs(300);
        SyncFacts { flags: ConnFlags::TEMPLATE, timeout, ..tcp(StateNumber(0)) }
    }

    fn udp() -> SyncFacts {
        SyncFacts { protocol: Protocol::UDP, ..tcp(StateNumber(0)) }
    }

    /// The packets of 1 to 200 at which a connection is announced.
    fn turns(policy: &SyncPolicy, facts: &SyncFacts) -> Vec<u32> {
        let now = Instant::from_secs(1);
        let mut last = SyncState::new(now, policy).announced(facts.state);
        let mut turns = Vec::new();
        for packets in 1..=200 {
            if let Some(next) = policy.decide(now, facts, last, packets) {
                last = next;
                turns.push(packets);
            }
        }
        turns
    }

    fn policy(packets: u32, period: u32) -> SyncPolicy {
        let threshold = SyncThreshold::new(packets, period).unwrap();
        SyncPolicy { threshold, ..SyncPolicy::default() }
    }

    #[test]
    fn syn_11_by_default_every_fiftieth_packet_from_the_third_on() {
        let policy = SyncPolicy::default();
        let established = tcp(StateNumber::TCP_ESTABLISHED);
        assert_eq!(turns(&policy, &established), [3, 53, 103, 153]);
        assert_eq!(turns(&policy, &udp()), [3, 53, 103, 153]);
        assert_eq!(turns(&policy, &template()).len(), 200, "a template at every packet");
        assert_eq!(turns(&policy, &tcp(StateNumber(3))), [], "SYN_RECV never");
    }

    #[test]
    fn syn_8_without_a_period_once() {
        let once = policy(3, 0);
        for facts in [tcp(StateNumber::TCP_ESTABLISHED), template(), udp()] {
            assert_eq!(turns(&once, &facts), [3]);
        }
        let refreshed = SyncPolicy { refresh_period: Duration::from_secs(20), ..once };
        assert_eq!(turns(&refreshed, &udp()), [1], "at once, then after the refresh period");
    }

    #[test]
    fn syn_4_states_and_their_urgency() {
        let policy = SyncPolicy::default();
        let now = Instant::from_secs(1);
        let announced = |protocol, from, to| {
            let last = SyncState::new(now, &policy).announced(StateNumber(from));
            let facts = SyncFacts { protocol, ..tcp(StateNumber(to)) };
            let in_turn = policy.decide(now, &facts, last, 3).is_some();
            (policy.decide(now, &facts, last, 4).is_some(), in_turn)
        };
        for state in 0..11 {
            let closing = [4, 5, 6, 7].contains(&state);
            let expected = (closing, closing || state == 1);
            assert_eq!(announced(Protocol::TCP, 0, state), expected, "TCP {state}");
            assert_eq!(announced(Protocol::TCP, state, state), (false, expected.1));
        }
        for state in 0..14 {
            let closing = [9, 10, 11, 13].contains(&state);
            let expected = (closing, closing || state == 8);
            assert_eq!(announced(Protocol::SCTP, 0, state), expected, "SCTP {state}");
        }
    }

    #[test]
    fn syn_1_and_syn_3_what_is_left_out() {
        let now = Instant::EPOCH;
        let policy = SyncPolicy { persist_mode: true, ..SyncPolicy::default() };
        let last = SyncState::default();
        let one_packet = SyncFacts { flags: ConnFlags::ONE_PACKET, ..udp() };
        assert_eq!(policy.decide(now, &one_packet, last, 3), None);
        let persistent = SyncFacts { has_template: true, ..udp() };
        assert_eq!(policy.decide(now, &persistent, last, 3), None);
        assert!(SyncPolicy::default().decide(now, &persistent, last, 3).is_some());
        let nested = SyncFacts { has_template: true, ..template() };
        assert!(policy.decide(now, &nested, last, 3).is_some(), "templates are sent");
    }

    /// A timeout of 900 s, refreshed every 80 s with two retries: announced, twice again an eighth of
    /// that apart, and anew 80 s later. The count of retries in the end's low bits makes the later
    /// ones late by a tick, which is a second here.
    #[test]
    fn syn_6_refreshing() {
        let policy =
            SyncPolicy { refresh_period: Duration::from_secs(80), retries: 2, ..policy(0, 1) };
        let facts = tcp(StateNumber::TCP_ESTABLISHED);
        let begin = Instant::from_secs(1_000);
        let mut last = SyncState::new(begin, &policy).announced(facts.state);
        let mut sent = Vec::new();
        for second in 0..200 {
            let now = begin + Duration::from_secs(second);
            if let Some(next) = policy.decide(now, &facts, last, 7) {
                last = next;
                sent.push(second);
            }
        }
        assert_eq!(sent, [0, 10, 21, 102, 112, 123]);
        let no_retries = SyncPolicy { retries: 0, ..policy };
        let last = policy.decide(begin, &facts, SyncState::default(), 7).unwrap();
        for (second, expected) in [(0, false), (10, false), (79, false), (80, true)] {
            let now = begin + Duration::from_secs(second);
            assert_eq!(no_retries.decide(now, &facts, last, 7).is_some(), expected);
        }
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        let last = Instant::from_micros(u64::MAX);
        let policy = SyncPolicy { refresh_period: Duration::MAX, retries: 9, ..policy(0, 1) };
        let facts = SyncFacts { timeout: Duration::MAX, ..template() };
        let state = SyncState::new(last, &policy);
        for now in [Instant::EPOCH, last] {
            for state in [state, SyncState::default()] {
                let _ = policy.decide(now, &facts, state, u32::MAX);
            }
        }
    }

    /// Connections in a row, each controlled by the next.
    struct Row {
        facts: Vec<SyncFacts>,
        packets: Vec<u32>,
        announced: Vec<usize>,
    }

    impl SyncMaster for Row {
        type Conn = usize;

        fn facts(&self, conn: usize) -> SyncFacts {
            self.facts[conn]
        }

        fn sync_state(&self, _conn: usize) -> SyncState {
            SyncState::default()
        }

        fn controller(&self, conn: usize) -> Option<usize> {
            Some(conn + 1).filter(|controller| *controller < self.facts.len())
        }

        fn count_packet(&mut self, conn: usize) -> u32 {
            self.packets[conn] += 1;
            self.packets[conn]
        }

        fn announce(&mut self, _now: Instant, conn: usize, _state: SyncState) {
            self.announced.push(conn);
        }
    }

    #[test]
    fn syn_10_controllers_follow() {
        let run = |policy: &SyncPolicy, facts: &[SyncFacts], packets| {
            let packets_of = std::vec![0; facts.len()];
            let mut row = Row { facts: facts.to_vec(), packets: packets_of, announced: Vec::new() };
            policy.announce(Instant::EPOCH, &mut row, 0, packets);
            (row.announced, row.packets)
        };
        let v1 = SyncPolicy::default();
        let v0 = SyncPolicy { version: Version::V0, ..v1 };
        let pair = [udp(), template()];
        assert_eq!(run(&v1, &pair, 1), (std::vec![1], std::vec![0, 1]));
        assert_eq!(run(&v0, &pair, 1), (std::vec![], std::vec![0, 0]));
        assert_eq!(run(&v0, &pair, 3), (std::vec![0, 1], std::vec![0, 1]));
        // The control connection of FTP data counts as at its threshold.
        let data = [udp(), udp(), template()];
        assert_eq!(run(&v1, &data, 1), (std::vec![1, 2], std::vec![0, 0, 1]));
        // A packet alone is over before it could be announced; its template is.
        let one_packet = [SyncFacts { flags: ConnFlags::ONE_PACKET, ..udp() }, template()];
        assert_eq!(run(&v1, &one_packet, 3).0, [1]);
        assert_eq!(run(&v0, &one_packet, 3).0, []);
    }
}
