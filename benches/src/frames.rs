//! The lines of the ratio report about frames: to parse them, and to send them on.

use std::cell::RefCell;
use std::hint::black_box;
use std::net::Ipv4Addr;

use lvs_proto::wire::ethernet::{self, EtherType};
use lvs_proto::wire::ipv4;
use lvs_proto::{
    BURST, Decide, Flow, Frame, Hop, Instant, LinkPair, MacAddr, Method, Outcome, Path, Protocol,
    Route, TcpFlags, Verdict, forward, parse_with_layout, process_burst,
};
use lvs_sched::ConnId;

use crate::churn::Random;
use crate::measure::{Candidate, Row, Unit, compare};
use crate::setting::{Shape, VIRTUAL_ADDRESS};
use crate::table::{Table, WINDOW, siphash};

const DIRECTOR: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 1]);
const SERVER: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 2]);

/// A frame of 64 octets, without its own checksum.
const FRAME_LEN: usize = 60;

/// Frames that the nearest cache holds.
const NEAR: usize = 128;

/// How often a frame is rewritten before it is made anew: its TTL allows that.
const HOPS: u64 = 250;

type Octets = [u8; FRAME_LEN];

/// Measures frames, and looks up among so many connections, or a million; tells `emit` line by line.
pub fn frames(count: u32, emit: &mut impl FnMut(Row)) {
    let [nat, siphash] = translated();
    let what = ("frame.nat", NEAR as u32, Shape::Equal);
    emit(Row::new(what, (Unit::Ns, nat), ("siphash", siphash)));

    let count = count.min(1_000_000);
    let [burst, lookup] = forwarded(count);
    let what = ("process.burst", count, Shape::Random);
    emit(Row::new(what, (Unit::Ns, burst), ("lookup32", lookup)));
}

/// Nanoseconds to parse a frame, verify its header checksum and translate it, and to hash 16 octets.
fn translated() -> [f64; 2] {
    let hop = hop();
    let route = route();
    let new = [segment(Table::client_address(0)); NEAR];
    let mut frames = new;
    let mut random = Random::default();
    let keys: [[u64; 2]; NEAR] = std::array::from_fn(|_| [random.bits(), random.bits()]);
    let costs = compare(&mut [
        Box::new(|times| {
            for round in 0..times {
                if round % HOPS == 0 {
                    frames = new;
                }
                for octets in &mut frames {
                    let mut frame = Frame::from(&mut octets[..]);
                    let parsed = parse_with_layout(frame.octets());
                    let (flow, layout) = parsed.as_ref().expect("an intact frame");
                    black_box(flow);
                    let rewritten = forward(&mut frame, layout, black_box(&hop), &route);
                    rewritten.expect("a frame that may go on");
                }
            }
        }),
        Box::new(|times| {
            for _ in 0..times {
                for key in &keys {
                    black_box(siphash(black_box(key)));
                }
            }
        }),
    ]);
    [costs[0], costs[1]].map(|cost| cost / NEAR as f64)
}

/// Parses a frame, verifies its header checksum and translates it.
pub(crate) fn rewritten() -> Candidate<'static> {
    let (hop, route, new) = (hop(), route(), segment(Table::client_address(0)));
    Box::new(move |times| {
        for _ in 0..times {
            let mut octets = black_box(new);
            let mut frame = Frame::from(&mut octets[..]);
            let parsed = parse_with_layout(frame.octets());
            let (flow, layout) = parsed.as_ref().expect("an intact frame");
            black_box(flow);
            let rewritten = forward(&mut frame, layout, black_box(&hop), &route);
            rewritten.expect("a frame that may go on");
        }
    })
}

