//! The cluster's addresses, services and times.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use lvs_proto::Family;

use super::promise::Schedule;

/// How many directors there are.
pub(crate) const DIRECTORS: usize = 2;
/// How many real servers there are.
pub(crate) const SERVERS: usize = 3;
/// Requests per trial; a multiple of what the weights of a round robin add up to.
pub(crate) const REQUESTS: usize = 300;
/// How long to wait for what ought to happen before giving up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// The pause between two requests of the stream.
pub(crate) const STREAM_GAP: Duration = Duration::from_millis(5);
/// How long a client of the stream waits for its page: not so long that few requests fall into a
/// failover, not so short that a busy machine loses any.
pub(crate) const STREAM_TIMEOUT: Duration = Duration::from_millis(300);

/// The address that clients know.
pub(crate) const VIRTUAL_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 214, 140);
/// The prefix length of everybody's network.
pub(crate) const PREFIX: u8 = 24;
/// The directors' own addresses.
pub(crate) const DIRECTOR_ADDRESSES: [Ipv4Addr; DIRECTORS] =
    [Ipv4Addr::new(192, 168, 214, 141), Ipv4Addr::new(192, 168, 214, 142)];
/// The real servers' own addresses.
pub(crate) const SERVER_ADDRESSES: [Ipv4Addr; SERVERS] = [
    Ipv4Addr::new(192, 168, 214, 143),
    Ipv4Addr::new(192, 168, 214, 145),
    Ipv4Addr::new(192, 168, 214, 147),
];
/// The clients' addresses, all of one host.
pub(crate) const CLIENTS: [Ipv4Addr; 30] = {
    let mut clients = [Ipv4Addr::UNSPECIFIED; 30];
    let mut number = 0;
    while number < clients.len() {
        clients[number] = Ipv4Addr::new(192, 168, 214, 10 + number as u8);
        number += 1;
    }
    clients
};

/// The port that the first request comes from; each further one comes from the next.
pub(crate) const FIRST_CLIENT_PORT: u16 = 10_000;

/// The virtual router of both directors.
pub(crate) const VRID: u8 = 51;
/// The directors' priorities: the first is Active while it lives.
pub(crate) const PRIORITIES: [u8; DIRECTORS] = [150, 100];
/// The time between adverts, in centiseconds.
pub(crate) const ADVERT_CENTISECONDS: u16 = 50;

/// The group in which the directors tell each other of their connections.
pub(crate) const SYNC_ID: u8 = 51;

/// What a busy machine may add to the protocol's bound.
const SCHEDULING_ALLOWANCE: Duration = Duration::from_millis(150);

/// A scheduler on a port of the virtual address.
#[derive(Debug)]
pub(crate) struct Trial {
    /// As the report calls it.
    pub(crate) name: &'static str,
    /// What it promises.
    pub(crate) schedule: Schedule,
    /// The service's port.
    pub(crate) port: u16,
    /// Its options in the words of ipvsadm.
    pub(crate) options: &'static str,
    /// The real servers' weights, in the order in which they are added.
    pub(crate) weights: [u32; SERVERS],
}

/// One trial for each scheduler.
pub(crate) const TRIALS: [Trial; 5] = [
    Trial {
        name: "rr",
        schedule: Schedule::RoundRobin,
        port: 80,
        options: "-s rr",
        weights: [1, 1, 1],
    },
    Trial {
        name: "wrr",
        schedule: Schedule::WeightedRoundRobin,
        port: 81,
        options: "-s wrr",
        weights: [1, 2, 3],
    },
    Trial {
        name: "wlc",
        schedule: Schedule::WeightedLeastConnection,
        port: 82,
        options: "-s wlc",
        weights: [1, 2, 3],
    },
    Trial {
        name: "sh",
        schedule: Schedule::SourceHash,
        port: 83,
        options: "-s sh",
        weights: [1, 2, 3],
    },
    Trial {
        name: "wlc, persistent",
        schedule: Schedule::Persistent,
        port: 84,
        options: "-s wlc -p 3600",
        weights: [1, 2, 5],
    },
];

/// The port of the long download, by rr.
pub(crate) const DOWNLOAD_PORT: u16 = 85;
/// What the download consists of; more of it than a server's buffer holds follows the failover.
pub(crate) const DOWNLOAD_PIECE: &str = "a piece of something long, which takes some seconds to come \
    whole, so that a director may die meanwhile and another one take its part\n";
