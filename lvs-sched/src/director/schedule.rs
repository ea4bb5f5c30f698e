//! A packet without a connection: scheduled, or not ours (sections 3.2 and 3.3).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::num::NonZeroU32;

use lvs_proto::{
    CallId, DropReason, Family, Flow, Hook, Hop, Instant, Method, Protocol, Reject, SctpChunk,
    TcpFlags, Transport, Verdict,
};

use super::{Director, Packet, ServiceEntry};
use crate::conns::NOWHERE;
use crate::service::FTP_PORT;
use crate::state::Way;
use crate::template;
use crate::{
    Conn, ConnId, ConnKey, Dest, DestId, Persistence, PersistenceEngine, Policy, ServiceKey,
};

/// The client port of active FTP data \[SVC-11\].
const FTP_DATA_PORT: u16 = 20;
/// The first port that is not a well-known one: passive FTP data go to those \[SVC-8\].
const FIRST_UNPRIVILEGED_PORT: u16 = 1024;

impl Director {
    /// \[SVC-10\] \[SVC-11\]
    pub(super) fn schedule(&mut self, now: Instant, packet: Packet<'_>, key: ConnKey) -> Verdict {
        let Packet { flow, .. } = packet;
        let Some(&service) = self.find_service(flow, &key) else { return unserved(flow) };
        if let Err(verdict) = may_open(flow, self.policy_of(&service)) {
            return verdict;
        }
        if self.guard.drops_packet(&self.config.defences) {
            return Verdict::Drop(DropReason::Defended);
        }
        if key.client_port == FTP_DATA_PORT || self.is_local_reply(now, flow, &key) {
            return Verdict::Pass;
        }
        if let Some(persistence) =
            service.config.persistence.filter(|_| cfg!(feature = "persistence"))
        {
            return self.schedule_persistent(now, packet, key, &service, persistence);
        }
        let dest = match service.config.key {
            // Found by port 0 or as FTP data, which only persistence serves [SVC-5].
            ServiceKey::Address { port, .. } if port != key.virtual_port => None,
            _ => self.dests.pick(now, service.group, flow),
        };
        let Some((dest, config)) = dest.and_then(|id| Some((id, *self.dests.get(id)?.config())))
        else {
            return self.without_dest(now, flow, key, &service);
        };
        let port = if config.port == 0 { key.virtual_port } else { config.port };
        let hop = Hop::new(config.method, config.address, port);
        self.open(now, packet, &service, Conn::new(key, dest, hop))
    }

    /// The service of a packet \[SVC-8\].
    pub(super) fn find_service(&self, flow: &Flow, key: &ConnKey) -> Option<&ServiceEntry> {
        let ConnKey { protocol, virtual_port, .. } = *key;
        let at = |port| {
            let address = key.virtual_address();
            self.services.get(&ServiceKey::Address { protocol, address, port })
        };
        let marked = NonZeroU32::new(flow.mark)
            .and_then(|mark| self.services.get(&ServiceKey::Mark { family: flow.family(), mark }));
        let may_be_data = protocol == Protocol::TCP
            && (virtual_port == FTP_DATA_PORT || virtual_port >= FIRST_UNPRIVILEGED_PORT);
        marked
            .or_else(|| at(virtual_port))
            .or_else(|| may_be_data.then(|| at(FTP_PORT)).flatten())
            .or_else(|| at(0))
    }

    /// Whether this host sends it as a real server of its own \[SVC-11\].
    fn is_local_reply(&self, now: Instant, flow: &Flow, key: &ConnKey) -> bool {
        flow.hook == Hook::LocalOut && self.conns.find(now, &key.reversed()).is_some()
    }

    /// A packet without a connection whose client may have a template \[TPL-6\].
    fn schedule_persistent(
        &mut self,
        now: Instant,
        packet: Packet<'_>,
        key: ConnKey,
        service: &ServiceEntry,
        persistence: Persistence,
    ) -> Verdict {
        let Packet { flow, .. } = packet;
        let Ok(call) = call_of(packet, service) else {
            return Verdict::Drop(DropReason::NoCallId);
        };
        let service_key = &service.config.key;
        let Some(template_key) = template::key(service_key, &persistence, &key) else {
            return self.without_dest(now, flow, key, service);
        };
        let template = match self.valid_template(now, &template_key, call, service, None) {
            Some(template) => template,
            None => {
                // By the client's whole address, whatever the netmask [TPL-15].
                let Some(dest) = self.dests.pick(now, service.group, flow) else {
                    return self.without_dest(now, flow, key, service);
                };
                let opening =
                    TemplateOpening { key: template_key, call, conn: &key, dest, persistence };
                let Some(template) = self.open_template(now, flow, service, opening) else {
                    return Verdict::Drop(DropReason::TableFull);
                };
                template
            }
        };
        // Its time runs from the last connection made through it, or tried, and before that one's
        // [TPL-9].
        self.conns.arm(now, template);
        let conn = self.conns.course(template).and_then(|template| {
            let id = self.conns.dest(template.dest);
            let dest = self.dests.get(id)?;
            let port = template::conn_port(service_key, &key, dest);
            Some((id, Hop::new(dest.method(), dest.address(), port)))
        });
        let Some((dest, hop)) = conn else { return self.without_dest(now, flow, key, service) };
        let conn = Conn { controller: Some(template), ..Conn::new(key, dest, hop) };
        self.open(now, packet, service, conn)
    }

