//! What the benches measure: pools of destinations, and flows that come to them.

use std::net::{IpAddr, Ipv4Addr};

use lvs_proto::{AddressPair, Flow, Instant, TcpFlags};
use lvs_sched::{DestConfig, DestId, Pool, PoolConfig, SchedulerKind};

/// The virtual address of every flow.
pub const VIRTUAL_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);

/// A pool of `dests` destinations with weights 1 to 100, and its destinations in list order.
///
/// # Panics
/// If the pool cannot be built.
#[must_use]
#[allow(clippy::expect_used)]
pub fn pool(scheduler: SchedulerKind, dests: u32) -> (Pool, Vec<DestId>) {
    let config = PoolConfig { scheduler, ..PoolConfig::default() };
    let mut pool = Pool::new(Instant::EPOCH, config).expect("memory for a pool");
    for number in 0..dests {
        let address = IpAddr::from(Ipv4Addr::from_bits(0x0a00_0001 + number));
        let weight = number * 37 % 100 + 1;
        let dest = DestConfig { weight, ..DestConfig::new(address, 80) };
        pool.add_dest(Instant::EPOCH, dest).expect("a new destination");
    }
    let ids = pool.dests().map(|(id, _)| id).collect();
    (pool, ids)
}

/// The first packet of the `number`th client.
#[must_use]
pub fn flow(number: u32) -> Flow {
    let source = Ipv4Addr::from_bits(0xc633_6400 ^ number.wrapping_mul(0x9e37_79b9));
    let addresses = AddressPair::V4 { source, destination: VIRTUAL_ADDRESS };
    Flow::tcp(addresses, 40_000, 80, TcpFlags::SYN)
}
