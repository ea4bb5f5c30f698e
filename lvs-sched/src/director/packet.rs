//! One packet: of a connection, of none yet, or not ours.

use lvs_proto::{
    DropReason, Family, Flow, Hook, Hop, Instant, Method, Protocol, Reject, SctpChunk, TcpFlags,
    Transport, Verdict,
};

use super::full_nat::of_packet;
use super::{Director, Packet};
use crate::conns::{Course, Flags};
use crate::reuse::{Judgement, judge, opens};
use crate::state::Way;
use crate::{ConnId, ConnKey, Dest, DestId, State};

/// Connections that one packet may end before it is looked at. It makes at most two, a connection
/// and its template, so that the table does not fill with what is due.
const ENDED_PER_PACKET: usize = 4;

impl Director {
    /// \[IN-1\] to \[IN-4\] \[IN-8\]
    pub(super) fn verdict(&mut self, now: Instant, packet: Packet<'_>) -> Verdict {
        let Packet { flow, clue, .. } = packet;
        self.sweep(now, ENDED_PER_PACKET);
        if self.services.is_empty() {
            return Verdict::Pass;
        }
        // ICMP that is no error goes on as a protocol without connections [IN-2].
        if let Some(about) = &flow.embedded {
            return self.icmp_error(now, flow, about);
        }
        // Replies are looked for first only by the letter: no packet is of both kinds, unless a
        // virtual address is another one's client from the very port that it serves.
        if self.may_be_request(flow) {
            if let Some(id) = self.conns.find_of(now, flow, clue) {
                return self.request(now, id, packet);
            }
        }
        let Some(key) = ConnKey::of(flow) else { return self.without_key(now, flow) };
        match self.conns.find_reply(now, &key, clue.hash) {
            Some(id) => self.reply(now, id, flow),
            None => self.without_conn(now, packet, key),
        }
    }

    /// A packet that can have no connection of its own. A later fragment goes the way of the first
    /// one, if that is remembered; what cannot be read is dropped \[SVC-10\]; what is no service's
    /// passes, and so does a later fragment of IPv6 \[IN-3\] \[SVC-13\].
    fn without_key(&mut self, now: Instant, flow: &Flow) -> Verdict {
        let has_ports =
            [Protocol::TCP, Protocol::UDP, Protocol::SCTP].contains(&flow.transport.protocol());
        match (flow.transport, flow.family()) {
            (Transport::LaterFragment(_), _) if !self.fragments.is_off() => {
                self.later_fragment(now, flow, has_ports)
            }
            (Transport::Unreadable(_), _) | (Transport::LaterFragment(_), Family::V4)
                if has_ports =>
            {
                Verdict::Drop(DropReason::HeaderUnreadable)
            }
            _ => Verdict::Pass,
        }
    }

    fn without_conn(&mut self, now: Instant, packet: Packet<'_>, key: ConnKey) -> Verdict {
        let Packet { flow, .. } = packet;
        if self.may_be_request(flow) {
            if let Some(id) = self.open_expected(now, flow, &key) {
                return self.forward(now, id, flow);
            }
        }
        match self.open_outbound(now, packet, &key) {
            Some(verdict) => verdict,
            None if self.is_stray_reply(flow) => Verdict::Reject(Reject::PortUnreachable),
            None if self.may_be_request(flow) => self.schedule(now, packet, key),
            None => Verdict::Pass,
        }
    }

    /// \[IN-1\] \[IN-8\]
    const fn may_be_request(&self, flow: &Flow) -> bool {
        !matches!(flow.hook, Hook::Forward) && !self.config.policy.backup_only
    }

    /// Whether a real server that replies are translated of sends to a connection that is no more,
    /// and is to be told so \[NAT-8\].
    fn is_stray_reply(&self, flow: &Flow) -> bool {
        let is_end = match flow.transport {
            Transport::Tcp { flags, .. } => flags.contains(TcpFlags::RST),
            Transport::Sctp { chunk, .. } => chunk == Some(SctpChunk::Abort),
            _ => false,
        };
        let Some((port, _)) = flow.transport.ports() else { return false };
        self.config.policy.nat_icmp_send
            && !is_end
            && self.dests.is_server(flow.protocol(), flow.source(), port)
    }

    /// A client's packet on its connection.
    fn request(&mut self, now: Instant, id: ConnId, packet: Packet<'_>) -> Verdict {
        let Packet { flow, .. } = packet;
        let Some(course) = self.conns.course(id) else { return Verdict::Pass };
        let dest = self.dests.get(self.conns.dest(course.dest));
        if !opens(flow.transport) && dest.is_some_and(Dest::is_available) {
            return self.forward(now, id, flow);
        }
        let policy = self.policy_by_key(dest.and_then(Dest::service));
        let judgement = judge(course, dest, flow, policy);
        match judgement {
            Judgement::Keep => self.forward(now, id, flow),
            Judgement::Drop => Verdict::Drop(DropReason::DestinationDeleted),
            Judgement::Reschedule | Judgement::Tracked => {
                if course.controlled == 0 {
                    self.conns.expire(now, id);
                }
                if judgement == Judgement::Tracked {
                    return Verdict::Drop(DropReason::Tracked);
                }
                match ConnKey::of(flow) {
                    Some(key) => self.schedule(now, packet, key),
                    None => Verdict::Pass,
                }
            }
        }
    }

