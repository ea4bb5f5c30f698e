//! A recording, taken apart: for each virtual router of a daemon what happened to it, and what it did.

use std::net::IpAddr;

use lvs_proto::Family;
use lvs_vrrp::State;
use serde_json::{Value, json};

use crate::daemon::{Profile, address, texts};
use crate::packet;

/// Microseconds of the recording.
pub(crate) type Micros = i64;

/// After the recording.
const NEVER: Micros = Micros::MAX;

/// What happened to a virtual router.
#[derive(Clone, Debug)]
pub(crate) enum Stimulus {
    Start,
    /// It resigns, if Active.
    Stop,
    /// Without a word.
    Kill,
    Fault,
    FaultOver,
    /// Its effective priority changed.
    Priority(u8),
    /// An IP packet came in, in the form of a line of `decode`.
    Packet(Value),
}

/// An advert that a daemon sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Micros,
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) octets: Vec<u8>,
}

/// One virtual router of one daemon.
pub(crate) struct Script {
    /// Node and instance.
    pub(crate) who: String,
    pub(crate) profile: Profile,
    pub(crate) instance: Value,
    pub(crate) source: IpAddr,
    pub(crate) stimuli: Vec<(Micros, Stimulus)>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) states: Vec<(Micros, State)>,
    /// When keepalived was done with becoming Active and began to wait.
    pub(crate) settled: Vec<Micros>,
    /// From when until when the link was down: nothing that was sent is recorded.
    pub(crate) unseen: Vec<(Micros, Micros)>,
    /// From when until when the daemon stood still.
    pub(crate) frozen: Vec<(Micros, Micros)>,
    pub(crate) end: Micros,
}

/// The virtual routers of all daemons of a recording.
pub(crate) fn scripts(recording: &Value) -> Result<Vec<Script>, String> {
    let nodes = recording["facts"]["nodes"].as_object().ok_or("no nodes")?;
    let mut scripts = Vec::new();
    for (index, (node, facts)) in nodes.iter().enumerate() {
        let profile = match facts["daemon"].as_str() {
            Some("keepalived") => Profile::Keepalived,
            Some("frr") => Profile::Frr,
            _ => continue,
        };
        for instance in facts["instances"].as_array().into_iter().flatten() {
            let reader = Reader::new(recording, node, index, instance, profile);
            scripts.push(reader.script(facts)?);
        }
    }
    Ok(scripts)
}

/// Reads what concerns one instance of one node.
struct Reader<'a> {
    recording: &'a Value,
    node: &'a str,
    /// 1 for node a.
    number: usize,
    instance: &'a Value,
    name: String,
    profile: Profile,
    family: Family,
    /// The interface that it is on.
    link: &'a str,
}

impl<'a> Reader<'a> {
    fn new(
        recording: &'a Value,
        node: &'a str,
        index: usize,
        instance: &'a Value,
        profile: Profile,
    ) -> Self {
        let family = texts(&instance["vips"]).find_map(address).map_or(Family::V4, Family::of);
        let name = match (instance["name"].as_str(), family) {
            (Some(name), _) => name.to_owned(),
            (None, Family::V4) => format!("{}/IPv4", instance["vrid"]),
            (None, Family::V6) => format!("{}/IPv6", instance["vrid"]),
        };
        let link = instance["iface"].as_str().unwrap_or("eth0");
        Self { recording, node, number: index + 1, instance, name, profile, family, link }
    }

    fn script(&self, facts: &Value) -> Result<Script, String> {
        let sent = self.sent()?;
        let end = self.events("end").map(time).next().ok_or("no end")?;
        let frozen: Vec<_> = self.actions("freeze").zip(self.actions("thaw")).collect();
        let mut stimuli = self.stimuli(facts, &sent)?;
        stimuli.iter_mut().for_each(|(at, _)| *at = thawed(&frozen, *at));
        stimuli.sort_by_key(|(at, _)| *at);
        Ok(Script {
            who: format!("{} {}", self.node, self.name),
            profile: self.profile,
            instance: self.instance.clone(),
            source: self.source(facts, &sent),
            stimuli,
            states: self.states("state").collect(),
            settled: self.settled(),
            unseen: self.outages(self.node),
            sent,
            frozen,
            end,
        })
    }