    /// The template of a client, unless it is no longer good, or not for the one destination that
    /// is wanted; then it is made unlike any key \[TPL-12\].
    pub(super) fn valid_template(
        &mut self,
        now: Instant,
        key: &ConnKey,
        call: Option<CallId<'_>>,
        service: &ServiceEntry,
        wanted: Option<DestId>,
    ) -> Option<ConnId> {
        let id = match call {
            Some(call) => self.conns.find_call(now, key, call)?,
            None => self.conns.find(now, key)?,
        };
        let policy = self.policy_of(service);
        let serves = |dest: Dest<'_>| {
            dest.is_available() && !(policy.expire_quiescent_template && dest.weight() == 0)
        };
        let dest = self.conns.dest(self.conns.course(id)?.dest);
        if wanted.is_none_or(|wanted| wanted == dest) && self.dests.get(dest).is_some_and(serves) {
            self.conns.shorten_if_due(now, id);
            return Some(id);
        }
        self.conns.invalidate(id);
        None
    }

    pub(super) fn open_template(
        &mut self,
        now: Instant,
        flow: &Flow,
        service: &ServiceEntry,
        opening: TemplateOpening<'_>,
    ) -> Option<ConnId> {
        let TemplateOpening { key, call, conn, dest: id, persistence } = opening;
        let dest = self.dests.get(id)?;
        let port = template::port(&service.config.key, conn, dest);
        let hop = Hop::new(dest.method(), dest.address(), port);
        let timeout_secs = persistence.timeout_secs;
        let template = Conn { timeout_secs, mark: flow.mark, ..Conn::new(key, id, hop) };
        let hash = self.conns.hash_for(&key, call);
        let template = self.insert(now, &template, hash, call)?;
        self.dests.bind_template(id);
        Some(template)
    }

    pub(super) fn insert(
        &mut self,
        now: Instant,
        conn: &Conn,
        hash: u64,
        call: Option<CallId<'_>>,
    ) -> Option<ConnId> {
        let family = conn.key.addresses.family();
        if self.conns.room(family) == 0 {
            self.make_room(now, family);
        }
        let id = self.conns.insert(conn, hash, call)?;
        self.begin_sync(now, id);
        Some(id)
    }

    /// Makes a connection of the packet's key and lets the packet go on through it \[SVC-11\]
    /// \[TPL-8\].
    fn open(
        &mut self,
        now: Instant,
        packet: Packet<'_>,
        service: &ServiceEntry,
        mut conn: Conn,
    ) -> Verdict {
        let Packet { flow, clue, .. } = packet;
        // What has a local address keeps it, to be answered at.
        let one_packet = service.config.one_packet && conn.hop.method != Method::FullNat;
        if one_packet && conn.key.protocol == Protocol::UDP {
            return self.forward_alone(now, flow, &conn);
        }
        let id = match self.connect(now, flow, clue.hash, &mut conn) {
            Ok(id) => id,
            Err(reason) => return Verdict::Drop(reason),
        };
        if flow.embedded.is_some() {
            self.conns.arm(now, id);
            return self.forward_error(id, flow);
        }
        self.forward(now, id, flow)
    }

    /// Makes a connection for a packet, if there is room and a local address where it needs one;
    /// `hash` is that of its key.
    pub(super) fn connect(
        &mut self,
        now: Instant,
        flow: &Flow,
        hash: u64,
        conn: &mut Conn,
    ) -> Result<ConnId, DropReason> {
        conn.mark = flow.mark;
        if conn.hop.method == Method::FullNat {
            let local = self.take_local(&conn.key, &conn.hop).ok_or(DropReason::NoLocalPort)?;
            conn.hop.local = Some(local);
            conn.hop.toa = conn.key.protocol == Protocol::TCP;
        }
        // Held first: making room for the connection must not cost it its template.
        self.conns.hold(conn.controller);
        let Some(id) = self.insert(now, conn, hash, None) else {
            self.conns.release(conn.controller);
            return Err(DropReason::TableFull);
        };
        self.dests.bind(conn.dest);
        self.dests.count_conn(conn.dest);
        Ok(id)
    }

    /// A connection of one packet is over before it could be found again, by a reply or otherwise
    /// \[OPS-1\] \[OPS-2\] \[OPS-3\] \[CNT-9\].
    fn forward_alone(&mut self, now: Instant, flow: &Flow, conn: &Conn) -> Verdict {
        let Conn { dest, hop, controller, .. } = *conn;
        self.dests.bind(dest);
        self.dests.count_conn(dest);
        self.dests.count_packet(dest, flow.length);
        self.dests.unbind(dest, false);
        if let Some(id) = controller {
            if let Some(template) = self.conns.course_mut(id) {
                template.in_packets = template.in_packets.wrapping_add(1);
            }
            self.announce_template(now, id);
        }
        self.send(hop, dest)
    }

    /// A service that has no destination to offer may let the packet go past them all \[SVC-12\].
    fn without_dest(
        &mut self,
        now: Instant,
        flow: &Flow,
        key: ConnKey,
        service: &ServiceEntry,
    ) -> Verdict {
        let is_marked = matches!(service.config.key, ServiceKey::Mark { .. });
        if self.policy_of(service).cache_bypass
            && is_marked
            && flow.unicast
            && flow.embedded.is_none()
        {
            return self.bypass(now, flow, key, service);
        }
        refuse(flow, &key, service)
    }

    /// A connection without a destination moves no counter \[CNT-8\], and none of its flags is set
    /// by one \[CON-8\].
    fn bypass(
        &mut self,
        now: Instant,
        flow: &Flow,
        key: ConnKey,
        service: &ServiceEntry,
    ) -> Verdict {
        let address = match flow.family() {
            Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let hop = Hop::new(Method::DirectRoute, address, 0);
        let conn = Conn::new(key, NOWHERE, hop);
        let next = conn.next_hop();
        if service.config.one_packet && key.protocol == Protocol::UDP {
            return Verdict::Forward(next);
        }
        let (active, input_only) = (true, false);
        let conn = Conn { active, input_only, in_packets: 1, mark: flow.mark, ..conn };
        let hash = self.conns.hash(&key);
        let Some(id) = self.insert(now, &conn, hash, None) else {
            return Verdict::Drop(DropReason::TableFull);
        };
        self.follow(now, id, flow, Way::In);
        Verdict::Forward(next)
    }
}

