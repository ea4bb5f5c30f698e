//! Adverts of daemons, as recorded, through C: each router counts what became of them.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::mem::{MaybeUninit, size_of};
use std::net::IpAddr;
use std::ptr::NonNull;

use lvs::lvs_status::LVS_OK;
use lvs::lvs_vrrp_address_mismatch::LVS_VRRP_ADDRESS_MISMATCH_OFF;
use lvs::lvs_vrrp_profile::{LVS_VRRP_RFC3768, LVS_VRRP_RFC9568};
use lvs::{
    lvs_address, lvs_vrrp, lvs_vrrp_config, lvs_vrrp_config_init, lvs_vrrp_counters,
    lvs_vrrp_create, lvs_vrrp_destroy, lvs_vrrp_get_counters, lvs_vrrp_handle_frame,
    lvs_vrrp_startup, lvs_vrrp_vrid_of_frame,
};

const RECORDED: &str = include_str!("../../vectors/vrrp/recorded.txt");

#[test]
fn recorded_adverts_are_counted_by_their_verdicts() {
    let lines = RECORDED.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut accepted = 0;
    for line in lines {
        let [id, _, _, verdict, frame] = fields(line);
        let frame = octets(frame);
        let counters = counted(&frame);
        let count = match verdict {
            "accepted" => counters.adv_rcvd,
            "HopLimit" => counters.ip_ttl_errors,
            "Destination" => counters.address_class_errors,
            "OtherAuthType" | "UnexpectedAuthenticationHeader" => counters.auth_type_mismatch,
            // No router can be made of version 2 over IPv6.
            "V2OverIpv6" => counters.version_errors,
            other => panic!("{id}: {other}"),
        };
        assert_eq!(count, 1, "{id}: {verdict}, {counters:?}");
        accepted += counters.adv_rcvd;
    }
    assert_eq!(accepted, 13);
}

fn fields(line: &str) -> [&str; 5] {
    line.split_whitespace().collect::<Vec<_>>().try_into().unwrap()
}

fn octets(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

/// What a router counts that hears this frame alone.
fn counted(frame: &[u8]) -> lvs_vrrp_counters {
    let ipv6 = frame[12..14] == [0x86, 0xdd];
    let authenticated = frame[23] == 51 && !ipv6;
    let message = &frame[14 + if ipv6 { 40 } else { 20 } + if authenticated { 24 } else { 0 }..];
    let version2 = message[0] >> 4 == 2 && !ipv6;
    // SAFETY: the frame has its octets.
    let vrid = unsafe { lvs_vrrp_vrid_of_frame(frame.as_ptr(), frame.len()) };
    let text = if ipv6 { ["fe80::beef", "fe80::cafe"] } else { ["10.9.9.9", "10.9.9.10"] };
    let [source, address]: [lvs_address; 2] =
        text.map(|text| text.parse::<IpAddr>().unwrap().into());

    let mut config = MaybeUninit::<lvs_vrrp_config>::zeroed();
    let mut counters = MaybeUninit::<lvs_vrrp_counters>::zeroed();
    let mut vrrp = MaybeUninit::<NonNull<lvs_vrrp>>::uninit();
    let profile = if version2 { LVS_VRRP_RFC3768 } else { LVS_VRRP_RFC9568 };
    // SAFETY: as the header says of each call.
    unsafe {
        config.as_mut_ptr().cast::<usize>().write(size_of::<lvs_vrrp_config>());
        counters.as_mut_ptr().cast::<usize>().write(size_of::<lvs_vrrp_counters>());
        let vrid = u8::try_from(vrid).unwrap();
        assert_eq!(lvs_vrrp_config_init(config.as_mut_ptr(), profile as i32, vrid), LVS_OK);
        let mut config = config.assume_init();
        config.source = source;
        config.addresses = &raw const address;
        config.address_count = 1;
        config.address_mismatch = LVS_VRRP_ADDRESS_MISMATCH_OFF as i32;
        if version2 {
            config.interval_centiseconds = u16::from(message[5]) * 100;
        }
        assert_eq!(lvs_vrrp_create(&raw const config, Some(&mut vrrp)), LVS_OK);
        let vrrp = vrrp.assume_init().as_ptr();
        assert_eq!(lvs_vrrp_startup(vrrp.as_mut(), 0), LVS_OK);
        assert_eq!(lvs_vrrp_handle_frame(vrrp.as_mut(), 0, frame.as_ptr(), frame.len()), LVS_OK);
        assert_eq!(lvs_vrrp_get_counters(vrrp.as_ref(), counters.as_mut_ptr()), LVS_OK);
        lvs_vrrp_destroy(vrrp);
        counters.assume_init()
    }
}
