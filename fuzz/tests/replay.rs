//! Runs each target on its seeds and on what a simple generator makes of them.

use std::fs;
use std::path::Path;

/// Mutations of each seed.
const MUTATIONS: u64 = 2_000;

fn replay(target: &str, body: fn(&[u8])) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for seed in fs::read_dir(seeds).unwrap() {
        let seed = fs::read(seed.unwrap().path()).unwrap();
        body(&seed);
        for _ in 0..MUTATIONS {
            let mut octets = seed.clone();
            for _ in 0..random() % 4 {
                let place = random() as usize % octets.len().max(1);
                if let Some(octet) = octets.get_mut(place) {
                    *octet = random() as u8;
                }
            }
            octets.truncate(octets.len() - random() as usize % (octets.len() + 1) / 4);
            body(&octets);
        }
    }
}

#[test]
fn frame() {
    replay("frame", lvs_fuzz::frame);
}

#[test]
fn advert() {
    replay("advert", lvs_fuzz::advert);
}

#[test]
fn rules() {
    replay("rules", lvs_fuzz::rules);
}

#[test]
fn director() {
    replay("director", lvs_fuzz::director);
}

#[test]
fn sync() {
    replay("sync", lvs_fuzz::sync);
}
