//! ICMP errors about connections (section 4.9).

use lvs_proto::{DropReason, Embedded, Family, Flow, Hook, Instant, Method, Verdict};

use super::{Director, Packet};
use crate::arena::Key;
use crate::{ConnKey, Profile};

impl Director {
    /// An error goes the way of the packet that it is about, and leaves the connection as it is
    /// \[ICMP-8\].
    pub(super) fn icmp_error(&mut self, now: Instant, flow: &Flow, about: &Embedded) -> Verdict {
        let Some(key) = ConnKey::of_inverse(about) else { return Verdict::Pass };
        if let Some(id) = self.conns.find(now, &key) {
            return self.forward_error(id, flow);
        }
        // What the error is about was sent to the real server, or to the virtual address.
        if let Some(id) = self.conns.find_reply(now, &key) {
            return self.return_error(id, flow);
        }
        if self.config.policy.schedule_icmp && flow.hook != Hook::Forward {
            return self.schedule(now, Packet { flow, call: None }, key);
        }
        Verdict::Pass
    }

    /// From the client's side \[ICMP-4\] \[ICMP-5\].
    pub(super) fn forward_error(&mut self, id: Key, flow: &Flow) -> Verdict {
        let Some(conn) = self.conns.get_mut(id) else { return Verdict::Pass };
        conn.in_packets = conn.in_packets.saturating_add(1);
        let (dest, hop) = (conn.dest, conn.next_hop());
        self.dests.count_packet(dest, flow.length);
        Verdict::Forward(hop)
    }

    /// From the server's side \[ICMP-6\].
    fn return_error(&mut self, id: Key, flow: &Flow) -> Verdict {
        let Some(conn) = self.conns.get(id) else { return Verdict::Pass };
        let translated = conn.hop.method == Method::Nat;
        if translated && flow.family() == Family::V6 && self.config.profile == Profile::Classic {
            return Verdict::Drop(DropReason::IcmpError);
        }
        let (dest, origin) = (conn.dest, conn.origin());
        self.dests.count_reply(dest, flow.length);
        Verdict::Reply(origin)
    }
}
