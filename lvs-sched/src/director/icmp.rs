//! ICMP errors about connections (section 4.9).

use lvs_proto::{DropReason, Embedded, Family, Flow, Hook, Instant, Method, Verdict};

use super::{Director, Packet};
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
            return self.schedule(now, Packet { flow, call: None }, key);
        }
        Verdict::Pass
    }

    /// From the client's side \[ICMP-4\] \[ICMP-5\].
    pub(super) fn forward_error(&mut self, id: ConnId, flow: &Flow) -> Verdict {
        let Some(course) = self.conns.course_mut(id) else { return Verdict::Pass };
        course.in_packets = course.in_packets.saturating_add(1);
        let dest = course.dest;
        let Some(hop) = self.conns.next_hop(id) else { return Verdict::Pass };
        let dest = self.conns.dest(dest);
        self.dests.count_packet(dest, flow.length);
        self.send(hop, dest)
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
