//! A director on a link, from frame to frame: the virtual router decides whether it is to serve,
//! the director decides where each packet goes.

use std::net::IpAddr;

use lvs_proto::frames::{self, OwnAddresses};
use lvs_proto::sync::Message;
use lvs_proto::wire::ethernet::{self, EtherType};
use lvs_proto::wire::{arp, ipv6, ndp};
use lvs_proto::{Frame, Instant, LinkPair, MacAddr, Outcome, Path, Route, process};
use lvs_sched::{Director, SyncOutbox, SyncOutboxConfig, SyncOutboxError, SyncPolicy};
use lvs_vrrp::State;

use crate::event_loop::Disposition;
use crate::virtual_router::VirtualRouter;

/// Connections that are expired in one call.
const EXPIRY_BUDGET: usize = 1_024;

/// Room for the frames of our own making: an ICMPv6 error is the longest.
const LONGEST_ANSWER: usize = 1_400;

/// Segments that the interface has put together are longer than its MTU, and are taken apart again
/// when they leave.
const NO_MTU: u32 = u32::MAX;

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
    /// The group of directors that tell each other of their connections.
    pub sync_id: u8,
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

    /// Announces connections from now on, whenever this node is Active.
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
        let active = self.router.machine().state() == State::Active;
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
        let route_to = |address| {
            let link = LinkPair { source, destination: neighbour(address)? };
            Some(Route::Via(Path::new(link, NO_MTU)))
        };
        let mut answer = [0; LONGEST_ANSWER];
        let outcome = process(now, &mut Frame::from(&mut *frame), &mut self.director, route_to);
        let length = match outcome {
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

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use lvs_proto::vrrp::{Priority, Vrid};
    use lvs_proto::wire::ndp::solicited_node_group;
    use lvs_proto::{Family, checksum, parse};
    use lvs_sched::{DirectorConfig, Rule};
    use lvs_vrrp::Config;

    use super::*;

    const DIRECTOR: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 1]);
    const CLIENT: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 2]);
    const SERVER: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 3]);
    const CLIENT_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);
    const VIRTUAL_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);

    type TestNode = Node<fn(IpAddr) -> Option<MacAddr>>;

    fn node(source: &str, vip: &str, rules: &[&str]) -> TestNode {
        let mut director = Director::new(DirectorConfig::default()).unwrap();
        for line in rules {
            director.apply(Instant::EPOCH, &Rule::parse(line).unwrap().unwrap()).unwrap();
        }
        let config =
            Config { priority: Priority::OWNER, ..Config::rfc9568(Vrid::new(51).unwrap()) };
        let (source, vip) = (source.parse().unwrap(), vip.parse().unwrap());
        Node {
            router: VirtualRouter::from_config(config, source, vec![vip]).unwrap(),
            director,
            mac: DIRECTOR,
            own: OwnAddresses { v4: Ipv4Addr::new(192, 0, 2, 1), v6: Ipv6Addr::LOCALHOST },
            neighbour: |_| Some(SERVER),
            sync_id: 0,
        }
    }

    fn node_v4(rules: &[&str]) -> TestNode {
        node("192.0.2.1", "192.0.2.100", rules)
    }

    fn become_active(node: &mut TestNode) {
        node.router.machine_mut().startup(Instant::EPOCH);
        while node.router.poll(&mut |_| {}).is_some() {}
    }

    fn handle(node: &mut TestNode, frame: &mut [u8]) -> (Disposition, Vec<Vec<u8>>) {
        let mut sent = Vec::new();
        let disposition =
            node.handle_frame(Instant::EPOCH, frame, &mut |frame| sent.push(frame.to_vec()));
        (disposition, sent)
    }

    fn arp_request(target_ip: Ipv4Addr) -> Vec<u8> {
        let request = arp::Packet {
            operation: arp::Operation::Request,
            sender_mac: CLIENT,
            sender_ip: CLIENT_ADDRESS,
            target_mac: MacAddr::default(),
            target_ip,
        };
        let header = ethernet::header(MacAddr::BROADCAST, CLIENT, EtherType::ARP);
        [&header[..], &request.octets()].concat()
    }

    fn solicitation(target: Ipv6Addr) -> Vec<u8> {
        let source = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7);
        let destination = solicited_node_group(target);
        let mut message = [0; 24];
        message[0] = 135;
        message[8..].copy_from_slice(&target.octets());
        let addresses = lvs_proto::AddressPair::V6 { source, destination };
        let sum = checksum::Sum::new()
            .add_pseudo_header(addresses, lvs_proto::Protocol::ICMPV6, 24)
            .add_octets(&message);
        message[2..4].copy_from_slice(&sum.checksum().to_be_bytes());
        let packet = ipv6::Header {
            source,
            destination,
            protocol: lvs_proto::Protocol::ICMPV6,
            hop_limit: 255,
            traffic_class: 0,
            payload_len: 24,
        };
        let group = MacAddr::of_ipv6_multicast(destination);
        let header = ethernet::header(group, CLIENT, EtherType::IPV6);
        [&header[..], &packet.octets(), &message].concat()
    }

    /// A SYN from the client to the virtual address.
    fn syn(destination: MacAddr) -> Vec<u8> {
        let packet = lvs_proto::wire::ipv4::Header {
            source: CLIENT_ADDRESS,
            destination: VIRTUAL_ADDRESS,
            protocol: lvs_proto::Protocol::TCP,
            hop_limit: 64,
            tos: 0,
            total_len: 40,
        };
        let mut segment = [0; 20];
        segment[..4].copy_from_slice(&[0x9c, 0x40, 0, 80]);
        segment[12..14].copy_from_slice(&[0x50, 0x02]);
        let header = ethernet::header(destination, CLIENT, EtherType::IPV4);
        [&header[..], &packet.octets(), &segment].concat()
    }

    #[test]
    fn v2_ac_1_only_an_active_node_answers_arp_and_with_the_virtual_mac() {
        let mut node = node_v4(&[]);
        assert_eq!(handle(&mut node, &mut arp_request(VIRTUAL_ADDRESS)).1, [[0; 0]; 0]);
        become_active(&mut node);
        let (disposition, answers) = handle(&mut node, &mut arp_request(VIRTUAL_ADDRESS));
        assert_eq!((disposition, answers.len()), (Disposition::Done, 1));
        let answer = ethernet::Frame::parse(&answers[0]).unwrap();
        let reply = arp::Packet::parse(answer.payload).unwrap();
        assert_eq!(reply.sender_mac, Vrid::new(51).unwrap().virtual_mac(Family::V4));
        assert_eq!((answer.destination, reply.sender_ip), (CLIENT, VIRTUAL_ADDRESS));
        let other = handle(&mut node, &mut arp_request(Ipv4Addr::new(192, 0, 2, 101)));
        assert!(other.1.is_empty(), "another's address");
    }

    #[test]
    fn v3_ac_4_an_active_node_answers_neighbour_solicitations() {
        let mut node = node("fe80::1", "fe80::100", &[]);
        let target: Ipv6Addr = "fe80::100".parse().unwrap();
        assert!(handle(&mut node, &mut solicitation(target)).1.is_empty());
        become_active(&mut node);
        let answers = handle(&mut node, &mut solicitation(target)).1;
        let answer = ethernet::Frame::parse(&answers[0]).unwrap();
        assert_eq!(answer.source, Vrid::new(51).unwrap().virtual_mac(Family::V6));
        let packet = ipv6::Packet::parse(answer.payload).unwrap();
        let ndp::Message::Advertisement(advertisement) = ndp::Message::parse(&packet).unwrap()
        else {
            panic!("not an advertisement")
        };
        assert_eq!(advertisement.target, target);
    }

    #[test]
    fn v3_bk_4_only_an_active_node_forwards_what_comes_to_the_virtual_mac() {
        let mut node =
            node_v4(&["-A -t 192.0.2.100:80 -s rr", "-a -t 192.0.2.100:80 -r 192.0.2.11:80 -g"]);
        let virtual_mac = node.router.machine().virtual_mac();
        assert_eq!(handle(&mut node, &mut syn(virtual_mac)).0, Disposition::Done);
        become_active(&mut node);
        assert_eq!(handle(&mut node, &mut syn(DIRECTOR)).0, Disposition::Done, "the kernel's");
        let mut frame = syn(virtual_mac);
        assert_eq!(handle(&mut node, &mut frame).0, Disposition::Forward);
        let forwarded = ethernet::Frame::parse(&frame).unwrap();
        assert_eq!((forwarded.source, forwarded.destination), (DIRECTOR, SERVER));
        assert_eq!(parse(&frame).unwrap().destination(), IpAddr::from(VIRTUAL_ADDRESS));
    }

    #[test]
    fn svc_12_a_service_without_a_server_answers_port_unreachable() {
        let mut node = node_v4(&["-A -t 192.0.2.100:80 -s rr"]);
        become_active(&mut node);
        let virtual_mac = node.router.machine().virtual_mac();
        let (disposition, answers) = handle(&mut node, &mut syn(virtual_mac));
        assert_eq!((disposition, answers.len()), (Disposition::Done, 1));
        let answer = parse(&answers[0]).unwrap();
        assert_eq!(answer.protocol(), lvs_proto::Protocol::ICMP);
        assert_eq!(answer.source(), IpAddr::from(VIRTUAL_ADDRESS));
        assert_eq!(answer.destination(), IpAddr::from(CLIENT_ADDRESS));
    }
}