/// Nanoseconds of a packet of a random connection of so many: to find the connection in a burst, and
/// all of the way from octets to octets. To make the packets is not counted.
fn forwarded(count: u32) -> [f64; 2] {
    let mut table = Table::new(count);
    table.open(count);
    let table = RefCell::new(table);
    let traffic = RefCell::new(Traffic::new(count));
    let candidates: &mut [Candidate<'_>; 4] = &mut [
        Box::new(|windows| traffic.borrow_mut().forward(&table.borrow(), windows)),
        Box::new(|windows| traffic.borrow_mut().fill(windows)),
        Box::new(|windows| table.borrow_mut().find_bursts(windows)),
        Box::new(|windows| table.borrow_mut().fill(windows)),
    ];
    let costs = compare(candidates);
    [costs[0] - costs[1], costs[2] - costs[3]].map(|cost| cost / WINDOW as f64)
}

/// Frames of random clients.
struct Traffic {
    frames: Vec<Octets>,
    clients: u32,
    random: Random,
}

impl Traffic {
    fn new(clients: u32) -> Self {
        let frames = vec![segment(Table::client_address(0)); WINDOW];
        Self { frames, clients, random: Random::default() }
    }

    /// Makes windows of them.
    fn fill(&mut self, windows: u64) {
        (0..windows).for_each(|_| self.refill());
    }

    fn refill(&mut self) {
        for frame in &mut self.frames {
            let number = self.random.below(self.clients as usize) as u32;
            *frame = segment(Table::client_address(number));
        }
    }

    /// Makes windows of them, and sends them on.
    fn forward(&mut self, table: &Table, windows: u64) {
        let mut finder = Finder { table, hop: hop() };
        let route = route();
        let mut sent = 0;
        for _ in 0..windows {
            self.refill();
            for burst in self.frames.chunks_mut(BURST) {
                let mut burst = burst.iter_mut();
                let mut frames: [_; BURST] = std::array::from_fn(|_| {
                    Frame::from(burst.next().map_or(&mut [][..], |octets| octets))
                });
                let now = Instant::EPOCH;
                process_burst(
                    now,
                    &mut frames,
                    &mut finder,
                    |_| Some(route),
                    |_, outcome| {
                        sent += u64::from(outcome == Outcome::Send);
                    },
                );
            }
        }
        assert_eq!(sent, windows * WINDOW as u64, "every client has a connection");
    }
}

/// Finds connections, and no more: all go to one real server.
struct Finder<'a> {
    table: &'a Table,
    hop: Hop,
}

impl Finder<'_> {
    fn verdict(&self, found: Option<ConnId>) -> Verdict {
        found.map_or(Verdict::Pass, |_| Verdict::Forward(self.hop))
    }
}

impl Decide for Finder<'_> {
    fn decide(&mut self, now: Instant, flow: &Flow) -> Verdict {
        self.verdict(self.table.director().find_conn(now, flow))
    }

    fn decide_burst(&mut self, now: Instant, flows: &[Flow], verdicts: &mut [Verdict]) -> usize {
        let mut found = [None; BURST];
        let count = self.table.director().find_conns(now, flows, &mut found);
        for (verdict, found) in verdicts.iter_mut().zip(found).take(count) {
            *verdict = self.verdict(found);
        }
        count
    }
}

/// A TCP segment without data from a client.
fn segment(client: Ipv4Addr) -> Octets {
    let header = ipv4::Header {
        source: client,
        destination: VIRTUAL_ADDRESS,
        protocol: Protocol::TCP,
        hop_limit: 255,
        tos: 0,
        total_len: 40,
    };
    let mut octets = [0; FRAME_LEN];
    octets[..14].copy_from_slice(&ethernet::header(DIRECTOR, SERVER, EtherType::IPV4));
    octets[14..34].copy_from_slice(&header.octets());
    octets[34..38].copy_from_slice(&[0x9c, 0x40, 0, 80]);
    octets[46..48].copy_from_slice(&[0x50, TcpFlags::ACK.0]);
    octets
}

fn hop() -> Hop {
    Hop::new(Method::Nat, [10, 0, 0, 1].into(), 8080)
}

/// Over Ethernet, as most ways are.
fn route() -> Route {
    let link = LinkPair { source: DIRECTOR, destination: SERVER };
    black_box(Route::Via(Path::new(link, 1500)))
}
