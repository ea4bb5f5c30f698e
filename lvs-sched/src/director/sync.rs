//! A director that announces its connections to others, or is told of theirs (section 6).

use alloc::vec::Vec;
use core::time::Duration;

use lvs_proto::sync::{ConnFlags, MessageBuffer, StateNumber, SyncRecord, Version};
use lvs_proto::{CallId, Flow, Hop, Instant, Method, Protocol};

use super::Director;
use crate::conns::{Course, Flags, NOWHERE};
use crate::sync::{
    SyncBackup, SyncFacts, SyncMaster, SyncOutbox, SyncPolicy, SyncReceived, SyncState, SyncUpdate,
};
use crate::{Conn, ConnId, ConnKey, DestId, OutOfMemory, SctpState, State, TcpState};

/// The number of a way that is no destination's.
const BYPASS: ConnFlags = ConnFlags(4);

/// What makes a director a master.
#[derive(Debug)]
pub(super) struct Master {
    policy: SyncPolicy,
    outbox: SyncOutbox,
}

impl Director {
    /// Announces connections by `policy` from now on, in messages from `outbox`. They are drained
    /// by [`poll_sync_message`](Self::poll_sync_message) after every packet and timeout. What is
    /// announced are also connections that another director told of \[SYN-14\].
    ///
    /// ```
    /// use lvs_proto::sync::Message;
    /// use lvs_proto::{AddressPair, Decide, Flow, Instant, TcpFlags};
    /// use lvs_sched::{Director, DirectorConfig, Rule, SyncOutbox, SyncOutboxConfig, SyncPolicy};
    ///
    /// let (now, policy) = (Instant::EPOCH, SyncPolicy::default());
    /// let mut master = Director::new(DirectorConfig::default())?;
    /// let mut backup = Director::new(DirectorConfig::default())?;
    /// for line in ["-A -t 192.0.2.100:80 -s rr", "-a -t 192.0.2.100:80 -r 10.2.0.1"] {
    ///     if let Some(rule) = Rule::parse(line)? {
    ///         master.apply(now, &rule)?;
    ///         backup.apply(now, &rule)?;
    ///     }
    /// }
    /// let config = SyncOutboxConfig { sync_id: 5, ..SyncOutboxConfig::default() };
    /// master.start_sync_master(policy, SyncOutbox::new(config)?)?;
    ///
    /// let addresses = AddressPair::V4 {
    ///     source: [192, 0, 2, 7].into(),
    ///     destination: [192, 0, 2, 100].into(),
    /// };
    /// for flags in [TcpFlags::SYN, TcpFlags::ACK, TcpFlags::ACK] {
    ///     let _forwarded = master.decide(now, &Flow::tcp(addresses, 40_000, 80, flags));
    /// }
    /// master.handle_timeout(Instant::from_secs(2), 64);
    /// while let Some(message) = master.poll_sync_message() {
    ///     // Over the network, by UDP.
    ///     let message = Message::parse(message.octets())?;
    ///     if message.is_for(5) {
    ///         for record in message.records().flatten() {
    ///             let _received = backup.receive_sync_record(now, &policy, &record);
    ///         }
    ///     }
    /// }
    /// let state = backup.conns().next().map(|conn| conn.state().to_string());
    /// assert_eq!(state.as_deref(), Some("ESTABLISHED"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no memory for what was announced of each connection, 16 octets. Nothing has
    /// changed.
    pub fn start_sync_master(
        &mut self,
        policy: SyncPolicy,
        mut outbox: SyncOutbox,
    ) -> Result<(), OutOfMemory> {
        // What another director told of was announced as what it is.
        self.conns.remember_sync(|course| {
            let synced = course.flags.has(Flags::SYNCED);
            let state = if synced { state_number(course.state) } else { StateNumber::default() };
            SyncState::default().announced(state)
        })?;
        outbox.set_version(policy.version);
        self.master = Some(Master { policy, outbox });
        Ok(())
    }

    /// Announces no more; what is left in the outbox comes back.
    pub fn stop_sync_master(&mut self) -> Option<SyncOutbox> {
        self.master.take().map(|master| master.outbox)
    }

    /// What announces: its counters, and the message to be sent next. `None` of no master.
    #[must_use]
    pub fn sync_outbox(&self) -> Option<&SyncOutbox> {
        self.master.as_ref().map(|master| &master.outbox)
    }

    /// The next message to other directors, to be sent at once.
    pub fn poll_sync_message(&mut self) -> Option<&MessageBuffer<Vec<u8>>> {
        self.master.as_mut()?.outbox.poll_message()
    }

