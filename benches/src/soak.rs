//! A long evening: as many connections end as begin, and the table stays as full as it is.

use std::net::Ipv4Addr;
use std::time::Duration;

use lvs_proto::{AddressPair, Decide, DropReason, Flow, Instant, Verdict};
use lvs_sched::{DestConfig, Director, DirectorConfig, ServiceConfig, ServiceKey, Timeouts};

use crate::measure::time;
use crate::setting::VIRTUAL_ADDRESS;

/// At most so many connections end in one call.
const BUDGET: usize = 256;

/// A UDP connection lives so long, and up to an eighth longer \[CONV-9\].
const LIFE_SECS: u64 = 100;
const LONGEST_LIFE_SECS: u64 = 113;

/// A director in simulated time, with UDP connections of one packet each.
#[derive(Debug)]
pub struct Soak {
    director: Director,
    /// Milliseconds.
    now: u64,
    /// Connections that begin each millisecond.
    rate: u32,
    client: u32,
    burst: Vec<Flow>,
    verdicts: Vec<Verdict>,
    /// The longest call of either kind so far, in CPU time.
    longest: Longest,
}

/// The longest calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Longest {
    /// To decide about the packets of a millisecond.
    pub decide: Duration,
    /// To end at most 256 connections.
    pub timeout: Duration,
}

impl Soak {
    /// So many connections begin each simulated millisecond. About a hundred thousand times as many
    /// are alive when [`fill`](Self::fill) is done.
    ///
    /// # Panics
    ///
    /// If there is no memory for them.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        let connections = rate * (LONGEST_LIFE_SECS as u32 + 1) * 1000;
        let timeouts = Timeouts { udp_secs: LIFE_SECS as u32, ..Timeouts::default() };
        let config = DirectorConfig {
            connections,
            connections_v6: 0,
            timeouts,
            ..DirectorConfig::default()
        };
        let mut director = Director::new(config).expect("memory for a director");
        let service = ServiceConfig::new(ServiceKey::udp(VIRTUAL_ADDRESS.into(), 53));
        director.add_service(Instant::EPOCH, service).expect("a new service");
        for server in 1..=9 {
            let dest = DestConfig::new([10, 2, 0, server].into(), 53);
            director.add_dest(Instant::EPOCH, &service.key, dest).expect("a new destination");
        }
        let flow = first_packet(0);
        Self {
            director,
            now: 0,
            rate,
            client: 0,
            burst: vec![flow; rate as usize],
            verdicts: vec![Verdict::Drop(DropReason::TableFull); rate as usize],
            longest: Longest::default(),
        }
    }

    /// Goes on until as many connections end as begin.
    pub fn fill(&mut self) {
        self.run(LONGEST_LIFE_SECS);
    }

    /// Goes on for so many simulated seconds, and answers with the longest calls in them.
    ///
    /// # Panics
    ///
    /// If a packet was not forwarded.
    pub fn run(&mut self, secs: u64) -> Longest {
        self.longest = Longest::default();
        for _ in 0..secs * 1000 {
            self.now += 1;
            self.millisecond(Instant::from_micros(self.now * 1000));
        }
        self.longest
    }

    /// Connections that are alive.
    #[must_use]
    pub fn live(&self) -> usize {
        self.director.conns().count()
    }

    fn millisecond(&mut self, now: Instant) {
        let Self { director, rate, client, burst, verdicts, longest, .. } = self;
        for flow in &mut *burst {
            *client = client.wrapping_add(1);
            *flow = first_packet(*client);
        }
        let taken = time(|| {
            director.decide_burst(now, burst, verdicts);
        });
        longest.decide = longest.decide.max(taken);
        let forwarded = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Forward(_)));
        assert_eq!(forwarded.count(), *rate as usize, "there is room for all");
        // What is due has ended when the next deadline lies ahead.
        while director.next_deadline().is_some_and(|deadline| deadline <= now) {
            let taken = time(|| director.handle_timeout(now, BUDGET));
            longest.timeout = longest.timeout.max(taken);
        }
    }
}

fn first_packet(client: u32) -> Flow {
    let source = Ipv4Addr::from_bits(client.wrapping_mul(0x9e37_79b9));
    Flow::udp(AddressPair::V4 { source, destination: VIRTUAL_ADDRESS }, 40_000, 53)
}
