//! A virtual router with the configuration of a daemon, and the octets that it takes and gives.

use std::net::IpAddr;
use std::time::Duration;

use lvs_proto::vrrp::{
    AdvertError, AdvertPolicy, HeaderFields, Peer, Priority, Secret, Vrid, decode, encode,
    encode_with_header, encode_with_password, from_ip_packet,
};
use lvs_proto::{AddressPair, Family, Instant};
use lvs_vrrp::{Announcements, Config, LateBackup, LosingAdvert, OwnerAdverts, Router};
use serde_json::{Value, json};

use crate::daemon::{Profile, address, addresses, config, secret, texts, version};
use crate::packet;
use crate::script::Script;

/// What keepalived takes to look at an advert: its delays count from then.
const HANDLING: Duration = Duration::from_micros(500);

/// The identifications of IPv4 headers that are tried, as recordings do not have them.
const IDENTIFICATIONS: std::ops::RangeInclusive<u16> = 1..=300;

pub(crate) struct Machine {
    pub(crate) router: Router<Vec<IpAddr>, Vec<Peer>>,
    secret: Secret,
    /// The identification of the last packet sent.
    identification: u16,
}

impl Machine {
    pub(crate) fn new(script: &Script) -> Result<Self, String> {
        let instance = &script.instance;
        let vrid = instance["vrid"].as_u64().and_then(|vrid| Vrid::new(vrid as u8));
        let config = configuration(script, vrid.ok_or("no VRID")?);
        let addresses = addresses(instance, Family::of(script.source));
        let peers = texts(&instance["unicast_peer"]).filter_map(address).map(Peer::new).collect();
        Ok(Self {
            router: Router::with_peers(config, script.source, addresses, peers)
                .map_err(|error| error.to_string())?,
            secret: secret(&instance["auth"]),
            identification: 0,
        })
    }

    /// Takes in a packet, and says whether it is one that a daemon gets to see. The owner of
    /// keepalived 2.2 that gives way to another is none any more \[FSM-21\].
    pub(crate) fn receive(&mut self, now: Instant, line: &Value) -> Result<bool, packet::Error> {
        let was_owner = self.router.config().is_owner();
        let octets = self.authentic(line)?;
        let is_seen = octets.is_some_and(|octets| self.handle(now, &octets));
        if was_owner && self.router.state() == lvs_vrrp::State::Backup {
            let config = Config { priority: Priority::new(254), ..*self.router.config() };
            let (addresses, peers) = (self.router.addresses().to_vec(), Vec::new());
            self.router.apply(now, config, addresses, peers)?;
        }
        Ok(is_seen)
    }

    /// The whole packet; if it has an authentication header, with the identification for which
    /// that verifies, if there is one.
    fn authentic(&self, line: &Value) -> Result<Option<Vec<u8>>, packet::Error> {
        if line["ip"]["proto"] != 51 {
            return packet::of(line).map(Some);
        }
        let mut line = line.clone();
        for identification in IDENTIFICATIONS {
            line["ip"]["id"] = json!(identification);
            let octets = packet::of(&line)?;
            let read = from_ip_packet(&octets);
            if read.is_ok_and(|(meta, message)| decode(message, &meta, &self.policy()).is_ok()) {
                return Ok(Some(octets));
            }
        }
        Ok(None)
    }

    /// Other groups, other virtual routers and, over IPv6, wrong checksums are kept from a daemon.
    fn handle(&mut self, now: Instant, octets: &[u8]) -> bool {
        let Ok((meta, message)) = from_ip_packet(octets) else { return false };
        match decode(message, &meta, &self.policy()) {
            Ok(advert) => {
                self.router.handle_advert(now, &advert, &meta);
                true
            }
            Err(error) => {
                self.router.handle_rejected(&error);
                match error {
                    AdvertError::HeaderTruncated(_) | AdvertError::Destination(_) => false,
                    AdvertError::ZeroVrid | AdvertError::OtherVrid { .. } => false,
                    AdvertError::Checksum(_) => self.router.family() == Family::V4,
                    _ => true,
                }
            }
        }
    }

    fn policy(&self) -> AdvertPolicy<'_> {
        AdvertPolicy { authentication: self.secret.authentication(None), ..self.router.policy() }
    }

    /// The payloads of the packets that make up an advert, with where they go.
    pub(crate) fn encode(&mut self, priority: Priority) -> Vec<(AddressPair, Vec<u8>)> {
        let advert = self.router.advert(priority);
        let mut copies = Vec::new();
        for path in self.router.advert_paths() {
            let mut octets = vec![0; 4096];
            self.identification += 1;
            let length = match &self.secret {
                Secret::Password(password) => {
                    encode_with_password(&advert, path, password, &mut octets)
                }
                Secret::Header(password) => {
                    let fields = HeaderFields {
                        identification: self.identification,
                        sequence: self.router.header_sequence(),
                        hop_limit: 255,
                    };
                    encode_with_header(&advert, path, password, fields, &mut octets)
                }
                _ => encode(&advert, path, &mut octets),
            };
            octets.truncate(length.unwrap_or_default());
            copies.push((path, octets));
        }
        copies
    }
}

/// What the daemon was configured to do. Its announcements are not looked at.
fn configuration(script: &Script, vrid: Vrid) -> Config {
    let instance = &script.instance;
    let version = version(instance, Family::of(script.source));
    let profile = config(script.profile, version, vrid, instance);
    let is_set = |field: &str| instance[field].as_bool() == Some(true);
    let number = |field: &str| instance[field].as_u64();
    let strict = is_set("strict_mode");
    // Who is to be master from the start is to preempt, too.
    let master = instance["state"] == "MASTER";
    let delay = number("preempt_delay").filter(|_| !master).map(Duration::from_secs);
    Config {
        priority: Priority::new(number("priority").unwrap_or(100) as u8),
        preempt: master || (!is_set("nopreempt") && instance["preempt"].as_bool() != Some(false)),
        preempt_delay: delay.map_or(Duration::ZERO, |delay| delay + HANDLING),
        advert_count: number("down_timer_adverts").map_or(3, |count| count as u8),
        losing_advert: match script.profile {
            Profile::Keepalived if strict || is_set("lower_prio_no_advert") => LosingAdvert::Ignore,
            _ => profile.losing_advert,
        },
        advert_before_demotion: is_set("higher_prio_send_advert") && !strict,
        owner_adverts: match script.profile {
            Profile::Keepalived => OwnerAdverts::Process,
            Profile::Rfc | Profile::Frr => profile.owner_adverts,
        },
        late_backup: LateBackup::Promote,
        announcements: Announcements { rounds: 0, rounds_on_losing: 0, ..Announcements::RFC4861 },
        ..profile
    }
}