    /// Where adverts come from; FRR's interface has an address of its own over IPv6.
    fn source(&self, facts: &Value, sent: &[Sent]) -> IpAddr {
        let configured = ["unicast_src_ip", "mcast_src_ip"].map(|field| &self.instance[field]);
        if let Some(source) = configured.into_iter().filter_map(Value::as_str).find_map(address) {
            return source;
        }
        if let (Profile::Frr, Family::V6) = (self.profile, self.family) {
            let vrid = self.instance["vrid"].as_u64().unwrap_or_default();
            let macvlan = format!("fe80::{:x}:{}", 0x100 + vrid, self.number);
            let sent = sent.first().map(|sent| sent.source);
            return sent.or(address(&macvlan)).unwrap_or(IpAddr::from([0; 16]));
        }
        let mut own = texts(&facts["addresses"][self.link]).filter_map(address);
        own.find(|own| Family::of(*own) == self.family).unwrap_or(IpAddr::from([0; 4]))
    }

    fn stimuli(&self, facts: &Value, sent: &[Sent]) -> Result<Vec<(Micros, Stimulus)>, String> {
        let mut stimuli = self.heard()?;
        stimuli.extend(self.starts(facts, sent));
        stimuli.extend(self.actions("stop").map(|at| (at, Stimulus::Stop)));
        stimuli.extend(self.actions("kill9").map(|at| (at, Stimulus::Kill)));
        stimuli.extend(self.faults());
        stimuli.extend(self.priorities());
        Ok(stimuli)
    }

    /// A daemon runs from its first sign of life, and later if it has a delay configured \[X-40\].
    fn starts(&self, facts: &Value, sent: &[Sent]) -> Vec<(Micros, Stimulus)> {
        let mut options = texts(&facts["extra"]["glob"]);
        let delay = options.find_map(|line| line.strip_prefix("vrrp_startup_delay "));
        let delay = delay.and_then(|delay| delay.parse().ok()).unwrap_or(0) * 1_000_000;
        let signs = self.states("state").chain(self.states("notify")).map(|(at, _)| at);
        let signs: Vec<_> = signs.chain(sent.iter().map(|sent| sent.at)).collect();
        self.actions("start")
            .filter_map(|start| signs.iter().copied().filter(|sign| *sign > start).min())
            .map(|start| (start + delay, Stimulus::Start))
            .collect()
    }

    /// keepalived says when it enters FAULT and leaves it.
    fn faults(&self) -> Vec<(Micros, Stimulus)> {
        let mut stimuli = Vec::new();
        let mut before = State::Backup;
        for (at, state) in self.states("state").filter(|_| self.profile == Profile::Keepalived) {
            match (before, state) {
                (_, State::Initialize) => stimuli.push((at, Stimulus::Fault)),
                (State::Initialize, _) => stimuli.push((at, Stimulus::FaultOver)),
                _ => {}
            }
            before = state;
        }
        stimuli
    }

    /// `(VI_1) Changing effective priority from 150 to 90`.
    fn priorities(&self) -> Vec<(Micros, Stimulus)> {
        let priority = |event: &Value| {
            let (who, what) =
                event["text"].as_str()?.split_once(" Changing effective priority ")?;
            let priority = what.rsplit(' ').next()?.parse().ok()?;
            (who == format!("({})", self.name))
                .then_some((time(event), Stimulus::Priority(priority)))
        };
        self.events("log").filter(|event| self.is_own(event)).filter_map(priority).collect()
    }

    /// The packets of other nodes that reach this one.
    fn heard(&self) -> Result<Vec<(Micros, Stimulus)>, String> {
        let mut heard = Vec::new();
        for packet in self.adverts().filter(|packet| !self.is_own(packet)) {
            let sender = packet["node"].as_str().unwrap_or_default();
            let at = time(packet);
            let cut = self.cuts(self.node).into_iter().chain(self.cuts(sender));
            if cut.into_iter().any(|(from, until)| (from..until).contains(&at)) {
                continue;
            }
            let version = if self.family == Family::V4 { 4 } else { 6 };
            let line = json!({
                "hex": packet["hex"],
                "ip": {
                    "version": version, "src": packet["src"], "dst": packet["dst"],
                    "ttl": packet["ttl"], "proto": packet["proto"], "tos": 0xc0,
                },
            });
            heard.push((at, Stimulus::Packet(line)));
        }
        Ok(heard)
    }

