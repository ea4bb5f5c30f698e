//! What a frame costs without a decision: to parse it, and to send it on by each method.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lvs_proto::wire::ethernet::{self, EtherType};
use lvs_proto::wire::ipv4;
use lvs_proto::{
    Frame, Hop, LinkPair, MacAddr, Method, Path, Protocol, Route, forward, parse,
    parse_with_layout, rewrite_direct_route,
};

const DIRECTOR: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 1]);
const SERVER: MacAddr = MacAddr::new([2, 0, 0, 0, 0, 2]);

/// Octets in front of a frame.
const HEADROOM: usize = 64;

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

/// Parsed, its header checksum verified, and rewritten: the same frame in many places, so that no
/// step waits for the one before it.
fn forwarded(criterion: &mut Criterion) {
    let frame = segment();
    let link = LinkPair { source: DIRECTOR, destination: SERVER };
    let path = Path { source: [10, 0, 0, 254].into(), ..Path::new(link, 1500) };
    for method in [Method::Nat, Method::DirectRoute, Method::Tunnel] {
        let hop = Hop::new(method, [10, 0, 0, 1].into(), 8080);
        let buffers = vec![[&[0; HEADROOM][..], &frame].concat(); 256];
        criterion.bench_function(&format!("parse and forward 256, {method}"), |bencher| {
            bencher.iter_batched_ref(
                || buffers.clone(),
                |buffers| {
                    for buffer in buffers {
                        let len = buffer.len() - HEADROOM;
                        let Ok(mut frame) = Frame::new(buffer, HEADROOM, len) else { continue };
                        let Ok((_, layout)) = parse_with_layout(frame.octets()) else { continue };
                        let route = black_box(Route::Via(path));
                        let _ = forward(&mut frame, &layout, black_box(&hop), &route);
                    }
                },
                BatchSize::LargeInput,
            );
        });
    }
}

criterion_group!(benches, frames, forwarded);
criterion_main!(benches);
