//! The frame that waits for a link address: one, and a short one, as what begins a conversation is.
//! Linux keeps a hundred; whoever has the memory may.

use core::net::IpAddr;

use lvs_proto::{Frame, Route, Verdict, forward, parse_with_layout, reply};

use super::Send;

const LONGEST: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Waiting(Option<Held>);

#[derive(Debug)]
struct Held {
    next_hop: IpAddr,
    verdict: Verdict,
    octets: [u8; LONGEST],
    length: usize,
}

impl Waiting {
    /// Keeps a frame in the place of the last one (RFC 1122 section 2.3.2.2); one that is too long
    /// is dropped.
    pub(super) fn hold(&mut self, next_hop: IpAddr, verdict: Verdict, frame: &[u8]) {
        let mut octets = [0; LONGEST];
        if let Some(place) = octets.get_mut(..frame.len()) {
            place.copy_from_slice(frame);
            self.0 = Some(Held { next_hop, verdict, octets, length: frame.len() });
        }
    }

    /// Sends what waits for `next_hop`.
    pub(super) fn release(&mut self, next_hop: IpAddr, route: &Route, send: Send<'_>) {
        let Some(mut held) = self.0.take_if(|held| held.next_hop == next_hop) else { return };
        let Some(octets) = held.octets.get_mut(..held.length) else { return };
        let Ok((_, layout)) = parse_with_layout(octets) else { return };
        let mut frame = Frame::from(&mut *octets);
        let rewritten = match &held.verdict {
            Verdict::Forward(hop) => forward(&mut frame, &layout, hop, route).is_ok(),
            Verdict::Reply(origin) => reply(&mut frame, &layout, origin, route).is_ok(),
            _ => false,
        };
        if rewritten {
            send(octets);
        }
    }

    /// Nobody is there.
    pub(super) fn forget(&mut self, next_hop: IpAddr) {
        self.0.take_if(|held| held.next_hop == next_hop);
    }
}
