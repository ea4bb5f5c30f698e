//! The receivers: virtual routers with the configuration of a recording.

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lvs_proto::vrrp::{
    AdvertPolicy, ChecksumAccept, ChecksumForm, Peer, Secret, Version, Vrid, decode, from_ip_packet,
};
use lvs_proto::{Family, Instant};
use lvs_vrrp::{Config, Router};
use serde_json::Value;

use crate::daemon::{Profile, address, addresses, config, secret, texts, version};
use crate::judge::Options;

/// Which receiver a line is for. The senders of a recording of its own are each heard by one.
pub(crate) fn key(vector: &Value) -> String {
    match &vector["receiver_vrid"] {
        Value::Null => {
            format!("{} {} {}", vector["capture"], vector["config"], vector["ip"]["dst"])
        }
        vrid => vrid.to_string(),
    }
}

/// Who takes in packets.
pub(crate) enum Receiver {
    /// A virtual router.
    Machine(Box<Machine>),
    /// Version 2 over IPv6, which the machine does not speak: the octets alone decide \[W-3\].
    Codec(AdvertPolicy<'static>),
    /// Nobody, and why.
    Nobody(String),
}

/// A virtual router in Backup.
pub(crate) struct Machine {
    pub(crate) router: Router<Vec<IpAddr>, Vec<Peer>>,
    secret: Secret,
    checksum: ChecksumAccept,
    profile: Profile,
}

impl Receiver {
    /// The receiver of a line.
    pub(crate) fn new(options: &Options, vector: &Value) -> Self {
        match &vector["receiver_vrid"] {
            Value::Null => peer_of_sender(options, vector),
            vrid => configured(options, vrid),
        }
    }

    /// Takes in an IP packet, at a moment that does not matter.
    ///
    /// # Errors
    /// The name of the error.
    pub(crate) fn receive(&mut self, packet: &[u8]) -> Result<(), String> {
        let (meta, message) = from_ip_packet(packet).map_err(|error| name(&error))?;
        match self {
            Self::Nobody(reason) => Err(reason.clone()),
            Self::Codec(policy) => {
                decode(message, &meta, policy).map(drop).map_err(|error| name(&error))
            }
            Self::Machine(machine) => {
                let advert =
                    decode(message, &meta, &machine.policy()).map_err(|error| name(&error))?;
                let router = &mut machine.router;
                let now = Instant::EPOCH;
                router.check_advert(now, &advert, &meta).map_err(|error| name(&error))?;
                router.handle_advert(now, &advert, &meta);
                machine.follow(advert.checksum);
                Ok(())
            }
        }
    }
}

impl Machine {
    fn policy(&self) -> AdvertPolicy<'_> {
        AdvertPolicy {
            checksum: self.checksum,
            authentication: self.secret.authentication(None),
            ..self.router.policy()
        }
    }

    /// keepalived goes over to the old form of its peers for good [W-22].
    fn follow(&mut self, heard: ChecksumForm) {
        if self.profile == Profile::Keepalived && heard == ChecksumForm::GroupPseudoHeader {
            self.checksum.pseudo_header = false;
        }
    }
}

/// The name of an error, without what it holds.
fn name(error: &impl Debug) -> String {
    let text = format!("{error:?}");
    text.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// A receiver of the file.
fn configured(options: &Options, vrid: &Value) -> Receiver {
    let (daemon, list) = match options.profile {
        Profile::Frr => ("frr", "routers"),
        Profile::Rfc | Profile::Keepalived => ("keepalived", "instances"),
    };
    let daemon = &options.receivers[daemon];
    let mut instances = daemon[list].as_array().into_iter().flatten();
    let Some(instance) = instances.find(|instance| instance["vrid"] == *vrid) else {
        return Receiver::Nobody("UnknownVrid".to_owned());
    };
    let family = texts(&instance["vips"]).find_map(address).map_or(Family::V4, Family::of);
    let own = texts(&daemon["ip"]).filter_map(address).find(|own| Family::of(*own) == family);
    let peers = texts(&instance["unicast_peer"]).filter_map(address).map(Peer::new).collect();
    receiver(options, instance, own.unwrap_or(stranger(family)), peers, None)
}

/// A router with the configuration of the sender; where that has peers, it is the one that the packet
/// goes to.
fn peer_of_sender(options: &Options, vector: &Value) -> Receiver {
    let config = &vector["config"][0];
    let ip = |field: &str| vector["ip"][field].as_str().and_then(address);
    let Some((source, destination)) = ip("src").zip(ip("dst")) else {
        return Receiver::Nobody("NoAddresses".to_owned());
    };
    if destination.is_multicast() {
        let group = texts(&vector["global"]).find_map(|line| line.strip_prefix("vrrp_mcast_group"));
        let group = group.and_then(|line| address(line.split_whitespace().nth(1)?));
        return receiver(options, config, stranger(Family::of(source)), Vec::new(), group);
    }
    let min_hop_limit = config["unicast_ttl"].as_u64().map_or(255, |limit| limit as u8);
    let peer = Peer { min_hop_limit, ..Peer::new(source) };
    receiver(options, config, destination, vec![peer], None)
}

fn receiver(
    options: &Options,
    instance: &Value,
    own: IpAddr,
    peers: Vec<Peer>,
    group: Option<IpAddr>,
) -> Receiver {
    let family = Family::of(own);
    let Some(vrid) = instance["vrid"].as_u64().and_then(|vrid| Vrid::new(vrid as u8)) else {
        return Receiver::Nobody("ZeroVrid".to_owned());
    };
    let version = version(instance, family);
    let config = Config { group, ..config(options.profile, version, vrid, instance) };
    let checksum = options.checksum.unwrap_or(config.checksum_accept);
    if (version, family, options.profile) == (Version::V2, Family::V6, Profile::Keepalived) {
        let policy = AdvertPolicy::new(version, vrid, family);
        return Receiver::Codec(AdvertPolicy { v2_over_ipv6: true, ..policy });
    }
    let addresses = addresses(instance, family);
    match Router::with_peers(config, own, addresses, peers) {
        Ok(mut router) => {
            router.startup(Instant::EPOCH);
            let secret = secret(&instance["auth"]);
            let profile = options.profile;
            Receiver::Machine(Box::new(Machine { router, secret, checksum, profile }))
        }
        Err(error) => Receiver::Nobody(name(&error)),
    }
}

/// The source address of a receiver where the recording does not tell.
fn stranger(family: Family) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::new(192, 0, 2, 254).into(),
        Family::V6 => Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xffff, 0xffff).into(),
    }
}
