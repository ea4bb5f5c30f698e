//! What a frame costs without a decision: to parse it, and to send it on by direct routing.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use lvs_proto::wire::ethernet::{self, EtherType};
use lvs_proto::wire::ipv4;
use lvs_proto::{LinkPair, MacAddr, Protocol, parse, rewrite_direct_route};

const DIRECTOR: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 1]);
const SERVER: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 2]);

/// A TCP segment without data from a client.
fn segment() -> Vec<u8> {
    let link_header = ethernet::header(DIRECTOR, SERVER, EtherType::IPV4);
    let header = ipv4::Header {
        source: [198, 51, 100, 7].into(),
        destination: lvs_benches::VIRTUAL_ADDRESS,
        protocol: Protocol::TCP,
        hop_limit: 64,
        tos: 0,
        total_len: 40,
    };
    let mut segment = [0; 20];
    segment[..4].copy_from_slice(&[0x9c, 0x40, 0, 80]);
    segment[12..14].copy_from_slice(&[0x50, 0x02]);
    [&link_header[..], &header.octets(), &segment].concat()
}

fn frames(criterion: &mut Criterion) {
    let mut frame = segment();
    criterion.bench_function("parse", |bencher| bencher.iter(|| parse(black_box(&frame))));
    let link = LinkPair { source: DIRECTOR, destination: SERVER };
    criterion.bench_function("rewrite_direct_route", |bencher| {
        bencher.iter(|| {
            frame[22] = 64;
            rewrite_direct_route(black_box(&mut frame), link)
        });
    });
}

criterion_group!(benches, frames);
criterion_main!(benches);
