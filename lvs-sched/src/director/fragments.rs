//! Packets in fragments: the first one says where the others go.
//!
//! The kernel puts IPv4 packets together before IPVS sees them \[NAT-9\]. Who has no kernel sees
//! fragments, of which the first alone names its ports; what became of it is remembered for the
//! rest. Nothing is kept until it is whole: a later fragment that comes first is dropped, and all
//! is sent again.

use core::time::Duration;

use lvs_proto::{DropReason, Family, Flow, Instant, Verdict};

use super::Director;
use crate::conns::NOWHERE;
use crate::hash::Address;
use crate::recent::Recent;
use crate::{ConnKey, DestId};

/// How long the first fragment is remembered: as long as Linux waits for the others. A sender that
/// uses its identifications up sooner teaches anew.
const LIFETIME: Duration = Duration::from_secs(30);

impl Director {
    /// Remembers what became of a first fragment.
    #[cold]
    pub(super) fn learn(&mut self, now: Instant, flow: &Flow, hash: u64, verdict: &Verdict) {
        let (Some(packet), Some(key)) = (key(flow), ConnKey::of(flow)) else { return };
        // AH and ESP have a key without ports, and in every fragment.
        if self.fragments.is_off() || flow.transport.ports().is_none() {
            return;
        }
        let conn = match verdict {
            Verdict::Forward(_) => self.conns.find_hashed(now, &key, hash),
            Verdict::Reply(_) => self.conns.find_reply(now, &key, hash),
            _ => None,
        };
        let course = conn.and_then(|id| self.conns.course(id));
        let dest = course.map_or(NOWHERE, |course| self.conns.dest(course.dest));
        let verdict = match *verdict {
            // Nobody is told of a later fragment (RFC 1122 section 3.2.2).
            Verdict::Reject(_) => Verdict::Drop(DropReason::LaterFragment),
            verdict => verdict,
        };
        let first = First { verdict, dest };
        let forgotten = self.fragments.put(now, now + LIFETIME, packet, first);
        self.counters.forgotten_fragments += u64::from(forgotten);
    }

    /// A fragment goes the way of the first one, and counts for the same destination. Connections
    /// follow first ones alone.
    #[cold]
    pub(super) fn later_fragment(&mut self, now: Instant, flow: &Flow, has_ports: bool) -> Verdict {
        match key(flow).and_then(|packet| self.fragments.get(now, &packet)) {
            Some(&First { verdict, dest }) => {
                match verdict {
                    Verdict::Forward(_) => self.dests.count_packet(dest, flow.length),
                    Verdict::Reply(_) => self.dests.count_reply(dest, flow.length),
                    _ => {}
                }
                verdict
            }
            None if has_ports => Verdict::Drop(DropReason::LaterFragment),
            None => Verdict::Pass,
        }
    }
}

/// What the fragments of one packet have in common: its ends, its identification, and over IPv4 its
/// protocol (RFC 791 section 3.2). Over IPv6 only the first one shows that behind all extension
/// headers (RFC 8200 section 4.5).
type Key = (Address, Address, u32, u8);

/// What became of the first fragment of each packet.
pub(super) type Fragments = Recent<Key, First>;

#[derive(Clone, Copy, Debug)]
pub(super) struct First {
    verdict: Verdict,
    dest: DestId,
}

/// The key of a fragment.
fn key(flow: &Flow) -> Option<Key> {
    let protocol = match flow.family() {
        Family::V4 => flow.protocol().0,
        Family::V6 => 0,
    };
    // In the order of the wire, so that every machine hashes alike.
    Some((Address(flow.source()), Address(flow.destination()), flow.fragment?.to_be(), protocol))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the configuration says it takes.
    #[test]
    fn octets_of_a_place() {
        assert_eq!(Fragments::octets_per_place(), 104);
    }
}
