//! A virtual router: the machine of lvs-vrrp, and the codec of lvs-proto.
#![no_std]
#![no_main]
#![allow(unsafe_code, reason = "the entry point has a name")]

#[path = "../board.rs"]
mod board;

use core::hint::black_box;
use core::net::IpAddr;

use lvs_proto::vrrp::{Vrid, decode, encode, from_ip_packet};
use lvs_vrrp::{Action, Config, Router};

#[unsafe(no_mangle)]
extern "C" fn board() -> ! {
    let [source, address] = black_box([IpAddr::from([192, 0, 2, 1]), [192, 0, 2, 100].into()]);
    if let Some(vrid) = Vrid::new(black_box(51)) {
        if let Ok(router) = Router::new(Config::rfc9568(vrid), source, [address]) {
            run(router);
        }
    }
    loop {}
}

fn run(mut router: Router<[IpAddr; 1]>) {
    let mut octets = [0; 64];
    router.startup(board::now());
    loop {
        let now = board::now();
        if let Ok((meta, message)) = from_ip_packet(black_box(&octets)) {
            match decode(message, &meta, &router.policy()) {
                Ok(advert) => router.handle_advert(now, &advert, &meta),
                Err(error) => router.handle_rejected(&error),
            }
        }
        router.handle_timeout(now);
        black_box(router.next_deadline());
        while let Some(action) = router.poll_action() {
            if let Action::SendAdvert { priority } = action {
                for path in router.advert_paths() {
                    let _ = black_box(encode(&router.advert(priority), path, &mut octets));
                }
            }
            black_box(action);
        }
    }
}