/// What is decided of a template before it is made, for the connection that wants it.
pub(super) struct TemplateOpening<'a> {
    pub(super) key: ConnKey,
    pub(super) call: Option<CallId<'a>>,
    pub(super) conn: &'a ConnKey,
    pub(super) dest: DestId,
    pub(super) persistence: Persistence,
}

/// No message of a call, where calls are told apart.
pub(super) struct NoCallId;

/// The call that a template is looked for by, if the service tells calls apart; that takes a message
/// over UDP \[PE-1\] \[TPL-5\].
pub(super) fn call_of<'a>(
    packet: Packet<'a>,
    service: &ServiceEntry,
) -> Result<Option<CallId<'a>>, NoCallId> {
    match (service.config.engine, packet.flow.transport) {
        (None, _) => Ok(None),
        _ if !cfg!(feature = "helpers") => Ok(None),
        (Some(PersistenceEngine::Sip), Transport::Udp { .. }) => {
            packet.call.map(Some).ok_or(NoCallId)
        }
        (Some(PersistenceEngine::Sip), _) => Err(NoCallId),
    }
}

/// A packet without a service passes, but for what cannot be read \[SVC-10\].
const fn unserved(flow: &Flow) -> Verdict {
    match flow.transport {
        Transport::Sctp { chunk: None, .. } => Verdict::Drop(DropReason::HeaderUnreadable),
        _ => Verdict::Pass,
    }
}

/// Whether a connection may begin with this packet, and what becomes of it if not \[SVC-10\].
const fn may_open(flow: &Flow, policy: &Policy) -> Result<(), Verdict> {
    let opens = match flow.transport {
        // Of the packet that an error is about, only the ports are needed.
        _ if flow.embedded.is_some() => true,
        Transport::Tcp { flags, .. } => {
            let syn = flags.contains(TcpFlags::SYN) || policy.sloppy_tcp;
            syn && !flags.contains(TcpFlags::RST)
        }
        Transport::Udp { .. } => true,
        Transport::Sctp { chunk: None, .. } => {
            return Err(Verdict::Drop(DropReason::HeaderUnreadable));
        }
        Transport::Sctp { chunk: Some(SctpChunk::Init), .. } => true,
        Transport::Sctp { chunk: Some(SctpChunk::Abort), .. } => false,
        Transport::Sctp { .. } => policy.sloppy_sctp,
        // AH and ESP only ride along.
        _ => false,
    };
    if opens { Ok(()) } else { Err(Verdict::Pass) }
}

/// A service that has no destination to offer, and no way past them \[SVC-12\].
const fn refuse(flow: &Flow, key: &ConnKey, service: &ServiceEntry) -> Verdict {
    if service.config.key.port() == FTP_PORT && key.virtual_port != FTP_PORT {
        return Verdict::Pass;
    }
    if flow.embedded.is_some() {
        return Verdict::Drop(DropReason::IcmpError);
    }
    Verdict::Reject(Reject::PortUnreachable)
}