    fn sent(&self) -> Result<Vec<Sent>, String> {
        let mut sent = Vec::new();
        for packet in self.adverts().filter(|packet| self.is_own(packet)) {
            let octets = packet::payload(packet).map_err(|error| error.to_string())?;
            let vrid = octets.get(if packet["kind"] == "ah" { 25 } else { 1 });
            if vrid.is_none_or(|vrid| self.instance["vrid"] != *vrid) {
                continue;
            }
            let address = |field: &str| packet[field].as_str().and_then(address);
            let (source, destination) =
                address("src").zip(address("dst")).ok_or("a packet without addresses")?;
            sent.push(Sent { at: time(packet), source, destination, octets });
        }
        Ok(sent)
    }

    /// All VRRP packets of the family on the link.
    fn adverts(&self) -> impl Iterator<Item = &'a Value> {
        let (family, link) = (self.family, self.link);
        let packets = self.recording["packets"].as_array().into_iter().flatten();
        packets.filter(move |packet| {
            let of_family = match packet["kind"].as_str() {
                Some("vrrp4" | "ah") => family == Family::V4,
                Some("vrrp6") => family == Family::V6,
                _ => false,
            };
            of_family && link_of(packet) == link
        })
    }

    fn states(&self, kind: &'a str) -> impl Iterator<Item = (Micros, State)> {
        let events = self.events(kind);
        let own = events.filter(|event| self.is_own(event) && event["instance"] == self.name);
        own.filter_map(|event| Some((time(event), state(event)?)))
    }

    fn settled(&self) -> Vec<Micros> {
        let active = self.states("notify").filter(|(_, state)| *state == State::Active);
        active.map(|(at, _)| at).collect()
    }

    /// When a node hears nothing, nor is heard.
    fn cuts(&self, node: &str) -> Vec<(Micros, Micros)> {
        let mut cuts = self.spans("partition", "heal", node);
        cuts.extend(self.outages(node));
        cuts
    }

    /// When its link is down, or its cable has no other end: not even the recorder hears it.
    fn outages(&self, node: &str) -> Vec<(Micros, Micros)> {
        let mut outages = self.spans("link_down", "link_up", node);
        outages.extend(self.spans("carrier_loss", "carrier_back", node));
        outages
    }

    /// From an action on the link of a node until the other.
    fn spans(&self, from: &str, until: &str, node: &str) -> Vec<(Micros, Micros)> {
        let events: Vec<_> = self.events("action").filter(|event| event["node"] == node).collect();
        let times = |action: &str| {
            let mine = |event: &&&Value| event["action"] == *action && event["dev"] == self.link;
            events.iter().filter(mine).map(|event| time(event)).collect::<Vec<_>>()
        };
        let untils = times(until);
        let end = |from| untils.iter().copied().filter(|at| *at > from).min().unwrap_or(NEVER);
        times(from).into_iter().map(|from| (from, end(from))).collect()
    }

    fn actions(&self, action: &'a str) -> impl Iterator<Item = Micros> {
        let own = self.events("action").filter(|event| self.is_own(event));
        own.filter(move |event| event["action"] == *action).map(time)
    }

    fn events(&self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        let events = self.recording["events"].as_array().into_iter().flatten();
        events.filter(move |event| event["event"] == kind)
    }

    fn is_own(&self, event: &Value) -> bool {
        event["node"] == self.node
    }
}

/// When a daemon that stands still now and then comes to what is for it at that moment.
pub(crate) fn thawed(frozen: &[(Micros, Micros)], at: Micros) -> Micros {
    let span = frozen.iter().find(|(freeze, thaw)| (*freeze..*thaw).contains(&at));
    span.map_or(at, |(_, thaw)| *thaw)
}

fn state(event: &Value) -> Option<State> {
    match event["state"].as_str()? {
        "MASTER" => Some(State::Active),
        "BACKUP" => Some(State::Backup),
        "FAULT" | "INITIALIZE" => Some(State::Initialize),
        _ => None,
    }
}

/// The interface of a sender: node 3 has `02:00:00:00:01:03` on `eth1`, and whoever has a virtual
/// MAC address is on `eth0`.
fn link_of(packet: &Value) -> &'static str {
    match packet["eth_src"].as_str() {
        Some(mac) if mac.starts_with("02:00:00:00:01:") => "eth1",
        _ => "eth0",
    }
}

#[allow(clippy::float_arithmetic, reason = "the recordings have seconds in decimals")]
fn time(event: &Value) -> Micros {
    (event["t"].as_f64().unwrap_or_default() * 1e6).round() as Micros
}
