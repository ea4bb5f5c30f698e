//! The memory that `docs/footprint.md` says everything takes, which is all taken at configuration time.
//! `UPDATE_DOCS=1 cargo test -p lvs-benches --test footprint` writes the table anew.
#![cfg(target_pointer_width = "64")]
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::{env, fs};

use allocation_counter::measure;
use lvs_proto::vrrp::Peer;
use lvs_proto::{Family, Instant};
use lvs_sched::SchedulerKind::{self, Wlc};
use lvs_sched::neighbors::{Neighbors, NeighborsConfig};
use lvs_sched::{DestConfig, Director, DirectorConfig, Pool, PoolConfig, Timers};
use lvs_vrrp::{Block, Router, Slot};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/footprint.md");

/// Above the rows.
const HEAD: &str = "| for each | IPv4 | IPv6 |\n|---|---:|---:|\n";

/// Slots that share a block.
const SLOTS: usize = 64;

#[test]
fn the_page_has_the_octets_that_everything_takes() {
    let families = [Family::V4, Family::V6];
    let slot = |slot: usize| [slot + size_of::<Block>().div_ceil(SLOTS); 2];
    let rows = [
        (
            "destination, `wlc`, weights up to 100",
            families.map(|family| destination(family, Wlc, 100)),
        ),
        ("destination, at most", families.map(greatest_destination)),
        ("connection or template", families.map(|family| connection(family, Timers::default()))),
        ("the same with exact timers", families.map(|family| connection(family, Timers::Exact))),
        ("connection that a pool counts by a token", [token(); 2]),
        ("packet in fragments", [director(|fragments| DirectorConfig { fragments, ..none() }); 2]),
        ("expected data connection of FTP", [director(|ftp| DirectorConfig { ftp, ..none() }); 2]),
        ("neighbor", [neighbor(); 2]),
        ("virtual router", [size_of::<Router<[IpAddr; 0]>>(); 2]),
        ("virtual router in an engine", slot(size_of::<Slot<[IpAddr; 0]>>())),
        ("virtual router without lists", [size_of::<Router<[IpAddr; 0], [Peer; 0], 0>>(); 2]),
        ("the same in an engine", slot(size_of::<Slot<[IpAddr; 0], [Peer; 0], 0>>())),
    ];
    let row = |(what, [v4, v6]): (&str, [usize; 2])| format!("| {what} | {v4} | {v6} |\n");
    let rows: String = rows.into_iter().map(row).collect();

    let page = fs::read_to_string(PAGE).unwrap();
    let (before, table) = page.split_once(HEAD).unwrap();
    let (told, after) = table.split_once("\n\n").unwrap();
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, format!("{before}{HEAD}{rows}\n{after}")).unwrap();
    } else {
        assert_eq!(format!("{told}\n"), rows, "{PAGE} is stale: UPDATE_DOCS=1 writes it anew");
    }
}

/// The octets of one of what `make` makes so many of, when `few` are there already.
fn each<T>(few: u32, make: impl Fn(u32) -> T) -> usize {
    let [few_take, all_take] = [few, 2 * few].map(|count| {
        let mut made = None;
        measure(|| made = Some(make(count))).bytes_current
    });
    ((all_take - few_take) as usize).div_ceil(few as usize)
}

/// Of all schedulers, and of weights for which keys need 64 bits, and 128.
fn greatest_destination(family: Family) -> usize {
    let kinds = SchedulerKind::ALL.into_iter();
    let octets = kinds.flat_map(|scheduler| {
        [100, DestConfig::MAX_WEIGHT].map(|heaviest| destination(family, scheduler, heaviest))
    });
    octets.max().unwrap()
}

fn destination(family: Family, scheduler: SchedulerKind, heaviest: u32) -> usize {
    let address = |number: u32| match family {
        Family::V4 => IpAddr::from(Ipv4Addr::from_bits(0x0a00_0000 + number)),
        Family::V6 => Ipv6Addr::from_bits(0xfd << 120 | u128::from(number)).into(),
    };
    // Lists grow by doubling: these are full.
    each(256, |count| {
        let config = PoolConfig { scheduler, connections: 0, ..PoolConfig::default() };
        let mut pool = Pool::new(Instant::EPOCH, config).unwrap();
        for number in 0..count {
            let weight = heaviest - number % 100;
            let config = DestConfig { weight, ..DestConfig::new(address(number), 80) };
            pool.add_dest(Instant::EPOCH, config).unwrap();
        }
        pool
    })
}

fn token() -> usize {
    let config = |connections| PoolConfig { connections, ..PoolConfig::default() };
    each(100_000, |count| Pool::new(Instant::EPOCH, config(count)).unwrap())
}

fn connection(family: Family, timers: Timers) -> usize {
    director(|count| match family {
        Family::V4 => DirectorConfig { connections: count, timers, ..none() },
        Family::V6 => DirectorConfig { connections_v6: count, timers, ..none() },
    })
}

/// Room for nothing.
fn none() -> DirectorConfig {
    let config = DirectorConfig { connections: 0, connections_v6: 0, ..DirectorConfig::default() };
    DirectorConfig { rare: 0, calls: 0, fragments: 0, ftp: 0, ..config }
}

fn director(config: impl Fn(u32) -> DirectorConfig) -> usize {
    each(100_000, |count| Director::new(config(count)).unwrap())
}

fn neighbor() -> usize {
    let config = |capacity| NeighborsConfig { capacity, ..NeighborsConfig::default() };
    each(1024, |count| Neighbors::new(config(count)).unwrap())
}