    /// Counts the packet and moves the connection on \[IN-5\].
    pub(super) fn forward(&mut self, now: Instant, id: ConnId, flow: &Flow) -> Verdict {
        let Some(course) = self.conns.course_mut(id) else { return Verdict::Pass };
        course.in_packets = course.in_packets.wrapping_add(1);
        let way = if course.flags.has(Flags::INPUT_ONLY) { Way::InputOnly } else { Way::In };
        let dest = course.dest;
        let dest = self.conns.dest(dest);
        self.dests.count_packet(dest, flow.length);
        self.follow(now, id, flow, way);
        self.announce(now, id);
        match self.conns.plain_hop(id) {
            Some(hop) => Verdict::Forward(hop),
            None => self.send_on(id, flow, dest),
        }
    }

    /// By a hop that more is to be known of than of most.
    #[inline(never)]
    pub(super) fn send_on(&self, id: ConnId, flow: &Flow, dest: DestId) -> Verdict {
        let Some(hop) = self.conns.next_hop(id) else { return Verdict::Pass };
        self.send(of_packet(hop, flow), dest)
    }

    /// By that hop to a destination; a tunnel to none is no way \[BK-8\].
    pub(super) fn send(&self, hop: Hop, dest: DestId) -> Verdict {
        let hop = self.with_tunnel(hop, dest);
        hop.map_or(Verdict::Drop(DropReason::DestinationDeleted), Verdict::Forward)
    }

    /// How a tunnel is made is its destination's to say, as that is configured now \[DST-10\].
    pub(super) fn with_tunnel(&self, hop: Hop, dest: DestId) -> Option<Hop> {
        if !cfg!(feature = "tunnels") || hop.method != Method::Tunnel {
            return Some(hop);
        }
        let tunnel = self.dests.get(dest)?.config().tunnel;
        Some(Hop { tunnel, ..hop })
    }

    /// A real server's packet on its client's connection, whether the server was deleted or not
    /// \[NAT-6\] \[NAT-7\] \[NOD-4\].
    pub(super) fn reply(&mut self, now: Instant, id: ConnId, flow: &Flow) -> Verdict {
        let Some(course) = self.conns.course_mut(id) else { return Verdict::Pass };
        course.flags.set(Flags::INPUT_ONLY, false);
        let dest = course.dest;
        if course.method() == Method::FullNat {
            self.note_answer(id, flow);
        }
        self.dests.count_reply(self.conns.dest(dest), flow.length);
        self.follow(now, id, flow, Way::Out);
        self.conns.origin(id).map_or(Verdict::Pass, Verdict::Reply)
    }

    /// Moves the connection on and puts off its end \[TMO-1\] \[IN-7\] \[CON-10\].
    pub(super) fn follow(&mut self, now: Instant, id: ConnId, flow: &Flow, way: Way) {
        let secure = self.guard.is_secure(&self.config.defences);
        let Some(course) = self.conns.course_mut(id) else { return };
        if let Some(state) = course.state.after(flow.transport, way, secure) {
            let before = core::mem::replace(&mut course.state, state);
            course.timeout_secs = self.config.timeouts.of(state).unwrap_or(course.timeout_secs);
            let (dest, controller) = (course.dest, course.controller);
            // Without a destination it stays what it is [CNT-5].
            if state != before && dest != Course::NO_DEST {
                let was_active = course.flags.set(Flags::ACTIVE, state.is_active());
                self.count_change(self.conns.dest(dest), was_active, state.is_active());
            }
            let replied = state == State::Udp && way == Way::Out;
            if replied || (state.is_established() && state != before) {
                self.assure(controller);
            }
        }
        self.conns.arm(now, id);
    }

    /// \[CNT-5\]
    pub(super) fn count_change(&mut self, dest: DestId, was_active: bool, is_active: bool) {
        match (was_active, is_active) {
            (false, true) => self.dests.activate(dest),
            (true, false) => self.dests.deactivate(dest),
            _ => {}
        }
    }

    /// \[DIR-4\] \[TPL-13\]
    fn assure(&mut self, controller: Option<ConnId>) {
        if let Some(controller) = controller.and_then(|id| self.conns.course_mut(id)) {
            if controller.is_template() {
                controller.state = State::Template { assured: true };
            }
        }
    }
}