    /// Takes a record that another director announced: of each
    /// [`Message`](lvs_proto::sync::Message) that
    /// [is for](lvs_proto::sync::Message::is_for) this one, all in their order. `policy` is the own,
    /// whether this director announces connections itself or not \[BK-7\] to \[BK-12\].
    pub fn receive_sync_record(
        &mut self,
        now: Instant,
        policy: &SyncPolicy,
        record: &SyncRecord<'_>,
    ) -> SyncReceived {
        let now = self.advance(now);
        policy.receive(now, &mut Table(self), record)
    }

    pub(super) fn sync_deadline(&self) -> Option<Instant> {
        self.master.as_ref()?.outbox.next_deadline()
    }

    pub(super) fn close_sync_message(&mut self, now: Instant) {
        if let Some(master) = &mut self.master {
            master.outbox.handle_timeout(now);
        }
    }

    /// Remembers nothing yet of a connection made at `now`.
    pub(super) fn begin_sync(&mut self, now: Instant, id: ConnId) {
        let fresh = |master: &Master| SyncState::new(now, &master.policy);
        self.conns.set_sync_state(id, self.master.as_ref().map(fresh).unwrap_or_default());
    }

    /// A request packet of a connection was counted \[SYN-11\].
    pub(super) fn announce(&mut self, now: Instant, id: ConnId) {
        let packets = self.conns.course(id).map_or(0, |course| course.in_packets);
        if let Some(policy) = self.master.as_ref().map(|master| master.policy) {
            policy.announce(now, &mut Table(self), id, packets);
        }
    }

    /// A packet was all there was of a connection; its template was counted \[SYN-1\].
    pub(super) fn announce_template(&mut self, now: Instant, template: ConnId) {
        if self.master.as_ref().is_some_and(|master| master.policy.version == Version::V1) {
            self.announce(now, template);
        }
    }

    /// What was due was put off, for it controls others \[CON-11\].
    pub(super) fn announce_put_off(&mut self, now: Instant, id: ConnId) {
        if let Some(policy) = self.master.as_ref().map(|master| master.policy) {
            policy.announce(now, &mut Table(self), id, policy.threshold.packets());
        }
    }
}

/// The tables of a director, as synchronisation sees them.
struct Table<'a>(&'a mut Director);

/// Who is announced is in the table; what is said of one that is not is of no account.
impl SyncMaster for Table<'_> {
    type Conn = ConnId;

    fn facts(&self, id: ConnId) -> SyncFacts {
        let conn = self.0.conns.get(id);
        let mut controllers =
            core::iter::successors(self.controller(id), |id| self.controller(*id));
        let is_template = |id: ConnId| self.0.conns.course(id).is_some_and(Course::is_template);
        SyncFacts {
            protocol: conn.map_or(Protocol(0), |conn| conn.key.protocol),
            flags: conn.as_ref().map(flags).unwrap_or_default(),
            state: conn.map(|conn| state_number(conn.state)).unwrap_or_default(),
            timeout: conn.map(|conn| conn.timeout()).unwrap_or_default(),
            has_template: controllers.any(is_template),
        }
    }

    fn sync_state(&self, id: ConnId) -> SyncState {
        self.0.conns.sync_state(id)
    }

    fn controller(&self, id: ConnId) -> Option<ConnId> {
        self.0.conns.course(id)?.controller
    }

    fn count_packet(&mut self, id: ConnId) -> u32 {
        self.0.conns.course_mut(id).map_or(0, |course| {
            course.in_packets = course.in_packets.wrapping_add(1);
            course.in_packets
        })
    }

    fn announce(&mut self, now: Instant, id: ConnId, state: SyncState) {
        let Director { conns, master, .. } = &mut *self.0;
        conns.set_sync_state(id, state);
        // Without its local address nobody could go on with a connection.
        let conn = conns.get(id).filter(|conn| conn.hop.local.is_none());
        if let (Some(conn), Some(master)) = (conn, master) {
            let record = SyncRecord { call_id: conns.call_id(&conn), ..record(&conn) };
            master.outbox.push(now, &record);
        }
    }
}

