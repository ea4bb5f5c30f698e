//! Adverts of real daemons and packets made by hand, through C. What is taken is what is taken in
//! Rust, whose verdicts the tests of lvs-vrrp compare with those of the daemons.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

#[path = "../../lvs-vrrp/examples/decode/daemon.rs"]
mod daemon;
#[path = "../../lvs-vrrp/examples/decode/fields.rs"]
mod fields;
#[path = "../../lvs-vrrp/examples/decode/judge.rs"]
mod judge;
#[path = "../../lvs-vrrp/examples/decode/packet.rs"]
mod packet;
#[path = "../../lvs-vrrp/examples/decode/receiver.rs"]
mod receiver;

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::mem::{MaybeUninit, size_of};
use std::net::IpAddr;
use std::ptr::NonNull;
use std::slice;

use flate2::read::GzDecoder;
use lvs::lvs_status::{LVS_ERR_ADVERT_AUTHENTICATION, LVS_ERR_V2_OVER_IPV6, LVS_OK};
use lvs::{
    LVS_VRRP_FRAME_MAX, lvs_address, lvs_advert, lvs_advert_parse, lvs_advert_policy,
    lvs_advert_policy_init, lvs_advert_write, lvs_engine, lvs_engine_add, lvs_engine_get_counters,
    lvs_engine_handle_frame, lvs_engine_init, lvs_engine_input, lvs_engine_input_kind,
    lvs_engine_set_authentication, lvs_engine_sizeof, lvs_router_id, lvs_status, lvs_vrrp,
    lvs_vrrp_authentication, lvs_vrrp_authentication_kind, lvs_vrrp_config, lvs_vrrp_counters,
    lvs_vrrp_create, lvs_vrrp_destroy, lvs_vrrp_get_counters, lvs_vrrp_handle_packet, lvs_vrrp_key,
    lvs_vrrp_peer, lvs_vrrp_set_authentication, lvs_vrrp_startup,
};
use serde_json::{Value, json};

use crate::daemon::Profile;
use crate::judge::{Judge, Options, RECEIVERS};
use crate::receiver::Receiver;

const GOLDEN: &str = include_str!("../../vectors/vrrp/golden.txt");
const VALID: &[u8] = include_bytes!("../../vectors/vrrp/valid.jsonl.gz");
const INJECTED: &[u8] = include_bytes!("../../vectors/vrrp/injected.jsonl.gz");

#[test]
fn virtual_routers_take_through_c_what_they_take_in_rust() {
    let mut taken = [0; 2];
    for profile in [Profile::Rfc, Profile::Frr] {
        let options = || {
            let receivers = serde_json::from_str(RECEIVERS).unwrap();
            Options { receivers, profile, checksum: None }
        };
        let (options, mut judge) = (options(), Judge::new(options()));
        let mut routers = HashMap::new();
        for line in lines(VALID).chain(lines(INJECTED)) {
            let judged = judge.line(&line).unwrap();
            let make = || Some((Router::of(&options, &line)?, Member::of(&options, &line)?));
            let router = routers.entry(receiver::key(&line)).or_insert_with(make);
            let accepted = judged["verdict"] == "accepted";
            let takes =
                router.as_ref().map(|(alone, member)| (alone.takes(&line), member.takes(&line)));
            assert_eq!(takes.unwrap_or_default(), (accepted, accepted), "{}: {judged}", line["id"]);
            taken[usize::from(accepted)] += 1;
        }
    }
    assert!(taken[0] > 400 && taken[1] > 400, "{taken:?}");
}

#[test]
fn adverts_are_read_as_tshark_reads_them_and_written_as_they_were() {
    let mut written = 0;
    for line in lines(VALID) {
        let fields = &line["tshark"];
        let (status, advert) = parse(&line);
        match status {
            LVS_OK => {}
            LVS_ERR_ADVERT_AUTHENTICATION => {
                assert!(fields["auth_type"] != 0 || line["ip"]["proto"] == 51, "{}", line["id"]);
                continue;
            }
            other => panic!("{}: {other:?}", line["id"]),
        }
        let read = advert.unwrap();
        assert_eq!(read.fields(), expected(fields), "{}", line["id"]);
        match read.write() {
            Ok(payload) => assert_eq!(payload, packet::payload(&line).unwrap(), "{}", line["id"]),
            Err(status) => {
                assert_eq!((status, read.0.version), (LVS_ERR_V2_OVER_IPV6, 2), "{}", line["id"]);
            }
        }
        written += 1;
    }
    assert!(written > 100, "{written}");
}

