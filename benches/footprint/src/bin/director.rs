//! A whole virtual server, from frame to frame: lvs-sched, and what lvs-proto does to frames.
#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "the entry point has a name")]

#[path = "../board.rs"]
mod board;

use core::hint::black_box;
use core::net::Ipv4Addr;

use lvs_proto::{Frame, LinkPair, MacAddr, Path, Route, process};
use lvs_sched::{DestConfig, Director, DirectorConfig, ServiceConfig, ServiceKey};

#[unsafe(no_mangle)]
extern "C" fn board() -> ! {
    let config = DirectorConfig { connections: 256, ..DirectorConfig::default() };
    if let Ok(mut director) = Director::new(config) {
        let [address, server] = black_box([[192, 0, 2, 100], [10, 2, 0, 1]].map(Ipv4Addr::from));
        let key = ServiceKey::tcp(address.into(), 80);
        let now = board::now();
        let _ = black_box(director.add_service(now, ServiceConfig::new(key)));
        let _ = black_box(director.add_dest(now, &key, DestConfig::new(server.into(), 80)));
        run(&mut director);
    }
    loop {}
}

fn run(director: &mut Director) {
    let mut octets = [0; 1514];
    let link = LinkPair { source: MacAddr::new([2; 6]), destination: MacAddr::new([4; 6]) };
    loop {
        let now = board::now();
        let mut frame = Frame::from(black_box(&mut octets[..]));
        let route_to = |_| black_box(Some(Route::Via(Path::new(link, 1500))));
        let _ = black_box(process(now, &mut frame, director, route_to));
        black_box(director.next_deadline());
        director.handle_timeout(now, 16);
    }
}
