//! The FTP helper: data connections go where their control connection went (section 5.7).
//!
//! An active one is made as soon as it is announced. Of a passive one the client's port is not known
//! yet: it is expected for a while, and made by its first packet \[NAT-1\].

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use lvs_proto::ftp::{Announcement, Edit, Message, PORT, Segment};
use lvs_proto::{AddressPair, Endpoint, Flow, Hop, Instant, Method, Protocol, TcpFlags, Transport};

use super::Director;
use crate::conns::Control;
use crate::hash::Address;
use crate::recent::Recent;
use crate::{Conn, ConnId, ConnKey, State, TcpState};

/// How long a passive connection is expected: as long as one in LISTEN lives \[TCP-4\].
const LISTEN: Duration = Duration::from_secs(TcpState::Listen.timeout_secs() as u64);

/// Passive data connections: client, virtual address and virtual port.
pub(super) type Expected = Recent<(Address, Address, u16), Data>;

/// What a data connection is to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Data {
    control: ConnKey,
    server: Endpoint,
}

impl Director {
    /// What is to be changed in a segment of a control connection, and what it says of data
    /// connections \[FTP-1\].
    pub(super) fn control_segment(
        &mut self,
        now: Instant,
        flow: &Flow,
        segment: &Segment,
    ) -> Option<Edit> {
        if self.expected.is_off() {
            return None;
        }
        let key = ConnKey::of(flow)?;
        let hash = self.conns.hash(&key);
        let by_client = self.conns.find_hashed(now, &key, hash);
        if let Some(id) = by_client.filter(|id| self.is_control(*id)) {
            return Some(self.client_segment(now, id, segment));
        }
        let by_server = self.conns.find_reply(now, &key, hash);
        let id = by_server.filter(|id| self.is_control(*id))?;
        Some(self.server_segment(now, id, segment))
    }

    /// Whether the helper is bound to a connection \[CON-9\].
    fn is_control(&self, id: ConnId) -> bool {
        self.conns.get(id).is_some_and(|conn| {
            let ConnKey { protocol, virtual_port, template, .. } = conn.key;
            let is_ftp = (protocol, virtual_port) == (Protocol::TCP, PORT) && !template;
            is_ftp && conn.hop.method == Method::Nat
        })
    }

    /// \[FTP-2\]
    fn client_segment(&mut self, now: Instant, id: ConnId, segment: &Segment) -> Edit {
        let control = self.conns.control(id);
        match segment.message.filter(|_| self.is_established(id)) {
            Some(asked @ (Message::Passive | Message::ExtendedPassive)) => {
                self.conns.set_control(id, Control { asked: Some(asked), ..control });
            }
            Some(Message::Active(client)) => {
                self.open_active(now, id, client);
            }
            _ => {}
        }
        let by = control.shift.of_acknowledged(segment.acknowledged);
        Edit { acknowledged: by.wrapping_neg(), ..Edit::default() }
    }

    /// \[FTP-3\]. A segment that was changed and comes again is changed again.
    fn server_segment(&mut self, now: Instant, id: ConnId, segment: &Segment) -> Edit {
        let control = self.conns.control(id);
        let is_again = control.shift.from == Some(segment.sequence);
        let sequence = control.shift.of_sequence(segment.sequence);
        let said = segment.message.filter(|_| self.is_established(id));
        let announced = match (said, control.asked) {
            (Some(Message::EnteringPassive(announced)), asked)
                if is_again || asked == Some(Message::Passive) =>
            {
                self.announce_data(now, id, segment.sequence, announced)
            }
            (Some(Message::EnteringExtendedPassive(port)), Some(Message::ExtendedPassive)) => {
                self.expect_at(now, id, None, port);
                self.conns.set_control(id, Control { asked: None, ..control });
                None
            }
            _ => None,
        };
        Edit { sequence, announced, ..Edit::default() }
    }

