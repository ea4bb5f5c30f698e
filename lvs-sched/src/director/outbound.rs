//! Calls that a real server begins: its packet makes the connection (section 3.4).

use lvs_proto::{AddressPair, DropReason, Flow, Hook, Hop, Instant, Method, Protocol, Verdict};

use super::schedule::{TemplateOpening, call_of};
use super::{Director, Packet, ServiceEntry};
use crate::{Conn, ConnId, ConnKey, DestId, ServiceConfig, ServiceKey, template};

impl Director {
    /// Remembers whether a service tells calls apart; there is room for one more that does.
    pub(super) fn note_engine(&mut self, config: &ServiceConfig) {
        let known = self.of_calls.contains(&config.key);
        match config.engine {
            Some(_) if !known => self.of_calls.push(config.key),
            None if known => self.of_calls.retain(|key| *key != config.key),
            _ => {}
        }
    }

    /// The verdict on a packet without a connection, if it is a message of a call from a real
    /// server that replies are translated of: a connection as if its client had sent first
    /// \[PE-3\]. `server` is the key of the packet as if the server were a client.
    pub(super) fn open_outbound(
        &mut self,
        now: Instant,
        packet: Packet<'_>,
        server: &ConnKey,
    ) -> Option<Verdict> {
        let Packet { flow, .. } = packet;
        if !cfg!(feature = "helpers") || flow.hook == Hook::LocalIn || server.client_port == 0 {
            return None;
        }
        let (service, dest) = self.find_outbound(server)?;
        let (persistence, call) = (service.config.persistence?, call_of(packet, &service).ok()?);
        let key = client_key(&service.config.key, server)?;
        let template_key = template::key(&service.config.key, &persistence, &key)?;
        let template = self.valid_template(now, &template_key, call, &service, Some(dest));
        let template = template.or_else(|| {
            let opening =
                TemplateOpening { key: template_key, call, conn: &key, dest, persistence };
            self.open_template(now, flow, &service, opening)
        });
        let Some(template) = template else { return Some(Verdict::Drop(DropReason::TableFull)) };
        self.conns.arm(now, template);
        let hop = Hop::new(Method::Nat, flow.source(), server.client_port);
        let hash = self.conns.hash(&key);
        let mut conn = Conn { controller: Some(template), ..Conn::new(key, dest, hop) };
        Some(match self.connect(now, flow, hash, &mut conn) {
            Ok(id) => self.reply_first(now, id, flow, &service),
            Err(reason) => Verdict::Drop(reason),
        })
    }

    /// A connection of one packet has had it, and is over \[OPS-1\].
    fn reply_first(
        &mut self,
        now: Instant,
        id: ConnId,
        flow: &Flow,
        service: &ServiceEntry,
    ) -> Verdict {
        let verdict = self.reply(now, id, flow);
        if service.config.one_packet {
            if let Some(course) = self.conns.remove(id) {
                self.unbind(&course);
            }
        }
        verdict
    }

    /// The service that tells calls apart, and its destination there.
    fn find_outbound(&self, server: &ConnKey) -> Option<(ServiceEntry, DestId)> {
        let services = self.of_calls.iter().filter_map(|key| self.services.get(key));
        services.filter(|service| serves_calls(&service.config.key)).find_map(|service| {
            let (dest, _) = self.dests.list(service.group).find(|(_, dest)| {
                let at = (dest.address(), dest.port());
                dest.method() == Method::Nat && at == (server.client(), server.client_port)
            })?;
            Some((*service, dest))
        })
    }
}

/// Whether the service has an address and port that a packet can come from.
fn serves_calls(key: &ServiceKey) -> bool {
    matches!(*key, ServiceKey::Address { protocol: Protocol::UDP, port: 1.., .. })
}

/// The key of the connection that the client would have made.
fn client_key(service: &ServiceKey, server: &ConnKey) -> Option<ConnKey> {
    let ServiceKey::Address { address, port, .. } = *service else { return None };
    Some(ConnKey {
        addresses: AddressPair::new(server.virtual_address(), address)?,
        client_port: server.virtual_port,
        virtual_port: port,
        ..*server
    })
}
