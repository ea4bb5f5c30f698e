//! Frames translated to a real server and back: lvs-proto alone.
#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "the entry point has a name")]

#[path = "../board.rs"]
mod board;

use core::hint::black_box;
use core::net::IpAddr;

use lvs_proto::{
    Frame, Hop, LinkPair, MacAddr, Method, Origin, Path, Route, forward, parse_with_layout, reply,
};

#[unsafe(no_mangle)]
extern "C" fn board() -> ! {
    let mut octets = [0; 1514];
    let link = LinkPair { source: MacAddr::new([2; 6]), destination: MacAddr::new([4; 6]) };
    loop {
        board::now();
        let route = Route::Via(Path::new(black_box(link), 1500));
        let [server, address] = black_box([IpAddr::from([10, 2, 0, 1]), [192, 0, 2, 100].into()]);
        let mut frame = Frame::from(black_box(&mut octets[..]));
        if let Ok((flow, layout)) = parse_with_layout(frame.octets()) {
            let hop = Hop::new(Method::Nat, server, black_box(80));
            let origin = Origin::new(Method::Nat, address, black_box(80));
            black_box(flow);
            let _ = black_box(forward(&mut frame, &layout, &hop, &route));
            let _ = black_box(reply(&mut frame, &layout, &origin, &route));
        }
    }
}
