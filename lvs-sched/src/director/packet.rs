//! One packet of a client: found, scheduled, or not ours.

use core::num::NonZeroU32;
use core::time::Duration;

use lvs_proto::{
    DropReason, Family, Flow, Hop, Instant, Protocol, Reject, TcpFlags, Transport, Verdict,
};

use super::{Director, ServiceEntry};
use crate::arena::Key;
use crate::{Conn, ConnKey, DestId, Persistence, ServiceKey, State, TcpState, template};

/// Connections that one packet may end before it is looked at. It makes at most two, a connection
/// and its template, so that the table does not fill with what is due.
const ENDED_PER_PACKET: usize = 4;
/// The client port of active FTP data \[SVC-11\].
const FTP_DATA_PORT: u16 = 20;

impl Director {
    /// \[IN-1\] \[IN-3\] \[IN-4\]
    pub(super) fn verdict(&mut self, now: Instant, flow: &Flow) -> Verdict {
        self.sweep(now, ENDED_PER_PACKET);
        if self.services.is_empty() {
            return Verdict::Pass;
        }
        let Some(key) = ConnKey::of(flow) else {
            return match (flow.transport, flow.family()) {
                (Transport::Unreadable(Protocol::TCP | Protocol::UDP), _)
                | (Transport::LaterFragment(Protocol::TCP | Protocol::UDP), Family::V4) => {
                    Verdict::Drop(DropReason::HeaderUnreadable)
                }
                // What is no service's, and a later fragment of IPv6 [SVC-13].
                _ => Verdict::Pass,
            };
        };
        let found = self.conns.find(now, &key);
        match found.and_then(|id| Some((id, self.conns.get(id)?))) {
            Some((id, conn)) if is_reused(conn, flow) => self.conns.expire(now, id),
            Some((id, conn)) if self.is_available(conn.dest) => return self.forward(now, id, flow),
            Some(_) => return Verdict::Drop(DropReason::DestinationDeleted),
            None => {}
        }
        self.schedule(now, flow, key)
    }

    /// A packet without a connection \[SVC-10\] \[SVC-11\].
    fn schedule(&mut self, now: Instant, flow: &Flow, key: ConnKey) -> Verdict {
        if let Transport::Tcp { flags, .. } = flow.transport {
            if flags.contains(TcpFlags::RST) || !flags.contains(TcpFlags::SYN) {
                return Verdict::Pass;
            }
        }
        let Some(&service) = self.find_service(flow, &key) else { return Verdict::Pass };
        if key.client_port == FTP_DATA_PORT {
            return Verdict::Pass;
        }
        if let Some(persistence) = service.config.persistence {
            return self.schedule_persistent(now, flow, key, &service, persistence);
        }
        let dest = match service.config.key {
            // Found by port 0, which only persistence serves [SVC-5].
            ServiceKey::Address { port, .. } if port != key.virtual_port => None,
            _ => self.dests.pick(now, service.group, flow),
        };
        let Some((dest, config)) = dest.and_then(|id| Some((id, *self.dests.get(id)?.config())))
        else {
            return Verdict::Reject(Reject::PortUnreachable);
        };
        let port = if config.port == 0 { key.virtual_port } else { config.port };
        let hop = Hop { method: config.method, address: config.address, port };
        self.open(now, flow, &service, Opening { key, dest, hop, template: None })
    }

    /// The service of a packet \[SVC-8\].
    fn find_service(&self, flow: &Flow, key: &ConnKey) -> Option<&ServiceEntry> {
        let marked = NonZeroU32::new(flow.mark)
            .and_then(|mark| self.services.get(&ServiceKey::Mark { family: flow.family(), mark }));
        let at = |port| {
            let (protocol, address) = (key.protocol, key.virtual_address());
            self.services.get(&ServiceKey::Address { protocol, address, port })
        };
        marked.or_else(|| at(key.virtual_port)).or_else(|| at(0))
    }

    /// A packet without a connection whose client may have a template \[TPL-6\].
    fn schedule_persistent(
        &mut self,
        now: Instant,
        flow: &Flow,
        key: ConnKey,
        service: &ServiceEntry,
        persistence: Persistence,
    ) -> Verdict {
        let unreachable = Verdict::Reject(Reject::PortUnreachable);
        let service_key = &service.config.key;
        let Some(template_key) = template::key(service_key, &persistence, &key) else {
            return unreachable;
        };
        let template = match self.valid_template(now, &template_key) {
            Some(template) => template,
            None => {
                let Some(dest) = self.dests.pick(now, service.group, flow) else {
                    return unreachable;
                };
                let Some(template) = self.open_template(now, template_key, service, &key, dest)
                else {
                    return Verdict::Drop(DropReason::TableFull);
                };
                template
            }
        };
        let conn = self.conns.get(template).and_then(|template| {
            let dest = self.dests.get(template.dest)?;
            let port = template::conn_port(service_key, &key, dest);
            Some((template.dest, Hop { port, method: dest.method(), address: dest.address() }))
        });
        let Some((dest, hop)) = conn else { return unreachable };
        let verdict =
            self.open(now, flow, service, Opening { key, dest, hop, template: Some(template) });
        // Its time runs from the last connection made through it, or tried [TPL-9].
        self.conns.arm(now, template);
        verdict
    }