impl SyncBackup for Table<'_> {
    type Conn = ConnId;
    type Dest = DestId;

    fn find(&self, now: Instant, sought: &SyncRecord<'_>) -> Option<(ConnId, SyncRecord<'static>)> {
        let id = match call(sought) {
            Some(call) => self.0.conns.find_call(now, &key(sought), call)?,
            None => self.0.conns.find(now, &key(sought))?,
        };
        Some((id, record(&self.0.conns.get(id)?)))
    }

    fn is_bound(&self, id: ConnId) -> bool {
        self.0.conns.course(id).is_some_and(|course| course.dest != Course::NO_DEST)
    }

    fn find_dest(&self, record: &SyncRecord<'_>, port: u16) -> Option<DestId> {
        let key = key(record);
        let flow = Flow::new(key.addresses, lvs_proto::Transport::Other(key.protocol));
        let service = self.0.find_service(&flow.with_mark(record.mark), &key)?;
        self.0
            .dests
            .list(service.group)
            // A record tells no local address.
            .filter(|(_, dest)| record.is_template() || dest.method() != Method::FullNat)
            .find(|(_, dest)| (dest.address(), dest.port()) == (record.dest, port))
            .map(|(id, _)| id)
    }

    fn expire(&mut self, now: Instant, id: ConnId) {
        self.0.conns.expire(now, id);
    }

    fn create(
        &mut self,
        now: Instant,
        record: &SyncRecord<'_>,
        flags: ConnFlags,
    ) -> Option<ConnId> {
        let method = flags.method().unwrap_or_default();
        let hop = Hop::new(method, record.dest, record.dest_port);
        let conn = Conn {
            active: !flags.intersects(ConnFlags::INACTIVE.with(ConnFlags::TEMPLATE)),
            input_only: flags.contains(ConnFlags::NO_OUTPUT),
            synced: true,
            mark: record.mark,
            ..Conn::new(key(record), NOWHERE, hop)
        };
        let call = call(record);
        let hash = self.0.conns.hash_for(&conn.key, call);
        let id = self.0.conns.insert(&conn, hash, call)?;
        self.0.begin_sync(now, id);
        Some(id)
    }

    fn bind(&mut self, id: ConnId, dest: DestId) -> bool {
        let Director { conns, dests, .. } = &mut *self.0;
        let method = dests.get(dest).map(crate::Dest::method);
        if !method.is_some_and(|method| conns.bind(id, dest, method)) {
            return false;
        }
        let Some(course) = conns.course(id) else { return false };
        if course.is_template() {
            dests.bind_template(dest);
            return true;
        }
        dests.bind(dest);
        if course.flags.has(Flags::ACTIVE) {
            dests.activate(dest);
        }
        true
    }

    fn set_flags(&mut self, id: ConnId, flags: ConnFlags) {
        let course = self.0.conns.course_mut(id).filter(|course| !course.is_template());
        let Some(course) = course else { return };
        let is_active = !flags.contains(ConnFlags::INACTIVE);
        let was_active = course.flags.set(Flags::ACTIVE, is_active);
        let dest = course.dest;
        self.0.count_change(self.0.conns.dest(dest), was_active, is_active);
    }

    fn update(&mut self, now: Instant, id: ConnId, update: &SyncUpdate) {
        let timeouts = self.0.config.timeouts;
        let Table(Director { conns, .. }) = self;
        conns.set_sync_state(id, conns.sync_state(id).announced(update.state));
        let Some(course) = conns.course_mut(id) else { return };
        course.state = state(course.state, update.state).unwrap_or(course.state);
        course.in_packets = update.packets;
        let secs = |span: Duration| u32::try_from(span.as_secs()).unwrap_or(u32::MAX);
        let timeout = update.timeout.map(secs).or_else(|| timeouts.of(course.state));
        course.timeout_secs = timeout.unwrap_or(course.timeout_secs);
        conns.arm(now, id);
    }
}

fn key(record: &SyncRecord<'_>) -> ConnKey {
    ConnKey {
        protocol: record.protocol,
        addresses: record.addresses,
        client_port: record.client_port,
        virtual_port: record.virtual_port,
        template: record.is_template(),
    }
}

/// What tells calls apart are templates alone \[PE-2\].
fn call<'a>(record: &SyncRecord<'a>) -> Option<CallId<'a>> {
    record.call_id.filter(|_| record.is_template())
}

fn record(conn: &Conn) -> SyncRecord<'static> {
    SyncRecord {
        protocol: conn.key.protocol,
        addresses: conn.key.addresses,
        dest: conn.hop.address,
        client_port: conn.key.client_port,
        virtual_port: conn.key.virtual_port,
        dest_port: conn.hop.port,
        flags: flags(conn),
        state: state_number(conn.state),
        mark: conn.mark,
        timeout_secs: conn.timeout_secs,
        sequence: None,
        call_id: None,
    }
}

fn flags(conn: &Conn) -> ConnFlags {
    let method = if conn.is_bypass() { BYPASS } else { ConnFlags::of_method(conn.hop.method) };
    [
        (conn.synced, ConnFlags::SYNCED),
        (conn.input_only, ConnFlags::NO_OUTPUT),
        (!conn.active, ConnFlags::INACTIVE),
        (conn.key.template, ConnFlags::TEMPLATE),
    ]
    .into_iter()
    .filter(|(is_set, _)| *is_set)
    .fold(method, |flags, (_, flag)| flags.with(flag))
}

