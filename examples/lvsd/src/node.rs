//! A director on its links, from frame to frame: virtual routers decide whether it is to serve, the
//! director decides where each packet goes.

#[cfg(test)]
mod tests;

use lvs_proto::frames;
use lvs_proto::sync::Message;
use lvs_proto::wire::ethernet::{self, EtherType};
use lvs_proto::wire::{arp, ipv6, ndp};
use lvs_proto::{Frame, Instant, MacAddr, Outcome, Route, process};
use lvs_sched::{Director, SyncOutbox, SyncOutboxConfig, SyncOutboxError, SyncPolicy};
use lvs_vrrp::{RouterId, State};

use crate::next_hops::{NextHops, Way};
use crate::virtual_routers::VirtualRouters;

/// Connections that are expired in one call.
const EXPIRY_BUDGET: usize = 1_024;

/// Room for the frames of our own making: an ICMPv6 error is the longest.
const LONGEST_ANSWER: usize = 1_400;

/// A director and its virtual routers, without a socket.
#[derive(Debug)]
pub struct Node {
    /// Whether this node is to serve, and which addresses.
    pub routers: VirtualRouters,
    /// Where packets go.
    pub director: Director,
    /// How they get there.
    pub next_hops: NextHops,
    /// The group of directors that tell each other of their connections.
    pub sync_id: u8,
    /// The virtual router that must be Active for this node to tell of them; `None` is for any.
    pub speaker: Option<RouterId>,
}

impl Node {
    /// Takes in a frame that came by that port; frames that go out are given to `send` with theirs.
    pub fn handle_frame(
        &mut self,
        now: Instant,
        port: usize,
        frame: &mut Frame<'_>,
        send: &mut impl FnMut(usize, &[u8]),
    ) {
        let Ok(ethernet) = ethernet::Frame::parse(frame.octets()) else { return };
        let ethernet::Frame { destination, source, ethertype, payload, .. } = ethernet;
        let virtual_router = self.routers.state_of(port, destination);
        let to_group = destination.is_multicast();
        if to_group || self.routers.have_peers(port) {
            self.routers.handle_frame(now, port, frame.octets());
        }
        if virtual_router.is_none() {
            self.next_hops.handle_frame(now, port, &ethernet);
        }
        let mut answer = [0; LONGEST_ANSWER];
        let length = match virtual_router.is_some() || to_group {
            true => self.answer_solicitation(port, source, ethertype, payload, &mut answer),
            false => None,
        };
        if let Some(length) = length {
            return send(port, answer.get(..length).unwrap_or_default());
        }
        let is_to_serve = match virtual_router {
            Some(state) => state == State::Active,
            None => self.is_own(port, destination) && self.routers.are_active(),
        };
        if is_to_serve {
            self.forward(now, port, frame, send);
        }
    }

    /// Sends what is to be sent without a frame that it answers.
    pub fn poll(&mut self, send: &mut impl FnMut(usize, &[u8])) {
        self.next_hops.poll(send);
    }

    /// Announces connections from now on, whenever this node is to serve.
    ///
    /// # Errors
    /// There is no memory for messages.
    pub fn start_sync(&mut self) -> Result<(), SyncOutboxError> {
        let config = SyncOutboxConfig { sync_id: self.sync_id, ..SyncOutboxConfig::default() };
        self.director.start_sync_master(SyncPolicy::default(), SyncOutbox::new(config)?)?;
        Ok(())
    }

    /// The next message to other directors. What a Backup node would say is of no use to anybody.
    pub fn poll_sync_message(&mut self) -> Option<Vec<u8>> {
        let speaker = self.speaker.map(|id| self.routers.machine(id));
        let active = match speaker {
            Some(machine) => machine.is_some_and(|it| it.state() == State::Active),
            None => self.routers.are_active(),
        };
        loop {
            let message = self.director.poll_sync_message()?;
            if active {
                return Some(message.octets().to_vec());
            }
        }
    }

    /// Takes in a message of another director. Records that cannot be taken are passed over.
    pub fn handle_sync_message(&mut self, now: Instant, datagram: &[u8]) {
        let message = match Message::parse(datagram) {
            Ok(message) if message.is_for(self.sync_id) => message,
            Ok(_) => return,
            Err(error) => return log::debug!("a synchronisation message is refused: {error}"),
        };
        for record in message.records() {
            match record {
                Ok(record) => {
                    self.director.receive_sync_record(now, &SyncPolicy::default(), &record);
                }
                Err(error) => log::debug!("a synchronisation record is refused: {error}"),
            }
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.routers.handle_timeout(now);
        self.director.handle_timeout(now, EXPIRY_BUDGET);
        self.next_hops.handle_timeout(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let Self { routers, director, next_hops, .. } = self;
        let own = [routers.next_deadline(), director.next_deadline(), next_hops.next_deadline()];
        own.into_iter().flatten().min()
    }

    /// Whether a frame is for the interface's own address: real servers of NAT have this host as
    /// their gateway. What is not an answer of theirs is the kernel's, which has it anyway.
    fn is_own(&self, port: usize, destination: MacAddr) -> bool {
        self.next_hops.port(port).is_some_and(|port| port.mac == destination)
    }

    /// Answers whoever asks for the link address of a virtual address \[W-33\], \[W-35\].
    fn answer_solicitation(
        &self,
        port: usize,
        source: MacAddr,
        ethertype: EtherType,
        payload: &[u8],
        answer: &mut [u8],
    ) -> Option<usize> {
        match ethertype {
            EtherType::ARP => {
                let request = arp::Packet::parse(payload).ok()?;
                let mac = self.routers.answer_for(port, request.target_ip.into())?;
                frames::arp_reply(&request, mac, answer).ok()
            }
            EtherType::IPV6 => {
                let packet = ipv6::Packet::parse(payload).ok()?;
                let ndp::Message::Solicitation(solicitation) = ndp::Message::parse(&packet).ok()?
                else {
                    return None;
                };
                let mac = self.routers.answer_for(port, solicitation.target.into())?;
                frames::neighbor_reply(&solicitation, source, mac, answer).ok()
            }
            _ => None,
        }
    }

    /// Does with a frame what the director says.
    fn forward(
        &mut self,
        now: Instant,
        port: usize,
        frame: &mut Frame<'_>,
        send: &mut impl FnMut(usize, &[u8]),
    ) {
        let Some(own) = self.next_hops.port(port).map(|port| port.own) else { return };
        let mut way: Option<Way> = None;
        let outcome = process(now, frame, &mut self.director, |address| {
            way = self.next_hops.way_to(now, address);
            Some(Route::Via(way?.path?))
        });
        let octets = frame.octets();
        let mut answer = [0; LONGEST_ANSWER];
        let length = match (outcome, way) {
            (Outcome::Send, Some(way)) => return send(way.port, octets),
            (Outcome::Unresolved(verdict), Some(way)) => {
                return self.next_hops.hold(way, octets, verdict);
            }
            (Outcome::Reject(_), _) => frames::port_unreachable(octets, own, &mut answer),
            (Outcome::TimeExceeded, _) => frames::time_exceeded(octets, own, &mut answer),
            (Outcome::TooBig { mtu }, _) => frames::packet_too_big(octets, own, mtu, &mut answer),
            (outcome, _) => return log::debug!("a frame goes no further: {outcome:?}"),
        };
        match length {
            Ok(length) => send(port, answer.get(..length).unwrap_or_default()),
            Err(refusal) => log::debug!("a packet is not answered: {refusal}"),
        }
    }
}