#[test]
fn golden_adverts_are_read_and_written() {
    for line in GOLDEN.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let version = if words[1].contains(':') { 6 } else { 4 };
        let ip = json!({
            "version": version, "src": words[1], "dst": words[2], "ttl": 255, "proto": 112,
        });
        let line = json!({ "id": words[0], "hex": words[3], "ip": ip });
        match (words[0], parse(&line)) {
            ("G2", (status, _)) => assert_eq!(status, LVS_ERR_ADVERT_AUTHENTICATION),
            (id, (_, read)) => {
                assert_eq!(read.unwrap().write(), Ok(packet::payload(&line).unwrap()), "{id}");
            }
        }
    }
}

fn lines(gzipped: &[u8]) -> impl Iterator<Item = Value> {
    let lines = BufReader::new(GzDecoder::new(gzipped)).lines();
    lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

/// A virtual router behind the door.
struct Router(NonNull<lvs_vrrp>);

impl Router {
    /// The receiver of a line, started; nobody if there can be none.
    fn of(options: &Options, line: &Value) -> Option<Self> {
        let receiver = Configured::of(options, line)?;
        let mut vrrp = MaybeUninit::uninit();
        // SAFETY: as the header says of each call.
        let router = unsafe {
            assert_eq!(lvs_vrrp_create(&raw const receiver.config, Some(&mut vrrp)), LVS_OK);
            Self(vrrp.assume_init())
        };
        authenticate(auth(options, line), |authentication| {
            // SAFETY: as the header says.
            unsafe { lvs_vrrp_set_authentication(router.handle(), authentication) }
        });
        assert_eq!(lvs_vrrp_startup(router.handle(), 0), LVS_OK);
        Some(router)
    }

    fn takes(&self, line: &Value) -> bool {
        let packet = packet::of(line).unwrap();
        let before = self.taken();
        // SAFETY: the packet has its octets.
        let status =
            unsafe { lvs_vrrp_handle_packet(self.handle(), 0, packet.as_ptr(), packet.len()) };
        let taken = self.taken() - before;
        assert!(status == LVS_OK || taken == 0, "{status:?}");
        taken == 1
    }

    fn taken(&self) -> u64 {
        adv_rcvd(|counters| {
            // SAFETY: the size is set.
            unsafe { lvs_vrrp_get_counters(Some(self.0.as_ref()), counters) }
        })
    }

    #[expect(clippy::mut_from_ref, reason = "it is one handle, as C has it")]
    fn handle(&self) -> Option<&mut lvs_vrrp> {
        // SAFETY: it was created and is not ended yet, and each call borrows it alone.
        unsafe { self.0.as_ptr().as_mut() }
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // SAFETY: it was created and is not ended yet.
        unsafe { lvs_vrrp_destroy(self.0.as_ptr()) };
    }
}

/// The same in an engine.
struct Member {
    engine: NonNull<lvs_engine>,
    id: lvs_router_id,
    #[expect(dead_code, reason = "it is pointed to")]
    memory: Vec<u8>,
}

impl Member {
    fn of(options: &Options, line: &Value) -> Option<Self> {
        let receiver = Configured::of(options, line)?;
        let (addresses, peers) = (receiver.config.address_count, receiver.config.peer_count);
        let mut memory = vec![0_u8; lvs_engine_sizeof(1, addresses, peers)];
        let (mut engine, mut id) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        let (place, size) = (memory.as_mut_ptr().cast(), memory.len());
        // SAFETY: as the header says of each call.
        let member = unsafe {
            let made = lvs_engine_init(place, size, 1, addresses, peers, Some(&mut engine));
            assert_eq!(made, LVS_OK);
            let mut engine = engine.assume_init();
            let config = &raw const receiver.config;
            assert_eq!(lvs_engine_add(Some(engine.as_mut()), 1, config, Some(&mut id)), LVS_OK);
            Self { engine, id: id.assume_init(), memory }
        };
        authenticate(auth(options, line), |authentication| {
            // SAFETY: as the header says.
            unsafe { lvs_engine_set_authentication(member.handle(), member.id, authentication) }
        });
        let startup = lvs_engine_input_kind::LVS_ENGINE_INPUT_STARTUP as i32;
        assert_eq!(lvs_engine_input(member.handle(), 0, member.id, startup), LVS_OK);
        Some(member)
    }

    fn takes(&self, line: &Value) -> bool {
        let packet = packet::of(line).unwrap();
        let ether_type = if packet[0] >> 4 == 6 { [0x86, 0xdd] } else { [0x08, 0x00] };
        let frame = [&[0; 12], &ether_type[..], &packet].concat();
        let before = self.taken();
        // SAFETY: the frame has its octets.
        let status =
            unsafe { lvs_engine_handle_frame(self.handle(), 0, 1, frame.as_ptr(), frame.len()) };
        let taken = self.taken() - before;
        assert!(status == LVS_OK || taken == 0, "{status:?}");
        taken == 1
    }

    fn taken(&self) -> u64 {
        adv_rcvd(|counters| {
            // SAFETY: the size is set.
            unsafe { lvs_engine_get_counters(Some(self.engine.as_ref()), self.id, counters) }
        })
    }

    #[expect(clippy::mut_from_ref, reason = "it is one handle, as C has it")]
    fn handle(&self) -> Option<&mut lvs_engine> {
        // SAFETY: its memory is there, and each call borrows it alone.
        unsafe { self.engine.as_ptr().as_mut() }
    }
}

/// The configuration of a receiver, and the memory of its addresses and peers.
struct Configured {
    config: lvs_vrrp_config,
    #[expect(dead_code, reason = "they are pointed to")]
    addresses: Vec<lvs_address>,
    #[expect(dead_code, reason = "they are pointed to")]
    peers: Vec<lvs_vrrp_peer>,
}

impl Configured {
    fn of(options: &Options, line: &Value) -> Option<Self> {
        let Receiver::Machine(machine) = Receiver::new(options, line) else { return None };
        let rust = machine.router;
        let addresses: Vec<lvs_address> = rust.addresses().iter().map(|&a| a.into()).collect();
        let peers: Vec<lvs_vrrp_peer> = peers(&rust.policy());
        let config = lvs_vrrp_config {
            source: rust.source().into(),
            addresses: addresses.as_ptr(),
            address_count: addresses.len(),
            peers: peers.as_ptr(),
            peer_count: peers.len(),
            ..lvs_vrrp_config::from(*rust.config())
        };
        Some(Self { config, addresses, peers })
    }
}

fn authenticate(auth: &Value, set: impl FnOnce(*const lvs_vrrp_authentication) -> lvs_status) {
    use lvs_vrrp_authentication_kind::{
        LVS_VRRP_AUTHENTICATION_HEADER, LVS_VRRP_AUTHENTICATION_PASSWORD,
    };

    let (Some(kind), Some(text)) = (auth[0].as_str(), auth[1].as_str()) else { return };
    let key = lvs_vrrp_key { octets: text.as_ptr(), length: text.len().min(8), id: 0 };
    let authentication = lvs_vrrp_authentication {
        size: size_of::<lvs_vrrp_authentication>(),
        keys: &raw const key,
        key_count: 1,
        utc_offset_micros: 0,
        kind: match kind {
            "PASS" => LVS_VRRP_AUTHENTICATION_PASSWORD as i32,
            _ => LVS_VRRP_AUTHENTICATION_HEADER as i32,
        },
        window_seconds: 0,
        required: 0,
    };
    assert_eq!(set(&raw const authentication), LVS_OK);
}

fn adv_rcvd(get: impl FnOnce(*mut lvs_vrrp_counters) -> lvs_status) -> u64 {
    let mut counters = MaybeUninit::<lvs_vrrp_counters>::zeroed();
    // SAFETY: its size is the first member.
    unsafe { counters.as_mut_ptr().cast::<usize>().write(size_of::<lvs_vrrp_counters>()) };
    assert_eq!(get(counters.as_mut_ptr()), LVS_OK);
    // SAFETY: zeros are numbers.
    unsafe { counters.assume_init() }.adv_rcvd
}

fn peers(policy: &lvs_proto::vrrp::AdvertPolicy<'_>) -> Vec<lvs_vrrp_peer> {
    let lvs_proto::vrrp::AdvertPath::Unicast { peers: Some(peers), .. } = policy.path else {
        return Vec::new();
    };
    let peer = |peer: &lvs_proto::vrrp::Peer| lvs_vrrp_peer {
        address: peer.address.into(),
        min_hop_limit: peer.min_hop_limit,
        max_hop_limit: peer.max_hop_limit,
    };
    peers.iter().map(peer).collect()
}

/// What the receiver of a line asks for.
fn auth<'a>(options: &'a Options, line: &'a Value) -> &'a Value {
    let vrid = &line["receiver_vrid"];
    if vrid.is_null() {
        return &line["config"][0]["auth"];
    }
    let (daemon, list) = match options.profile {
        Profile::Frr => ("frr", "routers"),
        _ => ("keepalived", "instances"),
    };
    let mut instances = options.receivers[daemon][list].as_array().into_iter().flatten();
    instances.find(|instance| instance["vrid"] == *vrid).map_or(&Value::Null, |it| &it["auth"])
}

/// An advert, and the memory of its addresses.
struct Read(lvs_advert, #[expect(dead_code, reason = "it is pointed to")] Vec<lvs_address>);

/// What the codec says of a line by the policy that fits it.
fn parse(line: &Value) -> (lvs_status, Option<Read>) {
    let packet = packet::of(line).unwrap();
    let message = packet::payload(line).unwrap();
    let message = &message[if line["ip"]["proto"] == 51 { 24 } else { 0 }..];
    let mut policy = MaybeUninit::<lvs_advert_policy>::zeroed();
    let mut advert = MaybeUninit::<lvs_advert>::zeroed();
    let mut room = vec![lvs_address::default(); 255];
    // SAFETY: as the header says of each call.
    unsafe {
        policy.as_mut_ptr().cast::<usize>().write(size_of::<lvs_advert_policy>());
        advert.as_mut_ptr().cast::<usize>().write(size_of::<lvs_advert>());
        let (version, vrid) = (message[0] >> 4, message[1]);
        assert_eq!(lvs_advert_policy_init(policy.as_mut_ptr(), version, vrid), LVS_OK);
        let mut policy = policy.assume_init();
        policy.v2_over_ipv6 = 1;
        policy.destination = line["ip"]["dst"].as_str().unwrap().parse::<IpAddr>().unwrap().into();
        let status = lvs_advert_parse(
            packet.as_ptr(),
            packet.len(),
            &raw const policy,
            room.as_mut_ptr(),
            room.len(),
            advert.as_mut_ptr(),
        );
        (status, (status == LVS_OK).then(|| Read(advert.assume_init(), room)))
    }
}

impl Read {
    /// In the words of tshark.
    fn fields(&self) -> Value {
        // SAFETY: the addresses are there.
        let addresses = unsafe { slice::from_raw_parts(self.0.addresses, self.0.address_count) };
        let addresses: Vec<IpAddr> = addresses.iter().map(|&a| a.try_into().unwrap()).collect();
        json!({
            "version": self.0.version,
            "virt_rtr_id": self.0.vrid,
            "prio": self.0.priority,
            "centiseconds": self.0.interval_centiseconds,
            "addresses": addresses,
        })
    }

    /// The message as it is written.
    fn write(&self) -> Result<Vec<u8>, lvs_status> {
        let mut packet = vec![0; LVS_VRRP_FRAME_MAX];
        let mut length = MaybeUninit::uninit();
        let header_len = if self.0.source.family == 6 { 40 } else { 20 };
        // SAFETY: as the header says.
        unsafe {
            match lvs_advert_write(
                &raw const self.0,
                packet.as_mut_ptr(),
                packet.len(),
                Some(&mut length),
            ) {
                LVS_OK => Ok(packet[header_len..length.assume_init()].to_vec()),
                status => Err(status),
            }
        }
    }
}

fn expected(fields: &Value) -> Value {
    let centiseconds = fields["short_adver_int"].as_u64();
    let seconds = || fields["adver_int"].as_u64().map(|seconds| seconds * 100);
    json!({
        "version": fields["version"],
        "virt_rtr_id": fields["virt_rtr_id"],
        "prio": fields["prio"],
        "centiseconds": centiseconds.or_else(seconds),
        "addresses": fields["addresses"].as_array().cloned().unwrap_or_default(),
    })
}