const fn state_number(state: State) -> StateNumber {
    StateNumber(match state {
        State::Tcp(state) => state as u16,
        State::Sctp(state) => state as u16,
        State::Udp => 0,
        State::Template { assured } => assured as u16,
    })
}

/// The state of that number, of the kind of another; a record names none that does not exist.
fn state(kind: State, number: StateNumber) -> Option<State> {
    let index = usize::from(number.0);
    match kind {
        State::Template { .. } => Some(State::Template { assured: number == StateNumber::ASSURED }),
        State::Tcp(_) => TCP_STATES.get(index).copied().map(State::Tcp),
        State::Sctp(_) => SCTP_STATES.get(index).copied().map(State::Sctp),
        State::Udp => Some(State::Udp),
    }
}

/// By their numbers.
const TCP_STATES: [TcpState; 11] = [
    TcpState::None,
    TcpState::Established,
    TcpState::SynSent,
    TcpState::SynRecv,
    TcpState::FinWait,
    TcpState::TimeWait,
    TcpState::Close,
    TcpState::CloseWait,
    TcpState::LastAck,
    TcpState::Listen,
    TcpState::SynAck,
];

/// By their numbers.
const SCTP_STATES: [SctpState; 14] = [
    SctpState::None,
    SctpState::Init1,
    SctpState::Init,
    SctpState::CookieSent,
    SctpState::CookieReplied,
    SctpState::CookieWait,
    SctpState::Cookie,
    SctpState::CookieEchoed,
    SctpState::Established,
    SctpState::ShutdownSent,
    SctpState::ShutdownReceived,
    SctpState::ShutdownAckSent,
    SctpState::Rejected,
    SctpState::Closed,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_stand_at_their_numbers() {
        for (number, state) in TCP_STATES.into_iter().enumerate() {
            assert_eq!(state as usize, number);
        }
        for (number, state) in SCTP_STATES.into_iter().enumerate() {
            assert_eq!(state as usize, number);
        }
    }

    #[test]
    fn svc_12_con_8_a_bypass_is_announced_as_one() {
        let addresses = lvs_proto::AddressPair::V4 {
            source: [192, 0, 2, 7].into(),
            destination: [192, 0, 2, 100].into(),
        };
        let flow = Flow::tcp(addresses, 1, 80, lvs_proto::TcpFlags::SYN).with_mark(7).unicast();
        let mark = core::num::NonZeroU32::new(7).unwrap();
        let key = crate::ServiceKey::Mark { family: lvs_proto::Family::V4, mark };
        let policy = crate::Policy { cache_bypass: true, ..crate::Policy::DEFAULT };
        let mut director = Director::new(crate::DirectorConfig::default()).unwrap();
        director.set_policy(policy);
        director.add_service(Instant::EPOCH, crate::ServiceConfig::new(key)).unwrap();
        let verdict = lvs_proto::Decide::decide(&mut director, Instant::EPOCH, &flow);
        assert!(matches!(verdict, lvs_proto::Verdict::Forward(_)));
        let said = record(&director.conns().next().unwrap());
        assert_eq!((said.flags, said.dest, said.dest_port), (BYPASS, [0; 4].into(), 0));
    }

    /// A long connection is announced for as long as it lives.
    #[test]
    fn syn_7_packets_are_counted_round_and_round() {
        let addresses = lvs_proto::AddressPair::V4 {
            source: [192, 0, 2, 7].into(),
            destination: [192, 0, 2, 100].into(),
        };
        let packet = Flow::udp(addresses, 1, 53);
        let mut director = Director::new(crate::DirectorConfig::default()).unwrap();
        for line in ["-A -u 192.0.2.100:53", "-a -u 192.0.2.100:53 -r 10.2.0.1"] {
            let rule = crate::Rule::parse(line).unwrap().unwrap();
            director.apply(Instant::EPOCH, &rule).unwrap();
        }
        let every_second = crate::SyncThreshold::new(0, 2).unwrap();
        let policy = SyncPolicy { threshold: every_second, ..SyncPolicy::default() };
        director.start_sync_master(policy, SyncOutbox::new(Default::default()).unwrap()).unwrap();
        let _ = lvs_proto::Decide::decide(&mut director, Instant::EPOCH, &packet);
        let id = director.find_conn(Instant::EPOCH, &packet).unwrap();
        director.conns.course_mut(id).unwrap().in_packets = u32::MAX - 3;
        for _ in 0..8 {
            let _ = lvs_proto::Decide::decide(&mut director, Instant::EPOCH, &packet);
        }
        assert_eq!(director.sync_outbox().unwrap().counters().records, 4);
    }
}
