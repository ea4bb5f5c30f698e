//! What bursts cost in Rust: `.ci/c-cost` compares it with `tests/c/cost.c`, which does the same
//! through C. Usage: `cost process|decide|decide-one|pick ROUNDS`.
#![allow(clippy::unwrap_used, reason = "a measurement ends if it cannot be made")]

use std::env;
use std::hint::black_box;
use std::net::IpAddr;

use lvs_proto::{
    BURST, CallId, Decide, Flow, Frame, Instant, LinkPair, MacAddr, Path, Route, Verdict, parse,
    process_burst,
};
use lvs_sched::{DestConfig, Director, DirectorConfig, Pool, PoolConfig, Rule, SchedulerKind};

const CLIENTS: usize = 1024;
const RULES: &str = "-A -u 192.0.2.100:53 -s wlc\n\
                     -a -u 192.0.2.100:53 -r 10.2.0.1:53 -g\n\
                     -a -u 192.0.2.100:53 -r 10.2.0.2:53 -g";
const QUERY: [u8; 42] = [
    2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 9, 9, 8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 255, 17, 0x37, 0x65, 192,
    0, 2, 7, 192, 0, 2, 100, 0x9c, 0x40, 0, 53, 0, 8, 0, 0,
];

fn main() {
    let mut arguments = env::args().skip(1);
    let work = arguments.next().unwrap();
    let rounds: usize = arguments.next().unwrap().parse().unwrap();
    let mut frames: Vec<[u8; 64]> = (0..CLIENTS).map(query).collect();
    let flows: Vec<Flow> = frames.iter().map(|frame| parse(&frame[..42]).unwrap()).collect();
    match work.as_str() {
        "process" => process(rounds, &mut frames),
        "decide" => decide(rounds, &flows),
        "decide-one" => decide_one(rounds, &flows),
        _ => pick(rounds, &flows),
    }
}

/// The frame of a client: his port tells him from the others.
fn query(client: usize) -> [u8; 64] {
    let mut frame = [0; 64];
    frame[..42].copy_from_slice(&QUERY);
    frame[34..36].copy_from_slice(&(client as u16 + 1).to_be_bytes());
    frame
}

fn director() -> Director {
    let mut director = Director::new(DirectorConfig::default()).unwrap();
    for line in RULES.lines() {
        director.apply(Instant::EPOCH, &Rule::parse(line).unwrap().unwrap()).unwrap();
    }
    director
}

fn process(rounds: usize, frames: &mut [[u8; 64]]) {
    let mut director = director();
    let link = |last| LinkPair {
        source: MacAddr::new([2, 0, 0, 0, 0, 1]),
        destination: MacAddr::new([2, 0, 0, 0, 1, last]),
    };
    let routes: Vec<(IpAddr, Route)> = (1..=2)
        .map(|last| ([10, 2, 0, last].into(), Route::Via(Path::new(link(last), 1500))))
        .collect();
    for round in 0..rounds {
        let now = Instant::from_micros(round as u64);
        for burst in frames.chunks_mut(BURST) {
            let mut places = burst.iter_mut();
            let mut burst: [Frame<'_>; BURST] =
                std::array::from_fn(|_| Frame::new(places.next().unwrap(), 0, 42).unwrap());
            let route_to = |address| {
                let place = routes.binary_search_by(|(of, _)| of.cmp(&address)).ok()?;
                routes.get(place).map(|(_, route)| *route)
            };
            process_burst(now, &mut burst, &mut director, route_to, |frame, outcome| {
                let _ = black_box((frame.headroom(), outcome));
            });
        }
    }
    println!("{}", director.counters().forwarded);
}

fn decide(rounds: usize, flows: &[Flow]) {
    let mut director = director();
    let mut verdicts = [Verdict::Pass; BURST];
    for round in 0..rounds {
        for burst in flows.chunks(BURST) {
            let now = Instant::from_micros(round as u64);
            director.decide_burst(now, black_box(burst), &mut verdicts);
            black_box(&verdicts);
        }
    }
    println!("{}", director.counters().forwarded);
}

/// One at a time. It is here for the compiler, which would else put the whole director into its only
/// caller; in a library there are several.
fn decide_one(rounds: usize, flows: &[Flow]) {
    let mut director = director();
    for round in 0..rounds {
        for flow in flows {
            let now = Instant::from_micros(round as u64);
            let _ = black_box(director.decide(now, black_box(flow)));
            let _ = black_box(director.decide_call(now, black_box(flow), CallId::new(b"call")));
        }
    }
    println!("{}", director.counters().forwarded);
}

fn pick(rounds: usize, flows: &[Flow]) {
    let config = PoolConfig { scheduler: SchedulerKind::Rr, ..PoolConfig::default() };
    let mut pool = Pool::new(Instant::EPOCH, config).unwrap();
    for last in 1..=2 {
        pool.add_dest(Instant::EPOCH, DestConfig::new([10, 2, 0, last].into(), 53)).unwrap();
    }
    let mut picks = [None; BURST];
    for _ in 0..rounds {
        for burst in flows.chunks(BURST) {
            pool.pick_burst(Instant::EPOCH, black_box(burst), &mut picks);
            black_box(&picks);
        }
    }
    println!("{}", picks.iter().flatten().count());
}