    /// The template of a client, unless its destination was deleted; then it is no longer to be
    /// found \[TPL-12\].
    fn valid_template(&mut self, now: Instant, key: &ConnKey) -> Option<Key> {
        let id = self.conns.find(now, key)?;
        if self.is_available(self.conns.get(id)?.dest) {
            self.conns.shorten_if_due(now, id);
            return Some(id);
        }
        self.conns.invalidate(id);
        None
    }

    fn open_template(
        &mut self,
        now: Instant,
        key: ConnKey,
        service: &ServiceEntry,
        conn: &ConnKey,
        id: DestId,
    ) -> Option<Key> {
        let timeout_secs = service.config.persistence?.timeout_secs;
        let dest = self.dests.get(id)?;
        let port = template::port(&service.config.key, conn, dest);
        let template = Conn {
            key,
            dest: id,
            hop: Hop { method: dest.method(), address: dest.address(), port },
            state: State::Template { assured: false },
            active: false,
            timeout: Duration::from_secs(timeout_secs.into()),
            template: None,
            controlled: 0,
        };
        let template = self.conns.insert(now, template)?;
        self.dests.bind_template(id);
        Some(template)
    }

    /// Makes a connection and lets the packet go on through it \[SVC-11\] \[TPL-8\].
    fn open(
        &mut self,
        now: Instant,
        flow: &Flow,
        service: &ServiceEntry,
        opening: Opening,
    ) -> Verdict {
        let Opening { key, dest, hop, template } = opening;
        if service.config.one_packet && key.protocol == Protocol::UDP {
            return self.forward_alone(flow, dest, hop);
        }
        let state = State::new(flow.transport);
        let timeout = state.timeout().unwrap_or_default();
        let conn = Conn { key, dest, hop, state, active: false, timeout, template, controlled: 0 };
        let Some(id) = self.conns.insert(now, conn) else {
            return Verdict::Drop(DropReason::TableFull);
        };
        if let Some(template) = template.and_then(|template| self.conns.get_mut(template)) {
            template.controlled = template.controlled.saturating_add(1);
        }
        self.dests.bind(dest);
        self.dests.count_conn(dest);
        self.forward(now, id, flow)
    }

    /// A connection of one packet is over before it could be found again \[OPS-1\] \[CNT-9\].
    fn forward_alone(&mut self, flow: &Flow, dest: DestId, hop: Hop) -> Verdict {
        self.dests.bind(dest);
        self.dests.count_conn(dest);
        self.dests.count_packet(dest, flow.length);
        self.dests.unbind(dest);
        Verdict::Forward(hop)
    }

    /// Counts the packet, moves the connection on and puts off its end \[IN-5\] \[TMO-1\].
    fn forward(&mut self, now: Instant, id: Key, flow: &Flow) -> Verdict {
        let Some(conn) = self.conns.get_mut(id) else { return Verdict::Pass };
        let (dest, hop, template) = (conn.dest, conn.hop, conn.template);
        let before = conn.state;
        conn.state = before.after_client(flow.transport, hop.method);
        conn.timeout = conn.state.timeout().unwrap_or(conn.timeout);
        let (was_active, is_active) = (conn.active, conn.state.is_active());
        conn.active = is_active;
        let established = conn.state == State::Tcp(TcpState::Established) && conn.state != before;

        self.dests.count_packet(dest, flow.length);
        match (was_active, is_active) {
            (false, true) => self.dests.activate(dest),
            (true, false) => self.dests.deactivate(dest),
            _ => {}
        }
        if let Some(template) = template.filter(|_| established) {
            self.assure(template);
        }
        self.conns.arm(now, id);
        Verdict::Forward(hop)
    }

    /// \[DIR-4\] \[TPL-13\]
    fn assure(&mut self, template: Key) {
        if let Some(template) = self.conns.get_mut(template) {
            template.state = State::Template { assured: true };
        }
    }

    fn is_available(&self, dest: DestId) -> bool {
        self.dests.get(dest).is_some_and(crate::Dest::is_available)
    }
}

/// What is decided of a connection before it is made.
struct Opening {
    key: ConnKey,
    dest: DestId,
    hop: Hop,
    template: Option<Key>,
}

/// Whether the packet begins a new connection in the place of one that is over \[REUSE-1\]
/// \[REUSE-3\] \[REUSE-5\].
fn is_reused(conn: &Conn, flow: &Flow) -> bool {
    let is_syn = matches!(
        flow.transport,
        Transport::Tcp { flags, .. } if flags.contains(TcpFlags::SYN)
    );
    let is_over = matches!(conn.state, State::Tcp(TcpState::TimeWait | TcpState::Close));
    is_syn && is_over && conn.template.is_none()
}