/// How many pieces there are.
pub(crate) const DOWNLOAD_PIECES: usize = 50;
/// The pause before each piece.
pub(crate) const DOWNLOAD_GAP: Duration = Duration::from_millis(100);
/// How long the download has gone on before the failover: a synchronisation message may wait for
/// two seconds \[SYD-6\].
pub(crate) const DOWNLOAD_HEAD_START: Duration = Duration::from_secs(3);

/// The addresses of a cluster.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// What the virtual router has; the first is the one that clients know.
    pub(crate) virtual_addresses: Vec<IpAddr>,
    /// What each director has, with prefix lengths.
    pub(crate) directors: [Vec<(IpAddr, u8)>; DIRECTORS],
    /// The real servers.
    pub(crate) servers: [IpAddr; SERVERS],
    /// The clients.
    pub(crate) clients: [IpAddr; CLIENTS.len()],
    /// The length of the prefix that clients and servers share.
    pub(crate) prefix: u8,
}

impl Site {
    /// The cluster over IPv4.
    #[must_use]
    pub(crate) fn v4() -> Self {
        Self {
            virtual_addresses: vec![VIRTUAL_ADDRESS.into()],
            directors: DIRECTOR_ADDRESSES.map(|address| vec![(address.into(), PREFIX)]),
            servers: SERVER_ADDRESSES.map(IpAddr::V4),
            clients: CLIENTS.map(IpAddr::V4),
            prefix: PREFIX,
        }
    }

    /// The same over IPv6. The virtual router's first address must be link-local (RFC 9568 section
    /// 5.2.9), and directors tell each other of connections over IPv4.
    #[must_use]
    pub(crate) fn v6() -> Self {
        let directors = DIRECTOR_ADDRESSES.map(|address| {
            let link_local = on_link(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), address);
            vec![(address.into(), PREFIX), (over_v6(address), 64), (link_local, 64)]
        });
        let link_local = on_link(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), VIRTUAL_ADDRESS);
        Self {
            virtual_addresses: vec![over_v6(VIRTUAL_ADDRESS), link_local],
            directors,
            servers: SERVER_ADDRESSES.map(over_v6),
            clients: CLIENTS.map(over_v6),
            prefix: 64,
        }
    }

    /// The address that clients know.
    #[must_use]
    pub(crate) fn virtual_address(&self) -> IpAddr {
        self.virtual_addresses[0]
    }

    /// The services in the syntax of `ipvsadm-save`.
    #[must_use]
    pub(crate) fn rules(&self) -> String {
        let mut rules = String::new();
        let trials = TRIALS.iter().map(|trial| (trial.port, trial.options, trial.weights));
        for (port, options, weights) in trials.chain([(DOWNLOAD_PORT, "-s rr", [1; SERVERS])]) {
            let service = SocketAddr::new(self.virtual_address(), port);
            let _ = writeln!(rules, "-A -t {service} {options}");
            for (server, weight) in self.servers.iter().zip(weights) {
                let server = SocketAddr::new(*server, port);
                let _ = writeln!(rules, "-a -t {service} -r {server} -g -w {weight}");
            }
        }
        rules
    }
}

/// The IPv6 address of a host of the same number.
fn over_v6(address: Ipv4Addr) -> IpAddr {
    on_link(Ipv6Addr::new(0xfd00, 0x214, 0, 0, 0, 0, 0, 0), address)
}

fn on_link(network: Ipv6Addr, address: Ipv4Addr) -> IpAddr {
    let [.., host] = address.octets();
    Ipv6Addr::from_bits(network.to_bits() | u128::from(host)).into()
}

/// Any address of a family, to listen at.
#[must_use]
pub(crate) fn any(family: Family) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
        Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// What server `number` answers.
#[must_use]
pub(crate) fn page_of(number: usize) -> String {
    format!("RS {} SERVER\n", number + 1)
}

/// The longest that the second director may take: 3 intervals and its skew time (RFC 9568 section
/// 6.1), and an allowance for the machine.
#[must_use]
pub(crate) fn takeover_bound() -> Duration {
    let interval = Duration::from_millis(u64::from(ADVERT_CENTISECONDS) * 10);
    let skew = interval * (256 - u32::from(PRIORITIES[1])) / 256;
    interval * 3 + skew + SCHEDULING_ALLOWANCE
}
