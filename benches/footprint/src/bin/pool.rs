//! A pool of `wlc`: the smallest use of lvs-sched.
#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "the entry point has a name")]

#[path = "../board.rs"]
mod board;

use core::hint::black_box;
use core::net::IpAddr;

use lvs_proto::{AddressPair, Flow, TcpFlags};
use lvs_sched::{DestConfig, Pool, PoolConfig, SchedulerKind};

#[unsafe(no_mangle)]
extern "C" fn board() -> ! {
    let config =
        PoolConfig { scheduler: SchedulerKind::Wlc, connections: 64, ..Default::default() };
    if let Ok(mut pool) = Pool::new(board::now(), config) {
        let address = black_box(IpAddr::from([10, 2, 0, 1]));
        let _ = black_box(pool.add_dest(board::now(), DestConfig::new(address, 80)));
        run(&mut pool);
    }
    loop {}
}

fn run(pool: &mut Pool) {
    let addresses =
        AddressPair::V4 { source: [192, 0, 2, 7].into(), destination: [192, 0, 2, 100].into() };
    loop {
        let flow = black_box(Flow::tcp(addresses, 40_000, 80, TcpFlags::SYN));
        if let Some(dest) = pool.pick(board::now(), &flow) {
            if let Ok(conn) = pool.open(dest) {
                let _ = black_box(pool.activate(conn));
                let _ = black_box(pool.deactivate(conn));
                let _ = black_box(pool.close(conn));
            }
        }
        black_box(pool.next_deadline());
        pool.handle_timeout(board::now());
    }
}
