//! The lines of the ratio report about the connection table.

use std::cell::RefCell;
use std::hint::black_box;

use crate::churn::Random;
use crate::line::Lines;
use crate::measure::{Candidate, Row, Unit, compare, time};
use crate::setting::Shape;
use crate::table::{FLOOD, Flood, Map, Table, WINDOW, flood};

/// Measures a table of so many connections, and tells `emit` line by line.
pub fn connections(count: u32, emit: &mut impl FnMut(Row)) {
    let mut row = |what, ours, base, base_value| {
        emit(Row::new((what, count, Shape::Random), (Unit::Ns, ours), (base, base_value)));
    };
    let (mut table, mut map) = (Table::new(count), Map::new(count));
    let [ours, siphash] = insert_last(&mut table, &mut map, count);
    row("conn.insert", ours, "hashbrown-siphash", siphash);

    let lines = RefCell::new(Lines::new(count));
    let costs = look_up(&mut table, &mut map, &lines);
    let Lookups { each, bursts, pipelined, siphash, line } = costs;
    row("conn.lookup", each, "hashbrown-siphash", siphash);
    row("conn.lookup32", bursts, "line", line);
    row("conn.lookup32", bursts, "hashbrown-siphash", siphash);
    row("conn.pipelined", pipelined, "line", line);
    row("conn.pipelined", pipelined, "hashbrown-siphash", siphash);

    table.establish();
    let Packets { packet, lookup, store } = packets(&mut table, &lines);
    row("conn.packet", packet, "store", store);
    row("conn.refresh", packet - lookup, "store", store);
}

/// Nanoseconds of a packet of an established connection, in bursts.
struct Packets {
    /// All that is decided about it, and done.
    packet: f64,
    /// To find its connection alone.
    lookup: f64,
    /// A store to a random line of as large an array.
    store: f64,
}

fn packets(table: &mut Table, lines: &RefCell<Lines>) -> Packets {
    let table = RefCell::new(table);
    let mut random = Random::default();
    let [packet, lookup, store] = windows(&mut [
        Box::new(|windows| table.borrow_mut().refresh(windows)),
        Box::new(|windows| table.borrow_mut().find_bursts(windows)),
        Box::new(|windows| lines.borrow_mut().write(windows * WINDOW as u64, &mut random)),
    ]);
    Packets { packet, lookup, store }
}

/// Nanoseconds of a lookup, its entry touched.
#[derive(Clone, Copy, Debug)]
pub struct Lookups {
    /// Ours, one at a time.
    pub each: f64,
    /// Ours, in bursts of 32.
    pub bursts: f64,
    /// Ours, in bursts that overlap.
    pub pipelined: f64,
    /// `hashbrown` with SipHash-1-3, one at a time.
    pub siphash: f64,
    /// A random cache line of as large an array, prefetched.
    pub line: f64,
}

/// Measures lookups among so many connections.
#[must_use]
pub fn lookups(count: u32) -> Lookups {
    let (mut table, mut map) = (Table::new(count), Map::new(count));
    table.open(count);
    map.open(count);
    look_up(&mut table, &mut map, &RefCell::new(Lines::new(count)))
}

fn look_up(table: &mut Table, map: &mut Map, lines: &RefCell<Lines>) -> Lookups {
    let table = RefCell::new(table);
    let mut random = Random::default();
    let [each, bursts, pipelined, siphash, line] = windows(&mut [
        Box::new(|windows| table.borrow_mut().find_each(windows)),
        Box::new(|windows| table.borrow_mut().find_bursts(windows)),
        Box::new(|windows| table.borrow_mut().find_pipelined(windows)),
        Box::new(|windows| map.find_each(windows * WINDOW as u64)),
        Box::new(|windows| {
            black_box(lines.borrow().read(windows * WINDOW as u64, &mut random));
        }),
    ]);
    Lookups { each, bursts, pipelined, siphash, line }
}

/// As [`compare`], of candidates that work in windows.
fn windows<const N: usize>(candidates: &mut [Candidate<'_>; N]) -> [f64; N] {
    let costs = compare(candidates);
    std::array::from_fn(|index| costs[index] / WINDOW as f64)
}

/// Nanoseconds to insert each of the last connections, in the table and in the map.
fn insert_last(table: &mut Table, map: &mut Map, count: u32) -> [f64; 2] {
    let last = count / 8;
    table.open(count - last);
    map.open(count - last);
    let per_conn = |work: &mut dyn FnMut()| time(work).as_nanos() as f64 / f64::from(last);
    [per_conn(&mut || table.open(last)), per_conn(&mut || map.open(last))]
}

/// Measures how a million connections, or as many as there are, end in one sweep, and what floods
/// cost.
pub fn ends_and_floods(count: u32, emit: &mut impl FnMut(Row)) {
    const ROUNDS: usize = 3;
    let count = count.min(1_000_000);
    let mut table = Table::new(count);
    let sweeps = (0..ROUNDS).map(|_| {
        table.open(count);
        time(|| table.expire()).as_nanos() as f64 / f64::from(count)
    });
    let ours = sweeps.fold(f64::INFINITY, f64::min);
    let (mut lines, mut random) = (Lines::new(count), Random::default());
    let store = compare(&mut [Box::new(|count| lines.write(count, &mut random))])[0];
    emit(Row::new(("conn.expire", count, Shape::Random), (Unit::Ns, ours), ("store", store)));

    let [random, ports, seed] = [Flood::Random, Flood::Ports, Flood::Seed].map(|kind| {
        let nanos = (0..ROUNDS).map(|_| flood(kind).as_nanos() as f64);
        nanos.fold(f64::INFINITY, f64::min) / f64::from(2 * FLOOD)
    });
    for (what, ours) in [("conn.flood.ports", ports), ("conn.flood.seed", seed)] {
        emit(Row::new((what, FLOOD, Shape::Random), (Unit::Ns, ours), ("random", random)));
    }
}