    /// The client is told the virtual address instead; what follows is shifted by as much as that is
    /// longer \[FTP-4\].
    fn announce_data(
        &mut self,
        now: Instant,
        id: ConnId,
        sequence: u32,
        announced: Announcement,
    ) -> Option<(Announcement, Ipv4Addr)> {
        let Announcement { address, port, .. } = announced;
        let IpAddr::V4(virtual_address) = self.conns.get(id)?.key.virtual_address() else {
            return None;
        };
        let control = self.conns.control(id);
        let asked = control.asked.filter(|_| control.shift.from == Some(sequence));
        let shift = control.shift.grown(sequence, announced.growth(virtual_address));
        self.conns.set_control(id, Control { asked, shift }).then_some(())?;
        self.expect_at(now, id, Some(address.into()), port);
        Some((announced, virtual_address))
    }

    /// The client will connect to this port of the virtual address, and means that of the server, or
    /// of another address that it has told.
    fn expect_at(&mut self, now: Instant, id: ConnId, told: Option<IpAddr>, port: u16) {
        let Some(Conn { key: control, hop, .. }) = self.conns.get(id) else { return };
        let server = Endpoint { address: told.unwrap_or(hop.address), port };
        let key = (Address(control.client()), Address(control.virtual_address()), port.to_be());
        let forgotten = self.expected.put(now, now + LISTEN, key, Data { control, server });
        self.counters.forgotten_ftp_data += u64::from(forgotten);
    }

    /// Makes the data connection of a client's first packet, if it is expected and its control
    /// connection still there.
    pub(super) fn open_expected(
        &mut self,
        now: Instant,
        flow: &Flow,
        key: &ConnKey,
    ) -> Option<ConnId> {
        let Transport::Tcp { flags, .. } = flow.transport else { return None };
        if self.expected.is_off() || !flags.contains(TcpFlags::SYN) {
            return None;
        }
        let port = key.virtual_port.to_be();
        let data = (Address(key.client()), Address(key.virtual_address()), port);
        let &Data { control, server } = self.expected.get(now, &data)?;
        let control = self.conns.find(now, &control)?;
        let id = self.open_data(now, control, *key, server)?;
        self.expected.remove(&data);
        Some(id)
    }

    /// The real server will connect from the port before its own; unless it has already.
    fn open_active(&mut self, now: Instant, id: ConnId, client: Endpoint) -> Option<ConnId> {
        let conn = self.conns.get(id)?;
        let key = ConnKey {
            addresses: AddressPair::new(client.address, conn.key.virtual_address())?,
            client_port: client.port,
            virtual_port: conn.key.virtual_port.checked_sub(1)?,
            ..conn.key
        };
        let server = Endpoint { port: conn.hop.port.checked_sub(1)?, address: conn.hop.address };
        self.conns.find(now, &key).or_else(|| self.open_data(now, id, key, server))
    }

    /// A connection in LISTEN, controlled by another and of the same destination. It moves the
    /// counters, and is not counted among those that were scheduled \[TCP-4\] \[CNT-8\].
    fn open_data(
        &mut self,
        now: Instant,
        control: ConnId,
        key: ConnKey,
        server: Endpoint,
    ) -> Option<ConnId> {
        let dest = self.conns.dest(self.conns.course(control)?.dest);
        let hop = Hop::new(Method::Nat, server.address, server.port);
        let (state, controller) = (State::Tcp(TcpState::Listen), Some(control));
        let timeout_secs = TcpState::Listen.timeout_secs();
        let conn = Conn { state, controller, timeout_secs, ..Conn::new(key, dest, hop) };
        self.conns.hold(controller);
        let hash = self.conns.hash(&key);
        let Some(id) = self.insert(now, &conn, hash, None) else {
            self.conns.release(controller);
            return None;
        };
        self.dests.bind(dest);
        self.conns.arm(now, id);
        Some(id)
    }

    fn is_established(&self, id: ConnId) -> bool {
        let state = self.conns.course(id).map(|course| course.state);
        state == Some(State::Tcp(TcpState::Established))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the configuration says it takes.
    #[test]
    fn octets_of_a_place() {
        assert_eq!(Expected::octets_per_place(), 104);
    }
}
