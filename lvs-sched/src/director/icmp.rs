//! ICMP errors about connections (section 4.9).

use lvs_proto::frames::TunnelError;
use lvs_proto::{DropReason, Embedded, Family, Flow, Hook, Instant, Method, Verdict};

use super::{Director, Packet};
use crate::conns::Clue;
use crate::{ConnId, ConnKey, Profile};

impl Director {
    /// An error goes the way of the packet that it is about, and leaves the connection as it is
    /// \[ICMP-8\].
    pub(super) fn icmp_error(&mut self, now: Instant, flow: &Flow, about: &Embedded) -> Verdict {
        let Some(key) = ConnKey::of_inverse(about) else { return Verdict::Pass };
        let hash = self.conns.hash(&key);
        if let Some(id) = self.conns.find_hashed(now, &key, hash) {
            return self.forward_error(id, flow);
        }
        // What the error is about was sent to the real server, or to the virtual address.
        if let Some(id) = self.conns.find_reply(now, &key, hash) {
            return self.return_error(id, flow);
        }
        if self.config.policy.schedule_icmp && flow.hook != Hook::Forward {
            return self.schedule(now, Packet { flow, call: None, clue: Clue::new(hash) }, key);
        }
        Verdict::Pass
    }

    /// Whether an error that arrived at this host is about a packet that this director has sent
    /// through a tunnel: if so, it is counted as an answer, and to be
    /// [told on](TunnelError::relay) to the client \[ICMP-7\].
    ///
    /// ```
    /// use lvs_proto::Instant;
    /// use lvs_proto::frames::TunnelError;
    /// use lvs_sched::Director;
    ///
    /// /// A frame was passed: the MTU of the path to the server from now on, if it is about that.
    /// fn passed(director: &mut Director, now: Instant, frame: &[u8]) -> Option<u16> {
    ///     let error = TunnelError::parse(frame)?;
    ///     if !director.is_own_tunnel_error(now, &error) {
    ///         return None;
    ///     }
    ///     // What `error.relay` writes goes to the client.
    ///     error.path_mtu()
    /// }
    /// ```
    pub fn is_own_tunnel_error(&mut self, now: Instant, error: &TunnelError<'_>) -> bool {
        let now = self.advance(now);
        self.count_tunnel_error(now, error).is_some()
    }

    fn count_tunnel_error(&mut self, now: Instant, error: &TunnelError<'_>) -> Option<()> {
        let key = ConnKey::of_carried(&error.carried)?;
        let id = self.conns.find(now, &key)?;
        let dest = self.conns.dest(self.conns.course(id)?.dest);
        let hop = self.with_tunnel(self.conns.next_hop(id)?, dest)?;
        let is_its = hop.method == Method::Tunnel
            && hop.address == error.server
            && hop.tunnel.ends_like(error.tunnel);
        is_its.then(|| self.dests.count_reply(dest, error.length))
    }

    /// From the client's side; it is one of the connection's packets unless it is translated
    /// \[ICMP-4\] \[ICMP-5\].
    pub(super) fn forward_error(&mut self, id: ConnId, flow: &Flow) -> Verdict {
        let Some(course) = self.conns.course_mut(id) else { return Verdict::Pass };
        if !course.method().is_translated() {
            course.in_packets = course.in_packets.wrapping_add(1);
        }
        let dest = course.dest;
        let dest = self.conns.dest(dest);
        self.dests.count_packet(dest, flow.length);
        self.send_on(id, flow, dest)
    }

    /// From the server's side \[ICMP-6\].
    fn return_error(&mut self, id: ConnId, flow: &Flow) -> Verdict {
        let Some(course) = self.conns.course(id) else { return Verdict::Pass };
        let translated = course.method() == Method::Nat;
        if translated && flow.family() == Family::V6 && self.config.profile == Profile::Classic {
            return Verdict::Drop(DropReason::IcmpError);
        }
        self.dests.count_reply(self.conns.dest(course.dest), flow.length);
        self.conns.origin(id).map_or(Verdict::Pass, Verdict::Reply)
    }
}
