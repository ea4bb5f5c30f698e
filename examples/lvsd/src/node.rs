//! A director on a link, from frame to frame: the virtual router decides whether it is to serve,
//! the director decides where each packet goes.

use std::net::IpAddr;

use lvs_proto::frames::{self, OwnAddresses};
use lvs_proto::wire::ethernet::{self, EtherType};
use lvs_proto::wire::{arp, ipv6, ndp};
use lvs_proto::{Instant, LinkPair, MacAddr, Outcome, process};
use lvs_sched::Director;
use lvs_vrrp::State;

use crate::event_loop::Disposition;
use crate::virtual_router::VirtualRouter;

/// Connections that are expired in one call.
const EXPIRY_BUDGET: usize = 1_024;

/// Room for the frames of our own making: an ICMPv6 error is the longest.
const LONGEST_ANSWER: usize = 1_400;

/// A director and its virtual router, without a socket.
#[derive(Debug)]
pub struct Node<N> {
    /// Whether this node is to serve.
    pub router: VirtualRouter,
    /// Where packets go.
    pub director: Director,
    /// The link address of the interface.
    pub mac: MacAddr,
    /// The addresses of the interface.
    pub own: OwnAddresses,
    /// The link address of a real server, if it is known.
    pub neighbour: N,
}

impl<N: FnMut(IpAddr) -> Option<MacAddr>> Node<N> {
    /// Takes in a frame; frames of our own making go to `send`.
    pub fn handle_frame(
        &mut self,
        now: Instant,
        frame: &mut [u8],
        send: &mut impl FnMut(&[u8]),
    ) -> Disposition {
        let Ok(ethernet::Frame { destination, source, ethertype, payload, .. }) =
            ethernet::Frame::parse(frame)
        else {
            return Disposition::Done;
        };
        let mut answer = [0; LONGEST_ANSWER];
        let length = if destination == self.router.machine().virtual_mac() {
            if self.router.machine().state() != State::Active {
                return Disposition::Done;
            }
            match self.answer_solicitation(source, ethertype, payload, &mut answer) {
                Some(length) => Some(length),
                None => return self.forward(now, frame, send),
            }
        } else if destination.is_multicast() {
            self.router.handle_frame(now, frame);
            self.answer_solicitation(source, ethertype, payload, &mut answer)
        } else {
            // To the interface's own address: the kernel's.
            None
        };
        if let Some(answer) = length.and_then(|length| answer.get(..length)) {
            send(answer);
        }
        Disposition::Done
    }

    /// Expires what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.director.handle_timeout(now, EXPIRY_BUDGET);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.director.next_deadline()
    }

    /// Answers whoever asks for the link address of a virtual address \[W-33\], \[W-35\].
    fn answer_solicitation(
        &self,
        source: MacAddr,
        ethertype: EtherType,
        payload: &[u8],
        answer: &mut [u8],
    ) -> Option<usize> {
        let mac = self.router.machine().virtual_mac();
        match ethertype {
            EtherType::ARP => {
                let request = arp::Packet::parse(payload).ok()?;
                self.router.answers_for(request.target_ip.into()).then_some(())?;
                frames::arp_reply(&request, mac, answer).ok()
            }
            EtherType::IPV6 => {
                let packet = ipv6::Packet::parse(payload).ok()?;
                let ndp::Message::Solicitation(solicitation) = ndp::Message::parse(&packet).ok()?
                else {
                    return None;
                };
                self.router.answers_for(solicitation.target.into()).then_some(())?;
                frames::neighbor_reply(&solicitation, source, mac, answer).ok()
            }
            _ => None,
        }
    }

    fn forward(
        &mut self,
        now: Instant,
        frame: &mut [u8],
        send: &mut impl FnMut(&[u8]),
    ) -> Disposition {
        let source = self.mac;
        let neighbour = &mut self.neighbour;
        let link_to =
            |address| neighbour(address).map(|destination| LinkPair { source, destination });
        let mut answer = [0; LONGEST_ANSWER];
        let length = match process(now, frame, &mut self.director, link_to) {
            Outcome::Send => return Disposition::Forward,
            Outcome::Reject(_) => frames::port_unreachable(frame, self.own, &mut answer),
            Outcome::TimeExceeded => frames::time_exceeded(frame, self.own, &mut answer),
            outcome => {
                log::debug!("a frame goes no further: {outcome:?}");
                return Disposition::Done;
            }
        };
        match length {
            Ok(length) => answer.get(..length).into_iter().for_each(send),
            Err(refusal) => log::debug!("a packet is not answered: {refusal}"),
        }
        Disposition::Done
    }
}
